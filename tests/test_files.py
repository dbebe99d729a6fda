"""Atomic writes, locks, JSON lines."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from comicdata import files
from comicdata.errors import IntegrityError, LockedError, ResourceError, UsageError
from comicdata.files import (
    alike,
    append_line,
    inside,
    is_inside,
    is_intact,
    jsonl_bytes,
    locked,
    read_lines,
    seal,
    sha256_bytes,
)
from comicdata.pairs.parts import is_whole, part_bytes


def test_a_failed_write_keeps_the_old_file_and_leaves_no_temporary(tmp_path, monkeypatch):
    path = tmp_path / "a.bin"
    files.write_atomic(path, b"old")

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(ResourceError, match="no room left"):
        files.write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.bin"]


def test_the_bytes_are_on_the_disk_before_the_name_is_and_the_name_before_the_return(tmp_path, monkeypatch):
    steps, rename = [], files.Path.replace

    def pushed(descriptor):
        steps.append(Path(f"/proc/self/fd/{descriptor}").resolve().name)

    def renamed(self, target):
        steps.append("renamed")
        return rename(self, target)

    monkeypatch.setattr(files.os, "fsync", pushed)
    monkeypatch.setattr(files.os, "sync", lambda: steps.append("all"))
    monkeypatch.setattr(files.Path, "replace", renamed)
    files.write_atomic(tmp_path / "a.bin", b"1")
    assert steps == [f"a.bin.{os.getpid()}{files.TEMPORARY_SUFFIX}", "renamed", tmp_path.name]
    del steps[:]
    files.write_atomic(tmp_path / "b.bin", b"2", durable=False)
    files.sync_disk()
    files.sync_files([tmp_path / "a.bin", tmp_path / "b.bin"])
    assert steps == ["renamed", "all", "a.bin", "b.bin"]


def test_lock_refuses_a_second_process_and_is_free_after_kill(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from comicdata.files import locked\n"
        f"with locked(Path({str(tmp_path)!r})):\n    print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=tmp_path) as holder:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(LockedError, match="another comicdata run"), files.locked(tmp_path):
            pass
        holder.kill()
        holder.wait()
    with files.locked(tmp_path):
        pass


def test_a_folder_that_another_run_takes_away_while_it_is_locked_is_said(tmp_path, monkeypatch):
    import filelock

    def acquire(self):
        raise FileNotFoundError(errno.ENOENT, "gone", str(tmp_path))

    monkeypatch.setattr(filelock.FileLock, "acquire", acquire)
    with pytest.raises(LockedError, match="another comicdata run"), locked(tmp_path / "x"):
        pass


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES, errno.EPERM])
@pytest.mark.parametrize("write", [files.write_json, append_line])
def test_a_folder_that_may_not_be_written_is_said_with_the_cure(write, code, tmp_path, monkeypatch):
    def refuse(self, *arguments, **how):
        raise OSError(code, os.strerror(code), str(self))

    path = tmp_path / "a" / "x.json"
    for name in ("open", "mkdir"):
        with (
            monkeypatch.context() as patch,
            pytest.raises(UsageError, match=r"x\.json: may not be written \(.+\); allow"),
        ):
            patch.setattr(f"pathlib.Path.{name}", refuse)
            write(path, {})
    with monkeypatch.context() as patch, pytest.raises(UsageError, match="may not be written"):
        patch.setattr("pathlib.Path.mkdir", refuse)
        with locked(tmp_path / "b"):
            pass
    write(path, {})
    assert [one.name for one in path.parent.iterdir()] == ["x.json"]


def test_other_errors_of_a_disk_are_as_they_are(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError):
        files.write_json(tmp_path / "file" / "x.json", {})


def test_jsonl_round_trip_and_damage_is_named_with_its_line(tmp_path):
    path = tmp_path / "rows.jsonl"
    rows = [{"id": "w01", "title": "Füße\u2028x"}, {"id": "w02", "n": 1.5}]
    files.write_jsonl(path, rows)
    assert files.read_jsonl(path) == rows
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(IntegrityError, match=r"rows\.jsonl:2: not valid JSON"):
        files.read_jsonl(path)


def test_an_unchanged_jsonl_is_not_written_again(tmp_path):
    path = tmp_path / "rows.jsonl"
    files.write_jsonl(path, [{"a": 1}])
    before = path.stat().st_mtime_ns
    files.write_jsonl(path, [{"a": 1}])
    assert path.stat().st_mtime_ns == before


def test_orphans_of_killed_writes_are_swept(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / f"x.png.77{files.TEMPORARY_SUFFIX}").write_bytes(b"half")
    (tmp_path / "keep.png").write_bytes(b"whole")
    assert files.sweep_orphans(tmp_path) == 1
    assert [p.name for p in tmp_path.rglob("*.*")] == ["keep.png"]


def test_sha256_of_a_file_is_that_of_its_bytes(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    assert files.sha256_file(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize(
    "relative",
    ["", ".", "..", "a/../b", "/a", "a//b", "a/", "a\0", "C:\\x", "C:x", "\\\\host\\x", "a\\..\\b", "con", "a/NUL.png",
     "a./b", "a /b", "a\nb", "\u202ea", "a" * 256, "\udcff", None, 7],
)  # fmt: skip
def test_a_path_out_of_data_that_leads_elsewhere_is_none(relative, tmp_path):
    assert not is_inside(relative)
    if isinstance(relative, str):
        with pytest.raises(IntegrityError):
            inside(tmp_path, relative)


@pytest.mark.parametrize(
    "relative", ["a", "a/b.png", "무지개/1화 (2).png", "..a", "console", "com10.png", ".hidden", "e\u0301"]
)
def test_a_path_that_leads_inside_is_one(relative, tmp_path):
    assert inside(tmp_path, relative) == tmp_path / relative


def test_names_that_a_file_system_may_take_for_one():
    assert alike("É.png") == alike("e\u0301.PNG") and alike("STRASSE") == alike("straße")
    assert len({alike(name) for name in ("a", "b", "é", "a-2", "ａ")}) == 5


@pytest.mark.parametrize("torn", [b"", b'{"name": "a"}\n', b'{"name": "a"}\n{"na', b'{"na'])
def test_a_line_is_never_written_behind_a_torn_one(torn, tmp_path):
    journal = tmp_path / "journal.jsonl"
    journal.write_bytes(torn)
    append_line(journal, {"name": "b"})
    append_line(journal, {"name": "c"})
    names = [row["name"] for row in read_lines(journal)]
    assert names == [*(["a"] if b'"a"' in torn else []), "b", "c"]


FLIPS = [
    "".join(chr(ord(one) ^ bit if place == at else ord(one)) for at, one in enumerate("sha256"))
    for place in range(6)
    for bit in (1, 2, 4, 8, 16, 32, 64)
]


@pytest.mark.parametrize(
    "said",
    [{"images": 8, "options": {}}, {"number": "1", "fetched_at": "2026"}, {"files": {}, "tensors_sha256": "ab"}, {}],
)
def test_a_seal_whose_name_is_damaged_is_no_record_of_an_older_version(said):
    sealed = seal(said)
    assert is_intact(sealed) and is_intact(said)
    for name in FLIPS:
        assert not is_intact({name if key == "sha256" else key: value for key, value in sealed.items()}), name


def test_records_of_version_0_1_0_had_no_seal_and_may_end_in_another_hash():
    for said in ({"images": 8, "tensors_sha256": sha256_bytes(b"x")}, {"recipe_sha256": "", "overrides": []}):
        assert is_intact(said) and is_intact(said, "number", "season")
    assert not is_intact({"title": "a", "number": "1"}, "number", "season")


def test_a_part_whose_hash_has_a_damaged_name_is_not_whole():
    rows = [{"id": "w1"}, {"id": "w2"}]
    data = part_bytes({"key": "k", "failures": []}, rows)
    assert is_whole(data) is True
    for name in FLIPS:
        if name.isprintable() and '"' not in name and "\\" not in name:
            assert is_whole(data.replace(b"sha256", name.encode(), 1)) is False, name
    assert is_whole(jsonl_bytes([{"key": "k", "failures": []}, *rows])) is None  # as version 0.1.0 wrote it
