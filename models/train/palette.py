"""How palette learns: which colour each place has, by the drawing alone and by what it is told."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import torch
from torch import Tensor, nn

from comicdata.flats.colours import lab_of_colours
from comicdata.images import Image
from comicdata.models.colorize import PaletteColorizer, Wishes
from comicdata.models.colorize.chosen import EVEN
from comicdata.models.data.colours import all_steps, find_colours
from comicdata.models.data.hints import Conditions
from comicdata.models.data.pairs import PairDataset
from comicdata.models.evaluate.lab import de2000_map, lab_of
from comicdata.models.evaluate.metrics import mean_of_finite, mean_under, measure, off_line
from comicdata.models.evaluate.references import choose_references
from comicdata.models.networks.layers import to_range
from comicdata.models.networks.palette import (
    PaletteConfig,
    PaletteNetwork,
    cell_targets,
    choice_loss,
    class_weights,
    color_of,
    draw_moods,
    exchange,
    exchanged,
    likeness,
    mean_step,
    moods_of,
    no_spread,
    steps_of,
    table_of,
)
from comicdata.models.networks.pointer import Pointer
from comicdata.models.runs.palette import palette_files
from comicdata.models.train.learner import Terms
from comicdata.models.train.pictures import PictureLearner
from comicdata.models.train.references import References, pointer_terms

LITTLE_IN_COMMON = 0.1  # of the area
EVERYTHING = 0.98  # weight of what is left to the palette from which on references do nothing
TOLD_ONE_OF = 2  # samples: listening is learned sooner than seeing, and costs nearly as much
JUDGED_BY = 3  # references of a panel on which a run with references is judged
OTHERS = 0.5  # weight of all other losses where it learns from references: series of any colours are noise to them
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Told:
    """What a listener is told: `spread` (B, 5, h, w), `sources` (B, h, w), `mood` (B, colors + 1); `steps` (B, h, w):
    the spread colours.
    """

    spread: Tensor
    sources: Tensor
    mood: Tensor
    steps: Tensor


class PaletteLearner(PictureLearner):
    """palette: which colour of the comic's own palette each place has."""

    best_by = "de2000_off_line"

    @property
    def network(self) -> PaletteConfig:
        return cast(PaletteConfig, self.config.network)

    def _adam(self, network: nn.Module) -> torch.optim.Adam:
        rate, betas = self.config.lr, (self.config.beta1, self.config.beta2)
        return torch.optim.AdamW(network.parameters(), rate, betas, weight_decay=self.network.decay, fused=True)

    def look_at(self, data: PairDataset) -> None:
        """The palette, the share of each colour, and how even the comic is; every process finds the same."""
        found = find_colours(data, self.network.colors, self.config.seed)
        if found.in_common < LITTLE_IN_COMMON and not self.network.references:
            log.warning(
                "%s: its series have hardly a colour in common (%.0f%% of the area); a run for each would know its "
                "colours better", data.folder, 100 * found.in_common,
            )  # fmt: skip
        places = torch.arange(self.network.colors) % len(found.palette)  # where there are fewer, again from the first
        share = torch.zeros(self.network.colors)
        share[: len(found.share)] = torch.from_numpy(found.share)
        for network in (self.generator, self.average):
            chooser = cast(PaletteNetwork, network)
            chooser.palette.copy_(torch.from_numpy(found.palette)[places])
            chooser.share.copy_(share)
            chooser.flatness.fill_(found.flatness)

    def opening(self) -> list[str]:
        style, even = cast(PaletteColorizer, self.colorizer).style, float(cast(PaletteNetwork, self.average).flatness)
        return [f"paints in {style}, for {even:.0%} of the area is even (flats from {EVEN:.0%} on; --style overrules)"]

    def files(self) -> dict[str, bytes]:
        return palette_files(dict(self.average.named_parameters()))

    @cached_property
    def _tables(self) -> tuple[Tensor, Tensor, Tensor]:
        """Of every step of colour the number in the palette and the CIELAB, and what a pixel of each number weighs."""
        chooser = cast(PaletteNetwork, self.generator)
        palette = torch.from_numpy(lab_of_colours(chooser.palette.cpu().numpy()))
        steps = torch.from_numpy(all_steps())
        return table_of(palette, steps).to(self.device), steps.to(self.device), class_weights(chooser)

    def terms(self, outline: Tensor, truth: Tensor, conditions: Conditions, images: int) -> tuple[Terms, Terms]:
        numbers, lab, weights = self._tables
        color, counts = cell_targets(truth, outline)
        steps = steps_of(color)
        some = slice(-(-len(steps) // TOLD_ONE_OF))
        told, others = self._told(steps[some], counts[some], conditions.each(lambda one: one[some]))
        wanted = exchanged(steps[some], numbers, others)
        plain, changed, *pointed = self.generate_all(outline, told.spread, told.sources, told.mood)
        alike = likeness(lab[wanted], lab[told.steps])
        terms = {
            "palette": choice_loss(plain, numbers[steps], None, counts, weights),
            "told": choice_loss(changed, numbers[wanted], alike, counts[some], weights),
        }
        if conditions.areas is None or conditions.panels is None:
            return terms, {}
        pointer = cast(Pointer, cast(PaletteNetwork, self.generator).pointer)
        given = References(steps, conditions.areas * counts, conditions.panels)
        own, logged = pointer_terms(pointer, pointed[0], plain, numbers, weights, given)
        return terms | own, logged

    def _told(self, cells: Tensor, counts: Tensor, conditions: Conditions) -> tuple[Told, Tensor]:
        """What the network is told of cells (B, h, w) with these colours, some exchanged, and the exchange."""
        numbers, colors = self._tables[0], self.network.colors
        spread, sources = conditions.spread, conditions.sources
        if spread is None or sources is None:
            spread, sources = no_spread(cells)
        steps, dots = steps_of(to_range(spread[:, :3])), spread[:, 4] > 0
        others = exchange(numbers, moods_of(numbers[steps], dots, colors)[:, :-1] > 0, self.network.exchange)
        new, cells = exchanged(steps, numbers, others), exchanged(cells, numbers, others)
        shown = torch.where((new == steps)[:, None], spread[:, :3], color_of(new))
        one = mean_step(cells, counts)
        mood = draw_moods(
            moods_of(numbers[new], dots, colors),
            moods_of(numbers[one], torch.ones_like(one), colors),
            moods_of(numbers[cells], counts, colors),
        )
        return Told(torch.cat([shown, spread[:, 3:]], dim=1), sources, mood, new), others

    def painted(self, judged: PairDataset, chosen: Sequence[int]) -> list[tuple[Image, Image, Image]]:
        """Where it learns from references, with some of the series."""
        if not self.network.references:
            return super().painted(judged, chosen)
        self.colorizer.forget()
        return [(judged.outline(one), self._with_references(judged, one), judged.color(one)) for one in chosen]

    def _with_references(self, judged: PairDataset, index: int) -> Image:
        colorizer = cast(PaletteColorizer, self.colorizer)
        shown = choose_references(judged, index).get(str(JUDGED_BY), [])
        known = [colorizer.reference(judged.color(one), judged.outline(one)) for one in shown]
        return colorizer.colorize(judged.outline(index), Wishes(references=known))

    def remarks(self, losses: Mapping[str, float]) -> list[str]:
        left = losses.get("null_weight", 0.5)
        if EVERYTHING >= left >= 1 - EVERYTHING:
            return []
        done = "nothing: it leaves all to its palette" if left > 0.5 else "everything: its palette is never asked"
        return [f"references do {done} (null_weight {left:.3f}); look whether the series of these pairs are series"]

    def measure(self, judged: PairDataset, chosen: Sequence[int]) -> dict[str, float | None]:
        """Without hints, in the style of the run; with references where it learns from them."""
        panels = self.painted(judged, chosen)
        errors = (
            mean_under(de2000_map(lab_of(one), lab_of(truth)), off_line(outline)) for outline, one, truth in panels
        )
        return measure(panels) | {"de2000_off_line": mean_of_finite(errors)}
