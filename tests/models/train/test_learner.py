"""One step: in parts, in several processes, in bfloat16; samples that share a batch do not hear of each other."""

import copy
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from comicdata.errors import DivergedError, UsageError
from comicdata.files import read_jsonl
from comicdata.models.data.pairs import Batch, PairDataset, Sampling, make_batch
from comicdata.models.networks.pix2pix import ColorizerConfig, PatchGAN, UNet
from comicdata.models.runs.checkpoint import load_weights
from comicdata.models.runs.overrides import resolve_config
from comicdata.models.train import train
from comicdata.models.train.learners import AdversarialLearner
from comicdata.models.train.parallel import joined

TINY: dict[str, Any] = {
    "size": 64,
    "crop": 32,
    "width": 4,
    "depth": 4,
    "dropout": 0.0,
    "discriminator_width": 4,
    "batch_size": 8,
    "adversarial_start": 0,
    "decay_end": 0,
    "device": "cpu",
}


def learner_of(**changes: Any) -> AdversarialLearner:
    config = resolve_config("auto-painter", "small", {**TINY, **changes})
    return AdversarialLearner(config, torch.device("cpu"), Path("run"))


@pytest.fixture
def batch(pairs: Path) -> Batch:
    return make_batch(PairDataset(pairs, "train", 64), Sampling(0, 32, hints=True), images=0, count=8)


def gradients(learner: AdversarialLearner, batch: Batch) -> tuple[dict[str, float], dict[str, Tensor]]:
    """Of one step by plain descent, which hides no gradient as Adam's first step does."""
    for name, network in learner.networks.items():
        learner.optimizers[name] = torch.optim.SGD(network.parameters(), 1e-3)  # type: ignore[assignment]
    losses = learner.step(batch, 0)
    found = {
        f"{name}.{key}": parameter.grad
        for name, network in learner.networks.items()
        for key, parameter in network.named_parameters()
        if parameter.grad is not None
    }
    return losses, found


def test_no_gradient_is_longer_than_clip(batch: Batch) -> None:
    free, clipped = (gradients(learner_of(clip=clip), batch)[1] for clip in (0.0, 0.5))
    for name in ("generator", "discriminator"):
        lengths = [torch.cat([one.ravel() for key, one in found.items() if key.startswith(name)]).norm()
                   for found in (free, clipped)]  # fmt: skip
        assert lengths[0] > 0.6 and lengths[1] == pytest.approx(0.5, rel=1e-3), name


@pytest.mark.parametrize("norm", ["group", "instance"])
def test_a_batch_in_parts_has_the_gradients_of_the_whole(batch: Batch, norm: str) -> None:
    whole, expected = gradients(learner_of(norm=norm, discriminator_norm=norm), batch)
    parts, found = gradients(learner_of(norm=norm, discriminator_norm=norm, accumulate=4), batch)
    assert parts == pytest.approx(whole, rel=1e-4)
    assert found.keys() == expected.keys() and any(name.startswith("discriminator") for name in found)
    largest = max(float(value.abs().max()) for value in expected.values())
    for name, value in expected.items():  # a bias before a normalisation has rounding for a gradient
        assert torch.allclose(found[name], value, rtol=1e-3, atol=1e-5 * largest), name


@pytest.mark.parametrize("norm", ["group", "instance", "none"])
def test_samples_of_a_batch_do_not_hear_of_each_other(norm: Any) -> None:
    """In training and in use alike; with batch normalisation both would fail."""
    torch.manual_seed(0)
    config = ColorizerConfig(width=4, depth=4, hints=True, norm=norm, discriminator_norm=norm, dropout=0.0)
    generator, judge = UNet(config), PatchGAN(config)
    inputs, color = torch.randn(3, 5, 32, 32), torch.randn(3, 3, 32, 32)
    together, logits = generator(inputs), judge(inputs, color)
    for index in range(3):
        one = slice(index, index + 1)
        assert torch.allclose(generator(inputs[one]), together[one], atol=1e-4)
        assert torch.allclose(judge(inputs[one], color[one]), logits[one], atol=1e-4)
    assert torch.allclose(copy.deepcopy(generator).eval()(inputs), together, atol=1e-6)


