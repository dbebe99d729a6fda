"""The boxes drawn by hand on real comics are well formed, and no page is in both halves."""

from pathlib import Path

from comicdata.panels.score import read_truth

REAL = Path(__file__).parent / "real"


def test_the_halves_share_no_page_and_most_pages_have_several_panels():
    halves = [read_truth(REAL / f"{half}.jsonl") for half in ("tuning", "held_out")]
    assert not set(halves[0]) & set(halves[1])
    sizes = [len(boxes) for half in halves for boxes in half.values()]
    assert sum(sizes) >= 240 and sizes.count(1) <= 10
