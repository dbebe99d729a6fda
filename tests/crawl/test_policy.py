"""Ask before fetching: redirects, other hosts, reservations that cannot be read, bodies that are cut short."""

import gzip
import threading
import zlib

import numpy as np
import pytest
from loopback import fetcher_for, served

from comicdata.crawl import crawl
from comicdata.crawl.fetch import Answer, Fetcher, FetchLimits
from comicdata.crawl.optouts import header_signals, page_signals, usage_refusals
from comicdata.crawl.robots import Robots, RobotsError
from comicdata.crawl.sources.recipe import RecipeSource, load_recipe
from comicdata.crawl.unpack import unpacked
from comicdata.crawl.web import OptedOutError, Overrides, Visit, Web
from comicdata.episodes import read_crawl
from comicdata.errors import NetworkError, PolicyError
from comicdata.images import encode_png

PICTURE = encode_png(np.random.default_rng(1).integers(0, 256, (20, 20, 3), dtype=np.uint8))
FORBIDS = b"User-agent: *\nDisallow: /closed\n"
RECIPE = """
[site]
name = "loop"
base = "http://127.0.0.1:1"
title = "Loop"
image_hosts = [HOSTS]
licence = { id = "CC0-1.0" }
[episodes]
mode = "list"
url = "list"
item_css = "a"
[images]
css = "img"
"""


def to(place):
    return 302, {"Location": place}, b""


def a_web(base, *others, **overrides):
    """The web of a source whose hosts are these."""
    fetcher = fetcher_for(base)
    return Web.of(Visit(fetcher, Overrides(**overrides)), [one.removeprefix("http://") for one in (base, *others)])


def paths(seen):
    return [path for path, _ in seen]


def test_where_a_redirect_leads_is_asked_of_robots_txt():
    site = {"/robots.txt": FORBIDS, "/a": to("/b"), "/b": to("/closed/x"), "/closed/x": b"secret", "/c": to("/open")}
    with served({**site, "/open": b"here"}) as (base, seen):
        web = a_web(base)
        with pytest.raises(RobotsError, match="/closed/x: robots"):
            web.page(f"{base}/a")
        assert web.page(f"{base}/c").body == b"here" and "/closed/x" not in paths(seen)
        assert a_web(base, ignore_robots=True).page(f"{base}/a").body == b"secret"


def test_a_redirect_to_another_host_is_asked_of_that_host():
    with (
        served({"/robots.txt": FORBIDS, "/closed/1.png": PICTURE, "/1.png": PICTURE}) as (other, asked),
        served({"/a": to(f"{other}/closed/1.png"), "/b": to(f"{other}/1.png"), "/robots.txt": b""}) as (base, _),
    ):
        web = a_web(base, other)
        with pytest.raises(RobotsError, match="robots"):
            web.page(f"{base}/a")
        assert web.page(f"{base}/b").body == PICTURE
    assert paths(asked) == ["/robots.txt", "/.well-known/tdmrep.json", "/1.png"]


def test_a_reservation_where_a_redirect_leads_holds():
    reserved = b'[{"location": "/art", "tdm-reservation": 1}]'
    with (
        served({"/.well-known/tdmrep.json": reserved, "/art/1.png": PICTURE}) as (other, asked),
        served({"/a": to(f"{other}/art/1.png")}) as (base, _),
    ):
        with pytest.raises(OptedOutError, match="tdmrep"):
            a_web(base, other).page(f"{base}/a")
        assert "/art/1.png" not in paths(asked)


@pytest.mark.parametrize(("place", "status"), [("/closed/1.png", "skipped_robots"), ("/1.png", "ok")])
def test_pictures_on_another_host_and_behind_redirects_are_asked_for(tmp_path, place, status):
    with served({"/robots.txt": FORBIDS, place: PICTURE}) as (other, asked):
        site = {"/list": b"<a href=/1>Ep. 1</a>", "/1": b"<img src=/p.png>", "/p.png": to(f"{other}{place}")}
        with served(site) as (base, _):
            recipe = load_recipe(RECIPE.replace("HOSTS", f'"{other.removeprefix("http://")}"'), "r")
            source = RecipeSource(recipe, Visit(fetcher_for(base)), base)
            list(crawl(source, tmp_path, source.episodes()))
    (record,) = read_crawl(tmp_path)
    assert record.status == status and (place in paths(asked)) is (status == "ok")


def test_robots_txt_may_lie_behind_redirects_on_another_host():
    with (
        served({"/rules": FORBIDS}) as (other, _),
        served({"/robots.txt": to("/r2"), "/r2": to("http://www.comics.example/rules")}) as (base, _),
    ):
        mirrors = {"http://comics.example": base, "http://www.comics.example": other}
        fetcher = Fetcher(["comics.example"], FetchLimits(), mirrors=mirrors)
        robots = Robots(fetcher)
        assert not robots.allows("http://comics.example/closed/1") and robots.allows("http://comics.example/2")
        with pytest.raises(PolicyError, match="not in the allow-list"):
            fetcher.get("http://www.comics.example/rules")


