"""Measures against scikit-image and brute force, baselines on pairs made by hand, and the public document."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import color as skimage_color
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from comicdata.cli.html import pieces as report
from comicdata.errors import UsageError
from comicdata.images import beside, encode_png
from comicdata.models.colorize.colorizer import Colorizer
from comicdata.models.colorize.wishes import Wishes
from comicdata.models.data.pairs import PairDataset
from comicdata.models.evaluate import baselines as baselines_module
from comicdata.models.evaluate import evaluate
from comicdata.models.evaluate.baselines import Baselines, describe, enlarged_low_resolution, nearest
from comicdata.models.evaluate.contest import choose_shown
from comicdata.models.evaluate.lab import de2000_map, lab_of
from comicdata.models.evaluate.metrics import (
    background_consistency,
    colourfulness,
    flat_regions,
    mean_under,
    off_line,
    ssim_map,
    windows_of,
)
from comicdata.models.evaluate.scores import Panel, Scores, mean_scores, score_panel

KEYS = {"all", "off_line", "figures", "foreground", "background", "colourfulness_ratio", "background_consistency"}


class Painter:
    """Stands in for a trained colorizer: paints what it is told."""

    size = 64
    outline = "canny"
    takes_hints, heeds = False, frozenset[str]()

    def __init__(self, paint: Callable[[np.ndarray], np.ndarray]) -> None:
        self.paint = paint

    def colorize(self, outline: np.ndarray, wishes: Wishes) -> np.ndarray:
        return self.paint(outline)

    def colorize_many(self, outlines: list[np.ndarray], wishes: Wishes) -> list[np.ndarray]:
        return [self.colorize(one, wishes) for one in outlines]


def as_colorizer(paint: Callable[[np.ndarray], np.ndarray]) -> Colorizer:
    return Painter(paint)  # type: ignore[return-value]


def noise(seed: int, shape: tuple[int, ...] = (40, 52, 3)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def test_ssim_is_that_of_scikit_image() -> None:
    truth = noise(1)
    output = cv2.GaussianBlur(truth, (0, 0), 1)
    expected = structural_similarity(truth, output, channel_axis=2, data_range=255)
    assert mean_under(ssim_map(windows_of(output), windows_of(truth)), None) == pytest.approx(expected, abs=1e-5)
    assert mean_under(ssim_map(windows_of(truth), windows_of(truth)), None) == pytest.approx(1)
    assert math.isnan(mean_under(ssim_map(windows_of(noise(1, (6, 90, 3))), windows_of(noise(2, (6, 90, 3)))), None))


def test_ssim_of_one_pixel_by_hand() -> None:
    """Wang et al. (2004), equation 13, on the window around (20, 30), unbiased as in scikit-image."""
    output, truth = noise(3), noise(4)
    expected = []
    for channel in range(3):
        x = output[17:24, 27:34, channel].astype(float).ravel()
        y = truth[17:24, 27:34, channel].astype(float).ravel()
        covariance = np.cov(x, y)
        c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
        above = (2 * x.mean() * y.mean() + c1) * (2 * covariance[0, 1] + c2)
        below = (x.mean() ** 2 + y.mean() ** 2 + c1) * (covariance[0, 0] + covariance[1, 1] + c2)
        expected.append(above / below)
    assert ssim_map(windows_of(output), windows_of(truth))[20, 30] == pytest.approx(np.mean(expected), abs=1e-4)


def test_de2000_is_that_of_the_published_pairs() -> None:
    """Sharma, Wu, Dalal, "The CIEDE2000 color-difference formula" (2005), table 1, pairs 1, 7 and 17."""
    left = np.array([[[50, 2.6772, -79.7751], [50, 0, 0], [50, 2.5, 0]]], np.float32)
    right = np.array([[[50, 0, -82.7485], [50, -1, 2], [50, 0, -2.5]]], np.float32)
    assert de2000_map(left, right)[0] == pytest.approx([2.0425, 2.3669, 4.3065], abs=1e-3)


@pytest.mark.parametrize("kind", ["any two", "alike", "greys", "a grey and a colour", "equal", "dark"])
def test_de2000_is_that_of_scikit_image(kind: str) -> None:
    left, right = noise(21, (256, 256, 3)), noise(22, (256, 256, 3))
    if kind == "alike":
        right = np.clip(left + noise(23, left.shape) % 7 - 3.0, 0, 255).astype(np.uint8)
    elif kind == "dark":
        left, right = left // 32, right // 32
    elif kind == "equal":
        right = left
    elif kind != "any two":
        left = np.repeat(left[..., :1], 3, axis=2)
        right = np.repeat(right[..., :1], 3, axis=2) if kind == "greys" else right
    expected = skimage_color.deltaE_ciede2000(skimage_color.rgb2lab(left), skimage_color.rgb2lab(right))
    found = de2000_map(lab_of(left), lab_of(right))
    opposite = np.abs(found - expected) > 2e-3  # hues 180 degrees apart have two means, and rounding picks one
    assert opposite.mean() < 1e-3
    assert found[~opposite].mean() == pytest.approx(expected[~opposite].mean(), abs=1e-4)


def test_lab_is_that_of_scikit_image() -> None:
    every = np.arange(0, 256**3, 37)  # of all colours each 37th, dark ones and greys among them
    colors = np.stack([every >> 16, every >> 8 & 255, every & 255], axis=-1).astype(np.uint8)[None]
    assert np.abs(lab_of(colors) - skimage_color.rgb2lab(colors)).max() < 1e-3


def test_colourfulness_by_the_formula() -> None:
    assert colourfulness(np.full((5, 5, 3), 77, np.uint8)) == 0
    half = np.zeros((2, 2, 3), np.uint8)
    half[0] = (255, 0, 0)
    # rg is 255 or 0, yb is 127.5 or 0: deviations 127.5 and 63.75, means the same
    assert colourfulness(half) == pytest.approx(1.3 * math.hypot(127.5, 63.75))


def test_subsets_are_those_pixels_and_no_others() -> None:
    truth, output = noise(6, (64, 64, 3)), noise(7, (64, 64, 3))
    outline = np.full((64, 64), 255, np.uint8)
    outline[10] = 0
    background = np.zeros((64, 64), bool)
    background[:, :20] = True
    scores = score_panel("x", {"model": output}, outline, truth, background).model
    lab_truth, lab_output = skimage_color.rgb2lab(truth), skimage_color.rgb2lab(output)
    similar = structural_similarity(truth, output, channel_axis=2, data_range=255, full=True)[1].mean(axis=2)
    inside = np.zeros((64, 64), bool)
    inside[3:-3, 3:-3] = True
    masks = {"all": np.ones((64, 64), bool), "off_line": outline == 255, "foreground": ~background}
    masks["figures"] = masks["off_line"] & ~background
    assert set(scores.subsets) == {*masks, "background"}
    for name, mask in {**masks, "background": background}.items():
        found = scores.subsets[name]
        pixels, true = output[mask].astype(float), truth[mask].astype(float)
        assert found["l1"] == pytest.approx(np.abs(pixels - true).mean() / 127.5)
        assert found["psnr"] == pytest.approx(peak_signal_noise_ratio(true, pixels, data_range=255), abs=1e-4)
        assert found["ssim"] == pytest.approx(similar[mask & inside].mean(), abs=1e-5)
        expected = skimage_color.deltaE_ciede2000(lab_truth[mask], lab_output[mask]).mean()
        assert found["de2000"] == pytest.approx(expected, abs=1e-2)
        close = skimage_color.deltaE_ciede2000(lab_truth[mask], lab_output[mask]) <= 10
        assert found["within10"] == pytest.approx(close.mean(), abs=2 / mask.sum())


def test_flat_regions_are_large_even_and_off_the_lines() -> None:
    truth = np.zeros((64, 64, 3), np.uint8)
    truth[:, :30] = (200, 90, 40)
    truth[:, 30:] = (90, 200, 240)
    truth[40:, 30:] = np.arange(24)[:, None, None] * 10  # a gradient
    truth[5:8, 5:8] = 0  # too small
    paper = np.ones((64, 64), bool)
    paper[:, 60:] = False
    regions = flat_regions(truth, lab_of(truth), paper)
    assert regions.max() == 2
    assert regions[20, 10] not in (0, regions[20, 45])
    assert regions[50, 45] == regions[6, 6] == regions[20, 62] == 0


def test_a_long_soft_gradient_is_no_flat_region() -> None:
    gradient = np.repeat(np.arange(0, 128, 2, dtype=np.uint8)[:, None, None], 64, axis=1).repeat(3, axis=2)
    assert flat_regions(gradient, lab_of(gradient), np.ones((64, 64), bool)).max() == 0


def test_consistency_is_the_spread_in_each_region_by_brute_force() -> None:
    truth = np.full((64, 64, 3), 210, np.uint8)
    truth[:, 40:] = (30, 120, 60)
    regions = flat_regions(truth, lab_of(truth), np.ones((64, 64), bool))
    output = noise(8, (64, 64, 3))
    lab = lab_of(output).astype(float)
    spreads = [np.sqrt(lab[regions == number].var(axis=0).sum()) for number in (1, 2)]
    areas = [(regions == number).sum() for number in (1, 2)]
    expected = np.average(spreads, weights=areas)
    assert background_consistency(lab_of(output), regions) == pytest.approx(expected, rel=1e-4)
    assert background_consistency(lab_of(truth), regions) == pytest.approx(0, abs=1e-3)
    wrong = np.full_like(truth, 3)  # an even colour, though a wrong one
    assert background_consistency(lab_of(wrong), regions) == pytest.approx(0, abs=1e-3)
    assert math.isnan(background_consistency(lab_of(output), np.zeros((64, 64), np.int32)))


@pytest.mark.parametrize("chunk", [1, 3, 1000])
def test_nearest_by_brute_force_and_never_the_same_panel(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baselines_module, "CHUNK", chunk)
    random = np.random.default_rng(0)
    known, wanted = random.integers(0, 256, (11, 256), np.uint8), random.integers(0, 256, (5, 256), np.uint8)
    wanted[0], wanted[1], known[9] = known[4], known[7], known[7]  # equal descriptors: the first counts
    panels = np.arange(11)
    own = np.array([4, -1, -1, 2, 3])
    found = nearest(wanted, own, known, panels)
    for row, at in enumerate(found):
        distances = np.square(known.astype(int) - wanted[row]).sum(axis=1).astype(float)
        distances[panels == own[row]] = np.inf
        assert at == distances.argmin()
    assert found[0] != 4 and found[1] == 7
    assert nearest(wanted[:1], np.array([0]), known, np.zeros(11, int)).tolist() == [-1]


def test_distances_are_exact_where_they_are_largest() -> None:
    white, black = np.full((1, 256), 255, np.uint8), np.zeros((1, 256), np.uint8)
    assert baselines_module._distances(white, black).item() == 256 * 255 * 255
    assert baselines_module._distances(white, white).item() == 0


def test_a_descriptor_counts_paper_in_cells() -> None:
    outline = np.full((64, 64), 255, np.uint8)
    outline[:4, 4:6] = 0  # half of the second cell of the first row
    assert describe(outline)[:3].tolist() == [255, 128, 255]


def test_baselines_by_hand(pairs: Path) -> None:
    train, test = (PairDataset(pairs, split, 64) for split in ("train", "test"))
    every = [train.color(at)[train.outline(at) >= 250] for at in range(len(train))]
    expected = np.concatenate(every).mean(axis=0)
    found = Baselines(train)
    assert found.mean_color == pytest.approx(expected)
    outline, truth = test.outline(0), test.color(0)
    made = found.paint(outline, truth, 3)
    paper = off_line(outline)
    assert np.array_equal(made["outline_copy"], np.dstack([outline] * 3))
    assert made["mean_color"][outline == 255] == pytest.approx(np.tile(np.rint(expected), ((outline == 255).sum(), 1)))
    assert made["mean_color"][outline == 0].max() == 0
    assert np.array_equal(made["nearest"], train.color(3))
    little = truth.reshape(8, 8, 8, 8, 3).mean(axis=(1, 3))
    centres = enlarged_low_resolution(truth)[3:-1:8, 3:-1:8]  # bilinear: half a pixel from a known mean
    assert np.abs(centres - little).max() < 16
    assert np.array_equal(
        made["lowres_ceiling"][paper & (outline == 255)], enlarged_low_resolution(truth)[outline == 255]
    )
    assert found.paint(outline, truth, None)["nearest"] is None


def test_the_document_is_whole_plain_json_and_the_same_again(pairs: Path, tmp_path: Path) -> None:
    dark = as_colorizer(lambda outline: np.zeros((64, 64, 3), np.uint8))
    document = evaluate(dark, pairs, "test").document
    assert set(document) == {"model", "baselines", "errors"}
    assert set(document["baselines"]) == {"outline_copy", "mean_color", "nearest", "lowres_ceiling"}
    for one in (document["model"], *document["baselines"].values()):
        assert set(one) == KEYS
        assert one["foreground"] is None and one["background"] is None and one["figures"] is None
        assert set(one["all"]) == set(one["off_line"]) == {"l1", "psnr", "ssim", "de2000", "within10"}
    json.dumps(document, allow_nan=False)
    assert document["model"]["colourfulness_ratio"] == 0
    assert document == evaluate(dark, pairs, "test").document


def test_the_truth_is_perfect_and_its_psnr_is_null(pairs: Path) -> None:
    test = PairDataset(pairs, "test", 64)
    truths = {test.outline(at).tobytes(): test.color(at) for at in range(len(test))}
    found = evaluate(as_colorizer(lambda outline: truths[outline.tobytes()]), pairs, "test").document["model"]
    assert found["all"]["psnr"] is None and found["off_line"]["psnr"] is None
    assert (found["all"]["l1"], found["colourfulness_ratio"]) == (0, pytest.approx(1))
    assert found["all"]["ssim"] == pytest.approx(1)


@pytest.mark.parametrize(("hints", "each"), [(False, 1), (True, 5)])  # plain, and with 1, 4, 16 and 64 hints
def test_progress_is_told_with_every_picture_that_is_made(
    make: Callable[..., Path], tmp_path: Path, hints: bool, each: int
) -> None:
    pairs = make(tmp_path / "many", train=5, validation=0, test=9)
    made = told = 0
    steps: dict[str, list[tuple[int, int]]] = {}

    def paint(outline: np.ndarray) -> np.ndarray:
        nonlocal made
        made += 1
        assert made - told <= 8  # those that are painted together
        return np.full((64, 64, 3), 99, np.uint8)

    def on_progress(what: str, done: int, total: int) -> None:
        nonlocal told
        steps.setdefault(what, []).append((done, total))
        told = steps.get("colouring", [(0, 0)])[-1][0]

    painter = as_colorizer(paint)
    painter.takes_hints = hints  # type: ignore[attr-defined, misc]
    windows, known = (len(PairDataset(pairs, split, 64)) for split in ("test", "train"))
    evaluate(painter, pairs, "test", on_progress=on_progress)
    sheet = 6 * (1 + 3 * hints)  # two windows each of best, median and worst; again with 1, 4 and 16 hints
    assert windows >= 9 and told == made == windows * each + sheet
    assert steps["training pairs"] == [(done, known) for done in range(1, known + 1)]
    assert {total for _, total in steps["colouring"]} == {made}


def test_masks_make_foreground_and_background_known(pairs: Path, tmp_path: Path) -> None:
    test = PairDataset(pairs, "test", 64)
    mask = np.zeros((64, 64), np.uint8)
    mask[:20] = 255
    masks = tmp_path / "masks"
    masks.mkdir()
    (masks / f"{test.rows[1].id}.png").write_bytes(encode_png(mask))
    painted = as_colorizer(lambda outline: np.full((64, 64, 3), 99, np.uint8))
    document = evaluate(painted, pairs, "test", masks=masks).document
    truth = test.color(1).astype(int)
    assert document["model"]["background"]["l1"] == pytest.approx(np.abs(truth[:20] - 99).mean() / 127.5)
    assert document["model"]["foreground"]["l1"] == pytest.approx(np.abs(truth[20:] - 99).mean() / 127.5)
    assert document["masks"] == {"windows": 1}


def test_masks_that_do_not_fit(pairs: Path, tmp_path: Path) -> None:
    painted = as_colorizer(lambda outline: np.full((64, 64, 3), 99, np.uint8))
    with pytest.raises(UsageError, match="no mask of these pairs"):
        evaluate(painted, pairs, "test", masks=tmp_path)
    name = PairDataset(pairs, "test", 64).rows[0].id
    (tmp_path / f"{name}.png").write_bytes(encode_png(np.zeros((64, 32), np.uint8)))
    with pytest.raises(UsageError, match="a mask of 32x64 for a pair of 64x64"):
        evaluate(painted, pairs, "test", masks=tmp_path)


def test_on_the_split_it_learned_from_nearest_is_another_panel(pairs: Path) -> None:
    test = PairDataset(pairs, "train", 64)
    found = Baselines(test).find_nearest(test, list(range(len(test))))
    assert all(at != index for index, at in found.items())


def test_a_panel_alone_has_no_neighbour_and_nulls(make: Callable[..., Path], tmp_path: Path) -> None:
    pairs = make(tmp_path / "alone", train=1, validation=0, test=0)
    painted = as_colorizer(lambda outline: np.full((64, 64, 3), 99, np.uint8))
    document = evaluate(painted, pairs, "train").document
    assert document["baselines"]["nearest"] == dict.fromkeys(KEYS)


def scores(l1: float, colours: tuple[float, float] = (1, 2)) -> Scores:
    subset = {"l1": l1, "psnr": math.inf, "ssim": 0.5, "de2000": math.nan, "within10": 0.25}
    return Scores({"all": subset, "off_line": subset}, colours, math.nan)


def test_means_leave_out_what_is_no_number() -> None:
    means = mean_scores([scores(0.2, (0, 0)), scores(0.4, (3, 4))])
    assert means["all"] == {"l1": pytest.approx(0.3), "psnr": None, "ssim": 0.5, "de2000": None, "within10": 0.25}
    assert means["colourfulness_ratio"] == 0.75
    assert means["background_consistency"] is None


def test_pictures_beside_each_other_are_where_they_belong() -> None:
    grey, colour = noise(1, (4, 3)), noise(2, (4, 5, 3))
    row = beside([grey, colour, grey], gap=2)
    assert row.shape == (4, 3 + 2 + 5 + 2 + 3, 3)
    for channel in range(3):
        assert np.array_equal(row[:, :3, channel], grey) and np.array_equal(row[:, 12:, channel], grey)
    assert np.array_equal(row[:, 5:10], colour)
    assert row[:, [3, 4, 10, 11]].min() == 255
    assert np.array_equal(beside([colour, colour], axis=0, gap=1)[5:], colour)
    assert np.array_equal(beside([colour, colour], axis=0, gap=0), np.concatenate([colour, colour]))
    assert np.array_equal(report.side_by_side([grey, colour]), beside([grey, colour], gap=8))


@pytest.mark.parametrize("count", [1, 2, 3, 4, 9])
def test_best_median_and_worst_are_shown_once(count: int) -> None:
    values = np.random.default_rng(count).permutation(count) / 10
    panels = [Panel(str(at), scores(float(value)), {}) for at, value in enumerate(values)]
    shown = choose_shown(panels)
    order = [values[at] for _, at in shown]
    assert order == sorted(set(order))
    assert order[0] == 0 and order[-1] == (count - 1) / 10
    assert len(shown) == min(count, 6)
    if count == 9:
        assert [words.split(",")[0] for words, _ in shown] == ["best", "best", "median", "median", "worst", "worst"]
        assert order[2:4] == [0.3, 0.4]
