"""`comicdata forget`: the series goes everywhere, the others stay to the byte, and a killed run leaves nothing half."""

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from watching import contents

from comicdata.cli.cast_files import cast_bytes
from comicdata.cli.main import run
from comicdata.files import locked, read_jsonl
from comicdata.forget import forget_in_crawl
from comicdata.images import encode_png, read_image
from comicdata.models.colorize.reference_files import reference_bytes
from comicdata.models.colorize.references import Reference
from comicdata.pairs.manifest import file_of, read_rows, write_manifest

SEEN = Reference(np.zeros((9, 4), np.float16), np.full((9, 3), 80, np.uint8), 0, np.ones((9, 3), np.int32))


def comic(folder, name, seed):
    """Two episodes of two noisy square pictures."""
    random = np.random.default_rng(seed)
    for episode in (1, 2):
        for page in (1, 2):
            path = folder / name / f"e{episode}" / f"{page}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode_png(random.integers(0, 256, (300, 300, 3), dtype=np.uint8)))


MAKE = ["make-pairs", "crawl", "--out", "pairs", "--layout", "single", "--split-by", "episode", "--workers", "1", "-q"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A crawl and pairs of two series, gone and stays."""
    folder = tmp_path_factory.mktemp("made")
    for seed, name in enumerate(("gone", "stays")):
        comic(folder / "in", name, seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert run(["crawl", "in", "--out", "crawl", "-q"]) == 0
        assert run(MAKE) == 0
    return folder


@pytest.fixture
def place(made, tmp_path, monkeypatch):
    """A copy of it, as the current folder."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


FORGET = ["forget", "gone", "--crawl", "crawl", "--pairs", "pairs", "--yes"]


def test_the_series_goes_and_the_other_stays(place, capsys):
    before = {row.id: row for row in read_rows(place / "pairs") if row.series_id == "stays"}
    crawled = contents(place / "crawl" / "local" / "stays")
    assert run([*FORGET, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["series"] == "local/gone"
    assert [(one["episodes"], one["pictures"]) for one in document["removed"]] == [(2, 4), (2, 12)]
    assert {row.id: row for row in read_rows(place / "pairs")} == before
    assert (
        contents(place / "crawl" / "local" / "stays") == crawled and not (place / "crawl" / "local" / "gone").exists()
    )
    left = {name: data for name, data in contents(place).items() if not name.startswith("in/")}
    assert {left.pop("crawl/forgotten.jsonl"), left.pop("pairs/forgotten.jsonl")}
    assert not [name for name, data in left.items() if b"gone" in data]
    assert run(["verify", "pairs"]) == 0 and run(["verify", "crawl"]) == 0
    assert run(["forget", "stays", "--crawl", "crawl", "--yes"]) == 0
    capsys.readouterr()
    assert run(["verify", "crawl"]) == 0
    said = capsys.readouterr().err
    assert "a crawl of which every series was forgotten: local/gone, local/stays" in said
    assert "2 files checked, all as recorded" in said


def test_damaged_pictures_of_another_series_do_not_stop_it(place):
    kept = [row for row in read_rows(place / "pairs") if row.series_id == "stays"]
    for row in kept:
        file_of(place / "pairs", row, "color").write_bytes(b"no picture")
    assert run(FORGET) == 0
    assert {row.series_id for row in read_rows(place / "pairs")} == {"stays"}
    assert "gone" not in (place / "pairs" / "card.json").read_text()
    sheet = read_image(place / "pairs" / "contact-sheet.jpg")
    assert sheet[:128].min() > 250 and sheet[132:260].min() < 100  # no colour, but the outlines below


def test_a_crawl_that_waited_for_the_lock_does_not_bring_it_back(place, monkeypatch, capsys):
    (place / "in" / "gone" / "e3").mkdir()
    (place / "in" / "gone" / "e1" / "1.png").rename(place / "in" / "gone" / "e3" / "1.png")

    @contextmanager
    def after_a_forget(folder, **how):
        if folder.name == "gone":
            forget_in_crawl(place / "crawl", ("local", "gone"))
        with locked(folder, **how):
            yield

    monkeypatch.setattr("comicdata.crawl.crawling.locked", after_a_forget)
    assert run(["crawl", "in", "--out", "crawl", "--update"]) == 5
    assert "forgotten on" in capsys.readouterr().err
    assert not [*(place / "crawl" / "local").glob("gone/*/*")]
    assert run(["verify", "crawl"]) == 0


@pytest.mark.parametrize("first, second", [("gone", "gone"), ("gone", "stays"), ("stays", "gone")])
def test_two_at_once_are_one_after_the_other(first, second, place):
    with ThreadPoolExecutor(2) as pool:
        stays = [*pool.map(lambda name: forget_in_crawl(place / "crawl", ("local", name)), (first, second))]
    assert stays == [[], []]
    assert {row["series_id"] for row in read_jsonl(place / "crawl" / "forgotten.jsonl")} == {first, second}
    assert not [path for name in (first, second) for path in (place / "crawl" / "local").glob(f"{name}/*/*")]


def test_it_stays_away_until_its_line_is_taken_out(place, capsys):
    run(FORGET)
    assert run(["crawl", "in", "--out", "crawl"]) == 5
    assert "forgotten on" in capsys.readouterr().err and not (place / "crawl" / "local" / "gone").exists()
    assert run(MAKE) == 0
    (place / "crawl" / "forgotten.jsonl").unlink()
    assert run(["crawl", "in", "--out", "crawl"]) == 0 and (place / "crawl" / "local" / "gone").exists()


def test_pairs_alone_stay_without_it(place, capsys):
    before = contents(place / "pairs")
    assert run(["forget", "gone", "--pairs", "pairs", "--yes"]) == 0
    assert run(MAKE[:-1]) == 0 and "local/gone: left out" in capsys.readouterr().err
    assert {row.series_id for row in read_rows(place / "pairs")} == {"stays"}
    (place / "pairs" / "forgotten.jsonl").unlink()
    assert run(MAKE) == 0
    assert contents(place / "pairs") == before


def test_nothing_is_left_of_the_last_series(place, capsys):
    for name in ("gone", "stays"):
        assert run(["forget", name, "--pairs", "pairs", "--yes"]) == 0
    assert {path.name for path in (place / "pairs").glob("[!.]*.*")} == {
        *("README.md", "card.json", "forgotten.jsonl", "manifest.parquet")
    }
    assert run(["make-pairs", "crawl", "--out", "pairs"]) == 5
    assert "forgotten in pairs" in capsys.readouterr().err


def test_runs_that_saw_it_are_named(place, capsys):
    for name, series in (("saw", ["local/gone"]), ("did-not", ["local/stays"])):
        (place / "runs" / name).mkdir(parents=True)
        (place / "runs" / name / "config.json").write_text(json.dumps({"data_hash": "x", "series": series}))
    for name in ("old", "torn"):
        (place / "runs" / name).mkdir()
    (place / "runs" / "torn" / "config.json").write_text('{"data_')
    (place / "runs" / "old" / "config.json").write_text('{"data_hash": "y"}')
    assert run([*FORGET, "--runs", "runs", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["runs"] == [
        {"run": "runs/old", "trained_on_it": None},
        {"run": "runs/saw", "trained_on_it": True},
        {"run": "runs/torn", "trained_on_it": None},
    ]


def test_what_was_kept_of_pages_by_runs_that_saw_it_is_named(place, capsys):
    for name, series in (("ours", ["local/gone", "local/stays"]), ("others", ["local/stays"])):
        (place / name / "memory").mkdir(parents=True)
        for page in ("p1", "p2"):
            (place / name / "memory" / f"{page}.keys").write_bytes(reference_bytes([], "hash", series))
        (place / name / "memory" / "cast.json").write_bytes(cast_bytes([("p1", [SEEN])], "hash", series))
    (place / "ours" / "memory" / "torn.keys").write_bytes(b"{")
    assert run([*FORGET, "--runs", "ours", "--runs", "others", "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["memories"] == [{"folder": "ours/memory", "files": 3}]
    assert "ours/memory: 3 files kept by a run that was trained on it: delete them" in said.err


def test_training_notes_its_series(place):
    arguments = ["train", "pix2pix", "--pairs", "pairs", "--run", "run", "--images", "2", "--batch-size", "1", "-q"]
    assert run([*arguments, "--preset", "small", "--device", "cpu"]) == 0
    assert json.loads((place / "run" / "config.json").read_text())["series"] == ["local/gone", "local/stays"]


def test_a_dry_run_and_no_yes_delete_nothing(place, capsys, monkeypatch):
    before = contents(place)
    assert run([*FORGET[:-1], "--dry-run"]) == 0
    assert run(FORGET[:-1]) == 2 and "say --yes" in capsys.readouterr().err
    assert contents(place) == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["gone"], "--crawl DIR, --pairs DIR or both"),
        (["gon", "--crawl", "crawl"], "did you mean 'gone'?"),
        (["gone", "--crawl", "nowhere"], "no such folder"),
        (["gone", "--pairs", "crawl"], "no manifest.parquet here"),
    ],
)
def test_mistakes(place, arguments, words, capsys):
    assert run(["forget", *arguments]) == 2
    assert words in capsys.readouterr().err


def test_a_folder_that_is_no_series_is_never_deleted(place, capsys):
    (place / "some" / "thing").mkdir(parents=True)
    (place / "some" / "thing" / "dear.txt").write_text("x")
    (place / "forgotten.jsonl").write_text('{"source": "..", "series_id": "crawl"}\n')
    for name in ("some/thing", "crawl/local", "../crawl"):
        assert run(["forget", name, "--crawl", ".", "--yes"]) == 2
    assert "no such series here" in capsys.readouterr().err
    assert (place / "some" / "thing" / "dear.txt").is_file() and (place / "crawl" / "local" / "gone").is_dir()


def _astray(row):
    return replace(row, color_file_name="../../../dear.png") if row.series_id == "gone" else row


def test_a_manifest_that_points_outside_deletes_nothing_at_all(place, capsys):
    (place / "dear.png").write_text("x")
    rows = read_rows(place / "pairs")
    write_manifest(place / "pairs", [_astray(row) for row in rows])
    before = contents(place)
    assert run(FORGET) == 6
    assert "leads elsewhere" in capsys.readouterr().err
    assert contents(place) == before


@pytest.mark.parametrize("point", (0, 2, 5, 12, 22, 33))
def test_killed_at_any_deletion_the_same_command_ends_the_same(place, point):
    code = (
        "import os, signal, sys, pathlib, shutil\nfrom comicdata.cli.main import run\n"
        f"left = [{point}]\n"
        "def dying(function):\n"
        "    def call(*arguments, **options):\n"
        "        left[0] -= 1\n"
        "        if left[0] < 0: os.kill(os.getpid(), signal.SIGKILL)\n"
        "        return function(*arguments, **options)\n"
        "    return call\n"
        "for name in ('unlink', 'replace', 'rmdir'):\n"
        "    setattr(pathlib.Path, name, dying(getattr(pathlib.Path, name)))\n"
        "os.unlink, os.rmdir = dying(os.unlink), dying(os.rmdir)\n"
        "run(sys.argv[1:])\n"
    )
    killed = subprocess.run([sys.executable, "-c", code, *FORGET], cwd=place, env={**os.environ, "NO_COLOR": "1"})
    assert killed.returncode == -9
    for path in place.glob("crawl/local/gone/*/episode.json"):  # what still vouches has all that it vouches for
        assert all((path.parent / one["file_name"]).is_file() for one in json.loads(path.read_text())["images"])
    assert run(FORGET) == 0
    assert not (place / "crawl" / "local" / "gone").exists()
    assert {row.series_id for row in read_rows(place / "pairs")} == {"stays"}
    assert run(["verify", "pairs"]) == 0 and run(["verify", "crawl"]) == 0
    assert [row["series_id"] for row in read_jsonl(place / "crawl" / "forgotten.jsonl")] == ["gone"]
