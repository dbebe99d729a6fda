"""Who may talk to the studio, and what every answer tells the browser: the one place of both.

A page of somebody else must reach nothing here: its Origin is refused, a name that was bent to this machine (DNS
rebinding) is refused by its Host, and without the token of this start there is no answer but 403.
"""

import secrets
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

LARGEST_BODY = 64_000_000  # bytes
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
SAFE = ("GET", "HEAD")


@dataclass
class Guard:
    """An ASGI application around another. `origins`: the addresses it is reached at, as http://HOST:PORT."""

    app: Any
    origins: tuple[str, ...]
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    @property
    def cookie(self) -> str:
        """Its name; by port, for browsers share cookies among all ports of a host."""
        return f"comicdata-studio-{self.origins[0].rpartition(':')[2]}"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        answer = self._answer(Request(scope))
        app = self.app if answer is None else answer
        await app(scope, _capped(receive, Headers(scope=scope)), _with_headers(send))

    def _answer(self, request: Request) -> Response | None:
        """What is said in place of the application; None where it may speak."""
        if request.headers.get("host") not in self._hosts():
            return PlainTextResponse("wrong Host", 400)
        origin = request.headers.get("origin")
        if origin not in self.origins and (origin is not None or request.method not in SAFE):
            return PlainTextResponse("foreign Origin", 403)
        if self._is_token(request.cookies.get(self.cookie)):
            return None
        if request.method in SAFE and self._is_token(request.query_params.get("token")):
            entered = RedirectResponse(request.url.path, 303)
            entered.set_cookie(self.cookie, self.token, httponly=True, samesite="strict")
            return entered
        return PlainTextResponse("open the address that comicdata studio printed: it has the token", 403)

    def _hosts(self) -> list[str | None]:
        return [origin.removeprefix("http://") for origin in self.origins]

    def _is_token(self, given: str | None) -> bool:
        return given is not None and secrets.compare_digest(given.encode(), self.token.encode())


def _capped(receive: Any, headers: Headers) -> Any:
    """`receive`, until LARGEST_BODY bytes have come."""
    came = 0

    async def capped() -> Any:
        nonlocal came
        stated = headers.get("content-length", "0")
        message = await receive()
        came += len(message.get("body", b""))
        if came > LARGEST_BODY or (stated.isdecimal() and int(stated[:20]) > LARGEST_BODY):
            raise HTTPException(413, f"larger than {LARGEST_BODY // 1_000_000} MB")
        return message

    return capped


def _with_headers(send: Any) -> Any:
    async def with_headers(message: Any) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return with_headers
