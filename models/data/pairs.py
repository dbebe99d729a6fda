"""Pairs from a manifest as batches; a batch is a pure function of (seed, images seen), so nothing needs saving."""

import logging
import os
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from comicdata.errors import IntegrityError, PictureError, UsageError
from comicdata.files import read_regular, sha256_bytes
from comicdata.images import MAX_FILE_BYTES, Image, decode
from comicdata.models.data.hints import Conditions, random_dots, random_hints
from comicdata.models.data.line_jitter import other_filter, vary_lines
from comicdata.models.data.references import GROUP, members, region_areas
from comicdata.models.data.spreading import spread_hints
from comicdata.models.networks.layers import to_tensor
from comicdata.pairs.card import read_outlines
from comicdata.pairs.manifest import (
    KINDS,
    file_of,
    outline_names,
    pairs_folder,
    read_rows,
    rows_hash,
    sha256_of,
    usable,
)
from comicdata.records import Pair

MIX = "mix"  # Canny and XDoG, one drawn for each sample
CACHE_BYTES = 512 * 1024 * 1024
NOTHING_MORE = Conditions()
WHOLE_FROM = 0.8  # of the zooms drawn, those below 1 leave a crop as it is
AHEAD = 4  # batches made while the network works
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Batch:
    """`ids` of B pairs; outline (B, 1, H, W) and color (B, 3, H, W), uint8, channels last in memory; and what else the
    network is told.
    """

    ids: tuple[str, ...]
    outline: Tensor
    color: Tensor
    conditions: Conditions = NOTHING_MORE

    def parts(self, count: int) -> "list[Batch]":
        """The batch cut into `count` equal ones."""
        size = len(self.ids) // count
        return [self._part(slice(start, start + size)) for start in range(0, len(self.ids), size)]

    def _part(self, place: slice) -> "Batch":
        conditions = self.conditions.each(lambda each: each[place])
        return Batch(self.ids[place], self.outline[place], self.color[place], conditions)

    def pinned(self) -> "Batch":
        """In page-locked memory, from which a GPU copies while it computes."""
        conditions = self.conditions.each(lambda each: each.pin_memory())
        return Batch(self.ids, self.outline.pin_memory(), self.color.pin_memory(), conditions)


class PairDataset:
    """The pairs of one split and size that are kept and not excluded, in the order of the manifest.

    `outline` is a column of the manifest, or "mix"; pairs that lack that column are left out, which is said. Decoded
    pictures stay in memory up to `cache_bytes`. `outlines` says how Canny and XDoG were drawn. `pairs` is the folder or
    its manifest.parquet. UsageError when no pair has such an outline.
    """

    def __init__(
        self,
        pairs: Path,
        split: str,
        size: int,
        outline: str = "canny",
        *,
        cache_bytes: int = CACHE_BYTES,
    ) -> None:
        self.folder = pairs_folder(pairs)
        rows = usable(read_rows(pairs))
        self.data_hash = rows_hash(rows)
        self.series = sorted({f"{row.source}/{row.series_id}" for row in rows if row.split != "test"})
        self.size = size
        self.outlines = read_outlines(self.folder)
        self.kinds = _kinds(self.folder, rows, outline)
        self.rows = self._with_outline([row for row in rows if row.split == split and row.size == size], split)
        self._other_sizes = sorted({row.size for row in rows if row.split == split} - {size})
        self._split = split
        self._cache: dict[tuple[int, str], Image] = {}
        self._room = cache_bytes

    def __len__(self) -> int:
        return len(self.rows)

    def _with_outline(self, rows: list[Pair], split: str) -> list[Pair]:
        """The rows that have the outline; those made elsewhere may be missing for some."""
        found = [row for row in rows if all(sha256_of(row, kind) for kind in self.kinds)]
        if len(found) < len(rows):
            lacking = f"{len(rows) - len(found)} of {len(rows)} pairs of the split {split}"
            log.warning("%s: %s have no outline %s; left out", self.folder, lacking, self.kinds[0])
        return found

    def require_rows(self) -> None:
        """UsageError when there is nothing to train or evaluate on."""
        if self.rows:
            return
        there = f"; there are pairs of size {self._other_sizes[0]}" if self._other_sizes else ""
        raise UsageError(f"{self.folder}: no pairs of size {self.size} in the split {self._split}{there}")

    @cached_property
    def series_of(self) -> npt.NDArray[np.int64]:
        """(N,): the series of each pair, by number."""
        return _numbers([f"{row.source}/{row.series_id}" for row in self.rows])

    @cached_property
    def panels(self) -> npt.NDArray[np.int64]:
        """(N,): the panel of each pair, by number."""
        return _numbers([row.panel_id for row in self.rows])

    def outline(self, index: int, kind: str | None = None) -> Image:
        """(size, size) uint8: ink 0 on paper 255."""
        return self._picture(index, kind or self.kinds[0])[..., 0]

    def color(self, index: int) -> Image:
        """(size, size, 3) uint8."""
        return self._picture(index, "color")

    def _picture(self, index: int, kind: str) -> Image:
        cached = self._cache.get((index, kind))
        if cached is not None:
            return cached
        picture = self._read(self.rows[index], kind)
        if kind != "color":
            picture = np.ascontiguousarray(picture[..., :1])
        if picture.nbytes <= self._room:
            self._room -= picture.nbytes
            self._cache[index, kind] = picture
        return picture

    def _read(self, row: Pair, kind: str) -> Image:
        """Read and check one picture; IntegrityError names the row, the file and the cure."""
        path = file_of(self.folder, row, kind)
        cure = f"(row {row.id} of the manifest names it); list what is wrong with: comicdata verify {self.folder}"
        try:
            data = read_regular(path, MAX_FILE_BYTES)
            if sha256_bytes(data) != sha256_of(row, kind):
                raise IntegrityError(f"{path}: not the bytes that make-pairs wrote {cure}")
            picture = decode(data, str(path))
        except OSError as error:
            raise IntegrityError(f"{path}: missing or unreadable {cure}") from error
        except PictureError as error:
            raise IntegrityError(f"{path}: not a picture {cure}") from error
        if picture.shape[:2] != (self.size, self.size):
            raise IntegrityError(f"{path}: {picture.shape[1]}x{picture.shape[0]}, not {self.size}x{self.size} {cure}")
        return picture


