"""The road from pairs to a run folder: one loop, counted in images, that stops anywhere and goes on exactly."""

import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from comicdata.files import locked, sweep_orphans
from comicdata.models.checkpoint import BEST, WEIGHTS, State, load_state, save_state, save_weights
from comicdata.models.data import PairDataset, batches
from comicdata.models.layers import find_device
from comicdata.models.learner import Learner
from comicdata.models.metrics import spread
from comicdata.models.runs import Metrics, check_same_run, write_config, write_grid
from comicdata.models.settings import TrainConfig, is_due, learning_rate, options, resolve_config
from comicdata.models.stage_learners import make_learner

__all__ = ["Progress", "TrainConfig", "resolve_config", "train"]

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
    config: TrainConfig, pairs: Path, run: Path, *, on_step: Callable[[Progress], None] | None = None
) -> dict[str, Any]:
    """Train until `config.images` images were seen (rounded up to whole steps), from where RUN was left.

    Returns {"images", "steps", "loss", "images_per_s", "weights", "validation", "already_done"}; when all was done
    before, not a byte is written. SIGINT, SIGTERM and a KeyboardInterrupt from `on_step` save the state at the border
    of a step and end in KeyboardInterrupt. Errors: LockedError, UsageError (other options), IntegrityError (other
    data, damaged files), DivergedError.
    """
    device = find_device(config.device)
    data = PairDataset(pairs, "train", config.size, config.outline)
    data.require_rows()
    total = -(-config.images // config.batch_size) * config.batch_size
    settings = options(config) | {"device": device.type}
    with locked(run), _stop_requests() as stop:
        check_same_run(run, settings, data.data_hash)
        state = load_state(run) or State(0, {}, {})
        if state.images >= total and (run / WEIGHTS).is_file():
            return _summary(config, run, state.images, state.facts, 0.0, already_done=True)
        sweep_orphans(run)
        write_config(run, settings, max(total, state.images), data.data_hash, data.series)
        learner = make_learner(config, device, run)
        if state.tensors:
            learner.load(state.tensors)
        validation = PairDataset(pairs, "validation", config.size, config.outline)
        work = _Work(config, settings, run, learner, validation if validation.rows else data, state)
        begun = time.monotonic()
        rate = 0.0
        stream = batches(
            data, seed=config.seed, start=state.images, stop=total, batch_size=config.batch_size, crop=config.crop
        )
        try:
            with closing(stream):
                for batch in stream:
                    losses = learner.step(batch, work.images)
                    work.after_step(losses)
                    rate = (work.images - state.images) / (time.monotonic() - begun)
                    if on_step:
                        on_step(Progress(work.images, total, losses, rate))
                    if stop.is_set():
                        raise KeyboardInterrupt
        except KeyboardInterrupt:
            work.save()
            raise
        work.finish()
        return _summary(config, run, work.images, work.facts(), rate, already_done=False)


class _Work:
    """What happens between steps: sums for the log, validation, samples, states. All due by images seen."""

    def __init__(
        self,
        config: TrainConfig,
        settings: dict[str, Any],
        run: Path,
        learner: Learner,
        judged: PairDataset,
        state: State,
    ) -> None:
        self.config, self.settings, self.run, self.learner, self.judged = config, settings, run, learner, judged
        self.images = state.images
        self.saved_at = state.images if state.tensors else -1
        self.window: dict[str, list[float]] = state.facts.get("window", {})
        self.loss: dict[str, float] = state.facts.get("loss", {})
        self.validation: dict[str, float | None] = state.facts.get("validation", {})
        self.best: float | None = state.facts.get("best")
        self.metrics = Metrics(run, state.facts.get("metrics_bytes", 0))
        self.sources: dict[str, str] = learner.sources
        for name, hashed in state.facts.get("sources", {}).items():
            if self.sources.get(name, hashed) != hashed:
                log.warning("%s: the stage %s changed since; this one goes on with it as it is now", run, name)

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
        """Measure the moving average on the fixed pairs, keep it when it is the best so far, draw the samples.

        Best for pictures is by L1 off the lines: lines are copied from the input, and would hide what is learned.
        """
        chosen = spread(len(self.judged), self.config.validation_pairs)
        self.validation = self.learner.measure(self.judged, chosen)
        row = {f"validation_{name}": value for name, value in self.validation.items()}
        self.metrics.append({"images": self.images, **row})
        value = self.validation.get(self.learner.best_by)
        if value is not None and (self.best is None or value < self.best):
            self.best = value
            self.save_weights(BEST)
        self.draw_samples()

    def draw_samples(self) -> None:
        """Outline, output and truth of the first of the fixed pairs."""
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
            save_state(self.run, State(self.images, self.facts(), self.learner.tensors()))
            self.saved_at = self.images
        self.save_weights(WEIGHTS)

    def finish(self) -> None:
        """The end of a budget is no event of the schedule: it adds files, but nothing that a longer run would lack."""
        if not (self.run / "samples" / f"{self.images}.png").is_file():
            self.draw_samples()
        if self.best is None:
            self.save_weights(BEST)
        self.save()

    def facts(self) -> dict[str, Any]:
        """What a state keeps beside the tensors."""
        return {
            "window": self.window,
            "loss": self.loss,
            "validation": self.validation,
            "best": self.best,
            "metrics_bytes": self.metrics.position,
        } | ({"sources": self.sources} if self.sources else {})


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
