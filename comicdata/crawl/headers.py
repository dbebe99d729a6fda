"""What the headers of an answer say, each read leniently and within bounds. Nothing here waits or asks."""

import email.utils
import re
import time
from contextlib import suppress
from urllib.parse import urljoin

import requests

from comicdata.errors import NetworkError


def headers_of(response: requests.Response) -> dict[str, str]:
    """Headers by lower-case name; one that came several times has a line for each.

    What stands behind a line without a colon, where the parser of Python stops, is read as well: an opt-out may be
    among it.
    """
    lines = response.raw.headers
    found = {name.lower(): [" ".join(line.split()) for line in lines.getlist(name)] for name in lines}
    for line in _unparsed(response).splitlines():
        name, colon, text = line.partition(":")
        if colon and name.strip():
            found.setdefault(name.strip().lower(), []).append(" ".join(text.split()))
    return {name: "\n".join(texts) for name, texts in found.items()}


def _unparsed(response: requests.Response) -> str:
    """The lines of the head of an answer that Python took for its body."""
    original = getattr(response.raw, "_original_response", None)
    rest = original.msg.get_payload() if original is not None and original.msg is not None else ""
    return rest if isinstance(rest, str) else ""


def check_framed(response: requests.Response) -> None:
    """NetworkError where the head is so damaged that nobody knows where the body ends."""
    if response.raw.headers.get("transfer-encoding") is None and "transfer-encoding" in headers_of(response):
        raise NetworkError(f"{response.url}: a line without a colon in the head of the answer hides how it is sent")


def encoding_of(response: requests.Response) -> str:
    """How the body is packed, in lower case; "identity" where it is not."""
    return headers_of(response).get("content-encoding", "identity").lower()


def target_of(place: str, location: str) -> str:
    """Where a redirect leads; headers arrive as Latin-1, sites write UTF-8."""
    if not location:
        raise NetworkError(f"{place}: a redirect that says not where to; open it in a browser to see")
    with suppress(UnicodeError):  # else it is Latin-1 after all
        location = location.encode("latin-1").decode("utf-8")
    try:
        return urljoin(place, location)
    except ValueError as error:
        raise NetworkError(f"{place}: redirects to {location!r}, which is no address") from error


def digits(text: str) -> int | None:
    """A plain decimal number of a header; None for anything else."""
    return int(text) if re.fullmatch(r"[0-9]{1,15}", text.strip()) else None


def wait_asked(text: str) -> float | None:
    """Retry-After in seconds or as a date; None where there is none or it cannot be read; never negative."""
    seconds = digits(text)
    if seconds is not None:
        return float(seconds)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None
