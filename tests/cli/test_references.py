"""References and memory as `colorize` takes them: what is named, what is left out, and what later pages remember."""

import json

import numpy as np
import pytest
from small_runs import drawing, save_run

from comicdata.cli.main import run as command_line
from comicdata.images import encode_png

PAGES = {"p1": 0, "p2": 12, "p10": 26}
RANDOM = np.random.default_rng(4)
COLOURED = np.kron(RANDOM.integers(0, 256, (4, 5, 3), dtype=np.uint8), np.ones((16, 16, 1), np.uint8))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return save_run(tmp_path_factory.mktemp("runs") / "palette", width=8, colors=4, references=True, key=16)


@pytest.fixture
def place(tmp_path, monkeypatch, made):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").symlink_to(made)
    (tmp_path / "pages").mkdir()
    return tmp_path


def draw(place, *names):
    for name in names:
        page = drawing()
        page[10 + PAGES[name], 8:60] = 0
        page[12 + PAGES[name] : 30 + PAGES[name], 20] = 0
        (place / "pages" / f"{name}.png").write_bytes(encode_png(page))


def colorize(*words, status=0):
    assert command_line(["colorize", "run", "pages", *words, "--layout", "single", "-q", "--json"]) == status


def pages(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*.png")}


def test_one_page_at_a_time_is_all_at_once_and_a_page_between_changes_none(place, capsys):
    draw(place, "p1", "p2", "p10")
    colorize("--out", "all")
    for name in PAGES:
        (place / "pages" / f"{name}.png").unlink()
    for name in PAGES:
        draw(place, name)
        colorize("--out", "grown")
    assert pages(place / "grown") == pages(place / "all")
    (place / "pages" / "p2.png").unlink()
    colorize("--out", "between")
    before = pages(place / "between")
    draw(place, "p2")
    colorize("--out", "between")
    after = pages(place / "between")
    assert {name: after[name] for name in before} == before and after["p2.png"] == pages(place / "all")["p2.png"]
    capsys.readouterr()


def test_a_coloured_page_is_remembered_and_no_memory_forgets(place, capsys):
    """Where it comes first it is a reference for what follows; the run is untrained, so some colour differs."""
    draw(place, "p2", "p10")
    (place / "pages" / "p1.png").write_bytes(encode_png(COLOURED))
    colorize("--out", "with")
    colorize("--out", "without", "--no-memory")
    assert (place / "with" / "memory" / "p1.keys").is_file() and not (place / "without" / "memory").exists()
    assert pages(place / "with")["p1.png"] == encode_png(COLOURED) == pages(place / "without")["p1.png"]
    assert pages(place / "with")["p2.png"] != pages(place / "without")["p2.png"]
    capsys.readouterr()


def test_what_is_no_reference_is_said_and_the_rest_is_used(place, capsys):
    draw(place, "p1")
    for name, picture in (("grey", drawing()), ("colour", COLOURED)):
        (place / f"{name}.png").write_bytes(encode_png(picture))
    colorize("--out", "out", "--reference", "grey.png", "--reference", "colour.png")
    assert "--reference grey.png: left out: black and white" in capsys.readouterr().err
    colorize("--out", "other", "--reference", "grey.png", status=2)
    assert "nothing in it can be taken as a reference" in capsys.readouterr().err
    colorize("--out", "other", "--reference", "nowhere.png", status=2)
    assert "nowhere.png: no such file or folder" in capsys.readouterr().err
    assert not (place / "other").exists()


def test_other_references_are_other_pages(place, capsys):
    draw(place, "p1")
    (place / "colour.png").write_bytes(encode_png(COLOURED))
    (place / "other.png").write_bytes(encode_png(255 - COLOURED))
    colorize("--out", "out", "--reference", "colour.png")
    first = pages(place / "out")
    colorize("--out", "out", "--reference", "colour.png")
    again = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert pages(place / "out") == first and len(again["outputs"]) == 1
    colorize("--out", "out", "--reference", "other.png")
    assert pages(place / "out") != first
    capsys.readouterr()


def test_a_run_without_references_refuses_them(place, capsys):
    draw(place, "p1")
    (place / "colour.png").write_bytes(encode_png(COLOURED))
    (place / "run").unlink()
    save_run(place / "run", width=8, colors=4)
    colorize("--out", "out", "--reference", "colour.png", status=2)
    assert "knows nothing of --reference; train palette" in capsys.readouterr().err
