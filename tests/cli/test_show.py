"""`comicdata show`: one page, nothing from outside, what was dropped cut again from the crawl."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from comicdata.cli.html import pairs as show_pairs
from comicdata.cli.main import run
from comicdata.drawn import draw_episode
from comicdata.images import encode_png, read_image
from comicdata.pairs import card
from comicdata.pairs.manifest import file_of, read_rows
from comicdata.pairs.recut import is_strip, recut_panel


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Two drawn episodes in slices, one page that is blank but for a grey square; a hostile title."""
    place = tmp_path_factory.mktemp("show")
    for number in (1, 2):
        strip = draw_episode(50, number, panels=4).strip
        for index, y in enumerate(range(0, strip.shape[0], 900)):
            path = place / "in" / "<b>toon" / f"e{number}" / f"{index:02d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode_png(strip[y : y + 900]))
    assert (
        run(["crawl", str(place / "in" / "<b>toon"), "--out", str(place / "crawl"), "--attribution", "<i>me", "-q"])
        == 0
    )
    make = ["make-pairs", str(place / "crawl"), "--out", str(place / "pairs"), "--test-episodes", "2", "-q"]
    assert run([*make, "--workers", "1", "--layout", "strip"]) == 0
    return place


def page_of(place, capsys, *options):
    out = place / "page.html"
    assert run(["show", str(place / "pairs"), "--out", str(out), "--json", *options]) == 0
    assert json.loads(capsys.readouterr().out)["bytes"] == out.stat().st_size
    return out.read_text()


def test_the_page_of_pairs_needs_nothing_from_outside(place, capsys):
    text = page_of(place, capsys, "--crawl", str(place / "crawl"))
    assert not re.search(r'(src|href)="(?!data:)', text) and "<script" not in text
    assert "<i>me" not in text and "&lt;i&gt;me" in text
    kept = [row for row in read_rows(place / "pairs") if row.kept]
    assert f"<b>{len(kept)}</b><span>pairs</span>" in text
    for heading in ("Samples", "Distributions", "Dropped", "Licences", "Panels to look at twice"):
        assert heading in text
    assert "No pair in the validation split." in text and "no stated licence" in text


def test_what_was_cut_is_cut_again_to_the_pixel(place):
    rows = [row for row in read_rows(place / "pairs") if row.episode_id == "e1"]
    strip = is_strip(place / "crawl", rows)
    assert strip
    checked = 0
    for row in rows:
        panel = recut_panel(place / "crawl", row, strip=strip)
        x0, y0, x1, y1 = row.panel_box
        assert panel.shape == (y1 - y0, x1 - x0, 3)
        if row.kept and (row.crop_box[2] - row.crop_box[0]) == row.size:  # not resized: the very pixels
            a, b, c, d = row.crop_box
            assert (panel[b:d, a:c] == read_image(file_of(place / "pairs", row, "color"))).all()
        checked += 1
    truth = draw_episode(50, 1, panels=4).strip
    x0, y0, x1, y1 = rows[0].panel_box
    assert checked and (recut_panel(place / "crawl", rows[0], strip=True) == truth[y0:y1, x0:x1]).all()


def test_without_the_crawl_the_reasons_are_counted(place, capsys):
    text = page_of(place, capsys)
    assert "--crawl DIR" in text or "nothing" in text


def test_examples_of_what_was_dropped_come_from_the_crawl(place, tmp_path):
    first, second, *rest = read_rows(place / "pairs")
    rows = [replace(first, kept=False, drop_reason="blank"), replace(second, kept=False, drop_reason="tiny"), *rest]
    assert show_pairs._dropped(rest, place / "crawl") == "<p>nothing</p>"
    text = show_pairs._dropped(rows, place / "crawl")
    for reason, row in (("blank", first), ("tiny", second)):
        assert f"<h3>{reason}</h3>" in text and f"{row.episode_id}, panel {row.panel_index}" in text
    assert text.count("<img") == 2 and "not in this crawl" not in text
    x0, y0, x1, y1 = first.crop_box
    assert show_pairs._again(rows, first, place / "crawl").shape == (y1 - y0, x1 - x0, 3)
    assert show_pairs._dropped(rows, tmp_path).count("not in this crawl") == 2
    assert "--crawl DIR" in show_pairs._dropped(rows, None) and "<img" not in show_pairs._dropped(rows, None)


