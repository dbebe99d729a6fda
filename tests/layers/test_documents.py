"""Layers written as PSD and OpenRaster, read again by others: psd-tools, Pillow, ImageMagick, and the OpenRaster
specification.
"""

import io
import struct
import subprocess
import zipfile
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from psd_tools import PSDImage

from comicdata.errors import PictureError
from comicdata.layers import psd
from comicdata.layers.document import Document, Layer
from comicdata.layers.flats import Flats, flats_document, flats_png, regions_png, used_colors
from comicdata.layers.openraster import openraster_bytes
from comicdata.layers.packbits import pack_rows
from comicdata.layers.psd import psd_bytes
from comicdata.outputs import mark
from comicdata.outputs.marks import made_by

RED, SKIN, GREEN, BLUE = (200, 30, 40), (250, 210, 180), (20, 160, 60), (10, 20, 250)
NAMES = {RED: "#c81e28", SKIN: "肌 skin #fad2b4", (1, 2, 3): "not there"}


@pytest.fixture
def flats():
    """Six regions in a page with a margin, lines with soft rims, and tones under them."""
    labels = np.zeros((40, 61), np.int32)
    labels[5:20, 5:30], labels[5:20, 30:55], labels[20:35, 5:20] = 1, 2, 3
    labels[20:35, 20:55], labels[8:12, 8:12], labels[25:30, 40:50] = 4, 5, 6
    colours = np.array([(255, 255, 255), RED, SKIN, RED, GREEN, BLUE, SKIN], np.uint8)
    rng = np.random.default_rng(3)
    line = np.where(rng.random((40, 61)) < 0.2, rng.integers(0, 256, (40, 61)), 255).astype(np.uint8)
    tones = np.full((40, 61), 255, np.uint8)
    tones[10:20:2, 30:55:2] = 0
    return Flats(labels, colours, {"tones": tones, "lines": line}, NAMES, 600.0)


def truth(flats):
    """What the layers come to, worked out as fractions."""
    shown = flats.colours[flats.labels].astype(float)
    for ink in flats.inks.values():
        shown = np.rint(shown * (ink[..., None] / 255))
    return shown.astype(np.uint8)


ORDER = ["rest", "肌 skin #fad2b4", "#c81e28", "tones", "lines"]  # from the bottom


def test_the_composite_of_a_document_is_the_flats_under_the_lines(flats):
    assert (flats_document(flats).merged == truth(flats)).all()


def test_a_psd_read_by_psd_tools(flats):
    read = PSDImage.open(io.BytesIO(psd_bytes(flats_document(flats), mark(), "page.png")))
    assert [layer.name for layer in read] == ORDER
    assert [layer.blend_mode.name for layer in read] == ["NORMAL"] * 3 + ["MULTIPLY"] * 2
    assert [layer.opacity for layer in read] == [255] * 5 and all(layer.visible for layer in read)
    assert [layer.bbox for layer in read][:3] == [(0, 0, 61, 40), (30, 5, 55, 30), (5, 5, 30, 35)]
    assert (np.asarray(read.topil()) == truth(flats)).all()
    for layer, color, numbers in zip(read, [None, SKIN, RED], [(0, 4, 5), (2, 6), (1, 3)], strict=False):
        rgba = np.asarray(layer.topil().convert("RGBA"))
        part = flats.labels[layer.top : layer.bottom, layer.left : layer.right]
        assert (rgba[..., 3] == np.where(np.isin(part, numbers), 255, 0)).all()
        shown = rgba[..., 3] > 0
        assert (rgba[shown, :3] == (flats.colours[part[shown]] if color is None else color)).all()
    lines = np.asarray(read[4].topil().convert("RGBA"))
    assert (lines[..., 3] == 255 - flats.inks["lines"]).all() and not lines[..., :3].any()


def test_the_layers_of_a_psd_laid_over_each_other_are_its_composite(flats):
    read = PSDImage.open(io.BytesIO(psd_bytes(flats_document(flats), mark(), "page.png")))
    canvas = np.zeros((40, 61, 3))
    for layer in read:
        rgba = np.asarray(layer.topil().convert("RGBA")).astype(float)
        canvas = laid(canvas, rgba, layer.left, layer.top, layer.blend_mode.name == "MULTIPLY")
    assert (canvas == truth(flats)).all()


def laid(canvas, rgba, x, y, multiply):
    """A layer over an opaque canvas, by the formulas of W3C Compositing and Blending 1, rounded once per layer."""
    canvas = canvas.copy()
    below = canvas[y : y + rgba.shape[0], x : x + rgba.shape[1]]
    alpha = rgba[..., 3:] / 255
    above = rgba[..., :3] * (below / 255) if multiply else rgba[..., :3]
    below[:] = np.rint(below * (1 - alpha) + above * alpha)
    return canvas


def test_a_psd_read_by_pillow(flats):
    with Image.open(io.BytesIO(psd_bytes(flats_document(flats), mark(), "page.png"))) as read:
        assert (np.asarray(read) == truth(flats)).all()
        assert [layer[0] for layer in read.layers][2] == "#c81e28"
        assert [layer[2] for layer in read.layers][1] == (30, 5, 55, 30)


