"""The fault table: what hostile input, kills and damage do to the program, and what comes of it.

    python benchmarks/faults [OUT] [--only NAME] [--kind KIND ...] [--half | --fast]

Prints a row per kind, and every scenario that did not end right; OUT/faults.json (out/faults by default) has those and
how to play each alone.
"""

import argparse
import importlib
import json
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["NO_COLOR"] = "1"
sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from trial import OUTCOMES, Scenario, tried
from world import build

FAMILIES = ("web", "pictures", "interrupted", "damaged", "changed", "foreign", "asked", "moved")
JOBS = 2
HALF, FAST = 2, 107  # one scenario in so many


def main() -> int:
    asked = arguments()
    scenarios = [one for family in FAMILIES for one in importlib.import_module(family).scenarios()]
    names = [one.name for one in scenarios]
    assert len(names) == len(set(names)), sorted(name for name in names if names.count(name) > 1)[:5]
    if asked.only or asked.kind:
        scenarios = [one for one in scenarios if one.name == asked.only or one.kind.startswith(tuple(asked.kind))]
    elif asked.fast or asked.half:
        scenarios = scenarios[:: FAST if asked.fast else HALF]
    with tempfile.TemporaryDirectory(prefix="faults-") as place:
        world = prepared(Path(place))
        rows = played(scenarios, Path(place), world)
    report(rows, asked.out)
    return int(any(row["outcomes"] for row in rows) or not rows)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", nargs="?", type=Path, default=Path("out/faults"))
    parser.add_argument("--only", help="this scenario alone, by its name")
    parser.add_argument("--kind", action="append", default=[], help="one kind alone, by how it begins (repeat)")
    parser.add_argument("--half", action="store_true", help=f"one scenario in {HALF}")
    parser.add_argument("--fast", action="store_true", help=f"one scenario in {FAST}")
    return parser.parse_args()


def prepared(place: Path) -> Path:
    """The world, after importing what commands import, so that children find it there."""
    for name in IMPORTED:
        importlib.import_module(name)
    importlib.import_module("cv2").setNumThreads(1)
    importlib.import_module("torch").set_num_threads(1)
    return build(place / "world")


IMPORTED = (
    *(f"comicdata.cli.{name}" for name in ("crawl", "panels", "make_pairs", "train", "evaluate", "colorize", "show")),
    *(f"comicdata.cli.{name}" for name in ("flats", "export", "forget", "verify", "doctor", "html.run", "html.pairs")),
    "comicdata.flats.drawing", "comicdata.layers.forms", "comicdata.layers.hint_files", "scipy.sparse.linalg",
    "comicdata.models.train", "comicdata.models.evaluate", "comicdata.crawl", "comicdata.exports", "comicdata.pairs",
    "torch", "pandas", "pyarrow.parquet", "skimage.metrics", "skimage.color", "scipy.ndimage", "requests", "bs4",
    "lxml.html", "protego", "filelock", "safetensors.torch", "PIL.Image", "rich.table", "py7zr", "rarfile", "pydantic",
)  # fmt: skip


def played(scenarios: list[Scenario], place: Path, world: Path) -> list[dict]:
    """Every scenario in a fork of its own, JOBS at a time; their rows in order."""
    rows: dict[int, dict] = {}
    running: dict[int, int] = {}
    todo = list(enumerate(scenarios))
    while todo or running:
        while todo and len(running) < JOBS:
            index, scenario = todo.pop(0)
            number = os.fork()
            if not number:
                folder = place / str(index)
                row = tried(scenario, folder, world)
                (folder / "result.json").write_text(json.dumps(row))
                os._exit(0)
            running[number] = index
        number, _ = os.wait()
        index = running.pop(number)
        rows[index] = json.loads((place / str(index) / "result.json").read_text())
        if rows[index]["outcomes"]:
            print(f"RED {rows[index]['kind']}: {rows[index]['name']}: {rows[index]['outcomes']}", flush=True)
        subprocess.run(["rm", "-rf", str(place / str(index))])  # folders too deep for shutil
    return [rows[index] for index in sorted(rows)]


def report(rows: list[dict], out: Path) -> None:
    print(f"\n| kind | tried | right | {' | '.join(OUTCOMES)} |\n|---|---|---|{'---|' * len(OUTCOMES)}")
    kinds = dict.fromkeys(row["kind"] for row in rows)
    for kind in [*kinds, "all"]:
        mine = [row for row in rows if kind in (row["kind"], "all")]
        counts = [sum(one in row["outcomes"] for row in mine) for one in OUTCOMES]
        print(f"| {kind} | {len(mine)} | {sum(not row['outcomes'] for row in mine)} | {' | '.join(map(str, counts))} |")
    again = "python benchmarks/faults --only"
    red = [{**row, "again": f"{again} {shlex.quote(row['name'])}"} for row in rows if row["outcomes"]]
    out.mkdir(parents=True, exist_ok=True)
    slowest = sorted(rows, key=lambda row: -row["seconds"])[:10]
    document = {"tried": len(rows), "red": red, "slowest": [[one["name"], one["seconds"]] for one in slowest]}
    (out / "faults.json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    sys.exit(main())
