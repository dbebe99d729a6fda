"""The check for a GPU goes through on a CPU, so that it works on the day there is one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "gpu_check.py"


@pytest.mark.slow
def test_the_gpu_check_itself_works_on_a_cpu(tmp_path: Path) -> None:
    env = {**os.environ, "TINY": "1", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run([sys.executable, str(SCRIPT), str(tmp_path)], env=env, cwd=tmp_path, capture_output=True)
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    found = json.loads((tmp_path / "gpu-check.json").read_bytes())
    assert found["tiny"] and not any(row["failed"] for row in found["rows"])
    checks = [row["check"] for row in found["rows"]]
    assert set(checks) >= {"equality", "loader", "sampling", "resume", "step", "auto-painter"}
    assert checks.count("equality") == 9  # eight networks, and the time it took
    assert "| step | 256 px, batch 1: ours |" in (tmp_path / "gpu-check.md").read_text()
    assert "auto-painter" in (tmp_path / "auto-painter.html").read_text()
