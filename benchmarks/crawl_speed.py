"""Our own overhead in a crawl: wall time and CPU per picture against curl and gallery-dl, pacing off (loopback).

    python benchmarks/crawl_speed.py [--gallery-dl PATH] [--pictures 600] [--rounds 3]

The floor is `curl --parallel` followed by the checks that we make (decode fully, SHA-256, fsync), at the same
concurrency. All tools fetch the same pictures from the same server process, in turn.
"""

import argparse
import hashlib
import http.server
import io
import json
import multiprocessing
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

AT_ONCE = 4
PER_EPISODE = 60
RECIPE = """
[site]
name = "speed"
base = "{base}"
title = "Speed"
licence = {{ id = "CC0-1.0" }}
[episodes]
mode = "number"
url = "{{n}}/"
last = {episodes}
[images]
css = "img"
"""


def serve(folder, pipe):
    """A keep-alive server of the files in memory; tells its port."""
    bodies = {f"/{path.name}": path.read_bytes() for path in Path(folder).iterdir()}
    names = sorted(bodies)
    pages = [names[start : start + PER_EPISODE] for start in range(0, len(names), PER_EPISODE)]
    bodies |= {f"/{n}/": "".join(f"<img src={name}>" for name in page).encode() for n, page in enumerate(pages, 1)}

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16

        def do_GET(self):
            body = bodies.get(self.path)
            self.send_response(404 if body is None else 200)
            kind = "image/jpeg" if self.path.endswith(".jpg") else "text/html"
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    pipe.send((server.server_address[1], len(pages)))
    server.serve_forever()


def draw(folder, count):
    """Pictures like the slices of a webtoon: 690 x 1500 JPEG, flats, lines and some grain."""
    import cv2
    import numpy as np

    random = np.random.default_rng(3)
    for index in range(count):
        picture = np.full((1500, 690, 3), 255, np.uint8)
        for _ in range(30):
            centre, colour = random.integers(0, (690, 1500)).tolist(), random.integers(0, 256, 3).tolist()
            cv2.ellipse(picture, centre, random.integers(20, 200, 2).tolist(), 30, 0, 360, colour, -1, cv2.LINE_AA)
            cv2.ellipse(picture, centre, random.integers(20, 200, 2).tolist(), 30, 0, 360, (0, 0, 0), 3, cv2.LINE_AA)
        noisy = picture.astype(np.int16) + random.integers(-3, 4, picture.shape)
        cv2.imwrite(str(folder / f"{index:05d}.jpg"), noisy.clip(0, 255).astype(np.uint8))


def measured(command):
    """(wall seconds, CPU seconds of the children) of a command or a function."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def check(path):
    """The checks of the floor: decode fully, hash, force to the disk."""
    from PIL import Image

    data = path.read_bytes()
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
    digest = hashlib.sha256(data).hexdigest()
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
    return digest


def check_all(folder):
    with ThreadPoolExecutor(AT_ONCE) as pool:
        digests = list(pool.map(check, sorted(Path(folder).glob("*.jpg"))))
    print(len(digests))


def curl_config(base, names, folder):
    lines = [f'url = "{base}/{name}"\noutput = "{folder}/{name}"' for name in names]
    return "\n".join(lines) + "\n"


def run_round(base, names, episodes, scratch, gallery_dl):
    """One measurement of every tool, in turn: {tool: (wall, CPU)}."""
    found = {}
    out = scratch / "curl"
    out.mkdir()
    config = scratch / "urls"
    config.write_text(curl_config(base, names, out))
    curl = measured(["curl", "-s", "--parallel", "--parallel-max", str(AT_ONCE), "-K", config])
    checks = measured([sys.executable, __file__, "--check", out])
    found["curl --parallel alone"] = curl
    found["floor: curl, then the same checks"] = (curl[0] + checks[0], curl[1] + checks[1])
    recipe = scratch / "recipe.toml"
    recipe.write_text(RECIPE.format(base=base, episodes=episodes))
    program = Path(sys.executable).with_name("comicdata")
    found["comicdata crawl"] = measured([program, "crawl", recipe, "--out", scratch / "ours", "-q"])
    found["comicdata crawl, all there already"] = measured([program, "crawl", recipe, "--out", scratch / "ours", "-q"])
    found["comicdata --version (start of the program)"] = measured([program, "crawl", "--help"])
    stored = list((scratch / "ours").glob("*/*/*/*.jpg"))
    assert len(stored) == len(names), f"{len(stored)} of {len(names)} pictures"
    if gallery_dl:
        urls = scratch / "gallery-urls"
        urls.write_text("\n".join(f"{base}/{name}" for name in names))
        settings = {"extractor": {"sleep": 0, "sleep-request": 0}, "downloader": {"http": {"sleep-429": 0}}}
        (scratch / "gallery.json").write_text(json.dumps(settings))
        options = ["--config-ignore", "-c", scratch / "gallery.json", "-q", "-D", scratch / "gallery", "-i", urls]
        found["gallery-dl, direct links (no pause)"] = measured([gallery_dl, *options])
        got = len(list((scratch / "gallery").glob("*.jpg")))
        assert got == len(names), f"gallery-dl: {got} of {len(names)}"
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--gallery-dl", default=shutil.which("gallery-dl"))
    parser.add_argument("--pictures", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--check", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.check:
        return check_all(options.check)
    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / "pictures"
        source.mkdir()
        draw(source, options.pictures)
        names = sorted(path.name for path in source.iterdir())
        mine, other = multiprocessing.Pipe()
        server = multiprocessing.Process(target=serve, args=(source, other), daemon=True)
        server.start()
        port, episodes = mine.recv()
        rounds = []
        for number in range(options.rounds):
            scratch = Path(place) / f"round{number}"
            scratch.mkdir()
            found = run_round(f"http://127.0.0.1:{port}", names, episodes, scratch, options.gallery_dl)
            rounds.append(found)
            shutil.rmtree(scratch)
        server.terminate()
    size = sum(len(name) for name in names)
    print(f"{len(names)} pictures, {episodes} episodes, {size and options.rounds} rounds, best of each\n")
    print("| tool | wall ms / picture | CPU ms / picture | wall, to the floor |\n|---|---|---|---|")
    best = {tool: min(one[tool] for one in rounds) for tool in rounds[0]}
    floor = best["floor: curl, then the same checks"][0]
    for tool, (wall, cpu) in best.items():
        per = 1000 / len(names)
        print(f"| {tool} | {wall * per:.2f} | {cpu * per:.2f} | {wall / floor:.2f}x |")
    return None


if __name__ == "__main__":
    main()
