"""Colour hints: what training draws, what a person gives, and that a trained network obeys."""

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from comicdata.cli.main import run as command_line
from comicdata.errors import PictureError, UsageError
from comicdata.flats.hints import Hint, paint_hints, read_hints
from comicdata.images import Image, encode_png, read_image
from comicdata.models.colorize import colorize_picture, load_colorizer
from comicdata.models.colorize.colorizer import Colorizer
from comicdata.models.colorize.wishes import Wishes
from comicdata.models.data.hints import Conditions, random_hints, with_hints
from comicdata.models.data.pairs import Batch, PairDataset, Sampling, make_batch
from comicdata.models.networks.layers import to_tensor
from comicdata.models.networks.pix2pix import UNet
from comicdata.models.runs.checkpoint import save_weights
from comicdata.models.runs.overrides import resolve_config
from comicdata.models.runs.settings import options
from comicdata.models.train import train
from comicdata.models.train.learners import AdversarialLearner
from comicdata.records import Box

SIZE = 32


def panel(random: np.random.Generator) -> tuple[Image, Image]:
    """A disc on paper, both of any colour, with its outline: nobody can know the colours without a hint."""
    color = np.empty((SIZE, SIZE, 3), np.uint8)
    color[:] = random.integers(0, 256, 3)
    outline = np.full((SIZE, SIZE), 255, np.uint8)
    center, reach = tuple(int(one) for one in random.integers(12, 20, 2)), int(random.integers(6, 10))
    cv2.circle(color, center, reach, tuple(int(one) for one in random.integers(0, 256, 3)), -1)
    for picture, ink in ((color, (0, 0, 0)), (outline, (0,))):
        cv2.circle(picture, center, reach, ink, 1)
    return outline, color


def batch_of(random: np.random.Generator, count: int) -> Batch:
    outlines, colors = zip(*(panel(random) for _ in range(count)), strict=True)
    hints = [random_hints(color, outline, random) for outline, color in zip(outlines, colors, strict=True)]
    outline, color, stacked = (to_tensor(np.stack(one)) for one in (outlines, colors, hints))
    return Batch(("",) * count, outline, color, Conditions(stacked))


def test_half_of_the_samples_have_no_hints_and_the_others_tell_the_truth() -> None:
    random = np.random.default_rng(1)
    without, wrong, areas = 0, [], []
    for _ in range(200):
        outline, color = panel(random)
        hints = random_hints(color, outline, random)
        given = hints[..., 3] > 0
        assert set(np.unique(hints[..., 3])) <= {0, 255}
        assert not hints[~given].any()
        without += not given.any()
        if given.any():
            difference = np.abs(hints[given][:, :3].astype(int) - cv2.GaussianBlur(color, (0, 0), 1.0)[given])
            wrong.append(difference.max())
            areas.append(given.mean())
    assert 80 < without < 130  # a few more than half: a lone hint may fall on a line
    assert max(wrong) <= 36
    assert 0.005 < float(np.mean(areas)) < 0.3


def test_a_white_hint_is_not_white_paper() -> None:
    outline = torch.ones(1, 1, 4, 4)
    hints = torch.zeros(1, 4, 4, 4, dtype=torch.uint8)
    none = with_hints(outline, hints)
    hints[0, :, 1, 2] = 255
    white = with_hints(outline, hints)
    assert none.shape == white.shape == (1, 5, 4, 4)
    assert not none[:, 1:].any()
    assert white[0, :, 1, 2].tolist() == [1, 1, 1, 1, 1]
    hints[0, :3, 1, 2] = 0
    assert with_hints(outline, hints)[0, :, 1, 2].tolist() == [1, -1, -1, -1, 1]
    assert with_hints(outline, None) is outline


def test_discs_are_painted_where_the_picture_is_scaled_to() -> None:
    drawn = paint_hints([Hint(10, 20, 4, (1, 2, 3)), Hint(99, 0, 9, (9, 9, 9)), Hint(2, 2, 0, (7, 8, 9))], 24, 32, 0.5)
    assert drawn.shape == (24, 32, 4)
    assert drawn[10, 5].tolist() == drawn[10, 7].tolist() == [1, 2, 3, 255]
    assert drawn[1, 1].tolist() == [7, 8, 9, 255]
    assert (drawn[..., 3] > 0).sum() == pytest.approx(np.pi * 2**2 + 1, abs=4)


