"""Lists without end are bounded with a word, foreign text takes linear time, and odd answers are one line."""

import re
import socket
import threading
from contextlib import contextmanager

import pytest
from faults import RECIPE, TRUTH
from loopback import fetcher_for, served

from comicdata.cli.main import run
from comicdata.crawl import crawl, plan
from comicdata.crawl.names import episode_and_page, slug, unique
from comicdata.crawl.optouts import header_signals, read_tdmrep, robots_usage, tdmrep_signals
from comicdata.crawl.sources import recipe as recipes
from comicdata.crawl.sources.recipe import RecipeSource, load_recipe
from comicdata.crawl.sources.viewer import absolute
from comicdata.crawl.sources.webtoons import parse_viewer
from comicdata.crawl.sources.xkcd import parse_comic
from comicdata.crawl.web import OptedOutError, Visit, Web
from comicdata.episodes import natural_key, unnamed
from comicdata.errors import ComicDataError, NetworkError, UsageError
from comicdata.files import read_json
from comicdata.images import encode_png
from comicdata.numbers import canonical, read_number

HUGE = 100_000
LIST = """
[site]
name = "endless"
base = "BASE"
title = "Endless"
licence = { id = "CC0-1.0" }
[episodes]
mode = "list"
url = "list/1"
item_css = "a.e"
next_css = "a.next"
[images]
css = "img"
"""


def endless(pages, last):
    """List pages of one episode each, every one but the `last` naming the next."""
    site = {"/robots.txt": b"", "/x.png": TRUTH["/1.png"]}
    for n in range(1, pages + 1):
        following = f"<a class=next href=/list/{n + 1}>on</a>" if n < last else ""
        site[f"/list/{n}"] = f"<a class=e href=/e/{n}>Ep {n}</a>{following}".encode()
        site[f"/e/{n}"] = b"<img src=/x.png>"
    return site


