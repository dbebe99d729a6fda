"""Exports hold what was kept, and open in the programs they are for."""

import io
import json
import tarfile
import tomllib

import numpy as np
import pytest

from comicdata.cli.main import run
from comicdata.files import sha256_bytes, write_jsonl
from comicdata.images import encode_png, read_image
from comicdata.manifests import file_of, read_rows


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Pairs of two episodes of noise at two sizes, one row excluded."""
    place = tmp_path_factory.mktemp("exports")
    random = np.random.default_rng(2)
    for episode in (1, 2):
        for page in (1, 2, 3):
            path = place / "in" / f"e{episode}" / f"{page}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode_png(random.integers(0, 256, (600, 600, 3), dtype=np.uint8)))
    assert run(["crawl", str(place / "in"), "--out", str(place / "crawl"), "--licence", "CC0-1.0", "-q"]) == 0
    make = ["make-pairs", str(place / "crawl"), "--out", str(place / "pairs"), "--layout", "single", "--workers", "1"]
    make += ["--size", "256", "--size", "512", "--test-episodes", "2", "-q"]
    assert run(make) == 0
    first = next(row for row in read_rows(place / "pairs") if row.kept)
    write_jsonl(place / "pairs" / "excluded.jsonl", [{"id": first.id, "reason": "ugly"}])
    assert run(make) == 0
    return place


def rows_of(place):
    return [row for row in read_rows(place / "pairs") if row.kept and not row.excluded]


def export(place, target, *options):
    out = place / target
    assert run(["export", str(place / "pairs"), "--to", target, "--out", str(out), "-q", *options]) == 0
    return out


def tree(folder):
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("target", ["webdataset", "kohya", "croissant"])
def test_a_second_export_writes_no_byte(place, target):
    before = tree(export(place, target))
    assert tree(export(place, target)) == before


def test_webdataset(place):
    out = export(place, "webdataset", "--shard-mb", "1")
    index = json.loads((out / "shards.json").read_text())
    assert sum(one["pairs"] for one in index) == len(rows_of(place)) == 11
    assert len(index) > 4  # 512 x 512 pixels of noise are 0.8 MB: two of them fill a shard
    found = {}
    for one in index:
        data = (out / one["file"]).read_bytes()
        assert sha256_bytes(data) == one["sha256"]
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            members = archive.getmembers()
            assert {(member.mtime, member.uid, member.gid) for member in members} == {(0, 0, 0)}
            found |= {member.name: archive.extractfile(member).read() for member in members}
    for row in rows_of(place):
        for kind in ("color", "canny", "xdog"):
            assert found[f"{row.id}.{kind}.png"] == file_of(place / "pairs", row, kind).read_bytes()
        assert json.loads(found[f"{row.id}.json"])["panel_id"] == row.panel_id


def test_webdataset_opens_its_shards(place):
    webdataset = pytest.importorskip("webdataset")
    out = export(place, "webdataset")
    shards = sorted(str(path) for path in out.glob("256-train-*.tar"))
    samples = list(webdataset.WebDataset(shards, shardshuffle=False).decode("rgb8"))
    rows = [row for row in rows_of(place) if (row.size, row.split) == (256, "train")]
    assert [sample["__key__"] for sample in samples] == [row.id for row in rows]
    assert (samples[0]["color.png"] == read_image(file_of(place / "pairs", rows[0], "color"))).all()


def test_kohya(place):
    out = export(place, "kohya", "--outline", "xdog", "--caption", "a panel")
    settings = tomllib.loads((out / "dataset.toml").read_text())
    assert [one["resolution"] for one in settings["datasets"]] == [256, 512]
    for one in settings["datasets"]:
        (subset,) = one["subsets"]
        images = sorted((out / subset["image_dir"]).glob("*.png"))
        assert [path.name for path in images] == sorted(
            p.name for p in (out / subset["conditioning_data_dir"]).iterdir()
        )
        assert {(path.with_suffix(".txt")).read_text() for path in images} == {"a panel\n"}
    row = next(row for row in rows_of(place) if row.split == "test")
    stored = out / str(row.size) / "test" / "conditioning" / f"{row.id}.png"
    assert stored.read_bytes() == file_of(place / "pairs", row, "xdog").read_bytes()


def test_croissant_is_valid(place):
    out = export(place, "croissant")
    document = json.loads((out / "croissant.json").read_text())
    assert document["license"] == ["CC0-1.0"]
    assert document["distribution"][0]["sha256"] == sha256_bytes((place / "pairs" / "manifest.parquet").read_bytes())
    mlcroissant = pytest.importorskip("mlcroissant")
    dataset = mlcroissant.Dataset(jsonld=out / "croissant.json")
    assert not dataset.metadata.issues.errors
    assert len(list(dataset.records("pairs"))) == len(read_rows(place / "pairs"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere", "--to", "kohya", "--out", "x"], "no manifest.parquet here"),
        (["PAIRS", "--to", "kohya", "--out", "PAIRS"], "is the pairs folder itself"),
        (["PAIRS", "--to", "zip", "--out", "x"], "'zip' is not one of"),
    ],
)
def test_mistakes(place, arguments, words, capsys):
    assert run(["export", *(one.replace("PAIRS", str(place / "pairs")) for one in arguments)]) == 2
    assert words in capsys.readouterr().err
