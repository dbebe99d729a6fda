"""Digits of others as numbers: 0 to 9 alone. Python's `isdigit` says yes to raised digits, which `int` refuses."""

import re
from typing import Any


def whole_number(value: Any, most: int = 9) -> int | None:
    """A whole number from 0 on that a text, or JSON, gives, as such or in at most `most` digits; None for all else."""
    text = "" if isinstance(value, bool) else str(value) if isinstance(value, str | int) and value != "" else ""
    return int(text) if len(text) <= most and re.fullmatch("[0-9]+", text) else None
