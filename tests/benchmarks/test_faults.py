"""The fault table, on a small part of its scenarios."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TABLE = Path(__file__).parents[2] / "benchmarks" / "faults"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("faults")
    done = subprocess.run([sys.executable, str(TABLE), str(out), "--fast"], cwd=out, capture_output=True)
    assert done.returncode in (0, 1), done.stderr.decode()
    document: dict[str, Any] = json.loads((out / "faults.json").read_bytes())
    return document


def test_the_fast_subset_reaches_over_the_kinds_and_says_how_to_play_a_red_row_alone(found: dict[str, Any]) -> None:
    assert found["tried"] >= 20
    assert all("--only" in row["again"] and row["outcomes"] for row in found["red"])


def test_the_fast_subset_has_no_red_row(found: dict[str, Any]) -> None:
    assert not found["red"], [row["name"] for row in found["red"]]
