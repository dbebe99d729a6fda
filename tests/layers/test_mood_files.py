"""Which moods are for which page: colours, pictures, folders."""

import numpy as np
import pytest

from comicdata.errors import PictureError, UsageError
from comicdata.images import encode_png
from comicdata.layers.mood_files import read_mood_files

PAGES = [["ch/p01.png", "p01.png"], ["ch/p02.png", "p02.png"]]
NIGHT = (52, 80, 110)


def picture(path, color=NIGHT, size=(40, 60)):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_png(np.full((*size, 3), color, np.uint8)))
    return str(path)


def test_colours_and_pictures_are_mixed_and_large_ones_are_looked_at_in_part(tmp_path):
    moods = read_mood_files(["#34506e", "ffffff", picture(tmp_path / "still.png", size=(20, 1000))], PAGES)
    found = moods.of(1)
    assert [one.shape for one in found] == [(1, 1, 3), (1, 1, 3), (5, 250, 3)]
    assert moods.notes == ("--mood ffffff: has no colour, so greys are wished for",)
    assert [tuple(one[0, 0].tolist()) for one in found] == [NIGHT, (255, 255, 255), NIGHT]
    assert len(moods.of(0)) == 3 and [path.name for path in moods.paths] == ["still.png"]


def test_a_folder_has_a_mood_for_each_page_of_its_name(tmp_path):
    picture(tmp_path / "moods" / "p02.png")
    picture(tmp_path / "moods" / "p77.png")
    moods = read_mood_files([str(tmp_path / "moods"), "#800000"], PAGES)
    assert [len(moods.of(page)) for page in (0, 1)] == [1, 2]
    assert tuple(moods.of(1)[1][0, 0].tolist()) == NIGHT
    assert moods.notes == (f"--mood {tmp_path / 'moods'}: for no page that is given, left out: p77",)


def test_a_colour_without_its_sign_is_one_unless_a_file_is_called_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert read_mood_files(["34506e"], PAGES).of(0)[0].shape == (1, 1, 3)
    (tmp_path / "34506e").write_bytes(encode_png(np.zeros((3, 4, 3), np.uint8)))
    assert read_mood_files(["34506e"], PAGES).of(0)[0].shape == (3, 4, 3)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("none.png", "--mood none.png: neither a colour, which looks like #34506e, nor a picture that is there"),
        ("#12345", "--mood #12345: neither a colour"),
        ("text.txt", "--mood text.txt: "),
        ("empty", "--mood empty: 0 pictures in this folder"),
        ("others", "--mood others: no name in it is that of a page; it has 'p77', the first page is 'ch/p01.png'"),
        ("huge.png", "--mood huge.png: "),
    ],
)
def test_what_is_no_mood_is_one_line(text, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text("no picture")
    (tmp_path / "empty").mkdir()
    picture(tmp_path / "others" / "p77.png")
    head = encode_png(np.zeros((1, 1, 3), np.uint8))
    (tmp_path / "huge.png").write_bytes(head[:16] + (20_000).to_bytes(4, "big") * 2 + head[24:])
    with pytest.raises(UsageError) as said:
        read_mood_files([text], PAGES)
    assert str(said.value).startswith(words) and "\n" not in str(said.value)


def test_a_picture_without_colour_is_said_and_a_page_s_own_that_is_none_is_its_own_fault(tmp_path):
    moods = read_mood_files([picture(tmp_path / "grey.png", (90, 90, 90))], PAGES)
    assert moods.notes == (f"--mood {tmp_path / 'grey.png'}: has no colour, so greys are wished for",)
    (tmp_path / "moods").mkdir()
    (tmp_path / "moods" / "p01.png").write_bytes(b"no picture")
    moods = read_mood_files([str(tmp_path / "moods")], PAGES)
    assert moods.of(1) == []
    with pytest.raises(PictureError, match=r"p01\.png"):
        moods.of(0)