@pytest.mark.parametrize(
    "place", ["http://127.0.0.1:9/robots.txt", "http://localhost:9/", "file:///etc/passwd", "http://["]
)
def test_robots_txt_leads_to_no_place_of_this_machine(place):
    with served({"/robots.txt": to(place)}) as (base, _):
        robots = Robots(Fetcher(["comics.example"], FetchLimits(), mirrors={"http://comics.example": base}))
        assert not robots.allows("http://comics.example/1")


def test_a_slow_robots_txt_holds_up_no_other_host():
    go, waiting = threading.Event(), threading.Event()

    def slow(handler):
        waiting.set()
        go.wait(20)
        handler.wfile.write(b"HTTP/1.0 404 x\r\n\r\n")

    with served({"/robots.txt": slow}) as (one, _), served({}) as (two, _):
        fetcher = fetcher_for(one)
        fetcher.allow([two.removeprefix("http://")])
        robots = Robots(fetcher)
        thread = threading.Thread(target=robots.allows, args=(f"{one}/x",))
        thread.start()
        assert waiting.wait(20)
        assert robots.allows(f"{two}/x") and not go.is_set()
        go.set()
        thread.join(20)
    assert robots.decision(one) == "none (status 404)"


def test_a_reservation_that_cannot_be_read_is_asked_for_again():
    reserved = b'[{"location": "/", "tdm-reservation": 1}]'
    site = {"/.well-known/tdmrep.json": [(503, {}, b""), reserved], "/x": b""}
    with served(site) as (base, seen), pytest.raises(OptedOutError, match="tdmrep"):
        a_web(base).page(f"{base}/x")
    assert paths(seen).count("/.well-known/tdmrep.json") == 2 and "/x" not in paths(seen)


def test_a_reservation_that_stays_unread_holds_until_it_can_be_read():
    site = {"/.well-known/tdmrep.json": (503, {}, b""), "/x": b"here"}
    with served(site) as (base, seen):
        web = a_web(base)
        for _ in range(2):
            with pytest.raises(NetworkError, match=r"status 503.*not known"):
                web.page(f"{base}/x")
        assert "/x" not in paths(seen) and len(seen) == 1 + 4
        assert a_web(base, ignore_optouts=True).page(f"{base}/x").body == b"here"
        for gone in ((404, {}, b""), (403, {}, b""), b"<html>no such page", b"[" * 100_000):
            site["/.well-known/tdmrep.json"] = gone
            assert a_web(base).page(f"{base}/x").body == b"here", gone[:20]


@pytest.mark.parametrize(
    ("value", "refuses"),
    [
        ("max-image-preview:large, noai", True),
        ("max-snippet: -1, max-video-preview: -1, noimageai", True),
        ("unavailable_after: Wed, 25 Jun 2030 15:00:00 PST, noai", True),
        ("unavailable_after: Wed, Jun 25 2030 15:00:00, noai", True),
        ("otherbot: noai\nnoai", True),
        ("otherbot: noai, comicdata: max-snippet:3, noai", True),
        ("ComicData/0.1: NoAI", True),
        ("*: noai", True),
        ("noai; noarchive", True),
        ("none", True),
        ("max-image-preview:large, nofollow", False),
        ("googlebot: max-snippet:3, noai", False),
        ("otherbot: noindex\nanother: noai", False),
        ("unavailable_after: 2030-06-25T15:00:00", False),
        ("all", False),
        ("noaitch", False),
    ],
)
def test_robots_rules_are_read_by_their_grammar(value, refuses):
    assert bool(header_signals({"x-robots-tag": value})) is refuses


@pytest.mark.parametrize(
    ("values", "refuses"),
    [
        (["otherbot: noai", "noai"], True),
        (["otherbot: noai", "otherbot: nofollow"], False),
        (["max-snippet:1", "noai"], True),
    ],
)
def test_each_of_several_headers_speaks_for_itself(values, refuses):
    def answer(handler):
        lines = "".join(f"X-Robots-Tag: {value}\r\n" for value in values)
        handler.wfile.write(f"HTTP/1.0 200 OK\r\n{lines}\r\nhere".encode())

    with served({"/x": answer}) as (base, _):
        if refuses:
            with pytest.raises(OptedOutError, match="noai"):
                a_web(base).page(f"{base}/x")
        else:
            assert a_web(base).page(f"{base}/x").body == b"here"


