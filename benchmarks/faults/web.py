"""Sites: the faults of tests/faults.py, and more of the real command. The rule of the file: only the loopback address
is asked, and nothing is stored that was denied, cut short, or is another than it says.
"""

import gzip
import json
from collections.abc import Iterator
from functools import partial

import faults
import sites
from loopback import served
from trial import Fault, Place, Scenario

SITE = "http://comics.example"
RECIPE = faults.RECIPE.replace("http://127.0.0.1:1", SITE)
META = b"<html><head>%s</head>" + faults.PAGE
DEEP, DIGITS = 100_000, 5_000
NONE = ()


def suffered(fault: faults.Fault, place: Place) -> None:
    """A fault of the crawler's own table."""
    place.commands.append(f"crawl of a site with: {fault.name}")
    outcome = faults.suffer(fault, place.work / "out")
    if outcome.hung:
        raise Fault("hung", f"{outcome}")
    if not outcome.survived:
        raise Fault("wrong", f"{outcome}, has to be {fault.status} with {fault.stored}")


def struck(site: dict, ok: tuple[int, ...], stored: tuple[int, ...] | None, place: Place) -> None:
    """A site of one episode of three pictures, parts of it replaced; `stored`: which of them have to be there."""
    (place.work / "fault.toml").write_text(RECIPE)
    with served({"/robots.txt": b"User-agent: *\nAllow: /", **faults.SITE, **site}) as (base, _):
        ran = place.run("crawl", "fault.toml", "--out", "out", "--mirror", f"{SITE}={base}", "--pause", "0.2", ok=ok)
    found = {path.read_bytes() for path in (place.work / "out").rglob("000*")}
    truth = {data: int(name[1]) for name, data in faults.TRUTH.items()}
    numbers = tuple(sorted(truth.get(data, 0) for data in found))
    if stored is not None and numbers != stored:
        raise Fault("wrong", f"pictures {numbers} are stored, {stored} is right: {ran.said}")
    if ran.status == 0 and stored is None and numbers != (1, 2, 3):
        raise Fault("wrong", f"status 0 with the pictures {numbers}: {ran.said}")


def _html(*answer):
    return {"/1/": answer if len(answer) > 1 else answer[0]}


