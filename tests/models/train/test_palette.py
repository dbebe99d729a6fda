"""palette learns to choose: saturated, the right colours, resumed exactly; and what cannot be learned is said."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from watching import contents

from comicdata.errors import IntegrityError, UsageError
from comicdata.images import Image
from comicdata.models.colorize import Wishes, load_colorizer
from comicdata.models.data.pairs import PairDataset, Sampling, make_batch
from comicdata.models.evaluate.lab import de2000_map, lab_of
from comicdata.models.evaluate.metrics import background_consistency, colourfulness, flat_regions, off_line
from comicdata.models.networks.palette import PaletteConfig
from comicdata.models.runs.checkpoint import load_weights
from comicdata.models.runs.overrides import resolve_config
from comicdata.models.runs.settings import TrainConfig
from comicdata.models.runs.verify import verify_run
from comicdata.models.train import train
from comicdata.models.train.palette import PaletteLearner

TINY: dict[str, Any] = {
    "images": 48,
    "batch_size": 4,
    "size": 64,
    "crop": 64,
    "width": 8,
    "colors": 8,
    "device": "cpu",
    "log_every": 12,
    "sample_every": 24,
    "save_every": 16,
    "validation_pairs": 2,
    "outline": "canny",
    "line_jitter": 0.0,
}
DISC, SQUARE = (230, 120, 90), (90, 140, 220)
PAPERS = ((240, 60, 170), (70, 190, 60), (60, 200, 250))  # their mean is a grey
FINAL = ("weights.safetensors", "best.safetensors", "palette.gpl", "metrics.jsonl", "config.json", "samples/48.png")


def tiny(**changes: Any) -> TrainConfig:
    return resolve_config("palette", "small", {**TINY, **changes})


@pytest.fixture(scope="module")
def learned(make: Callable[..., Path], panel: Callable[..., Image], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on a tiny comic whose figures have their colours, and whose papers are anybody's guess."""
    folder = tmp_path_factory.mktemp("palette")

    def picture(number: int, size: int) -> Image:
        return panel(number, size, paper=PAPERS[number % 3])

    pairs = make(folder / "pairs", train=60, validation=2, test=8, picture=picture)
    changes = {"images": 640, "batch_size": 8, "lr": 3e-3, "ema": 0.98}
    train(tiny(**changes, log_every=320, sample_every=640, save_every=640), pairs, folder / "run")
    return folder


@pytest.mark.parametrize(("style", "most", "dullest"), [("flats", 3.0, 0.85), ("soft", 4.0, 0.5)])
def test_figures_have_their_colours_and_nothing_is_averaged(
    learned: Path, style: Any, most: float, dullest: float
) -> None:
    """Whoever averages what is possible gives the papers their mean, a grey, and figures a tint of it."""
    colorizer, data = load_colorizer(learned / "run"), PairDataset(learned / "pairs", "test", 64)
    errors, spreads, made, true = [], [], 0.0, 0.0
    for index in range(len(data)):
        outline, truth = data.outline(index), data.color(index)
        painted = colorizer.colorize(outline, Wishes(style=style))
        figures = off_line(outline) & ((truth == DISC).all(axis=2) | (truth == SQUARE).all(axis=2))
        errors.append(float(de2000_map(lab_of(painted), lab_of(truth))[figures].mean()))
        spreads.append(background_consistency(lab_of(painted), flat_regions(truth, lab_of(truth), off_line(outline))))
        made, true = made + colourfulness(painted), true + colourfulness(truth)
    assert np.mean(errors) < most
    assert dullest < made / true < 1.3
    assert style == "soft" or np.nanmax(spreads) < 0.5


