"""How good a trained colorizer is on pairs it never saw, beside baselines measured on the very same panels."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from comicdata.errors import UsageError
from comicdata.files import json_bytes, jsonl_bytes
from comicdata.flats.hints import Hint, hints_on, paint_hints
from comicdata.images import Image, encode_png, read_image
from comicdata.models.colorize.chosen import PaletteColorizer
from comicdata.models.colorize.colorizer import Colorizer
from comicdata.models.colorize.wishes import Style, Wishes
from comicdata.models.data.pairs import PairDataset
from comicdata.models.evaluate.baselines import NAMES, Baselines
from comicdata.models.evaluate.comparison import draw_rows
from comicdata.models.evaluate.differences import standard_errors
from comicdata.models.evaluate.hint_fidelity import Errors, choose_dots, mean_hints, measure_hints
from comicdata.models.evaluate.lab import de2000_map, lab_of
from comicdata.models.evaluate.metrics import (
    Mask,
    background_consistency,
    colourfulness,
    flat_regions,
    l1,
    mean_of_finite,
    mean_under,
    off_line,
    psnr,
    ssim_map,
    windows_of,
)
from comicdata.models.evaluate.moods import Found, mean_moods, measure_moods
from comicdata.models.evaluate.perceptual import Perceptual
from comicdata.outputs import Outputs, mark
from comicdata.records import spread

SUBSETS = ("all", "off_line", "figures", "foreground", "background")
MEASURES = ("l1", "psnr", "ssim", "de2000", "within10")
WITHIN = 10  # CIEDE2000: a colour at most so far off is called the same
WORKERS = 2
AT_ONCE = 8  # panels painted together
SHOWN = 2  # panels each of best, median and worst
HINTED = 64  # at most so many panels are coloured again with hints

Subset = dict[str, float]
Made = dict[str, Image | None]  # colourings of one pair, by who made them


@dataclass(frozen=True)
class Scores:
    """One colouring of one panel. `subsets` by name, without those that are unknown; any number may be nan or inf.

    `colourfulness` is of the output and of the truth; `lpips` is None without weights for it.
    """

    subsets: dict[str, Subset]
    colourfulness: tuple[float, float]
    background_consistency: float
    lpips: float | None = None


@dataclass(frozen=True)
class Panel:
    """The scores of one pair: of the colorizer, and of every baseline that has a picture for it. `panel` is the id of
    the panel that the pair is a window of.
    """

    id: str
    model: Scores
    baselines: dict[str, Scores]
    panel: str = ""


@dataclass(frozen=True)
class Evaluation:
    """What was found: `document` is the public one; `panels` in the order of the manifest; `picture` best to worst."""

    document: dict[str, Any]
    panels: list[Panel]
    picture: Image


class _Contest:
    """A colorizer, the baselines, and the pairs that all of them paint."""

    def __init__(
        self,
        colorizer: Colorizer,
        test: PairDataset,
        train: PairDataset,
        indices: list[int],
        wishes: Wishes,
        *,
        hints: bool,
    ) -> None:
        self.colorizer = colorizer
        self.test = test
        self.wishes = wishes
        self.hints = hints
        self.baselines = Baselines(train)
        self.neighbours = self.baselines.find_nearest(test, indices)

    def paint(self, few: Sequence[int]) -> list[Made]:
        """What everybody makes of some pairs."""
        outlines = [self.test.outline(index) for index in few]
        own = self.colorizer.colorize_many(outlines, self.wishes)
        rivals = (
            self.baselines.paint(outline, self.test.color(index), self.neighbours[index])
            for index, outline in zip(few, outlines, strict=True)
        )
        return [{"model": picture, **others} for picture, others in zip(own, rivals, strict=True)]

    def with_hints(self, outline: Image, hints: Sequence[Hint]) -> Image:
        return self.colorizer.colorize(outline, replace(self.wishes, hints=hints))

    def hint_errors(self, index: int, plain: Image) -> Errors:
        test = self.test
        return measure_hints(self.with_hints, plain, test.outline(index), test.color(index), test.rows[index].id)

    def mood_errors(self, index: int, plain: Image) -> Found:
        """Of a colorizer that heeds moods; another panel of the split is the other picture."""
        assert isinstance(self.colorizer, PaletteColorizer)
        test = self.test
        other = next((one for one in range(index - 1, index - len(test), -1) if self._is_apart(one, index)), index)
        pictures = (test.outline(index), test.color(index), test.color(other))

        def with_moods(outline: Image, moods: Sequence[Image]) -> Image:
            return self.colorizer.colorize(outline, replace(self.wishes, moods=moods))

        return measure_moods(with_moods, self.colorizer.palette, pictures, plain)

    def _is_apart(self, one: int, other: int) -> bool:
        """Whether two pairs are of different episodes."""
        return self.test.rows[one].episode_id != self.test.rows[other].episode_id

    def row(self, index: int, made: Made) -> Made:
        """The pictures of one pair, those with hints among them, where dots lie on the outline."""
        outline, truth = self.test.outline(index), self.test.color(index)
        row = made | {"truth": truth}
        if self.hints:
            hints = choose_dots(outline, truth, self.test.rows[index].id)
            dotted = hints_on(outline, paint_hints(hints, *outline.shape))
            row |= {"outline_copy": dotted, "hinted": self.with_hints(outline, hints)}
        return row


def evaluate(
    colorizer: Colorizer,
    pairs: Path,
    split: str,
    *,
    masks: Path | None = None,
    limit: int | None = None,
    seed: int = 0,
    style: Style | None = None,
    hints: bool = True,
    eyes: Perceptual | None = None,
    on_panel: Callable[[int, int], None] = lambda done, total: None,
) -> Evaluation:
    """Measure a colorizer and the baselines on the pairs of a split, at the size and outline it was trained on.

    `masks`: a folder of <pair id>.png, white on the background; without one for a pair its foreground and background
    are unknown. `limit`: so many panels, evenly spread. `hints`: measure a colorizer that takes hints with some, too.
    `style`: of models that have several. `eyes`: for LPIPS, KID and FID. Deterministic for a given `seed`. UsageError
    without pairs, without pairs to train on (the baselines need them), or when a mask does not fit.
    """
    test = PairDataset(pairs, split, colorizer.size, colorizer.outline)
    test.require_rows()
    train = PairDataset(pairs, "train", colorizer.size, colorizer.outline, cache_bytes=0)
    train.require_rows()
    indices = spread(len(test), limit or len(test))
    grounds = read_masks(masks, test, indices)
    contest = _Contest(
        colorizer, test, train, indices, Wishes(seed, style=style), hints=hints and colorizer.takes_hints
    )
    panels: list[Panel] = []
    errors: list[Errors] = []
    moods: list[Found] = []
    whole = {test.rows[index].id: test.rows[index].panel_id for index in indices}
    for panel in _measured(contest, indices, grounds, eyes, errors, moods):
        panels.append(replace(panel, panel=whole[panel.id]))
        on_panel(len(panels), len(indices))
    document = summarise(panels, eyes) | ({"hints": mean_hints(errors)} if errors else {})
    document |= {"mood": mean_moods(moods)} if moods else {}
    document["errors"] = standard_errors(panels)
    return Evaluation(document, panels, _picture(contest, indices, panels))


def _measured(
    contest: _Contest,
    indices: Sequence[int],
    grounds: Mapping[int, Mask],
    eyes: Perceptual | None,
    errors: list[Errors],
    moods: list[Found],
) -> Iterator[Panel]:
    """Panels one after the other; the network goes on while threads measure what it made. Errors with hints go into
    `errors`, those with moods into `moods`.
    """
    waiting: deque[Future[Panel]] = deque()
    test = contest.test
    hinted = {indices[at] for at in spread(len(indices), HINTED)} if contest.hints else set()
    with ThreadPoolExecutor(WORKERS) as pool:
        for start in range(0, len(indices), AT_ONCE):
            few = indices[start : start + AT_ONCE]
            for index, made in zip(few, contest.paint(few), strict=True):
                outline, truth, name = test.outline(index), test.color(index), test.rows[index].id
                if index in hinted and (plain := made["model"]) is not None:
                    errors.append(contest.hint_errors(index, plain))
                    if isinstance(contest.colorizer, PaletteColorizer):
                        moods.append(contest.mood_errors(index, plain))
                seen = {} if eyes is None else eyes.look(made, truth)
                waiting.append(pool.submit(score_panel, name, made, outline, truth, grounds.get(index), seen))
            while len(waiting) > AT_ONCE:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _picture(contest: _Contest, indices: Sequence[int], panels: Sequence[Panel]) -> Image:
    """The best, median and worst panels."""
    shown = [(words, indices[at]) for words, at in choose_shown(panels)]
    made = contest.paint([index for _, index in shown]) if shown else []
    return draw_rows(
        [
            (f"{words}: {contest.test.rows[index].id}", contest.row(index, one))
            for (words, index), one in zip(shown, made, strict=True)
        ]
    )


def score_panel(
    name: str,
    made: Made,
    outline: Image,
    truth: Image,
    background: Mask | None,
    distances: Mapping[str, float] = MappingProxyType({}),
) -> Panel:
    """Measure every colouring of one pair; `made` has "model" and the baselines, None where there is no picture.

    `distances`: LPIPS by the same names, where it is known.
    """
    paper = off_line(outline)
    subsets: dict[str, Mask | None] = {"all": None, "off_line": paper}
    if background is not None:
        subsets |= {"figures": ~background & paper, "foreground": ~background, "background": background}
    truth_lab, truth_windows = lab_of(truth), windows_of(truth)
    regions = flat_regions(truth, truth_lab, paper if background is None else paper & background)
    truth_colour = colourfulness(truth)

    def score(method: str, output: Image) -> Scores:
        output_lab = lab_of(output)
        similar, different = ssim_map(windows_of(output), truth_windows), de2000_map(output_lab, truth_lab)
        close = (different <= WITHIN).astype(np.float32)
        return Scores(
            {
                subset: {
                    "l1": l1(output, truth, mask),
                    "psnr": psnr(output, truth, mask),
                    "ssim": mean_under(similar, mask),
                    "de2000": mean_under(different, mask),
                    "within10": mean_under(close, mask),
                }
                for subset, mask in subsets.items()
            },
            (colourfulness(output), truth_colour),
            background_consistency(output_lab, regions),
            distances.get(method),
        )

    scores = {method: score(method, output) for method, output in made.items() if output is not None}
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


def summarise(panels: Sequence[Panel], eyes: Perceptual | None = None) -> dict[str, Any]:
    """The public document: means over panels of the model and of every baseline, and what `eyes` found in all."""

    def means(name: str, scores: Sequence[Scores]) -> dict[str, Any]:
        return mean_scores(scores) | ({} if eyes is None else eyes.distances(name))

    every = {name: [panel.baselines[name] for panel in panels if name in panel.baselines] for name in NAMES}
    return {
        "model": means("model", [panel.model for panel in panels]),
        "baselines": {name: means(name, scores) for name, scores in every.items()},
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
    distances = [one.lpips for one in scores if one.lpips is not None]
    return means | ({"lpips": mean_of_finite(distances)} if distances else {})


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


def evaluation_names(split: str) -> list[str]:
    """The files of an evaluation, in the order in which they are written."""
    return [f"{split}.{kind}" for kind in ("png", "jsonl", "json")]


def write_evaluation(
    folder: Path, split: str, found: Evaluation, facts: dict[str, Any], run: str = ""
) -> dict[str, Path]:
    """Write <split>.png, <split>.jsonl (the colorizer's numbers of every panel) and, last, <split>.json.

    One that somebody changed since is kept: PartialError, once the others are written.
    """
    outputs = Outputs(folder, "evaluate")
    document = {"split": split, "panels": len(found.panels), **facts, **found.document}
    parts = (
        encode_png(found.picture, mark(run)),
        jsonl_bytes(panel_row(panel) for panel in found.panels),
        json_bytes(document),
    )
    outputs.write_all(zip(evaluation_names(split), parts, strict=True))
    return {kind: folder / f"{split}.{kind}" for kind in ("png", "jsonl", "json")}


def panel_row(panel: Panel) -> dict[str, Any]:
    """One panel flat, for tables: id, psnr, psnr_off_line, ..., colourfulness_ratio, background_consistency."""
    means = mean_scores([panel.model])
    row: dict[str, Any] = {"id": panel.id}
    for subset in SUBSETS:
        for name in MEASURES if means[subset] else ():
            row[name if subset == "all" else f"{name}_{subset}"] = means[subset][name]
    return row | {
        name: means[name] for name in ("colourfulness_ratio", "background_consistency", "lpips") if name in means
    }
