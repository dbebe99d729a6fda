"""Weights and training states on disk: safetensors and JSON only, each with the hash that proves it undamaged."""

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from comicdata.errors import IntegrityError, UsageError
from comicdata.files import (
    SEAL,
    delete,
    is_intact,
    on_disk,
    read_json,
    remove_if_empty,
    seal,
    sha256_bytes,
    sha256_file,
    write_atomic,
    write_json,
)
from comicdata.models.networks.vgg import read_vgg
from comicdata.models.runs.records import WEIGHTS, Header, StateFile, weights_files
from comicdata.outputs import free_folder
from comicdata.reading.numbers import whole_number
from comicdata.reading.shapes import MisshapenError, of_shape, shaped
from comicdata.reading.text import UnreadableError, parse_json

FORMAT = "comicdata-colorizer-1"
BEST = "best.safetensors"
TENSORS = "tensors.safetensors"
KINDS = frozenset({torch.float32, torch.float16, torch.bfloat16, torch.float64})  # what weights are made of
BEST_PART = "best."  # names of the best weights so far, among the tensors of a state
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Weights:
    """What a file of weights holds: its header (config, data_hash, images, ...) and the tensors by name."""

    header: dict[str, Any]
    tensors: dict[str, Tensor]

    @property
    def config(self) -> dict[str, Any]:
        config: dict[str, Any] = self.header["config"]
        return config


def save_weights(path: Path, tensors: Mapping[str, Tensor], header: Mapping[str, Any]) -> None:
    """Write tensors with a header that states their hash; nothing is written when the file already holds them."""
    plain = _plain(tensors)
    whole = seal({"format": FORMAT, **header, "tensors_sha256": tensors_hash(plain)})
    data = save(plain, {"comicdata": json.dumps(whole, ensure_ascii=False, separators=(",", ":"))})
    if on_disk(path) != data:
        write_atomic(path, data)


def load_weights(run: Path) -> Weights:
    """Read a RUN folder's weights, or one file; IntegrityError when damaged, UsageError when there is none."""
    path = run / WEIGHTS if run.is_dir() else run
    if not path.is_file():
        place = free_folder(run, "run")
        raise UsageError(f"{path}: no weights here; make some with: comicdata train MODEL --pairs PAIRS --run {place}")
    metadata, tensors = _read_tensors(path)
    try:
        header = parse_json(metadata["comicdata"])
        stated = of_shape(Header, header)["tensors_sha256"]
    except (KeyError, UnreadableError, MisshapenError) as error:
        raise IntegrityError(f"{path}: not weights that comicdata wrote (header: {error})") from error
    if header["format"] != FORMAT:
        raise IntegrityError(f"{path}: format {header['format']}; this version reads {FORMAT}")
    if not is_intact(header):
        raise IntegrityError(f"{path}: what the file says of itself was changed; train again or copy anew")
    if stated != tensors_hash(tensors):
        raise IntegrityError(f"{path}: weights damaged (the hash of the tensors differs); train again or copy anew")
    odd = next((f"{name} holds {why}" for name, one in tensors.items() if (why := _oddity(one))), None)
    if odd:
        raise IntegrityError(f"{path}: {odd}; train again, or copy anew")
    return Weights(header, tensors)


def _oddity(tensor: Tensor) -> str:
    """What no weights of ours are, whatever hash is stated of them; "" for good ones."""
    if tensor.dtype not in KINDS:
        return f"{str(tensor.dtype).removeprefix('torch.')} numbers in place of weights"
    return "" if bool(tensor.isfinite().all()) else "weights that are not finite"


def trained_on(run: Path) -> set[str]:
    """The hashes of the pairs that a run, all its stages, or a file of weights saw; errors as `load_weights`."""
    return {str(header.get("data_hash")) for header in headers(run).values()}


def headers(run: Path) -> dict[str, dict[str, Any]]:
    """What each of the `weights_files` of a run says of itself; errors as `load_weights`."""
    return {stage: load_weights(path).header for stage, path in weights_files(run).items()}


