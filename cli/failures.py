"""What fails for a picture of a command: a line to people, a row of OUT/failures.jsonl, status 3; the rest is done."""

from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from comicdata.cli.front import Front
from comicdata.errors import ComicDataError, PartialError
from comicdata.files import jsonl_bytes
from comicdata.records import Failure

FAILURES = "failures.jsonl"


class Failures:
    """The failures of one command, whose name is `stage`. `items`: what it tries, where others may share the folder:
    the rows of what they tried stay.
    """

    def __init__(self, front: Front, outputs: Any, stage: str, items: Collection[str] | None = None) -> None:
        self._front = front
        self._items = items
        self._outputs = outputs
        self._stage = stage
        self._found: list[Failure] = []

    def add(self, item: str, error: ComicDataError) -> None:
        self._front.warn(f"failed: {error}")
        self._front.status = 3
        self._found.append(Failure(self._stage, item, str(error), type(error).__name__))

    @property
    def found(self) -> list[Failure]:
        return [*self._found]

    def finish(self) -> None:
        """Write failures.jsonl, or take it away when nothing failed any more."""
        from comicdata.outputs.rows import SharedRows

        rows = [asdict(one) for one in self._found]
        try:
            if self._items is not None:
                SharedRows(self._outputs, FAILURES, "item").change(rows, self._items)
            elif rows:
                self._outputs.write(FAILURES, jsonl_bytes(rows))
            else:
                self._outputs.remove(FAILURES)
        except PartialError as error:
            self.add(FAILURES, error)
