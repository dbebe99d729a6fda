"""The RUN folder beside weights and states: options, metrics, sample grids, and what a second run may change."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from comicdata.errors import IntegrityError, UsageError
from comicdata.files import (
    SEAL,
    is_intact,
    jsonl_bytes,
    on_disk,
    read_json,
    seal,
    sha256_bytes,
    write_atomic,
    write_json,
)
from comicdata.images import Image, beside, encode_png
from comicdata.models.networks.palette import FILE as PALETTE
from comicdata.models.runs.checkpoint import BEST, load_weights
from comicdata.models.runs.records import CONFIG, WEIGHTS, model_of, read_config
from comicdata.models.runs.restored import said_config
from comicdata.models.runs.settings import FREE, TrainConfig
from comicdata.outputs import Reads, check_folder, check_kind, holds, json_object, mark, refuse_foreign, refuse_links
from comicdata.reading.text import plain

RUN = "a run"
METRICS = "metrics.jsonl"
FILES = (METRICS, WEIGHTS, BEST, PALETTE)
# What earlier runs do not say, and did.
EARLIER = {"warmup": 0, "network.references": False, "network.key": 48, "network.mutual": False}


def check_run(run: Path, pairs: Path) -> None:
    """UsageError when RUN is the pairs, holds something else than a run, or has files of others where a run writes."""
    check_folder(run)
    Reads([pairs if pairs.is_dir() else pairs.parent]).refuse(run)
    check_kind(run, RUN, "--run")
    refuse_links([run / "samples", run / "state", *(run / "state").glob("*")])
    own = holds(run) == RUN or any((run / "state").glob("*/state.json"))
    cure = "name another --run, or take the file away"
    refuse_foreign(run / CONFIG, own or is_damaged(run / CONFIG), cure)
    for path in (*(run / name for name in FILES), *(run / "samples").glob("*.png")):
        refuse_foreign(path, own or is_damaged(run / CONFIG), cure)


def is_damaged(path: Path) -> bool:
    """Whether a config is there and no JSON: of a run that was damaged, which is said where it is read."""
    try:
        return path.is_file() and read_json(path) is None
    except IntegrityError:
        return True


def check_same_run(run: Path, options: Mapping[str, Any], data_hash: str) -> None:
    """UsageError when the folder was trained with other options, IntegrityError when on other data."""
    saved = said_config(run)
    if not saved:
        return
    if "stages" in saved:
        raise UsageError(f"{run}: holds a run of {saved.get('model')}, in stages; take another run folder")
    if (there := model_of(saved, "")) and there != options["model"]:
        raise UsageError(f"{run}: trained as {there}, now {options['model']}; take another run folder")
    old, new = flattened(saved.get("options", {})), flattened(plain(options))
    old = {name: value for name, value in EARLIER.items() if name in new} | old
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name) and _binds(name):
            raise UsageError(
                f"{run}: trained with {name} {old.get(name)}, now {name} {new.get(name)}; give the same options to go "
                f"on (only the number of images may grow, and {', '.join(FREE)} may differ), or another run folder"
            )
    if saved.get("data_hash") != data_hash:
        raise IntegrityError(
            f"{run}: the pairs changed since (data hash was {str(saved.get('data_hash'))[:12]}, is {data_hash[:12]}); "
            f"bring the old pairs back, or train into another run folder, where --from {run} takes over what it learned"
        )


def _binds(name: str) -> bool:
    """Whether an option has to stay; of those of outlines the hash of the data speaks."""
    return name not in FREE and not name.startswith("outlines.")


def differing(options: Mapping[str, Any], others: Mapping[str, Any]) -> list[str]:
    """The options that two records state differently, though a run cannot change them."""
    old, new = flattened(options), flattened(others)
    return [name for name in sorted(old.keys() & new.keys()) if old[name] != new[name] and _binds(name)]


def own_schedule(run: Path, config: TrainConfig) -> TrainConfig:
    """The options of a run that an earlier version began with the schedule it has, which no budget moves; unchanged
    where there is none, or another was asked for.
    """
    saved = said_config(run).get("options", {})
    start, end = saved.get("decay_start"), saved.get("decay_end")
    if config.decay_end is not None or "warmup" in saved or type(start) is not int or type(end) is not int:
        return config
    return replace(config, decay_start=start, decay_end=end, warmup=0)


def ended_budget(run: Path) -> int | None:
    """The budget in images that was trained to its end and whose weights stand in RUN; None where none is."""
    if not ((run / CONFIG).is_file() and (run / WEIGHTS).is_file()):
        return None
    config = read_config(run)
    try:
        seen = load_weights(run / WEIGHTS).header.get("images")
    except IntegrityError:
        return None
    return seen if seen in (config.get("images"), config.get("finished")) else None


def finished(run: Path, images: int, names: Sequence[str]) -> bool:
    """Whether a run that has seen so many images has the weights of them, config.json as written, and these files.

    One that was killed between its last state and its weights has not.
    """
    try:
        current = load_weights(run / WEIGHTS).header["images"] == images if (run / WEIGHTS).is_file() else False
    except IntegrityError:
        return False
    return bool(current) and is_intact(read_json(run / CONFIG)) and all((run / name).is_file() for name in names)


def flattened(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options with those inside others beside them: network.unet.width."""
    flat: dict[str, Any] = {}
    for name, value in options.items():
        inner = flattened(value) if isinstance(value, Mapping) else {}
        flat |= {f"{name}.{key}": one for key, one in inner.items()} or {name: value}
    return flat


