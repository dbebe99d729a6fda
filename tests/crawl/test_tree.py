"""Folders on this machine: what is a page, what is named, what is neither; links, pipes, depths, libraries."""

import os
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from packers import make_rar, make_zip, picture
from PIL import Image

from comicdata.crawl import crawl, open_sources
from comicdata.crawl.sources import tree
from comicdata.episodes import read_crawl, verify_crawl
from comicdata.errors import UsageError
from comicdata.images import encode_jpeg

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="pipes, /proc and names of bytes are of Linux")
BOOK = make_zip([("1.png", picture(1))])
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100)
PSD = b"8BPS\0\1" + bytes(100)
TGA = b"\0\0\2" + bytes(range(99))


def fill(folder, files):
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def store(path, out):
    return [one for source in open_sources(str(path)) for one, _ in crawl(source, out, source.episodes())]


def layout(path):
    """{series: {episode: number of pages}}"""
    return {
        source.key[1]: {one.episode_id: len(source.pages(one)) for one in source.episodes()}
        for source in open_sources(str(path))
    }


def test_pictures_are_told_by_what_they_hold(tmp_path):
    jpeg = encode_jpeg(np.zeros((9, 9, 3), np.uint8))
    names = ["1.jfif", "2.jpe", "3.jpg_large", "4.jpg?x=1", "5", "6.png", "7.dat", "8.jpg:orig"]
    (record,) = store(fill(tmp_path / "in", dict.fromkeys(names, jpeg)), tmp_path / "out")
    assert record.status == "ok" and [one.url for one in record.images] == names
    assert {one.file_name for one in record.images} == {f"{n:04d}.jpg" for n in range(1, 9)}


def test_pictures_that_are_not_read_are_named(tmp_path):
    files = {
        "1.png": picture(),
        "2.heic": HEIC,
        "3.svg": b"<svg xmlns='x'/>",
        "4.jpg": b"text",
        "5.psd": PSD,
        "6.jpg": b"",
    }
    (record,) = store(fill(tmp_path / "in", files), tmp_path / "out")
    assert record.status == "partial" and [one.url for one in record.images] == ["1.png"]
    missing = dict(record.missing)
    assert "HEIC, which is not read" in missing["2.heic"] and "SVG" in missing["3.svg"] and "PSD" in missing["5.psd"]
    assert "not a JPEG" in missing["4.jpg"] and missing["6.jpg"] == "6.jpg: empty"


def test_what_is_no_picture_and_no_archive_is_no_failure(tmp_path, caplog):
    litter = ["LICENSE", "credits.txt", "info.json", "x.nfo", ".DS_Store", "Thumbs.db", "._1.png", "__MACOSX/1.png"]
    litter += ["@eaDir/1.png/SYNO.jpg", "desktop.ini", "film.mp4", "font.ttf", "page.html", "data.xml", ".hidden/1.png"]
    files = dict.fromkeys(litter, b"x") | {"1.png": picture()}
    (record,) = store(fill(tmp_path / "in", files), tmp_path / "out")
    assert (record.status, len(record.images), caplog.text) == ("ok", 1, "")


@pytest.mark.parametrize("name", ["1.psd", "1.PSD", "1.heic", "1.png.psd", "1.svg"])
def test_the_source_beside_its_export_is_no_failure(tmp_path, caplog, name):
    (record,) = store(fill(tmp_path / "in", {"1.png": picture(), name: PSD}), tmp_path / "out")
    assert (record.status, len(record.images), caplog.text) == ("ok", 1, "")


