"""Speed of drawing small pictures: the cached sampler beside one forward pass per pixel, whose time is scaled up.

python benchmarks/sampling.py [small|paper]     (processor time, so that other work on the machine counts little)
"""

import statistics
import sys
import time

import torch

from comicdata.models.networks.mixture import draw
from comicdata.models.networks.pixelcnn import PRESETS, PixelCNN, sample_cached, sample_naively

SIDE = 32
TIMED = 64  # pixels of the naive sampler that are timed
ROUNDS = 3


@torch.inference_mode()
def naive_s(pixels: PixelCNN, condition: torch.Tensor, uniform: torch.Tensor) -> float:
    """Seconds of the naive sampler: its first TIMED pixels, scaled to all."""
    color = condition.new_zeros(len(condition), 3, SIDE, SIDE)
    begun = time.process_time()
    for index in range(TIMED):
        y, x = divmod(index, SIDE)
        color[:, :, y, x] = draw(pixels(color, condition)[:, :, y, x], uniform[:, y, x])
    return (time.process_time() - begun) * SIDE * SIDE / TIMED


def cached_s(pixels: PixelCNN, condition: torch.Tensor, uniform: torch.Tensor) -> float:
    """Seconds of the cached sampler, all pixels."""
    begun = time.process_time()
    sample_cached(pixels, condition, uniform)
    return time.process_time() - begun


def main(preset: str) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    config = PRESETS[preset]
    pixels = PixelCNN(config).eval()
    small, uniform = torch.randn(2, config.width, 8, 8), torch.rand(2, 8, 8, config.mixtures + 3)
    difference = sample_cached(pixels, small, uniform) - sample_naively(pixels, small, uniform)
    print(f"{preset}: {torch.get_num_threads()} threads, largest difference {float(difference.abs().max()):.1e}")
    for count in (1, 16):
        condition = torch.randn(count, config.width, SIDE, SIDE)
        uniform = torch.rand(count, SIDE, SIDE, config.mixtures + 3)
        pixels(torch.zeros(count, 3, SIDE, SIDE), condition)  # warm
        slow = naive_s(pixels, condition, uniform)
        fast = statistics.median(cached_s(pixels, condition, uniform) for _ in range(ROUNDS))
        print(
            f"batch {count}: naive {slow:.1f} s, cached {fast:.2f} s ({fast / count:.2f} a picture), {slow / fast:.0f}x"
        )


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "paper")
