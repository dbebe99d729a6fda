"""Score panel splitting on drawn strips and pages: ours, black and white rows per file and stitched, and Kumiko.

python benchmarks/panels.py [--tuning] [--kumiko CHECKOUT]     (Kumiko needs opencv < 5: name a Python with --python)
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from comicdata.drawn import cut_slices
from comicdata.drawn.manga import MANGA
from comicdata.drawn.pages import PAGES, draw_page
from comicdata.drawn.scenes import Drawn
from comicdata.drawn.strips import STRIPS, draw_strip
from comicdata.drawn.webtoons import WEBTOONS
from comicdata.images import Image, decode, encode_jpeg
from comicdata.panels import find_panels, make_strips
from comicdata.panels.score import Counts, count
from comicdata.records import Box

TUNING, HELD_OUT = range(4), range(200, 204)  # rules are tuned on the first; the tables quote the second
Method = Callable[[Sequence[Image], str], list[Box]]


@dataclass
class Tally:
    """Counts, and the seconds of processor of one method on one scenario and of decoding the same files."""

    counts: Counts = field(default_factory=Counts)
    seconds: float = 0.0
    decoding: float = 0.0


def ours(files: Sequence[Image], layout: str) -> list[Box]:
    """What `comicdata panels` does."""
    (strip,) = make_strips(files, layout)
    return [panel.box for panel in find_panels(strip) if panel.kind == "panel"]


def rows_stitched(files: Sequence[Image], layout: str) -> list[Box]:
    """Cut at rows that are nearly all white or all black."""
    return _row_boxes(np.concatenate(files), 0)


def rows_per_file(files: Sequence[Image], layout: str) -> list[Box]:
    """The same in each file alone, as most scrapers do."""
    tops = np.cumsum([0, *(one.shape[0] for one in files[:-1])]).tolist()
    return [box for top, one in zip(tops, files, strict=True) for box in _row_boxes(one, top)]


def _row_boxes(image: Image, top: int) -> list[Box]:
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    content = ((grey > 243).mean(axis=1) < 0.99) & ((grey < 12).mean(axis=1) < 0.99)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], content, [False]]).astype(np.int8)))
    spans = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return [Box(0, top + a, image.shape[1], top + b) for a, b in spans if b - a >= 0.06 * image.shape[1]]


def kumiko(checkout: Path, python: str) -> Method:
    """Kumiko's command line on the stitched picture; its own time is not comparable (a process per picture)."""

    def find(files: Sequence[Image], layout: str) -> list[Box]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "page.png"
            path.write_bytes(cv2.imencode(".png", np.concatenate(files)[..., ::-1])[1].tobytes())
            ratio = ["--min-panel-size-ratio", "0.02"] if layout == "strip" else []  # else it drops panels of strips
            command = [python, str(checkout / "kumiko"), "-i", str(path), "--no-panel-expansion", *ratio]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
        return [Box(x, y, x + w, y + h) for x, y, w, h in json.loads(done.stdout)[0]["panels"]]

    return find


def jpeg_files(drawn: Drawn, layout: str, seed: int) -> list[bytes]:
    """The files as they come from a site: JPEG of quality 78 to 92, strips in files that cut through panels."""
    quality = 78 + seed * 5 % 15
    slices = cut_slices(drawn.image, seed, low=700, high=1600) if layout == "strip" else [drawn.image]
    return [encode_jpeg(part, quality) for part in slices]


def scenarios(names: Sequence[str]) -> Iterator[tuple[str, str, Callable[[str, int], Drawn]]]:
    """(table, scenario, how to draw it)."""
    tables = (
        ("strip", STRIPS, draw_strip),
        ("newer strip", WEBTOONS, draw_strip),
        ("page", PAGES, draw_page),
        ("newer page", MANGA, draw_page),
    )
    for layout, known, draw in tables:
        for name in known:
            if not names or name in names:
                yield layout, name, draw


def main() -> None:
    """Print one table per layout."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tuning", action="store_true", help="seeds that rules may be tuned on")
    parser.add_argument("--only", action="append", default=[], help="a scenario; repeat for more")
    parser.add_argument("--ours", action="store_true", help="leave the other methods out")
    parser.add_argument("--kumiko", type=Path, default=None, help="a checkout of njean42/kumiko")
    parser.add_argument("--python", default=sys.executable, help="the Python that runs Kumiko")
    options = parser.parse_args()
    methods: dict[str, Method] = {"ours": ours}
    if not options.ours:
        methods |= {"rows per file": rows_per_file, "rows stitched": rows_stitched}
    if options.kumiko:
        methods["Kumiko"] = kumiko(options.kumiko, options.python)
    cv2.setNumThreads(1)
    totals: dict[tuple[str, str], Tally] = {}
    previous = ""
    for table, name, draw in scenarios(options.only):
        if table != previous:
            _head(table, list(methods))
            previous = table
        layout = "strip" if "strip" in table else "page"
        tallies = {method: Tally() for method in methods}
        for seed in TUNING if options.tuning else HELD_OUT:
            drawn = draw(name, seed)
            data = jpeg_files(drawn, layout, seed)
            start = time.process_time()
            files = [decode(one, "slice") for one in data]
            decoding = time.process_time() - start
            for method, find in methods.items():
                _add(tallies[method], find, files, layout, drawn)
                tallies[method].decoding += decoding
        for method, tally in tallies.items():
            total = totals.setdefault((table, method), Tally())
            total.counts += tally.counts
            total.seconds, total.decoding = total.seconds + tally.seconds, total.decoding + tally.decoding
        _line(name, list(tallies.values()))
    for table in dict.fromkeys(key[0] for key in totals):
        _head(f"all: {table}", list(methods))
        _summary({method: totals[table, method] for method in methods})


def _add(tally: Tally, find: Method, files: Sequence[Image], layout: str, drawn: Drawn) -> None:
    start = time.process_time()
    found = find(files, layout)
    tally.seconds += time.process_time() - start
    tally.counts += count(found, drawn.boxes)


def _head(title: str, methods: Sequence[str]) -> None:
    out(f"\n| {title} | " + " | ".join(methods) + " |")
    out("|---" * (len(methods) + 1) + "|")


def _line(name: str, tallies: Sequence[Tally]) -> None:
    out(f"| {name} | " + " | ".join(f"{t.counts.at(0.5).f1:.2f}/{t.counts.at(0.9).f1:.2f}" for t in tallies) + " |")


def _summary(tallies: dict[str, Tally]) -> None:
    counts = [tally.counts for tally in tallies.values()]
    rows = {
        "F1@.5 / .75 / .9": [" / ".join(f"{one.at(at).f1:.3f}" for at in (0.5, 0.75, 0.9)) for one in counts],
        "precision / recall @.5": [f"{one.at(0.5).precision:.3f} / {one.at(0.5).recall:.3f}" for one in counts],
        "cut through / merged": [f"{one.cut_rate:.3f} / {one.merge_rate:.3f}" for one in counts],
        "time / decoding": [f"{tally.seconds / tally.decoding:.1f}" for tally in tallies.values()],
    }
    for name, cells in rows.items():
        out(f"| {name} | " + " | ".join(cells) + " |")


def out(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
