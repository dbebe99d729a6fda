"""Names, links, special files and folders that belong to others. The rule of the file: nothing outside is written, read
through or deleted, names that look alike stay apart, and only regular files are opened.
"""

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from pictures import GOOD
from trial import Fault, Place, Scenario
from world import COMMANDS, FLATS, SERIES, page

from comicdata.images import encode_png

CRAWL = ("crawl", "source", "--out", "out", "--licence", "CC0-1.0")
COLOR = ("colorize", "run", "source", "--out", "out", "--recolor")
PANELS = ("panels", "source", "--out", "out")
FLAT = ("flats", "source", "--line-art", "--out", "out")
USES = {"crawl": CRAWL, "colorize": COLOR, "panels": PANELS, "flats": FLAT}


def source(place: Place) -> Path:
    folder = place.work / "source"
    folder.mkdir()
    (folder / "001.png").write_bytes(GOOD)
    return folder


LINKS: dict[str, Callable[[Path, Path], None]] = {
    "a file elsewhere": lambda folder, outside: (folder / "002.png").symlink_to(outside / "secret.png"),
    "a folder elsewhere": lambda folder, outside: (folder / "more").symlink_to(outside / "folder"),
    "a relative way out": lambda folder, outside: (folder / "002.png").symlink_to("../../outside/secret.png"),
    "itself": lambda folder, outside: (folder / "002.png").symlink_to("002.png"),
    "its parent": lambda folder, outside: (folder / "up").symlink_to(".."),
    "the root": lambda folder, outside: (folder / "root").symlink_to("/"),
    "a text elsewhere": lambda folder, outside: (folder / "ComicInfo.xml").symlink_to(outside / "secret.txt"),
    "/dev/zero": lambda folder, outside: (folder / "002.png").symlink_to("/dev/zero"),
    "/proc/self/mem": lambda folder, outside: (folder / "002.png").symlink_to("/proc/self/mem"),
    "nothing": lambda folder, outside: (folder / "002.png").symlink_to("gone.png"),
    "a link to a link": lambda folder, outside: (
        (folder / "a.lnk").symlink_to(outside / "secret.png"), (folder / "002.png").symlink_to("a.lnk")),
}  # fmt: skip


def linked(use: str, link: str, place: Place) -> None:
    place.bring("run")
    LINKS[link](source(place), place.outside)
    place.keep("run")
    place.run(*USES[use], ok=(0, 2, 3, 5))
    if made := [path for path in (place.work / "out").rglob("*") if path.name.startswith("0002") and path.is_file()]:
        raise Fault("outside", f"what a link leads to was taken: {made[0].name}")


PLACES = {  # which folder or file of what we made is a link to outside, and the command that goes on with it
    "crawl/local/one/ep01": ("crawl", "make-pairs", "forget"),
    "crawl/local/two/ep01": ("forget",),
    "crawl/local/two": ("forget", "crawl"),
    "crawl/local": ("crawl", "forget"),
    "crawl": ("crawl",),
    f"{SERIES}/series.json": ("crawl", "make-pairs"),
    "crawl/index.jsonl": ("crawl",),
    "crawl/forgotten.jsonl": ("forget",),
    "pairs/parts": ("make-pairs", "forget"),
    "pairs/256": ("make-pairs", "forget", "train", "kohya"),
    "pairs/manifest.parquet": ("make-pairs", "train", "kohya"),
    "pairs/card.json": ("make-pairs",),
    "pairs/failures.jsonl": ("make-pairs",),
    "run/state": ("train",),
    "run/samples": ("train",),
    "run/weights.safetensors": ("train", "colorize"),
    "run/metrics.jsonl": ("train",),
    "coloured/0001.png": ("colorize",),
    "overlays": ("panels",),
    "flats": ("flats",),
    "flats/001.psd": ("flats",),
    "flats/flats.jsonl": ("flats",),
    "pairs.html": ("show pairs",),
    "kohya/256": ("kohya",),
    "webdataset/export.json": ("webdataset",),
}


def output_linked(target: str, name: str, place: Place) -> None:
    """A part of what we made is a link to a person's folder or file: their bytes stay as they are."""
    command = COMMANDS[name]
    place.bring(*{target.partition("/")[0], *command.needs} - {"coloured", "overlays", "pairs.html"})
    path, theirs = place.work / target, place.folder / "work" / "theirs"
    theirs.mkdir()
    path.parent.mkdir(parents=True, exist_ok=True)
    mine = theirs / path.name
    if path.exists():
        path.rename(mine)
    elif path.suffix:
        mine.write_bytes(b"mine\n")
    else:
        mine.mkdir()
    if mine.is_dir():
        (mine / "mine.txt").write_bytes(b"mine")
    path.symlink_to(mine)
    place.keep("theirs")
    place.run(*command.arguments, ok=(0, 2, 3, 5, 6))


