"""Difference hashes within a few bits of each other, found by bands instead of by comparing all with all."""

from array import array
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from comicdata.records import Pair

NEAR = 5  # bits of 64; copies lie at 0-5, the closest distinct pictures at 9 and more
BANDS = NEAR + 1  # two hashes that differ in NEAR bits are equal in at least one of so many disjoint bands
MASKS = tuple(sum(1 << bit for bit in range(band, 64, BANDS)) for band in range(BANDS))  # each from all over a picture
FLAT = 8  # a hash with fewer bits on one side says too little about a picture
ORDER = {"train": 0, "validation": 1, "test": 2}
SEVERAL = ""  # in place of a panel, where several have the same hash


class NearHashes:
    """64-bit hashes, each of a panel; answers whether another panel has one that differs in at most NEAR bits.

    Every hash is kept once, so a million equal ones cost as much as one. Search is exact.
    """

    def __init__(self) -> None:
        self._panels: dict[int, str] = {}
        self._bands: tuple[defaultdict[int, array[int]], ...] = tuple(defaultdict(_no_hashes) for _ in MASKS)

    def __len__(self) -> int:
        """How many different hashes are kept."""
        return len(self._panels)

    def add(self, value: int, panel: str) -> None:
        """Keep the hash of a panel; `panel` is not empty."""
        if value in self._panels:
            self._panels[value] = panel if self._panels[value] == panel else SEVERAL
            return
        self._panels[value] = panel
        for band, mask in zip(self._bands, MASKS, strict=True):
            band[value & mask].append(value)

    def knows(self, value: int, panel: str) -> bool:
        """Has a panel other than `panel` a hash within NEAR bits?"""
        if self._panels.get(value, panel) != panel:
            return True
        found = [band[value & mask] for band, mask in zip(self._bands, MASKS, strict=True) if value & mask in band]
        candidates = np.frombuffer(b"".join(found), np.uint64)
        near = candidates[np.bitwise_count(candidates ^ np.uint64(value)) <= NEAR]
        return any(self._panels[int(one)] != panel for one in near)


def _no_hashes() -> "array[int]":
    return array("Q")


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
