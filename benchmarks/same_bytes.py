"""Hashes of what the road makes of the drawn comic: equal before and after a change that only moves code.

    python benchmarks/same_bytes.py OUT

Rows of the manifest, weights of a tiny run of each model (fixed seed, CPU), and what each colours a page as. Run it
with OMP_NUM_THREADS=1: sums depend on the number of threads. They also depend on the machine and the versions of the
libraries, so compare two checkouts on one machine.
"""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pandas

MODELS = ("pix2pix", "auto-painter", "two-step", "consistent")
IMAGES = "48"
DRAW = """
import sys
from pathlib import Path
from comicdata.drawn import cut_slices, draw_episode
from comicdata.files import write_atomic
from comicdata.images import encode_jpeg
for number in range(1, 5):
    for page, piece in enumerate(cut_slices(draw_episode(7, number).strip), 1):
        write_atomic(Path(sys.argv[1]) / "comic" / f"ep{number:02}" / f"{page:03}.jpg", encode_jpeg(piece))
"""


def comicdata(*words: object) -> None:
    """One command as a user types it."""
    start = [sys.executable, "-c", "from comicdata.cli.main import main; main()"]
    subprocess.run([*start, *map(str, words), "-q"], check=True)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def main() -> None:
    out = Path(sys.argv[1])
    subprocess.run([sys.executable, "-c", DRAW, str(out)], check=True)
    crawl, pairs = out / "crawl", out / "pairs"
    comicdata("crawl", out / "comic", "--out", crawl)
    comicdata("make-pairs", crawl, "--out", pairs, "--test-episodes", "4", "--workers", 1)
    found = {"rows": json.loads((pairs / "card.json").read_text())["rows_sha256"][:16]}
    rows = pandas.read_parquet(pairs / "manifest.parquet").to_json(orient="records")
    found["rows, read again"] = hashlib.sha256(rows.encode()).hexdigest()[:16]
    page = next((pairs / "256" / "train" / "canny").rglob("*.png"))
    for model in MODELS:
        run = out / f"run-{model}"
        options = ["--preset", "small", "--images", IMAGES, "--device", "cpu", "--seed", 3]
        comicdata("train", model, "--pairs", pairs, "--run", run, *options)
        for weights in sorted(run.rglob("weights.safetensors")):
            found[weights.relative_to(out).as_posix()] = sha256(weights)
        comicdata("colorize", run, page, "--out", out / f"colour-{model}", "--device", "cpu")
        for picture in sorted((out / f"colour-{model}").glob("*.png")):
            found[picture.relative_to(out).as_posix()] = sha256(picture)
    sys.stdout.write(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
