"""What a picture of ours says of itself, and that nobody else's picture is taken for ours."""

import io
import struct
import zlib
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from comicdata.images import decode, encode_jpeg, encode_png
from comicdata.outputs.marks import Mark, is_our_picture, made_by

NOISE = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
TRAINED = b"http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


def webp(mark):
    buffer = io.BytesIO()
    Image.fromarray(NOISE).save(buffer, "WEBP", lossless=True, xmp=mark.xmp)
    return buffer.getvalue()


FORMATS = {
    "png": lambda mark: encode_png(NOISE, mark),
    "jpeg": lambda mark: encode_jpeg(NOISE, mark=mark),
    "webp": webp,
}
MARKS = [Mark("0.1.0"), Mark("0.1.0", "run"), Mark("1.2", ""), Mark("1.2", 'a "b" <c> & \u5f69')]


@pytest.mark.parametrize("mark", MARKS, ids=range(4))
@pytest.mark.parametrize("name", FORMATS)
def test_a_mark_comes_back_and_no_pixel_changes(name, mark):
    data = FORMATS[name](mark)
    assert made_by(data) == mark
    assert (TRAINED in data) == (mark.run is not None)
    if name != "jpeg":
        assert (decode(data, "x") == NOISE).all()


def test_people_and_other_programs_can_read_it():
    picture = Image.open(io.BytesIO(encode_png(NOISE, Mark("0.1.0", "run"))))
    assert picture.text["Software"] == "comicdata 0.1.0" and "run" in picture.text["Comment"]
    (described,) = ElementTree.fromstring(picture.text["XML:com.adobe.xmp"])[0]
    facts = {name.rpartition("}")[2]: value for name, value in described.attrib.items()}
    assert facts["DigitalSourceType"].encode() == TRAINED and facts["CreatorTool"] == "comicdata 0.1.0"


def test_a_picture_without_a_mark_has_none():
    assert made_by(encode_png(NOISE)) is made_by(encode_jpeg(NOISE)) is None
    assert encode_png(NOISE) == encode_png(NOISE, None)


def test_a_mark_survives_programs_that_keep_xmp():
    picture = Image.open(io.BytesIO(encode_png(NOISE, Mark("0.1.0", "run"))))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", xmp=picture.info["xmp"])
    assert made_by(buffer.getvalue()) == Mark("0.1.0", "run")


TIFF_XMP = 700


@pytest.mark.parametrize("kind", ["TIFF", "AVIF", "GIF"])
def test_a_mark_survives_in_every_format_that_is_read(kind):
    """Saved again by a program that keeps XMP; GIF holds it as an application's block."""
    mark, buffer = Mark("0.1.0", "run"), io.BytesIO()
    more = {"TIFF": {"tiffinfo": {TIFF_XMP: mark.xmp}}, "AVIF": {"xmp": mark.xmp}, "GIF": {}}
    Image.fromarray(NOISE).save(buffer, kind, **more[kind])
    data = buffer.getvalue()
    if kind == "GIF":
        assert made_by(data) is None
        data = data[:-1] + b"!\xff\x0bXMP DataXMP" + mark.xmp + bytes([1, *range(255, -1, -1), 0]) + b";"
    assert made_by(data) == mark


@pytest.mark.parametrize("tool", ["as attributes", "as elements", "in single quotes"])
def test_a_mark_survives_programs_that_write_xmp_anew(tool):
    attributes = "xmlns:xmp='http://ns.adobe.com/xap/1.0/' xmlns:comicdata='urn:comicdata'"
    inner = {
        "as attributes": f"<rdf:Description {attributes} xmp:CreatorTool='comicdata 0.1.0' comicdata:Run='run'/>",
        "as elements": f"<rdf:Description {attributes}><comicdata:Run>run</comicdata:Run>"
        "<xmp:CreatorTool>comicdata 0.1.0</xmp:CreatorTool></rdf:Description>",
        "in single quotes": f"<rdf:Description {attributes} comicdata:Run='run' xmp:CreatorTool='comicdata 0.1.0'/>",
    }
    assert made_by(with_texts(xmp=f"<x:xmpmeta>{inner[tool]}</x:xmpmeta>")) == Mark("0.1.0", "run")


def test_a_picture_is_as_it_was_made_or_not():
    ours = encode_png(NOISE, Mark("0.1.0", "run"))
    other = encode_png(NOISE[::-1].copy(), Mark("0.1.0", "run"))
    start, end = ours.index(b"IDAT"), other.index(b"IDAT")
    painted = ours[: start - 4] + other[end - 4 :]  # the mark of one, the pixels of the other
    assert is_our_picture(ours) and not is_our_picture(painted) and made_by(painted)
    assert not is_our_picture(encode_png(NOISE)) and not is_our_picture(encode_jpeg(NOISE, mark=Mark("0.1.0")))


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def with_texts(**texts):
    info = PngInfo()
    for name, text in texts.items():
        info.add_itxt("XML:com.adobe.xmp" if name == "xmp" else name, text)
    buffer = io.BytesIO()
    Image.fromarray(NOISE).save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        with_texts(Software="GIMP 2.10"),
        with_texts(Software="comicdatabase 3"),
        with_texts(Software="made with comicdata 0.1.0"),
        with_texts(Comment="comicdata 0.1.0", Title="comicdata 0.1.0"),
        with_texts(xmp=f'<x:xmpmeta CreatorTool="Other" Iptc4xmpExt:DigitalSourceType="{TRAINED.decode()}"/>'),
        with_texts(xmp='<x:xmpmeta CreatorTool="Other" dc:title="comicdata 0.1.0"/>'),
        with_texts(xmp="<" * 1000),
        with_texts(Software="comicdata viewer 3"),
        with_texts(xmp='<rdf:Description xmp:CreatorTool="comicdata viewer 3"/>'),
        with_texts(xmp='<rdf:Description xmlns:comicdata="http://comics.example/terms" comicdata:Issue="3"/>'),
        with_texts(xmp='<d><dc:description>see xmlns:comicdata="urn:comicdata"</dc:description></d>'),
        with_texts(xmp="<d><dc:description>coloured with comicdata 0.1.0</dc:description></d>"),
        b"",
        b"comicdata 0.1.0",
        b"\x89PNG\r\n\x1a\n",
        b"\x89PNG\r\n\x1a\n" + chunk(b"iTXt", b""),
        b"\x89PNG\r\n\x1a\n" + b"\xff" * 30,
        b"\xff\xd8\xff\xfe\x00\x00" * 9,
        b"\xff\xd8\xff\xe1\x00\x02" * 9,
        b"RIFF\xff\xff\xff\xffWEBPXMP \xff\xff\xff\xff",
        b"II*\0" + b"<x:xmpmeta " * 100_000,
        b"II*\0 comicdata 0.1.0 " + f"<x:xmpmeta><d:t>{Mark('0.1.0').words}</d:t></x:xmpmeta>".encode(),
    ],
    ids=range(22),
)
def test_what_is_not_ours(data):
    assert made_by(data) is None


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_cut_anywhere_is_no_error(name):
    data = FORMATS[name](MARKS[1])
    for length in range(len(data)):
        mark = made_by(data[:length])
        assert mark is None or MARKS[1].version.startswith(mark.version)
