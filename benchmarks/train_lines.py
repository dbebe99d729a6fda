"""Learn which straight lines part two panels: writes comicdata/panels/weights.py.

python benchmarks/train_lines.py COMICS [--pages N] [--workers N]

Learned from pages that the project draws (seeds from 5000 on), from collages of openly licensed pictures (CC BY) under
COMICS, and from those pictures whole, which hold many lines and no border of a panel. The weights are a small network;
no picture is in them.
"""

import argparse
import textwrap
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import pairwise
from pathlib import Path
from zlib import crc32

import cv2
import numpy as np
import numpy.typing as npt

from comicdata.drawn import manga
from comicdata.drawn.pages import PAGES
from comicdata.drawn.scenes import Drawn, Rng
from comicdata.images import Image, decode, encode_jpeg
from comicdata.panels.features import features
from comicdata.panels.flood import flooded
from comicdata.panels.lines import Chord, chords, separators
from comicdata.panels.pages import border_colour
from comicdata.panels.paper import WHITE, Mask, is_like
from comicdata.panels.parting import hull
from comicdata.panels.polygons import Polygon, bounds, of_box
from comicdata.panels.score import read_truth
from comicdata.records import Box

PICTURES = ("book-dash", "african-storybook")
MARKED = Path(__file__).parent.parent / "tests" / "panels" / "real" / "tuning.jsonl"
WIDE, DEEP = 32, 16  # of the network
STEPS, RATE, DECAY, NOISE = 16000, 3e-3, 0.2, 0.2
Source = tuple[str, Box | None]  # a file, and the panel in it where it is a page
Example = tuple[list[npt.NDArray[np.float64]], list[int]]


