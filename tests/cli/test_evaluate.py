"""`comicdata evaluate` as a user runs it, and the page about a run."""

import hashlib
import importlib.util
import json
import re
import shutil
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from comicdata.cli.html import pieces as report
from comicdata.cli.html.run import page, split_series
from comicdata.cli.html.scores import difference_rows, verdict
from comicdata.cli.main import run
from comicdata.errors import IntegrityError, UsageError
from comicdata.files import read_jsonl
from comicdata.images import encode_png, read_image
from comicdata.models.evaluate import perceptual
from comicdata.models.evaluate.contest import Evaluation, evaluation_name, write_evaluation
from comicdata.models.evaluate.perceptual import CHANNELS, VGG16Taps
from comicdata.models.runs.checkpoint import load_weights, save_weights


@pytest.fixture(scope="module")
def evaluated(tour):
    shutil.rmtree(tour / "run" / "evaluation")  # that of the tour
    assert run(["evaluate", str(tour / "run"), "--pairs", str(tour / "pairs"), "--limit", "2", "-q"]) == 0
    return tour / "run"


def test_numbers_for_programs_and_a_table_for_people(tour, evaluated, tmp_path, capsys):
    arguments = ["evaluate", str(tour / "run"), "--pairs", str(tour / "pairs"), "--limit", "2", "--json"]
    assert run([*arguments, "--out", str(tmp_path / "a")]) == 0
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert set(document) == {"model", "baselines", "hints", "mood", "errors"}
    assert document["hints"]["windows"] == 2 and list(document["hints"]["counts"]) == ["1", "4", "16", "64"]
    for words in (
        "with hints, and (without), on 2 windows",
        "near them",
        "of the area has the right colour (within 10), ",
        "colour ratio",
        "off lines",
        "CIEDE2000",
        " nearest window (",
        f"written: {tmp_path / 'a' / 'test-limit-2'}.json",
    ):
        assert words in captured.err
    assert "foreground" not in captured.err  # unknown without masks
    saved = json.loads((tmp_path / "a" / "test-limit-2.json").read_text())
    assert (saved["panels"], saved["split"], saved["model"]) == (2, "test", document["model"])
    rows = read_jsonl(tmp_path / "a" / "test-limit-2.jsonl")
    assert np.mean([row["psnr_off_line"] for row in rows]) == pytest.approx(document["model"]["off_line"]["psnr"])
    assert read_image(tmp_path / "a" / "test-limit-2.png").shape == (30 + 2 * (30 + 256), 10 * 256, 3)
    for name in ("test-limit-2.json", "test-limit-2.jsonl", "test-limit-2.png"):  # as without --out
        assert (tmp_path / "a" / name).read_bytes() == (evaluated / "evaluation" / name).read_bytes()


@pytest.fixture(scope="module")
def rival(tour, tmp_path_factory):
    """Another run on the same pairs."""
    place = tmp_path_factory.mktemp("rival") / "rival"
    words = ["--batch-size", "2", "--images", "4", "--device", "cpu", "--seed", "9", "-q"]
    assert run(["train", "pix2pix", "--pairs", str(tour / "pairs"), "--run", str(place), *words]) == 0
    return place


def test_two_runs_compared(tour, rival, tmp_path, capsys):
    one, other = str(tour / "run"), str(rival)
    words = ["--pairs", str(tour / "pairs"), "--limit", "4", "--no-hints", "--json"]
    assert run(["evaluate", one, other, *words, "--out", str(tmp_path / "out")]) == 0
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert set(document) == {"runs", "differences"}
    assert list(document["runs"]) == [one, other] and list(document["differences"]) == [other]
    left, right = (read_jsonl(tmp_path / "out" / name / "test-limit-4-no-hints.jsonl") for name in ("run", "rival"))
    apart = document["differences"][other]
    for figure in ("l1", "de2000_off_line", "within10", "background_consistency"):
        pairs = [(a[figure], b[figure]) for a, b in zip(left, right, strict=True) if None not in (a[figure], b[figure])]
        assert apart[figure]["mean"] == pytest.approx(np.mean([b - a for a, b in pairs])), figure
        assert apart[figure]["error"] > 0
    models = [document["runs"][name]["model"] for name in (one, other)]
    ratio = models[1]["colourfulness_ratio"] - models[0]["colourfulness_ratio"]
    assert apart["colourfulness_ratio"]["mean"] == pytest.approx(ratio)
    for words in ("(other) above", "±", "by more than twice the error", "colour ratio"):
        assert words in captured.err
    alone = json.loads((tmp_path / "out" / "rival" / "test-limit-4-no-hints.json").read_text())
    assert alone["model"] == document["runs"][other]["model"]
    assert alone["errors"] == document["runs"][other]["errors"] and alone["errors"]["l1"] > 0


