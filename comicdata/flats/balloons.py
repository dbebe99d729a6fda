"""Where balloons and captions are. The rule: a balloon is the blank paper around lettering as far as lines hold it;
where none do, as far as on the other sides. How likely lettering is, and how well lines hold it, two small networks
say.
"""

from collections.abc import Callable, Iterator, Sequence

import cv2
import numpy as np

from comicdata.flats.around import RULES, Around, Candidate, Numbers, write_number
from comicdata.flats.ink import Mask
from comicdata.flats.judges import log_odds
from comicdata.flats.lettering import Block, Marks, are_alike, find_lettering


def find_balloons(ink: Mask) -> Mask:
    """(H, W) bool: the balloons and captions in ink (H, W), their tails and letters with them."""
    found = np.zeros(ink.shape, bool)
    usual = 0.0
    for around in look_around(ink, _may_be_words):
        usual = around.usual
        if best := _best(around):
            around.draw(found, best)
    if found.mean() > RULES.whole:
        found[:] = False
    return _finished(found, usual)


def _may_be_words(marks: Marks) -> bool:
    """Two letters are a mouth, or eyes; and many marks that are nearly alike are dots, windows."""
    return bool(marks.letters.sum() >= RULES.fewest) and not are_alike(marks, RULES.alike)


def _best(around: Around) -> Candidate | None:
    """What is likeliest the balloon around a block, if anything: with wider gaps only where that is in doubt."""
    best, most = None, -np.inf
    for gap in RULES.gaps:
        if candidates := list(around.candidates(gap)):
            chances = log_odds("rims", np.stack([one.signs for one in candidates]))
            if chances.max() > most:
                best, most = candidates[int(chances.argmax())], float(chances.max())
        if not RULES.hopeless < most < RULES.certain:
            break
    return best if most > RULES.good else None


def look_around(ink: Mask, wanted: Callable[[Marks], bool] = lambda marks: True) -> Iterator[Around]:
    """What lies around each block of marks that may be lettering, of those that are wanted."""
    blocks, marks = find_lettering(ink)
    if not blocks:
        return
    chances = log_odds("letters", np.stack([one.signs for one in blocks]))
    likely = np.sort(np.argsort(-chances, kind="stable")[: RULES.most])
    likely = likely[chances[likely] > RULES.likely]
    letters = np.zeros(int(marks.max()) + 1, bool)
    text = np.zeros(ink.shape, np.int32)
    for number in likely.tolist():
        letters[blocks[number].marks.number] = True
        if chances[number] > RULES.sure:
            write_number(text, blocks[number], number + 1)
    paper = ~ink
    paper[ink] = letters[marks[ink]]
    usual = _usual_height([blocks[number] for number in likely], chances[likely]) if len(likely) else 1.0
    for number in [one for one in likely.tolist() if wanted(blocks[one].marks)]:
        yield Around(ink, paper, text, blocks[number], number + 1, float(chances[number]), usual)


def _usual_height(blocks: Sequence[Block], chances: Numbers) -> float:
    """The height that most letters have."""
    height = np.array([one.height for one in blocks])
    many = np.array([one.marks.letters.sum() for one in blocks]) * height**2 / (1 + np.exp(-chances))
    order = np.argsort(height)
    return float(height[order][np.searchsorted(np.cumsum(many[order]), many.sum() / 2)])


def _finished(found: Mask, height: float) -> Mask:
    """Balloons without scraps, the small holes in them filled: those in letters, dots, letters that were not seen."""
    whole = found.view(np.uint8)
    for method, most, inside in ((cv2.RETR_CCOMP, 3 * height**2, 1), (cv2.RETR_EXTERNAL, 9 * height**2, 0)):
        outlines, tree = cv2.findContours(whole, method, cv2.CHAIN_APPROX_NONE)
        for number, outline in enumerate(outlines):
            if cv2.contourArea(outline) <= most and (tree[0, number, 3] >= 0) == inside:
                cv2.drawContours(whole, outlines, number, inside, -1)
    return found
