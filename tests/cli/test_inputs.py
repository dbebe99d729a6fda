"""What a user may name as INPUT."""

import json
import os
import zipfile

import numpy as np
from packers import make_rar, make_zip, picture

from comicdata.cli.main import run
from comicdata.drawn import cut_slices, draw_episode
from comicdata.images import encode_png


def test_a_cbz_of_slices_is_one_strip_in_stitched_coordinates(tmp_path, capsys):
    episode = draw_episode(9, 1, panels=3)
    with zipfile.ZipFile(tmp_path / "one.cbz", "w") as archive:
        for index, part in enumerate(cut_slices(episode.strip), 1):
            archive.writestr(f"{index}.png", encode_png(part))
    assert run(["panels", str(tmp_path / "one.cbz"), "--json", "--out", str(tmp_path / "overlays")]) == 0
    (strip,) = json.loads(capsys.readouterr().out)["strips"]
    assert (strip["layout"], strip["height"], strip["width"]) == ("strip", *episode.strip.shape[:2])
    boxes = [panel["box"] for panel in strip["panels"] if panel["kind"] == "panel"]
    assert np.abs(np.array(boxes) - [panel.box.as_list() for panel in episode.panels]).max() <= 3
    assert len(list((tmp_path / "overlays").glob("*.jpg"))) == 1


def test_folders_are_walked_in_natural_order(tmp_path, capsys):
    for name in ("e1/10.png", "e1/2.png", "e2/1.png", ".hidden/1.png"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        picture = np.random.default_rng(len(name)).integers(0, 256, (90, 80, 3), dtype=np.uint8)
        (tmp_path / "in" / name).write_bytes(encode_png(picture))
    assert run(["panels", str(tmp_path / "in"), "--layout", "page", "--json"]) == 0
    strips = json.loads(capsys.readouterr().out)["strips"]
    assert [strip["input"] for strip in strips] == ["e1/2.png", "e1/10.png", "e2/1.png"]


def shown(capsys, *arguments):
    status = run(["panels", *map(str, arguments), "--layout", "page", "--json"])
    printed = capsys.readouterr()
    return status, [strip["input"] for strip in json.loads(printed.out)["strips"]], printed.err


def test_a_folder_of_archives_and_pictures_is_read_as_a_crawl_reads_it(tmp_path, capsys):
    page = picture(1, (90, 80))
    (tmp_path / "in" / "e1").mkdir(parents=True)
    (tmp_path / "in" / "e1" / "1.jfif").write_bytes(page)
    (tmp_path / "in" / "b.cbr").write_bytes(make_zip([("x.png", page), ("y.avif.png", page)]))
    (tmp_path / "in" / "a.cbz").write_bytes(make_rar([("1.png", page)]))
    status, names, _ = shown(capsys, tmp_path / "in")
    assert (status, names) == (0, ["a/0001", "b/0001", "b/0002", "e1/1.jfif"])


def test_what_cannot_be_read_is_named_and_the_rest_is_shown(tmp_path, capsys):
    page = picture(1, (90, 80))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "1.png").write_bytes(page)
    (tmp_path / "in" / "2.png").write_bytes(b"text")
    (tmp_path / "in" / "3.cbz").write_bytes(make_zip([("1.png", page), ("2.png", b"")]))
    (tmp_path / "in" / "4.cbz").write_bytes(b"PK no archive")
    (tmp_path / "in" / "5.cbz").write_bytes(make_zip([("1.png", page)]))
    status, names, said = shown(capsys, tmp_path / "in")
    assert (status, names) == (3, ["1.png", "3/0001", "5/0001"])
    assert "2.png: not a JPEG" in said and "4.cbz: cannot be read as a ZIP" in said and "3.cbz#2.png: empty" in said


def test_an_archive_named_of_dots_writes_nowhere_else(tmp_path, capsys):
    (tmp_path / "...cbz").write_bytes(make_zip([("../../evil.png", picture()), ("1.png", picture(1, (90, 80)))]))
    status, names, said = shown(capsys, tmp_path / "...cbz")
    assert (status, names) == (3, ["archive/0001"]) and "points outside" in said


def test_a_pipe_is_a_line(tmp_path, capsys):
    os.mkfifo(tmp_path / "x.png")
    assert run(["panels", str(tmp_path / "x.png"), "--json"]) == 3
    assert "not one on disk" in capsys.readouterr().err


def test_a_picture_over_the_limit_says_what_raises_it(tmp_path, capsys):
    (tmp_path / "x.png").write_bytes(encode_png(np.zeros((1200, 1000), np.uint8)))
    assert run(["panels", str(tmp_path / "x.png"), "--json", "--max-megapixels", "1"]) == 3
    assert (
        "over the limit of 1 megapixels; cut it into smaller pictures, or --max-megapixels 2" in capsys.readouterr().err
    )
    assert run(["panels", str(tmp_path / "x.png"), "--json"]) == 0


def test_an_archive_that_is_a_link_out_of_the_input_is_named(tmp_path, capsys):
    page = picture(1, (90, 80))
    (tmp_path / "x.cbz").write_bytes(make_zip([("1.png", page)]))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.cbz").symlink_to(tmp_path / "x.cbz")
    (tmp_path / "in" / "b.cbz").write_bytes(make_zip([("1.png", page)]))
    status, names, said = shown(capsys, tmp_path / "in")
    assert (status, names) == (3, ["b/0001"]) and "a.cbz: a link that leads out" in said


def test_what_is_worth_a_word_about_a_picture_is_said(tmp_path, capsys, caplog):
    whole = picture(1, (90, 80))
    (tmp_path / "x.png").write_bytes(whole[:-12])
    (tmp_path / "y.cbz").write_bytes(make_zip([("1.png", whole[:-12])]))
    for name, label in (("x.png", f"{tmp_path}/x.png"), ("y.cbz", "y.cbz#1.png")):
        status, shown_as, said = shown(capsys, tmp_path / name)
        assert status == 0 and len(shown_as) == 1
        assert f"{label}: the end of the file is missing, every row is there" in said
