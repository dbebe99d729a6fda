"""One scenario: a place of its own, commands in children with limits, and what came of it. The rule of the file: a
child is a fork of this process, where everything is imported already, and runs the program's real entry point.
"""

import contextlib
import errno
import io
import os
import re
import resource
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

OUTCOMES = ("wrong", "hung", "lost", "outside", "a bug")
LIMIT_S, LIMIT_CPU_S, MORE_MEMORY = 40.0, 15, 5_000_000_000
REFUSED = (2, 4, 5, 6, 7, 8, 9)  # the statuses of one clear line
SECRET = b"the-secret-outside-of-the-work-folder"
CONTROL = re.compile("[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f\x80-\x9f\u202a-\u202e\u2066-\u2069]")
Act = Callable[["Place"], None]


@dataclass(frozen=True)
class Scenario:
    """What is done to the program, and in `act` also what has to come of it."""

    kind: str
    name: str
    act: Act


class Fault(Exception):  # noqa: N818 (an outcome, not an error)
    """What came of a scenario was not right: one of OUTCOMES, and what was seen."""

    def __init__(self, outcome: str, seen: str) -> None:
        super().__init__(seen)
        self.outcome = outcome


@dataclass
class Ran:
    """A command that ended: its exit status (minus the signal that killed it), and what it said."""

    arguments: tuple[str, ...]
    status: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return f"{' '.join(self.arguments)}: status {self.status}: {self.err.strip()[-600:]}"


@dataclass
class Place:
    """Folders of one scenario: `work`, where commands run, and `outside`, which nobody may touch or read through."""

    folder: Path
    world: Path
    commands: list[str] = field(default_factory=list)
    kept: dict[str, dict[str, bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.work, self.outside = self.folder / "work", self.folder / "outside"
        self.work.mkdir(parents=True)
        shutil.copytree(self.world / "outside", self.outside)

    def bring(self, *names: str) -> None:
        """Copies of these folders and files of the world."""
        for name in names:
            source = self.world / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, self.work / name)

    def keep(self, *names: str) -> None:
        """From here on nothing below these names may change; locks aside."""
        self.kept |= {name: contents(self.work / name) for name in names}

    def run(self, *arguments: str, ok: Sequence[int] = (0,), **how) -> Ran:
        """Run a command to its end and judge what every command owes: Fault unless its status is one of `ok`."""
        return self.judged(self.ended(self.start(*arguments, **how)), ok)

    def start(self, *arguments: str, child: Callable[[], None] | None = None):
        """Begin a command in the background; `child` is called in its process first."""
        arguments = tuple(map(str, arguments))
        self.commands.append(" ".join(arguments))
        pipes = [os.pipe() for _ in range(2)]
        sys.stdout.flush()
        number = os.fork()
        if not number:
            _become(arguments, self.work, [write for _, write in pipes], child)
        for read, write in pipes:
            os.close(write)
            os.set_blocking(read, False)
        return arguments, number, [read for read, _ in pipes]

    def ended(self, started, seconds: float = LIMIT_S) -> Ran:
        """Wait for a command: Fault "hung" when it takes longer."""
        arguments, number, pipes = started
        said = [bytearray(), bytearray()]
        deadline, done = time.monotonic() + seconds, (0, 0)
        while not done[0]:
            if time.monotonic() > deadline:
                os.killpg(number, signal.SIGKILL)
                os.waitpid(number, 0)
                raise Fault("hung", f"{' '.join(arguments)}: still running after {seconds:.0f} s")
            time.sleep(0.005)
            done = os.waitpid(number, os.WNOHANG)
            for pipe, text in zip(pipes, said, strict=True):
                with contextlib.suppress(BlockingIOError):
                    while part := os.read(pipe, 1 << 16):
                        text += part
        with contextlib.suppress(OSError):
            os.killpg(number, signal.SIGKILL)  # what it may have started
        for pipe in pipes:
            os.close(pipe)
        return Ran(arguments, os.waitstatus_to_exitcode(done[1]), *(text.decode(errors="replace") for text in said))

    def judged(self, ran: Ran, ok: Sequence[int]) -> Ran:
        """Fault where a command broke what holds for all."""
        if ran.status in (-signal.SIGXCPU, -signal.SIGALRM):
            raise Fault("hung", f"{ran.said} (more than {LIMIT_CPU_S} s of CPU)")
        if ran.status not in ok and (ran.status < 0 or ran.status in (1, 120)):
            raise Fault("a bug", ran.said)
        if "Traceback" in ran.err or "a bug:" in ran.err or "Exception ignored" in ran.err:
            raise Fault("a bug", ran.said)
        if SECRET.decode() in ran.out + ran.err:
            raise Fault("outside", f"the secret was read and shown: {ran.said}")
        if ran.status not in ok:
            raise Fault("wrong", f"{ran.said} (one of {', '.join(map(str, ok))} is right)")
        if (
            ran.status in REFUSED
            and len([line for line in ran.err.splitlines() if line.startswith("comicdata: ")]) != 1
        ):
            changes = "--json" in ran.arguments or ran.arguments[0] == "verify"
            if not (ran.err.strip() or changes):
                raise Fault("wrong", f"not one clear line: {ran.said}")
        if found := CONTROL.search(ran.err):
            raise Fault("wrong", f"control character {found[0]!r} on the terminal: {ran.said}")
        return ran

    def settle(self) -> Iterator[Fault]:
        """What was lost or reached outside, looked at when all is done."""
        if contents(self.outside) != contents(self.world / "outside"):
            yield Fault("outside", f"files outside changed: {difference(self.outside, self.world / 'outside')}")
        strays = sorted(path.name for path in self.folder.iterdir() if not _own(path))
        if strays:
            yield Fault("outside", f"written beside the work folder: {', '.join(strays)}")
        leaks = [name for name, data in contents(self.work, links=False).items() if SECRET in data]
        if leaks:
            yield Fault("outside", f"read through: the secret stands in {', '.join(leaks)}")
        for name, before in self.kept.items():
            after = contents(self.work / name)
            gone = [one for one in before if after.get(one) != before[one]]
            if gone:
                yield Fault("lost", f"{name}: changed or gone: {', '.join(gone[:5])}")


def _own(path: Path) -> bool:
    return path.name in ("work", "outside", "result.json")


def contents(folder: Path, *, links: bool = True) -> dict[str, bytes]:
    """The bytes of every regular file below a folder (or of one file), but for locks; never through a folder link."""
    if folder.is_file():
        return {folder.name: folder.read_bytes()}
    found, todo = {}, [folder]
    while todo:  # no recursion, for folders may be very deep
        with contextlib.suppress(OSError), os.scandir(todo.pop()) as entries:
            for entry in entries:
                path = Path(entry.path)
                if entry.is_dir(follow_symlinks=False):
                    todo.append(path)
                elif entry.is_file(follow_symlinks=links) and entry.name != ".lock":
                    found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found


def difference(found: Path, wanted: Path) -> str:
    """The names of files that differ, in a few words."""
    return unlike(contents(found), contents(wanted))


def unlike(found: dict[str, bytes], wanted: dict[str, bytes]) -> str:
    names = sorted(name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name))
    words = [f"{'more' if one not in wanted else 'missing' if one not in found else 'other'} {one}" for one in names]
    return ", ".join(words[:6])


