"""The door for library users: cheap to open, and every name that it offers is there."""

import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import comicdata
import comicdata.flats
import comicdata.models
import comicdata.pairs

DOORS = [comicdata, comicdata.flats, comicdata.models, comicdata.pairs]
ROAD = Path(__file__).parents[1] / "docs" / "python.md"


def isolated(code, place):
    subprocess.run([sys.executable, "-c", code], check=True, cwd=place)


def test_the_door_costs_nothing_until_somebody_walks_through(tmp_path):
    code = (
        "import sys\nimport comicdata, comicdata.models, comicdata.pairs\n"
        "heavy = {'torch', 'cv2', 'pandas', 'numpy', 'pyarrow', 'PIL', 'requests', 'scipy', 'skimage'}\n"
        "def loaded(): return heavy & set(sys.modules)\n"
        "dir(comicdata), comicdata.errors.ComicDataError, comicdata.records.PairOptions()\n"
        "assert not loaded(), loaded()\n"
        "comicdata.canny_black\n"
        "assert 'cv2' in loaded() and not loaded() & {'torch', 'pandas', 'requests'}, loaded()\n"
        "comicdata.models.load_colorizer\n"
        "assert 'torch' in loaded() and 'requests' not in loaded()\n"
        "import torch\n"
        "from comicdata.models.runs.settings import MODELS\n"
        "with torch.device('meta'):  # as where a run is looked at before it is loaded\n"
        "    networks = [stage.networks['small'].build() for stages in MODELS.values() for stage in stages.values()]\n"
        "assert len(networks) > 5 and 'torch._dynamo' not in sys.modules  # its import takes longer than all else"
    )
    isolated(code, tmp_path)


def test_rooms_are_reached_through_the_package_alone(tmp_path):
    code = (
        "import comicdata\n"
        "for found in (comicdata.crawl.crawl, comicdata.models.train.train, comicdata.models.evaluate.evaluate,\n"
        "              comicdata.panels.find_panels, comicdata.exports.export):\n"
        "    assert callable(found)\n"
        "assert comicdata.crawl.crawl is comicdata.crawl.crawl and comicdata.crawl.__name__ == 'comicdata.crawl'"
    )
    isolated(code, tmp_path)


@pytest.mark.parametrize("package", DOORS, ids=lambda one: one.__name__)
def test_every_name_is_there_and_none_is_a_room(package):
    modules = {one.name for one in pkgutil.iter_modules(package.__path__)}
    for name in package.__all__:
        assert name not in modules, f"{name}: the function once, and the module ever after"
        assert callable(getattr(package, name))
    for name in set(dir(package)) - set(package.__all__) - {"__doc__", "__file__", "__name__", "__path__"}:
        assert getattr(package, name) is importlib.import_module(f"{package.__name__}.{name}")
    assert set(package.__all__) <= set(dir(package))


@pytest.mark.parametrize("package", DOORS, ids=lambda one: one.__name__)
def test_what_is_not_offered_is_an_attribute_error(package):
    with pytest.raises(AttributeError, match=rf"module '{package.__name__}' has no attribute 'find_pannels'"):
        _ = package.find_pannels
    with pytest.raises(ImportError):
        exec(f"from {package.__name__} import find_pannels")


def test_errors_are_of_one_tree(tmp_path):
    for call in (
        lambda: comicdata.make_pairs(tmp_path, tmp_path / "pairs"),
        lambda: comicdata.read_manifest(tmp_path / "none"),
        lambda: comicdata.make_pairs(str(tmp_path), str(tmp_path / "pairs")),
        lambda: comicdata.models.load_colorizer(tmp_path / "none"),
        lambda: comicdata.models.load_colorizer(str(tmp_path / "none")),
        lambda: comicdata.crawl.open_sources(str(tmp_path / "none")),
        lambda: comicdata.models.train.resolve_config("no-model", "small"),
    ):
        with pytest.raises(comicdata.errors.ComicDataError) as caught:
            call()
        assert "\n" not in str(caught.value)


def test_the_road_of_the_page(tmp_path, monkeypatch, capfd):
    """docs/python.md, block by block, and a second time: nothing is done twice, and nobody prints but the page."""
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", ROAD.read_text(), re.S)
    for again in (False, True):
        names = {}
        for block in blocks:
            exec(compile(block, str(ROAD), "exec"), names)
        printed, aside = capfd.readouterr()
        lines = printed.splitlines()
        assert [line.split()[0] for line in lines[:4]] == ["3", "e1", "e2", "e3"] and aside == ""
        assert ("2 of 4 images, l1 " in printed) is not again
        assert names["new"] is not again
        assert lines[-3] == f"{names['episode'].strip.shape} uint8"
        assert lines[-2].endswith(f" regions, 1 of them hinted {names['episode'].strip.shape}")
        assert lines[-1].startswith("UsageError out/python/no-run: ")
    rows = names["rows"]
    assert set(rows[rows.kept].split) == {"train", "test"} and len(rows) >= 9
    assert (names["colored"] != 255).any()