def test_pairs_are_read_once_for_all_runs(tour, rival, tmp_path, monkeypatch):
    from comicdata.models.data import pairs
    from comicdata.models.evaluate import baselines

    read = Counter()
    for module, name in ((pairs, "read_rows"), (pairs, "rows_hash"), (baselines, "_read")):
        real = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *words, real=real, name=name: read.update([name]) or real(*words))
    words = ["--pairs", str(tour / "pairs"), "--limit", "1", "--no-hints", "--out", str(tmp_path), "-q"]
    assert run(["evaluate", str(tour / "run"), *words]) == 0
    alone = dict(read)
    read.clear()
    assert run(["evaluate", str(tour / "run"), str(rival), *words]) == 0
    assert read == alone and alone["_read"] == 1


def test_what_cannot_be_compared_is_one_line(tour, rival, tmp_path, capsys):
    from comicdata.pairs.manifest import read_rows, write_manifest

    def refused(*words):
        assert run(["evaluate", *map(str, words), "--pairs", str(tour / "pairs"), "--limit", "1", "-q"]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        return line

    assert "the same run twice" in refused(tour / "run", rival, tour / "run")
    assert "no weights here" in refused(tour / "run", tmp_path / "nowhere")
    shutil.copytree(tour / "pairs", tmp_path / "pairs")
    rows = [row for row in read_rows(tour / "pairs") if row.split != "validation"]
    write_manifest(tmp_path / "pairs", rows)
    words = ["--batch-size", "2", "--images", "4", "--device", "cpu", "-q"]
    assert run(["train", "pix2pix", "--pairs", str(tmp_path / "pairs"), "--run", str(tmp_path / "run"), *words]) == 0
    assert "what is best is judged on pairs it was trained on" in capsys.readouterr().err
    assert "trained on other pairs, or another split" in refused(tour / "run", tmp_path / "run")
    shutil.copytree(rival, tmp_path / "other" / "run")
    assert "several runs are called run" in refused(tour / "run", tmp_path / "other" / "run", "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    words += ["--outline", "xdog"]
    assert run(["train", "pix2pix", "--pairs", str(tour / "pairs"), "--run", str(tmp_path / "xdog"), *words]) == 0
    capsys.readouterr()
    assert "only runs that colour the same windows can be compared" in refused(rival, tmp_path / "xdog")


def test_a_part_is_never_written_over_a_whole(tour, tmp_path, capsys):
    found = Evaluation({"model": "whole"}, [], np.zeros((8, 8, 3), np.uint8), 9)
    write_evaluation(tmp_path, "test", found, {"split": "test"})
    whole = {path.name: path.read_bytes() for path in tmp_path.glob("test*")}
    assert set(whole) == {"test.json", "test.jsonl", "test.png"}
    words = ["evaluate", str(tour / "run"), "--pairs", str(tour / "pairs"), "--out", str(tmp_path)]
    assert run([*words, "--limit", "1", "--style", "soft"]) == 0
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith(f"written: {tmp_path / 'test-soft-limit-1'}.json")
    assert {name: (tmp_path / name).read_bytes() for name in whole} == whole
    assert (tmp_path / "test-soft-limit-1.png").is_file()


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({}, "validation"),
        ({"style": None, "limit": None, "hints": True, "references": True}, "validation"),
        ({"limit": 40}, "validation-limit-40"),
        ({"hints": False}, "validation-no-hints"),
        ({"references": False}, "validation-no-references"),
        ({"references": False, "limit": 7, "style": "flats"}, "validation-flats-limit-7-no-references"),
    ],
)
def test_an_evaluation_is_named_after_what_it_leaves_out(options, name):
    assert evaluation_name("validation", **options) == name


