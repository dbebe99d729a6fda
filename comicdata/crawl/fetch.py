"""One polite GET: paced per host, bounded in time and size, redirects checked. Nothing else uses the network."""

import email.utils
import ipaddress
import random
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from comicdata import __version__
from comicdata.errors import NetworkError, PolicyError

USER_AGENT = f"comicdata/{__version__} (data set builder; obeys robots.txt)"
MAX_REDIRECTS = 5
LONGEST_WAIT_S = 120.0
BLOCK = 65_536


@dataclass(frozen=True)
class FetchLimits:
    """How gently and how far one Fetcher goes; times in seconds."""

    pause_s: float = 1.0
    timeout_s: float = 20.0
    deadline_s: float = 120.0
    max_bytes: int = 50_000_000
    tries: int = 4
    contact: str = ""


@dataclass
class Fetcher:
    """Fetches whole bodies. `hosts` is the allow-list (host or host:port); loopback is allowed only when listed there.

    `sleep`, `get` and `resolve` are seams for tests.
    """

    hosts: frozenset[str] = frozenset()
    limits: FetchLimits = field(default_factory=FetchLimits)
    sleep: Callable[[float], None] = time.sleep
    resolve: Callable[[str], Iterable[str]] | None = None
    request_count: int = 0
    byte_count: int = 0
    _next: dict[str, float] = field(default_factory=dict)
    _session: requests.Session | None = None

    def allow(self, hosts: Iterable[str]) -> None:
        """Add hosts that a recipe lists."""
        self.hosts = self.hosts | frozenset(host.lower() for host in hosts)

    def get(self, url: str, *, referer: str = "") -> bytes:
        """The body behind `url`.

        Retries connection faults, 429 and 5xx with backoff, honouring Retry-After up to LONGEST_WAIT_S. Raises
        PolicyError for an address outside the allow-list, NetworkError for everything else that fails.
        """
        for attempt in range(1, self.limits.tries + 1):
            try:
                response = self._follow(url, referer)
            except requests.RequestException as error:
                reason, wait = f"{type(error).__name__}", _backoff(attempt)
            else:
                with response:
                    if response.status_code == 200:
                        return self._body(response, url)
                    reason, wait = f"status {response.status_code}", _wait_asked(response, attempt)
                    if response.status_code != 429 and response.status_code < 500:
                        raise NetworkError(f"{url}: {reason}")
            if wait > LONGEST_WAIT_S:
                raise NetworkError(f"{url}: {reason}, asks to wait {wait:.0f} s; run the same command again after that")
            if attempt < self.limits.tries:
                self.sleep(wait)
        raise NetworkError(f"{url}: {reason} after {self.limits.tries} tries; run the same command again later")

    def status_and_body(self, url: str) -> tuple[int, bytes]:
        """One try, any status: what robots.txt needs. NetworkError when nothing answers."""
        try:
            with self._follow(url, "") as response:
                return response.status_code, self._body(response, url) if response.status_code == 200 else b""
        except requests.RequestException as error:
            raise NetworkError(f"{url}: {type(error).__name__}") from error

    def _follow(self, url: str, referer: str) -> requests.Response:
        """Send, and follow redirects by hand: each hop is checked like the first, a foreign host gets no Referer."""
        place = url
        for _ in range(MAX_REDIRECTS + 1):
            self._check(place)
            response = self._send(place, referer if _origin(place) == _origin(referer) or place == url else "")
            if response.status_code not in (301, 302, 303, 307, 308):
                return response
            response.close()
            place = urljoin(place, response.headers.get("Location", ""))
        raise NetworkError(f"{url}: more than {MAX_REDIRECTS} redirects")

    def _send(self, url: str, referer: str) -> requests.Response:
        if self._session is None:
            self._session = requests.Session()
            self._session.trust_env = False
        self._pace(urlsplit(url).netloc)
        contact = f" {self.limits.contact}" if self.limits.contact else ""
        headers = {"User-Agent": USER_AGENT + contact, "Accept-Encoding": "identity"}
        if referer:
            headers["Referer"] = referer
        self.request_count += 1
        return self._session.get(
            url, headers=headers, timeout=self.limits.timeout_s, allow_redirects=False, stream=True, cookies={}
        )

    def _pace(self, host: str) -> None:
        """Wait until this host's turn: the pause and up to half of it more; none on the loopback address."""
        if _is_loopback(host):
            return
        now = time.monotonic()
        due = self._next.get(host, now)
        if due > now:
            self.sleep(due - now)
        self._next[host] = max(due, now) + self.limits.pause_s * random.uniform(1.0, 1.5)

    def _body(self, response: requests.Response, url: str) -> bytes:
        """Read a body within size and deadline, and as long as Content-Length promised."""
        end = time.monotonic() + self.limits.deadline_s
        parts: list[bytes] = []
        size = 0
        try:
            for part in response.iter_content(BLOCK):
                parts.append(part)
                size += len(part)
                if size > self.limits.max_bytes:
                    raise NetworkError(f"{url}: larger than {self.limits.max_bytes // 1_000_000} MB")
                if time.monotonic() > end:
                    raise NetworkError(f"{url}: not done after {self.limits.deadline_s:.0f} s")
        except requests.RequestException as error:
            raise NetworkError(f"{url}: the body broke off ({type(error).__name__})") from error
        promised = response.headers.get("Content-Length", "")
        if promised.isdigit() and int(promised) != size:
            raise NetworkError(f"{url}: {size} of {promised} bytes came")
        self.byte_count += size
        return b"".join(parts)

    def _check(self, url: str) -> None:
        """PolicyError unless http(s), on an allowed host, and on a public address or a loopback host that was named."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise PolicyError(f"{url}: only http and https are fetched")
        named = {parts.hostname, parts.netloc.lower()} & self.hosts
        if not named:
            raise PolicyError(
                f"{url}: host {parts.netloc} is not in the allow-list of the recipe; add it if it is right"
            )
        for address in (self.resolve or _addresses)(parts.hostname):
            place = ipaddress.ip_address(address)
            if not place.is_global and not (place.is_loopback and _is_loopback(parts.netloc)):
                raise PolicyError(f"{url}: leads to the private address {address}; refused")


def _addresses(host: str) -> list[str]:
    try:
        return sorted({str(info[4][0]).split("%")[0] for info in socket.getaddrinfo(host, None)})
    except OSError as error:
        raise NetworkError(f"{host}: name not found ({error})") from error


def _is_loopback(netloc: str) -> bool:
    """Whether a host is written as the loopback address itself: nothing else may lead there."""
    host = urlsplit(f"//{netloc}").hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _backoff(attempt: int) -> float:
    return float(2 ** (attempt - 1)) * random.uniform(0.5, 1.0)


def _wait_asked(response: Any, attempt: int) -> float:
    """Retry-After in seconds or as a date; backoff where there is none; never negative."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isdigit():
        return float(text)
    if text:
        try:
            return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
        except ValueError:
            pass
    return _backoff(attempt)
