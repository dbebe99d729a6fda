"""Varied lines: as a person would draw or scan them, the same for the same sample in any batch."""

from pathlib import Path

import numpy as np
import pytest
import torch

from comicdata.models.data.line_jitter import DARKEST_PAPER, PALEST_INK, other_filter, vary_lines
from comicdata.models.data.pairs import PairDataset, Sampling, make_batch
from comicdata.outlines import XDOG_PRESETS, xdog


def lines() -> np.ndarray:
    outline = np.full((32, 48), 255, np.uint8)
    outline[10, 5:40] = outline[5:30, 20] = 0
    return outline


def test_ink_stays_darker_than_paper_and_stays_in_place() -> None:
    outline = lines()
    far = outline.copy()
    far[7:14], far[:, 17:24] = 0, 0
    seen = []
    for seed in range(60):
        varied = vary_lines(outline, np.random.default_rng(seed))
        assert varied.shape == outline.shape and varied.dtype == np.uint8
        ink, paper = int(varied[10, 20]), int(varied[0, 0])
        assert paper >= DARKEST_PAPER and ink < paper - 60
        assert (varied[far == 255] == paper).all()
        seen.append((int((varied < (ink + paper) / 2).sum()), ink))
    amounts = {amount for amount, _ in seen}
    assert min(amounts) <= (outline == 0).sum() < max(amounts)  # as drawn, and thicker
    assert max(ink for _, ink in seen) > PALEST_INK / 2


@pytest.mark.parametrize("own", ["colorizer", "thin", "classic"])
def test_other_filters_are_presets_other_than_the_pairs_have(own: str) -> None:
    color = np.random.default_rng(0).integers(0, 256, (40, 40, 3)).astype(np.uint8)
    expected = {
        xdog(color, size=256, sigma=one.sigma, k=one.k, p=one.p, eps=one.eps, phi=one.phi).tobytes()
        for name, one in XDOG_PRESETS.items()
        if name in {"thin", "thick", "pencil", "colorizer"} - {own}
    }
    own_settings = XDOG_PRESETS[own]
    found = {other_filter(color, 256, np.random.default_rng(seed), own_settings).tobytes() for seed in range(40)}
    assert len(found) == 3 and found <= expected
    if own == "colorizer":
        assert found == {other_filter(color, 256, np.random.default_rng(seed)).tobytes() for seed in range(40)}


def test_samples_are_varied_alike_in_any_batch_and_only_as_often_as_asked(pairs: Path) -> None:
    dataset = PairDataset(pairs, "train", 64, "mix")
    plain, some = Sampling(3, 32), Sampling(3, 32, line_jitter=0.5)
    whole = make_batch(dataset, some, images=0, count=60)
    single = torch.cat([make_batch(dataset, some, images=images, count=1).outline for images in range(60)])
    assert torch.equal(whole.outline, single)
    as_drawn = make_batch(dataset, plain, images=0, count=60)
    assert torch.equal(as_drawn.color, whole.color)
    same = (as_drawn.outline == whole.outline).flatten(1).all(dim=1).sum()
    assert 15 < int(same) < 45
