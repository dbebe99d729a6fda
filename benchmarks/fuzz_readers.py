"""Random damage to every file that is read: whatever a file says, reading it ends in values or in one clear line.

    python benchmarks/fuzz_readers.py --seconds 600 --seed 1 [--base DIR]

DIR has a crawl, pairs and a run (as `comicdata demo --out DIR` leaves them; made anew without --base). Each round takes
one valid file, damages it, as bytes or in its tree of values, and reads it as a command would. A fault is any exception
that is none of comicdata's own, and a read of more than 20 seconds. Prints a table; the status is 1 after a fault.
What a fault was found with is added to tests/cli/fuzzed.jsonl (--keep), which tests/cli/test_fuzzed.py reads again.
"""

import argparse
import base64
import contextlib
import io
import json
import logging
import random
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from comicdata.cli.front import read_config
from comicdata.cli.html import run as run_page
from comicdata.cli.html.scores import METHODS, SUBSETS
from comicdata.cli.main import run
from comicdata.crawl import store
from comicdata.crawl.optouts import read_tdmrep
from comicdata.crawl.sources import naver, open_recipe, peppercarrot, shipped_recipes, webtoons, xkcd
from comicdata.crawl.sources.archive import read_books
from comicdata.crawl.sources.comic_info import parse_comic_info
from comicdata.crawl.web import Visit
from comicdata.episodes import read_episode
from comicdata.errors import ComicDataError
from comicdata.exports.folder import read_ledger, verify_export
from comicdata.files import append_line, read_jsonl, seal
from comicdata.flats.hints import paint_hints, read_hints
from comicdata.forgotten import read_forgotten
from comicdata.images import read_picture
from comicdata.outputs import holds, read_list
from comicdata.pairs import manifest
from comicdata.pairs.card import read_outlines
from comicdata.pairs.excluded import read_excluded
from comicdata.panels.score import read_truth
from comicdata.reading.text import UnreadableError, parse_json, parse_toml

SLOW_S = 20.0
KEPT = Path(__file__).parents[1] / "tests" / "cli" / "fuzzed.jsonl"  # {"reader", "data" in base64, "found"}
ODD: list[Any] = [
    *(None, True, False, 0, -1, 1, 2.5, 10**9, 10**30, -(10**99), 1e308, -0.0, "", "x", "²", "٣", "1e400", "nan"),
    *(
        "\0",
        "a\0b",
        "\ud800",
        "../x",
        "/etc/passwd",
        "http://[",
        "{n}",
        "x" * 5000,
        [],
        {},
        [[]],
        [None],
        {"a": 1},
        {"": []},
    ),
]
RAW = [
    b"NaN",
    b"-Infinity",
    b"1e400",
    b"1" * 5000,
    b"[" * 5000,
    b'{"a":' * 3000,
    b"\xff\xfe",
    b"\0",
    b'"\\ud800"',
    b"\xed\xa0\x80",
    b"1_0",
    b"0x1f",
    b"'''",
    b'"',
    b"\\",
    b"[[",
    b"]]",
    b"=",
    b"a.b." * 60,
    b"inf",
    b"1979-05-27",
    b"\n",
    b"\r",
    b"\xe2\x80\xa8",
]


@dataclass
class Reader:
    """One kind of file: valid ones, and what reads one; `tree`: its lines, or the whole, are JSON."""

    name: str
    seeds: list[bytes]
    read: Callable[[bytes], object]
    tree: bool = True


def damaged_bytes(data: bytes, random_: random.Random) -> bytes:
    """The bytes with up to four of: a bit flipped, a piece cut out, doubled, overwritten, something odd put in."""
    found = bytearray(data)
    for _ in range(random_.randint(1, 4)):
        at = random_.randrange(len(found) + 1)
        size = random_.choice([1, 2, 8, 64, 1000])
        how = random_.randrange(6)
        if how == 0 and at < len(found):
            found[at] ^= 1 << random_.randrange(8)
        elif how == 1:
            del found[at : at + size]
        elif how == 2:
            found[at:at] = found[at : at + size] * random_.choice([1, 2, 50])
        elif how == 3:
            found[at : at + size] = random_.randbytes(min(size, 8))
        elif how == 4:
            del found[at:]
        else:
            found[at:at] = random_.choice(RAW)
    return bytes(found)


