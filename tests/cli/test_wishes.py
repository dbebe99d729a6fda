"""What an artist decides, at the command line: hints for many pages, moods, palettes, suggestions."""

import json

import numpy as np
import pytest
from small_runs import COLORS, HEIGHT, WALL, WIDTH, drawing, save_run

from comicdata.cli.main import run as command_line
from comicdata.files import write_atomic
from comicdata.images import encode_png, read_image

GREEN = (0, 200, 0)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    save_run(folder / "palette", width=8, colors=len(COLORS))
    save_run(folder / "pix2pix", "pix2pix", width=4, depth=4, crop=64)
    return folder


LEFT, RIGHT = (slice(None), slice(0, WALL)), (slice(None), slice(WALL + 3, None))


@pytest.fixture
def place(tmp_path, monkeypatch, runs):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").symlink_to(runs / "palette")
    (tmp_path / "pix2pix").symlink_to(runs / "pix2pix")
    for name in ("p01", "p02"):
        write_atomic(tmp_path / "art" / f"{name}.png", encode_png(drawing()))
    return tmp_path


@pytest.fixture
def colorize(place, capsys):
    """For a run of the command: what it says and, by page, what it made."""

    def made(*words, inputs=("art",), status=0, run="run"):
        capsys.readouterr()
        assert command_line(["colorize", run, *inputs, "--out", "out", "--layout", "single", *words]) == status
        said = " ".join(capsys.readouterr().err.split())
        return said, {path.stem: read_image(path) for path in sorted((place / "out").glob("p0?.png"))}

    return made


def dot(x, y, color="#00c800"):
    return {"x": x, "y": y, "radius": 3, "color": color}


def put(path, value):
    write_atomic(path, value if isinstance(value, bytes) else json.dumps(value).encode())


def failures(place):
    return [json.loads(line) for line in (place / "out" / "failures.jsonl").read_text().splitlines()]


def test_a_folder_of_hints_colours_each_page_by_its_own(place, colorize):
    layer = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    layer[30:40, 60:80] = (*GREEN, 255)
    put(place / "hints" / "p01.json", [dot(20, 20)])
    put(place / "hints" / "p02.png", encode_png(layer))
    put(place / "hints" / "p77.json", [dot(20, 20)])
    said, made = colorize("--hints", "hints", "--no-follow")
    assert (made["p01"][LEFT] == GREEN).all() and not (made["p01"][RIGHT] == GREEN).all(axis=2).any()
    assert (made["p02"][RIGHT] == GREEN).all() and not (made["p02"][LEFT] == GREEN).all(axis=2).any()
    assert "--hints hints: for no page that is given, left out: p77" in said
    put(place / "h.json", {"p01": [dot(20, 20)], "p02.png": [dot(70, 20)]})
    assert all(np.array_equal(one, made[name]) for name, one in colorize("--hints", "h.json", "--no-follow")[1].items())


def test_bad_hints_of_a_picture_are_a_row_and_the_others_are_made(place, colorize):
    put(place / "hints" / "p01.png", encode_png(np.zeros((7, 9, 4), np.uint8)))
    put(place / "hints" / "p02.json", [dot(20, 20)])
    _, made = colorize("--hints", "hints", status=3)
    assert [*made] == ["p02"]
    assert "the layer of hints is 9x7, its picture 96x80" in failures(place)[0]["error"]
    put(place / "h.json", {"p01": [dot(20, 20), dot(500, 20)], "p02": [dot(20, 20)]})
    colorize("--hints", "h.json", status=3)
    assert "hint 2 at (500, 20) lies outside the picture, 96x80 pixels" in failures(place)[0]["error"]
    put(place / "hints" / "p01.png", encode_png(np.zeros((HEIGHT, WIDTH, 4), np.uint8)))  # nothing painted
    assert "hints/p01.png: nothing is painted on this layer of hints" in colorize("--hints", "hints")[0]


