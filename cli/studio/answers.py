"""The forms of answers: plain pixels, small pictures, files, what was taken in."""

import json
import struct
from typing import Any

import numpy as np
from starlette.responses import JSONResponse, Response

from comicdata.cli.studio.intake import Taken
from comicdata.errors import UsageError
from comicdata.images import Image, encode_jpeg, resize

THUMB = 240  # pixels of the longer side


def small(image: Image) -> bytes:
    """A picture (H, W, 3) as a small JPEG."""
    height, width = image.shape[:2]
    scale = min(1.0, THUMB / max(height, width))
    return encode_jpeg(resize(image, max(1, round(width * scale)), max(1, round(height * scale))))


def framed(about: dict[str, Any], *planes: Any) -> bytes:
    """The length of a JSON text (32 bits, little endian), padded to a multiple of 4, the text, and all planes."""
    text = json.dumps(about).encode()
    text += b" " * (-len(text) % 4)
    return b"".join([struct.pack("<I", len(text)), text, *(np.ascontiguousarray(plane).tobytes() for plane in planes)])


def pixels(data: bytes) -> Response:
    """What `framed` made."""
    return Response(data, media_type="application/octet-stream")


def file(data: bytes, kind: str, name: str) -> Response:
    """A file to be kept."""
    return Response(data, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def taken(found: Taken) -> Response:
    """What came in, and what did not; UsageError where that is all."""
    if found.failed and not found.pages:
        raise UsageError(found.failed[0][1])
    failed = [{"name": name, "why": why} for name, why in found.failed]
    return JSONResponse({"pages": [page.id for page in found.pages], "failed": failed})
