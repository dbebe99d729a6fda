"""What happens between the steps of a training: logging, judging, samples, states, weights. All due by images seen."""

from pathlib import Path
from typing import Any

from torch import Tensor

from comicdata.errors import IntegrityError, UsageError
from comicdata.files import delete, on_disk
from comicdata.models.data.pairs import PairDataset
from comicdata.models.runs.checkpoint import (
    BEST,
    BEST_PART,
    State,
    load_weights,
    save_state,
    save_weights,
)
from comicdata.models.runs.folder import Metrics, write_grid
from comicdata.models.runs.records import WEIGHTS
from comicdata.models.runs.settings import TrainConfig, is_due, learning_rate
from comicdata.models.train.learner import Learner
from comicdata.models.train.resume import Job, Standing, is_stale
from comicdata.outputs.marks import is_our_picture
from comicdata.reading.numbers import whole_number
from comicdata.records import spread

SAMPLES = 4


class Work:
    """Of the process that writes. Weights of an earlier, finished budget stay as they are until this one is done."""

    def __init__(self, job: Job, learner: Learner, judged: PairDataset, standing: Standing) -> None:
        state = standing.state
        self.job, self.config, self.run = job, job.config, job.run
        self.learner, self.judged = learner, judged
        self.images = state.images
        self.saved_at = state.images if state.tensors else -1
        self.window: dict[str, list[float]] = state.facts.get("window", {})
        self.loss: dict[str, float] = state.facts.get("loss", {})
        self.validation: dict[str, float | None] = state.facts.get("validation", {})
        self.best: float | None = state.facts.get("best")
        self.best_at: int | None = state.facts.get("best_at")
        self.best_weights = state.best or _best_in(job.run, self.best_at)
        self.judged_at: int = state.facts.get("judged_at", 0)
        self.standing_weights = standing.standing_weights
        self.metrics = Metrics(job.run, state.facts.get("metrics_bytes", 0))
        self.sources: dict[str, str] = learner.sources
        _drop_samples(job.run, state.images)

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
        fall = self.config.fall_start
        is_end_of_fall = fall is not None and fall < self.images == self.config.total
        if is_due(self.config.sample_every, before, self.images) or is_end_of_fall:
            self.judge()
        if self.job.is_save_due(self.images) or self.images == fall:
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
            self.best_weights = {name: one.to("cpu", copy=True) for name, one in self.learner.weights().items()}
            if self.standing_weights is None:
                self.save_best()
        self.draw_samples()

    def draw_samples(self) -> None:
        """A few of the fixed pairs, evenly spread: outline, what the learner shows of it, and truth."""
        rows = []
        for index in spread(len(self.judged), min(SAMPLES, self.config.validation_pairs)):
            made = self.learner.show(self.judged, index)
            rows.append((self.judged.outline(index), made, self.judged.color(index)))
        if rows:
            write_grid(self.run, self.images, rows)

    def save_best(self) -> None:
        """The best weights so far; where nothing was judged yet, those of now."""
        if self.best is None:
            self._write(BEST, self.learner.weights(), self.images)
        elif self.best_weights and self.best_at is not None:
            self._write(BEST, self.best_weights, self.best_at)

    def _write(self, name: str, weights: dict[str, Tensor], images: int) -> None:
        header = {"config": self.job.settings, "data_hash": self.judged.data_hash, "images": images}
        header |= {"series": self.job.series}
        save_weights(self.run / name, weights, header)

    def save(self) -> None:
        """The state, then the weights that colorize loads."""
        self._save_state()
        if self.standing_weights is None:
            self._write(WEIGHTS, self.learner.weights(), self.images)

    def _save_state(self) -> None:
        if self.saved_at != self.images:
            self.metrics.sync()
            facts = self.facts() | {"metrics_sha256": self.metrics.digest()}
            best = {f"{BEST_PART}{name}": value for name, value in self.best_weights.items()}
            state = State(self.images, facts, self.learner.tensors() | best)
            save_state(self.run, state, kept=self.config.fall_start, due=self.job.is_save_due)
            self.saved_at = self.images

    def finish(self) -> None:
        """The end of a budget, or of a training that no longer improves: weights and best are those of this one now."""
        if not (self.run / "samples" / f"{self.images}.png").is_file():
            self.draw_samples()
        self._save_state()
        self.save_best()
        self._write(WEIGHTS, self.learner.weights(), self.images)
        if self.standing_weights is not None:
            self.job.record(self.images)
            self.standing_weights = None

    @property
    def is_stale(self) -> bool:
        return is_stale(self.config, self.facts())

    def facts(self) -> dict[str, Any]:
        """What a state keeps beside the tensors; where the rate falls also from where on, which tells the budget."""
        fall = self.config.fall_start
        return (
            {
                "window": self.window,
                "loss": self.loss,
                "validation": self.validation,
                "best": self.best,
                "best_at": self.best_at,
                "judged_at": self.judged_at,
                "metrics_bytes": self.metrics.position,
            }
            | ({"sources": self.sources} if self.sources else {})
            | ({"fall": fall} if fall is not None and self.images > fall else {})
        )


def _best_in(run: Path, best_at: int | None) -> dict[str, Tensor]:
    """The best weights of a run whose states do not have them, as version 0.1.0 left it."""
    try:
        found = load_weights(run / BEST)
    except (IntegrityError, UsageError):
        return {}
    return found.tensors if best_at is not None and found.header.get("images") == best_at else {}


def _drop_samples(run: Path, images: int) -> None:
    """Delete the grids drawn after the state that a training goes on from: they are drawn anew, like the metrics."""
    for path in (run / "samples").glob("*.png"):
        number = whole_number(path.stem, 15)
        if number is not None and number > images and is_our_picture(on_disk(path) or b""):
            delete(run, path, record=True)


class Follower:
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
