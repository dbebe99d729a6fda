"""What 50 panels of one's own comic give: trained for 5 CPU minutes from weights that exist, and without for 5 and 20.

python benchmarks/own_comic.py OUT --base RUN [--comic FOLDER --test 8 --validation 7] [--seed 5] [--minutes 5 20]
Without --comic: a drawn one with a cast and heads that benchmarks/casts.py keeps out of training; episodes 1 to 5, of
ten panels each, to learn from, 6 to judge on, 7 and 8 held out. Prints a table and draws OUT/own_comic.jpg. Runs are
kept in OUT; one that is there is only measured.
"""

import argparse
import json
import os
from pathlib import Path

from casts import with_unseen_heads, write_background, write_series  # beside this file
from drawn_masks import write_masks_of_series
from quality import comicdata, make_pairs

from comicdata.drawn import any_cast, draw_episode
from comicdata.files import read_json, write_atomic, write_json
from comicdata.images import Image, encode_jpeg, resize
from comicdata.models.colorize import load_colorizer
from comicdata.models.data.pairs import PairDataset
from comicdata.models.evaluate.comparison import draw_rows
from comicdata.models.evaluate.metrics import outline_copy
from comicdata.records import spread

SERIES, NUMBER = "mine", 30_000  # a cast that casts.py neither trains on nor holds out
EPISODES, PANELS = 8, 10
PACE = (80, 240)  # images of two short trainings, which tell what the start takes and what an image
BATCH = 8


def draw_comic(out: Path, seed: int) -> Path:
    """A comic of one series, OUT/comic, and where its backdrops show, OUT/backgrounds."""
    cast = with_unseen_heads(any_cast(seed, NUMBER))
    for number in range(1, EPISODES + 1):
        drawn = draw_episode(seed, NUMBER + number, panels=PANELS, cast=cast)
        write_series(out / "comic" / SERIES, drawn.strip, number)
        write_background(out, SERIES, drawn, number)
    return out / "comic"


def train(pairs: Path, run: Path, images: int, base: Path | None) -> float:
    """CPU seconds of a training of so many images, on one thread; those of the first time where it is done already."""
    note = run.parent / f"{run.name}.json"
    if not note.is_file():
        begun = os.times()
        words = ["--pairs", pairs, "--run", run, "--images", images, "--batch-size", BATCH, "--no-references"]
        comicdata("train", "palette", *words, *(["--from", base] if base else []), "--device", "cpu", "--quiet")
        ended = os.times()
        used = ended.children_user + ended.children_system - begun.children_user - begun.children_system
        write_json(note, {"images": images, "seconds": round(used, 1)})
    return float(read_json(note)["seconds"])


def images_in(minutes: float, pairs: Path, out: Path) -> int:
    """How many images a training sees in so many CPU minutes, its start and its judging included."""
    few, more = (train(pairs, out / f"pace-{images}", images, None) for images in PACE)
    each = (more - few) / (PACE[1] - PACE[0])
    return max(BATCH, int((60 * minutes - few) / each) // BATCH * BATCH)


def measured(run: Path, pairs: Path, masks: Path | None) -> str:
    """Cells of the table: figures where masks tell what is one, else all that lies off the lines."""
    words = ["--pairs", pairs, "--no-hints", "--quiet", "--json", "--out", run / "measured"]
    found = json.loads(comicdata("evaluate", run, *words, *(["--masks", masks] if masks else [])))["model"]
    area = found["figures" if masks else "off_line"]
    return f"{area['de2000']:.2f} | {area['within10']:.3f} | {found['colourfulness_ratio']:.2f}"


def picture(runs: dict[str, Path], pairs: Path, windows: int = 5, width: int = 200) -> Image:
    """A row for each of some held-out windows: the outline, what every run made of it, and the truth."""
    colorizers = {name: load_colorizer(run, "cpu") for name, run in runs.items()}
    test, rows = PairDataset(pairs, "test", 256), []
    for index in spread(len(test), windows):
        row = {"outline": outline_copy(test.outline(index))}
        row |= {name: colorizer.colorize(test.outline(index)) for name, colorizer in colorizers.items()}
        row["truth"] = test.color(index)
        rows.append(("", {name: resize(one, width, width) for name, one in row.items()}))
    return draw_rows(rows, {name: name for name in rows[0][1]})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--base", type=Path, required=True, help="the run to start from")
    parser.add_argument("--comic", type=Path)
    parser.add_argument("--test", default="7-8")
    parser.add_argument("--validation", default="6")
    parser.add_argument("--seed", type=int, default=5, help="of the drawn comic")
    parser.add_argument("--minutes", type=float, nargs=2, default=(5, 20), help="short, and long")
    options = parser.parse_args()
    out: Path = options.out
    comic = options.comic or draw_comic(out, options.seed)
    pairs = make_pairs(comic, options.test, options.validation, out, options.seed)
    masks = None if options.comic else out / "masks"
    if masks and not masks.is_dir():
        write_masks_of_series(pairs, masks, out / "backgrounds")
    short, long = options.minutes
    plan = {"from": (short, options.base), "short": (short, None), "long": (long, None)}
    names = {name: f"{minutes:g} minutes{', --from' if base else ''}" for name, (minutes, base) in plan.items()}
    windows = len(PairDataset(pairs, "train", 256))
    print(f"| {windows} windows | images | CPU minutes | dE | within dE 10 | colour ratio |")
    print("|---|---|---|---|---|---|")
    for name, (minutes, base) in plan.items():
        images = images_in(minutes, pairs, out)
        seconds = train(pairs, out / name, images, base)
        cells = measured(out / name, pairs, masks)
        print(f"| {names[name]} | {images:,} | {seconds / 60:.1f} | {cells} |", flush=True)
    runs = {names[name]: out / name for name in plan}
    write_atomic(out / "own_comic.jpg", encode_jpeg(picture(runs, pairs), 90), durable=False)


if __name__ == "__main__":
    main()
