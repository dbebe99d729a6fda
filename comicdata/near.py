"""Difference hashes within a few bits of each other, found by bands instead of by comparing all with all."""

from array import array
from collections import defaultdict

import numpy as np

NEAR = 5  # bits of 64; copies lie at 0-5, the closest distinct pictures at 9 and more
BANDS = NEAR + 1  # two hashes that differ in NEAR bits are equal in at least one of so many disjoint bands
MASKS = tuple(sum(1 << bit for bit in range(band, 64, BANDS)) for band in range(BANDS))  # each from all over a picture
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
