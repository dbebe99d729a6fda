"""make-pairs from a stored crawl: files, manifest, resuming to the same bytes, bad input."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from unittest.mock import Mock

import numpy as np
import pytest
from watching import contents, damage

from comicdata.cli.main import run
from comicdata.crawl import crawl, open_sources
from comicdata.drawn import cut_slices, draw_episode
from comicdata.episodes import read_crawl
from comicdata.errors import IntegrityError, UsageError
from comicdata.files import read_json, read_jsonl, write_jsonl
from comicdata.images import encode_jpeg, read_image, resize
from comicdata.outlines import Outlines, xdog
from comicdata.pairs import make_pairs, manifest
from comicdata.pairs.card import read_outlines
from comicdata.pairs.verify import verify_pairs
from comicdata.records import PairOptions

OPTIONS = PairOptions(test_episodes="4", validation_episodes="3")


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A crawl of four small drawn episodes."""
    root = tmp_path_factory.mktemp("stored")
    for number in range(1, 5):
        folder = root / "toon" / f"e{number:02d}"
        folder.mkdir(parents=True)
        for index, part in enumerate(cut_slices(draw_episode(5, number, panels=3).strip, number), 1):
            (folder / f"{index}.jpg").write_bytes(encode_jpeg(part))
    out = root / "crawl"
    (source,) = open_sources(str(root / "toon"))
    assert [record.status for record, _ in crawl(source, out, source.episodes())] == ["ok"] * 4
    return out


@pytest.fixture(scope="module")
def made(stored, tmp_path_factory):
    out = tmp_path_factory.mktemp("made") / "pairs"
    return out, make_pairs(stored, out, OPTIONS, workers=1)


def test_every_kept_row_has_its_three_pictures_and_they_fit_together(made):
    out, summary = made
    rows = [row for row in manifest.read_rows(out) if row.kept]
    assert summary.pairs == len(rows) > 12 and summary.panels == 12
    for row in rows:
        color, canny, outline = (read_image(manifest.file_of(out, row, kind)) for kind in manifest.KINDS)
        assert color.shape == canny.shape == outline.shape == (256, 256, 3)
        assert (xdog(color) == outline[..., 0]).all()


def test_a_window_is_the_stated_part_of_the_stated_files(stored, made):
    out, _ = made
    row = next(row for row in manifest.read_rows(out) if row.kept and len(row.source_files) > 1)
    folder = stored / row.source / row.series_id / row.episode_id
    record = next(one for one in read_crawl(stored) if one.episode_id == row.episode_id)
    strip = np.concatenate([read_image(folder / image.file_name) for image in record.images])
    px0, py0, px1, py1 = row.panel_box
    x0, y0, x1, y1 = row.crop_box
    expected = resize(np.ascontiguousarray(strip[py0:py1, px0:px1][y0:y1, x0:x1]), 256, 256)
    assert (read_image(manifest.file_of(out, row, "color")) == expected).all()
    hashes = [hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in row.source_files]
    assert list(row.source_sha256) == hashes


def test_splits_named_by_hand(made):
    out, _ = made
    for row in manifest.read_rows(out):
        assert row.split == {"e04": "test", "e03": "validation"}.get(row.episode_id, "train")


def test_the_folder_opens_as_a_data_set_unchanged(made, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    code = (
        "import sys, datasets\n"
        "d = datasets.load_dataset('imagefolder', data_dir=sys.argv[1])\n"
        "row = d['train'][0]\n"
        "assert {'color', 'canny', 'xdog', 'id', 'panel_box'} <= set(row), row.keys()\n"
        "assert row['color'].size == row['canny'].size == (256, 256)\n"
        "print({name: len(part) for name, part in d.items()})"
    )
    out, summary = made
    done = subprocess.run(
        [sys.executable, "-c", code, str(out / "256")], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-800:]
    assert eval(done.stdout) == {name: count for name, count in summary.splits.items() if count}


def test_a_second_run_writes_no_byte(stored, made):
    out, _ = made
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file() and path.name != ".lock"}
    assert make_pairs(stored, out, OPTIONS, workers=1).episodes_new == 0
    after = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file() and path.name != ".lock"}
    assert before == after


