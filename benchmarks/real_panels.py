"""Score panel splitting on real comics by boxes drawn by hand, tests/panels/real: F1, cuts, merges, time, confidence.

python benchmarks/real_panels.py COMICS [--half tuning|held_out] [--kumiko CHECKOUT] [--each]

COMICS is a folder of the openly licensed comics that the boxes name. No rule was tuned on the half called held_out.
"""

import argparse
import itertools
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from panels import Method, kumiko, out  # beside this file

from comicdata.images import Image, decode
from comicdata.panels import find_panels, make_strips
from comicdata.panels.score import Counts, count, iou, read_truth
from comicdata.records import Box, Panel

TRUTH = Path(__file__).parent.parent / "tests" / "panels" / "real"
STRIPS = ("climate-frogs", "tori-no-me")
BANDS = (0.0, 0.5, 0.8, 0.9, 1.01)


@dataclass
class Tally:
    """What one comic adds up to; confidences with whether the box is right at IoU .75."""

    counts: Counts = field(default_factory=Counts)
    decoding: float = 0.0
    finding: float = 0.0
    sure: list[tuple[float, bool]] = field(default_factory=list)

    def __iadd__(self, other: "Tally") -> "Tally":
        self.counts += other.counts
        self.decoding, self.finding = self.decoding + other.decoding, self.finding + other.finding
        self.sure += other.sure
        return self


def pictures(comics: Path, name: str) -> tuple[list[Image], float]:
    """The page or the slices that a line of truth names, and the seconds of processor that decoding took.

    FOLDER:Y0-Y1 is a part of a strip whose slices are numbered files.
    """
    folder, _, rows = name.partition(":")
    files = sorted((comics / folder).glob("*.jpg"), key=_number) if rows else [comics / name]
    data = [file.read_bytes() for file in files]
    start = time.process_time()
    found = [decode(one, file.name) for one, file in zip(data, files, strict=True)]
    seconds = time.process_time() - start
    if rows:
        y0, y1 = map(int, rows.split("-"))
        whole = np.concatenate(found)
        found, seconds = [np.ascontiguousarray(whole[y0:y1])], seconds * (y1 - y0) / len(whole)
    return found, seconds


def _number(file: Path) -> int:
    return int(file.stem.rpartition("-")[2])


def judged(panels: Sequence[Panel], truth: Sequence[Box]) -> Iterator[tuple[float, bool]]:
    """The confidence of every panel, and whether some true box agrees with it at IoU .75."""
    for panel in panels:
        yield panel.confidence, any(iou(panel.box, box) >= 0.75 for box in truth)


def tallied(comics: Path, name: str, truth: Sequence[Box], other: Method | None) -> Tally:
    """One page or strip, cut by us or by another method."""
    images, decoding = pictures(comics, name)
    layout = "strip" if name.startswith(STRIPS) else "page"
    if other:
        return Tally(count(other(images, layout), truth))
    start = time.process_time()
    (strip,) = make_strips(images, layout)
    panels = [panel for panel in find_panels(strip) if panel.kind == "panel"]
    finding = time.process_time() - start
    return Tally(count([p.box for p in panels], truth), decoding, finding, list(judged(panels, truth)))


def main() -> None:
    """Print one table, a line for every comic, and how often confident boxes are right."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("comics", type=Path)
    parser.add_argument("--half", action="append", default=[], help="tuning or held_out; both by default")
    parser.add_argument("--each", action="store_true", help="a line for every page that is not all right at IoU .75")
    parser.add_argument("--kumiko", type=Path, default=None, help="a checkout of njean42/kumiko, run in our place")
    parser.add_argument("--python", default=sys.executable, help="the Python that runs Kumiko")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    other = kumiko(options.kumiko, options.python) if options.kumiko else None
    total = Tally()
    out("| comic | panels | F1@.5 / .75 / .9 | cut through / merged | time / decoding |\n" + "|---" * 5 + "|")
    for half in options.half or ["tuning", "held_out"]:
        comics: dict[str, Tally] = {}
        for name, truth in read_truth(TRUTH / f"{half}.jsonl").items():
            one = tallied(options.comics, name, truth, other)
            if options.each and one.counts.at(0.75).f1 < 1:
                _line(name, one)
            tally = comics.setdefault(name.partition("/")[0].partition(":")[0], Tally())
            tally += one
        whole = Tally()
        for comic, tally in comics.items():
            _line(comic, tally)
            whole += tally
        _line(f"**{half}**", whole)
        total += whole
    if total.sure:
        _confidence(total.sure)


def _line(name: str, tally: Tally) -> None:
    counts = tally.counts
    scores = " / ".join(f"{counts.at(at).f1:.3f}" for at in (0.5, 0.75, 0.9))
    ratio = f"{tally.finding / tally.decoding:.1f}" if tally.decoding else ""
    out(f"| {name} | {counts.truth} | {scores} | {counts.cut} / {counts.merged} | {ratio} |")


def _confidence(sure: Sequence[tuple[float, bool]]) -> None:
    out("\n| confidence | boxes | right at IoU .75 |\n|---|---|---|")
    for low, high in itertools.pairwise(BANDS):
        band = [right for value, right in sure if low <= value < high]
        if band:
            out(f"| {low:.1f} to {min(high, 1):.1f} | {len(band)} | {sum(band) / len(band):.2f} |")


if __name__ == "__main__":
    main()
