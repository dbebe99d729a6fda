"""One seam: run(task, items) -> results, on a process pool or on Ray. A task is idempotent and writes its own files;
results are small values.
"""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, Literal, TypeVar

from comicdata.errors import ComicDataError, UsageError

Engine = Literal["pool", "ray"]
DIED = "the worker process died, and again when tried once more; out of memory?"

Item = TypeVar("Item")
Result = TypeVar("Result")


def run(
    task: Callable[[Item], Result],
    items: Sequence[Item],
    *,
    workers: int = 1,
    engine: Engine = "pool",
    address: str | None = None,
) -> Iterator[tuple[Item, Result | Exception]]:
    """Run `task` on every item; yields (item, result or the exception it raised) as they finish.

    One worker is this process. Of several each is a process, also for a single item, which may be the very one that
    killed its worker before: `task` and items must be picklable. When a worker dies, the items that were under way (at
    most twice `workers`) run again, each alone, so that only the item that kills its worker is lost; the others go on
    side by side. "ray" runs the same tasks on the cluster at `address`, whose machines
    must see the same folders, or on this machine.
    """
    if engine == "ray":
        yield from _run_ray(task, items, workers, address)
        return
    if workers <= 1:
        for item in items:
            yield item, _attempt(task, item)
        return
    waiting = deque(items)
    while waiting:
        suspects: list[Item] = []
        for item, outcome in _run_pool(task, waiting, workers):
            if isinstance(outcome, BrokenProcessPool):
                suspects.append(item)
            else:
                yield item, outcome
        for item in suspects:
            for _, outcome in _run_pool(task, deque([item]), 1):
                yield item, ComicDataError(DIED) if isinstance(outcome, BrokenProcessPool) else outcome


def _attempt(task: Callable[[Item], Result], item: Item) -> Result | Exception:
    try:
        return task(item)
    except Exception as error:
        return error


def _run_pool(
    task: Callable[[Item], Result], waiting: deque[Item], workers: int
) -> Iterator[tuple[Item, Result | Exception]]:
    """Take items from `waiting` until it is empty or a worker died; what was taken then is BrokenProcessPool."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(waiting)), context, _worker) as pool:
        under_way: dict[Future[Result], Item] = {}
        whole = True
        try:
            while under_way or (waiting and whole):
                whole = whole and _submit(pool, task, waiting, under_way, 2 * workers)
                for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                    error = future.exception()
                    if error is not None and not isinstance(error, Exception):
                        raise error
                    whole = whole and not isinstance(error, BrokenProcessPool)
                    yield under_way.pop(future), error if error is not None else future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _submit(
    pool: ProcessPoolExecutor,
    task: Callable[[Item], Result],
    waiting: deque[Item],
    under_way: dict[Future[Result], Item],
    most: int,
) -> bool:
    """Have `most` items under way; False when a worker died meanwhile."""
    try:
        with _interrupts_held():  # this is where the pool starts its workers
            while waiting and len(under_way) < most:
                under_way[pool.submit(task, waiting[0])] = waiting[0]
                waiting.popleft()
    except BrokenProcessPool:
        return False
    return True


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ctrl-C and SIGTERM wait until the end of the block, so that no worker is half started.

    A process started there hears of Ctrl-C only once it asks for it (`_worker`): while it loads its modules it would
    print where it was interrupted. The mask is for that; it holds nothing in this process, where another thread may
    take the signal.
    """
    held: list[int] = []
    in_main = threading.current_thread() is threading.main_thread()
    handlers = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)} if in_main else {}
    handlers = {one: handler for one, handler in handlers.items() if callable(handler)}
    for one in handlers:
        signal.signal(one, lambda number, _: held.append(number))
    masks = hasattr(signal, "pthread_sigmask")  # not on Windows
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if masks else set()
    try:
        yield
    finally:
        if masks:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        for one, handler in handlers.items():
            signal.signal(one, handler)
        for number in held[:1]:
            signal.raise_signal(number)


def _run_ray(
    task: Callable[[Item], Result], items: Sequence[Item], workers: int, address: str | None
) -> Iterator[tuple[Item, Result | Exception]]:
    """The items as plain Ray tasks, at most twice `workers` of them under way; one that kills its worker is tried once
    more.
    """
    try:
        import ray
    except ImportError as error:
        raise UsageError("--engine ray needs Ray; install it with: pip install 'comicdata[ray]'") from error
    own = not ray.is_initialized()
    if own:
        local: dict[str, Any] = {} if address else {"num_cpus": workers, "include_dashboard": False}
        ray.init(address=address, log_to_driver=False, logging_level="error", **local)
    remote = ray.remote(num_cpus=1, max_retries=1)(_attempt_alone)
    waiting = list(reversed(items))
    under_way: dict[Any, Item] = {}
    try:
        while waiting or under_way:
            while waiting and len(under_way) < 2 * workers:
                item = waiting.pop()
                under_way[remote.remote(task, item)] = item
            for reference in ray.wait(list(under_way))[0]:
                yield under_way.pop(reference), _outcome(ray, reference)
    finally:
        if own:
            ray.shutdown()


def _attempt_alone(task: Callable[[Item], Result], item: Item) -> Result | Exception:
    """One task in a worker of Ray."""
    _one_thread()
    return _attempt(task, item)


def _outcome(ray: Any, reference: Any) -> Any:
    """The result of a Ray task, or what became of its worker."""
    try:
        return ray.get(reference)
    except ray.exceptions.RayError as error:
        died = isinstance(error, (ray.exceptions.WorkerCrashedError, ray.exceptions.OutOfMemoryError))
        return ComicDataError(DIED if died else f"Ray: {str(error).splitlines()[0]}")


def _worker() -> None:
    """A worker of the pool ends with the process that started it, however that one dies; at Ctrl-C it ends at once and
    says nothing, as it writes nothing that a kill would spoil.
    """
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # as under nohup
        signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    _one_thread()


def _one_thread() -> None:
    """Workers share the cores among themselves: no threads inside one."""
    import cv2

    cv2.setNumThreads(1)
