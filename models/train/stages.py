"""Training a model of several stages: in order with one command, or one stage alone, in one run folder."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from comicdata.errors import UsageError
from comicdata.files import sweep_dead, write_json
from comicdata.models.runs.folder import check_run, is_damaged
from comicdata.models.runs.origin import Origin
from comicdata.models.runs.records import CONFIG, WEIGHTS, model_of, read_config
from comicdata.models.runs.settings import TrainConfig
from comicdata.models.train.loop import Progress, train

log = logging.getLogger(__name__)


def train_stages(
    configs: dict[str, TrainConfig],
    pairs: Path,
    run: Path,
    *,
    only: str | None = None,
    origins: Mapping[str, Origin] | None = None,
    on_step: Callable[[Progress], None] | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:
    """Train the stages that `resolve_stages` returned, in order, or `only` one of them; each goes on where it was left.

    Stages land in RUN/stages/<stage>/. `origins`: weights that stages start from. `on_step` hears one count over all
    stages that this call trains. Returns the summary of `train`, losses named stage/loss, with every stage's own under
    "stages". Errors: as `train`; UsageError when RUN belongs to another model, or when `only` reads a
    stage that has no weights.
    """
    chosen = choose_stages(configs, only)
    check_run(run, pairs)
    _claim(run, configs[chosen[0]], list(configs))
    total = sum(configs[stage].total for stage in chosen)
    results: dict[str, dict[str, Any]] = {}
    done = 0
    for number, stage in enumerate(chosen, 1):
        say(f"stage {number} of {len(chosen)}: {stage}")
        heard = None if on_step is None else _shifted(on_step, done, total)
        origin = (origins or {}).get(stage)
        results[stage] = train(configs[stage], pairs, run / "stages" / stage, origin=origin, on_step=heard, say=say)
        done += configs[stage].total
    return _summary(run, results)


def choose_stages(configs: dict[str, TrainConfig], only: str | None) -> list[str]:
    """The stages to train, in order; UsageError when the model has no such stage."""
    if only is None:
        return list(configs)
    if only not in configs:
        model = next(iter(configs.values())).model
        raise UsageError(f"stage {only}: {model} has the stages {', '.join(configs)}")
    return [only]


def independent(configs: dict[str, TrainConfig]) -> list[str]:
    """The stages that read no other with these options, and so can be trained at the same time."""
    return [stage for stage, config in configs.items() if not config.network.reads]


def _shifted(on_step: Callable[[Progress], None], done: int, total: int) -> Callable[[Progress], None]:
    """The progress of one stage as part of the whole."""
    return lambda progress: on_step(replace(progress, images=done + progress.images, total=total))


def _claim(run: Path, config: TrainConfig, stages: list[str]) -> None:
    """RUN/config.json says which model the folder holds; UsageError when it is another."""
    path, value = run / CONFIG, {"model": config.model, "stages": stages}
    sweep_dead(path)
    if (run / "stages").is_dir() and is_damaged(path):
        log.warning("%s: was damaged; written again", path)
        write_json(path, value)
    if path.is_file():
        saved = read_config(run)
        if saved != value:
            found = model_of(saved, "something else")
            raise UsageError(f"{run}: holds a run of {found}, not of {config.model}; take another run folder")
        return
    if (run / "state").is_dir() or (run / WEIGHTS).is_file():
        raise UsageError(f"{run}: holds another run; take another run folder")
    write_json(path, value)


def _summary(run: Path, results: dict[str, dict[str, Any]]) -> dict[str, Any]:
    trained = [one for one in results.values() if not one["already_done"]]
    return {
        "images": sum(one["images"] for one in results.values()),
        "steps": sum(one["steps"] for one in results.values()),
        "loss": {f"{stage}/{name}": value for stage, one in results.items() for name, value in one["loss"].items()},
        "images_per_s": sum(one["images_per_s"] for one in trained) / max(1, len(trained)),
        "weights": str(run / "stages"),
        "stages": results,
        "already_done": not trained,
    }
