"""`comicdata flats` at the command line: every form, hints, palettes, many pages, bad input, and going on."""

import errno
import io
import itertools
import json
import zipfile

import cv2
import numpy as np
import pytest
from PIL import Image
from psd_tools import PSDImage
from watching import contents

from comicdata import files
from comicdata.cli import flats as flats_command
from comicdata.cli.main import run
from comicdata.images import encode_png
from comicdata.layers import forms, svg

RED, GREEN = (255, 0, 0), (0, 128, 0)


def drawing(height=120, width=160, boxes=((10, 10, 60, 100), (80, 20, 150, 110))):
    """Boxes of ink on white: the paper and one region in each."""
    image = np.full((height, width, 3), 255, np.uint8)
    for x0, y0, x1, y1 in boxes:
        cv2.rectangle(image, (x0, y0), (x1, y1), (0, 0, 0), 3)
    return image


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "page.png").write_bytes(encode_png(drawing(), dpi=300))
    return tmp_path


def flats(*arguments, status=0):
    assert run(["flats", *map(str, arguments), "--out", "out", "--layout", "single"]) == status


def document(capsys, *arguments, status=0):
    flats(*arguments, "--json", status=status)
    return json.loads(capsys.readouterr().out)


def dot(x, y, color="#ff0000"):
    return {"x": x, "y": y, "radius": 4, "color": color}


def picture(path):
    with Image.open(path) as found:
        return np.asarray(found.convert("RGB"))


def rows(place):
    return [json.loads(line) for line in (place / "out" / "failures.jsonl").read_text().splitlines()]


def test_every_form_is_the_same_flats_in_the_size_of_the_drawing(place, capsys):
    to = [word for form in forms.FORMS for word in ("--to", form)]
    (row,) = document(capsys, "page.png", *to)["outputs"]
    assert row["files"] == {
        "png": "out/page.png",
        "psd": "out/page.psd",
        "ora": "out/page.ora",
        "svg": "out/page.svg",
        "regions": "out/page.regions.png",
        "palette": "out/page.gpl",
    }
    assert (row["input"], row["regions"], row["hinted"], row["unsure"]) == (
        "page.png",
        3,
        0,
        2,
    )  # the paper around the drawing stays white
    shown = picture("out/page.png")
    assert shown.shape == (120, 160, 3)
    with Image.open("out/page.regions.png") as numbers, Image.open("out/page.png") as indexed:
        labels = np.asarray(numbers)
        assert numbers.mode == "I;16" and indexed.mode == "P" and round(indexed.info["dpi"][0]) == 300
    assert sorted(np.unique(labels)) == [1, 2, 3]
    assert all(len(np.unique(shown[labels == number], axis=0)) == 1 for number in (1, 2, 3))
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) == 3
    line = drawing()[..., 0].astype(float)[..., None]
    merged = np.rint(shown * line / 255)
    psd = PSDImage.open("out/page.psd")
    assert [layer.name for layer in psd] == ["rest", "lines"] and (np.asarray(psd.topil()) == merged).all()
    with zipfile.ZipFile("out/page.ora") as archive:
        assert (picture(io.BytesIO(archive.read("mergedimage.png"))) == merged).all()
    colours = {"#{:02x}{:02x}{:02x}".format(*colour) for colour in np.unique(shown.reshape(-1, 3), axis=0)}
    text = (place / "out" / "page.svg").read_text()
    assert 'viewBox="0 0 160 120"' in text and colours == {part[:7] for part in text.split('fill="')[1:]}


