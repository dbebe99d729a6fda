"""A page in colour as layers: what they come to, laid over each other by psd-tools, is the page."""

import io

import numpy as np
import pytest
from psd_tools import PSDImage

from comicdata.layers.coloured import coloured_document, lights, shadows
from comicdata.layers.psd import psd_bytes

RNG = np.random.default_rng(5)
SHAPE = (40, 52)
SKY, COAT = np.array((90, 160, 230), np.uint8), np.array((200, 30, 40), np.uint8)


@pytest.fixture
def layers():
    """A panel on a page: sky behind a coat, each with soft shading of its own, and lines."""
    page = np.full((*SHAPE, 3), 240, np.uint8)
    painted, background = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.uint8)
    painted[4:36, 6:46] = 255
    background[4:20, 6:46] = 255
    flats = np.where(background[..., None] > 0, SKY, COAT).astype(np.uint8)
    colours = np.clip(flats + RNG.integers(-60, 60, (*SHAPE, 3)), 0, 255).astype(np.uint8)
    lines = np.where(RNG.random(SHAPE) < 0.2, RNG.integers(0, 256, SHAPE), 255).astype(np.uint8)
    return {
        "page": page,
        "painted": painted,
        "background": background,
        "flats": flats,
        "colours": colours,
        "lines": lines,
    }


def merged(layers):
    inside = np.rint(layers["colours"] * (layers["lines"][..., None] / 255))
    return np.where(layers["painted"][..., None] > 0, inside, layers["page"]).astype(np.uint8)


def test_the_layers_come_to_the_page(layers):
    data = psd_bytes(coloured_document(merged(layers), layers, 300), None, "page.png")
    read = PSDImage.open(io.BytesIO(data))
    assert [layer.name for layer in read] == ["page", "background", "flats", "shadows", "lights", "lines"]
    modes = ["NORMAL", "NORMAL", "NORMAL", "MULTIPLY", "SCREEN", "MULTIPLY"]
    assert [layer.blend_mode.name for layer in read] == modes
    seen = np.asarray(read.composite(force=True).convert("RGB")).astype(int)
    assert np.abs(seen - merged(layers)).max() <= 2
    mask = np.asarray(read[1].topil().convert("RGBA"))[..., 3]
    assert (mask == np.minimum(layers["background"], layers["painted"])).all()


def test_without_flats_the_colours_are_one_layer_and_shading_of_nothing_is_none(layers):
    plain = {name: layers[name] for name in ("page", "painted", "colours", "lines")}
    assert [one.name for one in coloured_document(merged(layers), plain).layers] == ["page", "colours", "lines"]
    even = layers | {"colours": layers["flats"]}
    names = [one.name for one in coloured_document(merged(even), even).layers]
    assert names == ["page", "background", "flats", "lines"]


def test_shadows_and_lights_lead_from_flats_to_colours():
    flats, colours = RNG.integers(0, 256, (2, 50, 50, 3), dtype=np.uint8)
    shaded = flats * (shadows(flats, colours) / 255)
    lit = 255 - (255 - shaded) * (255 - lights(flats, colours) / 1.0) / 255
    assert np.abs(lit - colours).max() <= 1
