"""Palettes as GIMP, Adobe programs and people write them."""

import struct
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from comicdata.errors import UsageError
from comicdata.layers.palettes import Swatch, gpl_bytes, parse_palette, read_palette

GPL = (
    b"GIMP Palette\r\nName: Hero\r\nColumns: 4\r\n#\r\n"
    b"250 210 180\tSkin, light\r\n  0   0   0 Untitled\n# no\n\n1 2 3\n"
)


def read(tmp_path, data, name="hero.gpl"):
    path = tmp_path / name
    path.write_bytes(data)
    return read_palette(path)


def test_a_gimp_palette(tmp_path):
    palette = read(tmp_path, GPL)
    assert palette.swatches == (Swatch((250, 210, 180), "Skin, light"), Swatch((0, 0, 0)), Swatch((1, 2, 3)))
    assert palette.colors == ((250, 210, 180), (0, 0, 0), (1, 2, 3))
    assert [one.label for one in palette.swatches] == ["Skin, light #fad2b4", "#000000", "#010203"]


def test_a_gimp_palette_of_old_programs_and_one_with_a_byte_order_mark(tmp_path):
    assert read(tmp_path, "GIMP Palette\n1 2 3\tcafé\n".encode("latin-1")).swatches == (Swatch((1, 2, 3), "café"),)
    assert read(tmp_path, b"\xef\xbb\xbfGIMP Palette\n1 2 3 x\n").swatches == (Swatch((1, 2, 3), "x"),)


def test_what_is_written_is_read_again(tmp_path):
    swatches = [Swatch((250, 210, 180), "肌"), Swatch((0, 12, 255)), Swatch((9, 9, 9), "two\nlines\x1b and\ttab")]
    data = gpl_bytes("page\n1", swatches)
    assert data.decode().splitlines()[:2] == ["GIMP Palette", "Name: page 1"]
    assert [(one.color, one.name) for one in read(tmp_path, data).swatches] == [
        ((250, 210, 180), "肌"),
        ((0, 12, 255), "#000cff"),
        ((9, 9, 9), "two lines and tab"),
    ]
    assert read(tmp_path, data).swatches[1].label == "#000cff"


def test_a_palette_in_json(tmp_path):
    data = b'[{"color": "#FAD2B4", "name": "skin"}, {"color": "#000000"}, {"color": "#fad2b4", "name": "again"}]'
    palette, skin, black = read(tmp_path, data, "p.json"), Swatch((250, 210, 180), "skin"), Swatch((0, 0, 0))
    assert palette.swatches == (skin, black, Swatch((250, 210, 180), "again"))
    assert list(palette.by_color.values()) == [skin, black] and palette.colors == (skin.color, black.color)


def ase(*colours, group="Hero"):
    """Blocks as Illustrator lays them out."""
    blocks = [(0xC001, text(group))] + [
        (1, text(name) + model.encode() + struct.pack(f">{len(values)}fH", *values, 0))
        for name, model, values in colours
    ]
    blocks.append((0xC002, b""))
    body = b"".join(struct.pack(">HI", kind, len(block)) + block for kind, block in blocks)
    return b"ASEF" + struct.pack(">HHI", 1, 0, len(blocks)) + body


def text(name):
    return struct.pack(">H", len(name) + 1) + name.encode("utf-16-be") + b"\0\0"


def test_a_swatch_exchange_file_in_every_model(tmp_path):
    data = ase(
        ("red", "RGB ", (200 / 255, 30 / 255, 40 / 255)),
        ("grey", "Gray", (0.5,)),
        ("肌", "CMYK", (0.0, 0.2, 0.4, 0.2)),
        ("white", "LAB ", (1.0, 0.0, 0.0)),
    )
    found = read(tmp_path, data, "hero.ase").swatches
    assert [one.name for one in found] == ["red", "grey", "肌", "white"]
    assert [one.color for one in found] == [(200, 30, 40), (128, 128, 128), (204, 163, 122), (255, 255, 255)]


@pytest.mark.parametrize("lab", [(60, 40, 20), (50, -40, 30), (40, 10, -30), (80, 0, 0), (4, 1, -1)])
def test_lab_is_converted_as_littlecms_does(lab):
    way = ImageCms.buildTransform(ImageCms.createProfile("LAB", 5000), ImageCms.createProfile("sRGB"), "LAB", "RGB")
    stored = tuple(round(255 * lab[0] / 100) if place == 0 else lab[place] + 128 for place in range(3))
    expected = ImageCms.applyTransform(Image.new("LAB", (1, 1), stored), way).getpixel((0, 0))
    values = (stored[0] / 255, float(lab[1]), float(lab[2]))
    (found,) = parse_palette(ase(("", "LAB ", values)), Path("x")).colors
    assert max(abs(one - other) for one, other in zip(found, expected, strict=True)) <= 3


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no palette that is read"),
        (b"\x89PNG\r\n", "no palette that is read"),
        (b"GIMP Palette\nName: x\n", "0 colours"),
        (b"GIMP Palette\n1 2\n", "line 2: three numbers"),
        (b"GIMP Palette\n1 2 256 x\n", "line 2: three numbers"),
        (b"GIMP Palette\n1 2 3\n-1 2 3\n", "line 3: three numbers"),
        ("GIMP Palette\n1 2 ³\n".encode(), "line 2: three numbers"),
        (b"[]", "0 colours"),
        (b'{"color": "#112233"}', "a list of"),
        (b'[{"color": "red"}]', "entry 1"),
        (b'[{"color": "#112233", "name": 3}]', "entry 1"),
        (b"[3]", "entry 1"),
        (b"ASEF\0\1", "cut short"),
        (ase(("red", "RGB ", (1.0, 0.0, 0.0)))[:-20], "cut short in block 2"),
        (ase(("red", "HSB ", (1.0, 0.0, 0.0))), "block 2: no colour in RGB"),
        (ase(("red", "RGB ", (float("nan"), 0.0, 0.0))), "block 2: numbers that are no colour"),
        (b"ASEF\0\1\0\0\xff\xff\xff\xff\0\1\xff\xff\xff\xff", "cut short in block 1"),
    ],
)
def test_what_is_no_palette_is_one_line_that_names_the_file(data, words, tmp_path):
    with pytest.raises(UsageError, match=words) as found:
        read(tmp_path, data)
    assert str(found.value).startswith(str(tmp_path / "hero.gpl")) and "\n" not in str(found.value)


def test_a_missing_file_and_a_folder(tmp_path):
    for path in (tmp_path / "none.gpl", tmp_path):
        with pytest.raises(UsageError, match=path.name):
            read_palette(path)
