"""A web site on the loopback address, made of a dict, and a fetcher that does not wait for it."""

import contextlib
import http.server
import threading
import time
from contextlib import contextmanager

from comicdata.crawl.fetch import Fetcher, FetchLimits


@contextmanager
def served(site):
    """Serve a dict of path -> bytes, or path -> (status, headers, bytes), or a list of those, one per request.

    A body may be an iterator of parts; then no length is sent. A function is called with the handler and answers on
    its own. Yields (base address, list of (path, headers) seen).
    """
    seen = []
    lock = threading.Lock()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            with lock:
                seen.append((self.path, dict(self.headers)))
                answer = site.get(self.path, (404, {}, b""))
                if isinstance(answer, list):
                    answer = answer.pop(0) if len(answer) > 1 else answer[0]
            if callable(answer):
                with contextlib.suppress(OSError):
                    answer(self)
                return
            status, headers, body = answer if isinstance(answer, tuple) else (200, {}, answer)
            self.send_response(status)
            length = {"Content-Length": str(len(body))} if isinstance(body, bytes) else {}
            for name, value in {**length, **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            with contextlib.suppress(OSError):  # a client that goes away is what some tests are about
                for part in [body] if isinstance(body, bytes) else body:
                    self.wfile.write(part)

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", seen
        finally:
            server.shutdown()


def fetcher_for(base, sleeps=None, **limits):
    """A fetcher whose waits take no time: they move its clock, and land in `sleeps`."""
    waits, skipped = sleeps if sleeps is not None else [], [0.0]

    def sleep(seconds):
        waits.append(seconds)
        skipped[0] += seconds

    return Fetcher(
        [base.removeprefix("http://")],
        FetchLimits(**limits),
        sleep=sleep,
        clock=lambda: time.monotonic() + skipped[0],
    )
