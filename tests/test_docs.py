"""What the pages in docs/ name exists, and the help in them is what the program prints."""

import importlib.util
import re
from pathlib import Path
from typing import get_args

import pytest

from comicdata.cli.front import COMMANDS
from comicdata.cli.main import LazyGroup
from comicdata.records import Status

VERBS = ("carries", "coloured", "does", "looks", "reads")  # that follow the name in a sentence
ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md"))
MADE = "commands.md"


def options_of_all_commands():
    group = LazyGroup("comicdata")
    commands = [group.get_command(None, name) for name in COMMANDS]
    parameters = [parameter for command in commands for parameter in command.params]
    return {option for one in parameters for option in (*one.opts, *one.secondary_opts)}


def test_the_page_of_commands_is_what_the_program_prints(monkeypatch):
    spec = importlib.util.spec_from_file_location("commands", ROOT / "docs" / "commands.py")
    commands = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(commands)
    monkeypatch.setenv("COLUMNS", "80")
    page = commands.page()
    assert (ROOT / "docs" / MADE).read_text(encoding="utf-8") == page, "run: make docs"
    assert re.findall(r"^## (.+)$", page, re.M) == ["comicdata", *COMMANDS]
    for name in COMMANDS:
        assert f"## {name}\n\n```\nUsage: comicdata {name} [OPTIONS]" in page


def test_readme_shows_every_command_and_its_help():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"docs/commands\.md#([a-z-]+)", text)) == set(COMMANDS)


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != MADE], ids=lambda page: page.name)
def test_options_commands_and_statuses_exist(page):
    text = page.read_text()
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) <= options_of_all_commands()
    assert set(re.findall(r"comicdata ([a-z-]+) ", text)) - {"crawl"} <= {*COMMANDS, *VERBS}
    assert set(re.findall(r"`(skipped_[a-z]+)`", text)) <= set(get_args(Status))


def test_links_lead_somewhere():
    for page in [*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md"]:
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            assert link.startswith("https://") or (page.parent / link).exists(), f"{page.name}: {link}"
