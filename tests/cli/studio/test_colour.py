"""The colour room over HTTP: what is done to a page, what lies in the project, and that commands make the same."""

import io
import json
import shlex
import zipfile

import cv2
import numpy as np
import pytest
from small_runs import COLORS, HEIGHT, WALL, WIDTH, drawing, save_run
from studios import open_studio

from comicdata.cli.main import run
from comicdata.cli.studio.desk import Desk, SupersededError
from comicdata.images import decode, encode_png
from comicdata.records import Box

RED = "#c80a28"
DOT = {"x": 10, "y": 20, "radius": 3, "color": RED}


def added(*marks, at=0):
    return {"at": at, "remove": 0, "add": list(marks)}


def panel_in_colour(studio, page, query=""):
    version = studio.document(page)["version"]
    about, pixels = studio.pixels(f"/api/pages/{page}/panels/0/colours?version={version}{query}")
    return about, pixels.reshape(about["count"], HEIGHT, WIDTH, 3)


def test_a_dot_colours_its_region_and_is_undone_and_redone(studio, png):
    (page,) = studio.add(png)
    before = panel_in_colour(studio, page)[1]
    told = studio.change(page, added(DOT)).json()
    assert told["hints"] == [DOT] and told["undo"] and not told["redo"]
    after = panel_in_colour(studio, page)[1]
    assert (after[0, :, : WALL - 1] == (200, 10, 40)).all()
    undone = studio.json("POST", f"/api/pages/{page}/undo", {"version": told["version"]}).json()
    assert undone["hints"] == [] and undone["redo"]
    assert (panel_in_colour(studio, page)[1] == before).all()
    studio.json("POST", f"/api/pages/{page}/redo", {"version": undone["version"]})
    assert (panel_in_colour(studio, page)[1] == after).all()


def test_the_browser_knows_the_regions(studio, png):
    (page,) = studio.add(png)
    about, planes = studio.pixels(f"/api/pages/{page}/panels/0/piece")
    size = HEIGHT * WIDTH
    labels = planes[: 2 * size].view("<u2").reshape(HEIGHT, WIDTH)
    line, ink = (planes[(2 + at) * size : (3 + at) * size].reshape(HEIGHT, WIDTH) for at in (0, 1))
    assert (about["width"], about["height"], about["bytes"]) == (WIDTH, HEIGHT, 2)
    assert labels[5, 5] != labels[5, -5] and labels[5, 5] == labels[-5, 5] > 0
    assert (line == drawing()[..., 0]).all() and ink[:, WALL].all() and not ink[:, :WALL].any()


def test_all_is_there_after_a_new_start(tmp_path, small_run, png):
    first = open_studio(tmp_path / "studio", small_run)
    (page,) = first.add(png, "my page.png")
    first.change(page, added(DOT))
    first.change(page, {"choose": {"style": "flats", "background": "#88ccee", "mood": "#204080"}})
    told = first.document(page)
    again = open_studio(tmp_path / "studio", small_run)
    assert again.document(page) == told
    undone = again.json("POST", f"/api/pages/{page}/undo", {"version": told["version"]}).json()
    assert undone["choices"]["mood"] is None and undone["hints"] == [DOT]


@pytest.mark.parametrize(
    "changes",
    [
        [],
        [added(DOT)],
        [added(DOT, {"points": [[60, 10], [80, 70]], "radius": 2, "color": "#00aa55"})],
        [added({"polygon": [[50, 5], [90, 5], [90, 70]], "color": "#123456"}), {"choose": {"style": "soft"}}],
        [{"choose": {"mood": "#204080", "style": "flats"}}, {"choose": {"background": "#88ccee"}}],
        [added(DOT), {"choose": {"sample": 1, "follow": False}}],
    ],
)
def test_the_command_line_makes_the_same_bytes(studio, png, changes, tmp_path):
    (page,) = studio.add(png)
    for change in changes:
        assert studio.change(page, change).status_code == 200
    made = studio.json("GET", f"/api/pages/{page}/out/png").content
    _, *words = shlex.split(studio.document(page)["command"])
    assert run([*words, "-q"]) == 0
    chosen = next((one["choose"]["sample"] + 1 for one in changes if "sample" in one.get("choose", {})), 0)
    names = [f"page-{number}.png" for number in range(chosen, 0, -1)] if chosen else ["page.png"]
    by_hand = next(path for name in names for path in (studio.folder / "by-hand").rglob(name))  # it may have fewer
    assert by_hand.read_bytes() == made
    shown = panel_in_colour(studio, page)[1][0]
    assert (decode(made, "made") == shown).all()


