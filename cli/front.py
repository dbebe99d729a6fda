"""What all commands share: common options, layered settings, messages, progress, one JSON document, one exit status."""

import difflib
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from comicdata.cli.progress import BarProgress, PlainProgress, Update, bar_columns
from comicdata.cli.streams import print_document
from comicdata.errors import UsageError
from comicdata.files import read_regular
from comicdata.outputs.escapes import for_json, visible
from comicdata.reading.text import LARGEST_TOML, UnreadableError, parse_toml

COMMANDS = {
    "crawl": "Fetch episodes from a site, a folder or a CBZ.",
    "panels": "Show where the panels are.",
    "make-pairs": "Panels, outlines and a manifest from a crawl.",
    "train": "Train a colorizer on pairs.",
    "evaluate": "Measure a colorizer beside its baselines.",
    "colorize": "Colour line art, pages, folders or CBZ.",
    "flats": "Line art to flat colours, without a model.",
    "studio": "Colour in the browser: dots, moods, at once; pairs and runs.",
    "show": "A pairs folder or a run as one HTML page.",
    "export": "Pairs for webdataset, kohya, croissant.",
    "forget": "Delete a series from crawl and pairs; name the runs.",
    "verify": "Re-hash a crawl, pairs, a run or an export.",
    "demo": "The whole tour on a comic that the project draws itself.",
    "doctor": "What this machine can do, and which settings are in force.",
    "completion": "Print the completion script of a shell.",
}
CONFIG = "comicdata.toml"
LARGEST_SEED = 2**63 - 1  # what every generator of random numbers takes


@dataclass
class Front:
    """What a command talks to: people on stderr, programs on stdout.

    Whatever it is given to say may hold text of others: it is shown as it is, without markup, and steers no terminal.
    """

    quiet: bool = False
    verbose: bool = False
    as_json: bool = False
    dry_run: bool = False
    status: int = 0
    console: Any = field(default=None)

    def __post_init__(self) -> None:
        from rich.console import Console

        self.console = Console(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)

    def say(self, text: str) -> None:
        """One line for people, unless --quiet."""
        if not self.quiet:
            self.console.print(visible(text))

    def warn(self, text: str) -> None:
        """One line for people, also with --quiet."""
        self.console.print(visible(text), style="yellow")

    def print_now(self, document: Any) -> None:
        """The one document of --json, of a command that goes on after it."""
        if self.as_json:
            print_document(for_json(document))
            sys.stdout.flush()
            self.as_json = False

    def table(self, title: str, columns: list[str], rows: list[list[str]]) -> None:
        """A small table for people."""
        from rich.table import Table
        from rich.text import Text

        if self.quiet:
            return
        table = Table(*columns, title=Text(visible(title)), title_justify="left")
        for row in rows:
            table.add_row(*map(_cell, row))
        self.console.print(table)

    @contextmanager
    def progress(self, label: str, total: int | None, unit: str = "") -> Iterator[Callable[[int], None]]:
        """A progress bar with rate and ETA on a terminal, one plain line every 30 s elsewhere.

        Yields `update(done)`; `done` counts from 0 to `total`.
        """
        with self.bars(unit) as add:
            yield add(label, total)

    @contextmanager
    def bars(self, unit: str = "") -> Iterator[Callable[[str, int | None], Update]]:
        """Several progress bars at once, also from several threads: yields `add(label, total) -> update`.

        `update(done, note)` shows a few words on what is under way beside the label.
        """
        if self.quiet:
            yield lambda label, total: lambda done, note="": None
        elif self.console.is_terminal:
            with bar_columns(self.console, unit) as bar:
                yield lambda label, total: BarProgress(bar, label, bar.add_task(visible(label), total=total)).update
        else:
            yield lambda label, total: PlainProgress(self.say, label, total, unit).update


def _cell(words: str) -> Any:
    from rich.text import Text

    return Text(visible(words), overflow="fold")


class Interrupted(KeyboardInterrupt):
    """A command was interrupted; says what that leaves."""


