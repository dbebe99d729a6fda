"""Several networks as one colorizer: trained in order or alone, resumed to the byte, drawn from several times."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from watching import contents, damage

from comicdata.cli.main import run as command_line
from comicdata.errors import IntegrityError, UsageError
from comicdata.files import read_jsonl
from comicdata.images import encode_png, read_image
from comicdata.models.colorize import load_colorizer
from comicdata.models.colorize import staged as consistent_module
from comicdata.models.colorize.colorizer import Colorizer
from comicdata.models.colorize.pages import colorize_picture
from comicdata.models.colorize.staged import StagedColorizer
from comicdata.models.colorize.wishes import Wishes
from comicdata.models.runs.checkpoint import load_state, load_weights
from comicdata.models.runs.overrides import resolve_config, resolve_stages
from comicdata.models.runs.settings import MODELS
from comicdata.models.runs.verify import verify_run
from comicdata.models.train import train
from comicdata.models.train.loop import Progress
from comicdata.models.train.stages import independent, train_stages

TINY: dict[str, Any] = {
    "images": 24,
    "batch_size": 4,
    "size": 64,
    "crop": 32,
    "device": "cpu",
    "decay_start": 8,
    "decay_end": 32,
    "log_every": 12,
    "sample_every": 24,
    "save_every": 8,
    "validation_pairs": 2,
}
STAGES = ["low-resolution", "background", "polishing"]
NETWORKS: dict[str, dict[str, Any]] = {
    "consistent": {
        **{"trunk_width": 4, "trunk_depth": 4, "layers": 2, "hidden": 16, "mixtures": 3, "low-resolution.width": 8},
        **{f"{stage}.unet.{name}": value for stage in STAGES[1:] for name, value in (("width", 8), ("depth", 4))},
    },
    "two-step": {
        **{"low-resolution.width": 8, "low-resolution.depth": 4, "low-resolution.discriminator_width": 4},
        **{"polishing.unet.width": 8, "polishing.unet.depth": 4, "polishing.unet.discriminator_width": 4},
    },
}


def tiny(model: str = "consistent", **changes: Any) -> dict[str, Any]:
    return resolve_stages(model, "small", {**TINY, **NETWORKS[model], **changes})


@pytest.fixture(scope="session")
def trained(make: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pairs, and one run of every model of several stages, in one go."""
    folder = tmp_path_factory.mktemp("stages")
    make(folder / "pairs")
    for model in ("consistent", "two-step"):
        train_stages(tiny(model), folder / "pairs", folder / model)
    return folder


@pytest.fixture
def work(trained: Path, tmp_path: Path) -> Path:
    """A copy of it, to do with as one likes."""
    return Path(shutil.copytree(trained, tmp_path / "work"))


