"""How good a trained colorizer is on pairs it never saw, beside baselines measured on the very same panels."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from comicdata.errors import UsageError
from comicdata.files import json_bytes, jsonl_bytes
from comicdata.flats.hints import Hint, hints_on, paint_hints
from comicdata.images import Image, encode_png, read_image
from comicdata.models.colorize.chosen import PaletteColorizer
from comicdata.models.colorize.colorizer import Colorizer
from comicdata.models.colorize.references import Reference
from comicdata.models.colorize.wishes import Style, Wishes
from comicdata.models.data.pairs import PairDataset
from comicdata.models.evaluate.baselines import Baselines
from comicdata.models.evaluate.comparison import draw_rows
from comicdata.models.evaluate.differences import standard_errors
from comicdata.models.evaluate.hint_fidelity import COUNTS, Errors, choose_dots, mean_hints, measure_hints
from comicdata.models.evaluate.metrics import Mask
from comicdata.models.evaluate.moods import MOODS, Found, mean_mood, mean_moods, measure_moods
from comicdata.models.evaluate.perceptual import Perceptual
from comicdata.models.evaluate.references import Worth, choose_references, mean_worth, reachable
from comicdata.models.evaluate.scores import Judge, Made, Panel, panel_row, score_panel, summarise
from comicdata.outputs import Outputs, mark
from comicdata.records import spread

WORKERS = 2
AT_ONCE = 8  # panels painted together
SHOWN = 2  # panels each of best, median and worst
SHEET = (1, 4, 16)  # hints of the windows in the picture
HINTED = 64  # at most so many panels are coloured again with hints, moods and references

Progress = Callable[[str, int, int], None]  # what is done to pictures, to how many, of how many


@dataclass(frozen=True)
class Evaluation:
    """What was found: `document` is the public one; `panels` in the order of the manifest; `picture` best to worst;
    `windows` is how many the split has.
    """

    document: dict[str, Any]
    panels: list[Panel]
    picture: Image
    windows: int


class Ground:
    """The pairs to measure on and those that were trained on, read once for all colorizers that are measured on them.

    UsageError where the split, or that of training, which the baselines need, has no pairs of this size and outline.
    """

    def __init__(self, pairs: Path, split: str, size: int, outline: str) -> None:
        self.test = PairDataset(pairs, split, size, outline)
        self.test.require_rows()
        self.train = PairDataset(pairs, "train", size, outline, cache_bytes=0)
        self.train.require_rows()
        self._baselines: Baselines | None = None

    def baselines(self, on_progress: Progress) -> Baselines:
        """Looks through the training pairs when it is asked first."""
        if self._baselines is None:
            count = len(self.train)
            self._baselines = Baselines(self.train, lambda done: on_progress("training pairs", done, count))
        return self._baselines


class _Contest:
    """A colorizer, the baselines, and the pairs that all of them paint."""

    def __init__(
        self,
        colorizer: Colorizer,
        ground: Ground,
        indices: list[int],
        wishes: Wishes,
        *,
        hints: bool,
        references: bool,
        on_progress: Progress,
    ) -> None:
        self.colorizer = colorizer
        self.test = ground.test
        self.wishes = wishes
        self.hints = hints
        self.references = references
        self.known: dict[int, Reference] = {}
        self.some = {indices[at] for at in spread(len(indices), HINTED)}  # coloured again
        self.made, self.on_progress = 0, on_progress
        self.planned = self._count(indices)
        self.baselines = ground.baselines(on_progress)
        self.neighbours = self.baselines.find_nearest(self.test, indices)

    def _count(self, indices: Sequence[int]) -> int:
        """How many pictures the colorizer will make at most; fewer where a window is all ink."""
        hints, moods = self.hints, "moods" in self.colorizer.heeds
        again = len(COUNTS) * hints + len(MOODS) * (hints and moods)
        shown = min(3 * SHOWN, len(indices)) * (1 + len(SHEET) * hints + moods)
        worth = sum(len(choose_references(self.test, index)) for index in self.some) if self.references else 0
        return len(indices) + len(self.some) * again + shown + worth

    def _tell(self, count: int = 1) -> None:
        self.made += count
        self.on_progress("colouring", self.made, self.planned)

    def finish(self) -> None:
        """Nothing is left to make."""
        self._tell(self.planned - self.made)

    def paint(self, few: Sequence[int]) -> list[Made]:
        """What everybody makes of some pairs."""
        outlines = [self.test.outline(index) for index in few]
        own = self.colorizer.colorize_many(outlines, self.wishes)
        self._tell(len(few))
        rivals = (
            self.baselines.paint(outline, self.test.color(index), self.neighbours[index])
            for index, outline in zip(few, outlines, strict=True)
        )
        return [{"model": picture, **others} for picture, others in zip(own, rivals, strict=True)]

    def with_hints(self, outline: Image, hints: Sequence[Hint]) -> Image:
        return self._again(outline, replace(self.wishes, hints=hints))

    def _again(self, outline: Image, wishes: Wishes) -> Image:
        made = self.colorizer.colorize(outline, wishes)
        self._tell()
        return made

    def hint_errors(self, index: int, plain: Image) -> Errors:
        test = self.test
        return measure_hints(self.with_hints, plain, test.outline(index), test.color(index), test.rows[index].id)

    def mood_errors(self, index: int, plain: Image) -> Found:
        """Of a colorizer that heeds moods; a panel of another episode, half of the split away, is the other picture."""
        assert isinstance(self.colorizer, PaletteColorizer)
        test = self.test
        after = [(index + len(test) // 2 + step) % len(test) for step in range(len(test))]
        other = next((one for one in after if self._is_apart(one, index)), index)
        pictures = (test.outline(index), test.color(index), test.color(other))
        return measure_moods(self.with_moods, self.colorizer.palette, pictures, plain)

    def with_moods(self, outline: Image, moods: Sequence[Image]) -> Image:
        return self._again(outline, replace(self.wishes, moods=moods))

    def reference_worth(self, index: int, background: Mask | None) -> Worth:
        """Of a colorizer that learned from references, shown none, some of the split, and the truth itself."""
        test, found = self.test, Worth()
        outline, truth = test.outline(index), test.color(index)
        judge = Judge(outline, truth, background)
        for name, chosen in choose_references(test, index).items():
            shown = [(test.outline(one), test.color(one)) for one in chosen]
            known = [self.reference(one) for one in chosen]
            made = self._again(outline, replace(self.wishes, references=known, near_copies=True))
            whole, *part = judge.scores(made, [None, *([reachable(truth, shown)] if shown else [])])
            found[name] = whole, part[0] if part else None
        return found

    def reference(self, index: int) -> Reference:
        """What is kept of a pair, which is looked at once for all that it is shown to."""
        if index not in self.known:
            assert isinstance(self.colorizer, PaletteColorizer)
            self.known[index] = self.colorizer.reference(self.test.color(index), self.test.outline(index))
        return self.known[index]

    def _is_apart(self, one: int, other: int) -> bool:
        """Whether two pairs are of different episodes."""
        return self.test.rows[one].episode_id != self.test.rows[other].episode_id

    def row(self, index: int, made: Made) -> Made:
        """The pictures of one pair, those with hints among them, where dots lie on the outline."""
        outline, truth = self.test.outline(index), self.test.color(index)
        row = made | {"truth": truth}
        if self.hints:
            hints = choose_dots(outline, truth, self.test.rows[index].id)[: max(SHEET)]
            row["outline_copy"] = hints_on(outline, paint_hints(hints, *outline.shape))
            row |= {f"hinted_{count}": self.with_hints(outline, hints[:count]) for count in SHEET}
        if "moods" in self.colorizer.heeds and (mood := mean_mood(outline, truth)) is not None:
            row["mood"] = self.with_moods(outline, [mood])
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
    references: bool = True,
    eyes: Perceptual | None = None,
    ground: Ground | None = None,
    on_progress: Progress = lambda what, done, total: None,
) -> Evaluation:
    """Measure a colorizer and the baselines on the pairs of a split, at the size and outline it was trained on.

    `masks`: a folder of <pair id>.png, white on the background; without one for a pair its foreground and background
    are unknown. `limit`: so many panels, evenly spread. `hints`, `references`: measure a colorizer that takes them with
    some, too.
    `style`: of models that have several. `eyes`: for LPIPS, KID and FID. `ground`: these pairs, where they were read
    for another colorizer before. Deterministic for a given `seed`. UsageError as `Ground`, or when a mask does not fit.
    """
    ground = ground or Ground(pairs, split, colorizer.size, colorizer.outline)
    test = ground.test
    indices = spread(len(test), limit or len(test))
    grounds = read_masks(masks, test, indices)
    contest = _Contest(
        colorizer,
        ground,
        indices,
        Wishes(seed, style=style),
        hints=hints and colorizer.takes_hints,
        references=references and "references" in colorizer.heeds,
        on_progress=on_progress,
    )
    panels: list[Panel] = []
    errors: list[Errors] = []
    moods: list[Found] = []
    worth: list[Worth] = []
    whole = {test.rows[index].id: test.rows[index].panel_id for index in indices}
    for panel in _measured(contest, indices, grounds, eyes, (errors, moods, worth)):
        panels.append(replace(panel, panel=whole[panel.id]))
    document = summarise(panels, eyes) | ({"hints": mean_hints(errors)} if errors else {})
    document |= {"mood": mean_moods(moods)} if moods else {}
    document |= {"references": mean_worth(worth)} if worth else {}
    document |= {"masks": {"windows": len(grounds)}} if masks else {}
    document["errors"] = standard_errors(panels)
    picture = _picture(contest, indices, panels)
    contest.finish()
    return Evaluation(document, panels, picture, len(test))


def _measured(
    contest: _Contest,
    indices: Sequence[int],
    grounds: Mapping[int, Mask],
    eyes: Perceptual | None,
    again: tuple[list[Errors], list[Found], list[Worth]],
) -> Iterator[Panel]:
    """Panels one after the other; the network goes on while threads measure what it made. What is found when some are
    coloured again goes into `again`: with hints, with moods, with references.
    """
    errors, moods, worth = again
    waiting: deque[Future[Panel]] = deque()
    test = contest.test
    with ThreadPoolExecutor(WORKERS) as pool:
        for start in range(0, len(indices), AT_ONCE):
            few = indices[start : start + AT_ONCE]
            for index, made in zip(few, contest.paint(few), strict=True):
                outline, truth, name = test.outline(index), test.color(index), test.rows[index].id
                if index in contest.some and contest.references:
                    worth.append(contest.reference_worth(index, grounds.get(index)))
                if index in contest.some and contest.hints and (plain := made["model"]) is not None:
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


def evaluation_name(
    split: str, *, style: Style | None = None, limit: int | None = None, hints: bool = True, references: bool = True
) -> str:
    """What the files of an evaluation are called: the split, and what makes it another one than that of all windows, in
    the style of the run, with all that is measured (test-limit-12, test-soft), so that none is written over by less.
    """
    left = {f"limit-{limit}": limit is not None, "no-hints": not hints, "no-references": not references}
    return "-".join([split, *([style] if style else []), *(part for part, is_left in left.items() if is_left)])


def evaluation_names(name: str) -> list[str]:
    """The files of an evaluation of this name, in the order in which they are written."""
    return [f"{name}.{kind}" for kind in ("png", "jsonl", "json")]


def write_evaluation(folder: Path, name: str, found: Evaluation, facts: dict[str, Any], run: str = "") -> None:
    """Write <name>.png, <name>.jsonl (the colorizer's numbers of every window) and, last, <name>.json.

    One that somebody changed since is kept: PartialError, once the others are written.
    """
    document = {**facts, "panels": len(found.panels), "split_windows": found.windows, **found.document}
    parts = (
        encode_png(found.picture, mark(run)),
        jsonl_bytes(panel_row(panel) for panel in found.panels),
        json_bytes(document),
    )
    Outputs(folder, "evaluate").write_all(zip(evaluation_names(name), parts, strict=True))
