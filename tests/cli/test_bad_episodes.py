"""Episodes that are not as they should be, through crawl and make-pairs: what can be used is, the rest is said."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from comicdata.cli.main import run
from comicdata.drawn import draw_episode
from comicdata.files import locked, read_jsonl
from comicdata.images import encode_jpeg, encode_png, read_image
from comicdata.pairs.manifest import file_of, read_rows


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def store(place, slices, name="e1"):
    """Write slices, arrays or bytes, as one episode."""
    folder = place / "in" / "toon" / name
    folder.mkdir(parents=True)
    for index, one in enumerate(slices, 1):
        data = one if isinstance(one, bytes) else encode_png(one)
        (folder / f"{index:03d}.{'jpg' if data[:2] == bytes([0xFF, 0xD8]) else 'png'}").write_bytes(data)


def pairs_of(capsys, *options, status=0, crawl_status=0):
    assert run(["crawl", "in/toon", "--out", "crawl", "-q"]) == crawl_status
    capsys.readouterr()
    arguments = ["make-pairs", "crawl", "--out", "pairs", "--workers", "1", "--json", *options]
    assert run(arguments) == status
    return json.loads(capsys.readouterr().out)


@pytest.fixture(scope="module")
def episode():
    return draw_episode(40, 1, panels=4)


def slices_of(episode, height=1000):
    return [episode.strip[y : y + height] for y in range(0, episode.strip.shape[0], height)]


def test_slices_of_different_widths_are_brought_to_the_commonest(place, episode, capsys):
    slices = slices_of(episode)
    half = np.ascontiguousarray(slices[1][::2, ::2])
    store(place, [slices[0], half, *slices[2:]])
    found = pairs_of(capsys, "--layout", "strip")
    assert found["panels"] >= len(episode.panels) - 1 and found["pairs"] > 0 and found["failures"] == 0


def test_a_slice_missing_in_the_middle_costs_its_own_panels_only(place, episode, capsys):
    slices = slices_of(episode)
    store(place, [*slices[:1], *slices[2:]])
    found = pairs_of(capsys, "--layout", "strip")
    assert len(episode.panels) - 3 <= found["panels"] <= len(episode.panels) + 2 and found["pairs"] > 0


def test_one_slice_of_30000_pixels(place, capsys):
    strip = draw_episode(41, 1, panels=8).strip
    store(place, [encode_jpeg(np.tile(strip, (30_000 // len(strip) + 1, 1, 1))[:30_000])])
    assert pairs_of(capsys)["panels"] >= 30


def test_grey_and_transparent_slices(place, episode, capsys):
    slices = slices_of(episode)
    folder = place / "in" / "toon" / "e1"
    folder.mkdir(parents=True)
    Image.fromarray(slices[0]).convert("L").save(folder / "1.png")
    clear = Image.fromarray(slices[1]).convert("RGBA")
    clear.putalpha(Image.fromarray(np.where(slices[1].min(axis=2) == 255, 0, 255).astype(np.uint8)))
    clear.save(folder / "2.png")
    for index, one in enumerate(slices[2:], 3):
        (folder / f"{index}.png").write_bytes(encode_png(one))
    found = pairs_of(capsys, "--layout", "strip")
    assert found["failures"] == 0 and found["pairs"] > 0
    assert any(row.drop_reason == "no_color" for row in read_rows(place / "pairs")) or found["dropped"]


def test_an_episode_of_one_blank_picture_beside_a_good_one(place, episode, capsys):
    store(place, slices_of(episode), "e1")
    store(place, [np.full((1200, 690, 3), 255, np.uint8)], "e2")
    found = pairs_of(capsys)
    assert found["failures"] == 0 and found["pairs"] > 0
    assert not any(row.kept for row in read_rows(place / "pairs") if row.episode_id == "e2")


def test_many_identical_pictures_are_one_pair(place, capsys):
    random = np.random.default_rng(3)
    small = random.integers(0, 256, (9, 9, 3), dtype=np.uint8)
    picture = encode_png(np.asarray(Image.fromarray(small).resize((256, 256), Image.Resampling.NEAREST)))
    store(place, [picture] * 60)
    found = pairs_of(capsys, "--layout", "single")
    assert found["pairs"] == 1 and found["dropped"] == {"duplicate": 59}


def test_an_unreadable_slice_among_good_ones_is_listed_and_the_rest_is_used(place, episode, capsys):
    slices = [encode_png(one) for one in slices_of(episode)]
    store(place, slices)
    assert run(["crawl", "in/toon", "--out", "crawl", "-q"]) == 0
    damaged = place / "crawl" / "local" / "toon" / "e1" / "0002.png"
    damaged.write_bytes(damaged.read_bytes()[:-60])
    capsys.readouterr()
    assert run(["make-pairs", "crawl", "--out", "pairs", "--workers", "1", "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["pairs"] > 0
    (failure,) = read_jsonl(place / "pairs" / "failures.jsonl")
    assert failure["item"].endswith("0002.png") and "changed since the crawl" in failure["error"]


def test_a_full_disk_ends_with_status_8_and_what_is_there_is_whole(place, episode):
    store(place, slices_of(episode))
    assert run(["crawl", "in/toon", "--out", "crawl", "-q"]) == 0
    code = (
        "import resource, signal, sys\nfrom comicdata.cli.main import run\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))\n"  # pictures above 40 kB find no room
        "sys.exit(run(sys.argv[1:]))\n"
    )
    command = ["make-pairs", "crawl", "--out", "pairs", "--workers", "1", "--size", "512", "--size", "256"]
    done = subprocess.run(
        [sys.executable, "-c", code, *command], cwd=place, capture_output=True, text=True, env=os.environ, check=False
    )
    assert done.returncode == 8 and "no room left on the disk" in done.stderr
    assert not list(place.glob("pairs/**/*.comicdata-tmp"))
    for path in place.glob("pairs/*/*/*/*/*.png"):
        read_image(path)
    assert run(command) == 0 and run(["verify", "pairs"]) == 0


def test_a_second_make_pairs_in_one_folder_is_sent_away(place, episode, capsys):
    store(place, slices_of(episode))
    assert run(["crawl", "in/toon", "--out", "crawl", "-q"]) == 0
    with locked(place / "pairs"):
        assert run(["make-pairs", "crawl", "--out", "pairs"]) == 7
    assert "another comicdata run works here" in capsys.readouterr().err


@pytest.mark.parametrize(("kind", "suffix", "name"), [("jpeg", ".jpg", "JPEG"), ("webp", ".webp", "WEBP")])
def test_colour_formats(place, episode, kind, suffix, name, capsys):
    store(place, slices_of(episode))
    assert pairs_of(capsys, "--color-format", kind)["pairs"] > 0
    row = next(row for row in read_rows(place / "pairs") if row.kept)
    assert row.color_file_name.endswith(suffix) and row.canny_file_name.endswith(".png")
    with Image.open(place / "pairs" / "256" / row.split / row.color_file_name) as picture:
        assert picture.format == name and picture.size == (256, 256)
        colours = np.asarray(picture.convert("RGB")).astype(int)
    assert run(["verify", "pairs"]) == 0
    assert pairs_of(capsys)["episodes_new"] == 1  # as PNG
    row = next(one for one in read_rows(place / "pairs") if one.id == row.id)
    error = np.abs(read_image(file_of(place / "pairs", row, "color")) - colours)
    assert error.mean() < 2 if kind == "jpeg" else not error.any()


def test_reading_order_is_the_order_of_panels(place, capsys):
    page = np.full((900, 1200, 3), 255, np.uint8)
    random = np.random.default_rng(6)
    for left in (40, 640):
        page[60:840, left : left + 520] = random.integers(0, 256, (780, 520, 3), dtype=np.uint8)
    store(place, [page])
    for order, first in (("ltr", 40), ("rtl", 640)):
        pairs_of(capsys, "--layout", "page", "--reading-order", order)
        rows = sorted(read_rows(place / "pairs"), key=lambda row: row.panel_index)
        assert abs(rows[0].panel_box[0] - first) <= 4


def test_256_is_512_halved_where_both_are_asked_for(place, episode, capsys):
    double = np.asarray(Image.fromarray(episode.strip).resize((1380, 2 * episode.strip.shape[0])))
    store(place, [double[y : y + 2000] for y in range(0, double.shape[0], 2000)])
    pairs_of(capsys, "--layout", "strip", "--size", "512", "--size", "256")
    rows = {(row.panel_id, row.window_index, row.size): row for row in read_rows(place / "pairs") if row.kept}
    checked = 0
    for (panel, window, size), row in rows.items():
        larger = rows.get((panel, window, 512))
        if size == 256 and larger and min(row.crop_box[2] - row.crop_box[0], row.crop_box[3] - row.crop_box[1]) >= 512:
            small = np.asarray(Image.open(place / "pairs" / "256" / row.split / row.color_file_name)).astype(int)
            large = np.asarray(Image.open(place / "pairs" / "512" / larger.split / larger.color_file_name)).astype(
                float
            )
            means = large.reshape(256, 2, 256, 2, 3).mean(axis=(1, 3))
            assert np.abs(small - means).max() <= 0.5
            checked += 1
    assert checked
