"""Strip, pages or one picture: every kind of input with its neighbours that must not be taken for it."""

import re
from itertools import cycle, pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from comicdata.drawn import cut_slices, draw_episode
from comicdata.drawn.pages import draw_page
from comicdata.images import decode, encode_jpeg, read_image
from comicdata.panels import find_evidence, find_layout, find_panels, make_strips
from comicdata.panels.borders import border_between
from comicdata.panels.looks import look_at

COMICS = Path(__file__).parents[2].parent / "shared" / "comics"
WIDTH = 360


def art(height, width=WIDTH, seed=0):
    """Blots and lines before a painted sky: no row is one colour, rows near to each other are alike."""
    rng = np.random.default_rng(seed)
    small = rng.integers(30, 226, (max(2, height // 60), max(2, width // 60), 3), dtype=np.uint8)
    picture = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    for _ in range(max(6, height // 60)):
        centre = int(rng.integers(0, width)), int(rng.integers(0, height))
        cv2.circle(picture, centre, int(rng.integers(20, 60)), rng.integers(0, 256, 3).tolist(), -1)
        cv2.circle(picture, centre, 20, (0, 0, 0), 2)
    return picture


def blank(height, width=WIDTH, colour=255):
    return np.full((height, width, 3), colour, np.uint8)


def framed(picture, *margins, colour=255):
    """With margins above, below, left and right."""
    return cv2.copyMakeBorder(picture, *margins, cv2.BORDER_CONSTANT, value=(colour,) * 3)


def strip_of(seed=0, panels=7, gutter=80, colour=255, side=0):
    """Panels 240 to 440 high between gutters of about one height; art as wide as the strip, but for `side`."""
    rng = np.random.default_rng(seed)
    parts = []
    for number in range(panels):
        panel = art(int(rng.integers(240, 440)), WIDTH - 2 * side, 100 * seed + number)
        parts += [
            blank(int(gutter * rng.uniform(0.7, 1.3)), colour=colour),
            framed(panel, 0, 0, side, side, colour=colour),
        ]
    return np.concatenate([*parts, blank(gutter, colour=colour)])


def tiles(strip, height):
    return [strip[y : y + height] for y in range(0, len(strip), height)]


def jpeg(pictures, quality=85):
    return [decode(encode_jpeg(picture, quality), "drawn") for picture in pictures]


def pages(count=6, seed=0, height=540, margin=20):
    """Pages of one size: one picture in a margin, or full-bleed."""
    inner = height - 2 * margin, WIDTH - 2 * margin
    return [framed(art(*inner, 50 * seed + number), *[margin] * 4) for number in range(count)]


def sure(pictures):
    evidence = find_evidence(pictures)
    assert not evidence.doubt, evidence
    return evidence.layout


# ---------------------------------------------------------------------------------------------------- slices


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("height", [300, 540, 670])
def test_slices_cut_at_regular_heights_are_a_strip(seed, height):
    for colour in (255, 0):
        assert sure(tiles(strip_of(seed, colour=colour), height)) == "strip"


@pytest.mark.parametrize("quality", [95, 60, 30])
def test_slices_compressed_as_jpeg_are_a_strip(quality):
    for seed in range(3):
        assert sure(jpeg(cut_slices(strip_of(seed), seed, low=400, high=700), quality)) == "strip"


@pytest.mark.parametrize("seed", range(3))
def test_slices_whose_widths_differ_by_a_pixel_are_a_strip(seed):
    parts = tiles(strip_of(seed), 500)
    wider = [
        cv2.resize(part, (WIDTH + more, len(part)), interpolation=cv2.INTER_AREA)
        for part, more in zip(parts, cycle((0, 1, -1)), strict=False)
    ]
    assert sure(wider) == "strip"


@pytest.mark.parametrize("odd", [0, 1, 3])
def test_one_narrower_slice_among_wide_ones_changes_nothing(odd):
    parts = tiles(strip_of(odd), 500)
    parts[odd] = cv2.resize(parts[odd], (240, len(parts[odd]) * 2 // 3), interpolation=cv2.INTER_AREA)
    assert sure(parts) == "strip"
    (strip,) = make_strips(parts)
    assert strip.image.shape[1] == WIDTH


def test_pages_of_many_widths_are_no_strip():
    for seed in range(3):
        widths = np.random.default_rng(seed).integers(300, 380, 6).tolist()
        assert find_layout([art(540, width, 10 * seed + n) for n, width in enumerate(widths)]) == "page"


@pytest.mark.parametrize("colour", [255, 0])
@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.parametrize("quality", [0, 70])
def test_a_seam_of_one_or_two_rows_hides_nothing(rows, colour, quality):
    for seed in range(2):
        parts = [part.copy() for part in tiles(strip_of(seed), 500)]
        for part in parts:
            part[:rows] = part[-rows:] = colour
        assert sure(jpeg(parts, quality) if quality else parts) == "strip"


def test_pages_with_a_line_at_their_edge_are_no_strip():
    for colour in (255, 0):
        lined = pages(margin=0)
        for page in lined:
            page[:2] = page[-2:] = colour
        assert sure(lined) == "page"


@pytest.mark.parametrize("gutter", [200, 400, 700])
def test_a_roomy_strip_whose_cuts_mostly_fall_in_gutters_is_a_strip(gutter):
    for seed in range(4):
        assert sure(jpeg(tiles(strip_of(seed, gutter=gutter), 640))) == "strip"


@pytest.mark.parametrize("side", [0, 20])
def test_a_strip_cut_in_gutters_alone_is_a_strip(side):
    for seed in range(3):
        rng, parts = np.random.default_rng(seed), []
        for number in range(6):
            panels = [framed(art(int(rng.integers(250, 600)), WIDTH - 2 * side, 10 * seed + number), 0, 0, side, side)]
            parts.append(np.concatenate([blank(int(rng.integers(10, 90))), *panels, blank(int(rng.integers(10, 90)))]))
        assert find_layout(parts) == "strip"


def test_white_slices_belong_to_the_strip():
    parts = tiles(strip_of(1), 500)
    parts[2:2] = [blank(500), blank(500)]
    assert sure(parts) == "strip"


def test_credits_of_another_width_at_the_end_belong_to_the_strip():
    for seed, credits_ in enumerate((framed(art(200, 200), 20, 20, 20, 20), art(500, 500), blank(300, 200, 0))):
        assert sure([*tiles(strip_of(seed), 500), credits_]) == "strip"


def test_one_cut_at_the_edge_of_a_panel_does_not_part_a_strip():
    panels = [art(700, seed=number) for number in range(3)]
    parts = [panels[0][:400], panels[0][400:], panels[1][:350], panels[1][350:], panels[2][:400], panels[2][400:]]
    assert find_layout(parts) == "strip"


# ----------------------------------------------------------------------------------------------------- pages


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("colour", [255, 0])
def test_pages_of_one_size_with_margins_are_pages(seed, colour):
    margins = [framed(art(500, 320, 10 * seed + number), 20, 20, 20, 20, colour=colour) for number in range(6)]
    assert sure(margins) == "page" and sure(margins[:2]) == "page"


@pytest.mark.parametrize("seed", range(3))
def test_full_bleed_pages_are_pages(seed):
    assert sure(pages(seed=seed, margin=0)) == "page"
    assert find_layout(pages(count=2, seed=seed, margin=0)) == "page"


@pytest.mark.parametrize("margin", [0, 20])
def test_pages_that_go_on_over_one_border_are_pages(margin):
    for seed in range(3):
        volume = pages(seed=seed, margin=margin)
        both = art(1080, seed=900 + seed)
        volume[2], volume[3] = both[:540], both[540:]
        assert sure(volume) == "page"


@pytest.mark.parametrize("margin", [0, 20])
def test_a_volume_with_a_cover_and_a_double_page_is_pages(margin):
    for seed in range(3):
        volume = pages(seed=seed, margin=margin)
        volume[0] = art(620, 430, 800 + seed)
        volume[3:3] = [framed(art(540 - 2 * margin, 2 * WIDTH - 2 * margin, 700 + seed), *[margin] * 4)]
        assert sure(volume) == "page"


def test_a_lower_last_page_makes_no_strip():
    for seed in range(3):
        assert sure([*pages(seed=seed, count=4), framed(art(300, WIDTH - 40, seed), *[20] * 4)]) == "page"
        assert sure([*pages(seed=seed, margin=0), art(300, seed=700 + seed)]) == "page"


def test_scans_with_margins_that_jump_are_pages():
    for seed in range(4):
        rng, scans = np.random.default_rng(seed), []
        for number in range(8):
            above, left = rng.integers(8, 32, 2).tolist()
            scans.append(framed(art(500, 320, 10 * seed + number), above, 40 - above, left, 40 - left))
        assert find_layout(scans) == "page"


@pytest.mark.parametrize("bed", [0, 60])
def test_what_every_page_shows_at_both_ends_is_no_art_that_goes_on(bed):
    scans = [framed(page, 0, 0, 40, 40, colour=bed) for page in pages(count=8)]
    assert find_layout(scans) == "page"


def test_pages_with_inner_gutters_stay_pages_and_keep_their_panels():
    drawn = [draw_page("grid", seed) for seed in range(4)]
    strips = make_strips([page.image for page in drawn])
    assert [strip.layout for strip in strips] == ["page"] * 4
    assert [len(find_panels(strip)) for strip in strips] == [len(page.boxes) for page in drawn]


# ------------------------------------------------------------------------------------- one picture and two


def test_one_picture_is_judged_by_itself():
    assert find_layout([art(360)]) == find_layout([art(300)]) == find_layout([art(300), None]) == "single"
    assert find_layout([art(540)]) == "page"  # portrait
    assert find_layout([strip_of(panels=4)[:1200]]) == "strip"
    assert find_evidence([art(540)]).doubt == ""
    assert "--layout strip" in find_evidence([art(800)]).doubt  # too long for a page, too short to be sure


@pytest.mark.parametrize("seed", range(3))
def test_two_slices_are_a_strip(seed):
    strip = strip_of(seed, panels=4, gutter=10)
    cut = 500 if (strip[500] < 250).any() else 515
    assert sure([strip[:cut], strip[cut:1100]]) == "strip"


def test_square_pictures_of_one_size_are_single_and_square_pages_of_a_book_are_pages():
    assert {strip.layout for strip in make_strips([art(360, seed=n) for n in range(4)])} == {"single"}
    assert {strip.layout for strip in make_strips([art(460, seed=n) for n in range(4)])} == {"page"}


def test_a_layout_that_was_asked_for_is_not_measured():
    for layout in ("strip", "page", "single"):
        strips = make_strips(pages(), layout)
        assert {strip.layout for strip in strips} == {layout} and len(strips) == (1 if layout == "strip" else 6)
        assert strips[0].evidence.words == f"{layout}: as asked for" and not strips[0].evidence.doubt


# -------------------------------------------------------------------------------------------- what is said


def test_the_words_say_what_was_counted():
    strip = np.concatenate([blank(100), art(900, seed=1), blank(200), art(600, seed=2), blank(200)])
    evidence = find_evidence([strip[:500], strip[500:1100], strip[1100:1500], strip[1500:]])
    assert evidence.layout == "strip" and evidence.confidence == 1.0
    assert evidence.words.startswith("strip: art goes on across 2 of 3 borders; 1 of 3 borders lie in gutters")
    assert f"widths {WIDTH}" in evidence.words
    full_bleed = find_evidence(pages(count=4, margin=0))
    assert full_bleed.reasons == ("art breaks off at 3 of 3 borders", "widths 360", "sizes 360x540 like pages")


def test_thin_evidence_is_said_with_the_cure():
    evidence = find_evidence([np.concatenate([art(300), blank(60)]), np.concatenate([blank(130), art(410, seed=1)])])
    assert 0.5 <= evidence.confidence < 0.88
    other = "page" if evidence.layout == "strip" else "strip"
    assert evidence.doubt.endswith(f"--layout {other} overrules it") and "thin evidence" in evidence.doubt


def test_borders_by_hand():
    def border(upper, lower):
        return border_between(look_at(upper), look_at(lower))

    whole = art(800)
    white, black, blue = blank(90), blank(90, colour=0), blank(90) // np.array([4, 2, 1], np.uint8)
    assert border(whole[:400], whole[400:]) == "goes on"
    assert border(whole[:400], art(400, seed=8)) == "breaks"
    assert border(white, white) == border(black, black) == border(blue, blue) == "gutter"
    assert border(white, black) == border(white, blue) == "breaks"
    assert border(whole, white) == border(black, whole) == "ends"
    assert border(whole[:400], whole[400:401]) == "goes on"  # a slice of one row
    noise = np.random.default_rng(0).integers(0, 256, (2, 400, 90, 3), dtype=np.uint8)
    assert border(*noise) == "unclear"


def test_missing_pictures_and_tiny_ones_are_no_trouble():
    strip = strip_of(2)
    assert find_layout([strip[:500], strip[500:1000], None, strip[1500:2000], None]) == "strip"
    assert find_layout([None, None]) == "page"
    for height, width in ((1, 1), (2, 3), (9, 1), (1, 9)):
        assert find_layout([blank(height, width)] * 3) in ("page", "strip")


# ---------------------------------------------------------------------------------------- real and drawn comics


def comics(*parts):
    folder = COMICS.joinpath(*parts)
    if not folder.is_dir():
        pytest.skip("the comics are not beside this checkout")
    return sorted(folder.glob("*.[jp][pn]g"), key=lambda path: [int(n) for n in re.findall(r"\d+", path.stem)])


def test_any_eight_tiles_of_a_real_webtoon_are_one_strip():
    looks = [read_image(path) for path in comics("climate-frogs-webtoon")]
    wrong = [first + 1 for first in range(len(looks) - 7) if sure(looks[first : first + 8]) != "strip"]
    assert len(looks) == 26 and wrong == []


@pytest.mark.parametrize("height", [700, 1000, 1900])
def test_a_real_webtoon_cut_elsewhere_is_one_strip(height):
    strip = np.concatenate([read_image(path) for path in comics("climate-frogs-webtoon")[3:19]])
    parts = jpeg(tiles(strip, height), 60)
    assert all(sure(parts[at : at + 6]) == "strip" for at in range(0, len(parts) - 5, 3))


def test_real_pages_are_pages():
    assert {strip.layout for strip in make_strips([read_image(path) for path in comics("page-blanche")])} == {"page"}
    assert sure([read_image(path) for path in comics("pepper-and-carrot-e17-guided")]) == "page"
    assert sure([read_image(path) for path in comics("ncase-contact-tracing")]) == "page"


def test_real_episodes_of_pages_with_and_without_their_margins_are_pages():
    episodes = {}
    for path in comics("pepper-and-carrot", "textless"):
        episodes.setdefault(re.search(r"E(\d+)P", path.stem)[1], []).append(read_image(path))
    assert len(episodes) == 17
    for name in list(episodes)[::3]:
        assert sure(episodes[name]) == "page"
        assert sure([page[90:-90, 70:-70] for page in episodes[name] if len(page) > 1300]) == "page"


def test_real_vertical_strips_are_strips():
    strips = make_strips([read_image(path) for path in comics("tori-no-me-bw-vertical")])
    assert {strip.layout for strip in strips} == {"strip"}


def test_real_single_pictures_are_no_strip():
    for folder in ("book-dash", "african-storybook"):
        for place in sorted({path.parent for path in (COMICS / folder).rglob("*.jpg")})[::4]:
            pictures = [read_image(path) for path in sorted(place.glob("*.jpg"))[:8]]
            assert "strip" not in {strip.layout for strip in make_strips(pictures)}, place.name


@pytest.mark.parametrize(("seed", "number"), [(11, 13), (50, 1), (51, 2), (52, 3), (53, 4)])
def test_drawn_strips_of_unused_seeds_are_strips(seed, number):
    slices = jpeg(cut_slices(draw_episode(seed, number).strip, seed), 92)
    assert sure(slices) == "strip"
    for upper, lower in pairwise(slices):
        assert border_between(look_at(upper), look_at(lower)) != "breaks"


@pytest.mark.parametrize("colour", [255, 0])
def test_no_panel_is_cut_at_a_seam_and_pictures_that_meet_still_are(colour):
    panels = np.concatenate([blank(60), art(600, seed=1), blank(60), art(600, seed=2), blank(60)])
    parts = [part.copy() for part in tiles(panels, 400)]
    for part in parts:
        part[:2] = part[-2:] = colour
    (strip,) = make_strips(parts)
    assert [round(panel.box.height, -1) for panel in find_panels(strip)] == [600, 600]
