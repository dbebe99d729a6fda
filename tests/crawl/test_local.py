"""Sources on disk: folder layouts, names, archives, and bytes that stay as they came."""

import io
import os
import sys
import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comicdata.crawl import crawl, open_sources, select, write_failures
from comicdata.crawl.names import episode_and_page, slug, unique
from comicdata.crawl.sources import archive, containers
from comicdata.episodes import natural_key, read_crawl, verify_crawl
from comicdata.errors import IntegrityError, LockedError, PictureError, UsageError
from comicdata.files import locked
from comicdata.images import encode_jpeg, encode_png
from comicdata.records import Licence


def picture(seed=0, size=(40, 30)):
    return encode_png(np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8))


def put(folder, *names):
    for seed, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(seed))
    return folder


def layout(path):
    """{series: {episode: [picture, ...]}} of a source on disk."""
    return {
        source.series().series_id: {
            episode.episode_id: [page.url for page in source.pages(episode)] for episode in source.episodes()
        }
        for source in open_sources(str(path))
    }


def store(path, out, **options):
    return [
        (record, new)
        for source in open_sources(str(path), **options)
        for record, new in crawl(source, out, source.episodes())
    ]


@given(st.text(max_size=400))
def test_slugs_are_safe_and_stable(name):
    text = slug(name)
    assert text == slug(name) and 1 <= len(text) <= 80
    assert set(text) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") and text[0].isalpha()


@pytest.mark.parametrize("name", ["..", "CON", "nul", "\u202egpj.exe", "a\x00b", "x" * 300, "Ⅷ", "第1話", "17", ""])
def test_hostile_names_give_names_that_are_no_numbers_and_no_devices(name):
    text = slug(name)
    assert text not in {"con", "nul", "..", ""} and not text.isdigit() and "/" not in text


def test_known_slugs_and_order():
    assert slug("Episode 17: The End!") == "episode-17-the-end"
    assert slug("17") == "e17"
    assert slug("第1話") != slug("第2話") and slug("第1話") != slug("1")
    assert unique(["a", "A", "a!"]) == ["a", "a-2", "a-3"]
    assert sorted(["p10", "p2", "p1"], key=natural_key) == ["p1", "p2", "p10"]


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("gfx_Pepper-and-Carrot_by-David-Revoy_E17P05", ("17", 5)),
        ("ep17_005", ("17", 5)),
        ("017-05", ("017", 5)),
        ("page5", None),
        ("2024", None),
    ],
)
def test_episode_and_page_in_names(stem, expected):
    assert episode_and_page(stem) == expected


def test_sizes_and_dates_in_names_make_no_episodes(tmp_path):
    for names in (
        ["page01_800-1280.png", "page02_800-1280.png"],
        ["01-1080.png", "02-1080.png"],
        ["2024-01-05.png", "2024-01-12.png", "2024-02-02_01.png"],
    ):
        found = layout(put(tmp_path / names[0] / "toon", *names))
        assert found == {"toon": {"toon": names}}, names
    for names, episodes in (
        (["01-01.png", "02-01.png"], ["e01", "e02"]),
        (["ep01_05.png", "ep02_05.png"], ["e01", "e02"]),
        (["017-05.png"], ["e017"]),
        (["01-05.png", "01-06.png", "02-05.png"], ["e01", "e02"]),
    ):
        assert list(layout(put(tmp_path / names[0] / "toon", *names))["toon"]) == episodes, names


def test_folder_layouts(tmp_path):
    assert layout(put(tmp_path / "a", "s1/e1/2.png", "s1/e1/10.png", "s2/e1/1.png")) == {
        "s1": {"e1": ["s1/e1/2.png", "s1/e1/10.png"]},
        "s2": {"e1": ["s2/e1/1.png"]},
    }
    assert layout(put(tmp_path / "toon", "17/1.png", "2/1.png", "2/.hidden.png", "__MACOSX/1.png")) == {
        "toon": {"e2": ["2/1.png"], "e17": ["17/1.png"]}
    }
    assert layout(put(tmp_path / "flat", "x_E02P01.png", "x_E02P10.png", "x_E02P9.png", "x_E10P01.png")) == {
        "flat": {"e02": ["x_E02P01.png", "x_E02P9.png", "x_E02P10.png"], "e10": ["x_E10P01.png"]}
    }
    assert layout(put(tmp_path / "one", "b.png", "a.png")) == {"one": {"one": ["a.png", "b.png"]}}
    assert layout(tmp_path / "one" / "a.png") == {"a": {"a": ["a.png"]}}


