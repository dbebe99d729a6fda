"""Splits by hash and by hand; duplicates never straddle."""

import hashlib
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comicdata.errors import UsageError
from comicdata.pairs.copies import NearHashes, drop_duplicates
from comicdata.pairs.splits import assign_splits, group_by, named_keys, position
from comicdata.records import EpisodeRecord, Pair

EPISODES = [("local", "toon", f"e{n:02d}") for n in range(1, 41)]


def split(keys, **options):
    return assign_splits(keys, **{"salt": "s", "split_by": "auto", **options})


def test_position_is_the_stated_hash():
    digest = hashlib.sha256(b"salt:local/toon").hexdigest()
    assert position("salt", "local/toon") == int(digest[:16], 16) / 2**64


def test_few_series_are_split_by_episode_many_by_series():
    assert group_by(EPISODES, "auto") == "episode"
    assert group_by([("x", f"s{n}", "e1") for n in range(10)], "auto") == "series"


def test_by_series_keeps_a_series_together():
    keys = [("x", f"s{n}", f"e{m}") for n in range(60) for m in range(3)]
    splits = split(keys)
    assert all(len({splits[key] for key in keys if key[1] == f"s{n}"}) == 1 for n in range(60))
    assert set(splits.values()) == {"train", "validation", "test"}


def test_adding_a_series_moves_no_other():
    keys = [("x", f"s{n}", "e1") for n in range(50)]
    before, after = split(keys), split([*keys, ("x", "new", "e1")])
    assert all(before[key] == after[key] for key in keys)


def test_hand_named_episodes():
    named = [key for key in EPISODES if key[2] in ("e15", "e16", "e17")]
    splits = split(EPISODES, test=named, validation=[EPISODES[19], EPISODES[2], named[0]])
    assert {key[2] for key, name in splits.items() if name == "test"} == {"e15", "e16", "e17"}
    assert {key[2] for key, name in splits.items() if name == "validation"} == {"e20", "e03"}


@given(st.integers(1, 30), st.text(min_size=1, max_size=5))
def test_train_is_never_left_empty(count, salt):
    assert "train" in split(EPISODES[:count], salt=salt).values()


def record(name, number="", season="", title="", series="toon"):
    return EpisodeRecord("local", series, name, title, "", "ok", "", (), number=number, season=season)


RECORDS = [record("e001", "1"), record("e002", "2"), record("ch-2-5", "2.5"), record("e010", "10"), record("bonus")]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("2", ["e002"]),
        ("1-2.5,bonus", ["e001", "e002", "ch-2-5", "bonus"]),
        ("ch-2-5", ["ch-2-5"]),
        ("10", ["e010"]),
        (" 010 ,", ["e010"]),
    ],
)
def test_episodes_are_named_by_number_or_whole_id(pattern, names):
    assert named_keys(RECORDS, pattern, "--test-episodes") == {("local", "toon", name) for name in names}


@pytest.mark.parametrize("pattern", ["5", "99", "2,99", "", "ch", "1-", "\u00b2", "9" * 5000])
def test_a_wrong_name_gets_the_list_of_what_there_is(pattern):
    with pytest.raises(UsageError, match=r"no episode has that number or id; there are 1-2, 2\.5, 10, bonus$"):
        named_keys(RECORDS, pattern, "--test-episodes")
    assert named_keys(RECORDS, None, "--test-episodes") is None


SEVERAL = [record(name, name, series=series) for series in ("cat", "dog") for name in ("1", "2", "3")][:5]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("3", {"cat/3"}),
        ("2", {"cat/2", "dog/2"}),
        ("cat:2", {"cat/2"}),
        ("dog:1-9, cat:3", {"dog/1", "dog/2", "cat/3"}),
        ("local/Dog:1,s1:3", {"dog/1", "cat/3"}),
        ("dog:s1:2", {"dog/2"}),
    ],
)
def test_episodes_of_one_series_are_named_behind_it(pattern, names):
    found = named_keys(SEVERAL, pattern, "--test-episodes")
    assert {f"{series}/{episode}" for _, series, episode in found} == names


@pytest.mark.parametrize(
    ("pattern", "there"),
    [
        ("dog:3", "--test-episodes dog:3: no episode has that number or id; there are dog:1-2"),
        ("dog:", "--test-episodes dog:: no episode has that number or id; there are dog:1-2"),
        ("cat:1,moon:3", "--test-episodes moon:3: no episode has that number or id; there are cat:1-3; dog:1-2"),
        ("7", "--test-episodes 7: no episode has that number or id; there are cat:1-3; dog:1-2"),
    ],
)
def test_a_wrong_name_among_several_series_gets_those_that_there_are(pattern, there):
    with pytest.raises(UsageError, match=f"^{re.escape(there)}$"):
        named_keys(SEVERAL, pattern, "--test-episodes")


def test_of_many_series_some_are_listed():
    records = [record("1", "1", series=f"s{number:02}") for number in range(14)]
    with pytest.raises(UsageError, match=r"s00:1; s01:1; .*s11:1; and 2 series more$"):
        named_keys(records, "2", "--test-episodes")


