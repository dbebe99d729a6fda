"""Killed at any write, the same command ends with the same bytes; what is lost between is found by verify."""

import json
import shutil

import numpy as np
import pytest
from watching import contents

from comicdata import files
from comicdata.cli.main import run
from comicdata.images import encode_png

OPTIONS = ("width=4", "discriminator_width=4", "depth=4", "crop=64", "save_every=4", "sample_every=4")
SMALL = ["--batch-size", "2", "--device", "cpu", *(word for one in OPTIONS for word in ("--set", one))]
COMMANDS = {
    "crawl": ["crawl", "in", "--out", "crawl", "--licence", "CC0-1.0", "-q"],
    "pairs": ["make-pairs", "crawl", "--out", "pairs", "--layout", "single", "--workers", "1", "-q"],
    "run": ["train", "pix2pix", "--pairs", "pairs", "--run", "run", "--images", "6", *SMALL, "-q"],
    "out": ["panels", "in/toon/e1", "--out", "out", "--layout", "single", "-q"],
    "shards": ["export", "pairs", "--to", "kohya", "--out", "shards", "-q"],
}
NEEDS = {"crawl": ["in"], "pairs": ["crawl"], "run": ["pairs"], "out": ["in"], "shards": ["pairs"]}


class Killed(BaseException):
    """Nothing catches it, as nothing catches SIGKILL."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Every folder as one undisturbed command after the other leaves it."""
    place = tmp_path_factory.mktemp("whole")
    noise = np.random.default_rng(5).integers(0, 256, (4, 300, 300, 3), dtype=np.uint8)
    for number, picture in enumerate(noise):
        path = place / "in" / "toon" / f"e{number // 2 + 1}" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_png(picture))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        for name, command in COMMANDS.items():
            assert run(command) == 0, name
    return place


def killing(patch, point, *, half):
    """Have the write number `point` be the last, before its rename: `half` leaves its temporary file."""
    counter = iter(range(10**6))

    def dying(function):
        def write(self, target):
            if next(counter) == point:
                if not half:
                    self.unlink()
                raise Killed
            return function(self, target)

        return write

    patch.setattr("pathlib.Path.replace", dying(type(files.Path()).replace))


def same(folder):
    """All but locks and the times of a crawl."""
    found = {name: data for name, data in contents(folder).items() if not name.endswith(".lock")}
    for name in found:
        if name.endswith("episode.json"):
            found[name] = {key: one for key, one in json.loads(found[name]).items() if key != "fetched_at"}
    return found


@pytest.mark.parametrize("name", COMMANDS)
def test_killed_at_any_write_the_same_command_ends_with_the_same_bytes(name, whole, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for need in NEEDS[name]:
        shutil.copytree(whole / need, tmp_path / need)
    expected, point, step = same(whole / name), 0, 5 if name == "pairs" else 3 if name == "shards" else 1
    while True:
        with monkeypatch.context() as patch:
            killing(patch, point, half=point % 2 == 0)
            try:
                run(COMMANDS[name])
                break
            except Killed:
                pass
        assert run(COMMANDS[name]) == 0
        assert same(tmp_path / name) == expected, point
        shutil.rmtree(tmp_path / name)
        point += step
    assert point > 3


@pytest.mark.parametrize("name", COMMANDS)
def test_what_a_command_leaves_is_as_recorded(name, whole):
    assert run(["verify", str(whole / name), "-q"]) == 0


def flipped(data, at):
    return data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :]


@pytest.mark.parametrize("name", COMMANDS)
def test_verify_finds_a_flipped_bit_and_a_lost_file(name, whole, tmp_path, capsys):
    out = tmp_path / name
    shutil.copytree(whole / name, out)
    names = sorted(one for one in contents(out) if not one.endswith(".lock"))
    kinds = {(one.rpartition(".")[2], one.count("/"), one.rpartition("/")[2][:4]): one for one in names}
    for one in [*kinds.values()][:20]:
        data = (out / one).read_bytes()
        for at in (len(data) // 3, len(data) // 2, len(data) - 3):
            if b"fetched_at" in data[max(0, at - 45) : at]:
                continue
            (out / one).write_bytes(flipped(data, at))
            assert run(["verify", str(out), "--json", "-q"]) == 6, (one, at)
            assert one in json.loads(capsys.readouterr().out)["changed"], (one, at)
        (out / one).write_bytes(data)
    assert run(["verify", str(out), "-q"]) == 0


def test_a_lost_line_of_a_part_is_found_and_made_again(whole, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in ("crawl", "pairs"):
        shutil.copytree(whole / name, name)
    expected = contents(tmp_path / "pairs")
    part = tmp_path / "pairs/parts/local/toon/e1.jsonl"
    lines = part.read_bytes().splitlines(keepends=True)
    for left in (lines[:-1], lines[:1], lines[:1] + lines[2:]):
        part.write_bytes(b"".join(left))
        assert run(["verify", "pairs", "--json", "-q"]) == 6
        assert json.loads(capsys.readouterr().out)["changed"] == ["parts/local/toon/e1.jsonl"]
        assert run(COMMANDS["pairs"]) == 0 and contents(tmp_path / "pairs") == expected


def test_a_line_of_excluded_that_names_no_pair_is_said(whole, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in ("crawl", "pairs"):
        shutil.copytree(whole / name, name)
    (tmp_path / "pairs/excluded.jsonl").write_text('{"id": "w0000000000000000"}\n')
    assert run(COMMANDS["pairs"]) == 0 and "no pair is called w0000000000000000" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["notes.txt", "card (1).json", "mine/README.md"])
def test_a_file_of_a_person_beside_pairs_is_nobodys_business(name, whole, tmp_path):
    shutil.copytree(whole / "pairs", tmp_path / "pairs")
    (tmp_path / "pairs" / name).parent.mkdir(exist_ok=True)
    (tmp_path / "pairs" / name).write_text("mine")
    assert run(["verify", str(tmp_path / "pairs"), "-q"]) == 0


def test_what_delete_leaves(tmp_path):
    root, digest = tmp_path / "root", files.sha256_bytes(b"ours")
    (root / "in").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    for path in (root / "ours", root / "in" / "ours", tmp_path / "elsewhere" / "ours", tmp_path / "outside"):
        path.write_bytes(b"ours")
    (root / "changed").write_bytes(b"theirs")
    (root / "link").symlink_to(tmp_path / "outside")
    (root / "linked").symlink_to(tmp_path / "elsewhere")
    for name in ("changed", "link", "linked/ours", "../outside", "in"):
        assert not files.delete(root, root / name, digest) and (root / name).exists(), name
    for name in ("ours", "in/ours", "never-there"):
        assert files.delete(root, root / name, digest) and not (root / name).exists()
    files.remove_if_empty(root, root / "linked")
    files.remove_if_empty(root, root / "in")
    assert (root / "linked").is_symlink() and not (root / "in").exists()
