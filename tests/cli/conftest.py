"""What several commands are tried on: the tour of a comic, its pairs and a run of two steps."""

import os
import shutil
from pathlib import Path

import pytest
from filelock import FileLock

from comicdata.cli.main import run


@pytest.fixture(scope="session")
def first_tour(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole road in seconds, made once by whichever process of the tests is first; nobody writes into it."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    out = shared / "tour"
    with FileLock(shared / "tour.lock"):
        if not (out / "report.html").is_file():  # its last file
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("comicdata.cli.demo.MEASURED", 2)  # windows: enough for every row of a report
                assert run(["demo", "--out", str(out), "--episodes", "4", "--images", "16", "-q"]) == 0
    return out


@pytest.fixture(scope="module")
def tour(first_tour: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tour of the module's own."""
    return shutil.copytree(first_tour, tmp_path_factory.mktemp("copy") / "tour")
