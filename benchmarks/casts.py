"""Draw many short comics, each with a cast of its own, for training that has to look at references.

python benchmarks/casts.py OUT --series 400 --panels 6 [--shapes] [--seed 5] [--masks DIR]
OUT holds the series and nothing else, each with an episode 1. With --shapes every other series has heads that nobody
has drawn, the rest those of the drawn comic. --masks writes what training must not see:
DIR/test: series with other casts, their episode is 2; DIR/shapes: with heads that are in no training (curls, a cap,
braids), their episode is 3; DIR/turned: those of test with their hue turned by 120 degrees, under the same names, so
that pairs have the same ids; DIR/backgrounds/SERIES/EPISODE.png: white where the backdrop of a strip shows. Then
comicdata crawl OUT DIR/test --out CRAWL --licence CC0-1.0
comicdata make-pairs CRAWL --out PAIRS --test-episodes 2
python benchmarks/drawn_masks.py PAIRS --out MASKS --strips DIR/backgrounds   (for comicdata evaluate --masks MASKS)
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from drawn_masks import background_of  # beside this file

from comicdata.drawn import Cast, DrawnEpisode, any_cast, draw_episode
from comicdata.drawn.art import ellipse
from comicdata.drawn.heads import Head, Part, both_sides, polygon
from comicdata.files import write_atomic
from comicdata.images import Image, encode_png


class Kind(NamedTuple):
    """Held-out series: how many, the number of the first, and of the episode that each has, by which it is named."""

    count: int
    first: int
    episode: int


HELD_OUT = {"test": Kind(20, 10_000, 2), "shapes": Kind(14, 20_000, 3)}
HELD_OUT_PANELS = 8
_ANGLES = np.radians(range(170, 371, 25))
CURLS = Head(tuple(Part(ellipse(1.05 * np.cos(angle), 1.05 * np.sin(angle), 0.3, 0.3)) for angle in _ANGLES))
_DOME, _VISOR = ellipse(0, -0.25, 1.06, 0.95, 180, 360), polygon((1.75, -0.15), (1.7, -0.02), (-1.0, -0.1))
CAP = Head(
    (
        Part(np.vstack([_DOME, _VISOR]), "top"),
        Part(ellipse(0, -1.2, 0.14, 0.1), "trim"),
        *both_sides(0.98, 0.12, 0.14, 0.3),
    )
)
BRAIDS = Head(
    over=(
        Part(np.vstack([ellipse(0, 0.05, 1.04, 1.02, 180, 360), polygon((0.6, -0.2), (0, -0.75), (-0.6, -0.2))])),
        *(part for y in (0.35, 0.75, 1.15) for part in both_sides(1.12, y, 0.2, 0.24)),
        *both_sides(1.12, 1.42, 0.14, 0.1, "trim"),
    )
)


def draw_training(seed: int, number: int, panels: int, shapes: bool) -> DrawnEpisode:
    """Series `number`; with `shapes` every other one has heads that nobody has drawn."""
    return draw_episode(seed, number, panels=panels, cast=any_cast(seed, number, shapes=shapes and number % 2 == 1))


def draw_held_out(kind: str, seed: int, number: int, panels: int) -> DrawnEpisode:
    """Series `number` of a kind of HELD_OUT: its cast and scenes are in no training."""
    number += HELD_OUT[kind].first
    cast = any_cast(seed, number)
    return draw_episode(seed, number, panels=panels, cast=with_unseen_heads(cast) if kind == "shapes" else cast)


def with_unseen_heads(cast: Cast) -> Cast:
    """The same people with heads that are in no training."""
    heads = (CURLS, CAP, BRAIDS)
    return replace(cast, people=tuple(replace(one, head=head) for one, head in zip(cast.people, heads, strict=True)))


def turned(picture: Image) -> Image:
    """Every hue turned by 120 degrees: red, green and blue change places. (H, W, 3) uint8."""
    return np.ascontiguousarray(np.roll(picture, 1, axis=2))


def write_series(folder: Path, strip: Image, episode: int = 1) -> None:
    """A comic of one episode of one strip."""
    write_atomic(folder / str(episode) / "0001.png", encode_png(strip), durable=False)


def write_held_out(masks: Path, seed: int) -> None:
    for name, kind in HELD_OUT.items():
        for number in range(kind.count):
            drawn, series = draw_held_out(name, seed, number, HELD_OUT_PANELS), f"{name}{seed}-{number:03d}"
            write_series(masks / name / series, drawn.strip, kind.episode)
            if name == "test":
                write_series(masks / "turned" / series, turned(drawn.strip), kind.episode)
            write_background(masks, series, drawn, kind.episode)


def write_background(masks: Path, name: str, drawn: DrawnEpisode, episode: int = 1) -> None:
    """Where the backdrop of an episode shows, under the names that a crawl gives it."""
    write_atomic(masks / "backgrounds" / name / f"e{episode}.png", encode_png(background_of(drawn)), durable=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--series", type=int, default=400)
    parser.add_argument("--panels", type=int, default=6)
    parser.add_argument("--shapes", action="store_true")
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--masks", type=Path)
    options = parser.parse_args()
    if not 1 <= options.series <= HELD_OUT["test"].first:
        parser.error(f"--series {options.series}: from 1 to {HELD_OUT['test'][1]}")
    if options.masks and options.masks.resolve().is_relative_to(options.out.resolve()):
        parser.error(f"--masks {options.masks}: OUT holds the series and nothing else; name another folder")
    names = [f"cast{options.seed}-{number:03d}" for number in range(options.series)]
    others = sorted({one.name for one in options.out.glob("*")} - set(names))
    if others:
        parser.error(f"{options.out}: {others[0]} is there, none of these series; name an empty folder")
    for number, name in enumerate(names):
        episode = draw_training(options.seed, number, options.panels, options.shapes)
        write_series(options.out / name, episode.strip)
        if options.masks:
            write_background(options.masks, name, episode)
    if options.masks:
        write_held_out(options.masks, options.seed)
    print(
        f"{options.series} series in {options.out}" + (f", held out ones in {options.masks}" if options.masks else "")
    )


if __name__ == "__main__":
    main()
