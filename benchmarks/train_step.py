"""One training step of ours beside a plain one, where the difference comes from, the loader, and the first step.

python benchmarks/train_step.py [--rounds 5] [--threads 2] [--batch 1]
The plain step is pix2pix as it is usually written: U-Net 256, PatchGAN, batch normalisation, Adam, float32, NCHW, and
the discriminator run on the truth and on the output one after the other. Both see the same picture sizes and widths.
All versions run in one process, in turns; peak memory is that of a child process that does nothing else.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from comicdata.cli.main import run as comicdata
from comicdata.drawn import draw_episode
from comicdata.files import write_atomic
from comicdata.images import encode_png
from comicdata.models.data.pairs import Batch, PairDataset, Sampling, batches
from comicdata.models.runs.overrides import resolve_config
from comicdata.models.train.learners import AdversarialLearner

SIZE = 256
Step = Callable[[], object]


def down(inputs: int, outputs: int, norm: bool) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Conv2d(inputs, outputs, 4, 2, 1), nn.LeakyReLU(0.2)]
    return nn.Sequential(*(layers[:1] + [nn.BatchNorm2d(outputs)] * norm + layers[1:]))


class PlainUNet(nn.Module):
    """64-128-256-512-512-512-512-512 and back, as pix2pix has it for 256 pixels; one channel in."""

    def __init__(self) -> None:
        super().__init__()
        widths = [64, 128, 256, 512, 512, 512, 512, 512]
        self.down = nn.ModuleList(
            down(widths[level - 1] if level else 1, widths[level], 0 < level < 7) for level in range(8)
        )
        ups = []
        for level in reversed(range(8)):
            inputs, outputs = widths[level] * (1 if level == 7 else 2), widths[level - 1] if level else 3
            last: list[nn.Module] = [nn.BatchNorm2d(outputs), nn.ReLU()] if level else [nn.Tanh()]
            ups.append(nn.Sequential(nn.ConvTranspose2d(inputs, outputs, 4, 2, 1), *last))
        self.up = nn.ModuleList(ups)

    def forward(self, value: Tensor) -> Tensor:
        kept = []
        for layer in self.down:
            value = layer(value)
            kept.append(value)
        kept.pop()
        for number, layer in enumerate(self.up):
            value = layer(value)
            if kept:
                value = torch.cat([F.dropout(value, 0.5) if 0 < number < 4 else value, kept.pop()], 1)
        return value


def plain_judge() -> nn.Sequential:
    last = [nn.Conv2d(256, 512, 4, 1, 1), nn.BatchNorm2d(512), nn.LeakyReLU(0.2), nn.Conv2d(512, 1, 4, 1, 1)]
    return nn.Sequential(down(4, 64, False), down(64, 128, True), down(128, 256, True), *last)


def plain_step(
    batch: int,
    device: torch.device,
    *,
    channels_last: bool = False,
    joint: bool = False,
    bfloat16: bool = False,
    size: int = SIZE,
) -> Step:
    """A reference step; the switches turn single things of ours on in it."""
    torch.manual_seed(0)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    generator, judge = (one.to(device, memory_format=layout) for one in (PlainUNet(), plain_judge()))  # type: ignore[call-overload]
    optimizers = [torch.optim.Adam(one.parameters(), 2e-4, (0.5, 0.999)) for one in (generator, judge)]
    outline, truth = (
        torch.rand(batch, channels, size, size, device=device).contiguous(memory_format=layout) * 2 - 1
        for channels in (1, 3)
    )

    def loss(logits: Tensor, real: bool) -> Tensor:
        return F.binary_cross_entropy_with_logits(logits.float(), torch.full_like(logits.float(), float(real)))

    def judged(color: Tensor) -> Tensor:
        logits: Tensor = judge(torch.cat([outline.repeat(len(color) // batch, 1, 1, 1), color], 1))
        return logits

    def step() -> None:
        with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
            output = generator(outline)
            if joint:
                real, fake = judged(torch.cat([truth, output.detach()])).chunk(2)
            else:
                real, fake = judged(truth), judged(output.detach())
            optimizers[1].zero_grad()
            (0.5 * (loss(real, True) + loss(fake, False))).backward()
            optimizers[1].step()
            optimizers[0].zero_grad()
            (100 * F.l1_loss(output.float(), truth) + loss(judged(output), True)).backward()
            optimizers[0].step()

    return step


def our_step(batch: int, device: torch.device, size: int = SIZE, *, compiled: bool = False) -> Step:
    """pix2pix, preset paper, as `comicdata train` steps."""
    options = {"batch_size": batch, "device": device.type, "size": size, "crop": size, "compile": compiled}
    config = resolve_config("pix2pix", "paper", options)
    learner = AdversarialLearner(config, device, Path("run"))
    pixels = torch.randint(0, 256, (batch, 4, size, size), dtype=torch.uint8).contiguous(
        memory_format=torch.channels_last
    )
    made = Batch(("",) * batch, pixels[:, :1], pixels[:, 1:])
    return lambda: learner.step(made, 0)


def versions(batch: int, device: torch.device) -> dict[str, Step]:
    made = {
        "plain": plain_step(batch, device),
        "plain + channels_last": plain_step(batch, device, channels_last=True),
        "plain + one discriminator forward": plain_step(batch, device, joint=True),
        "ours": our_step(batch, device),
    }
    if device.type == "cuda":
        made["plain + bfloat16"] = plain_step(batch, device, bfloat16=True)
    return made


def timed(step: Step, device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize()
    begun = time.perf_counter()
    step()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - begun


def steps(batch: int, rounds: int, device: torch.device) -> None:
    made = versions(batch, device)
    times: dict[str, list[float]] = {name: [] for name in made}
    for number in range(rounds + 1):
        for name, step in made.items():
            seconds = timed(step, device)
            if number:  # the first round warms up
                times[name].append(seconds)
    first = times["plain"]
    for name, seconds in times.items():
        ratio = statistics.median(one / other for one, other in zip(first, seconds, strict=True))
        print(f"{name}: {batch / statistics.median(seconds):.2f} images/s, {ratio:.2f}x plain, of {rounds} rounds")


def memory(name: str, batch: int, device: torch.device) -> float:
    """Peak in MiB of this process after three steps, less what the imports took."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    made = our_step(batch, device) if name == "ours" else plain_step(batch, device)
    for _ in range(3):
        made()
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated() / 2**20
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def child(*words: str) -> str:
    return subprocess.run([sys.executable, __file__, *words], check=True, capture_output=True, text=True).stdout.strip()


