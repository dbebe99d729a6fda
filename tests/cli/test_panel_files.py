"""`panels --to`, `--panels`, names in OUT, the lines on order and unsure pages, and `show`, at the command line."""

import json
import re
import zipfile

import numpy as np
import pytest

from comicdata.cli.main import run
from comicdata.cli.targets import name_of
from comicdata.drawn import cut_slices, draw_episode
from comicdata.drawn.pages import draw_page
from comicdata.images import encode_png, read_image


@pytest.fixture
def comic(tmp_path, monkeypatch):
    """Two pages and a picture of noise, of which the whole is one unsure panel."""
    folder = tmp_path / "my comic"
    folder.mkdir()
    noise = np.random.default_rng(1).integers(0, 256, (900, 600, 3), np.uint8)
    for number, image in enumerate([draw_page("grid", 300).image, draw_page("grid", 301).image, noise], 1):
        (folder / f"{number}.png").write_bytes(encode_png(image))
    monkeypatch.chdir(tmp_path)
    return folder


def panels(capsys, *arguments, status=0):
    capsys.readouterr()
    assert run(["panels", *arguments, "--json"]) == status
    output = capsys.readouterr()
    return json.loads(output.out), output.err


def test_names_are_those_of_the_inputs(comic, tmp_path, monkeypatch):
    assert name_of("my comic/1") == "my comic_1" and name_of(tmp_path / "my comic", "1") == "my comic_1"
    assert name_of("a/b/c/d") == "b_c_d" and name_of("/far/away/from/here") == "from_here"
    assert len(name_of("x" * 300).encode()) <= 180 and name_of("x" * 300) != name_of("x" * 301)
    monkeypatch.chdir(comic)
    assert name_of(".") == f"{tmp_path.name}_my comic"


def test_two_runs_into_one_folder_do_not_mix(comic, tmp_path, capsys):
    for place in ("one", "two"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "p.png").write_bytes((comic / "1.png").read_bytes())
        panels(capsys, f"{place}/p.png", "--out", "out", "--to", "json", "--to", "acbf")
    panels(capsys, "my comic", "--out", "out", "--to", "json", "--to", "guided")
    names = {path.name for path in (tmp_path / "out").iterdir() if not path.name.startswith(".")}
    pictures = {f"{place}_p.panels.jpg" for place in ("one", "two")}
    pictures |= {f"my comic_{number}.panels.jpg" for number in (1, 2, 3)}
    assert names == pictures | {"one_p.panels.json", "two_p.panels.json", "one_p.acbf", "two_p.acbf",
                                "my comic.panels.json", "my comic.guided.json"}  # fmt: skip
    before = {name: (tmp_path / "out" / name).read_bytes() for name in names}
    panels(capsys, "my comic", "--out", "out", "--to", "json", "--to", "guided")
    assert {name: (tmp_path / "out" / name).read_bytes() for name in names} == before


def test_what_a_person_edited_is_never_written_over_and_is_taken_back(comic, tmp_path, capsys):
    found, _ = panels(capsys, "my comic", "--out", "out", "--to", "json")
    path = tmp_path / "out" / "my comic.panels.json"
    x0, y0, x1, y1 = found["strips"][0]["panels"][0]["box"]
    path.write_text(path.read_text().replace(f"[{x0}, {y0}, {x1}, {y1}]", f"[{x0}, {y0}, {x1 - 9}, {y1}]", 1))
    edited = path.read_bytes()
    _, words = panels(capsys, "my comic", "--out", "out", "--to", "json", status=3)
    assert "changed since it was made" in words and path.read_bytes() == edited
    taken, _ = panels(capsys, "my comic", "--panels", str(path))
    first = taken["strips"][0]["panels"]
    assert first[0] == {"box": [x0, y0, x1 - 9, y1], "confidence": 1.0, "kind": "panel"}
    assert first[1:] == found["strips"][0]["panels"][1:] and taken["strips"][1:] == found["strips"][1:]
    _, words = panels(capsys, "my comic", "--score", str(path))
    assert "IoU 0.5: precision 1.000" in words


def edit(path, found):
    """Make the first panel of the first page narrower by 9, in the file; its new box."""
    x0, y0, x1, y1 = found["strips"][0]["panels"][0]["box"]
    path.write_text(path.read_text().replace(f"[{x0}, {y0}, {x1}, {y1}]", f"[{x0}, {y0}, {x1 - 9}, {y1}]", 1))
    return [x0, y0, x1 - 9, y1]


