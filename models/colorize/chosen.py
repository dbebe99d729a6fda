"""Colours chosen from a palette, for every closed region or softly within it; what a person says counts for more.

The network sees the line art, and what hints spread to, at its working size; lines and regions are those of the
drawing at its own size, and every edge is one of the drawing.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from comicdata.flats.colours import lab_of_colours
from comicdata.flats.hints import Color
from comicdata.flats.marks import count_votes
from comicdata.flats.regions import Regions, find_regions
from comicdata.images import Image
from comicdata.models.colorize.colorizer import Colorizer, Painted, multiplied, tiled
from comicdata.models.colorize.decoding import Choice, Drawing, Floats, likeliest, painted, region_chances, soft
from comicdata.models.colorize.wishes import Style, Wishes
from comicdata.models.data.colours import nearest_colours
from comicdata.models.data.spreading import spread_hints
from comicdata.models.networks.layers import to_tensor
from comicdata.models.networks.palette import CELL, PaletteNetwork, moods_of

Numbers = npt.NDArray[np.int64]
EVEN = 0.5  # a comic with at least this share of even area is painted in flats unless somebody wishes otherwise
INK = 128
GAP = 6 / 256  # closed in lines, as a share of the short side
LOOKED_AT = 256  # pixels a side of a picture that sets a mood, at most
ALIKE = 0.5  # of what is likely in two regions, the least in common when they are the same thing
PALE = 90.0  # lightness from which on a colour may be paper's: no hint beside it changes that


class PaletteColorizer(Colorizer):
    """A trained chooser of colours."""

    styles = ("flats", "soft")
    _known: tuple[Image, Tensor] | None = None

    @property
    def chooser(self) -> PaletteNetwork:
        return cast(PaletteNetwork, self.network)

    @property
    def palette(self) -> Image:
        """(K, 3) uint8."""
        return np.rint(self.chooser.palette.cpu().numpy()).astype(np.uint8)

    @property
    def style(self) -> Style:
        """What suits the comic that it learned from."""
        return "flats" if float(self.chooser.flatness) >= EVEN else "soft"

    def _brought_down(self, outline: Image) -> Image:
        """Thin lines of a large drawing are made thicker first, or they would shrink to a pale thread that no training
        window has.
        """
        thick = int(1 / self._scale(outline)) - 1
        if thick > 1:
            outline = np.asarray(cv2.erode(outline, np.ones((thick, thick), np.uint8)))
        return super()._brought_down(outline)

    def _with_hints(self, working: Image, drawn: Image) -> Image:
        """Line art at its working size and, for every pixel, what hints spread to it: (H, W, 6)."""
        super()._with_hints(working, drawn)
        spread = spread_hints(working, drawn).repeat(CELL, axis=0).repeat(CELL, axis=1)
        return np.dstack([working, spread[: working.shape[0], : working.shape[1]]])

    def _painted(self, outline: Image, working: Image, wishes: Wishes, *, lines: bool) -> list[Painted]:
        """The lines are always laid over the colours: the network knows nothing of what is under them."""
        self._check_single(wishes)
        regions = closed_regions(outline)
        drawing = Drawing(regions.labels, outline >= INK, (working.shape[0], working.shape[1]))
        features, mood = self._features(np.atleast_3d(working)[..., 0]), self._mood(wishes.moods)
        plain = self._choice(features, None, mood)
        given = count_votes(regions, wishes.hints).winners() if wishes.hints else {}
        shown = self._choice(features, working[::CELL, ::CELL, 1:], mood) if given and wishes.follow else plain
        lay = lay_flats if (wishes.style or self.style) == "flats" else lay_softly
        return [Painted(multiplied(lay(drawing, plain, shown, given), outline))]

    def _features(self, working: Image) -> Tensor:
        """(1, C, h / 4, w / 4): what line art (h, w) is of; kept for a drawing that is coloured again."""
        if self._known is None or not np.array_equal(self._known[0], working):
            self._known = working, torch.from_numpy(tiled(working, self._forward_features, CELL)).movedim(2, 0)[None]
        return self._known[1].to(self.device)

    def _forward_features(self, tile: Image) -> Floats:
        height, width = (-(-side // CELL) for side in tile.shape[:2])
        with torch.inference_mode(), torch.autocast(self.device.type, torch.bfloat16, self.device.type == "cuda"):
            features = self.chooser.features(self._padded(tile)[:, :1])
        return np.asarray(features[0, :, :height, :width].float().movedim(0, 2).cpu().numpy())

    def _choice(self, features: Tensor, cells: Image | None, mood: Tensor | None) -> Choice:
        """What the network says, told what hints spread to the cells (h / 4, w / 4, 5) and the mood."""
        palette = self.palette
        with torch.inference_mode(), torch.autocast(self.device.type, torch.bfloat16, self.device.type == "cuda"):
            plain = self.chooser.plain(features)
            if cells is None and mood is None:
                return Choice(plain[0].float().cpu(), palette)
            spread = None if cells is None else to_tensor(cells[None]).to(self.device)
            logits = self.chooser.told(features, plain, spread, mood)[0].float().cpu()
        if cells is None:
            return Choice(logits[:-1], palette)
        known, numbers = np.unique(cells[..., :3].reshape(-1, 3), axis=0, return_inverse=True)
        colors = np.concatenate([palette, known])
        return Choice(logits, colors, len(palette) + numbers.reshape(cells.shape[:2]))

    def _mood(self, pictures: Sequence[Image]) -> Tensor | None:
        """(1, K + 1): the mean of what the pictures have of each colour."""
        if not pictures:
            return None
        palette, moods = self.palette, []
        for picture in pictures:
            step = -(-max(picture.shape[:2]) // LOOKED_AT)
            numbers = torch.from_numpy(nearest_colours(picture[::step, ::step].reshape(-1, 3), palette))[None, None]
            moods.append(moods_of(numbers, torch.ones_like(numbers), len(palette)).square())
        return torch.cat(moods).mean(dim=0, keepdim=True).sqrt().to(self.device)


def closed_regions(outline: Image) -> Regions:
    """The closed regions of line art; ink belongs to the nearest."""
    return _closed_regions(outline.tobytes(), outline.shape)


@lru_cache(maxsize=2)
def _closed_regions(data: bytes, shape: tuple[int, ...]) -> Regions:
    """Found once for a drawing that is coloured again, with other hints."""
    outline = np.frombuffer(data, np.uint8).reshape(shape)
    found = find_regions(outline, gap=round(GAP * min(shape)))
    found.labels.setflags(write=False)
    return found


def lay_flats(drawing: Drawing, plain: Choice, shown: Choice, given: dict[int, Color]) -> Image:
    """Every region in the colour that is likeliest in all of it; hinted ones, and what is the same thing, in theirs."""
    before = region_chances(plain, drawing)
    chances = before if shown is plain else region_chances(shown, drawing)
    colors = shown.colors[likeliest(chances, shown.colors)]
    if shown is not plain:
        for label, color in _followers(before, plain.colors, chances, shown.colors, given).items():
            colors[label] = color
    for label, color in given.items():
        colors[label] = color
    return np.ascontiguousarray(colors[drawing.regions])


def _followers(
    before: Floats, palette: Image, chances: Floats, colors: Image, given: dict[int, Color]
) -> dict[int, Color]:
    """Regions that the network, not shown the hints, takes for the same thing as a hinted one, and the colour of that.

    Never what may be paper, a balloon or the white of an eye. Of several hints the one that is likeliest there.
    """
    numbers = likeliest(before, palette)
    followed: dict[int, Color] = {}
    light = lab_of_colours(palette)[:, 0]
    number_of = {tuple(color): at for at, color in enumerate(colors.tolist())}
    hinted = np.array(sorted(given))
    for label in np.flatnonzero(np.isin(numbers, numbers[hinted]) & (light[numbers] < PALE)).tolist():
        same = hinted[numbers[hinted] == numbers[label]]
        alike = np.minimum(before[same], before[label]).sum(axis=1)
        same = same[alike >= ALIKE]
        if label and label not in given and len(same):
            likely = [chances[label, number_of[given[int(one)]]] if given[int(one)] in number_of else 0 for one in same]
            followed[label] = given[int(same[int(np.argmax(likely))])]
    return followed


def lay_softly(drawing: Drawing, plain: Choice, shown: Choice, given: dict[int, Color]) -> Image:
    return painted(soft(shown, drawing, region_chances(shown, drawing)))
