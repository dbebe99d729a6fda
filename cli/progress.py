"""How far long work has come: bars on a terminal, elsewhere a plain line from time to time."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from comicdata.outputs.escapes import visible

PLAIN_LINE_EVERY_S = 30.0


class Update(Protocol):
    """Moves one progress bar."""

    def __call__(self, done: float, note: str = "") -> None: ...


@dataclass
class BarProgress:
    """One of several bars."""

    bar: Any
    label: str
    task: Any

    def update(self, done: float, note: str = "") -> None:
        self.bar.update(self.task, completed=done, description=visible(f"{self.label} {note}".rstrip()))


def bar_columns(console: Any, unit: str) -> Any:
    """Bars with a count, a rate, and times, on a rich console."""
    from rich import progress

    class Rate(progress.ProgressColumn):
        """Items per second."""

        def render(self, task: progress.Task) -> Any:
            from rich.text import Text

            return Text(f"{task.speed or 0:.1f} {unit}/s" if unit else "")

    return progress.Progress(
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        Rate(),
        progress.TimeElapsedColumn(),
        progress.TimeRemainingColumn(),
        console=console,
        transient=True,
    )


class PlainProgress:
    """Progress for logs: at most one line every 30 seconds."""

    def __init__(self, say: Callable[[str], None], label: str, total: int | None, unit: str) -> None:
        self.say, self.label, self.total, self.unit = say, label, total, unit
        self.start = self.last = time.monotonic()
        self.first: float | None = None  # where a resumed run begins

    def update(self, done: float, note: str = "") -> None:
        now = time.monotonic()
        if self.first is None:
            self.first = max(0, done - 1)
        if now - self.last < PLAIN_LINE_EVERY_S:
            return
        self.last = now
        rate = (done - self.first) / (now - self.start)
        pace = f"{rate:.1f}/s" if rate >= 1 or not rate else f"{_lasting(1 / rate)} each"
        left = f", {_lasting(max(0, self.total - done) / rate)} left" if self.total and rate else ""
        words = f"{self.unit} {note}".strip()
        self.say(f"{self.label}: {round(done, 1)}/{self.total or '?'} {words} ({pace}{left})")


def _lasting(seconds: float) -> str:
    """A time as people say it."""
    for unit, length in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{round(seconds, 1 if seconds < 10 else None):g} s"
