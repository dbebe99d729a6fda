"""Every error that comicdata raises on purpose; each class carries its exit status of the README's list.

    ComicDataError            1   (never raised itself)
    |-- UsageError            2   wrong argument, missing folder, bad settings
    |-- PartialError          3   finished, some items failed
    |   `-- PictureError      3   one picture cannot be read
    |-- NetworkError          4   the network or the server failed
    |-- PolicyError           5   robots.txt, an opt-out, a refused address
    |   `-- GeneratedError    5   a picture that comicdata made itself
    |-- IntegrityError        6   a hash, a manifest or a checkpoint does not fit
    |-- LockedError           7   another run holds the lock
    |-- ResourceError         8   disk or memory
    `-- DivergedError         9   training produced NaN or infinity

A message says what, where, and how to cure it, in one line.
"""


class ComicDataError(Exception):
    """Root of the tree; `status` is the exit status of the command."""

    status = 1


class UsageError(ComicDataError):
    """A wrong argument, a missing folder, or settings that do not fit together."""

    status = 2


class PartialError(ComicDataError):
    """The command finished, but some items failed (listed in failures.jsonl)."""

    status = 3


class PictureError(PartialError):
    """One picture cannot be read safely."""


class NetworkError(ComicDataError):
    """The network or the server on the other side failed."""

    status = 4


class PolicyError(ComicDataError):
    """Refused: robots.txt, an opt-out, or an address outside the allow-list."""

    status = 5


class GeneratedError(PolicyError):
    """A picture that comicdata made itself, where somebody's drawing is wanted."""


class IntegrityError(ComicDataError):
    """A hash, a manifest or a checkpoint is not what it says."""

    status = 6


class LockedError(ComicDataError):
    """Another run works on the same folder."""

    status = 7


class ResourceError(ComicDataError):
    """The disk is full or the memory does not suffice."""

    status = 8


class DivergedError(ComicDataError):
    """Training, or what it left, produced NaN or infinity."""

    status = 9
