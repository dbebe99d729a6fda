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

from comicdata.errors import UsageError
from comicdata.files import locked
from comicdata.models.data.pairs import PairDataset, Sampling, batches
from comicdata.models.data.references import GROUP
from comicdata.models.memory import memory_errors
from comicdata.models.networks.layers import find_device
from comicdata.models.runs.checkpoint import vgg_hash
from comicdata.models.runs.folder import check_run, check_same_run, own_schedule
from comicdata.models.runs.origin import FROM, Origin, check_origin, lineage, said_origin
from comicdata.models.runs.palette import check_palette, keep_files
from comicdata.models.runs.records import WEIGHTS
from comicdata.models.runs.settings import TrainConfig, options
from comicdata.models.train.learner import Learner
from comicdata.models.train.learners import make_learner
from comicdata.models.train.parallel import Processes, joined
from comicdata.models.train.resume import Job, Standing, find_standing, is_stale, sources_of
from comicdata.models.train.work import Follower, Work

log = logging.getLogger(__name__)
FEW = 50  # windows; of 94 the cast of a flat comic was learned


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
    origin: Origin | None = None,
    on_step: Callable[[Progress], None] | None = None,
    say: Callable[[str], None] = lambda text: None,
    tensorboard: bool = False,
) -> dict[str, Any]:
    """Train until `config.images` images were seen (rounded up to whole steps), from where RUN was left.

    Returns {"images", "steps", "loss", "images_per_s", "weights", "validation", "best_at", "stopped_early",
    "already_done", "went_back_to"}, "best_at" the images after which validation was best; when all was done before, not
    a byte is written. A budget larger than one trained to its end goes on from where the rate of that one began
    to fall ("went_back_to"), and the finished weights stay until it is done, too; then all is as if it had been asked
    for at once. `origin`: weights to start from (`find_origin`); a run that was begun with them goes on without. `say`
    hears, before the first step, what the training is of.

    SIGINT, SIGTERM and a KeyboardInterrupt from `on_step` save the state at the border of a step and end in
    KeyboardInterrupt. Under torchrun every process takes a share of each batch, and the first one writes. Errors:
    LockedError, UsageError (other options), IntegrityError (other data, damaged files), DivergedError, ResourceError
    (out of memory).
    """
    check_run(run, pairs)
    data = PairDataset(pairs, "train", config.size, config.outline)
    data.require_rows()
    with joined(find_device(config.device)) as (processes, device):
        _check_shares(config, processes)
        with locked(run) if processes.leads else nullcontext(), _stop_requests() as stop:
            asked, config = config, own_schedule(run, config)
            check_origin(run, origin)
            settings = _settings(config, data, origin.record if origin else said_origin(run))
            series = lineage(run, data.series, origin)
            job = Job(config, settings, pairs, data, run, device, processes, sources_of(config, run), series, origin)
            if processes.leads:
                job.sweep()
            check_same_run(run, settings, data.data_hash)
            if processes.leads:
                job.restore()
            processes.wait()  # nobody reads before it is written
            standing = find_standing(job)
            check_palette(run, standing.state.tensors, "average.")
            if processes.leads:
                job.drop_old_states(standing)
            if standing.done:
                return _summary(job, standing.standing_weights or standing.state.images, standing.state.facts)
            if config != asked:
                plan = f"from image {config.decay_start} to {config.decay_end}" if config.decay_end else "never"
                log.warning("%s: an earlier version began it; its rate goes on by its own plan (falls %s)", run, plan)
            learner, work = _start(job, standing, tensorboard, say)
            rate = _loop(job, learner, work, stop, on_step)
            for remark in learner.remarks(work.facts()["loss"]):
                log.warning("%s: %s", run, remark)
            return _summary(job, work.images, work.facts(), rate, standing)


def _settings(config: TrainConfig, data: PairDataset, begun_from: dict[str, str] | None) -> dict[str, Any]:
    """What a run must have in common with itself to go on."""
    settings = options(config) | {"outlines": data.outlines.values()}
    if config.network.sees_features and not config.random_vgg:
        settings["vgg_sha256"] = vgg_hash(config.vgg_weights)
    return settings | ({FROM: begun_from} if begun_from else {})