def test_an_evaluation_that_no_list_names_stays(rival, tour, tmp_path, capsys):
    """As version 0.1.0 left its own, or a person a picture."""
    folder = Path(shutil.copytree(rival, tmp_path / "run"))
    (folder / "evaluation").mkdir()
    for name in ("test-limit-1.json", "test-limit-1.png", "notes.txt"):
        (folder / "evaluation" / name).write_bytes(b"mine")
    command = ["evaluate", str(folder), "--pairs", str(tour / "pairs"), "--limit", "1", "-q"]
    for _ in range(2):
        assert run(command) == 0
        assert "has files that evaluate did not list; they stay" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in (folder / "evaluation").iterdir()} == dict.fromkeys(
        ("test-limit-1.json", "test-limit-1.png", "notes.txt"), b"mine"
    )
    assert (folder / "evaluation-2" / "test-limit-1.json").is_file() and not (folder / "evaluation-3").exists()
    assert run(["verify", str(folder), "-q"]) == 0
    assert run([*command, "--split", "train"]) == 0  # nothing of that split lies there
    assert (folder / "evaluation" / "train-limit-1.json").is_file()


def test_the_run_is_whole_after_its_evaluation(evaluated, capsys):
    assert (evaluated / "evaluation" / "test-limit-2.json").is_file()
    assert run(["verify", str(evaluated)]) == 0


def interrupt(*args, **rest):
    raise KeyboardInterrupt


ANEW = "comicdata: interrupted; the same command begins anew"
GOES_ON = "comicdata: interrupted; what was done is saved, the same command goes on from here"


def test_what_an_interrupt_leaves_is_said_as_it_is(tour, tmp_path, capsys, monkeypatch):
    from comicdata.cli.front import Interrupted, command
    from comicdata.cli.main import run_arguments

    def said(*words):
        assert run([*map(str, words), "-q"]) == 130
        return capsys.readouterr().err.strip()

    monkeypatch.setattr("comicdata.models.colorize.load_colorizer", interrupt)
    measure = ["evaluate", tour / "run", "--pairs", tour / "pairs", "--out", tmp_path / "out"]
    assert said(*measure) == ANEW and not (tmp_path / "out").exists()
    assert said("colorize", tour / "run", tour / "pairs" / "contact-sheet.jpg", "--out", tmp_path / "out") == GOES_ON
    monkeypatch.setattr("comicdata.models.train.train", interrupt)
    learn = ["train", "palette", "--pairs", tour / "pairs", "--run"]
    assert said(*learn, tmp_path / "run") == ANEW  # before any state
    assert said(*learn, tour / "run") == GOES_ON

    whole = command(writes=True, example="")(lambda front: run_arguments([*map(str, measure), "-q"]))
    with pytest.raises(Interrupted, match="goes on from here"):  # as of the demo, whatever its step says
        whole.callback(quiet=True, verbose=False, as_json=False)


def test_masks_add_rows_to_the_table(tour, tmp_path, capsys):
    for path in (tour / "pairs" / "256" / "test" / "canny").rglob("*.png"):
        mask = np.zeros((256, 256), np.uint8)
        mask[:128] = 255
        (tmp_path / path.name).write_bytes(encode_png(mask))
    arguments = ["evaluate", str(tour / "run"), "--pairs", str(tour / "pairs"), "--limit", "1", "--no-hints", "--json"]
    assert run([*arguments, "--masks", str(tmp_path), "--out", str(tmp_path / "out")]) == 0
    captured = capsys.readouterr()
    assert set(json.loads(captured.out)["model"]["background"]) == {"l1", "psnr", "ssim", "de2000", "within10"}
    assert "foreground" in captured.err