def test_hints_have_exactly_their_colour_and_layers_their_names(place, capsys):
    (place / "dots.json").write_text(json.dumps([dot(30, 50, "#fad2b4")]))
    rgba = np.zeros((120, 160, 4), np.uint8)
    rgba[60:70, 100:120] = (*GREEN, 255)
    (place / "painted.png").write_bytes(encode_png(rgba))
    arguments = ("--hints", "dots.json", "--hints", "painted.png", "--to", "psd", "--to", "png")
    (row,) = document(capsys, "page.png", *arguments)["outputs"]
    assert row["hinted"] == 2
    shown = picture("out/page.png")
    assert tuple(shown[50, 30]) == (250, 210, 180) and tuple(shown[90, 140]) == GREEN
    names = [layer.name for layer in PSDImage.open("out/page.psd")]
    assert names[-3:] == ["#008000", "#fad2b4", "lines"]


def test_a_layer_of_a_psd_as_hints_and_as_line_art(place, capsys):
    psd = PSDImage.new("RGBA", (160, 120), color=255)
    psd.create_pixel_layer(Image.fromarray(drawing()).convert("RGBA"), name="Ink")
    psd.create_pixel_layer(Image.new("RGBA", (20, 10), (*RED, 255)), name="my hints", left=20, top=40)
    psd.save("art.psd")
    (row,) = document(capsys, "art.psd:Ink", "--hints", "art.psd:my hints")["outputs"]
    assert row["hinted"] == 1 and tuple(picture("out/art.png")[90, 20]) == RED
    assert document(capsys, "art.psd")["outputs"][0]["regions"] == 3  # by its name
    flats("art.psd:Inks", status=3)
    assert "no layer 'Inks'; it has 'my hints', 'Ink'" in rows(place)[0]["error"]
    flats("art.psd", "--hints", "art.psd", status=2)
    assert "which layer?" in capsys.readouterr().err


def test_a_palette_limits_the_colours_and_the_next_page_has_the_same(place, capsys):
    (place / "hero.json").write_text('[{"color": "#fad2b4", "name": "skin"}, {"color": "#123456", "name": "night"}]')
    document(capsys, "page.png", "--palette", "hero.json", "--to", "psd", "--to", "png")
    colours = {tuple(one) for one in np.unique(picture("out/page.png").reshape(-1, 3), axis=0)}
    assert colours == {(250, 210, 180), (0x12, 0x34, 0x56), (255, 255, 255)}
    names = [layer.name for layer in PSDImage.open("out/page.psd")]
    assert names == ["rest", "night #123456", "skin #fad2b4", "lines"]
    assert "255 255 255" not in (place / "out" / "page.gpl").read_text()  # paper is no colour to choose
    (place / "next.png").write_bytes(encode_png(drawing(boxes=((20, 20, 70, 90),))))
    document(capsys, "next.png", "--palette", "out/page.gpl", "--to", "psd")
    names = [layer.name for layer in PSDImage.open("out/next.psd")]
    assert names in (["rest", "night #123456", "lines"], ["rest", "skin #fad2b4", "lines"])


def test_a_page_is_cut_into_its_panels(place, capsys):
    page = np.full((900, 700, 3), 255, np.uint8)
    for y in (40, 480):
        for x in (40, 365):
            cv2.rectangle(page, (x, y), (x + 295, y + 380), (0, 0, 0), 4)
            cv2.circle(page, (x + 150, y + 190), 90, (0, 0, 0), 4)
    (place / "page.png").write_bytes(encode_png(page))
    assert run(["flats", "page.png", "--out", "out", "--layout", "page", "--to", "regions", "--json"]) == 0
    with Image.open("out/page.regions.png") as found:
        labels = np.asarray(found)
    assert labels[10, 10] == labels[470, 350] == labels[200, 350] == 0 and labels[230, 190] > 0
    parts = [set(np.unique(labels[y : y + 380, x : x + 295]).tolist()) - {0} for y in (40, 480) for x in (40, 365)]
    assert all(len(part) >= 2 for part in parts)
    assert all(not one & other for at, one in enumerate(parts) for other in parts[:at])
    flats("page.png", "--to", "regions")
    with Image.open("out/page.regions.png") as found:
        assert np.asarray(found).min() == 1


