"""A crawl that is killed at any moment: the same command completes it, to the same bytes."""

import itertools
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from faults import NOISE
from loopback import served

from comicdata.cli.main import run
from comicdata.images import encode_png

SITE = "http://comics.example"
EPISODES, PICTURES, POINTS = 4, 6, 10
MAIN = """
import os
os.fsync = lambda file: None  # it is killed, not its machine
from comicdata.cli.main import main
main()
"""
RECIPE = """
[site]
name = "kill"
base = "http://comics.example"
title = "Kill"
licence = { id = "CC0-1.0" }
[episodes]
mode = "list"
url = "list"
item_css = "a"
[images]
css = "img"
"""


def comic():
    """Path -> body of a small site."""
    site = {"/list": "".join(f"<a href=/{n}/>Part {n}</a>" for n in range(1, EPISODES + 1)).encode()}
    for n in range(1, EPISODES + 1):
        names = [f"/{n}-{k}.png" for k in range(PICTURES)]
        site[f"/{n}/"] = "".join(f"<img src={name}>" for name in names).encode()
        site |= {name: encode_png((NOISE[k % 3] + 5 * n + k).astype("uint8")) for k, name in enumerate(names)}
    return site


def content(out):
    """Every file but the locks; episode.json without its times and headers."""
    found = {}
    for path in sorted(one for one in out.rglob("*") if one.is_file() and one.name != ".lock"):
        data = path.read_bytes()
        if path.name == "episode.json":
            record = json.loads(data)
            record.pop("fetched_at")
            data = json.dumps(record)
        found[path.relative_to(out).as_posix()] = data
    return found


def undisturbed(folder):
    with served(comic()) as (base, seen):
        assert run(arguments(base, folder)) == 0
        return content(folder / "out"), len(seen)


def arguments(base, folder):
    recipe = folder / "recipe.toml"
    recipe.write_text(RECIPE)
    return ["crawl", str(recipe), "--out", str(folder / "out"), "--mirror", f"{SITE}={base}", "-q"]


def killed_at(point, folder, *, after_answer):
    """Crawl with the real command, killed at the request number `point`, then again.

    Returns (content, the pictures that the second run asked for).
    """
    site, counter, child = comic(), itertools.count(1), []

    def answering(body):
        def answer(handler):
            number = next(counter)
            if number == point and not after_answer:
                os.kill(child[0].pid, signal.SIGKILL)
            handler.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            if number == point and after_answer:
                time.sleep(0.002 * (point % 5))
                os.kill(child[0].pid, signal.SIGKILL)

        return answer

    with served({path: answering(body) for path, body in site.items()}) as (base, seen):
        command = arguments(base, folder)
        child.append(subprocess.Popen([sys.executable, "-c", MAIN, *command], cwd=folder))
        assert child[0].wait(60) == -signal.SIGKILL
        del seen[:]
        assert run(command) == 0
        return content(folder / "out"), [path for path, _ in seen if path.endswith(".png")]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return undisturbed(tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize("point", range(POINTS))
def test_killed_at_any_request_the_same_command_ends_with_the_same_bytes(point, tmp_path, whole):
    expected, requests = whole
    at = 1 + point * (requests - 3) // (POINTS - 1)
    found, asked = killed_at(at, tmp_path, after_answer=bool(point % 2))
    assert found == expected
    assert len(asked) <= EPISODES * PICTURES - max(0, at - 3 - EPISODES - 4)  # what was stored is not asked for again