def test_a_library_of_archives_and_folders(tmp_path):
    files = {
        "Aria/Aria - 1.cbz": BOOK,
        "Aria/Aria - 10.cbr": BOOK,
        "Aria/Aria - 2.cbz": make_rar([("1.png", picture())]),
        "Aria/cover.jpg": picture(),
        "Bolt/Ch 1/1.png": picture(),
        "Bolt/Ch 2.zip": BOOK,
        "Coda/Vol 1/1.cbz": BOOK,
        "Coda/Vol 2/1.cbz": BOOK,
        "Solo.cbz": BOOK,
        "Duo/1.png": picture(),
    }
    assert layout(fill(tmp_path / "lib", files)) == {
        "lib": {"duo": 1, "solo": 1},
        "aria": {"aria-1": 1, "aria-2": 1, "aria-10": 1},
        "bolt": {"ch-1": 1, "ch-2": 1},
        "coda": {"vol-1-1": 1, "vol-2-1": 1},
    }


def test_a_cover_beside_archives_is_said(tmp_path, caplog):
    fill(tmp_path / "lib", {"1.cbz": BOOK, "Folder.jpg": picture()})
    assert layout(tmp_path / "lib") == {"lib": {"e1": 1}}
    assert "Folder.jpg: a cover beside archives; left out" in caplog.text


def test_a_cover_named_like_its_archive_is_said(tmp_path, caplog):
    files = {
        "Nova/Nova 1.cbz": BOOK,
        "Nova/Nova 1.png": picture(),
        "Nova/Nova 2.cbz": BOOK,
        "Nova/cover.png": picture(),
    }
    assert layout(fill(tmp_path / "lib", files)) == {"nova": {"nova-1": 1, "nova-2": 1}}
    assert caplog.text.count("a cover beside archives; left out") == 2
    files = {"Nova/Nova 1.cbz": BOOK, "Nova/Nova 3.png": picture()}
    assert layout(fill(tmp_path / "other", files)) == {"nova": {"nova": 1, "nova-1": 1}}, "no archive has its name"


@pytest.mark.parametrize("place", ["", "Nova/"])
def test_a_cover_beside_the_folders_of_a_series_is_no_episode(tmp_path, caplog, place):
    files = {f"{place}Ch 1/1.png": picture(), f"{place}Ch 2/1.png": picture(1), f"{place}cover.png": picture(2)}
    assert layout(fill(tmp_path / "nova", files)) == {"nova": {"ch-1": 1, "ch-2": 1}}
    assert f"{place}cover.png: a cover beside folders; left out" in caplog.text


def test_a_cover_among_pages_or_alone_is_a_page(tmp_path, caplog):
    files = {"e1/cover.png": picture(), "e1/1.png": picture(1), "e2/cover.png": picture(2), "e2/notes/a.txt": b"x"}
    assert layout(fill(tmp_path / "nova", files)) == {"nova": {"e1": 2, "e2": 1}}
    files = {"Nova/cover.png": picture(), "Nova/1.png": picture(1), "Nova/Ch 1/1.png": picture(2)}
    assert layout(fill(tmp_path / "lib", files)) == {"nova": {"nova": 2, "ch-1": 1}}
    assert caplog.text == ""


def test_a_picture_of_a_rare_format_is_named_unless_its_export_is_there(tmp_path):
    rare = {"e1/2.tga": TGA, "e2/1.tga": TGA, "e2/1.ppm": b"P6 1 1 255 abc", "e2/icon.ico": TGA}
    files = {"e1/1.png": picture(), "e2/1.png": picture(1), **rare}
    first, second = store(fill(tmp_path / "in", files), tmp_path / "out")
    assert first.status == "partial" and "not a JPEG" in dict(first.missing)["e1/2.tga"]
    assert (second.status, len(second.images)) == ("ok", 1)


def test_an_archive_among_the_pages_of_an_episode_is_said(tmp_path, caplog):
    files = {"e1/1.png": picture(), "e1/2.png": picture(1), "e1/raw.zip": BOOK, "e2/1.png": picture(2)}
    assert layout(fill(tmp_path / "toon", files)) == {"toon": {"e1": 2, "e2": 1}}
    assert "e1/raw.zip: an archive among pictures; left out" in caplog.text