def make_pairs(folder: Path, episodes: int = 8, size: int = SIZE) -> Path:
    """Pairs of the drawn comic."""
    for episode in range(1, episodes + 1):
        strip = draw_episode(1, episode, width=720).strip
        write_atomic(folder / "comic" / "drawn" / f"{episode:02d}" / "0001.png", encode_png(strip), durable=False)
    for words in (["crawl", folder / "comic", "--out", folder / "crawl"], ["make-pairs", folder / "crawl"]):
        extra = ["--out", folder / "pairs", "--size", size] if words[0] == "make-pairs" else []
        assert comicdata([str(one) for one in [*words, *extra, "--quiet"]]) == 0
    return folder / "pairs"


def loader(pairs: Path) -> None:
    """Samples a second of the loader alone, pictures in memory."""
    dataset = PairDataset(pairs, "train", SIZE, "mix")
    for name, sampling in (
        ("as drawn", Sampling(0, SIZE)),
        ("with hints and line jitter", Sampling(0, SIZE, hints=True, line_jitter=0.5)),
        ("128-pixel crops, with hints", Sampling(0, 128, hints=True)),
    ):
        count = 40 * 8
        for _ in batches(dataset, Sampling(0, SIZE), start=0, stop=2 * len(dataset), batch_size=8):
            pass  # decode everything once
        begun = time.perf_counter()
        for _ in batches(dataset, sampling, start=0, stop=count, batch_size=8):
            pass
        print(f"loader, {name}: {count / (time.perf_counter() - begun):.0f} samples/s")


def first_step(pairs: Path, run: Path, begun: float) -> None:
    """In a child: seconds from its start to the end of its first step."""
    from comicdata.models.train import train

    def stop(_: object) -> None:
        print(json.dumps(time.time() - begun), flush=True)
        raise KeyboardInterrupt

    try:
        train(resolve_config("auto-painter", "small", {"images": 8}), pairs, run, on_step=stop)
    except KeyboardInterrupt:
        return


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--memory", choices=["plain", "ours"])
    parser.add_argument("--first", nargs=3)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    device = torch.device(options.device)
    if options.memory:
        print(f"{memory(options.memory, options.batch, device):.0f}")
        return
    if options.first:
        first_step(Path(options.first[0]), Path(options.first[1]), float(options.first[2]))
        return
    shared = ["--batch", str(options.batch), "--device", options.device, "--threads", str(options.threads)]
    for name in ("plain", "ours"):
        print(f"{name}: peak {child('--memory', name, *shared)} MiB")
    steps(options.batch, options.rounds, device)
    with tempfile.TemporaryDirectory() as temporary:
        pairs = make_pairs(Path(temporary))
        loader(pairs)
        waits = [
            float(child("--first", str(pairs), str(Path(temporary) / f"run{number}"), str(time.time())))
            for number in range(3)
        ]
        print(f"first step (small, 8 crops) {np.median(waits):.1f} s after the start of the process")


if __name__ == "__main__":
    main()
