"""A budget that grows: a training goes on from where the rate began to fall, and ends as if all had been asked for."""

import json
import shutil
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from watching import contents, damage

from comicdata.errors import IntegrityError, UsageError
from comicdata.files import read_jsonl, seal, write_json
from comicdata.models.runs.checkpoint import State, load_state, load_weights, read_state, save_state
from comicdata.models.runs.overrides import resolve_config
from comicdata.models.runs.settings import TrainConfig
from comicdata.models.runs.verify import verify_run
from comicdata.models.train import train
from comicdata.models.train.learners import AdversarialLearner
from comicdata.models.train.loop import Progress

TINY: dict[str, Any] = {
    "batch_size": 4,
    "size": 64,
    "crop": 32,
    "width": 4,
    "depth": 4,
    "dropout": 0.5,
    "discriminator_width": 4,
    "device": "cpu",
    "warmup": 8,
    "adversarial_start": 12,
    "log_every": 12,
    "sample_every": 24,
    "save_every": 16,
    "validation_pairs": 1,
}
FIRST, LAST = 40, 60  # their rates fall from 32 and 48


def tiny(images: int, **changes: Any) -> TrainConfig:
    return resolve_config("auto-painter", "small", {**TINY, "images": images, **changes})


def files(run: Path) -> dict[str, bytes]:
    return {name: data for name, data in contents(run).items() if not name.endswith(".lock")}


def is_whole(run: Path) -> bool:
    found = verify_run(run)
    return not (found["missing"] or found["changed"] or found["orphans"])


def stop_at(images: int) -> Callable[[Progress], None]:
    def stop(progress: Progress) -> None:
        if progress.images == images:
            raise KeyboardInterrupt

    return stop


