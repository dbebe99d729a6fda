"""`comicdata show`: one page, nothing from outside, what was dropped cut again from the crawl."""

import json
import re

import numpy as np
import pytest

from comicdata.cli.main import run
from comicdata.drawn import draw_episode
from comicdata.images import encode_png, read_image
from comicdata.manifests import file_of, read_rows
from comicdata.recut import is_strip, recut_panel


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


def test_what_is_neither_is_status_2(tmp_path, capsys):
    assert run(["show", str(tmp_path)]) == 2
    assert "neither a pairs folder" in capsys.readouterr().err


def test_the_card_has_a_contact_sheet_and_a_head(place):
    text = (place / "pairs" / "README.md").read_text()
    assert text.startswith('---\nlicense:\n- "unknown"\n') and "- n<1K" in text and "![contact sheet]" in text
    sheet = read_image(place / "pairs" / "contact-sheet.jpg")
    assert sheet.shape[1] == 6 * 132 and len(np.unique(sheet.reshape(-1, 3), axis=0)) > 50