@pytest.mark.parametrize("style", ["flats", "soft"])
def test_tones_tinted_paper_and_a_figure_without_a_frame_are_shown_as_they_are_written(studio, style, monkeypatch):
    cream, boxes = (246, 238, 218), [Box(27, 27, 193, 173), Box(230, 30, 390, 170)]
    monkeypatch.setattr("comicdata.models.colorize.pages.panel_boxes", lambda *_, **__: boxes)
    picture = np.full((200, 420, 3), cream, np.uint8)
    cv2.rectangle(picture, (30, 30), (189, 169), (0, 0, 0), 3)
    for x in (110, 310):
        cv2.circle(picture, (x, 100), 50, (0, 0, 0), 3)
    for y, x in np.ndindex(2, 2):
        picture[34 + y : 60 : 4, 34 + x : 180 : 4] = 0
    (page,) = studio.add(encode_png(picture))
    studio.change(page, {"choose": {"style": style}})
    studio.change(page, added({**DOT, "x": 310, "y": 100}))
    made = studio.json("GET", f"/api/pages/{page}/out/png").content
    whole, version = decode(made, "made"), studio.document(page)["version"]
    for number, box in enumerate(boxes):
        _, pixels = studio.pixels(f"/api/pages/{page}/panels/{number}/colours?version={version}")
        shown = pixels.reshape(box.height, box.width, 3)
        assert (shown == whole[box.y0 : box.y1, box.x0 : box.x1]).all()
    assert tuple(whole[35, 235]) == cream and tuple(whole[100, 310]) == (200, 10, 40)
    assert run([*shlex.split(studio.document(page)["command"])[1:], "-q"]) == 0
    assert (studio.folder / "by-hand" / "page.png").read_bytes() == made


def test_hints_written_by_hand_are_a_change_that_is_undone(tmp_path, small_run, png):
    first = open_studio(tmp_path / "studio", small_run)
    (page,) = first.add(png)
    first.change(page, added(DOT))
    mine = {**DOT, "color": "#00aa55"}
    (tmp_path / "studio" / "hints" / "page.json").write_text(json.dumps([mine]))
    again = open_studio(tmp_path / "studio", small_run)
    told = again.document(page)
    assert told["hints"] == [mine]
    assert again.json("POST", f"/api/pages/{page}/undo", {"version": told["version"]}).json()["hints"] == [DOT]


def test_two_windows_do_not_lose_each_others_work(studio, png):
    (page,) = studio.add(png)
    version = studio.document(page)["version"]
    assert studio.change(page, added(DOT), version).status_code == 200
    late = studio.change(page, added({**DOT, "x": 70}), version)
    assert late.status_code == 409 and "another window" in late.json()["error"]
    assert late.json()["document"]["hints"] == [DOT] == studio.document(page)["hints"]


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"at": 1, "remove": 0, "add": [DOT]},
        {"at": 0, "remove": 1, "add": []},
        {"at": True, "remove": 0, "add": []},
        added({**DOT, "color": "red"}),
        added({**DOT, "x": -1}),
        added({**DOT, "evil": 1}),
        {"choose": {"run": "../../etc"}},
        {"choose": {"mood": "../../kept"}},
        {"choose": {"nothing": 1}},
        {"choose": {"sample": 99}},
    ],
)
def test_what_is_no_change_is_refused(studio, png, change):
    (page,) = studio.add(png)
    assert studio.change(page, change).status_code == 422
    assert studio.document(page)["version"] == 0


def test_a_killed_write_of_history_costs_the_change_under_way(tmp_path, small_run, png):
    first = open_studio(tmp_path / "studio", small_run)
    (page,) = first.add(png)
    first.change(page, added(DOT))
    first.change(page, added({**DOT, "x": 70}, at=1))
    history = tmp_path / "studio" / "history" / "page.jsonl"
    history.write_bytes(history.read_bytes()[:-9])
    (tmp_path / "studio" / "hints" / "page.json").write_text(json.dumps([DOT]))
    assert open_studio(tmp_path / "studio", small_run).document(page)["hints"] == [DOT]


