"""Where coloured pages go: into a folder, or into a CBZ."""

from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from comicdata.cli.chapter_cbz import CbzPages
from comicdata.cli.chapter_folder import FolderPages
from comicdata.cli.chapter_rows import Page, Store, says_suffix
from comicdata.cli.inputs import Group, Picture
from comicdata.cli.targets import apart
from comicdata.errors import UsageError
from comicdata.outputs import Outputs

CBZ = ".cbz"


class Chapter(NamedTuple):
    """Pages that go to one place, and what it is called; `about`: the name and the bytes of what is said of them, one
    for each group.
    """

    name: str
    store: Store
    pages: list[Page]
    about: list[tuple[str, Callable[[], bytes]]]


def plan_chapters(groups: Sequence[Group], out: Path) -> list[Chapter]:
    """A CBZ for each archive, and the folder for all other pictures; one CBZ where OUT is the name of one.

    UsageError where that is to hold several chapters.
    """
    numbers = iter(range(sum(len(group.pictures) for group in groups)))
    numbered = [[(next(numbers), picture) for picture in group.pictures] for group in groups]
    if out.suffix.lower() == CBZ and not out.is_dir():
        if len(groups) != 1:
            raise UsageError(f"{out}: one chapter goes into a CBZ, {len(groups)} are given; name a folder with --out")
        return [_archive(out, groups[0], numbered[0])]
    loose = [(group, own) for group, own in zip(groups, numbered, strict=True) if not group.stem]
    named = [(group.name, *one) for group, own in loose for one in own]
    stems = apart(PurePosixPath(picture.name).with_suffix("").as_posix() for *_, picture in named)
    pages = [Page(number, picture, stem, name) for (name, number, picture), stem in zip(named, stems, strict=True)]
    about = [group.about for group, _ in loose if group.about]
    folder = [Chapter(_called(loose), FolderPages(Outputs(out, "colorize")), pages, about)] if pages else []
    packed = [(group, own) for group, own in zip(groups, numbered, strict=True) if group.stem]
    names = apart(group.stem for group, _ in packed)
    return folder + [
        _archive(out / f"{name}{CBZ}", group, own) for name, (group, own) in zip(names, packed, strict=True)
    ]


def _archive(path: Path, group: Group, numbered: Sequence[tuple[int, Picture]]) -> Chapter:
    members = [_inside(picture.member or picture.path.name) for _, picture in numbered]
    stems = apart(name[: -len(PurePosixPath(name).suffix)] if says_suffix(name) else name for name in members)
    pages = [Page(number, one, stem, group.name) for (number, one), stem in zip(numbered, stems, strict=True)]
    about = [(_inside(group.about[0]), group.about[1])] if group.about else []
    return Chapter(path.stem, CbzPages(path), pages, about)


def _called(loose: Sequence[tuple[Group, Any]]) -> str:
    """What pages of a folder are called: as the folder, or the picture, that they came from first."""
    return PurePosixPath(loose[0][0].name).name


def _inside(name: str) -> str:
    """The name of a member that leads nowhere else."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return "/".join(part for part in parts if part not in ("/", "..")) or "page"
