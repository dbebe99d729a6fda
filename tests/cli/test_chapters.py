"""A chapter comes back as it came: CBZ in, CBZ out, only what is missing made again."""

import json
import weakref
import zipfile
from itertools import pairwise

import numpy as np
import pytest
from packers import make_zip, zip_of_bytes
from small_runs import drawing, save_run

from comicdata.cli.main import run as command_line
from comicdata.images import encode_png, read_image, read_picture

COLOUR = np.random.default_rng(3).integers(0, 256, (50, 40, 3), dtype=np.uint8)
INFO = b"""<?xml version="1.0"?>
<ComicInfo><Title>One &amp; two</Title><PageCount>9</PageCount><Pages>
  <Page Image="0" Type="FrontCover" ImageSize="1"/><Page Image="2" Bookmark="end"/><Page Image="7"/>
</Pages></ComicInfo>"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return save_run(tmp_path_factory.mktemp("runs") / "palette", width=8, colors=4)


@pytest.fixture
def place(tmp_path, monkeypatch, made):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").symlink_to(made)
    return tmp_path


def line(shift=0, dpi=None):
    page = drawing()
    page[10 + shift] = 0
    return encode_png(page, dpi=dpi)


def jpeg(image):
    import io

    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=95, dpi=(300, 300))
    return buffer.getvalue()


def colorize(*words, status=0, layout="single"):
    assert command_line(["colorize", "run", *words, "--layout", layout, "--json", "-q"]) == status


def pack(path, *members):
    path.write_bytes(make_zip(members))


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {one.filename: archive.read(one) for one in archive.infolist()}


def is_colored(data):
    image = read_picture(data, "x").image
    return bool((image != image[..., :1]).any())


def test_a_cbz_comes_back_with_names_order_sizes_and_what_is_said_of_it(place, capsys):
    colour = encode_png(COLOUR)
    pack(
        place / "in.cbz",
        ("b/10.png", line(1, dpi=600)),
        ("ComicInfo.xml", INFO),
        ("b/9.jpeg", jpeg(drawing())),
        ("a.png", colour),
        ("b/z.webp", encode_png(drawing())),
    )
    colorize("in.cbz", "--out", "in-colour.cbz")
    document = json.loads(capsys.readouterr().out)
    found = members(place / "in-colour.cbz")
    assert [*found] == ["ComicInfo.xml", "b/10.png", "b/9.jpeg", "a.png", "b/z.png"]
    assert found["a.png"] == colour and all(is_colored(found[name]) for name in ("b/10.png", "b/9.jpeg", "b/z.png"))
    ten, nine = read_picture(found["b/10.png"], "10"), read_picture(found["b/9.jpeg"], "9")
    assert (ten.image.shape, ten.dpi) == ((80, 96, 3), 600)
    assert (nine.image.shape, nine.dpi, nine.format) == ((80, 96, 3), 300, "JPEG")
    with zipfile.ZipFile(place / "in-colour.cbz") as archive:
        assert {one.compress_type for one in archive.infolist()} == {zipfile.ZIP_STORED} and archive.testzip() is None
    info = found["ComicInfo.xml"].decode()
    sizes = [len(found[name]) for name in ("a.png", "b/9.jpeg", "b/10.png", "b/z.png")]
    assert "<PageCount>4<" in info and "One &amp; two" in info and info.count("<Page ") == 4
    first = f'<Page Image="0" ImageHeight="50" ImageSize="{sizes[0]}" ImageWidth="40" Type="FrontCover"/>'
    third = f'<Page Image="2" Bookmark="end" ImageHeight="80" ImageSize="{sizes[2]}" ImageWidth="96"/>'
    assert first in info and third in info
    assert [one["output"] for one in document["left_alone"]] == ["in-colour.cbz#a.png"]
    assert [one["output"] for one in document["outputs"]] == [
        f"in-colour.cbz#b/{name}" for name in ("9.jpeg", "10.png", "z.png")
    ]
    assert sorted(path.name for path in place.iterdir()) == [
        *("in-colour.cbz", "in-colour.report.html", "in.cbz", "run"),
    ]


def test_the_same_command_makes_what_is_missing(place, monkeypatch, capsys):
    from comicdata.cli import making

    painted = []

    def counted(*words, name, **options):
        painted.append(name)
        return original(*words, name=name, **options)

    original = making.colorize_picture
    monkeypatch.setattr(making, "colorize_picture", counted)
    pack(place / "in.cbz", ("1.png", line(1)), ("2.png", encode_png(COLOUR)))
    for out in ("out.cbz", "out"):
        painted.clear()
        pack(place / "in.cbz", ("1.png", line(1)), ("2.png", encode_png(COLOUR)))
        path = place / out if out.endswith("cbz") else place / out / "in.cbz"
        colorize("in.cbz", "--out", out)
        before, there = path.read_bytes(), path.stat()
        assert painted == ["in.cbz#1.png", "in.cbz#2.png"]
        colorize("in.cbz", "--out", out)
        assert len(painted) == 2 and path.stat().st_mtime_ns == there.st_mtime_ns
        pack(place / "in.cbz", ("1.png", line(1)), ("1b.png", line(4)), ("2.png", line(7)))
        colorize("in.cbz", "--out", out)
        assert painted[2:] == ["in.cbz#1b.png", "in.cbz#2.png"]
        found = members(path)
        assert [*found] == ["1.png", "1b.png", "2.png"] and is_colored(found["2.png"])
        pack(place / "in.cbz", ("1.png", line(1)), ("2.png", encode_png(COLOUR)))
        colorize("in.cbz", "--out", out)
        assert path.read_bytes() == before and len(painted) == 5
        colorize("in.cbz", "--out", out, "--seed", "1")
        assert len(painted) == 7
        path.unlink()


def test_a_broken_member_is_one_row_and_the_chapter_is_whole_but_for_it(place):
    broken = [(b"1.png", line(1)), (b"2.png", line(2)[:90]), (b"3.png", line(3)), (b"3.png", line(5))]
    (place / "in.cbz").write_bytes(zip_of_bytes(broken))
    colorize("in.cbz", "--out", "out.cbz", status=3)
    rows = [json.loads(one) for one in (place / "out.failures.jsonl").read_text().splitlines()]
    assert [row["item"] for row in rows] == ["in/0002"] and [*members(place / "out.cbz")] == [
        "1.png",
        "3.png",
        "3-2.png",
    ]
    pack(place / "in.cbz", ("1.png", line(1)), ("2.png", line(2)))
    colorize("in.cbz", "--out", "out.cbz")
    assert [*members(place / "out.cbz")] == ["1.png", "2.png"] and not (place / "out.failures.jsonl").exists()


def test_what_is_not_ours_or_was_changed_is_not_written_onto(place):
    pack(place / "in.cbz", ("1.png", line(1)))
    pack(place / "out.cbz", ("mine.png", line(1)))
    colorize("in.cbz", "--out", "out.cbz", status=2)
    colorize("in.cbz", "--out", "in.cbz", status=2)
    (place / "out.cbz").unlink()
    colorize("in.cbz", "--out", "out.cbz")
    with zipfile.ZipFile(place / "out.cbz", "a") as archive:
        archive.writestr("ComicInfo.xml", "<ComicInfo/>")
    changed = (place / "out.cbz").read_bytes()
    colorize("in.cbz", "--out", "out.cbz", status=2)
    assert (place / "out.cbz").read_bytes() == changed
    (place / "kept").mkdir()
    (place / "kept.part").mkdir()
    (place / "kept.part" / "mine.txt").write_text("mine")
    colorize("in.cbz", "--out", "kept.cbz", status=2)
    assert (place / "kept.part" / "mine.txt").read_text() == "mine"


def test_a_folder_comes_back_as_a_folder_and_its_archives_as_cbz(place):
    (place / "in").mkdir()
    (place / "in" / "1.png").write_bytes(line(1, dpi=300))
    (place / "in" / "2.jpg").write_bytes(jpeg(COLOUR))
    (place / "in" / "ComicInfo.xml").write_bytes(INFO)
    (place / "in" / "more").mkdir()
    pack(place / "in" / "more" / "x.cbz", ("p.png", line(2)))
    colorize("in", "--out", "out")
    made = sorted(path.relative_to(place / "out").as_posix() for path in (place / "out").rglob("[!.]*"))
    assert made == [
        "1.png",
        "2.jpg",
        "ComicInfo.xml",
        "colorize.jsonl",
        "more",
        "more/x.cbz",
        "more/x.report.html",
        "report.html",
    ]
    assert (place / "out" / "2.jpg").read_bytes() == (place / "in" / "2.jpg").read_bytes()
    assert read_picture((place / "out" / "1.png").read_bytes(), "1").dpi == 300
    assert "<PageCount>2<" in (place / "out" / "ComicInfo.xml").read_text()


def test_samples_lie_beside_a_cbz_and_the_likeliest_is_in_it(place):
    pack(place / "in.cbz", ("a/1.png", line(1)))
    colorize("in.cbz", "--out", "out.cbz", "--samples", "2")
    first = read_image(place / "out.samples" / "a" / "1-1.png")
    assert np.array_equal(read_picture(members(place / "out.cbz")["a/1.png"], "x").image, first)
    assert (place / "out.samples" / "a" / "1-2.png").is_file()


def test_layers_lie_beside_a_cbz_and_in_a_folder_and_come_to_the_page(place, capsys):
    import io

    from PIL import Image
    from psd_tools import PSDImage

    pack(place / "in.cbz", ("a/1.png", line(1, dpi=300)))
    (place / "in").mkdir()
    (place / "in" / "1.png").write_bytes(line(1))
    forms = ("--to", "psd", "--to", "ora", "--style", "soft")
    colorize("in.cbz", "--out", "out.cbz", *forms)
    (row,) = json.loads(capsys.readouterr().out)["outputs"]
    beside = {form: f"out.layers/a/1.{form}" for form in ("psd", "ora")}
    assert row["files"] == {"png": "out.cbz#a/1.png"} | beside and row["unsure"] >= 0
    page = read_picture(members(place / "out.cbz")["a/1.png"], "x").image.astype(int)
    psd = PSDImage.open(place / beside["psd"])
    assert {"page", "flats", "lines"} <= {layer.name for layer in psd}
    assert np.abs(np.asarray(psd.composite(force=True).convert("RGB")) - page).max() <= 2
    with zipfile.ZipFile(place / beside["ora"]) as ora:
        merged = np.asarray(Image.open(io.BytesIO(ora.read("mergedimage.png"))))
    assert (merged == page).all()
    colorize("in", "--out", "out", *forms)
    assert sorted(path.name for path in (place / "out").glob("[!.]*")) == [
        "1.png",
        "colorize.jsonl",
        "layers",
        "report.html",
    ]
    assert sorted(path.name for path in (place / "out" / "layers").glob("[!.]*")) == ["1.ora", "1.psd"]
    colorize("in", "--out", "out", "--to", "png", "--to", "webp", status=2)


def test_killed_at_any_write_the_same_command_ends_with_the_same_bytes(place, monkeypatch):
    from test_killed_writes import Killed, killing
    from watching import contents

    pack(place / "in.cbz", ("1.png", line(1)), ("2.png", encode_png(COLOUR)), ("3.png", b"broken"))
    words = ["colorize", "run", "in.cbz", "--out", "out/c.cbz", "--samples", "2", "--layout", "single", "-q"]
    assert command_line(words) == 3
    expected, point = contents(place / "out"), 0
    while True:
        for path in sorted((place / "out").rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        with monkeypatch.context() as patch:
            killing(patch, point, half=point % 2 == 0)
            try:
                command_line(words)
                break
            except Killed:
                pass
        assert command_line(words) == 3
        assert contents(place / "out") == expected, point
        point += 1
    assert point > 5


def strip_of_rooms():
    """A strip of four framed drawings on white paper, 96 wide."""
    strip = np.full((520, 96, 3), 255, np.uint8)
    for top in (20, 150, 270, 400):
        strip[top : top + 90, 6:90] = 0
        strip[top + 3 : top + 87, 9:87] = 255
        strip[top + 3 : top + 87, 40:43] = 0
        strip[top + 30 + top % 9 : top + 33 + top % 9, 9:87] = 0
    return strip


def cut_at(path, strip, *rows):
    ends = [0, *rows, len(strip)]
    parts = (strip[top:bottom] for top, bottom in pairwise(ends))
    pack(path, *((f"{number}.png", encode_png(part)) for number, part in enumerate(parts, 1)))


def as_strip(*words):
    assert command_line(["colorize", "run", *words, "--layout", "strip", "-q", "--style", "soft"]) == 0


def test_a_strip_is_the_same_wherever_it_is_cut_into_slices(place):
    strip = strip_of_rooms()
    made = []
    for name, rows in (("one", (130,)), ("two", (60, 65, 200, 350)), ("three", (130, 250, 330, 331, 450))):
        cut_at(place / f"{name}.cbz", strip, *rows)
        as_strip(f"{name}.cbz", "--out", f"{name}-colour.cbz")
        parts = [read_picture(data, "x").image for data in members(place / f"{name}-colour.cbz").values()]
        assert [len(part) for part in parts] == np.diff([0, *rows, len(strip)]).tolist()
        made.append(np.concatenate(parts))
    assert (made[0] != strip).any() and np.array_equal(made[0], made[1]) and np.array_equal(made[0], made[2])
    gutters = np.ones(len(strip), bool)
    for top in (20, 150, 270, 400):
        gutters[top : top + 90] = False
        assert (made[0][top + 3 : top + 87, 9:40] != 255).any()  # every panel has colour
    assert (made[0][gutters] == 255).all()


def test_pictures_whose_art_goes_on_are_told_as_one_strip_and_others_are_pages(place, capsys):
    for rows, is_strip in (((60, 200, 310, 450), True), ((130, 250, 380), False)):
        cut_at(place / "in.cbz", strip_of_rooms(), *rows)
        assert command_line(["colorize", "run", "in.cbz", "--out", f"{len(rows)}.cbz"]) == 0
        assert ("in.cbz: coloured as one strip, for art goes on" in capsys.readouterr().err) == is_strip


def test_a_slice_without_a_panel_stays_as_it_came_and_one_in_colour_too(place, capsys):
    strip = strip_of_rooms()
    strip[153:237, 9:87] = np.random.default_rng(1).integers(0, 256, (84, 78, 3), dtype=np.uint8)
    cut_at(place / "in.cbz", strip, 15, 130, 260)
    colorize("in.cbz", "--out", "out.cbz", layout="strip")
    document = json.loads(capsys.readouterr().out)
    before, after = members(place / "in.cbz"), members(place / "out.cbz")
    assert before["1.png"] == after["1.png"] and before["3.png"] == after["3.png"]
    assert [one["input"] for one in document["left_alone"]] == ["in/0001", "in/0003"]
    assert "no panel" in document["left_alone"][0]["why"] and "in colour" in document["left_alone"][1]["why"]
    there = (place / "out.cbz").stat().st_mtime_ns
    colorize("in.cbz", "--out", "out.cbz", layout="strip")
    assert (place / "out.cbz").stat().st_mtime_ns == there


def test_a_hint_of_a_slice_colours_its_region_in_the_slices_beside_it(place):
    strip = strip_of_rooms()
    cut_at(place / "in.cbz", strip, 60, 200)
    (place / "hints.json").write_text(json.dumps({"in/0001": [{"x": 20, "y": 30, "radius": 3, "color": "#00c800"}]}))
    words = ["colorize", "run", "in.cbz", "--out", "out.cbz", "--layout", "strip", "-q", "--style", "flats"]
    assert command_line([*words, "--hints", "hints.json", "--no-follow"]) == 0
    parts = [read_picture(data, "x").image for data in members(place / "out.cbz").values()]
    whole = np.concatenate(parts)
    assert (whole[23:49, 9:40] == (0, 200, 0)).all()


def test_memory_is_bounded_by_the_tallest_panel(place):
    from comicdata.models.colorize import load_colorizer, strips
    from comicdata.models.colorize.wishes import Wishes

    colorizer, piece = load_colorizer("run", "cpu"), strip_of_rooms()[:260]

    def most_alive(times):
        alive = [0, 0]

        def read():
            for _ in range(times):
                one = piece.copy()
                alive[0] += 1
                alive[1] = max(alive)
                weakref.finalize(one, lambda: alive.__setitem__(0, alive[0] - 1))
                yield one
                del one

        slices = strips.Slices(read, [(96, 260)] * times, ["x"] * times, 96)
        assert len(list(strips.colorize_strip(colorizer, slices, lambda at, image: Wishes()))) == times
        return alive[1]

    assert most_alive(3) == most_alive(30) < 8