def a_row(name, digest, color, split="train", series="toon", size=256):
    return Pair(
        id=f"w{name}",
        panel_id=f"p{name[0]}",
        source="local",
        series_id=series,
        episode_id="e01",
        panel_index=0,
        window_index=0,
        split=split,
        kept=True,
        drop_reason="",
        color_file_name="color/x.png",
        canny_file_name="canny/x.png",
        xdog_file_name="xdog/x.png",
        size=size,
        fit="tile",
        crop_box=(0, 0, 1, 1),
        panel_box=(0, 0, 1, 1),
        source_files=("0001.jpg",),
        source_sha256=("00",),
        source_url="",
        licence="CC0-1.0",
        attribution="",
        split_confidence=1.0,
        dhash=f"d:{digest:016x}",
        black_fraction=0.0,
        ink_canny=0.0,
        ink_xdog=0.0,
        saturation=0.0,
        params_id="q",
        sha256_color=color,
        sha256_canny="c",
        sha256_xdog="x",
        excluded=False,
    )


PATTERN = 0x0F0F_33CC_5A5A_9966


def test_a_near_copy_in_test_gives_way_to_train():
    rows = [a_row("a1", PATTERN ^ 0b11111, "one", split="test"), a_row("b1", PATTERN, "two")]
    result = drop_duplicates(rows)
    assert [row.kept for row in result] == [False, True]
    assert result[0].drop_reason == "duplicate" and result[0].color_file_name == "" == result[0].sha256_color


def test_six_bits_are_another_picture_and_other_series_are_not_compared_by_hash():
    assert all(row.kept for row in drop_duplicates([a_row("a1", PATTERN, "1"), a_row("b1", PATTERN ^ 0x3F, "2")]))
    other = replace(a_row("b1", PATTERN, "2"), series_id="other")
    assert all(row.kept for row in drop_duplicates([a_row("a1", PATTERN, "1"), other]))


def test_equal_bytes_are_a_copy_anywhere_but_windows_of_one_panel_stay():
    other = replace(a_row("b1", 0, "same"), series_id="other")
    assert [row.kept for row in drop_duplicates([a_row("a1", 0, "same"), other])] == [True, False]
    assert all(row.kept for row in drop_duplicates([a_row("a1", PATTERN, "1"), a_row("a2", PATTERN, "2")]))


def test_ten_thousand_copies_are_one_row():
    rows = [replace(a_row(str(index), 255, "same"), panel_id=f"p{index}") for index in range(10_000)]
    kept = [row for row in drop_duplicates(rows) if row.kept]
    assert [row.id for row in kept] == ["w0"]


def test_ten_thousand_flat_pictures_are_searched_as_one():
    hashes = NearHashes()
    for index in range(10_000):
        hashes.add(0, f"p{index}")
    assert len(hashes) == 1 and hashes.knows(0b11111, "p0") and not hashes.knows(0b111111, "p0")


def test_every_pair_of_hashes_that_differs_in_five_bits_is_found_and_none_that_differs_in_six():
    random = np.random.default_rng(1)
    for _ in range(2000):
        value = int(random.integers(2**64, dtype=np.uint64))
        places = [int(place) for place in random.choice(64, 6, replace=False)]
        hashes = NearHashes()
        hashes.add(value, "one")
        five = value ^ sum(1 << place for place in places[:5])
        assert hashes.knows(five, "other") and not hashes.knows(five, "one")
        assert not hashes.knows(five ^ (1 << places[5]), "other")


def brute_force(rows):
    """The kept ids, every hash compared with every one before."""
    kept, first = [], {}
    for row in sorted(rows, key=lambda row: ["train", "validation", "test"].index(row.split)):
        value = int(row.dhash[2:], 16)
        near = [
            (int(one.dhash[2:], 16) ^ value).bit_count() <= 5 and 8 <= value.bit_count() <= 56
            for one in kept
            if one.panel_id != row.panel_id
        ]
        if first.setdefault(row.sha256_color, row.panel_id) == row.panel_id and not any(near):
            kept.append(row)
    return {row.id for row in kept}


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 5), st.floats(0, 0.2))
def test_the_kept_rows_are_those_of_brute_force(seed, originals, noise):
    """Rows whose hashes are random ones, copies of a few with some bits turned, and flat ones."""
    random = np.random.default_rng(seed)
    sources = [int(one) for one in random.integers(2**64, size=originals, dtype=np.uint64)] + [0, 2**64 - 1, 0xFF]
    rows = []
    for index in range(80):
        turned = sum(1 << int(bit) for bit in np.flatnonzero(random.random(64) < noise))
        value = sources[int(random.integers(len(sources)))] ^ turned
        if random.random() < 0.2:
            value = int(random.integers(2**64, dtype=np.uint64))
        color = str(random.integers(200))
        row = a_row(f"x{index}", value, color, split=str(random.choice(["train", "validation", "test"])))
        rows.append(replace(row, panel_id=f"p{random.integers(40)}"))
    assert {row.id for row in drop_duplicates(rows) if row.kept} == brute_force(rows)


def test_ten_thousand_different_rows_all_stay():
    digests = [int(hashlib.sha256(str(i).encode()).hexdigest()[:16], 16) for i in range(10_000)]
    rows = [replace(a_row(str(i), digest, f"c{i}"), panel_id=f"p{i}") for i, digest in enumerate(digests)]
    assert all(row.kept for row in drop_duplicates(rows))
