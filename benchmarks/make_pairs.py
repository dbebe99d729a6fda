"""make-pairs against the obvious ways to do it, per 690 x 1500 slice: both sizes, both outlines, stretched.

    python benchmarks/make_pairs.py [--slices 40] [--rounds 5]

Everybody gets the same slices and the same panels, and computes the same outlines. `pillow` is the obvious version with
Pillow and SciPy, `opencv` the obvious fast one with OpenCV and PNG level 1; `floor` is our own functions without any
bookkeeping: decode, outlines, resize, encode, and a plain write.
"""

import argparse
import io
import shutil
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from comicdata.crawl import crawl, open_sources
from comicdata.drawn import draw_episode
from comicdata.images import decode, encode_jpeg, encode_png, halve, resize
from comicdata.outlines import canny_black, xdog
from comicdata.pairs import make_pairs
from comicdata.panels import find_panels, make_strips
from comicdata.records import PairOptions

SIZES = (256, 512)


def slices_of(count, grain):
    """Slices of drawn strips, 690 x 1500, as JPEG; `grain` levels of noise, as paper and brushes have."""
    random = np.random.default_rng(5)
    found = []
    seed = 900
    while len(found) < count:
        strip = draw_episode(seed, 1).strip
        seed += 1
        found += [strip[y : y + 1500] for y in range(0, strip.shape[0] - 1500, 1500)]
    grainy = [one + random.integers(-grain, grain + 1, one.shape) for one in found[:count]]
    return [encode_jpeg(one.clip(0, 255).astype(np.uint8)) for one in grainy]


def pillow_version(data, boxes, folder):
    """Pillow and SciPy, a picture at a time, as one would write it first."""
    from scipy.ndimage import gaussian_filter

    picture = Image.open(io.BytesIO(data)).convert("RGB")
    for index, (x0, y0, x1, y1) in enumerate(boxes):
        panel = picture.crop((x0, y0, x1, y1))
        native = np.asarray(panel)
        edges = cv2.Canny(native[:, :, ::-1].copy(), 100, 180) > 0
        ink = edges | (native.astype(float).mean(axis=2) < 80)
        canny = Image.fromarray(np.where(ink, 0, 255).astype(np.uint8))
        for size in SIZES:
            color = panel.resize((size, size), Image.Resampling.BOX)
            grey = np.asarray(color.convert("L"), dtype=float) / 255
            sigma = 0.4 * size / 256
            sharpened = 20 * gaussian_filter(grey, sigma) - 19 * gaussian_filter(grey, 4.5 * sigma)
            lines = np.where(sharpened >= 0.01, 1.0, 1 + np.tanh(1e9 * (sharpened - 0.01)))
            outline = Image.fromarray(np.rint(255 * lines).astype(np.uint8))
            for name, one in (("c", color), ("k", canny.resize((size, size), Image.Resampling.BOX)), ("x", outline)):
                one.save(folder / f"{index}-{size}-{name}.png")


def opencv_version(data, boxes, folder):
    """OpenCV throughout, PNG level 1, as one would write it in a hurry for speed."""
    bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    level = [cv2.IMWRITE_PNG_COMPRESSION, 1]
    for index, (x0, y0, x1, y1) in enumerate(boxes):
        native = bgr[y0:y1, x0:x1]
        ink = (cv2.Canny(np.ascontiguousarray(native), 100, 180) > 0) | (native.mean(axis=2) < 80)
        canny = np.where(ink, 0, 255).astype(np.uint8)
        for size in SIZES:
            color = cv2.resize(native, (size, size), interpolation=cv2.INTER_AREA)
            grey = cv2.cvtColor(color, cv2.COLOR_BGR2GRAY).astype(np.float32) / 255
            sigma = 0.4 * size / 256
            sharpened = 20 * blur(grey, sigma) - 19 * blur(grey, 4.5 * sigma)
            lines = np.where(sharpened >= 0.01, 1.0, 1 + np.tanh(1e9 * (sharpened - 0.01)))
            outline = np.rint(255 * lines).astype(np.uint8)
            small = cv2.resize(canny, (size, size), interpolation=cv2.INTER_AREA)
            for name, one in (("c", color), ("k", small), ("x", outline)):
                cv2.imwrite(str(folder / f"{index}-{size}-{name}.png"), one, level)


