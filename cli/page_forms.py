"""The files that a coloured page becomes: the page, and what lies beside it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from comicdata.cli.chapter_rows import BESIDE, Page
from comicdata.cli.remembering import KIND as MEMORY
from comicdata.errors import UsageError
from comicdata.flats.hints import hints_bytes
from comicdata.images import encode, encode_png
from comicdata.layers.coloured import coloured_document
from comicdata.layers.hint_files import SUGGESTED
from comicdata.layers.openraster import openraster_bytes
from comicdata.layers.psd import psd_bytes
from comicdata.models.colorize import Colorized
from comicdata.models.colorize.reference_files import SUFFIX as KEYS
from comicdata.outputs.marks import Mark
from comicdata.records import ColorFormat

PAGES: dict[str, ColorFormat] = {"png": "png", "jpeg": "jpeg", "webp": "webp"}
SUFFIX = {"png": ".png", "jpeg": ".jpg", "webp": ".webp"}
DOCUMENTS = ("psd", "ora")
LAYERS = ("lines", "tones", "colours", "flats", "background", "low-resolution")
Files = list[tuple[str, bytes]]  # names and bytes


@dataclass(frozen=True)
class Forms:
    """What is asked for: `page`, what a page becomes, None where its own format says it; `documents`, PSD and
    OpenRaster; `layers`, whether each layer is a picture of its own; how many `samples`; whether places are suggested.
    """

    page: ColorFormat | None
    documents: tuple[str, ...]
    layers: bool
    samples: int
    suggests: bool

    @classmethod
    def asked(cls, to: Sequence[str], layers: bool, samples: int, suggest: int) -> "Forms":
        """From the options; UsageError for pages of two forms."""
        pages = [PAGES[one] for one in dict.fromkeys(to) if one in PAGES]
        if len(pages) > 1:
            raise UsageError(f"--to {pages[0]} --to {pages[1]}: a page is one of them; psd and ora lie beside it")
        documents = tuple(one for one in DOCUMENTS if one in to)
        return cls(pages[0] if pages else None, documents, layers, samples, suggest > 0)

    def names(self, pages: Sequence[Page]) -> dict[str, list[str]]:
        """All that may be made of pages in a folder, by its kind; "" is the pages themselves."""
        suffix = SUFFIX[self.page or "png"]
        names: dict[str, list[str]] = {kind: [] for kind in ("", *BESIDE)}
        for stem in (page.stem for page in pages):
            names[""].append(stem + suffix)
            names["samples"] += [one + suffix for one in self._samples(stem)]
            names["layers"] += [f"{stem}.{one}" for one in self.documents]
            names["layers"] += [f"{stem}.{one}.png" for one in LAYERS if self.layers]
            names["suggested"] += [stem + SUGGESTED] if self.suggests else []
            names[MEMORY] += [stem + KEYS]
        return names

    def _samples(self, stem: str) -> list[str]:
        """NAME-1, NAME-2, ... where there are several."""
        return [f"{stem}-{number}" for number in range(1, self.samples + 1)] if self.samples > 1 else []

    def made(
        self, stem: str, result: Colorized, kind: ColorFormat, mark: Mark, dpi: float | None
    ) -> tuple[bytes, str, dict[str, Files]]:
        """A page of this kind, its suffix, and the files beside it by their kind; PictureError where a form is too
        small for it.
        """
        pictures = [encode(image, kind, mark, dpi) for image in result.images]
        data, suffix = pictures[0]
        samples = zip(self._samples(stem), pictures, strict=False)
        sides = {
            "samples": [(name + end, body) for name, (body, end) in samples],
            "layers": [*self._documents(stem, result, mark, dpi), *self._layers(stem, result, mark, dpi)],
            "suggested": [(stem + SUGGESTED, hints_bytes(result.suggested))] if self.suggests else [],
        }
        return data, suffix, {name: files for name, files in sides.items() if files}

    def _documents(self, stem: str, result: Colorized, mark: Mark, dpi: float | None) -> Iterator[tuple[str, bytes]]:
        if self.documents:
            document = coloured_document(result.image, result.layers, dpi)
            if "psd" in self.documents:
                yield f"{stem}.psd", psd_bytes(document, mark, stem)
            if "ora" in self.documents:
                yield f"{stem}.ora", openraster_bytes(document, mark)

    def _layers(self, stem: str, result: Colorized, mark: Mark, dpi: float | None) -> Iterator[tuple[str, bytes]]:
        for name in LAYERS:
            if self.layers and name in result.layers:
                yield f"{stem}.{name}.png", encode_png(result.layers[name], mark, dpi=dpi)
