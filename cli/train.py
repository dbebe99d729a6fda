"""`comicdata train`: from pairs to a colorizer."""

import os
from pathlib import Path
from typing import Any

import click

from comicdata.cli.front import LARGEST_SEED, Front, command
from comicdata.errors import UsageError
from comicdata.reading.numbers import whole_number

BATCH = click.IntRange(1, 4096)
TORCHRUN = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_PORT")
IMAGES = click.IntRange(0, 10**12)


@command(
    writes=True,
    example="comicdata train palette --pairs out/pairs --run out/run",
    goes_on=lambda options: any(options["run"].rglob("state.json")),
)
@click.argument("model", shell_complete=lambda *_: _models())
@click.option("--pairs", required=True, type=click.Path(path_type=Path), help="A pairs folder or its manifest.parquet.")
@click.option("--run", required=True, type=click.Path(path_type=Path), help="The run folder to make or go on with.")
@click.option(
    "--preset",
    type=click.Choice(["small", "medium", "large", "paper", "authors"]),
    default="small",
    help="small: any CPU; of palette medium, large: an hour, a GPU; of the others paper, authors: as published.",
)
@click.option(
    "--images",
    type=click.IntRange(1, 10**12),
    default=None,
    help="Budget in images, of each stage; the preset's by default.",
)
@click.option("--batch-size", type=BATCH, default=None, help="Likewise.")
@click.option("--size", type=click.Choice(["256", "512"]), default=None, help="Which size of the pairs; likewise.")
@click.option("--seed", type=click.IntRange(0, LARGEST_SEED), default=None, help="Same seed, same run.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", help="auto: CUDA when present.")
@click.option(
    "--outline",
    default=None,
    metavar="NAME",
    help="Line art to train on: canny, xdog, mix (both), or the NAME of one that make-pairs joined.",
)
@click.option(
    "--stage",
    default=None,
    metavar="NAME",
    help="Only this stage: low-resolution, background (of consistent) or polishing.",
)
@click.option(
    "--low-resolution",
    type=click.Choice(["truth", "sampled", "mix"]),
    default=None,
    help="The small pictures that polishing learns from.",
)
@click.option(
    "--vgg-weights",
    type=click.Path(path_type=Path),
    default=None,
    help="VGG16 for the feature loss (safetensors); paper and authors need it.",
)
@click.option(
    "--from",
    "begin_with",
    type=click.Path(path_type=Path),
    default=None,
    metavar="RUN",
    help="Start from the weights of this run instead of random ones; colours are found anew in these pairs.",
)
@click.option("--keep-palette", is_flag=True, help="With --from: its colours, too, for more pages of the same comic.")
@click.option("--hints/--no-hints", default=None, help="Whether the network takes colour hints; the preset's choice.")
@click.option(
    "--references/--no-references",
    default=None,
    help="Whether palette learns to take colours from other panels; by default where the pairs hold 20 series.",
)
@click.option(
    "--line-jitter", type=click.FloatRange(0, 1), default=None, help="Share of samples whose lines are varied."
)
@click.option("--d-layers", type=click.IntRange(1, 5), default=None, help="Of the PatchGAN: 3 sees 70 pixels, 4 142.")
@click.option("--accumulate", type=BATCH, default=None, help="Parts that a batch goes through in.")
@click.option(
    "--patience",
    type=IMAGES,
    default=None,
    help="End after so many images without improvement.",
)
@click.option("--compile", is_flag=True, default=None, help="Let torch.compile speed up long runs.")
@click.option("--tensorboard", is_flag=True, help="Also write RUN/tensorboard.")
@click.option(
    "--decay-start",
    type=IMAGES,
    default=None,
    help="A schedule of your own, for good: the rate falls from this image on ...",
)
@click.option(
    "--decay-end", type=IMAGES, default=None, help="... to this one. Without: over the last fifth of --images (small)."
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="Any other option of the training or its networks, by place, as lr=0.001, background.unet.kernel=3 (repeat).",
)
def train(
    front: Front,
    model: str,
    pairs: Path,
    run: Path,
    preset: str,
    size: str | None,
    stage: str | None,
    d_layers: int | None,
    begin_with: Path | None,
    keep_palette: bool,
    tensorboard: bool,
    settings: tuple[str, ...],
    **overrides: Any,
) -> Any:
    """Train MODEL on pairs: palette, which chooses the comic's own colours; or as published pix2pix, auto-painter, and
    in stages two-step and consistent.

    The same command goes on where it stopped; a larger --images trains further, as if it had been asked for at once,
    and the finished weights stay until it is done. Stages are trained in order, each into
    RUN/stages; --stage trains one alone.

    colorize and evaluate take RUN/weights.safetensors, the last; RUN/best.safetensors, which did best on the validation
    split, they take when it is named in place of RUN.

    --from RUN starts from what another run of the same model knows of drawings, which a few pages of one's own comic
    cannot teach. The run lists the series of that one as its own, so that forget finds them.

    \b
    Several GPUs:
      torchrun --nproc-per-node 4 --no-python -- comicdata train ...
    """
    from comicdata.models.data.pairs import check_outline
    from comicdata.models.runs.folder import check_run
    from comicdata.models.runs.overrides import check_stage, read_settings, resolve_stages
    from comicdata.models.runs.settings import WHOLE, WITH_REFERENCES
    from comicdata.models.train.stages import choose_stages

    _follow(front)
    if front.dry_run:
        check_run(run, pairs)
    given = {**overrides, "size": int(size) if size else None, "discriminator_layers": d_layers}
    if model == "palette" and preset in WITH_REFERENCES:
        given |= _with_references(front, pairs, run, begin_with, preset, given)
    set_by_name = read_settings(model, settings)
    configs = resolve_stages(model, preset, given | set_by_name)
    if stage is not None:
        check_stage(configs, stage, set_by_name)
    chosen = choose_stages(configs, stage)
    origins = _origins(front, begin_with, run, {name: configs[name] for name in chosen}, keep_palette)
    if front.dry_run:
        for outline in {config.outline for config in configs.values()}:
            check_outline(pairs, outline)
    for name in chosen:
        _say_rounding(front, configs[name])
    if WHOLE in configs:
        return _train_whole(front, configs[WHOLE], pairs, run, origins.get(WHOLE), tensorboard)
    if tensorboard:
        raise UsageError(f"--tensorboard: {model} has none; models of one stage have")
    return _train_stages(front, configs, pairs, run, stage, origins)


