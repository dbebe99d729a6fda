"""The pictures of docs/hints.md: a panel that the project draws, as line art, and what the commands of that page make
of it with a run of palette that was trained on the drawn comic (seed 11, episodes 1 to 30 or so).

.venv/bin/python docs/hints_pictures.py RUN FOLDER   (line art, hints and colours there, the pictures beside this file)
"""

import json
import os
import sys
from pathlib import Path

import numpy as np

from comicdata.cli.main import run
from comicdata.drawn import draw_episode
from comicdata.files import write_atomic
from comicdata.flats.hints import hints_on, paint_hints, read_hints
from comicdata.images import Image, beside, encode_png, read_image, resize
from comicdata.layers.palettes import Swatch, gpl_bytes, read_palette
from comicdata.outlines import canny_black

SEED, EPISODE, PANEL = 11, 40, 3  # a girl and a cat in front of hills
WIDE = 440  # pixels of each picture
SUNSET = {0: "#f7a072", 1: "#b5838d", 2: "#6d597a"}  # what the first suggestions are corrected to
MOOD = "#88ccee"
NIGHT = np.array([0.36, 0.42, 0.62])  # of red, green and blue that the moon leaves


def draw() -> Image:
    """The panel in lines, (h, w) uint8."""
    episode = draw_episode(SEED, EPISODE)
    box = episode.panels[PANEL].box
    return canny_black(np.ascontiguousarray(episode.strip[box.y0 : box.y1, box.x0 : box.x1]))


def colorize(*words: str) -> None:
    given = ["colorize", "run", "panel.png", "--line-art", "--layout", "single", "-q", *words]
    assert run(given) == 0, words


def correct() -> None:
    """The suggestions, the first of them in other colours, as somebody changes them in an editor."""
    entries = json.loads(Path("first/panel.suggested.json").read_text(encoding="utf-8"))
    changed = [one | {"color": SUNSET[at]} for at, one in enumerate(entries) if at in SUNSET]
    write_atomic(Path("mine.json"), json.dumps(changed, indent=2).encode())


def darken() -> None:
    """The palette of the run by night, white and its names kept, as somebody changes it in a painting program."""
    swatches = []
    for one in read_palette(Path("run/palette.gpl")).swatches:
        red, green, blue = np.rint(np.array(one.color) * (1 if min(one.color) == 255 else NIGHT)).astype(int).tolist()
        swatches.append(Swatch((red, green, blue), one.name))
    write_atomic(Path("night.gpl"), gpl_bytes("night", swatches))


def with_dots(outline: Image, path: str) -> Image:
    """The line art with hints on it, so large that they are seen."""
    hints = [one.__class__(one.x, one.y, 14, one.color) for one in read_hints(Path(path))]
    return hints_on(outline, paint_hints(hints, *outline.shape))


def small(picture: Image) -> Image:
    return resize(picture, WIDE, round(picture.shape[0] * WIDE / picture.shape[1]))


def main(trained: Path, folder: Path) -> None:
    docs, trained = Path(__file__).parent.resolve(), trained.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    Path("run").unlink(missing_ok=True)
    Path("run").symlink_to(trained)
    outline = draw()
    line = np.repeat(outline[..., None], 3, axis=2)
    write_atomic(Path("panel.png"), encode_png(line))
    colorize("--out", "first", "--suggest", "3")
    correct()
    darken()
    colorize("--out", "second", "--hints", "mine.json")
    colorize("--out", "mood", "--mood", MOOD)
    colorize("--out", "night", "--mood", MOOD, "--palette", "night.gpl")
    made = {name: read_image(Path(name) / "panel.png") for name in ("first", "second", "mood", "night")}
    for name, shown in (
        ("hints-1.png", [with_dots(outline, "first/panel.suggested.json"), made["first"]]),
        ("hints-2.png", [with_dots(outline, "mine.json"), made["second"]]),
        ("hints-3.png", [made["mood"], made["night"]]),
    ):
        write_atomic(docs / name, encode_png(beside([small(one) for one in shown], axis=1)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
