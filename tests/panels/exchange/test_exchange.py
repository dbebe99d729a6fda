"""ACBF, guided.json and our JSON: written as their specifications say, read back, and bad files in one line."""

import json
import re

import pytest
from lxml import etree

from comicdata.errors import UsageError
from comicdata.panels.exchange import read_panels
from comicdata.panels.exchange.acbf import write_acbf
from comicdata.panels.exchange.entries import Leaf, Slice, Written, join_parts, leaves_of, slices_of
from comicdata.panels.exchange.guided import write_guided
from comicdata.panels.exchange.ours import digest, panel_rows, write_ours
from comicdata.records import Box, Panel

PANELS = (Panel(Box(10, 20, 110, 220)), Panel(Box(120, 20, 190, 60), 0.8, "text"), Panel(Box(10, 230, 190, 290)))
LEAVES = (Leaf("page 1.jpg", 200, 300, PANELS), Leaf("sub/ü.png", 200, 300, ()), Leaf("3.png", 200, 300, PANELS[:1]))
BOOK = Written("A <Comic> & more", LEAVES, ("Ann",))
NS = {"a": "http://www.acbf.info/xml/acbf/1.1"}


def put(tmp_path, data, name="file"):
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def boxes(entry, width=200, height=300):
    return [region.box(width, height) for region in entry.regions]


def test_acbf_has_what_the_specification_asks_for(tmp_path):
    root = etree.fromstring(write_acbf(BOOK))
    assert root.tag == "{http://www.acbf.info/xml/acbf/1.1}ACBF"
    info = root.find("a:meta-data/a:book-info", NS)
    assert {etree.QName(one).localname for one in info} == {"author", "book-title", "genre", "coverpage"}
    assert info.find("a:author/a:nickname", NS).text == "Ann" and info.find("a:genre", NS).text == "other"
    assert [one.get("href") for one in root.iterfind(".//a:image", NS)] == ["page 1.jpg", "sub/ü.png", "3.png"]
    assert len(root.findall("a:body/a:page", NS)) == 2  # the first page is the cover page
    points = [one.get("points") for one in info.iterfind("a:coverpage/a:frame", NS)]
    assert points[0] == "10,20 110,20 110,220 10,220" and len(points) == 3
    manga = etree.fromstring(write_acbf(Written("", LEAVES[:1], right_to_left=True)))
    assert manga.find(".//a:genre", NS).text == "manga" and len(manga.findall("a:body/a:page", NS)) == 1


def test_acbf_is_read_back_and_so_is_that_of_others(tmp_path):
    first, second, third = read_panels(put(tmp_path, write_acbf(BOOK)))
    assert (first.name, second.name, third.name) == ("page 1.jpg", "sub/ü.png", "3.png")
    assert boxes(first) == [panel.box for panel in PANELS] and boxes(second) == []
    assert {region.kind for region in first.regions} == {""}  # frames have no kind
    foreign = """<?xml version='1.0'?><ACBF xmlns="http://www.fictionbook-lib.org/xml/acbf/1.0"><body>
      <page bgcolor="#ffffff"><title>x</title><image href="p.jpg"/><text-layer lang="en"/>
      <frame points="545,452 965,452  965,807 985.5,807 969,1017, 550,1017"/>
      <jump page="1" points="0,0 1,0 1,1"/></page>
      <page><image href="#inside"/></page></body></ACBF>"""
    (page,) = read_panels(put(tmp_path, foreign.replace("1017, 550", "1017 550")))
    assert page.name == "p.jpg" and page.regions[0].corners == (545, 452, 985.5, 1017)


def test_guided_is_a_sequence_of_regions_as_the_schema_has_it():
    value = json.loads(write_guided(BOOK))
    assert [*value] == ["guided"] and len(value["guided"]) == 5
    for one in value["guided"]:
        assert {*one} == {"imgref", "role"} and isinstance(one["role"], list)
        assert re.fullmatch(r"[A-Za-z0-9/%.]+(#xywh=\d+,\d+,\d+,\d+)?", one["imgref"])  # a URI reference
    assert value["guided"][0] == {"imgref": "page%201.jpg#xywh=10,20,100,200", "role": ["panel"]}
    assert value["guided"][3] == {"imgref": "sub/%C3%BC.png", "role": ["image"]}


def test_guided_is_read_back_with_percents_pages_and_balloons_of_others(tmp_path):
    first, second, third = read_panels(put(tmp_path, write_guided(BOOK)))
    assert [one.name for one in (first, second, third)] == ["page 1.jpg", "sub/ü.png", "3.png"]
    assert boxes(first) == [panel.box for panel in PANELS] and boxes(second) == []
    assert [region.kind for region in first.regions] == ["panel", "text", "panel"]
    foreign = {"links": [], "guided": [
        {"imgref": "p.jpg#xywh=percent:5,10,50,20.5", "role": ["panel"],
         "children": [{"imgref": "p.jpg#xywh=1,1,2,2", "role": ["speechBubble"], "text": "Oh"}]},
        {"imgref": "p.jpg#xywh=pixel:20,30,40,50"},
        {"imgref": "q.jpg", "role": ["page"], "children": [{"imgref": "q.jpg#xywh=0,0,9,9"}]},
        {"textref": "chapter.html"}]}  # fmt: skip
    page, other = read_panels(put(tmp_path, json.dumps(foreign)))
    assert boxes(page, 1000, 200) == [Box(50, 20, 550, 61), Box(20, 30, 60, 80)]
    assert other.name == "q.jpg" and boxes(other) == [Box(0, 0, 9, 9)]


def entry(name="p.png", **more):
    rows = panel_rows(PANELS)
    return {"input": name, "width": 200, "height": 300, "found": digest(rows), "panels": rows, **more}


