"""Line art told from pictures, its paper evened out, its tones apart from its lines."""

import cv2
import numpy as np
import pytest

from comicdata.errors import UsageError
from comicdata.flats.line_art import is_white_on_black, read_line_art


def drawing(height: int = 300, width: int = 400) -> np.ndarray:
    """Rings, a box and a solid disc, ink 0 on 255."""
    line = np.full((height, width), 255, np.uint8)
    for x, y, radius in ((90, 90, 50), (250, 120, 70), (140, 220, 40)):
        cv2.circle(line, (x, y), radius, 0, 3, cv2.LINE_AA)
    cv2.circle(line, (330, 250), 14, 0, -1, cv2.LINE_AA)
    cv2.rectangle(line, (20, 160), (90, 280), 0, 2, cv2.LINE_AA)
    return line


def printed(line: np.ndarray, paper: tuple[int, ...], ink: tuple[int, ...], light: object = 1.0) -> np.ndarray:
    amount = 1 - line[..., None] / 255
    picture = (np.array(paper) * (1 - amount) + np.array(ink) * amount) * light
    noise = np.random.default_rng(1).normal(0, 2, picture.shape)
    return np.clip(np.rint(picture + noise), 0, 255).astype(np.uint8)


SLOPE = np.linspace(1, 0.7, 400)[None, :, None]
FOLD = (1 - 0.4 * np.exp(-np.abs(np.linspace(-1, 1, 400)) / 0.08))[None, :, None]


@pytest.mark.parametrize(
    ("paper", "ink", "light", "words"),
    [
        ((250, 244, 228), (25, 22, 20), 1.0, "black ink on cream paper"),
        ((238, 222, 184), (50, 38, 28), 1.0, "on yellowed paper"),
        ((250, 250, 252), (40, 60, 150), 1.0, "blue ink on white paper"),
        ((252, 251, 248), (130, 176, 236), 1.0, "blue ink on white paper"),
        ((252, 240, 214), (40, 34, 30), SLOPE, "line art"),
        ((248, 244, 236), (28, 26, 26), FOLD, "line art"),
    ],
)
def test_paper_becomes_white_and_ink_black(paper, ink, light, words):
    line = drawing()
    found = read_line_art(printed(line, paper, ink, light))
    assert found.is_line_art and words in found.why
    assert np.median(found.line[line == 255]) >= 245
    assert np.quantile(found.line[line == 255], 0.01) >= 215
    assert np.median(found.line[line == 0]) <= 40


@pytest.mark.parametrize("form", ["grey", "rgb", "alpha", "bits", "sixteen", "channel"])
def test_the_same_drawing_in_every_form(form):
    line = drawing()
    pictures = {
        "grey": line,
        "rgb": np.repeat(line[..., None], 3, axis=2),
        "alpha": np.dstack([np.zeros((*line.shape, 3), np.uint8), 255 - line]),
        "bits": line > 127,
        "sixteen": line.astype(np.uint16) * 257,
        "channel": line[..., None],
    }
    found = read_line_art(pictures[form])
    assert found.is_line_art and found.why == "line art: black ink on white paper"
    expected = np.where(line > 127, 255, 0) if form == "bits" else line
    assert np.abs(found.drawing.astype(int) - expected).max() <= 1
    assert np.array_equal(found.drawing, found.line) and (found.shade == 255).all()


def colours(low: int, high: int) -> np.ndarray:
    """The drawing with every ring and the box filled."""
    picture = np.full((300, 400, 3), 255, np.uint8)
    rng = np.random.default_rng(2)
    for x, y, radius in ((90, 90, 50), (250, 120, 70), (140, 220, 40)):
        cv2.circle(picture, (x, y), radius, tuple(int(one) for one in rng.integers(low, high, 3)), -1)
    cv2.rectangle(picture, (20, 160), (90, 280), (high, low, low), -1)
    return np.minimum(picture, drawing()[..., None])


def sepia() -> np.ndarray:
    y, x = np.mgrid[0:1:300j, 0:1:400j]
    level = 0.5 + 0.25 * np.sin(9 * x + 4 * y) + 0.2 * np.cos(13 * y)
    return np.rint(255 * np.clip(level, 0, 1)[..., None] ** np.array([0.75, 1.0, 1.4])).astype(np.uint8)


def gravel() -> np.ndarray:
    """A photograph of something rough: its greys change as fast as lines do, and none of them is a rim."""
    rough = cv2.GaussianBlur(np.random.default_rng(3).normal(0, 1, (300, 400)), None, 1.0)
    return np.clip(np.rint(175 + 50 * rough / rough.std()), 0, 225).astype(np.uint8)


