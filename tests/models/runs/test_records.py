"""Weights, states and records of a run that say what cannot be: one line with the file, and what is whole loads."""

import json
import shutil
from contextlib import suppress

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from comicdata.cli.html.run import evaluations, page, training
from comicdata.errors import IntegrityError
from comicdata.files import seal
from comicdata.models.runs.checkpoint import State, load_state, load_weights, save_state, save_weights
from comicdata.models.runs.folder import check_same_run
from comicdata.models.runs.load import load_network
from comicdata.models.runs.overrides import resolve_config
from comicdata.models.runs.records import read_config, read_metrics
from comicdata.models.runs.settings import options
from comicdata.outlines import Outlines
from comicdata.reading.text import plain

CPU = torch.device("cpu")
SETTINGS = resolve_config("pix2pix", "small", {"width": 8, "depth": 2, "crop": 64, "discriminator_width": 8})


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A file of weights of a tiny network, never trained."""
    path = tmp_path_factory.mktemp("weights") / "weights.safetensors"
    torch.manual_seed(0)
    tensors = SETTINGS.network.build().state_dict()
    save_weights(path, tensors, {"config": plain(options(SETTINGS)) | {"outlines": Outlines().values()}, "images": 8})
    return path


def with_header(path, out, change):
    """The same tensors under another header."""
    with safe_open(path, framework="pt") as file:
        header, tensors = file.metadata()["comicdata"], {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    text = change(header)
    with suppress(ValueError, RecursionError):
        value = json.loads(text)
        text = json.dumps(seal(value)) if isinstance(value, dict) else text
    save_file(tensors, out, {"comicdata": text})
    return out


def test_whole_weights_load(weights, tmp_path):
    network, found = load_network(weights, CPU)
    assert found.header["images"] == 8 and not next(network.parameters()).requires_grad
    deep = with_header(
        weights, tmp_path / "w.safetensors", lambda text: text[:-1] + ',"note":' + "[" * 50 + "]" * 50 + "}"
    )
    assert load_weights(deep).tensors.keys() == found.tensors.keys()


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
def test_weights_that_are_not_finite_are_refused(value, weights, tmp_path):
    tensors = dict(load_weights(weights).tensors)
    name = sorted(tensors)[3]
    tensors[name] = tensors[name].clone()
    tensors[name].view(-1)[0] = value
    save_weights(tmp_path / "w.safetensors", tensors, {"config": {}})
    with pytest.raises(IntegrityError, match=rf"w\.safetensors: {name} holds weights that are not finite"):
        load_weights(tmp_path / "w.safetensors")


def test_the_largest_finite_weights_and_none_at_all_pass(tmp_path):
    largest = torch.finfo(torch.float32).max
    tensors = {"a": torch.full((2,), largest), "half": torch.ones(1, dtype=torch.float16), "none": torch.zeros(0)}
    save_weights(tmp_path / "w.safetensors", tensors, {"config": {}})
    assert load_weights(tmp_path / "w.safetensors").tensors["a"].tolist() == [largest] * 2


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", "{}", "[" * 100_000, '{"format": NaN}', '{"format": "x", "tensors_sha256": 5, "config": {}}'],
)
def test_headers_that_are_none_are_one_line(text, weights, tmp_path):
    with pytest.raises(IntegrityError, match=r"w\.safetensors: not weights that comicdata wrote \(header: .+\)"):
        load_weights(with_header(weights, tmp_path / "w.safetensors", lambda _: text))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"size":256', '"size":0'),
        ('"size":256', '"size":true'),
        ('"size":256', '"size":"256"'),
        ('"outline":"canny"', '"outline":null'),
        ('"model":"pix2pix"', '"model":["pix2pix"]'),
        ('"width":8', '"width":4096'),
        ('"width":8', '"width":8.0'),
        ('"depth":2', '"depth":1000000000'),
        ('"kernel":4', '"kernel":-4'),
        ('"sigma":0.4', '"sigma":1e300'),
        ('"sigma":0.4', '"sigma":"thin"'),
    ],
)
def test_options_of_weights_that_cannot_be_are_one_line(old, new, weights, tmp_path):
    def change(text):
        assert old in text
        return text.replace(old, new)

    with pytest.raises(IntegrityError, match="do not fit their own description"):
        load_network(with_header(weights, tmp_path / "w.safetensors", change), CPU)


FACTS = {"window": {"l1": [3.5, 2]}, "loss": {"l1": 1}, "validation": {"l1": None}, "best": None, "metrics_bytes": 0}


@pytest.mark.parametrize(
    "change",
    [{"images": "48"}, {"images": None}, {"window": {"l1": 5}}, {"loss": []}, {"metrics_bytes": True}, {"best": "x"}],
)
def test_a_state_of_odd_facts_is_passed_over_and_said(change, tmp_path, caplog):
    save_state(tmp_path, State(8, FACTS, {"a": torch.ones(1)}))
    save_state(tmp_path, State(16, FACTS, {"a": torch.ones(1)}))
    path = tmp_path / "state" / "16" / "state.json"
    values = json.loads(path.read_bytes()) | change
    del values["sha256"]
    path.write_text(json.dumps(seal(values)))  # by somebody who knows how
    shutil.copytree(tmp_path / "state" / "8", tmp_path / "state" / "²")
    state = load_state(tmp_path)
    assert state is not None and (state.images, state.facts) == (8, FACTS)
    assert f"state.json: {next(iter(change))}" in caplog.text


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([], "an object is expected"),
        ({"options": []}, "options: an object"),
        ({"stages": "all", "model": "consistent"}, "stages: a list"),
        ({"images": 8, "data_hash": 5, "options": {}}, "data_hash: a text"),
        ({"model": None}, "model: a text"),
    ],
)
def test_an_odd_config_names_its_fault(value, words, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(value))
    for read in (read_config, page):
        with pytest.raises(IntegrityError, match=r"config\.json: .*take it from a copy") as caught:
            read(tmp_path)
        assert words in str(caught.value)
    with pytest.raises(IntegrityError, match=r"config\.json: damaged, and no weights .*train into another run folder"):
        check_same_run(tmp_path, {}, "")


def test_a_config_with_more_in_it_is_read(tmp_path):
    value = {"images": 8, "data_hash": "ab", "series": [], "options": {"model": "pix2pix", "size": 2**40}, "later": [1]}
    (tmp_path / "config.json").write_text(json.dumps(value))
    assert read_config(tmp_path) == value and "pix2pix" in page(tmp_path)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{}", "images: missing"),
        ('{"images": "8"}', "images: a number"),
        ("[8]", "JSON object"),
        ('{"images": NaN}', "NaN"),
        ('{"images": 8, "l1": 1e999}', "1e999"),
    ],
)
def test_odd_lines_of_metrics_are_named(line, words, tmp_path):
    (tmp_path / "metrics.jsonl").write_text(f'{{"images": 8, "l1": 0.5}}\n{line}\n')
    with pytest.raises(IntegrityError, match=r"metrics\.jsonl:2: ") as caught:
        training(tmp_path)
    assert words in str(caught.value)


def test_metrics_of_other_kinds_are_passed_over(tmp_path):
    (tmp_path / "metrics.jsonl").write_text('{"images": 8, "l1": null, "note": "x", "ok": true}\n\n{"images": 16.0}\n')
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples" / "².png").write_bytes(b"no picture of ours")
    assert len(read_metrics(tmp_path)) == 2 and "Nothing logged yet" in training(tmp_path)


@pytest.mark.parametrize(
    "value", [[], {}, {"panels": 1, "split": "test", "model": 5}, {"panels": 1, "split": "x", "model": {}}]
)
def test_an_odd_evaluation_is_one_line(value, tmp_path):
    (tmp_path / "test.json").write_text(json.dumps(value))
    with pytest.raises(IntegrityError, match=r"test\.json: not what comicdata evaluate writes"):
        evaluations(tmp_path)