def line_art(height: int = 64, width: int = 80) -> np.ndarray:
    outline = np.full((height, width), 255, np.uint8)
    outline[height // 4 : 3 * height // 4, [width // 4, 3 * width // 4]] = 0
    outline[[height // 4, 3 * height // 4], width // 4 : 3 * width // 4] = 0
    return outline


@pytest.mark.parametrize(("model", "stages"), [("consistent", STAGES), ("two-step", [STAGES[0], STAGES[2]])])
def test_the_run_folder_of_stages(trained: Path, model: str, stages: list[str]) -> None:
    run = trained / model
    assert json.loads((run / "config.json").read_bytes()) == {"model": model, "stages": stages}
    for stage in stages:
        names = set(contents(run / "stages" / stage))
        assert {"weights.safetensors", "best.safetensors", "metrics.jsonl", "samples/24.png"} <= names
        assert {"state/24/state.json", "state/16/state.json", "config.json"} <= names
        assert load_weights(run / "stages" / stage).config["stage"] == stage
    found = verify_run(run)
    assert found.pop("checked") > 8 * len(stages) and found == {"missing": [], "changed": [], "orphans": []}


def test_what_each_stage_logs(trained: Path) -> None:
    wanted = {
        "consistent/low-resolution": ({"bits", "guess"}, {"validation_bits"}),
        "consistent/background": ({"l1"}, {"validation_l1", "validation_background_share"}),
        "consistent/polishing": ({"l1"}, {"validation_l1", "validation_l1_off_line"}),
        "two-step/low-resolution": ({"l1", "adversarial", "d_real", "d_fake"}, {"validation_l1"}),
        "two-step/polishing": (
            {"l1", "adversarial", "d_real", "d_fake"},
            {"validation_l1", "validation_l1_off_line"},
        ),
    }
    for place, (losses, judged) in wanted.items():
        model, stage = place.split("/")
        rows = read_jsonl(trained / model / "stages" / stage / "metrics.jsonl")
        assert set(rows[0]) == {"images", "lr"} | losses
        assert set(rows[-1]) == {"images"} | judged


@pytest.mark.parametrize("model", ["consistent", "two-step"])
def test_every_stage_resumes_to_the_byte(trained: Path, tmp_path: Path, model: str) -> None:
    """Each stage alone, stopped twice on its way, beside the run in one go."""
    run = tmp_path / "parts"
    for stage in tiny(model):
        for images in (4, 12, 24):
            train_stages(tiny(model, images=images), trained / "pairs", run, only=stage)
    whole, parts = contents(trained / model), contents(run)
    for name, data in whole.items():
        assert parts[name] == data, name
    assert {name.split("/")[-1] for name in parts.keys() - whole.keys()} == {"4.png", "12.png"}


def test_an_interrupt_leaves_later_stages_untouched(trained: Path, tmp_path: Path) -> None:
    def stop(progress: Progress) -> None:
        if progress.images == 32:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_stages(tiny(), trained / "pairs", tmp_path / "run", on_step=stop)
    state = load_state(tmp_path / "run" / "stages" / "background")
    assert state is not None and state.images == 8
    assert not (tmp_path / "run" / "stages" / "polishing").exists()
    cure = f"go on with: comicdata train consistent --pairs PAIRS --run {tmp_path / 'run'}"
    with pytest.raises(UsageError, match=f"the stage polishing has no weights yet; {re.escape(cure)}"):
        load_colorizer(tmp_path / "run")
    train_stages(tiny(), trained / "pairs", tmp_path / "run")
    whole, resumed = contents(trained / "consistent"), contents(tmp_path / "run")
    assert all(resumed[name] == data for name, data in whole.items())


def test_the_same_command_again_writes_no_byte(work: Path) -> None:
    before = {one: one.stat().st_mtime_ns for one in work.rglob("*") if one.is_file()}
    result = train_stages(tiny(), work / "pairs", work / "consistent")
    assert result["already_done"] is True
    assert result["loss"]["background/l1"] > 0
    assert {one: one.stat().st_mtime_ns for one in work.rglob("*") if one.is_file()} == before


def test_one_count_of_progress_over_all_stages(trained: Path, tmp_path: Path) -> None:
    heard: list[Progress] = []
    said: list[str] = []
    configs = tiny(images=8)
    result = train_stages(configs, trained / "pairs", tmp_path / "run", on_step=heard.append, say=said.append)
    assert [(one.images, one.total) for one in heard] == [(images, 24) for images in (4, 8, 12, 16, 20, 24)]
    assert said[::2] == [f"stage {number} of 3: {stage}" for number, stage in enumerate(STAGES, 1)]
    assert len(said) == 6 and all(one.startswith("learns from ") for one in said[1::2])
    assert (result["images"], result["steps"]) == (24, 6)
    assert list(result["stages"]) == STAGES


def test_which_stages_need_each_other(trained: Path, tmp_path: Path) -> None:
    assert independent(tiny()) == ["low-resolution", "background"]
    assert independent(tiny("two-step")) == ["low-resolution", "polishing"]
    for source in ("sampled", "mix"):
        assert independent(tiny(low_resolution=source)) == ["low-resolution", "background"]
        assert independent(tiny("two-step", low_resolution=source)) == ["low-resolution"]
    with pytest.raises(UsageError, match="train the stage background first"):
        train_stages(tiny(), trained / "pairs", tmp_path / "run", only="polishing")
    with pytest.raises(UsageError, match="train the stage low-resolution first"):
        configs = tiny("two-step", low_resolution="mix")
        train_stages(configs, trained / "pairs", tmp_path / "other", only="polishing")
    with pytest.raises(UsageError, match="two-step has the stages low-resolution, polishing"):
        train_stages(tiny("two-step"), trained / "pairs", tmp_path / "other", only="background")


@pytest.mark.parametrize(("change", "words"), [({"outline": "xdog"}, "canny.*xdog"), ({"size": 128}, "64.*128")])
@pytest.mark.parametrize(("model", "stage"), [("consistent", "background"), ("two-step", "low-resolution")])
def test_stages_of_other_lines_are_not_put_together(
    work: Path, make: Callable[..., Path], model: str, stage: str, change: dict[str, Any], words: str
) -> None:
    """Neither by colorize nor by the training of the stage that reads the other; both stages and the cure are named."""
    name = next(iter(change))
    run, stages = work / model, work / model / "stages"
    pairs = make(work / "large", size=128) if name == "size" else work / "pairs"
    shutil.rmtree(stages / stage)
    train_stages(tiny(model, images=4, **change), pairs, run, only=stage)
    expected = rf"the stage polishing has {name} {words.replace('.*', f', but {stage} was trained with {name} ')};"
    with pytest.raises(UsageError, match=rf"{expected}.*\(--{name}\)"):
        load_colorizer(run)
    shutil.rmtree(stages / "polishing")
    source = {"low_resolution": "sampled"} if stage == "low-resolution" else {}
    with pytest.raises(UsageError, match=expected):
        train_stages(tiny(model, images=4, **source), work / "pairs", run, only="polishing")
    train_stages(tiny(model, images=4, **source, **change), pairs, run, only="polishing")


@pytest.mark.parametrize(("source", "said"), [("truth", True), ("mix", False)])
def test_train_says_what_can_run_at_the_same_time_and_nothing_else(
    trained: Path, tmp_path: Path, source: str, said: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    options = {name: value for name, value in {**TINY, **NETWORKS["two-step"], "images": 4}.items() if name != "device"}
    words = [word for name, value in options.items() for word in ("--set", f"{name}={value}")]
    command = ["train", "two-step", "--pairs", str(trained / "pairs"), "--run", str(tmp_path), "--device", "cpu"]
    assert command_line([*command, "--low-resolution", source, *words]) == 0
    assert ("need nothing of each other" in capsys.readouterr().err) == said


@pytest.mark.parametrize("source", ["sampled", "mix"])
@pytest.mark.parametrize("model", ["consistent", "two-step"])
def test_polishing_learns_from_drawn_pictures_too(work: Path, model: str, source: str) -> None:
    shutil.rmtree(work / model / "stages" / "polishing")
    configs = tiny(model, low_resolution=source, images=8)
    result = train_stages(configs, work / "pairs", work / model, only="polishing")
    assert result["images"] == 8
    facts = json.loads((work / model / "stages" / "polishing" / "state" / "8" / "state.json").read_bytes())
    assert set(facts["sources"]) == {"low-resolution"} | ({"background"} if model == "consistent" else set())


def test_polishing_with_a_discriminator(work: Path) -> None:
    shutil.rmtree(work / "consistent" / "stages" / "polishing")
    configs = tiny(images=8, weight_adversarial=1.0)
    result = train_stages(configs, work / "pairs", work / "consistent", only="polishing")
    assert {"polishing/l1", "polishing/adversarial", "polishing/d_real"} <= set(result["loss"])


def test_a_replaced_stage_is_said_and_used(work: Path, caplog: pytest.LogCaptureFixture) -> None:
    stages = work / "consistent" / "stages"
    shutil.rmtree(stages / "background")
    train_stages(tiny(seed=7), work / "pairs", work / "consistent", only="background")
    train_stages(tiny(images=28), work / "pairs", work / "consistent", only="polishing")
    words = "the stage background changed since; this one reads what is made there, and starts again"
    assert words in caplog.text
    state = load_state(stages / "polishing")
    assert state is not None
    assert state.facts["sources"]["background"] == load_weights(stages / "background").header["tensors_sha256"]


def test_other_options_of_one_stage_are_refused_by_name(work: Path) -> None:
    with pytest.raises(
        UsageError, match=r"stages/background: trained with network\.unet\.width 8, now network\.unet\.w"
    ):
        train_stages(tiny(**{"background.unet.width": 16}), work / "pairs", work / "consistent", only="background")


def test_a_folder_holds_one_model(work: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds a run of consistent, not of two-step"):
        train_stages(tiny("two-step"), work / "pairs", work / "consistent")
    whole = resolve_config("pix2pix", "small", {"images": 4, "size": 64, "crop": 64, "width": 4, "batch_size": 4})
    with pytest.raises(UsageError, match="holds a run of consistent, in stages"):
        train(whole, work / "pairs", work / "consistent")
    train(whole, work / "pairs", tmp_path / "pix2pix")
    with pytest.raises(UsageError, match="holds a run of pix2pix, not of consistent"):
        train_stages(tiny(), work / "pairs", tmp_path / "pix2pix")


def test_options_that_no_stage_has(trained: Path) -> None:
    with pytest.raises(UsageError, match="option speed: consistent has no such option"):
        tiny(speed=3)
    with pytest.raises(UsageError, match="stage sketch: consistent has the stages"):
        resolve_config("consistent", "small", stage="sketch")
    with pytest.raises(UsageError, match=r"several: low-resolution\.kernel, background\.unet\.kernel, "):
        tiny(kernel=3)
    assert tiny(**{"low-resolution.kernel": 3})["low-resolution"].network.kernel == 3  # type: ignore[attr-defined]


@pytest.mark.parametrize("preset", ["small", "paper", "authors"])
@pytest.mark.parametrize("model", ["consistent", "two-step"])
def test_presets_of_every_stage_fit_together(model: str, preset: str) -> None:
    for stage, config in resolve_stages(model, preset).items():
        assert config.crop % config.network.multiple == 0
        assert config.size % max(one.networks[preset].multiple for one in MODELS[model].values()) == 0
        assert (config.model, config.stage, config.preset) == (model, stage, preset)


@pytest.mark.parametrize("shape", [(64, 64), (37, 5), (150, 90), (3, 400), (300, 70)])
@pytest.mark.parametrize("model", ["consistent", "two-step"])
def test_any_size_in_is_the_size_out(trained: Path, model: str, shape: tuple[int, int]) -> None:
    (made,) = load_colorizer(trained / model).paint(line_art(*shape))
    assert made.image.shape == (*shape, 3)
    assert made.layers["low-resolution"].shape == (*shape, 3)
    assert ("background" not in made.layers) == (model == "two-step")
    if model != "two-step":
        assert made.layers["background"].shape == shape
        assert set(np.unique(made.layers["background"])) <= {0, 255}


@pytest.mark.parametrize("model", ["consistent", "two-step"])
def test_samples_differ_and_seeds_decide_them(trained: Path, model: str) -> None:
    colorizer = load_colorizer(trained / model)
    four = colorizer.paint(line_art(), Wishes(samples=4, seed=3))
    assert len({one.image.tobytes() for one in four}) == 4
    again = colorizer.paint(line_art(), Wishes(samples=4, seed=3))
    assert all(np.array_equal(one.image, other.image) for one, other in zip(four, again, strict=True))
    others = colorizer.paint(line_art(), Wishes(samples=4, seed=4))
    assert not np.array_equal(four[-1].image, others[-1].image)


def everywhere(colorizer: Colorizer, score: float) -> None:
    """Make the detector say background (score above 0) or foreground of every pixel."""
    assert isinstance(colorizer, StagedColorizer) and colorizer.detector is not None
    bias = colorizer.detector.unet.up[-1][1].bias
    with torch.no_grad():
        bias[3:] = torch.tensor([-score, score])


def test_the_colour_of_the_background_counts_only_on_the_background(trained: Path) -> None:
    colorizer = load_colorizer(trained / "consistent")
    blue, red = (0, 0, 255), (255, 0, 0)
    everywhere(colorizer, -50.0)
    one, other = (colorizer.paint(line_art(), Wishes(background=color))[0] for color in (blue, red))
    assert np.array_equal(one.image, other.image)
    assert one.layers["background"].max() == 0
    everywhere(colorizer, 50.0)
    one, other = (colorizer.paint(line_art(), Wishes(background=color))[0] for color in (blue, red))
    assert not np.array_equal(one.image, other.image)
    assert one.layers["background"].min() == 255


def test_the_drawn_background_is_replaced_by_its_mean(trained: Path) -> None:
    """On background everywhere, small pictures of the same mean give the same picture."""
    colorizer = load_colorizer(trained / "consistent")
    assert isinstance(colorizer, StagedColorizer)
    everywhere(colorizer, 50.0)
    small = torch.rand(1, 3, 8, 8) - 0.5
    made = []
    for drawn in (small, small.flip(2), small + 0.3):
        colorizer._draw = lambda lines, samples, seed, drawn=drawn: drawn  # type: ignore[method-assign, misc]
        made.append(colorizer.colorize(line_art(64, 64)))
    assert np.abs(made[0].astype(int) - made[1]).max() <= 1
    assert np.abs(made[0].astype(int) - made[2]).max() > 1


def test_a_model_of_one_stage_refuses_both(trained: Path, tmp_path: Path) -> None:
    whole = resolve_config("pix2pix", "small", {"images": 4, "size": 64, "crop": 64, "width": 4, "batch_size": 4})
    train(whole, trained / "pairs", tmp_path / "run")
    colorizer = load_colorizer(tmp_path / "run")
    with pytest.raises(UsageError, match="--samples; palette, two-step and consistent do"):
        colorizer.paint(line_art(), Wishes(samples=2))
    with pytest.raises(UsageError, match="--background; palette and consistent do"):
        colorizer.paint(line_art(), Wishes(background=(1, 2, 3)))
    with pytest.raises(UsageError, match="two-step knows nothing of --background"):
        load_colorizer(trained / "two-step").paint(line_art(), Wishes(background=(1, 2, 3)))


def test_a_damaged_stage_is_found(work: Path) -> None:
    path = work / "consistent" / "stages" / "background" / "weights.safetensors"
    damage(path, -1)
    assert verify_run(work / "consistent")["changed"] == ["stages/background/weights.safetensors"]
    with pytest.raises(IntegrityError, match="weights damaged"):
        load_colorizer(work / "consistent")


def test_pages_carry_samples_and_layers(trained: Path) -> None:
    colorizer = load_colorizer(trained / "consistent")
    rgb = np.repeat(line_art()[..., None], 3, axis=2)
    result = colorize_picture(colorizer, rgb, Wishes(samples=3))
    assert result is not None
    assert len(result.images) == 3 and np.array_equal(result.image, result.images[0])
    assert {name: layer.shape for name, layer in result.layers.items()} == {
        "background": rgb.shape[:2],
        "low-resolution": rgb.shape,
    }


def test_the_commands(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "line.png").write_bytes(encode_png(line_art()))
    words = ["colorize", str(trained / "consistent"), str(tmp_path / "line.png"), "--out", str(tmp_path / "out")]
    assert command_line([*words, "--samples", "2", "--background", "#88ccee", "--layers", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["outputs"]
    out = tmp_path / "out"
    assert row["output"] == (out / "line.png").as_posix() and [one.name for one in out.glob("*.png")] == ["line.png"]
    assert row["samples"] == [(out / "samples" / f"line-{number}.png").as_posix() for number in (1, 2)]
    assert sorted(row["layers"]) == ["background", "colours", "lines", "low-resolution"]
    assert row["layers"]["lines"] == (out / "layers" / "line.lines.png").as_posix()
    assert (read_image(out / "samples" / "line-1.png") == read_image(out / "line.png")).all()
    assert read_image(out / "samples" / "line-2.png").shape == (64, 80, 3)
    assert command_line([*words, "--background", "sky"]) == 2
    assert "a colour looks like #88ccee" in capsys.readouterr().err
    pairs, run = str(trained / "pairs"), str(tmp_path / "run")
    assert command_line(["train", "pix2pix", "--pairs", pairs, "--run", run, "--stage", "background"]) == 2
    assert command_line(["train", "consistent", "--pairs", pairs, "--run", run, "--dry-run"]) == 0
    assert "low-resolution on 40000 images, background on 6400" in " ".join(capsys.readouterr().err.split())
    wrong = ["train", "two-step", "--pairs", pairs, "--run", run, "--dry-run", "--stage", "background"]
    assert command_line(wrong) == 2
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("model", ["consistent", "two-step"])
def test_many_panels_together_are_painted_as_each_alone(trained: Path, model: str) -> None:
    colorizer = load_colorizer(trained / model, "cpu")
    panels = [line_art(64, 64), np.full((64, 64), 255, np.uint8), line_art(64, 64)[::-1].copy(), line_art(32, 64)]
    for few in (panels[:3], panels):  # the last is of another size, so none goes with another
        together = colorizer.colorize_many(few, Wishes(seed=5))
        for outline, found in zip(few, together, strict=True):
            alone = colorizer.colorize(outline, Wishes(seed=5))
            assert found.shape == alone.shape
            assert np.abs(found.astype(int) - alone).mean() < 0.5  # rounding may tip a level
    assert np.abs(together[0].astype(int) - together[1]).mean() > 1


@pytest.mark.parametrize("model", ["consistent", "two-step"])
def test_many_samples_go_through_the_polishing_network_a_few_at_a_time(
    trained: Path, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    colorizer = load_colorizer(trained / model, "cpu")
    seen: list[int] = []
    colorizer.network.register_forward_pre_hook(lambda network, given: seen.append(len(given[0])))
    at_once = colorizer.paint(line_art(64, 64), Wishes(samples=5, seed=3))
    assert seen == [5]
    few_at_once = []
    for pixels in (2 * 64 * 64, 1):
        monkeypatch.setattr(consistent_module, "PIXELS", pixels)
        few_at_once.append(colorizer.paint(line_art(64, 64), Wishes(samples=5, seed=3)))
    assert seen[1:] == [2, 2, 1, 1, 1, 1, 1, 1]
    panels = [line_art(64, 64), line_art(64, 64)[::-1].copy()]
    alone = [colorizer.colorize(outline, Wishes(seed=3)) for outline in panels]
    for made in few_at_once:
        for one, other in zip(at_once, made, strict=True):
            assert np.abs(one.image.astype(int) - other.image).max() <= 1  # rounding may tip a level
            for name, layer in one.layers.items():
                assert np.array_equal(layer, other.layers[name])
    for one, other in zip(alone, colorizer.colorize_many(panels, Wishes(seed=3)), strict=True):
        assert np.abs(one.astype(int) - other).mean() < 0.5


def _raise(error: Exception) -> None:
    raise error


DOT = np.zeros((1, 1), np.uint8)  # OpenCV is asked for 4 TiB around it
FAILURES = {
    "cuda": (lambda: _raise(torch.OutOfMemoryError("CUDA out of memory")), 8, "comicdata: out of memory "),
    "cpu": (lambda: torch.empty(2**52), 8, "comicdata: out of memory "),
    "numpy": (lambda: np.empty(2**52), 8, "comicdata: out of memory "),
    "opencv": (lambda: cv2.copyMakeBorder(DOT, *[2**20] * 4, 0), 8, "comicdata: out of memory "),
    "other": (lambda: torch.ones(2, 3) @ torch.ones(2, 3), 1, "a bug: RuntimeError: mat1 and mat2"),
}


@pytest.mark.parametrize("kind", FAILURES)
@pytest.mark.parametrize("command", ["colorize", "evaluate"])
def test_out_of_memory_is_no_bug(
    trained: Path, tmp_path: Path, kind: str, command: str, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    fails, status, words = FAILURES[kind]
    monkeypatch.setattr(StagedColorizer, "_finish", lambda *_: fails())
    (tmp_path / "line.png").write_bytes(encode_png(line_art()))
    given = {"colorize": [str(tmp_path / "line.png")], "evaluate": ["--pairs", str(trained / "pairs")]}[command]
    assert command_line([command, str(trained / "consistent"), *given, "--out", str(tmp_path / "out"), "-q"]) == status
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1
    assert ("line.png" in said) == (command == "colorize" and status == 8)
    assert ("--device cpu" in said) == (status == 8)


def test_like_panels_do_not_get_like_random_numbers(trained: Path) -> None:
    colorizer = load_colorizer(trained / "consistent", "cpu")
    one = line_art(64, 64)
    other = one.copy()
    other[-1, -1] ^= 1
    same, again, fresh = (colorizer.colorize(outline).astype(int) for outline in (one, one, other))
    assert (same == again).all() and np.abs(same - fresh).mean() > 0.5


@pytest.mark.parametrize("model", ["consistent", "two-step"])
def test_stages_are_evaluated_as_one_colorizer(trained: Path, model: str, tmp_path: Path) -> None:
    arguments = ["evaluate", str(trained / model), "--pairs", str(trained / "pairs"), "--out", str(tmp_path), "-q"]
    assert command_line(arguments) == 0
    first = {path.name: path.read_bytes() for path in tmp_path.glob("[!.]*")}
    assert set(first) == {"test.json", "test.jsonl", "test.png"}
    assert json.loads(first["test.json"])["model_name"] == model
    assert command_line(arguments) == 0
    assert first == {path.name: path.read_bytes() for path in tmp_path.glob("[!.]*")}


def test_a_stage_alone_is_no_colorizer(trained: Path) -> None:
    with pytest.raises(UsageError, match="only the stage background of consistent"):
        load_colorizer(trained / "consistent" / "stages" / "background")


def files(run: Path) -> dict[str, bytes]:
    return {name: data for name, data in contents(run).items() if not name.endswith(".lock")}


def by_budget(images: int, **changes: Any) -> dict[str, Any]:
    """Rates that fall over the last fifth."""
    return tiny(decay_start=None, decay_end=None, warmup=8, images=images, **changes)


@pytest.mark.parametrize("source", ["truth", "mix"])
def test_every_stage_grows_and_one_that_reads_another_starts_again(
    trained: Path, tmp_path: Path, source: str, caplog: pytest.LogCaptureFixture
) -> None:
    pairs, run = trained / "pairs", tmp_path / "run"
    first, last = by_budget(20, low_resolution=source), by_budget(40, low_resolution=source)
    train_stages(first, pairs, run)
    assert "changed since" not in caplog.text
    finished = files(run)

    def stop(progress: Progress) -> None:
        if progress.images == 92:  # of polishing 12
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_stages(last, pairs, run, on_step=stop)
    for name in ("weights.safetensors", "best.safetensors"):
        assert files(run)[f"stages/polishing/{name}"] == finished[f"stages/polishing/{name}"]
        assert files(run)[f"stages/background/{name}"] != finished[f"stages/background/{name}"]
    found = verify_run(run)
    assert not (found["missing"] or found["changed"] or found["orphans"])
    result = train_stages(last, pairs, run)
    read = "stages background and low-resolution" if source == "mix" else "stage background"
    assert caplog.text.count(f"the {read} changed since") == 1
    assert [one["already_done"] for one in result["stages"].values()] == [True, True, False]
    train_stages(last, pairs, tmp_path / "whole")
    assert files(run) == files(tmp_path / "whole")
    assert train_stages(last, pairs, run)["already_done"] is True


def test_a_stage_that_moved_makes_a_finished_one_start_again(work: Path) -> None:
    """With the same budget: what was finished was made of other pictures."""
    run = work / "consistent"
    before = files(run)
    shutil.rmtree(run / "stages" / "background")
    train_stages(tiny(seed=7), work / "pairs", run, only="background")
    result = train_stages(tiny(), work / "pairs", run, only="polishing")
    assert result["already_done"] is False
    state = load_state(run / "stages" / "polishing")
    assert (
        state is not None
        and state.facts["sources"]["background"] == load_weights(run / "stages" / "background").header["tensors_sha256"]
    )
    assert files(run)["stages/polishing/weights.safetensors"] != before["stages/polishing/weights.safetensors"]
    assert train_stages(tiny(), work / "pairs", run, only="polishing")["already_done"] is True
