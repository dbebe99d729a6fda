"""WebDataset: tar shards of samples `<id>.color.png`, `.canny.png`, `.xdog.png`, ..., `.json`, for streaming."""

import io
import tarfile
from collections.abc import Iterator, Sequence

from comicdata.errors import IntegrityError
from comicdata.exports.folder import PlannedFile, planned_bytes
from comicdata.exports.job import Job, facts_of, picture_bytes, suffix_of
from comicdata.exports.words import webdataset_readme
from comicdata.files import jsonl_bytes, sha256_bytes
from comicdata.pairs.manifest import file_of
from comicdata.records import Pair

MEGABYTE = 1_000_000
BLOCK = 512  # tar: a header block per member, contents padded to whole blocks


def plan(job: Job) -> list[PlannedFile]:
    """`<size>-<split>-000000.tar` ..., each up to `shard_mb` megabytes unless one sample is larger, and a README."""
    files = []
    for (size, split), rows in job.groups.items():
        for number, shard in enumerate(_shards(job, rows)):
            files.append(_planned_shard(job, f"{size}-{split}-{number:06d}.tar", shard))
    return [*files, planned_bytes("README.md", webdataset_readme(job).encode())]


def _shards(job: Job, rows: Sequence[Pair]) -> Iterator[list[Pair]]:
    """The rows in shards that stay below the limit."""
    shard: list[Pair] = []
    size = 0
    for row in rows:
        more = _sample_size(job, row)
        if shard and size + more > job.options.shard_mb * MEGABYTE:
            yield shard
            shard, size = [], 0
        shard.append(row)
        size += more
    if shard:
        yield shard


def _sample_size(job: Job, row: Pair) -> int:
    """Bytes that a sample takes in a tar."""
    paths = [file_of(job.folder, row, kind) for kind in job.kinds]
    try:
        sizes = [path.stat().st_size for path in paths]
    except OSError as error:
        raise IntegrityError(f"{error.filename}: missing; run make-pairs again, then export") from error
    return sum(BLOCK + -(-size // BLOCK) * BLOCK for size in [*sizes, len(_facts(job, row))])


def _facts(job: Job, row: Pair) -> bytes:
    return jsonl_bytes([facts_of(row, job.outlines)])


def _planned_shard(job: Job, path: str, rows: Sequence[Pair]) -> PlannedFile:
    """A shard; the facts of its samples carry the hashes of their pictures, so their hash is its key."""
    return PlannedFile(path, sha256_bytes(b"".join(_facts(job, row) for row in rows)), lambda: _packed(job, rows))


def _packed(job: Job, rows: Sequence[Pair]) -> bytes:
    """A tar file without times and owners: the same samples give the same bytes anywhere."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for row in rows:
            for name, data in _members(job, row):
                header = tarfile.TarInfo(name)
                header.size = len(data)
                tar.addfile(header, io.BytesIO(data))
    return buffer.getvalue()


def _members(job: Job, row: Pair) -> Iterator[tuple[str, bytes]]:
    for kind in job.kinds:
        yield f"{row.id}.{kind}{suffix_of(row, kind)}", picture_bytes(job.folder, row, kind)
    yield f"{row.id}.json", _facts(job, row)
