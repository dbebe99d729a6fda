"""The list of an output folder, the mark of a page, and what is known of folders and files that are not ours."""

import json
import zipfile
from pathlib import Path

import pytest

from comicdata import outputs
from comicdata.errors import PartialError, UsageError
from comicdata.files import locked, sha256_bytes
from comicdata.outputs import LIST, Outputs, Reads, cbz


def test_the_list_names_what_was_made_with_its_hash(tmp_path):
    made = Outputs(tmp_path / "out", "panels")
    made.write("b.png", b"b")
    made.write("deep/a.png", b"a")
    files = json.loads((tmp_path / "out" / LIST).read_text())["files"]
    assert {name: one["sha256"] for name, one in files.items()} == {"b.png": sha256_bytes(b"b"),
                                                                    "deep/a.png": sha256_bytes(b"a")}  # fmt: skip


@pytest.mark.parametrize("name", ["../x.png", "a/../../x.png", "/etc/x.png", "link/x.png"])
def test_names_that_lead_out_are_refused(name, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "link").symlink_to(tmp_path)
    with pytest.raises(UsageError, match="lies outside"):
        Outputs(tmp_path / "out", "panels").check([name], Reads([]))


@pytest.mark.parametrize("out", ["file", "file/deeper"])
def test_a_file_is_no_folder(out, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UsageError, match="is no folder"):
        Outputs(tmp_path / out, "panels").check(["a"], Reads([]))


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "out" / "1.png").mkdir(parents=True)
    with pytest.raises(UsageError, match="not made by this command"):
        Outputs(tmp_path / "out", "panels").check(["1.png"], Reads([]))


def test_a_file_that_came_while_the_work_was_under_way_is_kept(tmp_path):
    made = Outputs(tmp_path, "panels")
    made.check(["1.png"], Reads([]))
    (tmp_path / "1.png").write_bytes(b"mine")
    with pytest.raises(PartialError, match="kept"):
        made.write("1.png", b"ours")
    assert (tmp_path / "1.png").read_bytes() == b"mine"


def test_two_writers_lose_no_line(tmp_path):
    one, other = Outputs(tmp_path, "panels"), Outputs(tmp_path, "colorize")
    for number in range(3):
        one.write(f"{number}.jpg", b"x")
        other.write(f"{number}.png", b"x")
    assert len(outputs.read_list(tmp_path)) == 6


def test_what_a_killed_write_left_goes_and_nothing_else(tmp_path):
    made = Outputs(tmp_path, "panels")
    made.write("1.png", b"x")
    for name in ("1.png.77.comicdata-tmp", f"{LIST}.77.comicdata-tmp", "other.png.77.comicdata-tmp"):
        (tmp_path / name).write_bytes(b"half")
    Outputs(tmp_path, "panels").write("1.png", b"y")
    assert sorted(path.name for path in tmp_path.glob("*.comicdata-tmp")) == ["other.png.77.comicdata-tmp"]


def test_only_our_own_is_removed(tmp_path):
    made = Outputs(tmp_path, "panels")
    made.write("1.png", b"x")
    (tmp_path / "2.png").write_bytes(b"mine")
    made.remove("1.png")
    made.remove("2.png")
    assert [path.name for path in tmp_path.glob("*.png")] == ["2.png"] and not outputs.read_list(tmp_path)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"files": []}', '{"files": {"a": 1}}', "[" * 100_000])
def test_a_list_that_is_none(content, tmp_path):
    (tmp_path / LIST).write_text(content)
    with pytest.raises(UsageError, match=r"\.comicdata\.json"):
        outputs.read_list(tmp_path)


@pytest.mark.parametrize("kind", ["text", "link", "folder"])
def test_a_lock_of_somebody_else_is_not_emptied(kind, tmp_path):
    path = tmp_path / "out" / ".lock"
    path.parent.mkdir()
    (tmp_path / "mine").write_text("mine")
    {"text": lambda: path.write_text("mine"), "link": lambda: path.symlink_to(tmp_path / "mine"), "folder": path.mkdir}[
        kind
    ]()
    with pytest.raises(UsageError, match="no lock of comicdata"), locked(tmp_path / "out"):
        raise AssertionError
    assert (tmp_path / "mine").read_text() == "mine" and (kind != "text" or path.read_text() == "mine")


def test_a_page_is_ours_as_long_as_nobody_changes_it():
    page = outputs.signed_page('<!doctype html>\n<html><head><meta charset="utf-8"><title>x</title></html>\n')
    for data, ours in ((page, True), (page + b" ", False), (page.replace(b"x<", b"y<"), False), (b"<html>", False)):
        assert outputs.is_our_page(data) is ours