def _become(arguments: tuple[str, ...], work: Path, pipes: list[int], child: Callable[[], None] | None) -> NoReturn:
    """In a fork: be the program, from its entry point to its exit status."""
    status = 120
    try:
        os.setsid()
        os.chdir(work)
        for number, other in enumerate((os.open("/dev/null", os.O_RDONLY), *pipes)):
            os.dup2(other, number)
        sys.stdin, sys.stdout, sys.stderr = (
            io.TextIOWrapper(io.FileIO(number, mode, closefd=False), encoding="utf-8", line_buffering=number == 2)
            for number, mode in ((0, "r"), (1, "w"), (2, "w"))
        )
        resource.setrlimit(resource.RLIMIT_CPU, (LIMIT_CPU_S, LIMIT_CPU_S + 5))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + MORE_MEMORY, size + MORE_MEMORY))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # as Python does at its start
        sys.argv = ["comicdata", *arguments]
        if child:
            child()
        status = _called()
    except BaseException:
        with contextlib.suppress(Exception):
            traceback.print_exc()
    finally:
        os._exit(status)


def _called() -> int:
    """Call the entry point; what `python -m` would answer to the shell."""
    from comicdata.cli.main import main

    status = 0
    try:
        main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None and not stream.closed:
                stream.flush()
        except OSError as error:
            if error.errno != errno.EPIPE:
                print("Exception ignored", error, file=sys.stderr)
            return 120
    return status


def tried(scenario: Scenario, folder: Path, world: Path) -> dict[str, object]:
    """Play a scenario in `folder`: its row of the table."""
    place = Place(folder, world)
    faults: list[Fault] = []
    begun = time.monotonic()
    try:
        scenario.act(place)
    except Fault as fault:
        faults.append(fault)
    except Exception as error:  # the benchmark's own
        faults.append(
            Fault("a bug", f"of the scenario itself: {type(error).__name__}: {error} {traceback.format_exc()}")
        )
    faults += place.settle()
    return {
        "kind": scenario.kind,
        "name": scenario.name,
        "outcomes": {one.outcome: str(one) for one in faults},
        "commands": place.commands,
        "seconds": round(time.monotonic() - begun, 2),
    }
