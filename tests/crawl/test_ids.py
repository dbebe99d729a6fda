"""Which episode is which, when the list of a site, or a folder, is not what it was."""

import json
import shutil
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loopback import fetcher_for, served

from comicdata.crawl import crawl, open_sources, plan
from comicdata.crawl.ids import keep_ids
from comicdata.crawl.names import episode_name, slug, unique
from comicdata.crawl.sources.recipe import RecipeSource, load_recipe
from comicdata.crawl.web import Visit
from comicdata.episodes import read_crawl
from comicdata.images import encode_png
from comicdata.records import Episode

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
order = "ORDER"
[images]
css = "img"
"""
SEASONS = [(f"Ep. {n}", f"a{n}") for n in (1, 2, 3)] + [(f"(S2) Ep. {n}", f"b{n}") for n in (1, 2, 3)]
TWINS = [("Notice", "n1"), ("Ep. 1", "a"), ("Ep. 1", "b"), ("Notice", "n2")]


def picture(seed):
    return encode_png(np.random.default_rng(seed).integers(0, 256, (20, 20, 3), dtype=np.uint8))


def put(folder, *names):
    for seed, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(picture(seed))
    return folder


def a_site(rows):
    """A list of (title, name); each episode has one picture of its own."""
    pages = {f"/{name}": f"<img src=/{name}.png>".encode() for _, name in rows}
    pictures = {f"/{name}.png": picture(sum(name.encode())) for _, name in rows}
    links = "".join(f"<a href=/{name}>{title}</a>" for title, name in rows)
    return {"/list": links.encode(), **pages, **pictures}


def visit(base, out, recipe=RECIPE, order="asc", **options):
    """One run of the command; {name of the episode: (id, fetched now)}."""
    source = RecipeSource(load_recipe(recipe.replace("ORDER", order), "r"), Visit(fetcher_for(base)), base)
    results = list(crawl(source, out, plan(source, out, **options), update=bool(options.get("update"))))
    return {record.url.rpartition("/")[2]: (record.episode_id, new) for record, new in results}


def again(out, rows, changed, order="asc", before=lambda: None):
    """Crawl, change the list, look for new episodes: ((ids, fetched now) before, after), addresses on disk."""
    site = a_site(rows)
    with served(site) as (base, _):
        first = visit(base, out, order=order)
        before()
        site.clear()
        site.update(a_site(changed))
        second = visit(base, out, order=order, update=True)
        third = visit(base, out, order=order, update=True)
    stored = [record.url.rpartition("/")[2] for record in read_crawl(out)]
    assert len(stored) == len(set(stored)), "none is stored twice"
    assert {name for name, _ in [*rows, *changed] for name in [_]} == set(stored)
    assert {name: one for name, (one, _) in second.items()} == {name: one for name, (one, _) in third.items()}
    assert not any(new for _, new in third.values())
    kept = first.keys() & second.keys()
    assert {name: first[name][0] for name in kept} == {name: second[name][0] for name in kept}, "an id stays"
    assert {name for name, (_, new) in second.items() if new} == second.keys() - first.keys(), "exactly the new ones"
    return second


CHANGES = {
    "a bonus in between": [*SEASONS[:4], ("(S2) Bonus", "bonus"), *SEASONS[4:]],
    "a twin before all": [("Ep. 1", "twin"), *SEASONS],
    "one is gone": SEASONS[:1] + SEASONS[2:],
    "gone and come under the same title": [*SEASONS[:1], ("Ep. 2", "other"), *SEASONS[2:]],
    "renumbered": [("Prologue", "p"), *((f"Ep. {n + 1}", name) for n, (_, name) in enumerate(SEASONS, 1))],
    "the other way round": SEASONS[::-1],
    "new titles": [(f"The rain, {title}", name) for title, name in SEASONS],
}


@pytest.mark.parametrize("changed", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_a_list_that_changes_keeps_every_episode(tmp_path, changed, order):
    again(tmp_path, SEASONS, changed, order)


TWIN_CHANGES = [[TWINS[2], *TWINS[:2], TWINS[3]], TWINS[1:], TWINS[::-1], [("Ep. 1", "c"), *TWINS, ("Notice", "n3")]]


@pytest.mark.parametrize("changed", TWIN_CHANGES)
def test_episodes_that_share_number_and_title_are_told_apart(tmp_path, changed):
    again(tmp_path, TWINS, changed)


def test_ids_of_new_episodes_are_readable(tmp_path):
    more = [("Ep. 2.5", "half"), ("Ep. -1", "minus"), ("(S2) Bonus", "bonus"), ("Prologue", "start")]
    rows = [*SEASONS, *more, TWINS[1]]
    with served(a_site(rows)) as (base, _):
        found = {name: one for name, (one, _) in visit(base, tmp_path).items()}
    assert [found[name] for name in ("a1", "a3", "b1", "half", "minus", "bonus", "start", "a")] == [
        *("e001", "e003", "s2-e001", "e002-5", "e-minus-001", "s2-bonus", "prologue", "e001-2")
    ]
    assert slug(episode_name("19.HU", "", "x")) == "e19-hu" and slug(episode_name("1/2", "", "x")) == "e000-5"


def test_records_follow_the_list_in_title_and_number_without_a_fetch(tmp_path):
    again(tmp_path, SEASONS, CHANGES["renumbered"])
    stored = {record.url.rpartition("/")[2]: record for record in read_crawl(tmp_path)}
    assert (stored["a1"].episode_id, stored["a1"].title, stored["a1"].number) == ("e001", "Ep. 2", "2")
    assert (stored["b3"].episode_id, stored["b3"].season, stored["b3"].number) == ("s2-e003", "", "7")


def as_0_1_0(out, names):
    """Make of a crawl what 0.1.0 left: its ids, and nothing of numbers."""
    folder = out / "loop" / "loop"
    listing = json.loads((folder / "series.json").read_text())
    del listing["sha256"]
    rows = [{k: v for k, v in row.items() if k not in ("number", "season")} for row in listing["listing"]]
    for row, name in zip(rows, names, strict=True):
        place = folder / row["episode_id"]
        record = json.loads((place / "episode.json").read_text())
        for key in ("number", "season", "sha256"):
            record.pop(key)
        (place / "episode.json").write_text(json.dumps({**record, "episode_id": name}))
        shutil.move(place, folder / f"{name}.new")
        row["episode_id"] = name
    for name in names:
        shutil.move(folder / f"{name}.new", folder / name)
    (folder / "series.json").write_text(json.dumps({**listing, "listing": rows}))


OLD_IDS = ["e001", "e002", "e003", "e002-2", "e002-3", "e002-4"]


@pytest.mark.parametrize("changed", CHANGES.values(), ids=CHANGES)
def test_a_crawl_of_version_0_1_0_is_not_fetched_again(tmp_path, changed):
    again_ids = {}

    def age():
        as_0_1_0(tmp_path, OLD_IDS)

    site = a_site(SEASONS)
    with served(site) as (base, _):
        visit(base, tmp_path)
        age()
        again_ids = visit(base, tmp_path)
        assert again_ids == {name: (one, False) for (_, name), one in zip(SEASONS, OLD_IDS, strict=True)}
        assert visit(base, tmp_path, pattern="s2:3") == {"b3": ("e002-4", False)}
        site.update(a_site(changed))
        second = visit(base, tmp_path, update=True)
    assert {name for name, (_, new) in second.items() if new} == {name for _, name in changed} - {n for _, n in SEASONS}
    assert all(second[name][0] == again_ids[name][0] for name in second.keys() & again_ids.keys())


def test_a_site_that_moves_to_another_host_keeps_its_episodes(tmp_path):
    with served(a_site(SEASONS)) as (base, _):
        first = visit(base, tmp_path)
    with served(a_site([*SEASONS, ("(S2) Ep. 4", "b4")])) as (base, _):
        second = visit(base, tmp_path)
    assert {name: one for name, (one, _) in second.items() if name != "b4"} == {n: one for n, (one, _) in first.items()}
    assert [name for name, (_, new) in second.items() if new] == ["b4"]


def test_titles_without_numbers_are_numbered_by_their_places(tmp_path):
    rows = [("The rain", "a"), ("The 7 dwarfs", "b"), ("Catch 22", "c"), ("Home", "d")]
    with served(a_site(rows)) as (base, _):
        source = RecipeSource(load_recipe(RECIPE.replace("ORDER", "asc"), "r"), Visit(fetcher_for(base)), base)
        assert [(one.episode_id, one.number) for one in source.episodes()] == [
            ("e001", "1"), ("e002", "2"), ("e003", "3"), ("e004", "4"),
        ]  # fmt: skip


def numbers(path):
    listed = [episode for source in open_sources(str(path)) for episode in source.episodes()]
    return [(episode.number, episode.season) for episode in listed]


def test_numbers_of_folders(tmp_path):
    names = ["e037/1.png", "ep38/1.png", "039/1.png", "40 (2019) [Group]/1.png", "extra/1.png"]
    assert sorted(numbers(put(tmp_path / "toon", *names))) == [(n, "") for n in ("", "37", "38", "39", "40")]
    nested = put(tmp_path / "shelf", "toon/Season 2/03/1.png", "toon/Season 1/03/1.png")
    assert sorted(numbers(nested)) == [("3", "1"), ("3", "2")]
    assert numbers(put(tmp_path / "flat", "x_E02P01.png", "x_E10P01.png")) == [("2", ""), ("10", "")]


@pytest.mark.parametrize(
    ("number", "volume", "said"),
    [("-1", "-1", ("-1", "")), ("\u00bd", "2", ("1/2", "2")), ("007", "2019", ("7", "2019")), ("", "", ("9", ""))],
)
def test_comic_info_says_number_and_season_before_the_name(tmp_path, number, volume, said):
    text = f"<ComicInfo><Title>The 7</Title><Number>{number}</Number><Volume>{volume}</Volume></ComicInfo>"
    with zipfile.ZipFile(tmp_path / "Nova 009.cbz", "w") as archive:
        archive.writestr("1.png", picture(1))
        archive.writestr("ComicInfo.xml", text)
    assert numbers(tmp_path) == [said]


def local(folder, out):
    """One crawl of a folder: {title: (id, fetched now)}."""
    (source,) = open_sources(str(folder))
    return {record.title: (record.episode_id, new) for record, new in crawl(source, out, plan(source, out))}


def test_a_folder_that_gains_a_namesake_keeps_every_episode(tmp_path):
    folder, out = put(tmp_path / "toon", "Ep 1/1.png", "ep-1!/1.png"), tmp_path / "out"
    first = local(folder, out)
    put(folder, "EP 1 !/x.png")
    second = local(folder, out)
    assert all(second[title][0] == first[title][0] for title in first)
    assert [title for title, (_, new) in second.items() if new] == ["EP 1 !"]


@pytest.mark.parametrize("above", ["", "toon"])
def test_folders_that_version_0_1_0_stored_without_an_address_keep_their_ids(tmp_path, above):
    folder, out = tmp_path / "toon" / above, tmp_path / "out"
    put(folder, "Ep 1/1.png", "ep-1!/1.png")
    first = local(tmp_path / "toon", out)
    for path in out.glob("*/*/*/episode.json"):
        record = json.loads(path.read_text())
        record["images"][0]["url"] = f"{record['url']}/1.png" if not above else f"toon/{record['url']}/1.png"
        for key in ("number", "season", "sha256"):
            record.pop(key)
        path.write_text(json.dumps({**record, "url": ""}))
    put(folder, "EP 1 !/x.png")
    second = local(tmp_path / "toon", out)
    assert all(second[title][0] == first[title][0] for title in first)
    assert [title for title, (_, new) in second.items() if new] == ["EP 1 !"]


def test_a_folder_that_gets_another_name_is_not_stored_twice(tmp_path):
    folder, out = put(tmp_path / "toon", "Ep 1/1.png", "Ep 2/1.png"), tmp_path / "out"
    local(folder, out)
    (folder / "Ep 1").rename(folder / "ep_1")
    assert local(folder, out) == {"ep_1": ("ep-1", False), "Ep 2": ("ep-2", False)}


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("/v/1", "/v/1?ref=list", True),
        ("/v?no=1&utm_source=a", "/v?no=1&utm_source=b&utm_medium=c", True),
        ("/v?a=1&no=1", "/v?no=1&a=1", True),
        ("/v/1", "/v/1/", True),
        ("/v/%ED%99%94-1", "/v/\ud654-1", True),
        ("/v?no=1", "/v?no=2", False),
        ("/v?no=1", "/v?no=1&part=2", False),
        ("/v/1", "/v/1/2", False),
        ("/v?ref=a", "/w?ref=a", False),
    ],
)
def test_an_address_is_the_same_however_it_is_written(before, after, same):
    (kept,) = keep_ids([Episode("e001", "", f"https://a.example{after}")], {"e001": f"https://a.example{before}"}, {})
    assert (kept.episode_id == "e001") == same


def test_addresses_that_differ_only_in_what_counts_clicks_stay_apart():
    rows = [Episode("e001", "", f"https://a.example/v?ref={n}") for n in (1, 2)]
    kept = keep_ids(rows, {"e001": rows[0].url, "e001-2": rows[1].url}, {})
    assert [one.episode_id for one in kept] == ["e001", "e001-2"]


def test_ids_are_kept_in_linear_time():
    many = [Episode("e001", "Ep. 1", f"https://a.example/{n}") for n in range(20_000)]
    kept = keep_ids(many, {}, {})
    assert kept[-1].episode_id == "e001-20000" and len({one.episode_id for one in kept}) == 20_000
    assert unique(["a"] * 20_000)[-1] == "a-20000"


@settings(max_examples=60, deadline=None)
@given(st.sets(st.integers(0, 9)), st.dictionaries(st.integers(0, 9), st.integers(0, 2)))
def test_whatever_a_list_becomes_ids_are_unique_and_stay(stored, rows):
    known = {f"e{n % 3}-{n}": f"https://a.example/{n}" for n in stored}
    kept = keep_ids([Episode(f"e{no}", "", f"https://a.example/{n}") for n, no in rows.items()], known, {})
    assert len({one.episode_id for one in kept}) == len(kept)
    owners = {address: name for name, address in known.items()}
    for one in kept:
        assert owners.get(one.url, one.episode_id) == one.episode_id
        assert (one.url in owners) == (one.episode_id in known)
