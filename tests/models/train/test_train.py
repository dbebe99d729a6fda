"""A run stops anywhere and goes on exactly; what does not fit together is refused by name."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from watching import contents, damage

from comicdata.cli.html.run import page
from comicdata.errors import DivergedError, IntegrityError, LockedError, ResourceError, UsageError
from comicdata.files import locked, read_jsonl, write_json
from comicdata.models.colorize import load_colorizer
from comicdata.models.runs.checkpoint import drop_old_states, load_state, load_weights
from comicdata.models.runs.overrides import resolve_config
from comicdata.models.runs.verify import verify_run
from comicdata.models.train import loop, train
from comicdata.models.train.learners import AdversarialLearner
from comicdata.models.train.loop import Progress, TrainConfig
from comicdata.outlines import Outlines
from comicdata.pairs.manifest import read_rows, write_manifest

TINY: dict[str, Any] = {
    "images": 48,
    "batch_size": 4,
    "size": 64,
    "crop": 32,
    "width": 4,
    "depth": 4,
    "dropout": 0.5,
    "discriminator_width": 4,
    "device": "cpu",
    "decay_start": 16,
    "decay_end": 64,
    "adversarial_start": 12,
    "log_every": 12,
    "sample_every": 24,
    "save_every": 16,
    "validation_pairs": 2,
}
JUDGED = ("l1", "psnr", "l1_off_line", "psnr_off_line", "l1_foreground", "colourfulness_ratio", "score")
FINAL = ("weights.safetensors", "best.safetensors", "metrics.jsonl", "config.json", "samples/48.png")


def tiny(**changes: Any) -> TrainConfig:
    return resolve_config("auto-painter", "small", {**TINY, **changes})


@pytest.fixture(scope="session")
def trained(make: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 48 images in one go."""
    folder = tmp_path_factory.mktemp("trained")
    train(tiny(), make(folder / "pairs"), folder / "run")
    return folder / "run"


@pytest.fixture
def whole(trained: Path, tmp_path: Path) -> Path:
    """A copy of it, to do with as one likes."""
    return Path(shutil.copytree(trained, tmp_path / "whole"))


def stop_at(images: int) -> Callable[[Progress], None]:
    def stop(progress: Progress) -> None:
        if progress.images == images:
            raise KeyboardInterrupt

    return stop


def same(one: Path, other: Path) -> None:
    left, right = contents(one), contents(other)
    for name in (*FINAL, "state/48/tensors.safetensors", "state/48/state.json"):
        assert left[name] == right[name], name


def test_the_run_folder(whole: Path) -> None:
    names = set(contents(whole))
    assert {*FINAL, "state/32/state.json", "state/48/tensors.safetensors"} <= names
    assert not any(name.startswith("state/16") for name in names)
    rows = read_jsonl(whole / "metrics.jsonl")
    assert [row["images"] for row in rows] == [12, 24, 24, 36, 48, 48]
    assert set(rows[-2]) == {"images", "lr", "l1", "tv", "adversarial", "d_real", "d_fake"}
    assert set(rows[0]) == {"images", "lr", "l1", "tv"}
    judged = {f"validation_{name}" for name in JUDGED}
    assert set(rows[-1]) == {"images", *judged}
    weights = load_weights(whole)
    assert weights.header["images"] == 48
    assert weights.config["network"]["width"] == 4
    assert weights.header["data_hash"] == json.loads((whole / "config.json").read_bytes())["data_hash"]


@pytest.mark.parametrize("first", [24, 28])
def test_n_then_resume_equals_2n(pairs: Path, whole: Path, tmp_path: Path, first: int) -> None:
    """28 lies between two log lines and between two states."""
    run = tmp_path / "parts"
    assert train(tiny(images=first - 1), pairs, run)["images"] == first
    result = train(tiny(), pairs, run)
    assert (result["images"], result["steps"], result["already_done"]) == (48, 12, False)
    same(run, whole)


@pytest.mark.parametrize("how", ["callback", "signal"])
def test_an_interrupt_saves_at_the_border_of_a_step(pairs: Path, whole: Path, tmp_path: Path, how: str) -> None:
    def stop(progress: Progress) -> None:
        if progress.images == 20:
            if how == "callback":
                raise KeyboardInterrupt
            os.kill(os.getpid(), signal.SIGTERM)

    run = tmp_path / "stopped"
    with pytest.raises(KeyboardInterrupt):
        train(tiny(), pairs, run, on_step=stop)
    assert (run / "weights.safetensors").is_file()
    state = load_state(run)
    assert state is not None and state.images == 20
    train(tiny(), pairs, run)
    same(run, whole)