def test_two_workers_make_the_same_bytes(stored, made, tmp_path):
    make_pairs(stored, tmp_path / "pairs", OPTIONS, workers=2)
    assert contents(tmp_path / "pairs") == contents(made[0])


DYING = """
import os, signal, sys
from pathlib import Path
from comicdata.pairs import make_pairs
from comicdata.records import PairOptions
os.fsync = os.sync = lambda *file: None  # it is killed, not its machine
replace = Path.replace
def dying(self, target):
    left[0] -= 1
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return replace(self, target)
Path.replace = dying
for point, at in enumerate(sys.argv[3:]):
    left, child = [int(at)], os.fork()
    if not child:
        options = PairOptions(test_episodes="4", validation_episodes="3")
        make_pairs(Path(sys.argv[1]), Path(sys.argv[2], str(point)), options, workers=1)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
"""
POINTS = 12


@pytest.fixture(scope="module")
def killed(stored, made, tmp_path_factory):
    """What runs leave that were killed, each before another of their files was renamed into its place."""
    folder = tmp_path_factory.mktemp("killed")
    writes = len(contents(made[0]))  # every file is renamed once
    points = [str(1 + point * (writes - 1) // (POINTS - 1)) for point in range(POINTS)]
    subprocess.run([sys.executable, "-c", DYING, str(stored), str(folder), *points], cwd=folder, check=True)
    return folder


@pytest.mark.parametrize("point", range(POINTS))
def test_killed_at_any_file_and_run_again_gives_the_same_bytes(point, stored, made, killed):
    out = killed / str(point)
    make_pairs(stored, out, OPTIONS, workers=1)
    assert contents(out) == contents(made[0])


def test_a_person_s_exclusions_survive_and_leave_the_metadata(stored, made, tmp_path):
    out = tmp_path / "pairs"
    first = next(row for row in manifest.read_rows(made[0]) if row.kept)
    write_jsonl(out / "excluded.jsonl", [{"id": first.id, "reason": "ugly"}])
    make_pairs(stored, out, OPTIONS, workers=1)
    (row,) = [row for row in manifest.read_rows(out) if row.excluded]
    assert row == replace(first, excluded=True)
    names = [line["id"] for path in out.glob("256/*/metadata.jsonl") for line in read_jsonl(path)]
    assert first.id not in names and len(names) > 5
    assert manifest.data_hash(out) != manifest.data_hash(made[0])


def test_what_a_person_excluded_is_counted_as_that_alone(stored, made, tmp_path, monkeypatch, capsys):
    out = tmp_path / "pairs"
    kept = [row for row in manifest.read_rows(made[0]) if row.kept]
    panel = [row for row in kept if row.panel_id == kept[0].panel_id]
    write_jsonl(out / "excluded.jsonl", [{"id": row.id} for row in panel])
    summary = make_pairs(stored, out, OPTIONS, workers=1)
    counts = {"train": 0, "validation": 0, "test": 0}
    for row in kept[len(panel) :]:
        counts[row.split] += 1
    assert (summary.excluded, summary.pairs, summary.kept) == (len(panel), len(kept) - len(panel), 11)
    assert summary.splits == counts and summary.dropped == made[1].dropped
    card = read_json(out / "card.json")
    assert (card["kept"], card["excluded"]) == (summary.pairs, len(panel))
    assert card["splits"] == {f"256/{split}": count for split, count in sorted(counts.items())}
    assert [one["pairs"] for one in card["series"]] == [summary.pairs]
    write_jsonl(out / "excluded.jsonl", [{"id": row.id} for row in kept if row.split == "train"])
    options = ["--test-episodes", "4", "--validation-episodes", "3", "--workers", "1"]
    assert run(["make-pairs", str(stored), "--out", str(out), *options]) == 0
    assert "no pair is left to train on" in capsys.readouterr().err


@pytest.mark.parametrize("sizes", [(512,), (256, 512)])
def test_the_card_says_what_works(sizes, stored, tmp_path, monkeypatch):
    out = tmp_path / "pairs"
    make_pairs(stored, out, replace(OPTIONS, size=sizes), workers=1)
    text = (out / "README.md").read_text()
    named = re.findall(r'data_dir="(.*?)"', text)
    assert named == [path.name for path in sorted(out.glob("[0-9]*"))] == [str(size) for size in sizes]
    monkeypatch.chdir(out)
    for command in re.findall(r"`comicdata (.*?)`", text):
        assert run([*command.split(), "-q"]) == 0, command
    assert list((tmp_path / "shards").glob("*.tar"))


def test_verify_finds_missing_changed_and_orphans(stored, tmp_path):
    out = tmp_path / "pairs"
    make_pairs(stored, out, OPTIONS, workers=1)
    assert [verify_pairs(out)[name] for name in ("missing", "changed", "orphans")] == [[], [], []]
    one, two, *_ = [manifest.file_of(out, row, "color") for row in manifest.read_rows(out) if row.kept]
    one.unlink()
    damage(two)
    orphan = two.with_name(f"w{two.name[1:3]}{'0' * 14}.png")
    orphan.write_bytes(b"x")
    found = verify_pairs(out)
    assert found["missing"] == [one.relative_to(out).as_posix()]
    assert found["changed"] == [two.relative_to(out).as_posix()]
    assert found["orphans"] == [orphan.relative_to(out).as_posix()]
    make_pairs(stored, out, OPTIONS, workers=1)
    assert one.is_file() and orphan.read_bytes() == b"x"  # no record names it: somebody's own


def test_verify_finds_parts_and_notes_that_do_not_belong_there(stored, tmp_path):
    out = tmp_path / "pairs"
    make_pairs(stored, out, OPTIONS, workers=1)
    one, two, three, _ = sorted(out.glob("parts/*/*/*.jsonl"))
    first, second = one.read_bytes(), two.read_bytes()
    for path, data in ((one, second), (two, first)):
        path.write_bytes(data)
    strange = out / "parts" / "local" / "other" / "e01.jsonl"
    strange.parent.mkdir()
    shutil.copy(three, strange)
    (out / "excluded.jsonl").write_bytes(b"\xff no line\n")
    (out / "forgotten.jsonl").write_bytes(b'{"source": 5}\n')
    found = verify_pairs(out)
    names = [path.relative_to(out).as_posix() for path in (one, two)]
    assert found["changed"] == sorted(["excluded.jsonl", "forgotten.jsonl", *names])
    assert found["orphans"] == [strange.relative_to(out).as_posix()]
    strange.unlink()
    (out / "excluded.jsonl").write_bytes(b'\xef\xbb\xbf{"id": "w0"}\n\n{"id": "w1", "reason": "blurred"}\n')
    (out / "forgotten.jsonl").write_bytes(b'{"source": "local", "series_id": "gone"}\n')
    make_pairs(stored, out, OPTIONS, workers=1)
    assert [verify_pairs(out)[name] for name in ("missing", "changed", "orphans")] == [[], [], []]
    assert (one.read_bytes(), two.read_bytes()) == (first, second)


def test_damaged_pictures_are_made_again_also_those_of_the_contact_sheet(stored, made, tmp_path, capsys):
    out = tmp_path / "pairs"
    make_pairs(stored, out, OPTIONS, workers=1)
    rows = [row for row in manifest.read_rows(out) if row.kept]
    for row, kind, data in zip(rows, manifest.KINDS * len(rows), [b"", b"no picture"] * len(rows), strict=False):
        manifest.file_of(out, row, kind).write_bytes(data)
    make_pairs(stored, out, OPTIONS, workers=1)
    assert contents(out) == contents(made[0])


def test_pictures_that_were_restored_are_said(stored, made, tmp_path, capsys):
    out = shutil.copytree(made[0], tmp_path / "pairs")
    command = ["make-pairs", str(stored), "--out", str(out), "--test-episodes", "4", "--validation-episodes", "3"]
    command += ["--workers", "1"]
    row = next(row for row in manifest.read_rows(out) if row.kept)
    manifest.file_of(out, row, "color").unlink()
    assert run(command) == 0
    said = capsys.readouterr().err
    assert "lost or damaged pictures of 1 episode made again in" in said and "nothing new to do" not in said
    assert manifest.file_of(out, row, "color").is_file()
    assert run(command) == 0
    said = capsys.readouterr().err
    assert "nothing new to do" in said and "no window is for test" not in said


@pytest.mark.parametrize(("episodes", "cure"), [(1, "in a folder for each chapter"), (2, "name episodes to hold out")])
def test_pairs_without_a_test_say_how_to_get_one(stored, episodes, cure, tmp_path, capsys):
    for record in list(read_crawl(stored))[:episodes]:
        place = f"{record.source}/{record.series_id}"
        shutil.copytree(stored / place / record.episode_id, tmp_path / "crawl" / place / record.episode_id)
        shutil.copy(stored / place / "series.json", tmp_path / "crawl" / place)
    command = ["make-pairs", str(tmp_path / "crawl"), "--out", str(tmp_path / "pairs"), "--salt", "3"]
    assert run([*command, "--workers", "1"]) == 0
    said = capsys.readouterr().err
    assert "test 0)" in said and "no window is for test, so nothing shows how good a training is; " in said
    assert cure in said and "--test-episodes" in said


def test_a_picture_that_rotted_unseen_is_made_again_once_it_is_deleted(stored, made, tmp_path, capsys):
    out = tmp_path / "pairs"
    make_pairs(stored, out, OPTIONS, workers=1)
    path = manifest.file_of(out, next(row for row in manifest.read_rows(out) if row.kept), "color")
    times = path.stat()
    path.write_bytes(b"rotten")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    make_pairs(stored, out, OPTIONS, workers=1)  # also draws the contact sheet, which shows it
    assert verify_pairs(out)["changed"] == [path.relative_to(out).as_posix()]
    assert run(["export", str(out), "--to", "kohya", "--out", str(tmp_path / "out"), "-q"]) == 6
    assert f"{path}: damaged; delete it and run make-pairs again" in capsys.readouterr().err
    path.unlink()
    make_pairs(stored, out, OPTIONS, workers=1)
    assert contents(out) == contents(made[0])


def test_pictures_that_were_only_touched_are_no_reason_to_make_an_episode_again(stored, tmp_path, monkeypatch):
    out = tmp_path / "pairs"
    make_pairs(stored, out, OPTIONS, workers=1)
    before = contents(out)
    for path in out.glob("256/*/*/*/*"):
        path.touch()
    monkeypatch.setattr("comicdata.pairs.make.make_part", Mock(side_effect=AssertionError("made again")))
    assert make_pairs(stored, out, OPTIONS, workers=1).failures == []
    assert contents(out) == before


@pytest.mark.parametrize("where", [100, -6])  # a page, the length of the footer
def test_a_flipped_byte_in_the_manifest_is_found(made, tmp_path, where):
    data = bytearray((made[0] / "manifest.parquet").read_bytes())
    data[where] ^= 0x10
    (tmp_path / "manifest.parquet").write_bytes(data)
    with pytest.raises(IntegrityError, match=r"damaged|not the columns"):
        manifest.read_rows(tmp_path)


@pytest.mark.parametrize("name", [b"split", b"kept", b"window_index"])
def test_a_name_of_a_column_that_is_no_text_is_damage(made, tmp_path, name):
    data = (made[0] / "manifest.parquet").read_bytes()
    (tmp_path / "manifest.parquet").write_bytes(data.replace(name, name[:-1] + b"\xb5"))
    with pytest.raises(IntegrityError, match=r"damaged|missing"):
        manifest.read_rows(tmp_path)


def test_a_picture_changed_since_the_crawl_is_a_failure_row_and_nothing_else_is_lost(stored, tmp_path):
    import shutil

    shutil.copytree(stored, tmp_path / "crawl")
    victim = next((tmp_path / "crawl").glob("*/*/e01/0001.jpg"))
    victim.write_bytes(b"not what was fetched")
    summary = make_pairs(tmp_path / "crawl", tmp_path / "pairs", OPTIONS, workers=1)
    (failure,) = summary.failures
    assert failure.item == victim.relative_to(tmp_path / "crawl").as_posix()
    assert failure.error == "changed since the crawl; run the crawl again to restore it"  # the item says where
    assert str(tmp_path) not in "".join(path.read_text() for path in (tmp_path / "pairs").rglob("*.jsonl"))
    assert read_jsonl(tmp_path / "pairs" / "failures.jsonl")[0]["stage"] == "make-pairs"
    assert {row.episode_id for row in manifest.read_rows(tmp_path / "pairs")} >= {"e02", "e03", "e04"}


def test_missing_and_empty_crawls_are_usage_errors(tmp_path):
    with pytest.raises(UsageError, match="no such folder"):
        make_pairs(tmp_path / "gone", tmp_path / "pairs")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no episode with pictures"):
        make_pairs(tmp_path / "empty", tmp_path / "pairs")


def test_other_presets_are_other_parts_and_the_card_states_them(stored, made, tmp_path):
    import shutil

    out = tmp_path / "pairs"
    shutil.copytree(made[0], out)
    options = replace(OPTIONS, canny="lines-only", xdog="classic")
    assert make_pairs(stored, out, options, workers=1).episodes_new == 4
    before = {row.id: row for row in manifest.read_rows(made[0])}
    for row in (row for row in manifest.read_rows(out) if row.kept):
        color, outline = (read_image(manifest.file_of(out, row, kind)) for kind in ("color", "xdog"))
        assert (xdog(color, sigma=0.8, k=1.6, p=20, eps=0.5, phi=10) == outline[..., 0]).all()
        assert row.ink_canny < before[row.id].ink_canny and row.sha256_color == before[row.id].sha256_color
        assert row.params_id != before[row.id].params_id
    stated = read_json(out / "card.json")["options"]
    assert stated["canny"] == {"preset": "lines-only", "low": 100, "high": 180, "black": 0}
    assert stated["xdog"] == {"preset": "classic", "sigma": 0.8, "k": 1.6, "p": 20, "eps": 0.5, "phi": 10}
    assert "- xdog: classic, sigma 0.8, k 1.6" in (out / "README.md").read_text()
    assert read_outlines(out) == Outlines.of_presets("lines-only", "classic")
    assert make_pairs(stored, out, OPTIONS, workers=1).episodes_new == 4 and contents(out) == contents(made[0])


def test_a_crop_at_size_512_is_drawn_with_twice_the_sigma(stored, tmp_path):
    make_pairs(stored, tmp_path / "pairs", replace(OPTIONS, size=(512,), xdog="pencil"), workers=1)
    row = next(row for row in manifest.read_rows(tmp_path / "pairs") if row.kept)
    color, outline = (read_image(manifest.file_of(tmp_path / "pairs", row, kind)) for kind in ("color", "xdog"))
    assert (outline[..., 0] == xdog(color, size=256, sigma=2, k=1.6, p=20, eps=0.3, phi=20)).all()


def test_the_card_counts_and_hashes_the_rows(made):
    out, summary = made
    card = read_json(out / "card.json")
    assert card["kept"] == summary.pairs and card["dropped"] == summary.dropped
    assert card["rows_sha256"] == manifest.rows_hash(manifest.read_rows(out))
    assert f"{summary.pairs} pairs kept" in (out / "README.md").read_text()
    json.dumps(card)
