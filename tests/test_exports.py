"""Exports hold what was kept and nothing that is gone, stay the same bytes, and open in the programs they are for."""

import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tomllib
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image
from watching import contents, damage

from comicdata.cli.main import run
from comicdata.exports import ExportOptions, export, plan_export
from comicdata.files import write_atomic, write_jsonl
from comicdata.images import encode_png, read_image
from comicdata.pairs.manifest import file_of, read_rows

TARGETS = ("webdataset", "kohya", "croissant")
CREDIT = "A. <b>Author</b> | friends"
MAKE = ["--layout", "single", "--workers", "1", "--size", "256", "--size", "512", "--test-episodes", "2", "-q"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Pairs of two series of noise at two sizes, with a joined outline; read only."""
    place = tmp_path_factory.mktemp("exports")
    random = np.random.default_rng(2)
    for series in ("gone", "stays"):
        for episode, page in ((1, 1), (1, 2), (2, 1)):
            path = place / "in" / series / f"e{episode}" / f"{page}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode_png(random.integers(0, 256, (540, 540, 3), dtype=np.uint8)))
    facts = ["--licence", "CC-BY-4.0", "--attribution", CREDIT, "-q"]
    assert run(["crawl", str(place / "in"), "--out", str(place / "crawl"), *facts]) == 0
    make = ["make-pairs", str(place / "crawl"), "--out", str(place / "pairs"), *MAKE]
    assert run(make) == 0
    (place / "made").mkdir()
    for row in read_rows(place / "pairs"):
        grey = read_image(file_of(place / "pairs", row, "color"))[..., 1]
        (place / "made" / f"{row.id}.png").write_bytes(encode_png(grey))
    assert run([*make, "--outline", f"anime={place / 'made'}"]) == 0
    return place


@pytest.fixture(scope="module")
def pairs(made):
    return made / "pairs"


@pytest.fixture
def own(pairs, tmp_path):
    """Pairs that a test may change."""
    return shutil.copytree(pairs, tmp_path / "pairs")


def usable(pairs):
    return {row.id: row for row in read_rows(pairs) if row.kept and not row.excluded}


def ran(pairs, out, to, *options):
    assert run(["export", str(pairs), "--to", to, "--out", str(out), "-q", *options]) == 0
    return out


def times(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file() and path.name != ".lock"}


def samples(folder):
    """Every sample of every shard, by (size-split, id): {member suffix: bytes}."""
    found = {}
    for path in sorted(folder.glob("*.tar")):
        with tarfile.open(path) as tar:
            for member in tar.getmembers():
                key, suffix = member.name.split(".", 1)
                found.setdefault((path.name.rsplit("-", 1)[0], key), {})[suffix] = tar.extractfile(member).read()
    return found


def everything(folder):
    """All that an export says or is called, as bytes: file names, members of shards, texts."""
    shards = [f"{key}{facts['json']}".encode() for key, facts in samples(folder).items()]
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".tar", ".png")]
    return b"".join([*(str(path).encode() for path in folder.rglob("*")), *shards, *(p.read_bytes() for p in files)])


def test_webdataset_holds_pictures_and_facts(pairs, tmp_path):
    out = ran(pairs, tmp_path / "out", "webdataset")
    rows = usable(pairs)
    found = samples(out)
    assert set(found) == {(f"{row.size}-{row.split}", row.id) for row in rows.values()} and len(rows) == 12
    for (_, identifier), sample in found.items():
        row = rows[identifier]
        assert set(sample) == {"color.png", "canny.png", "xdog.png", "anime.png", "json"}
        for kind in ("color", "canny", "xdog", "anime"):
            assert sample[f"{kind}.png"] == file_of(pairs, row, kind).read_bytes()
        facts = json.loads(sample["json"])
        assert (facts["licence"], facts["attribution"], facts["panel_box"]) == (
            "CC-BY-4.0",
            CREDIT,
            list(row.panel_box),
        )
        assert facts["sha256_anime"] == hashlib.sha256(sample["anime.png"]).hexdigest()


def test_shards_stay_below_their_limit_and_carry_no_time_and_no_owner(pairs, tmp_path):
    out = ran(pairs, tmp_path / "out", "webdataset", "--shard-mb", "1")
    shards = sorted(out.glob("256-train-*.tar"))
    assert [path.name for path in shards] == [f"256-train-{number:06d}.tar" for number in range(len(shards))]
    names = []
    for path in out.glob("*.tar"):
        with tarfile.open(path) as tar:
            members = tar.getmembers()
        assert path.stat().st_size <= 1_000_000 + 10_240 or len(members) == 5
        assert {(one.mtime, one.uid, one.gid, one.uname, one.mode) for one in members} == {(0, 0, 0, "", 0o644)}
        names += [member.name.split(".")[0] for member in members[::5]] if path in shards else []
    assert sorted(names) == sorted(row.id for row in usable(pairs).values() if (row.size, row.split) == (256, "train"))
    assert len(shards) > 1 and all(a.stat().st_size + b.stat().st_size > 1_000_000 for a, b in pairwise(shards))


def test_progress_says_how_much_is_left(pairs, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("comicdata.cli.progress.PLAIN_LINE_EVERY_S", 1e-9)
    assert run(["export", str(pairs), "--to", "kohya", "--out", str(tmp_path / "out")]) == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("export to kohya: ")]
    files = sum(path.name not in ("export.json", ".lock") for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert f"export to kohya: {files}/{files} files" in lines[-1] and all(" s left" in line for line in lines)


@pytest.mark.parametrize("to", TARGETS)
def test_two_exports_are_equal_and_a_second_run_writes_no_byte(to, pairs, tmp_path, capsys):
    ran(pairs, tmp_path / "a", to)
    ran(pairs, tmp_path / "b", to)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    before = times(tmp_path / "a")
    capsys.readouterr()
    assert run(["export", str(pairs), "--to", to, "--out", str(tmp_path / "a"), "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["written"] == 0 and "nothing new to do" in captured.err
    assert times(tmp_path / "a") == before


class Killed(BaseException):
    """What no code catches."""


@pytest.mark.parametrize("point", [1, 2, 4, 9, -1])
@pytest.mark.parametrize("to", TARGETS)
def test_killed_it_goes_on_to_the_same_bytes_and_forgets_none_of_its_files(to, point, own, tmp_path, monkeypatch):
    """At the point'th write: the first is export.json itself. A row is taken out before it goes on."""
    job = plan_export(own, ExportOptions(to=to, shard_mb=1))
    last = export(job, tmp_path / "whole").written + 2
    count = 0

    def write(path, data, **options):
        nonlocal count
        count += 1
        if count == (point if point > 0 else last):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.with_name(f"{path.name}.1.comicdata-tmp").write_bytes(data[: len(data) // 2])
            raise Killed
        write_atomic(path, data, **options)

    monkeypatch.setattr("comicdata.exports.folder.write_atomic", write)
    with pytest.raises(Killed):
        export(job, tmp_path / "out")
    monkeypatch.setattr("comicdata.exports.folder.write_atomic", write_atomic)
    shutil.copytree(tmp_path / "out", tmp_path / "same")
    export(job, tmp_path / "same")
    assert contents(tmp_path / "same") == contents(tmp_path / "whole")
    victim = min(job.rows, key=lambda row: row.id)
    write_jsonl(own / "excluded.jsonl", [{"id": victim.id, "reason": "ugly"}])
    without = plan_export(own, ExportOptions(to=to, shard_mb=1))
    export(without, tmp_path / "out")
    export(without, tmp_path / "fresh")
    assert contents(tmp_path / "out") == contents(tmp_path / "fresh") and victim.id.encode() not in everything(
        tmp_path / "out"
    )


KILLED = """
import os, signal, sys
from comicdata.cli.main import run
from comicdata.exports import folder
write, count = folder.write_atomic, 0
def killing(path, data, **options):
    global count
    count += 1
    if count == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    write(path, data, **options)
folder.write_atomic = killing
run(sys.argv[1:])
"""


@pytest.mark.skipif(os.name == "nt", reason="needs signals")
def test_a_process_that_is_really_killed(pairs, tmp_path):
    command = ["export", str(pairs), "--to", "kohya", "--out", str(tmp_path / "out"), "-q"]
    ended = subprocess.run([sys.executable, "-c", KILLED, *command], cwd=tmp_path)
    assert ended.returncode == -signal.SIGKILL
    assert run(["verify", str(tmp_path / "out"), "-q"]) == 6  # it does not pass for a whole one
    assert run(command) == 0 and run(["verify", str(tmp_path / "out"), "-q"]) == 0
    assert contents(tmp_path / "out") == contents(ran(pairs, tmp_path / "whole", "kohya"))


@pytest.mark.parametrize("to", TARGETS)
def test_what_a_person_takes_out_leaves_the_export_at_once(to, own, tmp_path):
    out = ran(own, tmp_path / "out", to)
    victim = next(row for row in usable(own).values() if row.split == "train")
    assert victim.id.encode() in everything(out)
    write_jsonl(own / "excluded.jsonl", [{"id": victim.id, "reason": "ugly"}])
    ran(own, out, to)
    assert victim.id.encode() not in everything(out) and run(["verify", str(out), "-q"]) == 0
    assert contents(out) == contents(ran(own, tmp_path / "fresh", to))


@pytest.mark.parametrize("to", TARGETS)
def test_a_series_that_is_forgotten_leaves_the_export(to, own, tmp_path):
    out = ran(own, tmp_path / "out", to)
    gone = [row for row in usable(own).values() if row.series_id == "gone"]
    assert len(gone) == 6 and b"gone" in everything(out)
    assert run(["forget", "local/gone", "--pairs", str(own), "--yes", "-q"]) == 0
    ran(own, out, to)
    left = everything(out)
    assert not [row.id for row in gone if row.id.encode() in left] and b"gone" not in left
    assert contents(out) == contents(ran(own, tmp_path / "fresh", to))
    assert run(["verify", str(out), "-q"]) == 0


@pytest.mark.parametrize("to", TARGETS)
def test_when_all_is_forgotten_the_export_is_emptied_by_the_same_command_only(to, own, tmp_path, capsys):
    out = ran(own, tmp_path / "out", to, "--size", "256")
    before = contents(out)
    for series in ("gone", "stays"):
        assert run(["forget", f"local/{series}", "--pairs", str(own), "--yes", "-q"]) == 0
    assert run(["export", str(own), "--to", to, "--out", str(out)]) == 2 and contents(out) == before
    assert run(["export", str(own), "--to", to, "--out", str(tmp_path / "new")]) == 2
    ran(own, out, to, "--size", "256", "--dry-run")
    assert contents(out) == before
    capsys.readouterr()
    ran(own, out, to, "--size", "256")
    assert "no pair to export" in capsys.readouterr().err
    assert set(contents(out)) == {"export.json"} and [path.name for path in out.iterdir() if path.is_dir()] == []


def test_files_of_others_stay(own, tmp_path):
    out = ran(own, tmp_path / "out", "kohya")
    victim = next(row for row in usable(own).values() if row.split == "train")
    place = out / str(victim.size) / "train" / "image"
    cache = place / f"{victim.id}_0256x0256_sd.npz"
    for path in (cache, out / "notes.txt"):
        path.write_bytes(b"mine")
    write_jsonl(own / "excluded.jsonl", [{"id": victim.id, "reason": ""}])
    ran(own, out, "kohya")
    assert cache.exists() and (out / "notes.txt").exists() and not (place / f"{victim.id}.png").exists()


@pytest.mark.parametrize("to", ["webdataset", "kohya", "croissant"])
def test_a_picture_that_no_export_wrote_is_an_orphan_and_a_cache_is_none(to, pairs, tmp_path, capsys):
    out = ran(pairs, tmp_path / "out", to)
    for name in ("cache.npz", "notes.txt.bak", "deep/model.pt"):
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).write_bytes(b"mine")
    assert run(["verify", str(out), "-q"]) == 0
    for name in ("mine.png", "deep/mine.JPG"):
        (out / name).write_bytes(b"mine")
    capsys.readouterr()
    assert run(["verify", str(out), "--json", "-q"]) == 6
    assert json.loads(capsys.readouterr().out)["orphans"] == ["deep/mine.JPG", "mine.png"]
    ran(pairs, out, to)
    assert (out / "mine.png").read_bytes() == b"mine"


def test_kohya(pairs, tmp_path):
    out = ran(pairs, tmp_path / "out", "kohya", "--caption", "{series_id}, part of\n {episode_id}")
    rows = usable(pairs)
    for kind in ("canny", "xdog", "anime"):
        tables = tomllib.loads((out / f"controlnet_{kind}.toml").read_text())["datasets"]
        assert [table["resolution"] for table in tables] == [256, 512]
        for table in tables:
            (subset,) = table["subsets"]
            train = {row.id for row in rows.values() if (row.size, row.split) == (table["resolution"], "train")}
            assert {path.stem for path in (out / subset["conditioning_data_dir"]).iterdir()} == train
            images = list((out / subset["image_dir"]).glob("*.png"))
            assert {path.stem for path in images} == train
            for path in images:
                row = rows[path.stem]
                outline = out / subset["conditioning_data_dir"] / path.name
                assert path.read_bytes() == file_of(pairs, row, "color").read_bytes()
                assert outline.read_bytes() == file_of(pairs, row, kind).read_bytes()
                caption = path.with_suffix(subset["caption_extension"]).read_text()
                assert caption == f"{row.series_id}, part of {row.episode_id}\n"
    plain = tomllib.loads((out / "images.toml").read_text())["datasets"]
    assert not [table for table in plain if "conditioning_data_dir" in table["subsets"][0]]
    held_out = [row.id for row in rows.values() if (row.size, row.split) == (256, "test")]
    assert sorted(path.stem for path in (out / "256" / "test" / "image").glob("*.png")) == sorted(held_out)
    facts = [json.loads(line) for line in (out / "256" / "test" / "facts.jsonl").read_text().splitlines()]
    assert [(one["id"], one["attribution"]) for one in facts] == [(one, CREDIT) for one in sorted(held_out)]


def test_chosen_sizes_and_outlines(pairs, tmp_path):
    out = ran(pairs, tmp_path / "out", "webdataset", "--size", "512", "--outline", "anime")
    found = samples(out)
    assert {group for group, _ in found} == {"512-train", "512-test"}
    for sample in found.values():
        assert set(sample) == {"color.png", "anime.png", "json"}
        assert not {"sha256_canny", "sha256_xdog"} & set(json.loads(sample["json"]))
    ran(pairs, out, "webdataset", "--size", "512", "--outline", "canny")  # the same shards with other members
    assert {name for sample in samples(out).values() for name in sample} == {"color.png", "canny.png", "json"}
    out = ran(pairs, tmp_path / "folders", "kohya", "--outline", "anime", "--outline", "xdog")
    assert {path.name for path in out.glob("*.toml")} == {
        "images.toml",
        "controlnet_anime.toml",
        "controlnet_xdog.toml",
    }
    assert {path.name for path in (out / "512" / "train").iterdir()} == {"image", "anime", "xdog", "facts.jsonl"}


def test_an_outline_that_some_pairs_lack(made, tmp_path, capsys):
    shutil.copytree(made / "pairs", tmp_path / "pairs")
    shutil.copytree(made / "made", tmp_path / "made")
    lacking = sorted(usable(made / "pairs"))[0]
    (tmp_path / "made" / f"{lacking}.png").unlink()
    make = ["make-pairs", str(made / "crawl"), "--out", str(tmp_path / "pairs"), *MAKE]
    assert run([*make, "--outline", f"anime={tmp_path / 'made'}"]) == 3
    capsys.readouterr()
    out = ran(tmp_path / "pairs", tmp_path / "all", "webdataset")
    assert "anime: 1 pairs lack it" in capsys.readouterr().err
    assert len(samples(out)) == 12 and not any("anime.png" in sample for sample in samples(out).values())
    out = ran(tmp_path / "pairs", tmp_path / "some", "webdataset", "--outline", "anime")
    assert {key for _, key in samples(out)} == {*usable(made / "pairs")} - {lacking}


@pytest.mark.parametrize("to", TARGETS)
def test_readmes_carry_licence_and_credit(to, pairs, tmp_path):
    text = (ran(pairs, tmp_path / "out", to) / "README.md").read_text()
    assert text.startswith('---\nlicense:\n- "cc-by-4.0"\n')
    for series in ("gone", "stays"):
        assert f"| local | {series} | CC-BY-4.0 | A. &lt;b>Author&lt;/b> \\| friends | 6 |" in text
    assert "https://creativecommons.org/licenses/by/4.0/" in text


@pytest.mark.parametrize("to", TARGETS)
def test_verify_finds_what_happened(to, pairs, tmp_path, capsys):
    out = ran(pairs, tmp_path / "out", to, "--shard-mb", "1")
    assert run(["verify", str(out), "-q"]) == 0
    pictures = [path for path in out.rglob("*") if path.suffix in (".png", ".tar")]
    one, two, *_ = sorted(pictures)
    one.unlink()
    damage(two)
    stray = two.with_name(f"stray{two.suffix}")
    stray.write_bytes(b"")
    capsys.readouterr()
    assert run(["verify", str(out), "--json", "-q"]) == 6
    found = json.loads(capsys.readouterr().out)
    assert found.pop("checked") == len(contents(out)) - 1 + 1  # without the stray, with the missing one
    assert "export command" in found.pop("cures")[0]
    names = {"missing": one, "changed": two, "orphans": stray}
    assert found == {name: [path.relative_to(out).as_posix()] for name, path in names.items()}
    two.unlink()
    ran(pairs, out, to, "--shard-mb", "1")
    stray.unlink()
    assert run(["verify", str(out), "-q"]) == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere", "--to", "kohya", "--out", "x"], "no manifest.parquet here"),
        (["pairs", "--to", "kohya", "--out", "pairs"], "lies inside the pairs"),
        (["pairs", "--to", "croissant", "--out", "pairs/deep"], "lies inside the pairs"),
        (["pairs", "--to", "zip", "--out", "x"], "'zip' is not one of"),
        (["pairs", "--to", "kohya", "--out", "x", "--caption", "{serie}"], "no field {serie}; there are {source}"),
        (["small", "--to", "kohya", "--out", "x", "--size", "512"], "no pairs of size 512; there are 256"),
        (
            ["pairs", "--to", "kohya", "--out", "x", "--outline", "mix"],
            "no outline 'mix'; there are canny, xdog,",
        ),
        (["pairs", "--to", "kohya", "--out", "x", "--outline", "color"], "no outline 'color'"),
        (["pairs", "--to", "kohya", "--out", "full"], "is not empty and holds no export"),
        (["pairs", "--to", "kohya", "--out", "full/file"], "is a file"),
        (["pairs", "--to", "croissant", "--out", "x", "--published", "today"], "%Y-%m-%d"),
        (["empty", "--to", "kohya", "--out", "x"], "no pair to export"),
    ],
)
def test_mistakes_are_one_line_and_write_nothing(pairs, tmp_path, monkeypatch, arguments, words, capsys):
    from comicdata.pairs.manifest import write_manifest

    monkeypatch.chdir(tmp_path)
    shutil.copytree(pairs, "pairs")
    rows = read_rows(pairs)
    write_manifest(tmp_path / "small", [row for row in rows if row.size == 256])
    write_manifest(tmp_path / "empty", rows)
    write_jsonl(tmp_path / "empty" / "excluded.jsonl", [{"id": row.id} for row in rows])
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("mine")
    before = contents(tmp_path)
    assert run(["export", *arguments]) == 2
    captured = capsys.readouterr().err
    assert words in captured and ("Usage:" in captured or len(captured.strip().splitlines()) == 1)
    assert contents(tmp_path) == before


