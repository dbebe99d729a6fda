"""Train every model on the same pairs with the same number of images and put `evaluate` side by side.

python benchmarks/quality.py OUT [--comic FOLDER --test 15-17 --validation 14] [--images 40000] [--models ...]
Without --comic: the drawn comic (--seed, 40 episodes, 37-40 held out; --episodes: learn from others than 34). Runs are
kept in OUT: called again, it goes on where it stopped. A model of several stages shares its images among them (SHARES).
"""

import argparse
import os
import subprocess
import sys
import time
from itertools import count, islice
from pathlib import Path

from comicdata.drawn import draw_episode
from comicdata.files import write_atomic
from comicdata.images import encode_png

SHARES: dict[str, dict[str, float]] = {
    "palette": {"": 1.0},
    "pix2pix": {"": 1.0},
    "auto-painter": {"": 1.0},
    "two-step": {"low-resolution": 0.6, "polishing": 0.4},
    "consistent": {"low-resolution": 0.65, "background": 0.1, "polishing": 0.25},
}
EPISODES = 40  # of six panels each; the last four are held out, and by the two before them is chosen
LEARNT = EPISODES - 6


def comicdata(*words: object) -> str:
    """Run the command in a child on one thread, and give what it printed."""
    code = "import sys; from comicdata.cli.main import main; main()"
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code, *(str(word) for word in words)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout


def make_pairs(comic: Path | None, test: str, validation: str, out: Path, seed: int, episodes: int = LEARNT) -> Path:
    if (out / "pairs" / "manifest.parquet").is_file():
        return out / "pairs"
    extra: list[str] = []
    if comic is None:
        comic, test, validation = out / "comic", f"{EPISODES - 3}-{EPISODES}", f"{EPISODES - 5}-{EPISODES - 4}"
        apart = range(LEARNT + 1, EPISODES + 1)
        others = (number for number in count(1) if number not in apart)
        for episode in (*apart, *islice(others, episodes)):
            strip = draw_episode(seed, episode).strip
            write_atomic(comic / "drawn" / f"{episode:02d}" / "0001.png", encode_png(strip), durable=False)
        extra = ["--licence", "CC0-1.0"]
    comicdata("crawl", comic, "--out", out / "crawl", "--quiet", *extra)
    splits = ("--test-episodes", test, "--validation-episodes", validation)
    comicdata("make-pairs", out / "crawl", "--out", out / "pairs", "--size", "256", *splits, "--quiet")
    return out / "pairs"


def train(model: str, pairs: Path, run: Path, images: int) -> float:
    """Train `model`, its stages one after the other; the CPU minutes of this call."""
    begun = os.times()
    for stage, share in SHARES[model].items():
        budget = round(images * share)
        extra = ["--stage", stage] if stage else []
        words = ["--pairs", pairs, "--run", run, "--preset", "small", "--images", budget, *extra]
        comicdata("train", model, *words, "--device", "cpu", "--quiet")
    ended = os.times()
    return (ended.children_user + ended.children_system - begun.children_user - begun.children_system) / 60


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--comic", type=Path)
    parser.add_argument("--seed", type=int, default=5, help="of the drawn comic")
    parser.add_argument("--episodes", type=int, default=LEARNT, help="of the drawn comic, to learn from")
    parser.add_argument("--test", default="15-17")
    parser.add_argument("--validation", default="14")
    parser.add_argument("--images", type=int, default=40_000)
    parser.add_argument("--models", nargs="+", default=list(SHARES))
    parser.add_argument("--train-only", action="store_true")
    options = parser.parse_args()
    given = (options.comic, options.test, options.validation)
    pairs = make_pairs(*given, options.out, options.seed, options.episodes)
    for model in options.models:
        run = options.out / model
        minutes = train(model, pairs, run, options.images)
        print(f"{time.strftime('%H:%M')} {model}: trained, {minutes:.1f} CPU minutes", flush=True)
        if not options.train_only:
            print(comicdata("evaluate", run, "--pairs", pairs, "--quiet"), flush=True)


if __name__ == "__main__":
    main()
