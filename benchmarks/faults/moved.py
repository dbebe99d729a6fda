"""What does not belong where it lies: records of other episodes, links, and things that are no files in their place.

The rule of the file: found by verify and by the command that reads it, and nothing is written where it leads.
"""

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from changed import named
from trial import Fault, Place, Scenario
from world import COMMANDS, same

PARTS = "pairs/parts/local/one"
STORED = "crawl/local/one/ep01/0001.png"


def swapped(one: str, other: str, place: Place) -> None:
    """Two records of ours have changed places: verify names both, and the same command puts all right or refuses."""
    folder = one.partition("/")[0]
    place.bring(*{folder, "crawl"})
    first, second = (place.work / one), (place.work / other)
    data = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(data)
    for path in (one, other):
        named(place, folder, path.partition("/")[2], "another episode's record")
    place.keep("crawl")
    ran = place.run(*COMMANDS["make-pairs"].arguments, ok=(0, 6))
    if ran.status == 0 and (differs := same(place, "pairs", "pairs")):
        raise Fault("wrong", f"{ran.said}: {differs}")


def copied(source: str, target: str, place: Place) -> None:
    """A record of ours lies once more where none belongs: verify names it."""
    folder = source.partition("/")[0]
    place.bring(folder)
    path = place.work / target
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((place.work / source).read_bytes())
    place.keep(folder)
    named(place, folder, target.partition("/")[2], "a record too many")


def note(file: str, data: bytes, ok: tuple[int, ...], place: Place) -> None:
    """A note that people may write: verify says whether it can be read."""
    folder, _, name = file.partition("/")
    place.bring(folder)
    (place.work / file).write_bytes(data)
    ran = place.run("verify", folder, ok=ok)
    if ran.status and name not in ran.out + ran.err:
        raise Fault("wrong", f"{name} is not named: {ran.said}")


ODD: dict[str, Callable[[Path, Place], None]] = {
    "a pipe": lambda path, place: os.mkfifo(path),
    "a folder": lambda path, place: path.mkdir(),
    "a link to /dev/zero": lambda path, place: path.symlink_to("/dev/zero"),
    "a link to /proc/kmsg": lambda path, place: path.symlink_to("/proc/kmsg"),
    "a link to itself": lambda path, place: path.symlink_to(path.name),
    "a link to nothing": lambda path, place: path.symlink_to("nothing"),
}


PLACES = {
    STORED: "make-pairs",
    "pairs/256/train/color/*/*.png": "train",
    "pairs/256/train/canny/*/*.png": "kohya",
    f"{PARTS}/ep01.jsonl": "make-pairs",
}


def odd(file: str, put: Callable[[Path, Place], None], command: str, place: Place) -> None:
    """Something that is no file in the place of one of ours: no command hangs, and verify names it."""
    folder = file.partition("/")[0]
    place.bring(*{folder, *COMMANDS[command].needs})
    path = place.work / file
    if "*" in file:
        path = next(one for one in sorted(place.work.glob(file)) if one.is_file())
    path.unlink()
    put(path, place)
    named(place, folder, path.relative_to(place.work / folder).as_posix(), "no file")
    place.run(*COMMANDS[command].arguments, ok=(0, 2, 3, 6))


def linked(folder: str, place: Place) -> None:
    """A link to a person's folder in the place of one of a crawl: refused, and nothing is written there."""
    place.bring("comic")
    (place.work / "crawl" / folder).parent.mkdir(parents=True)
    (place.work / "crawl" / folder).symlink_to(place.outside / "folder")
    place.run(*COMMANDS["crawl"].arguments, ok=(2,))


def onto(out: str, place: Place) -> None:
    """An output that will be the input, once folders on the way are made."""
    place.bring("comic")
    place.keep("comic")
    place.run("crawl", "comic", "--out", out, ok=(2,))
    if (place.work / "comic" / "local").exists():
        raise Fault("wrong", f"{out}: a crawl inside the comic")


def no_address(url: str, place: Place) -> None:
    place.run("crawl", url, "--out", "out", ok=(2,))


def scenarios() -> Iterator[Scenario]:
    kind = "moved records"
    yield Scenario(kind, "two parts swapped", partial(swapped, f"{PARTS}/ep01.jsonl", f"{PARTS}/ep02.jsonl"))
    yield Scenario(kind, "parts of two series swapped",
                   partial(swapped, f"{PARTS}/ep01.jsonl", "pairs/parts/local/two/ep01.jsonl"))  # fmt: skip
    episodes = [f"crawl/local/one/ep0{number}/episode.json" for number in (1, 2)]
    yield Scenario(kind, "two episode.json swapped", partial(swapped, *episodes))
    for target in (f"{PARTS}/ep09.jsonl", "pairs/parts/local/three/ep01.jsonl", "pairs/parts/web/one/ep01.jsonl"):
        yield Scenario(kind, f"a part once more as {target}", partial(copied, f"{PARTS}/ep01.jsonl", target))
    for file, good in (("pairs/excluded.jsonl", b'{"id": "w0"}'), ("pairs/forgotten.jsonl", SERIES),
                       ("crawl/forgotten.jsonl", SERIES)):  # fmt: skip
        for label, data, ok in (
            ("noise", b"\xff\0{", (6,)),
            ("a list", b"[]\n", (6,)),
            ("a number for a text", good.replace(b'"w0"', b"5").replace(b'"three"', b"5"), (6,)),
            ("good lines", b"\xef\xbb\xbf" + good + b"\n\n" + good, (0,)),
        ):
            yield Scenario("damaged notes", f"{file}: {label}", partial(note, file, data, ok))
    for file, command in PLACES.items():
        for label, put in ODD.items():
            yield Scenario("no files", f"{label} in the place of {file}: {command}", partial(odd, file, put, command))
    for folder in ("local", "local/one"):
        yield Scenario("links", f"a link to somebody's folder as {folder} of a crawl", partial(linked, folder))
    for out in ("new/../comic", "comic/new/../../comic/.", "a/b/../../comic"):
        yield Scenario("outputs", f"crawl comic --out {out}", partial(onto, out))
    for url in ("http://[", "https://[::1", "http://a.example:99999/", "HTTP://]/"):
        yield Scenario("addresses", f"crawl {url}", partial(no_address, url))


SERIES = b'{"source": "local", "series_id": "three"}'
