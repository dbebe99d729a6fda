"""PDF, through the library of the extra `pdf`: a page that is one picture gives that picture, any other is drawn."""

import threading
from typing import Any, BinaryIO

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium

from comicdata.crawl.sources.containers import Member, checked
from comicdata.images import Image, encode_png
from comicdata.images.decoding import check_size

POINTS_PER_INCH = 72
DPI = 200  # of pages that are drawn and hold no picture
MOST_DRAWN = 40_000_000  # pixels of a page that is drawn
COVERS = 0.98  # so much of the page's width and height, a picture is the page
INVISIBLE = 3  # how text is drawn that a reader of scans has put behind them
_one_at_a_time = threading.RLock()  # PDFium knows no threads


class Pdf:
    """The pages of a PDF as members."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        with _one_at_a_time:
            self._document = pypdfium2.PdfDocument(file)
            labels = [f"page {number:04d}" for number in range(1, len(self._document) + 1)]
        self.members = tuple(
            Member(label, fault, is_page=True)
            for label, fault in zip(labels, checked(name, [0] * len(labels), labels), strict=True)
        )

    def read(self, index: int, most: int) -> bytes:
        with _one_at_a_time:
            page = self._document[index]
            try:
                return _page_bytes(page, self.members[index].name)[:most]
            finally:
                page.close()

    def close(self) -> None:
        with _one_at_a_time:
            self._document.close()
        self._file.close()


def _page_bytes(page: Any, name: str) -> bytes:
    """The JPEG of a page that is one, else its pixels as PNG."""
    objects = [one for one in page.get_objects() if not _is_invisible(one)]
    pictures = [one for one in objects if one.type == pdfium.FPDF_PAGEOBJ_IMAGE]
    for one in pictures:
        check_size(one.get_px_size(), name)
    if len(objects) == 1 and pictures and _is_page(page, pictures[0]):
        return _picture_bytes(pictures[0])
    return encode_png(_drawn(page, pictures))


def _is_invisible(one: Any) -> bool:
    text = one.type == pdfium.FPDF_PAGEOBJ_TEXT
    return bool(text and pdfium.FPDFTextObj_GetTextRenderMode(one.raw) == INVISIBLE)


def _is_page(page: Any, picture: Any) -> bool:
    """Whether a picture stands upright and covers its page, with nothing shining through."""
    a, b, c, d, _, _ = picture.get_matrix().get()
    left, bottom, right, top = page.get_cropbox()
    x0, y0, x1, y1 = picture.get_bounds()
    wide = (min(x1, right) - max(x0, left)) >= COVERS * max(right - left, x1 - x0)
    high = (min(y1, top) - max(y0, bottom)) >= COVERS * max(top - bottom, y1 - y0)
    upright = a > 0 and d > 0 and abs(b) + abs(c) < 1e-3 * (a + d) and page.get_rotation() == 0
    return bool(wide and high and upright and not pdfium.FPDFPageObj_HasTransparency(picture.raw))


def _picture_bytes(picture: Any) -> bytes:
    """The JPEG as it lies in the PDF; pixels of any other packing, and of CMYK, as PNG."""
    colours = picture.get_metadata().colorspace
    if picture.get_filters(skip_simple=True) == ["DCTDecode"] and colours != pdfium.FPDF_COLORSPACE_DEVICECMYK:
        return bytes(picture.get_data(decode_simple=True))
    return encode_png(_pixels(picture.get_bitmap()))


def _drawn(page: Any, pictures: list[Any]) -> Image:
    """The page drawn as finely as its finest picture."""
    scales = [DPI / POINTS_PER_INCH] if not pictures else []
    for one in pictures:
        x0, _, x1, _ = one.get_bounds()
        scales.append(one.get_px_size()[0] / max(1.0, x1 - x0))
    width, height = page.get_size()
    most = (MOST_DRAWN / max(1.0, width * height)) ** 0.5
    return _pixels(page.render(scale=min(max(scales), most)))


def _pixels(bitmap: Any) -> Image:
    """A bitmap of PDFium, BGR, BGRx, BGRA or grey, as (H, W) or (H, W, 3) RGB."""
    array = bitmap.to_numpy()
    if array.ndim == 2 or array.shape[2] == 1:
        return np.ascontiguousarray(array.reshape(array.shape[:2]))
    return np.ascontiguousarray(array[..., 2::-1])


OPENERS = {"PDF": Pdf}
