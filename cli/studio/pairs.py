"""The pairs room: thousands of windows to look through, and the boxes of their panels to be corrected.

What is taken out or corrected goes into the overlays of the pairs, which make-pairs heeds; flags are the project's own.
"""

from collections import Counter
from pathlib import Path

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from comicdata.cli.studio.asked import sent_object
from comicdata.errors import UsageError
from comicdata.files import jsonl_bytes, on_disk, read_lines, write_atomic
from comicdata.images import Image, encode_jpeg, read_image, resize
from comicdata.pairs.corrections import correct, corrected_pages
from comicdata.pairs.excluded import exclude, read_excluded
from comicdata.pairs.manifest import file_of, pairs_folder, read_rows
from comicdata.pairs.pages import page_name, pages_by_confidence
from comicdata.pairs.recut import whole_page
from comicdata.panels.exchange.ours import read_entry
from comicdata.records import Pair

LOOKS = ("outline", "colour", "overlay")
THUMB, LARGE = 160, 1024  # pixels of the longer side
FLAGS = "flagged.jsonl"  # of the project
WIDEST, TALLEST = 1200, 16_000  # pixels of a page that is shown: what browsers draw
REASON = "taken out in the studio"
KEPT = {"Cache-Control": "private, max-age=86400"}  # a window never changes under its id


