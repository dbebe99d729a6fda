"""A recipe over HTTP on the loopback address: politeness, retries, redirects, limits."""

import http.server
import threading
from contextlib import contextmanager

import numpy as np
import pytest

from comicdata.crawl import crawl
from comicdata.crawl.fetch import Fetcher, FetchLimits
from comicdata.crawl.robots import Robots
from comicdata.crawl.sources.recipe import RecipeSource, load_recipe, parse_images
from comicdata.errors import NetworkError, PolicyError, UsageError
from comicdata.images import encode_png

RECIPE = """
[site]
name = "loop"
base = "http://127.0.0.1:1"
title = "Loop"
licence = { id = "CC0-1.0" }
[episodes]
mode = "list"
url = "index.html"
item_css = "ul a"
[images]
css = "#viewer img"
drop_match = ["blank"]
"""
PICTURE = encode_png(np.random.default_rng(1).integers(0, 256, (20, 20, 3), dtype=np.uint8))
SITE = {
    "/robots.txt": b"User-agent: *\nDisallow: /2/\n",
    "/index.html": b"<ul><li><a href='1/'>One 1</a><li><a href='2/'>Two 2</a><li><a href='/3/'>Three 3</a></ul>",
    "/1/": b"<div id=viewer><img data-url='../a.png'><img data-url='/b.png'><img src='blank.gif'></div>",
    "/2/": b"<div id=viewer><img src='/a.png'></div>",
    "/3/": b"<div id=viewer><img src='/a.png'><img src='/gone.png'><img src='/html.png'></div>",
    "/a.png": PICTURE,
    "/b.png": PICTURE,
    "/html.png": b"<html>sorry</html>",
}


@contextmanager
def served(site):
    """Serve a dict of path -> bytes, or path -> (status, headers, bytes), or a list of those, one per request."""
    seen = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append((self.path, dict(self.headers)))
            answer = site.get(self.path, (404, {}, b""))
            if isinstance(answer, list):
                answer = answer.pop(0) if len(answer) > 1 else answer[0]
            status, headers, body = answer if isinstance(answer, tuple) else (200, {}, answer)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", seen
        finally:
            server.shutdown()


def fetcher_for(base, sleeps=None, **limits):
    waits = sleeps if sleeps is not None else []
    fetcher = Fetcher(limits=FetchLimits(**limits), sleep=waits.append)
    fetcher.allow([base.removeprefix("http://")])
    return fetcher


def test_a_whole_crawl_obeys_robots_and_lists_what_is_missing(tmp_path):
    with served(dict(SITE)) as (base, seen):
        source = RecipeSource(load_recipe(RECIPE, "r"), fetcher_for(base), base)
        records = [record for record, _ in crawl(source, tmp_path, source.episodes())]
    assert [(record.episode_id, record.status) for record in records] == [
        ("e001", "ok"),
        ("e002", "skipped_robots"),
        ("e003", "partial"),
    ]
    assert records[0].licence.id == "CC0-1.0" and len(records[0].images) == 2
    assert (tmp_path / "loop" / "loop" / "e001" / "0001.png").read_bytes() == PICTURE
    assert [why.split(": ", 1)[1][:12] for _, why in records[2].missing] == ["status 404", "not a JPEG, "]
    paths = [path for path, _ in seen]
    assert paths.count("/robots.txt") == 1 and "/2/" not in paths
    headers = next(headers for path, headers in seen if path == "/a.png")
    assert headers["User-Agent"].startswith("comicdata/") and headers["Referer"].endswith("/1/")
    assert headers["Accept-Encoding"] == "identity"


def test_a_second_crawl_asks_for_no_picture(tmp_path):
    site = {**SITE, "/3/": SITE["/1/"], "/robots.txt": b""}
    with served(site) as (base, seen):
        for _ in range(2):
            source = RecipeSource(load_recipe(RECIPE, "r"), fetcher_for(base), base)
            results = list(crawl(source, tmp_path, source.episodes()))
            first, seen[:] = list(seen), []
    assert [new for _, new in results] == [False] * 3
    assert [path for path, _ in first] == ["/robots.txt", "/index.html"]


