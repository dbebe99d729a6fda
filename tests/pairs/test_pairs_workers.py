"""make-pairs with several workers: one that dies, a driver that is killed, Ray; always the same bytes."""

import importlib
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from watching import alive_in, contents, wait_for

from comicdata.cli.main import run
from comicdata.errors import ResourceError
from comicdata.files import read_jsonl
from comicdata.images import encode_png
from comicdata.pairs import episode, manifest
from comicdata.records import PairOptions

MAKE = ["make-pairs", "crawl", "--layout", "single", "--test-episodes", "2", "-q", "--out"]


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A folder with the crawl of twelve episodes of two pictures, and `clean`, pairs that one worker made of it."""
    root = tmp_path_factory.mktemp("stored")
    random = np.random.default_rng(4)
    for number in range(1, 13):
        for page in (1, 2):
            path = root / "toon" / f"e{number:02d}" / f"{page}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode_png(random.integers(0, 256, (280, 300, 3), dtype=np.uint8)))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        assert run(["crawl", "toon", "--out", "crawl", "-q"]) == 0
        assert run([*MAKE, "clean", "--workers", "1"]) == 0
    return root


@pytest.fixture(autouse=True)
def there(stored, monkeypatch):
    monkeypatch.chdir(stored)


POISON = """
import os, signal
from comicdata.pairs import episode

def make_part(task):
    if task.record.episode_id == "e05":
        os.kill(os.getpid(), signal.SIGKILL)
    return episode.make_part(task)
"""


def test_an_episode_that_kills_its_worker_is_a_failure_and_the_others_are_as_ever(stored, tmp_path, monkeypatch):
    (tmp_path / "poison.py").write_text(POISON)
    monkeypatch.syspath_prepend(tmp_path)
    out = tmp_path / "pairs"
    with monkeypatch.context() as patch:
        patch.setattr("comicdata.pairs.make.make_part", importlib.import_module("poison").make_part)
        assert run([*MAKE, str(out), "--workers", "2"]) == 3
    (failure,) = read_jsonl(out / "failures.jsonl")
    assert failure["item"] == "local/toon/e05" and "the worker process died, and again" in failure["error"]
    made, clean = contents(out), contents(stored / "clean")
    names = {name for name in clean if name.startswith(("parts/", "256/")) and name.endswith((".jsonl", ".png"))}
    lost = {f"256/{row.split}/{getattr(row, f'{kind}_file_name')}" for row in manifest.read_rows(stored / "clean")
            if row.episode_id == "e05" for kind in manifest.KINDS} | {"parts/local/toon/e05.jsonl"}  # fmt: skip
    whole = {name for name in names - lost if not name.endswith("metadata.jsonl")}
    assert len(whole) == 11 + 11 * 2 * 2 * 3 and not lost & made.keys()
    assert {name: made[name] for name in whole} == {name: clean[name] for name in whole}
    assert {row.episode_id for row in manifest.read_rows(out)} == {f"e{n:02d}" for n in range(1, 13) if n != 5}
    assert run([*MAKE, str(out), "--workers", "2"]) == 0
    assert {name: one for name, one in contents(out).items() if name != "failures.jsonl"} == clean


@pytest.mark.parametrize("changes", [{"split": "elsewhere"}, {"options": PairOptions(fit="pad")}])
def test_a_part_of_other_settings_is_never_an_episode_without_rows(changes, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("comicdata.pairs.make.make_part", lambda task: episode.make_part(replace(task, **changes)))
    assert run([*MAKE, str(tmp_path / "pairs"), "--workers", "1"]) == 6
    said = capsys.readouterr().err
    assert "e01.jsonl: missing, damaged or of other settings" in said and "run make-pairs again" in said
    assert not (tmp_path / "pairs" / "manifest.parquet").exists()


def test_an_older_part_goes_before_its_pictures_change(stored, tmp_path, monkeypatch):
    out = Path(shutil.copytree(stored / "clean", tmp_path / "pairs"))
    monkeypatch.setattr("comicdata.pairs.episode.find_cuts", Mock(side_effect=ResourceError("no space left")))
    assert run([*MAKE, str(out), "--workers", "1", "--xdog", "thin"]) == 8
    left = {path.stem for path in out.glob("parts/*/*/*.jsonl")}
    assert left == {f"e{number:02d}" for number in range(2, 13)}


def test_ray_makes_the_same_bytes(stored, tmp_path):
    pytest.importorskip("ray")
    assert run([*MAKE, str(tmp_path / "pairs"), "--workers", "2", "--engine", "ray"]) == 0
    made, clean = contents(tmp_path / "pairs"), contents(stored / "clean")
    assert sum(name.startswith("parts/") for name in made) == 12
    assert made == clean


SLOW = """
import time
from comicdata.pairs import episode

def make_part(task):
    episode.make_part(task)
    time.sleep(0.5)
"""
DRIVER = """
import comicdata.pairs, slow
from comicdata.cli.main import main
if __name__ == '__main__':
    comicdata.pairs.make_part = slow.make_part
    main()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("parts_done", [0, 5])
def test_a_killed_driver_leaves_no_worker_and_the_next_run_gives_the_same_bytes(parts_done, stored, tmp_path):
    out = tmp_path / "pairs"
    (tmp_path / "slow.py").write_text(SLOW)
    (tmp_path / "driver.py").write_text(DRIVER)
    command = [sys.executable, str(tmp_path / "driver.py"), *MAKE, str(out), "--workers", "3"]
    with subprocess.Popen(command, cwd=stored, start_new_session=True) as driver:
        wait_for(lambda: len(alive_in(driver.pid)) >= 4)  # the driver and three workers
        wait_for(lambda: len(list(out.glob("parts/*/*/*.jsonl"))) >= parts_done)
        driver.kill()
        driver.wait()
    wait_for(lambda: not alive_in(driver.pid))
    assert not (out / "manifest.parquet").exists()
    assert run([*MAKE, str(out), "--workers", "3"]) == 0
    assert contents(out) == contents(stored / "clean")
