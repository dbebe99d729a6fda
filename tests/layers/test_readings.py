"""Drawings and painted layers out of PSD and other files."""

import io

import numpy as np
import pytest
from PIL import Image
from psd_tools import PSDImage
from psd_tools.constants import BlendMode

from comicdata.errors import PictureError, UsageError
from comicdata.images import encode_png
from comicdata.layers import psd_reading
from comicdata.layers.drawings import read_drawing, read_painted
from comicdata.layers.psd_reading import Psd, split_layer


def made(*layers, size=(30, 20), mode="RGB", depth=8):
    """A PSD as psd-tools writes it: (name, (h, w, 4), x, y) from the bottom."""
    psd = PSDImage.new("RGBA" if mode == "RGB" else mode, size, color=255, depth=depth)
    for name, rgba, x, y in layers:
        psd.create_pixel_layer(Image.fromarray(rgba), name=name, left=x, top=y, blend_mode=BlendMode.NORMAL)
    buffer = io.BytesIO()
    psd.save(buffer)
    return buffer.getvalue()


def filled(height, width, *rgba):
    return np.full((height, width, 4), rgba, np.uint8)


PAPER, INK = filled(20, 30, 240, 230, 200, 255), filled(4, 10, 0, 0, 0, 128)


def test_the_layer_that_is_called_as_lines_are_over_white():
    found = read_drawing(made(("paper", PAPER, 0, 0), (" Line Art", INK, 5, 6)), "page.psd")
    expected = np.full((20, 30, 3), 255)
    expected[6:10, 5:15] = 127
    assert (found.image == expected).all() and found.notes == () and found.format == "PSD"


def test_a_layer_by_name_reaches_beyond_the_canvas():
    data = made(("a", filled(10, 10, 9, 8, 7, 255), -4, -3), ("b", filled(50, 50, 1, 1, 1, 255), 25, 18))
    layer = Psd(data, "page.psd").layer("a")
    assert (layer[:7, :6] == (9, 8, 7, 255)).all() and not layer[7:].any() and not layer[:, 6:].any()
    assert (read_drawing(data, "page.psd", "b").image[18:, 25:] == 1).all()


def test_without_a_line_layer_all_layers_are_taken_and_it_is_said():
    data = made(("paper", PAPER, 0, 0), ("sketch", filled(4, 10, 10, 20, 30, 255), 5, 6))
    found = read_drawing(data, "page.psd")
    assert "FILE.psd:LAYER" in found.notes[0]
    assert (found.image[6:10, 5:15] == (10, 20, 30)).all() and (found.image[0, 0] == (240, 230, 200)).all()


def test_a_layer_that_is_not_there_names_those_that_are():
    with pytest.raises(PictureError, match=r"page.psd: no layer 'inks'; it has 'sketch', 'paper'"):
        read_drawing(made(("paper", PAPER, 0, 0), ("sketch", INK, 5, 6)), "page.psd", "inks")
    with pytest.raises(PictureError, match="it has no layers"):
        read_painted(made(), "page.psd")


def test_a_mask_hides_and_a_group_is_its_layers():
    psd = PSDImage.new("RGBA", (30, 20), color=255)
    group = psd.create_group(name="ink")
    group.create_pixel_layer(Image.fromarray(filled(20, 30, 50, 60, 70, 255)), name="below")
    above = group.create_pixel_layer(Image.fromarray(filled(20, 30, 0, 0, 0, 255)), name="above")
    mask = np.zeros((20, 30), np.uint8)
    mask[:, :10] = 255
    above.create_mask(Image.fromarray(mask))
    hidden = group.create_pixel_layer(Image.fromarray(filled(20, 30, 255, 0, 0, 255)), name="hidden")
    hidden.visible = False
    buffer = io.BytesIO()
    psd.save(buffer)
    found = read_drawing(buffer.getvalue(), "page.psd").image
    assert (found[:, :10] == 0).all() and (found[:, 10:] == (50, 60, 70)).all()


def test_grey_and_16_bits_are_read():
    assert (read_drawing(made(("ink", INK, 0, 0), mode="L"), "g.psd").image[:4, :10] <= 128).all()
    data = made(("ink", filled(4, 10, 0, 0, 0, 255), 0, 0), depth=16)
    found = read_drawing(data, "d.psd").image
    assert (found[:4, :10] == 0).all() and (found[5:] == 255).all()


@pytest.mark.parametrize("cut", [20, 26, 30, 60, 200, 400])
def test_a_damaged_psd_is_one_line(cut):
    data = made(("paper", PAPER, 0, 0), ("line", INK, 5, 6))
    with pytest.raises(PictureError, match=r"^page.psd: ") as found:
        read_drawing(data[:cut], "page.psd")
    assert "\n" not in str(found.value)


def test_a_psd_of_more_pixels_than_are_read_is_refused_by_its_header():
    data = made(("line", INK, 5, 6))
    data = data[:14] + (30_000).to_bytes(4, "big") * 2 + data[22:]
    with pytest.raises(PictureError, match="30000x30000, over the limit"):
        read_drawing(data, "page.psd")


def test_a_layer_that_claims_more_than_it_has_does_no_harm():
    data = made(("line", INK, 5, 6))
    record = data.index((6).to_bytes(4, "big") + (5).to_bytes(4, "big") + (10).to_bytes(4, "big"))
    huge = data[: record + 8] + (2**30).to_bytes(4, "big") * 2 + data[record + 16 :]
    with pytest.raises(PictureError, match=r"^page.psd: damaged PSD"):
        read_drawing(huge, "page.psd", "line")


def test_without_psd_tools_the_command_that_brings_it_is_said(monkeypatch):
    monkeypatch.setattr(psd_reading, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'comicdata\[layers\]'"):
        read_drawing(made(), "page.psd")


def test_a_named_layer_in_a_path(tmp_path):
    assert split_layer(tmp_path / "a.psd:Line: 2") == (tmp_path / "a.psd", "Line: 2")
    assert split_layer(tmp_path / "a.PSB:x") == (tmp_path / "a.PSB", "x")
    assert split_layer(tmp_path / "a.png:x") == (tmp_path / "a.png:x", None)
    (tmp_path / "b.psd:c").write_bytes(b"")
    assert split_layer(tmp_path / "b.psd:c") == (tmp_path / "b.psd:c", None)


# --------------------------------------------------------------------------------------------------- painted layers


def test_a_painted_png_keeps_its_colours_where_it_is_transparent():
    rgba = np.zeros((6, 7, 4), np.uint8)
    rgba[2, 3] = (10, 20, 30, 200)
    rgba[0, 0] = (99, 98, 97, 0)
    assert (read_painted(encode_png(rgba), "h.png") == rgba).all()


def test_a_picture_is_no_layer_of_hints():
    for data in (encode_png(np.zeros((6, 7, 3), np.uint8)), encode_png(filled(6, 7, 1, 2, 3, 255))):
        with pytest.raises(PictureError, match=r"h.png: no pixel of it is transparent"):
            read_painted(data, "h.png")


def test_only_a_psd_has_layers():
    for read in (read_painted, read_drawing):
        with pytest.raises(PictureError, match=r"h.png: no PSD, so it has no layer 'x'"):
            read(encode_png(np.zeros((6, 7, 4), np.uint8)), "h.png", "x")


def test_the_layer_called_hints_of_a_psd():
    data = made(("paper", PAPER, 0, 0), ("Hints", filled(4, 10, 255, 0, 0, 255), 5, 6))
    rgba = read_painted(data, "page.psd")
    assert (rgba[6:10, 5:15] == (255, 0, 0, 255)).all() and rgba[..., 3].sum() == 40 * 255