def command(
    *, writes: bool, example: str, goes_on: Callable[[dict[str, Any]], bool] = lambda options: True
) -> Callable[[Callable[..., Any]], click.Command]:
    """Make a function `f(front, **options) -> JSON document` a command with the options that all commands have.

    `example` lands in the help; a test runs it. `writes` adds --dry-run. `goes_on`: whether the command, interrupted
    with these options, has kept what it did.
    """

    def decorate(function: Callable[..., Any]) -> click.Command:
        def callback(quiet: bool, verbose: bool, as_json: bool, dry_run: bool = False, **options: Any) -> int:
            if as_json and sys.stdout is None:
                raise UsageError("--json: standard output is closed")
            front = Front(quiet, verbose, as_json, dry_run)
            try:
                with _logged_to_people(verbose):
                    document = function(front, **options)
            except (KeyboardInterrupt, click.Abort) as error:
                kept = writes and not dry_run and goes_on(options)
                words = "what was done is saved, the same command goes on from here"
                raise Interrupted(words if kept else "the same command begins anew") from error
            if front.as_json:
                print_document(for_json(document))
            return front.status

        own: list[click.Parameter] = list(reversed(getattr(function, "__click_params__", [])))
        for one in own:
            one.type = _strict(one.type)
        name = function.__name__.rstrip("_").replace("_", "-")
        params = [*own, *_common_options(writes)]
        for option in (one for one in params if isinstance(one, click.Option)):
            option.envvar = variable(name, option)
        return click.Command(
            name=name,
            callback=callback,
            params=params,
            help=f"{_paragraphs(function.__doc__)}\n\n\b\nExample:\n  {example}",
            context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
        )

    return decorate


def typed(option: click.Parameter) -> str:
    """The name of an option as it is typed, without the dashes before it."""
    return max(option.opts, key=len).removeprefix("--")


def variable(command: str, option: click.Parameter) -> str:
    """The variable of the environment that sets an option: COMICDATA_MAKE_PAIRS_READING_ORDER."""
    return f"COMICDATA_{command}_{typed(option)}".replace("-", "_").upper()


class _Lines(logging.Formatter):
    """A record of the log as one line that steers no terminal; a traceback keeps its lines."""

    def format(self, record: logging.LogRecord) -> str:
        return visible(super().format(record), blanks=True)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (the name of the standard library)
        return " ".join(super().formatMessage(record).split())


@contextmanager
def _logged_to_people(verbose: bool) -> Iterator[None]:
    """What is logged goes to standard error, a line a record, as long as a command runs; then all is as it was."""
    root, ours, web = (logging.getLogger(name) for name in ("", "comicdata", "urllib3"))
    levels = {root: logging.WARNING, ours: logging.DEBUG if verbose else logging.WARNING}
    levels[web] = logging.ERROR  # what matters of it is said as ours, in one line
    handlers, before = root.handlers, {logger: logger.level for logger in levels}
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines("%(message)s"))
    try:
        root.handlers = [handler]
        for logger, level in levels.items():
            logger.setLevel(level)
        yield
    finally:
        root.handlers = handlers
        for logger, level in before.items():
            logger.setLevel(level)


class _Place(click.Path):
    """A path; an empty text is none, though it would be taken for the current folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("an empty text is no path", param, ctx)
        return super().convert(value, param, ctx)


class _Finite(click.FloatRange):
    """A number in a range, which NaN is not."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if number != number:
            self.fail(f"{value} is no number in the range {self._describe_range()}.", param, ctx)
        return number


