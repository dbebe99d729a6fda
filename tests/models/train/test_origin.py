"""Training that starts from weights that exist: what it takes over, that it goes on exactly, whose series it knows."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from watching import contents

from comicdata.errors import ComicDataError, IntegrityError, UsageError
from comicdata.files import read_json, seal, write_json
from comicdata.forgotten import runs_trained_on
from comicdata.models.networks.palette import PaletteConfig
from comicdata.models.runs.checkpoint import load_weights, save_weights
from comicdata.models.runs.origin import find_origin, find_origins
from comicdata.models.runs.overrides import resolve_config, resolve_stages
from comicdata.models.runs.settings import TrainConfig
from comicdata.models.runs.verify import verify_run
from comicdata.models.train import train
from comicdata.models.train.stages import train_stages

TINY: dict[str, Any] = {
    **{"images": 8, "batch_size": 4, "size": 64, "crop": 64, "width": 8, "colors": 8, "device": "cpu"},
    **{"log_every": 4, "sample_every": 100, "save_every": 4, "validation_pairs": 1, "outline": "canny"},
}
DISC, NEGATIVE = (230, 120, 90), (25, 135, 165)
OF_COLOURS = {"palette", "share", "flatness", "head.weight", "listener.mood.0.weight", "listener.change.bias"}


def tiny(model: str = "palette", **changes: Any) -> TrainConfig:
    return resolve_config(model, "small", {**TINY, **changes})


@pytest.fixture(scope="module")
def place(
    make: Callable[..., Path], panel: Callable[[int, int], Any], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Pairs of two comics, and a run on the first."""
    folder = tmp_path_factory.mktemp("origin")
    make(folder / "first", series=lambda number: f"old{number % 2}")
    make(folder / "second", series=lambda number: "mine", picture=lambda *which: 255 - panel(*which))
    train(tiny(), folder / "first", folder / "base")
    return folder


def test_all_but_what_knows_the_colours_is_taken_over(place: Path) -> None:
    base = load_weights(place / "base").tensors
    config = tiny()
    origin = find_origin(place / "base", config)
    names = {name for name, _ in config.network.build().named_parameters()}
    assert names - {*origin.tensors} >= OF_COLOURS
    assert {"stem.0.weight", "up.0.0.weight", "listener.near.0.weight"} <= {*origin.tensors}
    assert all((value == base[name]).all() for name, value in origin.tensors.items())
    assert origin.series == ("test/old0", "test/old1")
    assert "palette is made anew" in origin.words and "all else is taken over" in origin.words
    kept = find_origin(place / "base", config, keep_palette=True)
    assert {*kept.tensors} == names and "its palette is kept" in kept.words


def test_the_first_step_has_the_weights_and_the_colours_of_the_new_pairs(place: Path, tmp_path: Path) -> None:
    """At a rate of nearly nothing one step leaves the weights where they were."""
    still = tiny(images=4, lr=1e-12, warmup=0, seed=1)
    origins = [find_origin(place / "base", still, keep_palette=kept) for kept in (False, True)]
    for name, origin in zip(("own", "same"), origins, strict=True):
        train(still, place / "second", tmp_path / name, origin=origin)
        made = load_weights(tmp_path / name).tensors
        assert all(torch.allclose(made[part], value, atol=1e-9) for part, value in origin.tensors.items())
    own, same, base = (load_weights(run).tensors for run in (tmp_path / "own", tmp_path / "same", place / "base"))
    assert not torch.allclose(own["head.weight"], base["head.weight"], atol=1e-3)
    assert distance(same, DISC) <= 2 < 20 < distance(own, DISC)
    assert distance(own, NEGATIVE) <= 2 < 20 < distance(same, NEGATIVE)


def distance(tensors: dict[str, torch.Tensor], color: tuple[int, int, int]) -> float:
    """How far the nearest colour of a palette is: the largest difference of a channel."""
    return float((tensors["palette"] - torch.tensor(color)).abs().amax(dim=1).min())


def test_n_then_resume_equals_2n_and_needs_the_origin_no_more(place: Path, tmp_path: Path) -> None:
    config = tiny(images=16)
    origin = find_origin(place / "base", config)
    train(config, place / "second", tmp_path / "whole", origin=origin)
    train(tiny(images=8), place / "second", tmp_path / "parts", origin=origin)
    train(config, place / "second", tmp_path / "parts")
    parts, whole = contents(tmp_path / "parts"), contents(tmp_path / "whole")
    for name in ("weights.safetensors", "best.safetensors", "config.json", "metrics.jsonl", "palette.gpl"):
        assert parts[name] == whole[name], name
    plain = tmp_path / "plain"
    train(config, place / "second", plain)
    assert contents(plain)["weights.safetensors"] != whole["weights.safetensors"]
    assert not verify_run(tmp_path / "parts")["changed"]


def test_the_run_knows_the_series_of_the_one_that_it_came_from(place: Path, tmp_path: Path) -> None:
    config = tiny()
    train(config, place / "second", tmp_path / "child", origin=find_origin(place / "base", config))
    train(tiny(images=16), place / "second", tmp_path / "child")
    train(config, place / "first", tmp_path / "grandchild", origin=find_origin(tmp_path / "child", config))
    assert read_json(tmp_path / "child" / "config.json")["series"] == ["test/mine", "test/old0", "test/old1"]
    for name, wanted in (("old0", {"child", "grandchild", "base"}), ("mine", {"child", "grandchild"})):
        found = runs_trained_on([tmp_path, place / "base"], ("test", name), frozenset())
        assert {Path(one["run"]).name for one in found if one["trained_on_it"]} == wanted
    (tmp_path / "child" / "config.json").unlink()  # the weights still say it, wherever they are
    (tmp_path / "child" / "best.safetensors").rename(tmp_path / "shared.safetensors")
    for name, wanted in (("old0", {"child/weights", "grandchild", "shared"}), ("other", set())):
        found = runs_trained_on([tmp_path], ("test", name), frozenset())
        places = {Path(one["run"]).relative_to(tmp_path).as_posix() for one in found if one["trained_on_it"] is True}
        assert {one.removesuffix(".safetensors") for one in places} == wanted


