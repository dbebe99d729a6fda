"""What holds for every test: several of them run at a time, so each takes one core; and how folders are compared."""

import os

from watching import Contents, differences

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported, and for the processes that tests start


def pytest_assertrepr_compare(op, left, right):
    """Which files differ, and where: the bytes of whole folders would bury it."""
    if op == "==" and isinstance(left, dict) and isinstance(right, dict) and Contents in (type(left), type(right)):
        return ["the same files", *differences(left, right)]
    return None
