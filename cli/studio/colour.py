"""The colour room: what its page asks for. Panels are numbered within their page; pictures go as plain pixels, for a
browser on the same machine has them sooner than it could unpack a PNG.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from comicdata.cli.studio import finished
from comicdata.cli.studio.answers import file, framed, pixels, small, taken
from comicdata.cli.studio.asked import sent_object
from comicdata.cli.studio.changes import SAMPLES, Document
from comicdata.cli.studio.desk import Desk, SupersededError
from comicdata.cli.studio.intake import take_dropped, take_sample
from comicdata.cli.studio.project import Page, Project
from comicdata.cli.studio.table import FlatsTable, RunTable, Table, Wished
from comicdata.cli.studio.trained import FLATS, Run
from comicdata.errors import PictureError, UsageError
from comicdata.files import on_disk, write_atomic
from comicdata.flats.drawing import EMPTY
from comicdata.flats.hints import hex_of, parse_color
from comicdata.images import Image, encode_png, read_image
from comicdata.layers.drawings import read_drawing

if TYPE_CHECKING:
    from comicdata.models.colorize.references import Reference

TABLES = 4  # pages that are kept as they are read
SUGGESTED = 5
FEW = 65_536  # regions that 16 bits number


class ColourRoom:
    """A project on the table."""

    def __init__(self, project: Project, runs: Sequence[Run]) -> None:
        self.project, self.runs, self.desk = project, {run.id: run for run in runs}, Desk()
        self._known: dict[tuple[str, str], list[Reference]] = {}
        self._tables: OrderedDict[tuple[Any, ...], Table] = OrderedDict()

    def routes(self) -> list[Route]:
        one, panel = "/api/pages/{page}", "/api/pages/{page}/panels/{panel:int}"
        return [
            Route("/api/project", self.show),
            Route("/api/runs/{run}", self.tell_run),
            Route("/api/runs/", self.tell_run),
            Route("/api/sample", self.take_sample, methods=["POST"]),
            Route("/api/pages", self.take, methods=["POST"]),
            Route("/api/moods", self.keep_mood, methods=["POST"]),
            Route("/api/moods/{mood}", self.mood),
            Route("/api/references", self.keep_reference, methods=["POST"]),
            Route("/api/references/everywhere", self.use_everywhere, methods=["POST"]),
            Route("/api/references/{reference}", self.reference),
            Route(one, self.open),
            Route(f"{one}/reference", self.keep_page, methods=["POST"]),
            Route(one, self.remove, methods=["DELETE"]),
            Route(f"{one}/changes", self.change, methods=["POST"]),
            Route(f"{one}/{{way:str}}", self.step, methods=["POST"]),
            Route(f"{one}/out/{{form}}", self.hand_out),
            Route(f"{panel}/piece", self.piece),
            Route(f"{panel}/colours", self.colours),
            Route(f"{panel}/thumb", self.thumb),
            Route("/api/chapter.cbz", self.hand_out_chapter),
        ]

    async def show(self, _: Request) -> Response:
        pages = [{"id": one.id, "name": one.name} for one in self.project.pages.values()]
        runs = [{"id": run.id, "name": run.name} for run in self.runs.values() if run.is_trained]
        references = self.project.kept("references")
        return JSONResponse({"pages": pages, "runs": runs, "references": references})

    async def tell_run(self, request: Request) -> Response:
        name = request.path_params.get("run", "")
        run = self.runs.get(name)
        if run is None:
            return JSONResponse({**FLATS, "id": "", "missing": bool(name)})
        return JSONResponse({**await self.desk.do(run.told), "id": run.id, "missing": False})

    async def take(self, request: Request) -> Response:
        data, name = await request.body(), request.query_params.get("name", "")[:200] or "drawing"
        return taken(await self.desk.do(lambda: take_dropped(self.project, name, data)))

    async def take_sample(self, _: Request) -> Response:
        return taken(await self.desk.do(lambda: take_sample(self.project)))

    async def keep_mood(self, request: Request) -> Response:
        data = await request.body()
        return JSONResponse({"id": await self.desk.do(lambda: self.project.keep_mood(data, "the picture"))})

    async def mood(self, request: Request) -> Response:
        name = request.path_params["mood"]
        if name not in self.project.kept("kept"):
            raise HTTPException(404, "no such mood")
        return Response(encode_png(self.project.mood(name)), media_type="image/png")

    async def keep_reference(self, request: Request) -> Response:
        data = await request.body()
        return JSONResponse({"id": await self.desk.do(lambda: self.project.keep_reference(data, "the picture"))})

    async def keep_page(self, request: Request) -> Response:
        """A page as it is now in colour, as a reference for all others: a change of each."""
        page = self._page(request)

        def keep() -> str:
            made = finished.page_bytes(self, page, self.project.document(page), "png")
            return self.project.keep_reference(made, page.name)

        kept = await self.desk.do(keep)
        return JSONResponse({"id": kept, "count": self.project.refer_others(page, kept)})

    async def use_everywhere(self, request: Request) -> Response:
        """Switch references on for every page, and all others off: a change of each page that has others."""
        sent = await sent_object(request)
        count = self.project.choose_everywhere({"references": sent.get("references")})
        return JSONResponse({"count": count})

    async def reference(self, request: Request) -> Response:
        name = request.path_params["reference"]
        if name not in self.project.kept("references"):
            raise HTTPException(404, "no such reference")
        data = await run_in_threadpool(lambda: small(read_image(self.project.reference(name))))
        return Response(data, media_type="image/jpeg")

    async def open(self, request: Request) -> Response:
        """A page as it is, and its panels."""
        page = self._page(request)
        document = self.project.document(page)

        def look() -> dict[str, Any]:
            table = self._table(page, document, keep="peek" not in request.query_params)
            for number in () if table.left_alone else range(len(table.boxes)):
                self._draw_thumb(page, number, table)
            boxes = [] if table.left_alone else [[box.x0, box.y0, box.x1, box.y1] for box in table.boxes]
            return {
                **self._told(page, document),
                "panels": boxes,
                "left_alone": table.left_alone,
                "empty": table.left_alone == EMPTY,
            }

        return JSONResponse({"name": page.name, **await self.desk.do(look)})

    async def remove(self, request: Request) -> Response:
        self.project.remove(self._page(request))
        return JSONResponse({})

    async def change(self, request: Request) -> Response:
        page, sent = self._page(request), await _sent(request)
        return JSONResponse(self._told(page, self.project.change(page, sent["version"], sent.get("change"))))

    async def step(self, request: Request) -> Response:
        page, sent, way = self._page(request), await _sent(request), request.path_params["way"]
        if way not in ("undo", "redo"):
            raise HTTPException(404, "no such thing")
        return JSONResponse(self._told(page, self.project.step(page, sent["version"], way)))

    async def piece(self, request: Request) -> Response:
        """Regions and lines of a panel: numbers of 16 or 32 bits, then a byte for each pixel."""
        page, number = self._page(request), request.path_params["panel"]
        document = self.project.document(page)

        def find() -> bytes:
            table = self._table(page, document)
            _check_panel(table, number)
            piece = table.piece(number)
            few = int(piece.labels.max(initial=0)) < FEW
            box = table.boxes[number]
            about = {"width": box.width, "height": box.height, "x": box.x0, "y": box.y0, "bytes": 2 if few else 4}
            labels = piece.labels.astype("<u2" if few else "<u4")
            return framed(about, labels, piece.line, piece.ink.view(np.uint8))

        return pixels(await self.desk.do(find, f"piece {request.query_params.get('window', '')}"))

    async def colours(self, request: Request) -> Response:
        """A panel in colour; with `samples` several, with `suggest` also where a dot would help."""
        page, number = self._page(request), request.path_params["panel"]
        asked = request.query_params
        several, suggest = "samples" in asked, SUGGESTED if "suggest" in asked else 0

        def paint() -> bytes:
            document = self.project.document(page)
            if asked.get("version") != str(document.version):
                raise SupersededError("a newer change came")
            table = self._table(page, document)
            _check_panel(table, number)
            wished, notes = self.wished(page, document)
            sample = document.state.choices["sample"]
            made = table.paint(number, wished, SAMPLES if several or sample else 1, suggest)
            images = made.images if several else [made.images[min(sample, len(made.images) - 1)]]
            self._keep_thumb(page, number, made.images[min(sample, len(made.images) - 1)])
            dots = [{"x": one.x, "y": one.y, "color": hex_of(one.color)} for one in made.suggested]
            about = {"version": document.version, "count": len(images), "suggested": dots}
            said = [note.partition("; --")[0] for note in (*notes, *made.notes)]  # its option has no place here
            return framed({**about, "notes": said}, *images)

        kind = f"colours {page.id} {several} {asked.get('window', '')}"
        return pixels(await self.desk.do(paint, kind))

    async def thumb(self, request: Request) -> Response:
        """A small picture of a panel: as it was painted last, or its lines."""
        page, number = self._page(request), request.path_params["panel"]
        there = on_disk(self._thumb(page, number))
        if there is None:
            raise HTTPException(404, "no such panel")
        return Response(there, media_type="image/jpeg")

    async def hand_out(self, request: Request) -> Response:
        """A page as a file of a form."""
        page, form = self._page(request), request.path_params["form"]
        if form not in finished.FORMS:
            raise HTTPException(404, "no such form")
        document = self.project.document(page)

        def make() -> bytes:
            return finished.page_bytes(self, page, document, form)

        data = await self.desk.do(make)
        return file(data, finished.FORMS[form], f"{page.stem}.{form}")

    async def hand_out_chapter(self, _: Request) -> Response:
        path = await self.desk.do(lambda: finished.write_chapter(self))
        return FileResponse(path, media_type="application/vnd.comicbook+zip", filename="chapter.cbz")

    def wished(self, page: Page, document: Document) -> tuple[Wished, tuple[str, ...]]:
        """What decides the colours of a page, and what is worth a word."""
        chosen = document.state.choices
        hints, notes = self.project.hints(page, document.state)
        mood = None if chosen["mood"] is None else self.project.mood(chosen["mood"])
        background = chosen["background"] and parse_color(chosen["background"])
        references, said = self._references(chosen)
        return Wished(hints, mood, background, chosen["style"], chosen["follow"], references), (*notes, *said)

    def _references(self, chosen: Mapping[str, Any]) -> tuple[list["Reference"], list[str]]:
        """What the run keeps of the pictures that are switched on, looked at once; a picture that is none is said."""
        run = self.runs.get(chosen["run"])
        if run is None or not chosen["references"] or "references" not in run.colorizer.heeds:
            return [], []
        from comicdata.models.colorize.pages import references_of

        found: list[Reference] = []
        said = []
        for one in chosen["references"]:
            try:
                if (run.id, one) not in self._known:
                    self._known[run.id, one] = references_of(run.colorizer, read_image(self.project.reference(one)))  # type: ignore[arg-type]
                found += self._known[run.id, one]
            except PictureError as error:
                said.append(f"a reference is left out: {error}")
        return found, said

    def _table(self, page: Page, document: Document, *, keep: bool = True) -> Table:
        """The page, read once for as long as it is among the last ones; without `keep` it does not become one."""
        chosen = document.state.choices
        key = (page.id, *(chosen[name] for name in ("run", "layout", "recolor", "line_art")))
        table = self._tables.get(key) or self._read(page, chosen)
        if not keep:
            return table
        self._tables[key] = table
        self._tables.move_to_end(key)
        while len(self._tables) > TABLES:
            self._tables.popitem(last=False)
        return self._tables[key]

    def _read(self, page: Page, chosen: Mapping[str, Any]) -> Table:
        rgb = read_drawing(self.project.picture(page), page.name).image
        run = self.runs.get(chosen["run"])
        if run is None:
            return FlatsTable(rgb, chosen["line_art"], page.name, chosen["layout"])
        run.colorizer.pause = self.desk.check
        return RunTable(run.colorizer, rgb, chosen["recolor"], chosen["line_art"], chosen["layout"])

    def _told(self, page: Page, document: Document) -> dict[str, Any]:
        run = self.runs.get(document.state.choices["run"])
        return {**document.told(), "command": finished.command(self.project, page, document, run)}

    def _page(self, request: Request) -> Page:
        page = self.project.pages.get(request.path_params["page"])
        if page is None:
            raise HTTPException(404, "no such page")
        return page

    def _thumb(self, page: Page, number: int) -> Any:
        return self.project.folder / "thumbs" / f"{page.stem}-{number}.jpg"

    def _draw_thumb(self, page: Page, number: int, table: Table) -> None:
        """As the panel came, until it is painted."""
        if not self._thumb(page, number).exists():
            box = table.boxes[number]
            self._keep_thumb(page, number, table.rgb[box.y0 : box.y1, box.x0 : box.x1])

    def _keep_thumb(self, page: Page, number: int, image: Image) -> None:
        write_atomic(self._thumb(page, number), small(image), durable=False)


def _check_panel(table: Table, number: int) -> None:
    if table.left_alone or number >= len(table.boxes):
        raise HTTPException(404, "no such panel")


async def _sent(request: Request) -> dict[str, Any]:
    """A change, and the version of the page that it is made on."""
    value = await sent_object(request)
    if type(value.get("version")) is not int:
        raise UsageError("an object with a version is expected")
    return value