def _expected(address: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """What no browser would fetch may be passed over; the site's own picture in an odd spelling is taken."""
    if address.startswith(("file:", "ftp:")):
        return (0, 3, 4, 5), (1, 3)
    return ((0,), (1, 2, 3)) if address == "http:///2.png" else ((3, 4, 5), (1, 3))


def _pictures(*names: str) -> dict:
    return _html("".join(f'<div id=viewer><img src="{name}"></div>' for name in ("/1.png", *names, "/3.png")).encode())


REP = json.dumps([{"location": "/", "tdm-reservation": 1}]).encode()
CUT = gzip.compress(faults.PAGE * 50)[:-30]
POLICY = {
    "meta robots in capitals": _html(META % b"<META NAME=ROBOTS CONTENT=NOAI>"),
    "meta robots in mixed case": _html(META % b"<meta nAmE='RoBoTs' content='All, NoImageAI'>"),
    "a page that says TEXT/HTML": _html(200, {"Content-Type": "TEXT/HTML"}, META % b"<meta name=robots content=noai>"),
    "a page that says no type": _html(200, {"Content-Type": ""}, META % b"<meta name=robots content=noai>"),
    "a page in UTF-16": _html(200, {"Content-Type": "text/html; charset=utf-16"},
                              (META % b"<meta name=robots content=noai>").decode().encode("utf-16")),
    "an XHTML page": _html(200, {"Content-Type": "application/xhtml+xml"},
                           META % b"<meta name='robots' content='noai'/>"),
    "a header in capitals": {"/2.png": (200, {"X-ROBOTS-TAG": "NOAI"}, faults.GOOD)},
    "a header among many": {"/2.png": (200, {"X-Robots-Tag": "max-snippet: 5, noai"}, faults.GOOD)},
    "Content-Usage after 60,000 letters": {
        "/2.png": (200, {"Content-Usage": "a" * 60_000 + ", train-ai=n"}, faults.GOOD)},
    "a header in quotes": {"/2.png": (200, {"X-Robots-Tag": '"noai, noimageai"'}, faults.GOOD)},
    "a header with a hyphen": {"/2.png": (200, {"X-Robots-Tag": "No-AI"}, faults.GOOD)},
    "a reservation that is ?1": {"/2.png": (200, {"tdm-reservation": "?1"}, faults.GOOD)},
    "meta robots without quotes, closed": _html(META % b"<meta name=robots content=noai/>"),
    "meta robots as a property": _html(META % b"<meta property=robots content=noai>"),
    "tdmrep.json in UTF-16": {"/.well-known/tdmrep.json": REP.decode().encode("utf-16")},
    "tdmrep.json that says true": {"/.well-known/tdmrep.json": REP.replace(b"1}", b"true}")},
    "robots.txt in UTF-16": {"/robots.txt": "User-agent: *\nDisallow: /1/\n".encode("utf-16")},
    "tdmrep.json, refused once": {"/.well-known/tdmrep.json": [(503, {}, b""), REP]},
    "tdmrep.json with a path in capitals": {"/.well-known/tdmrep.json": REP.replace(b'"/"', b'"/*"')},
}  # fmt: skip
ADDRESSES = ("http://[", "http://a:b:c/", "//", "http://x:99999/", "\x00", "http:///2.png", "http://[::1", "file:///etc/passwd",
             "http://169.254.169.254/2.png", "http://127.0.0.1:1/2.png", "http://" + "a" * 100_000, "ftp://x/2.png",
             "http://user:secret@x/2.png", "//[", "http://\u2100/2.png", "http://0x7f.1/2.png")  # fmt: skip
SHAPES = {
    "null": b"null", "a list": b"[]", "a text": b'"x"', "a number": b"5", "an empty object": b"{}", "nothing": b"",
    "nested deeply": b"[" * DEEP + b"]" * DEEP, "objects nested deeply": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "many digits": b'{"num": ' + b"1" * DIGITS + b"}", "NaN": b'{"num": NaN, "titleId": NaN, "result": NaN}',
    "1e400": b'{"num": 1e400, "titleId": 1e400}', "a list of null": b"[null]", "cut": b'{"num": ', "NUL": bytes(50),
    "values that are lists": b'{"num": [], "titleId": [], "titleName": [], "result": [], "img": [], "name": []}',
    "values true": b'{"num": true, "titleId": true, "titleName": true, "result": true}',
    "a newest of 10^9": b'{"num": 1000000000, "img": "https://imgs.xkcd.com/comics/last.png"}',
    "HTML": b"<html>sorry</html>",
}  # fmt: skip
TWINS = {
    "xkcd": (sites.XKCD, sites.xkcd_site, "/info.0.json"),
    "naver": (sites.NAVER, sites.naver_site, "/api/article/list/info?titleId=77"),
    "naver list": (sites.NAVER, sites.naver_site, "/api/article/list?titleId=77&page=1&sort=ASC"),
    "peppercarrot": (sites.PEPPERCARROT, sites.peppercarrot_site, "/0_sources/episodes-v1.json"),
    "webtoons": (sites.WEBTOONS, sites.webtoons_site, "/api/v1/webtoon/95/episodes?pageSize=99999"),
}


def twin(name: str, shape: bytes, place: Place) -> None:
    """A site with an adapter answers in another shape: never stored as if all were right."""
    address, make, path = TWINS[name]
    site = {**make(), path: (200, {"Content-Type": "application/json"}, shape)}
    with served(site) as (base, _):
        mirrors = [word for one in sites.ORIGINS[name.split()[0]] for word in ("--mirror", f"{one}={base}")]
        place.run(
            "crawl", address, "--out", "out", "--pause", "0.2", "--max-episodes", "2", *mirrors, ok=(2, 3, 4, 5, 6)
        )


def scenarios() -> Iterator[Scenario]:
    for kind, found in faults.KINDS.items():
        for fault in found:
            yield Scenario(f"web: {kind}", f"web: {fault.name}", partial(suffered, fault))
    for label, site in POLICY.items():
        yield Scenario("web: opt-outs", f"web: {label}", partial(struck, site, (3, 4, 5), NONE))
    asked = {"/robots.txt": b"User-agent: *\nDisallow: /private", "/private/2.png": faults.GOOD,
             "/2.png": (302, {"Location": "/private/2.png"}, b"")}  # fmt: skip
    yield Scenario(
        "web: robots.txt", "web: a redirect to what robots.txt forbids", partial(struck, asked, (3, 5), None)
    )
    for address in ADDRESSES:
        yield Scenario("web: addresses", f"web: a picture at {address!r:.40}",
                       partial(struck, _pictures(address), *_expected(address)))  # fmt: skip
        if address.isprintable() and address.isascii():
            yield Scenario("web: addresses", f"web: a redirect to {address!r:.40}",
                           partial(struck, {"/2.png": (302, {"Location": address}, b"")}, (3, 4, 5), (1, 3)),
                           )  # fmt: skip
    more = {
        "a gzip page cut in the middle": (_html(200, {"Content-Encoding": "gzip"}, CUT), (3, 4), None),
        "a header line without a colon": (
            {"/2.png": faults.raw(faults.head("what is this") + faults.GOOD)}, (0, 3, 4), None),
        "a page nested deeply": (_html(b"<div>" * DEEP + faults.PAGE), (0, 3, 4), None),
        "a page of 4 MB of brackets": (_html(b"<" * 4_000_000), (3, 4), None),
        "a status line with an escape sequence": (
            {"/2.png": faults.raw(b"HTTP/1.0 404 \x1b]0;owned\x07\x1b[31mred\r\n\r\n")}, (3, 4), (1, 3)),
    }  # fmt: skip
    for label, (site, ok, stored) in more.items():
        yield Scenario("web: bodies", f"web: {label}", partial(struck, site, ok, stored))
    for name in TWINS:
        for label, shape in SHAPES.items():
            if name == "peppercarrot" and label == "a list":
                continue  # no episode yet is a right answer
            yield Scenario("web: shapes", f"web: {name} answers {label}", partial(twin, name, shape))
