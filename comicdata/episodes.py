"""A crawl as others read it: the records of episodes on disk, their order, and what they are called by.

Nothing here knows a network.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from comicdata.errors import IntegrityError, UsageError
from comicdata.files import SEAL, below, has_hash, is_below, is_intact, jsonl_bytes, read_json, read_lines
from comicdata.forgotten import FORGOTTEN, read_forgotten
from comicdata.images import decodes
from comicdata.numbers import canonical, read_number, value_of
from comicdata.outputs import KEPT, is_made_here
from comicdata.outputs.findings import Findings
from comicdata.reading.shapes import shaped
from comicdata.records import EpisodeRecord, Failure

EPISODE = "episode.json"
SERIES = "series.json"
INDEX = "index.jsonl"
FAILURES = "failures.jsonl"
STORED_NAME = r"[0-9]{4,}(-[0-9a-f]{8})?\.(jpg|png|webp|gif|avif|bmp|tif)"
STORED_PATTERN = re.compile(STORED_NAME)


def series_folder(out: Path, key: tuple[str, str]) -> Path:
    """Where a series lies; `key` is (source, series_id)."""
    return out / key[0] / key[1]


def episode_folder(out: Path, record: EpisodeRecord) -> Path:
    """Where the pictures of an episode lie."""
    return out / record.source / record.series_id / record.episode_id


def natural_key(name: str) -> tuple[list[list[tuple[int, int, str]]], str]:
    """Sort key of a name or path as people number pages: 2, 2 (1), 2.5, 3, 10; the suffix of a file decides nothing.

    A folder goes before another whose name begins with its own ("Ch 2" and "Ch 2.5").
    """
    plain = unicodedata.normalize("NFKC", name).casefold()
    parts = re.sub(r"\.[a-z][a-z0-9_?=&%-]{0,40}$", "", plain).split("/")
    return [[_piece(piece) for piece in re.findall(r"\d+|\D+", part)] for part in parts], name


def _piece(text: str) -> tuple[int, int, str]:
    """Digits before words, and by what they are worth, however many there are."""
    if not text[0].isdecimal():
        return 1, 0, text
    digits = "".join(str(unicodedata.decimal(digit)) for digit in text).lstrip("0")
    return 0, len(digits), digits


class Named(Protocol):
    """What an episode can be called by: an Episode of a source, or a record on disk."""

    @property
    def episode_id(self) -> str: ...

    @property
    def number(self) -> str: ...

    @property
    def season(self) -> str: ...


def reading_order(episode: Named) -> tuple[Any, ...]:
    """Sort key: seasons, then numbers, then what has no number, in natural order of the ids."""
    season, number = value_of(episode.season), value_of(episode.number)
    place = (season is None and episode.season != "", season or 0, episode.season if season is None else "")
    return *place, number is None, number or 0, natural_key(episode.episode_id)


def matches(episode: Named, pattern: str) -> bool:
    """Whether "15-17,10.5,s2:3,bonus" names an episode: by number, range of numbers, season, or whole id."""
    return any(_is_named(episode, part) for part in parts_of(pattern))


def unnamed(episodes: Sequence[Named], pattern: str) -> list[str]:
    """The parts of a pattern that name none of the episodes."""
    return [part for part in parts_of(pattern) or [pattern] if not any(_is_named(one, part) for one in episodes)]


def what_there_is(episodes: Sequence[Named], most: int = 12) -> str:
    """The episodes in the words that a pattern takes: "1-10, 10.5, 12, s2:1-8, prologue"."""
    spans: list[list[tuple[str, str]]] = []
    for one in sorted(episodes, key=reading_order):
        called = (one.season, one.number or one.episode_id)
        if spans and called == spans[-1][-1]:
            continue
        if spans and _follows(spans[-1][-1], called):
            spans[-1].append(called)
        else:
            spans.append([called])
    words = [_span(span) for span in spans]
    if len(words) > most:
        words = [*words[: most - 1], f"... {words[-1]}"]
    return ", ".join(words) or "none"


def _follows(before: tuple[str, str], after: tuple[str, str]) -> bool:
    return before[0] == after[0] and bool(
        before[1].isdecimal() and after[1].isdecimal() and value_of(after[1]) == (value_of(before[1]) or 0) + 1
    )


def _span(span: Sequence[tuple[str, str]]) -> str:
    season, first = span[0]
    named = first if len(span) == 1 else f"{first}-{span[-1][1]}"
    return f"s{season}:{named}" if season and value_of(first) is not None else named


def parts_of(pattern: str) -> list[str]:
    """What stands between the commas of a pattern."""
    return [part.strip() for part in pattern.split(",") if part.strip()]


def _is_named(episode: Named, part: str) -> bool:
    """One part of a pattern: an id, a number, a range, or one of these within a season (s2:1-8, s2e3, s2)."""
    if part.casefold() == episode.episode_id.casefold():
        return True
    part = canonical(part)
    season = re.fullmatch(r"s([0-9]{1,6})(?:[:e](.+))?", part, re.IGNORECASE)
    if season and canonical(season[1]) == (episode.season or "1"):
        return season[2] is None or _has_number(episode.number, canonical(season[2]))
    return _has_number(episode.number, part)


def _has_number(number: str, wanted: str) -> bool:
    span = re.fullmatch(r"(-?[0-9./]+)-(-?[0-9./]+)", wanted)
    first, last, value = value_of(span[1] if span else wanted), value_of(span[2] if span else wanted), value_of(number)
    if first is None or last is None or value is None:
        return number != "" and number.casefold() == wanted.casefold()
    return first <= value <= last


def read_episode(path: Path) -> EpisodeRecord:
    """Read and check one episode.json; IntegrityError names the file and the field.

    A record that names other folders than its own, or a file that is no NNNN.ext, is as damaged as one without a hash.
    """
    value, intact = read_json(path), False
    if isinstance(value, dict):
        intact = is_intact(value, "number", "season")
        value = numbered({name: one for name, one in value.items() if name != SEAL})
    record = shaped(EpisodeRecord, value, str(path), "delete it and crawl again")
    if (record.source, record.series_id, record.episode_id) != path.parts[-4:-1]:
        raise IntegrityError(f"{path}: belongs to another folder; delete it and crawl again")
    for image in (*record.images, *record.earlier):
        if not re.fullmatch(STORED_NAME, image.file_name):
            raise IntegrityError(f"{path}: images: {image.file_name!r} is no stored picture; delete it and crawl again")
    if not intact:
        raise IntegrityError(f"{path}: changed since it was written; delete it and crawl again")
    return record


def numbered(value: dict[str, Any]) -> dict[str, Any]:
    """What a file says of an episode, with number and season: version 0.1.0 wrote none, so its title or id says them.

    Its ids took the first digits of a title, whatever they meant: only where a title has none do they say more.
    """
    title, identifier = str(value.get("title", "")), str(value.get("episode_id", ""))
    if "number" in value:
        return value
    said = read_number(title)
    if not said.number and (value.get("source") == "local" or not re.search(r"\d", title)):
        said = replace(said, number=read_number(identifier).number)
    return {**value, "number": said.number, "season": said.season}


def stored_episode(out: Path, source: str, series_id: str, episode_id: str) -> EpisodeRecord | None:
    """The record of an episode whatever its state; None where there is none or it is damaged."""
    path = out / source / series_id / episode_id / EPISODE
    try:
        return read_episode(path) if path.is_file() else None
    except IntegrityError:
        return None


def series_facts(out: Path, source: str, series_id: str) -> tuple[str, str]:
    """What series.json says of the reading order ("ltr", "rtl" or "") and the language; "" where it says nothing, or is
    missing or damaged.
    """
    path = series_folder(out, (source, series_id)) / SERIES
    try:
        value = read_json(path) if path.is_file() else {}
    except IntegrityError:
        value = {}
    facts = [value.get(name, "") if isinstance(value, dict) else "" for name in ("reading_order", "language")]
    order, language = (fact if isinstance(fact, str) else "" for fact in facts)
    return order, language


def read_crawl(out: Path) -> list[EpisodeRecord]:
    """All episodes of a crawl in reading order; UsageError when the folder is no crawl."""
    if not out.is_dir():
        raise UsageError(f"{out}: no such folder; make a crawl with: comicdata crawl SOURCE --out {out}")
    return sorted(iterate_crawl(out), key=crawl_order)


def crawl_order(record: EpisodeRecord) -> tuple[Any, ...]:
    """Sort key: series by series, each in reading order."""
    return natural_key(f"{record.source}/{record.series_id}"), reading_order(record)


def iterate_crawl(out: Path, series: str = "*/*") -> Iterator[EpisodeRecord]:
    """The episodes of a crawl, or of "source/series_id" in it, one in memory at a time, in natural order of ids."""
    paths = out.glob(f"{series}/*/{EPISODE}")
    for path in sorted(paths, key=lambda path: natural_key(path.parent.relative_to(out).as_posix())):
        yield read_episode(path)


def index_rows(records: Iterable[EpisodeRecord]) -> list[dict[str, Any]]:
    """The lines of index.jsonl, one per episode: derived from the records and nothing else, without times."""
    rows = [
        (
            crawl_order(record),
            {
                "source": record.source,
                "series_id": record.series_id,
                "episode_id": record.episode_id,
                "number": record.number,
                "season": record.season,
                "title": record.title,
                "status": record.status,
                "images": len(record.images),
                "bytes": sum(image.bytes for image in record.images),
            },
        )
        for record in records
    ]
    return [row for _, row in sorted(rows, key=lambda one: one[0])]


def failures_of(record: EpisodeRecord) -> list[Failure]:
    """The lines of failures.jsonl that an episode gives."""
    item = f"{record.source}/{record.series_id}/{record.episode_id}"
    failures = [Failure("crawl", f"{item}: {url}", why, "partial") for url, why in record.missing]
    if record.status != "ok" and not record.missing:
        failures.append(Failure("crawl", item, record.reason, record.status))
    return failures


AGAIN = "the same crawl command makes it again"


def verify_crawl(out: Path, series: str = "*/*", *, decoded: bool = False) -> dict[str, Any]:
    """Hash every stored picture and record, of the whole crawl or of "source/series_id" in it; the lists of a whole
    crawl are derived again.

    The document of `Findings`; `decoded` also decodes every picture, and counts one that does not as changed.
    """
    found = Findings(out)
    expected = set(out.glob(f"{series}/{SERIES}"))
    for path in sorted(expected):
        found.sealed(path, AGAIN)
    records = []
    for path in sorted(out.glob(f"{series}/*/{EPISODE}")):
        expected.add(path)
        if path.parent.parent / SERIES not in expected:
            found.look(path.parent.parent / SERIES, False, AGAIN)
        record = _verified(found, path)
        if record is None:
            expected |= set(path.parent.iterdir())
            continue
        records.append(record)
        images = (*record.images, *record.earlier)
        expected |= {path.parent / image.file_name for image in images}
        for image in images:
            stored = path.parent / image.file_name
            if found.hashed(stored, image.sha256, AGAIN) and decoded and not decodes(stored):
                found.look(stored, False, AGAIN)
    if series == "*/*":
        _verify_lists(found, records)
        found.readable(out / FORGOTTEN, lambda: read_forgotten(out))
    litter = {
        path for one in out.glob(series) for path in below(one) if path.is_file() and path.name != ".lock"
    } - expected
    others = {KEPT, *(path.name for path in out.iterdir() if is_made_here(path))}  # pairs or a run inside a crawl
    found.orphans(path for path in litter if path.relative_to(out).parts[0] not in others)
    found.kept()
    return found.document()


def _verified(found: Findings, path: Path) -> EpisodeRecord | None:
    """The record of an episode; None, and a word, where it is not as it was written."""
    try:
        record = read_episode(path)
    except IntegrityError:
        found.look(path, False, AGAIN)
        return None
    when = record.fetched_at
    found.look(path, not when or _is_time(when), AGAIN)
    return record if found.sealed(path, AGAIN) else None


def _is_time(text: str) -> bool:
    """Whether a time is as we write it: it is not part of the hash of its record."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC).isoformat(timespec="seconds") == text
    except (ValueError, OverflowError):
        return False


