"""The road from pairs to a run folder: one loop, counted in images, that stops anywhere and goes on exactly."""

import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from comicdata.errors import UsageError
from comicdata.files import locked, sweep_orphans
from comicdata.models.data.pairs import PairDataset, Sampling, batches
from comicdata.models.memory import memory_errors
from comicdata.models.networks.layers import find_device
from comicdata.models.runs.checkpoint import (
    BEST,
    WEIGHTS,
    State,
    load_state,
    save_state,
    save_weights,
    state_folders,
    vgg_hash,
)
from comicdata.models.runs.folder import Metrics, check_run, check_same_run, finished, write_config, write_grid
from comicdata.models.runs.palette import check_palette, keep_files
from comicdata.models.runs.settings import TrainConfig, is_due, learning_rate, options
from comicdata.models.train.learner import Learner
from comicdata.models.train.learners import make_learner
from comicdata.models.train.parallel import Processes, joined
from comicdata.records import spread

SAMPLES = 4
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Progress:
    """What `on_step` hears after every step: images seen, the budget, the weighted losses, images per second."""

    images: int
    total: int
    losses: dict[str, float]
    images_per_s: float


def train(
    config: TrainConfig,
    pairs: Path,
    run: Path,
    *,
    on_step: Callable[[Progress], None] | None = None,
    tensorboard: bool = False,
) -> dict[str, Any]:
    """Train until `config.images` images were seen (rounded up to whole steps), from where RUN was left.

    Returns {"images", "steps", "loss", "images_per_s", "weights", "validation", "stopped_early", "already_done"}; when
    all was done before, not a byte is written. SIGINT, SIGTERM and a KeyboardInterrupt from `on_step` save the state at
    the border of a step and end in KeyboardInterrupt. Under torchrun every process takes a share of each batch, and the
    first one writes. Errors: LockedError, UsageError (other options), IntegrityError (other data, damaged files),
    DivergedError, ResourceError (out of memory).
    """
    check_run(run, pairs)
    data = PairDataset(pairs, "train", config.size, config.outline)
    data.require_rows()
    with joined(find_device(config.device)) as (processes, device):
        _check_shares(config, processes)
        with locked(run) if processes.leads else nullcontext(), _stop_requests() as stop:
            job = _Job(config, _settings(config, data), pairs, data, run, device, processes)
            if processes.leads:
                _sweep(run)
            check_same_run(run, job.settings, data.data_hash)
            state = load_state(run) or State(0, {}, {})
            check_palette(run, state.tensors, "average.")
            if _is_done(job, state):
                return _summary(config, run, state.images, state.facts, 0.0, already_done=True)
            learner, work = _start(job, state, tensorboard)
            rate = _loop(job, learner, work, stop, on_step)
            return _summary(config, run, work.images, work.facts(), rate, already_done=False)


