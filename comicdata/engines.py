"""One seam: run(task, items) -> results. A task is idempotent and writes its own files; results are small values."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from comicdata.errors import ComicDataError

Item = TypeVar("Item")
Result = TypeVar("Result")


def run(
    task: Callable[[Item], Result], items: Sequence[Item], *, workers: int = 1
) -> Iterator[tuple[Item, Result | Exception]]:
    """Run `task` on every item; yields (item, result or the exception it raised) as they finish.

    One worker runs in this process. With more, `task` and items must be picklable; when a worker dies, the items that
    were under way run again alone, so that only the item that kills its worker is lost.
    """
    if workers <= 1 or len(items) <= 1:
        for item in items:
            yield item, _attempt(task, item)
        return
    suspects: list[Item] = []
    for item, outcome in _run_pool(task, items, workers):
        if isinstance(outcome, BrokenProcessPool):
            suspects.append(item)
        else:
            yield item, outcome
    for item in suspects:
        for _, outcome in _run_pool(task, [item], 1):
            died = isinstance(outcome, BrokenProcessPool)
            yield item, ComicDataError("the worker process died; out of memory?") if died else outcome


def _attempt(task: Callable[[Item], Result], item: Item) -> Result | Exception:
    try:
        return task(item)
    except Exception as error:
        return error


def _run_pool(
    task: Callable[[Item], Result], items: Sequence[Item], workers: int
) -> Iterator[tuple[Item, Result | Exception]]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(items)), context, _one_thread) as pool:
        futures: dict[Future[Result], Item] = {pool.submit(task, item): item for item in items}
        try:
            for future in as_completed(futures):
                error = future.exception()
                if error is not None and not isinstance(error, Exception):
                    raise error
                yield futures[future], error if error is not None else future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _one_thread() -> None:
    """Workers share the cores among themselves: no threads inside one."""
    import cv2

    cv2.setNumThreads(1)
