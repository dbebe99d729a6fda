"""Every fault of the table: it is survived, nothing wrong is stored, nothing hangs."""

import pytest
from faults import FAULTS, suffer


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault(fault, tmp_path):
    outcome = suffer(fault, tmp_path)
    assert not outcome.hung and not outcome.silent
    assert (outcome.status, outcome.stored) == (fault.status, fault.stored)