def test_kill_9_in_the_middle(pairs: Path, whole: Path, tmp_path: Path) -> None:
    run, script = tmp_path / "killed", tmp_path / "killed.py"
    script.write_text(
        "import json, os, signal, sys\n"
        "from pathlib import Path\n"
        "from comicdata.models.train import resolve_config, train\n"
        "def kill(progress):\n"
        "    if progress.images == 40:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "options = json.loads(sys.argv[1])\n"
        "train(resolve_config('auto-painter', 'small', options), Path(sys.argv[2]), Path(sys.argv[3]), on_step=kill)\n"
    )
    command = [sys.executable, str(script), json.dumps(TINY), str(pairs), str(run)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    assert subprocess.run(command, cwd=tmp_path, env=environment, check=False).returncode == -signal.SIGKILL
    assert len(read_jsonl(run / "metrics.jsonl")) == 4
    with (run / "metrics.jsonl").open("ab") as file:
        file.write(b'{"images": 4')  # as a write cut short leaves it
    train(tiny(), pairs, run)
    same(run, whole)


def test_the_same_command_again_writes_no_byte(pairs: Path, whole: Path) -> None:
    before = {one: (one.stat().st_mtime_ns, one.read_bytes()) for one in whole.rglob("*") if one.is_file()}
    result = train(tiny(), pairs, whole)
    after = {one: (one.stat().st_mtime_ns, one.read_bytes()) for one in whole.rglob("*") if one.is_file()}
    assert result["already_done"] is True
    assert result["loss"]["l1"] > 0
    assert after == before


def test_other_options_are_refused_by_name(pairs: Path, whole: Path) -> None:
    before = contents(whole)
    with pytest.raises(UsageError, match=r"lr 0\.002, now lr 0\.001"):
        train(tiny(lr=1e-3), pairs, whole)
    with pytest.raises(UsageError, match=r"network\.width 4, now network\.width 8"):
        train(tiny(width=8, images=96), pairs, whole)
    assert contents(whole) == before


def test_other_data_is_refused(pairs: Path, whole: Path) -> None:
    rows = read_rows(pairs)
    write_manifest(pairs, rows[1:])
    with pytest.raises(IntegrityError, match="the pairs changed"):
        train(tiny(images=96), pairs, whole)


def test_a_damaged_newest_state_falls_back(
    pairs: Path, whole: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = tmp_path / "damaged"
    train(tiny(images=32), pairs, run)
    path = run / "state" / "32" / "tensors.safetensors"
    damage(path, -5)
    train(tiny(), pairs, run)
    assert "state/32/tensors.safetensors: damaged" in caplog.text
    same(run, whole)


def test_a_half_written_state_is_passed_over(pairs: Path, whole: Path, caplog: pytest.LogCaptureFixture) -> None:
    (whole / "state" / "48" / "state.json").unlink()
    state = load_state(whole)
    assert state is not None and state.images == 32
    assert "half-written" in caplog.text


@pytest.fixture(scope="module")
def old(make: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state of 16 images of the same run."""
    folder = tmp_path_factory.mktemp("old")
    train(tiny(images=16), make(folder / "pairs"), folder / "run")
    return folder / "run" / "state" / "16"


@pytest.mark.parametrize("left", [("state.json", "tensors.safetensors"), ("state.json",), ()])
def test_what_a_killed_training_left_of_an_old_state_goes(
    left: tuple[str, ...], old: Path, pairs: Path, whole: Path
) -> None:
    before = contents(whole)
    (whole / "state" / "16").mkdir()
    for name in left:
        shutil.copy(old / name, whole / "state" / "16")
    train(tiny(), pairs, whole)
    assert contents(whole) == before and not (whole / "state" / "16").exists()


def test_an_old_state_stays_where_a_later_one_is_not_whole_or_holds_a_persons_file(
    old: Path, pairs: Path, whole: Path
) -> None:
    shutil.copytree(old, whole / "state" / "16")
    (whole / "state" / "48" / "tensors.safetensors").unlink()
    drop_old_states(whole, 32, kept=None, due=lambda images: True)  # the newest that is good
    assert load_state(whole) and (whole / "state" / "16" / "tensors.safetensors").is_file()
    train(tiny(), pairs, whole)
    assert not (whole / "state" / "16").exists()
    shutil.copytree(old, whole / "state" / "16")
    (whole / "state" / "16" / "mine.txt").write_text("mine")
    train(tiny(), pairs, whole)
    assert [path.name for path in (whole / "state" / "16").iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("moved", ["samples", "state", "state/48"])
def test_a_run_is_not_written_through_a_link(moved: str, pairs: Path, whole: Path, tmp_path: Path) -> None:
    (whole / moved).rename(tmp_path / "moved")
    (whole / moved).symlink_to(tmp_path / "moved")
    before = contents(tmp_path / "moved")
    with pytest.raises(UsageError, match="a link leads there"):
        train(tiny(images=64), pairs, whole)
    assert contents(tmp_path / "moved") == before
    (whole / moved).unlink()
    (tmp_path / "moved").rename(whole / moved)
    (tmp_path / "linked").symlink_to(whole)  # the run itself may be one
    assert train(tiny(), pairs, tmp_path / "linked")["already_done"]


def test_all_states_damaged(whole: Path) -> None:
    for path in whole.glob("state/*/state.json"):
        path.write_text('{"images": 32}')
    with pytest.raises(IntegrityError, match="no older state is left"):
        load_state(whole)


def test_lost_files_of_a_run(pairs: Path, whole: Path) -> None:
    shutil.copy(whole / "weights.safetensors", whole / "kept")
    (whole / "weights.safetensors").unlink()
    train(tiny(), pairs, whole)
    assert (whole / "weights.safetensors").read_bytes() == (whole / "kept").read_bytes()


def lose_config(run: Path, how: str) -> None:
    path = run / "config.json"
    if how == "missing":
        path.unlink()
    else:
        path.write_bytes(b"{" if how == "torn" else path.read_bytes().replace(b'"batch_size": 4', b'"batch_size": 2'))


@pytest.mark.parametrize("how", ["missing", "torn", "edited"])
def test_a_lost_config_is_written_again_out_of_the_weights(
    pairs: Path, whole: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    before = contents(whole)
    lose_config(whole, how)
    found = verify_run(whole)
    assert [*found["missing"], *found["changed"]] == ["config.json"]
    assert found["cures"] == ["the same train command makes it again"]
    with pytest.raises(UsageError, match="trained with batch_size 4, now batch_size 8"):
        train(tiny(batch_size=8), pairs, whole)
    assert train(tiny(), pairs, whole)["already_done"] is True
    assert contents(whole) == before and "config.json: was missing or damaged; written again" in caplog.text


@pytest.mark.parametrize("how", ["missing", "torn", "edited"])
def test_a_lost_config_of_which_no_weights_tell_has_one_cure(pairs: Path, whole: Path, how: str) -> None:
    lose_config(whole, how)
    (whole / "weights.safetensors").unlink()
    damage(whole / "best.safetensors")
    cure = "take it from a copy, or train into another run folder"
    with pytest.raises(IntegrityError, match=rf"config\.json: .* no weights .*; {cure}$"):
        train(tiny(), pairs, whole)
    assert verify_run(whole)["cures"][0] == cure


def test_a_run_that_is_not_finished_says_so_once(pairs: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    run, words = tmp_path / "run", "trained to 20 of 48 images; the same train command goes on"
    with pytest.raises(KeyboardInterrupt):
        train(tiny(), pairs, run, on_step=stop_at(20))
    caplog.clear()
    load_colorizer(run)
    assert [record.getMessage() for record in caplog.records] == [f"{run}: {words}"]
    assert words in page(run)
    train(tiny(), pairs, run)
    caplog.clear()
    load_colorizer(run)
    assert not caplog.records and "the same train command" not in page(run)


def test_few_windows_are_said_to_be_few(
    pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Six: said by default, not where five are enough; nor where nothing is left to do."""
    words = "6 windows to learn from are too few to colour anything but them"
    train(tiny(images=4), pairs, tmp_path / "run")
    assert caplog.text.count(words) == 1
    train(tiny(images=4), pairs, tmp_path / "run")
    monkeypatch.setattr(loop, "FEW", 6)
    train(tiny(images=4), pairs, tmp_path / "other")
    assert caplog.text.count(words) == 1


def test_where_validation_was_best_is_returned(
    make: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = iter([0.25, 0.5, 0.25, 0.5])
    monkeypatch.setattr(AdversarialLearner, "measure", lambda *_: {"score": next(scores)})
    validated, alone = make(tmp_path / "pairs"), make(tmp_path / "alone", validation=0)
    assert train(tiny(), validated, tmp_path / "run")["best_at"] == 24
    assert train(tiny(), alone, tmp_path / "other")["best_at"] is None


def test_another_model_in_the_same_folder_is_named(pairs: Path, whole: Path) -> None:
    with pytest.raises(UsageError, match="trained as auto-painter, now pix2pix; take another run folder"):
        train(resolve_config("pix2pix", "small", TINY), pairs, whole)


def test_divergence_names_the_pairs_and_keeps_the_last_good_state(
    pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = AdversarialLearner.step

    def blown(self: AdversarialLearner, batch: Any, images: int) -> dict[str, float]:
        if images == 12:
            next(self.generator.parameters()).data.mul_(1e30)
        return step(self, batch, images)

    monkeypatch.setattr(AdversarialLearner, "step", blown)
    with pytest.raises(DivergedError, match=r"p000\d") as caught:
        train(tiny(save_every=4), pairs, tmp_path / "run")
    assert "nan" in str(caught.value)
    state = load_state(tmp_path / "run")
    assert state is None or all(bool(tensor.isfinite().all()) for tensor in state.tensors.values())


def _raise(error: Exception) -> None:
    raise error


@pytest.mark.parametrize(
    "fails",
    [lambda: _raise(torch.OutOfMemoryError("CUDA out of memory")), lambda: torch.empty(2**52)],
    ids=["cuda", "cpu"],
)
def test_out_of_memory_says_what_to_try(
    pairs: Path, tmp_path: Path, fails: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    train(tiny(images=16), pairs, tmp_path / "run")
    monkeypatch.setattr(AdversarialLearner, "step", lambda *_: fails())
    with pytest.raises(ResourceError, match=r"4 images of 32 pixels.*--accumulate 2.*--batch-size 2 and another run"):
        train(tiny(), pairs, tmp_path / "run")
    with pytest.raises(ResourceError, match=r"1 images of 32 pixels.*smaller --size"):
        train(tiny(batch_size=1), pairs, tmp_path / "single")
    monkeypatch.undo()
    assert train(tiny(accumulate=2), pairs, tmp_path / "run")["images"] == 48  # the cure works


def test_other_errors_are_not_taken_for_memory(pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    error = RuntimeError("mat1 and mat2 shapes cannot be multiplied")
    monkeypatch.setattr(AdversarialLearner, "step", lambda *_: _raise(error))
    with pytest.raises(RuntimeError, match="mat1"):
        train(tiny(), pairs, tmp_path / "run")


@pytest.fixture
def no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    """Validation is best at its second measurement."""
    scores = {8: 0.9, 16: 0.5}
    step = AdversarialLearner.step
    seen = {"images": 0}

    def counted(self: AdversarialLearner, batch: Any, images: int) -> dict[str, float]:
        seen["images"] = images + 4
        return step(self, batch, images)

    monkeypatch.setattr(AdversarialLearner, "step", counted)
    monkeypatch.setattr(AdversarialLearner, "measure", lambda *_: {"score": scores.get(seen["images"], 0.7)})


@pytest.mark.usefixtures("no_progress")
def test_training_ends_early_and_goes_on_exactly(pairs: Path, tmp_path: Path) -> None:
    changes = {"sample_every": 8, "images": 48}
    run, whole = tmp_path / "run", tmp_path / "whole"
    result = train(tiny(patience=16, **changes), pairs, run)
    assert (result["images"], result["stopped_early"]) == (32, True)
    assert load_weights(run / "best.safetensors").header["images"] == 16
    again = train(tiny(patience=16, **changes), pairs, run)
    assert (again["already_done"], again["stopped_early"], again["images"]) == (True, True, 32)
    assert train(tiny(patience=0, **changes), pairs, run)["images"] == 48
    assert train(tiny(patience=0, **changes), pairs, whole)["stopped_early"] is False
    left, right = contents(run), contents(whole)
    for name in ("weights.safetensors", "metrics.jsonl", "state/48/tensors.safetensors", "state/48/state.json"):
        assert left[name] == right[name], name


def test_device_is_stored_as_asked_and_may_change(pairs: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    train(tiny(device="auto", images=8), pairs, run)
    assert json.loads((run / "config.json").read_bytes())["options"]["device"] == "auto"
    assert train(tiny(device="cpu", images=16), pairs, run)["images"] == 16
    assert json.loads((run / "config.json").read_bytes())["options"]["device"] == "cpu"


def test_a_run_records_how_its_outlines_were_drawn_and_an_older_one_goes_on(pairs: Path, tmp_path: Path) -> None:
    run, drawn = tmp_path / "run", Outlines.of_presets("fine", "classic")
    write_json(pairs / "card.json", {"options": drawn.values()})
    train(tiny(images=8), pairs, run)
    assert load_colorizer(run).outlines == drawn
    config = json.loads((run / "config.json").read_bytes())
    del config["options"]["outlines"]
    write_json(run / "config.json", config)
    assert train(tiny(images=16), pairs, run)["images"] == 16
    (pairs / "card.json").write_text('{"options": []}')
    with pytest.raises(IntegrityError, match=r"card\.json: damaged"):
        train(tiny(images=24), pairs, run)


def test_a_batch_that_cannot_be_cut_is_refused(pairs: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="accumulate 3: does not divide the batch size, 4"):
        tiny(accumulate=3)
    with pytest.raises(UsageError, match="line_jitter 2"):
        tiny(line_jitter=2.0)


def test_hints_jitter_and_mixed_outlines_resume_exactly(pairs: Path, tmp_path: Path) -> None:
    changes = {"hints": True, "line_jitter": 0.5, "outline": "mix", "upsampling": "resize", "accumulate": 2}
    for images in (20, 48):
        train(tiny(**changes, images=images), pairs, tmp_path / "parts")
    train(tiny(**changes), pairs, tmp_path / "whole")
    same(tmp_path / "parts", tmp_path / "whole")


def test_tensorboard_has_every_row(pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[tuple[str, float, int]] = []

    class SummaryWriter:
        def __init__(self, folder: str) -> None:
            assert folder == str(tmp_path / "run" / "tensorboard")

        def add_scalar(self, name: str, value: float, images: int) -> None:
            rows.append((name, value, images))

        def flush(self) -> None:
            return

    fake = types.ModuleType("torch.utils.tensorboard")
    fake.SummaryWriter = SummaryWriter  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", fake)
    train(tiny(images=24), pairs, tmp_path / "run", tensorboard=True)
    expected = [
        (name, value, row["images"])
        for row in read_jsonl(tmp_path / "run" / "metrics.jsonl")
        for name, value in row.items()
        if name != "images"
    ]
    assert rows == expected and rows
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(UsageError, match=r"pip install 'comicdata\[tensorboard\]'"):
        train(tiny(images=48), pairs, tmp_path / "run", tensorboard=True)


def test_a_missing_picture_stops_the_run(pairs: Path, tmp_path: Path) -> None:
    next((pairs / "64" / "train" / "color").rglob("*.png")).unlink()
    with pytest.raises(IntegrityError, match="comicdata verify"):
        train(tiny(), pairs, tmp_path / "run")


def test_another_run_in_the_same_folder(pairs: Path, tmp_path: Path) -> None:
    with locked(tmp_path / "run"), pytest.raises(LockedError):
        train(tiny(), pairs, tmp_path / "run")


def test_without_validation_the_train_pairs_are_shown(make: Callable[..., Path], tmp_path: Path) -> None:
    pairs = make(tmp_path / "other", train=3, validation=0)
    train(tiny(images=8), pairs, tmp_path / "run")
    assert {"best.safetensors", "samples/8.png"} <= set(contents(tmp_path / "run"))


def test_outside_the_main_thread(pairs: Path, tmp_path: Path) -> None:
    thread = threading.Thread(target=train, args=(tiny(images=8), pairs, tmp_path / "run"))
    thread.start()
    thread.join()
    assert (tmp_path / "run" / "weights.safetensors").is_file()


def test_four_panels_are_learned_by_heart(make: Callable[..., Path], tmp_path: Path) -> None:
    pairs = make(tmp_path / "four", train=4, validation=0)
    changes = {"images": 480, "crop": 64, "width": 16, "dropout": 0.0, "adversarial_start": 10_000, "sample_every": 480}
    config = tiny(**changes, decay_start=None, decay_end=0, log_every=40, save_every=480, lr=4e-3)
    assert train(config, pairs, tmp_path / "run")["images"] == 480
    losses = [row["l1"] for row in read_jsonl(tmp_path / "run" / "metrics.jsonl") if "l1" in row]
    assert losses[-1] < 10 < losses[0]  # 100 times the mean difference in [-1, 1]
