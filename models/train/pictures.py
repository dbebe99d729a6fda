"""What networks that give the whole picture share: they are judged and shown as they colorize."""

from collections.abc import Sequence
from pathlib import Path

import torch

from comicdata.flats.hints import hints_on
from comicdata.images import Image, beside
from comicdata.models.colorize import Wishes, make_colorizer
from comicdata.models.data.hints import fixed_hints
from comicdata.models.data.pairs import PairDataset
from comicdata.models.evaluate.metrics import measure
from comicdata.models.evaluate.selection import selection
from comicdata.models.runs.settings import TrainConfig, options
from comicdata.models.train.learner import Learner


class PictureLearner(Learner):
    """A network that gives the whole picture: judged and shown as it colorizes."""

    best_by = "score"

    def __init__(self, config: TrainConfig, device: torch.device, run: Path) -> None:
        super().__init__(config, device, run)
        self.colorizer = make_colorizer(self.average, options(config), device)

    def measure(self, judged: PairDataset, chosen: Sequence[int]) -> dict[str, float | None]:
        """Without hints: what a reader gets who gives none."""
        panels = self.painted(judged, chosen)
        return measure(panels) | selection(panels)

    def painted(self, judged: PairDataset, chosen: Sequence[int]) -> list[tuple[Image, Image, Image]]:
        """Outline, colours and truth of each pair, by the network as it is now."""
        self.colorizer.forget()
        outlines = [judged.outline(index) for index in chosen]
        made = [self.colorizer.colorize(outline) for outline in outlines]
        return list(zip(outlines, made, map(judged.color, chosen), strict=True))

    def show(self, judged: PairDataset, index: int) -> Image:
        """Without hints; for networks that take them also the hints, and the colours with them."""
        self.colorizer.forget()
        outline = judged.outline(index)
        plain = self.colorizer.colorize(outline)
        if not self.config.network.takes_hints:
            return plain
        hints = fixed_hints(judged.color(index), outline, index)
        return beside([plain, hints_on(outline, hints), self.colorizer.colorize(outline, Wishes(hints=[hints]))])
