"""The picture of docs/references.md: a chapter of a series that no training saw, by a run of benchmarks/casts.py.

.venv/bin/python docs/references_pictures.py RUN FOLDER   (lines, references and colours there, the picture here)
"""

import argparse
from pathlib import Path

import numpy as np

from comicdata.cli.main import run
from comicdata.drawn import any_cast, draw_episode
from comicdata.files import write_atomic
from comicdata.images import Image, beside, encode_jpeg, encode_png, read_image, resize
from comicdata.outlines import canny_black

SEED, SERIES, EPISODE, PANELS, SHOWN = 77, 2, 7, 10, 4
HIGH = 220  # pixels of each panel


def panels() -> list[Image]:
    """The panels of an episode in colour."""
    episode = draw_episode(900 + SERIES, EPISODE, panels=PANELS, cast=any_cast(SEED, SERIES, shapes=False))
    boxes = (one.box for one in episode.panels)
    return [np.ascontiguousarray(episode.strip[box.y0 : box.y1, box.x0 : box.x1]) for box in boxes]


def row(pictures: list[Image]) -> Image:
    """Pictures side by side, all as high as each other."""
    return beside([resize(one, round(one.shape[1] * HIGH / one.shape[0]), HIGH) for one in pictures])


def as_lines(color: Image) -> Image:
    return np.repeat(canny_black(color)[..., None], 3, axis=2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    folder = given.folder
    every = panels()
    shown, rest = every[:SHOWN], every[SHOWN:]
    for number, one in enumerate(shown):
        write_atomic(folder / "shown" / f"{number}.png", encode_png(one))
    for number, one in enumerate(rest):
        write_atomic(folder / "lines" / f"p{number:02}.png", encode_png(as_lines(one)))
    out = folder / "out"
    words = ["colorize", given.run, str(folder / "lines"), "--out", str(out), "--reference", str(folder / "shown")]
    assert run([*words, "--line-art", "--layout", "single", "-q"]) == 0
    made = [read_image(out / f"p{number:02}.png") for number in range(len(rest))]
    rows = [row(shown), row([as_lines(one) for one in rest[:4]]), row(made[:4]), row(rest[:4])]
    wide = max(one.shape[1] for one in rows)
    whole = [np.pad(one, ((0, 0), (0, wide - one.shape[1]), (0, 0)), constant_values=255) for one in rows]
    write_atomic(Path(__file__).with_name("references-1.jpg"), encode_jpeg(beside(whole, axis=0), quality=88))


if __name__ == "__main__":
    main()
