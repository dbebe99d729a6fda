"""Which hints are for which page, whatever files they are in."""

import json

import numpy as np
import pytest

from comicdata.errors import PictureError, UsageError
from comicdata.flats.hints import Area, Hint, Stroke
from comicdata.images import encode_png
from comicdata.layers.hint_files import read_hint_files
from comicdata.outputs import Outputs

DOT = {"x": 1, "y": 2, "radius": 3, "color": "#ff0000"}
STROKE = {"points": [[1, 2], [3, 4]], "radius": 1, "color": "#00ff00"}
AREA = {"polygon": [[1, 2], [3, 4], [5, 6]], "color": "#0000ff"}
MARK = Hint(1, 2, 3, (255, 0, 0))


def put(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(value if isinstance(value, bytes) else json.dumps(value).encode())
    return path


def layer(height=4, width=6):
    rgba = np.zeros((height, width, 4), np.uint8)
    rgba[1, 1:3] = (9, 8, 7, 255)
    rgba[2, 2] = (9, 8, 7, 100)
    return encode_png(rgba)


def marks(hints, page):
    return [[hint for source in one for hint in source.read(6, 4)] for one in hints.of(page)]


def test_marks_of_one_picture(tmp_path):
    hints = read_hint_files([put(tmp_path / "h.json", [DOT, STROKE, AREA])], [["a/page.png"]])
    (found,) = marks(hints, 0)
    assert found == [
        MARK,
        Stroke(((1, 2), (3, 4)), 1, (0, 255, 0)),
        Area(((1, 2), (3, 4), (5, 6)), (0, 0, 255)),
    ]


def test_a_painted_layer_means_what_it_covers_by_half_or_more(tmp_path):
    hints = read_hint_files([put(tmp_path / "h.png", layer())], [["page.png"]])
    ((found,),) = marks(hints, 0)
    assert found.shape == (4, 6, 4) and (found[..., 3] > 0).sum() == 2 and (found[1, 1] == (9, 8, 7, 255)).all()


def test_a_layer_of_another_size_is_said_with_both(tmp_path):
    hints = read_hint_files([put(tmp_path / "h.png", layer(5, 6))], [["page.png"]])
    with pytest.raises(PictureError, match=r"h.png: the layer of hints is 6x5, its picture 6x4"):
        marks(hints, 0)


def test_rounds_keep_their_order(tmp_path):
    files = [put(tmp_path / "1.json", [DOT]), put(tmp_path / "2.png", layer()), put(tmp_path / "3.json", [STROKE])]
    hints = read_hint_files(files, [["page.png"]])
    assert [len(one) for one in marks(hints, 0)] == [1, 1, 1]
    assert marks(hints, 0)[0] == [MARK]


def test_several_pictures_need_names(tmp_path):
    for path in (put(tmp_path / "h.json", [DOT]), put(tmp_path / "h.png", layer())):
        with pytest.raises(UsageError, match="hints of one picture, but 2 pictures are given; name a folder"):
            read_hint_files([path], [["a.png"], ["b.png"]])


PAGES = [["e1/01.png"], ["e1/02.png"], ["e2/01.png"], ["e2/03"]]


@pytest.mark.parametrize(
    ("key", "page"),
    [("e1/01.png", 0), ("e2/01", 2), ("02.png", 1), ("02", 1), ("03", 3)],
)
def test_pages_by_their_names(key, page, tmp_path):
    hints = read_hint_files([put(tmp_path / "h.json", {key: [DOT]})], PAGES)
    assert {one: marks(hints, one) for one in range(4) if hints.of(one)} == {page: [[MARK]]}


BOOK = [["book/0001", "sub/000.jpg"], ["book/0002", "sub/001.jpg"], ["book/0003", "sub/0001.jpg"]]


@pytest.mark.parametrize(
    ("key", "page"), [("book/0001", 0), ("sub/001.jpg", 1), ("001", 1), ("000.jpg", 0), ("0003", 2), ("0001.jpg", 2)]
)
def test_pages_of_a_book_by_their_names_in_it_as_well(key, page, tmp_path):
    hints = read_hint_files([put(tmp_path / "h.json", {key: [DOT]})], BOOK)
    assert [one for one in range(3) if hints.of(one)] == [page]


def test_a_name_that_means_one_page_by_number_and_one_by_its_name_is_refused(tmp_path):
    with pytest.raises(UsageError, match="'0001' may be 'book/0001' or 'book/0003'; call it so"):
        read_hint_files([put(tmp_path / "h.json", {"0001": [DOT]})], BOOK)


def test_two_files_of_one_name_are_told_apart_by_their_folders(tmp_path):
    pages = [["page.png", "a/page.png"], ["page.png", "b/page.png"]]
    hints = read_hint_files([put(tmp_path / "h.json", {"b/page.png": [DOT]})], pages)
    assert not hints.of(0) and marks(hints, 1) == [[MARK]]
    with pytest.raises(UsageError, match=r"'page' may be 'a/page.png' or 'b/page.png'; call it so"):
        read_hint_files([put(tmp_path / "n.json", {"page": [DOT]})], pages)


def test_a_name_that_two_pages_have_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"'01.png' may be 'e1/01.png' or 'e2/01.png'"):
        read_hint_files([put(tmp_path / "h.json", {"01.png": [DOT]})], PAGES)


