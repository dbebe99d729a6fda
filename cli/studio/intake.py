"""How drawings come into a project: files and folders that were named, what was dropped, the sample."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

from comicdata.cli.inputs import read_groups
from comicdata.cli.studio.project import Page, Project
from comicdata.errors import ComicDataError
from comicdata.files import delete, scratch_folder, sha256_bytes, write_atomic
from comicdata.formats import ARCHIVES, sniff
from comicdata.images import encode_png

SUFFIXES = (".cbz", ".zip", ".cbr", ".cb7", ".cbt", ".pdf")
SAMPLE_SEEDS, SAMPLE_NUMBER, SAMPLE_WIDTH = (40, 42), 3, 760


@dataclass
class Taken:
    """What was taken in, and what was not: its name and why."""

    pages: list[Page] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)


def take_in(project: Project, paths: Sequence[Path]) -> Taken:
    """Take in pictures, folders and archives, in reading order; what is none is said, and the others are taken."""
    taken = Taken()
    for group in read_groups(paths, layers=True):
        for picture in group.pictures:
            _take(taken, project, PurePath(picture.member or picture.name).name, picture.data)
    return taken


def _take(taken: Taken, project: Project, name: str, data: Any) -> None:
    try:
        taken.pages.append(project.add(name, data()))
    except ComicDataError as error:
        if error.status not in (2, 3):
            raise
        taken.failed.append((name, str(error)))


def take_dropped(project: Project, name: str, data: bytes) -> Taken:
    """Take in one file that was dropped: a picture, or an archive of them."""
    if sniff(data) not in ARCHIVES:
        taken = Taken()
        _take(taken, project, name, lambda: data)
        return taken
    suffix = PurePath(name).suffix.lower()
    project.folder.mkdir(parents=True, exist_ok=True)
    with scratch_folder(project.folder, "dropped") as place:
        path = place / f"dropped{suffix if suffix in SUFFIXES else '.cbz'}"
        write_atomic(path, data, durable=False)
        try:
            return take_in(project, [path])
        finally:
            delete(place, path, sha256_bytes(data))


def take_sample(project: Project) -> Taken:
    """Line art of the comic that the project draws itself."""
    from comicdata.drawn import draw_episode
    from comicdata.outlines import canny_black

    taken = Taken()
    for number, seed in enumerate(SAMPLE_SEEDS, 1):
        episode = draw_episode(seed, SAMPLE_NUMBER, width=SAMPLE_WIDTH, panels=1)
        box = episode.panels[0].box
        line = canny_black(episode.strip[box.y0 : box.y1, box.x0 : box.x1])
        _take(taken, project, f"sample {number}.png", lambda line=line: encode_png(line))
    return taken
