"""Flats as SVG: drawn again by a plain reader of paths, they are the flats but for smoothed edges."""

import re
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest

from comicdata.errors import PictureError, UsageError
from comicdata.layers import svg
from comicdata.layers.flats import Flats
from comicdata.layers.svg import _far_apart, check_vtracer, svg_bytes
from comicdata.outputs import mark

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def flats():
    y, x = np.mgrid[:180, :240]
    labels = np.ones((180, 240), np.int32)
    labels[(x - 90) ** 2 + (y - 90) ** 2 < 60**2] = 2
    labels[(x - 90) ** 2 + (y - 80) ** 2 < 25**2] = 3
    labels[100:170, 150:230] = 4
    labels[110:160, 160:220] = 1
    colours = np.array([(0, 0, 0), (244, 162, 97), (20, 30, 40), (21, 30, 40), (255, 255, 255)], np.uint8)
    return Flats(labels, colours, {})


def drawn(root):
    """The paths of vtracer (M, C, L, Z; a translation), each filled by the even-odd rule at 4 x 4 the size."""
    canvas = np.zeros((int(root.get("height")) * 4, int(root.get("width")) * 4, 3), np.uint8)
    for path in root.iter(f"{SVG}path"):
        dx, dy = map(float, re.findall(r"translate\(([-\d.]+),([-\d.]+)\)", path.get("transform", "translate(0,0)"))[0])
        rings = [
            (4 * (np.array(ring) + np.array([dx, dy]))).round().astype(np.int32) for ring in rings_of(path.get("d"))
        ]
        colour = bytes.fromhex(path.get("fill")[1:])
        cv2.fillPoly(canvas, rings, tuple(colour))
    return canvas[2::4, 2::4]


def rings_of(text):
    for part in re.findall(r"M[^M]*", text):
        ring = []
        for letter, numbers in re.findall(r"([MCLZ])([^MCLZ]*)", part):
            points = np.array([float(one) for one in re.findall(r"-?[\d.]+(?:e-?\d+)?", numbers)]).reshape(-1, 2)
            if letter == "C":
                for at in range(0, len(points), 3):
                    control = np.vstack([ring[-1], points[at : at + 3]])
                    t = np.linspace(0, 1, 9)[1:, None]
                    weights = np.hstack([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3])
                    ring.extend(weights @ control)
            else:
                ring.extend(points)
        yield ring


def test_svg_drawn_again_is_the_flats_but_for_smoothed_edges(flats):
    data = svg_bytes(flats, mark(), "page.png")
    root = ElementTree.fromstring(data)
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("240", "180", "0 0 240 180")
    assert root.find(f"{SVG}desc").text.startswith("made by comicdata")
    found = drawn(root)
    wrong = (found != flats.colours[flats.labels]).any(axis=2)
    edges = cv2.dilate((cv2.Laplacian(flats.labels.astype(np.float32), -1) != 0).astype(np.uint8), np.ones((5, 5)))
    assert wrong.mean() < 0.01 and not (wrong & (edges == 0)).any()


def test_svg_has_exactly_the_colours_of_the_flats_also_near_ones(flats):
    fills = {path.get("fill").lower() for path in ElementTree.fromstring(drawing(flats)).iter(f"{SVG}path")}
    assert fills == {"#f4a261", "#141e28", "#151e28", "#ffffff"}


def drawing(flats):
    return svg_bytes(flats, None, "x")


def test_specks_on_specks_have_colours_of_the_flats_too():
    rng = np.random.default_rng(5)
    noise = Flats(rng.integers(0, 30, (40, 50)).astype(np.int32), rng.integers(0, 256, (30, 3)).astype(np.uint8), {})
    fills = {path.get("fill") for path in ElementTree.fromstring(drawing(noise)).iter(f"{SVG}path")}
    assert fills <= {"#{:02x}{:02x}{:02x}".format(*colour) for colour in noise.colours}


def test_the_same_flats_are_the_same_svg(flats):
    assert drawing(flats) == drawing(flats)


def test_what_cannot_be_traced_is_one_line(flats, monkeypatch):
    monkeypatch.setattr(svg, "flats_png", lambda flats: b"no picture")
    with pytest.raises(PictureError, match=r"^page.png: cannot be traced for SVG"):
        svg_bytes(flats, None, "page.png")


@pytest.mark.parametrize("count", [1, 2, 8, 9, 300, 5000])
def test_colours_that_stand_for_others_differ(count):
    assert len({tuple(one) for one in _far_apart(count).tolist()}) == count


def test_without_vtracer_the_command_that_brings_it_is_said(monkeypatch):
    monkeypatch.setattr(svg, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"--to svg needs vtracer; .*pip install 'comicdata\[layers\]'"):
        check_vtracer()