def test_a_picture_is_a_mood(studio, png):
    (page,) = studio.add(png)
    plain = panel_in_colour(studio, page)[1]
    mood = studio.json("POST", "/api/moods", encode_png(np.full((300, 200, 3), COLORS[1], np.uint8))).json()["id"]
    assert studio.change(page, {"choose": {"mood": mood}}).status_code == 200
    kept = decode((studio.folder / "moods" / "page.png").read_bytes(), "mood")
    assert kept.shape == (150, 100, 3) and (kept == COLORS[1]).all()
    assert panel_in_colour(studio, page)[1].shape == plain.shape


def test_references_of_a_page_are_switched_on_for_all_and_each_page_undoes_it(studio, png):
    colours = np.zeros((80, 96, 3), np.uint8)
    colours[:, :48] = COLORS[0]
    kept = studio.json("POST", "/api/references", encode_png(colours)).json()["id"]
    first, second = studio.add(png)[0], studio.add(encode_png(drawing()[::-1, ::-1]), "second.png")[0]
    studio.change(first, {"choose": {"references": [kept]}})
    assert studio.json("POST", "/api/references/everywhere", {"references": [kept]}).json() == {"count": 1}
    told = studio.document(second)
    assert told["choices"]["references"] == [kept] and studio.document(first)["version"] == 1
    undone = studio.json("POST", f"/api/pages/{second}/undo", {"version": told["version"]}).json()
    assert undone["choices"]["references"] == []
    for wrong in ("../kept", None):
        assert studio.json("POST", "/api/references/everywhere", {"references": [wrong]}).status_code == 422


def test_a_page_is_a_reference_for_the_others_and_not_for_itself(studio, png):
    first, second = studio.add(png)[0], studio.add(encode_png(drawing()[::-1, ::-1]), "second.png")[0]
    studio.change(first, added(DOT))
    made = studio.json("GET", f"/api/pages/{first}/out/png").content
    for count in (1, 0):
        kept = studio.json("POST", f"/api/pages/{first}/reference").json()
        assert kept["count"] == count
    assert studio.document(second)["choices"]["references"] == [kept["id"]]
    assert studio.document(first)["choices"]["references"] == []
    assert (
        decode((studio.folder / "references" / f"{kept['id']}.png").read_bytes(), "kept") == decode(made, "m")
    ).all()


def test_a_colouring_under_way_is_given_up_between_its_steps(studio, png, monkeypatch):
    (page,) = studio.add(png)
    calls = []

    def check(desk):
        calls.append(desk)
        if len(calls) > 1:  # the first is before it begins
            raise SupersededError("a newer change came")

    monkeypatch.setattr(Desk, "check", check)
    assert studio.json("GET", f"/api/pages/{page}/panels/0/colours?version=0").status_code == 204
    assert len(calls) == 2


def test_references_are_switched_on_for_a_page_and_the_command_line_takes_them(tmp_path, png):
    folder = save_run(tmp_path / "pointing", width=8, colors=len(COLORS), references=True, mutual=True)
    studio = open_studio(tmp_path / "studio", folder)
    (page,) = studio.add(png)
    plain = studio.json("GET", f"/api/pages/{page}/out/png").content
    colored = drawing()
    colored[:, :WALL], colored[:, WALL + 3 :] = (250, 120, 10), (10, 120, 250)
    sent = [encode_png(colored), plain[:99]]
    kept = [studio.json("POST", "/api/references", data) for data in sent]
    assert [one.status_code for one in kept] == [200, 422]
    one = kept[0].json()["id"]
    assert studio.json("GET", "/api/project").json()["references"] == [one]
    assert studio.change(page, {"choose": {"references": [one, "../x"]}}).status_code == 422
    assert studio.change(page, {"choose": {"references": [one]}}).status_code == 200
    made = studio.json("GET", f"/api/pages/{page}/out/png").content
    _, *words = shlex.split(studio.document(page)["command"])
    assert "--reference" in words and run([*words, "-q"]) == 0
    assert (studio.folder / "by-hand" / "page.png").read_bytes() == made


def test_samples_and_places_come_when_asked_for(studio, png):
    (page,) = studio.add(png)
    about, pixels = panel_in_colour(studio, page, "&samples")
    assert 1 <= about["count"] <= 4 and (pixels[0] == panel_in_colour(studio, page)[1][0]).all()
    places = panel_in_colour(studio, page, "&suggest")[0]["suggested"]
    assert places and all(0 <= one["x"] < WIDTH and 0 <= one["y"] < HEIGHT for one in places)


