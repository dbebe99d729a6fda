"""Every adapter end to end through the real command, against its hand-drawn twin; one test per break of the past."""

import json

import pytest
from loopback import served
from sites import (
    CANVAS,
    NAVER,
    ORIGINS,
    PEPPERCARROT,
    PICTURES,
    WEBTOONS,
    XKCD,
    answer,
    naver_info,
    naver_page,
    naver_picture,
    naver_site,
    naver_viewer,
    peppercarrot_site,
    webtoons_list,
    webtoons_site,
    webtoons_viewer,
    xkcd_site,
)

from comicdata.cli.main import run


@pytest.fixture
def crawl(tmp_path, capsys):
    """crawl(url, site, *options, status=0) -> ({episode id: status}, seen requests); the crawl lies in crawl.out."""

    def call(url, site, *options, status=0):
        name = next((name for name, origins in ORIGINS.items() if url.startswith(origins)), "") or options[-1]
        with served(site) as (base, seen):
            mirrors = [f"--mirror={origin}={base}" for origin in ORIGINS[name]]
            flags = [one for one in options if one not in ORIGINS]
            arguments = ["crawl", url, *mirrors, "--out", str(tmp_path / "out"), "--json", *flags]
            found = run(arguments)
        captured = capsys.readouterr()
        call.error = captured.err
        assert found == status, captured.err
        (series,) = json.loads(captured.out)["series"]
        call.report = series
        return {one["episode_id"]: one["status"] for one in series["episodes"]}, seen

    call.out = tmp_path / "out"
    return call


def record(out, name, episode):
    (path,) = out.glob(f"{name}/*/{episode}/episode.json")
    return json.loads(path.read_text())


def series_of(out, name):
    (path,) = out.glob(f"{name}/*/series.json")
    return json.loads(path.read_text())


def test_naver(crawl):
    statuses, seen = crawl(NAVER, naver_site(), "--contact", "me@example.org")
    assert statuses == {"e0001": "ok", "e0002": "ok", "e0004": "ok", "e0005": "skipped_charged"}
    series = series_of(crawl.out, "naver")
    assert series["title"] == "\ubb34\uc9c0\uac1c" and series["authors"] == ["A. Writer", "B. Painter"]
    assert series["series_id"] == "t77" and series["language"] == "ko" and series["licence"]["id"] == "unknown"
    episode = record(crawl.out, "naver", "e0004")
    assert [one["url"] for one in episode["images"]] == [naver_picture(4, 0), naver_picture(4, 1)]
    assert (crawl.out / "naver" / "t77" / "e0004" / "0001.png").read_bytes() == PICTURES[4 % 3]
    assert episode["published"] == "24.01.05" and episode["title"] == "4\ud654"
    headers = next(headers for path, headers in seen if path.startswith("/webtoon/77/"))
    assert headers["Referer"] == "https://comic.naver.com/webtoon/detail?titleId=77&no=1"
    assert "me@example.org" in headers["User-Agent"] and "html" not in headers["Accept"]
    assert not any("no=5" in path for path, _ in seen)
    assert crawl(NAVER, {})[1] == []  # all there: the site is not asked


def test_naver_one_episode_by_its_address(crawl):
    assert crawl("https://m.comic.naver.com/webtoon/detail.nhn?titleId=77&no=2", naver_site(), "naver")[0] == {
        "e0002": "ok"
    }


def test_naver_the_level_decides_the_section_whatever_the_address_says(crawl):
    site = naver_site()
    site["/api/article/list/info?titleId=77"] = naver_info("BEST_CHALLENGE")
    for no in (1, 2, 4):
        del site[f"/webtoon/detail?titleId=77&no={no}"]
        link = f"https://image-comic.pstatic.net/user_contents_data/challenge_comic/2024/01/05/{no}/upload_1.jpeg"
        page = f'<div id="comic_view_area"><div><img src="{link}"></div></div>'
        site[f"/bestChallenge/detail?titleId=77&no={no}"] = page.encode()
        site[link.partition(".net")[2]] = PICTURES[0]
    assert set(crawl(NAVER, site)[0].values()) == {"ok", "skipped_charged"}