@pytest.mark.parametrize("name", ["gone", "empty", "notes.txt"])
def test_nothing_to_read_is_one_clear_line(tmp_path, name):
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(UsageError) as caught:
        open_sources(str(tmp_path / name))
    assert name in str(caught.value) and "\n" not in str(caught.value)


def make_zip(path, members, **options):
    with zipfile.ZipFile(path, "w", **options) as archive_:
        for name, data in members:
            archive_.writestr(name, data)
    return path


@pytest.mark.parametrize(
    ("stem", "title", "number"),
    [
        ("c", "Area 51 ep. 3", "3"),
        ("c", "Catch-22", ""),
        ("c", "1984", ""),
        ("Nova 7", "Ep. 99 of pain", "7"),
        ("c", "", ""),
    ],
)
def test_a_title_in_comic_info_says_the_number_where_nothing_else_does(tmp_path, stem, title, number):
    info = f"<ComicInfo><Series>Nova</Series><Title>{title}</Title></ComicInfo>"
    (source,) = open_sources(str(make_zip(tmp_path / f"{stem}.cbz", [("1.png", picture()), ("ComicInfo.xml", info)])))
    assert [one.number for one in source.episodes()] == [number]


def test_a_series_spelled_in_two_cases_is_one(tmp_path):
    for number, series in enumerate(["Nova", "NOVA", "Nova Two"], 1):
        info = f"<ComicInfo><Series>{series}</Series><Number>{number}</Number></ComicInfo>"
        make_zip(tmp_path / f"{number}.cbz", [("1.png", picture()), ("ComicInfo.xml", info)])
    assert {title: list(one) for title, one in layout(tmp_path).items()} == {"nova": ["e1", "e2"], "nova-two": ["e3"]}


INFO = """<?xml version="1.0"?><ComicInfo><Title>The End</Title><Series>Great Toon</Series><Number>12</Number>
<Writer>A. Author</Writer>
<Pages><Page Image="0"/><Page Image="1" Type="Advertisement"/><Page Image="2"/></Pages></ComicInfo>"""


def test_a_cbz_with_comic_info(tmp_path):
    members = [("10.png", picture(3)), ("2.png", picture(2)), ("1.png", picture(1)), ("ComicInfo.xml", INFO)]
    (source,) = open_sources(str(make_zip(tmp_path / "x.cbz", members)), licence=Licence("CC0-1.0", "", "me"))
    series = source.series()
    assert (series.title, series.authors, series.licence.id) == ("Great Toon", ("A. Author",), "CC0-1.0")
    (episode,) = source.episodes()
    assert (episode.episode_id, episode.title) == ("e12", "The End")
    pages = source.pages(episode)
    assert [page.url for page in pages] == ["x.cbz#1.png", "x.cbz#10.png"]
    assert source.read(pages[1]).body == picture(3)


def facts(path):
    """What the one source in a folder says: series, authors, and (id, title, pictures) of its episodes."""
    (source,) = open_sources(str(path))
    series = source.series()
    episodes = [(one.episode_id, one.title, [page.url for page in source.pages(one)]) for one in source.episodes()]
    return series.series_id, series.title, series.authors, episodes


