"""The studio as an application: its pages, its rooms, and errors as one line of JSON."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from comicdata.cli.studio.colour import ColourRoom
from comicdata.cli.studio.desk import SupersededError
from comicdata.cli.studio.health import HealthRoom
from comicdata.cli.studio.pairs import PairsRoom
from comicdata.cli.studio.project import Project, StaleError
from comicdata.cli.studio.runs import RunsRoom
from comicdata.cli.studio.trained import Run
from comicdata.errors import ComicDataError, LockedError, ResourceError
from comicdata.files import read_json
from comicdata.outputs.escapes import visible

HERE = Path(__file__).parent


@cache
def texts(language: str = "en") -> dict[str, str]:
    """All words of the studio, by their names."""
    found: dict[str, str] = read_json(HERE / "texts" / f"{language}.json")
    return found


def make_app(project: Project, runs: Sequence[Run], pairs: PairsRoom | None) -> Starlette:
    """The application; only a room with something in it has a place in the navigation."""
    rooms: dict[str, Any] = {"colour": ColourRoom(project, runs)}
    rooms |= {"pairs": pairs} if pairs else {}
    rooms |= {"runs": RunsRoom(runs)} if runs else {}
    rooms["health"] = HealthRoom(project.folder)
    environment = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined)

    def page(room: str) -> Any:
        template = environment.get_template(f"{room}.html")

        def answer(_: Request) -> Response:
            return HTMLResponse(template.render(t=texts(), texts=texts(), room=room, rooms=list(rooms)))

        return answer

    routes = [
        Route("/", lambda _: RedirectResponse("/colour", 303)),
        Mount("/static", StaticFiles(directory=HERE / "static")),
    ]
    for name, room in rooms.items():
        routes += [Route(f"/{name}", page(name)), *room.routes()]
    handlers = {ComicDataError: _refused, HTTPException: _http, Exception: _bug}
    return Starlette(routes=routes, exception_handlers=handlers)


def _refused(_: Request, error: Any) -> Response:
    """What is wrong, in one line, and of a page that was changed elsewhere what it is now."""
    if isinstance(error, SupersededError):
        return Response(status_code=204)
    body = {"error": visible(str(error))}
    if isinstance(error, StaleError):
        return JSONResponse({**body, "document": error.document.told()}, 409)
    status = 503 if isinstance(error, LockedError | ResourceError) else 422
    return JSONResponse(body, status)


def _http(_: Request, error: Any) -> Response:
    return JSONResponse({"error": error.detail}, error.status_code)


def _bug(_: Request, error: Exception) -> Response:
    return JSONResponse({"error": f"a bug: {type(error).__name__}: {visible(str(error))}"}, 500)