def test_without_a_run_it_colours_as_flats_does(flats_studio, png):
    (page,) = flats_studio.add(png)
    flats_studio.change(page, added(DOT))
    shown = panel_in_colour(flats_studio, page)[1][0]
    assert (shown[:, : WALL - 1] == (200, 10, 40)).all() and (shown[:, WALL + 1] == 0).all()
    made = flats_studio.json("GET", f"/api/pages/{page}/out/png").content
    _, *words = shlex.split(flats_studio.document(page)["command"])
    assert run([*words, "-q"]) == 0
    assert (flats_studio.folder / "by-hand" / "page.png").read_bytes() == made


@pytest.mark.parametrize("has_run", [True, False])
def test_a_chapter_has_what_is_left_alone_as_it_came(tmp_path, small_run, has_run, png):
    studio = open_studio(tmp_path / "studio", *([small_run] if has_run else []))
    cover, blank = np.random.default_rng(1).integers(0, 255, (80, 96, 3), np.uint8), np.full((9, 9, 3), 255, np.uint8)
    for name, data in (("cover.png", encode_png(cover)), ("blank.png", encode_png(blank)), ("page.png", png)):
        studio.add(data, name)
    with zipfile.ZipFile(io.BytesIO(studio.json("GET", "/api/chapter.cbz").content)) as archive:
        shown = [decode(archive.read(name), name) for name in archive.namelist()]
    assert (shown[0] == cover).all() and (shown[1] == blank).all() and (shown[2] != decode(png, "page")).any()


@pytest.mark.parametrize("has_run", [True, False])
def test_a_chapter_comes_as_a_cbz_and_goes_as_one(tmp_path, small_run, has_run):
    studio = open_studio(tmp_path / "studio", *([small_run] if has_run else []))
    pages = []
    for number in range(1, 4):
        page = drawing()
        page[10 * number, 10:30] = 0
        pages.append(page)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number, page in enumerate(pages, 1):
            archive.writestr(f"{number}.png", encode_png(page))
        archive.writestr("4.png", b"no picture")
    found = studio.json("POST", "/api/pages?name=chapter.cbz", packed.getvalue()).json()
    assert len(found["pages"]) == 3 and [one["name"] for one in found["failed"]] == ["4.png"]
    assert not list(studio.folder.glob("dropped*"))
    studio.change(found["pages"][1], added(DOT))
    made = studio.json("GET", "/api/chapter.cbz").content
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        names = archive.namelist()
        shown = [decode(archive.read(name), name) for name in names]
    assert names == ["1-p1.png", "2-p2.png", "3-p3.png"]
    assert tuple(shown[1][60, 20]) == (200, 10, 40) != tuple(shown[0][60, 20])
    assert (shown[2][:, WALL + 1] == 0).all()


def test_a_picture_in_colour_is_left_alone_until_one_says_otherwise(studio):
    art = np.random.default_rng(1).integers(0, 255, (80, 96, 3)).astype(np.uint8)
    (page,) = studio.add(encode_png(art))
    told = studio.document(page)
    assert told["left_alone"] and told["panels"] == []
    assert studio.json("GET", f"/api/pages/{page}/panels/0/piece").status_code == 404
    studio.change(page, {"choose": {"recolor": True}})
    assert studio.document(page)["panels"] == [[0, 0, 96, 80]]


def test_a_page_that_is_taken_out_is_kept_aside(studio, png):
    (page,) = studio.add(png)
    studio.change(page, added(DOT))
    assert studio.client.delete(f"/api/pages/{page}").status_code == 200
    assert studio.json("GET", "/api/project").json()["pages"] == []
    kept = studio.folder / "removed"
    assert (kept / "pages" / "page.png").read_bytes() == png and (kept / "history" / "page.jsonl").is_file()


def test_a_folder_of_something_else_is_left_alone(tmp_path, small_run, capsys):
    (tmp_path / "out" / "studio").mkdir(parents=True)
    (tmp_path / "out" / "studio" / "mine.txt").write_text("mine")
    assert run(["studio", str(small_run), "--out", str(tmp_path / "out"), "--no-browser"]) == 2
    assert "name another --out" in capsys.readouterr().err
