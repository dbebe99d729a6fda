"""From options to a server that runs until Ctrl-C."""

import signal
import socket
import threading
import webbrowser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette

from comicdata.cli.front import Front
from comicdata.cli.studio.app import make_app
from comicdata.cli.studio.guard import Guard
from comicdata.cli.studio.intake import take_in
from comicdata.cli.studio.pairs import PairsRoom
from comicdata.cli.studio.project import Project
from comicdata.cli.studio.trained import find_runs
from comicdata.errors import UsageError
from comicdata.files import locked
from comicdata.outputs import Reads, check_folder

if TYPE_CHECKING:
    import uvicorn

FOLDER = "studio"


@dataclass(frozen=True)
class Begun:
    """What the studio was given to work on."""

    runs: Sequence[Path]
    device: str
    pairs: Path | None
    crawl: Path | None
    opened: Path | None
    out: Path


def serve(front: Front, begun: Begun, host: str, port: int, *, browser: bool) -> dict[str, Any]:
    """Serve one project until it is interrupted; UsageError where something that was named is none."""
    find_runs(begun.runs, begun.device)  # before anything is written
    folder = begun.out / FOLDER
    check_folder(folder)
    given = [one for one in (begun.pairs, begun.crawl, begun.opened) if one is not None]
    Reads([*begun.runs, *given]).refuse(folder)
    with _listening(host, port) as listening, locked(folder):
        project = Project(folder)
        runs = find_runs(begun.runs or _there(front, project.remembered), begun.device)
        project.use(runs)
        pairs = None if begun.pairs is None else PairsRoom(begun.pairs, begun.crawl, folder)
        if begun.opened is not None:
            for name, why in take_in(project, [begun.opened]).failed:
                front.warn(f"{name}: {why}")
        document = _serve(front, make_app(project, runs, pairs), listening, host, browser=browser)
        front.say(f"studio: ended; all is kept in {folder}")
        return document


def _serve(front: Front, app: Starlette, listening: socket.socket, host: str, *, browser: bool) -> dict[str, Any]:
    import uvicorn

    port = listening.getsockname()[1]
    names = dict.fromkeys([host, "localhost"]) if host == "127.0.0.1" else [host]
    guard = Guard(app, tuple(f"http://{f'[{name}]' if ':' in name else name}:{port}" for name in names))
    url = f"{guard.origins[0]}/?token={guard.token}"
    document = {"url": url, "token": guard.token, "port": port}
    config = uvicorn.Config(guard, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=3)
    server = uvicorn.Server(config)
    with _interrupting(server):  # from before the address is said: an interrupt between would be lost in an import
        front.say(f"studio: {url} (Ctrl-C ends it; all you do is kept)")
        front.print_now(document)
        if browser:
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
        server.run(sockets=[listening])
    return document


@contextmanager
def _interrupting(server: "uvicorn.Server") -> Iterator[None]:
    """Ctrl-C lets a server give the answers under way, and end."""
    before = signal.signal(signal.SIGINT, server.handle_exit)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _there(front: Front, folders: Sequence[str]) -> list[Path]:
    """The runs of last time, as far as they are there still."""
    gone = [one for one in folders if not (Path(one) / "config.json").is_file()]
    for one in gone:
        front.warn(f"{one}: the run of last time is gone; name another")
    return [Path(one) for one in folders if one not in gone]


def _listening(host: str, port: int) -> socket.socket:
    """A socket that listens; UsageError where the address is not of this machine, or taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(64)
    except OSError as error:
        listening.close()
        raise UsageError(f"{host}:{port}: cannot be listened at ({error.strerror or error}); try --port 0") from error
    return listening
