"""The run that ships is found by its name, unless something here is called so, and takes references."""

from pathlib import Path

import pytest

from comicdata.models.colorize import load_colorizer
from comicdata.models.runs.ready import WEIGHTS, find_run


def test_a_name_finds_it_and_what_is_here_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_run(Path("casts")) == WEIGHTS
    for other in (Path("other"), Path("a/casts"), tmp_path / "casts"):
        assert find_run(other) == other
    (tmp_path / "casts").mkdir()
    assert find_run(Path("casts")) == Path("casts")


def test_it_takes_references() -> None:
    colorizer = load_colorizer(WEIGHTS, "cpu")
    assert {"references", "memory", "hints"} <= colorizer.heeds and colorizer.size == 256
