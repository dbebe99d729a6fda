"""Runs that are cut off: killed, asked to stop, a write that fails, a full disk, two at once. The rule of the file: the
same command again ends with the bytes of an undisturbed run, and nothing that it was given has changed.
"""

import errno
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from trial import Fault, Place, Scenario
from world import COMMANDS, GOES_ON, Command, same, wanted

WRITES = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate")
EVERY = {**COMMANDS, "train further": Command(("pairs", "run"), GOES_ON, ("run",))}
TOUCHED = {  # how many changes of the disk an undisturbed command makes, about: points are spread over these
    "crawl": 40, "make-pairs": 110, "train": 60, "train further": 40, "evaluate": 14, "colorize": 14, "panels": 10,
    "flats": 40, "show pairs": 5, "show run": 5, "webdataset": 20, "kohya": 110, "croissant": 80, "forget": 60,
}  # fmt: skip


def at_change(number: int, then: Callable[[], None]) -> Callable[[], None]:
    """For a child: call `then` just before its change number `number` of the disk under the current folder."""

    def install() -> None:
        here, seen = str(Path.cwd()), 0

        def hook(event: str, given: tuple) -> None:
            nonlocal seen
            if event == "open":
                path, _, flags = given
                if not isinstance(path, str | bytes | os.PathLike) or not (flags or 0) & (os.O_WRONLY | os.O_RDWR):
                    return
            elif event in WRITES:
                path = given[0]
            else:
                return
            if str(Path(here, os.fsdecode(path))).startswith(here):
                seen += 1
                if seen == number:
                    then()

        sys.addaudithook(hook)

    return install


def die(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)
    if number != signal.SIGKILL:
        time.sleep(0.01)


def fail(code: int) -> None:
    raise OSError(code, os.strerror(code))


def small_files(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def cut_off(name: str, child: Callable[[], None], ok: tuple[int, ...], place: Place) -> None:
    """Run a command with a fault in it, then again without one."""
    command = EVERY[name]
    place.bring(*command.needs)
    place.keep(*(one for one in command.needs if one not in command.makes))
    first = place.run(*command.arguments, child=child, ok=ok)
    if first.status == 0:
        alike(name, place, "status 0, but")
    again = place.run(*command.arguments, ok=(0, 2) if name == "forget" else (0,))
    alike(name, place, f"after {first.status}, the same command again ({again.status}):")
    for made in command.makes:
        if made in ("crawl", "pairs", "run"):
            place.run("verify", made)


def alike(name: str, place: Place, when: str) -> None:
    """Fault unless what a command makes is what it makes undisturbed."""
    for made in EVERY[name].makes:
        known = "run-after" if name == "train further" else wanted(name, made)
        if differs := same(place, made, known):
            raise Fault("wrong", f"{when} {made} differs from an undisturbed run: {differs}")


def killed() -> Iterator[Scenario]:
    for name in EVERY:
        count = 10 if TOUCHED[name] >= 40 else 5
        for point in range(count):
            at = 1 + point * (TOUCHED[name] - 1) // (count - 1)
            child = at_change(at, partial(die, signal.SIGKILL))
            yield Scenario("killed", f"{name}, SIGKILL at change {at}", partial(cut_off, name, child, (-9, 0)))
    for name in EVERY:
        for point, number in enumerate((signal.SIGTERM, signal.SIGINT)):
            at = max(1, TOUCHED[name] * (1 + point) // 3)
            child = at_change(at, partial(die, number))
            yield Scenario("killed", f"{name}, {number.name} at change {at}", partial(cut_off, name, child, (130, 0)))


def failing() -> Iterator[Scenario]:
    for name in EVERY:
        count = 8 if TOUCHED[name] >= 40 else 4
        for point in range(count):
            at = 1 + point * (TOUCHED[name] - 1) // (count - 1)
            code = (errno.ENOSPC, errno.EIO)[point % 2]
            child = at_change(at, partial(fail, code))
            label = f"{name}, change {at} fails with {errno.errorcode[code]}"
            yield Scenario("failing writes", label, partial(cut_off, name, child, (0, 2, 3, 8)))


def full() -> Iterator[Scenario]:
    for name in EVERY:
        for size in (0, 100, 3000):
            child = partial(small_files, size)
            yield Scenario("full disk", f"{name}, no file above {size} bytes",
                           partial(cut_off, name, child, (0, 2, 3, 8)))  # fmt: skip


def together(name: str, other: str, place: Place) -> None:
    """Two at once: one may be refused, and the result is that of one."""
    commands = [EVERY[name], EVERY[other]]
    place.bring(*{need for command in commands for need in command.needs})
    forgets = "forget" in (name, other)  # what comes after it is refused as forgotten
    ok = (0, 7) if name == other else (0, 2, 3, 6, 7, *([5] if forgets else []))
    started = [place.start(*command.arguments) for command in commands]
    ran = [place.judged(place.ended(one), ok) for one in started]
    if name == other != "crawl" and {one.status for one in ran} == {7}:  # crawls take turns series by series
        raise Fault("wrong", "both were refused")
    for one, command in zip((name, other), commands, strict=True):
        place.run(*command.arguments, ok=(0, 2) if one == "forget" else (0, 5) if forgets else (0,))
    if not forgets and name != "evaluate":
        for one in (name, other):
            alike(one, place, "after two at once")


def pairs_of_commands() -> Iterator[Scenario]:
    for name in EVERY:
        for number in (1, 2):
            yield Scenario("two at once", f"{name} twice, try {number}", partial(together, name, name))
    for name, other in (
        ("crawl", "make-pairs"), ("make-pairs", "kohya"), ("make-pairs", "train"), ("train", "show pairs"),
        ("forget", "kohya"), ("forget", "make-pairs"), ("forget", "crawl"), ("evaluate", "train further"),
    ):  # fmt: skip
        yield Scenario("two at once", f"{name} and {other}", partial(together, name, other))


def scenarios() -> Iterator[Scenario]:
    yield from killed()
    yield from failing()
    yield from full()
    yield from pairs_of_commands()