def test_a_cbz_is_ours_as_long_as_nobody_changes_it(tmp_path):
    path = tmp_path / "x.cbz"
    cbz.write_cbz(
        path, [cbz.Member("a/\u00e9.png", "noted", lambda: b"abc"), cbz.Member("b.png", "", lambda: b"d" * 999)]
    )
    own = cbz.open_own(path)
    assert (
        own.notes == {"a/\u00e9.png": "noted", "b.png": ""}
        and own.read("a/\u00e9.png") == b"abc"
        and own.size("b.png") == 999
    )
    own.close()
    whole = path.read_bytes()
    assert b"d" * 999 in whole and whole.count(b"PK\x01\x02") == 2  # as it is, and no entry for the folder
    for comment in (b"comicdata 0.1.0", b"somebody", b""):
        with zipfile.ZipFile(path, "a") as archive:
            archive.comment = comment
        assert not cbz.is_own(path)
    path.write_bytes(whole)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("1.txt", "x")
    assert not cbz.is_own(path)
    path.write_bytes(b"PK\x03\x04 and nothing")
    assert not cbz.is_own(path) and not cbz.is_own(tmp_path / "nothing")


RECORDS = {
    "a crawl": ("local/toon/series.json", {"schema_version": 1, "source": "local", "series_id": "toon"}),
    "pairs": ("card.json", {"rows_sha256": "x"}),
    "a run": ("config.json", {"data_hash": "x", "options": {}}),
    "an export": ("export.json", {"to": "kohya", "files": {}}),
}


@pytest.mark.parametrize("kind", RECORDS)
def test_a_folder_is_known_by_its_records(kind, tmp_path):
    name, value = RECORDS[kind]
    (tmp_path / "in" / "out" / name).parent.mkdir(parents=True)
    (tmp_path / "in" / "out" / name).write_text(json.dumps(value))
    assert outputs.holds(tmp_path / "in" / "out") == kind
    assert outputs.is_made_here(tmp_path / "in" / "out")
    for other in RECORDS:
        if other != kind:
            with pytest.raises(UsageError, match=f"holds {kind}"):
                outputs.check_kind(tmp_path / "in" / "out", other)
    outputs.check_kind(tmp_path / "in" / "out", kind)
    for text in ("{}", "[]", "no JSON", '{"files": 1, "options": 2}'):
        (tmp_path / "in" / "out" / name).write_text(text)
        assert outputs.holds(tmp_path / "in" / "out") == "" and not outputs.is_made_here(tmp_path / "in" / "out")


def test_pairs_are_known_by_their_first_part(tmp_path):
    (tmp_path / "parts" / "local" / "toon").mkdir(parents=True)
    (tmp_path / "parts" / "local" / "toon" / "e1.jsonl").write_text('{"key": "x", "failures": []}\n')
    assert outputs.holds(tmp_path) == "pairs"


def test_the_place_that_advice_names_is_free(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    assert outputs.free_folder(tmp_path / "new", "crawl") == tmp_path / "new"
    assert outputs.free_folder(tmp_path / "mine", "crawl") == tmp_path / "mine"
    (tmp_path / "mine" / "1.png").write_bytes(b"x")
    assert outputs.free_folder(tmp_path / "mine", "crawl").as_posix() == "crawl"
    Path("crawl").mkdir()
    assert outputs.free_folder(tmp_path / "mine", "crawl").as_posix() == "crawl-2"
    assert outputs.free_folder(tmp_path / "mine" / "1.png", "run").as_posix() == "run"


def test_what_is_set_aside_keeps_every_version(tmp_path):
    for text in (b"one", b"two", b"two"):
        (tmp_path / "256").mkdir(exist_ok=True)
        (tmp_path / "256" / "w.png").write_bytes(text)
        outputs.set_aside(tmp_path, tmp_path / "256" / "w.png")
    assert sorted(path.read_bytes() for path in (tmp_path / "kept" / "256").iterdir()) == [b"one", b"two"]


def test_a_list_whose_words_were_changed_is_written_as_it_was(tmp_path):
    made = outputs.Outputs(tmp_path, "colorize")
    made.write("a.png", b"a")
    right = (tmp_path / ".comicdata.json").read_bytes()
    (tmp_path / ".comicdata.json").write_bytes(right.replace(b'"version": "', b'"version": "9.'))
    made.write("a.png", b"a")
    assert (tmp_path / ".comicdata.json").read_bytes() == right
