"""Colours chosen from a palette, for every closed region or softly within it; what a person says counts for more.

The network sees the line art, and what hints spread to, at its working size; lines and regions are those of the
drawing at its own size, and every edge is one of the drawing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from functools import lru_cache
from typing import cast

import cv2
import numpy as np
import torch
from torch import Tensor

from comicdata.errors import UsageError
from comicdata.flats.hints import Color, Mark, paint_hints
from comicdata.flats.marks import SEVERAL, SHOWN, count_votes
from comicdata.flats.regions import Regions, find_regions
from comicdata.flats.rims import Rim
from comicdata.images import Image
from comicdata.models.colorize.colorizer import CURE, Colorizer, Painted, picture_seed, tiled
from comicdata.models.colorize.decoding import (
    TEMPERATURE,
    UNTOLD,
    Choice,
    Drawing,
    Floats,
    Labels,
    likeliest,
    narrowed,
    region_chances,
    soft,
    softly,
)
from comicdata.models.colorize.moods import Mood, expected_mood, in_mood, mood_of
from comicdata.models.colorize.references import (
    ASKED,
    KEPT,
    LEAST,
    Reference,
    answers_of,
    likest,
    look_of,
    pixels_of,
    places_of,
    with_answers,
)
from comicdata.models.colorize.suggestions import doubts, suggest
from comicdata.models.colorize.wished import background_regions, followers, news, samples, with_hints
from comicdata.models.colorize.wishes import Style, Wishes
from comicdata.models.data.colours import rgb_of_lab
from comicdata.models.data.spreading import melted, spread_hints
from comicdata.models.networks.layers import to_tensor
from comicdata.models.networks.palette import CELL, PaletteNetwork, class_weights
from comicdata.models.networks.pointer import Pointer
from comicdata.models.runs.palette import shown_colors

EVEN = 0.5  # a comic with at least this share of even area is painted in flats unless somebody wishes otherwise
INK = 128
PAPER = (255, 255, 255)
NEW = 0.5  # of a dot in soft colours: where more of it is unlike what is painted, it says something new
GAP = 6 / 256  # closed in lines, as a share of the short side
COPIES = "a near copy of it among the references is left out; --near-copies takes it"
OF_REFERENCES = {"references", "memory", "near_copies", "remember"}


class PaletteColorizer(Colorizer):
    """A trained chooser of colours."""

    styles = ("flats", "soft")
    _known: tuple[Image, Tensor] | None = None

    @property
    def chooser(self) -> PaletteNetwork:
        return cast(PaletteNetwork, self.network)

    @property
    def heeds(self) -> frozenset[str]:
        every = frozenset(one.name for one in fields(Wishes))
        return every if self.chooser.pointer is not None else every - OF_REFERENCES

    @property
    def palette(self) -> Image:
        """(K, 3) uint8."""
        return shown_colors(self.chooser.palette)

    @property
    def style(self) -> Style:
        """What suits the comic that it learned from."""
        return "flats" if float(self.chooser.flatness) >= EVEN else "soft"

    def forget(self) -> None:
        self._known = None

    def _brought_down(self, outline: Image) -> Image:
        """Thin lines of a large drawing are made thicker first, or they would shrink to a pale thread that no training
        window has.
        """
        thick = int(1 / self._scale(outline)) - 1
        if thick > 1:
            outline = np.asarray(cv2.erode(outline, np.ones((thick, thick), np.uint8)))
        return super()._brought_down(outline)

    def _painted(self, outline: Image, working: Image, wishes: Wishes, *, lines: bool) -> list[Painted]:
        """The lines are always laid over the colours: the network knows nothing of what is under them."""
        regions = closed_regions(outline, wishes.rim)
        drawing = Drawing(regions.labels, outline >= INK, (working.shape[0], working.shape[1]))
        seen, mood = np.atleast_3d(working), mood_of(wishes.moods, self.palette)
        self.pause()
        features = self._features(seen[..., 0])
        self.pause()
        shown = without_copies(seen[..., 0], wishes)
        answers = self._answers(features, seen[..., 0], *shown)
        flat = (wishes.style or self.style) == "flats"
        if mood is None and answers is None and not flat:
            plain = self._choice(features, None, self._expected(features), answers, drawing, temperature=UNTOLD)
        else:
            plain = self._choice(features, None, mood, answers, drawing)
        votes = count_votes(regions, wishes.hints, wishes.at)
        given = votes.winners()
        guessed = region_chances(plain, drawing)
        said = None
        if given and wishes.follow:
            meant = np.isin(drawing.regions_at(drawing.size), [*given])[..., None]  # and not what strays over a line
            hints = np.where(meant, seen[..., 1:], np.uint8(0))
            hints = worth_telling(hints, plain.painted_as(wishes.palette), guessed, drawing, flat=flat)
            said = spread_hints(seen[..., 0], hints) if hints.any() else None
        told = plain if said is None else self._choice(features, said, mood, answers, drawing)
        self.pause()
        chances = guessed if said is None else region_chances(told, drawing)
        drawn = samples(chances, told.colors, regions.areas, wishes.samples, picture_seed(wishes.seed, outline))
        fixed, behind = decided(regions, chances, told.colors, wishes, given)
        if flat and wishes.follow:
            fixed |= followers(guessed, chances, told.colors, given)
        final = told.painted_as(wishes.palette)
        places = suggest(regions, chances, final.colors[drawn[0]], final.colors, fixed, wishes.suggest)
        if said is not None and not flat:
            final = replace(final, melted=melted(seen[..., 0], said[0]))
        notes = votes.said.get(SEVERAL, [])[:SHOWN] if flat else []
        if wishes.hints and not drawing.paper.any():
            notes = ["nothing but ink; its hints are without effect"]
        notes += [COPIES] if len(shown[0]) < len(wishes.references) else []
        white = np.isin(regions.labels, [*regions.balloons.difference(given)]) if regions.balloons else None
        unsure, doubt = doubts(regions, chances, told.colors, fixed)
        made: list[Painted] = []
        for number, numbers in enumerate(drawn):
            self.pause()
            if flat or wishes.layers:
                color = flats = lay_flats(drawing, final.colors[numbers], fixed)
            if not flat:
                known = chances if number == 0 else narrowed(chances, told.colors, numbers)
                color = lay_softly(drawing, final, known, wishes.hints, given, fixed)
            if not number:
                places = [one.in_color_of(color) for one in places]
            layers = behind | ({"flats": flats} if wishes.layers else {})
            made.append(Painted(color, outline, layers, places, notes, white, unsure, doubt))
        if wishes.remember:
            made[0] = replace(made[0], kept=self._kept(features, seen[..., 0], made[0].color, regions.labels))
        return made

    def _features(self, working: Image) -> Tensor:
        """(1, C, h / 4, w / 4): what line art (h, w) is of; kept for a drawing that is coloured again."""
        if self._known is None or not np.array_equal(self._known[0], working):
            self._known = working, self._looked_at(working)
        return self._known[1].to(self.device)

    def _looked_at(self, working: Image) -> Tensor:
        return torch.from_numpy(tiled(working, self._forward_features, CELL)).movedim(2, 0)[None]

    def _forward_features(self, tile: Image) -> Floats:
        height, width = (-(-side // CELL) for side in tile.shape[:2])
        with torch.inference_mode(), torch.autocast(self.device.type, torch.bfloat16, self.device.type == "cuda"):
            features = self.chooser.features(self._padded(tile)[:, :1])
        return np.asarray(features[0, :, :height, :width].float().movedim(0, 2).cpu().numpy())

    def _choice(
        self,
        features: Tensor,
        said: tuple[Image, Labels] | None,
        mood: Mood | None,
        answers: tuple[Tensor, Image] | None,
        drawing: Drawing,
        temperature: float = TEMPERATURE,
    ) -> Choice:
        """What the network says, told what `spread_hints` gives, and the mood, and what references answer."""
        colors, copied = self.palette, None
        with torch.inference_mode(), torch.autocast(self.device.type, torch.bfloat16, self.device.type == "cuda"):
            logits = self.chooser.plain(features)
            if said is not None or mood is not None:
                hints = () if said is None else (to_tensor(said[0][None]), torch.from_numpy(said[1][None]))
                spread, sources = (one.to(self.device) for one in hints) if hints else (None, None)
                heard = None if mood is None else mood.told.to(self.device)
                logits = self.chooser.told(features, logits, spread, sources, heard)[:, : None if said else -1]
            logits = logits[0].float()
            if mood is not None:
                logits = in_mood(logits, colors, mood, drawing.regions_at((logits.shape[1], logits.shape[2])))
            if answers is not None:
                chances = with_answers(logits.softmax(dim=0), answers[0], copies=said is not None)
                logits, colors = (chances + LEAST).log(), np.concatenate([colors, answers[1]])
        if said is not None:
            hinted, numbers = np.unique(said[0][..., :3].reshape(-1, 3), axis=0, return_inverse=True)
            copied = len(colors) + numbers.reshape(said[1].shape)
            colors = np.concatenate([colors, hinted])
        return Choice(logits.cpu(), colors, copied, temperature=temperature)

    def _expected(self, features: Tensor) -> Mood:
        with torch.inference_mode():
            logits = self.chooser.plain(features)[0].float()
            return expected_mood(logits, class_weights(self.chooser), self.palette)

    @property
    def _pointer(self) -> Pointer:
        """UsageError in a run that has none."""
        if self.chooser.pointer is None:
            raise UsageError(f"this run learned nothing of references; {CURE}")
        return self.chooser.pointer

    def _answers(
        self, features: Tensor, working: Image, given: Sequence[Reference], remembered: Sequence[Reference]
    ) -> tuple[Tensor, Image] | None:
        """What the few references answer that a drawing takes its colours from, see `answers_of`; None without any."""
        if not given and not remembered:
            return None
        with torch.inference_mode(), torch.autocast(self.device.type, torch.bfloat16, self.device.type == "cuda"):
            query, null = (one.float() for one in self._pointer.asks(self._pointer(features)[0].movedim(0, 2)))
            places = torch.from_numpy(places_of(working, ASKED)).to(query.device)
            shown = likest(query.flatten(0, 1)[places].cpu(), given, remembered)
            return answers_of((query, null), self._pointer, shown) if shown else None

    def reference(self, rgb: Image, outline: Image | None = None) -> Reference:
        """What is kept of a coloured panel (H, W, 3), whose line art (H, W) is drawn first where none is given."""
        drawn = self.draw(rgb) if outline is None else outline
        working = drawn if self._scale(drawn) == 1 else self._brought_down(drawn)
        regions = cv2.connectedComponents((drawn >= INK).astype(np.uint8), connectivity=4)[1]
        return self._kept(self._looked_at(working).to(self.device), working, cv2.medianBlur(rgb, 3), regions)

    def _kept(self, features: Tensor, working: Image, color: Image, regions: Labels) -> Reference:
        """What is kept of a picture (H, W, 3) with these features and closed regions (H, W)."""
        places = places_of(working, KEPT)
        rows, columns = pixels_of(working, places, color.shape[:2])
        with torch.inference_mode():
            own = self._pointer(features)[0].flatten(1).T[torch.from_numpy(places).to(self.device)]
            keys = self._pointer.answers(own).half().cpu().numpy()
        spots = np.stack([columns, rows, regions[rows, columns]], axis=1).astype(np.int32)
        return Reference(keys, color[rows, columns], look_of(working), spots)


def worth_telling(hints: Image, guess: Choice, chances: Floats, drawing: Drawing, *, flat: bool) -> Image:
    """The hints (h, w, 4) at the working size that say something new. In flats no others: what the network knew already
    leads it astray when it is spread. In soft colours, which have hardly a wall, one needs those around it to end at.
    """
    if flat:
        return news(hints, guess.colors[likeliest(chances, guess.colors)][drawing.regions_at(drawing.size)])
    new = news(hints, rgb_of_lab(softly(guess, drawing, chances)))
    dots = cv2.connectedComponents((hints[..., 3] > 0).view(np.uint8))[1].ravel()
    parts = np.bincount(dots, (new[..., 3] > 0).ravel()) / np.bincount(dots)
    return hints if (parts[1:] > NEW).any() else np.zeros_like(hints)


def decided(
    regions: Regions, chances: Floats, colors: Image, wishes: Wishes, given: dict[int, Color]
) -> tuple[dict[int, Color], dict[str, Image]]:
    """Regions whose colour is decided: balloons are paper, of others a person says it; and where it is asked for
    the layer of the background (H, W), all 0 without any. `chances` (count, N) are those of the N `colors`.
    """
    fixed: dict[int, Color] = dict.fromkeys(regions.balloons, PAPER)
    if wishes.background is None and not wishes.layers:
        return fixed | given, {}
    found = background_regions(regions.labels, likeliest(chances, colors), {*regions.balloons, *given})
    if wishes.background is not None:
        fixed |= dict.fromkeys(found.tolist(), wishes.background)
    layer = np.where(np.isin(regions.labels, found), np.uint8(255), np.uint8(0))
    return fixed | given, {"background": layer}


def without_copies(working: Image, wishes: Wishes) -> tuple[list[Reference], list[Reference]]:
    """What is given and what is remembered, without near copies of the drawing (h, w) unless they are wished for."""
    given, remembered = [*wishes.references], [*wishes.memory]
    if wishes.near_copies or not (given or remembered):
        return given, remembered
    look = look_of(working)
    return [one for one in given if not one.is_copy(look)], [one for one in remembered if not one.is_copy(look)]


def closed_regions(outline: Image, rim: Rim | None = None) -> Regions:
    """The closed regions of line art; ink belongs to the nearest. `rim`: what a picture in colour shows of paper."""
    return _closed_regions(outline.tobytes(), outline.shape, *(() if rim is None else (one.tobytes() for one in rim)))


@lru_cache(maxsize=2)
def _closed_regions(data: bytes, shape: tuple[int, ...], *of_rim: bytes) -> Regions:
    """Found once for a drawing that is coloured again, with other hints."""
    outline = np.frombuffer(data, np.uint8).reshape(shape)
    rim = Rim(*(np.frombuffer(one, np.bool_).reshape(shape) for one in of_rim)) if of_rim else None
    found = find_regions(outline, gap=round(GAP * min(shape)), rim=rim)
    found.labels.setflags(write=False)
    return found


def lay_flats(drawing: Drawing, colors: Image, fixed: Mapping[int, Color]) -> Image:
    """Every region in its colour (count, 3), or that which is fixed."""
    laid = colors.copy()
    for label, color in fixed.items():
        laid[label] = color
    return np.ascontiguousarray(laid[drawing.regions])


def lay_softly(
    drawing: Drawing,
    choice: Choice,
    chances: Floats,
    hints: Sequence[Mark | Image],
    given: Mapping[int, Color],
    fixed: Mapping[int, Color],
) -> Image:
    """Soft colours, with every hint's own at the hint, and what is fixed without being hinted in its colour."""
    lab = soft(choice, drawing, chances)
    if given:
        lab = with_hints(lab, drawing.regions, paint_hints(hints, *drawing.regions.shape), drawing.paper, given)
    color = rgb_of_lab(lab)
    for label in set(fixed) - set(given):
        color[drawing.regions == label] = fixed[label]
    return color
