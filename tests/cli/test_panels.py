"""`panels --score` and `--reading-order` at the command line: figures, the JSON document, and bad truth files."""

import json

import cv2
import numpy as np
import pytest

from comicdata.cli.main import run
from comicdata.drawn.pages import draw_page
from comicdata.images import encode_png


@pytest.fixture
def page(tmp_path):
    drawn = draw_page("grid", 300)
    path = tmp_path / "page.png"
    path.write_bytes(encode_png(drawn.image))
    return path, [box.as_list() for box in drawn.boxes]


def truth_file(tmp_path, *lines):
    path = tmp_path / "truth.jsonl"
    path.write_text("".join(line + "\n" for line in lines))
    return str(path)


def line_of(boxes, name="page.png"):
    return json.dumps({"input": name, "panels": [{"box": box} for box in boxes]})


def test_score_of_all_panels_and_with_one_more_in_the_truth(page, tmp_path, capsys):
    path, boxes = page
    arguments = ["panels", str(path), "--layout", "page", "--json", "--score"]
    assert run([*arguments, truth_file(tmp_path, line_of(boxes))]) == 0
    score = json.loads(capsys.readouterr().out)["score"]
    assert score["iou"]["0.9"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0}
    assert (score["panels"], score["found"], score["cut_through"], score["merged"]) == (len(boxes), len(boxes), 0, 0)
    assert run([*arguments, truth_file(tmp_path, line_of([*boxes, [0, 0, 5, 5]]))]) == 0
    output = capsys.readouterr()
    assert json.loads(output.out)["score"]["iou"]["0.5"]["recall"] == pytest.approx(len(boxes) / (len(boxes) + 1))
    assert "recall" in output.err


def test_what_panels_prints_is_a_truth_file(page, tmp_path, capsys):
    path, _ = page
    assert run(["panels", str(path), "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)["strips"]
    assert run(["panels", str(path), "--json", "--score", truth_file(tmp_path, json.dumps(entry))]) == 0
    assert json.loads(capsys.readouterr().out)["score"]["iou"]["0.9"]["f1"] == 1


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "empty"),
        (["not json"], "truth.jsonl:1"),
        (['{"panels": []}'], "input"),
        (['{"input": "page.png", "panels": 3}'], "panels"),
        (['{"input": "page.png", "panels": [{"box": [5, 5, 1, 1]}]}'], "x0 < x1"),
        (['{"input": "page.png", "panels": [{"box": [0, 0, 0.5, 0.5]}]}'], "has no area"),
        (['{"input": "page.png", "panels": [{"box": [9.6, 0, 10.4, 90]}]}'], "has no area"),
        (['{"input": "page.png", "panels": [{}]}'], "None"),
        ([line_of([]), line_of([])], "truth.jsonl:2"),
        ([line_of([], "other.png")], "other.png"),
    ],
)
def test_bad_truth_files_are_one_line_and_status_2(page, tmp_path, capsys, lines, words):
    assert run(["panels", str(page[0]), "--score", truth_file(tmp_path, *lines)]) == 2
    error = capsys.readouterr().err
    assert words in error and "Traceback" not in error
    assert run(["panels", str(page[0]), "--score", str(tmp_path / "none.jsonl")]) == 2


def test_reading_order(page, capsys):
    found = {}
    for order in ("ltr", "rtl"):
        assert run(["panels", str(page[0]), "--json", "--reading-order", order]) == 0
        (entry,) = json.loads(capsys.readouterr().out)["strips"]
        found[order] = [panel["box"] for panel in entry["panels"]]
    assert found["ltr"] != found["rtl"] and sorted(found["ltr"]) == sorted(found["rtl"])


def test_the_layout_is_said_with_its_evidence_and_doubt_with_its_cure(tmp_path, capsys):
    rng = np.random.default_rng(3)
    paint = cv2.resize(rng.integers(30, 226, (30, 20, 3), dtype=np.uint8), (400, 600), interpolation=cv2.INTER_CUBIC)
    white = np.full((70, 400, 3), 255, np.uint8)
    slices = {
        "sure": [paint[:350], paint[350:]],
        "doubtful": [np.concatenate([paint[:300], white]), np.concatenate([white, white, paint[100:]])],
    }
    for name, pictures in slices.items():
        (tmp_path / name).mkdir()
        for number, picture in enumerate(pictures):
            (tmp_path / name / f"{number}.png").write_bytes(encode_png(picture))
    assert run(["panels", str(tmp_path / "sure"), "--json"]) == 0
    output = capsys.readouterr()
    (entry,) = json.loads(output.out)["strips"]
    assert entry["layout"] == "strip" and entry["layout_evidence"].startswith(
        "strip: art goes on across 1 of 1 borders"
    )
    assert entry["layout_confidence"] > 0.9 and "evidence" not in output.err
    assert run(["panels", str(tmp_path / "doubtful"), "--json"]) == 0
    output = capsys.readouterr()
    assert output.err.count("thin evidence") == 1 and "--layout page overrules it" in output.err
    assert run(["panels", str(tmp_path / "doubtful"), "--layout", "page", "--json"]) == 0
    output = capsys.readouterr()
    assert len(json.loads(output.out)["strips"]) == 2 and "evidence" not in output.err
