"""The small world that every scenario gets a copy of: a comic, and what each command makes of it when nothing is wrong.

The rule of the file: made by the program itself in an undisturbed run, so that a disturbed one can be compared with it.
"""

import json
import re
import shutil
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from trial import SECRET, Place, contents, unlike

from comicdata.images import encode_png

OPTIONS = ("width=4", "discriminator_width=4", "depth=3", "crop=32", "save_every=4", "log_every=2", "sample_every=4")
TRAIN = ("train", "auto-painter", "--pairs", "pairs", "--run", "run", "--device", "cpu", "--batch-size", "2")
TRAIN += tuple(word for option in OPTIONS for word in ("--set", option))
HELD_OUT = ("--validation-episodes", "2")
EXPORTS = ("webdataset", "kohya", "croissant")
SERIES = "crawl/local/one"
FLATS = ("flats", "comic/one/ep01", "--line-art")


@dataclass(frozen=True)
class Command:
    """A command in the world: what it reads, its arguments, and the folders or files that it makes."""

    needs: tuple[str, ...]
    arguments: tuple[str, ...]
    makes: tuple[str, ...]


COMMANDS = {
    "crawl": Command(("comic",), ("crawl", "comic", "--out", "crawl", "--licence", "CC0-1.0"), ("crawl",)),
    "make-pairs": Command(
        ("crawl",),
        (
            "make-pairs",
            "crawl",
            "--out",
            "pairs",
            "--workers",
            "1",
            "--layout",
            "page",
            "--test-episodes",
            "3",
            *HELD_OUT,
        ),
        ("pairs",),
    ),
    "train": Command(("pairs",), (*TRAIN, "--images", "8"), ("run",)),
    "evaluate": Command(("pairs", "run"), ("evaluate", "run", "--pairs", "pairs", "--out", "figures"), ("figures",)),
    "colorize": Command(
        ("comic", "run"), ("colorize", "run", "comic/one/ep01", "--out", "coloured", "--recolor"), ("coloured",)
    ),
    "panels": Command(("comic",), ("panels", "comic/one/ep01", "--out", "overlays"), ("overlays",)),
    "flats": Command(("comic",), (*FLATS, "--out", "flats", "--to", "png", "--to", "psd"), ("flats",)),
    "show pairs": Command(("pairs",), ("show", "pairs", "--out", "pairs.html"), ("pairs.html",)),
    "show run": Command(("run",), ("show", "run", "--out", "run.html"), ("run.html",)),
    **{to: Command(("pairs",), ("export", "pairs", "--to", to, "--out", to), (to,)) for to in EXPORTS},
    "forget": Command(
        ("crawl", "pairs"), ("forget", "two", "--crawl", "crawl", "--pairs", "pairs", "--yes"), ("crawl", "pairs")
    ),
}
GOES_ON = (*TRAIN, "--images", "12")  # the run of the world, trained further


def page(seed: int, width: int = 300, height: int = 640) -> np.ndarray:
    """A page of two framed panels with some boxes of colour."""
    random = np.random.default_rng(seed)
    picture = np.full((height, width, 3), 255, np.uint8)
    for top in (10, 10 + height // 2):
        bottom = top + height // 2 - 30
        picture[top:bottom, 10 : width - 10] = 0
        picture[top + 3 : bottom - 3, 13 : width - 13] = random.integers(90, 250, 3)
        for _ in range(6):
            y, x = int(random.integers(top + 40, bottom - 50)), int(random.integers(50, width - 80))
            picture[y : y + 30, x : x + 30] = random.integers(0, 255, 3)
    return picture


def secret_picture() -> bytes:
    """A PNG that carries the secret in a text chunk."""
    whole = encode_png(page(99))
    text = b"tEXt" + b"Comment\0" + SECRET
    return whole[:33] + struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text)) + whole[33:]


def draw(folder: Path) -> None:
    """The comic: two series, pages of two panels; and what lies outside of every scenario."""
    for series, episodes in (("one", (1, 2, 3)), ("two", (1,))):
        for episode in episodes:
            place = folder / "comic" / series / f"ep{episode:02d}"
            place.mkdir(parents=True)
            for number in range(1, 3 if episode == 1 else 2):
                seed = 100 * len(series) + 10 * episode + number + (50 if series == "two" else 0)
                (place / f"{number:03d}.png").write_bytes(encode_png(page(seed)))
    outside = folder / "outside"
    (outside / "folder").mkdir(parents=True)
    for name in ("secret.png", "folder/001.png"):
        (outside / name).write_bytes(secret_picture())
    (outside / "secret.txt").write_bytes(SECRET)
    (outside / "secret.json").write_text(json.dumps({"title": SECRET.decode(), "id": SECRET.decode()}))


def build(folder: Path) -> Path:
    """Make the world; its commands run in children, as those of scenarios do. Returns the folder."""
    draw(folder)
    place = Place(folder / "making", folder)
    place.bring("comic")
    for name, command in COMMANDS.items():
        if name != "forget":
            place.run(*command.arguments)
    for made in sorted(place.work.iterdir()):
        if made.name != "comic":
            made.rename(folder / made.name)
    place.bring("crawl", "pairs", "run")
    place.run(*GOES_ON)
    place.run(*COMMANDS["forget"].arguments)
    for name in ("crawl", "pairs", "run"):
        (place.work / name).rename(folder / f"{name}-after")
    shutil.rmtree(folder / "making")
    return folder


TIMES = re.compile(rb'"(fetched_at|seconds|images_per_s|made_at|forgotten_at|time|started|at)": ?("[^"]*"|[0-9.e+-]+)')


def plain(found: dict[str, bytes]) -> dict[str, bytes]:
    """Files without the times that two equal runs differ in."""
    return {name: TIMES.sub(b"", data) if name.endswith(("json", "jsonl")) else data for name, data in found.items()}


def same(place: Place, made: str, wanted: str) -> str:
    """What differs between what a scenario made and what the world has; empty when nothing does."""
    return unlike(plain(contents(place.work / made)), plain(contents(place.world / wanted)))


def wanted(command: str, made: str) -> str:
    """The name in the world of what an undisturbed command makes."""
    return f"{made}-after" if command == "forget" else made
