"""Outlines made elsewhere join as columns, and leave when they are no longer named."""

import json
import shutil
from unittest.mock import Mock

import numpy as np
import pytest
from PIL import Image
from watching import contents

from comicdata.cli.main import run
from comicdata.errors import ResourceError
from comicdata.files import read_jsonl
from comicdata.images import encode_png, read_image
from comicdata.pairs.manifest import data_hash, file_of, read_rows


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Pairs of four pictures of noise, and inverted grey copies of their windows in the folder `made`."""
    folder = tmp_path_factory.mktemp("joined")
    random = np.random.default_rng(9)
    for episode in (1, 2):
        for page in (1, 2):
            path = folder / "in" / f"e{episode}" / f"{page}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode_png(random.integers(0, 256, (300, 300, 3), dtype=np.uint8)))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert run(["crawl", "in", "--out", "crawl", "-q"]) == 0
        assert run(MAKE) == 0
    (folder / "made" / "deep").mkdir(parents=True)
    for row in read_rows(folder / "pairs"):
        grey = 255 - read_image(file_of(folder / "pairs", row, "color"))[..., 1]
        Image.fromarray(grey).save(folder / "made" / "deep" / f"{row.id}.png")
    return folder


@pytest.fixture
def place(made, tmp_path, monkeypatch):
    """A copy of it, as the current folder."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


MAKE = ["make-pairs", "crawl", "--out", "pairs", "--layout", "single", "--test-episodes", "2", "--workers", "1", "-q"]
JOIN = [*MAKE, "--outline", "anime=made"]


def test_they_are_columns_and_files(place):
    before = data_hash(place / "pairs")
    assert run(JOIN) == 0
    rows = read_rows(place / "pairs")
    for row in rows:
        stored = np.asarray(Image.open(file_of(place / "pairs", row, "anime")).copy())
        assert stored.ndim == 2
        assert (stored == 255 - read_image(file_of(place / "pairs", row, "color"))[..., 1]).all()
    metadata = read_jsonl(place / "pairs" / "256" / "test" / "metadata.jsonl")
    assert all(row["anime_file_name"].startswith("anime/") and len(row["sha256_anime"]) == 64 for row in metadata)
    pandas = pytest.importorskip("pandas")
    assert list(pandas.read_parquet("pairs/manifest.parquet").columns[-2:]) == ["anime_file_name", "sha256_anime"]
    assert run(["verify", "pairs"]) == 0 and data_hash(place / "pairs") != before
    file_of(place / "pairs", rows[0], "anime").write_bytes(b"x")
    assert run(["verify", "pairs"]) == 6


def test_the_same_again_writes_nothing_and_without_them_they_go(place):
    before = data_hash(place / "pairs")
    assert run(JOIN) == 0
    times = {path: path.stat().st_mtime_ns for path in (place / "pairs").rglob("*.png")}
    assert run(JOIN) == 0
    assert {path: path.stat().st_mtime_ns for path in (place / "pairs").rglob("*.png")} == times
    assert run(MAKE) == 0
    assert data_hash(place / "pairs") == before and not list((place / "pairs").glob("256/*/anime/*/*"))


