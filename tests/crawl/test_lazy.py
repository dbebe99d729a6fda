"""Viewers that load their pictures late: a placeholder is never a page, and never silently instead of one."""

import numpy as np
import pytest
from loopback import fetcher_for, served

from comicdata.crawl import crawl, plan
from comicdata.crawl.sources.recipe import RecipeSource, load_recipe, parse_images
from comicdata.crawl.web import UnavailableError, Visit
from comicdata.episodes import read_crawl, verify_crawl
from comicdata.images import encode_png

RECIPE = """
[site]
name = "loop"
base = "http://127.0.0.1:1"
title = "Loop"
licence = { id = "CC0-1.0" }
[episodes]
mode = "list"
url = "list"
item_css = "a"
[images]
css = "#v img"
"""
DOT = encode_png(np.zeros((1, 1, 3), np.uint8))
DATA = "data:image/gif;base64,R0lGODlhAQABAAAAACw="


def links(body, more=""):
    pages = parse_images(f"<div id=v>{body}</div>", "https://a.example/1/", load_recipe(RECIPE + more, "r").images)
    return [page.url.removeprefix("https://a.example") for page in pages]


def each(form, count=3):
    return "".join(form.replace("N", str(n)) for n in range(1, count + 1))


PAGES = ["/1.jpg", "/2.jpg", "/3.jpg"]


@pytest.mark.parametrize(
    "form",
    [
        "<img src=/1x1.trans.gif data-lazy-src=/N.jpg>",
        "<img src=/1x1.trans.gif data-original=/N.jpg>",
        f"<img src='{DATA}' data-src=/N.jpg>",
        f"<img src='{DATA}' data-echo=/N.jpg>",
        "<img src=/s.gif data-cfg='{}' data-hires=/N.jpg data-thumbnail=/tN.jpg>",
        "<img src=/s.gif><noscript><img src=/N.jpg></noscript>",
        f"<img src='{DATA}' data-srcset='/sN.jpg 400w, /N.jpg 1200w'>",
        "<img src=/s.gif data-lazy-srcset='/N.jpg 2x, /sN.jpg 1x'>",
        "<img srcset='/sN.jpg 1x, /N.jpg 2x'>",
        "<picture><source data-srcset='/N.jpg 800w'><img src=/s.gif></picture>",
        "<img src=/s.gif data-src=/N.jpg><noscript><img src=/N.jpg></noscript>",
        "<img src=/N.jpg loading=lazy>",
        "<img src=/N.jpg data-thumb=/tN.jpg data-fallback-src=/no.jpg data-id=7>",
        "<img src=/N.jpg class=desktop><img src=/N.jpg class=mobile>",
        "<img src=/N.jpg srcset='/sN.jpg 400w'>",
    ],
)
def test_the_address_of_the_picture_is_found(form):
    assert links(each(form)) == PAGES


def test_attributes_that_a_recipe_names_are_the_only_ones():
    body = each("<img src=/N.jpg data-src=/other/N.jpg><noscript><img class=n src=/no.jpg></noscript>")
    assert links(body, 'attr = ["src"]\ndrop_match = ["no.jpg"]') == PAGES
    assert links(each("<img data-set='/sN.jpg 1x' data-x=/N.jpg>"), 'attr = ["data-x"]') == PAGES


def test_a_picture_that_comes_again_is_no_placeholder():
    assert links("<img src=/card.jpg><img src=/1.jpg><img src=/2.jpg><img src=/card.jpg>") == [
        *("/card.jpg", "/1.jpg", "/2.jpg")
    ]
    assert links("<img src=/blank-page.jpg><img src=/the-empty-chair.png>") == [
        "/blank-page.jpg",
        "/the-empty-chair.png",
    ]
    assert links("<img src=/1.jpg><img src='data:image/gif;base64,x'>") == ["/1.jpg"]


@pytest.mark.parametrize(
    "form", ["<img src=/spinner.gif>", f"<img src='{DATA}'>", "<img alt=N>", "<img src='http://['>"]
)
def test_pictures_that_are_not_there_are_said(form):
    with pytest.raises(UnavailableError, match="3 of 4 pictures have") as caught:
        links(f"<img src=/first.jpg>{each(form)}")
    assert caught.value.episode_status == "layout_changed"
    assert links(f"<img src=/first.jpg>{each(form)}", 'keep_match = ["first"]') == ["/first.jpg"]


def stored(tmp_path, pictures, body="<div id=v><img src=/a.png><img src=/b.png></div>"):
    site = {"/list": b"<a href=/1>Ep. 1</a>", "/1": body.encode(), **pictures}
    with served(site) as (base, _):
        source = RecipeSource(load_recipe(RECIPE, "r"), Visit(fetcher_for(base)), base)
        list(crawl(source, tmp_path, plan(source, tmp_path)))
    (record,) = read_crawl(tmp_path)
    assert not any(verify_crawl(tmp_path)[kind] for kind in ("missing", "changed", "orphans"))
    return record.status, [image.url.rpartition("/")[2] for image in record.images]


def a_picture(height, width):
    return encode_png(np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8))


def test_a_dot_is_no_page_and_nothing_but_dots_is_another_layout(tmp_path):
    page = a_picture(40, 30)
    assert stored(tmp_path / "1", {"/a.png": DOT, "/b.png": page}) == ("ok", ["b.png"])
    assert stored(tmp_path / "2", {"/a.png": DOT, "/b.png": DOT}) == ("layout_changed", [])
    assert stored(tmp_path / "3", {"/a.png": DOT}) == ("failed", [])
    assert stored(tmp_path / "4", {"/b.png": page, "/a.png": (500, {}, b"")}) == ("partial", ["b.png"])


@pytest.mark.parametrize("name", ["/loading.gif", "/img/lazy.png", "/spinner.gif"])
def test_two_icons_of_one_address_are_another_layout(tmp_path, name):
    body = f"<div id=v><img src={name}><img src={name}></div>"
    assert stored(tmp_path, {name: a_picture(32, 32)}, body) == ("layout_changed", [])


def test_one_icon_is_a_placeholder_where_its_name_says_so(tmp_path):
    pictures = {"/loading.gif": a_picture(32, 32), "/blank.png": a_picture(200, 90), "/star.png": a_picture(32, 32)}
    assert stored(tmp_path / "1", pictures, "<div id=v><img src=/loading.gif></div>") == ("layout_changed", [])
    assert stored(tmp_path / "2", pictures, "<div id=v><img src=/blank.png><img src=/star.png></div>") == (
        *("ok", ["blank.png", "star.png"]),
    )


@pytest.mark.parametrize("size", [(1, 690), (3, 3), (600, 2), (8, 8)])
def test_small_pictures_are_pages(tmp_path, size):
    assert stored(tmp_path, {"/a.png": a_picture(*size), "/b.png": a_picture(9, 9)}) == ("ok", ["a.png", "b.png"])
