"""PackBits, the run lengths that PSD and TIFF share: many rows at once. Each row is packed by itself."""

import numpy as np
import numpy.typing as npt

from comicdata.images import Image

BAND = 1 << 22  # bytes that are packed at a time
MOST = 128  # bytes of one packet
SHORTEST = 3  # equal bytes that are worth a packet of their own

Numbers = npt.NDArray[np.int64]


def pack_rows(rows: Image) -> tuple[Numbers, bytes]:
    """The packed length of every row of (H, W) uint8, and the packed rows one after the other.

    Source: TIFF 6.0, section 9; Adobe Photoshop File Formats Specification, "Image Data".
    """
    height, width = rows.shape
    if (rows == rows.flat[0]).all():
        counts, packed = _pack(rows[:1])
        return np.repeat(counts, height), packed * height
    step = max(1, BAND // width)
    bands = [_pack(rows[at : at + step]) for at in range(0, height, step)]
    return np.concatenate([counts for counts, _ in bands]), b"".join(packed for _, packed in bands)


def _pack(rows: Image) -> tuple[Numbers, bytes]:
    width, flat = rows.shape[1], np.ascontiguousarray(rows).reshape(-1)
    at, length, repeats = _packets(flat, width)
    size = np.where(repeats, 2, 1 + length)
    place = np.cumsum(size) - size
    packed = np.empty(int(size.sum()), np.uint8)
    # One equal byte that a long run leaves over is written as 257 - 1, which is 0: one byte as it stands.
    packed[place] = np.where(repeats, 257 - length, length - 1).astype(np.uint8)
    packed[place[repeats] + 1] = flat[at[repeats]]
    plain = length[~repeats]
    within = _ramp(plain)
    packed[np.repeat(place[~repeats] + 1, plain) + within] = flat[np.repeat(at[~repeats], plain) + within]
    counts = np.bincount(at // width, weights=size, minlength=rows.shape[0]).astype(np.int64)
    return counts, packed.tobytes()


def _packets(flat: Image, width: int) -> tuple[Numbers, Numbers, npt.NDArray[np.bool_]]:
    """Where every packet begins, how many bytes it stands for, and whether they are all equal."""
    starts = np.ones(flat.size, np.bool_)
    starts[1:] = flat[1:] != flat[:-1]
    starts[::width] = True
    run = np.flatnonzero(starts)
    equal = np.diff(run, append=flat.size) >= SHORTEST
    first = equal | (run % width == 0)  # short runs side by side become one packet
    first[1:] |= equal[:-1]
    piece, repeats = run[first], equal[first]
    length = np.diff(piece, append=flat.size)
    parts = -(-length // MOST)
    behind = MOST * _ramp(parts)
    return (
        np.repeat(piece, parts) + behind,
        np.minimum(MOST, np.repeat(length, parts) - behind),
        np.repeat(repeats, parts),
    )


def _ramp(counts: Numbers) -> Numbers:
    """0 to n - 1 for every n, one after the other."""
    ends = np.cumsum(counts)
    return np.arange(int(counts.sum())) - np.repeat(ends - counts, counts)
