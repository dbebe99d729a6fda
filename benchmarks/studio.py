"""How soon a change is on screen in the studio: a drawing of 1000 x 1400 pixels, dots placed by a browser.

    .venv/bin/python benchmarks/studio.py RUN

Needs Playwright and Chromium. Prints, for each style, from the event to painted pixels: the region under the dot, and
the whole panel; in milliseconds on the clock, and of processor time: the server on one core, and the page.
"""

import json
import os
import signal
import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

from comicdata.drawn import draw_episode
from comicdata.files import write_atomic
from comicdata.images import encode_png, resize
from comicdata.outlines import canny_black

WIDTH, HEIGHT, DOTS = 1000, 1400, 12
CHROMIUM = "/usr/bin/chromium"
BEGIN = "from comicdata.cli.main import main; main()"


def drawing() -> bytes:
    """Line art of a drawn panel, at that size."""
    panel = draw_episode(42, 3, width=1000, panels=1)
    box = panel.panels[0].box
    return encode_png(canny_black(resize(panel.strip[box.y0 : box.y1, box.x0 : box.x1], WIDTH, HEIGHT)))


def processor_ms(process: int) -> float:
    """Of a process so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(page, session, server: int, style: str) -> None:
    """Place dots, and print what each took."""
    page.check(f"[name=style][value={style}]", force=True)
    page.wait_for_function("document.querySelector('#busy').hidden")
    page.wait_for_timeout(1500)
    box = page.locator("#canvas").bounding_box()
    assert box is not None
    took: dict[str, list[float]] = {"region": [], "panel": [], "server": [], "page": []}
    for number in range(DOTS):
        page.evaluate("performance.clearMeasures()")
        page.fill("#hex", f"#{(number * 40) % 256:02x}6080")
        page.press("#hex", "Enter")
        before = processor_ms(server), task_ms(session)
        across, down = 0.42 + 0.02 * (number % 4), 0.15 + 0.2 * (number // 4)
        page.mouse.click(box["x"] + box["width"] * across, box["y"] + box["height"] * down)
        page.wait_for_function("performance.getEntriesByName('panel').length")
        took["server"].append(processor_ms(server) - before[0])
        took["page"].append(task_ms(session) - before[1])
        for name in ("region", "panel"):
            took[name].append(page.evaluate(f"performance.getEntriesByName('{name}')[0].duration"))
    print(style, {name: f"{statistics.median(values):.0f} ({max(values):.0f})" for name, values in took.items()})


def task_ms(session) -> float:
    """Processor time of the page's main thread so far."""
    metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    return 1000 * float(metrics["TaskDuration"])


def main(run: str) -> None:
    with TemporaryDirectory() as folder:
        picture = Path(folder) / "panel.png"
        write_atomic(picture, drawing())
        words = ["studio", run, "--open", str(picture), "--out", str(Path(folder) / "out"), "--no-browser", "--json"]
        server = subprocess.Popen(
            [sys.executable, "-c", BEGIN, *words], stdout=subprocess.PIPE, env={**os.environ, "OMP_NUM_THREADS": "1"}
        )
        assert server.stdout is not None
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1440, "height": 1000}, bypass_csp=True)
            page.set_default_timeout(120_000)
            session = page.context.new_cdp_session(page)
            session.send("Performance.enable", {"timeDomain": "threadTicks"})
            page.goto(json.loads(server.stdout.readline())["url"])
            page.wait_for_selector("#canvas[data-version]")
            page.evaluate("document.querySelector('#single').click()")
            page.wait_for_selector("#canvas[data-version='1']")
            for style in ("flats", "soft"):
                measure(page, session, server.pid, style)
            browser.close()
        server.send_signal(signal.SIGINT)
        server.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