def has_imagemagick():
    """Whether `convert` is that of ImageMagick, for others have one, too."""
    try:
        told = subprocess.run(["convert", "-version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    return "ImageMagick" in told.stdout


@pytest.mark.skipif(not has_imagemagick(), reason="ImageMagick is not installed")
def test_a_psd_read_by_imagemagick(flats, tmp_path):
    file = tmp_path / "page.psd"
    file.write_bytes(psd_bytes(flats_document(flats), mark(), "page.png"))

    def convert(*given):
        return subprocess.run(["convert", str(file), *given], cwd=tmp_path, check=True, capture_output=True).stdout

    told = convert("-delete", "0", "-format", "%[label] %wx%h%O %[compose]\n", "info:").decode("latin-1").splitlines()
    assert [line.split()[-3:] for line in told] == [
        ["rest", "61x40+0+0", "Over"],
        ["#fad2b4", "25x25+30+5", "Over"],
        ["#c81e28", "25x30+5+5", "Over"],
        ["tones", "61x40+0+0", "Multiply"],
        ["lines", "61x40+0+0", "Multiply"],
    ]
    convert("-delete", "1--1", "composite.png")
    convert("-delete", "0", "-background", "white", "-layers", "merge", "merged.png")
    for name, most in (("composite.png", 0), ("merged.png", 1)):
        with Image.open(tmp_path / name) as read:
            assert np.abs(np.asarray(read.convert("RGB")).astype(int) - truth(flats)).max() <= most


def test_a_psd_says_its_resolution_and_who_made_it(flats):
    read = PSDImage.open(io.BytesIO(psd_bytes(flats_document(flats), mark(), "page.png")))
    found = read.image_resources.get_data(1005)
    assert (found.horizontal / 65536, found.vertical / 65536, found.horizontal_unit) == (600.0, 600.0, 1)
    assert b"comicdata" in read.image_resources.get_data(1060)


def test_an_openraster_file_by_its_specification(flats):
    data = openraster_bytes(flats_document(flats), mark())
    assert data[30:38] == b"mimetype" and data[38:54] == b"image/openraster"
    archive = zipfile.ZipFile(io.BytesIO(data))
    first = archive.infolist()[0]
    assert (first.filename, first.compress_type, archive.read(first)) == ("mimetype", 0, b"image/openraster")
    assert {one.compress_type for one in archive.infolist()} <= {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
    image = ElementTree.fromstring(archive.read("stack.xml"))
    assert (image.tag, image.get("w"), image.get("h"), image.get("xres")) == ("image", "61", "40", "600")
    layers = image.findall("./stack/layer")
    assert [layer.get("name") for layer in layers] == ORDER[::-1]  # the topmost first
    assert [layer.get("composite-op") for layer in layers] == ["svg:multiply"] * 2 + ["svg:src-over"] * 3
    canvas = np.zeros((40, 61, 3))
    for layer in reversed(layers):
        rgba = np.asarray(Image.open(io.BytesIO(archive.read(layer.get("src"))))).astype(float)
        assert rgba.shape[2] == 4 and layer.get("opacity") == "1" and layer.get("visibility") == "visible"
        multiply = layer.get("composite-op") == "svg:multiply"
        canvas = laid(canvas, rgba, int(layer.get("x")), int(layer.get("y")), multiply)
    assert (canvas == truth(flats)).all()
    assert (np.asarray(Image.open(io.BytesIO(archive.read("mergedimage.png")))) == truth(flats)).all()
    assert made_by(archive.read("mergedimage.png")) is not None


def test_a_thumbnail_of_openraster_is_at_most_256_pixels_and_never_enlarged(flats):
    for width, expected in ((61, (61, 40)), (2560, (256, 2))):
        merged = np.zeros((40 if width == 61 else 20, width, 3), np.uint8)
        archive = zipfile.ZipFile(io.BytesIO(openraster_bytes(Document((), merged), None)))
        thumbnail = Image.open(io.BytesIO(archive.read("Thumbnails/thumbnail.png")))
        assert (thumbnail.size, thumbnail.mode, thumbnail.info.get("interlace")) == (expected, "RGB", None)


def test_names_of_layers_are_text_in_xml():
    layer = Layer('<a> & "b"\x1b', 2, 3, 1, 1, lambda: np.zeros((1, 1, 4), np.uint8), opacity=51)
    data = openraster_bytes(Document((layer,), np.zeros((4, 4, 3), np.uint8)), None)
    (found,) = ElementTree.fromstring(zipfile.ZipFile(io.BytesIO(data)).read("stack.xml")).iter("layer")
    assert (found.get("name"), found.get("x"), found.get("y")) == ('<a> & "b"\\x1b', "2", "3")
    assert float(found.get("opacity")) == pytest.approx(0.2)


def test_a_name_of_a_psd_layer_may_be_long_and_in_any_script():
    name = "線" * 300
    layer = Layer(name, 0, 0, 1, 1, lambda: np.zeros((1, 1, 4), np.uint8))
    read = PSDImage.open(io.BytesIO(psd_bytes(Document((layer,), np.zeros((4, 4, 3), np.uint8)), None, "x")))
    assert [one.name for one in read] == [name]


def test_the_same_document_is_the_same_bytes(flats):
    assert openraster_bytes(flats_document(flats), mark()) == openraster_bytes(flats_document(flats), mark())
    assert psd_bytes(flats_document(flats), mark(), "a") == psd_bytes(flats_document(flats), mark(), "b")


def test_what_psd_does_not_hold_is_said_with_a_way_out(flats, monkeypatch):
    with pytest.raises(PictureError, match=r"tall.png: 1x30001 is more than PSD holds.*--to ora"):
        psd_bytes(Document((), np.zeros((30_001, 1, 3), np.uint8)), None, "tall.png")
    monkeypatch.setattr(psd, "MOST_BYTES", 1000)
    with pytest.raises(PictureError, match=r"page.png: over the 2 GB.*--to ora"):
        psd_bytes(flats_document(flats), None, "page.png")


# ------------------------------------------------------------------------------------------------ flats and regions


def test_flats_are_indexed_with_hard_edges_and_keep_the_resolution(flats):
    read = Image.open(io.BytesIO(flats_png(flats, mark())))
    assert read.mode == "P" and round(read.info["dpi"][0]) == 600
    assert (np.asarray(read.convert("RGB")) == flats.colours[flats.labels]).all()
    assert len(read.getcolors()) == 5 and len(read.getpalette()) == 15  # no colour that is not there


@pytest.mark.parametrize(("count", "mode"), [(256, "P"), (257, "RGB")])
def test_more_than_256_colours_are_true_colour(count, mode):
    labels = np.arange(400, dtype=np.int32).reshape(20, 20) % count
    colours = np.unique(np.random.default_rng(0).integers(0, 256, (500, 3)), axis=0)[:400].astype(np.uint8)
    read = Image.open(io.BytesIO(flats_png(Flats(labels, colours, {}))))
    assert read.mode == mode
    assert (np.asarray(read.convert("RGB")) == colours[labels]).all()


def test_numbers_of_regions_are_grey_of_16_bits(flats):
    labels = flats.labels * 10_000
    read = Image.open(io.BytesIO(regions_png(Flats(labels, flats.colours, {}, dpi=300), "page.png", mark())))
    assert read.mode == "I;16" and round(read.info["dpi"][0]) == 300
    assert (np.asarray(read) == labels).all()


def test_more_regions_than_16_bits_hold_are_said():
    with pytest.raises(PictureError, match=r"page.png: 65536 regions, more than 16 bits number"):
        regions_png(Flats(np.array([[0, 65_536]], np.int32), np.zeros((1, 3), np.uint8), {}), "page.png")


def test_the_colours_that_were_used_in_the_order_of_their_names(flats):
    assert used_colors(flats) == [RED, SKIN, BLUE, GREEN]
    assert used_colors(flats, without=[5]) == [RED, SKIN, GREEN]


def test_a_drawing_without_named_colours_is_lines_over_the_rest(flats):
    document = flats_document(Flats(flats.labels, flats.colours, {"lines": flats.inks["lines"]}))
    assert [layer.name for layer in document.layers] == ["rest", "lines"]
    rest = document.layers[0].pixels()
    assert (rest[..., 3] == 255).all() and (rest[..., :3] == flats.colours[flats.labels]).all()


# -------------------------------------------------------------------------------------------------------- PackBits


def unpacked(data):
    """TIFF 6.0, section 9, read plainly."""
    out, at = bytearray(), 0
    while at < len(data):
        head = struct.unpack_from("b", data, at)[0]
        assert head != -128
        if head >= 0:
            out += data[at + 1 : at + 2 + head]
            at += 2 + head
        else:
            out += data[at + 1 : at + 2] * (1 - head)
            at += 2
    return bytes(out)


rows = st.integers(1, 400).flatmap(
    lambda width: st.lists(
        st.lists(st.tuples(st.integers(0, 3), st.integers(1, 300)), min_size=1, max_size=8).map(
            lambda runs: (b"".join(bytes([value]) * length for value, length in runs) * width)[:width]
        ),
        min_size=1,
        max_size=4,
    )
)


@settings(max_examples=150, deadline=None)
@given(rows)
def test_packed_rows_unpack_to_what_they_were(lines):
    pixels = np.array([[*line] for line in lines], np.uint8)
    counts, packed = pack_rows(pixels)
    at = 0
    for line, count in zip(lines, counts, strict=True):
        assert unpacked(packed[at : at + count]) == line
        at += count
    assert at == len(packed)


def test_noise_grows_by_a_byte_in_128_and_one_colour_packs_to_two():
    noise = (np.arange(1024) % 251).astype(np.uint8).reshape(1, -1)
    assert pack_rows(noise)[0].tolist() == [1024 + 8]
    assert pack_rows(np.full((3, 256), 7, np.uint8))[0].tolist() == [4, 4, 4]