def test_a_folder_keeps_to_one_kind_of_export(pairs, tmp_path, capsys):
    out = ran(pairs, tmp_path / "out", "webdataset")
    assert run(["export", str(pairs), "--to", "kohya", "--out", str(out)]) == 2
    assert "holds an export to webdataset" in capsys.readouterr().err


@pytest.mark.parametrize(
    "ledger",
    [
        {"to": "kohya", "files": {"../precious.txt": {"key": "x", "sha256": "x", "bytes": 4}}},
        {"to": "kohya", "files": {"image/../../precious.txt": {"key": "x", "sha256": "x", "bytes": 4}}},
        {"to": "kohya", "files": {"link/precious.txt": {"key": "x", "sha256": "x", "bytes": 4}}},
        {"to": "kohya", "files": {"a.txt": {}}},
        {"to": "kohya"},
        [],
    ],
)
def test_a_record_that_was_tampered_with_deletes_nothing(ledger, pairs, tmp_path, capsys):
    (tmp_path / "precious.txt").write_text("keep")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "link").symlink_to(tmp_path)
    (tmp_path / "out" / "export.json").write_text(json.dumps(ledger))
    assert run(["export", str(pairs), "--to", "kohya", "--out", str(tmp_path / "out")]) == 6
    assert "export again" in capsys.readouterr().err and (tmp_path / "precious.txt").read_text() == "keep"


