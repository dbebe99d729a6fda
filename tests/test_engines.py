"""The process pool loses nothing but the item that kills its worker."""

import sys

import pytest

from comicdata.engines import run
from comicdata.errors import UsageError


def needs(engine):
    if engine == "ray":
        pytest.importorskip("ray")


def test_without_ray_the_cure_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError, match=r"pip install 'comicdata\[ray\]'"):
        list(run(eval, ["1"], engine="ray"))


# `eval` is the task: workers start afresh and must be able to import it.


@pytest.mark.parametrize(("engine", "workers"), [("pool", 1), ("pool", 2), ("ray", 2)])
def test_results_and_exceptions_come_back_with_their_items(engine, workers):
    needs(engine)
    outcomes = dict(run(eval, ["1 + 1", "1 / 0", "'b' * 2"], workers=workers, engine=engine))
    assert outcomes["1 + 1"] == 2 and outcomes["'b' * 2"] == "bb"
    assert isinstance(outcomes["1 / 0"], ZeroDivisionError)


@pytest.mark.parametrize("engine", ["pool", "ray"])
def test_a_dying_worker_takes_only_its_own_item_along(engine):
    needs(engine)
    killer = "__import__('os')._exit(9)"
    outcomes = dict(run(eval, ["1", killer, "2", "3"], workers=2, engine=engine))
    assert {key: value for key, value in outcomes.items() if key != killer} == {"1": 1, "2": 2, "3": 3}
    assert "worker process died" in str(outcomes[killer])