def test_the_palette_is_that_of_the_comic_and_a_file_of_the_run(learned: Path) -> None:
    lines = (learned / "run" / "palette.gpl").read_text().splitlines()
    colors = [tuple(int(one) for one in line.split("\t")[0].split()) for line in lines if line[:1] in " 0123456789"]
    assert lines[0] == "GIMP Palette" and len({*colors}) == len(colors) <= 8
    names = [line.split("\t")[1] for line in lines if "\t" in line]
    assert names == [f"c{number:02}" for number in range(len(colors))]
    for wanted in (DISC, SQUARE, *PAPERS):
        assert min(np.abs(np.subtract(wanted, one)).max() for one in colors) <= 2
    assert load_colorizer(learned / "run").style == "flats"
    assert verify_run(learned / "run") == {"checked": verify_run(learned / "run")["checked"]} | {
        kind: [] for kind in ("missing", "changed", "orphans")
    }


def test_a_run_in_parts_is_the_run_in_one(pairs: Path, tmp_path: Path) -> None:
    for images in (20, 48):
        train(tiny(images=images, accumulate=2, line_jitter=0.5), pairs, tmp_path / "parts")
    train(tiny(accumulate=2, line_jitter=0.5), pairs, tmp_path / "whole")
    parts, whole = contents(tmp_path / "parts"), contents(tmp_path / "whole")
    for name in (*FINAL, "state/48/tensors.safetensors", "state/48/state.json"):
        assert parts[name] == whole[name], name
    before = contents(tmp_path / "whole")
    assert train(tiny(accumulate=2, line_jitter=0.5), pairs, tmp_path / "whole")["already_done"]
    assert contents(tmp_path / "whole") == before


def test_parts_of_a_batch_learn_what_the_whole_does(pairs: Path) -> None:
    """The loss is a mean over samples alike, whichever part they are in (the targets are drawn for each part)."""
    batch = make_batch(PairDataset(pairs, "train", 64), Sampling(0, 64, hints=True, spread=True), images=0, count=4)
    for part in (batch, batch.parts(2)[0]):
        learner = PaletteLearner(tiny(), torch.device("cpu"), Path("run"))
        learner.look_at(PairDataset(pairs, "train", 64))
        values = learner.step(part, 0)
        assert list(values) == ["palette", "told"] and all(0 < value < 10 for value in values.values())


def test_what_is_judged_is_the_network_of_now(pairs: Path) -> None:
    """Also where the same drawing is judged again and again."""
    data = PairDataset(pairs, "train", 64)
    learner = PaletteLearner(tiny(), torch.device("cpu"), Path("run"))
    learner.look_at(data)
    before = learner.measure(data, [0])
    for value in learner.average.parameters():
        value.mul_(-1.5)
    learner.average.palette.mul_(-1 / 1.5)
    again = PaletteLearner(tiny(), torch.device("cpu"), Path("run"))
    again.average.load_state_dict(learner.average.state_dict())
    assert learner.measure(data, [0]) == again.measure(data, [0]) != before


@pytest.mark.parametrize(
    ("outline", "even", "words"),
    [
        ("canny", True, "line art canny; paints in flats, for "),
        ("mix", False, "line art canny or xdog, by chance; paints in soft, for "),
    ],
)
def test_a_beginning_says_what_it_learns_from_and_how_it_will_paint(
    make: Callable[..., Path], panel: Callable[..., Image], tmp_path: Path, outline: str, even: bool, words: str
) -> None:
    def washed(number: int, size: int) -> Image:
        ramp = np.linspace(0, 255, size).astype(np.uint8)
        return np.stack(np.broadcast_arrays(ramp[:, None], ramp[None], np.uint8(20 * number)), axis=2)

    pairs, said = make(tmp_path / "pairs", picture=panel if even else washed), []
    for _ in range(2):  # what goes on is silent
        train(tiny(images=12, outline=outline), pairs, tmp_path / "run", say=said.append)
        (line,) = said
    words = f"learns from 6 windows, 2 looks at each, {words}"
    assert line.startswith(words) and line.endswith("% of the area is even (flats from 50% on; --style overrules)")
    share = int(line.removeprefix(words).partition("%")[0])
    assert share > 90 if even else share < 10


@pytest.mark.parametrize(("images", "said"), [(12, False), (16, True)])
def test_more_looks_than_few_windows_are_good_for_are_said(
    pairs: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch,
    images: int, said: bool,
) -> None:  # fmt: skip
    monkeypatch.setattr(PaletteConfig, "most_looks", 2)
    train(tiny(images=images), pairs, tmp_path / "run")
    words = [one.getMessage() for one in caplog.records if "looks at each of 6 windows" in one.getMessage()]
    assert len(words) == said
    assert all("beyond 2 it learns them by heart" in one and "take --images 12 and another" in one for one in words)


