"""The panels of one episode, cut out: of one streamed strip, or page by page; as found, or as a person gave them.

Memory is bounded by the tallest panel and CACHE_PIXELS, not by the episode.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from comicdata.episodes import episode_folder
from comicdata.errors import GeneratedError, IntegrityError, PictureError
from comicdata.files import read_regular, sha256_bytes
from comicdata.images import MAX_FILE_BYTES, Image, decode, resize
from comicdata.images.decoding import STORED_PIXELS
from comicdata.outputs.marks import made_by
from comicdata.pairs.corrections import covered_slices, page_boxes, strip_boxes
from comicdata.pairs.task import Task
from comicdata.panels import Cut, Evidence, Strip, cut_panel, find_panels, picture_evidence, pictures_of, stream_panels
from comicdata.panels.corrected import as_panels, is_covered, laid_over
from comicdata.panels.layout import asked, weigh_looks
from comicdata.panels.looks import Look, look_at
from comicdata.panels.order import Order, find_order
from comicdata.panels.rules import RULES
from comicdata.panels.slices import Stitched, stitched, stretches
from comicdata.records import Box, Direction, Failure

CACHE_PIXELS = 40_000_000  # decoded slices that are kept: an ordinary episode is decoded once, a huge one three times


class Slices:
    """The pictures of an episode, decoded when asked for; the last CACHE_PIXELS of them are kept."""

    def __init__(self, task: Task) -> None:
        self.folder = episode_folder(task.crawl, task.record)
        self.place = task.place
        self.images = task.record.images
        self.include_generated = task.options.include_generated
        self.failures: list[Failure] = []
        self._cache: OrderedDict[int, Image] = OrderedDict()

    def check(self) -> dict[int, Look]:
        """Decode every picture once; those that cannot be read are failures. Returns what tells slices from pages of
        each that can be, by its index among the episode's images.
        """
        looks: dict[int, Look] = {}
        for index in range(len(self.images)):
            try:
                picture = self[index]
            except (OSError, PictureError, IntegrityError, GeneratedError) as error:
                name = self._name(index)
                why = f"cannot be read ({error.strerror or error})" if isinstance(error, OSError) else str(error)
                self.failures.append(Failure("make-pairs", name, why.removeprefix(f"{name}: "), type(error).__name__))
                continue
            looks[index] = look_at(picture)
        return looks

    def _name(self, index: int) -> str:
        """Where a picture lies in the crawl: what failures say, the same on every machine."""
        return "/".join([*self.place, self.images[index].file_name])

    def __getitem__(self, index: int) -> Image:
        """The picture, whose bytes must still have the recorded hash."""
        if index not in self._cache:
            data = read_regular(self.folder / self.images[index].file_name, MAX_FILE_BYTES)
            if sha256_bytes(data) != self.images[index].sha256:
                cure = "run the crawl again to restore it"
                raise IntegrityError(f"{self._name(index)}: changed since the crawl; {cure}")
            mark = None if self.include_generated else made_by(data)
            if mark is not None:
                raise GeneratedError(f"{mark.words}, so it is left out; --include-generated takes it")
            self._cache[index] = decode(data, self._name(index), most=STORED_PIXELS)
            while len(self._cache) > 1 and sum(one.size for one in self._cache.values()) > 3 * CACHE_PIXELS:
                self._cache.popitem(last=False)
        return self._cache[index]


def find_cuts(
    task: Task, slices: Slices, readable: Sequence[int], evidence: Evidence, order: Direction
) -> Iterator[tuple[Cut, Evidence]]:
    """The panels of the episode in reading order, of one streamed strip or page by page, and what each was cut by."""
    if evidence.layout == "strip":
        cuts = _corrected_cuts if task.corrections else _strip_cuts
        for cut in cuts(task, slices, readable, order):
            yield cut, evidence
        return
    judged = task.options.layout == "auto" and len(readable) > 1
    for index in readable:
        picture = slices[index]
        found = picture_evidence(picture, evidence) if judged else evidence
        strip = Strip(picture, (0,), (index,), found)
        panels = find_panels(strip, order)
        boxes = page_boxes(task.corrections, task.record, index)
        for panel in panels if boxes is None else as_panels(boxes, panels):
            yield Cut(panel, cut_panel(strip, panel.box), pictures_of(strip, panel.box)), found


def find_evidence(task: Task, slices: Slices, looks: Mapping[int, Look]) -> Evidence:
    """The layout of the episode; pictures between which others are missing say nothing about it."""
    if task.options.layout != "auto":
        return asked(task.options.layout)
    if len(looks) == 1:
        return picture_evidence(slices[next(iter(looks))])
    torn = [[*(looks[index] for index in stretch.slices), None] for stretch in stretches(task.record, list(looks))]
    return weigh_looks([one for stretch in torn for one in stretch])


def _strip_cuts(task: Task, slices: Slices, readable: Sequence[int], order: Direction) -> Iterator[Cut]:
    """The panels of a strip, which is never glued together over slices that are not there.

    A panel that no gutter parts from such a gap goes on in it: it is not whole.
    """
    strip = stitched(task.record.images)
    for stretch in stretches(task.record, readable):
        first, top, end = stretch.slices[0], strip.tops[stretch.slices[0]], strip.tops[stretch.slices[-1] + 1]
        read = partial(map, slices.__getitem__, stretch.slices)
        for cut in stream_panels(read, width=strip.width, reading_order=order):
            box = cut.panel.box
            whole = not (
                (stretch.torn_above and box.y0 < RULES.narrowest_gutter)
                or (stretch.torn_below and box.y1 > end - top - RULES.narrowest_gutter)
            )
            moved = replace(cut.panel, box=Box(box.x0, box.y0 + top, box.x1, box.y1 + top))
            yield Cut(moved, cut.image, tuple(first + i for i in cut.pictures), whole)


def _corrected_cuts(task: Task, slices: Slices, readable: Sequence[int], order: Direction) -> Iterator[Cut]:
    """Likewise, where somebody corrected the strip, or slices of it: his boxes stand for what was found there."""
    record, strip = task.record, stitched(task.record.images)
    found = {cut.panel: cut.whole for cut in _strip_cuts(task, slices, readable, order)}
    covered = covered_slices(task.corrections, record)
    boxes = strip_boxes(task.corrections, record)
    for panel in laid_over(list(found), boxes, lambda box: is_covered(box, covered)):
        touched = strip.touched(panel.box.y0, panel.box.y1)
        there = any(set(touched) <= {*stretch.slices} for stretch in stretches(record, readable))
        image = _from_strip(slices, strip, panel.box) if there else np.zeros((1, 1, 3), np.uint8)
        yield Cut(panel, image, touched, found.get(panel, there))


def _from_strip(slices: Slices, strip: Stitched, box: Box) -> Image:
    """The pixels of a box in the strip, (h, w, 3), of the slices that it touches."""
    parts = []
    for i in strip.touched(box.y0, box.y1):
        top, bottom = strip.tops[i], strip.tops[i + 1]
        picture = slices[i]
        whole = picture if picture.shape[1] == strip.width else resize(picture, strip.width, bottom - top)
        parts.append(whole[max(0, box.y0 - top) : box.y1 - top, box.x0 : box.x1])
    return np.ascontiguousarray(np.concatenate(parts))


def order_of(task: Task, evidence: Evidence | None) -> Order:
    layout = evidence.layout if evidence else "page"
    return find_order(task.options.reading_order, said=task.said, language=task.language, layout=layout)
