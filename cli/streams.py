"""The standard streams, also closed, broken and full ones: none of them costs a command its result or its status."""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import click


def print_document(text: str) -> None:
    """Print what programs read; where nobody reads any more, the command ends as it would have."""
    try:
        click.echo(text)
    except BrokenPipeError:
        give_up_output()


def give_up_output() -> None:
    """Nobody reads what is printed any more: the rest of it goes nowhere, also what Python prints as it ends."""
    with Path(os.devnull).open("wb") as nowhere:
        for stream in (sys.stdout, sys.stderr):
            with suppress(AttributeError, OSError, ValueError):
                _point_if_broken(stream, nowhere.fileno())


def _point_if_broken(stream: Any, descriptor: int) -> None:
    try:
        stream.flush()
    except OSError:
        os.dup2(descriptor, stream.fileno())


def open_standard_streams() -> None:
    """Standard streams that were closed lead nowhere; else the next file that is opened would take their place, and
    what a library prints would land in it.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stdin is None:
        sys.stdin = Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115 (for as long as the process lives)
