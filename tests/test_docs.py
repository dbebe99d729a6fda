"""What the pages in docs/ name exists."""

import re
from pathlib import Path
from typing import get_args

import pytest

from comicdata.cli.front import COMMANDS
from comicdata.cli.main import LazyGroup
from comicdata.records import Status

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md"))


def options_of_all_commands():
    group = LazyGroup("comicdata")
    commands = [group.get_command(None, name) for name in COMMANDS]
    parameters = [parameter for command in commands for parameter in command.params]
    return {option for one in parameters for option in (*one.opts, *one.secondary_opts)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_options_commands_and_statuses_exist(page):
    text = page.read_text()
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) <= options_of_all_commands()
    assert set(re.findall(r"comicdata ([a-z-]+) ", text)) - {"crawl"} <= {*COMMANDS, "carries", "does", "reads"}
    assert set(re.findall(r"`(skipped_[a-z]+)`", text)) <= set(get_args(Status))


def test_links_lead_somewhere():
    for page in [*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md"]:
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            assert link.startswith("https://") or (page.parent / link).exists(), f"{page.name}: {link}"
