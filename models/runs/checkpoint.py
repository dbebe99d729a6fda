"""Weights and training states on disk: safetensors and JSON only, each with the hash that proves it undamaged."""

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from comicdata.errors import IntegrityError, UsageError
from comicdata.files import TEMPORARY_SUFFIX, below, read_json, sha256_bytes, sha256_file, write_atomic, write_json
from comicdata.models.networks.vgg import read_vgg
from comicdata.models.runs.records import Header, StateFile
from comicdata.outputs import free_folder
from comicdata.reading.numbers import whole_number
from comicdata.reading.shapes import MisshapenError, of_shape, shaped
from comicdata.reading.text import UnreadableError, parse_json

FORMAT = "comicdata-colorizer-1"
WEIGHTS = "weights.safetensors"
BEST = "best.safetensors"
KEPT_STATES = 2
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
    whole = {"format": FORMAT, **header, "tensors_sha256": tensors_hash(plain)}
    data = save(plain, {"comicdata": json.dumps(whole, ensure_ascii=False, separators=(",", ":"))})
    if not (path.is_file() and path.read_bytes() == data):
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
    if stated != tensors_hash(tensors):
        raise IntegrityError(f"{path}: weights damaged (the hash of the tensors differs); train again or copy anew")
    odd = [name for name, tensor in tensors.items() if not tensor.isfinite().all()]
    if odd:
        raise IntegrityError(f"{path}: {odd[0]} holds weights that are not finite; train again, or copy anew")
    return Weights(header, tensors)


def trained_on(run: Path) -> set[str]:
    """The hashes of the pairs that a run, all its stages, or a file of weights saw; errors as `load_weights`."""
    files = sorted(run.glob(f"stages/*/{WEIGHTS}")) or [run]
    return {str(load_weights(path).header.get("data_hash")) for path in files}


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
    """All that an exact resume needs: images seen, the facts of the loop, and the tensors."""

    images: int
    facts: dict[str, Any]
    tensors: dict[str, Tensor]


def save_state(run: Path, state: State) -> None:
    """Write RUN/state/<images>/, state.json last; older states than the last two go afterwards."""
    folder = run / "state" / str(state.images)
    data = save(_plain(state.tensors))
    write_atomic(folder / "tensors.safetensors", data)
    values = {"images": state.images, **state.facts, "tensors_sha256": sha256_bytes(data)}
    write_json(folder / "state.json", {**values, "sha256": _values_hash(values)})
    for old in _folders(run)[KEPT_STATES:]:
        _remove_state(old)


def _remove_state(folder: Path) -> None:
    """Delete the two files of a state, and its folder unless it is a link or somebody has put more there."""
    for name in ("state.json", "tensors.safetensors"):
        if not folder.is_symlink():
            (folder / name).unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()


def load_state(run: Path) -> State | None:
    """The newest state that is whole, None when training never saved one; what is damaged is passed over and said.

    IntegrityError when there are states and all are damaged.
    """
    damaged = []
    for folder in _folders(run):
        if not (folder / "state.json").is_file():
            log.warning("%s: half-written; the state before it is taken", folder)
            continue
        try:
            return _read_state(folder)
        except IntegrityError as error:
            log.warning("%s; the state before it is taken", error)
            damaged.append(folder)
    if damaged:
        raise IntegrityError(f"{damaged[0]}: damaged, and no older state is left; train into a new run folder")
    return None


def _read_state(folder: Path) -> State:
    values = read_json(folder / "state.json")
    path = folder / "tensors.safetensors"
    stated = values.pop("sha256", None) if isinstance(values, dict) else None
    if stated is None or stated != _values_hash(values):
        raise IntegrityError(f"{folder / 'state.json'}: damaged")
    shaped(StateFile, values, str(folder / "state.json"), "delete the folder")
    if not path.is_file() or sha256_file(path) != values.pop("tensors_sha256"):
        raise IntegrityError(f"{path}: damaged or missing")
    return State(values.pop("images"), values, _read_tensors(path)[1])


def _folders(run: Path) -> list[Path]:
    """Folders of states, newest first."""
    folders = [one for one in (run / "state").glob("*") if whole_number(one.name, 15) is not None]
    return sorted(folders, key=lambda folder: -int(folder.name))


def _values_hash(values: Mapping[str, Any]) -> str:
    return sha256_bytes(json.dumps(values, sort_keys=True).encode())


def verify_run(run: Path) -> dict[str, Any]:
    """Check every hash of a RUN folder: {"checked", "missing", "changed", "orphans"} with relative POSIX paths."""
    if (run / "stages").is_dir():
        return _verify_stages(run)
    files = [run / WEIGHTS, *(path for path in [run / BEST] if path.is_file())]
    states = _folders(run)
    changed = [path for path in files if path.is_file() and _is_damaged(load_weights, path)]
    changed += [folder / "state.json" for folder in states if _is_damaged(_read_state, folder)]
    orphans = [path for path in below(run) if path.name.endswith(TEMPORARY_SUFFIX) and path.is_file()]
    return {"checked": len(files) + 2 * len(states)} | {
        name: sorted(path.relative_to(run).as_posix() for path in paths)
        for name, paths in (
            ("missing", [path for path in files if not path.is_file()]),
            ("changed", changed),
            ("orphans", orphans),
        )
    }


def _verify_stages(run: Path) -> dict[str, Any]:
    """The sum over the stages of a run, their paths relative to RUN."""
    total: dict[str, Any] = {"checked": 0, "missing": [], "changed": [], "orphans": []}
    for folder in sorted(one for one in (run / "stages").iterdir() if one.is_dir()):
        found = verify_run(folder)
        total["checked"] += found["checked"]
        for name in ("missing", "changed", "orphans"):
            total[name] += [f"stages/{folder.name}/{path}" for path in found[name]]
    return total


def _is_damaged(read: Callable[[Path], object], path: Path) -> bool:
    try:
        read(path)
    except IntegrityError:
        return True
    return False


def vgg_hash(path: Path | None) -> str:
    """SHA-256 of the tensors used, so that a run never goes on with other ones."""
    return tensors_hash(read_vgg(path))
