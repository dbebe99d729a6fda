"""Numbers and seasons of episodes, read from titles as sites, publishers and people write them."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comicdata.numbers import Numbered, canonical, read_number, read_numbers, value_of

SEASONS = {
    "(S2) Ep. 1 - Two": ("1", "2"),
    "[S2] Episode 14": ("14", "2"),
    "S02E03": ("3", "2"),
    "s2-e001": ("1", "2"),
    "Season 2 Episode 3": ("3", "2"),
    "(S3) Episode 100 (Season Finale)": ("100", "3"),
    "2nd Season Ep 4": ("4", "2"),
    "Part 2 Episode 3": ("3", "2"),
    "Chapter 3 Part 2": ("3", ""),
    "(S2) Bonus": ("", "2"),
    "Season 2": ("", "2"),
    "시즌2 3화": ("3", "2"),
    "시즌 2 제3화": ("3", "2"),
    "2부 3화": ("3", "2"),
    "2기 3화": ("3", "2"),
    "S2-3": ("3", "2"),
    "Season II Episode 3": ("3", "2"),
    "Book Two Chapter Three": ("3", "2"),
    "Season I’m in": ("", ""),
    "Saison 2 - Épisode 3": ("3", "2"),
    "第二季 第三話": ("3", "2"),
    "第2部 第十二章": ("12", "2"),
}
COUNTERS = {
    "제1화": "1",
    "제 12 화": "12",
    "12화 끝": "12",
    "3권": "3",
    "第8話": "8",
    "第８話": "8",
    "第１２．５話": "12.5",
    "第3巻": "3",
    "第3巻 第8話": "8",
    "第十二章": "12",
    "第百二十話": "120",
    "第一二〇話": "120",
    "第 二十 回": "20",
    "12话": "12",
}
WORDS = {
    "Ep. 1 - One": "1",
    "e037": "37",
    "ep37": "37",
    "ep-037": "37",
    "037": "37",
    "Ch 2.5": "2.5",
    "Chapter 0060": "60",
    "Chapter 0060 (2)": "60",
    "Vol.2 Ch.10": "10",
    "Nova v01c003": "3",
    "Episode -1": "-1",
    "-1": "-1",
    "½": "1/2",
    "1½": "1.5",
    "Nova #1/2": "1/2",
    "#12 The 7 Dwarfs": "12",
    "12. The Magnificent 7": "12",
    "No. 8": "8",
    "№ 5 The 7": "5",
    "Kaiju No. 8 - Chapter 12": "12",
    "Kaiju No. 8 012": "12",
    "Chapter 3, Episode 12": "12",
    "第一章 第三話": "3",
    "제1장 3화": "3",
    "Ep. 1,000": "1000",
    "Day 3: The fall": "3",
    "Spawn 300 (2019)": "300",
    "20th Century Boys v01": "1",
    "100 Bullets 045": "45",
    "Ghost 2.0 #4": "4",
    "Prologue Ep. 0": "0",
    "Folge 3": "3",
    "Глава 5": "5",
    "Tome 2": "2",
    "Nova 12": "12",
    "Nova 12 - The End": "12",
    "Ep. 3 (1/2)": "3",
    "Ep. 12 - Bonus": "12",
    "Class of 1999 Ep 3": "3",
    "Episode 5²": "5",
}
SPELLED = {
    "Chapter IV": "4",
    "Chapter I: The fall": "1",
    "Chapter X - The End": "10",
    "Episode XII The mix": "12",
    "Chapter XLIV": "44",
    "Vol. III": "3",
    "Chapter Two: Home": "2",
    "Chapitre 12,5": "12.5",
    "Kap. 7,5 - Die 3 Freunde": "7.5",
    "Chapitre 12, 3 amis": "12",
    "Ch. 1,2": "1",
    "2024-01 Ep 7": "7",
    "Spider-Man 2099 - 12": "12",
    "Blade 2099-45": "45",
    "2024.5": "2024.5",
    "Nova (Special Edition) 012": "12",
    "Nova [Special] 012": "12",
    "Ep. 12 [Notice]": "12",
    "Spy x Family 12": "12",
}
TAGS = {
    "[Group] Nova 012 (2019) v2 [1920x1080]": "12",
    "Nova 012v2 (digital) [A1B2C3D4]": "12",
    "Nova 012 (of 6) (2019)": "12",
    "Nova 2019 012 1080p 300dpi": "12",
    "e1-3f9a2b1c": "1",
    "2024-01-05 Ep 7": "7",
    "20240105 7화": "7",
}
NONE = [
    *("", "Prologue", "The 7 Dwarfs", "Homecoming (2)", "Nova 2019", "Nova (2019) [12345678]", "20240105", "24/7"),
    *("2024-01-05", "R2D2", "100% Love", "3f9a2b1c", "12345678", "1080p", "1920x1080", "²", "Bonus 3", "외전 3화"),
    *(
        "番外編3",
        "Special Episode 2",
        "Q&A 2",
        "Epilogue 2",
        "Foo [12/24]",
        "No 1 Likes Me",
        "b1946ac9-2492-4d27-8f3c-112233445566",
        "Chapter I Met Him",
        "Chapter V for Vendetta",
        "Chapter Civil War",
        "Episode Li Wei",
        "Chapter One-Punch",
        "Episode One Hundred",
        "Chapter Twenty-One",
        "Rocky II",
        "2024-01",
        "2024.12",
        "2024년 1월호",
        "[Notice] Ep. 12 is late",
        "(Bonus) Episode 3",
        "[특별편] 3화",
        "Mob Psycho 100 SP01",
    ),
]


@pytest.mark.parametrize(("title", "said"), SEASONS.items())
def test_seasons(title, said):
    found = read_number(title)
    assert (found.number, found.season) == said


@pytest.mark.parametrize(("title", "number"), [*COUNTERS.items(), *WORDS.items(), *SPELLED.items(), *TAGS.items()])
def test_numbers(title, number):
    assert (read_number(title).number, read_number(title).season) == (number, "")


@pytest.mark.parametrize("title", NONE)
def test_digits_that_number_nothing(title):
    assert read_number(title) == Numbered()


def test_the_name_of_the_series_says_no_number():
    assert read_number("Kaiju No. 8 112", "Kaiju No. 8").number == "112"
    assert read_number("2000 AD 1234 The Rain", "2000 AD").number == "1234"
    assert read_number("Blade 2049", "Blade 2049").number == "", "a year stays one"
    assert read_number("037", "037").number == "37", "where the name is all there is, it is read"


def test_a_bare_number_counts_for_nothing_among_marked_ones():
    titles = ["Ep. 1", "Ep. 2", "Catch 22", "Ep. 3"]
    assert [one.number for one in read_numbers(titles)] == ["1", "2", "", "3"]
    mixed = ["e036", "ep37", "038", "39. The end", "[Group] Nova 040 (2019)", "41", "Area 51", "Ch 42"]
    assert [one.number for one in read_numbers(mixed)] == ["36", "37", "38", "39", "40", "41", "", "42"]
    assert [one.number for one in read_numbers(["Nova 1", "Nova 2", "Ep. 3"])] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("written", "held"),
    [
        ("007", "7"),
        ("0", "0"),
        ("2.50", "2.5"),
        ("5.0", "5"),
        ("½", "1/2"),
        ("-1", "-1"),
        ("３", "3"),
        ("19.HU", "19.HU"),
    ],
)
def test_how_records_hold_a_number(written, held):
    assert canonical(written) == held


def test_what_numbers_are_worth():
    assert value_of("1/2") == Fraction(1, 2) and value_of("-1") == -1 and value_of("10.5") == Fraction(21, 2)
    assert [value_of(text) for text in ("", "Omega", "1/0", "1e9", "9" * 5000, "²")] == [None] * 6


@given(st.text(max_size=80), st.text(max_size=20))
def test_no_title_is_too_odd(title, series):
    found = read_number(title, series)
    assert canonical(found.number) == found.number


@pytest.mark.parametrize("piece", ["a", "1", "(", " ", "ep", "第", "-", "[1", "s1", ".1", "一"])
def test_a_title_of_any_length_is_read(piece):
    read_number(piece * 100_000, piece * 100_000)