def damaged_value(value: Any, random_: random.Random) -> Any:
    """A JSON value with one thing in it replaced, taken away, doubled or renamed."""
    inside = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    if not inside or random_.random() < 0.15:
        return random_.choice(ODD)
    key = random_.choice(list(inside))
    made: Any = dict(value) if isinstance(value, dict) else list(value)
    how = random_.randrange(8)
    if how == 0:
        del made[key]
    elif how == 1 and isinstance(made, dict):
        made[random_.choice(["", "x", "\0", "id", str(key).upper()])] = made[key]
    elif how == 1:
        made.insert(key, made[key])
    elif how == 2:
        made[key] = random_.choice(ODD)
    else:
        made[key] = damaged_value(value[key], random_)
    return made


def damaged(reader: Reader, random_: random.Random) -> bytes:
    data = random_.choice(reader.seeds)
    if not reader.tree or random_.random() < 0.4:
        return damaged_bytes(data, random_)
    try:
        return json.dumps(damaged_value(json.loads(data), random_)).encode()
    except ValueError:
        lines = data.splitlines()
        at = random_.randrange(len(lines))
        lines[at] = json.dumps(damaged_value(json.loads(lines[at]), random_)).encode()
        return b"\n".join(lines)


@dataclass(frozen=True)
class World:
    """Copies of what the tour made, and a folder `work` where files are put to be read."""

    base: Path
    work: Path
    crawl: Path
    pairs: Path
    run: Path

    @classmethod
    def copied(cls, base: Path, work: Path) -> "World":
        """A run with weights is taken; `evaluation` is empty."""
        crawl, pairs = (Path(shutil.copytree(base / name, work / name)) for name in ("crawl", "pairs"))
        runs = [one for one in sorted(base.glob("run*")) if (one / "weights.safetensors").is_file()]
        (work / "evaluation").mkdir()
        return cls(base, work, crawl, pairs, Path(shutil.copytree(runs[0], work / runs[0].name)))

    @property
    def episode(self) -> Path:
        return next(self.crawl.glob("*/*/*/episode.json"))

    @property
    def series(self) -> Path:
        return self.episode.parents[1] / "series.json"


def readers(base: Path, work: Path) -> list[Reader]:
    """Every reader, over copies of what lies in `base`."""
    world = World.copied(base, work)
    tables = (_of_texts, _of_sites, _of_people, _of_crawls, _of_pairs, _of_exports, _of_runs, _of_pictures)
    return [reader for table in tables for reader in table(world)]


SETTINGS = b'[train]\nimages = 9\nhints = true\n[make-pairs]\nsize = ["256"]\nworkers = 2\n[crawl]\npause = 1.5\n'


def _of_texts(world: World) -> list[Reader]:
    recipes = [text.encode() for text in shipped_recipes().values()]
    records = [world.series.read_bytes(), (world.run / "config.json").read_bytes()]
    return [
        Reader("JSON", records, _quiet(parse_json)),
        Reader("TOML", [SETTINGS, *recipes], _quiet(parse_toml), False),
        Reader("recipe", recipes, _recipe, False),
    ]


def _of_sites(world: World) -> list[Reader]:
    """What sites answer."""
    comic = {"num": 7, "img": "https://imgs.xkcd.com/comics/a.png"}
    row = {"episodeNo": 1, "viewerLink": "/x", "episodeTitle": "One", "exposureDateMillis": 1e12}
    listing = {"result": {"episodeList": [row], "nextCursor": "2"}}
    info = {"titleName": "T", "webtoonLevelCode": "WEBTOON", "age": {"type": "RATE_12"}}
    info["author"] = {"writers": [{"name": "A"}]}
    articles = {"articleList": [{"no": 1, "subtitle": "One"}], "pageInfo": {"nextPage": 2, "totalPages": 3}}
    index = [{"name": "ep01_One", "pages": {"0": "a.jpg", "1": "b.jpg"}, "translated_languages": ["en"]}]
    return [
        Reader("xkcd", _dumped(comic), lambda data: xkcd.parse_comic(data, "x")),
        Reader("webtoons", _dumped(listing), webtoons.parse_list),
        Reader("naver info", _dumped(info), naver.parse_info),
        Reader("naver list", _dumped(articles), naver.parse_list),
        Reader("peppercarrot", _dumped(index), peppercarrot.parse_index),
        Reader("tdmrep.json", _dumped([{"location": "/", "tdm-reservation": 1}]), read_tdmrep),
    ]


