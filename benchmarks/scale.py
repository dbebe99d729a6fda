"""make-pairs at scale: two workers against one, Ray against the pool, memory against the length of a strip, the search
for near copies against comparing all with all.

    python benchmarks/scale.py          # Ray is measured where it is installed

The calibration runs the same pure work (decode and Canny, no disk) in one and in two processes: what two workers can
gain on this machine at most.
"""

import importlib.util
import multiprocessing
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from comicdata.crawl import crawl, open_sources
from comicdata.drawn import draw_episode
from comicdata.images import decode, encode_jpeg
from comicdata.outlines import canny_black
from comicdata.pairs import make_pairs
from comicdata.pairs.copies import NEAR, NearHashes

EPISODES, ROUNDS = 60, 1
MEMORY = """
import sys
from pathlib import Path
from comicdata.pairs import make_pairs
make_pairs(Path(sys.argv[1]), Path(sys.argv[2]), workers=1)
status = Path("/proc/self/status").read_text()  # ru_maxrss would count the parent before exec
print(int(status.split("VmHWM:")[1].split()[0]) // 1024)
"""


def stored(place, episodes):
    """A crawl of slices, given per episode."""
    for number, slices in enumerate(episodes, 1):
        folder = place / "comic" / f"e{number:03d}"
        folder.mkdir(parents=True)
        for index, one in enumerate(slices):
            (folder / f"{index:03d}.jpg").write_bytes(encode_jpeg(one))
    (source,) = open_sources(str(place / "comic"))
    for _ in crawl(source, place / "crawl", source.episodes()):
        pass
    return place / "crawl"


def slices_of(strip):
    return [strip[y : y + 1500] for y in range(0, strip.shape[0], 1500)]


def pure_work(data):
    """No disk, one thread."""
    cv2.setNumThreads(1)
    for _ in range(60):
        canny_black(decode(data, "slice"))


def calibrated():
    """Speed-up of two processes over one on the same work."""
    data = encode_jpeg(draw_episode(70, 1).strip[:1500])
    context = multiprocessing.get_context("spawn")
    with context.Pool(2) as pool:
        pool.map(abs, [1, 2])
        start = time.perf_counter()
        pool.apply(pure_work, (data,))
        pool.apply(pure_work, (data,))
        alone = time.perf_counter() - start
        start = time.perf_counter()
        pool.map(pure_work, [data, data])
        return alone / (time.perf_counter() - start)


def seconds_of(crawl_folder, place, **how):
    """Best of ROUNDS runs into fresh folders."""
    best = float("inf")
    for index in range(ROUNDS):
        start = time.perf_counter()
        make_pairs(crawl_folder, place / f"pairs-{sorted(how.items())}-{index}", **how)
        best = min(best, time.perf_counter() - start)
    return best


def peak_mb(place, strips):
    """Peak memory of make-pairs on one episode made of so many drawn strips."""
    place.mkdir()
    strip = np.concatenate([draw_episode(80, number).strip for number in range(1, strips + 1)])
    folder = stored(place, [slices_of(strip), slices_of(draw_episode(81, 1, panels=2).strip)])
    command = [sys.executable, "-c", MEMORY, str(folder), str(place / "pairs")]
    return strip.shape[0], int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def near_copies(count):
    """Seconds to search and keep so many random hashes, and to compare each with all before it: the latter from
    samples, as it would take long.
    """
    values = np.random.default_rng(0).integers(2**64, size=count, dtype=np.uint64)
    known = NearHashes()
    start = time.perf_counter()
    for index, value in enumerate(values.tolist()):
        if not known.knows(value, str(index)):
            known.add(value, str(index))
    bands = time.perf_counter() - start
    start, samples = time.perf_counter(), 2000
    for index in range(samples):
        np.flatnonzero(np.bitwise_count(values[: index * count // samples] ^ values[index]) <= NEAR)
    return bands, (time.perf_counter() - start) * count / samples


def main():
    for count in (10_000, 100_000, 1_000_000):
        bands, all_pairs = near_copies(count)
        print(f"near copies among {count:,} hashes: {bands:.1f} s, {all_pairs / bands:.1f}x faster than all with all")
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        folder = stored(place, [slices_of(draw_episode(60, number, panels=12).strip) for number in range(EPISODES)])
        gain = calibrated()
        one, two = seconds_of(folder, place, workers=1), seconds_of(folder, place, workers=2)
        print(f"two processes can gain {gain:.2f}x here; make-pairs with two workers gains {one / two:.2f}x over one")
        if importlib.util.find_spec("ray"):
            import ray

            ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="error")
            print(f"Ray, two workers: {seconds_of(folder, place, workers=2, engine='ray') / two:.2f}x the pool's time")
        for strips in (2, 8, 32):
            rows, peak = peak_mb(place / f"memory{strips}", strips)
            print(f"one strip of 690 x {rows:,}: peak {peak} MB")


if __name__ == "__main__":
    main()
