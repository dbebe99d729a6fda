"""The one decoder: what it turns into RGB, what it refuses, and the PNG encoder."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from comicdata import images
from comicdata.drawn import draw_episode
from comicdata.errors import PictureError, UsageError

RED = (200, 30, 40)


def saved(picture, fmt, **options):
    buffer = io.BytesIO()
    picture.save(buffer, fmt, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("fmt", ["PNG", "WEBP", "GIF", "AVIF", "BMP", "TIFF"])
def test_plain_formats_decode_to_their_colour(fmt):
    options = {"WEBP": {"lossless": True}, "AVIF": {"quality": 100, "subsampling": "4:4:4"}}.get(fmt, {})
    decoded = images.decode(saved(Image.new("RGB", (5, 3), RED), fmt, **options), "x")
    assert decoded.shape == (3, 5, 3) and decoded.dtype == np.uint8
    assert np.abs(decoded.astype(int) - RED).max() <= (fmt == "AVIF")


def test_cmyk_jpeg():
    decoded = images.decode(saved(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=95), "x")
    assert np.abs(decoded.astype(int) - (255, 0, 0)).max() <= 4


def test_sixteen_bit_grey_is_scaled_not_clipped():
    grey = np.array([[0, 0x8000, 0xFFFF]], np.uint16)
    decoded = images.decode(saved(Image.fromarray(grey), "PNG"), "x")
    assert decoded[0, :, 0].tolist() == [0, 0x80, 0xFF]


def test_palette_with_transparency_lies_over_white():
    palette = Image.new("P", (2, 1))
    palette.putpalette([*RED, 0, 0, 255])
    palette.putdata([0, 1])
    decoded = images.decode(saved(palette, "PNG", transparency=1), "x")
    assert decoded[0].tolist() == [list(RED), [255, 255, 255]]


def test_half_transparent_pixel_is_blended_with_white():
    decoded = images.decode(saved(Image.new("RGBA", (1, 1), (0, 0, 0, 128)), "PNG"), "x")
    assert abs(int(decoded[0, 0, 0]) - 127) <= 1


def test_exif_orientation_is_applied():
    picture = Image.new("RGB", (4, 2), "white")
    picture.putpixel((0, 0), (0, 0, 0))
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera lay on its side: turn clockwise
    decoded = images.decode(saved(picture, "PNG", exif=exif), "x")
    assert decoded.shape == (4, 2, 3)
    assert decoded[0, 1].tolist() == [0, 0, 0]


def test_icc_profile_is_converted_to_srgb():
    lab_like = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    decoded = images.decode(saved(Image.new("RGB", (2, 2), RED), "PNG", icc_profile=lab_like), "x")
    assert np.abs(decoded.astype(int) - RED).max() <= 1
    broken = images.decode(saved(Image.new("RGB", (2, 2), RED), "PNG", icc_profile=b"no profile"), "x")
    assert (broken == RED).all()


def test_one_pixel():
    assert images.decode(saved(Image.new("L", (1, 1), 7), "PNG"), "x").tolist() == [[[7, 7, 7]]]


def png_header(width, height):
    body = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + b"IHDR"
        + body
        + struct.pack(">I", zlib.crc32(b"IHDR" + body))
        + struct.pack(">I", 0)
        + b"IDAT"
        + struct.pack(">I", zlib.crc32(b"IDAT"))
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"this is a text file", "x.jpg: not a JPEG"),
        (b"", "x.jpg: empty"),
        (b"<html><body>Not found</body></html>", "not a JPEG"),
        (png_header(40000, 30000), "over the limit of 80 megapixels; cut it into smaller pictures$"),
        (png_header(7000, 12000), "7000x12000, over the limit .* or --max-megapixels 84 reads it, with 0.7 GB"),
        (saved(Image.effect_noise((64, 64), 90), "JPEG")[:900], "damaged picture"),
        (saved(Image.new("RGB", (4, 4)), "ICO"), "not a JPEG"),
        (saved(Image.new("RGB", (4, 4)), "JPEG2000"), "JPEG 2000, which is not read as a picture; save it as"),
    ],
)
def test_bad_bytes_are_one_clear_line(data, message):
    with pytest.raises(PictureError, match=message) as caught:
        images.decode(data, "x.jpg")
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="no such file"):
        images.read_image(tmp_path / "gone.png")


@pytest.mark.parametrize("shape", [(1, 1), (7, 5), (1, 9), (64, 48, 3), (3, 1, 3)])
def test_png_round_trip_through_pillow(shape):
    picture = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    assert (np.asarray(Image.open(io.BytesIO(images.encode_png(picture)))) == picture).all()


@pytest.mark.parametrize(("kind", "suffix", "most"), [("png", ".png", 0), ("webp", ".webp", 0), ("jpeg", ".jpg", 8)])
def test_colour_of_thin_stripes_survives_every_format(kind, suffix, most):
    """Columns of red and blue one pixel wide: at half the resolution of colour they are purple, 90 off on average."""
    stripes = np.zeros((256, 256, 3), np.uint8)
    stripes[:, ::2, 0] = stripes[:, 1::2, 2] = 255
    data, name = images.encode(stripes, kind)
    stored = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
    assert name == suffix and np.abs(stored - stripes).mean() <= most


def test_webp_takes_less_room_than_png():
    picture = draw_episode(5, 1, panels=1).strip[:512, :512]
    assert len(images.encode(picture, "webp")[0]) < 0.8 * len(images.encode(picture, "png")[0])


def test_resize_down_is_the_area_mean():
    picture = np.random.default_rng(1).integers(0, 256, (8, 12, 3), dtype=np.uint8)
    expected = picture.reshape(4, 2, 6, 2, 3).mean(axis=(1, 3))
    assert np.abs(images.resize(picture, 6, 4) - expected).max() <= 0.5


@pytest.mark.parametrize("shape", [(3, 5), (1, 1), (3, 5, 3), (3, 5, 4)])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_png_of_every_depth_and_with_alpha_is_read_by_pillow(shape, kind):
    pixels = np.random.default_rng(0).integers(0, np.iinfo(kind).max, shape).astype(kind)
    with Image.open(io.BytesIO(images.encode_png(pixels))) as read:
        read.load()
        deep = kind is np.uint16 and len(shape) == 3  # which Pillow gives in 8 bits
        assert (np.asarray(read) == (pixels >> 8 if deep else pixels)).all()


def test_an_indexed_png_has_its_palette():
    palette = np.random.default_rng(0).integers(0, 256, (256, 3)).astype(np.uint8)
    index = np.arange(256, dtype=np.uint8).reshape(8, 32)
    for count in (1, 17, 256):
        places = (index.astype(int) % count).astype(np.uint8)
        with Image.open(io.BytesIO(images.encode_png(places, palette=palette[:count]))) as read:
            assert read.mode == "P" and len(read.getpalette()) == 3 * count
            assert (np.asarray(read.convert("RGB")) == palette[places]).all()


@pytest.mark.parametrize("dpi", [72, 300, 600, 1200])
def test_the_resolution_is_kept_through_png(dpi):
    picture = images.read_picture(images.encode_png(np.zeros((4, 4, 3), np.uint8), dpi=dpi), "x")
    assert picture.dpi == dpi and not picture.notes


@pytest.mark.parametrize("fmt", ["PNG", "JPEG", "TIFF", "BMP"])
def test_the_resolution_is_read(fmt):
    for given, expected in (((300, 300), 300), ((300, 150), None)):
        buffer = io.BytesIO()
        Image.new("RGB", (4, 4)).save(buffer, fmt, dpi=given)
        assert images.read_picture(buffer.getvalue(), "x").dpi == expected


@pytest.mark.parametrize(
    "body", [b"", b"\0" * 8, struct.pack(">IIB", 2**32 - 1, 2**32 - 1, 1), struct.pack(">IIB", 0, 0, 1), b"\0" * 20]
)
def test_a_resolution_that_is_none_does_no_harm(body):
    data = images.encode_png(np.full((2, 2, 3), 7, np.uint8))
    data = data[:33] + images.chunk(b"pHYs", body) + data[33:]
    picture = images.read_picture(data, "x")
    assert picture.dpi is None and (picture.image == 7).all()


def test_a_layer_keeps_the_colours_under_what_is_transparent():
    rgba = np.random.default_rng(0).integers(0, 256, (5, 6, 4)).astype(np.uint8)
    assert (images.read_layer(images.encode_png(rgba), "x") == rgba).all()
    opaque = images.read_layer(images.encode_png(rgba[..., :3].copy()), "x")
    assert (opaque[..., :3] == rgba[..., :3]).all() and (opaque[..., 3] == 255).all()
    with pytest.raises(PictureError, match="x: damaged"):
        images.read_layer(images.encode_png(rgba)[:60], "x")