def test_comic_info_in_plain_folders_says_what_it_says_in_a_cbz(tmp_path):
    put(tmp_path / "toon", "b/1.png", "b/2.png", "b/10.png", "c/1.png")
    (tmp_path / "toon" / "b" / "comicinfo.XML").write_text(INFO)
    (tmp_path / "toon" / "c" / "ComicInfo.xml").write_text("<ComicInfo><Title>broken")
    expected = ("great-toon", "Great Toon", ("A. Author",))
    parts = [("e12", "The End", ["b/1.png", "b/10.png"]), ("c", "c", ["c/1.png"])]
    assert facts(tmp_path / "toon") == (*expected, parts)
    ((record, _), _) = store(tmp_path / "toon", tmp_path / "out")
    assert (record.series_id, record.episode_id, record.title, len(record.images)) == (
        "great-toon",
        "e12",
        "The End",
        2,
    )
    flat = put(tmp_path / "flat", "1.png", "2.png", "3.png")
    (flat / "ComicInfo.xml").write_text(INFO)
    assert facts(flat) == (*expected, [("e12", "The End", ["1.png", "3.png"])])
    several = put(tmp_path / "several", "x_E02P01.png", "x_E02P02.png", "x_E03P01.png")
    (several / "ComicInfo.xml").write_text(INFO)
    pictures = [("e02", "Episode 2", ["x_E02P01.png", "x_E02P02.png"]), ("e03", "Episode 3", ["x_E03P01.png"])]
    assert facts(several) == (*expected, pictures)


def test_comic_info_beside_the_episodes_names_the_series(tmp_path):
    put(tmp_path / "all", "One/1/1.png", "One/2/1.png")
    (tmp_path / "all" / "One" / "ComicInfo.xml").write_text(INFO)
    identifier, title, authors, episodes = facts(tmp_path / "all")
    assert (identifier, title, authors) == ("great-toon", "Great Toon", ("A. Author",))
    assert [one[:2] for one in episodes] == [("e1", "1"), ("e2", "2")]


def test_comic_info_beside_pictures_reads_no_other_file(tmp_path):
    (tmp_path / "secret").write_text("SECRET")
    put(tmp_path / "toon", "1.png")
    hostile = (
        f"""<!DOCTYPE c [<!ENTITY a SYSTEM "file://{tmp_path}/secret">]><ComicInfo><Title>T&a;</Title></ComicInfo>"""
    )
    (tmp_path / "toon" / "ComicInfo.xml").write_text(hostile)
    assert "SECRET" not in str(facts(tmp_path / "toon"))


def test_an_archive_is_opened_once_for_all_of_its_pictures(tmp_path, monkeypatch):
    whole = {f"{book}.cbz": [(f"{n:02d}.png", picture(100 * book + n)) for n in range(12)] for book in (1, 2)}
    (tmp_path / "books").mkdir()
    for name, members in whole.items():
        make_zip(tmp_path / "books" / name, members)
    (source,) = open_sources(str(tmp_path / "books"))
    pages = [source.pages(episode) for episode in source.episodes()]
    opened = []
    plain = zipfile.ZipFile
    monkeypatch.setattr(containers.zipfile, "ZipFile", lambda path, *more: opened.append(path) or plain(path, *more))
    for chapter in pages:
        with ThreadPoolExecutor(4) as pool:
            bodies = list(pool.map(lambda page: source.read(page).body, chapter))
        assert bodies == [data for _, data in whole[chapter[0].url.split("#")[0]]]
    assert len(opened) == 2
    with ThreadPoolExecutor(4) as pool:  # from both at once
        mixed = [page for both in zip(*pages, strict=True) for page in both]
        assert [answer.body for answer in pool.map(source.read, mixed)] == [
            data for both in zip(*whole.values(), strict=True) for _, data in both
        ]


def test_reasons_name_no_folder_of_this_machine(tmp_path):
    books = tmp_path / "private" / "books"
    books.mkdir(parents=True)
    make_zip(books / "1.cbz", [("../x.png", picture()), ("a.png", b"text"), ("b.png", picture(1))])
    make_zip(books / "2.cbz", [("b.png", bytes(30_000_000))], compression=zipfile.ZIP_DEFLATED)
    (books / "3.cbz").write_bytes(b"PK no archive")
    (books / "4").mkdir()
    (books / "4" / "here.png").write_bytes(picture(2))
    (books / "4" / "text.png").write_text("text")
    records = [record for record, _ in store(books, tmp_path / "out")]
    write_failures(tmp_path / "out", records)
    written = [path.read_text() for path in (tmp_path / "out").rglob("*.json*")]
    assert len(records) == 4 and not any("private" in text for text in written)
    reasons = " ".join(why for record in records for why in (record.reason, *(one for _, one in record.missing)))
    for name in ("1.cbz: member", "2.cbz: 'b.png' is compressed", "3.cbz: cannot be read as a ZIP", "4/text.png"):
        assert name in reasons