def _numbers(names: Sequence[str]) -> npt.NDArray[np.int64]:
    """Each name as its place among all of them, sorted."""
    return np.asarray(np.unique(names, return_inverse=True)[1], np.int64)


def check_outline(pairs: Path, outline: str) -> None:
    """UsageError when no pair of a manifest has such an outline."""
    if outline not in (*KINDS[1:], MIX):
        _kinds(pairs_folder(pairs), read_rows(pairs), outline)


def _kinds(folder: Path, rows: Sequence[Pair], outline: str) -> tuple[str, ...]:
    """The columns that a choice of outline stands for; UsageError names those that there are."""
    there = outline_names(rows)
    if outline != MIX and outline not in there:
        raise UsageError(
            f"outline {outline}: the pairs in {folder} have {', '.join(there)}, and {MIX} is canny with xdog; join "
            f"others with: comicdata make-pairs CRAWL --out {folder} --outline NAME=DIR"
        )
    return KINDS[1:] if outline == MIX else (outline,)


@lru_cache(maxsize=4)
def permutation(count: int, seed: int, epoch: int) -> npt.NDArray[np.int64]:
    """The order of the pairs in one epoch."""
    return np.random.default_rng([seed, epoch]).permutation(count)


@dataclass(frozen=True)
class Sampling:
    """How a pair becomes a sample: a random crop, mirrored half of the time, and what is done to it on the way.

    `line_jitter`: the share of samples whose lines are varied (line_jitter.py). `hints`: draw colour hints (hints.py),
    as they are or `spread` over the picture (spreading.py).
    `zoom`: crops are of parts, enlarged up to so many times; where the draw is below 1, as they are. `references`:
    pairs come in groups of one series, as references of each other (references.py).
    Every sample has random numbers of its own, from (seed, epoch, pair), or (seed, its place in the training) where
    it is a reference: they depend on no order and no worker.
    """

    seed: int
    crop: int
    hints: bool = False
    spread: bool = False
    line_jitter: float = 0.0
    zoom: float = 1.0
    references: bool = False


def make_batch(dataset: PairDataset, sampling: Sampling, *, images: int, count: int) -> Batch:
    """The `count` samples that follow after `images` images."""
    drawn = _grouped if sampling.references else _one_by_one
    indices, samples = [], []
    for index, random in drawn(dataset, sampling, range(images, images + count)):
        indices.append(index)
        samples.append(_sample(dataset, index, sampling, random))
    outlines, colors, hints = zip(*samples, strict=True)
    told = _told(sampling, outlines, hints)
    if sampling.references:
        panels = torch.from_numpy(dataset.panels[indices])
        told = replace(told, panels=panels, areas=torch.from_numpy(np.stack([*map(region_areas, outlines)])))
    ids = tuple(dataset.rows[index].id for index in indices)
    return Batch(ids, to_tensor(np.stack(outlines)), to_tensor(np.stack(colors)), told)


