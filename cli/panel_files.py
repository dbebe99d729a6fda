"""What `comicdata panels` writes into OUT beside overlays: names after the inputs, and the books that readers open."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from comicdata.cli.targets import apart, name_of
from comicdata.outputs.escapes import visible

FORMATS = {"json": ".panels.json", "acbf": ".acbf", "guided": ".guided.json"}


class Names:
    """What the files in OUT are called: after the inputs, as `cli.targets` has it."""

    def __init__(self, groups: Sequence[Any], inputs: Sequence[Path]) -> None:
        places: dict[tuple[int, int | None], str] = {}
        for number, group in enumerate(groups):
            places[number, None] = name_of(group.place)
            for index, picture in enumerate(group.pictures):
                own = [] if group.alone else [Path(picture.name).with_suffix("").name]
                places[number, index] = name_of(group.place, *own)
        alone = {number for number, group in enumerate(groups) if group.alone}
        keys = [key for key in places if key[0] not in alone or key[1] is not None]
        self._names = dict(zip(keys, apart(places[key] for key in keys), strict=True))
        self._numbers = {id(group): number for number, group in enumerate(groups)}
        whole = Path(inputs[0]) if len(inputs) == 1 else _common(inputs)
        self.whole = visible(name_of(whole if whole.is_dir() else whole.with_suffix("")))

    def overlay(self, found: Any) -> str:
        return self._of(found) + ".panels.jpg"

    def _of(self, found: Any) -> str:
        number = self._numbers[id(found.group)]
        is_strip = found.strip.layout == "strip" and not found.group.alone
        return self._names[number, None if is_strip else found.group.pictures.index(found.pictures[0])]

    def all(self) -> list[str]:
        return [f"{name}.panels.jpg" for name in self._names.values()]


def _common(inputs: Sequence[Path]) -> Path:
    """The folder that all inputs lie in."""
    return Path(os.path.commonpath([one.parent.absolute() for one in inputs]))


class Books:
    """Pages by the book that a reader opens: a folder, an archive, or the files of one folder that were named."""

    def __init__(self, formats: Sequence[str]) -> None:
        self.wanted = bool({"acbf", "guided"} & {*formats})
        self.leaves: dict[Path, list[Any]] = {}
        self.groups: dict[Path, Any] = {}
        self.orders: dict[Path, bool] = {}

    def add(self, found: Any) -> None:
        from comicdata.panels.exchange.entries import leaves_of

        if not self.wanted:
            return
        group = found.group
        place = group.pictures[0].path.parent if group.alone else group.place
        named = [_renamed(one, picture) for one, picture in zip(found.slices, found.pictures, strict=True)]
        self.leaves.setdefault(place, []).extend(leaves_of(found.panels, named, found.strip.image.shape[1]))
        self.groups.setdefault(place, group)
        self.orders[place] = found.order.direction == "rtl"

    def written(self) -> Iterator[tuple[str, Any]]:
        """Each book with its name in OUT."""
        from comicdata.panels.exchange.entries import Written

        for place, leaves in self.leaves.items():
            group, alone = self.groups[place], len(leaves) == 1 and self.groups[place].alone
            name = visible(name_of(group.place if alone else place))
            info = group.info
            title = info.title or visible(place.name)
            yield name, Written(title, tuple(leaves), info.authors, info.language, self.orders[place])


def _renamed(one: Any, picture: Any) -> Any:
    return replace(one, name=picture.inner or picture.name)


def documents(
    names: Names, books: Books, entries: Sequence[dict[str, Any]], formats: Sequence[str]
) -> Iterator[tuple[str, bytes]]:
    """The files for people and for readers, by their names in OUT."""
    from comicdata.panels.exchange.acbf import write_acbf
    from comicdata.panels.exchange.guided import write_guided
    from comicdata.panels.exchange.ours import write_ours

    if "json" in formats:
        yield names.whole + FORMATS["json"], write_ours(entries)
    for name, book in books.written():
        if "acbf" in formats:
            yield name + FORMATS["acbf"], write_acbf(book)
        if "guided" in formats:
            yield name + FORMATS["guided"], write_guided(book)


def order_line(orders: dict[str, int]) -> str:
    """Which way comics are read, and why, in one line; numbers where they differ."""
    said = [words if len(orders) == 1 else f"{count} times {words}" for words, count in orders.items()]
    return f"read {', '.join(said)}; --reading-order overrules it"