def test_members_that_climb_out_are_refused_and_the_rest_is_kept(tmp_path):
    path = make_zip(tmp_path / "evil.cbz", [("../../evil.png", picture(1)), ("ok.png", picture(2))])
    ((record, _),) = store(path, tmp_path / "out")
    assert record.status == "partial" and [image.url for image in record.images] == ["evil.cbz#ok.png"]
    assert "points outside" in record.missing[0][1]
    assert not list(tmp_path.rglob("evil.png"))


def missing(path):
    """{page: why it is not there} of the episodes of an archive, "" for one that cannot be opened."""
    found = {}
    for book in archive.read_books(path, path.name):
        found |= {"": book.fault} if book.fault else {}
        for label, address in book.pages:
            try:
                archive.MemberReader().read(path, address, label)
            except PictureError as error:
                found[label.partition("#")[2]] = str(error)
    return found


def test_bombs_and_damage(tmp_path, monkeypatch):
    members = [("a.png", bytes(30_000_000)), ("b.png", picture())]
    bomb = make_zip(tmp_path / "bomb.zip", members, compression=zipfile.ZIP_DEFLATED)
    assert missing(bomb) == {"a.png": "bomb.zip: 'a.png' is compressed more than 200 times"}
    (tmp_path / "cut.zip").write_bytes(bomb.read_bytes()[:20])
    assert "cannot be read as a ZIP" in missing(tmp_path / "cut.zip")[""]
    monkeypatch.setattr(containers, "MAX_MEMBERS", 2)
    many = make_zip(tmp_path / "many.zip", [(f"{n}.png", b"") for n in range(3)])
    assert missing(many) == {"": "many.zip: 3 members; the limit is 2"}


def test_one_encrypted_member_says_so_and_the_others_are_read(tmp_path):
    path = make_zip(tmp_path / "x.zip", [("1.png", picture()), ("2.png", picture(1))])
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    path.write_bytes(data)
    assert missing(path) == {"1.png": "x.zip: '1.png' is encrypted; remove the password first"}
    ((record, _),) = store(path, tmp_path / "out")
    assert (record.status, [one.url for one in record.images]) == ("partial", ["x.zip#2.png"])


def test_archives_with_odd_names_and_one_damaged_member(tmp_path):
    path = make_zip(tmp_path / "Toon #3.cbz", [("a#1.png", picture(1)), ("b.png", picture(2))])
    ((record, _),) = store(path, tmp_path / "out")
    assert (record.series_id, record.status) == ("toon-3", "ok")
    assert [image.url for image in record.images] == ["Toon #3.cbz#a#1.png", "Toon #3.cbz#b.png"]
    damaged = make_zip(tmp_path / "x.cbz", [("1.png", picture(1)), ("2.png", picture(2))], compression=8)
    data = bytearray(damaged.read_bytes())
    data[40:60] = b"\xff" * 20
    damaged.write_bytes(data)
    ((record, _),) = store(damaged, tmp_path / "out")
    assert record.status == "partial" and [image.file_name for image in record.images] == ["0002.png"]


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400), st.integers(0, 600), st.integers(0, 600))
def test_no_damage_to_an_archive_ends_in_anything_but_a_picture_error(junk, start, length):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as whole:
        whole.writestr("1.png", bytes(range(256)) * 2)
        whole.writestr("ComicInfo.xml", INFO)
    data = buffer.getvalue()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.cbz"
        path.write_bytes(data[:start] + junk + data[start + length :])
        missing(path)


def test_comic_info_reads_no_file_and_opens_no_entity(tmp_path):
    (tmp_path / "secret").write_text("SECRET")
    hostile = f"""<?xml version="1.0"?><!DOCTYPE c [<!ENTITY a SYSTEM "file://{tmp_path}/secret"><!ENTITY b "x">]>
    <ComicInfo><Title>T&a;</Title><LanguageISO>ko</LanguageISO>
    <Pages><Page Image="\u00b2" Type="Deleted"/></Pages></ComicInfo>"""
    path = make_zip(tmp_path / "x.cbz", [("1.png", picture()), ("ComicInfo.xml", hostile)])
    (book,) = archive.read_books(path, "x.cbz")
    assert "SECRET" not in book.info.title and book.info.language == "ko" and len(book.pages) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes on Linux only")
