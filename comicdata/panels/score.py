"""How well boxes were found: greedy one-to-one matching by intersection over union."""

from collections.abc import Sequence
from dataclasses import dataclass

from comicdata.records import Box


@dataclass(frozen=True)
class Score:
    """Precision, recall and F1, each in [0, 1]; 1 where there was nothing to find and nothing was found."""

    precision: float
    recall: float
    f1: float


def iou(one: Box, other: Box) -> float:
    """Intersection over union of two boxes."""
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    shared = max(0, width) * max(0, height)
    return shared / (one.width * one.height + other.width * other.height - shared)


def matched(found: Sequence[Box], truth: Sequence[Box], threshold: float) -> int:
    """How many pairs match at this IoU, best pairs first, each box once."""
    pairs = sorted(((iou(a, b), i, j) for i, a in enumerate(found) for j, b in enumerate(truth)), reverse=True)
    used_found: set[int] = set()
    used_truth: set[int] = set()
    for value, i, j in pairs:
        if value >= threshold and i not in used_found and j not in used_truth:
            used_found.add(i)
            used_truth.add(j)
    return len(used_found)


def score(found: Sequence[Box], truth: Sequence[Box], threshold: float = 0.5) -> Score:
    """Precision, recall and F1 of found boxes at one IoU threshold."""
    hits = matched(found, truth, threshold)
    precision = hits / len(found) if found else float(not truth)
    recall = hits / len(truth) if truth else float(not found)
    return Score(precision, recall, 2 * hits / (len(found) + len(truth)) if found or truth else 1.0)
