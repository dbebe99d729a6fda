"""The page of a run: curves, sample grids, settings."""

import base64
import json
from html import escape
from pathlib import Path
from typing import Any

from comicdata.cli import report
from comicdata.files import read_json, read_jsonl

GRIDS = 6
NOT_CURVES = {"images", "lr", "learning_rate"}


def page(run: Path) -> str:
    """The whole page as text; the stages of a model that has several come one after the other."""
    stages = sorted(path.parent for path in run.glob("stages/*/config.json"))
    sections = [section for place in (stages or [run]) for section in _sections(place, place.name if stages else "")]
    if stages:
        sections.append(("Settings", _settings(read_json(run / "config.json"))))
    return report.page(f"Run: {run.resolve().name}", sections)


def _sections(place: Path, stage: str) -> list[tuple[str, str]]:
    name = f"{stage}: " if stage else ""
    return [
        (f"{name}curves".capitalize(), _curves(place)),
        (f"{name}samples".capitalize(), _grids(place)),
        (f"{name}settings".capitalize(), _settings(read_json(place / "config.json"))),
    ]


def _curves(place: Path) -> str:
    """Every number of metrics.jsonl against the images seen."""
    series: dict[str, list[tuple[float, float]]] = {}
    for row in read_jsonl(place / "metrics.jsonl"):
        for name, value in _numbers(row):
            series.setdefault(name, []).append((float(row.get("images", 0)), value))
    if not series:
        return "<p>nothing was logged yet</p>"
    return report.curves(series, "images")


def _numbers(row: dict[str, Any], before: str = "") -> list[tuple[str, float]]:
    """The numbers of a row by name, those of nested objects with the names before them."""
    found: list[tuple[str, float]] = []
    for name, value in row.items():
        if isinstance(value, dict):
            found += _numbers(value, f"{before}{name}.")
        elif isinstance(value, (int, float)) and not isinstance(value, bool) and name not in NOT_CURVES:
            found.append((f"{before}{name}", float(value)))
    return found


def _grids(place: Path) -> str:
    """Sample grids, evenly spaced over training, the last one always."""
    paths = sorted((place / "samples").glob("*.png"), key=lambda path: (len(path.stem), path.stem))
    places = {round(i * (len(paths) - 1) / (GRIDS - 1)) for i in range(GRIDS)} if paths else set()
    figures = [_grid(paths[i]) for i in sorted(places)]
    return report.row(figures) if figures else "<p>no samples yet</p>"


def _grid(path: Path) -> str:
    data = base64.b64encode(path.read_bytes()).decode()
    words = f"after {escape(path.stem)} images: outline | output | truth"
    return f'<figure><img alt="{words}" src="data:image/png;base64,{data}"><figcaption>{words}</figcaption></figure>'


def _settings(config: dict[str, Any]) -> str:
    flat = {**{name: value for name, value in config.items() if name != "options"}, **config.get("options", {})}
    return report.table(["setting", "value"], [[name, json.dumps(value)] for name, value in flat.items()])