def test_a_second_round_of_editing_keeps_the_first(comic, tmp_path, capsys):
    found, _ = panels(capsys, "my comic", "--out", "out", "--to", "json")
    box = edit(tmp_path / "out" / "my comic.panels.json", found)
    _, words = panels(capsys, "my comic", "--panels", "out/my comic.panels.json", "--out", "again", "--to", "json")
    assert "pages that you corrected: 1\n" in words
    last, words = panels(capsys, "my comic", "--panels", "again/my comic.panels.json")
    assert last["strips"][0]["panels"][0]["box"] == box and "pages that you corrected: 1\n" in words
    assert [page["found"] for page in last["strips"]] == [page["found"] for page in found["strips"]]
    assert run(["crawl", "my comic", "--out", "crawl", "-q"]) == 0
    assert (
        run(["make-pairs", "crawl", "--out", "pairs", "--workers", "1", "--panels", "again/my comic.panels.json"]) == 0
    )
    (line,) = (tmp_path / "pairs" / "panels.jsonl").read_text().splitlines()
    assert json.loads(line)["panels"][0]["box"] == box


def test_a_page_of_a_chapter_can_be_tried_alone(comic, tmp_path, capsys):
    found, _ = panels(capsys, "my comic", "--out", "out", "--to", "json")
    box = edit(tmp_path / "out" / "my comic.panels.json", found)
    alone, _ = panels(capsys, "my comic/1.png", "--panels", "out/my comic.panels.json")
    assert alone["strips"][0]["panels"][0]["box"] == box
    assert run(["panels", "my comic/2.png", "--panels", "out/my comic.panels.json"]) == 2  # the page that was changed
    assert "there is no page '1.png' here" in capsys.readouterr().err


def test_pages_of_one_name_in_several_chapters_are_told_apart(comic, tmp_path, capsys):
    for chapter, own in (("c1", "1.png"), ("c2", "2.png")):
        (tmp_path / "book" / chapter).mkdir(parents=True)
        (tmp_path / "book" / chapter / "1.png").write_bytes((comic / own).read_bytes())
        with zipfile.ZipFile(tmp_path / "book" / chapter / "x.cbz", "w") as archive:
            archive.write(comic / own, own)
    whole, _ = panels(capsys, "book/c1/1.png", "book/c2/1.png", "--out", "out", "--to", "json")
    assert [page["input"] for page in whole["strips"]] == ["c1/1.png", "c2/1.png"]
    found, _ = panels(capsys, "book/c1", "book/c2", "--out", "out", "--to", "json")
    assert [page["input"] for page in found["strips"]] == ["c1/1.png", "c1/x/0001", "c2/1.png", "c2/x/0001"]
    path = tmp_path / "out" / "book.panels.json"
    box = edit(path, found)
    taken, _ = panels(capsys, "book/c1", "book/c2", "--panels", str(path))
    assert taken["strips"][0]["panels"][0]["box"] == box and taken["strips"][1:] == found["strips"][1:]
    assert panels(capsys, "book/c1")[0]["strips"][0]["input"] == "1.png"  # no other is called so
    assert panels(capsys, "book")[0]["strips"][0]["input"] == "c1/1.png"


def test_one_picture_named_twice_is_no_fault(comic, capsys):
    assert [page["input"] for page in panels(capsys, "my comic/1.png", "my comic/1.png")[0]["strips"]] == ["1.png"] * 2


@pytest.mark.parametrize("form", ["acbf", "guided"])
def test_files_for_readers_are_read_back_from_an_archive(comic, tmp_path, capsys, form):
    with zipfile.ZipFile("Book 1.cbz", "w") as archive:
        for path in sorted(comic.iterdir()):
            archive.write(path, f"deep/{path.name}")
    found, _ = panels(capsys, "Book 1.cbz", "--out", "out", "--to", form)
    suffix = {"acbf": ".acbf", "guided": ".guided.json"}[form]
    text = (tmp_path / "out" / f"Book 1{suffix}").read_text()
    assert "deep/2.png" in text and "Book" not in re.sub("<book-title>.*</book-title>", "", text)
    taken, _ = panels(capsys, "Book 1.cbz", "--panels", f"out/Book 1{suffix}")
    assert taken == found
    scored, _ = panels(capsys, "Book 1.cbz", "--score", f"out/Book 1{suffix}")
    assert scored["score"]["iou"]["0.9"]["recall"] == 1