@pytest.mark.parametrize(("last", "status"), [(9, 3), (4, 3), (3, 0), (1, 0)])
def test_a_list_that_goes_on_is_said_and_not_called_done(last, status, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(recipes, "MAX_LIST_PAGES", 3)
    with served(endless(9, last)) as (base, seen):
        (tmp_path / "endless.toml").write_text(LIST.replace("BASE", base))
        command = ["crawl", str(tmp_path / "endless.toml"), "--out", str(tmp_path / "crawl")]
        for _ in range(2):  # the second run does not take the list for all there is
            assert run(command) == status
            assert ("the list goes on behind 3 pages" in capsys.readouterr().err) == (status == 3)
        assert sum(path == "/list/1" for path, _ in seen) == (2 if status else 1)
    record = read_json(tmp_path / "crawl" / "endless" / "endless" / "series.json")
    assert ("listing" in record) == (status == 0)


@pytest.mark.parametrize(("most", "said"), [("", True), ("most = 2\n", False)])
def test_a_walk_that_goes_on(most, said):
    walk = LIST.replace('mode = "list"', 'mode = "walk"').replace('item_css = "a.e"\n', most)
    with served(endless(9, 9)) as (base, _), pytest.MonkeyPatch.context() as patch:
        patch.setattr(recipes.Episodes.model_fields["most"], "default", 2)
        recipes.Episodes.model_rebuild(force=True)
        recipes.Recipe.model_rebuild(force=True)
        source = RecipeSource(load_recipe(walk.replace("BASE", base), "walk"), Visit(fetcher_for(base)), base)
        assert len(source.episodes()) == 2
        assert bool(source.cut_short) == said  # a limit that the recipe sets is meant
    recipes.Episodes.model_rebuild(force=True)
    recipes.Recipe.model_rebuild(force=True)


@pytest.mark.parametrize("last", ["1000000000", "1" + "0" * 30, "100001"])
def test_numbers_without_end_are_refused(last):
    source = RecipeSource(load_recipe(RECIPE.replace("last = 1", f"last = {last}"), "many"), Visit())
    with pytest.raises(UsageError, match="at most 100000"):
        source.episodes()


def test_as_many_as_a_long_comic_has_are_listed():
    source = RecipeSource(load_recipe(RECIPE.replace("last = 1", "last = 3000"), "many"), Visit())
    assert len(source.episodes()) == 3000


@pytest.mark.parametrize("number", ["1000000000", "100001", "true", "1e400", '"²"', "[]"])
def test_the_newest_comic_has_no_absurd_number(number):
    with pytest.raises(NetworkError):
        parse_comic(f'{{"num": {number}, "img": ""}}', "x")
    assert parse_comic('{"num": 3200, "img": ""}', "x") == (3200, "")


def test_ten_thousand_episodes_of_one_name():
    names = unique(["The end"] * 10_000)
    assert len({*names}) == 10_000 and names[0] == "the-end" and names[-1] == "the-end-10000"
    mixed = unique(["a", "a-2", "a", "a", "A!", "É", "E\u0301"])
    assert len({*mixed}) == 7


UNITS = ["a", "1", " ", ",", "=", "a=", "<", "[", "*", "0.", "./", "½", "１", "e1p", "01-", "第", "train-ai=n "]


@pytest.mark.parametrize("unit", UNITS)
def test_a_long_text_of_anything_takes_linear_time(unit):
    """A quadratic pattern takes minutes here; nothing is asserted of the seconds."""
    text = (unit * HUGE)[:HUGE]
    for read in (read_number, canonical, natural_key, slug, episode_and_page):
        read(text)
    header_signals(dict.fromkeys(("x-robots-tag", "tdm-reservation", "content-usage"), text))
    robots_usage(f"user-agent: *\ncontent-usage: {text}")
    tdmrep_signals([(f"/{text}", True), (text, True)], f"https://a.example/{text}")
    absolute("https://a.example/", text)
    unnamed([], text)


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("/", "/a", True),
        ("/a", "/ab", True),
        ("/a$", "/ab", False),
        ("/a$", "/a", True),
        ("/*.png$", "/x/y.png", True),
        ("/*.png$", "/x/y.png/z", False),
        ("*/comics/*", "/a/comics/1", True),
        ("/a*b*a", "/ab", False),
        ("/a*a$", "/a", False),
        ("*", "/anything", True),
        ("/[ab]", "/a", False),
        ("/[ab]", "/[ab]c", True),
        ("/?", "/x", False),
        ("/" + "*a" * 2000 + "b$", "/" + "a" * 4000, False),
    ],
)
def test_patterns_of_a_reservation(pattern, path, fits):
    assert bool(tdmrep_signals([(pattern, True)], f"https://a.example{path}")) == fits


def test_a_reservation_nested_without_end_is_none():
    assert read_tdmrep(b"[" * 100_000) == []


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({"X-Robots-Tag": "noai"}, True),
        ({"TDM-Reservation": "1"}, True),
        ({"Content-Usage": "train-ai=n"}, True),
        ({"X-Robots-Tag": "otherbot: noai"}, False),
        ({"TDM-Reservation": "0"}, False),
        ({}, False),
    ],
)
def test_an_opt_out_in_the_headers_of_a_redirect_holds(headers, refused):
    site = {"/a": (302, {"Location": "/b", **headers}, b""), "/b": b"here"}
    with served(site) as (base, seen):
        web = Web.of(Visit(fetcher_for(base)), [base.removeprefix("http://")])
        if refused:
            with pytest.raises(OptedOutError):
                web.page(f"{base}/a")
            assert "/b" not in [path for path, _ in seen]
        else:
            assert web.page(f"{base}/a").body == b"here"


