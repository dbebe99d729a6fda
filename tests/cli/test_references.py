"""References and memory as `colorize` takes them: what is named, what is left out, and what later pages remember."""

import json

import numpy as np
import pytest
from small_runs import drawing, save_run

from comicdata.cli.main import run as command_line
from comicdata.images import encode_png, read_image

PAGES = {"p1": 0, "p2": 12, "p10": 26}
RANDOM = np.random.default_rng(4)
COLOURED = np.kron(RANDOM.integers(0, 256, (4, 5, 3), dtype=np.uint8), np.ones((16, 16, 1), np.uint8))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "palette"
    return save_run(folder, width=8, colors=4, references=True, mutual=True, key=16)


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
    colorize("--out", "other", *(["--reference", "grey.png"] * 2), status=2)
    assert "--reference: nothing in any of the 2 can be taken as a reference" in capsys.readouterr().err
    colorize("--out", "other", "--reference", "nowhere.png", status=2)
    assert "nowhere.png: no such file or folder" in capsys.readouterr().err
    assert not (place / "other").exists()


def test_a_painted_reference_and_a_near_copy_are_said(place, capsys):
    draw(place, "p1")
    noise = RANDOM.integers(0, 256, (80, 96, 3), dtype=np.uint8)
    (place / "noise.png").write_bytes(encode_png(noise))
    page = read_image(place / "pages" / "p1.png")
    (place / "twin.png").write_bytes(encode_png(np.where(page > 0, np.array([240, 200, 90], np.uint8), page)))
    colorize("--out", "out", "--reference", "noise.png", "--reference", "twin.png")
    said = capsys.readouterr().err
    assert "--reference noise.png: a photograph or painted" in said and "twin.png" not in said
    assert "p1.png: a near copy of it among the references is left out; --near-copies takes it" in said
    colorize("--out", "other", "--reference", "twin.png", "--near-copies")
    assert "near copy" not in capsys.readouterr().err


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


def test_a_cast_is_written_changed_and_given_back(place, capsys):
    """A colour changed in the file is that of what had it; and what a person wrote is never written over."""
    draw(place, "p1", "p2")
    (place / "colour.png").write_bytes(encode_png(COLOURED))
    colorize("--out", "out", "--reference", "colour.png")
    path = place / "out" / "memory" / "cast.json"
    cast = json.loads(path.read_text())
    colors = [bytes.fromhex(one["color"][1:]) for one in cast["cast"]]
    painted = {bytes(color) for page in ("p1", "p2") for color in pixels(place / "out" / f"{page}.png")}
    assert colors and {*colors} <= painted and [*cast["cast"][0]["seen"]] == ["p1", "p2"]
    for one, color in zip(cast["cast"], colors, strict=True):
        seen = ((page, *map(int, spot.split(","))) for page, spots in one["seen"].items() for spot in spots.split())
        assert all(bytes(read_image(place / "out" / f"{page}.png")[y, x]) == color for page, x, y in seen)
    for number, one in enumerate(cast["cast"]):
        del one["seen"]
        one |= {"name": f"somebody {number}", "color": f"#0a0b{number:02x}"}
    path.write_text(json.dumps(cast))
    colorize("--out", "out", "--reference", "colour.png")
    assert json.loads(path.read_text()) == cast
    colorize("--out", "next", "--cast", "out/memory/cast.json", "--near-copies")
    ours = {bytes.fromhex(one["color"][1:]) for one in cast["cast"]}
    assert {bytes(color) for color in pixels(place / "next" / "p1.png")} & ours
    capsys.readouterr()


def pixels(path):
    return np.unique(read_image(path).reshape(-1, 3), axis=0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda cast: cast | {"run": "0"}, "made with other weights"),
        (lambda cast: cast | {"cast": []}, "nobody is in it"),
        (lambda cast: cast | {"cast": "all"}, "not a cast file"),
        (lambda cast: cast | {"cast": [cast["cast"][0] | {"color": "teal"}]}, "the colour 'teal'; one looks like"),
        (lambda cast: cast | {"keys": ["AAA", *cast["keys"][1:]]}, "the keys of c1 are damaged"),
        (lambda cast: cast | {"cast": [cast["cast"][0] | {"number": 99}]}, "the keys of c1 are damaged"),
        (lambda cast: cast | {"size": 0}, "the keys of c1 are damaged"),
    ],
)
def test_what_is_no_cast_of_this_run_is_refused_in_one_line(place, capsys, change, words):
    draw(place, "p1")
    colorize("--out", "out")
    cast = json.loads((place / "out" / "memory" / "cast.json").read_text())
    (place / "cast.json").write_text(json.dumps(change(cast)))
    capsys.readouterr()
    colorize("--out", "next", "--cast", "cast.json", status=2)
    said = capsys.readouterr().err.strip()
    assert words in said and len(said.splitlines()) == 1 and not (place / "next").exists()
