"""Damaged records of our own: one line that names the file and the place, and what is whole still passes."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from comicdata.crawl import store
from comicdata.crawl.sources import naver, peppercarrot, webtoons, xkcd
from comicdata.crawl.sources.recipe import load_recipe
from comicdata.episodes import read_episode
from comicdata.errors import ComicDataError, IntegrityError, NetworkError, UsageError
from comicdata.exports.folder import read_ledger
from comicdata.files import read_json, read_jsonl, read_lines, seal
from comicdata.flats.hints import Hint, paint_hints, read_hints
from comicdata.forgotten import check_not_forgotten, read_forgotten
from comicdata.outlines import Outlines
from comicdata.outputs import read_list
from comicdata.pairs.card import read_outlines
from comicdata.pairs.excluded import read_excluded
from comicdata.pairs.manifest import read_manifest, read_rows, row_from_json, values_of, write_manifest
from comicdata.panels.score import read_truth
from comicdata.reading.text import plain
from comicdata.records import Episode, EpisodeRecord, ImageRecord, Pair, Series

DEEP = b"[" * 100_000
PAIR = Pair(
    **{"id": "w1", "panel_id": "p1", "source": "s", "series_id": "t", "episode_id": "e1", "panel_index": 0},
    **{"window_index": 0, "split": "train", "kept": True, "drop_reason": "", "color_file_name": "color/w1/w1.png"},
    **{"canny_file_name": "canny/w1/w1.png", "xdog_file_name": "xdog/w1/w1.png", "size": 256, "fit": "tile"},
    **{"crop_box": (0, 0, 9, 9), "panel_box": (0, 0, 9, 9), "source_files": ("0001.png",), "source_sha256": ("ab",)},
    **{"source_url": "", "licence": "", "attribution": "", "split_confidence": 1.0, "dhash": "d:" + "0" * 16},
    **{"black_fraction": 0.5, "ink_canny": 0.25, "ink_xdog": 0.125, "saturation": 0, "params_id": "q"},
    **{"sha256_color": "", "sha256_canny": "", "sha256_xdog": "", "excluded": False},
)  # fmt: skip


def put(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(value if isinstance(value, bytes) else json.dumps(value).encode())
    return path


@pytest.mark.parametrize("data", [DEEP, b"NaN", b'{"a": 1e999}', b"\xff", b"[" + b"7" * 5000 + b"]", b""])
def test_every_reader_of_json_says_where(data, tmp_path):
    path = put(tmp_path / "x.json", data)
    with pytest.raises(IntegrityError, match=r"x\.json: not valid JSON \(.+\); delete it"):
        read_json(path)
    with pytest.raises(UsageError, match=r"x\.json: cannot be read as JSON hints \(.+\)"):
        read_hints(path)
    put(path, b'{"id": "a"}\n\n' + (data or b"x") + b"\n")
    assert read_lines(path) == [{"id": "a"}]
    for read in (read_jsonl, read_truth):
        with pytest.raises(ComicDataError, match=r"x\.json:3: not valid JSON"):
            read(path)


def test_blank_lines_between_rows_are_none(tmp_path):
    path = put(tmp_path / "x.jsonl", b'\n{"id": "a"}\r\n  \n{"id": "\xe2\x80\xa8"}\n\n')
    assert [row["id"] for row in read_jsonl(path)] == ["a", "\u2028"]


@pytest.mark.parametrize("data", [DEEP, b"null", b"[]", b'"x"', b'{"num": ', b"\xff\xfe", b'{"num": NaN, "img": ""}'])
def test_answers_of_sites_in_another_shape_are_one_line(data):
    for parse in (lambda it: xkcd.parse_comic(it, "x"), webtoons.parse_list, naver.parse_info, naver.parse_list):
        with pytest.raises(NetworkError, match=r"has the site changed|no such series"):
            parse(data)


@pytest.mark.parametrize("value", [True, None, "²", "1e3", 1.5, 10**30, [], "12 "])
def test_what_is_no_number_of_a_comic_is_none(value):
    with pytest.raises(NetworkError, match="is no number of a comic"):
        xkcd.parse_comic(json.dumps({"num": value, "img": ""}), "x")
    assert (
        naver.parse_list(json.dumps({"articleList": [{"no": value}], "pageInfo": {"nextPage": value}})).articles == ()
    )
    assert naver.parse_list(json.dumps({"articleList": [{"no": "12"}], "pageInfo": None})).articles[0].no == 12


@pytest.mark.parametrize("languages", [True, 5, "en", {"en": 1}, None, []])
def test_odd_languages_of_an_episode_are_none(languages):
    rows = [{"name": "ep01_x", "pages": {"1": "a.jpg", "²": "b.jpg"}, "translated_languages": languages}, 5, None]
    (entry,) = peppercarrot.parse_index(json.dumps(rows))
    assert (entry.files, entry.languages) == (("a.jpg",), ())


IMAGE = ImageRecord("0001.png", "ab", 3, 4, 5, "http://x/1.png")
EPISODE = EpisodeRecord("s", "t", "e1", "One", "", "ok", "", (IMAGE,))


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"images": [{**asdict(IMAGE), "bytes": True}]}, "images.1.bytes: a whole number is expected, not true"),
        ({"images": [{**asdict(IMAGE), "width": "4"}]}, "images.1.width"),
        ({"images": None}, "images: a list is expected, not null"),
        ({"status": "fine"}, "status: one of"),
        ({"missing": [["http://x"]]}, "missing.1: a list of 2"),
        ({"licence": "CC0"}, "licence: an object"),
        ({"images": [{**asdict(IMAGE), "file_name": "../1.png"}]}, "is no stored picture"),
    ],
)
def test_an_episode_record_names_its_fault(change, place, tmp_path):
    path = put(tmp_path / "s" / "t" / "e1" / "episode.json", plain(asdict(EPISODE)) | change)
    with pytest.raises(IntegrityError, match=r"episode\.json: .*delete it and crawl again") as caught:
        read_episode(path)
    assert place in str(caught.value)


def test_an_episode_record_of_another_version_is_read(tmp_path):
    value = plain(asdict(EPISODE)) | {"schema_version": 1, "mood": "new"}
    path = put(tmp_path / "s" / "t" / "e1" / "episode.json", seal(value))
    assert read_episode(path) == EPISODE
    put(path, value)  # what says a number came with a hash
    with pytest.raises(IntegrityError, match="changed since it was written"):
        read_episode(path)
    put(path, {name: one for name, one in value.items() if name not in ("number", "season")})  # of version 0.1.0
    assert replace(read_episode(path), number="", season="") == EPISODE


@pytest.mark.parametrize(
    "change",
    [{"title": 5}, {"authors": [None]}, {"listing": [{"episode_id": 1}]}, {"robots": []}, {"licence": {"id": {}}}],
)
def test_a_series_record_that_does_not_fit_is_asked_for_anew(change, tmp_path):
    series, key = Series("s", "t", "T", recipe_sha256="r"), ("s", "t")
    store.write_series(tmp_path, series, [Episode("e1", "One", number="1")])
    assert store.known_series(tmp_path, key, "r") == (series, [Episode("e1", "One", number="1")])
    path = tmp_path / "s" / "t" / "series.json"
    put(path, read_json(path) | change)
    assert store.known_series(tmp_path, key, "r") is None
    store.write_series(tmp_path, series, [])  # and can be written again
    assert store.known_series(tmp_path, key, "r") == (series, [])


@pytest.mark.parametrize(
    "row", [{**asdict(IMAGE), "bytes": None}, {"file_name": ["0001.png"]}, [], {**asdict(IMAGE), "sha256": 3}]
)
def test_an_odd_line_of_a_journal_speaks_of_nothing(row, tmp_path):
    put(tmp_path / "0001.png", b"abc")
    put(tmp_path / "journal.jsonl", row)
    assert store.intact_journal(tmp_path) == [] and set(store.noted(tmp_path)) <= {"0001.png"}


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("crop_box", None, "crop_box: a list is expected, not null"),
        ("crop_box", [0, 0, 9], "crop_box: a list of 4"),
        ("panel_box", [0, 0, 9, True], "panel_box.4"),
        ("size", "256", "size: a whole number"),
        ("kept", 1, "kept: true or false"),
        ("id", "w\0", "leads elsewhere"),
        ("source_files", ["a\0"], "leads elsewhere"),
        ("saturation", float("nan"), "saturation: a number is expected"),
        ("split", "../x", "leads elsewhere"),
        ("split", "weekend", "split"),
        ("fit", "bend", "fit: one of"),
        ("dhash", "d:²", "dhash"),
        ("extra", 5, "extra: no column"),
    ],
)
def test_a_row_names_the_column_that_does_not_fit(column, value, words, tmp_path):
    values = plain(values_of(PAIR)) | {column: value}
    with pytest.raises(IntegrityError, match=r"part\.jsonl:7: .*delete part\.jsonl and run make-pairs again") as caught:
        row_from_json(values, "part.jsonl:7")
    assert words in str(caught.value)
    if value != [0, 0, 9, True]:  # which no column of Parquet can hold
        pq.write_table(pa.table({name: [one] for name, one in values.items()}), tmp_path / "manifest.parquet")
        with pytest.raises(IntegrityError, match=r"manifest\.parquet: row 1: .*delete .*manifest\.parquet") as caught:
            read_rows(tmp_path)
        assert words in str(caught.value)


def test_rows_that_fit_pass(tmp_path):
    dropped = replace(PAIR, kept=False, dhash="")
    joined = replace(PAIR, outlines=(("anime", "anime/w1/w1.png", "cd"),))
    write_manifest(tmp_path, [PAIR, dropped, joined])
    assert read_rows(tmp_path) == [PAIR, dropped, joined]
    assert row_from_json(plain(values_of(joined)), "x:1") == joined
    assert len(read_manifest(tmp_path)) == 3


@pytest.mark.parametrize(
    ("column", "value"),
    [
        *(("size", value) for value in (-1, 0, 65_537, 10**15)),
        *((index, value) for index in ("panel_index", "window_index") for value in (-1, 2**40)),
        *(("crop_box", box) for box in ((9, 0, 3, 9), (-1, 0, 9, 9), (0, 9, 9, 0))),
        *((share, value) for share in ("black_fraction", "saturation", "split_confidence") for value in (-0.1, 1.5)),
    ],
)
def test_a_row_of_numbers_that_no_window_has_is_refused(column, value):
    with pytest.raises(IntegrityError, match=rf"part:3: not a row of this version \({column}: .+ is out of range\)"):
        row_from_json(plain(values_of(PAIR)) | {column: value}, "part:3")


@pytest.mark.parametrize(
    "change",
    [
        {"size": 1},
        {"size": 4096},
        {"panel_box": (0, 0, 0, 0)},
        {"saturation": 1},
        {"crop_box": (3, 900, 200_000, 9000)},
    ],
)
def test_a_row_of_numbers_that_one_may_have_is_read(change):
    wanted = replace(PAIR, **change)
    assert row_from_json(plain(values_of(wanted)), "part:3") == wanted


@pytest.mark.parametrize("lacking", ["id", "crop_box", "excluded"])
def test_a_manifest_without_a_column_names_it(lacking, tmp_path):
    write_manifest(tmp_path, [PAIR])
    path = tmp_path / "manifest.parquet"
    pq.write_table(pq.read_table(path).drop_columns([lacking]), path)
    for read in (read_rows, read_manifest):
        with pytest.raises(IntegrityError, match=rf"manifest\.parquet: the column {lacking} is missing"):
            read(tmp_path)


def test_a_manifest_without_the_columns_of_later_versions_is_read(tmp_path):
    write_manifest(tmp_path, [PAIR])
    path = tmp_path / "manifest.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["layout", "layout_evidence"]), path)
    assert read_rows(tmp_path) == [PAIR]


@pytest.mark.parametrize(
    "options",
    [
        [],
        {"canny": 5},
        {"canny": {"low": "100"}},
        {"xdog": {"sigma": 1e300}},
        {"xdog": {"sigma": 0}},
        {"xdog": {"phi": True}},
        {"xdog": {"k": -1}},
    ],
)
def test_odd_outlines_of_a_card_are_named(options, tmp_path):
    put(tmp_path / "card.json", {"options": options})
    with pytest.raises(IntegrityError, match=r"card\.json: damaged \(.+\); run make-pairs again"):
        read_outlines(tmp_path)


def test_the_outlines_of_a_card_are_read_with_what_it_says_besides(tmp_path):
    options = {"canny": {"preset": "fine", "low": 50, "high": 100.5, "black": 80}, "xdog": {"sigma": 1}, "size": [256]}
    put(tmp_path / "card.json", {"options": options})
    found = read_outlines(tmp_path)
    assert (found.canny.low, found.canny.high, found.xdog.sigma, found.xdog.k) == (50, 100.5, 1, 4.5)
    assert Outlines.of_values({}) == Outlines()


ENTRY = {"key": "k", "sha256": None, "bytes": 3}


@pytest.mark.parametrize(
    "value",
    [
        {"to": "kohya", "files": {"a": {**ENTRY, "bytes": "3"}}},
        {"to": None, "files": {}},
        {"to": "kohya", "files": []},
        {"to": "kohya", "files": {"a": "key sha256 bytes"}},
        {"to": "kohya", "files": {"../a": ENTRY}},
        {"to": "kohya", "files": {"a\0": ENTRY}},
        [],
    ],
)
def test_an_odd_record_of_an_export_is_refused(value, tmp_path):
    put(tmp_path / "export.json", value)
    with pytest.raises(IntegrityError, match=r"export\.json: .*name another --out"):
        read_ledger(tmp_path)
    put(tmp_path / "export.json", {"to": "kohya", "options": {"x": 1}, "files": {"a/b.png": ENTRY}})
    assert read_ledger(tmp_path)["options"] == {"x": 1}


@pytest.mark.parametrize("row", [{}, {"id": 5}, {"id": None, "reason": "x"}, {"ID": "w1"}])
def test_a_line_that_excludes_nothing_it_could_name_is_said(row, tmp_path):
    put(tmp_path / "excluded.jsonl", b'{"id": "w1", "reason": "blurred"}\n\n' + json.dumps(row).encode())
    with pytest.raises(IntegrityError, match=r"excluded\.jsonl:3: id: "):
        read_excluded(tmp_path)


@pytest.mark.parametrize(
    "row", [{}, {"source": "s"}, {"source": "s", "series_id": 5}, {"series_id": "t", "source": None}]
)
def test_a_damaged_note_of_what_was_forgotten_lets_nothing_back_in(row, tmp_path):
    put(tmp_path / "forgotten.jsonl", row)
    with pytest.raises(IntegrityError, match=r"forgotten\.jsonl:1: .*would come back"):
        check_not_forgotten(tmp_path, ("s", "other"))
    put(tmp_path / "forgotten.jsonl", {"source": "s", "series_id": "t"})
    assert read_forgotten(tmp_path) == {("s", "t"): ""}


@pytest.mark.parametrize("value", [[], {"files": []}, {"files": {"a": None}}, {"files": {"a": {"sha256": 5}}}])
def test_an_odd_list_of_outputs_is_refused(value, tmp_path):
    put(tmp_path / ".comicdata.json", value)
    with pytest.raises(UsageError, match="damaged; name another --out"):
        read_list(tmp_path)


@pytest.mark.parametrize(
    "hint",
    [
        {"x": -1},
        {"y": 1e7},
        {"radius": "3"},
        {"radius": None},
        {"x": True},
        {"x": 10**30},
        {"color": "#²²²²²²"},
        {"z": 1},
    ],
)
def test_hints_out_of_range_are_refused_where_they_stand(hint, tmp_path):
    good = {"x": 1, "y": 2.5, "radius": 3, "color": "#88ccee"}
    path = put(tmp_path / "hints.json", [good, {**good, **hint}])
    with pytest.raises(UsageError, match=r"hints\.json: hint 2: "):
        read_hints(path)
    assert read_hints(put(path, [good])) == [Hint(1, 2.5, 3, (0x88, 0xCC, 0xEE))]


def test_more_hints_than_anybody_gives_are_refused_and_huge_discs_cover_all(tmp_path):
    good = {"x": 1, "y": 1, "radius": 1_000_000, "color": "#000001"}
    path = put(tmp_path / "hints.json", [good] * 10_001)
    with pytest.raises(UsageError, match="at most 10000"):
        read_hints(path)
    painted = paint_hints([*read_hints(put(path, [good] * 1000))], 30, 50, 40.0 / 1_000_000 + 0.5)
    assert (painted == (0, 0, 1, 255)).all()


def test_a_device_is_no_file_of_hints():
    with pytest.raises(UsageError, match="/dev/zero: cannot be read as JSON hints"):
        read_hints(Path("/dev/zero"))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('url = "/list"', "url = 5", "episodes.url"),
        ('url = "/list"', 'url = "/list"\nlast = 1e400', "no number"),
        ('url = "/list"', 'url = "/list"\nlast = ' + "9" * 5000, "TOML"),
        ('url = "/list"', 'url = "/list"\nfirst = ²', "TOML"),
        ('url = "/list"', 'url = "/list"\nfirst = ' + "[" * 5000, "nested more than"),
        ('title = "T"', "title = 1979-05-27", "site.title"),
        ('title = "T"', 'title = "T"\nauthors = "A"', "site.authors"),
    ],
)
def test_recipes_of_wrong_types_name_the_place(old, new, words):
    text = (
        '[site]\nname = "s"\nbase = "https://x.example"\ntitle = "T"\nlicence = {id = "CC0"}\n'
        '[episodes] # how\nmode = "list"\nurl = "/list"\n[images]\ncss = "img"\n'
    )
    assert load_recipe(text, "r.toml").site.title == "T"
    with pytest.raises(UsageError, match=r"^r\.toml: ") as caught:
        load_recipe(text.replace(old, new), "r.toml")
    assert words in str(caught.value)