def test_naver_a_list_that_repeats_its_last_page_ends(crawl):
    site = naver_site()
    listing = "/api/article/list?titleId=77&page={}&sort=ASC"
    for page in range(2, 9):
        site[listing.format(page)] = naver_page([4], page, page + 1, 99)
    statuses, seen = crawl(NAVER, site)
    assert list(statuses) == ["e0001", "e0002", "e0004"]
    assert sum("page=" in path for path, _ in seen) == 3


@pytest.mark.parametrize("place", ["webtoon", "folder"])
def test_naver_paid_previews_are_not_asked_for_wherever_the_site_lists_them(crawl, place):
    site = naver_site()
    if place == "folder":
        value = json.loads(naver_page([4], 2, 0, 2)[2])
        value["chargeFolderArticleList"] = [{"no": 9, "subtitle": "9", "charge": True}]
        site["/api/article/list?titleId=77&page=2&sort=ASC"] = answer(value)
    statuses, seen = crawl(NAVER, site)
    paid = "e0009" if place == "folder" else "e0005"
    assert statuses[paid] == "skipped_charged" and not any(f"no={int(paid[1:])}" in path for path, _ in seen)


def test_naver_a_redirect_is_a_locked_episode_and_not_another_page(crawl):
    moved = (302, {"Location": "https://comic.naver.com/webtoon/list?titleId=77"}, b"")
    site = naver_site(**{"/webtoon/detail?titleId=77&no=2": moved, "/webtoon/list?titleId=77": naver_viewer(2)})
    assert crawl(NAVER, site)[0]["e0002"] == "skipped_locked"
    assert record(crawl.out, "naver", "e0002")["images"] == []


def test_naver_locked_thumbnails_are_not_asked_for(crawl):
    site = naver_site(**{"/api/article/list?titleId=77&page=1&sort=ASC": naver_page([1, 2], 1, 2, 2, locked=[2])})
    statuses, seen = crawl(NAVER, site)
    assert statuses["e0002"] == "skipped_locked" and not any("no=2" in path for path, _ in seen)


def test_naver_adult_titles_are_skipped(crawl):
    site = naver_site(**{"/api/article/list/info?titleId=77": naver_info(age="RATE_18")})
    statuses, seen = crawl(NAVER, site)
    assert set(statuses.values()) == {"skipped_adult", "skipped_charged"}
    assert not any("detail" in path for path, _ in seen)
    for page in (1, 2):
        site[f"/api/article/list?titleId=77&page={page}&sort=ASC"] = (401, {}, b"")
    crawl(NAVER, site, "--update", status=5)
    assert "needs an account (an adult title)" in crawl.error


def test_naver_a_removed_title_and_a_removed_episode(crawl):
    assert crawl(NAVER, naver_site(**{"/webtoon/detail?titleId=77&no=2": (404, {}, b"")}))[0]["e0002"] == "removed"
    crawl(NAVER, {}, "--update", status=4)
    assert "was removed" in crawl.error
    assert record(crawl.out, "naver", "e0001")["status"] == "ok"


def test_naver_the_age_banner_inside_the_viewer_is_no_picture(crawl):
    banner = '<img id="content_image_x" data-src=""><img src="https://ssl.pstatic.net/static/agerate_12.png">'
    page = naver_viewer(1).replace(b'id="sectionContWide">', f'id="sectionContWide">{banner}'.encode())
    assert crawl(NAVER, naver_site(**{"/webtoon/detail?titleId=77&no=1": page}))[0]["e0001"] == "ok"
    assert len(record(crawl.out, "naver", "e0001")["images"]) == 2


@pytest.mark.parametrize(
    "viewer",
    [
        '<div id="sectionContWide">{}</div>',
        '<div id="comic_view_area"><div class="wt_viewer"><p>{}</p></div></div>',
        '<div class="viewer cuttoon"><div class="swiper-wrapper"><div class="swiper-slide">{}</div>'
        '<div class="swiper-slide cut_viewer_last"><img data-src="' + naver_picture(1, 9) + '"></div></div></div>',
    ],
)
def test_naver_redesigns_that_have_been(crawl, viewer):
    kind = "data-src" if "swiper" in viewer else "src"
    page = viewer.format("".join(f'<img {kind}="{naver_picture(1, k)}">' for k in range(2)))
    assert crawl(NAVER, naver_site(**{"/webtoon/detail?titleId=77&no=1": page.encode()}))[0]["e0001"] == "ok"
    assert len(record(crawl.out, "naver", "e0001")["images"]) == 2