@pytest.mark.parametrize("damage", ["cut", "missing"])
@pytest.mark.parametrize("to", TARGETS)
def test_a_damaged_picture_is_named_and_not_exported(to, damage, own, tmp_path, capsys):
    row = next(iter(usable(own).values()))
    path = file_of(own, row, "anime")
    data = path.read_bytes()[:-20]
    path.unlink()
    if damage == "cut":
        path.write_bytes(data)
    assert run(["export", str(own), "--to", to, "--out", str(tmp_path / "out"), "-q"]) == 6
    assert row.id in capsys.readouterr().err
    assert not [path for path in (tmp_path / "out").rglob("*anime*/**/*") if row.id in path.name]


def test_dry_run_counts_and_writes_nothing(pairs, tmp_path, capsys):
    command = ["export", str(pairs), "--to", "croissant", "--out", str(tmp_path / "out"), "--json", "-q"]
    assert run([*command, "--dry-run"]) == 0 and not (tmp_path / "out").exists()
    planned = json.loads(capsys.readouterr().out)
    assert run(command) == 0
    done = json.loads(capsys.readouterr().out)
    assert planned["written"] == planned["files"] == done["written"] == len(contents(tmp_path / "out")) - 1
    assert done["pairs"] == 12 and done["splits"] == {"256/test": 2, "256/train": 4, "512/test": 2, "512/train": 4}


