"""One polite GET: paced per host, bounded in time and size, redirects checked. Nothing else uses the network."""

import http.cookiejar
import random
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import requests
from requests.utils import requote_uri

from comicdata import __version__
from comicdata.crawl.bodies import Bodies, TransientError
from comicdata.crawl.connections import GuardedAdapter, Resolve, check_address, check_listed, is_loopback
from comicdata.crawl.deadlines import Watch
from comicdata.crawl.headers import headers_of, target_of, wait_asked
from comicdata.errors import NetworkError

MAX_REDIRECTS = 5
LONGEST_WAIT_S = 120.0
REDIRECTS = (301, 302, 303, 307, 308)
REFUSALS = (401, 403, 429)
PAGES = "text/html,application/xhtml+xml,application/json,text/plain;q=0.8,*/*;q=0.5"
PICTURES = "image/jpeg,image/png,image/webp,image/gif"


Permit = Callable[[str, Mapping[str, str]], None]


@dataclass(frozen=True)
class FetchLimits:
    """How gently and how far a crawl goes.

    Seconds: `pause_s` between two pages of one host, `picture_pause_s` between two pictures, `timeout_s` without a
    byte, `deadline_s` for all of one try. `min_rate` in bytes per second counts after SLOW_AFTER_S. `at_once` requests
    to one host are open at a time; after `give_up_after` failures in a row a host is left alone.
    """

    pause_s: float = 1.0
    picture_pause_s: float = 0.4
    timeout_s: float = 20.0
    deadline_s: float = 120.0
    min_rate: float = 1000.0
    max_bytes: int = 50_000_000
    tries: int = 4
    at_once: int = 4
    give_up_after: int = 5
    contact: str = ""

    @property
    def user_agent(self) -> str:
        """`comicdata/<version> (+contact)`, in the ASCII that a header can carry."""
        contact = " ".join(self.contact.encode("ascii", "replace").decode().split())
        return f"comicdata/{__version__} ({'+' + contact if contact else 'data set builder; obeys robots.txt'})"


@dataclass(frozen=True)
class Answer:
    """What came back: the address after redirects, the status, headers by lower-case name, the whole body."""

    url: str
    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str | bytes:
        """The body as text where it is UTF-8, UTF-16, or in the encoding that its header names and it has; else as
        bytes, whose encoding a parser reads from the page.
        """
        declared = re.search(r"charset\s?=\s?[\"']?([\w-]{1,40})", self.headers.get("content-type", "").lower())
        wide = b"\0" in self.body[:2] or self.body[:2] in (b"\xff\xfe", b"\xfe\xff")
        little = self.body[:2] == b"\xff\xfe" or self.body[1:2] == b"\0"
        for name in (
            ["utf-16-le" if little else "utf-16-be"] if wide else ["utf-8-sig", declared[1] if declared else ""]
        ):
            with suppress(UnicodeError, LookupError):
                return self.body.decode(name, "replace" if wide else "strict").lstrip("\ufeff")
        return self.body


class StatusError(NetworkError):
    """The server answered, with a status that no other try will change."""

    def __init__(self, url: str, code: int) -> None:
        super().__init__(f"{url}: status {code}; the site does not give this out, open it in a browser to see")
        self.code = code


class GaveUpError(NetworkError):
    """A host failed so often in a row that it is left alone; exit status 5 where it refused, 4 where it was down."""

    def __init__(self, message: str, *, refused: bool) -> None:
        super().__init__(message)
        self.status = 5 if refused else 4


class _TooSlowError(NetworkError):
    """A try ran into its deadline; another would take as long."""


