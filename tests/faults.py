"""What the web does to a crawler: one fault each, what has to come of it, and what did.

Each fault strikes one site on the loopback address: one episode of three pictures, /1.png, /2.png and /3.png. The
benchmark prints the table, the tests assert every row.
"""

import email.utils
import gzip
import json
import struct
import threading
import time
import zlib
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from loopback import fetcher_for, served

from comicdata.crawl import crawl, plan
from comicdata.crawl.sources.recipe import RecipeSource, load_recipe
from comicdata.crawl.web import Overrides, Visit
from comicdata.episodes import episode_folder
from comicdata.errors import ComicDataError
from comicdata.images import encode_jpeg, encode_png

HANGS_AFTER_S = 20.0
RECIPE = """
[site]
name = "fault"
base = "http://127.0.0.1:1"
title = "Fault"
licence = { id = "CC0-1.0" }
[episodes]
mode = "number"
url = "{n}/"
last = 1
[images]
css = "#viewer img"
"""
NOISE = np.random.default_rng(7).integers(0, 256, (3, 48, 48, 3), dtype=np.uint8)
TRUTH = {f"/{n}.png": encode_png(NOISE[n - 1]) for n in (1, 2, 3)}
JPEG = encode_jpeg(NOISE[1])
PAGE = b"<div id=viewer><img src=/1.png><img src=/2.png><img src=/3.png></div>"
SITE = {"/1/": PAGE, **TRUTH}
GOOD = TRUTH["/2.png"]


@dataclass(frozen=True)
class Fault:
    """One fault. `site` replaces parts of SITE; `status` is what the episode has to be ("error": the crawl stops with a
    message) and `stored` the numbers of the pictures that have to be there; `again` is how often /2.png may be asked.
    """

    name: str
    site: dict = field(default_factory=dict)
    status: str = "partial"
    stored: tuple = (1, 3)
    overrides: Overrides = field(default_factory=Overrides)
    truth: bytes = GOOD


def reset(handler):
    """Half an answer, then the connection is gone."""
    handler.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(GOOD) + GOOD[:50])
    handler.connection.setsockopt(1, 13, struct.pack("ii", 1, 0))  # SO_LINGER 0: a reset, not an end
    handler.connection.close()


def raw(data, pause=0.0, size=None):
    """Send bytes as they are, in parts of `size` with a pause after each."""

    def answer(handler):
        step = size or len(data) or 1
        for start in range(0, len(data), step):
            handler.wfile.write(data[start : start + step])
            time.sleep(pause)

    return answer


def head(*lines):
    return "\r\n".join(("HTTP/1.0 200 OK", *lines, "", "")).encode()


