"""What is no file on disk is opened by no option of any command, and folders may be as deep as they like."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from comicdata.cli.main import run
from comicdata.errors import UsageError
from comicdata.files import below
from comicdata.flats.hints import read_hints
from comicdata.images import encode_png
from comicdata.pairs.manifest import file_of, read_rows

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="pipes and devices of Linux")
DEEP = 1200


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    place = tmp_path_factory.mktemp("odd")
    random = np.random.default_rng(5)
    for number in (1, 2):
        path = place / "in" / f"e{number}" / "1.png"
        path.parent.mkdir(parents=True)
        path.write_bytes(encode_png(random.integers(0, 256, (300, 300, 3), dtype=np.uint8)))
    assert run(["crawl", str(place / "in"), "--out", str(place / "crawl"), "-q"]) == 0
    assert run([*MAKE, "--out", str(place / "pairs"), str(place / "crawl")]) == 0
    return place


MAKE = ["make-pairs", "--layout", "single", "--split-by", "episode", "--workers", "1", "--test-episodes", "2", "-q"]


@pytest.fixture
def place(made, tmp_path, monkeypatch):
    shutil.copytree(made, tmp_path / "place")
    monkeypatch.chdir(tmp_path / "place")
    os.mkfifo("pipe")
    os.mkfifo("pipe.toml")
    os.mkfifo("pipe.safetensors")
    yield tmp_path / "place"
    subprocess.run(["rm", "-rf", str(tmp_path / "place")], check=True)  # deeper than rmtree goes


def deep(folder):
    """Folders in folders, and a picture in the last."""
    here = Path.cwd()
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    for _ in range(DEEP):
        Path("d").mkdir()
        os.chdir("d")
    Path("1.png").write_bytes(encode_png(np.zeros((4, 4, 3), np.uint8)))
    os.chdir(here)


ODD = ["pipe", "pipe.toml", "pipe.safetensors", "/dev/zero", "/dev/null", "/proc/kmsg", "/proc/self/mem"]
TRAIN = ["train", "auto-painter", "--pairs", "pairs", "--images", "2", "--run", "r"]


@pytest.mark.parametrize("odd", ["pipe", "/dev/zero", "/proc/kmsg", "circle", "folder"])
def test_what_is_no_file_in_the_place_of_a_stored_picture_is_a_failure_of_its_episode(odd, place):
    stored = place / "crawl" / "local" / "in" / "e1" / "0001.png"
    stored.unlink()
    if odd == "folder":
        stored.mkdir()
    else:
        stored.symlink_to({"pipe": place / "pipe", "circle": "0001.png"}.get(odd, odd))
    assert run([*MAKE, "--out", "new", "crawl"]) == 3
    assert {row.episode_id for row in read_rows(Path("new"))} == {"e2"}
    assert run(["verify", "crawl", "-q"]) == 6
    picture = next(row for row in read_rows(Path("pairs")) if row.episode_id == "e1" and row.kept)
    path = file_of(Path("pairs"), picture, "color")
    path.unlink()
    os.mkfifo(path)
    assert run([*TRAIN, "--batch-size", "2", "-q"]) == 6 and run(["verify", "pairs", "-q"]) == 6


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize(
    "words",
    [
        ["crawl", "ODD", "--out", "o"],
        ["panels", "ODD"],
        ["panels", "in", "--score", "ODD"],
        ["verify", "pairs", "--config", "ODD"],
        ["make-pairs", "ODD", "--out", "o"],
        [*MAKE, "crawl", "--out", "pairs", "--outline", "anime=ODD"],
        [*TRAIN, "--vgg-weights", "ODD", "--preset", "paper"],
        ["evaluate", "ODD", "--pairs", "pairs"],
        ["colorize", "ODD", "in", "--out", "o"],
        ["show", "ODD", "--out", "o.html"],
        ["verify", "ODD"],
        ["export", "ODD", "--to", "kohya", "--out", "o"],
    ],
    ids=" ".join,
)
def test_no_option_opens_what_is_no_file(words, odd, place, capsys):
    status = run([word.replace("ODD", odd) for word in words])
    error = capsys.readouterr().err.strip()
    assert status in (2, 3, 6) and "a bug" not in error and error


@pytest.mark.parametrize("odd", [one for one in ODD if not one.endswith("safetensors")])
def test_hints_are_read_of_a_file_alone(odd, place):
    with pytest.raises(UsageError, match="cannot be read as JSON hints"):
        read_hints(Path(odd))


def test_what_leads_to_a_file_on_disk_is_one(place, capsys):
    Path("hints.json").write_text('[{"x": 1, "y": 1, "radius": 1, "color": "#ff0000"}]')
    Path("link.json").symlink_to("hints.json")
    assert len(read_hints(Path("link.json"))) == 1
    Path("empty.toml").touch()
    Path("link.toml").symlink_to("empty.toml")
    assert run(["verify", "pairs", "--config", "link.toml"]) == 0


def test_a_pipe_among_outlines_made_elsewhere_is_one_failure(place, capsys):
    (place / "lines").mkdir()
    kept = [row for row in read_rows(place / "pairs") if row.kept]
    os.mkfifo(place / "lines" / f"{kept[0].id}.png")
    (place / "lines" / f"{kept[1].id}.png").write_bytes(encode_png(np.zeros((256, 256, 3), np.uint8)))
    assert run([*MAKE, "crawl", "--out", "pairs", "--outline", "anime=lines"]) == 3
    assert sum(bool(row.outlines) for row in read_rows(place / "pairs")) == 1


@pytest.mark.parametrize("where", ["pairs", "crawl/local/in", "run", "exported"])
def test_folders_1200_deep_in_an_output_are_no_bug(where, place, capsys):
    deep(place / where)
    (place / "run").mkdir(exist_ok=True)
    commands = [
        ["verify", "crawl"],
        ["verify", "pairs"],
        ["export", "pairs", "--to", "kohya", "--out", "exported"],
        ["verify", "exported"],
        [*MAKE, "crawl", "--out", "pairs"],
        ["make-pairs", where, "--out", "new"],
        ["crawl", "in", "--out", "crawl"],
        [*MAKE, "crawl", "--out", "pairs", "--outline", f"anime={where}"],
        ["forget", "local/in", "--crawl", "crawl", "--pairs", "pairs", "--runs", "run", "--yes"],
    ]
    for words in commands:
        status = run(words)
        assert status != 1, (words, capsys.readouterr().err)


@pytest.mark.parametrize("words", [["panels", "deep"], ["crawl", "deep", "--out", "o"]])
def test_folders_1200_deep_in_an_input_are_said(words, place, capsys):
    deep(place / "deep")
    assert run(words) in (2, 3)
    assert "folders deep" in capsys.readouterr().err


def test_all_that_is_below_a_folder_is_found_and_nothing_behind_links(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "x").touch()
    (tmp_path / "y").touch()
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    found = {path.relative_to(tmp_path).as_posix() for path in below(tmp_path)}
    assert found == {"a", "a/b", "a/b/x", "a/loop", "y"}
    assert [*below(tmp_path / "nowhere")] == []