def test_our_file_is_read_back_and_says_what_was_changed(tmp_path):
    data = write_ours([entry(), entry("q.png", panels=panel_rows(PANELS[:1])), entry("r.png", panels=[])])
    assert data.count(b"\n") == 1 + (1 + 3 + 1) + (1 + 1 + 1) + 1 + 1  # a panel a line
    same, changed, emptied = read_panels(put(tmp_path, data))
    assert (same.as_found, changed.as_found, emptied.as_found) == (True, False, False)
    assert same.size == (200, 300) and boxes(same) == [panel.box for panel in PANELS]
    (moved,) = read_panels(put(tmp_path, write_ours([entry()]).replace(b"[10, 20,", b"[10, 21,")))
    assert not moved.as_found
    swapped = panel_rows([PANELS[1], PANELS[0], PANELS[2]])
    assert not read_panels(put(tmp_path, write_ours([entry(panels=swapped)])))[0].as_found


def test_lines_are_read_like_a_document(tmp_path):
    lines = json.dumps(entry()) + "\n\n" + json.dumps({"input": "q", "panels": [{"box": [0.4, 1, 2.6, 3]}]}) + "\n"
    one, other = read_panels(put(tmp_path, lines))
    assert one.as_found and other.size is None and boxes(other) == [Box(0, 1, 3, 3)]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"not json", "file:1: not valid JSON"),
        (b'{"strips": [\n {"input": "a", "panels": [}\n]}', "line 2 column"),
        (b'{"strips": 3}', "no list of pages"),
        (b'{"strips": []}', "empty"),
        (b'{"strips": [{"panels": []}]}', 'page 1: no "input"'),
        (b'{"input": "a", "panels": [{"box": [5, 5, 5, 9]}]}', "x0 < x1"),
        (b'{"input": "a", "panels": [{"box": [0, 0, 5, 9], "kind": "cat"}]}', "'cat'"),
        (b'{"input": "a", "width": "1", "height": 2, "panels": []}', "no size"),
        (b'{"input": "a", "panels": []}\n{"input": "a", "panels": []}', "file:2: 'a' is there already"),
        (b'{"guided": 5}', "a list"),
        (b'{"guided": [{"imgref": "a.jpg#xywh=1,2,0,4"}]}', "no area"),
        (b'{"guided": [{"imgref": "a.jpg#xywh=1,2,3"}]}', "no region like"),
        (b"<ACBF", "no XML"),
        (b"<html/>", "<html>"),
        (b'<ACBF xmlns="http://www.acbf.info/xml/acbf/1.1"/>', "empty"),
    ],
)
def test_a_bad_file_is_one_line(tmp_path, data, words):
    with pytest.raises(UsageError, match=re.escape(words)) as caught:
        read_panels(put(tmp_path, data))
    assert "\n" not in str(caught.value) and "file" in str(caught.value)


@pytest.mark.parametrize("points", ["", "1,1 2,2", "a,b c,d e,f", "5,5 5,9 5,20"])
def test_a_bad_frame_is_one_line(tmp_path, points):
    acbf = f'<ACBF xmlns="{NS["a"]}"><body><page><image href="p"/><frame points="{points}"/></page></body></ACBF>'
    with pytest.raises(UsageError, match="page 1: <frame points="):
        read_panels(put(tmp_path, acbf))


def test_no_entity_is_resolved(tmp_path):
    (tmp_path / "secret").write_text("secret.jpg")
    acbf = (f'<!DOCTYPE ACBF [<!ENTITY x SYSTEM "{tmp_path}/secret">]><ACBF xmlns="{NS["a"]}"><body><page>'
            '<image href="p"/>&x;</page></body></ACBF>')  # fmt: skip
    (page,) = read_panels(put(tmp_path, acbf))
    assert page.name == "p"


# A strip 100 wide of three slices of 100 rows; the last one was 200 wide and has been halved.
SLICES = (Slice("1", 0, 100, 100, 100), Slice("2", 100, 200, 100, 100), Slice("3", 200, 300, 200, 200))


def test_a_strip_is_cut_into_its_slices_for_readers_and_joined_again(tmp_path):
    whole = [Panel(Box(10, 20, 90, 80)), Panel(Box(10, 90, 90, 250)), Panel(Box(10, 260, 90, 290))]
    leaves = leaves_of(whole, SLICES, 100)
    assert [[panel.box.as_list() for panel in leaf.panels] for leaf in leaves] == [
        [[10, 20, 90, 80], [10, 90, 90, 100]],
        [[10, 0, 90, 100]],
        [[20, 0, 180, 100], [20, 120, 180, 180]],
    ]
    for write in (write_acbf, write_guided):
        pages = read_panels(put(tmp_path, write(Written("", tuple(leaves)))))
        parts = [(region, one, region.box(one.width, one.height))
                 for page, one in zip(pages, SLICES, strict=True) for region in page.regions]  # fmt: skip
        assert [box for _, box in join_parts(parts, 100)] == [panel.box for panel in whole]


def test_panels_that_meet_at_the_border_of_slices_stay_apart_where_they_are_numbered(tmp_path):
    rows = [{"box": [0, 50, 100, 100]}, {"box": [0, 100, 100, 180]}]
    line = {"input": "s", "width": 100, "height": 300, "slices": [vars(one) for one in SLICES], "panels": rows}
    (strip,) = read_panels(put(tmp_path, json.dumps(line)))
    parts = [(region, one, region.box(one.width, one.height))
             for page, one in zip(slices_of(strip), SLICES, strict=True) for region in page.regions]  # fmt: skip
    assert [box.as_list() for _, box in join_parts(parts, 100)] == [row["box"] for row in rows]
