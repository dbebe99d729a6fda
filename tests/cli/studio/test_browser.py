"""The studio as a person has it: a real browser on a real server with a real, small run."""

import json
import shlex

import numpy as np
import pytest
from browsers import browser_path, faults, opened, served
from small_runs import HEIGHT, WALL, WIDTH

from comicdata.cli.main import run
from comicdata.images import decode

pytest.importorskip("playwright", reason="playwright is missing")
RED, BLUE = "#c80a28", "#123456"


@pytest.fixture(scope="module")
def at_work(tmp_path_factory, small_run):
    """Where a studio is served, and its project."""
    browser_path()
    folder = tmp_path_factory.mktemp("browser")
    with served(folder / "out", small_run) as url:
        yield url, folder / "out" / "studio"


@pytest.fixture
def page(at_work):
    with opened(at_work[0]) as one:
        yield one


def drop(page, name, data):
    page.set_input_files("#files", {"name": name, "mimeType": "image/png", "buffer": data})
    page.wait_for_selector("#canvas[data-version]")


def place(page, x, y):
    """Where a pixel of the picture is on the canvas: it is shown four times as large at most, in the middle."""
    box = page.locator("#canvas").bounding_box()
    room = 24
    scale = min((box["width"] - 2 * room) / WIDTH, (box["height"] - 2 * room) / HEIGHT, 4)
    left, top = (box["width"] - WIDTH * scale) / 2, (box["height"] - HEIGHT * scale) / 2
    return {"x": left + (x + 0.5) * scale, "y": top + (y + 0.5) * scale}


def shown(page, x, y):
    """The colour on the screen at a pixel of the picture."""
    script = """([x, y]) => {
      const canvas = document.getElementById("canvas");
      const pixel = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
      pixel.drawImage(canvas, -Math.floor(x * window.devicePixelRatio), -Math.floor(y * window.devicePixelRatio));
      return [...pixel.getImageData(0, 0, 1, 1).data.slice(0, 3)];
    }"""
    at = place(page, x, y)
    return page.evaluate(script, [at["x"], at["y"]])


def settled(page, version):
    page.wait_for_selector(f'#canvas[data-version="{version}"]')


def take_colour(page, color):
    page.fill("#hex", color)
    page.press("#hex", "Enter")
    page.evaluate("document.activeElement.blur()")


def document_of(page):
    return page.evaluate(
        "fetch('/api/project').then((one) => one.json())"
        ".then(({ pages }) => fetch(`/api/pages/${pages.at(-1).id}`)).then((one) => one.json())"
    )


def test_a_drawing_is_dropped_dotted_undone_and_the_command_line_makes_the_same(page, png, at_work):
    drop(page, "rooms.png", png)
    take_colour(page, RED)
    page.click("#canvas", position=place(page, 10, 20))
    assert page.evaluate("performance.getEntriesByName('region').length || new Promise(requestAnimationFrame)")
    settled(page, 1)
    assert shown(page, 30, 60) == [200, 10, 40]
    page.keyboard.press("z")
    settled(page, 2)
    assert shown(page, 30, 60) != [200, 10, 40]
    page.keyboard.press("y")
    settled(page, 3)
    assert shown(page, 30, 60) == [200, 10, 40]
    page.click("#mood-colour")
    settled(page, 4)
    page.reload()
    settled(page, 4)
    assert shown(page, 30, 60) == [200, 10, 40] and page.is_enabled("#undo")
    with page.expect_download() as download:
        page.click("#out-png")
    made = download.value.path().read_bytes()
    _, *words = shlex.split(page.text_content("#command"))
    assert "--mood" in words and "--hints" in words
    assert run([*words, "-q"]) == 0
    assert (at_work[1] / "by-hand" / "rooms.png").read_bytes() == made
    with page.expect_download() as download:
        page.click("#out-psd")
    psd_tools = pytest.importorskip("psd_tools")
    document = psd_tools.PSDImage.open(download.value.path())
    merged = np.asarray(document.topil().convert("RGB"))
    assert document[-1].name == "lines" and (merged == decode(made, "made")).all()


def tab_to(page, id):
    """Press Tab until an element has the keyboard."""
    for _ in range(200):
        if page.evaluate("document.activeElement.id") == id:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never comes to {id}")


def test_with_the_keyboard_alone(page, png, at_work):
    drop(page, "keys.png", png[:-12] + b"\x00\x00\x00\x05tEXtab\x00cd\x8a\x97\xb4\x96" + png[-12:])
    tab_to(page, "hex")
    page.keyboard.press("Control+a")
    page.keyboard.type(BLUE)
    page.keyboard.press("Enter")
    tab_to(page, "canvas")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    settled(page, 1)
    (mark,) = document_of(page)["hints"]
    assert mark["x"] > WALL + 3 and mark["color"] == BLUE
    tab_to(page, "out-png")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    made = decode(download.value.path().read_bytes(), "made")
    assert tuple(made[5, -5]) == (0x12, 0x34, 0x56)
    tab_to(page, "canvas")
    page.keyboard.press("e")
    page.keyboard.press("Enter")
    settled(page, 2)
    assert document_of(page)["hints"] == []