def test_a_lost_config_is_written_again_with_the_series_of_both(place: Path, tmp_path: Path) -> None:
    config, run = tiny(), tmp_path / "run"
    train(config, place / "second", run, origin=find_origin(place / "base", config))
    before = contents(run)
    for data in (None, b"{"):
        (run / "config.json").unlink()
        if data is not None:
            (run / "config.json").write_bytes(data)
        assert find_origin(run, config).series == ("test/mine", "test/old0", "test/old1")
        assert train(config, place / "second", run)["already_done"] and contents(run) == before


def test_weights_of_an_earlier_version_do_not_say_the_series(place: Path, tmp_path: Path) -> None:
    config, run = tiny(), tmp_path / "run"
    origin = find_origin(place / "base", config)
    train(config, place / "second", run, origin=origin)
    before = contents(run)["config.json"]
    for name in ("weights.safetensors", "best.safetensors"):
        weights = load_weights(run / name)
        header = {key: value for key, value in weights.header.items() if key != "series"}
        save_weights(run / name, weights.tensors, header)
    (run / "config.json").unlink()
    with pytest.raises(IntegrityError, match="no longer says which series the run knows; say --from as when"):
        train(config, place / "second", run)
    train(config, place / "second", run, origin=origin)
    assert contents(run)["config.json"] == before


def test_another_beginning_than_that_of_the_run_is_refused(place: Path, tmp_path: Path) -> None:
    config, run = tiny(), tmp_path / "run"
    origin = find_origin(place / "base", config)
    train(config, place / "second", run, origin=origin)
    shutil.copytree(place / "base", tmp_path / "moved")
    train(tiny(images=12), place / "first", tmp_path / "moved")
    later = find_origin(tmp_path / "moved", config)
    with pytest.raises(UsageError, match="from other weights than those that --from names now; leave --from out"):
        train(tiny(images=12), place / "second", run, origin=later)
    with pytest.raises(UsageError, match="with the palette made anew, not kept"):
        train(config, place / "second", run, origin=find_origin(place / "base", config, keep_palette=True))
    with pytest.raises(UsageError, match="begun without --from"):
        train(config, place / "first", place / "base", origin=origin)
    shutil.rmtree(run / "state")
    (run / "weights.safetensors").unlink()
    with pytest.raises(ComicDataError):
        train(config, place / "second", run)


def test_parts_that_options_add_start_afresh_and_those_that_they_lack_are_left_out(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PaletteConfig, "optional_parts", {"attention": "look."})
    more = tiny(attention=True)
    origin = find_origin(place / "base", more)
    assert "attention start afresh: it has none" in origin.words
    train(more, place / "second", tmp_path / "more", origin=origin)
    back = find_origin(tmp_path / "more", tiny())
    assert "its attention are left out" in back.words and not [
        name for name in back.tensors if name.startswith("look.")
    ]


@pytest.mark.parametrize(
    ("config", "kept", "said"),
    [
        (
            tiny("pix2pix", width=4, depth=4, discriminator_width=4, colors=None),
            False,
            "weights of palette; pix2pix starts",
        ),
        (tiny(width=16), False, r"width 8 there, 16 here\); train with --set width=8"),
        (tiny(colors=16), True, r"colors 8 there, 16 here"),
    ],
)
def test_weights_that_do_not_fit_are_refused(place: Path, config: TrainConfig, kept: bool, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        find_origin(place / "base", config, keep_palette=kept)


def test_another_number_of_colours_is_no_hindrance_where_they_are_found_anew(place: Path, tmp_path: Path) -> None:
    config = tiny(colors=12)
    train(config, place / "second", tmp_path / "run", origin=find_origin(place / "base", config))
    assert load_weights(tmp_path / "run").tensors["palette"].shape == (12, 3)


def test_a_run_without_weights_or_without_its_series_is_no_beginning(place: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no weights here"):
        find_origin(place / "first", tiny())
    shutil.copytree(place / "base", tmp_path / "old")
    config = read_json(tmp_path / "old" / "config.json")
    del config["series"]
    write_json(tmp_path / "old" / "config.json", seal(config))
    with pytest.raises(UsageError, match="does not say which series it was trained on"):
        find_origin(tmp_path / "old", tiny())


def test_stages_start_from_their_own_kind(place: Path, tmp_path: Path) -> None:
    small = {**TINY, "images": 4, "polishing.unet.width": 4, "low-resolution.width": 4}
    small = {name: value for name, value in small.items() if name not in ("width", "colors")}
    configs = resolve_stages("two-step", "small", small)
    train_stages(configs, place / "first", tmp_path / "base")
    origins = find_origins(tmp_path / "base", configs)
    assert {*origins} == {"low-resolution", "polishing"}
    train_stages(configs, place / "second", tmp_path / "own", origins=origins)
    for stage in origins:
        said = read_json(tmp_path / "own" / "stages" / stage / "config.json")
        assert said["series"] == ["test/mine", "test/old0", "test/old1"]
        assert (
            said["options"]["from"]["weights"]
            == load_weights(tmp_path / "base" / "stages" / stage).header["tensors_sha256"]
        )
    with pytest.raises(UsageError, match="--keep-palette: two-step has none"):
        find_origins(tmp_path / "base", configs, keep_palette=True)