def outside_named(arguments: tuple[str, ...], place: Place) -> None:
    """An output on an input, or a way to nowhere."""
    place.bring("comic", "crawl", "pairs", "run")
    place.keep("comic", "crawl", "pairs", "run")
    place.run(*arguments, ok=(0, 2) if arguments[-1] in ("comic/one", "crawl/local") else (2,))  # inside is not onto


ONTO = (
    ("colorize", "run", "comic/one/ep01", "--out", "comic/one/ep01", "--recolor"),
    ("colorize", "run", "comic/one/ep01/001.png", "--out", "comic/one/ep01/001.png", "--recolor"),
    ("colorize", "run", "comic/one/ep01", "--out", "run", "--recolor"),
    ("colorize", "run", "comic/one/ep01", "--out", "run/weights.safetensors", "--recolor"),
    ("colorize", "run", "comic/one/ep01", "--out", "", "--recolor"),
    ("panels", "comic/one/ep01", "--out", "comic/one/ep01"),
    ("panels", "comic/one/ep01", "--out", ""),
    (*FLATS, "--out", "comic/one/ep01"),
    (*FLATS, "--out", "comic/one/ep01/001.png"),
    (*FLATS, "--out", ""),
    (*FLATS, "--hints", "run", "--out", "run"),
    (*FLATS, "--palette", "run/config.json", "--out", "new"),
    ("crawl", "comic", "--out", "comic"),
    ("crawl", "comic", "--out", "comic/one"),
    ("crawl", "comic", "--out", ""),
    ("crawl", "comic", "--out", "comic/one/ep01/001.png"),
    ("crawl", "", "--out", "new"),
    ("make-pairs", "crawl", "--out", "crawl"),
    ("make-pairs", "crawl", "--out", "crawl/local"),
    ("make-pairs", "crawl", "--out", ""),
    ("make-pairs", "crawl", "--out", "run"),
    ("train", "pix2pix", "--pairs", "pairs", "--run", "pairs", "--images", "8"),
    ("train", "pix2pix", "--pairs", "pairs", "--run", "", "--images", "8"),
    ("train", "pix2pix", "--pairs", "pairs", "--run", "crawl", "--images", "8"),
    ("evaluate", "run", "--pairs", "pairs", "--out", "pairs"),
    ("evaluate", "run", "--pairs", "pairs", "--out", ""),
    ("show", "pairs", "--out", "pairs/manifest.parquet"),
    ("show", "pairs", "--out", "comic/one/ep01/001.png"),
    ("show", "run", "--out", "run/config.json"),
    ("show", "pairs", "--out", ""),
    ("export", "pairs", "--to", "kohya", "--out", "pairs"),
    ("export", "pairs", "--to", "kohya", "--out", "crawl"),
    ("export", "pairs", "--to", "webdataset", "--out", ""),
    ("forget", "../../outside", "--crawl", "crawl", "--yes"),
    ("forget", "..", "--crawl", "crawl", "--yes"),
    ("forget", "local/../..", "--crawl", "crawl", "--pairs", "pairs", "--yes"),
    ("forget", "", "--crawl", "crawl", "--yes"),
    ("forget", "*", "--crawl", "crawl", "--yes"),
    ("forget", "/", "--crawl", "crawl", "--pairs", "pairs", "--yes"),
    ("verify", ""),
)
SPECIAL = ("/dev/zero", "/dev/random", "/dev/tty", "/proc/kmsg", "/proc/self/environ", "/proc/self/fd/0", "fifo",
           "socket", "/dev/full", "/sys/kernel", "/proc")  # fmt: skip
GIVEN = {
    "crawl": ("crawl", "X", "--out", "out"),
    "panels": ("panels", "X"),
    "colorize": ("colorize", "run", "X", "--out", "out"),
    "colorize --hints": ("colorize", "run", "comic/one/ep01/001.png", "--out", "out", "--recolor", "--hints", "X"),
    "flats": ("flats", "X", "--out", "out"),
    "flats --hints": ("flats", "comic/one/ep01/001.png", "--line-art", "--out", "out", "--hints", "X"),
    "flats --palette": ("flats", "comic/one/ep01/001.png", "--line-art", "--out", "out", "--palette", "X"),
    "--config": ("verify", "run", "--config", "X"),
    "make-pairs": ("make-pairs", "X", "--out", "out"),
    "train": ("train", "pix2pix", "--pairs", "X", "--run", "out"),
    "evaluate": ("evaluate", "X", "--pairs", "pairs"),
    "show": ("show", "X"),
    "verify": ("verify", "X"),
    "panels --score": ("panels", "comic/one/ep01/001.png", "--score", "X"),
}