def _verify_lists(found: Findings, records: Sequence[EpisodeRecord]) -> None:
    """The index and the failures once more from the records, which have to be whole for that.

    A crawl through the library writes neither; the command leaves the lock that it held while it did.
    """
    here = {(one.source, one.series_id, one.episode_id) for one in records}
    for row in read_lines(found.root / INDEX):
        place = (
            tuple(str(row.get(name)) for name in ("source", "series_id", "episode_id")) if isinstance(row, dict) else ()
        )
        if place and place not in here and is_below(found.root, path := found.root.joinpath(*place, EPISODE)):
            found.look(path, path.is_file(), AGAIN)
    damaged = any(path.endswith(EPISODE) for path in found.document()["changed"])
    if damaged or not ((found.root / INDEX).exists() or (found.root / ".lock").exists()):
        return
    ordered = sorted(records, key=lambda record: natural_key(f"{record.source}/{record.series_id}/{record.episode_id}"))
    found.derived(found.root / INDEX, _ways(index_rows(ordered)), AGAIN)
    failures = jsonl_bytes(asdict(one) for record in ordered for one in failures_of(record))
    if failures or (found.root / FAILURES).exists():
        found.derived(found.root / FAILURES, [failures], AGAIN)


def _ways(rows: Sequence[dict[str, Any]]) -> list[bytes]:
    """index.jsonl as it is written now, and as version 0.1.0 did, without numbers and seasons."""
    old = ({name: value for name, value in row.items() if name not in ("number", "season")} for row in rows)
    return [jsonl_bytes(rows), jsonl_bytes(old)]


def faults_of(folder: Path, record: EpisodeRecord) -> Iterator[tuple[str, Path]]:
    """("missing" or "changed", path) of every stored picture that is not as recorded."""
    for image in (*record.images, *record.earlier):
        path = folder / image.file_name
        if not path.is_file():
            yield "missing", path
        elif not has_hash(path, image.sha256):
            yield "changed", path