@pytest.mark.parametrize("named", [".", "manifest.parquet", "256/.."])
def test_inside_the_folder_the_page_lies_beside_it(place, named, capsys, monkeypatch):
    monkeypatch.chdir(place / "pairs")
    (place / "pairs.html").unlink(missing_ok=True)
    assert run(["show", named, "-q"]) == 0
    assert "<title>Pairs: pairs</title>" in (place / "pairs.html").read_text()
    monkeypatch.chdir(place)
    assert run(["show", "pairs", "--json", "-q"]) == 0
    assert json.loads(capsys.readouterr().out)["page"] == "pairs.html"


@pytest.fixture
def drawn(place, monkeypatch):
    """The ids of the windows that a part of the page draws."""
    found = []
    monkeypatch.setattr(show_pairs, "_triptych", lambda folder, row: found.append(row.id) or row.id)
    return found


def numbered(place, count):
    """Two kept windows each of `count` panels, p0 p1 ..., surer and surer."""
    row = next(row for row in read_rows(place / "pairs") if row.kept)
    return [replace(row, id=f"w{n}", panel_id=f"p{n // 2}", split_confidence=n // 2 / 100) for n in range(2 * count)]


def test_the_least_sure_panels_are_the_least_sure(place, drawn):
    rows = numbered(place, 60)
    text = show_pairs._doubtful(place / "pairs", rows[::-1])
    assert [int(one[1:]) // 2 for one in drawn] == list(range(8)) and "least confidence" in text


def test_the_contact_sheet_is_spread_over_the_whole_data_set(place, tmp_path, monkeypatch):
    """35 panels, each of its own grey, for 18 places."""
    grey = {f"w{n}": np.full((256, 256, 3), 7 * (n // 2), np.uint8) for n in range(70)}
    monkeypatch.setattr(card, "file_of", lambda out, row, kind: row.id)
    monkeypatch.setattr(card, "read_image", grey.get)
    card.write_card(tmp_path, {}, numbered(place, 35), {})
    sheet = read_image(tmp_path / "contact-sheet.jpg")[..., 0]
    shown = [round(sheet[y + 64, x + 64] / 7) for y in range(0, sheet.shape[0], 268) for x in range(0, 6 * 132, 132)]
    assert shown == [index * 35 // 18 for index in range(18)]


def test_samples_are_spread_over_the_whole_group(place, drawn):
    show_pairs._samples(place / "pairs", numbered(place, 11))
    assert [int(one[1:]) // 2 for one in drawn] == [0, 1, 3, 5, 7, 9]


def test_series_of_one_name_from_two_sources_are_two(place, drawn):
    rows = numbered(place, 4)
    text = show_pairs._samples(place / "pairs", [*rows[:4], *(replace(row, source="site") for row in rows[4:])])
    assert [part.split("<")[0] for part in text.split("<h3>")[1:]] == [
        f"{source}/{rows[0].series_id}, {rows[0].split}" for source in ("local", "site")
    ]


def test_what_is_neither_is_status_2(tmp_path, capsys):
    assert run(["show", str(tmp_path)]) == 2
    assert "neither a pairs folder" in capsys.readouterr().err


def test_the_card_has_a_contact_sheet_and_a_head(place):
    text = (place / "pairs" / "README.md").read_text()
    assert text.startswith('---\nlicense:\n- "unknown"\n') and "- n<1K" in text and "![contact sheet]" in text
    sheet = read_image(place / "pairs" / "contact-sheet.jpg")
    assert sheet.shape[1] == 6 * 132 and len(np.unique(sheet.reshape(-1, 3), axis=0)) > 50
