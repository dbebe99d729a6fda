"""The desk where the heavy work is done: one job at a time, so that one core and one network suffice."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import TypeVar

from comicdata.errors import ComicDataError

T = TypeVar("T")


class SupersededError(ComicDataError):
    """A newer job of the same kind came before this one was done."""


class Desk:
    """Jobs in the order they come; one is given up as soon as a newer one of its kind comes."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "studio")
        self._newest: dict[str, int] = {}
        self._numbers = count()
        self._under_way = "", 0  # its kind and number

    async def do(self, job: Callable[[], T], kind: str = "") -> T:
        """What `job` returns; SupersededError where it was given up. Jobs without a kind are all done."""
        number = next(self._numbers)
        if kind:
            self._newest[kind] = number

        def newest() -> T:
            self._under_way = kind, number
            self.check()
            return job()

        return await asyncio.get_running_loop().run_in_executor(self._thread, newest)

    def check(self) -> None:
        """For the job under way, between its steps: SupersededError where a newer one of its kind came."""
        kind, number = self._under_way
        if kind and self._newest.get(kind) != number:
            raise SupersededError("a newer change came")
