"""What a browser sends beside pictures: one JSON object."""

from typing import Any

from starlette.requests import Request

from comicdata.errors import UsageError
from comicdata.reading.text import UnreadableError, parse_json

LARGEST = 4_000_000  # bytes


async def sent_object(request: Request) -> dict[str, Any]:
    """The JSON object that was sent; UsageError for anything else."""
    try:
        value = parse_json(await request.body(), LARGEST)
    except UnreadableError as error:
        raise UsageError(f"not JSON ({error})") from error
    if not isinstance(value, dict):
        raise UsageError("an object is expected")
    return value