@pytest.fixture(scope="session")
def trained(make: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pairs, and a run of each budget in one go."""
    folder = tmp_path_factory.mktemp("budgets")
    make(folder / "pairs")
    for images in (FIRST, LAST):
        train(tiny(images), folder / "pairs", folder / str(images))
    return folder


@pytest.fixture
def work(trained: Path, tmp_path: Path) -> Path:
    """The pairs and the run of the smaller budget, to do with as one likes."""
    for name in ("pairs", str(FIRST)):
        shutil.copytree(trained / name, tmp_path / name)
    return tmp_path


def test_the_state_where_the_fall_begins_is_kept_beside_the_last_two(trained: Path) -> None:
    states = {name: sorted(int(one.name) for one in (trained / name / "state").iterdir()) for name in ("40", "60")}
    assert states == {"40": [16, 32, 40], "60": [32, 48, 60]}
    train(tiny(FIRST, save_every=8), trained / "pairs", trained / "other")
    assert sorted(int(one.name) for one in (trained / "other" / "state").iterdir()) == [24, 32, 40]
    rows = [row for row in read_jsonl(trained / "60" / "metrics.jsonl") if "lr" in row]
    assert [row["lr"] for row in rows] == pytest.approx([2e-3] * 4 + [2e-3 * (1 - 0.95 * 8 / 12)])
    assert load_weights(trained / "60").header["images"] == LAST
    assert is_whole(trained / "60")


def test_the_end_of_a_budget_is_judged(trained: Path) -> None:
    """Where the rate fell: without a fall the end is no event, and a longer training comes through it."""
    assert read_jsonl(trained / "40" / "metrics.jsonl")[-1].keys() >= {"images", "validation_score"}
    train(tiny(12), trained / "pairs", trained / "12")
    assert load_state(trained / "12").facts["judged_at"] == 0  # type: ignore[union-attr]
    assert load_state(trained / "40").facts["judged_at"] == FIRST  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("steps", "changes"),
    [
        ((FIRST, LAST), {}),
        ((20, 24, 44, LAST), {}),
        ((FIRST, LAST), {"save_every": 100}),
        ((20, 24, 44, LAST), {"save_every": 4, "sample_every": 12}),
        ((20, 44, LAST), {"log_every": 16}),
    ],
)
def test_a_budget_that_grew_ends_with_the_bytes_of_one_from_the_start(
    trained: Path, tmp_path: Path, steps: tuple[int, ...], changes: dict[str, int]
) -> None:
    expected = trained / "60"
    if changes:
        expected = tmp_path / "whole"
        train(tiny(LAST, **changes), trained / "pairs", expected)
    for images in steps:
        result = train(tiny(images, **changes), trained / "pairs", tmp_path / "run")
        assert (result["images"], result["already_done"]) == (images, False)
        assert is_whole(tmp_path / "run")
    assert files(tmp_path / "run") == files(expected)


def test_finished_weights_and_best_stay_until_the_larger_budget_is_done(work: Path, trained: Path) -> None:
    run = work / str(FIRST)
    before = files(run)
    for images in (44, 52, 56):
        with pytest.raises(KeyboardInterrupt):
            train(tiny(LAST), work / "pairs", run, on_step=stop_at(images))
        after = files(run)
        for name in ("weights.safetensors", "best.safetensors"):
            assert after[name] == before[name], (name, images)
        assert is_whole(run)
        state = load_state(run)
        assert state is not None and state.images == images
        again = train(tiny(FIRST), work / "pairs", run)
        assert (again["already_done"], again["images"]) == (True, FIRST) and files(run) == after
    result = train(tiny(LAST), work / "pairs", run)
    assert (result["images"], result["went_back_to"]) == (LAST, None)
    assert files(run) == files(trained / "60")


def test_a_larger_budget_still_goes_on_from_the_middle_of_a_growth(work: Path, tmp_path: Path) -> None:
    run = work / str(FIRST)
    with pytest.raises(KeyboardInterrupt):
        train(tiny(LAST), work / "pairs", run, on_step=stop_at(56))  # in the fall of 60
    assert train(tiny(80), work / "pairs", run)["went_back_to"] == 48
    train(tiny(80), work / "pairs", tmp_path / "whole")
    assert files(run) == files(tmp_path / "whole")


class Killed(BaseException):
    """Nothing catches it, as nothing catches SIGKILL."""


@pytest.mark.parametrize("name", ["replace", "unlink", "rmdir"])
def test_killed_at_any_moment_of_a_growth_the_same_command_ends_with_the_same_bytes(
    name: str, work: Path, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, point = files(trained / "60"), 0
    while True:
        run = Path(shutil.copytree(trained / str(FIRST), work / "run"))
        with monkeypatch.context() as patch:
            left, real = [point], getattr(type(run), name)

            def dying(self: Path, *words: Any, left: list[int] = left, real: Any = real, **options: Any) -> Any:
                if not left[0]:
                    raise Killed
                left[0] -= 1
                return real(self, *words, **options)

            patch.setattr(f"pathlib.Path.{name}", dying)
            try:
                train(tiny(LAST), work / "pairs", run)
                break
            except Killed:
                pass
        assert load_weights(run).header["images"] in (FIRST, LAST)
        train(tiny(LAST), work / "pairs", run)
        assert files(run) == expected, point
        shutil.rmtree(run)
        point += 1
    assert point > 1


def test_the_best_before_the_fall_is_the_best_again(
    make: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The smaller budget finds better weights in its fall; the larger one never passes there."""
    scores = {(24, FIRST): 0.5, (FIRST, FIRST): 0.1, (24, LAST): 0.5, (48, LAST): 0.9, (LAST, LAST): 0.9}
    seen = {"images": 0}
    step = AdversarialLearner.step

    def counted(self: AdversarialLearner, batch: Any, images: int) -> dict[str, float]:
        seen["images"] = images + 4
        return step(self, batch, images)

    monkeypatch.setattr(AdversarialLearner, "step", counted)
    monkeypatch.setattr(
        AdversarialLearner, "measure", lambda self, *_: {"score": scores[seen["images"], self.config.images]}
    )
    pairs, run = make(tmp_path / "pairs"), tmp_path / "run"
    train(tiny(FIRST), pairs, run)
    assert load_weights(run / "best.safetensors").header["images"] == FIRST
    train(tiny(LAST), pairs, run)
    assert load_weights(run / "best.safetensors").header["images"] == 24
    train(tiny(LAST), pairs, tmp_path / "whole")
    assert files(run) == files(tmp_path / "whole")


def test_a_lost_best_is_made_again(work: Path, trained: Path) -> None:
    run, expected = work / str(FIRST), files(trained / str(FIRST))
    for harm in (lambda path: path.unlink(), lambda path: damage(path, -5)):
        harm(run / "best.safetensors")
        assert not is_whole(run)
        train(tiny(FIRST), work / "pairs", run)
        assert files(run) == expected


def test_without_the_state_where_the_fall_begins_a_larger_budget_is_refused(work: Path) -> None:
    run = work / str(FIRST)
    for path in (run / "state" / "32").iterdir():
        path.unlink()
    assert verify_run(run)["missing"] == ["state/32/state.json"]
    for path in (run / "state" / "16").iterdir():
        path.unlink()
    before = files(run)
    with pytest.raises(IntegrityError, match=r"state/32: missing or damaged, and a budget of 60 goes on from there"):
        train(tiny(LAST), work / "pairs", run)
    assert files(run) == before
    assert train(tiny(FIRST), work / "pairs", run)["already_done"] is True


def test_a_damaged_state_where_the_fall_begins_is_found_and_passed_over(work: Path, trained: Path) -> None:
    run = work / str(FIRST)
    damage(run / "state" / "32" / "tensors.safetensors", -5)
    assert verify_run(run)["changed"] == ["state/32/tensors.safetensors"]
    assert train(tiny(LAST), work / "pairs", run)["went_back_to"] == 16
    assert files(run) == files(trained / "60")


def test_a_smaller_budget_than_is_under_way(work: Path) -> None:
    run = work / "new"
    with pytest.raises(KeyboardInterrupt):
        train(tiny(LAST), work / "pairs", run, on_step=stop_at(44))
    before = files(run)
    words = r"trained to 44 images for a budget of 60, and one of 24 would have slowed down from image 20 on"
    with pytest.raises(UsageError, match=words):
        train(tiny(24), work / "pairs", run)
    assert files(run) == before
    train(tiny(LAST), work / "pairs", run)
    assert train(tiny(FIRST), work / "pairs", run)["already_done"] is True  # the larger one is finished


@pytest.mark.parametrize(("reached", "back_to"), [(20, None), (44, 32)])
def test_a_smaller_budget_that_a_state_is_of_use_to_goes_on(
    work: Path, trained: Path, reached: int, back_to: int | None
) -> None:
    run = work / "new"
    with pytest.raises(KeyboardInterrupt):
        train(tiny(LAST), work / "pairs", run, on_step=stop_at(reached))
    assert train(tiny(FIRST), work / "pairs", run)["went_back_to"] == back_to
    left, right = files(run), files(trained / str(FIRST))
    assert all(left[name] == data for name, data in right.items() if not name.startswith("state/16/"))
    assert left.keys() <= right.keys()


@pytest.mark.parametrize(("reached", "finished"), [(20, None), (52, None), (44, FIRST), (52, FIRST), (LAST, None)])
def test_a_lost_config_keeps_what_is_finished_and_what_is_under_way(
    work: Path, trained: Path, reached: int, finished: int | None
) -> None:
    run = work / (str(FIRST) if finished else "new")
    if reached == LAST:
        train(tiny(LAST), work / "pairs", run)
    else:
        with pytest.raises(KeyboardInterrupt):
            train(tiny(LAST), work / "pairs", run, on_step=stop_at(reached))
    before = (run / "config.json").read_bytes()
    assert json.loads(before).get("finished") == finished
    (run / "config.json").unlink()
    with pytest.raises(KeyboardInterrupt) if reached < LAST else nullcontext():
        train(tiny(LAST), work / "pairs", run, on_step=stop_at(reached + 4))
    assert (run / "config.json").read_bytes() == before
    assert load_weights(run).header["images"] == (finished or min(reached + 4, LAST))
    train(tiny(LAST), work / "pairs", run)
    assert files(run) == files(trained / str(LAST))


@pytest.mark.parametrize("budget", [FIRST, LAST])
def test_a_run_whose_config_was_lost_grows(work: Path, trained: Path, budget: int) -> None:
    """At 40 it is finished, whatever is asked for next."""
    run = work / str(FIRST)
    (run / "config.json").unlink()
    result = train(tiny(budget), work / "pairs", run)
    assert (result["already_done"], result["went_back_to"]) == ((True, None) if budget == FIRST else (False, 32))
    assert files(run) == files(trained / str(budget))


def as_of_0_1_0(run: Path) -> None:
    """Take out of a run what version 0.1.0 did not write."""
    config = json.loads((run / "config.json").read_bytes())
    del config["options"]["warmup"]
    write_json(run / "config.json", seal(config))
    for folder in (run / "state").iterdir():
        state = read_state(folder)
        old = {name: one for name, one in state.tensors.items() if not name.startswith("best.")}
        save_state(run, State(state.images, {k: v for k, v in state.facts.items() if k != "sha256"}, old), kept=16)


def test_a_run_of_0_1_0_goes_on_with_its_own_schedule_and_says_so(work: Path, caplog: pytest.LogCaptureFixture) -> None:
    own = {"decay_start": 16, "decay_end": 64, "warmup": 0}
    train(tiny(32, **own), work / "pairs", work / "old")
    as_of_0_1_0(work / "old")
    assert is_whole(work / "old")
    caplog.clear()
    assert train(tiny(32), work / "pairs", work / "old")["already_done"] is True and not caplog.text
    assert train(tiny(48), work / "pairs", work / "old")["went_back_to"] is None
    assert "an earlier version began it; its rate goes on by its own plan (falls from image 16 to 64)" in caplog.text
    train(tiny(48, **own), work / "pairs", work / "whole")
    left, right = files(work / "old"), files(work / "whole")
    for name in ("weights.safetensors", "best.safetensors", "metrics.jsonl", "state/48/state.json"):
        assert left[name] == right[name], name
    with pytest.raises(UsageError, match="decay_start 16, now decay_start 8"):
        train(tiny(96, decay_start=8, decay_end=64, warmup=0), work / "pairs", work / "old")


def test_a_run_of_today_with_a_schedule_of_its_own_needs_it_again(work: Path) -> None:
    train(tiny(8, decay_start=4, decay_end=8), work / "pairs", work / "own")
    with pytest.raises(UsageError, match="decay_end 8, now decay_end None"):
        train(tiny(16), work / "pairs", work / "own")


def test_early_stopping_then_a_larger_budget(
    make: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AdversarialLearner, "measure", lambda *_: {"score": 0.5})
    pairs, run, changes = make(tmp_path / "pairs"), tmp_path / "run", {"sample_every": 8}
    assert train(tiny(FIRST, patience=8, **changes), pairs, run)["stopped_early"] is True
    train(tiny(LAST, **changes), pairs, run)
    train(tiny(LAST, **changes), pairs, tmp_path / "whole")
    left, right = files(run), files(tmp_path / "whole")
    assert {name for name in right if left[name] != right[name]} == set()


def test_a_state_has_the_best_weights(trained: Path) -> None:
    state, best = load_state(trained / "60"), load_weights(trained / "60" / "best.safetensors")
    assert state is not None and state.best.keys() == best.tensors.keys()
    assert all(torch.equal(state.best[name], value) for name, value in best.tensors.items())
