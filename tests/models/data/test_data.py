"""Batches are a pure function of seed and images seen; what is wrong with a file is said with its row."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from comicdata.errors import IntegrityError, UsageError
from comicdata.images import encode_png
from comicdata.models.data.pairs import Batch, PairDataset, Sampling, batches
from comicdata.models.data.pairs import make_batch as batch_of
from comicdata.pairs.manifest import data_hash, read_rows, write_manifest


def make_batch(dataset: PairDataset, *, images: int, batch_size: int, crop: int) -> Batch:
    return batch_of(dataset, Sampling(0, crop), images=images, count=batch_size)


def stream(dataset: PairDataset, start: int, stop: int) -> list[tuple[tuple[str, ...], bytes]]:
    found = batches(dataset, Sampling(3, 32), start=start, stop=stop, batch_size=4)
    return [(batch.ids, batch.outline.numpy().tobytes() + batch.color.numpy().tobytes()) for batch in found]


def test_batches_start_anywhere(pairs: Path) -> None:
    dataset = PairDataset(pairs, "train", 64)
    whole = stream(dataset, 0, 40)
    assert whole[6:] == stream(dataset, 24, 40)
    assert stream(PairDataset(pairs, "train", 64, cache_bytes=0), 0, 40) == whole


def test_an_epoch_sees_every_pair_once_in_another_order(pairs: Path) -> None:
    dataset = PairDataset(pairs, "train", 64)
    epochs = [make_batch(dataset, images=start, batch_size=6, crop=64).ids for start in (0, 6, 12)]
    assert all(sorted(ids) == sorted(row.id for row in dataset.rows) for ids in epochs)
    assert len(set(epochs)) > 1


def test_outline_and_color_are_cropped_and_mirrored_together(pairs: Path) -> None:
    dataset = PairDataset(pairs, "train", 64)
    batch = make_batch(dataset, images=0, batch_size=6, crop=32)
    assert batch.outline.shape == (6, 1, 32, 32) and batch.color.shape == (6, 3, 32, 32)
    assert batch.outline.dtype == batch.color.dtype == torch.uint8
    dark = batch.color.float().mean(dim=1, keepdim=True) < 80
    assert bool((batch.outline[dark] == 0).all())


def test_mix_draws_both_outlines(pairs: Path) -> None:
    dataset = PairDataset(pairs, "train", 64, "mix")
    kinds = {kind: dataset.outline(0, kind).tobytes() for kind in ("canny", "xdog")}
    seen = {make_batch(dataset, images=images, batch_size=1, crop=64).outline.numpy().tobytes() for images in range(60)}
    mirrored = {np.ascontiguousarray(dataset.outline(0, kind)[:, ::-1]).tobytes() for kind in kinds}
    assert all(one in seen for one in mirrored | set(kinds.values()))


def test_rows_dropped_or_excluded_are_not_seen(pairs: Path) -> None:
    before = data_hash(pairs)
    rows = read_rows(pairs)
    write_manifest(pairs, [replace(rows[0], excluded=True), replace(rows[1], kept=False), *rows[2:]])
    dataset = PairDataset(pairs / "manifest.parquet", "train", 64)
    assert len(dataset) == 4
    assert dataset.data_hash == data_hash(pairs) != before


def test_a_missing_file_is_named_with_its_row_and_the_cure(pairs: Path) -> None:
    dataset = PairDataset(pairs, "train", 64)
    path = pairs / "64" / "train" / dataset.rows[2].canny_file_name
    path.unlink()
    with pytest.raises(IntegrityError) as caught:
        dataset.outline(2)
    for part in (str(path), dataset.rows[2].id, "comicdata verify"):
        assert part in str(caught.value)


def test_a_changed_file_is_named_with_its_row(pairs: Path) -> None:
    dataset = PairDataset(pairs, "train", 64)
    (pairs / "64" / "train" / dataset.rows[1].color_file_name).write_bytes(encode_png(np.zeros((64, 64, 3), np.uint8)))
    with pytest.raises(IntegrityError, match=dataset.rows[1].id):
        dataset.color(1)


def test_an_empty_split_says_what_there_is(pairs: Path, make: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"size 256 .*train; there are pairs of size 64"):
        PairDataset(pairs, "train", 256).require_rows()
    with pytest.raises(UsageError, match="no pairs of size 64 in the split test"):
        PairDataset(make(tmp_path / "other", test=0), "test", 64).require_rows()
