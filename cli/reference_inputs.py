"""--reference: coloured pictures, folders, archives and pairs, as what is kept of their panels."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from comicdata.cli.front import Front
from comicdata.cli.inputs import read_groups
from comicdata.errors import PartialError, UsageError
from comicdata.images import Image, read_image
from comicdata.models.colorize import PaletteColorizer
from comicdata.models.colorize.pages import is_uneven, references_of
from comicdata.models.colorize.references import Reference
from comicdata.pairs.manifest import MANIFEST, file_of, read_rows, usable

Read = tuple[str, Callable[[], Image]]  # what a picture is called, and what reads it


def read_references(front: Front, colorizer: PaletteColorizer, paths: Sequence[Path]) -> list[Reference]:
    """What is kept of all that was named; a picture that is no reference is said. UsageError where none is one."""
    pictures = [one for path in paths for one in _pictures(path)]
    found, uneven = list[Reference](), list[str]()
    with front.progress("references", len(pictures), "pictures") as update:
        for number, (name, read) in enumerate(pictures, 1):
            try:
                picture = read()
                found += references_of(colorizer, picture)
                uneven += [name] if is_uneven(picture) else []
            except PartialError as error:
                front.warn(f"--reference {name}: left out: {error}")
            update(number)
    if uneven:
        more = f" and {len(uneven) - 1} more" if len(uneven) > 1 else ""
        front.warn(f"--reference {uneven[0]}{more}: a photograph or painted, of which little can be taken over")
    if paths and not found:
        what = f" {paths[0]}: nothing in it" if len(paths) == 1 else f": nothing in any of the {len(paths)}"
        raise UsageError(f"--reference{what} can be taken as a reference; coloured pictures can")
    return found


def _pictures(path: Path) -> Iterator[Read]:
    """The pictures that somebody named; of pairs one window of each panel."""
    if not (path / MANIFEST).is_file():
        yield from ((one.label, one.read) for group in read_groups([path]) for one in group.pictures)
        return
    panels = {row.panel_id: row for row in reversed(usable(read_rows(path)))}
    for name in sorted(panels):
        file = file_of(path, panels[name], "color")
        yield str(file), lambda file=file: read_image(file)  # type: ignore[misc]