def test_masks_of_some_windows_only_are_said(tour, tmp_path, capsys):
    from comicdata.pairs.manifest import read_rows

    first = next(row for row in read_rows(tour / "pairs") if row.kept and row.split == "test")
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / f"{first.id}.png").write_bytes(encode_png(np.full((256, 256), 255, np.uint8)))
    run_folder = shutil.copytree(tour / "run", tmp_path / "run")
    words = ["--pairs", str(tour / "pairs"), "--masks", str(tmp_path / "masks"), "--no-hints", "--json", "-q"]
    assert run(["evaluate", str(run_folder), *words, "--limit", "2"]) == 0
    captured = capsys.readouterr()
    document = json.loads((run_folder / "evaluation" / "test-limit-2-no-hints.json").read_text())
    assert json.loads(captured.out)["masks"] == document["masks"] == {"windows": 1}
    said = f"masks for 1 of {document['panels']} windows: figures, foreground and background are of these alone"
    assert document["panels"] == 2 and captured.err.strip() == said and said in page(run_folder)


def test_the_document_says_what_it_measured(evaluated, tour):
    from comicdata.pairs.manifest import read_rows

    document = json.loads((evaluated / "evaluation" / "test-limit-2.json").read_text())
    digest = hashlib.sha256((evaluated / "weights.safetensors").read_bytes()).hexdigest()
    assert document["weights_sha256"] == {"": digest} and document["images"] == {"": 16}
    assert document["data_hash"] == json.loads((evaluated / "config.json").read_text())["data_hash"]
    there = sum(row.kept and row.split == "test" for row in read_rows(tour / "pairs"))
    assert (document["panels"], document["split_windows"], document["seed"]) == (2, there, 0)
    assert f"On 2 of {there} windows of the split test" in page(evaluated)


def test_figures_of_other_weights_than_lie_there_are_said(evaluated, tmp_path):
    said = "Of other weights than lie here now: of those after 16 images."
    folder = shutil.copytree(evaluated, tmp_path / "run")
    assert said not in page(folder)
    weights = load_weights(folder)
    save_weights(folder / "weights.safetensors", weights.tensors, weights.header | {"images": 24})
    assert said in page(folder)
    path = folder / "evaluation" / "test-limit-2.json"
    document = json.loads(path.read_text())
    for name in ("weights_sha256", "images", "data_hash", "split_windows", "seed"):  # as earlier versions wrote it
        del document[name]
    path.write_text(json.dumps(document))
    text = page(folder)
    assert "On 2 windows of the split test" in text and "Of other weights" not in text


@pytest.mark.parametrize(
    ("figure", "first", "other", "error", "word"),
    [
        ("l1", 0.3, 0.4, 0.04, " worse"),
        ("l1", 0.4, 0.3, 0.04, " better"),
        ("l1", 0.4, 0.3, 0.06, ""),
        ("psnr", 14, 11, 1.4, " worse"),
        ("within10", 0.2, 0.3, 0.04, " better"),
        ("de2000", 20, 24, 1, " worse"),
        ("colourfulness_ratio", 0.5, 0.75, 0.1, " better"),
        ("colourfulness_ratio", 1.0, 1.25, 0.1, " worse"),
        ("colourfulness_ratio", 0.75, 1.25, 0.1, ""),  # as far from the truth's, on the other side
        ("background_consistency", 1, 3, 0.5, " worse"),
        ("lpips", 0.5, 0.25, None, ""),  # one panel only
    ],
)
def test_a_difference_says_which_run_is_better(figure, first, other, error, word):
    documents = [{"model": {"all": {figure: value}, figure: value}, "errors": {}} for value in (first, other)]
    ((*_, difference),) = difference_rows(*documents, {figure: {"mean": other - first, "error": error}})
    sign = f"{other - first:+.3f}" if figure in ("l1", "within10", "lpips") else f"{other - first:+.2f}"
    assert difference.startswith(sign) and re.sub(r"[-+±.\d]", "", difference) == word


