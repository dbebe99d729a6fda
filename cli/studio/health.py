"""The health room: what `comicdata doctor` says of this machine, and the cures."""

from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from comicdata.cli.doctor import examine


class HealthRoom:
    """`folder`: where the studio writes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def routes(self) -> list[Route]:
        return [Route("/api/health", self.show)]

    async def show(self, _: Request) -> Response:
        facts, problems = await run_in_threadpool(lambda: examine(self.folder))
        return JSONResponse({"machine": facts, "problems": problems})
