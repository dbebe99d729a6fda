"""A real studio and a real browser: Debian's Chromium, driven by Playwright; a test skips with the reason where one is
missing.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
AXE = Path(__file__).parent / "vendored" / "axe.min.js"
SLOW_MS = 60_000  # for machines that are busy with other tests


def browser_path():
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    return found or pytest.skip("no Chromium here: apt-get install chromium")


@contextmanager
def served(out, *arguments):
    """The address of `comicdata studio --out OUT`, which ends by itself when it is interrupted."""
    begin = "from comicdata.cli.main import main; main()"
    command = [sys.executable, "-c", begin, "studio", *map(str, arguments), "--out", str(out)]
    errors = (out.parent / "studio.err").open("wb")
    process = subprocess.Popen(
        [*command, "--no-browser", "--json"], stdout=subprocess.PIPE, stderr=errors, cwd=out.parent, env=os.environ
    )
    try:
        line = process.stdout.readline()
        assert line, (out.parent / "studio.err").read_text()
        yield json.loads(line)["url"]
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
        process.stdout.close()
        errors.close()
    assert process.returncode == 0, (out.parent / "studio.err").read_text()


@contextmanager
def opened(url, refused=0, **options):
    """A page of a browser inside the studio; no message on its console and no request to elsewhere is allowed, but for
    what the browser says of `refused` answers.
    """
    from playwright.sync_api import sync_playwright

    said, asked = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800}, **options)
        page.set_default_timeout(SLOW_MS)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(url)
        yield page
        browser.close()
    own = url.partition("/?")[0]
    conflicts = [one for one in said if "409 (Conflict)" in one]
    assert len(said) == len(conflicts) == refused and all(one.startswith((own, f"blob:{own}")) for one in asked), (
        said,
        asked,
    )


def faults(page):
    """What axe finds on a page that is serious or critical: the rule, and where."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run({resultTypes: ['violations']}).then((one) => one.violations)")
    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    return [(one["id"], [node["target"] for node in one["nodes"]][:3]) for one in serious]