Drawn = Iterator[tuple[int, np.random.Generator]]


def _one_by_one(dataset: PairDataset, sampling: Sampling, positions: range) -> Drawn:
    """Every pair once an epoch, with its random numbers."""
    for position in positions:
        epoch, index = _at(dataset, sampling, position)
        yield index, np.random.default_rng([sampling.seed, epoch, index])


def _grouped(dataset: PairDataset, sampling: Sampling, positions: range) -> Drawn:
    """Every pair once an epoch with others of its series behind it; whole groups."""
    for start in positions[::GROUP]:
        _, first = _at(dataset, sampling, start // GROUP)
        group = members(first, dataset.series_of, np.random.default_rng([sampling.seed, start]))
        for place, index in enumerate(group, start):
            yield index, np.random.default_rng([sampling.seed, place, index])


def _at(dataset: PairDataset, sampling: Sampling, position: int) -> tuple[int, int]:
    """The epoch and the pair of a place in the training."""
    epoch, offset = divmod(position, len(dataset))
    return epoch, int(permutation(len(dataset), sampling.seed, epoch)[offset])


def _told(sampling: Sampling, outlines: Sequence[Image], hints: Sequence[Image | None]) -> Conditions:
    """Hints (H, W, 4) of every sample, drawn or spread."""
    given = [one for one in hints if one is not None]
    if not sampling.hints:
        return Conditions()
    if not sampling.spread:
        return Conditions(to_tensor(np.stack(given)))
    spread, sources = zip(*map(spread_hints, outlines, given), strict=True)
    return Conditions(spread=to_tensor(np.stack(spread)), sources=torch.from_numpy(np.stack(sources)))


def _sample(
    dataset: PairDataset, index: int, sampling: Sampling, random: np.random.Generator
) -> tuple[Image, Image, Image | None]:
    """Outline, colour and hints of one crop of a pair, perhaps mirrored, with one of the kinds of outline."""
    kind = dataset.kinds[int(random.integers(len(dataset.kinds)))]
    side = _side(sampling, random)
    top, left = (int(start) for start in random.integers(dataset.size - side + 1, size=2))
    window = (slice(top, top + side), slice(left, left + side))
    outline, color = dataset.outline(index, kind)[window], dataset.color(index)[window]
    if side < sampling.crop:
        outline, color = _enlarged(outline, color, sampling.crop)
    if random.integers(2):
        outline, color = outline[:, ::-1], color[:, ::-1]
    hints = _hints(outline, color, sampling, random)
    if random.random() < sampling.line_jitter:
        if len(dataset.kinds) > 1 and random.integers(2):
            outline = other_filter(color, dataset.size, random, dataset.outlines.xdog)
        outline = vary_lines(outline, random)
    return outline, color, hints


def _hints(outline: Image, color: Image, sampling: Sampling, random: np.random.Generator) -> Image | None:
    if not sampling.hints:
        return None
    return (random_dots if sampling.spread else random_hints)(color, outline, random)


def _side(sampling: Sampling, random: np.random.Generator) -> int:
    """Of the square that becomes the crop."""
    if sampling.zoom <= 1:
        return sampling.crop
    return min(sampling.crop, round(sampling.crop / float(random.uniform(WHOLE_FROM, sampling.zoom))))


def _enlarged(outline: Image, color: Image, side: int) -> tuple[Image, Image]:
    """Lines grow softly; colours stay those of the picture, where a mean of two would be a third."""
    lines = cv2.resize(outline, (side, side), interpolation=cv2.INTER_LINEAR)
    return np.asarray(lines, np.uint8), np.asarray(cv2.resize(color, (side, side), interpolation=cv2.INTER_NEAREST))


def batches(
    dataset: PairDataset,
    sampling: Sampling,
    *,
    start: int,
    stop: int,
    batch_size: int,
    rank: int = 0,
    processes: int = 1,
    pinned: bool = False,
) -> Generator[Batch, None, None]:
    """Batches from image `start` up to `stop`, made by threads a few steps ahead of their use.

    Of every batch this process makes its own share, the one that `rank` stands for.
    """
    count = batch_size // processes
    pool = ThreadPoolExecutor(max_workers=max(1, min(AHEAD, (os.cpu_count() or 1) - 1)))

    def make(images: int) -> Batch:
        batch = make_batch(dataset, sampling, images=images + rank * count, count=count)
        return batch.pinned() if pinned else batch

    waiting: deque[Future[Batch]] = deque()
    try:
        for images in range(start, stop, batch_size):
            waiting.append(pool.submit(make, images))
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