def test_two_colours_in_one_region_are_said_with_their_places_in_the_picture(place, colorize):
    page = np.full((3 * HEIGHT, WIDTH, 3), 255, np.uint8)
    page[HEIGHT : 2 * HEIGHT] = drawing()
    write_atomic(place / "art" / "p01.png", encode_png(page))
    put(place / "boxes.json", {"input": "p01.png", "panels": [{"box": [0, HEIGHT, WIDTH, 2 * HEIGHT]}]})
    put(place / "h.json", [dot(20, HEIGHT + 20), dot(20, HEIGHT + 60) | {"radius": 9, "color": "#0000ff"}])
    words = ["--hints", "h.json", "--panels", "boxes.json", "--layout", "page"]
    said, _ = colorize(*words, inputs=["art/p01.png"])
    other = "#0000ff at (20, 140) covers most of it, so without effect: #00c800 at (20, 100)"
    assert f"p01.png: a region has hints of 2 colours: {other}" in said
    assert "a region" not in colorize(*words, "--style", "soft", inputs=["art/p01.png"])[0]


def test_five_thousand_dots_and_two_on_one_pixel(place, colorize):
    many = [dot(at % 40, at // 40 % 70, "#0000ff") for at in range(5000)]
    put(place / "h.json", [*many, dot(39, 69)])
    said, made = colorize("--hints", "h.json", inputs=["art/p01.png"])
    assert "lie on one pixel, (39, 69), in different colours" in said and "the last counts" in said
    assert (made["p01"][LEFT] == (0, 0, 255)).all()


def test_moods_change_colours_and_are_each_page_s_own(place, colorize):
    _, plain = colorize("--style", "soft")
    said, same = colorize("--style", "soft", "--mood", "#1e2850")
    assert "--mood #1e2850: this run has no colour like it; the nearest, #285adc, is taken" in said
    assert "nearest" not in colorize("--mood", "#2a5cd8")[0]
    _, same = colorize("--style", "soft", "--mood", "#1e2850")
    assert np.array_equal(plain["p01"], plain["p02"]) and np.array_equal(same["p01"], same["p02"])
    put(place / "moods" / "p02.png", encode_png(np.full((9, 9, 3), (30, 40, 80), np.uint8)))
    _, own = colorize("--style", "soft", "--mood", "moods")
    assert np.array_equal(own["p01"], plain["p01"]) and np.array_equal(own["p02"], same["p02"])
    put(place / "moods" / "p02.png", b"no picture")
    colorize("--mood", "moods", status=3)
    assert failures(place)[0]["item"] == "p02.png"


def test_a_night_version_of_the_palette_paints_the_night(place, colorize):
    _, plain = colorize()
    night = (place / "run" / "palette.gpl").read_text()
    for red, green, blue in COLORS:
        night = night.replace(f"{red:3} {green:3} {blue:3}", f"{red // 4:3} {green // 4:3} {blue // 2:3}")
    put(place / "night.gpl", night.encode())
    _, made = colorize("--palette", "night.gpl")
    for name, one in plain.items():
        paper = (drawing() == 255).all(axis=2)
        assert np.array_equal(made[name][paper], one[paper] // np.array([4, 4, 2], np.uint8))


def test_other_names_limit_but_never_hints(place, colorize):
    put(place / "two.json", [{"color": "#000000"}, {"color": "#ffffff", "name": "white"}])
    put(place / "h.json", [dot(20, 20)])
    _, made = colorize("--palette", "two.json", "--hints", "h.json", "--no-follow", inputs=["art/p01.png"])
    assert (made["p01"][LEFT] == GREEN).all()
    assert {tuple(one) for one in made["p01"][RIGHT].reshape(-1, 3).tolist()} <= {(0, 0, 0), (255, 255, 255)}


def test_palettes_of_one_colour_and_of_thousands_are_said(place, colorize):
    put(place / "one.json", [{"color": "#c81e1e"}])
    said, made = colorize("--palette", "one.json", inputs=["art/p01.png"])
    assert "--palette one.json: everything but hints gets its one colour" in said
    assert (made["p01"][LEFT] == (200, 30, 30)).all()
    put(place / "many.json", [{"color": f"#{at * 3000:06x}"} for at in range(5000)])
    said, _ = colorize("--palette", "many.json", inputs=["art/p01.png"])
    assert "--palette many.json: 4 of its 5000 colours are used, those nearest to the run's" in said


def test_suggestions_are_hints_to_be_given_back(place, colorize):
    said, plain = colorize("--suggest", "1")
    assert "places" not in said
    path = place / "out" / "p01.suggested.json"
    (one,) = json.loads(path.read_text())
    assert tuple(plain["p01"][one["y"], one["x"]].tolist()) == tuple(bytes.fromhex(one["color"][1:]))
    assert "only 2 places where a hint would help (--suggest)" in colorize("--suggest", "50")[0]
    put(place / "mine" / "p01.suggested.json", [one | {"color": "#00c800"}])
    _, made = colorize("--hints", "mine", "--no-follow")
    assert tuple(made["p01"][one["y"], one["x"]].tolist()) == GREEN
    assert np.array_equal(made["p02"], plain["p02"])
    colorize("--hints", "out", "--out", "second")  # the suggestions in it; what was coloured there are no layers


@pytest.mark.parametrize("words", [["--mood", "#34506e"], ["--palette", "run/palette.gpl"], ["--suggest", "3"]])
def test_a_model_that_knows_nothing_of_it_says_so_in_one_line(words, colorize):
    said, made = colorize(*words, status=2, run="pix2pix")
    assert f"pix2pix knows nothing of {words[0]}; palette does" in said and not made


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["--mood", "#3450"], "--mood #3450: neither a colour, which looks like #34506e, nor a picture that is there"),
        (["--palette", "none.gpl"], "none.gpl: no such file"),
        (["--hints", "empty"], "--hints empty: neither JSON nor layers of hints in this folder"),
        (["--hints", "one.json"], "--hints one.json: hints of one picture, but 2 pictures are given; name a folder"),
        (["--suggest", "-1"], "--suggest"),
        (["--palette", "c.json"], "c.json: c77: this run has c00 to c03"),
    ],
)
def test_what_cannot_be_is_one_line_before_any_work(words, wanted, place, colorize):
    (place / "empty").mkdir()
    put(place / "one.json", [dot(1, 1)])
    put(place / "c.json", [{"color": "#000000", "name": "c77"}])
    said, made = colorize(*words, status=2)
    assert wanted in said and not made and not (place / "out").exists()


