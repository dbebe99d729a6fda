"""Weights on disk, pictures of any size, and the numbers that judge them."""

import math
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from watching import damage

from comicdata.cli.main import run as command_line
from comicdata.errors import IntegrityError, UsageError
from comicdata.files import write_json
from comicdata.images import encode_png, read_image
from comicdata.models.colorize import colorizer as colorize_module
from comicdata.models.colorize import load_colorizer
from comicdata.models.colorize.colorizer import multiplied
from comicdata.models.colorize.pages import Colorized, LeftAlone, colorize_picture
from comicdata.models.colorize.wishes import Wishes
from comicdata.models.data.pairs import PairDataset
from comicdata.models.evaluate.metrics import l1, measure, off_line, outline_copy, psnr
from comicdata.models.networks.layers import to_image, to_range, to_tensor
from comicdata.models.networks.pix2pix import UNet
from comicdata.models.runs.checkpoint import load_weights, save_weights
from comicdata.models.runs.overrides import resolve_config
from comicdata.models.runs.settings import options
from comicdata.models.runs.verify import verify_run
from comicdata.outlines import canny_black, xdog
from comicdata.pairs.windows import fit_window
from comicdata.records import Box, spread


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run folder with the weights of an untrained network of training size 64."""
    torch.manual_seed(1)
    config = resolve_config("pix2pix", "small", {"width": 4, "depth": 4, "size": 64, "crop": 64})
    header = {"config": options(config), "data_hash": "0", "images": 0}
    save_weights(tmp_path / "run" / "weights.safetensors", UNet(config.network).state_dict(), header)
    write_json(tmp_path / "run" / "config.json", {"options": {}})
    return tmp_path / "run"


def line_art(height: int, width: int) -> np.ndarray:
    outline = np.full((height, width), 255, np.uint8)
    outline[height // 2] = 0
    outline[:, width // 3] = 0
    return outline


def test_layers_of_a_model_that_has_no_others_are_its_colours_and_the_lines(run: Path, tmp_path: Path) -> None:
    (tmp_path / "line.png").write_bytes(encode_png(line_art(64, 64)))
    words = ["colorize", str(run), str(tmp_path / "line.png"), "--out", str(tmp_path / "out")]
    assert command_line([*words, "--layers"]) == 0
    colours, lines = (read_image(tmp_path / "out" / "layers" / f"line.{name}.png") for name in ("colours", "lines"))
    assert sorted(one.name for one in (tmp_path / "out" / "layers").glob("*.png")) == [
        "line.colours.png",
        "line.lines.png",
    ]
    assert (lines == line_art(64, 64)[..., None]).all()
    assert (read_image(tmp_path / "out" / "line.png") == multiplied(colours, line_art(64, 64))).all()


@pytest.mark.parametrize("shape", [(64, 64), (250, 371), (1, 1), (37, 5), (3, 900), (700, 90)])
def test_any_size_in_is_the_size_out(run: Path, shape: tuple[int, int]) -> None:
    color = load_colorizer(run).colorize(line_art(*shape))
    assert color.shape == (*shape, 3)
    assert color.dtype == np.uint8


def test_lines_stay_at_full_resolution(run: Path) -> None:
    outline = line_art(640, 400)
    color = load_colorizer(run).colorize(outline)
    assert color[outline == 0].max() == 0
    assert color[320 - 3 : 320 + 4 : 6, 200].min() > 0


def test_the_same_picture_twice(run: Path) -> None:
    colorizer = load_colorizer(run / "weights.safetensors")
    assert np.array_equal(colorizer.colorize(line_art(90, 70)), colorizer.colorize(line_art(90, 70), Wishes(seed=5)))


def test_tiles_fade_into_each_other(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    colorizer = load_colorizer(run)
    whole = colorizer.colorize(line_art(64, 320)).astype(int)
    monkeypatch.setattr(colorize_module, "TILE", 128)
    monkeypatch.setattr(colorize_module, "OVERLAP", 32)
    tiled = colorizer.colorize(line_art(64, 320)).astype(int)
    assert np.abs(tiled - whole).mean() < 4


@pytest.mark.parametrize("bad", [np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4)), np.zeros((0, 4), np.uint8)])
def test_what_is_no_line_art_is_refused(run: Path, bad: np.ndarray) -> None:
    with pytest.raises(UsageError, match="line art of shape"):
        load_colorizer(run).colorize(bad)


@pytest.mark.parametrize("place", [8, -1])
def test_a_flipped_byte_in_the_weights_is_found(run: Path, place: int) -> None:
    path = run / "weights.safetensors"
    damage(path, place)
    with pytest.raises(IntegrityError, match=r"weights\.safetensors: weights damaged"):
        load_colorizer(run)
    assert verify_run(run)["changed"] == ["weights.safetensors"]


def test_weights_that_are_missing_or_of_others(run: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no weights here"):
        load_weights(tmp_path / "nothing")
    weights = load_weights(run)
    save_weights(run / "weights.safetensors", {"other": torch.zeros(2)}, weights.header)
    with pytest.raises(IntegrityError, match="do not fit"):
        load_colorizer(run)


def test_equal_weights_give_equal_bytes_and_no_second_write(run: Path) -> None:
    path = run / "weights.safetensors"
    before = path.read_bytes(), path.stat().st_mtime_ns
    weights = load_weights(run)
    header = {name: value for name, value in weights.header.items() if name not in ("format", "tensors_sha256")}
    save_weights(path, dict(reversed(weights.tensors.items())), header)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_a_picture_in_colour_is_left_alone_unless_somebody_insists(run: Path) -> None:
    color = np.repeat(line_art(96, 96)[..., None], 3, axis=2)
    color[5:40, 5:30] = (200, 90, 40)
    colorizer = load_colorizer(run)
    left = colorize_picture(colorizer, color)
    assert isinstance(left, LeftAlone) and "in colour" in left.why
    made = colorize_picture(colorizer, color, line_art=True)
    assert isinstance(made, Colorized) and made.image.shape == color.shape


def test_grey_line_art_reaches_the_network_byte_for_byte_and_cream_paper_as_white(run: Path) -> None:
    colorizer = load_colorizer(run)
    outline = cv2.GaussianBlur(line_art(96, 128), (3, 3), 0)
    expected = colorizer.paint(outline, lines=True)[0].image
    made = colorize_picture(colorizer, np.repeat(outline[..., None], 3, axis=2), layout="single")
    assert isinstance(made, Colorized) and np.array_equal(made.image, expected)
    ink, paper = np.array([28, 20, 16]), np.array([246, 238, 218])
    amount = 1 - outline[..., None] / 255
    cream = np.rint(paper * (1 - amount) + ink * amount).astype(np.uint8)
    tinted = colorize_picture(colorizer, cream, layout="single")
    assert isinstance(tinted, Colorized)
    assert np.abs(tinted.image.astype(int) - expected).mean() < 6


@pytest.mark.parametrize("kind", ["canny", "xdog"])
def test_an_outline_is_drawn_as_those_that_the_run_was_trained_on(run: Path, kind: str) -> None:
    color = np.random.default_rng(2).integers(0, 256, (90, 70, 3), dtype=np.uint8)
    weights = load_weights(run)
    expected = {"canny": canny_black(color), "xdog": xdog(color)}  # a run that records nothing: the defaults
    for recorded in ({}, {"canny": {"low": 20, "high": 60, "black": 9}, "xdog": {"sigma": 0.8, "eps": 0.5, "phi": 10}}):
        config = {**weights.config, "outline": kind, "outlines": recorded}
        save_weights(run / "weights.safetensors", weights.tensors, {"config": config, "data_hash": "0", "images": 0})
        colorizer = load_colorizer(run)
        assert np.array_equal(colorizer.draw(color), expected[kind])
        recolored = colorize_picture(colorizer, color, recolor=True)
        assert isinstance(recolored, Colorized) and recolored.image[expected[kind] == 0].max() == 0
        if kind == "canny":
            assert np.array_equal(recolored.image, colorizer.colorize(expected[kind]))
        expected = {
            "canny": canny_black(color, low=20, high=60, black=9),
            "xdog": xdog(color, sigma=0.8, eps=0.5, phi=10),
        }


@pytest.mark.parametrize("kind", ["canny", "xdog"])
@pytest.mark.parametrize("side", [150, 64, 40])
def test_to_recolor_a_panel_is_to_see_the_outline_of_its_pair(run: Path, kind: str, side: int) -> None:
    panel = cv2.GaussianBlur(np.random.default_rng(3).integers(0, 256, (side, side, 3), dtype=np.uint8), (0, 0), 3)
    panel[side // 2 : side // 2 + side // 10] = 0
    whole = Box(0, 0, side, side)
    window = fit_window(panel, whole, 64, "tile")  # as make-pairs cuts and draws
    pair = fit_window(canny_black(panel), whole, 64, "tile") if kind == "canny" else xdog(window, size=64)
    weights = load_weights(run)
    config = {**weights.config, "outline": kind}
    save_weights(run / "weights.safetensors", weights.tensors, {"config": config, "data_hash": "0", "images": 0})
    colorizer = load_colorizer(run)
    seen: list[torch.Tensor] = []
    colorizer.network.register_forward_pre_hook(lambda network, given: seen.append(given[0]))
    result = colorize_picture(colorizer, panel, recolor=True, layout="single")
    assert isinstance(result, Colorized) and result.image.shape == panel.shape
    assert np.array_equal(to_image(seen[0].expand(-1, 3, -1, -1)[0])[..., 0], pair)
    assert 0.02 < (pair < 128).mean() < 0.98


def test_pixels_survive_the_way_into_the_network_and_back() -> None:
    image = np.arange(256 * 3, dtype=np.int64).reshape(16, 16, 3).astype(np.uint8)
    tensor = to_range(to_tensor(image[None]))
    assert tensor.shape == (1, 3, 16, 16)
    assert (float(tensor.min()), float(tensor.max())) == (-1, 1)
    assert np.array_equal(to_image(tensor[0]), image)


def test_metrics() -> None:
    black, white = np.zeros((4, 4, 3), np.uint8), np.full((4, 4, 3), 255, np.uint8)
    assert l1(black, white) == 2
    assert psnr(black, white) == 0
    assert psnr(black, black) == math.inf
    grey = np.full((4, 4, 3), 26, np.uint8)
    assert psnr(black, grey) == pytest.approx(20 * math.log10(255 / 26), abs=1e-4)
    outline = line_art(4, 4)
    half = black.copy()
    half[outline == 0] = 255
    assert l1(half, black, off_line(outline)) == 0 < l1(half, black)
    assert math.isnan(l1(black, black, np.zeros((4, 4), bool)))


def test_spread_is_even_and_never_too_much() -> None:
    assert spread(10, 4) == [0, 2, 5, 7]
    assert spread(2, 4) == [0, 1]
    assert spread(0, 4) == []


def test_evaluation_beside_the_baseline(run: Path, pairs: Path) -> None:
    dataset, colorize = PairDataset(pairs, "test", 64), load_colorizer(run).colorize
    assert len(dataset) == 2
    copied, made = (
        measure((dataset.outline(index), paint(dataset.outline(index)), dataset.color(index)) for index in range(2))
        for paint in (outline_copy, colorize)
    )
    assert copied["psnr"] is not None and 5 < copied["psnr"] < 30
    assert made["psnr"] is not None and 0 < made["psnr"] < 30


def test_measure_of_the_truth_is_perfect(pairs: Path) -> None:
    dataset = PairDataset(pairs, "test", 64)
    scores = measure((dataset.outline(index), dataset.color(index), dataset.color(index)) for index in range(2))
    assert scores == {"l1": 0.0, "psnr": None, "l1_off_line": 0.0, "psnr_off_line": None}


@pytest.mark.parametrize("size", [63, 64, 65])
def test_lines_stay_as_dark_where_a_panel_has_the_size_of_the_run_as_beside_it(run: Path, size: int) -> None:
    """Ink of the drawing is ink of the picture, whether or not the network was shown it at another size."""
    colorizer = load_colorizer(run)
    outline = np.full((size, 2 * size), 255, np.uint8)
    outline[:, size] = 0
    result = colorize_picture(colorizer, np.repeat(outline[..., None], 3, axis=2), layout="single")
    assert isinstance(result, Colorized) and int(result.image[:, size].max()) == 0


def test_panels_that_a_person_gave_are_coloured_and_nothing_else(run: Path, tmp_path: Path) -> None:
    (tmp_path / "line.png").write_bytes(encode_png(line_art(64, 96)))
    boxes = '{"input": "line.png", "panels": [{"box": [0, 0, 40, 64]}, {"box": [50, 0, 96, 64], "kind": "text"}]}'
    (tmp_path / "boxes.jsonl").write_text(boxes)
    words = ["colorize", str(run), str(tmp_path / "line.png"), "--out", str(tmp_path / "out"), "--panels"]
    assert command_line([*words, str(tmp_path / "boxes.jsonl")]) == 0
    made, given = (read_image(tmp_path / place / "line.png") for place in ("out", "."))
    assert (made[:, 40:] == given[:, 40:]).all() and (made[:, :40] != given[:, :40]).any()
    (tmp_path / "boxes.jsonl").write_text(boxes.replace("40, 64", "40, 640"))
    assert command_line([*words, str(tmp_path / "boxes.jsonl")]) == 3
    (tmp_path / "boxes.jsonl").write_text(boxes.replace("line.png", "other.png"))
    assert command_line([*words, str(tmp_path / "boxes.jsonl")]) == 2
