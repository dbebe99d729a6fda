"""Bad input at the command line: one clear line, the right status, nothing lost."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from comicdata.cli.main import run
from comicdata.files import read_jsonl
from comicdata.images import encode_png, read_image


def colour(path, size=(300, 300)):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = np.random.default_rng(1).integers(0, 256, (*size, 3), dtype=np.uint8)
    path.write_bytes(encode_png(picture))
    return path


def one_line(capsys, *words):
    error = capsys.readouterr().err.strip()
    assert "Traceback" not in error
    for word in words:
        assert word in error, error
    return error


@pytest.mark.parametrize(
    "arguments",
    [
        ["crawl", "nowhere", "--out", "out"],
        ["panels", "nowhere"],
        ["make-pairs", "nowhere", "--out", "out"],
        ["train", "pix2pix", "--pairs", "nowhere", "--run", "out"],
        ["colorize", "nowhere", "nowhere", "--out", "out"],
        ["verify", "nowhere"],
    ],
)
def test_what_does_not_exist_is_status_2_and_makes_nothing(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == 2
    assert one_line(capsys, "nowhere").count("\n") == 0
    assert not (tmp_path / "out").exists()


def test_an_empty_folder_is_status_2(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert run(["crawl", str(tmp_path / "empty"), "--out", str(tmp_path / "out")]) == 2
    one_line(capsys, "no JPEG, PNG, WebP, GIF, AVIF, BMP or TIFF picture")


def test_bad_pictures_among_good_ones_are_rows_and_status_3(tmp_path, capsys):
    colour(tmp_path / "toon" / "e1" / "1.png")
    (tmp_path / "toon" / "e1" / "2.jpg").write_text("text")
    (tmp_path / "toon" / "e1" / "3.png").write_bytes(encode_png(np.zeros((9, 9, 3), np.uint8))[:30])
    assert run(["crawl", str(tmp_path / "toon"), "--out", str(tmp_path / "out"), "--json"]) == 3
    document = json.loads(capsys.readouterr().out)
    (episode,) = document["series"][0]["episodes"]
    assert (episode["status"], episode["images"]) == ("partial", 1)
    assert len(read_jsonl(tmp_path / "out" / "failures.jsonl")) == 2


def test_panels_of_a_bad_picture_beside_a_good_one(tmp_path, capsys):
    good = colour(tmp_path / "good.png")
    (tmp_path / "bad.jpg").write_bytes(b"\xff\xd8\xff nothing")
    assert run(["panels", str(tmp_path / "bad.jpg"), str(good), "--json"]) == 3
    captured = capsys.readouterr()
    assert [strip["input"] for strip in json.loads(captured.out)["strips"]] == [good.name]
    assert "bad.jpg" in captured.err


@pytest.mark.parametrize(
    ("mode", "value"), [("CMYK", (0, 90, 90, 0)), ("I;16", 40000), ("P", 3), ("LA", (90, 128)), ("1", 1)]
)
def test_every_mode_of_picture_goes_through_panels(mode, value, tmp_path, capsys):
    path = tmp_path / ("x.jpg" if mode == "CMYK" else "x.png")
    Image.new(mode, (1, 1), value).save(path)
    assert run(["panels", str(path), "--json", "--out", str(tmp_path / "overlays")]) == 0
    (strip,) = json.loads(capsys.readouterr().out)["strips"]
    assert (strip["width"], strip["height"]) == (1, 1)


def test_a_dry_run_writes_nothing(tmp_path, capsys):
    colour(tmp_path / "toon" / "e1" / "1.png")
    assert run(["crawl", str(tmp_path / "toon"), "--out", str(tmp_path / "out"), "--dry-run"]) == 0
    assert not (tmp_path / "out").exists()
    assert run(["crawl", str(tmp_path / "toon"), "--out", str(tmp_path / "out"), "-q"]) == 0
    assert run(["make-pairs", str(tmp_path / "out"), "--out", str(tmp_path / "pairs"), "--dry-run"]) == 0
    assert not (tmp_path / "pairs").exists()
    shown = capsys.readouterr().err
    assert "e1" in shown and "train" in shown
    assert run(["demo", "--out", str(tmp_path / "demo"), "--dry-run"]) == 0
    assert not (tmp_path / "demo").exists()


def test_the_tour_ends_in_a_report_that_needs_nothing_else(tour, capsys):
    text = (tour / "report.html").read_text()
    assert text.count("data:image/jpeg;base64,") >= 10
    for words in ("windows of the split test", "off the lines: ", "truth, after 16 images"):  # not only pictures
        assert words in text
    assert "http://" not in text and "https://" not in text and "<script" not in text
    for folder in ("crawl", "pairs", "run"):
        assert run(["verify", str(tour / folder), "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["checked"] > 2


def test_the_tour_again_does_nothing_new(tour, capsys, monkeypatch):
    monkeypatch.setattr("comicdata.cli.demo.MEASURED", 2)
    weights = (tour / "run" / "weights.safetensors").stat().st_mtime_ns
    assert run(["demo", "--out", str(tour), "--episodes", "4", "--images", "16"]) == 0
    text = capsys.readouterr().err
    assert text.count("nothing new to do") == 2 and "nothing to do: 16 images" in text
    assert (tour / "run" / "weights.safetensors").stat().st_mtime_ns == weights


def test_other_options_for_a_run_are_refused_by_name(tour, capsys):
    arguments = ["train", "palette", "--pairs", str(tour / "pairs"), "--run", str(tour / "run")]
    assert run([*arguments, "--images", "16", "--seed", "5"]) == 2
    one_line(capsys, "seed")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--keep-palette"], "--keep-palette: goes with --from RUN"),
        (["--from", "nowhere"], "nowhere: no weights here"),
        (["--from", "run", "--run", "run"], "run: is a folder that is read"),
        (["--from", "run", "--set", "width=24"], "width 16 there, 24 here"),
    ],
)
def test_weights_that_nobody_can_start_from_are_status_2(tour, words, said, monkeypatch, capsys):
    monkeypatch.chdir(tour)
    assert run(["train", "palette", "--pairs", "pairs", "--run", "own", *words]) == 2
    one_line(capsys, said)
    assert not Path("own").exists()


def test_a_dry_run_says_what_a_training_would_start_from(tour, monkeypatch, capsys):
    monkeypatch.chdir(tour)
    assert run(["train", "palette", "--pairs", "pairs", "--run", "own", "--from", "run", "--dry-run"]) == 0
    assert "starts from run (16 images): the palette is made anew" in capsys.readouterr().err
    assert not Path("own").exists()


def test_flipped_bytes_in_weights_are_status_6(tour, tmp_path, capsys):
    data = bytearray((tour / "run" / "weights.safetensors").read_bytes())
    data[-1000] ^= 4
    (tmp_path / "bad.safetensors").write_bytes(data)
    page = colour(tmp_path / "page.png")
    assert run(["colorize", str(tmp_path / "bad.safetensors"), str(page), "--out", str(tmp_path / "out")]) == 6
    one_line(capsys, "weights damaged")


def test_a_row_that_points_at_a_missing_file_is_status_6(tour, tmp_path, capsys):
    import shutil

    shutil.copytree(tour / "pairs", tmp_path / "pairs")
    next((tmp_path / "pairs" / "256" / "train" / "color").glob("*/*.png")).unlink()
    arguments = ["train", "pix2pix", "--pairs", str(tmp_path / "pairs"), "--run", str(tmp_path / "run")]
    assert run([*arguments, "--images", "2000"]) == 6
    one_line(capsys, "comicdata verify")
    assert run(["verify", str(tmp_path / "pairs")]) == 6


def test_colour_is_left_alone_unless_asked_and_sizes_stay(tour, tmp_path, capsys):
    page = colour(tmp_path / "in" / "page.png", (371, 250))
    line_art = np.full((37, 405), 255, np.uint8)
    line_art[10:12] = 0
    (tmp_path / "in" / "lines.png").write_bytes(encode_png(line_art))
    before = page.read_bytes()
    command = ["colorize", str(tour / "run"), str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--json"]
    assert run(command) == 0
    captured = capsys.readouterr()
    assert [one["input"] for one in json.loads(captured.out)["outputs"]] == ["lines.png"]
    assert "page.png: left alone: a picture in colour" in captured.err
    assert run([*command, "--recolor"]) == 0
    assert read_image(tmp_path / "out" / "page.png").shape == (371, 250, 3)
    assert read_image(tmp_path / "out" / "lines.png").shape == (37, 405, 3)
    assert page.read_bytes() == before