PAGES = {
    "capitals": b"<HTML><META CONTENT='NOAI' NAME=ROBOTS>",
    "rules": b"<meta name=robots content='max-image-preview:large,\n noai'>",
    "spaces": b"<meta name=' robots ' content=noai>",
    "our name": b"<meta name=ComicData content=noimageai>",
    "utf-16": "<html><meta name='robots' content='noai'>".encode("utf-16"),
    "utf-16 without a mark": "<html><meta name='robots' content='noai'>".encode("utf-16-le"),
    "utf-16, the other way": "\ufeff<html><meta name='robots' content='noai'>".encode("utf-16-be"),
    "euc-kr": "<title>\ud55c\uae00</title><meta name=robots content=noai>".encode("euc-kr"),
}


@pytest.mark.parametrize("kind", ["TEXT/HTML", "Text/Html; Charset=x", "application/xhtml+xml", "text/plain", ""])
@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_a_page_says_no_in_any_spelling(page, kind):
    with served({"/x": (200, {"Content-Type": kind}, page)}) as (base, _), pytest.raises(OptedOutError, match="meta"):
        a_web(base).page(f"{base}/x")


@pytest.mark.parametrize(
    "page",
    ["<meta name=googlebot content=noai>", "<p>meta robots noai</p>", "<!--<meta name=robots content=noai>-->"],
)
def test_pages_that_say_no_such_thing(page):
    assert page_signals(page) == []


def test_the_encoding_that_a_header_names_is_taken_where_a_page_has_it():
    text = "\ud55c"
    assert Answer("u", text.encode("euc-kr"), headers={"content-type": "text/html; charset=EUC-KR"}).text == text
    assert Answer("u", text.encode(), headers={"content-type": "text/html; charset=EUC-KR"}).text == text
    assert Answer("u", b"\xff\xff", headers={"content-type": "text/html; charset=no-such"}).text == b"\xff\xff"


@pytest.mark.parametrize("text", ["a" * 300_000, " " * 300_000, "a=" * 150_000, ",;" * 150_000, "a:" * 150_000])
def test_a_header_of_any_length_is_read_at_once(text):
    assert usage_refusals(text) == [] and header_signals({"x-robots-tag": text, "content-usage": text}) == []
    assert usage_refusals(f"{text}, train-ai = n") == ["train-ai=n"]


def packed(data):
    return gzip.compress(data, mtime=0)  # the same on every worker


PACKED = packed(b"<img src=1.png>" * 500)


@pytest.mark.parametrize(
    ("encoding", "body", "whole"),
    [
        ("gzip", PACKED, True),
        ("gzip", PACKED[:-9], False),
        ("gzip", PACKED[: len(PACKED) // 2], False),
        ("gzip", b"no gzip", False),
        ("gzip", packed(b"a") + packed(b"b"), True),
        ("deflate", zlib.compress(b"a" * 99), True),
        ("deflate", zlib.compress(b"a" * 99)[2:-4], True),
        ("deflate", zlib.compress(b"a" * 99)[:-5], False),
        ("br", b"\x0b\x02\x80a\x03", False),
        ("gzip", packed(b"") * 5000, False),
    ],
)
def test_a_packed_body_is_whole_or_an_error(encoding, body, whole):
    assert unpacked(body, encoding, 10_000)[0] is whole
    with served({"/x": (200, {"Content-Encoding": encoding}, body)}) as (base, _):
        if whole:
            assert fetcher_for(base).get(f"{base}/x").body == unpacked(body, encoding, 10_000)[1]
        else:
            with pytest.raises(NetworkError, match="cut short or damaged after 4 tries"):
                fetcher_for(base).get(f"{base}/x")


@pytest.mark.parametrize(
    ("headers", "body", "allowed"),
    [
        ({"Content-Encoding": "gzip"}, packed(FORBIDS), False),
        ({"Content-Encoding": "gzip"}, packed(b"User-agent: *\nDisallow: /y\n"), True),
        ({"Content-Encoding": "gzip"}, packed(b"User-agent: *\nDisallow: /y\n")[:-9], False),
        ({"Content-Encoding": "br"}, b"\x0b\x02\x80a\x03", False),
        ({"Content-Length": "90"}, b"User-agent: *\n", False),
        ({}, FORBIDS.decode().encode("utf-16"), False),
        ({}, FORBIDS.decode().encode("utf-16-be"), False),
        ({}, b"\xef\xbb\xbf" + FORBIDS, False),
        ({}, FORBIDS.replace(b"closed", b"open").decode().encode("utf-16"), True),
    ],
)
def test_a_robots_txt_that_is_not_all_there_allows_nothing(headers, body, allowed):
    with served({"/robots.txt": (200, headers, body)}) as (base, _):
        assert Robots(fetcher_for(base)).allows(f"{base}/closed/1") is allowed