class _YesNo(click.types.BoolParamType):
    """A flag: true or false, which no other number of a settings file is."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str | bool):
            self.fail(f"{value!r} is neither true nor false.", param, ctx)
        return super().convert(value, param, ctx)


def _strict(kind: Any) -> Any:
    """The type of a parameter, taking no empty path, no NaN, and no number for a flag."""
    if isinstance(kind, click.types.BoolParamType):
        return _YesNo()
    if isinstance(kind, click.Path):
        return _Place(path_type=Path)
    if isinstance(kind, click.FloatRange):
        return _Finite(kind.min, kind.max, kind.min_open, kind.max_open)
    return kind


def _paragraphs(doc: str | None) -> str:
    import inspect

    return inspect.cleandoc(doc or "")


def _common_options(writes: bool) -> list[click.Parameter]:
    options: list[click.Parameter] = [
        click.Option(
            ["--config"],
            type=click.Path(path_type=Path),
            is_eager=True,
            expose_value=False,
            callback=_load_config,
            help=f"Settings file (TOML, one table per command); ./{CONFIG} when it exists.",
        ),
        click.Option(["-q", "--quiet"], is_flag=True, help="Only warnings and errors."),
        click.Option(["-v", "--verbose"], is_flag=True, help="Say more; a bug shows its traceback."),
        click.Option(["--json", "as_json"], is_flag=True, help="One JSON document on stdout."),
    ]
    if writes:
        options.insert(1, click.Option(["--dry-run"], is_flag=True, help="Say what would be done; write nothing."))
    return options


def _limit(_: click.Context, __: click.Parameter, value: float | None) -> None:
    """Say how large a picture may be that this command reads."""
    from comicdata.images.decoding import limit_pixels

    limit_pixels(value)


reads_pictures = click.option(
    "--max-megapixels",
    type=click.FloatRange(1, 1000),
    default=None,
    expose_value=False,
    callback=_limit,
    help="Read pictures up to this size; by default 80, and strips up to 250.",
)


CORRECTED = "Boxes that you corrected (comicdata panels --to json), ACBF or guided.json"


def takes_panels(name: str, words: str = f"{CORRECTED}; repeat for more.") -> Callable[[Any], Any]:
    """--panels FILE: boxes that a person gives, in place of those that are found; `name` of the parameter."""
    place = click.Path(path_type=Path)
    return click.option("--panels", name, type=place, multiple=True, metavar="FILE", help=words)


def _load_config(context: click.Context, _: click.Parameter, value: Path | None) -> None:
    """Put the command's table of the settings file under the flags and the environment."""
    if value is None and not Path(CONFIG).is_file():
        return
    path = value or Path(CONFIG)
    table = read_config(path).get(context.command.name or "", {})
    options = options_by_name(context.command)
    context.default_map = {}
    for key, setting in table.items():
        option = options.get(key.replace("-", "_"))
        if option is None:
            close = suggestion(key.replace("-", "_"), list(options))
            raise UsageError(f"{path}: [{context.command.name}] has no setting {key.replace('_', '-')!r}{close}")
        if wrong := _misfit(option, setting):
            raise UsageError(f"{path}: [{context.command.name}] {key.replace('_', '-')}: {wrong}")
        context.default_map[option.name or ""] = setting


def options_by_name(command: click.Command) -> dict[str, click.Option]:
    """The options of a command by what a settings file may call them, with underscores: as they are typed, or by the
    name of the parameter, which version 0.1.0 asked for.
    """
    options = [one for one in command.params if isinstance(one, click.Option)]
    typed = {word[2:].replace("-", "_"): one for one in options for word in one.opts if word.startswith("--")}
    return {one.name or "": one for one in options} | typed


def _misfit(option: click.Option, value: Any) -> str:
    """What is expected of a setting, where its value is of another type than its option; "" where it fits.

    click itself would take true for 1, cut 2.5 to 2, and read a text as the list of its letters.
    """
    if isinstance(value, list) != option.multiple:
        return "a list is expected" if option.multiple else "one value is expected, not a list"
    switch = option.is_flag or isinstance(option.type, click.types.BoolParamType)
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, bool) and not switch:
            return "true and false are for options that are switched on"
        if isinstance(one, float) and isinstance(option.type, click.types.IntParamType):
            return f"a whole number is expected, not {one}"
    return ""


def read_config(path: Path) -> dict[str, dict[str, Any]]:
    """Read a settings file; UsageError when it is missing, not TOML, or not tables of commands."""
    try:
        settings = parse_toml(read_regular(path, LARGEST_TOML))
    except (OSError, UnreadableError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"{path}: cannot be read as TOML settings ({reason})") from error
    for name, table in settings.items():
        if name not in COMMANDS or not isinstance(table, dict):
            raise UsageError(f"{path}: [{name}] is no command{suggestion(name, list(COMMANDS))}")
        for key, value in table.items():
            if not (_is_plain(value) or (isinstance(value, list) and all(map(_is_plain, value)))):
                raise UsageError(
                    f"{path}: [{name}] {key}: a text, a number, true or false is expected, or a list of these"
                )
    return settings


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float) and "\0" not in str(value)


def suggestion(word: str, known: list[str]) -> str:
    """'; did you mean ...?' or nothing."""
    close = difflib.get_close_matches(word, known, 1)
    return f"; did you mean {close[0].replace('_', '-')!r}?" if close else ""
