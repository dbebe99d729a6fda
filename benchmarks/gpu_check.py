"""What a GPU does with this program: speed beside a plain step, equality with the CPU, a training, a kill and a resume.

python benchmarks/gpu_check.py OUT        (make gpu-check: 8 minutes at most on one GPU, needs only the repository)
TINY=1 python benchmarks/gpu_check.py OUT (20 seconds on a CPU, without compile: whether the check itself works)

Writes OUT/gpu-check.json, OUT/gpu-check.md, and OUT/auto-painter.html with the curve and samples of the training. A
check that fails is a row that says so; the others go on, and the exit status is 1.
"""

import os
import platform
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from train_step import make_pairs, our_step, plain_step, timed

from comicdata.cli.main import run as comicdata
from comicdata.files import write_atomic, write_json
from comicdata.models.data.pairs import PairDataset, Sampling, batches
from comicdata.models.networks.options import NetworkOptions
from comicdata.models.networks.palette import NEVER
from comicdata.models.networks.pixelcnn import PRESETS, LowResolutionColorizer
from comicdata.models.networks.polishing import PolishingConfig
from comicdata.models.runs.checkpoint import load_weights
from comicdata.models.runs.overrides import resolve_config, resolve_stages
from comicdata.models.runs.settings import MODELS
from comicdata.models.train import Progress, train

TOLERANCE = 2e-3  # largest difference between CPU and GPU, float32 without TF32, where outputs lie in [-1, 1]
RESUMED = 2e-2  # likewise of weights after a resume: sums on a GPU come in no fixed order


@dataclass(frozen=True)
class Scale:
    """How much is done. `steps`: (pixels, batch)."""

    preset: str
    steps: tuple[tuple[int, int], ...]
    rounds: int
    compiled: bool
    painter_s: float
    painter_images: int
    painter: dict[str, object]
    samples: int
    drawn: int
    episodes: int


FULL = Scale("paper", ((256, 16), (512, 4)), 20, True, 120, 10**6, {"batch_size": 8, "size": 512}, 4000, 16, 8)
TINY = Scale("small", ((256, 1),), 1, False, 20, 8, {"batch_size": 4, "size": 256, "crop": 64, "width": 4}, 64, 2, 3)


@dataclass(frozen=True)
class Row:
    """One figure, or a check that failed."""

    check: str
    what: str
    value: float | None
    unit: str
    note: str = ""
    failed: bool = False


@dataclass(frozen=True)
class Place:
    """Where and with what the checks run. `pairs` holds the drawn comic at the size of the painter."""

    out: Path
    device: torch.device
    scale: Scale
    pairs: Path


def steps(place: Place) -> Iterator[Row]:
    """A step of ours (bfloat16 on a GPU, channels last, compiled) beside the plain one in float32, in turns."""
    scale, device = place.scale, place.device
    for size, batch in scale.steps:
        made = {"plain float32": plain_step(batch, device, size=size), "ours": our_step(batch, device, size)}
        if scale.compiled:
            made["ours, compiled"] = our_step(batch, device, size, compiled=True)
        seconds: dict[str, list[float]] = {name: [] for name in made}
        for number in range(scale.rounds + 3 * scale.compiled):
            for name, step in made.items():
                seconds[name].append(timed(step, device))
                if number < 3 * scale.compiled:
                    seconds[name].clear()  # warming up
        for name in made:
            ratio = statistics.median(a / b for a, b in zip(seconds["plain float32"], seconds[name], strict=True))
            speed = batch / statistics.median(seconds[name])
            yield Row("step", f"{size} px, batch {batch}: {name}", speed, "images/s", f"{ratio:.2f}x plain")


def loader(place: Place) -> Iterator[Row]:
    """The loader alone, pictures in memory, to hold beside the steps."""
    size = int(str(place.scale.painter["size"]))
    data = PairDataset(place.pairs, "train", size)
    pinned = place.device.type == "cuda"
    for count in (len(data), place.scale.samples):  # the first goes through all to decode them
        begun = time.perf_counter()
        for _ in batches(data, Sampling(0, size, hints=True), start=0, stop=count, batch_size=8, pinned=pinned):
            pass
    yield Row("loader", f"{size} px with hints", count / (time.perf_counter() - begun), "samples/s")


