"""The runs room: curves, also of a training that is under way, samples over time, figures side by side, palettes."""

from collections.abc import Sequence
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from comicdata.cli.html.run import evaluation_files, split_series, stage_folders
from comicdata.cli.html.scores import COLUMNS, score_rows
from comicdata.cli.studio.trained import Run
from comicdata.errors import ComicDataError
from comicdata.files import on_disk, read_json
from comicdata.layers.palettes import read_palette
from comicdata.models.runs.records import model_of, read_config, read_metrics
from comicdata.reading.numbers import whole_number

MOST_POINTS = 400  # of a curve


class RunsRoom:
    """The runs that were given, as their folders are at the moment."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self.runs = {run.id: run for run in runs}

    def routes(self) -> list[Route]:
        return [
            Route("/api/trained", self.show),
            Route("/api/trained/{run}/samples/{stage}/{images:int}", self.sample),
        ]

    async def show(self, _: Request) -> Response:
        told = await run_in_threadpool(lambda: [_told(run) for run in self.runs.values()])
        return JSONResponse({"runs": told, "columns": COLUMNS})

    async def sample(self, request: Request) -> Response:
        run = self.runs.get(request.path_params["run"])
        stages = {} if run is None else stage_folders(run.folder, read_config(run.folder))
        folder = stages.get(request.path_params["stage"].removeprefix("-"))
        images = request.path_params["images"]
        numbered = {} if folder is None else dict(_samples(folder))
        data = on_disk(numbered[images]) if images in numbered else None
        if data is None:
            raise HTTPException(404, "no such samples")
        return Response(data, media_type="image/png", headers={"Cache-Control": "private, max-age=86400"})


def _told(run: Run) -> dict[str, Any]:
    """What a run is, or why it cannot be read."""
    told: dict[str, Any] = {"id": run.id, "name": run.name, "folder": str(run.folder)}
    try:
        config = read_config(run.folder)
        told |= {"model": model_of(config, "run"), "budget": config.get("images")}
        stages = stage_folders(run.folder, config)
        told["stages"] = [_stage(name, folder) for name, folder in stages.items()]
        folders = sorted(run.folder.glob("evaluation*"))
        told["evaluations"] = [_evaluation(path) for folder in folders for path in evaluation_files(folder)]
        palette = run.folder / "palette.gpl"
        told["palette"] = [one.hex for one in read_palette(palette).swatches] if palette.is_file() else []
    except (ComicDataError, LookupError, TypeError, ValueError) as error:
        told["error"] = str(error)
    return told


def _stage(name: str, folder: Any) -> dict[str, Any]:
    losses, measured = split_series(read_metrics(folder))
    curves = [{name: _thinned(points) for name, points in series.items()} for series in (losses, measured)]
    return {"name": name, "losses": curves[0], "measured": curves[1], "samples": [at for at, _ in _samples(folder)]}


def _samples(folder: Any) -> list[tuple[int, Any]]:
    numbered = ((whole_number(path.stem, 15), path) for path in (folder / "samples").glob("*.png"))
    return sorted((number, path) for number, path in numbered if number is not None)


def _thinned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """At most MOST_POINTS of a curve, the last among them; what is no number (a loss that broke) is a gap."""
    step = max(1, -(-len(points) // MOST_POINTS))
    kept = [*points[: len(points) - 1 : step], *points[-1:]]
    return [(x, y) for x, y in kept if abs(y) < float("inf")]


def _evaluation(path: Any) -> dict[str, Any]:
    """Named as its files are: test, or test-limit-40."""
    document = read_json(path)
    return {"split": path.stem, "panels": document["panels"], "rows": score_rows(document)}
