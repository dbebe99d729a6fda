"""The process pool loses nothing but the item that kills its worker."""

import pytest

from comicdata.engines import run

# `eval` is the task: workers start afresh and must be able to import it.


@pytest.mark.parametrize("workers", [1, 2])
def test_results_and_exceptions_come_back_with_their_items(workers):
    outcomes = dict(run(eval, ["1 + 1", "1 / 0", "'b' * 2"], workers=workers))
    assert outcomes["1 + 1"] == 2 and outcomes["'b' * 2"] == "bb"
    assert isinstance(outcomes["1 / 0"], ZeroDivisionError)


def test_a_dying_worker_takes_only_its_own_item_along():
    killer = "__import__('os')._exit(9)"
    outcomes = dict(run(eval, ["1", killer, "2", "3"], workers=2))
    assert {key: value for key, value in outcomes.items() if key != killer} == {"1": 1, "2": 2, "3": 3}
    assert "worker process died" in str(outcomes[killer])
