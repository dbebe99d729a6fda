"""The only JSON and the only TOML parser: bounded in size, depth and digits, without NaN; errors say what and where."""

import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any, NoReturn

DEPTH = 100  # lists and objects in one another; what people and programs write has ten
DIGITS = 100  # characters of a number: as a float it is finite
LARGEST = 512_000_000  # bytes of a record of our own: an export of millions of files has one
LARGEST_TOML = 1_000_000  # bytes of what a person writes
_LONE = re.compile("[\ud800-\udfff]")
_HALF = re.compile(r"[\ud800-\udfff]|\\u[dD][89a-fA-F]")  # may make one
_COLON = re.compile(r"\s*:")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]|[^\s,:\[\]{}"]+', re.DOTALL)


class UnreadableError(ValueError):
    """A text is not what it should be: what is wrong with it, and where."""


def parse_json(data: str | bytes, most: int = LARGEST, *, by_hand: bool = False) -> Any:
    """The value of one JSON text: UTF-8, 16 or 32 as bytes, at most `most` of them; UnreadableError for any other.

    At most DEPTH deep, numbers at most DIGITS long and finite. Halves of characters (lone surrogates), which no
    file can hold, become the sign for what cannot be shown. Of a key that stands twice the last counts; where a person
    may have written it `by_hand`, it is refused, since what else it says would be lost.
    """
    if len(data) > most:
        raise UnreadableError(f"larger than {most // 10**6} MB")
    try:
        text = data if isinstance(data, str) else data.decode(json.detect_encoding(data))
        value = json.loads(
            text.removeprefix("\ufeff"),
            parse_int=_Numbers.whole,
            parse_float=_Numbers.real,
            parse_constant=_refuse,
            object_pairs_hook=_once if by_hand else None,
        )
    except _BadNumberError as error:
        raise UnreadableError(f"{_place(text, str(error))}: {_shown(str(error))} is no number that is taken") from None
    except _TwiceError:
        raise UnreadableError(_second(text)) from None
    except (RecursionError, MemoryError):
        raise UnreadableError(f"{_deep_place(text)}: nested more than {DEPTH} deep") from None
    except UnicodeDecodeError as error:
        raise UnreadableError(f"no {error.encoding} text at byte {error.start}") from None
    except ValueError as error:  # the error of json itself names line and column
        raise UnreadableError(str(error)) from None
    if text.count("[") + text.count("{") > DEPTH and _is_deep(value):
        raise UnreadableError(f"{_deep_place(text)}: nested more than {DEPTH} deep")
    return _without_halves(value) if _HALF.search(text) else value


def plain(value: Any) -> Any:
    """A value of ours as JSON gives it back: tuples as lists, to compare with what was saved."""
    return json.loads(json.dumps(value))


def parse_toml(data: str | bytes) -> dict[str, Any]:
    """The table of one TOML text, UTF-8 as bytes: bounded as JSON is, at most LARGEST_TOML bytes."""
    if len(data) > LARGEST_TOML:
        raise UnreadableError(f"larger than {LARGEST_TOML // 10**6} MB")
    try:
        text = data if isinstance(data, str) else data.decode("utf-8-sig")
        _refuse_long_names(text)
        value = tomllib.loads(text.removeprefix("\ufeff"))
    except UnicodeDecodeError as error:
        raise UnreadableError(f"no UTF-8 text at byte {error.start}") from None
    except (RecursionError, MemoryError):
        raise UnreadableError(f"nested more than {DEPTH} deep") from None
    except ValueError as error:  # of too many digits, too
        raise UnreadableError(str(error)) from None
    if _is_deep(value):
        raise UnreadableError(f"nested more than {DEPTH} deep")
    _refuse_odd_numbers(value, "")
    return value


class _BadNumberError(Exception):
    """The digits of a number that is not taken; no ValueError, which json would make its own."""


class _Numbers:
    """How the digits of a JSON number are taken."""

    @staticmethod
    def whole(digits: str) -> int:
        return int(digits) if len(digits) <= DIGITS else _refuse(digits)

    @staticmethod
    def real(digits: str) -> float:
        value = float(digits) if len(digits) <= DIGITS else _refuse(digits)
        return value if abs(value) != float("inf") else _refuse(digits)


class _TwiceError(Exception):
    """An object has a key twice; no ValueError, which json would make its own."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these keys and values, each key once."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _TwiceError
        found[key] = value
    return found


def _refuse(digits: str) -> NoReturn:
    raise _BadNumberError(digits)


def _shown(digits: str) -> str:
    return digits if len(digits) <= 20 else f"{digits[:12]}... ({len(digits)} characters)"


def _place(text: str, token: str) -> str:
    """The line and column where a token first stands outside strings; for a message, once something is wrong."""
    found = next((one for one in _TOKEN.finditer(text) if one[0] == token), None)
    return _line_column(text, found.start() if found else 0)


def _deep_place(text: str) -> str:
    depth = 0
    for one in _TOKEN.finditer(text):
        depth += (one[0] in "[{") - (one[0] in "]}")
        if depth > DEPTH:
            return _line_column(text, one.start())
    return _line_column(text, 0)


def _second(text: str) -> str:
    """What is said of the first key that its object has had before."""
    open_keys: list[set[str]] = []
    for one in _TOKEN.finditer(text):
        if one[0] in "[{":
            open_keys.append(set())
        elif one[0] in "]}":
            open_keys.pop()
        elif one[0].startswith('"') and _COLON.match(text, one.end()):
            key = json.loads(one[0])
            if key in open_keys[-1]:
                return f"{_line_column(text, one.start())}: {key[:40]!r} stands there twice; take one away"
            open_keys[-1].add(key)
    raise AssertionError("every key stands once")


def _line_column(text: str, at: int) -> str:
    return f"line {text.count(chr(10), 0, at) + 1} column {at - text.rfind(chr(10), 0, at)}"


def _inside(value: Any) -> Iterator[Any]:
    return iter(value.values() if isinstance(value, dict) else value)


def _is_deep(value: Any) -> bool:
    """Whether a value is nested more than DEPTH deep; level by level, so that depth itself does no harm."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(DEPTH):
        level = [one for each in level for one in _inside(each) if isinstance(one, dict | list)]
    return bool(level)


def _without_halves(value: Any) -> Any:
    """The value, known to be bounded in depth, with whole characters only."""
    if isinstance(value, str):
        return _LONE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_without_halves(one) for one in value]
    if isinstance(value, dict):
        return {_LONE.sub("\ufffd", key): _without_halves(one) for key, one in value.items()}
    return value


def _refuse_long_names(text: str) -> None:
    """Names of thousands of parts (a.a.a...) take the parser time with the square of their number."""
    pieces = re.split(r"([=\[\]{}\n,#])", text)
    for piece, end in zip(pieces[::2], [*pieces[1::2], ""], strict=True):
        if end in ("=", "]") and piece.count(".") > DEPTH:
            raise UnreadableError(f"a name of more than {DEPTH} parts")


def _refuse_odd_numbers(value: Any, place: str) -> None:
    if isinstance(value, dict | list):
        named = value.items() if isinstance(value, dict) else enumerate(value, 1)
        for key, one in named:
            _refuse_odd_numbers(one, f"{place}.{key}" if place else str(key))
    elif isinstance(value, int | float) and not abs(value) < 10**DIGITS:
        raise UnreadableError(f"{place}: no number that is taken")