def test_croissant_states_the_hashes_of_its_files(pairs, tmp_path):
    options = ["--url", "https://example.org/pairs", "--name", "toons", "--published", "2026-02-03"]
    out = ran(pairs, tmp_path / "out", "croissant", *options)
    document = json.loads((out / "croissant.json").read_text())
    assert (document["name"], document["url"], document["datePublished"]) == (
        "toons",
        "https://example.org/pairs",
        "2026-02-03",
    )
    assert document["license"] == ["https://creativecommons.org/licenses/by/4.0/"]
    files = {one["contentUrl"]: one for one in document["distribution"] if one["@type"] == "cr:FileObject"}
    assert set(files) == {f"{size}/{split}/metadata.jsonl" for size in (256, 512) for split in ("train", "test")}
    for name, one in files.items():
        data = (out / name).read_bytes()
        assert one["sha256"] == hashlib.sha256(data).hexdigest() and one["contentSize"] == f"{len(data)} B"


@pytest.mark.filterwarnings("ignore")
def test_colour_pictures_that_are_jpeg(made, tmp_path):
    source = tmp_path / "pairs"
    make = ["make-pairs", str(made / "crawl"), "--out", str(source), "--layout", "single", "--workers", "1", "-q"]
    assert run([*make, "--color-format", "jpeg"]) == 0
    rows = usable(source)
    for (_, key), sample in samples(ran(source, tmp_path / "w", "webdataset")).items():
        assert sample["color.jpg"] == file_of(source, rows[key], "color").read_bytes() and "color.png" not in sample
    images = list(ran(source, tmp_path / "k", "kohya").rglob("image/*.jpg"))
    assert {path.stem for path in images} == set(rows) and all(path.with_suffix(".txt").exists() for path in images)
    out = ran(source, tmp_path / "c", "croissant")
    sets = {one["@id"]: one for one in json.loads((out / "croissant.json").read_text())["distribution"]}
    colour = sets["color-256-files"]
    assert colour["encodingFormat"] == "image/jpeg"
    assert {path.stem for path in out.glob(colour["includes"])} == set(rows)
    mlcroissant = pytest.importorskip("mlcroissant")
    seen = list(mlcroissant.Dataset(out / "croissant.json").records("color-256"))
    assert {record["color-256/id"].decode() for record in seen} == set(rows)


