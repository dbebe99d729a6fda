"""How long a try may take, however busily a server drips: one thread cuts the connections of those over their time."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from comicdata.crawl.connections import GuardedAdapter


@dataclass(eq=False)
class Watched:
    """One try: the connections that are its own, when it must be done, whether it was not."""

    transport: GuardedAdapter
    due: float
    passed: bool = False


class Watch:
    """One thread that cuts the connections of all tries that are over their time."""

    STEP_S = 0.1

    def __init__(self) -> None:
        self._watched: set[Watched] = set()
        self._lock = threading.Lock()
        self._running = False

    @contextmanager
    def over(self, transport: GuardedAdapter, seconds: float) -> Iterator[Watched]:
        """Watch one try for the length of a with-block."""
        watched = Watched(transport, time.monotonic() + seconds)
        with self._lock:
            self._watched.add(watched)
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, daemon=True).start()
        try:
            yield watched
        finally:
            with self._lock:
                self._watched.discard(watched)

    def _run(self) -> None:
        """Look at all tries from time to time; end when there is none."""
        while True:
            time.sleep(self.STEP_S)
            with self._lock:
                if not self._watched:
                    self._running = False
                    return
                late = [one for one in self._watched if one.due < time.monotonic()]
            for one in late:
                one.passed = True
                one.transport.cut()