def test_the_palette_never_moves(pairs: Path, tmp_path: Path) -> None:
    train(tiny(images=16), pairs, tmp_path / "run")
    before = load_weights(tmp_path / "run").tensors
    train(tiny(images=48), pairs, tmp_path / "run")
    after = load_weights(tmp_path / "run").tensors
    for name in ("palette", "share", "flatness"):
        assert torch.equal(before[name], after[name]), name
    assert not torch.equal(before["head.weight"], after["head.weight"])


def test_an_edited_palette_is_refused_and_a_missing_one_made_again(
    pairs: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = tmp_path / "run"
    train(tiny(images=8), pairs, run)
    path = run / "palette.gpl"
    data = path.read_bytes()
    path.write_bytes(data.replace(b"c01", b"c1", 1))
    for use in (lambda: load_colorizer(run), lambda: train(tiny(images=8), pairs, run)):
        with pytest.raises(IntegrityError, match=r"palette\.gpl: not the colours that this run was trained with; move"):
            use()
    assert verify_run(run)["changed"] == ["palette.gpl"]
    path.unlink()
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        load_colorizer(run)
    assert len(caplog.messages) == 1 and "palette.gpl: missing; the colours are taken from the weights" in caplog.text
    assert verify_run(run)["missing"] == ["palette.gpl"]
    train(tiny(images=8), pairs, run)
    assert path.read_bytes() == data and not verify_run(run)["missing"]


def _plain(number: int, size: int) -> Image:
    return np.full((size, size, 3), (120, 200, 90), np.uint8)


def _black(number: int, size: int) -> Image:
    return np.zeros((size, size, 3), np.uint8)


def _two_comics(number: int, size: int) -> Image:
    picture = np.full((size, size, 3), [(250, 30, 30), (20, 220, 240)][number % 2], np.uint8)
    picture[size // 2 :] = [(250, 240, 60), (150, 60, 200)][number % 2]
    return picture


@pytest.mark.parametrize(
    ("picture", "words"),
    [(_plain, "one colour, #78c85a, off all lines; nothing to choose"), (_black, "nothing but ink")],
)
def test_pairs_that_have_nothing_to_choose_from(
    make: Callable[..., Path], tmp_path: Path, picture: Any, words: str
) -> None:
    pairs = make(tmp_path / "pairs", picture=picture)
    with pytest.raises(UsageError, match=words):
        train(tiny(), pairs, tmp_path / "run")
    assert not (tmp_path / "run" / "weights.safetensors").exists()


def test_two_comics_with_nothing_in_common_are_said(
    make: Callable[..., Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for folder, series in ((tmp_path / "two", lambda number: f"s{number % 2}"), (tmp_path / "one", lambda number: "s")):
        caplog.clear()
        train(tiny(images=4), make(folder, picture=_two_comics, series=series), folder / "run")
        assert ("its series have hardly a colour in common (0% of the area)" in caplog.text) == (folder.name == "two")


def test_three_pairs_will_do(make: Callable[..., Path], tmp_path: Path) -> None:
    pairs = make(tmp_path / "pairs", train=3, validation=0, test=0)
    assert train(tiny(images=8), pairs, tmp_path / "run")["images"] == 8


def test_windows_are_enlarged_and_keep_the_colours_of_the_picture(pairs: Path) -> None:
    data = PairDataset(pairs, "train", 64)
    plain, zoomed = (
        make_batch(data, Sampling(0, 64, zoom=zoom), images=0, count=6).color.flatten(2) for zoom in (1.0, 2.0)
    )
    known = {tuple(one) for one in plain.movedim(1, 2).reshape(-1, 3).tolist()}
    assert {tuple(one) for one in zoomed.movedim(1, 2).reshape(-1, 3).tolist()} <= known
    assert not torch.equal(plain, zoomed)