def _of_people(world: World) -> list[Reader]:
    """What people write."""
    file, hints = world.work / "file", world.work / "hints.json"
    truth = {"input": "page.png", "panels": [{"box": [0, 0, 100, 80], "kind": "panel"}]}
    hint = [{"x": 1, "y": 2.5, "radius": 3, "color": "#88ccee"}]
    train = ("train", "pix2pix", "--pairs", world.pairs, "--run", world.work / "new", "--dry-run", "--config", file)
    return [
        Reader("settings", [SETTINGS], _at(file, lambda: read_config(file)), False),
        Reader("settings, doctor", [SETTINGS], _at(file, lambda: _command("doctor", "--config", file)), False),
        Reader("settings, train", [SETTINGS], _at(file, lambda: _command(*train)), False),
        Reader("hints", _dumped(hint, []), _at(hints, lambda: paint_hints(read_hints(hints), 64, 64, 0.5))),
        Reader("truth of panels", _lined(truth), _at(file, lambda: read_truth(file))),
    ]


def _of_crawls(world: World) -> list[Reader]:
    crawl, episode, series = world.crawl, world.episode, world.series
    journal, index = episode.parent / "journal.jsonl", crawl / "index.jsonl"
    first = json.loads(episode.read_bytes())["images"][0]
    again = ("crawl", world.base / "comic", "--out", crawl, "--dry-run")
    return [
        Reader("episode.json", [episode.read_bytes()], _at(episode, lambda: read_episode(episode))),
        Reader("episode.json, verify", [episode.read_bytes()], _at(episode, lambda: _command("verify", crawl))),
        Reader("series.json", [series.read_bytes()], _at(series, lambda: _series(crawl, series))),
        Reader("journal", _lined(first), _at(journal, lambda: store.intact_journal(episode.parent))),
        Reader("index.jsonl", [index.read_bytes()], _at(index, lambda: _command(*again))),
    ]


def _of_pairs(world: World) -> list[Reader]:
    pairs, part = world.pairs, next((world.pairs / "parts").rglob("*.jsonl"))
    rows, card = pairs / manifest.MANIFEST, pairs / "card.json"
    excluded, forgotten = pairs / "excluded.jsonl", pairs / "forgotten.jsonl"
    line = {"id": next(iter(manifest.read_rows(pairs))).id, "reason": "blurred"}
    gone = {"source": "s", "series_id": "t", "forgotten_at": "2026-01-01"}
    again = ("make-pairs", world.crawl, "--out", pairs, "--dry-run")
    return [
        Reader("part", [part.read_bytes()], _at(part, lambda: _rows_of(part))),
        Reader("part, make-pairs", [part.read_bytes()], _at(part, lambda: _command(*again))),
        Reader("manifest", [rows.read_bytes()], _at(rows, lambda: manifest.read_rows(pairs)), False),
        Reader("manifest's values", _dumped(*_plain_rows(pairs)), _at(rows, lambda: _read_values(pairs))),
        Reader("card.json", [card.read_bytes()], _at(card, lambda: read_outlines(pairs))),
        Reader("card.json, verify", [card.read_bytes()], _at(card, lambda: _command("verify", pairs))),
        Reader("excluded.jsonl", _lined(line), _at(excluded, lambda: read_excluded(pairs))),
        Reader("forgotten.jsonl", _lined(gone), _at(forgotten, lambda: read_forgotten(pairs))),
    ]


def _of_exports(world: World) -> list[Reader]:
    work = world.work
    made = {"version": "0", "files": {"a.png": {"sha256": "0" * 64, "command": "colorize"}}}
    ledger = {"to": "kohya", "version": "0", "options": {}}
    ledger["files"] = {"a/b.png": {"key": "k", "sha256": "0" * 64, "bytes": 3}}
    return [
        Reader(".comicdata.json", _dumped(made), _at(work / ".comicdata.json", lambda: read_list(work))),
        Reader("export.json", _dumped(ledger), _at(work / "export.json", lambda: _export(work))),
    ]