def main() -> None:
    """Gather examples, learn, write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("comics", type=Path)
    parser.add_argument("--pages", type=int, default=600)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", type=Path, default=None, help="an .npz to keep the examples in, or to take them from")
    options = parser.parse_args()
    if options.keep and options.keep.exists():
        kept = np.load(options.keep)
        x, y = kept["x"], kept["y"]
    else:
        x, y = _gathered(_sources(options.comics), options.pages, options.workers)
        if options.keep:
            np.savez(options.keep, x=x, y=y)
    _write(*_learned(x, y))


def _sources(comics: Path) -> list[Source]:
    """Single pictures, a third of them panels of comics: those marked by hand in the half that is tuned on."""
    files = sorted(path for name in PICTURES for path in (comics / name).rglob("*.jpg"))
    panels = [
        (str(comics / name), box)
        for name, boxes in read_truth(MARKED).items()
        if name.startswith(("pepper", "page"))
        for box in boxes
    ]
    return [*((str(file), None) for file in files), *panels * max(1, len(files) // (2 * len(panels)))]


def _gathered(
    files: Sequence[Source], pages: int, workers: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    with ProcessPoolExecutor(workers) as pool:
        found = list(pool.map(partial(_examples, files), range(pages), chunksize=4))
    x = [one for xs, _ in found for one in xs]
    return np.array(x), np.array([one for _, ys in found for one in ys])


def _examples(files: Sequence[Source], seed: int) -> Example:
    """The candidates on one page that is drawn, a collage or a picture, and whether each parts panels."""
    cv2.setNumThreads(1)
    rng = np.random.default_rng([crc32(b"lines"), 5000 + seed])
    drawn = _page(rng, files, seed)
    outlines = list(drawn.outlines) or [of_box(box) for box in drawn.boxes]
    longest = rng.uniform(560, 960)
    factor = longest / max(drawn.image.shape[:2])
    picture = decode(encode_jpeg(drawn.image, int(rng.integers(60, 93))), "page")
    small = np.asarray(cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)
    return _candidates(rng, small, [one * factor for one in outlines])


def _page(rng: Rng, files: Sequence[Source], seed: int) -> Drawn:
    if seed % 2 == 0:
        names = [*manga.MANGA, *manga.MANGA, *PAGES]
        return (manga.MANGA | PAGES)[names[seed // 2 % len(names)]](rng)
    if seed % 6 == 1:
        picture = _picture(rng, files)
        return Drawn(picture, (Box(0, 0, picture.shape[1], picture.shape[0]),))
    return _collage(rng, files)


def _picture(rng: Rng, files: Sequence[Source]) -> Image:
    file, box = files[int(rng.integers(len(files)))]
    picture = decode(Path(file).read_bytes(), file)
    return picture if box is None else picture[box.y0 + 5 : box.y1 - 5, box.x0 + 5 : box.x1 - 5]


def _collage(rng: Rng, files: Sequence[Source]) -> Drawn:
    """Panels in tiers, each a piece of a picture, in all manners of gutters and frames."""
    margins = [0 if rng.uniform() < 0.4 else 46 for _ in range(4)]
    box = Box(margins[0], margins[1], manga.WIDTH - margins[2], manga.HEIGHT - margins[3])
    gap = float(rng.choice([0, 0, rng.integers(3, 9), rng.integers(8, 30)]))
    frame = int(rng.integers(2, 8)) if gap == 0 or rng.uniform() < 0.6 else 0
    slant = float(rng.choice([0, 0.1, 0.35]))
    paper = (255, 255, 255) if rng.uniform() < 0.7 else tuple(int(one) for one in rng.integers(0, 255, 3))
    image = np.full((manga.HEIGHT, manga.WIDTH, 3), paper, np.uint8)
    drawn = manga.filled(rng, image, manga.tiers(rng, box, gap, slant), frame, partial(_piece, files))
    return manga.balloons(rng, drawn, 0.35)


def _piece(files: Sequence[Source], rng: Rng, width: int, height: int) -> Image:
    picture = _picture(rng, files)
    rows, columns = picture.shape[:2]
    scale = max(width / columns, height / rows) * rng.uniform(1, 1.5)
    large = cv2.resize(
        picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    )
    y, x = (
        int(rng.integers(0, max(1, there - asked))) for there, asked in zip(large.shape, (height, width), strict=False)
    )
    piece = np.asarray(large[y : y + height, x : x + width], np.uint8)
    return np.asarray(cv2.resize(piece, (width, height)), np.uint8)


def _candidates(rng: Rng, image: Image, outlines: list[Polygon]) -> Example:
    """The chords of the page, of its parts and so on, as the splitter would meet them."""
    flood = flooded(is_like(image, border_colour(image) if rng.uniform() < 0.5 else WHITE))
    page, seen = separators(image, flood), _seen(outlines, image.shape)
    least = 0.06 * min(image.shape[:2])
    xs, ys = [], []
    for cell, inside in [*_cells(outlines, image.shape), *_hulls(flood, outlines)]:
        for chord in chords(page, cell, least):
            parts = _parts_panels(chord, seen, inside)
            if parts is not None:
                xs.append(features(page, chord))
                ys.append(int(parts))
    return xs, ys


def _seen(outlines: list[Polygon], shape: Sequence[int]) -> npt.NDArray[np.int32]:
    """Which panel is seen at every pixel, (H, W), counted from 1: one that overlaps another hides it; 0 where none."""
    seen = np.zeros(tuple(shape[:2]), np.int32)
    for number, outline in enumerate(outlines, 1):
        cv2.fillPoly(seen, [np.rint(outline).astype(np.int32)], number)
    return seen


def _cells(outlines: list[Polygon], shape: Sequence[int]) -> Iterator[tuple[Polygon, list[int]]]:
    """The whole, tiers that neighbours form, and single panels, each with the numbers of the panels in it."""
    whole = bounds(np.concatenate(outlines))
    cell = of_box(Box(max(0, whole.x0), max(0, whole.y0), min(shape[1], whole.x1), min(shape[0], whole.y1)))
    yield cell, list(range(1, len(outlines) + 1))
    if len(outlines) > 1:
        for tier in _tiers(outlines):
            if len(tier) > 1:
                corners = np.concatenate([outlines[number - 1] for number in tier])
                yield np.asarray(cv2.convexHull(corners.astype(np.float32))[:, 0], float), tier
        for number, one in enumerate(outlines, 1):
            yield one, [number]


def _hulls(flood: Mask, outlines: list[Polygon]) -> Iterator[tuple[Polygon, list[int]]]:
    """What the flood leaves, as the splitter sees it: panels that something holds together, figures without a frame."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(~flood, connectivity=8)
    middles = [one.mean(axis=0).tolist() for one in outlines]
    for label in range(1, count):
        if min(stats[label, 2:4]) > 0.1 * min(flood.shape):
            cell = hull((labels == label).astype(np.uint8) * 255)
            outline = cell.astype(np.float32)
            yield (
                cell,
                [n for n, at in enumerate(middles, 1) if cv2.pointPolygonTest(outline, at, measureDist=False) >= 0],
            )


def _tiers(outlines: list[Polygon]) -> list[list[int]]:
    found: list[list[int]] = []
    for number, one in sorted(enumerate(outlines, 1), key=lambda pair: float(pair[1][:, 1].mean())):
        if found and one[:, 1].mean() < outlines[found[-1][-1] - 1][:, 1].max() - 0.25 * np.ptp(one[:, 1]):
            found[-1].append(number)
        else:
            found.append([number])
    return found


