"""The other rooms over HTTP: pairs with their overlays, runs, health."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from small_runs import COLORS
from studios import open_studio

from comicdata.cli.main import run
from comicdata.cli.studio.pairs import PairsRoom
from comicdata.files import append_line
from comicdata.images import decode
from comicdata.models.evaluate.contest import Evaluation, write_evaluation
from comicdata.models.evaluate.scores import summarise
from comicdata.pairs.manifest import read_rows


@pytest.fixture
def pairs_studio(tour, tmp_path, small_run):
    room = PairsRoom(tour / "pairs", tour / "crawl", tmp_path / "studio")
    return open_studio(tmp_path / "studio", small_run, pairs=room), tour / "pairs", tour / "crawl"


def test_a_pair_that_is_taken_out_lies_in_the_overlay_and_survives_make_pairs(pairs_studio):
    studio, folder, crawl = pairs_studio
    first, second, *_ = studio.json("GET", "/api/pairs").json()["rows"]
    mine = '{"id": "w0123456789abcdef", "reason": "blurred"}\n'
    (folder / "excluded.jsonl").write_text(mine)
    for one in (first, second, first):
        assert studio.json("POST", f"/api/pairs/{one['id']}", {"excluded": True}).status_code == 200
    assert studio.json("POST", f"/api/pairs/{second['id']}", {"excluded": False}).status_code == 200
    lines = [json.loads(line) for line in (folder / "excluded.jsonl").read_text().splitlines()]
    assert lines[0] == json.loads(mine) and [one["id"] for one in lines[1:]] == [first["id"]]
    (folder / "excluded.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines[1:]))
    assert run(["make-pairs", str(crawl), "--out", str(folder), "-q"]) == 0
    assert [row.id for row in read_rows(folder) if row.excluded] == [first["id"]]


def test_a_damaged_overlay_is_said_and_not_written_over(pairs_studio):
    studio, folder, _ = pairs_studio
    one = studio.json("GET", "/api/pairs").json()["rows"][0]
    (folder / "excluded.jsonl").write_text("mine\n")
    found = studio.json("POST", f"/api/pairs/{one['id']}", {"excluded": True})
    assert found.status_code == 422 and "excluded.jsonl:1" in found.json()["error"]
    assert (folder / "excluded.jsonl").read_text() == "mine\n"
    (folder / "excluded.jsonl").unlink()


def test_flags_are_the_projects_own(pairs_studio):
    studio, _, _ = pairs_studio
    one = studio.json("GET", "/api/pairs").json()["rows"][2]
    studio.json("POST", f"/api/pairs/{one['id']}", {"flagged": True})
    flagged = [row["id"] for row in studio.json("GET", "/api/pairs").json()["rows"] if row["flagged"]]
    assert flagged == [one["id"]] and (studio.folder / "flagged.jsonl").is_file()


@pytest.mark.parametrize("sent", [{}, {"excluded": 1}, {"excluded": True, "flagged": True}, {"id": "x"}])
def test_marks_are_true_or_false(pairs_studio, sent):
    studio, _, _ = pairs_studio
    one = studio.json("GET", "/api/pairs").json()["rows"][0]
    assert studio.json("POST", f"/api/pairs/{one['id']}", sent).status_code == 422


def test_pictures_of_pairs_are_by_id(pairs_studio):
    studio, _, _ = pairs_studio
    one = studio.json("GET", "/api/pairs").json()["rows"][0]["id"]
    small, large = (studio.json("GET", f"/api/pairs/{one}/overlay{more}").content for more in ("", "?large"))
    assert max(decode(small, "small").shape[:2]) == 160 < max(decode(large, "large").shape[:2])
    for path in (f"{one}/nothing", "..%2f..%2fcard.json/colour", "w0000000000000000/colour"):
        assert studio.json("GET", f"/api/pairs/{path}").status_code == 404


def test_corrected_boxes_lie_in_the_overlay_and_are_what_make_pairs_cuts(pairs_studio):
    studio, folder, crawl = pairs_studio
    page = studio.json("GET", "/api/pairs/pages").json()["pages"][0]
    about = studio.json("GET", f"/api/pairs/pages/{page['page']}").json()
    first, *others = about["panels"]
    x0, y0, x1, y1 = first["box"]
    moved = [{**first, "box": [x0, y0 + 30, x1, y1]}, *others]
    path = f"/api/pairs/pages/{page['page']}"
    assert studio.json("POST", path, {"panels": [{**first, "box": [0, 0, 10**6, 5]}]}).status_code == 422
    assert studio.json("POST", path, {"panels": moved}).status_code == 200
    (line,) = [json.loads(line) for line in (folder / "panels.jsonl").read_text().splitlines()]
    assert (line["input"], line["panels"][0]["box"]) == (page["name"], [x0, y0 + 30, x1, y1])
    assert studio.json("GET", path).json()["panels"][0]["box"] == [x0, y0 + 30, x1, y1]
    assert run(["make-pairs", str(crawl), "--out", str(folder), "-q"]) == 0
    assert (x0, y0 + 30, x1, y1) in {row.panel_box for row in read_rows(folder)}


def test_runs_are_as_their_folders_are_at_the_moment(tmp_path, small_run):
    studio = open_studio(tmp_path / "studio", small_run)
    one = studio.json("GET", "/api/trained").json()["runs"][0]
    assert one["model"] == "palette" and one["palette"][0] == "#{:02x}{:02x}{:02x}".format(*COLORS[0])
    assert one["stages"][0]["losses"] == {}
    for images in (8, 16):
        append_line(small_run / "metrics.jsonl", {"images": images, "lr": 0.1, "palette": 3.5 - images / 8})
    one = studio.json("GET", "/api/trained").json()["runs"][0]
    assert one["stages"][0]["losses"]["palette"] == [[8, 2.5], [16, 1.5]]
    assert studio.json("GET", "/api/trained/small/samples/-/8").status_code == 404
    (small_run / "metrics.jsonl").unlink()


def test_evaluations_stand_under_the_names_of_their_files(tmp_path, small_run):
    folder = Path(shutil.copytree(small_run, tmp_path / "small"))
    found = Evaluation(summarise([]), [], np.full((8, 8, 3), 255, np.uint8), 9)
    for name in ("test", "test-limit-4"):
        write_evaluation(folder / "evaluation", name, found, {"split": "test"})
    one = open_studio(tmp_path / "studio", folder).json("GET", "/api/trained").json()["runs"][0]
    assert [(each["split"], each["panels"]) for each in one["evaluations"]] == [("test", 0), ("test-limit-4", 0)]


def test_health_is_what_doctor_says(studio, monkeypatch):
    monkeypatch.setattr("comicdata.cli.studio.health.examine", lambda folder: ({"cores": 2}, [f"{folder}: full"]))
    found = studio.json("GET", "/api/health").json()
    assert found == {"machine": {"cores": 2}, "problems": [f"{studio.folder}: full"]}


def test_only_rooms_with_something_in_them_are_in_the_navigation(flats_studio, studio):
    for one, rooms in ((flats_studio, {"colour", "health"}), (studio, {"colour", "runs", "health"})):
        page = one.client.get("/colour").text
        assert {room for room in ("colour", "pairs", "runs", "health") if f'href="/{room}"' in page} == rooms
        assert one.client.get("/pairs").status_code == 404