def _of_runs(world: World) -> list[Reader]:
    run_, work = world.run, world.work
    config, weights = run_ / "config.json", run_ / "weights.safetensors"
    state, evaluation = next((run_ / "state").glob("*/state.json")), work / "evaluation"
    metrics = b'{"images":8,"lr":0.1,"l1":0.5}\n{"images":16,"validation_l1":0.25}\n'
    train = ("train", "pix2pix", "--pairs", world.pairs, "--run", run_, "--dry-run")
    figures = _at(evaluation / "test.json", lambda: run_page.evaluations(evaluation))
    header, tensors = _weights(weights)
    copied = work / "v.safetensors"
    return [
        Reader("config.json", [config.read_bytes()], _at(config, lambda: _command(*train))),
        Reader("config.json, show", [config.read_bytes()], _at(config, lambda: run_page.page(run_))),
        Reader("metrics.jsonl", [metrics], _at(run_ / "metrics.jsonl", lambda: run_page.training(run_))),
        Reader("evaluation", _evaluations(world.base), figures),
        Reader("state.json", [state.read_bytes()], _at(state, lambda: _load_state(run_))),
        Reader("header of weights", _dumped(header), partial(_load_header, work / "w.safetensors", tensors)),
        Reader("weights", [weights.read_bytes()], _at(copied, lambda: _load(copied)), False),
    ]


def _of_pictures(world: World) -> list[Reader]:
    folder, archive = world.episode.parent, world.work / "a.cbz"
    xml = (
        b"<?xml version='1.0'?><ComicInfo><Number>1</Number><Pages><Page Image='0' Type='Deleted'/></Pages></ComicInfo>"
    )
    return [
        Reader("ComicInfo.xml", [xml], parse_comic_info, False),
        Reader("picture", [next(folder.glob("0*.*")).read_bytes()], lambda data: read_picture(data, "p"), False),
        Reader("archive", [_archive(folder)], _at(archive, lambda: read_books(archive, "a.cbz")), False),
    ]


def _at(path: Path, read: Callable[[], object]) -> Callable[[bytes], object]:
    """Reads a file that holds the bytes; what was there before is put back."""

    def reads(data: bytes) -> object:
        before = path.read_bytes() if path.is_file() else None
        path.write_bytes(data)
        try:
            return read()
        finally:
            path.unlink() if before is None else path.write_bytes(before)

    return reads


def _command(*arguments: object) -> None:
    """A command line, which may say anything but a bug."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        status = run([str(one) for one in arguments])
    if status == 1 or "a bug" in said.getvalue():
        raise AssertionError(said.getvalue())


def _dumped(*values: Any) -> list[bytes]:
    return [json.dumps(value, indent=1).encode() for value in values]


def _lined(value: Any) -> list[bytes]:
    return [json.dumps(value).encode() + b"\n"]


def _recipe(data: bytes) -> object:
    return open_recipe(data.decode("utf-8", "replace"), "r", Visit(), None, None)


def _series(crawl: Path, series: Path) -> None:
    known, key = store._read_series(series), (series.parts[-3], series.parts[-2])
    store.known_series(crawl, key, str(known.get("recipe_sha256")) or "x")
    store.known_addresses(crawl, key)


def _rows_of(part: Path) -> None:
    for number, row in enumerate(read_jsonl(part)[1:], 2):
        manifest.row_from_json(row, f"{part}:{number}")


def _export(folder: Path) -> None:
    read_ledger(folder)
    verify_export(folder)
    holds(folder)


def _quiet(parse: Callable[[bytes], object]) -> Callable[[bytes], object]:
    def reads(data: bytes) -> object:
        with contextlib.suppress(UnreadableError):
            return json.dumps(parse(data), default=str, allow_nan=False, ensure_ascii=False).encode()
        return None

    return reads


def _weights(path: Path) -> tuple[Any, dict[str, Any]]:
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        return json.loads(file.metadata()["comicdata"]), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def _load_header(path: Path, tensors: dict[str, Any], data: bytes) -> None:
    from safetensors.torch import save_file

    save_file(tensors, path, {"comicdata": data.decode("utf-8", "replace")})
    _load(path)


def _load(path: Path) -> None:
    import torch

    from comicdata.models.colorize.colorizer import Colorizer
    from comicdata.models.runs.load import load_network

    network, weights = load_network(path, torch.device("cpu"))
    Colorizer(network, weights.config, torch.device("cpu"))


def _load_state(whole: Path) -> None:
    """With the hash made right, half of the time: by somebody who knows how."""
    from comicdata.models.runs import checkpoint

    path = next((whole / "state").glob("*/state.json"))
    try:
        values = json.loads(path.read_bytes())
        path.write_text(json.dumps(seal(values)))
    except (ValueError, AttributeError, TypeError, RecursionError):  # no object
        pass
    checkpoint.load_state(whole)


def _plain_rows(pairs: Path) -> list[Any]:
    import pyarrow.parquet as pq

    return list(pq.read_table(pairs / manifest.MANIFEST).to_pylist()[:3])


def _read_values(pairs: Path) -> None:
    """The file holds one row as JSON: as a manifest with these columns and values."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = pairs / manifest.MANIFEST
    try:
        row = json.loads(path.read_bytes())
        pq.write_table(pa.table({name: [value] for name, value in row.items()}), path, write_page_checksum=True)
    except Exception:  # what cannot be a table is none
        return
    manifest.read_rows(pairs)
    manifest.columns_of(pairs)


