"""Odd settings, environments, records and standard streams at the command line: one clear line, never "a bug"."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from comicdata.cli.main import run
from comicdata.images import encode_png

PROGRAM = [sys.executable, "-c", "from comicdata.cli.main import main; main()"]


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """Pairs of one episode of two pictures, and the crawl that they are made from."""
    place = tmp_path_factory.mktemp("odd")
    random = np.random.default_rng(3)
    for number in (1, 2):
        path = place / "toon" / "e1" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_png(random.integers(0, 256, (300, 300, 3), dtype=np.uint8)))
    assert run(["crawl", str(place / "toon"), "--out", str(place / "crawl"), "-q"]) == 0
    command = ["make-pairs", str(place / "crawl"), "--out", str(place / "pairs"), "--workers", "1", "-q"]
    assert run(command) == 0
    return place


def said(capsys):
    error = capsys.readouterr().err.strip()
    assert "Traceback" not in error and "a bug" not in error, error
    return error


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("train = 5", "[train] is no command"),
        ("[train]\nimages = 'x'", "'x' is not a valid integer"),
        ("[train]\nimages = []", "images: one value is expected"),
        ("[train]\nimages = {a = 1}", "[train] images: a text, a number"),
        ("[train]\nimages = 1979-05-27", "[train] images: a text, a number"),
        ("[train]\nimages = 1e30", "images: a whole number"),
        ("[train]\nimages = inf", "images: no number"),
        ("[train]\nimages = " + "9" * 5000, "TOML"),
        ("[train]\nsize = 256.5", "size"),
        ("[train]\nimages = 2.5", "[train] images: a whole number is expected, not 2.5"),
        ("[train]\nimages = true", "[train] images: true and false are for"),
        ("[train]\nsettings = [[1]]", "[train] settings: a text"),
        ("[train]\nsettings = 'lr=0.1'", "[train] settings: a list is expected"),
        ("[train]\nset = 5", "[train] set: a list is expected"),
        ("[train]\nsets = ['lr=0.1']", "no setting 'sets'"),
        ("[train]\nvgg-weights = 'a\0b'", "TOML"),
        ('[train]\nvgg-weights = "a\\u0000b"', "[train] vgg-weights: a text"),
        ("[train]\nline-jitter = true", "line-jitter: true and false"),
        ("[train]\nhints = 'perhaps'", "perhaps"),
        ("a = " + "[" * 100_000, "nested more than 100 deep"),
        ("[trian]", "did you mean 'train'?"),
    ],
)
def test_settings_of_wrong_types_are_one_line(text, words, pairs, tmp_path, capsys):
    path = tmp_path / "s.toml"
    path.write_text(text, encoding="utf-8")
    command = ["train", "pix2pix", "--pairs", str(pairs / "pairs"), "--run", str(tmp_path / "run"), "--dry-run"]
    status = run([*command, "--config", str(path)])
    error = said(capsys)
    assert status == 2 and error.count("\n") == 0
    assert words in error


def test_settings_that_people_write_are_taken(pairs, tmp_path, capsys):
    path = tmp_path / "s.toml"
    path.write_text(
        "# mine\n[train]\nimages = 1_600 # few\nsettings = ['lr=0.001', 'width=32']\n"
        "hints = true\nline-jitter = 1\nsize = 256\n"
    )
    command = ["train", "pix2pix", "--pairs", str(pairs / "pairs"), "--run", str(tmp_path / "run"), "--dry-run"]
    assert run([*command, "--config", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["images"] == 1600


@pytest.mark.parametrize(("value", "status"), [("x", 2), ("²", 2), ("", 2), ("-1", 2), ("1", 0), ("0", 0)])
def test_a_rank_that_is_no_number_is_said_where_torchrun_matters(value, status, pairs, tmp_path, monkeypatch, capsys):
    command = ["train", "pix2pix", "--pairs", str(pairs / "pairs"), "--run", str(tmp_path / "run"), "--dry-run"]
    monkeypatch.setenv("RANK", value)
    assert run(command) == 0  # of somebody else's: nothing of ours looks at it
    for name in ("TORCHELASTIC_RUN_ID", "LOCAL_RANK", "WORLD_SIZE", "MASTER_PORT"):
        monkeypatch.setenv(name, "1")
    said(capsys)
    assert run(command) == status
    assert ("RANK=" in said(capsys)) == (status == 2)


def test_a_line_that_excludes_nothing_is_said_and_one_that_does_is_not(pairs, capsys):
    folder, path = pairs / "pairs", pairs / "pairs" / "excluded.jsonl"
    part = next((folder / "parts").rglob("*.jsonl")).read_text().splitlines()
    path.write_text(f'{{"id": "{json.loads(part[1])["id"]}", "reason": "x"}}\n{{"id": "w0000", "reason": "a slip"}}\n')
    command = ["make-pairs", str(pairs / "crawl"), "--out", str(folder), "--workers", "1", "--json"]
    assert run(command) == 0
    output = capsys.readouterr()
    assert json.loads(output.out)["excluded"] == 1
    assert "excluded.jsonl:2: no row has the id 'w0000'" in output.err and "excluded.jsonl:1" not in output.err
    path.write_text('{"id": 5}\n')
    assert run(command) == 6
    assert "excluded.jsonl:1: id: a text is expected, not 5" in said(capsys)
    path.unlink()


@pytest.mark.parametrize(
    "data", ["[" * 100_000, "[]", '{"key": "x"}', '{"key": NaN}', '{"key": "KEY", "failures": [{}]}']
)
def test_a_damaged_part_is_made_again(data, pairs, capsys):
    folder = pairs / "pairs"
    part = next((folder / "parts").rglob("*.jsonl"))
    before = part.read_bytes()
    part.write_text(data.replace("KEY", json.loads(before.splitlines()[0])["key"]))
    assert run(["make-pairs", str(pairs / "crawl"), "--out", str(folder), "--workers", "1"]) == 0
    assert part.read_bytes() == before
    said(capsys)


@pytest.mark.parametrize("data", ["[" * 100_000, "[]", '{"rows_sha256": []}', "null", '{"rows_sha256": 1e400}'])
def test_a_damaged_card_is_a_changed_file_for_verify(data, pairs, capsys):
    card = pairs / "pairs" / "card.json"
    before = card.read_bytes()
    card.write_text(data)
    assert run(["verify", str(pairs / "pairs")]) == 6
    assert "changed: card.json" in said(capsys)
    card.write_bytes(before)
    assert run(["verify", str(pairs / "pairs")]) == 0


def started(*arguments, **options):
    return subprocess.run([*PROGRAM, *map(str, arguments)], text=True, timeout=120, **options)


def test_standard_streams_that_are_closed_or_full_end_in_one_line(pairs):
    picture = pairs / "toon" / "e1" / "1.png"
    done = started("panels", picture, "--json", stderr=subprocess.PIPE, preexec_fn=lambda: os.close(1))
    assert (done.returncode, done.stderr.strip()) == (2, "comicdata: --json: standard output is closed")
    done = started("forget", "toon", "--crawl", pairs / "crawl", stderr=subprocess.PIPE, preexec_fn=lambda: os.close(0))
    assert done.returncode == 2 and "say --yes" in done.stderr
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = started("panels", picture, "--json", stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 8 and "no room left" in done.stderr and "Traceback" not in done.stderr
    env = {**os.environ, "COLUMNS": "²", "LINES": "x"}
    done = started("verify", pairs / "crawl", "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
    assert done.returncode == 0 and json.loads(done.stdout)["checked"] > 0


def test_nobody_reads_on(pairs):
    changed = shutil.copytree(pairs / "crawl", pairs / "changed")
    next(changed.rglob("0001.png")).write_bytes(b"damage")
    for arguments, status in (
        (["--help"], 0),
        (["panels", str(pairs / "toon" / "e1" / "1.png"), "--json"], 0),
        (["verify", str(pairs / "crawl"), "--json"], 0),
        (["verify", str(changed), "--json"], 6),  # what was found counts, whoever reads it
    ):
        with subprocess.Popen([*PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as one:
            one.stdout.close()
            error = one.stderr.read()
        assert one.returncode == status and "Traceback" not in error and "a bug" not in error and "ignored" not in error


@pytest.mark.parametrize(
    "url", ["http://[", "https://[::1", "HTTP://]/", "http://a.example:99999/", "http://a.example:x/"]
)
def test_a_source_that_is_no_address_is_said(url, tmp_path, capsys):
    assert run(["crawl", url, "--out", str(tmp_path / "out")]) == 2
    assert "not a valid address" in said(capsys) and not (tmp_path / "out").exists()


def test_show_takes_no_file_for_a_crawl(pairs, tmp_path, capsys):
    (tmp_path / "note.txt").write_text("x")
    (tmp_path / "empty").mkdir()
    show = ["show", str(pairs / "pairs"), "--out", str(tmp_path / "page.html"), "--crawl"]
    for odd in ("note.txt", "empty", "nowhere"):
        assert run([*show, str(tmp_path / odd)]) == 2 and "no crawl" in said(capsys)
    assert run([*show, str(pairs / "crawl")]) == 0