def test_a_pdf_beside_its_pages_is_said_and_not_taken_twice(tmp_path, caplog):
    files = {"e1/1.png": picture(), "e1/2.png": picture(1), "e1/print.pdf": b"%PDF-1.4"}
    assert layout(fill(tmp_path / "toon", files)) == {"toon": {"e1": 2}}
    files = {"1.cbz": BOOK, "1.pdf": b"%PDF-1.4"}
    assert layout(fill(tmp_path / "books", files)) == {"books": {"e1": 1}}
    assert caplog.text.count("a PDF beside pictures or an archive; left out") == 2


def test_an_archive_without_a_name_for_it_is_said(tmp_path, caplog):
    assert layout(fill(tmp_path / "in", {"1.png": picture(), "chapter": BOOK})) == {"in": {"in": 1}}
    assert "chapter: looks like a ZIP archive; left out: name it .cbz" in caplog.text


@pytest.mark.parametrize("name", ["x.png", "x.cbz"])
def test_links_that_lead_out_are_named_and_not_followed(tmp_path, name):
    fill(tmp_path / "secret", {"x.png": picture(9), "x.cbz": BOOK})
    fill(tmp_path / "in", {"e1/1.png": picture()})
    (tmp_path / "in" / "e1" / name).symlink_to(tmp_path / "secret" / name)
    if name.endswith("cbz"):  # beside pages it would be put by
        (tmp_path / "in" / "e1" / name).rename(tmp_path / "in" / name)
    records = store(tmp_path / "in", tmp_path / "out")
    assert sum(len(one.images) for one in records) == 1
    assert "a link that leads out of the source" in " ".join(one.reason for one in records)


def test_links_within_the_source_are_read(tmp_path):
    fill(tmp_path / "in", {"all/1.png": picture(), "best/0.png": picture(1)})
    (tmp_path / "in" / "best" / "1.png").symlink_to("../all/1.png")
    assert [one.status for one in store(tmp_path / "in", tmp_path / "out")] == ["ok", "ok"]


def test_a_source_that_is_a_link_itself_was_named_and_is_read(tmp_path):
    fill(tmp_path / "in", {"1.png": picture()})
    (tmp_path / "toon").symlink_to(tmp_path / "in", target_is_directory=True)
    (tmp_path / "page.png").symlink_to(tmp_path / "in" / "1.png")
    assert [one.status for one in store(tmp_path / "toon", tmp_path / "out")] == ["ok"]
    assert [one.status for one in store(tmp_path / "page.png", tmp_path / "out")] == ["ok"]


def test_links_to_folders_are_said(tmp_path, caplog):
    fill(tmp_path / "in", {"1.png": picture()})
    (tmp_path / "in" / "up").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "in" / "2.png").symlink_to("2.png")  # a circle
    (record,) = store(tmp_path / "in", tmp_path / "out")
    assert record.status == "partial" and len(record.images) == 1
    assert "up: a link to a folder; left out" in caplog.text


@LINUX
def test_pipes_are_never_opened(tmp_path):
    fill(tmp_path / "in", {"1.png": picture()})
    os.mkfifo(tmp_path / "in" / "2.png")
    os.mkfifo(tmp_path / "in" / "notes")
    (record,) = store(tmp_path / "in", tmp_path / "out")
    assert [one.url for one in record.images] == ["1.png"] and "not one on disk" in record.missing[0][1]


