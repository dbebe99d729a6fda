"""Who is train, validation or test, and which window is a copy of another: decisions over names and hashes only."""

from collections.abc import Collection, Iterable, Sequence
from hashlib import sha256
from typing import Literal

from comicdata.episodes import matches, parts_of, unnamed, what_there_is
from comicdata.errors import UsageError
from comicdata.records import EpisodeRecord, Split, SplitBy

FEW_SERIES = 10
SHOWN = 12  # series in a message
TEST_SHARE = VALIDATION_SHARE = 0.1

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
    keys: Sequence[Key],
    *,
    salt: str,
    split_by: SplitBy,
    test: Collection[Key] | None = None,
    validation: Collection[Key] | None = None,
) -> dict[Key, Split]:
    """A split for every episode. Those in `test` and `validation` go there; the hash of the group decides the rest.

    Train is never left empty: the group farthest from the test end moves there.
    """
    by = group_by(keys, split_by)
    splits: dict[Key, Split] = {key: "validation" for key in keys if key in (validation or ())}
    splits |= {key: "test" for key in keys if key in (test or ())}
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


def named_keys(records: Sequence[EpisodeRecord], pattern: str | None, option: str) -> frozenset[Key] | None:
    """The episodes that "15-17,bonus,cat:3" names by number or id, of all series or of one; None where none are named.

    UsageError, with what there is, for a part that names none: a typing error that would be seen too late.
    """
    if pattern is None:
        return None
    asked = {part: _within_series(records, part) for part in parts_of(pattern) or [pattern]}
    wrong = {part: own for part, (own, episodes) in asked.items() if unnamed(own, episodes)}
    if wrong:
        several = len({(one.source, one.series_id) for one in records}) > 1
        there = _there([one for own in wrong.values() for one in own]) if several else what_there_is(records)
        raise UsageError(f"{option} {','.join(wrong)}: no episode has that number or id; there are {there}")
    return frozenset(
        (one.source, one.series_id, one.episode_id)
        for own, episodes in asked.values()
        for one in own
        if matches(one, episodes)
    )


def _within_series(records: Sequence[EpisodeRecord], part: str) -> tuple[Sequence[EpisodeRecord], str]:
    """The episodes that a part of a pattern is about, and what it says of them: of a series, where one is called so."""
    name, colon, episodes = part.partition(":")
    own = [one for one in records if colon and name.casefold() in _names(one)]
    return (own, episodes) if own else (records, part)


def _names(record: EpisodeRecord) -> tuple[str, str]:
    """What its series is called."""
    series = record.series_id.casefold()
    return series, f"{record.source}/{series}"


def _there(records: Sequence[EpisodeRecord]) -> str:
    """The episodes of several series, as a pattern names them: "cat:1-4, 10; dog:1-3"."""
    series: dict[str, list[EpisodeRecord]] = {}
    for one in records:
        series.setdefault(one.series_id, []).append(one)
    words = [f"{name}:{what_there_is(own)}" for name, own in sorted(series.items())]
    return "; ".join(words[:SHOWN] + ([f"and {len(words) - SHOWN} series more"] if len(words) > SHOWN else []))