def test_bfloat16_stays_finite_and_close(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    changes = {"weight_feature": 0.1, "random_vgg": True}
    exact = learner_of(**changes).step(batch, 0)
    monkeypatch.setattr(AdversarialLearner, "autocast", lambda self: torch.autocast("cpu", torch.bfloat16))
    learner = learner_of(**changes)
    first = learner.step(batch, 0)
    assert first != exact  # it did run in another precision
    assert first == pytest.approx(exact, rel=0.1)
    for images in (8, 16, 24):
        assert all(np.isfinite(list(learner.step(batch, images).values())))
    assert all(bool(value.isfinite().all()) for value in learner.tensors().values())
    assert all(parameter.dtype == torch.float32 for parameter in learner.generator.parameters())


def test_a_loss_that_is_not_finite_names_a_few_of_many_pairs(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    terms = {"l1": torch.tensor(torch.nan, requires_grad=True)}
    monkeypatch.setattr("comicdata.models.train.learners.generator_terms", lambda *_, **__: terms)
    many = replace(batch, ids=tuple(f"p{number}" for number in range(len(batch.ids))))
    monkeypatch.setattr("comicdata.models.train.learner.NAMED", 3)
    with pytest.raises(DivergedError, match=r"the loss l1 is nan after 0 images, at the pairs p0, p1, p2 and 5 more;"):
        learner_of().step(many, 0)


def test_weights_that_are_not_finite_are_never_handed_out() -> None:
    learner = learner_of()
    next(learner.average.parameters()).data[0] = torch.inf
    with pytest.raises(DivergedError, match="no longer finite"):
        learner.weights()
    with pytest.raises(DivergedError, match="no longer finite"):
        learner.tensors()


def test_compiled_networks_keep_their_names(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, compiled = learner_of(), []

    def compile_(network: torch.nn.Module) -> Callable[..., Any]:
        compiled.append(type(network).__name__)
        return lambda *inputs: network(*inputs)

    monkeypatch.setattr(torch, "compile", compile_)
    learner = learner_of(compile=True)
    assert learner.step(batch, 0) == plain.step(batch, 0)
    assert compiled == ["UNet", "PatchGAN"]
    assert learner.tensors().keys() == plain.tensors().keys()


@pytest.mark.slow
def test_really_compiled(batch: Batch) -> None:
    assert learner_of(compile=True).step(batch, 0) == pytest.approx(learner_of().step(batch, 0), rel=1e-3)


def test_more_processes_than_gpus_are_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"TORCHELASTIC_RUN_ID": "x", "LOCAL_RANK": "2"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with (
        pytest.raises(UsageError, match="process 3 on a machine of 2 GPUs; take --nproc-per-node 2"),
        joined(torch.device("cuda")),
    ):
        raise AssertionError("joined without a GPU")


def test_two_processes_learn_what_one_does(make: Callable[..., Path], tmp_path: Path) -> None:
    """torchrun, gloo: losses and weights of a run agree with those of one process."""
    pairs, script = make(tmp_path / "pairs"), tmp_path / "two.py"
    changes = {**TINY, "images": 48, "log_every": 8, "save_every": 24, "sample_every": 24, "validation_pairs": 1}
    script.write_text(
        "import json, sys, torch\n"
        "from pathlib import Path\n"
        "from comicdata.models.train import resolve_config, train\n"
        "torch.set_num_threads(1)\n"
        "for images in (24, 48):  # and goes on exactly\n"
        "    options = json.loads(sys.argv[1]) | {'images': images}\n"
        "    train(resolve_config('auto-painter', 'small', options), Path(sys.argv[2]), Path(sys.argv[3]))\n"
        "options = json.loads(sys.argv[4])\n"
        "train(resolve_config('palette', 'small', options), Path(sys.argv[2]), Path(sys.argv[3] + '-palette'))\n"
    )
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(script)]
    chooser = {name: changes[name] for name in ("size", "batch_size", "device", "validation_pairs")}
    chooser |= {"crop": 64, "images": 16, "log_every": 16, "colors": 8, "width": 8}
    words = [json.dumps(changes), str(pairs), str(tmp_path / "two"), json.dumps(chooser)]
    done = subprocess.run(
        [*launch, *words],
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    train(resolve_config("auto-painter", "small", changes), pairs, tmp_path / "one")
    one, two = (read_jsonl(tmp_path / name / "metrics.jsonl") for name in ("one", "two"))
    assert [row["images"] for row in two] == [row["images"] for row in one]
    for left, right in zip(one, two, strict=True):
        assert right == pytest.approx(left, rel=2e-3, abs=1e-4)
    expected, found = (load_weights(tmp_path / name).tensors for name in ("one", "two"))
    for name in (name for name in expected if name.endswith(".weight")):
        assert float((found[name] - expected[name]).norm() / expected[name].norm()) < 0.02, name
    assert sorted(path.name for path in (tmp_path / "two" / "samples").iterdir()) == ["24.png", "48.png"]
    train(
        resolve_config("palette", "small", chooser), pairs, tmp_path / "one-palette"
    )  # targets are drawn by each alone
    one, two = (load_weights(tmp_path / f"{name}-palette").tensors for name in ("one", "two"))
    assert torch.equal(one["palette"], two["palette"]) and not torch.equal(one["head.weight"], two["head.weight"])
    one, two = (read_jsonl(tmp_path / f"{name}-palette" / "metrics.jsonl")[0] for name in ("one", "two"))
    for name in ("palette", "told"):  # of 16 samples with dots drawn anew
        assert two[name] == pytest.approx(one[name], rel=0.3)
