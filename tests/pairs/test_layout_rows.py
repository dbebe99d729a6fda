"""What a manifest says of the layout: in every row, in one line where it is doubtful, nothing in older manifests."""

import json

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest

from comicdata.cli.main import run
from comicdata.crawl import crawl, open_sources
from comicdata.drawn import cut_slices, draw_episode
from comicdata.files import read_json, read_jsonl
from comicdata.images import encode_png
from comicdata.pairs import make_pairs, manifest
from comicdata.records import PairOptions

OPTIONS = PairOptions(test_episodes="2")
COLUMNS = ["layout", "layout_evidence", "splitter"]


def art(height, width, seed):
    small = np.random.default_rng(seed).integers(30, 226, (height // 20, width // 20, 3), dtype=np.uint8)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A crawl of a strip, of pages, of single pictures, and of two pictures that may be either."""
    root = tmp_path_factory.mktemp("layouts")
    strip = draw_episode(5, 1, panels=3).strip
    white = np.full((60, 400, 3), 255, np.uint8)
    episodes = {
        "e01": cut_slices(strip, 1),
        "e02": [art(620, 420, seed) for seed in range(3)],
        "e03": [art(400, 400, seed) for seed in range(3, 6)],
        "e04": [np.concatenate([art(300, 400, 7), white]), np.concatenate([white, white, art(420, 400, 8)])],
    }
    for name, pictures in episodes.items():
        (root / "toon" / name).mkdir(parents=True)
        for number, picture in enumerate(pictures, 1):
            (root / "toon" / name / f"{number}.png").write_bytes(encode_png(picture))
    (source,) = open_sources(str(root / "toon"))
    assert [record.status for record, _ in crawl(source, root / "crawl", source.episodes())] == ["ok"] * 4
    return root


@pytest.fixture(scope="module")
def made(place):
    return place / "pairs", make_pairs(place / "crawl", place / "pairs", OPTIONS, workers=1)


def test_every_row_says_its_layout_and_why(made):
    rows = manifest.read_rows(made[0])
    said = {(row.episode_id, row.layout) for row in rows}
    assert said >= {("e01", "strip"), ("e02", "page"), ("e03", "single")} and len(said) == 4
    for row in rows:
        assert row.layout_evidence.startswith(f"{row.layout}: ")
    words = {row.episode_id: row.layout_evidence for row in rows}
    assert "art goes on across" in words["e01"] and "art breaks off at 2 of 2 borders" in words["e02"]
    columns = manifest.read_manifest(made[0]).columns.tolist()
    at = columns.index("split_confidence")
    assert columns[at : at + 5] == ["split_confidence", *COLUMNS, "dhash"]
    (line, *_) = read_jsonl(made[0] / "256" / "train" / "metadata.jsonl")
    assert line["layout"] and line["layout_evidence"]


def test_a_layout_that_was_named_is_not_measured(place, tmp_path):
    options = PairOptions(layout="page", test_episodes="2")
    summary = make_pairs(place / "crawl", tmp_path / "pairs", options, workers=1)
    rows = manifest.read_rows(tmp_path / "pairs")
    assert summary.doubts == [] and {row.layout_evidence for row in rows} == {"page: as asked for"}
    assert all(len(row.source_files) == 1 for row in rows)


def test_doubt_is_one_line_every_time_and_only_where_it_is_due(place, made, capsys):
    (doubt,) = made[1].doubts
    assert doubt.startswith("local/toon/e04: taken for ") and doubt.endswith(" overrules it")
    for _ in range(2):  # the second run makes nothing
        assert run(["make-pairs", str(place / "crawl"), "--out", str(made[0]), "--test-episodes", "2", "--json"]) == 0
        output = capsys.readouterr()
        assert output.err.count("thin evidence") == 1 and json.loads(output.out)["doubts"] == [doubt]


def test_a_manifest_of_version_0_1_0_reads_and_has_the_hash_that_it_had(made, tmp_path):
    path, rows = tmp_path / manifest.MANIFEST, manifest.read_rows(made[0])
    pq.write_table(pq.read_table(made[0] / manifest.MANIFEST).drop_columns(COLUMNS), path, write_page_checksum=True)
    older = manifest.read_rows(tmp_path)
    assert [row.id for row in older] == [row.id for row in rows]
    assert {(row.layout, row.layout_evidence) for row in older} == {("", "")}
    assert manifest.read_manifest(tmp_path).columns.tolist() == manifest.read_manifest(made[0]).columns.tolist()
    assert manifest.data_hash(tmp_path) == manifest.data_hash(made[0])
    assert manifest.rows_hash(older) == read_json(made[0] / "card.json")["rows_sha256"]


def test_a_part_without_the_columns_is_made_anew_to_the_same_bytes(place, made):
    part = made[0] / "parts" / "local" / "toon" / "e01.jsonl"
    before = part.read_bytes()
    header, *rows = read_jsonl(part)
    older = [{name: value for name, value in row.items() if name not in COLUMNS} for row in rows]
    lines = [{"key": "of version 0.1.0", "failures": header["failures"]}, *older]
    part.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert make_pairs(place / "crawl", made[0], OPTIONS, workers=1).episodes_new == 1
    assert part.read_bytes() == before
    assert manifest.row_from_json(older[0], "here").layout == ""
