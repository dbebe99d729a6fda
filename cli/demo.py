"""`comicdata demo`: the whole tour on a comic that the project draws itself, served on the loopback address."""

import http.server
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import click

from comicdata.cli.front import Front, command
from comicdata.errors import ComicDataError

SEED = 7
MEASURED = 12  # held-out windows, evenly spread: each is coloured a dozen times, with dots and moods
SITE_FILES = ("index.html", "robots.txt", "truth.json", "images/blank.png")


@command(writes=True, example="comicdata demo --out out/demo")
@click.option("--out", type=click.Path(path_type=Path), default=Path("out/demo"), help="Where everything lands.")
@click.option("--episodes", type=click.IntRange(4, 1000), default=20, help="Episodes; the last two are held out.")
@click.option("--images", type=click.IntRange(8, 10**9), default=2000, help="Training budget in images.")
def demo(front: Front, out: Path, episodes: int, images: int) -> Any:
    """Draw a comic, crawl it, make pairs, train a colorizer, colour episodes it never saw, and report with pictures.

    Offline, on the CPU, in a few minutes. The same command again goes on where it stopped.
    """
    _check(out)
    if front.dry_run:
        front.say(f"would draw {episodes} episodes, train on {images} images, and report in {out}")
        return {"out": out.as_posix(), "episodes": episodes, "images": images}
    start = time.monotonic()
    crawl, pairs, run = out / "crawl", out / "pairs", out / "run"
    _draw(front, out / "site", episodes)
    with loopback_server(out / "site") as base:
        _step(front, "crawl", "drawn", "--base", base, "--out", crawl)
    held_out = f"{episodes - 1}-{episodes}"
    hold = ["--test-episodes", held_out, "--validation-episodes", episodes - 2]
    _step(front, "make-pairs", crawl, "--out", pairs, *hold)
    budget = ["--preset", "small", "--images", images, "--size", 256]
    _step(front, "train", "palette", "--pairs", pairs, "--run", run, *budget)
    test_art = pairs / "256" / "test" / "canny"
    _step(front, "colorize", run, test_art, "--out", out / "colorized", "--line-art")
    _step(front, "evaluate", run, "--pairs", pairs, "--limit", str(MEASURED))
    report = _write_report(out)
    seconds = time.monotonic() - start
    front.say(f"done in {seconds:.0f} s; open the report: {report}")
    return {"report": report.as_posix(), "seconds": round(seconds, 1), **_found(run)}


def _check(out: Path) -> None:
    """Refuse an OUT in which something else lies where the tour writes."""
    from comicdata.outputs import Reads, check_file, check_folder, check_kind, is_our_page, refuse_foreign

    for name, kind in (("crawl", "a crawl"), ("pairs", "pairs"), ("run", "a run")):
        check_kind(out / name, kind)
        check_folder(out / name)
    check_file(out / "report.html", Reads([]), is_our_page)
    site = out / "site"
    check_folder(site)
    ours = _drawn(site) is not None
    for path in (site / "drawn.json", *(site / name for name in SITE_FILES), *site.glob("images/*/*.jpg")):
        refuse_foreign(path, ours)


def _drawn(site: Path) -> dict[str, Any] | None:
    """What drawn.json says of the comic in a folder; None where there is none."""
    from comicdata.errors import IntegrityError
    from comicdata.files import read_json

    try:
        value = read_json(site / "drawn.json") if (site / "drawn.json").is_file() else None
    except IntegrityError:
        return None
    return value if isinstance(value, dict) and {"seed", "episodes"} <= {*value} else None


def _draw(front: Front, site: Path, episodes: int) -> None:
    """Draw the comic unless the same one is there."""
    from comicdata.drawn import write_site
    from comicdata.files import write_json

    wanted = {"seed": SEED, "episodes": episodes}
    done = site / "drawn.json"
    if _drawn(site) == wanted:
        return
    front.say(f"drawing {episodes} episodes")
    write_json(done, wanted | {"drawing": True})  # first, so that what a killed run leaves is known as ours
    write_site(site, seed=SEED, episodes=episodes)
    write_json(done, wanted)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files and logs nothing."""

    def log_message(self, format: str, *args: Any) -> None:
        return


@contextmanager
def loopback_server(folder: Path) -> Iterator[str]:
    """Serve a folder on 127.0.0.1 at a free port for the length of a with-block; yields its base URL."""
    handler = partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


def _step(front: Front, *words: object) -> None:
    """Run one command of the tour as a user would, and stop where it fails."""
    from comicdata.cli.main import run_arguments

    arguments = [str(word) for word in words]
    front.say("")
    front.say(f"$ comicdata {' '.join(arguments)}")
    status = run_arguments([*arguments, *(["--quiet"] if front.quiet else [])])
    if status != 0:
        raise ComicDataError(f"the step `comicdata {arguments[0]}` ended with status {status}")


def _found(run: Path) -> dict[str, Any]:
    """What `evaluate` found on the held-out episodes."""
    from comicdata.files import read_json
    from comicdata.models.evaluate.contest import evaluation_name

    found: dict[str, Any] = read_json(run / "evaluation" / f"{evaluation_name('test', limit=MEASURED)}.json")
    return found


def _write_report(out: Path) -> Path:
    from comicdata.cli.html.demo import demo_report
    from comicdata.outputs import signed_page, write_file

    path = out / "report.html"
    write_file(path, signed_page(demo_report(out)))
    return path.resolve()


command_ = demo
