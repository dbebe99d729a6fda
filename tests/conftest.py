"""What holds for every test: it takes one core, as several run at a time, and waits for no disk; how folders differ."""

import os

import pytest
from watching import Contents, differences

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported, and for the processes that tests start


@pytest.fixture(autouse=True, scope="session")
def no_waiting_for_the_disk():
    """What a test writes has to outlive its process, not a power cut; tests/test_files.py has what is pushed when."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        patch.setattr(os, "sync", lambda: None)
        yield


def pytest_assertrepr_compare(op, left, right):
    """Which files differ, and where: the bytes of whole folders would bury it."""
    if op == "==" and isinstance(left, dict) and isinstance(right, dict) and Contents in (type(left), type(right)):
        return ["the same files", *differences(left, right)]
    return None