def special(use: str, given: str, place: Place) -> None:
    place.bring("run", "comic", "pairs")
    if given == "fifo":
        os.mkfifo(place.work / "fifo")
    if given == "socket":
        import socket

        end = socket.socket(socket.AF_UNIX)
        end.bind(os.path.relpath(place.work / "socket"))
    place.keep("run", "comic", "pairs")
    place.run(*(given if word == "X" else word for word in GIVEN[use]), ok=(2, 3, 5, 6))


def deep(use: str, depth: int, place: Place) -> None:
    """A folder many levels down, made step by step."""
    place.bring("run")
    source(place)
    here = os.open(place.work / "source", os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    place.run(*USES[use], ok=(0, 2, 3))


MARKUP = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "\x1b]0;owned\x07", "${7*7}{{7*7}}", "../../x",
          "\u202eevil", "a\r\nb", "\x9b31m", "\ud83d\ude00" * 60)  # fmt: skip


def marked_up(text: str, place: Place) -> None:
    """A title and a credit with markup: what people read has none of it."""
    import json

    place.bring("crawl", "comic")
    path = place.work / SERIES / "series.json"
    record = json.loads(path.read_bytes())
    text = text.encode("utf-16", "surrogatepass").decode("utf-16")
    for name, value in record.items():
        if isinstance(value, str) and name in ("title", "attribution"):
            record[name] = text
    path.write_text(json.dumps(record))
    ran = place.run(*COMMANDS["make-pairs"].arguments, ok=(0, 2, 3, 6))
    if ran.status == 0:
        place.run(*COMMANDS["show pairs"].arguments, ok=(0, 2, 6))
        place.run(*COMMANDS["croissant"].arguments, ok=(0, 2, 6))
    for page_ in (*place.work.glob("*.html"), *place.work.glob("*/README.md")):
        if "<script>alert(1)" in page_.read_text() or "<img src=x onerror" in page_.read_text():
            raise Fault("wrong", f"markup of a title stands in {page_.relative_to(place.work)}")


FILE_NAMES = (b"\xff\xfe.png", b"a\nb.png", b"a\x1b[31mb.png", b"-out.png", b"<b>x.png", b"con.png", b" .png",
              b"\xe2\x80\xaegnp.png", b"x" * 240 + b".png", b"'; rm x.png", b"a\\b.png", b"%s%n.png",
              b"\xc2\x9b31m.png")  # fmt: skip


def named(use: str, name: bytes, place: Place) -> None:
    """A picture with a hostile file name: taken, or named; its neighbour is taken."""
    place.bring("run")
    folder = source(place)
    Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(encode_png(page(31)))
    place.keep("source")
    ran = place.run(*USES[use], ok=(0, 2, 3))
    if use == "crawl" and GOOD not in [path.read_bytes() for path in (place.work / "out").rglob("000*")]:
        raise Fault("wrong", f"the picture beside it is not stored: {ran.said}")


def scenarios() -> Iterator[Scenario]:
    for use in USES:
        for link in LINKS:
            yield Scenario("links", f"a source with a link to {link}: {use}", partial(linked, use, link))
        for depth in (100, 1200):
            yield Scenario("names", f"a source {depth} folders deep: {use}", partial(deep, use, depth))
        for name in FILE_NAMES:
            yield Scenario("names", f"a file {name!r:.30}: {use}", partial(named, use, name))
    for target, names in PLACES.items():
        for name in names:
            yield Scenario("links", f"{target} is a link: {name}", partial(output_linked, target, name))
    for arguments in ONTO:
        yield Scenario(
            "outputs on inputs", " ".join(one or "''" for one in arguments), partial(outside_named, arguments)
        )
    for use in GIVEN:
        for given in SPECIAL[:5] + SPECIAL[6:] if use == "--config" else SPECIAL:
            yield Scenario("special files", f"{given}: {use}", partial(special, use, given))
    for text in MARKUP:
        yield Scenario("names", f"a title {text!r:.40}", partial(marked_up, text))
