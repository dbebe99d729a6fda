"""Chosen colours in a drawing: whole regions, edges of the drawing, nothing unpainted, no halo."""

import cv2
import numpy as np
import pytest
import torch

from comicdata.images import Image
from comicdata.models.colorize.chosen import PaletteColorizer, closed_regions, lay_flats, lay_softly
from comicdata.models.colorize.decoding import Choice, Drawing, likeliest, region_chances
from comicdata.models.colorize.wishes import Wishes
from comicdata.models.networks.palette import CELL, PaletteConfig
from comicdata.models.runs.overrides import resolve_config
from comicdata.models.runs.settings import options

PALETTE = np.array([[230, 60, 50], [40, 90, 220], [250, 240, 200]], np.uint8)
LEFT, RIGHT = 0, 1


def parted(height: int, width: int, wall: float = 0.53) -> Image:
    """A drawing of two rooms, the wall where no cell of the network ends."""
    outline = np.full((height, width), 255, np.uint8)
    place = round(width * wall)
    outline[:, place - max(1, width // 100) : place + max(1, width // 100)] = 0
    return outline


def sure(rows: int, columns: int, *, wall: float = 0.53) -> torch.Tensor:
    """Logits (3, rows, columns) of a network that is nearly right: its edge is off by a cell."""
    logits = torch.zeros(3, rows, columns)
    edge = round(columns * wall) + 1
    logits[LEFT, :, :edge], logits[RIGHT, :, edge:] = 8, 8
    return logits


def paint(lay, outline: Image, logits: torch.Tensor, palette: Image = PALETTE) -> Image:  # type: ignore[no-untyped-def]
    size = (logits.shape[1] * CELL, logits.shape[2] * CELL)
    choice = Choice(logits, palette)
    drawing = Drawing(closed_regions(outline).labels, outline >= 128, size)
    chances = region_chances(choice, drawing)
    if lay is lay_flats:
        return lay_flats(drawing, PALETTE[likeliest(chances, PALETTE)], {})
    return lay_softly(drawing, choice, chances, [], {}, {})


@pytest.mark.parametrize("size", [(64, 64), (640, 640), (1000, 700), (61, 47)])
def test_flats_have_the_edges_of_the_drawing_at_its_own_size(size: tuple[int, int]) -> None:
    outline = parted(*size)
    made = paint(lay_flats, outline, sure(16, 16))
    rooms = outline[0] >= 128
    first = np.flatnonzero(~rooms)[0]
    assert made.shape == (*size, 3)
    assert (made[:, :first] == PALETTE[LEFT]).all() and (made[:, first:][:, rooms[first:]] == PALETTE[RIGHT]).all()


@pytest.mark.parametrize("size", [(640, 640), (1000, 700)])
def test_soft_colours_do_not_cross_a_line(size: tuple[int, int]) -> None:
    """Where the network's edge is right up to its cells, no pixel has anything of what lies behind the line."""
    outline = parted(*size)
    logits = torch.zeros(3, 64, 64)
    edge = round(64 * 0.53)
    logits[LEFT, :, :edge], logits[RIGHT, :, edge:] = 8, 8
    made = paint(lay_softly, outline, logits).astype(int)
    rooms = np.flatnonzero(outline[0] >= 128)
    left, right = rooms[rooms < size[1] * 0.53], rooms[rooms > size[1] * 0.53]
    assert np.abs(made[:, left] - PALETTE[LEFT].astype(int)).max() <= 3
    assert np.abs(made[:, right] - PALETTE[RIGHT].astype(int)).max() <= 3


def test_soft_is_the_mean_of_one_kind_of_colours() -> None:
    """Of two reds the one between; of a red and a blue, one of them and no grey."""
    outline, logits = np.full((16, 16), 255, np.uint8), torch.zeros(3, 4, 4)
    logits[2] = -50
    for second, mean in (((230, 90, 50), True), ((40, 90, 220), False)):
        palette = np.array([PALETTE[0], second, PALETTE[2]], np.uint8)
        lab = cv2.cvtColor((palette[None, :2] / 255).astype(np.float32), cv2.COLOR_RGB2LAB)
        between = cv2.cvtColor(lab.mean(axis=1, keepdims=True), cv2.COLOR_LAB2RGB)[0, 0] * 255
        made = paint(lay_softly, outline, logits, palette)[8, 8]
        nearest = between if mean else palette[np.abs(palette - made.astype(int)).sum(axis=1).argmin()]
        assert np.abs(made - nearest.astype(float)).max() <= 3


@pytest.mark.parametrize("outline", [np.zeros((40, 70), np.uint8), np.full((1, 1), 255, np.uint8)])
def test_all_ink_and_one_pixel_are_painted(outline: Image) -> None:
    for lay in (lay_flats, lay_softly):
        assert paint(lay, outline, sure(16, 16)).shape == (*outline.shape, 3)


def test_a_thin_region_that_the_network_cannot_see_is_painted() -> None:
    outline = np.full((400, 400), 255, np.uint8)
    outline[:, 200], outline[:, 203] = 0, 0  # two pixels wide: a third of one of the network's
    for lay in (lay_flats, lay_softly):
        made = paint(lay, outline, sure(16, 16, wall=0.9))
        assert np.abs(made[:, 201:203].astype(int) - PALETTE[LEFT].astype(int)).max() <= 2


@pytest.fixture(scope="module")
def colorizer() -> PaletteColorizer:
    torch.manual_seed(0)
    config = resolve_config("palette", "small", {"width": 8, "colors": 3})
    assert isinstance(config.network, PaletteConfig)
    network = config.network.build().eval().requires_grad_(False)
    network.palette.copy_(torch.from_numpy(PALETTE))
    return PaletteColorizer(network, options(config), torch.device("cpu"))


@pytest.mark.parametrize("size", [(256, 256), (300, 1500), (1100, 1300), (5, 9)])
def test_every_pixel_of_flats_has_a_colour_of_the_palette_under_its_lines(
    colorizer: PaletteColorizer, size: tuple[int, int]
) -> None:
    outline = parted(*size)
    made = colorizer.colorize(outline, Wishes(style="flats"))
    colors = {tuple(one) for one in made[outline == 255].tolist()}
    assert colors <= {tuple(one) for one in PALETTE.astype(int).tolist()}
    assert (made[outline == 0] == 0).all() and made.shape == (*size, 3)


def test_thin_lines_of_a_large_drawing_stay_dark_for_the_network(
    colorizer: PaletteColorizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Image] = []
    known = colorizer._features
    monkeypatch.setattr(colorizer, "_features", lambda working: seen.append(working) or known(working))
    for side in (256, 512, 2048):
        outline = np.full((side, side), 255, np.uint8)
        outline[:, side // 2 : side // 2 + max(1, side // 512)] = 0  # half a pixel or one of the network's
        colorizer.colorize(outline)
        assert seen[-1].shape == (256, 256) and seen[-1].min() < 130


@pytest.mark.parametrize("temperature", [0.6, 0.3])
def test_soft_is_the_annealed_mean(temperature: float) -> None:
    """Two reds, three places to one at each place and so in the whole region: the first weighs 3^(1 + 1 / T)."""
    palette = np.array([PALETTE[0], (230, 90, 50), PALETTE[2]], np.uint8)
    logits = torch.tensor([3.0, 1.0, 1e-20]).log()[:, None, None].expand(3, 4, 4)
    outline = np.full((16, 16), 255, np.uint8)
    drawing = Drawing(closed_regions(outline).labels, outline >= 128, (16, 16))
    choice = Choice(logits, palette, temperature=temperature)
    made = lay_softly(drawing, choice, region_chances(choice, drawing), [], {}, {})[8, 8]
    lab = cv2.cvtColor((palette[None, :2] / 255).astype(np.float32), cv2.COLOR_RGB2LAB)[0]
    share = 3 ** (1 + 1 / temperature) / (1 + 3 ** (1 + 1 / temperature))
    between = cv2.cvtColor((lab[0] * share + lab[1] * (1 - share))[None, None], cv2.COLOR_LAB2RGB)[0, 0] * 255
    assert np.abs(made - between).max() <= 1.5


def test_the_style_is_what_suits_the_comic(colorizer: PaletteColorizer) -> None:
    for flatness, style in ((0.9, "flats"), (0.1, "soft")):
        colorizer.chooser.flatness.fill_(flatness)
        assert colorizer.style == style
        outline = parted(256, 256)
        assert np.array_equal(colorizer.colorize(outline), colorizer.colorize(outline, Wishes(style=style)))  # type: ignore[arg-type]


def test_a_tall_picture_goes_through_in_parts(colorizer: PaletteColorizer) -> None:
    """Above one tile, and above one band of logits, every row is painted from its own place."""
    outline = parted(1600, 256)
    made = colorizer.colorize(outline, Wishes(style="soft"))
    part = colorizer.colorize(np.ascontiguousarray(outline[:512]), Wishes(style="soft"))
    assert np.abs(made[:128].astype(int) - part[:128]).mean() < 12 and made.shape == (1600, 256, 3)


def test_hinted_colours_are_laid_softly_as_they_melt_without_steps() -> None:
    """Where the network takes over what hints spread, no cell of it shows."""
    outline, logits = np.full((64, 64), 255, np.uint8), torch.zeros(4, 16, 16)
    logits[3] = 50
    colors = np.concatenate([PALETTE, [[40, 160, 40], [60, 200, 60]]]).astype(np.uint8)
    copied = np.where(np.arange(16) < 8, 3, 4)[None].repeat(16, axis=0)
    ends = cv2.cvtColor((colors[None, 3:] / 255).astype(np.float32), cv2.COLOR_RGB2LAB)[0]
    ramp = ends[0] + np.linspace(0, 1, 16, dtype=np.float32)[None, :, None] * (ends[1] - ends[0])
    steps = []
    for choice in (Choice(logits, colors, copied), Choice(logits, colors, copied, ramp.repeat(16, axis=0))):
        drawing = Drawing(closed_regions(outline).labels, outline >= 128, (64, 64))
        made = lay_softly(drawing, choice, region_chances(choice, drawing), [], {}, {}).astype(int)
        steps.append(np.abs(np.diff(made[32], axis=0)).max())
    assert steps[0] >= 30 and steps[1] <= 3
