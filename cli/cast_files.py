"""The cast of a chapter: a file of its colours, with names and colours that a person may change, to be given back."""

import base64
from binascii import Error as Base64Error
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

import numpy as np

from comicdata.errors import IntegrityError, UsageError
from comicdata.files import json_bytes, read_json
from comicdata.flats.hints import parse_color
from comicdata.models.colorize.references import Numbers, Reference, Spots
from comicdata.reading.shapes import MisshapenError, of_shape

NAME = "cast.json"
MOST = 32  # colours, those of most places
LEAST = 6  # places of a colour
KEYS = 48  # of each colour
PLACES = 8  # of each colour on a page
_CURE = f"colorize writes one, OUT/memory/{NAME}"
_DAMAGED = "the keys of {} are damaged; only names and colours may change"


class Member(TypedDict):
    """One colour: its name, #rrggbb, and the number of its keys, from 1."""

    name: str
    color: str
    number: int


class Described(Member):
    """For people, where it was seen: by page, "x,y" of a pixel in each of the regions that have it, the first few."""

    seen: dict[str, str]


class Cast(TypedDict):
    """What of a cast file is needed: `run`, the hash of the weights, which alone understand the `keys`, by which
    colours are found, (N, D) float16 for each; `size`: D.
    """

    cast: list[Member]
    run: str
    size: int
    keys: list[str]


def cast_bytes(pages: Sequence[tuple[str, Sequence[Reference]]], run: str, series: Sequence[str]) -> bytes:
    """The colours that were chosen most on pages, each with its references, from one `run` trained on `series`; what a
    person reads comes first.
    """
    panels = [(name, one) for name, kept in pages for one in kept]
    colors = np.concatenate([one.colors for _, one in panels])
    keys = np.concatenate([one.keys for _, one in panels])
    spots = np.concatenate([one.spots for _, one in panels])
    panel = np.repeat(np.arange(len(panels)), [len(one.colors) for _, one in panels])
    different, which, often = np.unique(colors, axis=0, return_inverse=True, return_counts=True)
    members, texts = list[Described](), list[str]()
    for number in [at for at in np.argsort(-often, kind="stable").tolist() if often[at] >= LEAST][:MOST]:
        places = np.flatnonzero(which.ravel() == number)
        some = places[:: -(-len(places) // KEYS)]
        texts.append(base64.b64encode(keys[some].tobytes()).decode())
        seen = _seen([name for name, _ in panels], panel[places], spots[places])
        color = f"#{bytes(different[number]).hex()}"
        members.append(Described(name=f"c{len(texts)}", color=color, number=len(texts), seen=seen))
    return json_bytes({"cast": members, "run": run, "size": keys.shape[1], "series": [*series], "keys": texts})


def _seen(pages: Sequence[str], panel: Numbers, spots: Spots) -> dict[str, str]:
    """Of places (N,) in panels that are on these pages: x and y of the first in each region, by page."""
    _, first = np.unique([panel, spots[:, 2]], axis=1, return_index=True)
    seen: dict[str, list[str]] = {}
    for at in np.sort(first).tolist():
        seen.setdefault(pages[panel[at]], []).append("{},{}".format(*spots[at]))
    return {page: " ".join(places[:PLACES]) for page, places in seen.items()}


def read_cast(path: Path, run: str) -> Reference:
    """A cast as one reference, in the colours that stand in it now; UsageError for what is none, or another run's."""
    try:
        cast = of_shape(Cast, read_json(path))
    except (OSError, IntegrityError):
        raise UsageError(f"--cast {path}: not a cast file; {_CURE}") from None
    except MisshapenError as error:
        words = "names and colours may change, and entries go as wholes"
        raise UsageError(f"--cast {path}: not a cast file ({error}); {_CURE}, in which {words}") from None
    if cast["run"] != run:
        raise UsageError(f"--cast {path}: made with other weights than those of this run, which cannot read it")
    keys, colors = [], []
    for one in cast["cast"]:
        color = parse_color(one["color"])
        if color is None:
            raise UsageError(f"--cast {path}: {one['name']} has the colour {one['color']!r}; one looks like #88ccee")
        try:
            text = dict(enumerate(cast["keys"], 1))[one["number"]]
            own = np.frombuffer(base64.b64decode(text, validate=True), np.float16).reshape(-1, cast["size"])
        except (Base64Error, KeyError, ValueError):
            raise UsageError(f"--cast {path}: {_DAMAGED.format(one['name'])}") from None
        if not np.isfinite(own).all():
            raise UsageError(f"--cast {path}: {_DAMAGED.format(one['name'])}")
        keys.append(own)
        colors += [color] * len(own)
    if not colors:
        raise UsageError(f"--cast {path}: nobody is in it")
    return Reference(np.concatenate(keys), np.array(colors, np.uint8), 0)