@pytest.fixture(scope="module")
def drawn_masks():
    """benchmarks/drawn_masks.py, which is no part of the package."""
    place = Path(__file__).parents[2] / "benchmarks" / "drawn_masks.py"
    spec = importlib.util.spec_from_file_location("drawn_masks", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_masks_of_the_drawn_comic_are_where_the_colour_is_that_of_the_background(tour, tmp_path, drawn_masks, capsys):
    from comicdata.drawn import draw_episode
    from comicdata.pairs.manifest import file_of, read_rows

    draw = cache(draw_episode)
    rows = [row for row in read_rows(tour / "pairs") if row.kept]
    assert drawn_masks.write_masks(tour / "pairs", tmp_path) == len(rows)
    seen = 0
    for row in rows:
        panels = draw(7, int(row.episode_id[1:])).panels
        panel = min(panels, key=lambda one, top=row.panel_box[1]: abs(one.box.y0 - top))
        if panel.background_kind != "flat":
            continue
        seen += 1
        flat = panel.flats[panel.background][0].astype(int)
        color = read_image(file_of(tour / "pairs", row, "color")).astype(int)
        alike = np.abs(color - flat).max(axis=2) <= 6
        mask = read_image(tmp_path / f"{row.id}.png")[..., 0] == 255
        assert (mask & alike).sum() > 0.95 * mask.sum()
        assert (mask & alike).sum() > 0.95 * alike.sum()
    assert seen > 5
    arguments = ["evaluate", str(tour / "run"), "--pairs", str(tour / "pairs"), "--limit", "1", "--no-hints", "--json"]
    assert run([*arguments, "--masks", str(tmp_path), "--out", str(tmp_path / "out")]) == 0
    assert json.loads(capsys.readouterr().out)["model"]["background"]
    with pytest.raises(UsageError, match="not a picture of the drawn comic of seed 8"):
        drawn_masks.write_masks(tour / "pairs", tmp_path, 8)


def test_weights_of_vgg_add_what_it_sees(tour, tmp_path, capsys, monkeypatch):
    """With an eighth of its channels, so that it looks quickly."""
    channels = tuple(count // 8 for count in CHANNELS)
    monkeypatch.setattr(perceptual, "CHANNELS", channels)
    monkeypatch.setattr(perceptual, "ALL_WIDTHS", tuple(width // 8 for width in perceptual.ALL_WIDTHS))
    torch.manual_seed(0)
    weights = {name: torch.randn(value.shape) / 10 for name, value in VGG16Taps().state_dict().items()}
    linear = {f"lin{at}.model.1.weight": torch.rand(1, count, 1, 1) for at, count in enumerate(channels)}
    for name, tensors in {"vgg": weights, "lin": linear}.items():
        save_file(tensors, tmp_path / f"{name}.safetensors")
    arguments = ["evaluate", str(tour / "run"), "--pairs", str(tour / "pairs"), "--limit", "2", "--json"]
    arguments += ["--out", str(tmp_path / "out"), "--lpips-weights", str(tmp_path / "lin.safetensors"), "--no-hints"]
    assert run([*arguments, "--feature-weights", str(tmp_path / "vgg.safetensors")]) == 0
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    for one in (document["model"], *document["baselines"].values()):
        assert one["lpips"] > 0 and one["kid_vgg16"] is not None and one["fid_vgg16"] is None
    rows = read_jsonl(tmp_path / "out" / "test-limit-2-no-hints.jsonl")
    assert np.mean([row["lpips"] for row in rows]) == pytest.approx(document["model"]["lpips"])
    for words in ("LPIPS (VGG)", "KID of VGG16", "no FID: it needs more windows"):
        assert words in captured.err
    assert "FID of VGG16" not in captured.err
    assert run(arguments) == 2
    assert "not the plain VGG16" in capsys.readouterr().err


def test_pairs_that_were_trained_on_or_are_others_are_said(tour, tmp_path, capsys):
    arguments = ["evaluate", str(tour / "run"), "--pairs", str(tour / "pairs"), "--limit", "1", "--out", str(tmp_path)]
    assert run([*arguments, "--split", "train", "-q", "--no-hints"]) == 0
    assert "were trained on" in capsys.readouterr().err
    assert "hints" not in json.loads((tmp_path / "train-limit-1-no-hints.json").read_text())
    assert run([*arguments, "-q"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("change", "words", "status"),
    [
        ({"run": "empty"}, "no weights here", 2),
        ({"run": "nowhere"}, "no weights here", 2),
        ({"--pairs": "nowhere"}, "no manifest.parquet", 2),
        ({"--split": "nothing"}, "nothing", 2),
        ({"--masks": "empty"}, "no mask of these pairs", 2),
        ({"run": "run/weights.safetensors"}, "--out", 2),
    ],
)
def test_bad_input_is_one_line(change, words, status, tour, capsys):
    (tour / "empty").mkdir(exist_ok=True)
    given = {"run": "run", "--pairs": "pairs", "--split": "test"} | change
    paths = {name: value if name == "--split" else str(tour / value) for name, value in given.items()}
    arguments = ["evaluate", paths.pop("run"), *(word for pair in paths.items() for word in pair)]
    assert run(arguments) == status
    error = capsys.readouterr().err.strip()
    assert words in error and error.count("\n") == 0 and "a bug" not in error


def test_a_split_without_pairs_is_status_2_and_makes_nothing(tour, tmp_path, capsys):
    from comicdata.pairs.manifest import read_rows, write_manifest

    rows = [row for row in read_rows(tour / "pairs") if row.split != "validation"]
    write_manifest(tmp_path / "pairs", rows)
    arguments = ["evaluate", str(tour / "run"), "--pairs", str(tmp_path / "pairs"), "--split", "validation"]
    assert run([*arguments, "--out", str(tmp_path / "out"), "-q"]) == 2
    assert "no pairs of size 256 in the split validation" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_baseline_without_a_picture_has_no_number(tour, tmp_path, capsys):
    from comicdata.pairs.manifest import read_rows, write_manifest

    shutil.copytree(tour / "pairs", tmp_path / "pairs")
    rows = [row for row in read_rows(tour / "pairs") if row.kept and row.split == "train"]
    write_manifest(tmp_path / "pairs", rows[:1])
    arguments = ["evaluate", str(tour / "run"), "--pairs", str(tmp_path / "pairs"), "--split", "train", "--no-hints"]
    assert run([*arguments, "--out", str(tmp_path / "run" / "evaluation"), "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["baselines"]["nearest"]["off_line"] is None
    assert "than mean colour (" in captured.err and "nearest window" not in captured.err
    (tmp_path / "run" / "config.json").write_text("{}")
    assert "than mean colour (" in page(tmp_path / "run")


def judged(model, mean, nearest, ratio=1.0, subset="off_line"):
    """The verdict on documents of CIEDE2000 and within 10."""

    def figures(one):
        return one and {subset: dict(zip(("de2000", "within10"), one, strict=True))}

    rivals = {"mean_color": figures(mean), "nearest": figures(nearest) or {"off_line": None}}
    return verdict({"model": {"off_line": None, "colourfulness_ratio": ratio, **figures(model)}, "baselines": rivals})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            ((3.0, 0.88), (18.2, 0.12), (21.0, 0.2), 0.91),
            "88% of the area has the right colour (within 10), more than mean colour (12%) and nearest window (20%); "
            "colours are off by dE 3.0, less than mean colour (18.2) and nearest window (21.0); about as colourful as",
        ),
        (
            ((24.8, 0.4), (23.2, 0.0), (31.7, 0.24), 0.5),
            "40% of the area has the right colour (within 10), more than mean colour (0%) and nearest window (24%); "
            "colours are off by dE 24.8, less than nearest window (31.7), no less than mean colour (23.2); duller than",
        ),
        (
            ((18.5, 0.3), (18.2, 0.3), None, 1.7),
            "30% of the area has the right colour (within 10), no more than mean colour (30%); "
            "colours are off by dE 18.5, no less than mean colour (18.2); more garish than",
        ),
    ],
)
def test_the_verdict_is_by_colours_that_are_right(given, words):
    assert judged(*given) == f"off the lines: {words} the truth (colour ratio {given[-1]:.2f})"


def test_the_verdict_is_of_figures_where_they_are_known():
    found = judged((3, 0.88), (18.2, 0.125), (21, 0.2), None, subset="figures")
    assert found.startswith("figures: 88% of the area") and found.endswith("and nearest window (21.0)")


def test_a_colorizer_without_a_picture_has_no_verdict():
    measured = {"off_line": {"de2000": 20.0, "within10": 0.5}}
    document = {"model": {"off_line": None, "colourfulness_ratio": None}}
    document["baselines"] = dict.fromkeys(("outline_copy", "mean_color", "nearest"), measured)
    assert verdict(document) == "off the lines: nothing to compare"


def test_a_dry_run_writes_nothing(tour, tmp_path):
    arguments = ["evaluate", str(tour / "run"), "--pairs", str(tour / "pairs"), "--out", str(tmp_path / "out")]
    assert run([*arguments, "--dry-run", "-q"]) == 0
    assert not (tmp_path / "out").exists()


def test_the_page_of_a_run_needs_nothing_else(evaluated):
    (grid,) = (evaluated / "samples").glob("*.png")
    text = page(evaluated)
    for words in ("windows of the split test", "Training", "Settings", "options.batch_size", "ceiling"):
        assert words in text
    assert not re.search(r"""(src|href)=["'](?!data:)""", text) and "<script" not in text
    assert text.count("data:image/jpeg;base64,") == 2  # the evaluation, and the one grid
    assert f"after {grid.stem} images" in text
    row = json.loads((evaluated / "evaluation" / "test-limit-2.json").read_text())["model"]["all"]
    assert f"<td>{row['psnr']:.2f}</td>" in text
    assert "with hints, and (without), on 2 windows" in text


def test_the_page_escapes_what_a_run_says(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"options": {"model": "<b>x</b>", "list": ["<i>"]}}))
    text = page(tmp_path)
    assert "<b>" not in text and "<i>" not in text and "&lt;i&gt;" in text
    assert "Nothing logged yet" in text


def test_every_stage_has_its_part_of_the_page(tmp_path):
    stages = ["low-resolution", "polishing"]
    (tmp_path / "config.json").write_text(json.dumps({"model": "two-step", "stages": stages}))
    for number, stage in enumerate(stages):
        folder = tmp_path / "stages" / stage
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(json.dumps({"options": {"stage": stage}}))
        rows = [{"images": images, "lr": 0.1, "l1": 7.5 + number} for images in (8, 16)]
        (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    text = page(tmp_path)
    assert text.index("Training: low-resolution") < text.index("Training: polishing")
    assert "top 7.5, last 7.5" in text and "top 8.5, last 8.5" in text and "lr: top" not in text


@pytest.mark.parametrize(
    ("network", "caption"),
    [
        ({"hints": True}, "outline | plain | hints | with hints | truth, after 8 images"),
        ({"hints": False}, "outline | output | truth, after 8 images"),
        ({}, "outline | output | truth, after 8 images"),
    ],
)
def test_a_grid_says_what_its_columns_are(network, caption, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"options": {"model": "auto-painter", "network": network}}))
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples" / "8.png").write_bytes(encode_png(np.zeros((4, 4, 3), np.uint8)))
    assert f"<figcaption>{caption}</figcaption>" in page(tmp_path)


def test_a_histogram_says_its_range_in_plain_numbers():
    chart = report.histogram([154, 418, 1320], "panel height")
    assert ">154</text>" in chart and ">1320</text>" in chart and "median 418" in chart
    assert ">0.568</text>" in report.histogram([0, 0.5678], "ink")


def test_a_chart_shrinks_with_the_page_instead_of_being_cut():
    for chart in (report.curves({"l1": [(0, 2), (8, 1)]}, "images"), report.bars({"a": 1}), report.histogram([1], "x")):
        (size,) = re.findall(r'<svg viewBox="0 0 (\d+) (\d+)" width="(\d+)"', chart)
        assert size[0] == size[2] and 'height="' not in chart.split(">")[0]
        reach = [float(y) for y in re.findall(r' y="([\d.]+)"', chart)]
        assert reach and max(reach) <= float(size[1])


def test_losses_and_validation_are_two_charts():
    rows = [{"images": 8, "lr": 0.1, "l1": 3.0}, {"images": 8, "validation_psnr": 12.5, "validation_x": None}]
    assert split_series(rows) == ({"l1": [(8, 3)]}, {"validation_psnr": [(8, 12.5)]})


def test_a_page_of_what_is_no_run(tmp_path):
    with pytest.raises(UsageError, match="no run here"):
        page(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "evaluation").mkdir()
    (tmp_path / "evaluation" / "test.json").write_text('{"model": {}}')
    with pytest.raises(IntegrityError, match="run that again"):
        page(tmp_path)