def inputs_of(options: NetworkOptions, side: int) -> list[Tensor]:
    """Random inputs of a network."""
    random = torch.Generator().manual_seed(1)
    channels = getattr(options, "inputs", 1)
    if isinstance(options, PolishingConfig):
        channels = options.unet.inputs
    outline = torch.rand(1, channels, side, side, generator=random) * 2 - 1
    small = torch.rand(1, 3, side // 8, side // 8, generator=random) * 2 - 1
    return [outline, small] if options in PRESETS.values() else [outline]


def outputs_of(network: nn.Module, inputs: list[Tensor]) -> Tensor:
    made = network(*inputs)
    values = torch.cat([one.flatten() for one in (made if isinstance(made, tuple) else (made,))]).float().cpu()
    return values[values > NEVER / 2]  # what can never be chosen would hide all differences


@torch.inference_mode()
def equality(place: Place) -> Iterator[Row]:
    """Every network on the CPU and on the GPU, the same weights and inputs, float32 without TF32."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    for model in MODELS:
        presets = next(iter(MODELS[model].values())).networks
        preset = place.scale.preset if place.scale.preset in presets else list(presets)[-1]
        for stage, config in resolve_stages(model, preset, random_vgg_of(model, place)).items():
            torch.manual_seed(0)
            network = config.network.build().eval()
            inputs = inputs_of(config.network, max(64, config.network.multiple))
            plain = outputs_of(network, inputs)
            moved = network.to(place.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
            there = outputs_of(moved, [one.to(place.device) for one in inputs])
            difference = float((plain - there).abs().max() / max(1.0, float(plain.abs().max())))
            name = f"{model} {stage}".strip()
            yield Row("equality", name, difference, "", f"at most {TOLERANCE}", failed=not difference <= TOLERANCE)
    torch.backends.cudnn.allow_tf32 = True


def random_vgg_of(model: str, place: Place) -> dict[str, object]:
    """No weights can be had here: random ones stand in for VGG16's, and are said."""
    return {"random_vgg": True} if model == "auto-painter" and place.scale.preset != "small" else {}


def painter(place: Place) -> Iterator[Row]:
    """auto-painter for two minutes; its page has the curve of the losses and samples."""
    begun = time.monotonic()
    scale, run = place.scale, place.out / "auto-painter"
    every = {"log_every": 80 if scale.compiled else 4, "sample_every": 800 if scale.compiled else 8, "seed": 1}
    options = {**scale.painter, **every, **random_vgg_of("auto-painter", place)}
    options |= {"images": scale.painter_images, "save_every": 2000, "device": place.device.type, "validation_pairs": 4}
    last: list[Progress] = []

    def on_step(progress: Progress) -> None:
        last[:] = [progress]
        if time.monotonic() - begun > scale.painter_s:
            raise KeyboardInterrupt

    with suppress(KeyboardInterrupt):  # its time is over; the state is saved
        train(resolve_config("auto-painter", scale.preset, options), place.pairs, run, on_step=on_step)
    page = place.out / "auto-painter.html"
    page.unlink(missing_ok=True)
    shown = comicdata(["show", str(run), "--out", str(page), "--quiet"])
    vgg = "random VGG16 weights" if "random_vgg" in options else "no VGG16"
    words = f"{last[0].images} images in {time.monotonic() - begun:.0f} s, {vgg}; see {page.name}"
    yield Row("auto-painter", scale.preset, last[0].images_per_s, "images/s", words, failed=shown != 0)
    for name, value in last[0].losses.items():
        yield Row("auto-painter", f"loss {name}, at the end", value, "")


@torch.inference_mode()
def sampling(place: Place) -> Iterator[Row]:
    """Drawing small pictures pixel by pixel, one and several at once."""
    torch.manual_seed(0)
    network = PRESETS[place.scale.preset].build().to(place.device).eval()
    assert isinstance(network, LowResolutionColorizer)
    for count in (1, place.scale.drawn):
        side = 256 if place.scale.compiled else 64
        outline = torch.ones(count, 1, side, side, device=place.device)
        network.sample(outline)  # warm
        seconds = timed(lambda outline=outline: network.sample(outline), place.device)
        yield Row("sampling", f"{count} at once", seconds / count, "s a picture")


def resume(place: Place) -> Iterator[Row]:
    """A training killed in the middle, then gone on with, beside one that nobody killed."""
    command = ["train", "pix2pix", "--pairs", str(place.pairs), "--preset", "small", "--device", place.device.type]
    command += ["--size", str(place.scale.painter["size"]), "--batch-size", "4", "--quiet"]
    for setting in (
        "save_every=16",
        "sample_every=64",
        "validation_pairs=1",
        "crop=64",
        "decay_start=16",
        "decay_end=8000",
    ):
        command += ["--set", setting]
    whole, killed = place.out / "whole", place.out / "killed"
    assert comicdata([*command, "--run", str(whole), "--images", "48"]) == 0
    start = [sys.executable, "-c", "from comicdata.cli.main import main; main()"]
    with subprocess.Popen([*start, *command, "--run", str(killed), "--images", "4800"]) as child:
        while child.poll() is None and not list(killed.glob("state/*/state.json")):
            time.sleep(0.01)
        child.send_signal(signal.SIGKILL)
    reached = max(int(one.parent.name) for one in killed.glob("state/*/state.json"))
    total = max(48, reached + 16)
    for run in (whole, killed):
        assert comicdata([*command, "--run", str(run), "--images", str(total)]) == 0
    one, other = (load_weights(run).tensors for run in (whole, killed))
    difference = max(float((one[name] - other[name]).abs().max()) for name in one)
    words = f"killed after {reached} images, then to {total}; at most {RESUMED}"
    yield Row("resume", "largest difference of a weight", difference, "", words, failed=not difference <= RESUMED)


CHECKS: tuple[Callable[[Place], Iterator[Row]], ...] = (equality, loader, sampling, resume, steps, painter)


def all_rows(place: Place) -> Iterator[Row]:
    for check in CHECKS:
        begun = time.monotonic()
        try:
            yield from check(place)
        except Exception as error:  # the other checks go on
            yield Row(check.__name__, "failed", None, "", f"{type(error).__name__}: {error}", failed=True)
        yield Row(check.__name__, "took", time.monotonic() - begun, "s")


def table(rows: list[Row], facts: dict[str, object]) -> str:
    """The rows in Markdown."""
    head = ", ".join(f"{name} {value}" for name, value in facts.items())
    lines = [f"{head}", "", "| check | what | value | |", "| --- | --- | ---: | --- |"]
    for row in rows:
        value = "failed" if row.value is None else f"{row.value:.4g} {row.unit}".strip()
        note = f"**{row.note}**" if row.failed else row.note
        lines.append(f"| {row.check} | {row.what} | {value} | {note} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    out, tiny = Path(sys.argv[1]), os.environ.get("TINY") == "1"
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.type == "cpu" and not tiny:
        sys.exit("no GPU here; TINY=1 tries the check itself on the CPU")
    begun = time.monotonic()
    scale = TINY if tiny else FULL
    pairs = make_pairs(out / "comic", scale.episodes, int(str(scale.painter["size"])))
    place = Place(out, device, scale, pairs)
    rows = []
    for row in all_rows(place):
        rows.append(row)
        print(f"{row.check}: {row.what}: {row.value} {row.unit} {row.note}", flush=True)
    name = torch.cuda.get_device_name() if device.type == "cuda" else platform.processor() or platform.machine()
    facts: dict[str, object] = {"device": name, "torch": torch.__version__, "tiny": tiny}
    facts["seconds"] = round(time.monotonic() - begun)
    write_json(out / "gpu-check.json", {**facts, "rows": [asdict(row) for row in rows]})
    write_atomic(out / "gpu-check.md", table(rows, facts).encode())
    print(f"{out / 'gpu-check.md'}")
    return int(any(row.failed for row in rows))


if __name__ == "__main__":
    sys.exit(main())
