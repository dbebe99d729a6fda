"""Damaged metadata and damaged pixels told apart, animated pictures, formats told by content."""

import io
import itertools
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from comicdata import images
from comicdata.errors import PictureError
from comicdata.formats import checked_png, chunk, claims_archive, claims_picture, sniff, suffix_of
from comicdata.images import decoding

NOISE = np.random.default_rng(3).integers(0, 256, (64, 48, 3), dtype=np.uint8)
ART = Image.fromarray(NOISE)
NO_END = "the end of the file is missing, every row is there"
LEFT_OUT = "damaged metadata left out"


def saved(picture, fmt, **options):
    buffer = io.BytesIO()
    picture.save(buffer, fmt, **options)
    return buffer.getvalue()


PNG, JPEG = saved(ART, "PNG"), saved(ART, "JPEG", quality=90)
IDAT = PNG.index(b"IDAT")


def with_chunk(body):
    return PNG[:33] + body + PNG[33:]


def segment(marker, body):
    return JPEG[:2] + bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body + JPEG[2:]


def ifd(*entries):
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + b"".join(entries) + b"\0\0\0\0"


@pytest.mark.parametrize(
    ("data", "notes"),
    [
        (with_chunk(chunk(b"tEXt", b"a\0b")[:-1] + b"X"), [LEFT_OUT]),
        (with_chunk(chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(9_000_000)))), []),
        (with_chunk(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + b"<" * 3_000_000)), []),
        (with_chunk(chunk(b"iCCP", b"a\0\0no profile")), ["a colour profile that is damaged or too large left out"]),
        (
            with_chunk(chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(50_000_000)))),
            ["a colour profile that is damaged or too large left out"],
        ),
        (with_chunk(chunk(b"eXIf", b"II*\0\x08\0\0\0\xff\xff")), [LEFT_OUT]),
        (with_chunk(chunk(b"tIME", bytes(7)) + chunk(b"pHYs", bytes(9)) + chunk(b"prVt", b"own")), []),
        (PNG + b"behind the end" * 20, []),
        (PNG[:-12], [NO_END]),
        (PNG[:-5], [NO_END]),
        (PNG[:-14], [NO_END]),
        (PNG[:-18], [NO_END]),
    ],
)
def test_metadata_never_decides_over_the_pixels_of_a_png(data, notes):
    found = images.read_picture(data, "x.png")
    assert (found.image == NOISE).all() and list(found.notes) == notes
    assert images.measure(data, "x.png") == ("PNG", 48, 64, tuple(notes))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (PNG[: IDAT + 60] + bytes([PNG[IDAT + 60] ^ 4]) + PNG[IDAT + 61 :], "the checksum of its IDAT is wrong"),
        (PNG[:20] + b"\0\0\0\x20" + PNG[24:], "the checksum of its IHDR is wrong"),
        (PNG[: len(PNG) // 2], "% of its rows are there"),
        (PNG[:-40], "% of its rows are there"),
        (
            PNG[: IDAT - 4] + chunk(b"IDAT", zlib.compress(bytes(10 * 145))) + chunk(b"IEND", b""),
            "15 % of its rows are there",
        ),
        (PNG[: IDAT - 4] + chunk(b"IEND", b""), "no pixels"),
    ],
)
def test_damage_of_the_pixels_of_a_png_is_an_error(data, why):
    with pytest.raises(PictureError, match=f"x.png: damaged picture .*{why}"):
        images.decode(data, "x.png")


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA", "I;16"])
def test_good_png_of_every_kind_have_all_their_rows(mode):
    picture = Image.fromarray(np.full((9, 13), 40_000, np.uint16)) if mode == "I;16" else ART.convert(mode)
    found = images.read_picture(saved(picture, "PNG"), "x")
    assert found.notes == () and found.image.shape[:2] == (picture.height, picture.width)


@pytest.mark.parametrize("more", [1, 2, 50, 300, 5_000, 70_000])
@pytest.mark.parametrize("pieces", [1, 3])
def test_even_png_whose_last_rows_come_out_of_hardly_a_byte_have_all_their_rows(more, pieces):
    """Little more than a million bytes of paper, in one IDAT or several: unpacked piece by piece, the last rows are
    still to come when all has been read.
    """
    width = (1 << 20) + more - 1
    header = struct.pack(">IIBBBBB", width, 1, 8, 0, 0, 0, 0)
    packed = zlib.compress(bytes(1) + b"\xff" * width, 6)
    cuts = np.linspace(0, len(packed), pieces + 1).astype(int)
    rows = [chunk(b"IDAT", packed[start:end]) for start, end in itertools.pairwise(cuts)]
    page = PNG[:8] + chunk(b"IHDR", header) + b"".join(rows)
    assert checked_png(page + chunk(b"IEND", b""))[1] == []
    assert checked_png(page)[1] == [NO_END]


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (8, 8), (13, 5), (2, 17)])
def test_interlaced_png_have_all_their_rows(size):
    """All bytes zero: every pass of Adam7 says how many it needs, as PNG (Third Edition), section 8.1, has it."""
    width, height = size
    counts = {1: (0, 8, 0, 8), 2: (4, 8, 0, 8), 3: (0, 4, 4, 8), 4: (2, 4, 0, 4), 5: (0, 2, 2, 4), 6: (1, 2, 0, 2)}
    counts[7] = (0, 1, 1, 2)
    total = 0
    for x, right, y, down in counts.values():
        columns, rows = len(range(x, width, right)), len(range(y, height, down))
        total += rows * (1 + 3 * columns) if columns else 0
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 1))

    def png(count):
        return PNG[:8] + header + chunk(b"IDAT", zlib.compress(bytes(count))) + chunk(b"IEND", b"")

    assert images.decode(png(total), "x").shape == (height, width, 3)
    with pytest.raises(PictureError, match="of its rows"):
        images.decode(png(total - 1), "x")


