"""What a person may type or hand over: options, hints, recipes, settings, streams. The rule of the file: what is out of
range or of another shape is refused where it stands, in one line, before anything is written.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial

from damaged import DEEP, DIGITS
from trial import Fault, Place, Scenario, contents
from world import COMMANDS, TRAIN

ODD = (
    "0",
    "-1",
    "1e400",
    "nan",
    "inf",
    "1" * 30,
    "9" * DIGITS,
    "\u00b2",
    "0x10",
    "",
    "x",
    "1.5",
    "--",
    "\u0661\u0660 ",
)
OPTIONS = {
    "train": ("--images", "--batch-size", "--seed", "--line-jitter", "--accumulate", "--d-layers", "--decay-start"),
    "evaluate": ("--limit", "--seed"),
    "flats": ("--gap", "--max-megapixels"),
    "colorize": ("--samples", "--seed", "--max-megapixels", "--background"),
    "crawl": ("--episodes", "--max-episodes", "--pause", "--max-megapixels"),
    "make-pairs": ("--workers", "--size"),
    "webdataset": ("--shard-mb",),
}
FINE = {"0", "1" * 30, "9" * DIGITS, "\u0661\u0660 ", "x", "1.5"}  # may mean something somewhere
SETS = ("lr", "width", "depth", "beta1", "ema", "clip", "crop", "save_every", "log_every", "weight_l1", "kernel",
        "size", "validation_pairs", "dropout", "batch_size")  # fmt: skip
VALUES = ("nan", "inf", "-1", "1" * 30, "[" * 200, "null", "\u00b2", "1e400")


def option(name: str, flag: str, value: str, place: Place) -> None:
    command = COMMANDS[name]
    place.bring(*command.needs)
    place.keep(*command.needs)
    place.run(*command.arguments, flag, value, ok=(0, 2, 4, 5, 8) if value in FINE else (2,))


def setting(name: str, value: str, place: Place) -> None:
    place.bring("pairs")
    place.keep("pairs")
    place.run(*TRAIN, "--images", "2", "--set", f"{name}={value}", ok=(2, 8))
    if (place.work / "run" / "weights.safetensors").exists():
        raise Fault("wrong", "weights were written")


DOT = {"x": 20, "y": 20, "radius": 4, "color": "#ff0000"}
HINTS: dict[str, str] = {
    **{f"{key} = {value!r:.24}": json.dumps([{**DOT, key: value}])
       for key, value in (
           ("x", -5), ("x", 10**9), ("x", 10**400), ("x", "a"), ("x", None), ("x", True), ("x", [1]), ("y", 1e308),
           ("radius", -1), ("radius", 10**12), ("radius", {}), ("color", "red"), ("color", "#gg0000"),
           ("color", None), ("color", 5), ("color", "#ff00000"),
       )},
    "x missing": json.dumps([{key: DOT[key] for key in DOT if key != "x"}]),
    "NaN": '[{"x": NaN, "y": 1, "radius": 1, "color": "#ff0000"}]',
    "Infinity": '[{"x": 1, "y": 1, "radius": Infinity, "color": "#ff0000"}]',
    "1e400": '[{"x": 1e400, "y": 1, "radius": 1, "color": "#ff0000"}]',
    "many digits": f'[{{"x": {"1" * DIGITS}, "y": 1, "radius": 1, "color": "#ff0000"}}]',
    "nested deeply": "[" * DEEP + "]" * DEEP,
    "objects nested deeply": '{"a":' * DEEP + "1" + "}" * DEEP,
    "null": "null", "a number": "5", "a text": '"x"', "an object": "{}", "empty": "", "a list of numbers": "[1, 2]",
    "no JSON": "{x: 1}", "a lone surrogate": '[{"x": 1, "y": 1, "radius": 1, "color": "\\ud800"}]',
    "cut": '[{"x": 1', "NUL": "\0" * 50,
}  # fmt: skip


HINTED = {
    "colorize": ("colorize", "run", "comic/one/ep01/001.png", "--recolor"),
    "flats": ("flats", "comic/one/ep01/001.png", "--line-art"),
}


def hinted(name: str, text: str, place: Place) -> None:
    place.bring("run", "comic")
    (place.work / "hints.json").write_text(text)
    place.keep("run", "comic")
    place.run(*HINTED[name], "--out", "new", "--hints", "hints.json", ok=(2,))
    if (place.work / "new").exists() and any(path.suffix == ".png" for path in (place.work / "new").rglob("*")):
        raise Fault("wrong", "refused, but a picture was written")


RECIPE = """
[site]
name = "fault"
base = "http://127.0.0.1:9"
title = "Fault"
licence = { id = "CC0-1.0" }
[episodes]
mode = "number"
url = "{n}/"
last = 1
[images]
css = "img"
"""
RECIPES = {
    "empty": "", "no TOML": "[[[", "NUL": "\0\0", "an unknown table": RECIPE + "[more]\na = 1\n",
    "last of 10^9": RECIPE.replace("last = 1", "last = 1000000000"),
    "last of 30 digits": RECIPE.replace("last = 1", f"last = {'1' * 30}"),
    "last of 5,000 digits": RECIPE.replace("last = 1", f"last = {'1' * DIGITS}"),
    "last true": RECIPE.replace("last = 1", "last = true"),
    "last nan": RECIPE.replace("last = 1", "last = nan"),
    "last -1": RECIPE.replace("last = 1", "last = -1"),
    "a selector that is none": RECIPE.replace('css = "img"', 'css = "img[["'),
    "a selector of 10,000 parts": RECIPE.replace('css = "img"', f'css = "{":not(" * 5000}"'),
    "a base that cannot be parsed": RECIPE.replace("http://127.0.0.1:9", "http://["),
    "a base with a port of text": RECIPE.replace("127.0.0.1:9", "127.0.0.1:x"),
    "a base of a file": RECIPE.replace("http://127.0.0.1:9", "file:///etc"),
    "a name that climbs": RECIPE.replace('"fault"', '"../../outside"'),
    "a name of nothing": RECIPE.replace('"fault"', '""'),
    "a name with an escape": RECIPE.replace('"fault"', '"a\\u001b[31m"'),
    "a title that is a list": RECIPE.replace('"Fault"', "[1]"),
    "a url with an unknown field": RECIPE.replace("{n}/", "{n.__class__}/"),
    "a url with a wide format": RECIPE.replace("{n}/", "{n:0999999999}/"),
    "a url that is open": RECIPE.replace("{n}/", "{n"),
    "nested deeply": RECIPE + "a = " + "[" * 5000 + "]" * 5000,
    "an unknown mode": RECIPE.replace('"number"', '"magic"'),
    "no image": RECIPE.replace('css = "img"', ""),
}  # fmt: skip


LATER = ("a name that climbs", "a name of nothing", "a name with an escape")


def recipe(label: str, text: str, place: Place) -> None:
    (place.work / "fault.toml").write_text(text)
    ran = place.run("crawl", "fault.toml", "--out", "new", ok=(2, 3))
    if ran.status == 3 and label not in LATER:
        raise Fault("wrong", f"not refused where it stands: {ran.said}")


CONFIGS = {
    "empty table name": "['']\n", "a list": "train = [1]\n", "wrong type": "[train]\nimages = [1]\n",
    "nan": "[train]\nline_jitter = nan\n", "negative": "[train]\nimages = -5\n",
    "digits": f"[train]\nimages = {'1' * 5000}\n",
    "bool for number": "[train]\nimages = true\n", "table for number": "[train.images]\na = 1\n",
    "date for text": "[train]\noutline = 2020-01-01\n", "nested deeply": "[train]\nimages = " + "[" * 5000 + "]" * 5000,
    "NUL": "\0", "not UTF-8": "[train]\noutline = '\udcff'\n", "unknown": "[train]\nimage = 5\n",
    "a choice": "[train]\npreset = 'x'\n",
    "infinite": "[train]\nimages = inf\n", "text for number": "[train]\nbatch-size = 'many'\n",
}  # fmt: skip


def config(text: str, place: Place) -> None:
    place.bring("pairs")
    (place.work / "comicdata.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    arguments = [word for word in TRAIN if word not in ("--batch-size", "2")]
    place.run(*arguments, ok=(2,))


def environment(name: str, value: str) -> Callable[[], None]:
    return lambda: os.environ.__setitem__(name, value)


def _closed(number: int) -> Callable[[], None]:
    def close() -> None:
        os.close(number)
        if number == 0:
            sys.stdin = None
        elif number == 1:
            sys.stdout = None

    return close


def _to(number: int, path: str) -> Callable[[], None]:
    return lambda: os.dup2(os.open(path, os.O_RDWR), number)


def _broken() -> None:
    read, write = os.pipe()
    os.close(read)
    os.dup2(write, 1)


STREAMS: dict[str, Callable[[], None]] = {
    "standard input closed": _closed(0),
    "standard output closed": _closed(1),
    "nobody reads standard output": _broken,
    "standard output full": _to(1, "/dev/full"),
    "RANK=x": environment("RANK", "x"),
    "WORLD_SIZE=x": environment("WORLD_SIZE", "-1"),
    "COLUMNS=x": environment("COLUMNS", "x"),
    "HOME without a value": environment("HOME", ""),
    "TMPDIR nowhere": environment("TMPDIR", "/nowhere"),
    "LANG=C": environment("LANG", "C"),
}
STREAMED = {
    "doctor": (("doctor",), ("doctor", "--json"), ()),
    "verify": (("verify", "pairs"), ("verify", "pairs", "--json"), ("pairs",)),
    "panels": (("panels", "comic/one/ep01"), ("panels", "comic/one/ep01", "--json"), ("comic",)),
    "forget": (("forget", "two", "--crawl", "crawl"), ("forget", "two", "--crawl", "crawl", "--json"), ("crawl",)),
    "train": ((*TRAIN, "--images", "2"), (*TRAIN, "--images", "2", "--json"), ("pairs",)),
}


def streamed(name: str, stream: str, place: Place) -> None:
    """A command with a broken stream or environment; unasked, forget deletes nothing."""
    plain, as_json, needs = STREAMED[name]
    place.bring(*needs)
    place.keep(*needs)
    ok = (0, 2, 8) if name != "forget" else (0, 2, 8, 130)
    for arguments in (plain, as_json):
        ran = place.run(*arguments, child=STREAMS[stream], ok=ok)
        if ran.status == 0 and "full" in stream and arguments is as_json:
            raise Fault("wrong", f"the document was lost, status 0: {ran.said}")
    if name == "forget" and not any("0001.png" in one for one in contents(place.work / "crawl" / "local" / "two")):
        raise Fault("lost", "deleted without being asked")


def scenarios() -> Iterator[Scenario]:
    for number, (name, flag) in enumerate((name, flag) for name, flags in OPTIONS.items() for flag in flags):
        for value in ODD[number % 2 :: 2]:
            yield Scenario("options", f"{name} {flag} {value!r:.24}", partial(option, name, flag, value))
    for number, name in enumerate(SETS):
        for value in VALUES[number % 2 :: 2]:
            yield Scenario("options", f"train --set {name}={value!r:.24}", partial(setting, name, value))
    for label, text in HINTS.items():
        yield Scenario("hints", f"hints: {label}", partial(hinted, "colorize", text))
        yield Scenario("hints", f"hints of flats: {label}", partial(hinted, "flats", text))
    for label, text in RECIPES.items():
        yield Scenario("recipes and settings", f"recipe: {label}", partial(recipe, label, text))
    for label, text in CONFIGS.items():
        yield Scenario("recipes and settings", f"settings: {label}", partial(config, text))
    for name in STREAMED:
        for stream in STREAMS:
            yield Scenario("streams and environment", f"{stream}: {name}", partial(streamed, name, stream))
