"""The package: the wheel holds exactly the tree, versions keep their floors, the documents match the program."""

import importlib.metadata
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from comicdata.cli.doctor import FLOORS, installed_version

ROOT = Path(__file__).parents[1]
FOLDERS = {"comicdata": "comicdata", "models": "comicdata/models", "cli": "comicdata/cli"}


def expected_files():
    files = {"comicdata/py.typed", "comicdata/recipes/__init__.py"}
    files |= {f"comicdata/flats/{name}.npz" for name in ("judges", "balloons")}
    studio = ROOT / "cli" / "studio"
    folders = [studio / name for name in ("templates", "static", "texts")]
    files |= {f"comicdata/cli/{path.relative_to(ROOT / 'cli').as_posix()}" for one in folders for path in one.iterdir()}
    for folder, place in FOLDERS.items():
        files |= {f"{place}/{path.relative_to(ROOT / folder).as_posix()}" for path in (ROOT / folder).rglob("*.py")}
    return files | {f"comicdata/recipes/{path.name}" for path in (ROOT / "manifests").glob("*.toml")}


def test_the_wheel_is_the_tree(tmp_path):
    copy = tmp_path / "copy"
    tracked = [*FOLDERS, "manifests", "pyproject.toml", "README.md", "LICENSE"]
    copy.mkdir()
    subprocess.run(["cp", "-r", *[str(ROOT / name) for name in tracked], str(copy)], check=True)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(copy)]
    subprocess.run(build, check=True, capture_output=True, cwd=tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name and "__pycache__" not in name}
    assert names == expected_files()


@pytest.mark.parametrize("name", FLOORS)
def test_security_floors(name):
    assert installed_version(name) >= FLOORS[name]


def test_constraints_pin_every_dependency():
    pins = {line.split("==")[0].lower() for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for requirement in [*project["dependencies"], *project["optional-dependencies"]["dev"]]:
        assert re.split(r"[<>=]", requirement)[0].lower() in pins, requirement
    assert "torch==2.13.0" in (ROOT / "constraints.txt").read_text().splitlines()


def test_the_program_says_the_version_of_the_package():
    from comicdata import __version__

    assert importlib.metadata.version("comicdata") == __version__


def test_the_hook_of_pre_commit_is_make_lint_and_downloads_nothing():
    place = str(ROOT / ".pre-commit-config.yaml")
    subprocess.run([sys.executable, "-m", "pre_commit", "validate-config", place], check=True, capture_output=True)
    text = Path(place).read_text()
    assert re.findall(r"repo: (.+)", text) == ["local"] and re.findall(r"language: (.+)", text) == ["system"]
    assert re.findall(r"entry: (.+)", text) == ["make lint"]