def test_a_hint_in_the_last_pixel_survives_the_rounding_of_the_size() -> None:
    drawn = paint_hints([Hint(1039, 3, 0, (5, 6, 7))], 1, 10, 0.01)  # 10.4 pixels made 10
    assert drawn[0, 9].tolist() == [5, 6, 7, 255]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """An untrained network that takes hints, of training size 64."""
    config = resolve_config("auto-painter", "small", {"width": 4, "depth": 4, "size": 64, "crop": 64})
    header = {"config": options(config), "data_hash": "0", "images": 0}
    save_weights(tmp_path / "run" / "weights.safetensors", UNet(config.network).state_dict(), header)
    return tmp_path / "run"


def two_panels() -> Image:
    """A page of 200 x 420: framed boxes on (10, 10, 190, 200) and (10, 220, 190, 410), a gutter between them."""
    page = np.full((420, 200, 3), 255, np.uint8)
    for top in (10, 220):
        cv2.rectangle(page, (10, top), (189, top + 189), (0, 0, 0), 3)
        cv2.circle(page, (100, top + 90), 50, (0, 0, 0), 2)
    return page


@pytest.mark.parametrize(("x", "y"), [(200, 5), (5, 420), (9000, 3)])
def test_a_hint_outside_the_picture_is_refused_by_number(run: Path, x: int, y: int) -> None:
    hints = [Hint(199, 419, 3, (1, 2, 3)), Hint(x, y, 3, (1, 2, 3))]
    with pytest.raises(PictureError, match=rf"a\.png: hint 2 at \({x}, {y}\) lies outside the picture, 200x420 pixels"):
        colorize_picture(load_colorizer(run), two_panels(), Wishes(hints=hints), name="a.png", layout="single")