@pytest.mark.parametrize(
    "data",
    [
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + b"<" * 60_000),
        segment(0xE1, b"Exif\0\0" + ifd(struct.pack("<HHII", 0x0112, 3, 1, 1), b"cut")),
        segment(0xE1, b"Exif\0\0garbage"),
        segment(0xE2, b"ICC_PROFILE\0\x01\x01" + b"z" * 1000),
        segment(0xED, b"Photoshop 3.0\0" + b"8BIM\xff\xff\xff\xff\xff\xff\xff\xff"),
        segment(0xE1, b""),
        segment(0xFE, b"\0" * 60_000),
        JPEG.replace(b"\xff\xdb", b"\xff\xff\xff\xdb"),
        JPEG.replace(b"\xff\xdb", b"\xff\xff\xff\xdb")[:-2],
        JPEG + b"behind the end" * 100,
        JPEG + bytes(100),
        JPEG[:-2],
    ],
)
def test_metadata_never_decides_over_the_pixels_of_a_jpeg(data):
    assert (images.decode(data, "x.jpg") == images.decode(JPEG, "x.jpg")).all()


@pytest.mark.parametrize(
    ("cut", "end", "progressive"),
    [
        *((cut, b"", progressive) for cut in (3, 6, 20, 300, 3000) for progressive in (False, True)),
        *((cut, b"\xff\xd9", False) for cut in (300, 3000)),  # less takes no row: it only refines the last block
    ],
)
def test_a_jpeg_that_was_cut_is_an_error(cut, end, progressive):
    whole = saved(ART, "JPEG", quality=90, progressive=progressive)
    with pytest.raises(PictureError, match=r"x\.jpg: damaged picture"):
        images.decode(whole[:-cut] + end, "x.jpg")


def test_a_jpeg_that_ends_in_paper_of_any_colour_is_none():
    for colour in ("white", "black", "red", "beige"):
        page = Image.new("RGB", (200, 200), colour)
        page.paste(ART, (10, 10))
        for options in ({}, {"progressive": True}, {"subsampling": 2}):
            data = saved(page, "JPEG", **options)
            assert images.read_picture(data, "x").notes == ()
            assert images.read_picture(data[:-2], "x").notes == (NO_END,)


def test_an_mpo_is_its_first_picture():
    data = saved(ART, "MPO", save_all=True, append_images=[ART.resize((20, 20))])
    found = images.read_picture(data, "x.jpg")
    assert (found.format, found.image.shape, found.notes) == ("JPEG", (64, 48, 3), ())


@pytest.mark.parametrize("cut", [1, 5, 9])
def test_a_webp_that_ends_within_its_metadata_is_kept(cut):
    whole = saved(ART, "WEBP", lossless=True, exif=b"Exif\0\0" + ifd(struct.pack("<HHII", 0x0112, 3, 1, 6)))
    found = images.read_picture(whole[:-cut], "x.webp")
    assert (found.image == NOISE).all() and found.notes == (LEFT_OUT,)
    assert images.read_picture(whole, "x.webp").image.shape == (48, 64, 3)  # turned, as it says