@LINUX
@pytest.mark.parametrize("name", ["pipe", "/dev/zero", "/proc/self/maps", "/proc/kmsg"])
def test_a_source_that_is_no_file_on_disk_is_refused(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    with pytest.raises(UsageError, match="not one on disk"):
        open_sources(name)


def test_folders_too_deep_are_said(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(tree, "MAX_DEPTH", 3)
    fill(tmp_path / "in", {"a/b/c/1.png": picture(), "a/b/c/d/1.png": picture(1)})
    assert sum(len(one) for one in layout(tmp_path / "in").values()) == 1
    assert "a/b/c/d: more than 3 folders deep; left out" in caplog.text


@LINUX
def test_names_that_look_alike_keep_their_pictures_and_their_order(tmp_path):
    names = ["a.png", "A.png", unicodedata.normalize("NFC", "é.png"), unicodedata.normalize("NFD", "é.png"), "a!.png"]
    fill(tmp_path / "in", {name: picture(k) for k, name in enumerate(names)})
    (record,) = store(tmp_path / "in", tmp_path / "out")
    kept = [(tmp_path / "out/local/in/in" / one.file_name).read_bytes() for one in record.images]
    assert kept == [picture(names.index(one.url)) for one in record.images] and len(set(kept)) == 5
    (again,) = store(tmp_path / "in", tmp_path / "out")
    assert again.images == record.images


@LINUX
def test_archives_whose_names_meet_in_a_slug_are_both_kept(tmp_path):
    names = ["A 1.cbz", "a-1.cbz", "a 1!.cbz", "a#1.cbz"]
    fill(tmp_path / "in", {name: make_zip([("1.png", picture(k))]) for k, name in enumerate(names)})
    records = store(tmp_path / "in", tmp_path / "out")
    for record in records:
        stored = tmp_path / "out" / "local" / "in" / record.episode_id / "0001.png"
        assert stored.read_bytes() == picture(names.index(record.url))
    assert len({one.episode_id for one in records}) == 4
    assert [one.episode_id for one in store(tmp_path / "in", tmp_path / "more")] == [one.episode_id for one in records]


@LINUX
def test_a_name_of_bytes_beside_its_escape_swaps_nothing(tmp_path):
    fill(tmp_path / "in", {"\\udcff.png": picture(1)})
    Path(os.fsdecode(os.fsencode(tmp_path / "in") + b"/\xff.png")).write_bytes(picture(2))
    (record,) = store(tmp_path / "in", tmp_path / "out")
    assert record.status == "ok" and len({one.sha256 for one in record.images}) == 2
    assert len({one.url for one in record.images}) == 2


def test_a_folder_that_cannot_be_read_is_said(tmp_path, caplog, monkeypatch):
    fill(tmp_path / "in", {"1.png": picture(), "shut/1.png": picture(1)})
    plain = os.scandir

    def scandir(path):
        if Path(path).name == "shut":
            raise PermissionError(13, "Permission denied")
        return plain(path)

    monkeypatch.setattr(tree.os, "scandir", scandir)
    assert layout(tmp_path / "in") == {"in": {"in": 1}}
    assert "shut: cannot be read (Permission denied); left out" in caplog.text


def test_every_format_is_stored_as_it_came_and_read_again(tmp_path):
    art = Image.fromarray(np.random.default_rng(1).integers(0, 256, (40, 30, 3), dtype=np.uint8))
    kinds = {"AVIF": "avif", "BMP": "bmp", "GIF": "gif", "JPEG": "jpg", "PNG": "png", "TIFF": "tif", "WEBP": "webp"}
    for kind, suffix in kinds.items():
        (tmp_path / "in").mkdir(exist_ok=True)
        art.save(tmp_path / "in" / f"{suffix}.x", kind)
    (record,) = store(tmp_path / "in", tmp_path / "out")
    assert [one.file_name for one in record.images] == [f"{n:04d}.{s}" for n, s in enumerate(kinds.values(), 1)]
    for one, suffix in zip(record.images, kinds.values(), strict=True):
        stored = tmp_path / "out/local/in/in" / one.file_name
        assert stored.read_bytes() == (tmp_path / "in" / f"{suffix}.x").read_bytes()
    assert read_crawl(tmp_path / "out") == [record]
    assert verify_crawl(tmp_path / "out", decoded=True) == {"checked": 9, "missing": [], "changed": [], "orphans": []}


def test_damaged_metadata_is_kept_with_a_word(tmp_path, caplog):
    fill(tmp_path / "in", {"1.png": picture()[:-12]})
    (record,) = store(tmp_path / "in", tmp_path / "out")
    assert record.status == "ok" and "1.png: the end of the file is missing, every row is there" in caplog.text
