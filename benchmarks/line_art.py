"""Is a picture told for line art, do tones leave lines, are balloons found, faces not? Drawn cases, and real comics.

python benchmarks/line_art.py recognised [--seeds 100-103] [--comics DIR]  what was taken for what
python benchmarks/line_art.py tones [--seeds 100-103]                      precision, recall of ink
python benchmarks/line_art.py balloons --comics DIR [--episodes 1,2,3]     DIR/pepper-and-carrot
python benchmarks/line_art.py faces --comics DIR                           66 faces on 14 pages of it
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from drawings import LINE_ART, PICTURES, TONES, draw, grey_as_rgb, sepia, toned

from comicdata.flats.line_art import read_line_art
from comicdata.flats.regions import find_regions
from comicdata.flats.screentone import without_tones
from comicdata.images import Image, read_image
from comicdata.outlines import canny_black, xdog
from comicdata.panels import find_panels, make_strips
from comicdata.records import Box

COLOURED = ("pepper-and-carrot/textless", "page-blanche", "book-dash", "african-storybook", "climate-frogs-webtoon")
HELD_OUT = "6,10,16"  # the others were fitted on
FACES = Path(__file__).with_name("faces.json")


def recognised(seeds: range, comics: Path | None) -> None:
    for truth, cases in ((True, LINE_ART), (False, PICTURES)):
        right = 0
        for name, case in cases.items():
            seen = []
            for seed in seeds:
                rng = np.random.default_rng(seed)
                seen.append(read_line_art(case(rng, draw(rng))))
            good = sum(one.is_line_art == truth for one in seen)
            right += good
            wrong = "; ".join(sorted({one.why for one in seen if one.is_line_art != truth}))
            print(f"| {name} | {'line art' if truth else 'picture'} | {good} of {len(seen)} | {wrong} |", flush=True)
        print(f"| all {'line art' if truth else 'pictures'} | | {right} of {len(cases) * len(seeds)} | |", flush=True)
    for folder in COLOURED if comics else ():
        paths = sorted((comics or Path()).glob(f"{folder}/**/*.jpg"))
        _real(folder, [read_image(path) for path in paths[:: max(1, len(paths) // 20)]])


def _real(folder: str, pages: list[Image]) -> None:
    """Pages as they are, in grey, in sepia, and the outlines drawn of them: how many are taken for line art."""
    greys = [np.asarray(cv2.cvtColor(page, cv2.COLOR_RGB2GRAY), np.uint8) for page in pages]
    looks = {
        "in colour": pages,
        "in grey": [grey_as_rgb(grey) for grey in greys],
        "in sepia": [np.rint(sepia(grey.astype(np.float32))).astype(np.uint8) for grey in greys],
        "outlines": [grey_as_rgb(canny_black(page)) for page in pages] + [grey_as_rgb(xdog(page)) for page in pages],
    }
    for look, pictures in looks.items():
        taken = sum(read_line_art(picture).is_line_art for picture in pictures)
        print(f"| {folder} {look} | {taken} of {len(pictures)} taken for line art |", flush=True)


def tones(seeds: range) -> None:
    for kind in TONES:
        sums = np.zeros(4)
        for seed in seeds:
            rng = np.random.default_rng(seed)
            drawn = draw(rng)
            page, where = toned(rng, drawn, kind)
            made, truth = without_tones(page)[0] < 128, drawn.line < 128
            near = cv2.dilate(truth.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
            at = cv2.dilate(where.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
            before = (page < 128) & at
            sums += [(made & near & at).sum(), (made & at).sum(), (made & truth & at).sum(), (truth & at).sum()]
            sums_before = (before & near).sum() / max(1, before.sum())
        print(
            f"| {kind} | {sums[0] / max(1, sums[1]):.3f} | {sums[2] / max(1, sums[3]):.3f} | {sums_before:.3f} |",
            flush=True,
        )


def balloons(comics: Path, episodes: set[int]) -> None:
    for name, outline in (("canny", canny_black), ("xdog", xdog)):
        sums = np.zeros(4)
        for textless, lettered, _ in pairs(comics / "pepper-and-carrot", episodes):
            truth, near = balloons_of(textless, lettered)
            found, paper = _found(outline(lettered), panels_of_page(lettered))
            sums += [(found & truth).sum(), (truth & paper).sum(), (found & ~near).sum(), (paper & ~near).sum()]
        print(f"| {name} | {sums[0] / sums[1]:.3f} | {sums[2] / sums[3]:.4f} |", flush=True)


def faces(comics: Path) -> None:
    """The faces of faces.json, boxes x0, y0, x1, y1 by page, a quarter of whose paper is taken for a balloon."""
    boxes = json.loads(FACES.read_text())
    for name, outline in (("canny", canny_black), ("xdog", xdog)):
        shares = {}
        for textless, lettered, page in pairs(comics / "pepper-and-carrot", set(range(1, 18))):
            if page in boxes:
                found, paper = _found(outline(lettered), panels_of_page(lettered))
                free = paper & ~balloons_of(textless, lettered)[1]
                for x0, y0, x1, y1 in boxes[page]:
                    place = (slice(y0, y1), slice(x0, x1))
                    taken = (found & free)[place].sum() / max(1, free[place].sum())
                    shares[f"{page} at ({x0}, {y0})"] = float(taken)
        wrong = {at: round(share, 2) for at, share in shares.items() if share >= 0.25}
        print(f"| {name} | {len(wrong)} of {len(shares)} faces | mean {np.mean([*shares.values()]):.3f} | {wrong} |")


def _found(line: Image, panels: list[Box]) -> tuple[np.ndarray, np.ndarray]:
    """What is taken for balloons, off the ink, and all paper in panels, (H, W) bool both."""
    regions = find_regions(line, panels or None)
    paper = (regions.labels > 0) & ~regions.ink
    return np.isin(regions.labels, list(regions.balloons)) & paper, paper


def pairs(place: Path, episodes: set[int]) -> Iterator[tuple[Image, Image, str]]:
    """Textless and lettered pages, and their names."""
    for lettered in sorted((place / "lettered-en").glob("*.jpg")):
        page = lettered.stem[-6:]
        textless = next(iter((place / "textless").glob(f"*{page}.jpg")), None)
        if textless and int(page[1:3]) in episodes:
            yield read_image(textless), read_image(lettered), page


def balloons_of(textless: Image, lettered: Image) -> tuple[np.ndarray, np.ndarray]:
    """Where balloons lie, (H, W) bool: what lettering changed and is mostly white; and where anything changed."""
    changed = (cv2.absdiff(textless, lettered).max(axis=2) > 24).astype(np.uint8)
    changed = cv2.morphologyEx(changed, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    changed = cv2.morphologyEx(changed, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    outlines, _ = cv2.findContours(changed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    white = lettered.min(axis=2) >= 235
    truth, all_ = np.zeros(changed.shape, np.uint8), np.zeros(changed.shape, np.uint8)
    for outline in outlines:
        x, y, wide, high = cv2.boundingRect(outline)
        part = np.zeros((high, wide), np.uint8)
        cv2.drawContours(part, [outline - (x, y)], -1, 1, -1)
        place = (slice(y, y + high), slice(x, x + wide))
        all_[place] |= part
        if part.sum() >= 600 and white[place][part > 0].mean() >= 0.6:
            truth[place] |= part
    return truth > 0, cv2.dilate(all_, np.ones((9, 9), np.uint8)) > 0


def panels_of_page(page: Image) -> list[Box]:
    (strip, *_) = make_strips([page], "page")
    return [panel.box for panel in find_panels(strip) if panel.kind == "panel"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["recognised", "tones", "balloons", "faces"])
    parser.add_argument("--seeds", default="100-103")
    parser.add_argument("--comics", type=Path)
    parser.add_argument("--episodes", default=HELD_OUT)
    given = parser.parse_args()
    first, _, last = given.seeds.partition("-")
    seeds = range(int(first), int(last or first) + 1)
    if given.what == "recognised":
        recognised(seeds, given.comics)
    elif given.what == "tones":
        tones(seeds)
    elif given.what == "faces":
        faces(given.comics)
    else:
        balloons(given.comics, {int(one) for one in given.episodes.split(",")})


if __name__ == "__main__":
    main()