def _evaluations(base: Path) -> list[bytes]:
    found = [path.read_bytes() for path in base.glob("run*/evaluation/[!.]*.json")]
    scores = {name: {"l1": 0.1, "psnr": 20.0, "ssim": 0.5, "de2000": 9.0, "within10": 0.6} for name in SUBSETS}
    one = {**scores, "colourfulness_ratio": 0.5, "background_consistency": 1.0}
    made = {"panels": 3, "split": "test", "model": one, "baselines": dict.fromkeys(METHODS, one)}
    return [*found, json.dumps(made).encode()]


def _archive(folder: Path) -> bytes:
    import zipfile

    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for path in sorted(folder.glob("0*"))[:3]:
            archive.writestr(path.name, path.read_bytes()[:2000])
    return data.getvalue()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--base", type=Path)
    parser.add_argument("--only", default="", help="readers whose name has this")
    parser.add_argument("--keep", type=Path, default=KEPT, help="where what a fault was found with is added")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    random_ = random.Random(options.seed)
    rounds: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    faults: dict[str, tuple[str, bytes]] = {}
    with tempfile.TemporaryDirectory() as place:
        base = options.base or _made(Path(place) / "base")
        todo = [one for one in readers(base, Path(place)) if options.only in one.name]
        end = time.monotonic() + options.seconds
        while time.monotonic() < end:
            reader = random_.choice(todo)
            data = damaged(reader, random_)
            rounds[reader.name] += 1
            refusal, fault = judged(reader, data)
            refused[reader.name] += refusal
            if fault and fault[0] not in faults:
                faults[fault[0]] = fault[1], data
                keep(options.keep, reader, data, fault[0])
    for name in sorted(rounds):
        print(f"{name:24} {rounds[name]:8} rounds {refused[name]:8} refused")
    for words, (trace, data) in faults.items():
        print(f"\nFAULT {words}\n{trace}\n{data[:400]!r}", file=sys.stderr)
    print(f"{sum(rounds.values())} rounds, {len(faults)} faults, seed {options.seed}")
    return 1 if faults else 0


def judged(reader: Reader, data: bytes) -> tuple[bool, tuple[str, str] | None]:
    """Read: whether it was refused in one clear line, and, of a fault, what it is in a line and where."""
    start, refused = time.monotonic(), False
    try:
        reader.read(data)
    except ComicDataError:
        refused = True
    except Exception as error:  # the very thing that is looked for
        frames = traceback.extract_tb(error.__traceback__)
        last = [one for one in frames if "comicdata" in one.filename or "models" in one.filename]
        where = f"{Path(last[-1].filename).name}:{last[-1].lineno}" if last else ""
        words = f"{reader.name}: {type(error).__name__} at {where}: {str(error)[:300]}"
        return False, (words[:400], traceback.format_exc())
    slow = (f"{reader.name}: slow", "") if time.monotonic() - start > SLOW_S else None
    return refused, slow


def keep(kept: Path, reader: Reader, data: bytes, found: str) -> None:
    """Add what a fault was found with, so that the tests read it from now on."""
    append_line(kept, {"reader": reader.name, "data": base64.b64encode(data).decode(), "found": found})


def kept_seeds(kept: Path = KEPT) -> list[tuple[str, bytes]]:
    """(reader, data) of every fault that was ever found."""
    return [(row["reader"], base64.b64decode(row["data"])) for row in read_jsonl(kept)]


def _made(base: Path) -> Path:
    """A crawl, pairs and a run of the comic that the project draws."""
    run(["demo", "--out", str(base), "--episodes", "4", "--images", "8", "--quiet"])
    return base


if __name__ == "__main__":
    sys.exit(main())