def test_a_file_name_that_is_no_text_is_stored_all_the_same(tmp_path):
    (tmp_path / "toon").mkdir()
    Path(os.fsdecode(os.fsencode(tmp_path / "toon") + b"/\xff.png")).write_bytes(picture())
    ((record, _),) = store(tmp_path / "toon", tmp_path / "out")
    assert record.status == "ok" and record.images[0].url == "\\udcff.png"


def test_series_of_one_folder_never_share_an_id(tmp_path):
    put(tmp_path / "all", "A/1/1.png", "a!/1/1.png", "e1/1.png", "x.png")
    names = [source.series().series_id for source in open_sources(str(tmp_path / "all"))]
    assert names == ["all", "all-2", "a", "a-2"]


@pytest.mark.parametrize("spec", ["x" * 5000, "a\x00b", "bad.toml", "gone.toml", "HTTP://127.0.0.1/"])
def test_a_source_that_cannot_be_is_a_usage_error(tmp_path, monkeypatch, spec):
    monkeypatch.chdir(tmp_path)
    Path("bad.toml").write_bytes(b"a = '\xff'")
    with pytest.raises(UsageError) as caught:
        open_sources(spec)
    assert "\n" not in str(caught.value)


def test_a_damaged_series_json_is_written_anew(tmp_path):
    store(put(tmp_path / "toon", "e1/1.png"), tmp_path / "out")
    path = tmp_path / "out" / "local" / "toon" / "series.json"
    whole = path.read_bytes()
    path.write_text("{")
    store(tmp_path / "toon", tmp_path / "out")
    assert path.read_bytes() == whole


@pytest.mark.parametrize(("old", "new"), [("0001.png", "../../../0001.png"), ('"local"', '"elsewhere"')])
def test_a_record_that_points_elsewhere_is_damaged(tmp_path, old, new):
    store(put(tmp_path / "toon", "e1/1.png"), tmp_path / "out")
    path = tmp_path / "out" / "local" / "toon" / "e1" / "episode.json"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(IntegrityError):
        read_crawl(tmp_path / "out")
    assert verify_crawl(tmp_path / "out")["changed"] == ["local/toon/e1/episode.json"]


def test_bytes_are_kept_and_a_second_crawl_writes_nothing(tmp_path):
    source = put(tmp_path / "toon", "e1/1.png", "e1/2.png", "e2/1.png")
    (source / "e2" / "2.jpg").write_bytes(encode_jpeg(np.zeros((9, 9, 3), np.uint8)))
    assert [(record.status, new) for record, new in store(source, tmp_path / "out")] == [("ok", True)] * 2
    stored = tmp_path / "out" / "local" / "toon"
    assert (stored / "e2" / "0002.jpg").read_bytes() == (source / "e2" / "2.jpg").read_bytes()
    before = {path: path.stat().st_mtime_ns for path in stored.rglob("*.*") if path.name != ".lock"}
    assert [new for _, new in store(source, tmp_path / "out")] == [False, False]
    assert before == {path: path.stat().st_mtime_ns for path in stored.rglob("*.*") if path.name != ".lock"}


def test_bad_pictures_make_a_partial_episode_that_the_next_run_completes(tmp_path):
    source = put(tmp_path / "toon", "e1/1.png", "e1/3.png")
    (source / "e1" / "2.jpg").write_text("this is text")
    (source / "e1" / "4.png").write_bytes(picture(9)[:-40])
    ((record, _),) = store(source, tmp_path / "out")
    assert record.status == "partial" and [image.file_name for image in record.images] == ["0001.png", "0003.png"]
    assert [url for url, _ in record.missing] == ["e1/2.jpg", "e1/4.png"]
    failures = write_failures(tmp_path / "out", [record])
    assert len(failures) == 2 and (tmp_path / "out" / "failures.jsonl").is_file()
    (source / "e1" / "2.jpg").write_bytes(picture(5))
    (source / "e1" / "4.png").write_bytes(picture(6))
    ((record, new),) = store(source, tmp_path / "out")
    assert (record.status, new) == ("ok", True)
    assert [image.file_name for image in record.images] == [f"000{n}.png" for n in (1, 2, 3, 4)]