def test_a_strip_goes_through_all_formats(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "toon").mkdir()
    for number, part in enumerate(cut_slices(draw_episode(5, 1, panels=3).strip, 1), 1):
        (tmp_path / "toon" / f"{number}.png").write_bytes(encode_png(part))
    found, _ = panels(capsys, "toon", "--out", "out", "--to", "json", "--to", "acbf", "--to", "guided")
    for suffix in (".panels.json", ".acbf", ".guided.json"):
        assert panels(capsys, "toon", "--panels", f"out/toon{suffix}")[0] == found, suffix


def test_unsure_pages_are_one_line_and_in_the_document(comic, capsys):
    found, words = panels(capsys, "my comic", "--out", "out")
    (line,) = [line for line in words.splitlines() if "unsure" in line]
    assert line.startswith("1 of 3 pages is unsure (a panel below 0.9): out/my comic_3.panels.jpg; ")
    assert found["unsure"] == ["3.png"]
    found, words = panels(capsys, "my comic/1.png")
    assert found["unsure"] == [] and "unsure" not in words


INFO = "<ComicInfo><Manga>{}</Manga><LanguageISO>{}</LanguageISO></ComicInfo>"


@pytest.mark.parametrize(
    ("manga", "language", "options", "order", "words"),
    [
        ("YesAndRightToLeft", "en", [], "rtl", "read right to left (ComicInfo.xml says so, Manga YesAndRightToLeft); "),
        ("Unknown", "ja", [], "rtl", "read right to left (pages whose language is ja); "),
        ("No", "ja", [], "ltr", "read left to right (ComicInfo.xml says so, Manga No); "),
        ("Unknown", "", [], "ltr", "read left to right (nothing says otherwise); "),
        ("YesAndRightToLeft", "ja", ["--reading-order", "ltr"], "ltr", ""),
    ],
)
def test_the_order_is_guessed_said_and_overruled(comic, tmp_path, capsys, manga, language, options, order, words):
    (comic / "ComicInfo.xml").write_text(INFO.format(manga, language))
    found, said = panels(capsys, "my comic", *options)
    assert {page["reading_order"] for page in found["strips"]} == {order}
    assert (words in said and said.count("--reading-order overrules") == 1) if words else "overrules" not in said
    assert run(["crawl", "my comic", "--out", "crawl", "-q"]) == 0
    assert panels(capsys, "crawl", *options)[0]["strips"][0]["reading_order"] == order
    capsys.readouterr()
    assert run(["make-pairs", "crawl", "--out", "pairs", "--workers", "1", *options]) == 0
    assert words in capsys.readouterr().err


def test_show_draws_unsure_pages_first(comic, tmp_path, capsys):
    assert run(["crawl", "my comic", "--out", "crawl", "-q"]) == 0
    capsys.readouterr()
    assert run(["make-pairs", "crawl", "--out", "pairs", "--workers", "1"]) == 0
    assert (
        "1 of 3 pages is unsure" in (words := capsys.readouterr().err) and "local/my-comic/my-comic/0003.png" in words
    )
    for options, drawn in (([], False), (["--crawl", "crawl"], True)):
        assert run(["show", "pairs", "--out", "page.html", *options]) == 0
        text = (tmp_path / "page.html").read_text()
        first = re.split("<h2>", text)[1]
        assert first.startswith("Pages to look at first</h2>") and "local/my-comic/my-comic/0003.png" in first
        assert ("<img" in first) == drawn


def test_to_needs_a_folder_and_a_bad_file_is_one_line(comic, tmp_path, capsys):
    assert run(["panels", "my comic", "--to", "json"]) == 2
    assert "name it with --out" in capsys.readouterr().err
    (tmp_path / "bad").write_text("{")
    assert run(["panels", "my comic", "--panels", "bad", "--out", "out"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1 and not (tmp_path / "out").exists()


def test_overlays_show_what_was_given(comic, tmp_path, capsys):
    line = {"input": "my comic/1.png", "panels": []}
    (tmp_path / "none.jsonl").write_text(json.dumps(line))
    panels(capsys, "my comic/1.png", "--panels", "none.jsonl", "--out", "out")
    drawn = read_image(tmp_path / "out" / "my comic_1.panels.jpg").astype(int)
    assert np.abs(drawn - read_image(comic / "1.png")).mean() < 8
