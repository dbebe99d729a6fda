"""Studios to try things on."""

import pytest
from small_runs import COLORS, drawing, save_run
from studios import open_studio

from comicdata.images import encode_png

pytest.importorskip("starlette", reason="the extra `studio` is missing")


@pytest.fixture(scope="session")
def small_run(tmp_path_factory):
    return save_run(tmp_path_factory.mktemp("runs") / "small", width=8, colors=len(COLORS))


@pytest.fixture
def studio(tmp_path, small_run):
    return open_studio(tmp_path / "studio", small_run)


@pytest.fixture
def flats_studio(tmp_path):
    return open_studio(tmp_path / "studio")


@pytest.fixture
def png():
    return encode_png(drawing())
