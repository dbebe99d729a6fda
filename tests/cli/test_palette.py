"""`palette` as a user runs it: train, colorize and evaluate in a style, look at the run."""

import json

import numpy as np
import pytest

from comicdata.cli.main import run
from comicdata.images import encode_png, read_image

TINY = ["--images", "16", "--batch-size", "4", "--set", "width=8", "--set", "colors=12", "--set", "validation_pairs=2"]


@pytest.fixture(scope="module")
def chosen(tour):
    assert run(["train", "palette", "--pairs", str(tour / "pairs"), "--run", str(tour / "palette"), *TINY, "-q"]) == 0
    return tour


@pytest.fixture
def drawing(tmp_path):
    """A drawing larger than what the network sees."""
    picture = np.full((900, 700, 3), 255, np.uint8)
    picture[300:306, 100:600], picture[600:606, 100:600] = 0, 0
    picture[300:606, 100:106], picture[300:606, 594:600] = 0, 0
    (tmp_path / "drawing.png").write_bytes(encode_png(picture))
    return tmp_path / "drawing.png"


def test_a_drawing_is_coloured_in_either_style(chosen, drawing, tmp_path):
    made = {}
    for style in ("flats", "soft"):
        out = tmp_path / style
        words = ["colorize", str(chosen / "palette"), str(drawing), "--out", str(out), "--style", style, "-q"]
        assert run([*words, "--layout", "single"]) == 0
        made[style] = read_image(out / "drawing.png")
        assert made[style].shape == (900, 700, 3)
        assert (made[style][302, 120:580] == 0).all()  # lines as they were drawn
    room = made["flats"][306:600, 106:594].reshape(-1, 3)
    assert (room == room[0]).all() and len(np.unique(made["flats"].reshape(-1, 3), axis=0)) <= 3
    assert not np.array_equal(made["flats"], made["soft"])


def test_evaluate_measures_a_style_and_says_which(chosen, capsys):
    documents = {}
    for words in ([], ["--style", "soft"], ["--style", "flats"]):
        arguments = [
            "evaluate",
            str(chosen / "palette"),
            "--pairs",
            str(chosen / "pairs"),
            "--limit",
            "2",
            "--no-hints",
        ]
        assert run([*arguments, *words, "--json", "--out", str(chosen / "styles")]) == 0
        name = "-".join(["test", *words[1:], "limit-2-no-hints"])
        assert f"{chosen / 'styles' / name}.json" in capsys.readouterr().err
        documents[words[-1] if words else ""] = json.loads((chosen / "styles" / f"{name}.json").read_text())
    assert {name: one["style"] for name, one in documents.items()} == {"": "flats", "soft": "soft", "flats": "flats"}
    assert documents[""]["model"] == documents["flats"]["model"] != documents["soft"]["model"]


@pytest.fixture(scope="module")
def published(tour):
    """A run of a model that has no styles."""
    words = ["train", "pix2pix", "--pairs", str(tour / "pairs"), "--run", str(tour / "pix2pix"), "--preset", "small"]
    assert run([*words, "--images", "8", "-q"]) == 0
    return tour / "pix2pix"


@pytest.mark.parametrize("command", ["colorize", "evaluate"])
def test_a_model_without_styles_says_so_in_one_line(published, tour, drawing, tmp_path, command, capsys):
    given = (
        [str(drawing), "--out", str(tmp_path / "out")] if command == "colorize" else ["--pairs", str(tour / "pairs")]
    )
    assert run([command, str(published), *given, "--style", "soft"]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and "pix2pix knows nothing of --style; palette does" in lines[0]
    assert not (tmp_path / "out").exists()


def test_an_edited_palette_is_one_line_and_an_integrity_error(chosen, drawing, tmp_path, capsys):
    path = chosen / "palette" / "palette.gpl"
    data = path.read_bytes()
    assert run(["verify", str(chosen / "palette"), "-q"]) == 0
    try:
        path.write_bytes(data[:-4])
        assert run(["verify", str(chosen / "palette"), "-q"]) == 6
        capsys.readouterr()
        words = ["colorize", str(chosen / "palette"), str(drawing), "--out", str(tmp_path / "out")]
        assert run(words) == 6
        lines = capsys.readouterr().err.strip().splitlines()
        assert len(lines) == 1
        assert "palette.gpl: not the colours that this run was trained with; move it elsewhere" in lines[0]
    finally:
        path.write_bytes(data)


def test_colorize_says_its_style(chosen, drawing, tmp_path, capsys):
    for words, style in (([], "flats"), (["--style", "soft"], "soft")):
        arguments = ["colorize", str(chosen / "palette"), str(drawing), "--out", str(tmp_path / style)]
        assert run([*arguments, *words]) == 0
        assert f"1 of 1 pictures coloured in {style}, in {tmp_path / style}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["palette", "--images", "2001"], "2,001 images are rounded up to 2,004, 501 steps of 4"),
        (["two-step", "--images", "31"], "low-resolution: 31 images are rounded up to 32, 4 steps of 8"),
        (["palette", "--images", "2000"], ""),
    ],
)
def test_a_budget_of_no_whole_steps_is_said(words, said, tour, tmp_path, capsys):
    arguments = ["train", *words, "--pairs", str(tour / "pairs"), "--run", str(tmp_path / "run"), "--dry-run"]
    assert run(arguments) == 0
    error = capsys.readouterr().err
    assert said in error and ("rounded" in error) is bool(said)


def test_show_and_dry_runs_know_the_model(chosen, tmp_path, capsys):
    assert run(["show", str(chosen / "palette"), "--out", str(tmp_path / "page.html"), "-q"]) == 0
    assert "palette" in (tmp_path / "page.html").read_text()
    for preset, images in (("small", 8_000), ("medium", 36_000), ("large", 1_000_000)):
        words = ["train", "palette", "--pairs", str(chosen / "pairs"), "--run", str(tmp_path / "r"), "--dry-run"]
        assert run([*words, "--preset", preset, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["images"] == images
    assert run([*words, "--preset", "paper"]) == 2
    assert "preset paper: not known for palette; there are small, medium, large" in capsys.readouterr().err