@pytest.mark.filterwarnings("ignore")  # its dependencies use each other's deprecated names
def test_mlcroissant_finds_no_fault_and_reads_rows_and_pictures(pairs, tmp_path):
    mlcroissant = pytest.importorskip("mlcroissant")
    out = ran(pairs, tmp_path / "out", "croissant", "--url", "https://example.org/pairs", "--published", "2026-02-03")
    dataset = mlcroissant.Dataset(out / "croissant.json")
    issues = dataset.metadata.ctx.issues
    assert not issues.errors and not issues.warnings
    for size in (256, 512):
        rows = {row.id: row for row in usable(pairs).values() if row.size == size}
        records = {record[f"pairs-{size}/id"].decode(): record for record in dataset.records(f"pairs-{size}")}
        assert set(records) == set(rows)
        for identifier, record in records.items():
            assert record[f"pairs-{size}/split"].decode() == rows[identifier].split
            assert list(record[f"pairs-{size}/panel_box"]) == list(rows[identifier].panel_box)
            assert record[f"pairs-{size}/saturation"] == pytest.approx(rows[identifier].saturation)
        for kind in ("color", "canny", "xdog", "anime"):
            name = f"{kind}-{size}"
            seen = {record[f"{name}/id"].decode(): record for record in dataset.records(name)}
            assert set(seen) == set(rows)
            for identifier, record in seen.items():
                expected = read_image(file_of(pairs, rows[identifier], kind))
                assert (np.asarray(record[f"{name}/{kind}"].convert("RGB")) == expected).all()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # webdataset leaves files open