def test_the_same_command_again_writes_nothing(place, capsys):
    arguments = ("page.png", "--to", "png", "--to", "psd")
    first = document(capsys, *arguments)["outputs"][0]
    before = {path: path.stat().st_mtime_ns for path in place.rglob("*") if path.name != ".lock"}
    again = document(capsys, *arguments)["outputs"][0]
    assert {**again, "seconds": 0} == {**first, "seconds": 0}
    assert {path: path.stat().st_mtime_ns for path in place.rglob("*") if path.name != ".lock"} == before
    (place / "out" / "page.psd").unlink()
    document(capsys, *arguments)
    assert {path.name for path in (place / "out").iterdir()} >= {"page.psd", "page.png"}


@pytest.fixture
def chapter(place):
    folder = place / "chapter"
    folder.mkdir()
    for number in range(1, 4):
        (folder / f"{number:02d}.png").write_bytes(encode_png(drawing(boxes=((10, 10, 30 * number, 100),))))
    return folder


def test_a_killed_command_goes_on_to_the_same_bytes(place, chapter, monkeypatch):
    made = forms.FORMS["png"].make

    def killed(flats, mark, name):
        if name == "02.png":
            raise KeyboardInterrupt
        return made(flats, mark, name)

    with monkeypatch.context() as patch:
        patch.setitem(forms.FORMS, "png", forms.Form(".png", killed))
        flats(chapter, status=130)
    assert (place / "out" / "01.png").is_file() and not (place / "out" / "02.png").exists()
    flats(chapter)
    assert run(["flats", str(chapter), "--out", "whole", "--layout", "single"]) == 0
    assert contents(place / "out") == contents(place / "whole")


def test_a_broken_page_is_a_row_and_the_others_are_made(place, chapter, capsys):
    good = (chapter / "02.png").read_bytes()
    (chapter / "02.png").write_bytes(good[:60])
    done = document(capsys, chapter, status=3)["outputs"]
    assert [row["input"] for row in done] == ["01.png", "03.png"]
    assert [(row["item"], row["kind"]) for row in rows(place)] == [("02.png", "PictureError")]
    (chapter / "02.png").write_bytes(good)
    assert len(document(capsys, chapter)["outputs"]) == 3 and not (place / "out" / "failures.jsonl").exists()


def test_a_cbz_and_hints_for_its_pages(place, chapter, capsys):
    with zipfile.ZipFile("ch.cbz", "w") as archive:
        for path in sorted(chapter.iterdir()):
            archive.write(path, path.name)
    (place / "hints.json").write_text(json.dumps({"0002": [dot(30, 50)], "ch/0003": [dot(30, 50, "#008000")]}))
    done = document(capsys, "ch.cbz", "--hints", "hints.json")["outputs"]
    assert [(row["files"]["png"], row["hinted"]) for row in done] == [
        ("out/ch/0001.png", 0),
        ("out/ch/0002.png", 1),
        ("out/ch/0003.png", 1),
    ]
    assert tuple(picture("out/ch/0002.png")[50, 30]) == RED and tuple(picture("out/ch/0003.png")[50, 30]) == GREEN


def test_a_photograph_is_a_row_unless_line_art_is_insisted_on(place, capsys):
    rng = np.random.default_rng(0)
    photo = cv2.resize(rng.integers(0, 256, (6, 8, 3), np.uint8), (160, 120), interpolation=cv2.INTER_CUBIC)
    (place / "photo.png").write_bytes(encode_png(photo))
    flats("photo.png", "page.png", status=3)
    (row,) = rows(place)
    assert row["item"] == "photo.png" and "--line-art" in row["error"] and (place / "out" / "page.png").is_file()
    capsys.readouterr()
    flats("photo.png", "page.png", "--line-art")
    said = capsys.readouterr().err
    assert picture("out/photo.png").shape == (120, 160, 3)
    assert "photo.png: taken as line art, though" in said and "page.png:" not in said