def test_missing_and_unfit_ones_are_failures_beside_the_good(place, capsys):
    one, two, *_ = sorted((place / "made" / "deep").iterdir())
    one.unlink()
    Image.new("L", (100, 256)).save(two)
    capsys.readouterr()
    assert run([*MAKE, "--outline", f"anime={place / 'made'}", "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["failures"] == 2
    errors = {row["item"]: row["error"] for row in read_jsonl(place / "pairs" / "failures.jsonl")}
    assert str(place) not in str(errors)
    assert f"no {one.stem}.png" in errors[f"anime/{one.stem}"] and "100 x 256 pixels" in errors[f"anime/{two.stem}"]
    assert sum(bool(row.outlines) for row in read_rows(place / "pairs")) == 2


@pytest.mark.parametrize("own", ["256/drawn/train", "256/train/lines", "drawn/train"])
def test_line_art_of_one_s_own_inside_the_pairs_is_never_deleted(place, own):
    """Laid out just as make-pairs lays out its own: <ab>/<id>.png."""
    files = {}
    for path in (place / "made" / "deep").iterdir():
        copy = place / "pairs" / own / path.name[1:3] / path.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
        files[copy] = path.read_bytes()
    source = f"anime=pairs/{own.split('/train')[0]}" if own.startswith("256/drawn") else f"anime=pairs/{own}"
    for command in (MAKE, [*MAKE, "--outline", source], [*MAKE, "--outline", source], MAKE):
        assert run(command) == 0
        assert {path: path.read_bytes() for path in files if path.is_file()} == files
        assert all(bool(row.outlines) == (command != MAKE) for row in read_rows(place / "pairs"))


@pytest.mark.parametrize("where", [".", "256", "256/train", "256/train/anime", "256/train/color/0a", "256/test/old"])
def test_line_art_where_make_pairs_itself_writes_is_refused(place, where, capsys):
    assert run([*MAKE, "--outline", "old=made"]) == 0
    (place / "pairs" / where).mkdir(parents=True, exist_ok=True)
    before = contents(place / "pairs")
    assert run([*MAKE, "--outline", f"anime=pairs/{where}"]) == 2
    assert "make-pairs writes its own pictures there" in capsys.readouterr().err
    assert contents(place / "pairs") == before


def test_pictures_of_a_column_that_went_are_deleted_also_after_a_kill(place, monkeypatch):
    before = contents(place / "pairs")
    assert run(JOIN) == 0
    with monkeypatch.context() as patch:
        patch.setattr("comicdata.pairs.manifest.write_manifest", Mock(side_effect=ResourceError("no room")))
        assert run(MAKE) == 8
    assert run(MAKE) == 0
    assert contents(place / "pairs") == before


TRAIN = ["train", "pix2pix", "--pairs", "pairs", "--run", "run", "--images", "2", "--batch-size", "2", "--outline"]


def test_a_network_trains_on_them_and_colours_line_art_only(place, capsys):
    row = next(row for row in read_rows(place / "pairs") if row.split == "train")
    (place / "made" / "deep" / f"{row.id}.png").unlink()
    assert run(JOIN) == 3 and run([*TRAIN, "anime", "-q"]) == 0
    assert "pairs: 1 of 2 pairs of the split train have no outline anime; left out" in capsys.readouterr().err
    assert run(["evaluate", "run", "--pairs", "pairs", "--json", "-q"]) == 0
    assert json.loads((place / "run" / "evaluation" / "test.json").read_text())["outline"] == "anime"
    (place / "mixed").mkdir()
    random = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    (place / "mixed" / "colour.png").write_bytes(encode_png(random))
    (place / "mixed" / "lines.png").write_bytes(encode_png(random[..., 0]))
    capsys.readouterr()
    assert run(["colorize", "run", "mixed", "--out", "out", "--recolor"]) == 3
    line = next(line for line in capsys.readouterr().err.splitlines() if "failed" in line)
    assert "colour.png: has colour, and the outline anime" in line and "give line art" in line
    assert sorted(path.name for path in (place / "out").glob("[!.]*")) == [
        "colorize.jsonl",
        "failures.jsonl",
        "lines.png",
        "report.html",
    ]
    assert run(["colorize", "run", "mixed/colour.png", "--out", "out"]) == 0
    assert "this run knows anime line art" in capsys.readouterr().err
    assert run(MAKE) == 0 and run(["evaluate", "run", "--pairs", "pairs"]) == 2


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_an_outline_that_no_pair_has_is_one_line_with_those_that_there_are(place, more, capsys):
    assert run(JOIN) == 0
    assert run([*TRAIN, "inked", *more]) == 2
    assert "outline inked: the pairs in pairs have canny, xdog, anime, and mix" in capsys.readouterr().err
    assert not (place / "run").exists()


def test_two_files_for_one_window_are_refused_before_anything_is_made(place, capsys):
    one, *_ = sorted((place / "made" / "deep").iterdir())
    (place / "made" / one.name).write_bytes(one.read_bytes())
    for folder in ("", "deep"):
        Image.new("L", (9, 9)).save(place / "made" / folder / "cover.png")  # no window has this name
    before = (place / "pairs" / "manifest.parquet").read_bytes()
    assert run(JOIN) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"made/deep/{one.name} and made/{one.name}: two outlines of one window" in line
    assert (place / "pairs" / "manifest.parquet").read_bytes() == before
    (place / "made" / one.name).unlink()
    assert run(JOIN) == 0


@pytest.mark.parametrize("spec", ["canny=made", "mix=made", "Ab=made", "anime=nowhere", "anime", "=made"])
def test_mistakes(place, spec, capsys):
    assert run([*MAKE, "--outline", spec]) == 2
    assert "--outline" in capsys.readouterr().err
