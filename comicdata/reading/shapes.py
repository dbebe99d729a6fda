"""Whether a value from JSON, TOML or Parquet has the shape of a record; the first fault is named by its place.

Strict: true is no number, "5" is none, NaN is none. Lists become the tuples of a record.
"""

import math
import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints, is_typeddict

from comicdata.errors import IntegrityError

Shape = TypeVar("Shape")
LARGEST_WHOLE = 2**63 - 1
_PLAIN = {str: "a text", bool: "true or false", int: "a whole number", float: "a number"}


class MisshapenError(ValueError):
    """`place` inside the value ("images.3.bytes"), and what is expected there."""

    def __init__(self, place: Sequence[str], wanted: str) -> None:
        self.place, self.wanted = ".".join(place), wanted
        super().__init__(f"{self.place}: {wanted}" if place else wanted)


def shaped(kind: type[Shape], value: Any, place: str, cure: str) -> Shape:
    """`value` as the record, the typed dictionary or the plain type `kind`.

    IntegrityError "PLACE: images.3.bytes: a whole number is expected, not true; CURE". Keys that `kind` does not know
    are passed over: another version wrote them.
    """
    try:
        return of_shape(kind, value)
    except MisshapenError as error:
        raise IntegrityError(f"{place}: {error}; {cure}") from None


def of_shape(kind: type[Shape], value: Any) -> Shape:
    """Likewise, with MisshapenError for what does not fit."""
    found: Shape = _fitted(kind, value, ())
    return found


def _fitted(kind: Any, value: Any, place: tuple[str, ...]) -> Any:
    if kind in _PLAIN:
        return _plain(kind, value, place)
    origin, inner = get_origin(kind), get_args(kind)
    if kind is Any or kind is object:
        return value
    if is_dataclass(kind) or is_typeddict(kind):
        return _record(kind, value, place)
    if origin is Literal:
        return value if value in inner else _refuse(place, f"one of {', '.join(map(str, inner))}", value)
    if origin in (Union, types.UnionType):
        return _either(inner, value, place)
    if origin in (tuple, list):
        return _several(origin, inner, value, place)
    if origin in (dict, Mapping):
        return _mapping(inner[1], value, place)
    return value if kind is type(None) and value is None else _refuse(place, "nothing", value)


def _plain(kind: type, value: Any, place: tuple[str, ...]) -> Any:
    if kind is float:
        fits = type(value) in (int, float) and math.isfinite(value)
    elif kind is int:
        fits = type(value) is int and abs(value) <= LARGEST_WHOLE
    else:
        fits = type(value) is kind
    return value if fits else _refuse(place, _PLAIN[kind], value)


def _record(kind: Any, value: Any, place: tuple[str, ...]) -> Any:
    if not isinstance(value, Mapping):
        _refuse(place, "an object", value)
    given = {}
    for name, (hint, needed) in _fields(kind).items():
        if name in value:
            given[name] = _fitted(hint, value[name], (*place, name))
        elif needed:
            raise MisshapenError((*place, name), "missing")
    return {**value, **given} if is_typeddict(kind) else kind(**given)


@cache
def _fields(kind: Any) -> dict[str, tuple[Any, bool]]:
    """The type of every field, and whether it is needed."""
    hints = get_type_hints(kind)
    if is_typeddict(kind):
        return {name: (hint, name in kind.__required_keys__) for name, hint in hints.items()}
    return {
        one.name: (hints[one.name], one.default is MISSING and one.default_factory is MISSING) for one in fields(kind)
    }


def _either(kinds: Sequence[Any], value: Any, place: tuple[str, ...]) -> Any:
    if value is None and type(None) in kinds:
        return None
    faults = []
    for kind in kinds:
        try:
            return _fitted(kind, value, place)
        except MisshapenError as error:
            faults.append(error)
    raise faults[0]


def _several(kind: Any, inner: Sequence[Any], value: Any, place: tuple[str, ...]) -> Any:
    if not isinstance(value, list | tuple):
        _refuse(place, "a list", value)
    fixed = kind is tuple and Ellipsis not in inner
    if fixed and len(value) != len(inner):
        raise MisshapenError(place, f"a list of {len(inner)} is expected, not of {len(value)}")
    hints = inner if fixed else [inner[0]] * len(value)
    pairs = zip(hints, value, strict=True)
    return kind(_fitted(hint, one, (*place, str(number))) for number, (hint, one) in enumerate(pairs, 1))


def _mapping(hint: Any, value: Any, place: tuple[str, ...]) -> Any:
    if not isinstance(value, Mapping):
        _refuse(place, "an object", value)
    return {key: _fitted(hint, one, (*place, str(key))) for key, one in value.items()}


def _refuse(place: tuple[str, ...], wanted: str, value: Any) -> Any:
    raise MisshapenError(place, f"{wanted} is expected, not {_shown(value)}")


def _shown(value: Any) -> str:
    """A value in a message: the beginning of it, as JSON has it."""
    names = {True: "true", False: "false"} if isinstance(value, bool) else {}
    if value is None:
        return "null"
    if isinstance(value, dict | list | tuple):
        return "an object" if isinstance(value, dict) else "a list"
    return names.get(value) or repr(value)[:60]