IN_ARCHIVE = (("ch/0001", "art/0000.png"), ("ch/0002", "art/0001.png"), ("ch/0003", "art/cover.png"))


@pytest.mark.parametrize(
    ("key", "page"),
    [("cover", "ch/0003"), ("cover.png", "ch/0003"), ("art/0001.png", "ch/0002"), ("0000", "ch/0001"),
     ("ch/0001", "ch/0001"), ("0003", "ch/0003")],
)  # fmt: skip
def test_pages_of_an_archive_by_their_names_in_it(key, page, tmp_path):
    hints = read_hint_files([put(tmp_path / "h.json", {key: [DOT]})], IN_ARCHIVE)
    assert [names[0] for number, names in enumerate(IN_ARCHIVE) if hints.of(number)] == [page]


def test_a_number_that_is_another_page_in_the_archive_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"'0001' may be 'ch/0001' or 'ch/0002'; call it so"):
        read_hint_files([put(tmp_path / "h.json", {"0001": [DOT]})], IN_ARCHIVE)


def test_hints_of_other_pages_are_left_out_and_said_and_of_none_refused(tmp_path):
    hints = read_hint_files([put(tmp_path / "h.json", {"02": [DOT], "77": [DOT]})], PAGES)
    assert hints.notes == (f"--hints {tmp_path / 'h.json'}: for no page that is given, left out: 77",)
    with pytest.raises(
        UsageError, match=r"no name in it is that of a page; it has '77', the first page is 'e1/01.png'"
    ):
        read_hint_files([put(tmp_path / "n.json", {"77": [DOT]})], PAGES)


def test_a_folder_of_files_named_like_pages(tmp_path):
    folder = tmp_path / "hints"
    put(folder / "e1" / "01.json", [DOT])
    put(folder / "e1" / "01.png", layer())
    put(folder / "03.json", [STROKE])
    put(folder / "notes.txt", b"no hints")
    hints = read_hint_files([folder], PAGES)
    ((dot, painted),) = marks(hints, 0)
    assert dot == MARK and painted.shape == (4, 6, 4)
    assert [len(one) for one in marks(hints, 3)] == [1] and not hints.of(1)
    assert hints.notes == (
        f"--hints {folder}: several for one page, all of them count: e1/01.png (e1/01.json, e1/01.png)",
    )
    assert {path.name for path in hints.paths} == {"hints", "01.json", "01.png", "03.json"}


def test_pages_in_the_folder_of_their_hints_and_what_was_coloured_there_are_no_layers(tmp_path):
    folder = tmp_path / "art"
    for name in ("01.png", "02.png", "03.png"):
        put(folder / name, layer())
    put(folder / "01.json", [DOT])
    put(folder / "02.suggested.json", [STROKE])
    outputs = Outputs(folder, "colorize")
    outputs.write("04.png", layer())
    pages = [[f"0{number}.png", (folder / f"0{number}.png").as_posix()] for number in (1, 2, 4)]
    hints = read_hint_files([folder], pages)
    assert [len(marks(hints, page)) for page in range(3)] == [1, 1, 0]  # 03.png is no page that is given
    assert marks(hints, 0) == [[MARK]] and "left out: 03" in hints.notes[0]


def test_of_two_dots_on_one_pixel_the_last_counts_and_it_is_said(tmp_path):
    second, beside = DOT | {"radius": 8, "color": "#0000ff"}, DOT | {"x": 2, "color": "#00ff00"}
    hints = read_hint_files([put(tmp_path / "h.json", [DOT, beside, second])], [["page.png"]])
    (found,) = marks(hints, 0)
    assert [one.color for one in found] == [(0, 0, 255), (0, 255, 0), (0, 0, 255)]
    words = "hints 1 and 3 lie on one pixel, (1, 2), in different colours; the last counts"
    assert hints.notes == (f"{tmp_path / 'h.json'}: {words}",)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("h.json", b"{", r"h.json: cannot be read as hints: neither a picture nor JSON"),
        ("h.json", {"p.png": [{}]}, r"h.json: p.png: hint 1"),
        ("h.json", {"p.png": 3}, r"h.json: p.png: a list"),
        ("h.json", 3, r"h.json: a list"),
        ("h.json", {}, r"no name in it is that of a page; it is empty"),
        ("h.psd", b"8BPS" + bytes(40), r"h.psd: which layer\? name it: .*h.psd:LAYER"),
    ],
)
def test_what_is_no_hints_is_one_line_before_any_work(name, value, words, tmp_path):
    with pytest.raises(UsageError, match=words):
        read_hint_files([put(tmp_path / name, value)], [["p.png"]])


def test_a_missing_file_an_empty_folder_and_a_missing_psd(tmp_path):
    (tmp_path / "empty").mkdir()
    for name, words in (
        ("none.json", "no such file"),
        ("empty", "neither JSON nor layers"),
        ("a.psd:x", "no such file"),
    ):
        with pytest.raises(UsageError, match=words):
            read_hint_files([tmp_path / name], [["p.png"]])


def test_the_digest_changes_with_what_is_meant_alone(tmp_path):
    def digest(value, name="h.json"):
        hints = read_hint_files([put(tmp_path / name, value)], [["p.png"]])
        return hints.of(0)[0][0].digest()

    first = digest([DOT])
    assert digest({"p.png": [DOT], "q.png": [STROKE]}) == first != digest([STROKE])
    assert digest(layer(), "h.png") != digest(layer(5, 6), "h.png")