@pytest.mark.parametrize(
    ("page", "reason"),
    [(b"<html>all new</html>", "no picture found"), (b"<script>webtoonType: 'EFFECTTOON'</script>", "an effect toon")],
)
def test_naver_a_page_without_pictures_is_said_to_be_so(crawl, page, reason):
    statuses, _ = crawl(NAVER, naver_site(**{"/webtoon/detail?titleId=77&no=1": page}), status=3)
    assert statuses["e0001"] == "layout_changed"
    assert reason in record(crawl.out, "naver", "e0001")["reason"]


def test_naver_bodies_of_zeros_are_asked_for_again(crawl, monkeypatch):
    monkeypatch.setattr("comicdata.crawl.fetch._backoff", lambda attempt: 0.0)
    path = naver_picture(1, 0).partition(".net")[2]
    statuses, seen = crawl(NAVER, naver_site(**{path: [bytes(900), bytes(900), PICTURES[1]]}))
    assert statuses["e0001"] == "ok" and sum(one == path for one, _ in seen) == 3


def test_naver_html_in_place_of_json_is_a_changed_site(crawl):
    crawl(NAVER, {"/api/article/list/info?titleId=77": b"<html>the old list</html>"}, status=4)
    assert "has the site changed?" in crawl.error


def test_webtoons(crawl):
    statuses, seen = crawl(WEBTOONS, webtoons_site())
    assert statuses == {"e0001": "ok", "e0002": "ok", "e0003": "ok"}
    series = series_of(crawl.out, "webtoons")
    assert (series["title"], series["authors"], series["language"]) == ("Rainbow", ["C. Author"], "en")
    assert record(crawl.out, "webtoons", "e0001")["images"][0]["url"].endswith("/95/1/0.jpg")  # the original
    assert record(crawl.out, "webtoons", "e0001")["published"] == "2023-11-14"
    headers = dict(seen)
    assert headers["/95/1/0.jpg"]["Referer"] == "https://www.webtoons.com/" and "Cookie" not in headers["/95/1/0.jpg"]
    assert next(one for path, one in seen if "/api/" in path)["Referer"] == "https://m.webtoons.com/"
    assert crawl(WEBTOONS, {})[1] == []


def test_webtoons_canvas_asks_in_its_language(crawl):
    statuses, seen = crawl(CANVAS, webtoons_site("fr", "canvas", "canvas"))
    assert set(statuses.values()) == {"ok"} and any("readingLanguageCode=fr" in path for path, _ in seen)
    assert (crawl.out / "webtoons" / "c95").is_dir()


@pytest.mark.parametrize("value", [{"result": None, "message": None, "success": False}, {"result": {}}])
def test_webtoons_a_failure_with_status_200_is_one(crawl, value):
    crawl(WEBTOONS, webtoons_site(**{"/api/v1/webtoon/95/episodes?pageSize=99999": answer(value)}), status=4)
    assert "is it canvas" in crawl.error


def test_webtoons_what_is_not_out_yet_is_left_out(crawl):
    listing = webtoons_list([1, 2, 3], row3={"exposureDateMillis": 0}, row2={"viewerLink": ""})
    assert list(crawl(WEBTOONS, webtoons_site(**{"/api/v1/webtoon/95/episodes?pageSize=99999": listing}))[0]) == [
        "e0001"
    ]


@pytest.mark.parametrize(
    ("date", "published"),
    [
        (1700000000000, "2023-11-14"),
        (1700000000000.5, "2023-11-14"),
        (10**30, ""),
        (1e300, ""),
        (True, ""),
        ("1700000000000", ""),
        (None, ""),
        ([], ""),
        ({"ms": 1}, ""),
    ],
)
def test_webtoons_an_odd_date_is_no_date(crawl, date, published):
    listing = webtoons_list([1, 2, 3], row2={"exposureDateMillis": date})
    site = webtoons_site(**{"/api/v1/webtoon/95/episodes?pageSize=99999": listing})
    assert crawl(WEBTOONS, site, "--episodes", "2")[0] == {"e0002": "ok"}
    assert record(crawl.out, "webtoons", "e0002")["published"] == published