def png_of_size(width, height):
    """A PNG whose header promises a size and whose body is empty: a pixel bomb."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def picture(*answers):
    """The site with other answers for /2.png, one per request, the last for all further ones."""
    return {"/2.png": list(answers)}


def html(meta):
    return {"/1/": b"<html><head>" + meta + b"</head>" + PAGE}


def later(seconds):
    return email.utils.formatdate(time.time() + seconds, usegmt=True)


OK = {"status": "ok", "stored": (1, 2, 3)}
NO = {"status": "skipped_optout", "stored": ()}
CUT = GOOD[: len(GOOD) // 2]
BOMB = gzip.compress(bytes(30_000_000))

KINDS = {
    "bodies": [
    Fault("no fault at all", **OK),
    Fault("body shorter than its Content-Length, once", picture((200, {"Content-Length": "9999"}, CUT), GOOD), **OK),
    Fault("body shorter than its Content-Length, always", picture((200, {"Content-Length": "9999"}, CUT))),
    Fault("body cut without a Content-Length, once", picture(raw(head() + CUT), GOOD), **OK),
    Fault("body cut without a Content-Length, always", picture(raw(head() + CUT))),
    Fault("JPEG without its end mark, every row there", picture(JPEG[:-2]), truth=JPEG[:-2], **OK),
    Fault("JPEG short of 20 bytes", picture(JPEG[:-20])),
    Fault("chunked body cut", picture(raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n" + CUT[:20]))),
    Fault("connection reset in the body, once", picture(reset, GOOD), **OK),
    Fault("connection reset in the body, always", picture(reset)),
    Fault("connection closed without an answer, once", picture(raw(b""), GOOD), **OK),
    Fault("an HTML page as a picture", picture((200, {"Content-Type": "image/png"}, b"<html>sorry</html>"))),
    Fault("an HTML page that says so", picture((200, {"Content-Type": "text/html"}, b"<html>sorry</html>"))),
    Fault("JSON as a picture", picture((200, {"Content-Type": "application/json"}, b'{"success": false}'))),
    Fault("a picture of another type than it says", picture((200, {"Content-Type": "text/html"}, GOOD)), **OK),
    Fault("zero bytes only, once", picture(bytes(5000), GOOD), **OK),
    Fault("zero bytes only, always", picture(bytes(5000))),
    Fault("empty body", picture(b"")),
    Fault("pixel bomb", picture(png_of_size(60_000, 60_000))),
    Fault("gzip bomb", picture((200, {"Content-Encoding": "gzip"}, BOMB))),
    Fault("body over the limit, said so", picture((200, {"Content-Length": "999999999999"}, b"x"))),
    Fault("body over the limit, unsaid", picture(raw(head() + bytes(9_000_000)))),
    Fault("broken gzip", picture((200, {"Content-Encoding": "gzip"}, b"\x1f\x8b\x08broken"))),
    Fault("SVG", picture(b"<svg xmlns='http://www.w3.org/2000/svg'/>")),
    ],
    "times": [
    Fault("a byte now and then", picture(raw(head() + GOOD, 0.2, 1))),
    Fault("headers that never end", picture(raw(b"HTTP/1.0 200 OK\r\n" + b"X-A: 1\r\n" * 100, 0.2, 4))),
    Fault("silence", picture(raw(b" " * 10, 0.5, 1))),
    ],
    "statuses": [
    Fault("429 with Retry-After in seconds, once", picture((429, {"Retry-After": "3"}, b""), GOOD), **OK),
    Fault("429 with Retry-After as a date, once", picture((429, {"Retry-After": later(5)}, b""), GOOD), **OK),
    Fault("429 with a Retry-After of a day", picture((429, {"Retry-After": "86400"}, b""))),
    Fault("429 with a Retry-After that is none", picture((429, {"Retry-After": "soon"}, b""), GOOD), **OK),
    Fault("503, once", picture((503, {}, b""), GOOD), **OK),
    Fault("500, always", picture((500, {}, b""))),
    Fault("401", picture((401, {}, b""))),
    Fault("403", picture((403, {}, b""))),
    Fault("404", picture((404, {}, b""))),
    Fault("206 unasked", picture((206, {"Content-Range": "bytes 0-9/99"}, CUT))),
    Fault("304 unasked", picture((304, {}, b""))),
    Fault("204", picture((204, {}, b""))),
    Fault("a status line of noise", picture(raw(b"\x00\xff\x17 what\r\n\r\n"))),
    Fault("a header of 100 kB", picture(raw(b"HTTP/1.0 200 OK\r\nX-A: " + b"a" * 100_000 + b"\r\n\r\n" + GOOD))),
    Fault("1,000 headers", picture(raw(b"HTTP/1.0 200 OK\r\n" + b"X-A: 1\r\n" * 1000 + b"\r\n" + GOOD))),
    Fault("every picture 403", {name: (403, {}, b"") for name in TRUTH}, "failed", ()),
    Fault("episode page 404", {"/1/": (404, {}, b"")}, "removed", ()),
    Fault("episode page 500", {"/1/": (500, {}, b"")}, "failed", ()),
    Fault("episode page to a login on another host", {"/1/": (302, {"Location": "https://login.example/"}, b"")},
          "failed", ()),
    Fault("episode page without a picture", {"/1/": b"<html>new design</html>"}, "layout_changed", ()),
    ],
    "redirects": [
    Fault("redirect within the site", {"/2.png": (302, {"Location": "/moved"}, b""), "/moved": GOOD}, **OK),
    Fault("redirect in a circle", picture((302, {"Location": "/2.png"}, b""))),
    Fault("redirect without a place", picture((302, {}, b""))),
    Fault("redirect off the allow-list", picture((302, {"Location": "http://other.example/x.png"}, b""))),
    Fault("redirect to a file", picture((302, {"Location": "file:///etc/passwd"}, b""))),
    Fault("redirect to FTP", picture((302, {"Location": "ftp://127.0.0.1/x"}, b""))),
    Fault("redirect to data", picture((302, {"Location": "data:image/gif;base64,R0lGODlhAQABAAAAACw="}, b""))),
    Fault("redirect to the cloud's own address", picture((302, {"Location": "http://169.254.169.254/latest"}, b""))),
    ],
    "robots.txt": [
    Fault("robots.txt 404", {"/robots.txt": (404, {}, b"")}, **OK),
    Fault("robots.txt 500", {"/robots.txt": (500, {}, b"")}, "skipped_robots", ()),
    Fault("robots.txt forbids all", {"/robots.txt": b"User-agent: *\nDisallow: /"}, "skipped_robots", ()),
    Fault("robots.txt forbids the pictures by wildcard", {"/robots.txt": b"User-agent: *\nDisallow: /*.png$"},
          "skipped_robots", ()),
    Fault("robots.txt forbids us by name", {"/robots.txt": b"User-agent: comicdata\nDisallow: /"}, "skipped_robots",
          ()),
    Fault("robots.txt forbids somebody else", {"/robots.txt": b"User-agent: other\nDisallow: /"}, **OK),
    Fault("robots.txt with a Crawl-delay", {"/robots.txt": b"User-agent: *\nCrawl-delay: 5"}, **OK),
    Fault("robots.txt with a Crawl-delay of an hour", {"/robots.txt": b"User-agent: *\nCrawl-delay: 3600"},
          "skipped_robots", ()),
    Fault("robots.txt of 5 MB", {"/robots.txt": b"#" * 5_000_000}, **OK),
    Fault("robots.txt that is an HTML page", {"/robots.txt": b"<html>Disallow: /</html>"}, **OK),
    Fault("robots.txt never ends", {"/robots.txt": raw(head() + b"#" * 500, 0.2, 1)}, "failed", ()),
    Fault("robots.txt overridden", {"/robots.txt": b"User-agent: *\nDisallow: /"},
          overrides=Overrides(ignore_robots=True), **OK),
    ],
    "opt-outs": [
    Fault("X-Robots-Tag: noai on a picture", picture((200, {"X-Robots-Tag": "noai"}, GOOD)), **NO),
    Fault("X-Robots-Tag: noimageai on the page", {"/1/": (200, {"X-Robots-Tag": "index, noimageai"}, PAGE)}, **NO),
    Fault("X-Robots-Tag for us by name", picture((200, {"X-Robots-Tag": "comicdata: noai"}, GOOD)), **NO),
    Fault("X-Robots-Tag for somebody else", picture((200, {"X-Robots-Tag": "otherbot: noai, noimageai"}, GOOD)), **OK),
    Fault("meta robots noai", html(b"<meta name=robots content='noai, noimageai'>"), **NO),
    Fault("meta robots noindex", html(b"<meta name=robots content=noindex>"), **OK),
    Fault("meta tdm-reservation", html(b"<meta name=tdm-reservation content=1>"), **NO),
    Fault("header tdm-reservation", picture((200, {"TDM-Reservation": "1"}, GOOD)), **NO),
    Fault("header tdm-reservation: 0", picture((200, {"TDM-Reservation": "0"}, GOOD)), **OK),
    Fault("tdmrep.json", {"/.well-known/tdmrep.json": json.dumps([{"location": "/", "tdm-reservation": 1}]).encode()},
          **NO),
    Fault("tdmrep.json for another folder",
          {"/.well-known/tdmrep.json": json.dumps([{"location": "/shop", "tdm-reservation": 1}]).encode()}, **OK),
    Fault("tdmrep.json that is none", {"/.well-known/tdmrep.json": b"<html>"}, **OK),
    Fault("header Content-Usage: train-ai=n", picture((200, {"Content-Usage": "train-ai=n"}, GOOD)), **NO),
    Fault("header Content-Usage: train-ai=y", picture((200, {"Content-Usage": "train-ai=y"}, GOOD)), **OK),
    Fault("robots.txt Content-Usage", {"/robots.txt": b"User-agent: *\nContent-Usage: train-ai=n\nAllow: /"}, **NO),
    Fault("robots.txt Content-Usage for another folder",
          {"/robots.txt": b"User-agent: *\nContent-Usage: /shop train-ai=n\nAllow: /"}, **OK),
    Fault("an opt-out overridden", picture((200, {"X-Robots-Tag": "noai"}, GOOD)),
          overrides=Overrides(ignore_optouts=True), **OK),
    ],
}  # fmt: skip
FAULTS = [fault for faults in KINDS.values() for fault in faults]


@dataclass(frozen=True)
class Outcome:
    """What came of a fault: `silent` when something wrong is stored as if it were right."""

    status: str
    stored: tuple
    seconds: float
    survived: bool
    silent: bool
    hung: bool


def suffer(fault: Fault, out: Path) -> Outcome:
    """Crawl the struck site into `out`; waits take no time."""
    answers = {"/robots.txt": b"User-agent: *\nAllow: /", **SITE, **fault.site}
    site = {path: list(one) if isinstance(one, list) else one for path, one in answers.items()}
    result = {}
    start = time.monotonic()
    with served(site) as (base, _):
        thread = threading.Thread(target=_crawl, args=(base, fault, out, result), daemon=True)
        thread.start()
        thread.join(HANGS_AFTER_S)
    seconds = time.monotonic() - start
    status, images = result.get("status", "hung"), result.get("images", {})
    truth = {1: TRUTH["/1.png"], 2: fault.truth, 3: TRUTH["/3.png"]}
    wrong = [number for number, data in images.items() if truth[number] != data]
    silent = bool(wrong) or (status == "ok" and len(images) != 3)
    survived = status == fault.status and tuple(sorted(images)) == fault.stored and not silent
    return Outcome(status, tuple(sorted(images)), seconds, survived, silent, thread.is_alive())


def _crawl(base, fault, out, result):
    fetcher = fetcher_for(base, timeout_s=0.8, deadline_s=0.8, max_bytes=5_000_000)
    source = RecipeSource(load_recipe(RECIPE, "fault"), Visit(fetcher, fault.overrides), base)
    try:
        ((record, _),) = crawl(source, out, plan(source, out))
    except ComicDataError as error:
        result |= {"status": "error", "reason": str(error)}
        return
    folder = episode_folder(out, record)
    result["images"] = {int(one.file_name[:4]): (folder / one.file_name).read_bytes() for one in record.images}
    result |= {"status": record.status, "reason": record.reason, "record": replace(record, images=())}