def write_config(
    run: Path,
    options: Mapping[str, Any],
    images: int,
    data_hash: str,
    series: Sequence[str] = (),
    finished: int | None = None,
) -> None:
    """Write config.json unless it already says this; `series` is what `forget` looks for, `finished` the budget whose
    weights stand until this one is done.
    """
    value = {"images": images, "data_hash": data_hash, "series": list(series), "options": dict(options)}
    value |= {} if finished is None else {"finished": finished}
    path = run / CONFIG
    if not says(path, value):
        write_json(path, seal(value))


def says(path: Path, value: Mapping[str, Any]) -> bool:
    """Whether a record is there, as it was written, and says this; version 0.1.0 wrote no hash into it."""
    there = json_object(path)
    return bool(there) and is_intact(there) and {**there, SEAL: ""} == {**plain(value), SEAL: ""}


class Metrics:
    """metrics.jsonl: grows by whole lines; a resume first cuts off what was written after the state it starts from."""

    def __init__(self, run: Path, position: int) -> None:
        self.path = run / METRICS
        data = on_disk(self.path) or b""
        if len(data) < position:
            raise IntegrityError(f"{self.path}: shorter than when the state was saved; train into a new run folder")
        if len(data) != position or not self.path.is_file():
            write_atomic(self.path, data[:position])
        self.position = position
        self._writer: Any = None

    def show_in(self, folder: Path) -> None:
        """Also write TensorBoard's files, into `folder`; UsageError when TensorBoard is not installed."""
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise UsageError("--tensorboard needs TensorBoard: pip install 'comicdata[tensorboard]'") from error
        self._writer = SummaryWriter(str(folder))

    def append(self, row: Mapping[str, Any]) -> None:
        """Add one row."""
        with self.path.open("ab") as file:
            self.position += file.write(jsonl_bytes([row]))
        for name, value in row.items():
            if self._writer is not None and name != "images" and value is not None:
                self._writer.add_scalar(name, value, row["images"])

    def digest(self) -> str:
        """SHA-256 of the rows so far."""
        return sha256_bytes((on_disk(self.path) or b"")[: self.position])

    def sync(self) -> None:
        """Push the rows to the disk, before a state counts on them."""
        with self.path.open("ab") as file:
            os.fsync(file.fileno())
        if self._writer is not None:
            self._writer.flush()


def write_grid(run: Path, images: int, rows: Sequence[tuple[Image, Image, Image]]) -> None:
    """Write samples/<images>.png: one row a pair, outline | output | truth, all of one height. An output is what the
    learner shows: of a network that takes hints plain | hints | with hints.
    """
    lines = [beside(row) for row in rows]
    write_atomic(run / "samples" / f"{images}.png", encode_png(beside(lines, axis=0), mark("")))
