"""The fault table of the crawler: what the web does to it, and what comes of it.

    python benchmarks/crawl_faults.py

Prints one row per kind of fault and the sums; the faults are those of tests/faults.py.
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from faults import FAULTS, suffer


def main():
    outcomes = []
    with tempfile.TemporaryDirectory() as place:
        for number, fault in enumerate(FAULTS):
            outcomes.append(suffer(fault, Path(place) / str(number)))
    print("| fault | has to be | came out | pictures stored | survived |\n|---|---|---|---|---|")
    for fault, outcome in zip(FAULTS, outcomes, strict=True):
        verdict = "yes" if outcome.survived else "no"
        verdict = "silently wrong" if outcome.silent else "hung" if outcome.hung else verdict
        stored = ", ".join(map(str, outcome.stored)) or "none"
        print(f"| {fault.name} | {fault.status} | {outcome.status} | {stored} | {verdict} |")
    counts = [sum(getattr(one, name) for one in outcomes) for name in ("survived", "silent", "hung")]
    print(f"\ntried {len(outcomes)}, survived {counts[0]}, silently wrong {counts[1]}, hung {counts[2]}")
    return 0 if counts[0] == len(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