@pytest.mark.slow
def test_another_window_is_told_and_both_keep_their_marks(png, at_work):
    with opened(at_work[0], refused=1) as page:
        another_window(page, png)


def another_window(page, png):
    drop(page, "windows.png", png + b"\0")
    found = document_of(page)
    (one,) = [one["id"] for one in page.evaluate("fetch('/api/project').then((one) => one.json())")["pages"]][-1:]
    theirs = {"x": 80, "y": 40, "radius": 2, "color": BLUE}
    change = {"version": found["version"], "change": {"at": 0, "remove": 0, "add": [theirs]}}
    script = "([path, body]) => fetch(path, {method: 'POST', body}).then((one) => one.status)"
    assert page.evaluate(script, [f"/api/pages/{one}/changes", json.dumps(change)]) == 200
    take_colour(page, RED)
    page.click("#canvas", position=place(page, 10, 20))
    settled(page, 2)
    assert [mark["color"] for mark in document_of(page)["hints"]] == [BLUE, RED]
    assert "another window" in page.text_content("#status")


@pytest.mark.slow
def test_fingers_bring_it_nearer_a_tap_places_a_pen_too_and_beside_it_a_palm_does_nothing(at_work, png):
    with opened(at_work[0], has_touch=True) as page:
        drop(page, "touch.png", png + bytes(2))
        browser, box = page.context.new_cdp_session(page), page.locator("#canvas").bounding_box()

        def at(x, y):
            there = place(page, x, y)
            return {"x": box["x"] + there["x"], "y": box["y"] + there["y"]}

        def touch(kind, *points):
            fingers = [{**point, "id": number} for number, point in enumerate(points)]
            browser.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})

        def pen(kind, x, y):
            said = {"button": "left", "buttons": 1, "clickCount": 1, "pointerType": "pen"}
            browser.send("Input.dispatchMouseEvent", {"type": kind, **at(x, y), **said})

        def zoom():
            return float(page.text_content("#zoom").removesuffix(" %"))

        whole = zoom()
        touch("touchStart", at(20, 20))
        touch("touchStart", at(20, 20), at(30, 30))
        touch("touchMove", at(10, 10), at(40, 40))
        touch("touchEnd")
        assert zoom() > 1.5 * whole and document_of(page)["hints"] == []
        page.click("#whole")
        touch("touchStart", at(10, 20))
        touch("touchEnd")
        settled(page, 1)
        page.click("[data-tool=stroke]")
        pen("mousePressed", 60, 20)
        touch("touchStart", at(80, 60))
        touch("touchMove", at(90, 30))
        pen("mouseMoved", 70, 40)
        pen("mouseReleased", 70, 40)
        touch("touchEnd")
        settled(page, 2)
        touch("touchStart", at(20, 20))
        touch("touchMove", at(40, 40))
        touch("touchEnd")
        (dot, stroke) = document_of(page)["hints"]
        assert round(dot["x"]) == 10 and zoom() == whole
        assert [round(x) for x, _ in stroke["points"]] == [60, 70]


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(at_work, png, scheme):
    with opened(at_work[0], color_scheme=scheme) as page:
        if page.is_visible("#welcome"):
            assert faults(page) == []
            drop(page, "axe.png", png)
        settled_once = page.wait_for_selector("#canvas[data-version]")
        assert settled_once and faults(page) == []
        for room in ("runs", "health"):
            page.goto(f"{at_work[0].partition('/?')[0]}/{room}")
            page.wait_for_load_state("networkidle")
            assert faults(page) == []


@pytest.mark.slow
def test_a_pair_is_taken_out_and_a_box_dragged(tour, small_run, tmp_path):
    browser_path()
    pairs = tour / "pairs"
    with served(tmp_path / "out", small_run, "--pairs", pairs, "--crawl", tour / "crawl") as url, opened(url) as page:
        page.goto(f"{url.partition('/?')[0]}/pairs")
        page.wait_for_selector(".cell")
        page.keyboard.press("ArrowRight")
        chosen = page.get_attribute("[aria-selected=true].cell", "id").removeprefix("pair-")
        page.keyboard.press("x")
        page.wait_for_selector(".cell.out")
        page.wait_for_selector("#status:text-is('Taken out')")
        assert [json.loads(one)["id"] for one in (pairs / "excluded.jsonl").read_text().splitlines()] == [chosen]
        assert faults(page) == []
        page.click("#tab-pages")
        page.wait_for_selector("#page-list [aria-current]")
        page.wait_for_selector("text=/Box 1 of/")
        page.focus("#canvas")
        page.keyboard.press("Shift+ArrowDown")
        page.wait_for_selector("text=Kept in panels.jsonl")
        name = page.text_content("#page-list [aria-current]")
        (line,) = [json.loads(one) for one in (pairs / "panels.jsonl").read_text().splitlines()]
        assert name.startswith(line["input"]) and faults(page) == []
    (pairs / "excluded.jsonl").unlink()
    (pairs / "panels.jsonl").unlink()
