"""`comicdata panels`: where the panels are, as boxes, as pictures, and for readers; corrected boxes are taken back."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from comicdata.cli.front import Front, command, reads_pictures, takes_panels
from comicdata.cli.panel_files import FORMATS, Books, Names, documents, order_line
from comicdata.errors import ComicDataError, PartialError, UsageError


@command(writes=True, example="comicdata panels page.png --out out/overlays", goes_on=lambda options: False)
@click.argument("inputs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="INPUT...")
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Write overlays as pictures there.")
@click.option(
    "--to",
    "formats",
    type=click.Choice([*FORMATS]),
    multiple=True,
    help="Also write into OUT: json, to be edited; acbf or guided, for readers that go panel by panel. Repeatable.",
)
@takes_panels("files", "Boxes that you corrected, in any of these formats; repeat for more.")
@click.option(
    "--layout",
    type=click.Choice(["auto", "strip", "page", "single"]),
    default="auto",
    help="What the pictures of an input are.",
)
@click.option(
    "--reading-order",
    type=click.Choice(["auto", "ltr", "rtl"]),
    default="auto",
    help="How panels side by side are read; auto: as ComicInfo.xml or the language says, else left to right.",
)
@reads_pictures
@click.option(
    "--score",
    "truth_file",
    type=click.Path(path_type=Path),
    default=None,
    metavar="TRUTH",
    help='Compare with known boxes: lines {"input": NAME, "panels": [{"box": [x0, y0, x1, y1]}]}; names as printed. '
    "ACBF and guided.json will do, too.",
)
def panels(
    front: Front,
    inputs: tuple[Path, ...],
    out: Path | None,
    formats: tuple[str, ...],
    files: tuple[Path, ...],
    layout: Any,
    reading_order: Any,
    truth_file: Path | None,
) -> Any:
    """Find the panels of pictures, folders and CBZ files; a folder or CBZ of slices is one strip.

    --to json writes the file that you edit; --panels gives it back, here and to make-pairs and colorize.
    """
    from comicdata.cli.inputs import read_groups, told_apart
    from comicdata.outputs import Outputs
    from comicdata.panels.corrected import read_corrected
    from comicdata.panels.exchange import read_panels

    if formats and out is None:
        raise UsageError(f"--to {formats[0]} needs a folder to write into: name it with --out")
    truth = read_panels(truth_file) if truth_file else []
    groups = told_apart(list(read_groups(inputs)))
    outputs = Outputs(out, "panels") if out else None
    reads = [*files, *([truth_file] if truth_file else [])]
    names = Names(groups, inputs)
    if outputs:
        _check(outputs, [*inputs, *reads], groups, names, formats)
    corrected = read_corrected(files, [picture.names for group in groups for picture in group.pictures])
    if files:
        front.say(f"pages that you corrected: {len(corrected.entries)}")
    entries: list[dict[str, Any]] = []
    books = Books(formats)
    unsure: list[tuple[float, str, str]] = []
    orders: Counter[str] = Counter()
    for found in _found_strips(front, groups, _Wishes(layout, reading_order, corrected)):
        entries.append(_entry(found))
        front.say(f"{found.name}: {found.strip.layout}, {len(found.panels)} panels")
        overlay = names.overlay(found)
        unsure += _unsure(found, f"{out}/{overlay}" if out else found.name)
        orders[found.order.words] += 1
        books.add(found)
        if outputs and not front.dry_run:
            _write(front, outputs, overlay, _drawn(found))
    if outputs and not front.dry_run and entries:
        for name, data in documents(names, books, entries, formats):
            if _write(front, outputs, name, data):
                front.say(f"{outputs.out / name}")
        front.say(f"overlays in {out}")
    _say(front, orders, reading_order, sorted(unsure), len(entries), out)
    scores = _scores(front, entries, truth) if truth_file else {}
    return {"strips": entries, "unsure": [name for _, name, _ in sorted(unsure)]} | scores


def _say(
    front: Front,
    orders: Counter[str],
    asked: str,
    unsure: Sequence[tuple[float, str, str]],
    pages: int,
    out: Path | None,
) -> None:
    """Which way was read, and which pages a person should look at, in a line each."""
    from comicdata.panels.unsure import unsure_line

    if asked == "auto" and orders:
        front.say(order_line(orders))
    if unsure:
        where = "look at them, and correct them: docs/panels.md" if out else "--out DIR draws them"
        front.warn(unsure_line([place for _, _, place in unsure], pages, where))


@dataclass(frozen=True)
class _Wishes:
    layout: Any
    order: Any
    corrected: Any


@dataclass(frozen=True)
class _Found:
    """A strip or a page with its panels, and those that the program had found; `slices` are its pictures in it."""

    name: str
    strip: Any
    panels: list[Any]
    before: list[Any]
    order: Any
    group: Any
    pictures: list[Any]
    slices: list[Any]


def _found_strips(front: Front, groups: list[Any], wishes: _Wishes) -> Iterator[_Found]:
    """Strips and pages of every input with their panels; what cannot be read is a warning and status 3."""
    from comicdata.panels import find_panels, make_strips
    from comicdata.panels.order import find_order

    first = 0
    for group in groups:
        images, there = [], []
        for number, picture in enumerate(group.pictures, first):
            try:
                images.append(picture.read())
                there.append(number)
            except ComicDataError as error:
                _fail(front, error)
        strips = make_strips(images, wishes.layout)
        if strips and strips[0].evidence.doubt:
            front.warn(f"{group.name}: {strips[0].evidence.doubt}")
        for strip in strips:
            order = find_order(
                wishes.order, said=group.info.reading_order, language=group.info.language, layout=strip.layout
            )
            own = [group.pictures[there[index] - first] for index in strip.pictures]
            slices = _slices(strip, own, images)
            before = find_panels(strip, order.direction)
            numbers = [there[index] for index in strip.pictures]
            found = wishes.corrected.laid(before, numbers, slices, strip.image.shape[1])
            name = group.name if strip.layout == "strip" else own[0].name
            yield _Found(name, strip, found, before, order, group, own, slices)
        first += len(group.pictures)


def _slices(strip: Any, pictures: list[Any], images: list[Any]) -> list[Any]:
    """Where the pictures of a strip, or a page, lie in it."""
    from comicdata.panels.exchange.entries import Slice

    ends = [*strip.tops[1:], strip.image.shape[0]]
    sizes = [images[index].shape[1::-1] for index in strip.pictures]
    return [
        Slice(picture.name, top, end, *size)
        for picture, top, end, size in zip(pictures, strip.tops, ends, sizes, strict=True)
    ]


def _fail(front: Front, error: ComicDataError) -> None:
    front.warn(f"failed: {error}")
    front.status = 3


def _unsure(found: _Found, place: str) -> list[tuple[float, str, str]]:
    """How likely it is that all panels of a page are right, its name and where to look at it, where a person should."""
    from comicdata.panels.unsure import UNSURE, all_right, confidences, least_sure

    sure = confidences(found.panels)
    return [(all_right(sure), found.name, place)] if least_sure(sure) < UNSURE else []


def _entry(found: _Found) -> dict[str, Any]:
    """A strip or a page as JSON has it; what the program had found is hashed, so that any change since is told."""
    from comicdata.panels.exchange.ours import digest, panel_rows

    height, width = found.strip.image.shape[:2]
    evidence, panels = found.strip.evidence, panel_rows(found.panels)
    decided = {"layout": evidence.layout, "layout_evidence": evidence.words, "layout_confidence": evidence.confidence}
    order = {"reading_order": found.order.direction, "reading_order_reason": found.order.reason}
    size = {"width": width, "height": height}
    inner = found.pictures[0].inner
    more: dict[str, Any] = {} if not inner or found.name.endswith(inner) else {"file": inner}
    if evidence.layout == "strip":
        more = {"slices": [vars(one) for one in found.slices]}
    return {
        "input": found.name,
        **decided,
        **order,
        **size,
        **more,
        "found": digest(panel_rows(found.before)),
        "panels": panels,
    }


def _check(outputs: Any, inputs: list[Path], groups: list[Any], names: Names, formats: Sequence[str]) -> None:
    """Refuse OUT before any work: whatever may be written there is no input and no file of others."""
    from comicdata.outputs import Reads

    pictures = [picture.path for group in groups for picture in group.pictures]
    document = [names.whole + FORMATS["json"]] if "json" in formats else []
    outputs.check([*names.all(), *document], Reads([*inputs, *pictures]))


def _drawn(found: _Found) -> bytes:
    from comicdata.cli.html.pieces import overlay
    from comicdata.images import encode_jpeg
    from comicdata.outputs import mark

    image = overlay(found.strip.image, found.panels)
    if image.shape[0] > 65000:  # the format ends at 65,535 rows
        image = image[:: -(-image.shape[0] // 65000), :: -(-image.shape[0] // 65000)]
    return encode_jpeg(image, mark=mark())


def _write(front: Front, outputs: Any, name: str, data: bytes) -> bool:
    try:
        outputs.write(name, data)
    except PartialError as error:
        _fail(front, error)
        return False
    return True


def _scores(front: Front, entries: list[dict[str, Any]], truth: Sequence[Any]) -> dict[str, Any]:
    """Precision, recall and F1 over all inputs that the truth file names; those on one side only are warnings."""
    from comicdata.panels.corrected import Pages
    from comicdata.panels.score import THRESHOLDS, Counts, count, true_boxes
    from comicdata.records import Box

    pages = Pages({one["input"]: [one["input"], *([one["file"]] if "file" in one else [])] for one in entries})
    named = {name: one for one in truth if (name := pages.key_of(one)) is not None}
    if not named:
        here = min((entry["input"] for entry in entries), default="nothing")
        raise UsageError(
            f"the truth file names no input of these; it has {min(one.name for one in truth)!r}, here is {here!r}"
        )
    for name in sorted({entry["input"] for entry in entries} - named.keys()):
        front.warn(f"{name}: not in the truth file; not counted")
    for name in sorted(one.name for one in truth if one not in named.values()):
        front.warn(f"{name}: in the truth file only; not counted")
    total = Counts()
    for entry in entries:
        boxes = [Box(*panel["box"]) for panel in entry["panels"] if panel["kind"] == "panel"]
        if entry["input"] in named:
            total += count(boxes, true_boxes(named[entry["input"]], entry["width"], entry["height"]))
    scores = {str(at): vars(total.at(at)) for at in THRESHOLDS}
    for at, one in scores.items():
        front.say(f"IoU {at}: precision {one['precision']:.3f}, recall {one['recall']:.3f}, F1 {one['f1']:.3f}")
    front.say(
        f"{total.truth} true panels, {total.found} found; {total.cut} cut through ({total.cut_rate:.1%}), "
        f"{total.merged} boxes over several panels ({total.merge_rate:.1%})"
    )
    rates = {"cut_through": total.cut_rate, "merged": total.merge_rate}
    return {"score": {"iou": scores, "panels": total.truth, "found": total.found, **rates}}


command_ = panels