NOT_LINE_ART = {
    "flat colours": colours(60, 240),
    "pale pastels": colours(222, 250),
    "one red shape": np.where(np.arange(400)[None, :, None] < 300, drawing()[..., None], np.uint8([210, 40, 44])),
    "sepia": sepia(),
    "gravel in grey": gravel(),
    "grey painting": np.repeat(sepia()[..., :1], 3, axis=2),
}


@pytest.mark.parametrize("name", NOT_LINE_ART)
def test_what_is_no_line_art_is_said_and_can_be_insisted_on(name):
    found = read_line_art(NOT_LINE_ART[name])
    assert not found.is_line_art and found.why.startswith("a picture in ")
    insisted = read_line_art(NOT_LINE_ART[name], insist=True)
    assert insisted.is_line_art and found.why in insisted.why
    assert insisted.line.shape == (300, 400)


def test_grey_line_art_on_white_keeps_every_byte_even_where_it_has_tones():
    line = drawing()
    line[np.hypot(*np.mgrid[-120:180, -250:150]) < 60] = 190
    found = read_line_art(np.repeat(line[..., None], 3, axis=2))
    assert found.is_line_art and np.array_equal(found.drawing, line) and not found.notes


def test_dots_of_a_screen_are_shade_and_lines_over_them_stay():
    line = drawing()
    y, x = np.mgrid[:300, :400]
    dots = (np.hypot((x % 8) - 3.5, (y % 8) - 3.5) < 2) & (np.hypot(x - 250, y - 120) < 64)
    page = np.where(dots, np.uint8(0), line)
    found = read_line_art(page)
    ink = found.line < 128
    assert found.is_line_art
    assert (ink & (line < 128)).sum() >= 0.99 * (line < 128).sum()
    assert (ink & (line == 255)).sum() <= 0.02 * dots.sum()
    assert (found.shade < 128)[dots & (line == 255)].mean() >= 0.98


def test_a_net_of_small_cells_is_a_tone_and_that_is_said():
    line = np.full((400, 400), 255, np.uint8)
    line[:200:8] = 0
    line[:200, ::8] = 0
    found = read_line_art(line)
    assert (found.shade < 255).any() and found.notes == (
        "1,200 small even cells are taken for a tone, so none of them is a region",
    )


def test_lettering_a_dotted_line_and_stipple_are_no_screen():
    line = drawing()
    cv2.putText(line, "NO! I AM LEAVING", (185, 125), cv2.FONT_HERSHEY_DUPLEX, 0.4, 0, 1, cv2.LINE_AA)
    line[290, 10:390:6] = 0
    for x, y in np.random.default_rng(3).integers(60, 120, (60, 2)):
        cv2.circle(line, (int(x), int(y)), 1, 0, -1)
    found = read_line_art(line)
    assert np.array_equal(found.line, line)


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (np.full((40, 60, 3), 255, np.uint8), "empty page"),
        (np.full((40, 60, 3), (240, 230, 200), np.uint8), "empty page"),
        (np.zeros((40, 60, 3), np.uint8), "black ink"),
        (np.full((1, 1, 3), 255, np.uint8), "empty page"),
        (np.zeros((1, 1), bool), "black ink"),
        (np.full((40, 20_000), 255, np.uint8), "empty page"),
    ],
)
def test_pages_with_nothing_on_them(picture, words):
    found = read_line_art(picture)
    assert found.is_line_art and words in found.why
    assert found.line.shape == picture.shape[:2]
    assert set(np.unique(found.line).tolist()) <= {0, 255}


def test_dust_makes_no_lines():
    page = np.full((600, 700), 255, np.uint8)
    at = np.random.default_rng(4).integers(0, [600, 700], (30_000, 2))
    page[at[:, 0], at[:, 1]] = 0
    found = read_line_art(page)
    assert found.is_line_art and (found.line >= page).all()
    assert np.array_equal(found.drawing, page)


@pytest.mark.parametrize(
    "bad", [np.zeros((4, 4, 5), np.uint8), np.zeros((0, 4), np.uint8), np.zeros((4, 4)), np.zeros(4, np.uint8)]
)
def test_what_is_no_picture_is_refused(bad):
    with pytest.raises(UsageError, match="line art of"):
        read_line_art(bad)


def test_white_lines_on_black_are_told_from_a_drawing_with_much_black():
    line = drawing()
    night = line.copy()
    night[:, 200:] = 0
    cv2.circle(night, (330, 80), 40, 255, -1)
    assert is_white_on_black(255 - line)
    assert not is_white_on_black(line) and not is_white_on_black(night) and not is_white_on_black(0 * line)
