"""What the headers of an answer say, each read leniently and within bounds. Nothing here waits or asks."""

import email.utils
import re
import time
from contextlib import suppress
from urllib.parse import urljoin

import requests

from comicdata.errors import NetworkError


def headers_of(response: requests.Response) -> dict[str, str]:
    """Headers by lower-case name; one that came several times has a line for each."""
    lines = response.raw.headers
    return {name.lower(): "\n".join(" ".join(line.split()) for line in lines.getlist(name)) for name in lines}


def encoding_of(response: requests.Response) -> str:
    """How the body is packed, in lower case; "identity" where it is not."""
    return str(response.headers.get("Content-Encoding", "identity")).strip().lower()


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
