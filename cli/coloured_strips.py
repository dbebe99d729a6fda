"""The slices of one strip in `comicdata colorize`: told from pages, coloured as a whole, and kept one by one."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from comicdata.cli.chapter_rows import Page, Row, Store
from comicdata.cli.making import Maker, Source
from comicdata.errors import ComicDataError, PartialError, PictureError
from comicdata.images import Image, read_picture
from comicdata.models.colorize.sheets import check_places
from comicdata.models.colorize.strips import Slices, colorize_strip
from comicdata.models.memory import memory_errors
from comicdata.panels.layout import weigh_looks
from comicdata.panels.looks import Look, look_at

LOOKED_AT = 60  # pictures of a chapter by which it is told whether it is a strip
Made = Iterator[tuple[Page, Row | ComicDataError]]


def is_strip(maker: Maker, pages: Sequence[Page]) -> bool:
    """Whether pictures are surely slices of one strip, by the first of them, or because somebody says so. Where art
    goes on from none to the next, and none is taller than pages, each is coloured by itself.
    """
    layout = maker.options["layout"]
    if len(pages) < 2 or layout not in ("auto", "strip"):
        return False
    if layout == "strip":
        return True
    looks: list[Look | None] = []
    for page in pages[:LOOKED_AT]:
        try:
            looks.append(look_at(read_picture(page.picture.data(), page.picture.label).image))
        except PictureError:
            looks.append(None)
    evidence = weigh_looks(looks)
    found = evidence.layout == "strip" and bool(evidence.sliced) and not evidence.doubt
    if found:
        maker.front.say(f"{pages[0].group}: coloured as one strip, for {evidence.sliced}; --layout page overrules it")
    return found


def slice_rows(maker: Maker, store: Store, pages: Sequence[Page]) -> Made:
    """The rows of slices of one strip; one that cannot be read parts it in two. One that changed is all anew, for a
    panel may go on in it.
    """
    hashes = dict(zip((page.number for page in pages), maker.recipe.of_slices(pages), strict=True))
    there = [(page, row) for page in pages if (row := store.known(page.stem, hashes[page.number]))]
    if len(there) == len(pages):
        maker.again += sum(not row["left_alone"] for _, row in there)
        yield from there
        return
    sources: dict[int, Source] = {}
    faults: dict[int, PartialError] = {}
    for page in pages:
        try:
            sources[page.number] = _source(maker, page)
        except PartialError as error:
            faults[page.number] = error
    widths = Counter(one.size[0] for one in sources.values())
    for is_whole, run in groupby(pages, key=lambda page: page.number in sources):
        if is_whole:
            yield from _stretch(maker, store, list(run), sources, widths.most_common(1)[0][0], hashes)
        else:
            yield from ((page, faults[page.number]) for page in run)


def _source(maker: Maker, page: Page) -> Source:
    """What a slice came as; PartialError where it cannot be read, or what is wished of it has no place in it."""
    decoded = maker.decoded(page, page.picture.data())
    check_places(maker.wishes.of(page.number, decoded.image).hints, decoded.image, page.picture.label)
    return Source.of(page.picture.data, decoded)


def _stretch(
    maker: Maker,
    store: Store,
    pages: Sequence[Page],
    sources: Mapping[int, Source],
    width: int,
    hashes: Mapping[int, str],
) -> Made:
    """The rows of slices that follow each other without a gap."""

    def read() -> Iterator[Image]:
        return (read_picture(page.picture.data(), page.picture.label).image for page in pages)

    sizes = [sources[page.number].size for page in pages]
    slices = Slices(read, sizes, [page.picture.label for page in pages], width)
    chosen = {name: maker.options[name] for name in ("recolor", "line_art")}
    made = colorize_strip(
        maker.colorizer,
        slices,
        lambda at, image: maker.wishes_of(store, pages[at], image),
        told=maker.panel_done,
        **chosen,
    )
    for page in pages:
        try:
            with memory_errors(f"on {page.picture.label}; take fewer --samples"):
                result = next(made)
            yield page, maker.kept(store, page, sources[page.number], result, hashes[page.number])
        except StopIteration:
            yield page, PartialError(f"{page.picture.label}: not coloured, for the strip ends above it")
        except PartialError as error:
            yield page, error
