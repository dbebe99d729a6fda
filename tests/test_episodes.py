"""Natural order as people number pages, and what episodes are called by."""

import json

import pytest

from comicdata.episodes import matches, natural_key, numbered, read_crawl, unnamed, what_there_is
from comicdata.files import seal
from comicdata.records import Episode


@pytest.mark.parametrize(
    "names",
    [
        ["Ch 1/001.png", "Ch 2/001.png", "Ch 2/002.png", "Ch 2.5/001.png", "Ch 3/001.png"],
        ["Chapter 0060/001.png", "Chapter 0060/002.png", "Chapter 0060 (2)/001.png", "Chapter 0060 (3)/001.png"],
        ["11.png", "12.png", "12 (1).png", "12.1.png", "13.png"],
        ["12.jpg", "12 (1).avif", "13.JPEG"],
        ["2.webp", "2.5.gif", "3.bmp", "10.jpg"],
        ["p1.9.png", "p1.10.png"],
        ["Vol 1/p-01.png", "Vol 1/p-02.png", "Vol 1 extra/p-01.png", "Vol 2/p-01.png"],
        ["scan-01.png", "scan-02.png", "scan-10.png"],
        ["page 1.jpg_large", "page 1 (1).jpg?x=1", "page 2"],
        ["１.png", "٢.png", "3.png"],
        ["1", "²", "3", "9" * 6000],
    ],
)
def test_natural_order(names):
    assert sorted(set(names), key=natural_key) == names


def an_episode(name, number="", season=""):
    return Episode(name, "", number=number, season=season)


SHELF = [
    an_episode("e001", "1"),
    an_episode("e002", "2"),
    an_episode("e4-3f2a1b0c", "2.5"),
    an_episode("s2-e001", "1", "2"),
    an_episode("s2-e002", "2", "2"),
    an_episode("minus", "-1"),
    an_episode("half", "1/2"),
    an_episode("e19-hu", "19.HU"),
    an_episode("s2-bonus", "", "2"),
]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("1", ["e001", "s2-e001"]),
        ("2.5", ["e4-3f2a1b0c"]),
        ("4", []),
        ("3", []),
        ("19", []),
        ("19.hu", ["e19-hu"]),
        ("-1", ["minus"]),
        ("-1-1/2", ["minus", "half"]),
        ("½", ["half"]),
        ("002", ["e002", "s2-e002"]),
        ("s2:1", ["s2-e001"]),
        ("S2E2", ["s2-e002"]),
        ("s2:1-9", ["s2-e001", "s2-e002"]),
        ("s2", ["s2-e001", "s2-e002", "s2-bonus"]),
        ("s1:1-2", ["e001", "e002"]),
        ("s2-bonus", ["s2-bonus"]),
        ("E001", ["e001"]),
        ("bonus", []),
        ("", []),
    ],
)
def test_a_pattern_names_numbers_and_whole_ids(pattern, names):
    assert [one.episode_id for one in SHELF if matches(one, pattern)] == names


def test_what_there_is_is_said_as_a_pattern_takes_it():
    assert what_there_is(SHELF) == "-1, 1/2, 1-2, 2.5, 19.HU, s2:1-2, s2-bonus"
    assert what_there_is([]) == "none"
    many = [an_episode(f"e{n}", str(2 * n)) for n in range(1, 100)]
    assert what_there_is(many).endswith(", ... 198") and len(what_there_is(many)) < 80
    assert unnamed(SHELF, "1, 99,half,7-9") == ["99", "7-9"]


def write(out, name, **more):
    row = {"source": "one", "series_id": "toon", "episode_id": name, "title": "", "url": "", "status": "ok"}
    folder = out / more.get("source", "one") / "toon" / name
    folder.mkdir(parents=True)
    (folder / "episode.json").write_text(json.dumps(seal({**row, "reason": "", "images": [], **more})))


def test_a_crawl_is_read_in_the_order_of_seasons_and_numbers(tmp_path):
    stored = [("x", "1", ""), ("b", "2", ""), ("c", "10", ""), ("half", "2.5", ""), ("a", "1", "2"), ("d", "", "")]
    for name, number, season in stored:
        write(tmp_path, name, number=number, season=season)
    write(tmp_path, "z", source="another", number="99", season="")
    assert [one.episode_id for one in read_crawl(tmp_path)] == ["z", "x", "b", "half", "c", "d", "a"]


@pytest.mark.parametrize(
    ("source", "name", "title", "said"),
    [
        ("one", "e002", "(S2) Ep. 1", ("1", "2")),
        ("one", "e002", "(S2) Bonus", ("", "2")),
        ("one", "e014", "The rain", ("14", "")),
        ("one", "e022", "Catch-22: a story", ("", "")),
        ("local", "e12", "The 7 dwarfs", ("12", "")),
        ("local", "ep03", "ep03", ("3", "")),
        ("local", "e4-3f2a1b0c", "\uc81c4\ud654", ("4", "")),
        ("local", "prologue", "Prologue", ("", "")),
    ],
)
def test_records_of_version_0_1_0_get_the_number_that_their_title_or_id_says(tmp_path, source, name, title, said):
    write(tmp_path, name, source=source, title=title)
    (record,) = read_crawl(tmp_path)
    assert (record.number, record.season) == said


def test_a_record_that_says_it_has_no_number_has_none():
    assert numbered({"episode_id": "e007", "title": "7", "number": "", "season": ""})["number"] == ""
