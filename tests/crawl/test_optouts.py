"""What counts as a no: headers, meta elements, tdmrep.json, Content-Usage."""

import pytest

from comicdata.crawl.optouts import (
    header_signals,
    page_signals,
    policy_text,
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
        ('"noai"', True),
        ("'noai, noimageai'", True),
        ("No-AI", True),
        ("no-index", True),
        ("otherbot: 'noai'", False),
        ("no-archive, ai", False),
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


@pytest.mark.parametrize(
    ("value", "reserves"),
    [
        *((text, True) for text in ("1", " 1 ", "01", '"1"', "?1", "True", "0, 1")),
        *((text, False) for text in ("0", "?0", "10", "11", "", "false", "0.1")),
    ],
)
def test_tdm_reservation(value, reserves):
    assert bool(header_signals({"tdm-reservation": value})) is reserves
    assert bool(page_signals(f"<meta name=tdm-reservation content='{value}'>")) is (reserves and "'" not in value)


def test_meta_elements_in_odd_spellings():
    assert page_signals("<meta name=robots value=x content=noai/>") == ["meta robots: noai"]
    assert page_signals("<meta property='robots' content='noai'>") == ["meta robots: noai"]
    assert page_signals("<meta property=og:title content=noai><meta property=description content=robots>") == []


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


@pytest.mark.parametrize("form", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize(("value", "reserves"), [("1", True), ('"1"', True), ("1.0", True), ("true", True)])
def test_tdmrep_in_any_unicode_form_and_spelling(form, value, reserves):
    text = f'[{{"location": "/*", "tdm-reservation": {value}}}]'
    assert read_tdmrep(text.encode(form)) == [("/*", reserves)]
    assert read_tdmrep(text.replace(value, "null").encode(form)) == [("/*", False)]
    assert read_tdmrep(text.replace(value, "false").encode(form)) == [("/*", False)]


def test_what_is_no_text_does_not_hide_the_rest():
    assert policy_text(b"User-agent: *\nDisallow: /\xff\nDisallow: /b").endswith("Disallow: /b")
    assert policy_text(b"") == "" and policy_text("\ufeffa: \u00e9".encode()) == "a: \u00e9"


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
