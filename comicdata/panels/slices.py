"""An episode's slices as one strip: where each lies in it, and where it is torn because slices are not there."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from comicdata.records import EpisodeRecord, ImageRecord


@dataclass(frozen=True)
class Stitched:
    """The strip of all recorded slices at their commonest width: slice i has the rows tops[i] <= y < tops[i + 1].

    The record alone decides it, so a slice that cannot be read leaves a hole and moves nothing. One that was never
    fetched has no place.
    """

    width: int
    tops: tuple[int, ...]

    def touched(self, y0: int, y1: int) -> tuple[int, ...]:
        """The slices that have any of the rows y0 <= y < y1."""
        return tuple(i for i in range(len(self.tops) - 1) if self.tops[i] < y1 and self.tops[i + 1] > y0)


@dataclass(frozen=True)
class Stretch:
    """Slices, by index, that follow each other; whether something is missing before the first and after the last."""

    slices: range
    torn_above: bool
    torn_below: bool


def stitched(images: Sequence[ImageRecord]) -> Stitched:
    """Where the slices of an episode lie; at least one."""
    width = Counter(image.width for image in images).most_common(1)[0][0]
    tops = [0]
    for image in images:
        tops.append(tops[-1] + max(1, round(image.height * width / image.width)))
    return Stitched(width, tuple(tops))


def stretches(record: EpisodeRecord, readable: Sequence[int]) -> list[Stretch]:
    """The readable slices (indices, rising) in stretches without a gap."""
    places, last = _places(record)
    found: list[list[int]] = []
    for index in readable:
        follows = found and found[-1][-1] == index - 1 and places[index] == places[index - 1] + 1
        if follows:
            found[-1].append(index)
        else:
            found.append([index])
    return [
        Stretch(range(one[0], one[-1] + 1), torn_above=places[one[0]] > 1, torn_below=places[one[-1]] < last)
        for one in found
    ]


def _places(record: EpisodeRecord) -> tuple[list[int], int]:
    """The place of every stored picture in the episode, from 1, and that of the episode's last one.

    File names say it of a partial episode only: in others a picture keeps its name when the site moves it.
    """
    if record.status != "partial":
        return list(range(1, len(record.images) + 1)), len(record.images)
    places = [image.ordinal for image in record.images]
    lost = {url for url, _ in record.missing} - {image.url for image in record.images}
    return places, max(*places, len(places) + len(lost))
