"""Bodies that a server packed although nobody asked it to: unpacked within a limit, and a cut one is known for such."""

import zlib

MOST_MEMBERS = 100
GZIP = ("gzip", "x-gzip")
WINDOW = {True: 31, False: 15}  # of zlib: with the header of gzip, or of zlib itself


def unpacked(data: bytes, encoding: str, most: int) -> tuple[bool, bytes]:
    """(whole, at most the first `most` bytes): whether the packed data came to its end, and what is in it.

    Only gzip and deflate are known; another encoding gives (False, b""), for its bytes say nothing.
    """
    if encoding in ("", "identity"):
        return True, data
    if encoding not in (*GZIP, "deflate"):
        return False, b""
    found = _members(data, WINDOW[encoding in GZIP], most)
    if encoding == "deflate" and not found[0] and not found[1]:  # many send it without the header it should have
        return _members(data, -15, most)
    return found


def _members(data: bytes, window: int, most: int) -> tuple[bool, bytes]:
    """A packed body may be several, one behind the other; zeros may fill it up."""
    parts: list[bytes] = []
    size, whole = 0, not data
    for _ in range(MOST_MEMBERS):
        if not data.strip(b"\0") or size >= most:
            break
        machine = zlib.decompressobj(window)
        try:
            parts.append(machine.decompress(data, most - size))
        except zlib.error:
            return False, b"".join(parts)
        size += len(parts[-1])
        data, whole = machine.unused_data, machine.eof
        if not whole:
            break
    else:
        whole = False
    return whole, b"".join(parts)