@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 1), (2, 2)])
@pytest.mark.parametrize("value", [0, 255])
def test_a_picture_of_next_to_nothing_has_flats(shape, value, place):
    (place / "thin.png").write_bytes(encode_png(np.full(shape, value, np.uint8)))
    to = [word for form in forms.FORMS for word in ("--to", form)]
    assert run(["flats", "thin.png", "--out", "out", *to]) == 0
    assert picture("out/thin.png").shape == (*shape, 3)


@pytest.mark.parametrize("kind", ["1", "I;16", "transparent", "tiff", "grey"])
def test_line_art_of_every_depth_has_the_same_regions(kind, place, capsys):
    grey = drawing()[..., 0]
    made = {
        "1": lambda: Image.fromarray(grey).convert("1"),
        "I;16": lambda: Image.fromarray(grey.astype(np.uint16) * 257),
        "transparent": lambda: Image.fromarray(np.dstack([np.zeros((120, 160, 3), np.uint8), 255 - grey])),
        "tiff": lambda: Image.fromarray(grey),
        "grey": lambda: Image.fromarray(grey),
    }[kind]()
    name = "art.tif" if kind == "tiff" else "art.png"
    made.save(name, dpi=(600, 600))
    (row,) = document(capsys, name)["outputs"]
    assert row["regions"] == 3
    with Image.open("out/art.png") as found:
        assert round(found.info["dpi"][0]) == 600


def test_a_hint_layer_of_another_size_is_a_row(place, chapter, capsys):
    (place / "hints").mkdir()
    (place / "hints" / "02.png").write_bytes(encode_png(np.zeros((7, 9, 4), np.uint8)))
    assert len(document(capsys, chapter, "--hints", "hints", status=3)["outputs"]) == 2
    assert "the layer of hints is 9x7, its picture 160x120" in rows(place)[0]["error"]


def test_hints_outside_the_picture_go_to_the_nearest_region_and_are_said(place, capsys):
    (place / "h.json").write_text(json.dumps([dot(900, 60)]))
    flats("page.png", "--hints", "h.json")
    assert "outside" in capsys.readouterr().err
    assert tuple(picture("out/page.png")[60, 159]) == RED


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["none.png"], "no such file"),
        (["page.png", "--hints", "none.json"], "no such file"),
        (["page.png", "--palette", "page.png"], "no palette"),
        (["page.png", "--to", "svg", "--without"], r"pip install 'comicdata[layers]'"),
        (["page.png", "--to", "kra"], "kra"),
    ],
)
def test_what_cannot_be_is_said_before_any_work(arguments, words, place, monkeypatch, capsys):
    if "--without" in arguments:
        arguments.remove("--without")
        monkeypatch.setattr(svg, "find_spec", lambda name: None)
    flats(*arguments, status=2)
    assert words in capsys.readouterr().err and not (place / "out").exists()


def test_nothing_that_is_read_or_somebody_elses_is_written_onto(place, capsys):
    before = contents(place)
    assert run(["flats", "page.png", "--out", "."]) == 2
    (place / "out").mkdir()
    (place / "out" / "page.png").write_bytes(b"mine")
    flats("page.png", status=2)
    assert (place / "out" / "page.png").read_bytes() == b"mine" and contents(place, "out") == before
    (place / "p").mkdir()
    (place / "p" / "page.gpl").write_bytes(b"GIMP Palette\n1 2 3 x\n")
    assert run(["flats", "page.png", "--palette", "p/page.gpl", "--out", "p"]) == 2
    assert contents(place / "p") == {"page.gpl": b"GIMP Palette\n1 2 3 x\n"}


def test_what_somebody_changed_stays_and_verify_says_so(place, capsys):
    flats("page.png")
    assert run(["verify", "out"]) == 0
    (place / "out" / "page.gpl").write_bytes(b"changed")
    assert run(["verify", "out"]) == 6
    flats("page.png", status=3)
    assert (place / "out" / "page.gpl").read_bytes() == b"changed"
    assert "changed since" in capsys.readouterr().err


