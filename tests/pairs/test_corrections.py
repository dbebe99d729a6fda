"""Corrected boxes in pairs: they change the pairs of their panel alone, survive, and never spoil what is there."""

import json
import shutil

import numpy as np
import pytest
from watching import contents

from comicdata.cli.main import run
from comicdata.crawl import crawl, open_sources
from comicdata.drawn import cut_slices, draw_episode
from comicdata.drawn.pages import draw_page
from comicdata.errors import UsageError
from comicdata.files import read_jsonl
from comicdata.forget import forget_in_pairs
from comicdata.images import encode_png, read_image
from comicdata.pairs import make_pairs, manifest
from comicdata.pairs.verify import verify_pairs
from comicdata.panels.splitter import SPLITTER
from comicdata.records import PairOptions

OPTIONS = PairOptions(test_episodes="2")
STRIP, PAGES = "local/toon/e01", "local/toon/e02"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A crawl of a strip of slices and of two pages, the files that `panels` writes of it, and its pairs."""
    root = tmp_path_factory.mktemp("corrections")
    episodes = {
        "e01": cut_slices(draw_episode(5, 1, panels=3).strip, 1),
        "e02": [draw_page("grid", seed).image for seed in (300, 301)],
    }
    for name, pictures in episodes.items():
        (root / "toon" / name).mkdir(parents=True)
        for number, picture in enumerate(pictures, 1):
            (root / "toon" / name / f"{number}.png").write_bytes(encode_png(picture))
    (source,) = open_sources(str(root / "toon"))
    assert [record.status for record, _ in crawl(source, root / "crawl", source.episodes())] == ["ok"] * 2
    boxes = str(root / "boxes")
    assert run(["panels", str(root / "crawl"), "--out", boxes, "--to", "json", "--to", "acbf", "--to", "guided"]) == 0
    make_pairs(root / "crawl", root / "pairs", OPTIONS, workers=1)
    return root


@pytest.fixture
def pairs(place, tmp_path):
    """A copy of the pairs, to be changed."""
    return shutil.copytree(place / "pairs", tmp_path / "pairs")


def document(place):
    (path,) = (place / "boxes").glob("*.panels.json")
    return json.loads(path.read_text())


def edited(tmp_path, place, change):
    """The document with one change by `change(pages by name)`."""
    value = document(place)
    change({page["input"].rpartition("crawl/")[2]: page["panels"] for page in value["strips"]})
    path = tmp_path / "edited.json"
    path.write_text(json.dumps(value))
    return path


def facts(out):
    """Rows and pictures of all panels by episode and box, without what may shift."""
    found = {}
    for row in manifest.read_rows(out):
        values = {name: one for name, one in manifest.values_of(row).items() if name != "panel_index"}
        files = {path.relative_to(out): path.read_bytes() for path in manifest.files_of(out, row)}
        found.setdefault((row.episode_id, row.panel_box), []).append((values, files))
    return found


def test_an_unchanged_file_changes_nothing(place, pairs, tmp_path):
    before = contents(pairs)
    path = edited(tmp_path, place, lambda pages: None)
    assert make_pairs(place / "crawl", pairs, OPTIONS, panels=[path]).episodes_new == 0
    assert contents(pairs) == before


@pytest.mark.parametrize("page", [f"{PAGES}/0001.png", STRIP])
def test_a_corrected_box_changes_the_pairs_of_its_panel_alone(place, pairs, tmp_path, page):
    before, old, new = facts(pairs), [], []

    def change(pages):
        box = pages[page][1]["box"]
        old.append(tuple(box))
        box[1] += 30
        new.append(tuple(box))

    path = edited(tmp_path, place, change)
    assert make_pairs(place / "crawl", pairs, OPTIONS, panels=[path]).episodes_new == 1
    after = facts(pairs)
    episode = page.split("/")[2]
    gone, come = (episode, old[0]), (episode, new[0])
    assert {*before} - {*after} == {gone} and {*after} - {*before} == {come}
    assert {key: one for key, one in after.items() if key != come} == {k: v for k, v in before.items() if k != gone}
    assert {values["split_confidence"] for values, _ in after[come]} == {1.0}
    lines = read_jsonl(pairs / "panels.jsonl")
    assert [line["input"] for line in lines] == [page]
    made = contents(pairs)
    for panels in ([], [path]):  # it survives, and giving it again changes nothing
        assert make_pairs(place / "crawl", pairs, OPTIONS, panels=panels).episodes_new == 0
        assert contents(pairs) == made
    fresh = tmp_path / "fresh"
    make_pairs(place / "crawl", fresh, OPTIONS, panels=[path])
    assert facts(fresh) == after
    (pairs / "panels.jsonl").write_text("")  # what a person takes out again is as it was
    make_pairs(place / "crawl", pairs, OPTIONS)
    assert facts(pairs) == before


def test_a_panel_that_is_added_and_one_that_is_taken_away_shift_the_others_alone(place, pairs, tmp_path):
    before = facts(pairs)

    def change(pages):
        panels = pages[f"{PAGES}/0002.png"]
        x0, y0, x1, y1 = panels[0]["box"]
        middle = (x0 + x1) // 2
        panels[0:1] = [{"box": [x0, y0, middle, y1]}, {"box": [middle, y0, x1, y1]}]
        del pages[STRIP][0]

    make_pairs(place / "crawl", pairs, OPTIONS, panels=[edited(tmp_path, place, change)])
    after = facts(pairs)
    assert len({*before} - {*after}) == 2 and len({*after} - {*before}) == 2
    assert all(after[key] == before[key] for key in before.keys() & after.keys())
    indices = [row.panel_index for row in manifest.read_rows(pairs) if row.episode_id == "e01"]
    assert min(indices) == 0


def test_the_cut_pixels_of_a_corrected_strip_are_those_of_the_box(place, pairs, tmp_path):
    def change(pages):
        x0, y0, x1, _ = pages[STRIP][0]["box"]
        pages[STRIP][0]["box"] = [x0, y0, x1, y0 + x1 - x0]  # a square: one window of all of it

    make_pairs(place / "crawl", pairs, OPTIONS, panels=[edited(tmp_path, place, change)])
    row = next(row for row in manifest.read_rows(pairs) if row.episode_id == "e01" and row.panel_index == 0)
    slices = sorted((place / "crawl" / STRIP).glob("*.png"))
    strip = np.concatenate([read_image(path) for path in slices])
    from comicdata.images import resize

    x0, y0, x1, y1 = row.panel_box
    expected = resize(np.ascontiguousarray(strip[y0:y1, x0:x1]), 256, 256)
    assert (read_image(manifest.file_of(pairs, row, "color")) == expected).all()


@pytest.mark.parametrize("suffix", [".acbf", ".guided.json"])
def test_files_of_readers_that_nobody_changed_change_no_window(place, pairs, suffix):
    before = facts(pairs)
    files = sorted((place / "boxes").glob(f"*{suffix}"))
    assert len(files) == 2
    make_pairs(place / "crawl", pairs, OPTIONS, panels=files)
    assert facts(pairs) == before


def outside(pages):
    pages[f"{PAGES}/0001.png"][0]["box"][2] = 5000


def flat(pages):
    box = pages[f"{PAGES}/0001.png"][0]["box"]
    box[2] = box[0]


def twice(pages):
    pages[f"{PAGES}/0001.png"].append(pages[f"{PAGES}/0001.png"][0])


@pytest.mark.parametrize(
    ("change", "words"), [(outside, "reaches out of the page"), (flat, "x0 < x1"), (twice, "one panel twice")]
)
def test_bad_edits_are_one_line_and_the_pairs_are_untouched(place, pairs, tmp_path, change, words, capsys):
    before = contents(pairs)
    path = edited(tmp_path, place, change)
    capsys.readouterr()
    command = ["make-pairs", str(place / "crawl"), "--out", str(pairs), "--test-episodes", "2", "--panels", str(path)]
    assert run(command) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line and contents(pairs) == before


def test_pages_that_are_not_there_or_of_another_size_are_one_line(place, pairs, tmp_path):
    before = contents(pairs)
    page = {"input": f"{PAGES}/0001.png", "width": 7, "height": 7, "panels": [{"box": [0, 0, 5, 5]}]}
    for line, words in [(page, "was 7x7"), ({**page, "input": "x.png"}, "no page 'x.png'"), ("{", "not valid JSON")]:
        (tmp_path / "f").write_text(line if isinstance(line, str) else json.dumps(line))
        with pytest.raises(UsageError, match=words):
            make_pairs(place / "crawl", pairs, OPTIONS, panels=[tmp_path / "f"])
        assert contents(pairs) == before


def test_a_line_of_the_overlay_whose_page_is_gone_is_a_word_and_no_more(place, pairs, caplog):
    before = facts(pairs)
    lines = [{"input": "local/toon/e09", "width": 5, "height": 5, "panels": []},
             {"input": f"{PAGES}/0001.png", "width": 5, "height": 5, "panels": []}]  # fmt: skip
    (pairs / "panels.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert make_pairs(place / "crawl", pairs, OPTIONS).episodes_new == 0
    assert "no page 'local/toon/e09' any more" in caplog.text and "another size now" in caplog.text
    assert facts(pairs) == before and len(read_jsonl(pairs / "panels.jsonl")) == 2
    assert verify_pairs(pairs)["changed"] == []
    (pairs / "panels.jsonl").write_text("{\n")
    assert verify_pairs(pairs)["changed"] == ["panels.jsonl"]


def test_a_line_of_the_overlay_needs_no_size(place, pairs, caplog):
    page = next(page for page in document(place)["strips"] if page["input"].endswith(f"{PAGES}/0001.png"))
    box = page["panels"][0]["box"]
    line = {"input": f"{PAGES}/0001.png", "panels": [{"box": box}]}
    (pairs / "panels.jsonl").write_text(json.dumps(line) + "\n")
    assert make_pairs(place / "crawl", pairs, OPTIONS).corrected == 1 and caplog.text == ""
    rows = [row for row in manifest.read_rows(pairs) if row.source_files == ("0001.png",) and row.layout == "page"]
    assert {row.panel_box for row in rows} == {tuple(box)}
    (pairs / "panels.jsonl").write_text(json.dumps({**line, "panels": [{"box": [0, 0, 99999, 9]}]}) + "\n")
    with pytest.raises(UsageError, match="reaches out of the page"):
        make_pairs(place / "crawl", pairs, OPTIONS)


def test_a_file_that_says_nothing_new_is_told_and_what_was_corrected_stays(place, pairs, tmp_path, capsys):
    def narrower(pages):
        pages[f"{PAGES}/0001.png"][0]["box"][2] -= 9

    command = ["make-pairs", str(place / "crawl"), "--out", str(pairs), "--test-episodes", "2", "--workers", "1"]
    assert run([*command, "--panels", str(edited(tmp_path, place, narrower))]) == 0
    assert "nothing in it" not in capsys.readouterr().err
    overlay = (pairs / "panels.jsonl").read_bytes()
    for more in ([], ["--dry-run"]):
        assert run([*command, "--panels", str(edited(tmp_path, place, lambda pages: None)), *more]) == 0
        words = capsys.readouterr().err
        assert (
            words.count("nothing in it was changed") == 1 and words.count(f"before: {PAGES}/0001.png; to go back") == 1
        )
        assert (pairs / "panels.jsonl").read_bytes() == overlay


def test_takedown_takes_the_lines_of_the_series(place, pairs):
    (pairs / "panels.jsonl").write_text(
        '{"input": "local/toon/e02/0001.png", "width": 5, "height": 5, "panels": []}\n'
        '{"input": "local/toonist/e02/0001.png", "width": 5, "height": 5, "panels": []}\n'
    )
    forget_in_pairs(pairs, ("local", "toon"))
    assert [line["input"] for line in read_jsonl(pairs / "panels.jsonl")] == ["local/toonist/e02/0001.png"]


def test_episodes_of_an_older_splitter_are_cut_again_with_a_word(place, pairs, capsys):
    before = contents(pairs)
    for part in pairs.glob("parts/*/*/*.jsonl"):
        header, *rows = read_jsonl(part)  # as version 0.1.0 wrote them
        older = [
            {"key": "of 0.1.0", "failures": []},
            *({k: v for k, v in row.items() if k != "splitter"} for row in rows),
        ]
        part.write_text("".join(json.dumps(line) + "\n" for line in older))
        assert header["splitter"] == SPLITTER and {row["splitter"] for row in rows} == {SPLITTER}
    command = ["make-pairs", str(place / "crawl"), "--out", str(pairs), "--test-episodes", "2", "--workers", "1"]
    assert run([*command, "--dry-run"]) == 0
    assert "2 episodes were cut by splitter 1: to be cut again" in capsys.readouterr().err
    assert run(command) == 0
    assert "2 episodes were cut by splitter 1: cut again" in capsys.readouterr().err and contents(pairs) == before
    assert run(command) == 0
    assert "cut again" not in capsys.readouterr().err


def test_a_newer_splitter_cuts_again(place, pairs, monkeypatch):
    for module in ("task", "make", "episode"):
        monkeypatch.setattr(f"comicdata.pairs.{module}.SPLITTER", SPLITTER + 1)
    assert make_pairs(place / "crawl", pairs, OPTIONS).cut_again == {SPLITTER: 2}
    assert {row.splitter for row in manifest.read_rows(pairs)} == {SPLITTER + 1}
