"""`panels --score` and `--reading-order` at the command line: figures, the JSON document, and bad truth files."""

import json

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
