"""A recipe over HTTP on the loopback address: politeness, retries, redirects, limits."""

import contextlib
import email.utils
import gzip
import json
import socket
import time

import numpy as np
import pytest
from loopback import fetcher_for, served

from comicdata import __version__
from comicdata.crawl import crawl, plan
from comicdata.crawl.fetch import Answer, Fetcher, FetchLimits
from comicdata.crawl.robots import Robots
from comicdata.crawl.sources.recipe import RecipeSource, load_recipe, parse_images
from comicdata.crawl.store import write_image
from comicdata.crawl.web import Visit
from comicdata.episodes import read_crawl
from comicdata.errors import NetworkError, PolicyError, UsageError
from comicdata.images import encode_jpeg, encode_png

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
FIRST = ("/robots.txt", "/.well-known/tdmrep.json")
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


def test_a_whole_crawl_obeys_robots_and_lists_what_is_missing(tmp_path):
    with served(dict(SITE)) as (base, seen):
        source = RecipeSource(load_recipe(RECIPE, "r"), Visit(fetcher_for(base)), base)
        records = [record for record, _ in crawl(source, tmp_path, source.episodes())]
    assert [(record.episode_id, record.status) for record in records] == [
        ("e001", "ok"),
        ("e002", "skipped_robots"),
        ("e003", "partial"),
    ]
    assert records[0].licence.id == "CC0-1.0" and len(records[0].images) == 2
    assert (tmp_path / "loop" / "loop" / "e001" / "0001.png").read_bytes() == PICTURE
    assert [why.split(": ", 1)[1][:10] for _, why in records[2].missing] == ["status 404", "not a JPEG"]
    paths = [path for path, _ in seen]
    assert paths.count("/robots.txt") == 1 and "/2/" not in paths
    headers = next(headers for path, headers in seen if path == "/a.png")
    assert headers["User-Agent"].startswith("comicdata/") and headers["Referer"].endswith("/1/")
    assert headers["Accept-Encoding"] == "identity"


def test_a_second_crawl_asks_for_no_picture(tmp_path):
    site = {**SITE, "/3/": SITE["/1/"], "/robots.txt": b""}
    with served(site) as (base, seen):
        for _ in range(2):
            source = RecipeSource(load_recipe(RECIPE, "r"), Visit(fetcher_for(base)), base)
            results = list(crawl(source, tmp_path, source.episodes()))
            first, seen[:] = list(seen), []
    assert [new for _, new in results] == [False] * 3
    assert [path for path, _ in first] == [*FIRST, "/index.html"]


def crawl_once(base, out, recipe=RECIPE, **options):
    """Plan and crawl like a fresh run of the command; {episode: (status, fetched now)}."""
    source = RecipeSource(load_recipe(recipe, "r"), Visit(fetcher_for(base)), base)
    results = crawl(source, out, plan(source, out, **options))
    return {record.episode_id: (record.status, new) for record, new in results}