@pytest.mark.parametrize("unit", [b"x", b"<p>"])
def test_a_page_of_many_megabytes_is_no_page(unit):
    with served({"/a": unit * (12_000_000 // len(unit)), "/b": unit * (200_000 // len(unit))}) as (base, _):
        web = Web.of(Visit(fetcher_for(base)), [base.removeprefix("http://")])
        with pytest.raises(NetworkError, match="larger than 10 MB"):
            web.page(f"{base}/a")
        assert len(web.page(f"{base}/b").body) > 199_000


ODD = [
    "http://[",
    "https://[::1",
    "http://a]b/",
    "//[",
    "http://\u2100.example/",
    "javascript:1",
    "http://x:99999999/",
    "",
]


@pytest.mark.parametrize("address", ODD)
def test_addresses_that_cannot_be_parsed_are_one_line(address, tmp_path):
    page = f'<div id=viewer><img src="{address}"><img src=/1.png></div>'.encode()
    for site in (
        {"/1/": page},
        {"/1/": (302, {"Location": address.encode().decode("latin-1")}, b"")},
        {"/1.png": (302, {"Location": address.encode().decode("latin-1")}, b"")},
    ):
        with served({"/robots.txt": b"", "/1/": b"<div id=viewer><img src=/1.png></div>", **TRUTH, **site}) as (
            base,
            _,
        ):
            source = RecipeSource(load_recipe(RECIPE, "odd"), Visit(fetcher_for(base, tries=1)), base)
            ((record, _),) = crawl(source, tmp_path / base[-5:], plan(source, tmp_path))
            assert record.status in ("ok", "partial", "failed", "skipped_robots", "removed", "layout_changed")


VIEWER = "<div id=viewer><img src=/1.png>{}<img src=/3.png></div>"
NO_ADDRESS = ("http://[", "https://[::1/2.png", "//[", "http://\u2100/2.png", "http://a]b/2.png")


@pytest.mark.parametrize(
    "tag, missing",
    [
        *((f'<img src="{address}">', [address]) for address in NO_ADDRESS),
        *((f'<img src="{text}">', []) for text in ("data:image/gif;base64,R0lG", "javascript://[", "DATA://[,", "")),
        ('<img data-src="//[[cdn]]/2.png" src="/2.png">', []),  # a viewer's own template; the picture is said beside it
        ('<img data-src="//[[cdn]]/2.png">', ["//[[cdn]]/2.png"]),
    ],
)
def test_a_picture_whose_address_cannot_be_parsed_is_missing_and_one_that_is_said_is_not(tag, missing, tmp_path):
    with served({"/robots.txt": b"", **TRUTH, "/1/": VIEWER.format(tag).encode()}) as (base, _):
        source = RecipeSource(load_recipe(RECIPE, "odd"), Visit(fetcher_for(base)), base)
        ((record, _),) = crawl(source, tmp_path, plan(source, tmp_path))
    assert [url for url, _ in record.missing] == missing
    assert record.status == ("partial" if missing else "ok")
    assert {image.url.rpartition("/")[2] for image in record.images} >= {"1.png", "3.png"}


@pytest.mark.parametrize("strip", ['["x"]', "[]"])
def test_parameters_are_taken_off_what_is_an_address(strip):
    how = load_recipe(f"{RECIPE}strip_query = {strip}\n", "odd").images
    page = VIEWER.format('<img src="http://[?x=1"><img src="/2.png?x=1&y=2">')
    assert [one.url for one in recipes.parse_images(page, "http://a.example/", how)][1:3] == [
        "http://[?x=1", "http://a.example/2.png?" + ("y=2" if "x" in strip else "x=1&y=2")
    ]  # fmt: skip


def test_an_address_of_webtoons_that_cannot_be_parsed_is_for_the_fetcher_to_refuse():
    good = "https://webtoon-phinf.pstatic.net/a.jpg"
    tags = "".join(
        f'<img class=_images data-url="{link}">' for link in (good, "https://[", "https://ads.example/b.jpg")
    )
    assert parse_viewer(f"<div id=_imageList>{tags}</div>")[1] == [good, "https://["]


@pytest.mark.parametrize("address", ["http://[", "http://", "http:///x", "ftp://x.example", "https://a b/"])
def test_a_recipe_with_such_an_address_is_refused(address):
    with pytest.raises(ComicDataError):
        source = RecipeSource(load_recipe(RECIPE.replace("http://127.0.0.1:1", address), "odd"), Visit())
        source.pages(source.episodes()[0])


@pytest.mark.parametrize("css", ["a[", ":nope", "a >", "::", "a:has(", "]" * 1000, ":not(" * 2000])
def test_selectors_that_do_not_parse_are_one_line(css):
    for field, text in (
        ("images.css", RECIPE.replace('css = "#viewer img"', f'css = "{css}"')),
        *(
            (f"episodes.{one}", RECIPE.replace("[images]", f'{one} = "{css}"\n[images]'))
            for one in ("item_css", "next_css")
        ),
    ):
        with pytest.raises(UsageError, match=f"odd: {field}: .* is not a CSS selector"):
            load_recipe(text, "odd")


@pytest.mark.parametrize("css", ["img", "#a > .b:not(.c) img[src]", "a:has(img), b", "img:nth-child(2n+1)"])
def test_selectors_that_do_are_kept_as_they_stand(css):
    assert load_recipe(RECIPE.replace("#viewer img", css), "fine").images.css == css


@pytest.mark.parametrize("line", ["last = true", 'last = "3"', "last = 1.5", "first = false"])
def test_numbers_of_a_recipe_are_whole_numbers(line):
    with pytest.raises(UsageError, match=r"odd: episodes\.(first|last): "):
        load_recipe(re.sub("last = .*", line, RECIPE), "odd")


def test_a_delay_may_be_whole_or_not():
    for text, seconds in (("2", 2), ("1.5", 1.5)):
        assert load_recipe(RECIPE.replace("title =", f"delay = {text}\ntitle ="), "fine").site.delay == seconds


@contextmanager
def raw(answer):
    """A server that answers every request with these bytes, but robots.txt and tdmrep.json with 404."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            while True:
                try:
                    line, _ = server.accept()
                except OSError:
                    return
                with line:
                    asked = line.recv(65536)
                    none = b"HTTP/1.1 404 N\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                    line.sendall(none if asked.startswith((b"GET /robots", b"GET /.well")) else answer)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"


@pytest.mark.parametrize(
    ("head", "right"),
    [
        (HEAD + b"no colon here\r\nContent-Length: 2\r\n\r\n", None),
        (HEAD + b": empty name\r\nContent-Length: 2\r\n\r\n", None),
        (HEAD + b"X-Robots-Tag\r\nX-Robots-Tag: noai\r\nContent-Length: 2\r\n\r\n", False),
        (HEAD + b"\xff\xfe: \xff\r\nContent-Length: 2\r\n\r\n", None),
        (HEAD + b"X: " + b"a" * 70_000 + b"\r\n\r\n", False),
        (HEAD + b"X: a\r\n" * 300 + b"\r\n", False),
        (HEAD + b"no colon\r\nContent-Length: 20\r\n\r\n", False),  # cut short
        (HEAD + b"no colon\r\nContent-Usage: train-ai=n\r\nContent-Length: 2\r\n\r\n", False),
        (HEAD + b"no colon\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n", False),
        (HEAD + b"no colon\r\nX-Robots-Tag: otherbot: noai\r\nContent-Length: 2\r\n\r\n", True),
        (HEAD + b"Content-Length: 2\r\n\r\n", True),
    ],
)
def test_odd_headers_are_an_answer_or_one_line_and_hide_no_opt_out(head, right):
    with raw(head + b"ok") as base:
        web = Web.of(Visit(fetcher_for(base, tries=1, timeout_s=2)), [base.removeprefix("http://")])
        try:
            body = web.page(f"{base}/x").body
        except ComicDataError as error:
            assert right is not True and "\n" not in str(error)
        else:
            assert right is not False and body == b"ok"


def test_pictures_are_still_larger_than_pages_may_be():
    import numpy as np

    noise = np.random.default_rng(3).integers(0, 256, (2000, 2000, 3), dtype=np.uint8)
    data = encode_png(noise)
    assert len(data) > 10_000_000
    with served({"/x.png": data}) as (base, _):
        from comicdata.records import Page

        web = Web.of(Visit(fetcher_for(base)), [base.removeprefix("http://")])
        assert web.picture(Page(f"{base}/x.png", "")).body == data