def test_nothing_to_follow_is_said(colorize):
    assert "--no-follow: without --hints there is nothing that anything could follow" in colorize("--no-follow")[0]


def test_what_is_read_is_not_written_onto(place, colorize):
    colorize("--suggest", "1")
    before = (place / "out" / "p01.suggested.json").read_bytes()
    for given in ("out", "out/p01.suggested.json"):
        words = ["--suggest", "2", "--hints", given]
        said, _ = colorize(*words, inputs=["art/p01.png"], status=2)
        assert f"{given}: is " in said and "read" in said
    assert (place / "out" / "p01.suggested.json").read_bytes() == before
    put(place / "out" / "p01.suggested.json", [dot(20, 20)])
    _, made = colorize("--hints", "out/p01.suggested.json", inputs=["art/p01.png"])
    assert (made["p01"][LEFT] == GREEN).all()


def test_show_draws_the_palette_with_the_share_of_each_colour(place):
    assert command_line(["show", "run", "--out", "page.html", "-q"]) == 0
    text = (place / "page.html").read_text()
    assert '<i style="background: #e63c32; flex: 0.25000"></i>' in text  # an untrained network knows no shares: 1 / 4
    assert "c02<br>#faf0c8<br>25.0%" in text and "4 colours" in text
    assert command_line(["show", "pix2pix", "--out", "other.html", "-q"]) == 0
    assert "Palette" not in (place / "other.html").read_text()
