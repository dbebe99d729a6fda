"""The `comicdata` command: a lazy group of commands, and the one place where errors become a line and a status."""

import errno
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType
from typing import Any

import click

import comicdata
from comicdata.cli.front import COMMANDS
from comicdata.cli.streams import give_up_output, open_standard_streams
from comicdata.errors import ComicDataError
from comicdata.outputs.escapes import visible
from comicdata.reading.numbers import whole_number


class LazyGroup(click.Group):
    """Loads the module of a command only when that command runs."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"comicdata.cli.{name.replace('-', '_')}")
        found: click.Command = module.command_
        return found

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from comicdata.cli.front import suggestion

        if args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(f"no command {args[0]!r}{suggestion(args[0], list(COMMANDS))}", context)
        return super().resolve_command(context, args)

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "COMICDATA"},
    epilog="Example:  comicdata demo --out out/demo",
)
@click.version_option(comicdata.__version__)
def cli() -> None:
    """Turn webtoons into trained colorizers: crawl, make-pairs, train, colorize."""


def run_arguments(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status where it ended by itself, its exception otherwise."""
    try:
        result = cli.main(args=arguments, prog_name="comicdata", standalone_mode=False)
    except SystemExit as end:  # what click alone makes of a broken pipe, with status 1
        raise BrokenPipeError from end
    return result if isinstance(result, int) else 0


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; every error is one line on stderr."""
    try:
        status = run_arguments(arguments)
        if sys.stdout is not None:
            sys.stdout.flush()  # here, where what goes wrong is said
        return status
    except ComicDataError as error:
        return _say(str(error), error.status)
    except click.UsageError as error:
        place = error.ctx.command_path if error.ctx else "comicdata"
        return _say(f"{error.format_message()} (see: {place} --help)", 2)
    except click.ClickException as error:
        return _say(error.format_message(), 2)
    except (KeyboardInterrupt, click.Abort) as error:  # click makes the second of the first
        left = str(error.__cause__ if isinstance(error, click.Abort) else error)
        return _say(f"interrupted; {left}" if left else "interrupted", 130)
    except BrokenPipeError:
        give_up_output()
        return 0
    except MemoryError:
        return _say("out of memory; use fewer --workers or a smaller --batch-size", 8)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        if full and error.filename is None:
            give_up_output()
            return _say("no room left on the disk, or where standard output leads; free some and run it again", 8)
        return _say(str(error), 8 if full else 2)
    except Exception as error:
        if "-v" in (arguments or sys.argv) or "--verbose" in (arguments or sys.argv):
            raise
        return _say(f"a bug: {type(error).__name__}: {error} (run it again with -v and report the traceback)", 1)


def _say(text: str, status: int) -> int:
    line = visible(" ".join(text.split()))
    with suppress(OSError):  # nobody listens
        click.secho(f"comicdata: {line}", err=True, fg="red" if status not in (0, 130) else None)
    return status


def _forget_odd_sizes() -> None:
    """A width of the terminal that is no number is none: what draws tables would fail on it."""
    for name in ("COLUMNS", "LINES"):
        if whole_number(os.environ.get(name, ""), 4) is None:
            os.environ.pop(name, None)


def _interrupt(number: int, frame: FrameType | None) -> Any:
    raise KeyboardInterrupt


def main() -> None:
    """Entry point of the console script; SIGTERM ends as gently as Ctrl-C."""
    open_standard_streams()
    _forget_odd_sizes()
    signal.signal(signal.SIGTERM, _interrupt)
    sys.exit(run())
