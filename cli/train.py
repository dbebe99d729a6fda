"""`comicdata train`: from pairs to a colorizer."""

from pathlib import Path
from typing import Any

import click

from comicdata.cli.front import Front, command


@command(writes=True, example="comicdata train auto-painter --pairs out/pairs --run out/run --preset small")
@click.argument("model", type=click.Choice(["auto-painter", "pix2pix"]))
@click.option("--pairs", required=True, type=click.Path(path_type=Path), help="A pairs folder or its manifest.parquet.")
@click.option("--run", required=True, type=click.Path(path_type=Path), help="The run folder to make or go on with.")
@click.option(
    "--preset",
    type=click.Choice(["small", "paper", "authors"]),
    default="small",
    help="small: any CPU; paper and authors: as published.",
)
@click.option("--images", type=click.IntRange(1), default=None, help="Budget in images; the preset's by default.")
@click.option("--batch-size", type=click.IntRange(1), default=None, help="Likewise.")
@click.option("--size", type=click.Choice(["256", "512"]), default=None, help="Which size of the pairs; likewise.")
@click.option("--seed", type=click.IntRange(0), default=None, help="Same seed, same run.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", help="auto: CUDA when present.")
@click.option(
    "--outline", type=click.Choice(["canny", "xdog", "mix"]), default=None, help="Which line art to train on."
)
@click.option("--decay-start", type=click.IntRange(0), default=None, help="The rate falls from this image on ...")
@click.option("--decay-end", type=click.IntRange(0), default=None, help="... to this one.")
def train(
    front: Front, model: str, pairs: Path, run: Path, preset: str, size: str | None, device: str, **overrides: Any
) -> Any:
    """Train MODEL on pairs. The same command goes on where it stopped; a larger --images trains further."""
    from comicdata.models.settings import resolve_config
    from comicdata.models.train import train as train_run

    config = resolve_config(model, preset, {**overrides, "size": int(size) if size else None, "device": device})
    if front.dry_run:
        front.say(f"would train {model} ({preset}) on {config.images} images at {config.size} px in {run}")
        return {"model": model, "preset": preset, "images": config.images}
    if not config.network.weight_feature and model == "auto-painter":
        front.say("feature loss: weight 0 in this preset (no VGG weights needed)")
    with front.progress(f"train {model}", config.images, "images") as update:
        result = train_run(config, pairs, run, on_step=lambda progress: update(progress.images))
    if result["already_done"]:
        front.say(f"nothing to do: {result['images']} images were seen already; a larger --images trains further")
        return result
    losses = ", ".join(f"{name} {value:.4g}" for name, value in result["loss"].items())
    front.say(f"{result['images']} images, {result['images_per_s']:.1f} images/s; {losses}")
    front.say(f"weights: {result['weights']}")
    return result


command_ = train
