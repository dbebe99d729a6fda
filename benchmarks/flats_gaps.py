"""How well the regions of line art are found: drawings with known regions and cut lines, beside G'MIC and a plain fill.

    python benchmarks/flats_gaps.py [SEED ...] [--gmic]     by default seeds 7 to 12; --gmic needs `pip install gmic`
    python benchmarks/flats_gaps.py --memory                time and peak memory of a 600 dpi A4
    python benchmarks/flats_gaps.py --page PAGE             times of the outlines of a page in colour, twice as large

closed: the drawing as it is; small: 300 gaps of 6-16 px; large: 300 gaps of 16-38 px; 2000 x 2800; each
with 250 loose strokes.
right: share of the true regions of at least 200 pixels that one found region covers to 90 %, and that make 90 % of it.
purity: share of the paper whose found region belongs mostly to its own true region (1 = nothing leaks).
Times are processor time on one core.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from comicdata.flats import find_regions, paint
from comicdata.flats.drawing import Wanted, flat_drawing
from comicdata.flats.hints import Hint
from comicdata.images import read_image
from comicdata.outlines import canny_black

WIDTH, HEIGHT, SHAPES, STROKES, GAPS = 2000, 2800, 240, 250, 300
SIZES = {"closed": (0, 0), "small": (3, 9), "large": (8, 20)}
GMIC = "fx_colorize_lineart_smart 0,95,0,0,1,24,200,0,75,2,60,20,90,1,10,1,0"  # its defaults: a layer of random colours
Finder = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Drawing:
    """`truth` (H, W) int32, `line` (H, W) bool, `pictures` {name: (H, W) uint8, ink 0}."""

    truth: np.ndarray
    line: np.ndarray
    pictures: dict[str, np.ndarray]


def make(seed: int, stroke: int = 5) -> Drawing:
    """A drawing of blobs over one another, with loose strokes, whole and cut."""
    rng = np.random.default_rng(seed)
    shapes = np.zeros((HEIGHT, WIDTH), np.int32)
    turn = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    for number in range(1, SHAPES + 1):
        cv2.fillPoly(shapes, [_blob(rng, turn)], number)
    edge = np.zeros((HEIGHT, WIDTH), np.uint8)
    edge[:, 1:] |= shapes[:, 1:] != shapes[:, :-1]
    edge[1:] |= shapes[1:] != shapes[:-1]
    ink = cv2.dilate(edge, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (stroke, stroke)))
    for _ in range(STROKES):  # folds and hatching that bound nothing
        cv2.polylines(ink, [_stroke(rng)], False, 1, stroke - 1)
    ys, xs = np.nonzero(cv2.dilate(edge, np.ones((3, 3), np.uint8)))
    pictures = {}
    for name, (low, high) in SIZES.items():
        cut = ink.copy()
        for i in rng.choice(len(ys), GAPS if high else 0, replace=False):
            cv2.circle(cut, (int(xs[i]), int(ys[i])), int(rng.integers(low, high)), 0, -1)
        pictures[name] = np.where(cut > 0, 0, 255).astype(np.uint8)
    return Drawing(_bodies(shapes), ink > 0, pictures)


def _blob(rng: np.random.Generator, turn: np.ndarray) -> np.ndarray:
    size = float(np.exp(rng.uniform(np.log(35), np.log(420))))
    corner = np.linspace(0, 2 * np.pi, 10, endpoint=False)
    radius = size * (1 + 0.35 * rng.standard_normal(10)).clip(0.35, 1.7)
    radius = np.interp(turn, np.r_[corner, 2 * np.pi], np.r_[radius, radius[0]])
    radius = np.convolve(np.r_[radius[-12:], radius, radius[:12]], np.ones(25) / 25, "valid")
    x, y, flat = rng.integers(0, WIDTH), rng.integers(0, HEIGHT), rng.uniform(0.6, 1.2)
    return np.stack([x + radius * np.cos(turn), y + radius * np.sin(turn) * flat], 1).astype(np.int32)


def _stroke(rng: np.random.Generator) -> np.ndarray:
    x, y, angle = rng.integers(0, WIDTH), rng.integers(0, HEIGHT), rng.uniform(0, 2 * np.pi)
    bend, points = rng.uniform(-0.01, 0.01), []
    for _ in range(int(rng.uniform(30, 140) // 6)):
        points.append((x, y))
        angle += 6 * bend
        x, y = x + 6 * np.cos(angle), y + 6 * np.sin(angle)
    return np.array(points, np.int32)


def _bodies(shapes: np.ndarray) -> np.ndarray:
    truth, last = np.zeros(shapes.shape, np.int32), 0
    for number in np.unique(shapes):
        count, part = cv2.connectedComponents((shapes == number).astype(np.uint8), connectivity=4)
        inside = part > 0
        truth[inside] = part[inside] + last
        last += count - 1
    return truth


def score(labels: np.ndarray, drawing: Drawing) -> tuple[float, float]:
    """(right, purity) of a region map, 0 = not in a region."""
    at = ~drawing.line & (labels > 0) & (drawing.truth > 0)
    paper = int((~drawing.line & (drawing.truth > 0)).sum())
    truth, found = drawing.truth[at].astype(np.int64), np.unique(labels[at], return_inverse=True)[1].ravel() + 1
    wide = drawing.truth.max() + 1
    pair, count = np.unique(found * wide + truth, return_counts=True)
    of, true = pair // wide, pair % wide
    best = np.zeros(found.max() + 1, np.int64)
    np.maximum.at(best, of, count)
    area_found = np.bincount(found)
    whole = np.bincount(drawing.truth[~drawing.line].ravel(), minlength=wide)[:wide]
    good = (whole[true] >= 200) & (count >= 0.9 * whole[true]) & (count >= 0.9 * area_found[of])
    return float(good.sum() / (whole[1:] >= 200).sum()), float(best.sum() / paper)


def fill(picture: np.ndarray) -> np.ndarray:
    """A plain fill: what is connected."""
    return cv2.connectedComponents((picture > 127).astype(np.uint8), connectivity=4)[1]


def ours(picture: np.ndarray) -> np.ndarray:
    """comicdata, with its defaults."""
    return find_regions(picture).labels


def gmic(picture: np.ndarray) -> np.ndarray:
    """G'MIC's smart coloring: one random colour a region; its own reading and writing of PNG is in its time."""
    from gmic import run

    with tempfile.TemporaryDirectory() as folder:
        cv2.imwrite(f"{folder}/in.png", picture)
        run(f"v - {folder}/in.png {GMIC} o {folder}/out.png")
        colours = cv2.imread(f"{folder}/out_000001.png", cv2.IMREAD_UNCHANGED).astype(np.int64)
    return colours @ np.array([1, 1 << 16, 1 << 32])


def compare(seeds: list[int], finders: dict[str, Finder]) -> None:
    """Prints right/purity of each finder on each kind, and the processor time of its three pictures together."""
    means: dict[str, list[list[float]]] = {name: [] for name in finders}
    for seed in seeds:
        drawing = make(seed)
        for name, find in finders.items():
            row, start = [], time.process_time()
            for picture in drawing.pictures.values():
                row += [*score(find(picture), drawing)]
            row.append(time.process_time() - start)
            means[name].append(row)
            print(f"{seed:4} {name:10}", *_shown(row), flush=True)
    for name, rows in means.items():
        print(f"mean {name:10}", *_shown(list(np.mean(rows, 0))))
    _times(drawing.pictures["small"], finders)


def _shown(row: list[float]) -> list[str]:
    return [*(f"{row[at]:.3f}/{row[at + 1]:.4f}" for at in (0, 2, 4)), f"{row[6]:.1f} s with scoring"]


def _times(picture: np.ndarray, finders: dict[str, Finder]) -> None:
    """Prints the best of three times on one picture, and that of a new hint."""
    for name, find in finders.items():
        print(f"{name}: {_seconds(lambda find=find: find(picture)):.3f} s of processor for {picture.size / 1e6:.1f} MP")
    _whole_way(picture)
    regions = find_regions(picture)
    first = paint(regions, [Hint(500, 500, 9, (255, 0, 0))])
    hints = [Hint(500, 500, 9, (255, 0, 0)), Hint(1500, 2000, 9, (0, 0, 255))]
    print(f"default colours: {_seconds(lambda: paint(regions)):.4f} s, {regions.count} regions")
    print(f"a new hint: {_seconds(lambda: paint(regions, hints, previous=first)):.4f} s, with the picture "
          f"{_seconds(lambda: paint(regions, hints, previous=first).image()):.4f} s")  # fmt: skip


def _whole_way(picture: np.ndarray) -> None:
    """Prints the time from decoded pixels to colours, and that of cv2.connectedComponents beside it."""
    rgb, wanted = cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB), Wanted(line_art=True)
    regions = flat_drawing(rgb, "drawing", wanted).painted.regions
    floor, ours = _seconds(lambda: fill(picture)), _seconds(lambda: flat_drawing(rgb, "drawing", wanted))
    print(f"from pixels to colours: {ours:.3f} s, {ours / floor:.0f} times {floor:.4f} s of cv2.connectedComponents; "
          f"{regions.count} regions")  # fmt: skip


def page(path: Path) -> None:
    """Prints the times of the outlines of a page, twice as large."""
    line = canny_black(read_image(path))
    _whole_way(cv2.resize(line, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR))


def _seconds(work: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def memory() -> None:
    """Prints what a 600 dpi A4 takes: the small drawing, 2.5 times as large."""
    picture = cv2.resize(make(7).pictures["small"], (4960, 7016), interpolation=cv2.INTER_LINEAR)
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    regions = find_regions(picture)
    seconds, after = time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{picture.size / 1e6:.1f} MP: {regions.count} regions, {seconds:.2f} s of processor, peak memory "
          f"{after / 1024:.0f} MiB, {before / 1024:.0f} MiB of it before")  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seeds", type=int, nargs="*", default=[7, 8, 9, 10, 11, 12])
    parser.add_argument("--gmic", action="store_true", help="run G'MIC's smart coloring beside it")
    parser.add_argument("--memory", action="store_true", help="a 600 dpi A4 instead")
    parser.add_argument("--page", type=Path, help="the outlines of this page instead")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    if given.memory:
        memory()
    elif given.page:
        page(given.page)
    else:
        compare(given.seeds, {"fill": fill, "comicdata": ours} | ({"gmic": gmic} if given.gmic else {}))