def _read_tensors(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
            return file.metadata() or {}, tensors
    except (SafetensorError, OSError, ValueError) as error:
        raise IntegrityError(f"{path}: weights damaged ({error})") from error


def _plain(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """On the processor, rows after rows, sorted by name: equal tensors give equal bytes."""
    return {name: tensors[name].detach().cpu().contiguous() for name in sorted(tensors)}


def tensors_hash(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 over name, type, shape and bytes of every tensor."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


@dataclass(frozen=True)
class State:
    """All that an exact resume needs: images seen, the facts of the loop, and the tensors, the best weights too."""

    images: int
    facts: dict[str, Any]
    tensors: dict[str, Tensor]

    @property
    def best(self) -> dict[str, Tensor]:
        """The best weights so far; empty when nothing was judged, and in states of 0.1.0."""
        return {
            name.removeprefix(BEST_PART): value for name, value in self.tensors.items() if name.startswith(BEST_PART)
        }


def save_state(
    run: Path, state: State, *, kept: int | None = None, due: Callable[[int], bool] = lambda images: True
) -> None:
    """Write RUN/state/<images>/; afterwards all go but this one, the last before it that was `due` (not saved only
    because somebody stopped there), and the one after `kept` images.

    state.json, with the hash of the tensors, is there first: whatever lies in a state is listed in it.
    """
    folder = run / "state" / str(state.images)
    data = save(_plain(state.tensors))
    values = {"images": state.images, **state.facts, "tensors_sha256": sha256_bytes(data)}
    write_json(folder / "state.json", seal(values))
    write_atomic(folder / TENSORS, data)
    drop_old_states(run, state.images, kept=kept, due=due)


def drop_old_states(run: Path, images: int, *, kept: int | None, due: Callable[[int], bool]) -> None:
    """Of the states before `images`, a good one, delete all but the last that was `due` and the one after `kept`
    images; also what a training that was killed here left of one.
    """
    older = [one for one in state_folders(run) if int(one.name) < images and int(one.name) != kept]
    last = next((one for one in older if due(int(one.name)) and _is_there(one)), None)
    for old in older:
        if old != last:
            _remove_state(run, old)


def drop_states(run: Path, fits: Callable[[State], bool]) -> None:
    """Delete the states, whole or half-written, that do not fit; a damaged one stays."""
    for folder in state_folders(run):
        with suppress(IntegrityError, OSError):
            if not fits(read_facts(folder)):
                _remove_state(run, folder)


def _is_there(folder: Path) -> bool:
    """Whether both files of a state are."""
    return (folder / "state.json").is_file() and (folder / TENSORS).is_file()


def _remove_state(run: Path, folder: Path) -> None:
    """Delete a state, if it is as its record says, the record last; whatever else somebody has put there stays."""
    try:
        values = _state_values(folder)
    except (IntegrityError, OSError):
        remove_if_empty(run, folder)
        return
    if delete(run, folder / TENSORS, str(values["tensors_sha256"])):
        delete(run, folder / "state.json", record=True)
        remove_if_empty(run, folder)


def load_state(run: Path, fits: Callable[[State], bool] = lambda state: True) -> State | None:
    """The newest state that is whole and fits, None when there is none; what is damaged is passed over and said.

    `fits` hears of a state without its tensors. IntegrityError when no state is whole, but some are damaged.
    """
    damaged = []
    for folder in state_folders(run):
        if not _is_there(folder):
            log.warning("%s: half-written; the state before it is taken", folder)
            continue
        try:
            if fits(read_facts(folder)):
                return read_state(folder)
        except IntegrityError as error:
            log.warning("%s; the state before it is taken", error)
            damaged.append(folder)
    if damaged:
        raise IntegrityError(f"{damaged[0]}: damaged, and no older state is left; train into a new run folder")
    return None


def read_state(folder: Path) -> State:
    """The state in a folder; IntegrityError when it is not as it was written."""
    found = read_facts(folder)
    path = folder / TENSORS
    if not path.is_file() or sha256_file(path) != _state_values(folder)["tensors_sha256"]:
        raise IntegrityError(f"{path}: damaged or missing")
    return replace(found, tensors=_read_tensors(path)[1])


def read_facts(folder: Path) -> State:
    """A state without its tensors; IntegrityError when what it says is not as it was written."""
    values = _state_values(folder)
    del values["tensors_sha256"]
    return State(values.pop("images"), values, {})


def _state_values(folder: Path) -> dict[str, Any]:
    """What state.json says; IntegrityError when it is not as it was written."""
    values = read_json(folder / "state.json")
    if not isinstance(values, dict) or SEAL not in values or not is_intact(values):
        raise IntegrityError(f"{folder / 'state.json'}: damaged")
    values = {name: value for name, value in values.items() if name != SEAL}
    shaped(StateFile, values, str(folder / "state.json"), "delete the folder")
    return values


def state_folders(run: Path) -> list[Path]:
    """Folders of states, newest first."""
    folders = [one for one in (run / "state").glob("*") if whole_number(one.name, 15) is not None]
    return sorted(folders, key=lambda folder: -int(folder.name))


def vgg_hash(path: Path | None) -> str:
    """SHA-256 of the tensors used, so that a run never goes on with other ones."""
    return tensors_hash(read_vgg(path))
