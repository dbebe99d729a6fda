"""What the JSON files of a run say, checked where they are read: config.json, metrics.jsonl, the header of weights.

Nothing here knows tensors: a page about a run is made without torch.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from comicdata.errors import IntegrityError
from comicdata.files import numbered_rows, read_json, sha256_file
from comicdata.outlines import Outlines
from comicdata.reading.numbers import whole_number
from comicdata.reading.shapes import MisshapenError, of_shape, shaped

CONFIG = "config.json"
WEIGHTS = "weights.safetensors"
LARGEST_SIZE = 65_536  # pixels


class Config(TypedDict):
    """config.json: of one network "images", "data_hash", "series" and "options"; of stages "model" and "stages".

    "finished" is there while a budget of "images" is under way and the weights of an earlier one, of so many, stand.
    """

    images: NotRequired[int]
    finished: NotRequired[int]
    data_hash: NotRequired[str]
    series: NotRequired[list[str]]
    options: NotRequired[dict[str, Any]]
    model: NotRequired[str]
    stages: NotRequired[list[str]]


class StateFile(TypedDict):
    """state.json: where a training stood."""

    images: int
    tensors_sha256: str
    window: NotRequired[dict[str, tuple[float, float]]]
    loss: NotRequired[dict[str, float]]
    validation: NotRequired[dict[str, float | None]]
    best: NotRequired[float | None]
    best_at: NotRequired[int | None]
    judged_at: NotRequired[int]
    metrics_bytes: NotRequired[int]
    sources: NotRequired[dict[str, str]]
    fall: NotRequired[int]


class Saved(TypedDict):
    """The options of one network, as weights carry them: what colouring needs to know."""

    model: str
    size: int
    outline: str
    network: dict[str, Any]
    outlines: NotRequired[dict[str, dict[str, Any]]]


class Header(TypedDict):
    """The header of a file of weights; what `config` says is checked by who builds a network of it."""

    format: str
    tensors_sha256: str
    config: dict[str, Any]
    data_hash: NotRequired[str]
    images: NotRequired[int]
    series: NotRequired[list[str]]


class Metric(TypedDict):
    """One line of metrics.jsonl: what was measured after so many images, by name."""

    images: float


def check_saved(config: Mapping[str, Any]) -> None:
    """MisshapenError when the options that weights carry do not say what colouring needs."""
    found = of_shape(Saved, config)
    if not 0 < found["size"] <= LARGEST_SIZE:
        raise MisshapenError(["size"], f"a number of pixels from 1 to {LARGEST_SIZE} is expected, not {found['size']}")
    Outlines.of_values(found.get("outlines", {}))


def read_config(run: Path) -> dict[str, Any]:
    """RUN/config.json; IntegrityError names the first field that does not fit."""
    path = run / CONFIG
    cure = "the same train command writes it again if weights are left; else take it from a copy"
    found = shaped(Config, read_json(path), str(path), cure)
    return {**found}


def weights_files(run: Path) -> dict[str, Path]:
    """The weights of a RUN folder by stage, or under "" its own, or the file that `run` is; whether they are there
    or not.
    """
    stages = {path.parent.name: path for path in sorted(run.glob(f"stages/*/{WEIGHTS}"))}
    return stages or {"": run / WEIGHTS if run.is_dir() else run}


def weights_hashes(run: Path) -> dict[str, str]:
    """SHA-256 of each of `weights_files` that is there."""
    return {stage: sha256_file(path) for stage, path in weights_files(run).items() if path.is_file()}


def unfinished(run: Path) -> str:
    """How far the weights of a run are, where its training has not come to an end; "" where it has, or nobody knows."""
    try:
        config = read_config(run) if (run / CONFIG).is_file() else {}
        reached = max((whole_number(path.parent.name, 15) or 0 for path in run.glob("state/*/state.json")), default=0)
        state = read_json(run / "state" / str(reached) / "state.json") if reached else {}
        best_at, patience = state.get("best_at"), config.get("options", {}).get("patience")
        stopped_early = best_at is not None and bool(patience) and state.get("judged_at", 0) - best_at >= patience
    except (IntegrityError, AttributeError, TypeError):
        return ""
    budget = config.get("images", 0)
    if not 0 < reached < budget or "finished" in config or stopped_early:
        return ""
    return f"trained to {reached:,} of {budget:,} images; the same train command goes on"


def model_of(config: Mapping[str, Any], otherwise: str) -> str:
    """The name of the model that a config.json tells of."""
    found = config.get("model") or config.get("options", {}).get("model", otherwise)
    return str(found)


def read_metrics(run: Path) -> list[dict[str, Any]]:
    """The lines of RUN/metrics.jsonl; IntegrityError names the line that says after how many images of nothing."""
    path = run / "metrics.jsonl"
    cure = "take the line out; the weights do not need it"
    return [{**shaped(Metric, row, f"{path}:{number}", cure)} for number, row in numbered_rows(path)]
