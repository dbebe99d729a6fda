"""A run as one offline page: how good it is, its curves, its samples and its settings."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from comicdata.cli.html import pieces as report
from comicdata.cli.html.scores import (
    COLUMNS,
    HINT_COLUMNS,
    MOOD_COLUMNS,
    REFERENCE_COLUMNS,
    hint_rows,
    hint_title,
    mask_note,
    measured_words,
    mood_rows,
    reference_rows,
    score_rows,
    source_note,
    verdict,
)
from comicdata.errors import IntegrityError, UsageError
from comicdata.files import inside, read_json
from comicdata.images import read_image
from comicdata.models.runs.records import (
    CONFIG,
    WEIGHTS,
    model_of,
    read_config,
    read_metrics,
    unfinished,
    weights_hashes,
)
from comicdata.outputs import free_folder
from comicdata.reading.numbers import whole_number

Series = dict[str, list[tuple[float, float]]]
WIDE = 1100
PALETTE = "palette.gpl"  # of runs that choose from one
NOT_LOSSES = {"images", "lr"}


def page(run: Path) -> str:
    """The whole page of a RUN folder, every picture inlined; UsageError when the folder is no run."""
    if not (run / CONFIG).is_file():
        place = free_folder(run, "run")
        raise UsageError(f"{run}: no run here (no config.json); make one with: comicdata train MODEL --run {place}")
    config = read_config(run)
    stages = stage_folders(run, config)
    name = model_of(config, "run")
    now = weights_hashes(run)
    sections = [one for folder in sorted(run.glob("evaluation*")) for one in evaluations(folder, now)]
    sections += palette(run)
    for stage, folder in stages.items():
        words = f": {stage}" if stage else ""
        sections += [(f"Training{words}", training(folder)), (f"Settings{words}", _settings(folder))]
    return report.page(f"{name}: {run.resolve().name}", sections)


def stage_folders(run: Path, config: Mapping[str, Any]) -> dict[str, Path]:
    """The folders that were trained, by stage, in order; the run itself, under "", where there are no stages."""
    if "stages" not in config:
        return {"": run}
    folders = {str(stage): inside(run / "stages", str(stage)) for stage in config["stages"]}
    return {stage: folder for stage, folder in folders.items() if folder.is_dir()}


def evaluation_files(folder: Path) -> list[Path]:
    """What evaluate found, one file each; one of all windows before those of some."""
    return sorted(folder.glob("[!.]*.json"), key=lambda path: path.stem)


def evaluations(folder: Path, now: Mapping[str, str] = MappingProxyType({})) -> list[tuple[str, str]]:
    """One section per evaluated split: the table, in a line what it means, the best and worst panels; a line before
    them where they are of other weights than those `now`, by their hashes.
    """
    sections = []
    for path in evaluation_files(folder):
        document = read_json(path)
        try:
            panels = document["panels"]
            heading = f"On {measured_words(document, panels, document.get('split_windows'))}"
            notes = [source_note(document, now), mask_note(document, panels)]
            table = "".join(report.paragraph(note) for note in notes if note)
            table += report.table(COLUMNS, score_rows(document))
            if hints := document.get("hints"):
                table += report.paragraph(hint_title(hints))
                table += report.table(HINT_COLUMNS, hint_rows(hints["counts"]))
            if moods := document.get("mood"):
                table += report.paragraph("CIEDE2000 with a mood")
                table += report.table(MOOD_COLUMNS, mood_rows(moods))
            if references := document.get("references"):
                table += report.table(REFERENCE_COLUMNS, reference_rows(references))
            words = verdict(document)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise IntegrityError(f"{path}: not what comicdata evaluate writes; run that again") from error
        picture = path.with_suffix(".png")
        shown = [report.picture(read_image(picture), words, width=WIDE)] if picture.is_file() else []
        sections.append((heading, table + report.row(shown)))
    return sections


def palette(run: Path) -> list[tuple[str, str]]:
    """The colours that a run chooses from, with the share of each; none where its model has no palette."""
    if not (run / PALETTE).is_file() or not (run / WEIGHTS).is_file():
        return []
    from comicdata.models.runs.checkpoint import load_weights
    from comicdata.models.runs.palette import palette_shares

    tensors = load_weights(run).tensors
    shares = palette_shares(tensors["palette"], tensors["share"])
    drawn = report.swatches([(one.hex, one.name, share) for one, share in shares.items()])
    return [
        ("Palette", drawn + report.paragraph(f"{len(shares)} colours, and what share of the area each has: {PALETTE}"))
    ]


def training(folder: Path) -> str:
    """Curves of the losses and of what was measured on validation pairs, then sample grids."""
    losses, measured = split_series(read_metrics(folder))
    charts = "".join(report.curves(series, "images seen") for series in (losses, measured) if _is_curve(series))
    last = [[name, f"{points[-1][1]:.4g}", f"{points[-1][0]:.0f}"] for name, points in (losses | measured).items()]
    numbers = report.table(["measure", "last", "after images"], last) if last else "<p>Nothing logged yet.</p>"
    charts = (report.paragraph(words) if (words := unfinished(folder)) else "") + charts
    return charts + numbers + report.row(_grids(folder / "samples", _columns(folder)))


def _is_curve(series: Series) -> bool:
    """Whether any of them has two points to join."""
    return any(len(points) > 1 for points in series.values())


def split_series(rows: list[dict[str, Any]]) -> tuple[Series, Series]:
    """Every logged number over the images seen: (losses, measures on validation pairs)."""
    losses: Series = defaultdict(list)
    measured: Series = defaultdict(list)
    for row in rows:
        for name, value in row.items():
            if name in NOT_LOSSES or isinstance(value, bool) or not isinstance(value, int | float):
                continue
            series = measured if name.startswith("validation") else losses
            spelled = name.replace("colorfulness", "colourfulness")  # as version 0.1.0 wrote it
            series[spelled].append((float(row["images"]), float(value)))
    return losses, measured


def _columns(folder: Path) -> str:
    """What the grids of a run show from left to right."""
    network = _config(folder).get("options", {}).get("network")
    hints = network.get("hints", False) if isinstance(network, Mapping) else False
    return "outline | plain | hints | with hints | truth" if hints else "outline | output | truth"


def _grids(folder: Path, columns: str) -> list[str]:
    """The first, a middle and the last grid of samples."""
    numbered = [(whole_number(path.stem, 15), path) for path in folder.glob("*.png")]
    paths = [path for _, path in sorted((number, path) for number, path in numbered if number is not None)]
    chosen = sorted({0, len(paths) // 2, len(paths) - 1}) if paths else []
    return [
        report.picture(read_image(paths[at]), f"{columns}, after {paths[at].stem} images", width=WIDE // 3)
        for at in chosen
    ]


def _settings(folder: Path) -> str:
    """config.json as a table, options inside others with a dot."""
    return report.table(["setting", "value"], _rows(_config(folder)))


def _config(folder: Path) -> dict[str, Any]:
    """config.json of a stage that began, {} of one that did not."""
    return read_config(folder) if (folder / CONFIG).is_file() else {}


def _rows(values: Mapping[str, Any], prefix: str = "") -> list[list[str]]:
    rows: list[list[str]] = []
    for name, value in values.items():
        rows += _rows(value, f"{prefix}{name}.") if isinstance(value, Mapping) else [[f"{prefix}{name}", str(value)]]
    return rows
