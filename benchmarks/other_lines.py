"""How a palette run that learned from windows of 256 pixels colours large drawings, and lines it never saw.

python benchmarks/other_lines.py RUN [--seed 11] [--episode 38] [--width 2100]
RUN was trained on the drawn comic of that seed. Panels of an episode are drawn at another width; their lines are the
drawing's own ink, Canny + black, or XDoG; the error is CIEDE2000 on figures, off the lines.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from comicdata.drawn import draw_episode
from comicdata.images import Image
from comicdata.models.colorize import Wishes, load_colorizer
from comicdata.models.evaluate.lab import de2000_map, lab_of
from comicdata.models.evaluate.metrics import off_line
from comicdata.outlines import Outlines

BLACK = 60  # darker in every channel, the drawing has ink
STYLES = ("flats", "soft")


def drawings(seed: int, episode: int, width: int) -> Iterator[tuple[dict[str, Image], Image, Image]]:
    """Of every panel its line art by kind (H, W), the truth (H, W, 3) and the figures (H, W)."""
    drawn = draw_episode(seed, episode, width=width)
    for panel in drawn.panels:
        box = panel.box
        truth = np.ascontiguousarray(drawn.strip[box.y0 : box.y1, box.x0 : box.x1])
        ink = np.where((truth < BLACK).all(axis=2), 0, 255).astype(np.uint8)
        lines = {"clean ink": ink} | {kind: Outlines().draw(kind, truth) for kind in ("canny", "xdog")}
        yield lines, truth, ~panel.background


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--episode", type=int, default=38)
    parser.add_argument("--width", type=int, default=2100)
    options = parser.parse_args()
    torch.set_num_threads(1)
    colorizer = load_colorizer(options.run, "cpu")
    errors: dict[tuple[str, str], list[float]] = {}
    seconds, pixels = dict.fromkeys(STYLES, 0.0), 0
    for lines, truth, figures in drawings(options.seed, options.episode, options.width):
        known = lab_of(truth)
        pixels += truth.shape[0] * truth.shape[1] * len(lines)
        for kind, outline in lines.items():
            paper = figures & off_line(outline) & off_line(lines["clean ink"])
            for style in STYLES:
                begun = time.process_time()
                made = colorizer.colorize(outline, Wishes(style=style))
                seconds[style] += time.process_time() - begun
                errors.setdefault((kind, style), []).append(float(de2000_map(lab_of(made), known)[paper].mean()))
    print("| lines | flats | soft |\n|---|---|---|")
    for kind in dict.fromkeys(kind for kind, _ in errors):
        print(f"| {kind} | {np.mean(errors[kind, 'flats']):.2f} | {np.mean(errors[kind, 'soft']):.2f} |")
    print(", ".join(f"{style} {value / pixels * 1.4e6:.2f}" for style, value in seconds.items()), "s for 1000 x 1400")


if __name__ == "__main__":
    main()