def test_killed_before_the_end_an_episode_does_not_count(tmp_path):
    source = put(tmp_path / "toon", "e1/1.png", "e1/2.png", "e2/1.png")

    def stop(episode, done, total):
        if done == 1 and total == 2:
            raise KeyboardInterrupt

    (opened,) = open_sources(str(source))
    with pytest.raises(KeyboardInterrupt):
        list(crawl(opened, tmp_path / "out", opened.episodes(), on_image=stop))
    assert read_crawl(tmp_path / "out") == []
    store(source, tmp_path / "out")
    store(source, tmp_path / "undisturbed")
    names = sorted(path.relative_to(tmp_path / "out") for path in (tmp_path / "out").rglob("*.png"))
    assert len(names) == 3
    for name in names:
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "undisturbed" / name).read_bytes()


def test_damage_on_disk_is_found_and_mended(tmp_path):
    source = put(tmp_path / "toon", "e1/1.png", "e1/2.png", "e2/1.png")
    store(source, tmp_path / "out")
    episode = tmp_path / "out" / "local" / "toon" / "e1"
    (episode / "0001.png").write_bytes(b"changed")
    (episode / "0002.png").unlink()
    (episode / "stray.png").write_bytes(b"x")
    found = verify_crawl(tmp_path / "out")
    assert found["changed"] == ["local/toon/e1/0001.png"] and found["missing"] == ["local/toon/e1/0002.png"]
    assert found["orphans"] == ["local/toon/e1/stray.png"]
    assert [new for _, new in store(source, tmp_path / "out")] == [True, False]
    stays = ["local/toon/e1/stray.png"]  # somebody's own: named, never deleted
    assert verify_crawl(tmp_path / "out") == {"checked": 6, "missing": [], "changed": [], "orphans": stays}


def test_a_damaged_record_names_file_and_field(tmp_path):
    store(put(tmp_path / "toon", "e1/1.png"), tmp_path / "out")
    path = tmp_path / "out" / "local" / "toon" / "e1" / "episode.json"
    path.write_text(path.read_text().replace('"ok"', '"fine"'))
    with pytest.raises(IntegrityError, match=r"episode\.json: status"):
        read_crawl(tmp_path / "out")
    assert [new for _, new in store(tmp_path / "toon", tmp_path / "out")] == [True]


def test_two_crawls_of_one_series_do_not_meet(tmp_path):
    source = put(tmp_path / "toon", "e1/1.png")
    with locked(tmp_path / "out" / "local" / "toon"), pytest.raises(LockedError):
        store(source, tmp_path / "out")


def test_another_comic_of_the_same_names_is_no_comic_that_is_stored(tmp_path, caplog):
    for name, seed in (("a", 1), ("b", 2)):
        path = tmp_path / name / "Season 1" / "Episode 1" / "1.png"
        path.parent.mkdir(parents=True)
        path.write_bytes(picture(seed))
    for _ in range(2):
        (source,) = open_sources(str(tmp_path / "a"))
        list(crawl(source, tmp_path / "out"))
    assert caplog.text == "", "the same again"
    (source,) = open_sources(str(tmp_path / "b"))
    list(crawl(source, tmp_path / "out"))
    assert "episode-1: Season 1/Episode 1/1.png is not the picture that is stored for it; --refresh" in caplog.text
    caplog.clear()
    list(crawl(source, tmp_path / "out", refresh=True))
    list(crawl(source, tmp_path / "out"))
    assert caplog.text == "", "what changed was taken"


def test_selecting_episodes(tmp_path):
    (source,) = open_sources(str(put(tmp_path / "toon", *(f"e{n}/1.png" for n in range(1, 8)))))
    assert [one.episode_id for one in select(source.episodes(), "2-3,e6")] == ["e2", "e3", "e6"]
    assert len(select(source.episodes(), None, 4)) == 4
