"""`comicdata evaluate`: how good a run is, beside the baselines it has to beat."""

from pathlib import Path
from typing import Any

import click

from comicdata.cli.colorize import STYLE, check_style
from comicdata.cli.front import LARGEST_SEED, Front, command
from comicdata.cli.html.scores import COLUMNS, HINT_COLUMNS, hint_rows, hint_title, score_rows, verdict
from comicdata.errors import PartialError, UsageError

MEMORY = "while measuring; take --device cpu where this was a GPU, or end what else uses the memory"


@command(writes=True, example="comicdata evaluate out/run --pairs out/pairs --split test")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--pairs", required=True, type=click.Path(path_type=Path), help="A pairs folder or its manifest.parquet.")
@click.option(
    "--split", type=click.Choice(["test", "validation", "train"]), default="test", help="Which pairs to measure on."
)
@click.option("--out", type=click.Path(path_type=Path), default=None, help="RUN/evaluation by default.")
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
@click.option("--limit", type=click.IntRange(1), default=None, help="So many pairs, evenly spread; all by default.")
@click.option("--seed", type=click.IntRange(0, LARGEST_SEED), default=0, help="Same seed, same colours.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", help="auto: CUDA when present.")
def evaluate(
    front: Front,
    run: Path,
    pairs: Path,
    split: str,
    out: Path | None,
    device: str,
    feature_weights: Path | None,
    lpips_weights: Path | None,
    **options: Any,
) -> Any:
    """Measure RUN on pairs it never saw, beside baselines on the same pairs: the outline as it is, the mean colour, the
    nearest panel of the training split, and as a ceiling the truth at an eighth of its size.

    L1 is on the scale [-1, 1]; the colour ratio is colourfulness over that of the truth; flat spread is how much
    colours vary (CIELAB) where the truth has one: 0 is even. A RUN trained with hints also colours with 1, 4 and 16
    dots of the truth. docs/evaluate.md explains every figure.

    Writes SPLIT.json, SPLIT.jsonl (every panel) and SPLIT.png: the best, median and worst panels.
    """
    from comicdata.models.colorize import load_colorizer
    from comicdata.models.evaluate import evaluate as measure
    from comicdata.models.evaluate.contest import evaluation_names, write_evaluation
    from comicdata.models.evaluate.perceptual import Perceptual
    from comicdata.models.memory import memory_errors
    from comicdata.outputs import Outputs, Reads
    from comicdata.pairs.manifest import pairs_folder

    folder = _folder(run, out)
    given = (run, pairs_folder(pairs), options["masks"], feature_weights, lpips_weights)
    Outputs(folder, "evaluate").check(evaluation_names(split), Reads(path for path in given if path))
    with memory_errors(MEMORY):
        colorizer = load_colorizer(run, device)
    check_style(run, colorizer, options["style"])
    if front.dry_run:
        front.say(f"would measure {run} on the split {split} of {pairs} and write into {folder}")
        return {"run": run.as_posix(), "split": split, "out": folder.as_posix()}
    _warn(front, run, pairs, split)
    with memory_errors(MEMORY), front.bars("panels") as add:
        eyes = Perceptual(feature_weights, lpips_weights, device) if feature_weights or lpips_weights else None
        bars: list[Any] = []  # the bar comes with the first panel, when their number is known

        def on_panel(done: int, total: int) -> None:
            if not bars:
                bars.append(add("evaluate", total))
            bars[0](done)

        found = measure(colorizer, pairs, split, eyes=eyes, on_panel=on_panel, **options)
    facts = {"model_name": colorizer.config["model"], "size": colorizer.size, "outline": colorizer.outline}
    facts |= {"style": options["style"] or colorizer.style} if colorizer.styles else {}
    try:
        write_evaluation(folder, split, found, facts, run.resolve().name)
    except PartialError as error:
        front.warn(f"failed: {error}")
        front.status = error.status
    front.table(f"On {len(found.panels)} windows of the split {split}", COLUMNS, score_rows(found.document))
    if hints := found.document.get("hints"):
        front.table(hint_title(hints), HINT_COLUMNS, hint_rows(hints["counts"]))
    front.say(verdict(found.document))
    if feature_weights and found.document["model"]["fid_vgg16"] is None:
        front.say("no FID: it needs more windows than VGG16 has features (512); KID needs only two, and is unbiased")
    front.say(f"best, median and worst panels: {folder / f'{split}.png'}")
    return found.document


def _folder(run: Path, out: Path | None) -> Path:
    """Where the files go; UsageError when a file of weights has no folder of its own."""
    if out is None and run.is_file():
        raise UsageError(f"{run}: a file of weights has no folder for its evaluation; say where it goes with --out")
    return out or run / "evaluation"


def _warn(front: Front, run: Path, pairs: Path, split: str) -> None:
    """Say what makes the numbers look better than they are."""
    from comicdata.models.runs.checkpoint import trained_on
    from comicdata.pairs.manifest import data_hash

    if split == "train":
        front.warn("the split train: these panels were trained on; only test tells how good the colorizer is")
    elif trained_on(run) != {data_hash(pairs)}:
        front.warn(f"{run} was trained on other pairs, or they changed since: it may have seen some of these panels")


command_ = evaluate
