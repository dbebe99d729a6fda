"""True backgrounds of the drawn comic, as masks for `comicdata evaluate --masks`.

python benchmarks/drawn_masks.py PAIRS --out MASKS [--seed 7 | --strips DIR]
PAIRS was made from the comic of that seed (7 is the demo's); one MASKS/ID.png per kept pair, white on the background.
The comic is drawn again and cut as each row of the manifest says. --strips: of many series, whose backgrounds
benchmarks/casts.py wrote as DIR/SERIES/EPISODE.png.
"""

import argparse
import re
from functools import lru_cache
from pathlib import Path

import numpy as np

from comicdata.cli.demo import SEED
from comicdata.drawn import DrawnEpisode, draw_episode
from comicdata.errors import UsageError
from comicdata.files import write_atomic
from comicdata.images import Image, encode_png, read_image
from comicdata.pairs.manifest import file_of, pairs_folder, read_rows
from comicdata.pairs.windows import fit_window
from comicdata.records import Box, Pair

NOISE = 8  # mean difference of a stored picture from the drawn one; JPEG makes about 1


def write_masks(pairs: Path, out: Path, seed: int = SEED) -> int:
    """Write the masks of all kept pairs; returns how many. UsageError when a pair is not from this comic."""
    rows = [row for row in read_rows(pairs) if row.kept]
    for row in rows:
        strip, background = _drawn(seed, _number(row))
        stored = read_image(file_of(pairs_folder(pairs), row, "color"))
        if np.abs(_cut(strip, row, None).astype(np.int16) - stored).mean() > NOISE:
            raise UsageError(f"{row.id}: not a picture of the drawn comic of seed {seed}; say another with --seed")
        _write(out, row, background)
    return len(rows)


def write_masks_of_series(pairs: Path, out: Path, strips: Path) -> int:
    """Likewise, from strips/SERIES/EPISODE.png, white where the backdrop shows. UsageError when one is missing."""
    rows = [row for row in read_rows(pairs) if row.kept]
    for row in rows:
        _write(out, row, _background(strips / row.series_id / f"{row.episode_id}.png"))
    return len(rows)


def _write(out: Path, row: Pair, background: Image) -> None:
    mask = np.where(_cut(background, row, 0) >= 128, 255, 0).astype(np.uint8)
    write_atomic(out / f"{row.id}.png", encode_png(mask), durable=False)


@lru_cache(maxsize=1)
def _background(path: Path) -> Image:
    if not path.is_file():
        raise UsageError(f"{path}: not there; --strips is the folder `backgrounds` that benchmarks/casts.py wrote")
    return np.ascontiguousarray(read_image(path)[..., 0])


def _number(row: Pair) -> int:
    found = re.fullmatch(r"e(\d+)", row.episode_id)
    if not found:
        raise UsageError(f"{row.id}: episode {row.episode_id} is none of the drawn comic (e001, e002, ...)")
    return int(found[1])


@lru_cache(maxsize=1)
def _drawn(seed: int, number: int) -> tuple[Image, Image]:
    """The strip of an episode, (H, W, 3), and 255 where a backdrop shows, (H, W)."""
    episode = draw_episode(seed, number)
    return episode.strip, background_of(episode)


def background_of(episode: DrawnEpisode) -> Image:
    """(H, W): 255 where the backdrop of a panel shows, 0 on figures, lines, balloons, frames and gutters."""
    background = np.zeros(episode.strip.shape[:2], np.uint8)
    for panel in episode.panels:
        box = panel.box
        background[box.y0 : box.y1, box.x0 : box.x1][panel.background] = 255
    return background


def _cut(picture: Image, row: Pair, paper: int | None) -> Image:
    """The window of a row, from a whole strip; `paper` is what the fit `pad` adds."""
    left, top, right, bottom = row.panel_box
    return fit_window(picture[top:bottom, left:right], Box(*row.crop_box), row.size, row.fit, paper)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--strips", type=Path)
    options = parser.parse_args()
    if options.strips:
        count = write_masks_of_series(options.pairs, options.out, options.strips)
    else:
        count = write_masks(options.pairs, options.out, options.seed)
    print(f"{count} masks in {options.out}")


if __name__ == "__main__":
    main()
