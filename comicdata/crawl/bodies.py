"""The bodies of answers: bounded in size, never slower than they may be, and never taken for whole when cut short."""

import threading
import time

import requests
from urllib3.exceptions import HTTPError

from comicdata.crawl.headers import check_framed, digits, encoding_of, headers_of
from comicdata.crawl.unpack import unpacked
from comicdata.errors import NetworkError

SLOW_AFTER_S = 20.0
BLOCK = 262_144
MOST_PAGE_BYTES = 10_000_000  # of what is no picture: its parser takes seconds a megabyte


class TransientError(Exception):
    """A fault worth another try; `wait_s` is what the server asked for, where it did."""

    def __init__(self, reason: str, wait_s: float | None = None, code: int = 0) -> None:
        super().__init__(reason)
        self.wait_s = wait_s
        self.code = code


class Bodies:
    """Reads bodies, from any number of threads: at most `max_bytes`, after SLOW_AFTER_S at `min_rate` bytes per second;
    `byte_count` is what came, as it was sent.
    """

    def __init__(self, max_bytes: int, min_rate: float) -> None:
        self.byte_count = 0
        self._max_bytes = max_bytes
        self._min_rate = min_rate
        self._lock = threading.Lock()

    def whole(self, response: requests.Response, url: str, *, picture: bool) -> bytes:
        """All of a body, within the size limit, and as long as Content-Length promised (which counts encoded bytes)."""
        check_framed(response)
        most = self._max_bytes if picture else min(self._max_bytes, MOST_PAGE_BYTES)
        promised = digits(headers_of(response).get("content-length", ""))
        if promised is None or promised <= most:
            body = self._first(response, most + 1)
        if (promised or 0) > most or len(body) > most:
            raise NetworkError(f"{url}: larger than {most / 1e6:g} MB; nothing of it is kept")
        if promised is not None and promised != len(body):
            raise TransientError(f"{len(body)} of {promised} bytes came")
        whole, body = unpacked(body, encoding_of(response), most + 1)
        if len(body) > most:
            raise NetworkError(f"{url}: larger than {most / 1e6:g} MB, unpacked; nothing of it is kept")
        if not whole:
            raise TransientError(f"the {encoding_of(response)} body is cut short or damaged")
        return body

    def beginning(self, response: requests.Response, most: int) -> bytes:
        """At most the first `most` bytes of a body, all of it where it is shorter."""
        packed = self._first(response, most)
        promised = digits(headers_of(response).get("content-length", ""))
        whole, body = unpacked(packed, encoding_of(response), most)
        if len(packed) < min(promised or 0, most) or (not whole and len(packed) < most and len(body) < most):
            raise TransientError("the body is cut short or damaged")
        return body

    def _first(self, response: requests.Response, most: int) -> bytes:
        """The first `most` bytes of a body as it is sent; what is behind them stays unread."""
        parts: list[bytes] = []
        size = 0
        start = time.monotonic()
        try:
            while part := response.raw.read1(BLOCK, decode_content=False):
                parts.append(part)
                size += len(part)
                elapsed = time.monotonic() - start
                if size >= most:
                    break
                if elapsed > SLOW_AFTER_S and size < elapsed * self._min_rate:
                    raise TransientError(f"only {size} bytes in {elapsed:.0f} s")
        except (HTTPError, OSError, ValueError) as error:  # ValueError: the socket was closed under the reader
            raise TransientError(f"the body broke off ({type(error).__name__})") from error
        finally:
            with self._lock:
                self.byte_count += size
        return b"".join(parts)[:most]
