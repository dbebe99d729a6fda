"""A manifest may say anything: what would lead out of its folder is neither read nor written, by any command."""

import json
from dataclasses import replace

import numpy as np
import pytest
from watching import contents

from comicdata.cli.main import run
from comicdata.errors import IntegrityError
from comicdata.files import write_atomic
from comicdata.images import encode_png
from comicdata.pairs.manifest import MANIFEST, _parquet_bytes, file_of, read_rows, row_from_json, values_of


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    place = tmp_path_factory.mktemp("names")
    random = np.random.default_rng(5)
    for number in (1, 2):
        path = place / "in" / f"e{number}" / "1.png"
        path.parent.mkdir(parents=True)
        path.write_bytes(encode_png(random.integers(0, 256, (300, 300, 3), dtype=np.uint8)))
    assert run(["crawl", str(place / "in"), "--out", str(place / "crawl"), "-q"]) == 0
    make = ["make-pairs", str(place / "crawl"), "--layout", "single", "--split-by", "episode", "--workers", "1", "-q"]
    assert run([*make, "--test-episodes", "2", "--out", str(place / "pairs")]) == 0
    return place


HOSTILE = {
    "split": ["../../outside", "/tmp", "a\0b", "train:x", "", "con", "Train/.."],
    "id": ["../../../x", "/etc/passwd", "..", "w\n1", "lpt1.png", "a/b"],
    "color_file_name": ["../../../secret.png", "/etc/passwd", "color//x.png", "color\\..\\x.png", "", "C:/x.png"],
    "canny_file_name": ["./x.png", "canny/nul.png", "canny/x.png ", "c" * 300],
    "series_id": ["..", "a/b", "\u202ex", "x\x1b[2J"],
    "source_files": [("../../x.png",), ("/dev/zero",)],
    "outlines": [(("../x", "x/y.png", "0" * 64),), (("ok", "/etc/passwd", "0" * 64),)],
}


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, values in HOSTILE.items() for value in values])
def test_a_row_that_leads_elsewhere_is_refused_by_name(field, value, made, tmp_path):
    rows = read_rows(made / "pairs")
    row = replace(rows[0], **{field: value})
    with pytest.raises(IntegrityError, match="leads elsewhere"):
        row_from_json(values_of(row), "part:1")
    write_atomic(tmp_path / MANIFEST, _parquet_bytes([*rows[1:], row]))
    with pytest.raises(IntegrityError, match=MANIFEST):
        read_rows(tmp_path)


@pytest.mark.parametrize("field", ["split", "id", "color_file_name"])
def test_no_command_follows_it(field, made, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pairs").mkdir()
    rows = [replace(row, **{field: "../../out/x.png"}) for row in read_rows(made / "pairs")]
    write_atomic(tmp_path / "pairs" / MANIFEST, _parquet_bytes(rows))
    write_atomic(tmp_path / "out" / "x.png", b"somebody's own")
    before = contents(tmp_path)
    commands = [
        *(["export", "pairs", "--to", to, "--out", "exported"] for to in ("webdataset", "kohya", "croissant")),
        ["show", "pairs", "--out", "page.html"],
        ["verify", "pairs"],
        ["forget", "in", "--pairs", "pairs", "--yes"],
    ]
    for words in commands:
        assert run(words) == 6, words
        error = capsys.readouterr().err
        found = "changed: manifest.parquet" in error if words[0] == "verify" else "leads elsewhere" in error
        assert found and (words[0] == "verify" or error.count("\n") == 1)
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    "changes",
    [
        {"split": "validation"},
        {"id": "p0001", "color_file_name": "color/p0001.webp"},
        {"color_file_name": "color/무지개/x y (2).png", "series_id": "무지개-1"},
        {"outlines": (("anime", "anime/ab/w1.png", "0" * 64),)},
        {"kept": False, "id": "", "split": "train", "color_file_name": "", "drop_reason": "small"},
    ],
)
def test_ordinary_names_are_read(changes, made):
    row = replace(read_rows(made / "pairs")[0], **changes)
    again = row_from_json(json.loads(json.dumps(values_of(row))), "part:1")
    assert again == row
    if row.kept:
        assert file_of(made, row, "color") == made / str(row.size) / row.split / row.color_file_name
