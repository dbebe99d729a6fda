"""Writes docs/commands.md, the help of every command as the program prints it: `make docs`. A test holds it current."""

import io
import os
from contextlib import redirect_stdout
from pathlib import Path

from comicdata.cli.front import COMMANDS
from comicdata.cli.main import run
from comicdata.files import write_atomic

PAGE = Path(__file__).with_name("commands.md")
INTRODUCTION = """\
# Commands

What `comicdata COMMAND --help` prints. This page is made by `make docs`.
"""


def page() -> str:
    """The whole page, as wide as a terminal of 80 columns makes it."""
    sections = [f"## {name}\n\n```\n{_help(name)}\n```\n" for name in ("comicdata", *COMMANDS)]
    return "\n".join([INTRODUCTION, *sections])


def _help(name: str) -> str:
    with redirect_stdout(io.StringIO()) as printed:
        run(["--help"] if name == "comicdata" else [name, "--help"])
    return printed.getvalue().rstrip()


if __name__ == "__main__":
    os.environ["COLUMNS"] = "80"
    write_atomic(PAGE, page().encode())