@pytest.mark.parametrize("fmt", ["GIF", "WEBP", "AVIF", "BMP", "TIFF"])
def test_half_a_file_is_an_error_in_every_format(fmt):
    data = saved(ART, fmt)
    with pytest.raises(PictureError, match="damaged picture"):
        images.decode(data[: len(data) // 2], "x")


CLEAR, WHITE = Image.new("RGBA", (48, 64), (0, 0, 0, 0)), Image.new("RGBA", (48, 64), "white")
TURNED = ART.convert("RGBA").rotate(180)


@pytest.mark.parametrize("fmt", ["GIF", "WEBP", "PNG", "AVIF"])
def test_of_an_animated_picture_the_first_with_art_in_it_is_taken(fmt):
    more = {"save_all": True, "duration": 100} | ({"lossless": True} if fmt == "WEBP" else {})
    late = images.read_picture(saved(CLEAR, fmt, append_images=[WHITE, ART.convert("RGBA"), TURNED], **more), "x")
    assert late.notes == ("animated: picture 3 of 4 is taken, the first with anything in it",)
    first = images.read_picture(saved(ART.convert("RGBA"), fmt, append_images=[CLEAR, TURNED], **more), "x")
    assert first.notes == ()
    for found in (late, first):  # AVIF and GIF keep no exact colours
        near = np.abs(found.image.astype(int) - NOISE).mean()
        assert near < np.abs(found.image.astype(int) - NOISE[::-1, ::-1]).mean() / 1.5
    blank = images.read_picture(saved(CLEAR, fmt, append_images=[WHITE], **more), "x")
    assert len(blank.notes) == 1 and "nothing is to be seen" in blank.notes[0]


def test_a_tiff_of_several_pages_says_that_one_is_taken():
    found = images.read_picture(saved(ART, "TIFF", save_all=True, append_images=[ART]), "x.tif")
    assert (found.image == NOISE).all() and found.notes == ("the first of 2 pictures in it is taken",)


def test_legal_but_odd_metadata_changes_nothing():
    """A profile of sRGB, EXIF of a scanner, a comment, a resolution: no word, the same pixels."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x0131] = 1, "Scanner", "x" * 5000
    for fmt, options in (("PNG", {}), ("WEBP", {"lossless": True}), ("TIFF", {})):
        data = saved(ART, fmt, icc_profile=profile, exif=exif, dpi=(601, 599), **options)
        found = images.read_picture(data, "x")
        assert found.notes == () and np.abs(found.image.astype(int) - NOISE).max() <= 1


def test_warnings_and_the_limit_of_pillow_are_as_before(recwarn):
    before = Image.MAX_IMAGE_PIXELS
    images.decode(segment(0xE1, b"Exif\0\0garbage"), "x")
    assert before == Image.MAX_IMAGE_PIXELS and not recwarn.list


@pytest.mark.parametrize(("size", "fits"), [((900, 90), True), ((10, 8000), True), ((300, 300), False)])
def test_strips_may_be_larger_than_pages(monkeypatch, size, fits):
    monkeypatch.setattr(decoding, "MAX_PIXELS", 80_000)
    data = saved(Image.new("L", size), "PNG")
    if fits:
        assert images.decode(data, "x").shape[:2] == size[::-1]
    else:
        with pytest.raises(PictureError, match="300x300, over the limit"):
            images.decode(data, "x")
    assert images.decode(data, "x", most=100_000).shape[:2] == size[::-1]


def test_a_picture_for_which_there_is_no_memory_is_a_line(monkeypatch):
    monkeypatch.setattr(decoding, "LARGE_PIXELS", 100)
    data = saved(ART, "PNG")
    assert images.decode(data, "x").shape == (64, 48, 3)
    monkeypatch.setattr(decoding, "_free_memory", lambda: 10_000)
    with pytest.raises(PictureError, match=r"48x64 takes 0\.0 GB of memory to decode, .*; cut it into"):
        images.decode(data, "x")


def test_what_cannot_be_shown_is_not_measured_either():
    data = saved(Image.fromarray(np.ones((4, 4), np.float32)), "TIFF")
    for read in (images.measure, images.decode):
        with pytest.raises(PictureError, match="numbers with a fraction"):
            read(data, "x")


def test_large_pictures_come_out_as_small_ones_do(monkeypatch):
    tall = Image.fromarray(np.random.default_rng(1).integers(0, 256, (500, 20, 4), dtype=np.uint8))
    whole = images.decode(saved(tall, "PNG"), "x")
    monkeypatch.setattr(decoding, "BAND", 64)
    assert (images.decode(saved(tall, "PNG"), "x") == whole).all()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"BM is how this text begins, and it is no bitmap", None),
        (b"", None),
        (b"<html><svg></svg></html>", None),
        (b"<?xml version='1.0'?><ComicInfo/>", None),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", None),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", "AVIF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- a --><svg xmlns='x'>", "SVG"),
        (b"PK\x03\x04" + bytes(22) + b"\x08\0\0\0mimetypeapplication/epub+zip", "EPUB"),
        (b"PK\x03\x04" + bytes(22) + b"\x08\0\0\0mimetypeimage/openraster", "OpenRaster"),
        (b"PK\x03\x04" + bytes(22) + b"\x05\0\0\x001.png", "ZIP"),
        (b"II*\0\x10\0\0\0CR\x02\0", "camera raw"),
        (b"%PDF-1.7", "PDF"),
        (b"\xef\xbb\xbf\r\n%PDF-1.4", "PDF"),
        (b"A file that begins with %PDF-1.4 is a PDF", None),
    ],
)
def test_sniff(data, kind):
    assert sniff(data) == kind


def test_names():
    assert suffix_of("a.JPG?x=1.png") == ".jpg" and suffix_of("a.jpg_large") == ".jpg" and suffix_of("Ch 10.5") == ".5"
    assert (
        claims_picture("x.HEIC")
        and claims_picture("x.jpe")
        and not claims_picture("jpg")
        and not claims_picture("x.ico")
    )
    assert claims_archive("x.CBR") and claims_archive("x.tar.gz") and not claims_archive("x.docx")
