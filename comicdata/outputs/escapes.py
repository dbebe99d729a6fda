"""Text of others in what we write: one escape per medium, put on where the text is shown and nowhere before.

The rule of this file: what only steers (a terminal, the direction of writing, markup) is shown as what it is; letters
of every script, emoji and their joiners stay.
"""

import html
import json
import re
from typing import Any

# Controls, separators of lines, overrides of the direction of writing, and halves of characters that no encoding has.
_STEERS = "\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff"
_HIDDEN = re.compile(f"[{_STEERS}]")
_NO_BLANK = re.compile(f"(?![\t\n])[{_STEERS}]")
_MARKUP = re.compile(r"([\\`\[\]|])")


def visible(text: str, *, blanks: bool = False) -> str:
    """The text with what steers shown as an escape: \\x1b, \\u202e; with `blanks` tabs and new lines stay."""
    return (_NO_BLANK if blanks else _HIDDEN).sub(lambda one: _code(one[0]), text)


def _code(sign: str) -> str:
    return f"\\x{ord(sign):02x}" if ord(sign) < 0x100 else f"\\u{ord(sign):04x}"


def for_html(text: object) -> str:
    """For HTML and SVG, between tags as well as in quoted attributes."""
    return html.escape(visible(str(text), blanks=True), quote=True)


def for_markdown(text: object) -> str:
    """For a line or a cell of Markdown: one line without link, code, HTML or border of a cell."""
    return _MARKUP.sub(r"\\\1", visible(" ".join(str(text).split()))).replace("<", "&lt;")


def for_json(value: Any) -> str:
    """One JSON document in a line; what steers a terminal is written as \\u, which is the same value."""
    return _HIDDEN.sub(lambda one: f"\\u{ord(one[0]):04x}", json.dumps(value, ensure_ascii=False))