def test_a_dry_run_writes_nothing(place, capsys):
    before = contents(place)
    flats("page.png", "--dry-run")
    assert contents(place) == before and "would make flats of 1 pictures" in capsys.readouterr().err


def test_a_full_disk_is_one_line_and_the_same_command_goes_on(place, chapter, monkeypatch, capsys):
    calls = []

    def full(_):
        calls.append(1)
        if len(calls) > 12:
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "fsync", full)
        flats(chapter, status=8)
    assert "no room left" in capsys.readouterr().err and (place / "out" / "01.png").is_file()
    flats(chapter)
    assert run(["flats", str(chapter), "--out", "whole", "--layout", "single"]) == 0
    assert contents(place / "out") == contents(place / "whole")


def test_outputs_of_pictures_that_are_called_alike_are_numbered(place, capsys):
    (place / "b").mkdir()
    (place / "b" / "Page.png").write_bytes(encode_png(drawing()))
    done = document(capsys, "page.png", "b/Page.png")["outputs"]
    assert [row["files"]["png"] for row in done] == ["out/page.png", "out/Page-2.png"]


def test_pictures_that_would_be_written_to_one_file_are_refused(place, capsys):
    (place / "page.regions.png").write_bytes(encode_png(drawing()))
    flats("page.png", "page.regions.png", "--to", "regions", "--to", "png", status=2)
    assert "both would be written to page.regions.png" in capsys.readouterr().err and not (place / "out").exists()
    flats("page.png", "page.regions.png")


def test_panels_that_a_person_gave_bound_the_regions(place, capsys):
    given = {"strips": [{"input": "page.png", "width": 160, "height": 120, "panels": [{"box": [5, 5, 65, 105]}]}]}
    (place / "boxes.json").write_text(json.dumps(given))
    arguments = ("page.png", "--panels", "boxes.json", "--to", "regions")
    document(capsys, *arguments)
    with Image.open("out/page.regions.png") as found:
        labels = np.asarray(found)
    assert not labels[:, 65:].any() and labels[5:105, 5:65].all() and not labels[:5].any()
    flats(*arguments)
    assert "1 of them as they were" in capsys.readouterr().err
    given["strips"][0]["panels"][0]["box"] = [5, 5, 200, 105]
    (place / "boxes.json").write_text(json.dumps(given))
    flats(*arguments, status=3)
    assert "reaches out of the page" in rows(place)[0]["error"]


@pytest.mark.parametrize("name", ["x" * 250, "漢" * 83, "y" * 160])
def test_a_name_as_long_as_the_disk_takes_is_shortened_where_it_must_be(place, capsys, name):
    (place / f"{name}.png").write_bytes(encode_png(drawing()))
    (row, other) = document(capsys, f"{name}.png", "page.png", "--to", "regions")["outputs"]
    assert row["input"] == f"{name}.png" and other["files"]["regions"] == "out/page.regions.png"
    assert (row["files"]["regions"] == f"out/{name}.regions.png") == (len(name.encode()) <= 160)
    assert (place / row["files"]["regions"]).is_file() and run(["verify", "out"]) == 0
    capsys.readouterr()
    flats(f"{name}.png", "page.png", "--to", "regions")
    assert "2 of them as they were" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["a\udcff", "\udce4\udcb8", "ä"])
def test_a_name_that_is_no_utf_8_is_made_again_under_the_same_name(place, capsys, name):
    (place / f"{name}.png").write_bytes(encode_png(drawing()))
    (row,) = document(capsys, f"{name}.png")["outputs"]
    assert row["input"] == f"{name}.png" and row["files"]["png"].isprintable()
    assert run(["verify", "out"]) == 0
    capsys.readouterr()
    flats(f"{name}.png")
    assert "1 of them as they were" in capsys.readouterr().err
    assert run(["panels", f"{name}.png", "--to", "json", "--out", "boxes"]) == 0


