"""Fits two judges of comicdata/flats (balloons.npz) on outlines of lettered pages; episodes 6, 10, 16 are held out.

python benchmarks/train_balloons.py --comics DIR [--out NPZ]   DIR/pepper-and-carrot

`letters`: whether a block of marks is lettering. `rims`: among the distances around one block, and none, the one whose
paper has most of the balloon and least besides: the mean of (balloon - COST * others) under a softmax is maximised.
Each judges pages that the `letters` it was shown had not seen: those of odd episodes by even ones, and the reverse.
What the odds of a rim must be to be taken (BalloonRules.good) is read off a table of rims judged in this way.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from line_art import HELD_OUT, balloons_of, pairs, panels_of_page

from comicdata.flats import judges
from comicdata.flats.around import RULES
from comicdata.flats.balloons import look_around
from comicdata.flats.ink import find_ink
from comicdata.flats.lettering import find_lettering
from comicdata.flats.regions import inside_panels
from comicdata.outlines import canny_black, xdog

COST = 2.0  # pixels of a balloon that one of others outweighs
AREA, MOST = 6000.0, 3.0  # pixels that count as one, and the most that one balloon counts
FAR = 4.0  # standard deviations: what lies farther from what was seen counts as lying so far
RIMS = 3.0, 0.03  # how much the choice among the rims of a block counts, and the decay of weights
NETS, HIDDEN = 4, 16  # networks whose mean is taken, and how wide each is


@dataclass(frozen=True)
class Page:
    """The ink of an outline and, all (H, W) bool, where balloons are and where anything was lettered."""

    episode: int
    ink: np.ndarray
    truth: np.ndarray
    near: np.ndarray


@dataclass
class Signs:
    """N rows: what is judged, the page's episode, the group, what is right, a share, and how much is taken rightly,
    how much wrongly, how much there is: pixels, (N, 3).
    """

    signs: np.ndarray
    episode: np.ndarray
    group: np.ndarray
    right: np.ndarray
    weight: np.ndarray
    pixels: np.ndarray

    def of(self, chosen: np.ndarray) -> "Signs":
        return Signs(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


def read_pages(comics: Path, episodes: set[int]) -> list[Page]:
    found = []
    for textless, lettered, page in pairs(comics / "pepper-and-carrot", episodes):
        truth, near = balloons_of(textless, lettered)
        for outline in (canny_black, xdog):
            inside = inside_panels(truth.shape, panels_of_page(lettered) or None)
            found.append(Page(int(page[1:3]), find_ink(outline(lettered)) | ~inside, truth, near))
    return found


def letters_of(pages: list[Page]) -> Signs:
    rows = []
    for page in pages:
        for block in find_lettering(page.ink)[0]:
            x, y = block.marks.middle.astype(int).T
            share, near = (float(np.average(one[y, x], weights=block.marks.ink)) for one in (page.truth, page.near))
            if share > 0.5 or near < 0.3:  # words that are sounds are neither
                rows.append((block.signs, page.episode, len(rows), share, 1.0, (0, 0, 0)))
    return _signs(rows)


def rims_of(pages: list[Page]) -> Signs:
    rows: list[tuple] = []
    for page in pages:
        _, balloon = cv2.connectedComponents(page.truth.view(np.uint8))
        for number, around in enumerate(look_around(page.ink)):
            rows += _rims(page, balloon, around, len(rows) + number)
    return _signs(rows)


def _rims(page: Page, balloon: np.ndarray, around, group: int) -> Iterator[tuple]:
    truth, near, ink, balloon = (around.window(one) for one in (page.truth, page.near, page.ink, balloon))
    own = around.fine_of(around.text == around.number)
    if truth[own].mean() < 0.5 < near[own].mean():
        return
    meant = np.isin(balloon, np.setdiff1d(np.unique(balloon[own]), 0)) & ~ink
    whole = int((meant & around.fine_of(around.nearest == around.number)).sum())
    for one in (one for gap in RULES.gaps for one in around.candidates(gap)):
        rows, columns = one.reached.place
        step = around.step
        place = slice(rows.start * step, rows.stop * step), slice(columns.start * step, columns.stop * step)
        paper = around.fine_of(one.reached.paper) & ~ink[place]
        good, bad = int((paper & truth[place]).sum()), int((paper & ~near[place]).sum())
        weight = min(float(np.sqrt(max(whole, bad, 300))), 141.0)
        right = good / (max(whole, good) + bad + 1)
        yield one.signs, page.episode, group, right, weight, (good, bad, max(whole, good))


def _signs(rows: list[tuple]) -> Signs:
    signs, episode, group, right, weight, pixels = (np.array(one, np.float64) for one in zip(*rows, strict=True))
    group = np.unique(group, return_inverse=True)[1]
    return Signs(signs, episode.astype(int), group, right, weight / weight.mean(), pixels)


def fit(judge: str, data: Signs, choice: float, decay: float) -> None:
    """Sets a judge to the mean of NETS networks: how right each row is, and `choice` times the gain of the best of a
    group.
    """
    mean, spread = data.signs.mean(0), data.signs.std(0) + 1e-6
    worth = np.clip((data.pixels[:, 0] - COST * data.pixels[:, 1]) / AREA, -MOST, MOST)
    signs, right, weight, gain = (
        torch.tensor(one, dtype=torch.float32)
        for one in (np.clip((data.signs - mean) / spread, -FAR, FAR), data.right, data.weight, worth)
    )
    group, groups = torch.tensor(data.group), int(data.group.max()) + 1
    nets = []
    for seed in range(NETS):
        torch.manual_seed(seed)
        net = torch.nn.Sequential(torch.nn.Linear(signs.shape[1], HIDDEN), torch.nn.Tanh(), torch.nn.Linear(HIDDEN, 1))
        rate = torch.optim.AdamW(net.parameters(), lr=0.02, weight_decay=decay)
        fall = torch.optim.lr_scheduler.CosineAnnealingLR(rate, 500)
        for _ in range(500):
            rate.zero_grad()
            odds = net(signs)[:, 0]
            loss = torch.nn.functional.binary_cross_entropy_with_logits(odds, right, weight)
            if choice:
                share = odds.clamp(-15, 15).exp()
                every = torch.ones(groups).index_add(0, group, share)  # none of them is a choice too
                loss = loss - choice * (torch.zeros(groups).index_add(0, group, share * gain) / every).mean()
            loss.backward()
            rate.step()
            fall.step()
        nets.append([one.detach().numpy() for one in net.parameters()])
    first, bias, out, last = zip(*nets, strict=True)
    scaled = np.concatenate(first) / spread
    bounds = np.stack([mean - FAR * spread, mean + FAR * spread])
    second = np.concatenate(out, axis=1)[0] / NETS, np.mean(last, axis=0)[0]
    judges.judges()[judge] = scaled.T, np.concatenate(bias) - scaled @ mean, *second, bounds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--comics", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    pages = read_pages(given.comics, set(range(1, 18)) - {int(one) for one in HELD_OUT.split(",")})
    letters = letters_of(pages)
    print(f"{len(letters.right):,} blocks of marks, {int((letters.right > 0.5).sum()):,} of them lettering", flush=True)
    rims = []
    for odd in (0, 1):
        fit("letters", letters.of(letters.episode % 2 != odd), 0.0, 1e-3)
        rims.append(rims_of([page for page in pages if page.episode % 2 == odd]))
    rims[1].group += rims[0].group.max() + 1
    both = Signs(*(np.concatenate([getattr(one, name) for one in rims]) for name in Signs.__dataclass_fields__))
    print(f"{len(both.right):,} rims of {int(both.group.max()) + 1:,} blocks", flush=True)
    show_limits(both)
    fit("letters", letters, 0.0, 1e-3)
    fit("rims", both, *RIMS)
    if given.out:
        save(given.out)


def show_limits(data: Signs) -> None:
    """What would be taken rightly, of all there is, and wrongly, by the odds that a rim must have."""
    odds = np.zeros(len(data.right))
    for odd in (0, 1):
        seen = data.episode % 2 == odd
        fit("rims", data.of(~seen), *RIMS)
        odds[seen] = judges.log_odds("rims", data.signs[seen])
    best = [rows[odds[rows].argmax()] for rows in np.split(np.argsort(data.group, kind="stable"), starts(data.group))]
    whole = data.pixels[best, 2].sum()
    for limit in np.arange(-2, 3.5, 0.5):
        good, bad, _ = data.pixels[best][odds[best] > limit].sum(0)
        print(f"odds above {limit:4}: {good / whole:.3f} taken, {bad / whole:.3f} wrongly", flush=True)


def starts(group: np.ndarray) -> np.ndarray:
    """Where each group but the first begins, of sorted numbers."""
    return np.flatnonzero(np.diff(np.sort(group))) + 1


def save(path: Path) -> None:
    """Writes the two judges as the package reads them."""
    layers = {
        f"{name} {at}": np.asarray(layer, np.float32)
        for name in ("letters", "rims")
        for at, layer in enumerate(judges.judges()[name])
    }
    np.savez_compressed(path, **layers)


if __name__ == "__main__":
    main()
