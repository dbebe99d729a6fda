"""Who is train, validation or test, and which window is a copy of another: decisions over names and hashes only."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Literal

from comicdata.errors import UsageError
from comicdata.near import NearHashes
from comicdata.records import Pair, Split, SplitBy

FEW_SERIES = 10
TEST_SHARE = VALIDATION_SHARE = 0.1
FLAT = 8  # a hash with fewer bits on one side says too little about a picture
ORDER = {"train": 0, "validation": 1, "test": 2}

Key = tuple[str, str, str]  # source, series_id, episode_id


def position(salt: str, group: str) -> float:
    """A number in [0, 1) from salt and group alone: the same on every machine, in every order."""
    return int(sha256(f"{salt}:{group}".encode()).hexdigest()[:16], 16) / 2**64


def group_by(keys: Iterable[Key], split_by: SplitBy) -> Literal["series", "episode"]:
    """What `auto` means here: series, or episodes where there are few series."""
    if split_by != "auto":
        return split_by
    return "episode" if len({key[:2] for key in keys}) < FEW_SERIES else "series"


def assign_splits(
    keys: Sequence[Key], *, salt: str, split_by: SplitBy, test: str | None = None, validation: str | None = None
) -> dict[Key, Split]:
    """A split for every episode. Episodes named in `test` and `validation` ("15-17,e20") go there; the hash of the
    group decides the rest. Train is never left empty: the group farthest from the test end moves there.
    """
    by = group_by(keys, split_by)
    splits: dict[Key, Split] = {}
    for key in keys:
        if test is not None and matches(key[2], test):
            splits[key] = "test"
        elif validation is not None and matches(key[2], validation):
            splits[key] = "validation"
    free = {key: position(salt, _group(key, by)) for key in keys if key not in splits}
    for key, place in free.items():
        splits[key] = _by_hash(place, test is None, validation is None)
    if free and "train" not in splits.values():
        farthest = max(free.values())
        splits |= {key: "train" for key, place in free.items() if place == farthest}
    return splits


def _group(key: Key, by: str) -> str:
    return "/".join(key[:2] if by == "series" else key)


def _by_hash(place: float, test_free: bool, validation_free: bool) -> Split:
    """The hash decides what nobody named."""
    if place < TEST_SHARE:
        return "test" if test_free else "train"
    if place < TEST_SHARE + VALIDATION_SHARE:
        return "validation" if validation_free else "train"
    return "train"


def matches(episode_id: str, pattern: str) -> bool:
    """Whether "15-17,e20" names an episode: by its id, or by a number in its id."""
    numbers = [int(digits) for digits in re.findall(r"\d+", episode_id)]
    for part in (part.strip() for part in pattern.split(",")):
        span = re.fullmatch(r"(\d+)(?:-(\d+))?", part)
        if part == episode_id:
            return True
        if span and any(int(span[1]) <= number <= int(span[2] or span[1]) for number in numbers):
            return True
    return False


def check_pattern(pattern: str | None, keys: Sequence[Key], option: str) -> None:
    """UsageError when a pattern names no episode at all: a typing error that would be seen too late."""
    if pattern is not None and not any(matches(key[2], pattern) for key in keys):
        raise UsageError(f"{option} {pattern}: no episode has that id or number; there are {_few(keys)}")


def _few(keys: Sequence[Key]) -> str:
    names = sorted({key[2] for key in keys})
    return ", ".join(names[:5]) + (f" ... {names[-1]}" if len(names) > 5 else "")


def drop_duplicates(rows: Sequence[Pair]) -> list[Pair]:
    """Mark copies as dropped: equal bytes anywhere, or a near-equal difference hash inside a series.

    The first one stays, train before validation before test, so that copies never straddle splits. Windows of one
    panel are never compared with each other.
    """
    order = sorted(range(len(rows)), key=lambda i: (ORDER[rows[i].split], i))
    result = list(rows)
    seen: dict[tuple[int, str], str] = {}
    near: dict[tuple[str, str, int], NearHashes] = defaultdict(NearHashes)
    for i in order:
        row = rows[i]
        if not row.kept:
            continue
        known, value = near[row.source, row.series_id, row.size], int(row.dhash[2:], 16)
        equal = seen.setdefault((row.size, row.sha256_color), row.panel_id) != row.panel_id
        if equal or _is_near_copy(value, row, known):
            result[i] = _dropped(row, "duplicate")
        else:
            known.add(value, row.panel_id)
    return result


def _dropped(row: Pair, reason: str) -> Pair:
    nothing = dict.fromkeys(
        ["color_file_name", "canny_file_name", "xdog_file_name", "sha256_color", "sha256_canny", "sha256_xdog"], ""
    )
    return replace(row, kept=False, drop_reason=reason, **nothing)  # type: ignore[arg-type]


def _is_near_copy(value: int, row: Pair, known: NearHashes) -> bool:
    """Whether another panel has nearly the difference hash `value`, and it says enough about the picture."""
    return FLAT <= value.bit_count() <= 64 - FLAT and known.knows(value, row.panel_id)