class _Session(requests.Session):
    """A session that leaves redirects alone: requests would read their whole body, however large, to look ahead."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


@dataclass
class _Host:
    """What is known of one host: when its next turn is, how long it wants us to pause, how it has failed of late."""

    turn: float = 0.0
    delay_s: float = 0.0
    failures: int = 0
    refusals: int = 0
    slots: threading.Semaphore = field(default_factory=threading.Semaphore)


class Fetcher:
    """Fetches whole bodies, from any number of threads.

    `hosts` is the allow-list (host or host:port); a loopback address is reached only when it is listed. `mirrors` maps
    an origin to the one that is asked in its place. `sleep`, `clock` and `resolve` are seams for tests.
    """

    def __init__(
        self,
        hosts: Iterable[str] = (),
        limits: FetchLimits | None = None,
        *,
        mirrors: Mapping[str, str] | None = None,
        sleep: Callable[[float], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        resolve: Resolve | None = None,
    ) -> None:
        self.limits = limits or FetchLimits()
        self.hosts: frozenset[str] = frozenset()
        self.allow(hosts)
        self.mirrors = dict(mirrors or {})
        self.resolve = resolve
        self.request_count = 0
        self._bodies = Bodies(self.limits.max_bytes, self.limits.min_rate)
        self._stopped = threading.Event()
        self.sleep = sleep or self._wait
        self.clock = clock
        self._states: dict[str, _Host] = {}
        self._lock = threading.Lock()
        self._thread = threading.local()
        self._transports: list[GuardedAdapter] = []
        self._watch = Watch()

    @property
    def byte_count(self) -> int:
        """How many bytes of bodies came, as they were sent."""
        return self._bodies.byte_count

    def allow(self, hosts: Iterable[str]) -> None:
        """Add hosts to the allow-list."""
        self.hosts = self.hosts | frozenset(host.lower() for host in hosts)

    def stop(self) -> None:
        """End every wait and cut every connection: whatever is under way in other threads fails at once."""
        self._stopped.set()
        for transport in list(self._transports):
            transport.cut()

    def slow_down(self, url: str, delay_s: float) -> None:
        """Obey a Crawl-delay: at least `delay_s` between two requests to the host of `url`, loopback or not."""
        host = self._host(url)
        host.delay_s = max(host.delay_s, delay_s)

    def check(self, url: str, *, listed: bool = True) -> None:
        """PolicyError when `url` may not be fetched whatever robots.txt says: scheme, allow-list, private address.

        Without `listed` any public host counts as one of the list.
        """
        check_listed(url, self.hosts if listed else frozenset({(urlsplit(url).hostname or "")}))
        check_address(self._mirrored(url), self.resolve)

    def get(
        self,
        url: str,
        *,
        referer: str = "",
        accept: str = PAGES,
        follow: bool = True,
        headers: Mapping[str, str] | None = None,
        permit: Permit = lambda place, said: None,
    ) -> Answer:
        """The answer of `url`: 200, 304 to a conditional request, or, without `follow`, a redirect.

        `permit` is asked before every address that a redirect leads to, with the headers of the redirect, and raises
        where it may not be fetched.

        Connection faults, bodies cut short, 429 and 5xx are tried again with backoff; a Retry-After is honoured, and
        one over LONGEST_WAIT_S ends the attempts. `headers` go to the origin of `url` only. Raises PolicyError for an
        address outside the allow-list, StatusError for a status that stays, GaveUpError once the host failed too often
        in a row, NetworkError for everything else.
        """
        check_listed(url, self.hosts)
        host = self._host(url)
        self._may_ask(url, host)
        extra = {"Accept": accept, **(headers or {})}
        try:
            answer = self._persist(url, host, lambda: self._try(url, referer, extra, follow, permit))
        except StatusError as error:
            self._count(host, failed=error.code in REFUSALS, refused=error.code in REFUSALS)
            raise
        except TransientError as fault:
            self._count(host, failed=True, refused=fault.code in REFUSALS)
            raise NetworkError(f"{url}: {fault}") from fault
        except _TooSlowError:
            self._count(host, failed=True)
            raise
        self._count(host, failed=False)
        return answer

    def _persist(self, url: str, host: _Host, attempt_once: Callable[[], Answer]) -> Answer:
        """Try until an answer comes or the tries are used up; what the server asks to wait, all threads wait."""
        attempt = 1
        while True:
            try:
                return attempt_once()
            except TransientError as fault:
                wait = _backoff(attempt) if fault.wait_s is None else fault.wait_s
                if wait > LONGEST_WAIT_S:
                    why = f"{fault}, asks to wait {wait:.0f} s; run the same command again after that"
                    raise TransientError(why, code=fault.code) from fault
                if attempt == self.limits.tries:
                    why = f"{fault} after {attempt} tries; run the same command again later"
                    raise TransientError(why, code=fault.code) from fault
                host.turn = max(host.turn, self.clock() + wait)
            attempt += 1

    def status_and_body(self, url: str, most_bytes: int, *, anywhere: bool = False) -> tuple[int, bytes]:
        """One try, any status, at most the first `most_bytes`: what robots.txt needs. NetworkError when none comes.

        `anywhere`: a redirect may lead to any public host (RFC 9309, section 2.3.1.2), not to those of the list alone.
        """
        try:
            with self._follow(url, "", {"Accept": "*/*"}, anywhere=anywhere) as (response, _):
                status = response.status_code
                return status, self._bodies.beginning(response, most_bytes) if status == 200 else b""
        except TransientError as fault:
            raise NetworkError(f"{url}: {fault}; run the same command again later") from fault

    def _try(self, url: str, referer: str, extra: Mapping[str, str], follow: bool, permit: Permit) -> Answer:
        """One whole try; TransientError when another may help."""
        with self._follow(url, referer, extra, follow, permit) as (response, place):
            status, headers = response.status_code, headers_of(response)
            if status == 200:
                body = self._bodies.whole(response, url, picture=extra["Accept"] == PICTURES)
                if extra["Accept"] == PICTURES and body.count(0) == len(body):
                    raise TransientError(f"{len(body)} bytes, all of them zero")
                return Answer(place, body, status, headers)
            if status in REDIRECTS or (status == 304 and any(name.startswith("If-") for name in extra)):
                return Answer(place, b"", status, headers)
            if status == 429 or status >= 500:
                raise TransientError(f"status {status}", wait_asked(headers.get("retry-after", "")), status)
            raise StatusError(url, status)

    def _host(self, url: str) -> _Host:
        """The state of the host of a checked address."""
        name = urlsplit(url).netloc.lower()
        with self._lock:
            if name not in self._states:
                self._states[name] = _Host(slots=threading.Semaphore(self.limits.at_once))
            return self._states[name]

    def _may_ask(self, url: str, host: _Host) -> None:
        """GaveUpError when the host is left alone."""
        if host.failures >= self.limits.give_up_after:
            why = "refuses us" if host.refusals else "fails"
            raise GaveUpError(
                f"{urlsplit(url).netloc} {why}, {host.failures} requests in a row; it is left alone now, "
                "run the same command again later",
                refused=bool(host.refusals),
            )

    def _count(self, host: _Host, *, failed: bool, refused: bool = False) -> None:
        with self._lock:
            host.failures = host.failures + 1 if failed else 0
            host.refusals = host.refusals + refused if failed else 0

    @contextmanager
    def _deadline(self, url: str) -> Iterator[None]:
        """Cut the connection when a try takes longer than `deadline_s`, however busily the server drips."""
        with self._watch.over(self._line()[1], self.limits.deadline_s) as watched:
            try:
                yield
            except (TransientError, NetworkError):
                if not watched.passed:
                    raise
        if watched.passed:
            raise _TooSlowError(f"{url}: not done after {self.limits.deadline_s:g} s; run the same command again later")

    @contextmanager
    def _follow(
        self,
        url: str,
        referer: str,
        extra: Mapping[str, str],
        follow: bool = True,
        permit: Permit = lambda place, said: None,
        *,
        anywhere: bool = False,
    ) -> Iterator[tuple[requests.Response, str]]:
        """Send, and follow redirects by hand: each hop is checked like the first, a foreign host gets no secrets.

        Yields the response, its body unread, and the address that gave it.
        """
        place, said = url, {}  # type: tuple[str, dict[str, str]]
        for hop in range(MAX_REDIRECTS + 1):
            self.check(place, listed=not (anywhere and hop and _is_abroad(place)))
            if hop:
                permit(place, said)
            headers = dict(extra) if _origin(place) == _origin(url) else {"Accept": extra["Accept"]}
            if referer and (place == url or _origin(place) == _origin(referer)):
                headers["Referer"] = requote_uri(referer)
            host = self._host(place)
            with host.slots:
                self._pace(place, host, picture=extra["Accept"] == PICTURES)
                with self._deadline(place), self._send(place, headers) as response:
                    if response.status_code not in REDIRECTS or not follow:
                        yield response, place
                        return
                    place, said = target_of(place, response.headers.get("Location", "")), headers_of(response)
        raise NetworkError(f"{url}: more than {MAX_REDIRECTS} redirects; open it in a browser to see where it leads")

    def _send(self, url: str, headers: Mapping[str, str]) -> requests.Response:
        with self._lock:
            self.request_count += 1
        sent = {"User-Agent": self.limits.user_agent, "Accept-Encoding": "identity", **headers}
        try:
            return self._line()[0].get(
                self._mirrored(url), headers=sent, timeout=self.limits.timeout_s, allow_redirects=False, stream=True
            )
        except ValueError as error:  # what requests and urllib3 raise for addresses that they cannot parse or encode
            raise NetworkError(f"{url!r}: not a valid address ({error})") from error
        except requests.RequestException as error:
            raise TransientError(f"no answer ({type(error).__name__})") from error

    def _line(self) -> tuple[requests.Session, GuardedAdapter]:
        """This thread's session: no settings from the environment, no cookies kept."""
        if not hasattr(self._thread, "line"):
            session, transport = _Session(), GuardedAdapter()
            session.trust_env = False
            session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
            session.mount("http://", transport)
            session.mount("https://", transport)
            self._transports.append(transport)
            self._thread.line = session, transport
        line: tuple[requests.Session, GuardedAdapter] = self._thread.line
        return line

    def _mirrored(self, url: str) -> str:
        """The address that is asked in place of `url`."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        return self.mirrors[origin] + url[len(origin) :] if origin in self.mirrors else url

    def _pace(self, url: str, host: _Host, *, picture: bool) -> None:
        """Wait for this host's turn: the pause and up to half of it more; on the loopback address its delay alone."""
        pause_s = self.limits.picture_pause_s if picture else self.limits.pause_s
        if is_loopback(urlsplit(self._mirrored(url)).netloc):
            pause_s = 0.0
        with self._lock:
            now = self.clock()
            due = max(host.turn, now)
            host.turn = due + max(pause_s, host.delay_s) * random.uniform(1.0, 1.5)
        if due > now:
            self.sleep(due - now)
        self._wait(0)

    def _wait(self, seconds: float) -> None:
        """Sleep unless the fetcher is stopped."""
        if self._stopped.wait(seconds) if seconds else self._stopped.is_set():
            raise NetworkError("stopped; run the same command again to go on")


def _is_abroad(url: str) -> bool:
    """Whether an address leads to another machine, as far as its spelling says."""
    try:
        return not is_loopback(urlsplit(url).netloc)
    except ValueError:
        return False


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _backoff(attempt: int) -> float:
    return float(2 ** (attempt - 1)) * random.uniform(0.5, 1.0)