def _origins(
    front: Front, begin_with: Path | None, run: Path, configs: dict[str, Any], keep_palette: bool
) -> dict[str, Any]:
    """The weights to start from, by stage; said where the run begins."""
    from comicdata.models.runs.origin import find_origins
    from comicdata.models.runs.records import CONFIG
    from comicdata.outputs import Reads

    if begin_with is None:
        if keep_palette:
            raise UsageError("--keep-palette: goes with --from RUN, whose palette is meant")
        return {}
    Reads([begin_with]).refuse(run)
    origins = find_origins(begin_with, configs, keep_palette=keep_palette)
    for stage, origin in origins.items():
        if not (run / "stages" / stage / CONFIG if stage else run / CONFIG).is_file():
            front.say(f"{stage} {origin.words}".strip())
    return origins


def _with_references(
    front: Front, pairs: Path, run: Path, begin_with: Path | None, preset: str, given: dict[str, Any]
) -> dict[str, Any]:
    """What palette is told where it learns from references: because somebody says so, because its run does or the one
    that it starts from, or, in the small preset, because the pairs hold many series.
    """
    from comicdata.models.runs.restored import learns_from_references
    from comicdata.models.runs.settings import SERIES_FOR_REFERENCES, WITH_REFERENCES
    from comicdata.pairs.manifest import read_rows, usable

    wanted = given["references"]
    if wanted is None:
        wanted = learns_from_references(run)
    if wanted is None and begin_with is not None:
        wanted = learns_from_references(begin_with)
    if wanted is None and preset == "small":
        series = {(row.source, row.series_id) for row in usable(read_rows(pairs)) if row.split == "train"}
        wanted = len(series) >= SERIES_FOR_REFERENCES
        if wanted:
            front.say(f"{len(series)} series: it also learns to take colours from references (--no-references: not)")
    if not wanted:
        return {}
    return {name: value if given.get(name) is None else given[name] for name, value in WITH_REFERENCES[preset].items()}