def _parts_panels(chord: Chord, seen: npt.NDArray[np.int32], inside: list[int]) -> bool | None:
    """Whether whole panels lie on both sides; None where the line is not quite where they part."""
    y, x = np.ogrid[: seen.shape[0], : seen.shape[1]]
    beyond = (x - chord.start[0]) * chord.normal[0] + (y - chord.start[1]) * chord.normal[1] > 0
    areas = np.bincount(seen.ravel(), minlength=max(inside, default=0) + 1)[inside]
    right = np.bincount(seen[beyond], minlength=max(inside, default=0) + 1)[inside]
    worst = (np.minimum(right, areas - right) / np.maximum(areas, 1)).max(initial=0)
    sides = bool((2 * right > areas).any()), bool((2 * right <= areas).any())
    if worst > 0.07 or (not all(sides) and worst > 0.03):
        return False
    return True if all(sides) and worst < 0.035 else None


Weights = list[tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]


def _learned(
    x: npt.NDArray[np.float64], y: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], Weights]:
    """Mean and spread of the features, and the layers, by Adam; a tenth of the examples is only looked at."""
    rng = np.random.default_rng(0)
    mean, spread = x.mean(axis=0), x.std(axis=0) + 1e-6
    x = np.clip((x - mean) / spread, -4, 4)
    test = np.arange(len(y)) >= 0.9 * len(y)
    sizes = [x.shape[1], WIDE, DEEP, 1]
    layers: Weights = [(rng.normal(0, (2 / a) ** 0.5, (a, b)), np.zeros(b)) for a, b in pairwise(sizes)]
    moments = [(np.zeros_like(one), np.zeros_like(one)) for layer in layers for one in layer]
    places, batch = np.flatnonzero(~test), 256
    for step in range(STEPS):
        chosen = rng.choice(places, batch)
        seen = x[chosen] + NOISE * rng.normal(size=(batch, x.shape[1]))
        gradients = _gradients(layers, seen, y[chosen])
        rate = RATE * 0.5 * (1 + np.cos(np.pi * step / STEPS))
        for index, (one, gradient) in enumerate(zip([a for layer in layers for a in layer], gradients, strict=True)):
            first, second = moments[index]
            first[:] = 0.9 * first + 0.1 * gradient
            second[:] = 0.999 * second + 0.001 * gradient**2
            move = first / (1 - 0.9 ** (step + 1)) / (np.sqrt(second / (1 - 0.999 ** (step + 1))) + 1e-8)
            one -= rate * (move + DECAY * one)
    for name, rows in (("learned", ~test), ("looked at", test)):
        chance = _forward(layers, x[rows])[-1][:, 0]
        wrong = (chance > 0) != y[rows]
        print(
            f"{name}: {rows.sum()} lines, {y[rows].mean():.2f} part panels, wrong {wrong.mean():.4f}; of those taken "
            f"{1 - y[rows][chance > 0].mean():.4f}, of the partings {(chance <= 0)[y[rows] == 1].mean():.4f}"
        )
    return mean, spread, layers


def _forward(layers: Weights, x: npt.NDArray[np.float64]) -> list[npt.NDArray[np.float64]]:
    values = [x]
    for index, (weights, biases) in enumerate(layers):
        x = x @ weights + biases
        x = np.maximum(x, 0) if index + 1 < len(layers) else x
        values.append(x)
    return values


def _gradients(layers: Weights, x: npt.NDArray[np.float64], y: npt.NDArray[np.int64]) -> list[npt.NDArray[np.float64]]:
    values = _forward(layers, x)
    back = (1 / (1 + np.exp(-values[-1])) - y[:, None]) / len(y)
    found: list[npt.NDArray[np.float64]] = []
    for index in range(len(layers) - 1, -1, -1):
        found = [values[index].T @ back, back.sum(axis=0), *found]
        back = (back @ layers[index][0].T) * (values[index] > 0)
    return found


def _write(mean: npt.NDArray[np.float64], spread: npt.NDArray[np.float64], layers: Weights) -> None:
    """A module of numbers in two digits and a half: 1/64 is as fine as they need to be."""
    target = Path(__file__).parent.parent / "comicdata" / "panels" / "weights.py"
    lines = ['"""The weights of judge.py, learned by benchmarks/train_lines.py; do not edit."""', "", "# fmt: off"]
    for name, values in (("MEAN", mean), ("SPREAD", spread)):
        lines += [f"{name} = (", *_wrapped(f"{value:.4g}" for value in values), ")", ""]
    lines += ["LAYERS = ("]
    for weights, biases in layers:
        lines += [
            f"    ({weights.shape!r}, (",
            *_wrapped(f"{round(v * 64)}" for v in [*weights.ravel(), *biases]),
            "    )),",
        ]
    target.write_text("\n".join([*lines, ")", ""]))


def _wrapped(values: Iterator[str]) -> list[str]:
    return textwrap.wrap(", ".join(values) + ",", 110, initial_indent="        ", subsequent_indent="        ")


if __name__ == "__main__":
    main()
