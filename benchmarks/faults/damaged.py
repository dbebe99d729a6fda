"""Our own files in a bad state: JSON and TOML of any shape, tables, weights. The rule of the file: a command that reads
one says what is wrong with it, or gives what it gives undisturbed; never a bug, never something else in silence.
"""

import io
import json
import struct
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from trial import Fault, Place, Scenario
from world import COMMANDS, GOES_ON, SERIES, Command, same, wanted

ENDS = (0, 2, 3, 5, 6)
DEEP, DIGITS = 100_000, 5_000
Poison = Callable[[bytes], bytes]


def _first(data: bytes, value: bytes) -> bytes:
    """The first value of the first object replaced."""
    head, _, rest = data.partition(b":")
    end = min((at for at in (rest.find(b","), rest.find(b"}")) if at >= 0), default=len(rest))
    return head + b":" + value + rest[end:]


POISONS: dict[str, Poison] = {
    "empty": lambda data: b"",
    "NUL bytes": lambda data: bytes(len(data)),
    "cut in the middle": lambda data: data[: len(data) // 2],
    "noise": lambda data: np.random.default_rng(3).bytes(len(data)),
    "nested deeply": lambda data: b"[" * DEEP + b"]" * DEEP + b"\n",
    "objects nested deeply": lambda data: b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"\n",
    "null": lambda data: b"null\n",
    "a list": lambda data: b"[]\n",
    "an empty object": lambda data: b"{}\n",
    "a value of 5,000 digits": lambda data: _first(data, b"1" * DIGITS),
    "a value NaN": lambda data: _first(data, b"NaN"),
    "a value 1e400": lambda data: _first(data, b"1e400"),
    "a value that is an object": lambda data: _first(data, b'{"x": [null]}'),
    "a value null": lambda data: _first(data, b"null"),
    "a lone surrogate": lambda data: _first(data, b'"\\ud800"'),
    "an escape sequence": lambda data: _first(data, b'"\\u001b]0;owned\\u0007\\u001b[31m"'),
}
FEW = ("empty", "nested deeply", "null", "a value of 5,000 digits", "a value NaN")
AGAIN = {**COMMANDS, "train further": Command(("pairs", "run"), GOES_ON, ("run",))}
READERS = {  # file of ours -> the commands that read it; for the first every poison is tried, for others a few
    f"{SERIES}/series.json": ("make-pairs", "crawl"),
    f"{SERIES}/ep01/episode.json": ("make-pairs", "crawl"),
    "crawl/index.jsonl": ("crawl", "make-pairs"),
    "pairs/parts/local/one/ep01.jsonl": ("make-pairs",),
    "crawl/local/two/series.json": ("forget",),
    "crawl/local/two/ep01/episode.json": ("forget",),
    "pairs/parts/local/two/ep01.jsonl": ("forget",),
    "pairs/card.json": ("train", "make-pairs", "webdataset", "show pairs"),
    "pairs/.comicdata.json": ("make-pairs",),
    "pairs/256/train/metadata.jsonl": ("make-pairs", "train"),
    "run/config.json": ("colorize", "train further", "evaluate", "show run"),
    "run/metrics.jsonl": ("train further", "show run"),
    "run/state/8/state.json": ("train further",),
    "kohya/export.json": ("kohya",),
    "coloured/.comicdata.json": ("colorize",),
    "figures/.comicdata.json": ("evaluate",),
}


def reads(name: str, file: str, poison: Poison, place: Place) -> None:
    """A command meets a damaged file of ours."""
    command = AGAIN[name]
    tops = {file.partition("/")[0], *command.needs}
    place.bring(*tops)
    path = place.work / file
    path.write_bytes(poison(path.read_bytes()))
    place.keep(*(one for one in tops if one not in command.makes))
    pictures = [one for one in tops if one in command.makes and one == "crawl" and name != "forget"]
    place.keep(*(f"{one}/{part}" for one in pictures for part in PICTURES))
    ran = place.run(*command.arguments, ok=ENDS)
    if ran.status == 0:
        for made in command.makes:
            known = "run-after" if name == "train further" else wanted(name, made)
            differs = same(place, made, known)
            if differs and not _known_as_wrong(place, file.partition("/")[0]):
                raise Fault("wrong", f"{ran.said}: status 0, {made} is another than undisturbed: {differs}")


PICTURES = ("local/one/ep01/0001.png", "local/one/ep01/0002.png", "local/two/ep01/0001.png")


def _known_as_wrong(place: Place, made: str) -> bool:
    """Whether verify names what differs."""
    return made in ("crawl", "pairs", "run", "kohya") and place.run("verify", made, ok=(0, 2, 6)).status != 0


def json_files() -> Iterator[Scenario]:
    for file, names in READERS.items():
        for first, name in enumerate(names):
            for label in POISONS if not first else FEW:
                yield Scenario(
                    "damaged records", f"{file}, {label}: {name}", partial(reads, name, file, POISONS[label])
                )


def weights(change: Callable[[dict], tuple[dict, dict]]) -> Poison:
    def poison(data: bytes) -> bytes:
        size = struct.unpack("<Q", data[:8])[0]
        header, body = change((json.loads(data[8 : 8 + size]), bytearray(data[8 + size :])))
        text = header if isinstance(header, bytes) else json.dumps(header).encode()
        return struct.pack("<Q", len(text)) + text + bytes(body)

    return poison


def _filled(value: float) -> Callable:
    def change(parts):
        header, body = parts
        for name, one in header.items():
            if name != "__metadata__" and one["dtype"] == "F32":
                start, _ = one["data_offsets"]
                body[start : start + 4] = struct.pack("<f", value)
                break
        return header, body

    return change


def _with_metadata(**values) -> Callable:
    return lambda parts: ({**parts[0], "__metadata__": {**parts[0].get("__metadata__", {}), **values}}, parts[1])


def _every_metadata(value: str) -> Callable:
    return lambda parts: (
        {**parts[0], "__metadata__": dict.fromkeys(parts[0].get("__metadata__", {}), value)},
        parts[1],
    )


def _reshaped(parts):
    header, body = parts
    name = next(one for one in header if one != "__metadata__" and len(header[one]["shape"]) > 1)
    header[name]["shape"] = header[name]["shape"][::-1]
    return header, body


WEIGHTS: dict[str, Poison] = {
    **{name: POISONS[name] for name in ("empty", "NUL bytes", "cut in the middle", "noise")},
    "a NaN": weights(_filled(float("nan"))),
    "an infinity": weights(_filled(float("inf"))),
    "another number": weights(_filled(123.0)),
    "one bit": lambda data: data[:-9] + bytes([data[-9] ^ 64]) + data[-8:],
    "no metadata": weights(lambda parts: ({k: v for k, v in parts[0].items() if k != "__metadata__"}, parts[1])),
    "metadata that is no JSON": weights(_every_metadata("{")),
    "metadata null": weights(_every_metadata("null")),
    "metadata a list": weights(_every_metadata("[]")),
    "metadata nested deeply": weights(_every_metadata("[" * DEEP + "]" * DEEP)),
    "metadata of many digits": weights(_every_metadata("1" * DIGITS)),
    "a shape turned": weights(_reshaped),
    "a header of 2^60 bytes": lambda data: struct.pack("<Q", 2**60) + data[8:],
    "a header nested deeply": weights(lambda parts: (b'{"a":' * DEEP + b"1" + b"}" * DEEP, parts[1])),
    "a tensor missing": weights(lambda parts: (dict(list(parts[0].items())[:-1]), parts[1])),
}


def uses_weights(name: str, poison: Poison, place: Place) -> None:
    """No damaged weights colour anything: refused, or repaired by training."""
    command = AGAIN[name]
    place.bring(*command.needs)
    file = "state/8/tensors.safetensors" if name == "train further" else "weights.safetensors"
    path = place.work / "run" / file
    path.write_bytes(poison(path.read_bytes()))
    place.keep(*(one for one in command.needs if one not in command.makes))
    ran = place.run(*command.arguments, ok=(0, 2, 6) if name == "train further" else (2, 6))
    if ran.status == 0 and (differs := same(place, "run", "run-after")):
        raise Fault("wrong", f"{ran.said}: status 0, but run differs: {differs}")


HONEST: dict[str, Callable] = {  # of the tensors by name; the hashes are made right again
    "weights of NaN": lambda found: {name: one * float("nan") for name, one in found.items()},
    "one weight infinite": lambda found: found | {min(found): found[min(found)] + float("inf")},
    "weights that blow up": lambda found: {name: one * 0 + 3e38 for name, one in found.items()},
    "complex numbers": lambda found: {name: one + 0j for name, one in found.items()},
    "whole numbers": lambda found: {name: one.long() for name, one in found.items()},
    "numbers of eight bits": lambda found: {name: one.to(_torch().float8_e4m3fn) for name, one in found.items()},
    "a tensor missing": lambda found: dict(list(found.items())[1:]),
    "a tensor more": lambda found: found | {"more": _torch().zeros(3)},
    "tensors without a shape": lambda found: {name: one.flatten() for name, one in found.items()},
}


def _torch():
    import torch

    return torch


def honest(change: Callable, place: Place) -> None:
    """Weights that nothing but their numbers speaks against: every hash is right. Nothing is coloured by them."""
    from comicdata.models.runs.checkpoint import load_weights, save_weights

    place.bring("comic", "pairs", "run")
    path = place.work / "run" / "weights.safetensors"
    found = load_weights(path)
    header = {name: value for name, value in found.header.items() if name not in ("sha256", "tensors_sha256", "format")}
    save_weights(path, change(found.tensors), header)
    place.keep("comic", "pairs", "run")
    for name in ("colorize", "evaluate"):
        place.run(*COMMANDS[name].arguments, ok=(6, 9))
        pictures = [*(place.work / COMMANDS[name].makes[0]).rglob("*.png")]
        if pictures:
            raise Fault("wrong", f"{name}: {pictures[0].name} by weights that are none")


def unchanged(place: Place) -> None:
    """The same way with the weights as they were: they colour, and verify passes."""
    from comicdata.models.runs.checkpoint import load_weights, save_weights

    place.bring("comic", "run")
    path = place.work / "run" / "weights.safetensors"
    found = load_weights(path)
    header = {name: value for name, value in found.header.items() if name not in ("sha256", "tensors_sha256", "format")}
    save_weights(path, found.tensors, header)
    place.run("verify", "run")
    place.run(*COMMANDS["colorize"].arguments)
    if differs := same(place, "coloured", "coloured"):
        raise Fault("wrong", f"other pictures by the same weights: {differs}")


def table(change: Callable) -> Poison:
    import pyarrow.parquet as parquet

    def poison(data: bytes) -> bytes:
        out = io.BytesIO()
        parquet.write_table(change(parquet.read_table(io.BytesIO(data))), out)
        return out.getvalue()

    return poison


def _column(name: str, value) -> Callable:
    """The first row has `value` in a column."""
    import pyarrow as pa

    def change(rows):
        plain = rows.to_pylist()
        plain[0] = {**plain[0], name: value}
        return pa.Table.from_pylist(plain)

    return change


def _typed(name: str, value) -> Callable:
    """All rows have `value`, of another type, in a column."""
    import pyarrow as pa

    return lambda rows: pa.Table.from_pylist([{**row, name: value} for row in rows.to_pylist()])


TABLES: dict[str, Callable[[], Poison]] = {
    **{name: partial(POISONS.__getitem__, name) for name in ("empty", "NUL bytes", "cut in the middle", "noise")},
    **{f"no column {name}": partial(lambda name: table(lambda rows: rows.drop_columns([name])), name)
       for name in ("id", "split", "color_file_name", "crop_box", "sha256_color", "kept")},
    **{f"{name} = {value!r:.30}": partial(lambda name, value: table(_column(name, value)), name, value)
       for name, value in (
           ("id", "../../outside/x"), ("id", "/tmp/x"), ("id", "a\0b"), ("id", ""), ("split", "../../outside"),
           ("split", "/"), ("split", "nowhere"), ("color_file_name", "../../../../outside/secret.png"),
           ("color_file_name", "/etc/hostname"), ("canny_file_name", "a\0b"), ("crop_box", None), ("panel_box", None),
           ("size", -1), ("size", 10**15), ("series_id", "../x"), ("kept", None), ("id", "x" * 5000),
           ("sha256_color", None),
       )},
    **{f"all {name} = {value!r}": partial(lambda name, value: table(_typed(name, value)), name, value)
       for name, value in (("size", "x"), ("id", 5), ("crop_box", 1.5), ("kept", "yes"), ("split", None))},
    "no row": lambda: table(lambda rows: rows.slice(0, 0)),
}  # fmt: skip


def manifest(name: str, poison: Callable[[], Poison], place: Place) -> None:
    """A command meets a manifest that was not written by us: refused, never followed out of the folder."""
    command = AGAIN[name]
    place.bring(*command.needs)
    path = place.work / "pairs" / "manifest.parquet"
    path.write_bytes(poison()(path.read_bytes()))
    place.keep("pairs")
    ran = place.run(*command.arguments, ok=(0, 2, 3, 6))
    made = command.makes[0]
    if ran.status == 0 and (differs := same(place, made, wanted(name, made))):
        raise Fault("wrong", f"{ran.said}: status 0 with a manifest that is not ours: {differs}")


def scenarios() -> Iterator[Scenario]:
    yield from json_files()
    for name in ("colorize", "evaluate", "train further"):
        for label, poison in WEIGHTS.items():
            yield Scenario("damaged weights", f"weights, {label}: {name}", partial(uses_weights, name, poison))
    for label, change in HONEST.items():
        yield Scenario("damaged weights", f"weights whose hash is right, {label}", partial(honest, change))
    yield Scenario("damaged weights", "weights whose hash is right, as they were", unchanged)
    for number, (label, poison) in enumerate(TABLES.items()):
        for name in (("kohya", "train"), ("webdataset", "show pairs"), ("croissant", "evaluate"))[number % 3]:
            yield Scenario("damaged manifests", f"manifest, {label}: {name}", partial(manifest, name, poison))
