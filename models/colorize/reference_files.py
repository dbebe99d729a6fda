"""What is kept of references, on disk: a few ten kB for each panel, so that none is looked at twice."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from comicdata.models.colorize.references import Reference

SUFFIX = ".keys"
RUN = "run"
SERIES = "series"


def reference_bytes(references: Sequence[Reference], run: str, series: Sequence[str]) -> bytes:
    """Those of one page; `run` is the hash of the weights that made them, for only these understand them, and `series`
    what those learned from.
    """
    tensors: dict[str, Any] = {}
    for number, one in enumerate(references):
        tensors |= {f"{number}.keys": one.keys, f"{number}.colors": one.colors, f"{number}.spots": one.spots}
        tensors[f"{number}.look"] = np.array([one.look], np.uint64)
    return save(tensors, {RUN: run, SERIES: json.dumps([*series]), "count": str(len(references))})


def read_references(path: Path, run: str) -> list[Reference]:
    """Those in a file; none where it is not there, damaged, or was made by other weights."""
    try:
        with safe_open(path, "numpy") as file:
            about = file.metadata() or {}
            if about.get(RUN) != run:
                return []
            found = [_reference(file, number) for number in range(int(about["count"]))]
    except (OSError, SafetensorError, KeyError, ValueError):
        return []
    return [one for one in found if _fits(one)]


def _reference(file: Any, number: int) -> Reference:
    keys, colors, look, spots = (file.get_tensor(f"{number}.{name}") for name in ("keys", "colors", "look", "spots"))
    return Reference(keys, colors, int(look[0]), spots)


def _fits(one: Reference) -> bool:
    has_shape = one.keys.ndim == 2 and one.colors.shape == one.spots.shape == (len(one.keys), 3)
    has_kind = one.keys.dtype == np.float16 and one.colors.dtype == np.uint8 and one.spots.dtype == np.int32
    return has_shape and has_kind and bool(np.isfinite(one.keys).all())
