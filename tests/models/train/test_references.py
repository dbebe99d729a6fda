"""palette learns to take colours from other panels of a series, also of one whose colours it never saw."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from comicdata.errors import UsageError
from comicdata.images import Image
from comicdata.models.colorize import PaletteColorizer, Wishes, load_colorizer
from comicdata.models.data.pairs import PairDataset
from comicdata.models.evaluate.lab import de2000_map, lab_of
from comicdata.models.evaluate.metrics import off_line
from comicdata.models.evaluate.references import choose_references, reachable
from comicdata.models.runs.overrides import resolve_config
from comicdata.models.train import train
from comicdata.models.train.palette import PaletteLearner
from comicdata.models.train.references import References

PANELS = 6  # of a series
COLORS = [(230, 60, 60), (60, 200, 80), (70, 90, 230), (230, 200, 60), (200, 90, 220)]
TINY = {
    "images": 480,
    "batch_size": 12,
    "size": 64,
    "crop": 64,
    "width": 8,
    "key": 16,
    "colors": 16,
    "references": True,
    "mutual": True,
    "hints": False,
    "device": "cpu",
    "log_every": 120,
    "sample_every": 480,
    "save_every": 480,
    "validation_pairs": 1,
    "outline": "canny",
    "line_jitter": 0.0,
    "zoom": 1.0,
    "lr": 3e-3,
    "ema": 0.98,
}


@pytest.fixture(scope="module")
def learned(make: Callable[..., Path], panel: Callable[..., Image], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on small comics in colours that each series of PANELS panels has alone."""
    folder = tmp_path_factory.mktemp("references")

    def picture(number: int, size: int) -> Image:
        disc, square, paper, *_ = np.random.default_rng([7, number // PANELS]).permutation(COLORS).tolist()
        return panel(number, size, disc=disc, square=square, paper=paper)

    counts = {"train": 30 * PANELS, "validation": PANELS, "test": 4 * PANELS}
    pairs = make(folder / "pairs", **counts, picture=picture, series=lambda number: f"s{number // PANELS}")
    train(resolve_config("palette", "small", TINY), pairs, folder / "run")
    return folder


def test_a_series_never_seen_has_the_colours_of_its_references(learned: Path) -> None:
    """Without them nobody can know; those of another series are no help, and its own picture is the best."""
    colorizer, data = load_colorizer(learned / "run"), PairDataset(learned / "pairs", "test", 64)
    assert isinstance(colorizer, PaletteColorizer)
    errors: dict[str, list[float]] = {}
    for index in range(0, len(data), 2):
        outline, truth = data.outline(index), data.color(index)
        for name, chosen in choose_references(data, index).items():
            shown = [colorizer.reference(data.color(one), data.outline(one)) for one in chosen]
            made = colorizer.colorize(outline, Wishes(references=shown, near_copies=True, style="flats"))
            errors.setdefault(name, []).append(float(de2000_map(lab_of(made), lab_of(truth))[off_line(outline)].mean()))
    means = {name: float(np.mean(values)) for name, values in errors.items()}
    assert means["5"] < 8 and means["5"] < means["0"] - 14, means
    assert means["other"] > means["5"] + 20, means
    assert means["truth"] < 6, means


def test_what_is_left_to_the_palette_is_logged(learned: Path) -> None:
    rows = [json.loads(line) for line in (learned / "run" / "metrics.jsonl").read_text().splitlines()]
    assert all(0 < row["null_weight"] < 1 for row in rows if "null_weight" in row)
    assert {"palette", "told", "pointer", "alone", "null_weight"} <= rows[0].keys()


@pytest.mark.parametrize(("left", "words"), [(0.99, "do nothing"), (0.5, ""), (0.01, "do everything")])
def test_references_that_do_nothing_are_said(left: float, words: str) -> None:
    learner = PaletteLearner(resolve_config("palette", "small", TINY), torch.device("cpu"), Path("run"))
    said = learner.remarks({"null_weight": left})
    assert words in said[0] if words else said == []


def test_no_panel_is_its_own_reference_and_none_is_of_two_series() -> None:
    torch.manual_seed(0)
    panels = torch.tensor([0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9])
    own = 0
    for _ in range(40):
        given = References(torch.zeros(12, 8, 8, dtype=torch.long), torch.ones(12, 8, 8), panels)
        for at in range(12):
            start = 6 * int(given.group[at])
            shown = panels[start : start + 6][given.shown[at]]
            assert int(panels[at]) not in shown and (given.group[at] != at // 6 or len(shown))
            own += int(given.group[at] == at // 6)
    assert 0.8 < own / 480 < 0.98  # a tenth is shown those of another series


def test_a_batch_that_cuts_groups_is_refused(pairs: Path, tmp_path: Path) -> None:
    config = resolve_config("palette", "small", {**TINY, "batch_size": 8})
    with pytest.raises(UsageError, match=r"batch size 8: references come 6 windows at a time .* multiple of 6"):
        train(config, pairs, tmp_path / "run")


def test_what_is_reachable_is_what_references_have() -> None:
    """A colour counts from a dozen pixels on, and what is like it as well."""
    outline, shown = np.full((20, 20), 255, np.uint8), np.full((20, 20, 3), 250, np.uint8)
    shown[:4, :4], shown[10:12, 10:12] = (200, 40, 40), (40, 40, 200)
    truth = np.full((20, 20, 3), 250, np.uint8)
    truth[:5, :5], truth[5:, :5] = (202, 42, 40), (40, 40, 200)
    expected = np.ones((20, 20), bool)
    expected[5:, :5] = False
    assert (reachable(truth, [(outline, shown)]) == expected).all()