def test_hints_outside_or_in_a_gutter_are_said(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.png").write_bytes(encode_png(two_panels()))
    words = ["colorize", str(run), str(tmp_path / "a.png"), "-q", "--hints", str(tmp_path / "hints.json")]

    def colored(*places: tuple[int, int], layout: str = "auto") -> tuple[int, str, bytes]:
        entries = [{"x": x, "y": y, "radius": 9, "color": "#ff0000"} for x, y in places]
        (tmp_path / "hints.json").write_text(json.dumps(entries))
        status = command_line([*words, "--out", str(tmp_path / "out"), "--layout", layout])
        path = tmp_path / "out" / "a.png"
        return status, " ".join(capsys.readouterr().err.split()), path.read_bytes() if path.is_file() else b""

    status, said, _ = colored((50, 50), (300, 50))
    assert (status, said.count("a.png: hint 2 at (300, 50) lies outside the picture")) == (3, 1)
    status, said, alone = colored((50, 50))
    assert (status, said) == (0, "")
    status, said, both = colored((100, 210), (50, 50), (3, 3))
    assert status == 0 and both == alone
    assert "a.png: between the panels, so without effect: hint 1, 3; move it" in said
    status, said, single = colored((100, 210), layout="single")
    assert (status, said) == (0, "") and single != colored(layout="single")[2]


def test_each_panel_hears_its_own_hints() -> None:
    hints = [Hint(5, 5, 1, (0, 0, 0)), Hint(15, 25, 1, (1, 1, 1))]
    assert Wishes(hints=hints).inside(Box(10, 20, 30, 40)).hints == [Hint(5, 5, 1, (1, 1, 1))]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot be read as JSON"),
        ('{"x": 1}', "a list of"),
        ('[{"x": 1, "y": 2, "radius": 3}]', "hint 1: .*exactly x, y, radius and color"),
        ('[{"x": 1, "y": "2", "radius": 3, "color": "#000000"}]', "numbers"),
        ('[{"x": 1, "y": -2, "radius": 3, "color": "#000000"}]', "not below 0"),
        ('[{"x": 1, "y": 2, "radius": NaN, "color": "#000000"}]', "NaN is no number"),
        ('[{"x": 1, "y": 2, "radius": 3, "color": "red"}]', "#88ccee"),
    ],
)
def test_hints_that_are_none(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "hints.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=message):
        read_hints(path)


def test_samples_have_the_same_hints_in_any_batch(pairs: Path) -> None:
    dataset, sampling = PairDataset(pairs, "train", 64), Sampling(3, 32, hints=True)
    whole = make_batch(dataset, sampling, images=0, count=12).conditions.hints
    single = [make_batch(dataset, sampling, images=images, count=1).conditions.hints for images in range(12)]
    assert whole is not None and whole.shape == (12, 4, 32, 32)
    assert torch.equal(whole, torch.cat([one for one in single if one is not None]))
    assert bool(whole.any())


@pytest.fixture(scope="module")
def obedient() -> Colorizer:
    """A network that saw fourteen hundred discs of unknowable colour."""
    network = {"width": 12, "depth": 4, "norm": "none", "weight_tv": 0.0, "hints": True}
    config = resolve_config("auto-painter", "small", {**network, "size": 64, "crop": SIZE, "adversarial_start": 10**9})
    learner, random = AdversarialLearner(config, torch.device("cpu"), Path("run")), np.random.default_rng(0)
    for step in range(180):
        learner.step(batch_of(random, 8), 8 * step)
    return Colorizer(learner.average, options(config) | {"size": SIZE}, torch.device("cpu"))


def test_a_trained_network_obeys(obedient: Colorizer) -> None:
    """The colour error at the hint, and up to five pixels beside it, against the same network without hints."""
    random = np.random.default_rng(99)
    errors: dict[str, list[float]] = {"at": [], "near": [], "at, none": [], "near, none": []}
    for _ in range(30):
        outline, color = panel(random)
        row, column = np.argwhere(outline == 255)[int(random.integers((outline == 255).sum()))]
        wanted = color[row, column]
        hint = Hint(column, row, 1, tuple(int(one) for one in wanted))  # type: ignore[arg-type]
        area = (color == wanted).all(axis=2)
        place, around = (paint_hints([Hint(column, row, reach, (0, 0, 0))], SIZE, SIZE)[..., 3] > 0 for reach in (1, 5))
        for name, picture in (
            ("", obedient.colorize(outline, Wishes(hints=[hint]))),
            (", none", obedient.colorize(outline)),
        ):
            error = np.abs(picture.astype(int) - wanted).mean(axis=2) / 127.5
            errors["at" + name].append(float(error[place & area].mean()))
            errors["near" + name].append(float(error[around & area & ~place].mean()))
    means = {name: float(np.mean(values)) for name, values in errors.items()}
    assert means["at"] < 0.5 * means["at, none"], means
    assert means["near"] < 0.7 * means["near, none"], means


def test_a_white_hint_is_obeyed_too(obedient: Colorizer) -> None:
    outline, _ = panel(np.random.default_rng(5))
    row, column = np.argwhere(outline == 255)[10]
    white = obedient.colorize(outline, Wishes(hints=[Hint(column, row, 2, (255, 255, 255))]))[row, column].astype(int)
    assert white.mean() > obedient.colorize(outline)[row, column].mean() + 30


def test_hints_at_the_command_line(
    make: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs = make(tmp_path / "pairs", train=2, validation=1)
    tiny = {"size": 64, "crop": 32, "width": 4, "depth": 4, "batch_size": 2, "images": 2, "device": "cpu"}
    for name, hints in (("with", True), ("without", False)):
        train(resolve_config("auto-painter", "small", {**tiny, "hints": hints}), pairs, tmp_path / name)
    outline, _ = panel(np.random.default_rng(0))
    (tmp_path / "a.png").write_bytes(
        encode_png(np.repeat(np.kron(outline, np.ones((4, 4), np.uint8))[..., None], 3, 2))
    )
    (tmp_path / "hints.json").write_text(json.dumps([{"x": 64, "y": 64, "radius": 20, "color": "#ff0000"}]))
    words = ["colorize", str(tmp_path / "with"), str(tmp_path / "a.png"), "--device", "cpu", "--quiet"]
    given = ["--hints", str(tmp_path / "hints.json")]
    assert command_line([*words, "--out", str(tmp_path / "plain")]) == 0
    assert command_line([*words, "--out", str(tmp_path / "hinted"), *given]) == 0
    plain, hinted = (read_image(tmp_path / name / "a.png") for name in ("plain", "hinted"))
    assert plain.shape == hinted.shape == (128, 128, 3)
    assert not np.array_equal(plain, hinted)
    assert command_line(["colorize", str(tmp_path / "without"), *words[2:], "--out", str(tmp_path / "x"), *given]) == 2
    assert "a run that was trained with hints does" in capsys.readouterr().err
    assert command_line([*words, str(tmp_path / "plain"), "--out", str(tmp_path / "x"), *given]) == 2
    assert "hints of one picture, but 2 pictures are given; name a folder" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "x").exists()
