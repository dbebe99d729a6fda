"""`comicdata evaluate`: how good a run is, beside the baselines it has to beat, and beside other runs."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import click

from comicdata.cli.colorize import STYLE
from comicdata.cli.front import LARGEST_SEED, Front, command
from comicdata.cli.html.scores import (
    COLUMNS,
    DIFFERENCE_COLUMNS,
    HINT_COLUMNS,
    MOOD_COLUMNS,
    REFERENCE_COLUMNS,
    difference_rows,
    hint_rows,
    hint_title,
    mask_note,
    measured_words,
    mood_rows,
    reference_rows,
    score_rows,
    verdict,
)
from comicdata.errors import PartialError, UsageError

MOST_FOLDERS = 100  # of evaluations in one run
MEMORY = "while measuring; take --device cpu where this was a GPU, or end what else uses the memory"


@command(
    writes=True, example="comicdata evaluate out/run --pairs out/pairs --split test", goes_on=lambda options: False
)
@click.argument("runs", metavar="RUN [OTHER]...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--pairs", required=True, type=click.Path(path_type=Path), help="A pairs folder or its manifest.parquet.")
@click.option(
    "--split", type=click.Choice(["test", "validation", "train"]), default="test", help="Whose windows to measure on."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    help="RUN/evaluation by default; of several runs one folder each in it.",
)
@click.option(
    "--masks",
    type=click.Path(path_type=Path),
    default=None,
    help="A folder of ID.png, one per pair, white on the background.",
)
@click.option(
    "--feature-weights",
    type=click.Path(path_type=Path),
    default=None,
    help="VGG16 (safetensors, the file of train --vgg-weights): adds KID and FID of its features.",
)
@click.option(
    "--lpips-weights",
    type=click.Path(path_type=Path),
    default=None,
    help="lin0 to lin4 of LPIPS-VGG (safetensors), with VGG16 in it or in --feature-weights: adds LPIPS.",
)
@click.option("--style", type=click.Choice(["flats", "soft"]), default=None, help=STYLE)
@click.option("--hints/--no-hints", default=True, help="Also measure a RUN trained with hints with some; slower.")
@click.option(
    "--references/--no-references",
    default=True,
    help="Also measure a RUN that learned from references with some; slower.",
)
@click.option("--limit", type=click.IntRange(1), default=None, help="So many windows, evenly spread; all by default.")
@click.option("--seed", type=click.IntRange(0, LARGEST_SEED), default=0, help="Same seed, same colours.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", help="auto: CUDA when present.")
def evaluate(front: Front, runs: tuple[Path, ...], pairs: Path, split: str, out: Path | None, **options: Any) -> Any:
    """Measure RUN on pairs it never saw, beside baselines on the same pairs: the outline as it is, the mean colour, the
    nearest window of the training split, and as a ceiling the truth at an eighth of its size.

    L1 is on the scale [-1, 1]; within 10 is the share of the area whose colour is within CIEDE2000 10 of the truth's;
    figures are the foreground off the lines; the colour ratio is colourfulness over that of the truth; flat spread is
    how much colours vary (CIELAB) where the truth has one: 0 is even. A RUN trained with hints also colours with 1, 4,
    16 and 64 dots of the truth, one of palette with moods; one that learned from references with 1, 3 and 5 panels of
    the series, of another one, and the truth. docs/evaluate.md explains every figure.

    With OTHER runs of the same pairs: every figure with its standard error over panels, and how far each OTHER is above
    RUN, window by window.

    Writes SPLIT.json, SPLIT.jsonl (every window) and SPLIT.png: the best, median and worst windows. What --limit,
    --no-hints, --no-references and --style leave out or change stands in the name (test-limit-40.json), so that no part
    is ever written over a whole.
    """
    from comicdata.models.evaluate.contest import Ground, evaluation_name

    parts = {part: options[part] for part in ("style", "limit", "hints", "references")}
    name = evaluation_name(split, **parts)
    folders = _folders(front, runs, name, out)
    _check_alike(runs)
    jobs = [_Job(front, run, pairs, split, folder, name, options) for run, folder in zip(runs, folders, strict=True)]
    colorizers, sources = zip(*(job.check() for job in jobs), strict=True)
    _check_sizes(runs, colorizers)
    ground = Ground(pairs, split, colorizers[0].size, colorizers[0].outline)
    if front.dry_run:
        for job in jobs:
            front.say(f"would measure {job.run} on the split {split} of {pairs} and write {job.folder / name}.json")
        places = [{"run": job.run.as_posix(), "split": split, "out": job.folder.as_posix()} for job in jobs]
        return places[0] if len(places) == 1 else {"runs": places}
    loaded = zip(jobs, colorizers, sources, strict=True)
    found = [job.measure(colorizer, source, ground) for job, colorizer, source in loaded]
    return found[0].document if len(found) == 1 else _compare(front, runs, found)


@dataclass(frozen=True)
class _Job:
    """One run to measure, where its files go, and what they are called."""

    front: Front
    run: Path
    pairs: Path
    split: str
    folder: Path
    name: str
    options: dict[str, Any]

    def check(self) -> tuple[Any, dict[str, Any]]:
        """The colorizer, and what tells its weights from others; UsageError when something stands where its files go,
        or there are no weights.
        """
        from comicdata.models.colorize import Wishes, load_colorizer
        from comicdata.models.evaluate.contest import evaluation_names
        from comicdata.models.memory import memory_errors
        from comicdata.models.runs.checkpoint import headers
        from comicdata.models.runs.records import weights_hashes
        from comicdata.outputs import Outputs, Reads
        from comicdata.pairs.manifest import pairs_folder

        weights = (self.options[name] for name in ("masks", "feature_weights", "lpips_weights"))
        reads = Reads(path for path in (self.run, pairs_folder(self.pairs), *weights) if path)
        Outputs(self.folder, "evaluate").check(evaluation_names(self.name), reads)
        with memory_errors(MEMORY):
            colorizer = load_colorizer(self.run, self.options["device"])
        colorizer.check(Wishes(style=self.options["style"]))
        images = {stage: header.get("images") for stage, header in headers(self.run).items()}
        return colorizer, {"weights_sha256": weights_hashes(self.run), "images": images}

    def measure(self, colorizer: Any, source: dict[str, Any], ground: Any) -> Any:
        """Measure, write and show; the Evaluation."""
        from comicdata.models.evaluate import evaluate as measure
        from comicdata.models.evaluate.contest import write_evaluation
        from comicdata.models.evaluate.perceptual import Perceptual
        from comicdata.models.memory import memory_errors

        front, rest = self.front, dict(self.options)
        sees, lpips, device = (rest.pop(name) for name in ("feature_weights", "lpips_weights", "device"))
        _warn(front, self.run, ground.test.data_hash, self.split)
        with memory_errors(MEMORY), front.bars("pictures") as add:
            eyes = Perceptual(sees, lpips, device) if sees or lpips else None
            bar = cache(lambda what, total: add(f"evaluate {self.run}: {what}", total))

            def on_progress(what: str, done: int, total: int) -> None:
                bar(what, total)(done)

            rest |= {"eyes": eyes, "ground": ground, "on_progress": on_progress}
            found = measure(colorizer, self.pairs, self.split, **rest)
        facts = {"split": self.split, "model_name": colorizer.config["model"]}
        facts |= {"size": colorizer.size, "outline": colorizer.outline}
        facts |= {"style": self.options["style"] or colorizer.style} if colorizer.styles else {}
        facts |= {"seed": self.options["seed"], **source, "data_hash": ground.test.data_hash}
        try:
            write_evaluation(self.folder, self.name, found, facts, self.run.resolve().name)
        except PartialError as error:
            front.warn(f"failed: {error}")
            front.status = error.status
        _show(front, self, facts, found)
        return found


def _show(front: Front, job: _Job, facts: dict[str, Any], found: Any) -> None:
    """The table of one run, and what it means."""
    panels, document = len(found.panels), found.document
    if note := mask_note(document, panels):
        front.warn(note)
    title = f"{job.run} on {measured_words(facts, panels, found.windows)}"
    front.table(title, COLUMNS, score_rows(found.document))
    if hints := found.document.get("hints"):
        front.table(hint_title(hints), HINT_COLUMNS, hint_rows(hints["counts"]))
    if moods := found.document.get("mood"):
        front.table("CIEDE2000 with a mood", MOOD_COLUMNS, mood_rows(moods))
    if references := found.document.get("references"):
        front.table("CIEDE2000 with references", REFERENCE_COLUMNS, reference_rows(references))
    front.say(verdict(found.document))
    if job.options["feature_weights"] and found.document["model"]["fid_vgg16"] is None:
        front.say("no FID: it needs more windows than VGG16 has features (512); KID needs only two, and is unbiased")
    place = job.folder / job.name
    front.say(f"written: {place}.json, .jsonl (every window) and .png (the best, median and worst windows)")


def _compare(front: Front, runs: Sequence[Path], found: Sequence[Any]) -> dict[str, Any]:
    """Every other run against the first."""
    from comicdata.models.evaluate import differences

    first, names = found[0], [run.as_posix() for run in runs]
    apart = {name: differences(first.panels, other.panels) for name, other in zip(names[1:], found[1:], strict=True)}
    panels = len({one.panel for one in first.panels})
    for name, other in zip(names[1:], found[1:], strict=True):
        title = f"{name} (other) above {names[0]} (first), on {len(first.panels)} windows of {panels} panels"
        rows = difference_rows(first.document, other.document, apart[name])
        front.table(title, DIFFERENCE_COLUMNS, rows)
    front.say("± is the standard error over panels; better, worse: of other, by more than twice the error")
    return {
        "runs": {name: one.document for name, one in zip(names, found, strict=True)},
        "differences": apart,
    }


def _folders(front: Front, runs: Sequence[Path], name: str, out: Path | None) -> list[Path]:
    """Where the files of each go; UsageError when a file of weights has no folder of its own, or two share one."""
    if len({run.resolve() for run in runs}) < len(runs):
        raise UsageError(f"{runs[-1]}: the same run twice; name runs that differ")
    if out is None and (file := next((run for run in runs if run.is_file()), None)):
        raise UsageError(f"{file}: a file of weights has no folder for its evaluation; say where it goes with --out")
    if out is None:
        return [_free(front, run, name) for run in runs]
    if len(runs) == 1:
        return [out]
    called = [run.resolve().name for run in runs]
    if len(set(called)) < len(called):
        raise UsageError(f"--out {out}: several runs are called {max(called, key=called.count)}; leave --out away")
    return [out / one for one in called]


def _free(front: Front, run: Path, name: str) -> Path:
    """RUN/evaluation; where something lies that no list names, as 0.1.0 left its own, the next folder without that."""
    from comicdata.models.evaluate.contest import evaluation_names
    from comicdata.outputs import read_list, refuse_links

    first = run / "evaluation"
    refuse_links([first])
    for folder in (first, *(run / f"evaluation-{number}" for number in range(2, MOST_FOLDERS))):
        entries = read_list(folder) if folder.is_dir() else {}
        there = [file for file in evaluation_names(name) if os.path.lexists(folder / file)]
        if all(entries.get(file, {}).get("command") == "evaluate" for file in there):
            if folder != first:
                front.warn(f"{first}: has files that evaluate did not list; they stay, and {folder} is written")
            return folder
    return first


def _check_alike(runs: Sequence[Path]) -> None:
    """UsageError when runs to compare were trained on other pairs, or on other splits of them."""
    from comicdata.models.runs.checkpoint import trained_on

    for other in runs[1:]:
        if trained_on(other) != trained_on(runs[0]):
            raise UsageError(
                f"{other}: trained on other pairs, or another split of them, than {runs[0]}; only runs of the same can "
                "be compared"
            )


def _check_sizes(runs: Sequence[Path], colorizers: Sequence[Any]) -> None:
    """UsageError when runs to compare see other windows."""
    first = colorizers[0]
    for run, other in zip(runs[1:], colorizers[1:], strict=True):
        if (other.size, other.outline) != (first.size, first.outline):
            raise UsageError(
                f"{run}: of size {other.size} and outline {other.outline}, but {runs[0]} has {first.size} and "
                f"{first.outline}; only runs that colour the same windows can be compared"
            )


def _warn(front: Front, run: Path, data_hash: str, split: str) -> None:
    """Say what makes the numbers look better than they are."""
    from comicdata.models.runs.checkpoint import trained_on

    if split == "train":
        front.warn("the split train: these windows were trained on; only test tells how good the colorizer is")
    elif trained_on(run) != {data_hash}:
        front.warn(f"{run} was trained on other pairs, or they changed since: it may have seen some of these windows")


command_ = evaluate