@pytest.mark.parametrize(
    ("answer", "allowed"),
    [
        (b"User-agent: *\nDisallow: /x", False),
        (b"\xef\xbb\xbfUser-agent: *\nDisallow: /x", False),
        (b"User-agent: other\nDisallow: /", True),
        ((404, {}, b""), True),
        ((500, {}, b""), False),
    ],
)
def test_robots_rules(answer, allowed):
    with served({"/robots.txt": answer}) as (base, _):
        assert Robots(fetcher_for(base)).allows(f"{base}/x") is allowed


def test_retries_honour_retry_after_up_to_a_ceiling():
    sleeps = []
    busy = (429, {"Retry-After": "7"}, b"")
    with served({"/x": [busy, (503, {}, b""), (200, {}, b"done")], "/y": (429, {"Retry-After": "86400"}, b"")}) as (
        base,
        seen,
    ):
        assert fetcher_for(base, sleeps).get(f"{base}/x") == b"done"
        assert sleeps[0] == 7 and 1 <= sleeps[1] <= 2 and len(seen) == 3
        sleeps.clear()
        seen.clear()
        with pytest.raises(NetworkError, match="asks to wait 86400 s"):
            fetcher_for(base, sleeps).get(f"{base}/y")
        assert len(seen) == 1 and not sleeps


def test_what_cannot_be_had_is_not_asked_again():
    with served({}) as (base, seen), pytest.raises(NetworkError, match="status 404"):
        fetcher_for(base).get(f"{base}/gone")
    assert len(seen) == 1


def test_redirects_are_followed_inside_and_refused_outside():
    with served({"/in": (302, {"Location": "/x"}, b""), "/x": b"here"}) as (base, _):
        assert fetcher_for(base).get(f"{base}/in") == b"here"
    with (
        served({"/secret": b"no"}) as (other, canary),
        served({"/out": (302, {"Location": f"{other}/secret"}, b"")}) as (
            base,
            _,
        ),
    ):
        with pytest.raises(PolicyError, match="not in the allow-list"):
            fetcher_for(base).get(f"{base}/out")
        assert canary == []
    leak = {"/file": (302, {"Location": "file:///etc/passwd"}, b"")}
    with served(leak) as (base, _), pytest.raises(PolicyError, match="only http"):
        fetcher_for(base).get(f"{base}/file")
    with served({"/loop": (302, {"Location": "/loop"}, b"")}) as (base, seen):
        with pytest.raises(NetworkError, match="more than 5 redirects"):
            fetcher_for(base).get(f"{base}/loop")
        assert len(seen) == 6


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.8", "169.254.169.254", "::1", "::ffff:127.0.0.1"])
def test_a_public_name_that_leads_to_a_private_address_is_refused(address):
    fetcher = Fetcher(resolve=lambda host: [address])
    fetcher.allow(["comics.example"])
    with pytest.raises(PolicyError, match="private address"):
        fetcher.get("http://comics.example/x")


def test_limits_of_a_body():
    with served({"/big": bytes(3000), "/short": (200, {"Content-Length": "99"}, b"half")}) as (base, _):
        with pytest.raises(NetworkError, match="larger than"):
            fetcher_for(base, max_bytes=2000).get(f"{base}/big")
        with pytest.raises(NetworkError, match=r"broke off|of 99 bytes"):
            fetcher_for(base).get(f"{base}/short")


def test_hosts_are_paced_but_not_the_loopback():
    sleeps = []
    fetcher = Fetcher(limits=FetchLimits(pause_s=2), sleep=sleeps.append)
    fetcher._pace("comics.example")
    fetcher._pace("comics.example")
    fetcher._pace("127.0.0.1:80")
    assert len(sleeps) == 1 and 1.5 <= sleeps[0] <= 3


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("item_css", "item_cs", "unknown key episodes.item_cs; did you mean 'item_css'?"),
        ("title =", "titel =", "site.title: Field required"),
        ('licence = { id = "CC0-1.0" }', "", "site.licence: Field required"),
        ('mode = "list"', 'mode = "lists"', "episodes.mode: Input should be"),
        ("[site]", "[site", "not valid TOML"),
    ],
)
def test_mistakes_in_recipes(old, new, message):
    with pytest.raises(UsageError) as caught:
        load_recipe(RECIPE.replace(old, new), "r.toml")
    assert message in str(caught.value) and str(caught.value).startswith("r.toml: ")


def test_a_wrong_selector_is_a_usage_error():
    recipe = load_recipe(RECIPE.replace("#viewer img", "img["), "r")
    with pytest.raises(UsageError, match="not a CSS selector"):
        parse_images("<img src=x>", "http://a/", recipe.images)