def _check_shares(config: TrainConfig, processes: Processes) -> None:
    parts = processes.count * config.accumulate
    if config.batch_size % parts:
        raise UsageError(
            f"batch size {config.batch_size}: cannot be cut into {parts} equal parts ({processes.count} processes, "
            f"accumulate {config.accumulate}); take a multiple of {parts}"
        )
    if config.network.learns_from_others and config.batch_size % (GROUP * parts):
        raise UsageError(
            f"batch size {config.batch_size}: references come {GROUP} windows at a time in each of {parts} equal parts "
            f"({processes.count} processes, accumulate {config.accumulate}); take a multiple of {GROUP * parts}"
        )


def _start(
    job: Job, standing: Standing, tensorboard: bool, say: Callable[[str], None]
) -> tuple[Learner, Work | Follower]:
    """The learner where the state left it, and what happens between its steps."""
    learner = make_learner(job.config, job.device, job.run)  # may refuse the other stages, and then leaves nothing
    learner.processes = job.processes
    job.processes.wait()  # nobody writes before all have read
    if job.processes.leads:
        job.begin(standing)
    if standing.state.tensors:
        learner.load(standing.state.tensors)
    else:
        _begin(learner, job)
        say("; ".join([_matter(job), *learner.opening()]))
    if job.processes.leads:
        keep_files(job.run, learner.files())
    if not job.processes.leads:
        return learner, Follower(job.config, standing.state.images)
    if job.judged is job.data:
        log.warning("%s: no validation pairs, so what is best is judged on pairs it was trained on", job.run)
    if len(job.data) < FEW:
        log.warning("%s: %d windows to learn from are too few to colour anything but them", job.run, len(job.data))
    if words := _too_many_looks(job):
        log.warning("%s: %s", job.run, words)
    work = Work(job, learner, job.judged, standing)
    if tensorboard:
        work.metrics.show_in(job.run / "tensorboard")
    return learner, work


def _begin(learner: Learner, job: Job) -> None:
    """Before any step: the weights of another run, if any, and what is learned of the pairs."""
    if job.origin is not None:
        learner.take_over(job.origin.tensors)
    elif FROM in job.settings:
        raise UsageError(f"{job.run}: was begun from another run, and has no state yet to go on from; say --from again")
    if job.origin is None or not job.origin.keeps_palette:
        learner.look_at(job.data)


def _matter(job: Job) -> str:
    """What a training is of: its windows, how often each is looked at, and its line art."""
    count, kinds = len(job.data), job.data.kinds
    by_chance = ", by chance" if len(kinds) > 1 else ""
    looks = f"{job.config.total / count:.3g} looks at each"
    return f"learns from {count:,} windows, {looks}, line art {' or '.join(kinds)}{by_chance}"


def _too_many_looks(job: Job) -> str:
    """Said of a budget that is more than so few windows are good for; "" of others."""
    config, most, count = job.config, job.config.network.most_looks, len(job.data)
    if not most or config.total <= most * count:
        return ""
    enough = max(config.batch_size, most * count // config.batch_size * config.batch_size)
    harm = f"beyond {most} it learns them by heart, and what it is told (moods, dots) helps less on others"
    cure = f"take --images {enough} and another run folder, or compare best.safetensors (docs/training.md)"
    return f"{config.total / count:.0f} looks at each of {count} windows: {harm}; {cure}"


def _loop(
    job: Job,
    learner: Learner,
    work: Work | Follower,
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
        Sampling(
            config.seed,
            config.crop,
            config.network.takes_hints,
            config.network.spreads_hints,
            config.line_jitter,
            config.network.largest_zoom,
            config.network.learns_from_others,
        ),
        start=start,
        stop=job.config.total,
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
                    on_step(Progress(work.images, job.config.total, losses, rate))
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


def _summary(
    job: Job, images: int, facts: dict[str, Any], rate: float = 0.0, begun: Standing | None = None
) -> dict[str, Any]:
    """The result of `train`; the losses are those of the last log line, or of the steps so far before the first."""
    loss = facts["loss"] or {name: total / count for name, (total, count) in facts["window"].items()}
    return {
        "images": images,
        "steps": images // job.config.batch_size,
        "loss": loss,
        "images_per_s": rate,
        "weights": str(job.run / WEIGHTS),
        "validation": facts["validation"],
        "best_at": None if job.judged is job.data else facts.get("best_at"),
        "stopped_early": is_stale(job.config, facts),
        "already_done": begun is None,
        "went_back_to": begun.state.images if begun and begun.is_back else None,
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