def blur(plane, sigma):
    width = 2 * int(np.ceil(3 * sigma)) + 1
    return cv2.GaussianBlur(plane, (width, width), sigma)


def floor_version(data, boxes, folder, spent):
    """Our own functions and nothing else; `spent` collects the seconds of each stage."""

    def timed(stage, function, *arguments, **options):
        start = time.perf_counter()
        value = function(*arguments, **options)
        spent[stage] = spent.get(stage, 0.0) + time.perf_counter() - start
        return value

    picture = timed("decode", decode, data, "slice")
    for index, (x0, y0, x1, y1) in enumerate(boxes):
        panel = picture[y0:y1, x0:x1]
        canny = timed("outlines", canny_black, panel)
        color, small = panel, canny
        for size in sorted(SIZES, reverse=True):
            if min(x1 - x0, y1 - y0) >= 512 and size == 256:
                color, small = timed("resize", halve, color), timed("resize", halve, small)
            else:
                color, small = timed("resize", resize, panel, size, size), timed("resize", resize, canny, size, size)
            outline = timed("outlines", xdog, color, size=size)
            for name, one in (("c", color), ("k", small), ("x", outline)):
                data = timed("encode", encode_png, one)
                timed("write", (folder / f"{index}-{size}-{name}.png").write_bytes, data)


def timed_over(function, slices, boxes, place, *extra):
    """Seconds per slice."""
    folder = place / "pictures"
    folder.mkdir()
    start = time.perf_counter()
    for data, found in zip(slices, boxes, strict=True):
        function(data, found, folder, *extra)
    seconds = time.perf_counter() - start
    shutil.rmtree(folder)
    return seconds / len(slices)


def ours(stored, place):
    """(seconds per slice of the whole make_pairs with one worker, its summary)."""
    out = place / "pairs"
    start = time.perf_counter()
    summary = make_pairs(stored, out, PairOptions(size=SIZES, fit="stretch", layout="strip"), workers=1)
    seconds = time.perf_counter() - start
    files = len(list(out.glob("*/*/*/*/*.png")))
    shutil.rmtree(out)
    return seconds, summary, files


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--slices", type=int, default=40)
    parser.add_argument("--grain", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    slices = slices_of(options.slices, options.grain)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        # every slice is an episode of its own, so that everybody has the same panels
        for index, data in enumerate(slices):
            path = place / "comic" / f"e{index:03d}" / "1.jpg"
            path.parent.mkdir(parents=True)
            path.write_bytes(data)
        (source,) = open_sources(str(place / "comic"))
        for _ in crawl(source, place / "crawl", source.episodes()):
            pass
        pictures = [decode(data, "slice") for data in slices]
        boxes = [
            [
                panel.box.as_list()
                for strip in make_strips([one], "strip")
                for panel in find_panels(strip)
                if panel.kind == "panel"
            ]
            for one in pictures
        ]
        rounds = []
        spent = {}
        for _ in range(options.rounds):
            seconds, summary, files = ours(place / "crawl", place)
            rounds.append(
                {
                    "obvious: Pillow + SciPy": timed_over(pillow_version, slices, boxes, place),
                    "obvious: OpenCV, PNG level 1": timed_over(opencv_version, slices, boxes, place),
                    "floor: our functions alone": timed_over(floor_version, slices, boxes, place, spent),
                    "comicdata make-pairs, one worker": seconds / len(slices),
                }
            )
        best = {name: min(one[name] for one in rounds) for name in rounds[0]}
        panels = sum(map(len, boxes))
        print(
            f"{len(slices)} slices, {panels} panels, {6 * panels / len(slices):.1f} pictures a slice; we wrote {files}"
        )
        print(f"dropped: {summary.dropped}")
        mine = best["comicdata make-pairs, one worker"]
        print("\n| version | ms per slice | against make-pairs |\n|---|---|---|")
        for name, seconds in best.items():
            print(f"| {name} | {1000 * seconds:.1f} | {seconds / mine:.2f}x |")
        total = sum(spent.values())
        print("\nshares of the floor: " + ", ".join(f"{stage} {share / total:.0%}" for stage, share in spent.items()))


if __name__ == "__main__":
    main()
