"""No command writes onto what it was given to read, or onto a file that it did not make: tried for each that writes."""

import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from watching import contents

from comicdata.cli.main import run
from comicdata.files import read_jsonl
from comicdata.images import encode_png, read_image
from comicdata.outputs import LIST, Outputs, Reads
from comicdata.outputs.marks import made_by
from comicdata.pairs.manifest import read_rows

MINE = b"somebody's own work"


def picture(path, seed=1, grey=False, size=(300, 300)):
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    if grey:
        noise = np.where(noise[..., 0] > 200, 0, 255).astype(np.uint8)
    path.write_bytes(encode_png(noise))
    return path


def write_run(folder):
    """A run that colours: the weights of an untrained network."""
    import torch

    from comicdata.models.networks.pix2pix import UNet
    from comicdata.models.runs.checkpoint import save_weights
    from comicdata.models.runs.folder import write_config
    from comicdata.models.runs.overrides import resolve_config
    from comicdata.models.runs.settings import options

    torch.manual_seed(1)
    config = resolve_config("pix2pix", "small", {"width": 4, "depth": 4, "size": 256, "crop": 64})
    header = {"config": options(config), "data_hash": "0", "images": 0}
    save_weights(folder / "weights.safetensors", UNet(config.network).state_dict(), header)
    write_config(folder, options(config), 0, "0")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A comic, line art of it, its crawl, its pairs, and a run."""
    place = tmp_path_factory.mktemp("made")
    for number in range(1, 5):
        picture(place / "comic" / f"e{number}" / "1.png", number)
        picture(place / "art" / f"{number}.png", number, grey=True, size=(40, 50))
    assert run(["crawl", str(place / "comic"), "--out", str(place / "crawl"), "-q"]) == 0
    make = ["make-pairs", str(place / "crawl"), "--layout", "single", "--split-by", "episode", "--workers", "1"]
    assert run([*make, "--test-episodes", "4", "--validation-episodes", "3", "--out", str(place / "pairs"), "-q"]) == 0
    write_run(place / "run")
    return place


@pytest.fixture
def place(made, tmp_path, monkeypatch):
    """A copy of all of it, as the current folder."""
    shutil.copytree(made, tmp_path / "place")
    monkeypatch.chdir(tmp_path / "place")
    return tmp_path / "place"


@dataclass(frozen=True)
class Case:
    """A command that writes: its words without the output, the option that says where, a file that it writes there, an
    input that is a folder, and one that is a file (of the name that is written, where there can be one).
    """

    words: Sequence[str]
    file: str
    folder_read: str
    option: str = "--out"
    retouched: int = 3  # the status when somebody changed that file

    def __call__(self, out, *more):
        return run([*self.words, self.option, str(out), *more])


MAKE = ["make-pairs", "crawl", "--layout", "single", "--split-by", "episode", "--workers", "1"]
TRAIN = ["train", "pix2pix", "--pairs", "pairs", "--images", "2", "--batch-size", "2", "--set", "width=4"]
CASES = {
    "crawl": Case(["crawl", "comic"], "index.jsonl", "comic", retouched=0),
    "panels": Case(["panels", "art", "--layout", "single"], "art_1.panels.jpg", "art"),
    "make-pairs": Case([*MAKE, "--test-episodes", "4", "--validation-episodes", "3"], "README.md", "crawl"),
    "train": Case([*TRAIN, "--set", "depth=4"], "config.json", "pairs", "--run"),
    "evaluate": Case(["evaluate", "run", "--pairs", "pairs", "--no-hints"], "test-no-hints.json", "run"),
    "colorize": Case(["colorize", "run", "art"], "1.png", "art"),
    "export": Case(["export", "pairs", "--to", "kohya"], "README.md", "pairs"),
}
each = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
FOREIGN = [one for name, one in CASES.items() if name != "export"]  # an export wants a folder of its own


@each
def test_a_folder_that_is_read_is_no_output(case, place, capsys):
    before = contents(place)
    for out in (case.folder_read, f"art/../{case.folder_read}", str(place / case.folder_read)):
        for more in ([], ["--dry-run"]):
            assert case(out, *more) == 2
            assert capsys.readouterr().err.strip().count("\n") == 0
    assert contents(place) == before


@each
def test_nor_is_a_link_to_it(case, place, capsys):
    (place / "link").symlink_to(place / case.folder_read)
    before = contents(place)
    assert case("link") == 2
    assert contents(place) == before
    assert "link" in capsys.readouterr().err


@each
def test_a_file_that_the_command_did_not_make_is_refused_before_any_work(case, place, capsys):
    (place / "out").mkdir()
    (place / "out" / case.file).write_bytes(MINE if case.file.endswith(("jsonl", "png", "jpg", "md")) else b'{"a": 1}')
    before = contents(place)
    for more in ([], ["--dry-run"]):
        assert case("out", *more) == 2
        error = capsys.readouterr().err.strip()
        assert error.count("\n") == 0 and "out" in error and "another" in error
    assert contents(place) == before


@pytest.mark.parametrize("case", FOREIGN, ids=[name for name in CASES if name != "export"])
@pytest.mark.parametrize("kind", ["to nothing", "to an input", "to a file elsewhere"])
def test_a_link_where_a_file_is_written_is_refused(case, kind, place):
    (place / "out").mkdir()
    elsewhere = {"to nothing": "nowhere", "to an input": "art/1.png", "to a file elsewhere": "notes.txt"}[kind]
    (place / "notes.txt").write_bytes(MINE)
    (place / "out" / case.file).symlink_to(place / elsewhere)
    before = contents(place)
    assert case("out") == 2
    assert contents(place) == before and (place / "out" / case.file).is_symlink()


@each
def test_the_same_command_again_writes_no_byte(case, place):
    assert case("out") == 0
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in place.rglob("*") if path.is_file()}
    assert case("out") == 0
    after = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in place.rglob("*") if path.is_file()}
    assert {path.name for path in before if before[path] != after[path]} <= {".lock"} and before.keys() == after.keys()


@each
def test_other_files_in_the_same_folder_are_no_error_and_stay(case, place):
    if "export" not in case.words:
        (place / "out" / "deeper").mkdir(parents=True)
        (place / "out" / "notes.txt").write_bytes(MINE)
        (place / "out" / "deeper" / "77.png").write_bytes(MINE)
    for _ in range(2):
        assert case("out") == 0
    if "export" not in case.words:
        assert (place / "out" / "notes.txt").read_bytes() == MINE == (place / "out" / "deeper" / "77.png").read_bytes()


@pytest.mark.parametrize("name", ["panels", "make-pairs", "evaluate", "colorize"])
def test_a_file_of_ours_that_somebody_changed_is_kept_and_named_and_the_rest_is_done(name, place, capsys):
    case = CASES[name]
    assert case("out") == 0
    others = [path for path in contents(place / "out") if path not in (case.file, LIST)]
    before = contents(place / "out")
    (place / "out" / case.file).write_bytes(MINE)
    gone = next(path for path in sorted(others) if Path(path).suffix in (".png", ".jpg"))
    (place / "out" / gone).unlink()
    capsys.readouterr()
    assert case("out") == 3
    assert f"out/{case.file}: changed since it was made" in capsys.readouterr().err
    after = contents(place / "out")
    assert after.pop(case.file) == MINE and {**before, **after, case.file: b""} == {**after, case.file: b""}
    if name in ("colorize", "make-pairs"):
        assert case.file in read_jsonl(place / "out" / "failures.jsonl")[0]["error"]
    (place / "out" / case.file).unlink()
    assert case("out") == 0
    assert {**contents(place / "out"), "failures.jsonl": b""} == {**before, "failures.jsonl": b""}


@pytest.mark.parametrize("name", ["panels", "evaluate", "colorize", "make-pairs"])
@pytest.mark.parametrize("point", ["before the list", "before the file", "after the file"])
def test_killed_between_the_list_and_a_file_the_same_command_completes(name, point, place, monkeypatch):
    case = CASES[name]
    assert case("whole") == 0
    module = "comicdata.outputs"
    from comicdata import outputs

    real = {"write_atomic": outputs.write_atomic, "write_json": outputs.write_json}
    function = "write_json" if point == "before the list" else "write_atomic"

    def killed(*words, **more):
        if point == "after the file":
            real[function](*words, **more)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(f"{module}.{function}", killed)
        assert case("out") == 130
    assert case("out") == 0
    assert contents(place / "out") == contents(place / "whole")


def test_killed_while_a_file_is_replaced_it_is_ours_still(tmp_path, monkeypatch):
    outputs = Outputs(tmp_path, "panels")
    outputs.write("1.png", b"first")
    with monkeypatch.context() as patch:
        patch.setattr("comicdata.outputs.write_atomic", lambda *words: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            outputs.write("1.png", b"second")
    assert (tmp_path / "1.png").read_bytes() == b"first"
    outputs.write("1.png", b"third")
    assert (tmp_path / "1.png").read_bytes() == b"third"
    assert "before" not in (tmp_path / LIST).read_text()


def test_an_output_folder_inside_an_input_is_skipped_there_and_read_when_named(place, capsys):
    assert run(["colorize", "run", "art", "--out", "art/coloured", "-q"]) == 0
    for _ in range(2):
        assert run(["colorize", "run", "art", "--out", "art/coloured", "--json"]) == 0
        captured = capsys.readouterr()
        assert [one["input"] for one in json.loads(captured.out)["outputs"]] == ["1.png", "2.png", "3.png", "4.png"]
        assert "art/coloured: left out" in captured.err
    assert run(["panels", "art/coloured", "--json"]) == 0
    captured = capsys.readouterr()
    assert "left out" not in captured.err and json.loads(captured.out)["strips"]


def test_a_crawl_skips_what_lies_in_its_source(place, capsys):
    whole = contents(place / "crawl")
    assert run(["panels", "comic", "--out", "comic/overlays", "-q"]) == 0
    for _ in range(2):
        assert run(["crawl", "comic", "--out", "comic/crawl"]) == 0
        assert "comic/overlays: left out" in capsys.readouterr().err
    assert contents(place / "comic" / "crawl").keys() == whole.keys()


def test_pairs_and_coloured_pages_inside_a_crawl_are_no_orphans_of_it(place):
    assert run([*CASES["make-pairs"].words, "--out", "crawl/pairs", "-q"]) == 0
    assert run(["colorize", "run", "art", "--out", "crawl/coloured", "-q"]) == 0
    assert run(["crawl", "comic", "--out", "crawl", "-q"]) == run(["verify", "crawl", "-q"]) == 0
    assert run([*CASES["make-pairs"].words, "--out", "crawl/pairs", "-q"]) == 0


def test_folders_that_only_look_like_ours_are_read(place, capsys):
    """A library with the series.json of another program, a config.json, an export.json."""
    picture(place / "library" / "publisher" / "series" / "1" / "1.png")
    (place / "library" / "publisher" / "series" / "series.json").write_text('{"metadata": {"name": "x"}}')
    (place / "library" / "config.json").write_text('{"theme": "dark"}')
    (place / "library" / "export.json").write_text('{"files": 3}')
    assert run(["crawl", ".", "--out", "../elsewhere", "--json", "-q"]) == 0
    captured = capsys.readouterr()
    assert "library" in {one["series_id"] for one in json.loads(captured.out)["series"]} | {"library"}
    assert "library: left out" not in captured.err and list(Path("../elsewhere").rglob("publisher*"))


@pytest.mark.parametrize("how", ["the file", "a link", "a hard link", "the way round"])
def test_an_output_that_is_the_input_file(how, place, capsys):
    out = "art"
    if how != "the file" and how != "the way round":
        (place / "out").mkdir()
        (os.link if how == "a hard link" else os.symlink)(place / "art" / "1.png", place / "out" / "1.png")
        out = "out"
    elif how == "the way round":
        out = "run/../art"
    before = contents(place)
    assert run(["colorize", "run", "art/1.png", "--out", out]) == 2
    assert "is a file that is read" in capsys.readouterr().err
    assert contents(place) == before


def test_an_output_of_ours_that_is_now_an_input(place, capsys):
    assert run(["colorize", "run", "art/1.png", "--out", "out", "-q"]) == 0
    assert run(["colorize", "run", "out/1.png", "--out", "out", "--recolor"]) == 2
    assert run(["colorize", "run", "out", "--out", "out", "--recolor"]) == 2


def test_a_picture_of_another_name_beside_the_input_is_no_harm(place):
    (place / "art" / "1.png").rename(place / "art" / "1.jpg")
    assert run(["colorize", "run", "art/1.jpg", "--out", "art", "-q"]) == 0
    assert (place / "art" / "1.png").is_file()


def test_a_manifest_that_is_named_stands_for_its_folder(place):
    before = contents(place)
    words = ["evaluate", "run", "--pairs", "pairs/manifest.parquet", "--no-hints", "--out"]
    assert run([*words, "pairs"]) == 2 and contents(place) == before
    assert run([*words, "pairs/inside"]) == 0


def test_a_dry_run_names_what_would_be_kept(place, capsys):
    assert run(["colorize", "run", "art", "--out", "out", "-q"]) == 0
    (place / "out" / "2.png").write_bytes(MINE)
    capsys.readouterr()
    assert run(["colorize", "run", "art", "--out", "out", "--dry-run"]) == 0
    error = capsys.readouterr().err
    assert "2.png: changed since it was made" in error and "1.png" not in error


@pytest.mark.parametrize("data", [b"", b"{", b'{"mine": 1}'])
def test_nobody_is_told_to_delete_a_folder_that_no_export_made(data, place, capsys):
    (place / "out").mkdir()
    (place / "out" / "export.json").write_bytes(data)
    assert run(["export", "pairs", "--to", "kohya", "--out", "out"]) == 6
    assert "name another --out, or, where all in the folder is of exports" in capsys.readouterr().err
    assert contents(place / "out") == {"export.json": data}


def test_two_commands_share_a_folder_but_no_file(place, capsys):
    assert run(["colorize", "run", "art/1.png", "--out", "out", "-q"]) == 0
    assert run(["panels", "art", "--layout", "single", "--out", "out", "-q"]) == 0
    with pytest.raises(Exception, match="not made by this command"):
        Outputs(place / "out", "flats").check(["1.png"], Reads([]))


def test_a_damaged_list_is_no_list(place, capsys):
    assert run(["colorize", "run", "art", "--out", "out", "-q"]) == 0
    (place / "out" / LIST).write_text("{")
    before = contents(place)
    assert run(["colorize", "run", "art", "--out", "out"]) == 2
    assert LIST in capsys.readouterr().err and contents(place) == before


def test_what_an_earlier_version_wrote_has_no_list_and_is_said(place, capsys):
    assert run(["colorize", "run", "art", "--out", "out", "-q"]) == 0
    (place / "out" / LIST).unlink()
    assert run(["colorize", "run", "art", "--out", "out"]) == 2
    assert "name another --out, or take the file away" in capsys.readouterr().err


def test_a_link_inside_the_output_leads_nowhere(place, capsys):
    (place / "mine").mkdir()
    (place / "out").mkdir()
    (place / "out" / "e1").symlink_to(place / "mine")
    assert run(["colorize", "run", "comic", "--recolor", "--out", "out"]) == 2
    assert not list((place / "mine").iterdir())


# One file.


def show(*words: str) -> int:
    return run(["show", "pairs", *words])


def test_a_page_is_written_again_but_not_onto_what_is_not_ours(place, capsys):
    assert show("--out", "s.html") == 0 and show("--out", "s.html") == 0
    text = (place / "s.html").read_text()
    assert '<meta name="generator" content="comicdata ' in text
    assert {path.name for path in place.iterdir()} == {"art", "comic", "crawl", "pairs", "run", "s.html"}
    (place / "s.html").write_text(text.replace("<h1>", "<h1>My "))
    (place / "old.html").write_text("<title>of version 0.1.0</title>")
    (place / "link.html").symlink_to(place / "nowhere.html")
    before = contents(place)
    capsys.readouterr()
    assert run(["colorize", "run", "art/1.png", "--out", "out", "-q"]) == 0
    before = contents(place)
    for out in (
        "s.html",
        "old.html",
        "out/1.png",
        "link.html",
        "pairs/manifest.parquet",
        "art/1.png",
        "pairs",
        "art/1.png/x.html",
    ):
        assert show("--out", out) == show("--out", out, "--dry-run") == 2, out
        assert capsys.readouterr().err.count("\n") == 2
    assert contents(place) == before


def test_the_default_page_beside_the_folder_may_be_somebodys(place, capsys):
    (place / "pairs.html").write_bytes(MINE)
    assert show() == 2 and "another --out" in capsys.readouterr().err


# Crawls.


def test_a_persons_files_in_an_episode_folder_stay(place):
    episode = place / "crawl" / "local" / "comic" / "e1"
    for name in ("notes.txt", "0009.png", "cover.jpg"):
        (episode / name).write_bytes(MINE)
    (place / "comic" / "e1" / "2.png").write_bytes((place / "art" / "1.png").read_bytes())
    (place / "crawl" / "local" / "comic" / "e1" / "episode.json").unlink()
    assert run(["crawl", "comic", "--out", "crawl", "-q"]) == 0
    assert {path.name for path in episode.iterdir()} >= {"notes.txt", "0009.png", "cover.jpg", "0001.png", "0002.png"}


def test_a_persons_file_under_the_name_of_a_picture_is_not_overwritten(place, capsys):
    episode = place / "crawl" / "local" / "comic" / "e1"
    picture(episode / "0002.png", 77)
    theirs = (episode / "0002.png").read_bytes()
    picture(place / "comic" / "e1" / "2.png", 5)
    (episode / "episode.json").unlink()
    assert run(["crawl", "comic", "--out", "crawl", "-q"]) == 0
    record = json.loads((episode / "episode.json").read_text())
    names = [one["file_name"] for one in record["images"]]
    assert (episode / "0002.png").read_bytes() == theirs and names[0] == "0001.png"
    assert (episode / names[1]).read_bytes() == (place / "comic" / "e1" / "2.png").read_bytes()


def test_a_stored_picture_that_somebody_changed_is_kept_elsewhere(place, capsys):
    episode = place / "crawl" / "local" / "comic" / "e1"
    fetched = (episode / "0001.png").read_bytes()
    picture(episode / "0001.png", 99)
    theirs = (episode / "0001.png").read_bytes()
    assert run(["crawl", "comic", "--out", "crawl"]) == 0
    assert "somebody changed it since the crawl" in capsys.readouterr().err
    assert (episode / "0001.png").read_bytes() == fetched
    (kept,) = (place / "crawl" / "kept").rglob("*.png")
    assert kept.read_bytes() == theirs and run(["verify", "crawl", "-q"]) == 0


def test_nothing_is_deleted_through_an_episode_that_is_a_link(place):
    episode = place / "crawl" / "local" / "comic" / "e1"
    shutil.move(episode, place / "moved")
    for name in ("0007.png", "journal.jsonl", "family.jpg"):
        (place / "moved" / name).write_bytes(MINE)
    episode.symlink_to(place / "moved")
    before = contents(place / "moved")
    assert run(["crawl", "comic", "--out", "crawl", "-q"]) == 0
    assert contents(place / "moved") == before


def test_an_episode_that_is_a_link_to_somebodys_folder_is_refused(place, capsys):
    episode = place / "crawl" / "local" / "comic" / "e1"
    shutil.rmtree(episode)
    picture(place / "photos" / "0001.png", 3)
    episode.symlink_to(place / "photos")
    before = contents(place / "photos")
    assert run(["crawl", "comic", "--out", "crawl"]) == 2
    assert contents(place / "photos") == before and "is a link" in capsys.readouterr().err


@pytest.mark.parametrize("linked", ["local", "local/comic"])
def test_a_link_in_the_place_of_a_series_leads_to_one_or_is_refused(linked, place, capsys):
    (place / "photos").mkdir()
    (place / "photos" / "list.txt").write_bytes(MINE)
    path = place / "new" / linked
    path.parent.mkdir(parents=True)
    path.symlink_to(place / "photos")
    assert run(["crawl", "comic", "--out", "new"]) == 2
    assert [*contents(place / "photos")] == ["list.txt"] and "is a link" in capsys.readouterr().err
    path = place / "crawl" / linked  # ours, moved to another disk
    shutil.move(path, place / "moved")
    path.symlink_to(place / "moved")
    assert run(["crawl", "comic", "--out", "crawl", "-q"]) == 0 and run(["verify", "crawl", "-q"]) == 0


@pytest.mark.parametrize("out", ["new/../comic", "comic/new/../../comic/.", "a/b/../../comic"])
def test_what_a_path_becomes_once_its_folders_are_made_is_what_counts(out, place):
    before = contents(place)
    assert run(["crawl", "comic", "--out", out]) == 2
    assert contents(place) == before and not (place / "comic" / "local").exists()
    assert run(["crawl", "comic", "--out", "new/../crawled", "-q"]) == 0


def test_a_folder_of_somebodys_in_the_place_of_a_series_is_refused(place, capsys):
    picture(place / "mine" / "local" / "comic" / "e2" / "0001.png", 3)
    before = contents(place / "mine")
    assert run(["crawl", "comic", "--out", "mine", "--dry-run"]) == 2
    assert run(["crawl", "comic", "--out", "mine"]) == 2
    assert {**contents(place / "mine"), **before} == contents(place / "mine")
    assert not list((place / "mine").rglob("episode.json"))


@pytest.mark.parametrize("out", ["pairs", "run"])
def test_a_crawl_does_not_go_into_something_else(out, place, capsys):
    before = contents(place)
    assert run(["crawl", "comic", "--out", out]) == 2
    assert contents(place) == before and f"{out}: holds" in capsys.readouterr().err


def test_forget_leaves_what_is_not_of_the_crawl(place, capsys):
    series = place / "crawl" / "local" / "comic"
    for name in ("letter.txt", "0009.png"):
        (series / "e2" / name).write_bytes(MINE)
    for _ in range(2):
        assert run(["forget", "comic", "--crawl", "crawl", "--yes"]) == 0
        error = capsys.readouterr().err
        assert all(f"{name}: stays" in error for name in ("letter.txt", "0009.png"))
        left = {path.name for path in series.rglob("*") if path.is_file() and path.name != ".lock"}
        assert left == {"letter.txt", "0009.png"} and not (series / "e1").exists()
    assert run(["forget", "comic", "--pairs", "pairs", "--yes"]) == 0


@pytest.mark.parametrize("moved", ["local/comic/e1", "local/comic", "local"])
def test_forget_through_a_link_is_refused_whole(moved, place, capsys):
    path = place / "crawl" / moved
    shutil.move(path, place / "moved")
    path.symlink_to(place / "moved")
    before = contents(place)
    for more in (["--dry-run"], ["--yes"]):
        assert run(["forget", "local/comic", "--crawl", "crawl", "--pairs", "pairs", *more]) == 2
        assert "a link leads there" in capsys.readouterr().err and contents(place) == before
    path.unlink()
    shutil.move(place / "moved", path)
    assert run(["forget", "comic", "--crawl", "crawl", "--yes"]) == 0 and not (place / "crawl/local/comic").exists()


@pytest.mark.parametrize("moved", ["pairs/256", "pairs/256/train", "pairs/parts", "pairs/parts/local"])
def test_pairs_are_neither_written_nor_deleted_through_a_link_but_read(moved, place, capsys):
    path, before = place / moved, contents(place / "pairs")
    shutil.move(path, place / "moved")
    path.symlink_to(place / "moved")
    (place / "pairs" / "excluded.jsonl").write_text(json.dumps({"id": read_rows(place / "pairs")[0].id}) + "\n")
    was = contents(place / "moved")
    for command in (["make-pairs", "crawl", "--out", "pairs"], ["forget", "comic", "--pairs", "pairs", "--yes"]):
        assert run(command) == 2
        assert "a link leads there" in capsys.readouterr().err and contents(place / "moved") == was
    assert run(["export", "pairs", "--to", "kohya", "--out", "shards", "-q"]) == 0
    (place / "pairs" / "excluded.jsonl").unlink()
    path.unlink()
    shutil.move(place / "moved", path)
    assert contents(place / "pairs") == before
    (place / "linked").symlink_to(place / "pairs")  # the folder itself may be one
    assert run(["forget", "comic", "--pairs", "linked", "--yes", "-q"]) == 0


# Pairs.


@pytest.mark.parametrize("name", ["README.md", "card.json", "contact-sheet.jpg", "failures.jsonl", "manifest.parquet"])
def test_pairs_replace_no_document_that_is_not_theirs(name, place, capsys):
    (place / "out").mkdir()
    (place / "out" / name).write_bytes(b'{"name": "mine"}\n')
    assert CASES["make-pairs"]("out") == 2
    assert contents(place / "out") == {name: b'{"name": "mine"}\n'}


def test_pairs_of_version_0_1_0_are_ours(place):
    case = CASES["make-pairs"]
    whole = contents(place / "pairs")
    (place / "pairs" / LIST).unlink()
    assert case("pairs") == 0 and contents(place / "pairs") == whole


def test_a_damaged_card_is_made_anew_as_its_error_advises(place):
    whole = contents(place / "pairs")
    (place / "pairs" / "card.json").write_text("{")
    assert CASES["make-pairs"]("pairs") == 0 and contents(place / "pairs") == whole


def test_a_line_that_somebody_drew_over_is_kept_elsewhere(place, capsys):
    whole = contents(place / "pairs")
    path = next((place / "pairs" / "256" / "train" / "canny").rglob("*.png"))
    picture(path, 50, grey=True)
    theirs = path.read_bytes()
    os.utime(path, ns=(path.stat().st_mtime_ns + 10**9,) * 2)
    assert CASES["make-pairs"]("pairs") == 0
    assert "somebody changed it; that is kept as" in capsys.readouterr().err
    (kept,) = [data for name, data in contents(place / "pairs").items() if name.startswith("kept/")]
    assert kept == theirs and {**contents(place / "pairs"), **whole} == contents(place / "pairs")


def test_it_is_kept_in_a_copy_of_the_folder_that_has_other_times_too(place):
    path = next((place / "pairs" / "256" / "train" / "canny").rglob("*.png"))
    picture(path, 50, grey=True)
    theirs = path.read_bytes()
    for one in (place / "pairs").rglob("*"):
        os.utime(one, (10**9, 10**9))
    assert CASES["make-pairs"]("pairs", "--xdog", "pencil") == 0
    (kept,) = [data for name, data in contents(place / "pairs").items() if name.startswith("kept/")]
    assert kept == theirs


def test_another_option_alone_keeps_nothing_elsewhere(place):
    shutil.copytree(place / "pairs", place / "copy", copy_function=shutil.copyfile)
    assert CASES["make-pairs"]("copy", "--xdog", "pencil") == 0
    assert not (place / "copy" / "kept").exists()


@pytest.mark.parametrize("data", [MINE, b'{"mine": 1}\n'])
def test_a_part_that_is_somebodys_is_refused_where_no_pairs_are(data, place):
    part = place / "out" / "parts" / "local" / "comic" / "e1.jsonl"
    part.parent.mkdir(parents=True)
    part.write_bytes(data)
    assert CASES["make-pairs"]("out") == 2
    assert part.read_bytes() == data


def test_damaged_parts_of_pairs_are_made_anew(place):
    whole = contents(place / "pairs")
    for part in (place / "pairs" / "parts").rglob("*.jsonl"):
        part.write_bytes(MINE)
    assert CASES["make-pairs"]("pairs") == 0 and contents(place / "pairs") == whole


def test_forget_takes_the_contact_sheet_though_somebody_changed_a_card_beside_it(place, capsys):
    (place / "pairs" / "README.md").write_bytes(MINE)
    assert run(["forget", "comic", "--pairs", "pairs", "--yes"]) == 0
    assert not (place / "pairs" / "contact-sheet.jpg").exists()
    assert (place / "pairs" / "README.md").read_bytes() == MINE
    stays = [line for line in capsys.readouterr().err.splitlines() if "stays" in line]
    assert len(stays) == 1 and "README.md: stays" in stays[0]


def test_metadata_of_somebody_elses_folders_stays(place):
    for folder in ("notes/train", "2024/holiday"):
        (place / "pairs" / folder).mkdir(parents=True)
        (place / "pairs" / folder / "metadata.jsonl").write_bytes(MINE)
    assert CASES["make-pairs"]("pairs") == 0
    assert (place / "pairs" / "notes" / "train" / "metadata.jsonl").read_bytes() == MINE
    assert (place / "pairs" / "2024" / "holiday" / "metadata.jsonl").read_bytes() == MINE


@pytest.mark.parametrize("folder", ["art", "comic", "."])
def test_nobody_is_told_to_write_into_his_own_folder(folder, place, capsys):
    os.chdir(place / "comic" if folder == "." else place)
    for words in (["make-pairs", folder, "--out", "p"], ["train", "pix2pix", "--pairs", folder, "--run", "r"]):
        assert run(words) == 2
        advice = capsys.readouterr().err
        told = advice.split("--out ")[1].split()[0]
        assert not Path(told).exists(), advice
        if words[0] == "make-pairs":
            assert "is a folder of pictures, not a crawl" in advice and f"comicdata crawl {folder} --out" in advice


def test_the_advice_for_what_is_not_there_is_the_place_itself(place, capsys):
    assert run(["train", "pix2pix", "--pairs", "new", "--run", "r"]) == 2
    assert "make-pairs CRAWL --out new" in capsys.readouterr().err


# Runs and exports.


@pytest.mark.parametrize("name", ["metrics.jsonl", "weights.safetensors", "samples/7.png"])
def test_a_run_does_not_go_where_somebodys_files_are(name, place):
    (place / "out" / name).parent.mkdir(parents=True)
    (place / "out" / name).write_bytes(MINE)
    assert CASES["train"]("out") == 2 and contents(place / "out") == {name: MINE}


def test_a_state_with_somebodys_file_in_it_is_not_removed(tmp_path):
    from comicdata.models.runs.checkpoint import State, save_state

    for images in (1, 2, 3):
        save_state(tmp_path, State(images, {}, {}))
        if images == 1:
            (tmp_path / "state" / "1" / "notes.txt").write_bytes(MINE)
    save_state(tmp_path, State(4, {}, {}))
    assert {path.name: sorted(one.name for one in path.iterdir()) for path in (tmp_path / "state").iterdir()} == {
        "1": ["notes.txt"],
        "3": ["state.json", "tensors.safetensors"],
        "4": ["state.json", "tensors.safetensors"],
    }


def test_a_changed_file_of_an_export_is_kept_and_one_of_somebody_else_is_refused(place, capsys):
    case = CASES["export"]
    assert case("out") == 0
    (place / "out" / "README.md").write_bytes(MINE)
    assert case("out", "--dry-run") == 3
    assert case("out") == 3 and (place / "out" / "README.md").read_bytes() == MINE
    assert "README.md: changed since it was made" in capsys.readouterr().err
    (place / "out" / "README.md").unlink()
    assert case("out") == 0
    (place / "out" / "controlnet_anime.toml").write_bytes(MINE)
    assert case("out") == 0  # in nobody's way


def test_the_demo_does_not_draw_over_a_site(place, capsys):
    (place / "out" / "site").mkdir(parents=True)
    (place / "out" / "site" / "index.html").write_bytes(MINE)
    for more in ([], ["--dry-run"]):
        assert run(["demo", "--out", "out", *more]) == 2
    assert contents(place / "out") == {"site/index.html": MINE}
    (place / "other").mkdir()
    (place / "other" / "report.html").write_bytes(MINE)
    assert run(["demo", "--out", "other"]) == 2 and contents(place / "other") == {"report.html": MINE}


# What we made is not somebody's drawing.


def test_a_coloured_picture_says_so_and_is_left_out_by_name(place, capsys):
    assert run(["colorize", "run", "art", "--out", "out", "-q"]) == 0
    data = (place / "out" / "1.png").read_bytes()
    mark = made_by(data)
    assert (mark.run, b"trainedAlgorithmicMedia" in data) == ("run", True)
    shutil.copy(place / "out" / "1.png", place / "comic" / "e1" / "2.png")
    command = ["crawl", "comic", "--out", "c"]
    assert run([*command, "--json", "-q"]) == 3
    captured = capsys.readouterr()
    first = json.loads(captured.out)["series"][0]["episodes"][0]
    assert (first["status"], first["images"]) == ("partial", 1)
    assert "2.png" in first["reason"] and "coloured by comicdata" in captured.err
    assert [row["item"].split()[-1] for row in read_jsonl(place / "c" / "failures.jsonl")] == ["e1/2.png"]
    before = contents(place / "c")
    assert run([*command, "-q"]) == 3 and contents(place / "c").keys() == before.keys()
    assert run([*command, "--include-generated", "-q"]) == 0
    assert len(list((place / "c" / "local" / "comic" / "e1").glob("*.png"))) == 2
    make = ["make-pairs", "c", "--out", "p", "--layout", "single", "--split-by", "episode", "--workers", "1"]
    assert run([*make, "-q"]) == 3
    assert "0002.png: coloured by comicdata" in capsys.readouterr().err
    before = contents(place / "p")
    assert run([*make, "-q"]) == 3 and contents(place / "p") == before
    assert run([*make, "--include-generated", "-q"]) == 0


def test_overlays_say_who_made_them_but_not_that_a_model_did(place):
    assert run(["panels", "art", "--out", "out", "-q"]) == 0
    data = (place / "out" / "art_1.panels.jpg").read_bytes()
    assert made_by(data).run is None and b"trainedAlgorithmicMedia" not in data


def test_pictures_of_other_programs_are_drawings(place):
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    text = PngInfo()
    text.add_text("Software", "Krita 5.2, exported for comicdata")
    text.add_itxt("XML:com.adobe.xmp", '<x:xmpmeta xmp:CreatorTool="Other" d="trainedAlgorithmicMedia"/>')
    text.add_text("Comment", "comicdata 0.1.0")
    Image.fromarray(read_image(place / "comic" / "e1" / "1.png")).save(place / "comic" / "e1" / "1.png", pnginfo=text)
    assert run(["crawl", "comic", "--out", "c", "-q"]) == 0


# Options.

GOOD: Callable[[object], str] = lambda radius: json.dumps([{"x": 1, "y": 1, "radius": radius, "color": "#000000"}])  # noqa: E731


@pytest.mark.parametrize(
    "text",
    [
        GOOD(1e12),
        GOOD(True),
        GOOD(10**400),
        GOOD(5).replace("5", "9" * 5000),
        GOOD(float("nan")),
        GOOD(5).replace("5", "1e400"),
        GOOD(5).replace('"x": 1', '"x": 1e15'),
        GOOD(5).replace('"y": 1', '"y": -1'),
        "[" * 100_000,
        '[{"x": ' + "[" * 100_000,
        "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    ],
    ids=range(11),
)
def test_hints_that_are_none_are_one_line(text, place, capsys):
    (place / "hints.json").write_text(text)
    assert run(["colorize", "run", "art/1.png", "--hints", "hints.json", "--out", "out"]) == 2
    error = capsys.readouterr().err.strip()
    assert error.count("\n") == 0 and "hints.json" in error and len(error) < 400 and "a bug" not in error


@pytest.mark.parametrize("radius", [0, 0.5, 40, 1_000_000])
def test_hints_that_are_some(radius, tmp_path):
    from comicdata.flats.hints import paint_hints, read_hints

    (tmp_path / "hints.json").write_text(GOOD(radius))
    assert paint_hints(read_hints(tmp_path / "hints.json"), 30, 20, 2.0)[2, 2, 3] == 255


@pytest.mark.parametrize(
    ("words", "range_"),
    [
        (["colorize", "run", "art", "--out", "o", "--seed", str(2**63)], "0<=x<="),
        (["colorize", "run", "art", "--out", "o", "--samples", "65"], "1<=x<=64"),
        (["evaluate", "run", "--pairs", "pairs", "--seed", str(2**64)], "0<=x<="),
        ([*TRAIN, "--run", "r", "--batch-size", "1000000000"], "1<=x<=4096"),
        ([*TRAIN, "--run", "r", "--set", "batch_size=1000000000"], "1 to 4096"),
        ([*TRAIN, "--run", "r", "--seed", str(2**64)], "0<=x<="),
        ([*TRAIN, "--run", "r", "--images", str(10**30)], "1<=x<="),
        ([*TRAIN, "--run", "r", "--line-jitter", "nan"], "0<=x<=1"),
        ([*TRAIN, "--run", "r", "--set", "lr=nan"], "lr nan: a number from"),
        ([*TRAIN, "--run", "r", "--set", "clip=inf"], "clip inf: a number from"),
        (["crawl", "comic", "--out", "o", "--pause", "nan"], "0.2<=x<=120"),
        ([*MAKE, "--out", "o", "--workers", "1000000"], "1<=x<=1024"),
        (["demo", "--out", "o", "--episodes", "1000000"], "4<=x<=1000"),
        (["panels", "art", "--out", ""], "an empty text is no path"),
        (["colorize", "run", "art", "--out", ""], "an empty text is no path"),
        (["crawl", "comic", "--out", ""], "an empty text is no path"),
        (["show", ""], "an empty text is no path"),
        (["crawl", "", "--out", "o"], "an empty text is no source"),
        (["crawl", " ", "comic", "--out", "o"], "an empty text is no source"),
        (["crawl", "drawn", "--base", "", "--out", "o"], "no address of a site"),
        ([*MAKE, "--outline", "anime=", "--out", "o", "--dry-run"], "a name and a folder are expected"),
        (["forget", "", "--crawl", "crawl", "--yes"], "no such series here"),
    ],
)
def test_options_out_of_range_are_refused_with_the_range(words, range_, place, capsys):
    before = contents(place)
    assert run(words) == 2
    error = capsys.readouterr().err.strip()
    assert range_ in error and error.count("\n") == 0 and contents(place) == before
