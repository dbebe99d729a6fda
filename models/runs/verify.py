"""What verify looks at in a run: every file that training leaves, by hashes of their own or by the newest state."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from comicdata.errors import IntegrityError, UsageError
from comicdata.files import SEAL, json_bytes, on_disk, read_json, read_jsonl, sha256_bytes
from comicdata.models.runs.checkpoint import BEST, TENSORS, State, load_weights, read_state, state_folders
from comicdata.models.runs.folder import METRICS, differing, is_damaged
from comicdata.models.runs.load import fitting
from comicdata.models.runs.palette import CURE, MOVE, palette_files
from comicdata.models.runs.records import CONFIG, WEIGHTS
from comicdata.models.runs.restored import FROM_COPY, is_lost, settings_in
from comicdata.outputs import LIST
from comicdata.outputs.findings import Findings
from comicdata.outputs.marks import is_our_picture, is_whole_png

AGAIN = "the same train command makes it again"
ANEW = "what training alone can make: copy it anew, or train into another run folder"


def verify_run(run: Path) -> dict[str, Any]:
    """Check every file of a RUN folder, and of all its stages: the document of `Findings`."""
    found = Findings(run)
    if (run / "stages").is_dir():
        folders = sorted(one for one in (run / "stages").iterdir() if one.is_dir())
        found.look(run / CONFIG, _is_of(run / CONFIG, folders), AGAIN if is_damaged(run / CONFIG) else FROM_COPY)
        for folder in folders:
            found.add(verify_run(folder), f"stages/{folder.name}")
    else:
        config = found.sealed(run / CONFIG, AGAIN if is_lost(run) and settings_in(run) else FROM_COPY)
        states = _verify_states(found)
        newest = states[0] if states else None
        _verify_weights(found, config, newest)
        _verify_palette(found)
        _verify_metrics(found, newest)
    for folder in sorted(path.parent for path in run.glob(f"*/{LIST}")):
        found.listed(folder, "the same evaluate command makes it again; what is changed move away first")
    found.left_over(run)
    return found.document()


def _is_of(config: Path, stages: Sequence[Path]) -> bool:
    """Whether the config of a run in stages, which has no hash, says the model and the stages that its folders say."""
    try:
        value = read_json(config)
        models = {read_json(one / CONFIG)["options"]["model"] for one in stages if (one / CONFIG).is_file()}
        whole = on_disk(config) == json_bytes(value) and {*value} == {"model", "stages"}
        return whole and models <= {value["model"]} and {one.name for one in stages} <= {*value["stages"]}
    except (IntegrityError, OSError, KeyError, TypeError):
        return False


def _verify_states(found: Findings) -> list[State]:
    """The whole states, newest first; the files of a half-written one are orphans."""
    states: list[State] = []
    for folder in state_folders(found.root):
        record, tensors = folder / "state.json", folder / TENSORS
        if not (record.is_file() and tensors.is_file()):
            found.orphans(path for path in (record, tensors) if path.is_file())
            continue
        values = found.sealed(record, ANEW)
        if values and found.hashed(tensors, str(values.get("tensors_sha256")), ANEW):
            states.append(read_state(folder))
    start = states[0].facts.get("fall") if states else None
    if start is not None and not (kept := found.root / "state" / str(start) / "state.json").is_file():
        found.look(kept, False, f"only a larger budget needs it; for one, {ANEW}")
    return states


def _verify_weights(found: Findings, config: dict[str, Any], newest: State | None) -> None:
    """Weights by their hashes, by the options of the run, and by the images that the newest state saw."""
    best_is_due = newest is not None and newest.facts.get("best") is not None
    for name, cure in ((WEIGHTS, AGAIN), (BEST, AGAIN if newest and newest.best else ANEW)):
        path = found.root / name
        if not path.is_file():
            if name == WEIGHTS or best_is_due:
                found.look(path, False, cure)
            continue
        try:
            weights = load_weights(path)
            fitting(weights, path)
            header = weights.header
            same = not config or not differing(config["options"], header["config"])
            same = same and config.get("data_hash", header["data_hash"]) == header["data_hash"]
            current = name != WEIGHTS or newest is None or header["images"] in (newest.images, config.get("finished"))
            found.look(path, bool(same and current), cure)
            if SEAL not in header:
                found.unproved(f"the header of {name}")
        except (IntegrityError, UsageError, KeyError, TypeError, AttributeError):
            found.look(path, False, cure)


def _verify_palette(found: Findings) -> None:
    """palette.gpl by the colours in the weights."""
    try:
        weights = load_weights(found.root)
    except (IntegrityError, UsageError):
        return
    for name, data in palette_files(weights.tensors).items():
        path = found.root / name
        found.look(path, on_disk(path) == data, f"{MOVE}, and {CURE}" if path.is_file() else CURE)


def _verify_metrics(found: Findings, newest: State | None) -> None:
    """metrics.jsonl up to where the newest state stands, and the sample grids that its lines tell of."""
    run, path = found.root, found.root / METRICS
    if newest is None and not path.exists():
        return
    data = on_disk(path) or b""
    end = newest.facts.get("metrics_bytes", 0) if newest else 0
    digest = newest.facts.get("metrics_sha256") if newest else None
    if newest and digest is None:
        found.unproved(METRICS)
    rows = _rows(path)
    right = len(data) >= end and digest in (None, sha256_bytes(data[:end]))
    found.look(path, right and rows is not None, ANEW)
    judged = [row["images"] for row in rows or () if any(name.startswith("validation_") for name in row)]
    samples = {run / "samples" / f"{images}.png" for images in judged}
    for sample in sorted(samples | {*(run / "samples").glob("*.png")}):
        found.look(sample, _is_sample(on_disk(sample) or b"", proved=digest is not None), ANEW)


def _rows(path: Path) -> list[dict[str, Any]] | None:
    """The lines of metrics.jsonl; None where one is damaged, or counts no images."""
    try:
        rows = read_jsonl(path)
    except IntegrityError:
        return None
    return rows if all(isinstance(row.get("images"), int) for row in rows) else None


def _is_sample(data: bytes, *, proved: bool) -> bool:
    """Whether a grid is as it was drawn: a PNG has check sums, and ours the hash of its pixels."""
    return is_whole_png(data) and (not proved or is_our_picture(data))
