"""What several commands are tried on: the tour of a comic, its pairs and a run of two steps."""

import shutil
from pathlib import Path

import pytest

from comicdata.cli.main import run


@pytest.fixture(scope="session")
def first_tour(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole road in seconds, made once."""
    out = tmp_path_factory.mktemp("tour")
    assert run(["demo", "--out", str(out), "--episodes", "4", "--images", "16", "-q"]) == 0
    return out


@pytest.fixture(scope="module")
def tour(first_tour: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tour of the module's own."""
    return shutil.copytree(first_tour, tmp_path_factory.mktemp("copy") / "tour")
