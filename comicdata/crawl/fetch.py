"""One polite GET: paced per host, bounded in time and size, redirects checked. Nothing else uses the network."""

import email.utils
import http.cookiejar
import random
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

import requests
from requests.utils import requote_uri

from comicdata import __version__
from comicdata.crawl.connections import GuardedAdapter, Resolve, check_url, is_loopback
from comicdata.errors import NetworkError

MAX_REDIRECTS = 5
LONGEST_WAIT_S = 120.0
BLOCK = 65_536
REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True)
class FetchLimits:
    """How gently and how far one Fetcher goes; times in seconds, `deadline_s` for all of one try."""

    pause_s: float = 1.0
    timeout_s: float = 20.0
    deadline_s: float = 120.0
    max_bytes: int = 50_000_000
    tries: int = 4
    contact: str = ""

    @property
    def user_agent(self) -> str:
        """`comicdata/<version> (+contact)`, in the ASCII that a header can carry."""
        contact = " ".join(self.contact.encode("ascii", "replace").decode().split())
        return f"comicdata/{__version__} ({'+' + contact if contact else 'data set builder; obeys robots.txt'})"


class _TransientError(Exception):
    """A fault worth another try; `wait_s` is what the server asked for, where it did."""

    def __init__(self, reason: str, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


class _Session(requests.Session):
    """A session that leaves redirects alone: requests would read their whole body, however large, to look ahead."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


@dataclass
class Fetcher:
    """Fetches whole bodies. `hosts` is the allow-list (host or host:port); loopback is allowed only when listed there.

    `sleep`, `resolve` and `transport` are seams for tests. Not for several threads at once.
    """

    hosts: frozenset[str] = frozenset()
    limits: FetchLimits = field(default_factory=FetchLimits)
    sleep: Callable[[float], None] = time.sleep
    resolve: Resolve | None = None
    transport: GuardedAdapter = field(default_factory=GuardedAdapter)
    request_count: int = 0
    byte_count: int = 0
    _next: dict[str, float] = field(default_factory=dict)
    _session: requests.Session | None = None

    def allow(self, hosts: Iterable[str]) -> None:
        """Add hosts that a recipe lists."""
        self.hosts = self.hosts | frozenset(host.lower() for host in hosts)

    def check(self, url: str) -> None:
        """PolicyError when `url` may not be fetched whatever robots.txt says: scheme, allow-list, private address."""
        check_url(url, self.hosts, self.resolve)

    def get(self, url: str, *, referer: str = "") -> bytes:
        """The body behind `url`.

        Connection faults, bodies cut short, 429 and 5xx are tried again with backoff; a Retry-After is honoured, and
        one over LONGEST_WAIT_S ends the attempts. Raises PolicyError for an address outside the allow-list,
        NetworkError for everything else that fails.
        """
        reason = ""
        for attempt in range(1, self.limits.tries + 1):
            try:
                return self._try(url, referer)
            except _TransientError as fault:
                reason, wait = str(fault), _backoff(attempt) if fault.wait_s is None else fault.wait_s
            if wait > LONGEST_WAIT_S:
                raise NetworkError(f"{url}: {reason}, asks to wait {wait:.0f} s; run the same command again after that")
            if attempt < self.limits.tries:
                self.sleep(wait)
        raise NetworkError(f"{url}: {reason} after {self.limits.tries} tries; run the same command again later")

    def status_and_body(self, url: str, most_bytes: int) -> tuple[int, bytes]:
        """One try, any status, at most the first `most_bytes`: what robots.txt needs. NetworkError when none comes."""
        try:
            with self._deadline(url), self._follow(url, "") as response:
                status = response.status_code
                return status, self._first(response, most_bytes) if status == 200 else b""
        except _TransientError as fault:
            raise NetworkError(f"{url}: {fault}; run the same command again later") from fault

    def _try(self, url: str, referer: str) -> bytes:
        """One whole try; _TransientError when another may help."""
        with self._deadline(url), self._follow(url, referer) as response:
            status = response.status_code
            if status == 200:
                return self._body(response, url)
            if status == 429 or status >= 500:
                raise _TransientError(f"status {status}", _wait_asked(response.headers.get("Retry-After", "")))
            raise NetworkError(f"{url}: status {status}; the site does not give this out, open it in a browser to see")

    @contextmanager
    def _deadline(self, url: str) -> Iterator[None]:
        """Cut the connection when a try takes longer than `deadline_s`, however busily the server drips."""
        passed = threading.Event()

        def end() -> None:
            passed.set()
            self.transport.cut()

        timer = threading.Timer(self.limits.deadline_s, end)
        timer.daemon = True
        timer.start()
        try:
            yield
        except (_TransientError, NetworkError):
            if not passed.is_set():
                raise
        finally:
            timer.cancel()
        if passed.is_set():
            raise NetworkError(f"{url}: not done after {self.limits.deadline_s:g} s; run the same command again later")

    def _follow(self, url: str, referer: str) -> requests.Response:
        """Send, and follow redirects by hand: each hop is checked like the first, a foreign host gets no Referer."""
        place = url
        for _ in range(MAX_REDIRECTS + 1):
            self.check(place)
            response = self._send(place, referer if place == url or _origin(place) == _origin(referer) else "")
            if response.status_code not in REDIRECTS:
                return response
            response.close()
            place = _target(place, response.headers.get("Location", ""))
        raise NetworkError(f"{url}: more than {MAX_REDIRECTS} redirects; open it in a browser to see where it leads")

    def _send(self, url: str, referer: str) -> requests.Response:
        self._pace(urlsplit(url).netloc)
        headers = {"User-Agent": self.limits.user_agent, "Accept-Encoding": "identity"}
        if referer:
            headers["Referer"] = requote_uri(referer)
        self.request_count += 1
        try:
            return self._opened_session().get(
                url, headers=headers, timeout=self.limits.timeout_s, allow_redirects=False, stream=True
            )
        except ValueError as error:  # what requests and urllib3 raise for addresses that they cannot parse or encode
            raise NetworkError(f"{url!r}: not a valid address ({error})") from error
        except requests.RequestException as error:
            raise _TransientError(f"no answer ({type(error).__name__})") from error

    def _opened_session(self) -> requests.Session:
        """One session: no settings from the environment, no cookies kept."""
        if self._session is None:
            self._session = _Session()
            self._session.trust_env = False
            self._session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
            self._session.mount("http://", self.transport)
            self._session.mount("https://", self.transport)
        return self._session

    def _pace(self, host: str) -> None:
        """Wait until this host's turn: the pause and up to half of it more; none on the loopback address."""
        if is_loopback(host):
            return
        now = time.monotonic()
        due = self._next.get(host, now)
        if due > now:
            self.sleep(due - now)
        self._next[host] = max(due, now) + self.limits.pause_s * random.uniform(1.0, 1.5)

    def _body(self, response: requests.Response, url: str) -> bytes:
        """A body within the size limit, and as long as Content-Length promised (which counts encoded bytes)."""
        most = self.limits.max_bytes
        encoded = response.headers.get("Content-Encoding", "identity").lower() != "identity"
        promised = _digits(response.headers.get("Content-Length", ""))
        if promised is None or promised <= most:
            body = self._first(response, most + 1)
        if (promised or 0) > most or len(body) > most:
            raise NetworkError(f"{url}: larger than {most / 1e6:g} MB; nothing of it is kept")
        if promised is not None and not encoded and promised != len(body):
            raise _TransientError(f"{len(body)} of {promised} bytes came")
        return body

    def _first(self, response: requests.Response, most: int) -> bytes:
        """The first `most` bytes of a body; what is behind them stays unread."""
        parts: list[bytes] = []
        size = 0
        try:
            for part in response.iter_content(BLOCK):
                parts.append(part)
                size += len(part)
                if size >= most:
                    break
        except requests.RequestException as error:
            raise _TransientError(f"the body broke off ({type(error).__name__})") from error
        finally:
            self.byte_count += size
        return b"".join(parts)[:most]


def _target(place: str, location: str) -> str:
    """Where a redirect leads; headers arrive as Latin-1, sites write UTF-8."""
    if not location:
        raise NetworkError(f"{place}: a redirect that says not where to; open it in a browser to see")
    with suppress(UnicodeError):  # else it is Latin-1 after all
        location = location.encode("latin-1").decode("utf-8")
    try:
        return urljoin(place, location)
    except ValueError as error:
        raise NetworkError(f"{place}: redirects to {location!r}, which is no address") from error


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _backoff(attempt: int) -> float:
    return float(2 ** (attempt - 1)) * random.uniform(0.5, 1.0)


def _digits(text: str) -> int | None:
    """A plain decimal number of a header; None for anything else."""
    return int(text) if re.fullmatch(r"[0-9]{1,15}", text.strip()) else None


def _wait_asked(text: str) -> float | None:
    """Retry-After in seconds or as a date; None where there is none or it cannot be read; never negative."""
    seconds = _digits(text)
    if seconds is not None:
        return float(seconds)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None
