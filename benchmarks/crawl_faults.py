"""The fault table of the crawler: what the web does to it, and what comes of it.

    python benchmarks/crawl_faults.py [--all]

Prints the sums of every kind, with --all a row for every fault; the faults are those of tests/faults.py.
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from faults import KINDS, suffer


def main():
    rows = {}
    with tempfile.TemporaryDirectory() as place:
        for kind, faults in KINDS.items():
            rows[kind] = [(fault, suffer(fault, Path(place) / kind / fault.name.replace("/", "-"))) for fault in faults]
    everything = [row for found in rows.values() for row in found]
    if "--all" in sys.argv:
        print("| fault | has to be | came out | pictures stored |\n|---|---|---|---|")
        for fault, outcome in everything:
            stored = ", ".join(map(str, outcome.stored)) or "none"
            print(f"| {fault.name} | {fault.status} | {outcome.status} | {stored} |")
        print()
    print("| kind of fault | tried | survived | silently wrong | hung |\n|---|---|---|---|---|")
    for kind, found in [*rows.items(), ("all", everything)]:
        counts = [sum(getattr(outcome, name) for _, outcome in found) for name in ("survived", "silent", "hung")]
        print(f"| {kind} | {len(found)} | {' | '.join(map(str, counts))} |")
    return 0 if counts[0] == len(found) else 1


if __name__ == "__main__":
    sys.exit(main())