@pytest.mark.parametrize("date", [float("nan"), float("inf"), float("-inf")])
def test_webtoons_a_number_that_json_does_not_have_is_no_list(crawl, date):
    listing = webtoons_list([1, 2, 3], row2={"exposureDateMillis": date})
    crawl(WEBTOONS, webtoons_site(**{"/api/v1/webtoon/95/episodes?pageSize=99999": listing}), status=4)
    assert "webtoons list: not the JSON object" in crawl.error


@pytest.mark.parametrize("date", [0, -1, -(10**30), -1e300, -0.0])
def test_webtoons_a_date_of_nought_is_not_out_yet(crawl, date):
    listing = webtoons_list([1, 2], row2={"exposureDateMillis": date})
    site = webtoons_site(**{"/api/v1/webtoon/95/episodes?pageSize=99999": listing})
    assert list(crawl(WEBTOONS, site)[0]) == ["e0001"]


@pytest.mark.parametrize("no", ["\u00b2", "9" * 5000, -3, 2.5, None, True, "x", [2]])
def test_webtoons_an_odd_number_is_no_episode(crawl, no):
    listing = webtoons_list([1, 2], row2={"episodeNo": no})
    site = webtoons_site(**{"/api/v1/webtoon/95/episodes?pageSize=99999": listing})
    assert list(crawl(WEBTOONS, site)[0]) == ["e0001"]


def test_webtoons_the_title_says_the_number_and_the_site_where_no_title_does(crawl):
    titles = {
        f"row{n}": {"episodeTitle": text} for n, text in ((1, "Ep. 1"), (2, "Catch 22"), (3, "(S2) Ep. 1 - Home"))
    }
    path = "/api/v1/webtoon/95/episodes?pageSize=99999"
    statuses, _ = crawl(WEBTOONS, webtoons_site(**{path: webtoons_list([1, 2, 3], **titles)}), "--episodes", "1")
    assert list(statuses) == ["e0001", "e0003"] and record(crawl.out, "webtoons", "e0003")["season"] == "2"
    bare = {f"row{n}": {"episodeTitle": text} for n, text in ((1, "The rain"), (2, "Catch 22"), (3, "Home"))}
    listing = webtoons_list([1, 2, 3], **bare)
    statuses, _ = crawl(WEBTOONS, webtoons_site(**{path: listing}), "--update", "--episodes", "2")
    assert list(statuses) == ["e0002"] and record(crawl.out, "webtoons", "e0002")["number"] == "2"


def test_webtoons_a_long_list_in_parts(crawl):
    first = json.loads(webtoons_list([1, 2])[2])
    first["result"]["nextCursor"] = 2
    path = "/api/v1/webtoon/95/episodes?pageSize=99999"
    site = webtoons_site(**{path: answer(first), f"{path}&cursor=2": webtoons_list([3])})
    assert list(crawl(WEBTOONS, site)[0]) == ["e0001", "e0002", "e0003"]


VIEWER = "/en/fantasy/rainbow/ep-2/viewer?title_no=95&episode_no=2"


@pytest.mark.parametrize("gate", ["redirect", "overlay"])
def test_webtoons_the_age_gate_is_passed_on_the_users_word_only(crawl, gate):
    def guarded(handler):
        passed = "ageGatePass=true" in (handler.headers.get("Cookie") or "")
        page = webtoons_viewer(2, "" if passed or gate == "redirect" else "<div class=ly_adult>18?</div>")
        head = b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n"
        if gate == "redirect" and not passed:
            head, page = b"HTTP/1.0 302 Found\r\nLocation: https://www.webtoons.com/en/ageGate\r\n\r\n", b""
        handler.wfile.write(head + page)

    site = webtoons_site(**{VIEWER: guarded})
    assert crawl(WEBTOONS, site)[0]["e0002"] == "skipped_adult" and "--i-am-adult" in crawl.error
    statuses, seen = crawl(WEBTOONS, site, "--i-am-adult", "--retry-failed")
    assert statuses == {"e0002": "ok"}
    assert not any("Cookie" in headers for path, headers in seen if path.startswith("/95/"))
    assert series_of(crawl.out, "webtoons")["overrides"] == ["adult"]


