"""How good a trained colorizer is on pairs it never saw, beside baselines measured on the very same panels."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from comicdata.errors import UsageError
from comicdata.files import jsonl_bytes, write_atomic, write_json
from comicdata.images import Image, encode_png, read_image
from comicdata.models.baselines import NAMES, Baselines
from comicdata.models.colorize import Colorizer
from comicdata.models.data import PairDataset
from comicdata.models.lab import de2000_map, lab_of
from comicdata.models.metrics import (
    Mask,
    background_consistency,
    colourfulness,
    flat_regions,
    l1,
    mean_of_finite,
    mean_under,
    off_line,
    psnr,
    spread,
    ssim_map,
    windows_of,
)

SUBSETS = ("all", "off_line", "foreground", "background")
MEASURES = ("l1", "psnr", "ssim", "de2000")
WORKERS = 2
AT_ONCE = 8  # panels painted together
SHOWN = 2  # panels each of best, median and worst
LABEL = 22  # height of a line of words in the picture
TITLES = ("outline", "colorizer", "truth", "mean colour", "nearest", "low-res ceiling")

Subset = dict[str, float]


@dataclass(frozen=True)
class Scores:
    """One colouring of one panel. `subsets` by name, without those that are unknown; any number may be nan or inf.

    `colourfulness` is of the output and of the truth.
    """

    subsets: dict[str, Subset]
    colourfulness: tuple[float, float]
    background_consistency: float


@dataclass(frozen=True)
class Panel:
    """The scores of one pair: of the colorizer, and of every baseline that has a picture for it."""

    id: str
    model: Scores
    baselines: dict[str, Scores]


@dataclass(frozen=True)
class Evaluation:
    """What was found: `document` is the public one; `panels` in the order of the manifest; `picture` best to worst."""

    document: dict[str, Any]
    panels: list[Panel]
    picture: Image


def evaluate(
    colorizer: Colorizer,
    pairs: Path,
    split: str,
    *,
    masks: Path | None = None,
    limit: int | None = None,
    seed: int = 0,
    on_panel: Callable[[int, int], None] = lambda done, total: None,
) -> Evaluation:
    """Measure a colorizer and the baselines on the pairs of a split, at the size and outline it was trained on.

    `masks`: a folder of <pair id>.png, white on the background; without one for a pair its foreground and background
    are unknown. `limit`: so many panels, evenly spread. Deterministic for a given `seed`. UsageError without pairs,
    without pairs to train on (the baselines need them), or when a mask does not fit.
    """
    test = PairDataset(pairs, split, colorizer.size, colorizer.outline)
    test.require_rows()
    train = PairDataset(pairs, "train", colorizer.size, colorizer.outline, cache_bytes=0)
    train.require_rows()
    indices = spread(len(test), limit or len(test))
    grounds = read_masks(masks, test, indices)
    baselines = Baselines(train)
    neighbours = baselines.find_nearest(test, indices)

    def paint(few: Sequence[int]) -> list[dict[str, Image | None]]:
        made = colorizer.colorize_many([test.outline(index) for index in few], seed=seed)
        rivals = (baselines.paint(test.outline(index), test.color(index), neighbours[index]) for index in few)
        return [{"model": model} | others for model, others in zip(made, rivals, strict=True)]

    panels = []
    for panel in _measured(test, indices, paint, grounds):
        panels.append(panel)
        on_panel(len(panels), len(indices))
    shown = [(words, indices[at]) for words, at in choose_shown(panels)]
    made = paint([index for _, index in shown]) if shown else []
    rows = [
        (f"{words}: {test.rows[index].id}", _strip(test, index, one))
        for (words, index), one in zip(shown, made, strict=True)
    ]
    return Evaluation(summarise(panels), panels, draw_rows(rows))


def _measured(
    test: PairDataset,
    indices: Sequence[int],
    paint: Callable[[Sequence[int]], list[dict[str, Image | None]]],
    grounds: dict[int, Mask],
) -> Iterator[Panel]:
    """Panels one after the other; the network goes on while threads measure what it made."""
    waiting: deque[Future[Panel]] = deque()
    with ThreadPoolExecutor(WORKERS) as pool:
        for few in (indices[start : start + AT_ONCE] for start in range(0, len(indices), AT_ONCE)):
            for index, made in zip(few, paint(few), strict=True):
                ground, name = grounds.get(index), test.rows[index].id
                waiting.append(pool.submit(score_panel, name, made, test.outline(index), test.color(index), ground))
            while len(waiting) > AT_ONCE:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def score_panel(
    name: str, made: dict[str, Image | None], outline: Image, truth: Image, background: Mask | None
) -> Panel:
    """Measure every colouring of one pair; `made` has "model" and the baselines, None where there is no picture."""
    paper = off_line(outline)
    subsets: dict[str, Mask | None] = {"all": None, "off_line": paper}
    if background is not None:
        subsets |= {"foreground": ~background, "background": background}
    truth_lab, truth_windows = lab_of(truth), windows_of(truth)
    regions = flat_regions(truth, truth_lab, paper if background is None else paper & background)
    truth_colour = colourfulness(truth)

    def score(output: Image) -> Scores:
        output_lab = lab_of(output)
        similar, different = ssim_map(windows_of(output), truth_windows), de2000_map(output_lab, truth_lab)
        return Scores(
            {
                subset: {
                    "l1": l1(output, truth, mask),
                    "psnr": psnr(output, truth, mask),
                    "ssim": mean_under(similar, mask),
                    "de2000": mean_under(different, mask),
                }
                for subset, mask in subsets.items()
            },
            (colourfulness(output), truth_colour),
            background_consistency(output_lab, regions),
        )

    scores = {method: score(output) for method, output in made.items() if output is not None}
    return Panel(name, scores.pop("model"), scores)


def read_masks(folder: Path | None, test: PairDataset, indices: Sequence[int]) -> dict[int, Mask]:
    """(H, W) bool, True on the background, for the pairs that have one; UsageError when none fits."""
    if folder is None:
        return {}
    found = {}
    for index in indices:
        path = folder / f"{test.rows[index].id}.png"
        if path.is_file():
            mask = read_image(path)[..., 0] >= 128
            if mask.shape != (test.size, test.size):
                size = f"{mask.shape[1]}x{mask.shape[0]}"
                raise UsageError(
                    f"{path}: a mask of {size} for a pair of {test.size}x{test.size}; draw it at that size"
                )
            found[index] = mask
    if not found:
        wanted = f"{test.rows[indices[0]].id}.png"
        raise UsageError(f"{folder}: no mask of these pairs; one is named after its pair, such as {wanted}")
    return found


def summarise(panels: Sequence[Panel]) -> dict[str, Any]:
    """The public document: means over panels of the model and of every baseline."""
    every = {name: [panel.baselines[name] for panel in panels if name in panel.baselines] for name in NAMES}
    return {
        "model": mean_scores([panel.model for panel in panels]),
        "baselines": {name: mean_scores(scores) for name, scores in every.items()},
    }


def mean_scores(scores: Sequence[Scores]) -> dict[str, Any]:
    """Means over panels. A panel without a number (an empty mask, no flat region) is left out of that mean, one equal
    to the truth out of that of its PSNR; None where no panel has one. The colourfulness ratio is one of sums, so that
    a panel nearly without colour does not decide it.
    """
    means: dict[str, Any] = {}
    for subset in SUBSETS:
        known = [one.subsets[subset] for one in scores if subset in one.subsets]
        means[subset] = {name: mean_of_finite(one[name] for one in known) for name in MEASURES} if known else None
    made, true = (sum(one.colourfulness[which] for one in scores) for which in (0, 1))
    means["colourfulness_ratio"] = made / true if true else None
    means["background_consistency"] = mean_of_finite(one.background_consistency for one in scores)
    return means


def choose_shown(panels: Sequence[Panel]) -> list[tuple[str, int]]:
    """Best, median and worst panels by L1 off the lines, as (words, place in `panels`); none twice."""
    values = np.array([panel.model.subsets["off_line"]["l1"] for panel in panels])
    order = [int(at) for at in np.argsort(values, kind="stable") if not np.isnan(values[at])]
    middle = max(0, (len(order) - SHOWN) // 2)
    parts = {"best": order[:SHOWN], "median": order[middle : middle + SHOWN], "worst": order[-SHOWN:]}
    shown: dict[int, str] = {}
    for words in ("best", "worst", "median"):
        for at in parts[words]:
            shown.setdefault(at, f"{words}, L1 off the lines {values[at]:.3f}")
    return [(shown[at], at) for at in order if at in shown]


def _strip(test: PairDataset, index: int, made: dict[str, Image | None]) -> list[Image]:
    """The pictures of one row, in the order of TITLES."""
    truth = test.color(index)
    missing = np.full_like(truth, 255)
    wanted = [made["outline_copy"], made["model"], truth, *(made[name] for name in NAMES[1:])]
    return [missing if picture is None else picture for picture in wanted]


def draw_rows(rows: Sequence[tuple[str, list[Image]]]) -> Image:
    """One picture: a head with TITLES, then each row of pictures of one size under its words."""
    if not rows:
        return np.full((LABEL, LABEL, 3), 255, np.uint8)
    side = rows[0][1][0].shape[1]
    parts = [np.concatenate([_words(title, side) for title in TITLES], axis=1)]
    for words, pictures in rows:
        parts += [_words(words, side * len(TITLES)), np.concatenate(pictures, axis=1)]
    return np.concatenate(parts, axis=0)


def _words(text: str, width: int) -> Image:
    """Dark words on white, (LABEL, width, 3)."""
    strip = np.full((LABEL, width, 3), 255, np.uint8)
    cv2.putText(strip, text, (4, LABEL - 7), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (40, 40, 40), 1, cv2.LINE_AA)
    return strip


def write_evaluation(folder: Path, split: str, found: Evaluation, facts: dict[str, Any]) -> dict[str, Path]:
    """Write <split>.png, <split>.jsonl (the colorizer's numbers of every panel) and, last, <split>.json."""
    files = {kind: folder / f"{split}.{kind}" for kind in ("png", "jsonl", "json")}
    write_atomic(files["png"], encode_png(found.picture))
    write_atomic(files["jsonl"], jsonl_bytes(panel_row(panel) for panel in found.panels))
    write_json(files["json"], {"split": split, "panels": len(found.panels), **facts, **found.document})
    return files


def panel_row(panel: Panel) -> dict[str, Any]:
    """One panel flat, for tables: id, psnr, psnr_off_line, ..., colourfulness_ratio, background_consistency."""
    means = mean_scores([panel.model])
    row: dict[str, Any] = {"id": panel.id}
    for subset in SUBSETS:
        for name in MEASURES if means[subset] else ():
            row[name if subset == "all" else f"{name}_{subset}"] = means[subset][name]
    return row | {name: means[name] for name in ("colourfulness_ratio", "background_consistency")}