def _say_rounding(front: Front, config: Any) -> None:
    """Where a budget is no whole number of steps."""
    if config.total != config.images:
        stage = f"{config.stage}: " if config.stage else ""
        steps = f"{config.total // config.batch_size:,} steps of {config.batch_size}"
        front.say(f"{stage}{config.images:,} images are rounded up to {config.total:,}, {steps}")


def _models() -> list[str]:
    """For completion in a shell."""
    from comicdata.models.runs.settings import MODELS

    return list(MODELS)


def _train_whole(front: Front, config: Any, pairs: Path, run: Path, origin: Any, tensorboard: bool) -> Any:
    """A model of one network."""
    from comicdata.models.train import train as train_run

    if front.dry_run:
        front.say(f"would train {config.model} ({config.preset}) on {config.total} images at {config.size} px in {run}")
        return {"model": config.model, "preset": config.preset, "images": config.total}
    if not config.network.sees_features and config.model == "auto-painter":
        front.say("feature loss: weight 0 in this preset (no VGG weights needed)")
    with front.progress(f"train {config.model}", config.total, "images") as update:
        result = train_run(
            config,
            pairs,
            run,
            origin=origin,
            on_step=lambda progress: update(progress.images),
            say=front.say,
            tensorboard=tensorboard,
        )
    if result["already_done"]:
        more = "--patience 0" if result["stopped_early"] else "a larger --images"
        front.say(f"nothing to do: {result['images']} images were seen already; {more} trains further")
        return result
    _say_result(front, result)
    if result["stopped_early"]:
        front.say("stopped early: no improvement on validation; best.safetensors holds the best weights")
    return result


def _follow(front: Front) -> None:
    """Of several processes (torchrun), only the first speaks."""
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        return
    numbers = {name: whole_number(os.environ.get(name, "")) for name in TORCHRUN}
    odd = [name for name, number in numbers.items() if number is None]
    if odd:
        raise UsageError(f"{odd[0]}={os.environ.get(odd[0], '')}: torchrun sets a number there; start it with torchrun")
    if numbers["RANK"]:
        front.quiet, front.as_json = True, False


def _train_stages(
    front: Front, configs: dict[str, Any], pairs: Path, run: Path, stage: str | None, origins: dict[str, Any]
) -> Any:
    """The stages of a model one after the other, under one progress bar."""
    from comicdata.models.train.stages import choose_stages, independent, train_stages

    model, preset = (getattr(next(iter(configs.values())), name) for name in ("model", "preset"))
    images = {name: configs[name].total for name in choose_stages(configs, stage)}
    if front.dry_run:
        budgets = ", ".join(f"{name} on {count} images" for name, count in images.items())
        front.say(f"would train {model} ({preset}) in {run}: {budgets}")
        return {"model": model, "preset": preset, "images": sum(images.values())}
    if stage is None and len(free := independent(configs)) > 1:
        words = " and ".join(f"--stage {name}" for name in free)
        front.say(f"{words} need nothing of each other: in two terminals they can run at the same time")
    with front.progress(f"train {model}", sum(images.values()), "images") as update:
        result = train_stages(
            configs,
            pairs,
            run,
            only=stage,
            origins=origins,
            on_step=lambda progress: update(progress.images),
            say=front.say,
        )
    if result["already_done"]:
        front.say("nothing to do: all images were seen already; a larger --images trains further")
        return result
    for name, one in result["stages"].items():
        front.say(f"{name}:")
        _say_result(front, one)
    return result


def _say_result(front: Front, result: dict[str, Any]) -> None:
    if result["went_back_to"] is not None:
        front.say(
            f"went back to the state after {result['went_back_to']} images, up to where nothing depends on the budget"
        )
    losses = ", ".join(f"{name} {value:.4g}" for name, value in result["loss"].items())
    front.say(f"{result['images']} images, {result['images_per_s']:.1f} images/s; {losses}")
    images, at = result["images"], result["best_at"]
    best = "" if at is None else f"; validation was best after {at if at != images else 'them'} (best.safetensors)"
    front.say(f"weights: {result['weights']}, after {images} images{best}")


command_ = train
