"""`comicdata evaluate`: how good a run is, beside the baselines it has to beat."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from comicdata.cli.front import Front, command
from comicdata.errors import UsageError

METHODS = {
    "outline_copy": "outline copy",
    "mean_color": "mean colour",
    "nearest": "nearest",
    "lowres_ceiling": "ceiling",
}
COLUMNS = ["measure", "pixels", "colorizer", "outline", "mean", "nearest", "ceiling"]  # fits into 80 characters
MEASURES = {"l1": "L1", "psnr": "PSNR dB", "ssim": "SSIM", "de2000": "CIEDE2000"}
SUBSETS = {"all": "all", "off_line": "off lines", "foreground": "foreground", "background": "background"}
WHOLE = {
    "colourfulness_ratio": ("colour ratio", "all"),
    "background_consistency": ("flat spread", "flat"),
    "lpips": ("LPIPS (VGG)", "all"),
    "kid_vgg16": ("KID of VGG16", "all"),
    "fid_vgg16": ("FID of VGG16", "all"),
}
THREE_DECIMALS = ("l1", "ssim", "lpips", "kid_vgg16")
HINT_COLUMNS = ["hints", "at them", "near them", "off lines"]
MEMORY = "while measuring; take --device cpu where this was a GPU, or end what else uses the memory"
TO_BEAT = ("outline_copy", "mean_color", "nearest")


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
@click.option("--hints/--no-hints", default=True, help="Also measure a RUN trained with hints with some; slower.")
@click.option("--limit", type=click.IntRange(1), default=None, help="So many pairs, evenly spread; all by default.")
@click.option("--seed", type=click.IntRange(0), default=0, help="Same seed, same colours.")
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
    from comicdata.models.colorize import Colorizer
    from comicdata.models.evaluate import evaluate as measure
    from comicdata.models.evaluate import write_evaluation
    from comicdata.models.memory import memory_errors
    from comicdata.models.perceptual import Perceptual

    folder = _folder(run, out)
    with memory_errors(MEMORY):
        colorizer = Colorizer.load(run, device)
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
    files = write_evaluation(folder, split, found, facts)
    front.table(f"On {len(found.panels)} windows of the split {split}", COLUMNS, score_rows(found.document))
    if hints := found.document.get("hints"):
        front.table(hint_title(hints), HINT_COLUMNS, hint_rows(hints["counts"]))
    front.say(verdict(found.document))
    if feature_weights and found.document["model"]["fid_vgg16"] is None:
        front.say("no FID: it needs more windows than VGG16 has features (512); KID needs only two, and is unbiased")
    front.say(f"best, median and worst panels: {files['png']}")
    return found.document


def _folder(run: Path, out: Path | None) -> Path:
    """Where the files go; UsageError when a file of weights has no folder of its own."""
    if out is None and run.is_file():
        raise UsageError(f"{run}: a file of weights has no folder for its evaluation; say where it goes with --out")
    return out or run / "evaluation"


def _warn(front: Front, run: Path, pairs: Path, split: str) -> None:
    """Say what makes the numbers look better than they are."""
    from comicdata.manifests import data_hash
    from comicdata.models.checkpoint import trained_on

    if split == "train":
        front.warn("the split train: these panels were trained on; only test tells how good the colorizer is")
    elif trained_on(run) != {data_hash(pairs)}:
        front.warn(f"{run} was trained on other pairs, or they changed since: it may have seen some of these panels")


def score_rows(document: Mapping[str, Any]) -> list[list[str]]:
    """The document of `evaluate` as rows of COLUMNS; without the subsets that nobody knows."""
    made = [document["model"], *(document["baselines"][name] for name in METHODS)]
    rows = [
        [title, words, *(_number((one[subset] or {}).get(name), name) for one in made)]
        for name, title in MEASURES.items()
        for subset, words in SUBSETS.items()
        if any(one[subset] for one in made)
    ]
    known = {name: words for name, words in WHOLE.items() if any(one.get(name) is not None for one in made)}
    return rows + [[*words, *(_number(one.get(name), name) for one in made)] for name, words in known.items()]


def hint_title(hints: Mapping[str, Any]) -> str:
    return f"Colour error (CIEDE2000) with hints, and (without), on {hints['windows']} windows"


def hint_rows(hints: Mapping[str, Any]) -> list[list[str]]:
    """What evaluate found about hints as rows of HINT_COLUMNS: with them (without, on the same pixels)."""

    def cell(both: Mapping[str, float | None]) -> str:
        return f"{_number(both['hinted'], 'de2000')} ({_number(both['plain'], 'de2000')})"

    return [[count, *(cell(areas[name]) for name in ("at", "near", "off_line"))] for count, areas in hints.items()]


def _number(value: float | None, name: str) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if name in THREE_DECIMALS else f"{value:.2f}"


def verdict(document: Mapping[str, Any]) -> str:
    """One line: which baselines the colorizer beats off the lines (PSNR), and whether it has colour at all."""
    own = _psnr(document["model"])
    gains = {
        METHODS[name]: own - other
        for name in TO_BEAT
        if own is not None and (other := _psnr(document["baselines"][name])) is not None
    }
    words = ", ".join(f"{gain:+.1f} dB against {name}" for name, gain in gains.items()) or "no PSNR to compare"
    ratio = document["model"]["colourfulness_ratio"]
    colour = "" if ratio is None else f"; {ratio:.0%} of the truth's colourfulness"
    return f"off the lines: {words}{colour}"


def _psnr(one: Mapping[str, Any]) -> float | None:
    """Off the lines; None too where there was no picture to measure at all."""
    psnr: float | None = (one["off_line"] or {}).get("psnr")
    return psnr


command_ = evaluate
