"""The pictures of docs/flats.md: two pages that the project draws, hints painted over the first, and what the three
commands of that page make of them.

.venv/bin/python docs/flats_pictures.py FOLDER   (drawings and flats there, the pictures beside this file)
"""

import os
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from comicdata.cli.main import run
from comicdata.drawn.art import WHITE, Canvas, ellipse
from comicdata.drawn.cast import CAST
from comicdata.drawn.figures import draw_person
from comicdata.files import write_atomic
from comicdata.images import Image, beside, encode_png
from comicdata.layers.psd_reading import Psd

WIDTH, HEIGHT = 640, 440
PAPER = 100  # what is lighter, shades among it, is paper
MINA, JO = CAST.people[:2]
SKY, GRASS = (190, 226, 244), (156, 206, 126)
STROKES = (  # from x, y to x, y, half as wide as radius, in a colour: as a brush leaves them
    *((220, 40, 420, 44, 10, SKY), (235, 404, 290, 392, 9, GRASS)),
    *((140, 72, 160, 72, 5, MINA.hair), (145, 108, 155, 112, 6, MINA.hair), (150, 150, 150, 164, 6, MINA.skin)),
    *((150, 250, 153, 300, 9, MINA.top), (98, 223, 106, 222, 5, MINA.top), (196, 222, 204, 223, 5, MINA.top)),
    *((76, 222, 76, 227, 5, MINA.skin), (225, 222, 225, 227, 5, MINA.skin)),
    *((130, 350, 130, 372, 6, MINA.bottom), (169, 350, 169, 372, 6, MINA.bottom)),
    *((116, 148, 116, 154, 2, WHITE), (170, 148, 170, 154, 2, WHITE)),  # the whites of eyes
    *((346, 169, 348, 169, 2, WHITE), (400, 169, 401, 169, 2, WHITE)),
    *((352, 128, 384, 108, 9, JO.hair), (380, 172, 380, 190, 6, JO.skin), (380, 262, 383, 312, 9, JO.top)),
)


def draw(one: int, two: int, mood: str) -> Image:
    """A page, (h, w) uint8: two of the cast on a hill, in lines."""
    canvas = Canvas(WIDTH, HEIGHT)
    plain = [replace(who, skin=WHITE, hair=WHITE, top=WHITE, bottom=WHITE) for who in CAST.people]
    canvas.shape(ellipse(WIDTH / 2, HEIGHT + 90, WIDTH * 0.72, 210), WHITE)
    draw_person(canvas, plain[one], 150, 400, 330, mood, 0.3)
    draw_person(canvas, plain[two], 380, 410, 320, "sly", 0.6)
    grey = cv2.cvtColor(canvas.finish()[0], cv2.COLOR_RGB2GRAY)
    return np.clip(grey.astype(float) * 255 / PAPER, 0, 255).astype(np.uint8)


def paint() -> Image:
    """The layer of hints, (h, w, 4) uint8: transparent but for the strokes."""
    layer = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    for x0, y0, x1, y1, radius, colour in STROKES:
        cv2.line(layer, (x0, y0), (x1, y1), (*colour, 255), 2 * radius)
    return layer


def shown(line: Image, name: str) -> Image:
    """A drawing beside what a PSD made of it shows."""
    return beside([line, Psd(Path(name).read_bytes(), name).composite()], axis=1)


def main(folder: Path) -> None:
    docs = Path(__file__).parent.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    pages = [np.repeat(draw(*one)[..., None], 3, axis=2) for one in ((0, 1, "happy"), (1, 2, "shocked"))]
    for number, page in enumerate(pages, 1):
        write_atomic(Path(f"page{number}.png"), encode_png(page, dpi=300))
    hints = paint()
    write_atomic(Path("hints1.png"), encode_png(hints))
    over = np.where(hints[..., 3:] > 0, hints[..., :3], pages[0])
    for name, words, drawn in (
        ("flats-1.png", "page1.png", pages[0]),
        ("flats-2.png", "page1.png --hints hints1.png", over),
        ("flats-3.png", "page2.png --palette flats/page1.gpl", pages[1]),
    ):
        assert run(["flats", *words.split(), "--out", "flats", "--to", "psd"]) == 0
        write_atomic(docs / name, encode_png(shown(drawn, f"flats/{words[:5]}.psd")))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
