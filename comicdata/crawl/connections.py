"""Which addresses may be spoken to: checked before a request by name, and again on the socket that was opened."""

import ipaddress
import re
import socket
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakSet

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from comicdata.errors import NetworkError, PolicyError

Resolve = Callable[[str], Iterable[str]]


def check_listed(url: str, hosts: frozenset[str]) -> None:
    """PolicyError unless `url` is a plain http(s) address whose host is in `hosts` (host or host:port)."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise PolicyError(f"{url!r}: not a valid address ({error}); mend the link in the recipe or page") from error
    if parts.scheme not in ("http", "https") or not host:
        raise PolicyError(f"{url}: only http and https are fetched")
    if re.search(r"[\s\\@\x00-\x20]", parts.netloc):
        raise PolicyError(f"{url!r}: an address with a user name or odd characters before the path is not fetched")
    if not {host, parts.netloc.lower()} & hosts:
        raise PolicyError(f"{url}: host {parts.netloc} is not in the allow-list of the recipe; add it if it is right")


def check_address(url: str, resolve: Resolve | None = None) -> None:
    """PolicyError unless the host of `url` is public, or a loopback address that the URL spells as such."""
    host = urlsplit(url).hostname or ""
    for address in (resolve or addresses)(host):
        if not _may_reach(address, host):
            raise PolicyError(f"{url}: leads to the private address {address}; refused")


def addresses(host: str) -> list[str]:
    """The addresses of a host name; NetworkError when it has none."""
    try:
        return sorted({str(info[4][0]).split("%")[0] for info in socket.getaddrinfo(host, None)})
    except (OSError, UnicodeError) as error:
        raise NetworkError(f"{host}: name not found ({error}); check the address and the network") from error


def is_loopback(netloc: str) -> bool:
    """Whether a host is written as the loopback address itself: nothing else may lead there."""
    host = ""
    try:
        host = urlsplit(f"//{netloc}").hostname or ""
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _may_reach(address: str, host: str) -> bool:
    place = ipaddress.ip_address(address)
    if place.is_loopback:
        return is_loopback(f"[{host}]" if ":" in host else host)
    return place.is_global and not place.is_multicast


class GuardedAdapter(HTTPAdapter):
    """The transport of requests, on sockets whose peer is checked once more and that `cut` can close.

    A name server that answers differently the second time gains nothing: the peer is checked before a byte is sent.
    """

    def __init__(self) -> None:
        self.sockets: WeakSet[Any] = WeakSet()
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = _guarded_pools(self.sockets)

    def cut(self) -> None:
        """Shut every socket down, so that whoever reads from one stops at once; callable from another thread."""
        for opened in list(self.sockets):
            try:
                opened.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # closed already


def _guarded_pools(sockets: "WeakSet[Any]") -> dict[str, Any]:
    """Connection pools by scheme whose connections check their peer and register their socket."""

    class Guard(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            opened = super()._new_conn()
            address = str(opened.getpeername()[0]).split("%")[0]
            if not _may_reach(address, self.host):
                opened.close()
                raise PolicyError(f"{self.host}: leads to the private address {address}; refused")
            sockets.add(opened)  # so that a handshake that hangs can be cut too
            return opened

        def connect(self) -> None:
            super().connect()
            sockets.add(self.sock)

    class SecureGuard(Guard, HTTPSConnection):
        pass

    class Pool(HTTPConnectionPool):
        ConnectionCls = Guard

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = SecureGuard

    return {"http": Pool, "https": SecurePool}