class PairsRoom:
    """One folder of pairs; `crawl` has the pages it was made of, where somebody named it."""

    def __init__(self, pairs: Path, crawl: Path | None, project: Path) -> None:
        self.folder, self.crawl, self.project = pairs_folder(pairs), crawl, project
        self.all = read_rows(self.folder)
        self.rows = {row.id: row for row in self.all if row.kept}
        self.pages: dict[str, list[Pair]] = {}
        for row in self.all:
            self.pages.setdefault(page_name(row), []).append(row)
        self.order = list(pages_by_confidence(self.all))

    def routes(self) -> list[Route]:
        return [
            Route("/api/pairs", self.show),
            Route("/api/pairs/pages", self.show_pages),
            Route("/api/pairs/pages/{page:int}", self.show_page),
            Route("/api/pairs/pages/{page:int}", self.correct, methods=["POST"]),
            Route("/api/pairs/pages/{page:int}/picture", self.page_picture),
            Route("/api/pairs/{id}/{look}", self.picture),
            Route("/api/pairs/{id}", self.mark, methods=["POST"]),
        ]

    async def show(self, _: Request) -> Response:
        """All windows, short: what a grid filters by."""
        looks = Counter(row.dhash for row in self.rows.values())
        out, flagged = read_excluded(self.folder), self._flagged()
        rows = [
            {
                "id": row.id,
                "series": f"{row.source}/{row.series_id}",
                "episode": row.episode_id,
                "split": row.split,
                "size": row.size,
                "saturation": round(row.saturation, 3),
                "ink": round(row.ink_canny, 3),
                "confidence": round(row.split_confidence, 3),
                "alike": looks[row.dhash],
                "excluded": row.id in out,
                "flagged": row.id in flagged,
            }
            for row in self.rows.values()
        ]
        return JSONResponse({"rows": rows, "pages": len(self.pages) if self.crawl else 0})

    async def picture(self, request: Request) -> Response:
        row, look = self._row(request), request.path_params["look"]
        if look not in LOOKS:
            raise HTTPException(404, "no such look")
        side = LARGE if "large" in request.query_params else THUMB
        data = await run_in_threadpool(lambda: self._thumb(row, look, side))
        return Response(data, media_type="image/jpeg", headers=KEPT)

    def _thumb(self, row: Pair, look: str, side: int) -> bytes:
        """Made once, and kept among the thumbs of the project."""
        path = self.project / "thumbs" / "pairs" / f"{row.id}-{row.sha256_color[:8]}-{look}-{side}.jpg"
        there = on_disk(path)
        if there is None:
            there = encode_jpeg(_within(self._drawn(row, look), side, side))
            write_atomic(path, there, durable=False)
        return there

    def _drawn(self, row: Pair, look: str) -> Image:
        line = read_image(file_of(self.folder, row, "canny"))
        if look == "outline":
            return line
        color = read_image(file_of(self.folder, row, "color"))
        return color if look == "colour" else np.where(line < 128, np.array([230, 0, 110], np.uint8), color)

    async def mark(self, request: Request) -> Response:
        """Take a window out or in again, flag it or not."""
        row, sent = self._row(request), await sent_object(request)
        if set(sent) != {"excluded"} and set(sent) != {"flagged"}:
            raise UsageError("excluded or flagged is expected")
        ((name, value),) = sent.items()
        if not isinstance(value, bool):
            raise UsageError(f"{name}: true or false is expected")
        if name == "excluded":
            exclude(self.folder, [row.id], REASON, out=value)
        else:
            flags = self._flagged() - {row.id} | ({row.id} if value else set())
            write_atomic(self.project / FLAGS, jsonl_bytes({"id": one} for one in sorted(flags)))
        return JSONResponse({})

    def _flagged(self) -> set[str]:
        return {str(one["id"]) for one in read_lines(self.project / FLAGS) if isinstance(one, dict) and "id" in one}

    async def show_pages(self, _: Request) -> Response:
        """Pages, the least sure first."""
        sure, corrected = pages_by_confidence(self.all), corrected_pages(self.folder)
        pages = [
            {"page": number, "name": name, "confidence": round(sure[name], 3), "corrected": name in corrected}
            for number, name in enumerate(self.order)
        ]
        return JSONResponse({"pages": pages})

    async def show_page(self, request: Request) -> Response:
        """The boxes of a page, as a person corrected them, else as they were found."""
        name = self._page(request)
        image = await run_in_threadpool(lambda: self._whole(name))
        known = corrected_pages(self.folder).get(name)
        found = [(row.panel_box, "text" if row.drop_reason == "text_only" else "panel") for row in self._panels(name)]
        boxes = found if known is None else [(one.corners, one.kind or "panel") for one in known.regions]
        panels = [{"box": list(box), "kind": kind} for box, kind in boxes]
        height, width = image.shape[:2]
        return JSONResponse({"name": name, "width": width, "height": height, "panels": panels})

    async def page_picture(self, request: Request) -> Response:
        name = self._page(request)
        data = await run_in_threadpool(lambda: encode_jpeg(_within(self._whole(name), WIDEST, TALLEST)))
        return Response(data, media_type="image/jpeg")

    async def correct(self, request: Request) -> Response:
        name, sent = self._page(request), await sent_object(request)
        image = await run_in_threadpool(lambda: self._whole(name))
        page = {"input": name, "width": image.shape[1], "height": image.shape[0], "panels": sent.get("panels")}
        correct(self.folder, read_entry(page, "what was sent"))
        return JSONResponse({})

    def _panels(self, name: str) -> list[Pair]:
        return sorted({row.panel_id: row for row in self.pages[name]}.values(), key=lambda row: row.panel_index)

    def _whole(self, name: str) -> Image:
        """The pixels of a page, or of a strip as a whole."""
        row = self.pages[name][0]
        crawl = self.crawl
        found = crawl and whole_page(crawl, row, strip=name.count("/") == 2, tallest=1e6)
        if not found:
            raise UsageError(f"{name}: not in this crawl")
        return found[0]

    def _row(self, request: Request) -> Pair:
        row = self.rows.get(request.path_params["id"])
        if row is None:
            raise HTTPException(404, "no such pair")
        return row

    def _page(self, request: Request) -> str:
        number: int = request.path_params["page"]
        if self.crawl is None or number >= len(self.order):
            raise HTTPException(404, "no such page")
        return self.order[number]


def _within(image: Image, width: int, height: int) -> Image:
    """A picture no larger than that."""
    scale = min(1.0, width / image.shape[1], height / image.shape[0])
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return image if scale == 1 else resize(image, *size)