def test_hints_of_a_book_are_named_as_its_pages_are_in_it(place, capsys):
    with zipfile.ZipFile("book.cbz", "w") as archive:
        for name in ("first.png", "second.png"):
            archive.writestr(name, encode_png(drawing()))
    (place / "h.json").write_text(json.dumps({"second.png": [dot(30, 50)]}))
    rows = document(capsys, "book.cbz", "--hints", "h.json")["outputs"]
    assert [(row["input"], row["hinted"]) for row in rows] == [("book/0001", 0), ("book/0002", 1)]


@pytest.mark.parametrize(
    ("setting", "files"),
    [
        ('to = ["regions", "ora"]', {"regions", "ora", "palette"}),
        ('forms = ["psd"]', {"psd", "palette"}),
        ("line-art = true", {"png", "palette"}),
    ],
)
def test_settings_are_called_as_the_options_are(place, capsys, setting, files):
    (place / "comicdata.toml").write_text(f"[flats]\n{setting}\n")
    (row,) = document(capsys, "page.png")["outputs"]
    assert set(row["files"]) == files


@pytest.mark.parametrize("setting", ['too = ["psd"]', 'to = "psd"', "panels = 3"])
def test_settings_that_are_none_are_refused(place, setting):
    (place / "comicdata.toml").write_text(f"[flats]\n{setting}\n")
    flats("page.png", status=2)
    assert not (place / "out").exists()


def test_two_at_work_in_one_folder_keep_each_others_rows(place, monkeypatch):
    (place / "other.png").write_bytes(encode_png(drawing()))
    make, turns = flats_command._Work._make, []

    def with_another_run(work, number, picture, data, stem):
        if not turns:
            turns.append(stem)
            flats("other.png")
        return make(work, number, picture, data, stem)

    monkeypatch.setattr(flats_command._Work, "_make", with_another_run)
    flats("page.png")
    stems = [json.loads(line)["stem"] for line in (place / "out" / "flats.jsonl").read_text().splitlines()]
    assert stems == ["other", "page"]


def test_what_failed_in_another_run_stays_listed_until_it_is_made(place):
    for name in ("one.png", "two.png"):
        (place / name).write_bytes(b"none")
    flats("one.png", status=3)
    flats("two.png", status=3)
    flats("page.png")
    assert [row["item"] for row in rows(place)] == ["one.png", "two.png"]
    (place / "one.png").write_bytes((place / "page.png").read_bytes())
    flats("one.png")
    assert [row["item"] for row in rows(place)] == ["two.png"]
    (place / "two.png").write_bytes((place / "page.png").read_bytes())
    flats("one.png", "two.png")
    assert not (place / "out" / "failures.jsonl").exists()


def test_the_list_of_many_pictures_is_not_written_for_every_one_of_them(place, monkeypatch):
    work = flats_command._Work.__new__(flats_command._Work)
    work.rows, work.seconds, work.saved, written = [], [], 0, []
    monkeypatch.setattr(work, "save", lambda: (written.append(len(work.rows)), setattr(work, "saved", len(work.rows))))
    for number in range(1000):
        work._note({"stem": str(number)}, 0.0)
    assert written[:20] == list(range(1, 21))  # a kill costs one picture of a chapter,
    assert all(after - before <= after / 20 + 1 for before, after in itertools.pairwise(written))
    assert len(written) < 110


@pytest.mark.parametrize(("level", "said"), [(255, "nothing is drawn on it"), (0, "all of it is ink")])
def test_a_page_without_a_drawing_is_made_and_said(place, capsys, level, said):
    (place / "page.png").write_bytes(encode_png(np.full((60, 80, 3), level, np.uint8)))
    flats("page.png")
    assert f"page.png: {said}" in capsys.readouterr().err
    assert picture(place / "out" / "page.png").shape == (60, 80, 3)
