"""Hand-drawn twins of the sites that have an adapter, in the shape that their clients document: no page of theirs."""

import json
from urllib.parse import urlencode

from faults import TRUTH

PICTURES = list(TRUTH.values())
ORIGINS = {
    "naver": ("https://comic.naver.com", "https://image-comic.pstatic.net"),
    "webtoons": ("https://www.webtoons.com", "https://m.webtoons.com", "https://webtoon-phinf.pstatic.net"),
    "peppercarrot": ("https://www.peppercarrot.com",),
    "xkcd": ("https://xkcd.com", "https://imgs.xkcd.com"),
}


def answer(value):
    return 200, {"Content-Type": "application/json"}, json.dumps(value).encode()


# ---------------------------------------------------------------------------------------------------- naver

NAVER = "https://comic.naver.com/webtoon/list?titleId=77"


def naver_info(level="WEBTOON", age="RATE_12"):
    return answer(
        {
            "titleId": 77,
            "titleName": "\ubb34\uc9c0\uac1c",
            "webtoonLevelCode": level,
            "author": {"writers": [{"name": "A. Writer"}], "painters": [{"name": "B. Painter"}]},
            "communityArtists": [{"name": "A. Writer"}],
            "age": {"type": age},
            "gfpAdCustomParam": {"tags": []},
        }
    )


def naver_page(numbers, page, following, last, *, charged=(), locked=()):
    rows = [
        {
            "no": no,
            "subtitle": f"{no}\ud654",
            "charge": no in charged,
            "thumbnailLock": no in locked,
            "serviceDateDescription": "24.01.05",
        }
        for no in numbers
    ]
    return answer(
        {
            "titleId": 77,
            "totalCount": 99,
            "articleList": rows,
            "chargeFolderArticleList": [],
            "pageInfo": {"page": page, "nextPage": following, "totalPages": last},
        }
    )


def naver_picture(no, k):
    return f"https://image-comic.pstatic.net/webtoon/77/{no}/2024_ab_IMAG01_{k}.jpg"


def naver_viewer(no, count=2):
    images = "".join(f'<img src="{naver_picture(no, k)}" id="content_image_{k}">' for k in range(count))
    return f'<div id="comic_view_area"><div class="wt_viewer" id="sectionContWide">{images}</div></div>'.encode()


def naver_site(**changes):
    """Episodes 1, 2, 4 (3 was deleted) and a paid preview 5, on two pages; the page after the last repeats it."""
    listing = "/api/article/list?titleId=77&page={}&sort=ASC"
    site = {
        "/api/article/list/info?titleId=77": naver_info(),
        listing.format(1): naver_page([1, 2], 1, 2, 2),
        listing.format(2): naver_page([4, 5], 2, 0, 2, charged=[5]),
    }
    for no in (1, 2, 4):
        site[f"/webtoon/detail?titleId=77&no={no}"] = naver_viewer(no)
        site |= {naver_picture(no, k).partition(".net")[2]: PICTURES[(no + k) % 3] for k in range(2)}
    return {**site, **changes}


# ------------------------------------------------------------------------------------------------- webtoons

WEBTOONS = "https://www.webtoons.com/en/fantasy/rainbow/list?title_no=95"
CANVAS = "https://www.webtoons.com/fr/canvas/arc-en-ciel/list?title_no=95"


def webtoons_list(numbers, language="en", genre="fantasy", **more):
    rows = [
        {
            "episodeNo": no,
            "episodeTitle": f"Ep. {no}",
            "viewerLink": f"/{language}/{genre}/rainbow/ep-{no}/viewer?title_no=95&episode_no={no}",
            "exposureDateMillis": 1700000000000,
            **more.get(f"row{no}", {}),
        }
        for no in numbers
    ]
    return answer({"result": {"episodeList": rows, "nextCursor": None}, "success": True})


def webtoons_viewer(no, before="", count=2):
    images = "".join(
        f'<img class="_images" src="blank.png" data-url="https://webtoon-phinf.pstatic.net/95/{no}/{k}.jpg?type=q90">'
        for k in range(count)
    )
    return f'{before}<div id="_imageList">{images}</div>'.encode()


def webtoons_site(language="en", genre="fantasy", kind="webtoon", **changes):
    query = {"pageSize": 99999, **({"readingLanguageCode": language} if kind == "canvas" else {})}
    slug = "arc-en-ciel" if kind == "canvas" else "rainbow"
    head = (
        '<meta property="og:title" content="Rainbow"><h1 class="subj">Rainbow</h1>'
        '<meta property="com-linewebtoon:webtoon:author" content="C. Author">'
    )
    site = {
        f"/{language}/{genre}/{slug}/list?title_no=95": head.encode(),
        f"/api/v1/{kind}/95/episodes?{urlencode(query)}": webtoons_list([1, 2, 3], language, genre),
    }
    for no in (1, 2, 3):
        site[f"/{language}/{genre}/rainbow/ep-{no}/viewer?title_no=95&episode_no={no}"] = webtoons_viewer(no)
        site |= {f"/95/{no}/{k}.jpg": PICTURES[(no + k) % 3] for k in range(2)}
    return {**site, **changes}


# --------------------------------------------------------------------------------------------- peppercarrot

PEPPERCARROT = "https://www.peppercarrot.com/"


def peppercarrot_site(**changes):
    index, site = [], {}
    for n in (1, 2):
        name = f"ep{n:02d}_Potion-{n}"
        files = {str(k): f"Pepper-and-Carrot_by-David-Revoy_E{n:02d}P{k:02d}.jpg" for k in (10, 2, 1)}
        extra = {"cover": "cover.jpg", "title": "P00.jpg", "credits": "P99.jpg", "3": "moving.gif"}
        index.append({"name": name, "pages": {**extra, **files}, "translated_languages": ["en", "fr"][: 3 - n]})
        for k, file in files.items():
            site[f"/0_sources/{name}/low-res/gfx-only/gfx_{file}"] = PICTURES[int(k) % 3]
            site[f"/0_sources/{name}/low-res/fr_{file}"] = PICTURES[(int(k) + 1) % 3]
    return {"/0_sources/episodes-v1.json": answer(index), **site, **changes}


# ----------------------------------------------------------------------------------------------------- xkcd

XKCD = "https://xkcd.com/"


def xkcd_site(last=406, **changes):
    site = {"/info.0.json": answer({"num": last, "img": "https://imgs.xkcd.com/comics/last.png"})}
    for n in (403, 405, 406):
        site[f"/{n}/info.0.json"] = answer({"num": n, "img": f"https://imgs.xkcd.com/comics/c{n}.png"})
        site[f"/comics/c{n}.png"] = PICTURES[n % 3]
    return {**site, **changes}
