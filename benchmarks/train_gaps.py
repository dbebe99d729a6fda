"""Fits the judges of comicdata/flats (judges.npz) to the drawings of flats_gaps.py, by seeds that it does not measure.

    python benchmarks/train_gaps.py OUT.npz [SEED ...]      by default seeds 20 to 31, and 32 to 37 with other lines

Closings: right where three quarters of them lie along a border of the truth. First each by itself, then beside its
rivals. Walls: right where the pieces on both sides are mostly of two true regions; seen while pieces are joined by what
was learned so far, three times, and weighed by how much of a true region hangs on them. Needs torch; about ten minutes.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from flats_gaps import Drawing, make

from comicdata.flats.closings import Links, Rays, Space, find_links, find_rays, ray_lines
from comicdata.flats.ends import find_ends
from comicdata.flats.gaps import GAP, SURE, USUAL, Candidates, close_gaps, find_candidates, matched
from comicdata.flats.ink import find_ink
from comicdata.flats.judges import judges, log_odds
from comicdata.flats.merge import MergeOptions, Pieces, Walls, find_walls, join_pieces
from comicdata.flats.regions import cut_apart

NEAR = 9  # pixels: how wide a border of the truth is, for the usual width of lines
RIGHT = 0.75
ROUNDS, TEACHING = 3, 0.0  # walls: how often, and up to which odds pieces are joined meanwhile
SIZES = {"link": (8, 40), "ray": (8, 20), "link among others": (16, 60), "ray among others": (16, 30), "wall": (16, 6)}
Signs, Truths = np.ndarray, np.ndarray


class Scene:
    """One picture of a drawing, and where its true borders are."""

    def __init__(self, drawing: Drawing, picture: np.ndarray) -> None:
        self.ink, self.drawing = find_ink(picture), drawing
        self.ends = find_ends(self.ink)
        self.space = Space(self.ink, self.ends.width / USUAL)
        edge = np.zeros(self.ink.shape, np.uint8)
        edge[:, 1:] |= drawing.truth[:, 1:] != drawing.truth[:, :-1]
        edge[1:] |= drawing.truth[1:] != drawing.truth[:-1]
        side = round(NEAR * self.space.scale) | 1
        self.border = cv2.dilate(edge, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))) > 0

    @property
    def reach(self) -> float:
        return GAP * self.ends.width

    def links(self) -> Links:
        return find_links(self.ends, self.space, self.reach)

    def rays(self) -> Rays:
        links = self.links()
        weight = np.exp(log_odds("link", links.signs).clip(-8, 8))
        alone, _ = matched(links, weight, np.zeros(len(self.ends)))
        return find_rays(self.ends, self.space, self.reach, links.lines[alone > SURE])

    def candidates(self) -> Candidates:
        return find_candidates(self.ends, self.space, self.reach)

    def right(self, lines: list[np.ndarray]) -> Truths:
        """Which lines lie along a true border, where they are off the ink."""
        height, width = self.ink.shape
        found = []
        for line in lines:
            column, row = np.rint(line).astype(int).T
            column, row = column.clip(0, width - 1), row.clip(0, height - 1)
            paper = ~self.ink[row, column]
            found.append(not paper.any() or self.border[row, column][paper].mean() > RIGHT)
        return np.array(found, bool)

    def right_rays(self, rays: Rays) -> Truths:
        return self.right(ray_lines(rays, np.arange(len(rays.end)), self.ends))

    def walls(self) -> tuple[Walls, np.ndarray, np.ndarray]:
        """Its walls; the paper of each true region in each piece, (pieces, regions); and that of each true region."""
        gaps = close_gaps(self.ink)
        pieces = cut_apart(self.ink, gaps)
        paper, wide = ~self.drawing.line, int(self.drawing.truth.max()) + 1
        of = pieces[paper].astype(np.int64) * wide + self.drawing.truth[paper]
        table = np.bincount(of, minlength=(int(pieces.max()) + 1) * wide).reshape(-1, wide)
        return find_walls(pieces, self.ink, gaps), table.astype(np.float64), table.sum(0)


class Watched(Pieces):
    """Pieces that note the signs of every wall that is judged, whether it is right, and how much hangs on it."""

    def watch(self, table: np.ndarray, whole: np.ndarray) -> None:
        self.table, self.whole, self.seen = table.copy(), whole, []  # type: ignore[var-annotated]

    def odds(self, pairs: list[tuple[int, int]]) -> list[float]:
        for one, two in pairs:
            small, large = (one, two) if self.area[one] < self.area[two] else (two, one)
            most = int(self.table[small].argmax())
            share = self.table[small, most] / max(self.whole[most], 1)
            right = most != int(self.table[large].argmax())
            self.seen.append((*self.signs(one, two), right, 0.05 + min(1.0, share / 0.1)))
        return super().odds(pairs)

    def unite(self, keep: int, gone: int) -> list[int]:
        self.table[keep] += self.table[gone]
        return super().unite(keep, gone)


def fit(name: str, signs: Signs, right: Truths, weight: np.ndarray | None = None) -> None:
    """Makes a judge of these examples, (M, F) and (M,) bool, from now on the one of that name."""
    torch.manual_seed(0)
    hidden, epochs = SIZES[name]
    middle, spread = signs.mean(0), signs.std(0) + 1e-6
    given, wanted = torch.tensor((signs - middle) / spread).float(), torch.tensor(right).float()
    counts = torch.ones(len(given)) if weight is None else torch.tensor(weight / weight.mean()).float()
    net = torch.nn.Sequential(torch.nn.Linear(given.shape[1], hidden), torch.nn.Tanh(), torch.nn.Linear(hidden, 1))
    optimizer = torch.optim.AdamW(net.parameters(), lr=5e-3, weight_decay=1e-2)
    pace = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    for _ in range(epochs):
        for at in torch.randperm(len(given)).split(512):
            optimizer.zero_grad()
            loss = torch.nn.functional.binary_cross_entropy_with_logits(net(given[at])[:, 0], wanted[at], counts[at])
            loss.backward()
            optimizer.step()
        pace.step()
    first, bias, second, last = (one.detach().numpy().astype(np.float64) for one in net.parameters())
    judges()[name] = (first / spread).T, bias - (first / spread) @ middle, second[0], last[0]
    print(f"{name}: {len(signs):,} examples, {right.mean():.2f} right, loss {float(loss.detach()):.3f}", flush=True)


def fit_closings(scenes: list[Scene]) -> None:
    """The four judges of closings, one after the other, as each sees what the one before it says."""

    def examples(find: Callable[[Scene], tuple[Signs, Truths]]) -> tuple[Signs, Truths]:
        signs, right = zip(*(find(scene) for scene in scenes), strict=True)
        return np.concatenate(signs), np.concatenate(right)

    fit("link", *examples(lambda scene: ((found := scene.links()).signs, scene.right(list(found.lines)))))
    fit("ray", *examples(lambda scene: ((found := scene.rays()).signs, scene.right_rays(found))))
    found = [scene.candidates() for scene in scenes]
    both = list(zip(scenes, found, strict=True))
    signs = np.concatenate([one.link_signs for one in found])
    fit("link among others", signs, np.concatenate([scene.right(list(one.links.lines)) for scene, one in both]))
    signs = np.concatenate([one.ray_signs for one in found])
    fit("ray among others", signs, np.concatenate([scene.right_rays(one.rays) for scene, one in both]))


def fit_walls(scenes: list[Scene]) -> None:
    """The judge of walls: first where no piece was joined but slivers, then wherever its own joins lead."""
    found = [scene.walls() for scene in scenes]
    width = None
    seen: list[np.ndarray] = []
    for turn in range(ROUNDS):
        for walls, table, whole in found:
            pieces = Watched(walls, MergeOptions(TEACHING if turn else -np.inf))
            if width is None:
                width = len(pieces.signs(*walls.pairs[0].tolist()))
                judges()["wall"] = np.zeros((width, 1)), np.zeros(1), np.zeros(1), np.zeros(())
            pieces.watch(table, whole)
            join_pieces(pieces)
            seen.append(np.array(pieces.seen, np.float32))
        all_seen = np.concatenate(seen)
        fit("wall", all_seen[:, :-2].astype(np.float64), all_seen[:, -2] > 0, all_seen[:, -1])


def save(path: Path) -> None:
    """Writes the judges as the package reads them."""
    layers = {
        f"{name} {at}": layer.astype(np.float32)
        for name, judge in judges().items()
        if name not in ("letters", "rims")  # of train_balloons.py
        for at, layer in enumerate(judge)
    }
    np.savez_compressed(path, **layers)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("seeds", type=int, nargs="*")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    lines = [(seed, 5) for seed in given.seeds or range(20, 32)]
    lines += [] if given.seeds else [(seed, 3 if seed % 2 else 8) for seed in range(32, 38)]
    drawings = [make(seed, stroke) for seed, stroke in lines]
    scenes = [Scene(drawing, picture) for drawing in drawings for picture in drawing.pictures.values()]
    fit_closings(scenes)
    fit_walls(scenes)
    save(given.out)
