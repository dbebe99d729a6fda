"""`comicdata panels`: where the panels are, as boxes and as pictures."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from comicdata.cli.front import Front, command, reads_pictures
from comicdata.errors import ComicDataError, PartialError, UsageError


@command(writes=True, example="comicdata panels page.png --out out/overlays")
@click.argument("inputs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="INPUT...")
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Write overlays as pictures there.")
@click.option(
    "--layout",
    type=click.Choice(["auto", "strip", "page", "single"]),
    default="auto",
    help="What the pictures of an input are.",
)
@click.option(
    "--reading-order",
    type=click.Choice(["ltr", "rtl"]),
    default="ltr",
    help="How panels side by side are read.",
)
@reads_pictures
@click.option(
    "--score",
    "truth_file",
    type=click.Path(path_type=Path),
    default=None,
    metavar="TRUTH",
    help='Compare with known boxes: lines {"input": NAME, "panels": [{"box": [x0, y0, x1, y1]}]}; names as printed.',
)
def panels(
    front: Front, inputs: tuple[Path, ...], out: Path | None, layout: str, reading_order: str, truth_file: Path | None
) -> Any:
    """Find the panels of pictures, folders and CBZ files; a folder or CBZ of slices is one strip."""
    from comicdata.cli.inputs import read_groups
    from comicdata.outputs import Outputs

    truth = _read_truth(truth_file)
    groups = list(read_groups(inputs))
    outputs = Outputs(out, "panels") if out else None
    if outputs:
        _check(outputs, inputs, groups, truth_file)
    entries: list[dict[str, Any]] = []
    for found in _found_strips(front, groups, layout, reading_order):
        entries.append(_entry(found))
        front.say(f"{found.name}: {found.strip.layout}, {len(found.panels)} panels")
        if outputs and not front.dry_run:
            _write_overlay(front, outputs, f"{len(entries):04d}.jpg", found)
    if out and not front.dry_run and entries:
        front.say(f"overlays in {out}")
    return {"strips": entries} | (_scores(front, entries, truth) if truth_file else {})


def _check(outputs: Any, inputs: tuple[Path, ...], groups: list[Any], truth: Path | None) -> None:
    """Refuse OUT before any work: at least one overlay is written per group, and at most one per picture."""
    from comicdata.outputs import Reads

    pictures = [picture.path for group in groups for picture in group.pictures]
    reads = Reads([*inputs, *pictures, *([truth] if truth else [])])
    for number in range(1, len(pictures) + 1):
        reads.refuse(outputs.out / f"{number:04d}.jpg")
    outputs.check((f"{number:04d}.jpg" for number in range(1, len(groups) + 1)), reads)


def _read_truth(path: Path | None) -> dict[str, Any]:
    from comicdata.panels.score import read_truth

    return read_truth(path) if path else {}


def _scores(front: Front, entries: list[dict[str, Any]], truth: dict[str, Any]) -> dict[str, Any]:
    """Precision, recall and F1 over all inputs that the truth file names; those on one side only are warnings."""
    from comicdata.panels.score import THRESHOLDS, Counts, count
    from comicdata.records import Box

    names = {entry["input"] for entry in entries}
    if not names & truth.keys():
        raise UsageError(
            f"the truth file names no input of these; it has {min(truth)!r}, here is {min(names, default='nothing')!r}"
        )
    for name in sorted(names ^ truth.keys()):
        front.warn(f"{name}: {'not in the truth file' if name in names else 'in the truth file only'}; not counted")
    total = Counts()
    for entry in entries:
        boxes = [Box(*panel["box"]) for panel in entry["panels"] if panel["kind"] == "panel"]
        if entry["input"] in truth:
            total += count(boxes, truth[entry["input"]])
    scores = {str(at): vars(total.at(at)) for at in THRESHOLDS}
    for at, one in scores.items():
        front.say(f"IoU {at}: precision {one['precision']:.3f}, recall {one['recall']:.3f}, F1 {one['f1']:.3f}")
    front.say(
        f"{total.truth} true panels, {total.found} found; {total.cut} cut through ({total.cut_rate:.1%}), "
        f"{total.merged} boxes over several panels ({total.merge_rate:.1%})"
    )
    rates = {"cut_through": total.cut_rate, "merged": total.merge_rate}
    return {"score": {"iou": scores, "panels": total.truth, "found": total.found, **rates}}


@dataclass(frozen=True)
class _Found:
    name: str
    strip: Any
    panels: list[Any]


def _found_strips(front: Front, groups: list[Any], layout: Any, order: Any) -> Iterator[_Found]:
    """Strips and pages of every input with their panels; what cannot be read is a warning and status 3."""
    from comicdata.panels import find_panels, make_strips

    for group in groups:
        images, names = [], []
        for picture in group.pictures:
            try:
                images.append(picture.read())
                names.append(picture.name)
            except ComicDataError as error:
                front.warn(f"failed: {error}")
                front.status = 3
        strips = make_strips(images, layout)
        if strips and strips[0].evidence.doubt:
            front.warn(f"{group.name}: {strips[0].evidence.doubt}")
        for strip in strips:
            name = group.name if strip.layout == "strip" else names[strip.pictures[0]]
            yield _Found(name, strip, find_panels(strip, order))


def _entry(found: _Found) -> dict[str, Any]:
    height, width = found.strip.image.shape[:2]
    boxes = [
        {"box": panel.box.as_list(), "confidence": round(panel.confidence, 4), "kind": panel.kind}
        for panel in found.panels
    ]
    evidence = found.strip.evidence
    decided = {"layout": evidence.layout, "layout_evidence": evidence.words, "layout_confidence": evidence.confidence}
    return {"input": found.name, **decided, "width": width, "height": height, "panels": boxes}


def _write_overlay(front: Front, outputs: Any, name: str, found: _Found) -> None:
    from comicdata.cli.html.pieces import overlay
    from comicdata.images import encode_jpeg
    from comicdata.outputs import mark

    image = overlay(found.strip.image, found.panels)
    if image.shape[0] > 65000:  # the format ends at 65,535 rows
        image = image[:: -(-image.shape[0] // 65000), :: -(-image.shape[0] // 65000)]
    try:
        outputs.write(name, encode_jpeg(image, mark=mark()))
    except PartialError as error:
        front.warn(f"failed: {error}")
        front.status = 3


command_ = panels