def tree(folder):
    """Bytes and times of all files but the locks."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    return {path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns) for path in paths}


def test_a_finished_crawl_makes_no_request_and_writes_no_byte_until_it_is_to_refresh(tmp_path):
    site = {**SITE, "/3/": SITE["/1/"], "/2/": SITE["/1/"], "/robots.txt": b""}
    names = ("e001", "e002", "e003")
    with served(site) as (base, seen):
        assert crawl_once(base, tmp_path) == dict.fromkeys(names, ("ok", True))
        before, seen[:] = tree(tmp_path), []
        assert crawl_once(base, tmp_path) == dict.fromkeys(names, ("ok", False))
        assert seen == [] and tree(tmp_path) == before
        site["/index.html"] = SITE["/index.html"] + b"<ul><a href='/4/'>Four 4</a></ul>"
        site["/4/"] = SITE["/1/"].replace(b"../a.png", b"/a.png")
        assert crawl_once(base, tmp_path, update=True)["e004"] == ("ok", True)
        other = RECIPE.replace('title = "Loop"', 'title = "Loop"\nseries = "Loop"\nauthors = ["A"]')
        seen.clear()
        crawl_once(base, tmp_path, other)
        assert [path for path, _ in seen] == [*FIRST, "/index.html"], "another recipe asks again"


def test_a_picture_that_was_missing_is_asked_for_alone(tmp_path):
    site = {**SITE, "/robots.txt": b""}
    with served(site) as (base, seen):
        assert crawl_once(base, tmp_path, pattern="3") == {"e003": ("partial", True)}
        before = tree(tmp_path)
        assert crawl_once(base, tmp_path, pattern="3") == {"e003": ("partial", True)}
        assert tree(tmp_path) == before, "the same outcome is not written again"
        site["/gone.png"] = site["/html.png"] = PICTURE
        seen.clear()
        assert crawl_once(base, tmp_path, pattern="3") == {"e003": ("ok", True)}
        assert sorted(path for path, _ in seen) == sorted([*FIRST, "/3/", "/gone.png", "/html.png"])


@pytest.mark.parametrize("answer", [(500, {}, b""), (404, {}, b"")])
def test_what_is_stored_survives_a_failing_site(tmp_path, answer):
    site = {**SITE, "/robots.txt": b""}
    with served(site) as (base, _):
        crawl_once(base, tmp_path, pattern="3")
        site["/3/"] = answer
        assert crawl_once(base, tmp_path, pattern="3") == {"e003": ("partial", True)}
        site["/robots.txt"] = SITE["/robots.txt"] + b"Disallow: /3/\n"
        assert crawl_once(base, tmp_path, pattern="3") == {"e003": ("skipped_robots", True)}
    assert (tmp_path / "loop" / "loop" / "e003" / "0001.png").read_bytes() == PICTURE
    assert len(read_crawl(tmp_path)[0].images) == 1


@pytest.mark.parametrize("stored", [(3, 1), (2,), (4, 2)])
def test_pictures_of_several_tries_are_in_the_order_of_the_pages(tmp_path, stored):
    """A try that was killed left pictures, as they came; the next one gets no page list."""
    pages = b"<div id=viewer><img src='/a.png'><img src='/no.png'><img src='/b.png'><img src='/no2.png'></div>"
    site = {**SITE, "/index.html": b"<ul><li><a href='1/'>One 1</a></ul>", "/1/": pages}
    with served(site) as (base, _):
        if stored != (3, 1):  # there was a try before it: 1 and 3 are recorded
            assert crawl_once(base, tmp_path) == {"e001": ("partial", True)}
        for ordinal in stored:
            answer = Answer(f"{base}/{ordinal}.png", encode_png(np.full((9, 9, 3), ordinal, np.uint8)))
            write_image(tmp_path / "loop" / "loop" / "e001", ordinal, answer, answer.url)
        site["/1/"] = (500, {}, b"")
        crawl_once(base, tmp_path)
    (record,) = read_crawl(tmp_path)
    assert [image.file_name for image in record.images] == [f"{one:04d}.png" for one in sorted({1, 3, *stored})]


def test_a_cut_jpeg_is_missing_and_the_rest_is_kept(tmp_path):
    whole = encode_jpeg(np.random.default_rng(2).integers(0, 256, (40, 40, 3), dtype=np.uint8))
    site = {"/index.html": SITE["/index.html"], "/1/": b"<div id=viewer><img src=/a.jpg><img src=/b.jpg></div>"}
    with served({**site, "/a.jpg": whole[: len(whole) // 2], "/b.jpg": whole}) as (base, _):
        assert crawl_once(base, tmp_path, pattern="1") == {"e001": ("partial", True)}
    (record,) = read_crawl(tmp_path)
    assert [image.file_name for image in record.images] == ["0002.jpg"] and "damaged" in record.missing[0][1]


def test_series_json_says_what_decided(tmp_path):
    with served(dict(SITE)) as (base, _):
        crawl_once(base, tmp_path, pattern="1")
    series = json.loads((tmp_path / "loop" / "loop" / "series.json").read_text())
    assert series["robots"] == "obeyed" and len(series["recipe_sha256"]) == 64 and len(series["listing"]) == 3


def test_links_and_pictures_that_are_none_are_passed_over(tmp_path):
    page = b"<div id=viewer><img src='javascript:x'><img src='data:image/gif;base64,x'><img src='/a.png#1'></div>"
    listing = b"<ul><a href='javascript:go()'>0</a><a href='http://elsewhere.example/'>1</a><a href='/2'>2</a></ul>"
    with served({"/index.html": listing, "/2": page, "/a.png": PICTURE}) as (base, _):
        assert crawl_once(base, tmp_path) == {"e001": ("failed", True), "e002": ("ok", True)}
    assert "not in the allow-list" in read_crawl(tmp_path)[0].reason


def test_a_walk_asks_for_every_page_once(tmp_path):
    walk = RECIPE.replace('mode = "list"', 'mode = "walk"\nnext_css = "a.next"').replace("index.html", "p1")
    page = b"<title>Part %d</title><a class=next href='/p%d'>on</a><div id=viewer><img src='/a.png'></div>"
    with served({"/p1": page % (1, 2), "/p2": page % (2, 1), "/a.png": PICTURE}) as (base, seen):
        assert crawl_once(base, tmp_path, walk) == {"e001": ("ok", True), "e002": ("ok", True)}
    assert [path for path, _ in seen] == [*FIRST, "/p1", "/p2", "/a.png", "/a.png"]


def test_a_walk_ends_where_the_recipe_says(tmp_path):
    walk = RECIPE.replace('mode = "list"', 'mode = "walk"\nnext_css = "a.next"\nstop_css = ".last"')
    page = b"<title>Part %d</title><a class=next href='/p%d'>on</a><div id=viewer><img src='/a.png'></div>"
    site = {"/p1": page % (1, 2), "/p2": page % (2, 3) + b"<p class=last>", "/a.png": PICTURE}
    with served(site) as (base, seen):
        assert len(crawl_once(base, tmp_path, walk.replace("index.html", "p1"))) == 2
    assert "/p3" not in [path for path, _ in seen]


def test_what_a_recipe_keeps_drops_and_strips():
    page = "<div id=viewer><img src='/ep/1.png?w=9&k=2'><img src='/ads/2.png'><img src='/ep/logo.png'></div>"
    text = RECIPE.replace('["blank"]', '["logo"]\nkeep_match = ["/ep/"]\nstrip_query = ["w"]')
    pages = parse_images(page, "http://a.example/1/", load_recipe(text, "r").images)
    assert [one.url for one in pages] == ["http://a.example/ep/1.png?k=2"]


@pytest.mark.parametrize(("referer", "expected"), [("page", "/1/"), ("site", "/"), ("none", None)])
def test_the_referer_of_pictures_is_the_recipes_choice(tmp_path, referer, expected):
    text = RECIPE.replace("drop_match", f'referer = "{referer}"\ndrop_match')
    with served({**SITE, "/robots.txt": b""}) as (base, seen):
        crawl_once(base, tmp_path, text, pattern="1")
    sent = next(headers for path, headers in seen if path == "/a.png").get("Referer")
    assert sent == (None if expected is None else base + expected)


def test_a_recipes_delay_slows_the_fetcher_down(tmp_path):
    waits = []
    text = RECIPE.replace('title = "Loop"', 'title = "Loop"\ndelay = 7')
    with served(dict(SITE)) as (base, _):
        source = RecipeSource(load_recipe(text, "r"), Visit(fetcher_for(base, waits)), base)
        list(crawl(source, tmp_path, plan(source, tmp_path, "1")))
    assert len(waits) == 5 and all(wait <= 7 * 1.5 * 3 for wait in waits) and max(waits) > 6.9


def test_pages_in_other_encodings_are_read():
    page = "<meta charset=euc-kr><ul><a href='/1'>\ud55c\uae00 1\ud654</a></ul>".encode("euc-kr")
    with served({"/index.html": page}) as (base, _):
        source = RecipeSource(load_recipe(RECIPE, "r"), Visit(fetcher_for(base)), base)
        assert [episode.title for episode in source.episodes()] == ["\ud55c\uae00 1\ud654"]


def test_a_recipe_of_a_public_site_does_not_reach_this_machine():
    recipe = RECIPE.replace("127.0.0.1:1", "comics.example")
    recipe = recipe.replace('title = "Loop"', 'title = "Loop"\nimage_hosts = ["localhost:80"]')
    with pytest.raises(PolicyError, match="may not name this machine"):
        RecipeSource(load_recipe(recipe, "r"), Visit())


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
        assert fetcher_for(base, sleeps).get(f"{base}/x").body == b"done"
        assert 6.9 < sleeps[0] <= 7 and 0.9 <= sleeps[1] <= 2 and len(seen) == 3
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
        assert fetcher_for(base).get(f"{base}/in").body == b"here"
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


def test_secrets_stay_with_the_origin_they_are_for():
    with served({"/end": b"here"}) as (other, seen_there):
        away = {"/start": (302, {"Location": "/next"}, b""), "/next": (302, {"Location": f"{other}/end"}, b"")}
        with served(away) as (base, seen):
            fetcher = fetcher_for(base)
            fetcher.allow([other.removeprefix("http://")])
            answer = fetcher.get(f"{base}/start", referer=f"{base}/page", headers={"Cookie": "age=18"})
    assert answer.body == b"here" and answer.url == f"{other}/end"
    assert [headers.get("Cookie") for _, headers in seen] == ["age=18"] * 2
    ((_, headers),) = seen_there
    assert not {"Cookie", "Referer"} & set(headers)


def test_a_body_below_the_minimum_rate_is_cut_off(monkeypatch):
    monkeypatch.setattr("comicdata.crawl.bodies.SLOW_AFTER_S", 0.2)

    def drip():
        with contextlib.suppress(OSError):
            for _ in range(100):
                yield b"x" * 10
                time.sleep(0.05)

    with served({"/slow": (200, {}, drip())}) as (base, _), pytest.raises(NetworkError, match=r"only \d+ bytes in"):
        fetcher_for(base, min_rate=1000, tries=1).get(f"{base}/slow")


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


def test_a_body_cut_short_is_asked_for_again():
    with served({"/x": [(200, {"Content-Length": "99"}, b"half"), b"whole"]}) as (base, seen):
        assert fetcher_for(base).get(f"{base}/x").body == b"whole"
    assert len(seen) == 2


def test_a_server_that_drips_is_cut_off_at_the_deadline():
    def drip():
        with contextlib.suppress(OSError):
            for _ in range(100):
                yield b"x"
                time.sleep(0.05)

    with served({"/slow": (200, {}, drip())}) as (base, _):
        start = time.monotonic()
        with pytest.raises(NetworkError, match=r"not done after 0\.4 s"):
            fetcher_for(base, deadline_s=0.4).get(f"{base}/slow")
        assert time.monotonic() - start < 2


def test_the_body_of_a_redirect_is_not_read():
    with served({"/in": (302, {"Location": "/x", "Content-Length": "1000000000"}, b""), "/x": b"here"}) as (base, _):
        assert fetcher_for(base, deadline_s=5).get(f"{base}/in").body == b"here"


def test_a_packed_body_is_unpacked_within_the_limit():
    packed = {"/x": (200, {"Content-Encoding": "gzip"}, gzip.compress(bytes(5_000_000)))}
    with served(packed) as (base, _):
        assert len(fetcher_for(base).get(f"{base}/x").body) == 5_000_000
        with pytest.raises(NetworkError, match="larger than 1 MB"):
            fetcher_for(base, max_bytes=1_000_000).get(f"{base}/x")


@pytest.mark.parametrize("text", ["\u00b2", "soon", "-5", "9" * 5000, "Wed, 99 Foo 2020 00:00:00 GMT", ""])
def test_a_retry_after_that_makes_no_sense_is_backoff(text):
    sleeps = []
    with served({"/x": [(503, {"Retry-After": text}, b""), b"done"]}) as (base, _):
        assert fetcher_for(base, sleeps).get(f"{base}/x").body == b"done"
    assert len(sleeps) == 1 and 0 <= sleeps[0] <= 1


def test_a_retry_after_may_be_a_date():
    sleeps = []
    later = email.utils.formatdate(time.time() + 30, usegmt=True)
    with served({"/x": [(503, {"Retry-After": later}, b""), b"done"]}) as (base, _):
        assert fetcher_for(base, sleeps).get(f"{base}/x").body == b"done"
    assert 25 < sleeps[0] <= 31


@pytest.mark.parametrize(
    "url",
    ["http://[bad/", "http://user:word@127.0.0.1/", "http://a b/", "ftp://x/", "data:,x", "http:///", "http://x:9a/"],
)
def test_addresses_that_make_no_sense_are_refused_in_one_line(url):
    fetcher = Fetcher()
    fetcher.allow(["127.0.0.1", "x", "a b"])
    with pytest.raises(PolicyError) as caught:
        fetcher.get(url)
    assert "\n" not in str(caught.value) and fetcher.request_count == 0


@pytest.mark.parametrize("location", ["http://[bad/", ""])
def test_a_redirect_to_no_address_is_refused(location):
    site = {"/x": (302, {"Location": location}, b"")}
    with served(site) as (base, _), pytest.raises((NetworkError, PolicyError)):
        fetcher_for(base).get(f"{base}/x")


def test_a_name_that_answers_differently_the_second_time_reaches_nothing(monkeypatch):
    """The check by name sees a public address; the socket then opened leads to this machine."""
    with served({"/x": b"secret"}) as (base, seen):
        port = base.rpartition(":")[2]
        fetcher = Fetcher(limits=FetchLimits(tries=1, pause_s=0), resolve=lambda host: ["93.184.216.34"])
        fetcher.allow(["comics.example"])
        found = socket.getaddrinfo("127.0.0.1", int(port), type=socket.SOCK_STREAM)
        monkeypatch.setattr(socket, "getaddrinfo", lambda *arguments, **options: found)
        with pytest.raises(PolicyError, match="private address"):
            fetcher.get(f"http://comics.example:{port}/x")
        assert seen == []


def test_cookies_are_not_kept_and_the_user_agent_is_honest():
    with served({"/a": (200, {"Set-Cookie": "k=v"}, b""), "/b": b""}) as (base, seen):
        fetcher = fetcher_for(base, contact="me@comics.example \ud55c\n")
        fetcher.get(f"{base}/a")
        fetcher.get(f"{base}/b", referer=f"{base}/\ud55c")
    headers = seen[1][1]
    assert "Cookie" not in headers and headers["User-Agent"] == f"comicdata/{__version__} (+me@comics.example ?)"


def test_robots_that_cannot_be_read_is_said_to_be_so():
    with served({"/robots.txt": (503, {}, b"")}) as (base, seen):
        robots = Robots(fetcher_for(base))
        for _ in range(2):
            with pytest.raises(PolicyError, match=r"robots\.txt: status 503"):
                robots.check(f"{base}/x")
        assert len(seen) == 1 and robots.decision(base) == "unreadable (status 503)"
    with pytest.raises(NetworkError, match="no answer"):
        Robots(fetcher_for(base)).check(f"{base}/x")


def test_robots_is_read_up_to_a_limit():
    rules = b"User-agent: *\nDisallow: /x\n" + b"#" * 600_000 + b"\nDisallow: /y\n"
    with served({"/robots.txt": rules}) as (base, _):
        robots = Robots(fetcher_for(base))
        assert not robots.allows(f"{base}/x") and robots.allows(f"{base}/y")


def test_hosts_are_paced_but_not_the_loopback():
    sleeps = []
    fetcher = Fetcher(limits=FetchLimits(pause_s=2), sleep=sleeps.append)
    for url in ("http://comics.example/a", "http://comics.example/b", "http://127.0.0.1:80/", "http://127.0.0.1:80/"):
        fetcher._pace(url, fetcher._host(url), picture=False)
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
    with pytest.raises(UsageError, match=r"r: images\.css: 'img\[' is not a CSS selector"):
        load_recipe(RECIPE.replace("#viewer img", "img["), "r")