@dataclass(frozen=True)
class _Job:
    """One call of `train`: options, pairs, run folder, and the processes that share the work."""

    config: TrainConfig
    settings: dict[str, Any]
    pairs: Path
    data: PairDataset
    run: Path
    device: torch.device
    processes: Processes

    @property
    def total(self) -> int:
        """The budget in images, rounded up to whole steps."""
        return -(-self.config.images // self.config.batch_size) * self.config.batch_size


def _sweep(run: Path) -> None:
    """Delete what killed writes left where a training writes; other commands may be writing into folders beside."""
    for folder in (run, run / "samples", *state_folders(run)):
        sweep_orphans(folder, deep=False)


def _is_done(job: _Job, state: State) -> bool:
    """Whether there is nothing left to do: no image, and none of the files that the end of a budget adds."""
    stale = is_stale(job.config, state.facts)
    due = [] if state.facts.get("best") is not None else [BEST]
    due += job.config.network.files
    due += [f"samples/{state.images}.png"] if stale or state.images == job.total else []
    return (stale or state.images >= job.total) and finished(job.run, state.images, due)


def _settings(config: TrainConfig, data: PairDataset) -> dict[str, Any]:
    """What a run must have in common with itself to go on."""
    settings = options(config) | {"outlines": data.outlines.values()}
    if config.network.sees_features and not config.random_vgg:
        settings["vgg_sha256"] = vgg_hash(config.vgg_weights)
    return settings


def _check_shares(config: TrainConfig, processes: Processes) -> None:
    parts = processes.count * config.accumulate
    if config.batch_size % parts:
        raise UsageError(
            f"batch size {config.batch_size}: cannot be cut into {parts} equal parts ({processes.count} processes, "
            f"accumulate {config.accumulate}); take a multiple of {parts}"
        )


def _start(job: _Job, state: State, tensorboard: bool) -> "tuple[Learner, _Work | _Follower]":
    """The learner where the state left it, and what happens between its steps."""
    learner = make_learner(job.config, job.device, job.run)  # may refuse the other stages, and then leaves nothing
    learner.processes = job.processes
    job.processes.wait()  # nobody writes before all have read
    if job.processes.leads:
        images = max(job.total, state.images)
        write_config(job.run, job.settings, images, job.data.data_hash, job.data.series)
    if state.tensors:
        learner.load(state.tensors)
    else:
        learner.look_at(job.data)
    if job.processes.leads:
        keep_files(job.run, learner.files())
    if not job.processes.leads:
        return learner, _Follower(job.config, state.images)
    validation = PairDataset(job.pairs, "validation", job.config.size, job.config.outline)
    work = _Work(job, learner, validation if validation.rows else job.data, state)
    if tensorboard:
        work.metrics.show_in(job.run / "tensorboard")
    return learner, work


def _loop(
    job: _Job,
    learner: Learner,
    work: "_Work | _Follower",
    stop: threading.Event,
    on_step: Callable[[Progress], None] | None,
) -> float:
    """Step after step until the budget is spent, somebody stops it, or nothing improves; returns images per second.

    Every process goes through it in step; what it writes is up to `work`.
    """
    config, processes = job.config, job.processes
    begun, start, rate = time.monotonic(), work.images, 0.0
    stream = batches(
        job.data,
        Sampling(config.seed, config.crop, config.network.takes_hints, config.line_jitter, config.network.largest_zoom),
        start=start,
        stop=job.total,
        batch_size=config.batch_size,
        rank=processes.rank,
        processes=processes.count,
        pinned=job.device.type == "cuda",
    )
    try:
        with closing(stream):
            for batch in stream:
                with _memory(config, processes):
                    losses = learner.step(batch, work.images)
                work.after_step(losses)
                rate = (work.images - start) / (time.monotonic() - begun)
                if on_step:
                    on_step(Progress(work.images, job.total, losses, rate))
                if processes.any(stop.is_set(), job.device):
                    raise KeyboardInterrupt
                if processes.any(work.is_stale, job.device):
                    break
    except KeyboardInterrupt:
        work.save()
        raise
    work.finish()
    return rate


def _memory(config: TrainConfig, processes: Processes) -> AbstractContextManager[None]:
    """Says what to try when memory runs out in a step."""
    share = config.batch_size // (processes.count * config.accumulate)
    less = (
        f"go on here with --accumulate {2 * config.accumulate}, or take --batch-size {config.batch_size // 2} and "
        "another run folder"
        if share > 1
        else "take a smaller --size or preset, and another run folder"
    )
    return memory_errors(f"with {share} images of {config.crop} pixels at once; {less}")


def is_stale(config: TrainConfig, facts: dict[str, Any]) -> bool:
    """Whether the number that decides had not improved for `patience` images when it was last measured."""
    best_at = facts.get("best_at")
    return bool(config.patience and best_at is not None and facts["judged_at"] - best_at >= config.patience)


class _Work:
    """What happens between steps: sums for the log, validation, samples, states. All due by images seen."""

    def __init__(self, job: _Job, learner: Learner, judged: PairDataset, state: State) -> None:
        self.config, self.settings, self.run = job.config, job.settings, job.run
        self.learner, self.judged = learner, judged
        self.images = state.images
        self.saved_at = state.images if state.tensors else -1
        self.window: dict[str, list[float]] = state.facts.get("window", {})
        self.loss: dict[str, float] = state.facts.get("loss", {})
        self.validation: dict[str, float | None] = state.facts.get("validation", {})
        self.best: float | None = state.facts.get("best")
        self.best_at: int | None = state.facts.get("best_at")
        self.judged_at: int = state.facts.get("judged_at", 0)
        self.metrics = Metrics(job.run, state.facts.get("metrics_bytes", 0))
        self.sources: dict[str, str] = learner.sources
        for name, hashed in state.facts.get("sources", {}).items():
            if self.sources.get(name, hashed) != hashed:
                log.warning("%s: the stage %s changed since; this one goes on with it as it is now", job.run, name)

    def after_step(self, losses: dict[str, float]) -> None:
        """Count the step; log, judge and save where a multiple of their interval was reached."""
        before, self.images = self.images, self.images + self.config.batch_size
        for name, value in losses.items():
            total, count = self.window.get(name, [0.0, 0])
            self.window[name] = [total + value, count + 1]
        if is_due(self.config.log_every, before, self.images):
            self.loss = {name: total / count for name, (total, count) in self.window.items()}
            self.window = {}
            self.metrics.append({"images": self.images, "lr": learning_rate(self.config, before), **self.loss})
        if is_due(self.config.sample_every, before, self.images):
            self.judge()
        if is_due(self.config.save_every, before, self.images):
            self.save()

    def judge(self) -> None:
        """Measure the moving average on the fixed pairs, keep it when it is the best so far, draw the samples."""
        chosen = spread(len(self.judged), self.config.validation_pairs)
        self.validation = self.learner.measure(self.judged, chosen)
        row = {f"validation_{name}": value for name, value in self.validation.items()}
        self.metrics.append({"images": self.images, **row})
        self.judged_at = self.images
        value = self.validation.get(self.learner.best_by)
        if value is not None and (self.best is None or value < self.best):
            self.best, self.best_at = value, self.images
            self.save_weights(BEST)
        self.draw_samples()

    def draw_samples(self) -> None:
        """A few of the fixed pairs, evenly spread: outline, what the learner shows of it, and truth."""
        rows = []
        for index in spread(len(self.judged), min(SAMPLES, self.config.validation_pairs)):
            made = self.learner.show(self.judged, index)
            rows.append((self.judged.outline(index), made, self.judged.color(index)))
        if rows:
            write_grid(self.run, self.images, rows)

    def save_weights(self, name: str) -> None:
        header = {"config": self.settings, "data_hash": self.judged.data_hash, "images": self.images}
        save_weights(self.run / name, self.learner.weights(), header)

    def save(self) -> None:
        """The state, then the weights that colorize loads."""
        if self.saved_at != self.images:
            self.metrics.sync()
            facts = self.facts() | {"metrics_sha256": self.metrics.digest()}
            save_state(self.run, State(self.images, facts, self.learner.tensors()))
            self.saved_at = self.images
        self.save_weights(WEIGHTS)

    def finish(self) -> None:
        """The end of a budget is no event of the schedule: it adds files, but nothing that a longer run would lack."""
        if not (self.run / "samples" / f"{self.images}.png").is_file():
            self.draw_samples()
        if self.best is None:
            self.save_weights(BEST)
        self.save()

    @property
    def is_stale(self) -> bool:
        return is_stale(self.config, self.facts())

    def facts(self) -> dict[str, Any]:
        """What a state keeps beside the tensors."""
        return {
            "window": self.window,
            "loss": self.loss,
            "validation": self.validation,
            "best": self.best,
            "best_at": self.best_at,
            "judged_at": self.judged_at,
            "metrics_bytes": self.metrics.position,
        } | ({"sources": self.sources} if self.sources else {})


class _Follower:
    """In the other processes of several: counts, and writes nothing."""

    is_stale = False

    def __init__(self, config: TrainConfig, images: int) -> None:
        self.config, self.images = config, images
        self.loss: dict[str, float] = {}

    def after_step(self, losses: dict[str, float]) -> None:
        self.images, self.loss = self.images + self.config.batch_size, losses

    def save(self) -> None:
        return

    def finish(self) -> None:
        return

    def facts(self) -> dict[str, Any]:
        return {"loss": self.loss, "validation": {}}


def _summary(
    config: TrainConfig, run: Path, images: int, facts: dict[str, Any], rate: float, *, already_done: bool
) -> dict[str, Any]:
    """The result of `train`; the losses are those of the last log line, or of the steps so far before the first."""
    loss = facts["loss"] or {name: total / count for name, (total, count) in facts["window"].items()}
    return {
        "images": images,
        "steps": images // config.batch_size,
        "loss": loss,
        "images_per_s": rate,
        "weights": str(run / WEIGHTS),
        "validation": facts["validation"],
        "stopped_early": is_stale(config, facts),
        "already_done": already_done,
    }


@contextmanager
def _stop_requests() -> Iterator[threading.Event]:
    """SIGINT and SIGTERM set an event instead of stopping in the middle of a step (main thread only)."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    wanted = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(one, lambda *_: stop.set()) for one in wanted]
    try:
        yield stop
    finally:
        for one, handler in zip(wanted, before, strict=True):
            signal.signal(one, handler)
