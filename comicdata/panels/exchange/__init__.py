"""Panels in files: our JSON, ACBF and Readium's guided.json. What a file is, is told by its content."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from comicdata.errors import UsageError
from comicdata.files import read_regular
from comicdata.panels.exchange.acbf import read_acbf
from comicdata.panels.exchange.entries import Entry
from comicdata.panels.exchange.guided import read_guided
from comicdata.panels.exchange.ours import EXAMPLE, read_document, read_entry
from comicdata.reading.text import UnreadableError, parse_json

MAX_BYTES = 100_000_000


def read_panels(path: Path) -> list[Entry]:
    """What a file says of the panels of pages, in its order.

    UsageError, with the line or the page, where it is none of the three formats, empty, or names a page twice.
    """
    data = _bytes_of(path)
    if data[:200].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").startswith(b"<"):
        entries = _of_book(read_acbf(data, str(path)), path)
    else:
        entries = _read_json(data, path)
    if not entries:
        raise UsageError(f"{path}: empty; write one line per input, like {EXAMPLE}")
    seen: set[str] = set()
    for entry in entries:
        if entry.name in seen:
            raise UsageError(f"{entry.place}: {entry.name!r} is there already; put all its panels into one place")
        seen.add(entry.name)
    return entries


def _bytes_of(path: Path) -> bytes:
    if not path.is_file():
        raise UsageError(f"{path}: no such file; name what comicdata panels --to wrote, or JSON lines")
    try:
        return read_regular(path, MAX_BYTES)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror or error})") from None


def _of_book(entries: list[Entry], path: Path) -> list[Entry]:
    """The pages of one book: where several books have such pages, the name of the file tells which one is meant."""
    words = path.name.partition(".")[0].split("_")
    books = ["_".join(words[start:]) for start in range(len(words))]
    return [replace(entry, also=tuple(f"{book}/{entry.name}" for book in books)) for entry in entries]


def _read_json(data: bytes, path: Path) -> list[Entry]:
    """A document of ours or of Readium, else a page a line."""
    place = str(path)
    try:
        value = parse_json(data, by_hand=True)
    except UnreadableError as error:
        whole = str(error)
    else:
        if isinstance(value, Mapping) and "strips" in value:
            return list(read_document(value, place))
        if isinstance(value, Mapping) and "guided" in value:
            return _of_book(read_guided(value, place), path)
        return [read_entry(value, f"{place}:1")]
    lines = [(number, line) for number, line in enumerate(data.splitlines(), 1) if line.strip()]
    if lines and not _is_object(lines[0][1]):  # a document that is damaged: its own fault tells more
        first = f"{place}:1" if len(lines) == 1 else place
        raise UsageError(
            f"{first}: not valid JSON ({whole}); mend it there, or take what comicdata panels --to json wrote"
        )
    values = [(f"{place}:{number}", _line(line, f"{place}:{number}")) for number, line in lines]
    return [read_entry(value, where) for where, value in values]


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(parse_json(line), dict)
    except UnreadableError:
        return False


def _line(line: bytes, place: str) -> object:
    try:
        return parse_json(line, by_hand=True)
    except UnreadableError as error:
        raise UsageError(f"{place}: not valid JSON ({error}); one JSON object per line, like {EXAMPLE}") from None