def test_the_webdataset_library_reads_the_shards(pairs, tmp_path):
    webdataset = pytest.importorskip("webdataset")
    out = ran(pairs, tmp_path / "out", "webdataset", "--shard-mb", "1")
    rows = {row.id: row for row in usable(pairs).values() if (row.size, row.split) == (512, "train")}
    shards = [str(path) for path in sorted(out.glob("512-train-*.tar"))]
    seen = list(webdataset.WebDataset(shards, shardshuffle=False).decode("rgb8"))
    assert [sample["__key__"] for sample in seen] == sorted(rows)
    for sample in seen:
        data = file_of(pairs, rows[sample["__key__"]], "color").read_bytes()
        assert (sample["color.png"] == np.asarray(Image.open(io.BytesIO(data)))).all()
        assert sample["anime.png"].shape == (512, 512, 3) and sample["json"]["id"] == sample["__key__"]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("to", ["webdataset", "croissant"])
def test_datasets_opens_the_folder_by_its_readme(to, pairs, tmp_path):
    datasets = pytest.importorskip("datasets")
    out = ran(pairs, tmp_path / "out", to)
    loaded = datasets.load_dataset(str(out), "256", cache_dir=str(tmp_path / "cache"))
    assert {split: len(rows) for split, rows in loaded.items()} == {"train": 4, "test": 2}
    rows = usable(pairs)
    for record in loaded["train"]:
        row = rows[record["__key__" if to == "webdataset" else "id"]]
        picture = record["color.png" if to == "webdataset" else "color"]
        assert (np.asarray(picture.convert("RGB")) == read_image(file_of(pairs, row, "color"))).all()