def test_webtoons_hidden_and_motion_episodes(crawl):
    motion = b"<div id=ozViewer></div><script>documentURL: 'x.json'</script>"
    third = VIEWER.replace("ep-2", "ep-3").replace("no=2", "no=3")
    statuses, _ = crawl(WEBTOONS, webtoons_site(**{VIEWER: (404, {}, b""), third: motion}), status=3)
    assert statuses == {"e0001": "ok", "e0002": "skipped_locked", "e0003": "layout_changed"}
    assert "motion toon" in record(crawl.out, "webtoons", "e0003")["reason"]


def test_webtoons_a_reset_on_the_list_host_is_tried_again(crawl, monkeypatch):
    monkeypatch.setattr("comicdata.crawl.fetch._backoff", lambda attempt: 0.0)
    path = "/api/v1/webtoon/95/episodes?pageSize=99999"
    site = webtoons_site()
    site[path] = [lambda handler: handler.connection.close(), site[path]]
    assert len(crawl(WEBTOONS, site)[0]) == 3


def test_peppercarrot_without_lettering(crawl):
    statuses, seen = crawl(PEPPERCARROT, peppercarrot_site())
    assert statuses == {"e01": "ok", "e02": "ok"}
    asked = [path for path, _ in seen if path.endswith(".jpg")]
    assert len(asked) == 6 and all("/gfx-only/gfx_" in path for path in asked)
    assert [one["url"][-7:-4] for one in record(crawl.out, "peppercarrot", "e01")["images"]] == ["P01", "P02", "P10"]
    licence = series_of(crawl.out, "peppercarrot")["licence"]
    assert licence["id"] == "CC-BY-4.0" and "David Revoy" in licence["attribution"]


def test_peppercarrot_by_name_and_in_a_language(crawl):
    assert len(crawl("peppercarrot", peppercarrot_site(), "peppercarrot")[0]) == 2
    assert list(crawl(f"{PEPPERCARROT}fr/", peppercarrot_site())[0]) == ["e01"]
    assert crawl.report["series_id"] == "pepper-and-carrot-fr"
    crawl(f"{PEPPERCARROT}xx/", peppercarrot_site(), status=4)


def test_xkcd(crawl):
    site = xkcd_site(**{"/403/info.0.json": answer({"num": 403, "img": "https://imgs.xkcd.com/comics/"})})
    statuses, _ = crawl(XKCD, site, "--episodes", "403-406", status=3)
    assert statuses == {"e0403": "layout_changed", "e0405": "ok", "e0406": "ok"}  # there is no 404
    assert "interactive" in record(crawl.out, "xkcd", "e0403")["reason"]
    assert series_of(crawl.out, "xkcd")["licence"]["id"] == "CC-BY-NC-2.5"
    assert crawl(f"{XKCD}405/", site)[0] == {"e0405": "ok"}


def test_the_reference_data_set_is_a_recipe(crawl):
    site = naver_site()
    site = {path.replace("77", "651673"): value for path, value in site.items()}
    listing = "/api/article/list?titleId=651673&page=2&sort=ASC"
    site[listing] = naver_page([4, 239], 2, 0, 2)
    site["/webtoon/detail?titleId=651673&no=4"] = naver_viewer(4).replace(b"/77/", b"/651673/")
    statuses, _ = crawl("reference", site, "--dry-run", "naver")
    assert list(statuses) == ["e0001", "e0002", "e0004"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[source]\nurl = "https://xkcd.com/"\nepisode = "1"', "unknown key source.episode; did you mean 'episodes'?"),
        ('[source]\nurl = "https://elsewhere.example/"', "no adapter for this site"),
        ("[source]\n", "source.url: Field required"),
    ],
)
def test_mistakes_in_pointers(tmp_path, text, words, capsys):
    path = tmp_path / "p.toml"
    path.write_text(text)
    assert run(["crawl", str(path), "--out", str(tmp_path / "out")]) == 2
    assert words in capsys.readouterr().err


def test_a_probe_of_a_site_shows_its_selectors(crawl, tmp_path, capsys):
    with served(naver_site()) as (base, _):
        mirrors = [f"--mirror={origin}={base}" for origin in ORIGINS["naver"]]
        assert run(["crawl", NAVER, "--probe", "--json", *mirrors]) == 0
    (found,) = json.loads(capsys.readouterr().out)["series"]
    assert [(one["what"], one["count"]) for one in found["finds"]] == [("episodes", 4), ("pictures", 2)]
    assert found["finds"][1]["selector"].startswith("#comic_view_area")
