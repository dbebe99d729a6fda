"""Bit flips, lost and foreign files in what we made. The rule of the file: verify names each, and nothing else."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from trial import Fault, Place, Scenario
from world import COMMANDS

FOLDERS = ("crawl", "pairs", "run", "webdataset", "kohya", "croissant")


def flipped(folder: str, file: str, at: float, place: Place) -> None:
    place.bring(folder)
    path = place.work / folder / file
    data = bytearray(path.read_bytes())
    if not data:
        return
    data[int(at * (len(data) - 1))] ^= 4
    path.write_bytes(data)
    place.keep(folder)
    named(place, folder, file, f"a flipped bit at {at}")


def lost(folder: str, file: str, place: Place) -> None:
    place.bring(folder)
    (place.work / folder / file).unlink()
    named(place, folder, file, "a lost file")


def strange(folder: str, file: str, place: Place) -> None:
    """A person's file in a folder of ours: verify names it where pictures of ours lie, and no command takes it away."""
    place.bring(folder)
    path = place.work / folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"mine")
    place.keep(f"{folder}/{file}")
    if file.endswith("mine.png"):
        named(place, folder, file, "a foreign file")
    command = next(one for one in COMMANDS.values() if folder in one.makes)
    place.bring(*command.needs)
    place.run(*command.arguments, ok=(0, 2, 6))


def named(place: Place, folder: str, file: str, what: str) -> None:
    """Fault unless verify ends with 6 and says which file."""
    ran = place.run("verify", folder, ok=(0, 2, 6))
    if ran.status == 0:
        raise Fault("wrong", f"{what} of {file}: {ran.said}")
    name = Path(file).name
    if name not in ran.out + ran.err and Path(file).parent.name not in ran.out + ran.err:
        raise Fault("wrong", f"{what} of {file}: not named: {ran.said}")


PICTURES = {"crawl": "local/one/ep01/", "pairs": "256/train/color/ab/", "run": "samples/", "kohya": "256/train/image/",
            "croissant": "256/train/color/ab/", "webdataset": ""}  # fmt: skip
# What each folder of the world has; a picture stands for all of its kind.
FILES = {
    "crawl": ("local/one/series.json", "local/one/ep01/episode.json", "local/one/ep01/0002.png", "index.jsonl",
              "local/two/series.json", "local/one/ep03/episode.json"),
    "pairs": ("card.json", "README.md", "manifest.parquet", "parts/local/one/ep01.jsonl", "256/train/metadata.jsonl",
              "256/test/metadata.jsonl", "contact-sheet.jpg", ".comicdata.json", "*color*", "*canny*", "*xdog*"),
    "run": ("config.json", "metrics.jsonl", "weights.safetensors", "best.safetensors", "state/8/state.json",
            "state/8/tensors.safetensors", "*samples*"),
    "webdataset": ("export.json", "README.md", "*train*"),
    "kohya": ("export.json", "README.md", "images.toml", "controlnet_canny.toml", "256/train/facts.jsonl",
              "*image*.txt", "*image*.png"),
    "croissant": ("export.json", "README.md", "croissant.json", "256/train/metadata.jsonl", "*color*"),
}  # fmt: skip


def at_play(act, folder: str, pattern: str, *more, place: Place) -> None:
    """Find what a pattern means in the world, and play."""
    file = pattern
    if "*" in pattern:
        names = sorted(path.relative_to(place.world / folder).as_posix() for path in (place.world / folder).rglob("*")
                       if path.is_file())  # fmt: skip
        file = next(name for name in names if Path(name).match(pattern) or all(p in name for p in pattern.split("*")))
    act(folder, file, *more, place)


def scenarios() -> Iterator[Scenario]:
    for folder, patterns in FILES.items():
        for pattern in patterns:
            for at in (0.1, 0.5, 0.9):
                yield Scenario(
                    "bit flips", f"{folder}/{pattern}, a bit at {at}", lambda place, a=(flipped, folder, pattern, at):
                    at_play(*a, place=place)
                )  # fmt: skip
            yield Scenario(
                "lost files", f"{folder}/{pattern} lost", lambda place, a=(lost, folder, pattern):
                at_play(*a, place=place)
            )  # fmt: skip
    for folder in FOLDERS:
        for file in ("mine.txt", "deep/in/here.png", f"{PICTURES[folder]}mine.png"):
            yield Scenario("foreign files", f"{folder}/{file} is foreign", partial(strange, folder, file))
