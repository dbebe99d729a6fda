"""Whether pairs may go where they are meant to go, and what somebody changed in them: it is kept, never overwritten."""

import logging
from collections.abc import Iterable
from pathlib import Path

from comicdata.errors import IntegrityError
from comicdata.files import read_json, read_jsonl, sha256_file
from comicdata.images import decodes
from comicdata.outputs import (
    Outputs,
    Reads,
    check_folder,
    check_kind,
    holds,
    refuse_foreign,
    refuse_links,
    set_aside,
    speaks_of,
)
from comicdata.pairs import manifest
from comicdata.pairs.card import CARD, DOCUMENTS
from comicdata.pairs.task import Task, part_path

PAIRS = "pairs"
log = logging.getLogger("comicdata")


def check_pairs(out: Path, reads: Reads) -> None:
    """UsageError when `out` is what is read, holds a crawl, a run or an export, or has files of others in the way."""
    check_folder(out)
    reads.refuse(out)
    check_kind(out, PAIRS)
    refuse_links(linked_folders(out))
    columns = manifest.columns_of(out)
    known = holds(out) == PAIRS or {"panel_id", "params_id"} <= columns
    refuse_foreign(out / manifest.MANIFEST, known and (not columns or {"panel_id", "params_id"} <= columns))
    refuse_foreign(out / "failures.jsonl", speaks_of(out / "failures.jsonl", "stage", "make-pairs"))
    for path in out.glob("[0-9]*/*/metadata.jsonl"):
        if path.parent.name in manifest.SPLITS:
            refuse_foreign(path, speaks_of(path, "panel_id"))
    Outputs(out, manifest.COMMAND).check((), reads)
    if not known:
        Outputs(out, manifest.COMMAND).check(DOCUMENTS, reads)
        for path in out.glob("parts/*/*/*.jsonl"):
            refuse_foreign(path, speaks_of(path, "key"))
    elif not _is_damaged(out / CARD):
        refuse_foreign(out / CARD, _is_card(out / CARD))


def linked_folders(out: Path) -> list[Path]:
    """The folders of a pairs folder, those of sizes and splits and that of the parts, that are links: nothing is
    written or deleted through one.
    """
    sizes = [path for path in sorted(out.glob("*")) if path.name == "parts" or path.name.isdecimal()]
    return [path for one in sizes for path in (one, *sorted(one.glob("*"))) if path.is_symlink() and path.is_dir()]


def _is_card(path: Path) -> bool:
    try:
        value = read_json(path) if path.is_file() else {}
    except IntegrityError:
        return False
    return isinstance(value, dict) and "rows_sha256" in value


def _is_damaged(path: Path) -> bool:
    """Whether a card is no JSON at all: it is written anew."""
    try:
        read_json(path)
    except IntegrityError:
        return True
    except OSError:
        return False
    return False


def keep_changed(tasks: Iterable[Task]) -> None:
    """Move pictures that somebody changed since they were made out of the way of tasks that make them anew.

    Their bytes tell, for a copy of the folder has other times. Those that are no pictures any more are damage, and stay
    where they are.
    """
    for task in tasks:
        part = part_path(task)
        if not part.is_file():
            continue
        try:
            rows = [manifest.row_from_json(value, str(part)) for value in read_jsonl(part)[1:]]
        except IntegrityError:
            continue
        for path, digest in (item for row in rows for item in manifest.files_of(task.out, row).items()):
            if path.is_file() and sha256_file(path) != digest and decodes(path):
                log.warning("%s: somebody changed it; that is kept as %s", path, set_aside(task.out, path))
