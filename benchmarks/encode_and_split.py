"""Time PNG encoding against libpng (OpenCV, Pillow), and score panel splitting on the drawn comic.

python benchmarks/encode_and_split.py
"""

import io
import statistics
import sys
import time
from collections.abc import Callable

import cv2
import numpy as np
from PIL import Image

from comicdata.drawn import cut_slices, draw_episode
from comicdata.images import decode, encode_jpeg, encode_png
from comicdata.panels import find_panels, make_strips
from comicdata.panels.score import matched

ROUNDS = 15
HELD_OUT = [(seed, number) for seed in range(200, 210) for number in (1, 2)]


def pillow_png(image: np.ndarray) -> bytes:
    """What most programs do."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


def opencv_png(image: np.ndarray) -> bytes:
    """The faster library."""
    return cv2.imencode(".png", image[..., ::-1])[1].tobytes()


def median_ms(function: Callable[[np.ndarray], bytes], image: np.ndarray) -> float:
    """Median of ROUNDS calls after one to warm up."""
    function(image)
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        function(image)
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def encoding(size: int) -> None:
    """One square part of a drawn strip."""
    strip = draw_episode(0, 1).strip
    image = np.ascontiguousarray(strip[100 : 100 + size, 60 : 60 + size])
    noisy = np.clip(image + np.random.default_rng(0).normal(0, 4, image.shape), 0, 255).astype(np.uint8)
    for name, picture in (("flat", image), ("grain", noisy)):
        own = median_ms(encode_png, picture)
        for other in (opencv_png, pillow_png):
            peer = median_ms(other, picture)
            ratio, bytes_ratio = peer / own, len(encode_png(picture)) / len(other(picture))
            out(f"{size} {name}: {own:.2f} ms, {other.__name__} {peer:.2f} ms ({ratio:.1f}x), bytes {bytes_ratio:.2f}x")


def splitting() -> None:
    """Strips drawn with seeds that nothing was tuned on, through JPEG and slices."""
    hits = {0.5: 0, 0.9: 0}
    found = truth = 0
    seconds = pixels = 0.0
    for seed, number in HELD_OUT:
        episode = draw_episode(seed, number)
        slices = [decode(encode_jpeg(part), "slice") for part in cut_slices(episode.strip, seed)]
        start = time.perf_counter()
        (strip,) = make_strips(slices)
        panels = [panel.box for panel in find_panels(strip) if panel.kind == "panel"]
        seconds += time.perf_counter() - start
        pixels += episode.strip.shape[0] * episode.strip.shape[1] / 1e6
        boxes = [panel.box for panel in episode.panels]
        hits = {at: hits[at] + matched(panels, boxes, at) for at in hits}
        found, truth = found + len(panels), truth + len(boxes)
    scores = ", ".join(f"F1@{at} {2 * hit / (found + truth):.3f}" for at, hit in hits.items())
    out(f"{truth} panels, {found} found: {scores}; {1000 * seconds / pixels:.1f} ms per megapixel")


def out(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    cv2.setNumThreads(1)
    encoding(256)
    encoding(512)
    splitting()
