"""What a run says of itself though its config.json was lost or damaged: the weights hold the settings, too. The rule of
the file: what config.json says, as it was written, comes first; nothing is guessed.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from comicdata.errors import IntegrityError, UsageError
from comicdata.files import is_intact
from comicdata.models.runs.checkpoint import BEST, State, load_weights, read_facts, state_folders
from comicdata.models.runs.records import CONFIG, WEIGHTS, read_config
from comicdata.models.runs.settings import TrainConfig

FROM_COPY = "take it from a copy, or train into another run folder"


def said_config(run: Path) -> dict[str, Any]:
    """RUN/config.json; where it is missing or damaged "options", "data_hash" and "series" from the weights; {} of no
    run. Weights of earlier versions have no "series".

    IntegrityError when neither says it.
    """
    path, error = run / CONFIG, None
    if path.is_file():
        try:
            found = read_config(run)
        except IntegrityError as failure:
            error = failure
        else:
            if is_intact(found):
                return found
    elif not (run / "state").is_dir():
        return {}
    header = settings_in(run)
    if header is None:
        how = "damaged" if path.is_file() else "missing"
        raise IntegrityError(f"{path}: {how}, and no weights are left that hold its settings; {FROM_COPY}") from error
    series = {"series": header["series"]} if "series" in header else {}
    return {"options": header["config"], "data_hash": header["data_hash"], **series}


def settings_in(run: Path) -> dict[str, Any] | None:
    """The header of the weights of RUN, or else of its best; None where neither is whole."""
    return _header(run / WEIGHTS) or _header(run / BEST)


def _header(path: Path) -> dict[str, Any] | None:
    try:
        header = load_weights(path).header
    except (IntegrityError, UsageError):
        return None
    return header if isinstance(header.get("images"), int) and "data_hash" in header else None


def is_lost(run: Path) -> bool:
    """Whether config.json is not there as it was written, in a folder that holds a training."""
    try:
        return (run / "state").is_dir() if not (run / CONFIG).is_file() else not is_intact(read_config(run))
    except IntegrityError:
        return True


def lost_budget(run: Path, config: TrainConfig) -> tuple[int, int | None]:
    """What the lost config.json said as "images" and "finished", by the newest state and the weights.

    A budget that is under way is nowhere else: it is the one that is asked for now.
    """
    header = _header(run / WEIGHTS)
    trained = header["images"] if header else None
    newest = next(_whole_states(run), None)
    if newest is None:
        return trained or config.total, None
    own = replace(config, images=newest.images).fall_start
    ended = own == newest.facts.get("fall", newest.images) and (run / "samples" / f"{newest.images}.png").is_file()
    budget = newest.images if ended else max(config.total, newest.images)
    return budget, None if trained in (None, newest.images) else trained


def _whole_states(run: Path) -> Iterator[State]:
    """What the states say, newest first."""
    for folder in state_folders(run):
        with suppress(IntegrityError, OSError):
            yield read_facts(folder)


def learns_from_references(run: Path) -> bool | None:
    """Whether the network of a run does; None where there is none yet."""
    network = said_config(run).get("options", {}).get("network", {}) if run.is_dir() else None
    return (isinstance(network, Mapping) and network.get("references") is True) if network else None
