"""Where a run goes on: which of its states a budget can use, and whether all is done already.

The rule: up to where the rate begins to fall a training does not depend on its budget, after that it does. So a state
is of use to every budget that had not begun to fall there, and to the very one in whose fall it was saved.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from comicdata.errors import IntegrityError, UsageError
from comicdata.files import sweep_orphans
from comicdata.models.data.pairs import PairDataset
from comicdata.models.runs.checkpoint import (
    BEST,
    State,
    drop_old_states,
    drop_states,
    load_state,
    load_weights,
    state_folders,
)
from comicdata.models.runs.folder import ended_budget, finished, write_config
from comicdata.models.runs.origin import Origin
from comicdata.models.runs.records import CONFIG, WEIGHTS, read_config
from comicdata.models.runs.restored import is_lost, lost_budget, said_config
from comicdata.models.runs.settings import TrainConfig, is_due
from comicdata.models.train.parallel import Processes

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """One call of `train`: options, pairs, run folder, the processes that share the work, the hashes of the weights of
    other stages that this one reads, all series that the run will know, and the weights that it starts from, if any.
    """

    config: TrainConfig
    settings: dict[str, Any]
    pairs: Path
    data: PairDataset
    run: Path
    device: torch.device
    processes: Processes
    sources: dict[str, str]
    series: list[str]
    origin: Origin | None = None

    @cached_property
    def judged(self) -> PairDataset:
        """The validation pairs; without any the very pairs it learns from."""
        validation = PairDataset(self.pairs, "validation", self.config.size, self.config.outline)
        return validation if validation.rows else self.data

    def fits(self, state: State) -> bool:
        """Whether this training comes through a state."""
        start = self.config.fall_start
        in_fall_of = state.facts.get("fall")
        on_the_way = start is None or in_fall_of == start or (in_fall_of is None and state.images <= start)
        return on_the_way and not self.moved(state)

    def moved(self, state: State) -> list[str]:
        """The stages that this one reads and that are others than when the state was saved."""
        known = state.facts.get("sources", {})
        return [stage for stage, hashed in self.sources.items() if known.get(stage, hashed) != hashed]

    def sweep(self) -> None:
        """Delete what killed writes left where a training writes; other commands may be writing into folders beside."""
        for folder in (self.run, self.run / "samples", *state_folders(self.run)):
            sweep_orphans(folder, deep=False)

    def is_save_due(self, images: int) -> bool:
        """Whether a state is saved after so many images, whoever stops the training where."""
        return is_due(self.config.save_every, images - self.config.batch_size, images)

    def drop_old_states(self, standing: "Standing") -> None:
        """Delete what saving the state that the run stands at would have deleted, had nobody killed it there."""
        drop_old_states(self.run, standing.state.images, kept=self.config.fall_start, due=self.is_save_due)

    def begin(self, standing: "Standing") -> None:
        """Record what is under way; only then the states go that this training does not come through."""
        self.record(standing.state.images, standing.standing_weights)
        drop_states(self.run, self.fits)

    def restore(self) -> None:
        """Write config.json again where it was lost or damaged, as the weights say and, of the series, the pairs."""
        if is_lost(self.run):
            settings, path = said_config(self.run)["options"], self.run / CONFIG
            budget, finished = lost_budget(self.run, self.config)
            write_config(self.run, settings, budget, self.data.data_hash, self.series, finished)
            log.warning("%s: was missing or damaged; written again, as the weights and the pairs say", path)

    def record(self, images: int, finished: int | None = None) -> None:
        budget = max(self.config.total, images)
        write_config(self.run, self.settings, budget, self.data.data_hash, self.series, finished)


@dataclass(frozen=True)
class Standing:
    """How far a run is: the state to go on from, whether nothing is left to do, the budget whose finished weights stand
    until this one is done, if any, and whether the state lies before the newest.
    """

    state: State
    done: bool = False
    standing_weights: int | None = None
    is_back: bool = False


def sources_of(config: TrainConfig, run: Path) -> dict[str, str]:
    """Hashes of the weights of the other stages that a stage reads, by stage; without those that are not there."""
    folders = {stage: run.parent / stage for stage in config.network.reads}
    return {
        stage: load_weights(folder).header["tensors_sha256"]
        for stage, folder in folders.items()
        if (folder / WEIGHTS).is_file()
    }


def find_standing(job: Job) -> Standing:
    """Where RUN was left. UsageError when it is beyond what the budget asks for, IntegrityError when the state is lost
    from which a larger one would go on.
    """
    ended, newest = ended_budget(job.run), load_state(job.run)
    if newest is None:
        return Standing(State(0, {}, {}), standing_weights=ended)
    moved = job.moved(newest)
    if not moved and _is_done(job, newest, ended):
        return Standing(newest, done=True, standing_weights=ended)
    if job.fits(newest):
        state = newest
    elif moved:
        names = f"stage {moved[0]}" if len(moved) == 1 else f"stages {' and '.join(moved)}"
        log.warning("%s: the %s changed since; this one reads what is made there, and starts again", job.run, names)
        state = State(0, {}, {})
    else:
        state = load_state(job.run, job.fits) or _refuse(job, newest)
    stands = ended is not None and (job.config.fall_start is not None or state.images < ended)
    return Standing(state, False, ended if stands else None, state.images < newest.images)


def _is_done(job: Job, newest: State, ended: int | None) -> bool:
    """Whether there is nothing left to do: no image, and none of the files that the end of a budget adds."""
    config, total = job.config, job.config.total
    due = [f"samples/{newest.images}.png"] if newest.images == total else []
    if is_stale(config, newest.facts):
        return _has_all(job, newest, [f"samples/{newest.images}.png"])
    if config.fall_start is None:
        return newest.images >= total and _has_all(job, newest, due)
    if ended is None or ended < total:
        return False
    saved = read_config(job.run)
    if "finished" in saved:
        return bool(saved.get("images", 0) > ended)  # a larger budget is under way; the weights of this one stand
    return newest.images == ended and _has_all(job, newest, due)


def _has_all(job: Job, newest: State, due: Sequence[str]) -> bool:
    """Whether the files of a finished budget are there, and the best weights as the state has them."""
    if not finished(job.run, newest.images, [*due, *job.config.network.files]):
        return False
    path = job.run / BEST
    if newest.facts.get("best") is None or not newest.best:
        return path.is_file() or newest.facts.get("best") is not None
    try:
        return path.is_file() and load_weights(path).header.get("images") == newest.facts.get("best_at")
    except IntegrityError:
        return False


def _refuse(job: Job, newest: State) -> State:
    total, start = job.config.total, job.config.fall_start
    begun_fall = newest.facts.get("fall", newest.images)
    if start is not None and begun_fall > start:
        raise UsageError(
            f"{job.run}: trained to {newest.images} images for a budget of {read_config(job.run).get('images')}, and "
            f"one of {total} would have slowed down from image {start} on; give --images as before or more, or take "
            "another run folder"
        )
    raise IntegrityError(
        f"{job.run / 'state' / str(begun_fall)}: missing or damaged, and a budget of {total} goes on from there; bring "
        "it back, or train into another run folder"
    )


def is_stale(config: TrainConfig, facts: dict[str, Any]) -> bool:
    """Whether the number that decides had not improved for `patience` images when it was last measured."""
    best_at = facts.get("best_at")
    return bool(config.patience and best_at is not None and facts["judged_at"] - best_at >= config.patience)
