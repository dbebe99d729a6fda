"""The desk where the heavy work is done: one job at a time, so that one core and one network suffice."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import TypeVar

from comicdata.errors import ComicDataError

T = TypeVar("T")


class SupersededError(ComicDataError):
    """A newer job of the same kind came before this one began."""


class Desk:
    """Jobs in the order they come; one that waits is dropped as soon as a newer one of its kind comes."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "studio")
        self._newest: dict[str, int] = {}
        self._numbers = count()

    async def do(self, job: Callable[[], T], kind: str = "") -> T:
        """What `job` returns; SupersededError where it was not begun. Jobs without a kind are all done."""
        number = next(self._numbers)
        if kind:
            self._newest[kind] = number

        def newest() -> T:
            if kind and self._newest.get(kind) != number:
                raise SupersededError("a newer change came")
            return job()

        return await asyncio.get_running_loop().run_in_executor(self._thread, newest)
