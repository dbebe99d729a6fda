"""Doors that open when somebody walks through: names and rooms of a package, imported on first use (PEP 562)."""

from collections.abc import Callable, Collection, Mapping
from importlib import import_module
from typing import Any


def door(
    package: str, names: Mapping[str, str], rooms: Collection[str] = ()
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` of a package: `names` lie in the modules they map to, `rooms` are modules of it.

    No name may be that of a module of the package: it would be the function once, and the module ever after.
    """

    def look_up(name: str) -> Any:
        if name in names:
            return getattr(import_module(names[name]), name)
        if name in rooms:
            return import_module(f"{package}.{name}")
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    def offered() -> list[str]:
        return sorted([*names, *rooms, "__doc__", "__file__", "__name__", "__path__"])

    return look_up, offered
