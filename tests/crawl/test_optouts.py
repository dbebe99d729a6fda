"""What counts as a no: headers, meta elements, tdmrep.json, Content-Usage."""

import pytest

from comicdata.crawl.optouts import (
    header_signals,
    page_signals,
    read_tdmrep,
    robots_usage,
    robots_usage_signals,
    tdmrep_signals,
    usage_refusals,
)


@pytest.mark.parametrize(
    ("value", "refuses"),
    [
        ("noai", True),
        ("noimageai", True),
        ("NOAI, noarchive", True),
        ("noindex", True),
        ("noarchive, nofollow", False),
        ("otherbot: noai", False),
        ("otherbot: nofollow, noai", False),
        ("otherbot: nofollow, comicdata: noai", True),
        ("unavailable_after: 25 Jun 2030 15:00:00 PST, noai", True),
        ("max-snippet:10", False),
        ("", False),
    ],
)
def test_x_robots_tag(value, refuses):
    assert bool(header_signals({"x-robots-tag": value})) is refuses


@pytest.mark.parametrize(
    ("value", "refused"),
    [
        ("train-ai=n", ["train-ai=n"]),
        ("train-ai=n, search=y", ["train-ai=n"]),
        ("TRAIN-AI = N", ["train-ai=n"]),
        ("train-ai=?0", ["train-ai=?0"]),
        ("train-ai=y", []),
        ("search=n", []),
        ("nonsense", []),
    ],
)
def test_content_usage(value, refused):
    assert usage_refusals(value) == refused


def test_meta_elements():
    page = "<meta name='Robots' content='NoAI'><meta name=tdm-reservation content=' 1 '><meta name=robots content=none>"
    assert page_signals(page) == ["meta robots: noai", "meta tdm-reservation: 1"]
    assert page_signals("<meta name=googlebot content=noai><meta charset=utf-8><p>noai</p>") == []


def test_the_first_rule_of_tdmrep_that_fits_decides():
    rules = read_tdmrep(
        b'[{"location": "/open/*", "tdm-reservation": 0}, {"location": "/*.png$", "tdm-reservation": 1},'
        b' {"nothing": 1}, "text", {"location": "/closed", "tdm-reservation": "1"}]'
    )
    assert rules == [("/open/*", False), ("/*.png$", True), ("/closed", True)]
    assert [bool(tdmrep_signals(rules, f"https://a.example{path}")) for path in PATHS] == [False, True, False, True]
    assert read_tdmrep(b"\xff not json") == [] and read_tdmrep(b"3") == []


PATHS = ("/open/1.png", "/x/1.png", "/x/1.png.html", "/closed/deep/page")


def test_content_usage_in_robots_speaks_to_its_group():
    text = """
    User-agent: other
    Content-Usage: train-ai=n
    User-agent: *
    User-agent: another
    Allow: /
    Content-Usage: train-ai=y
    Content-Usage: /art train-ai=n  # the pictures
    """
    rules = robots_usage(text)
    assert rules == [("/", []), ("/art", ["train-ai=n"])]
    assert robots_usage_signals(rules, "https://a.example/art/1.png") == ["robots.txt Content-Usage: train-ai=n"]
    assert robots_usage_signals(rules, "https://a.example/") == []
    own = robots_usage("User-agent: *\nContent-Usage: train-ai=n\n\nUser-agent: ComicData\nContent-Usage: train-ai=y")
    assert robots_usage_signals(own, "https://a.example/") == []
