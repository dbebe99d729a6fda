"""How each network learns, and how it is judged: one class a network, and the table that says which."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from comicdata.errors import UsageError
from comicdata.images import Image
from comicdata.models.data.hints import Conditions, with_hints
from comicdata.models.data.pairs import PairDataset
from comicdata.models.evaluate.metrics import l1, mean_of_finite, off_line
from comicdata.models.networks.auto_painter import discriminator_terms, generator_terms
from comicdata.models.networks.background import (
    BackgroundConfig,
    BackgroundDetector,
    Layers,
    background_loss,
    composite,
)
from comicdata.models.networks.layers import STRIDE, to_image, to_range, to_tensor
from comicdata.models.networks.options import NetworkOptions
from comicdata.models.networks.palette import (
    PaletteConfig,
)
from comicdata.models.networks.pix2pix import ColorizerConfig, PatchGAN
from comicdata.models.networks.pixelcnn import LowResolutionColorizer, LowResolutionConfig, shrink
from comicdata.models.networks.polishing import PolishingConfig, gather, hide
from comicdata.models.networks.two_step import SmallPictureJudge, TwoStepConfig, judge_terms, painter_terms
from comicdata.models.networks.vgg import VGG16Features, load_vgg, random_vgg
from comicdata.models.runs.load import load_network
from comicdata.models.runs.settings import TrainConfig, check_fits, is_adversarial, options
from comicdata.models.train.learner import Learner, Terms
from comicdata.models.train.palette import PaletteLearner
from comicdata.models.train.pictures import PictureLearner


class AdversarialLearner(PictureLearner):
    """Auto-painter and pix2pix: outline, perhaps with hints, to colour, judged patch by patch."""

    def __init__(self, config: TrainConfig, device: torch.device, run: Path) -> None:
        super().__init__(config, device, run)
        self.features: VGG16Features | None = None
        if config.network.sees_features:
            self.features = random_vgg(device) if config.random_vgg else load_vgg(config.vgg_weights, device)

    @property
    def network(self) -> ColorizerConfig:
        return cast(ColorizerConfig, self.config.network)

    def build(self) -> tuple[nn.Module, nn.Module | None]:
        return self.network.build(), PatchGAN(self.network)

    def terms(self, outline: Tensor, truth: Tensor, conditions: Conditions, images: int) -> tuple[Terms, Terms]:
        outline = with_hints(outline, conditions.hints)
        output = self.generate(outline)
        logits: Tensor | None = None
        others: Terms = {}
        if is_adversarial(self.config, images):
            logits, others = self.against_discriminator(outline, truth, output)
            if not output.requires_grad:
                return {}, others  # only the discriminator learns
        return generator_terms(self.network, output, truth, logits=logits, features=self._seen), others

    def _seen(self, color: Tensor) -> Tensor:
        """VGG features in float32."""
        assert self.features is not None
        with self.autocast():
            features: Tensor = self.features(color)
        return features.float()

    def discriminator_terms(self, real: Tensor, fake: Tensor) -> Terms:
        return discriminator_terms(self.network, real, fake)


class StageLearner(Learner):
    """What the stages share: a network from its options, no discriminator, numbers as means over pairs."""

    def pair(self, judged: PairDataset, index: int) -> tuple[Tensor, Tensor]:
        """One pair in [-1, 1]: outline (1, 1, size, size), colour (1, 3, size, size)."""
        pictures = (judged.outline(index), judged.color(index))
        outline, truth = (to_range(to_tensor(picture[None])).to(self.device) for picture in pictures)
        return outline, truth

    @torch.no_grad()
    def measure(self, judged: PairDataset, chosen: Sequence[int]) -> dict[str, float | None]:
        rows = [self.score(judged, index) for index in chosen]
        return {name: mean_of_finite(row[name] for row in rows) for name in (rows[0] if rows else {})}

    def score(self, judged: PairDataset, index: int) -> dict[str, float]:
        """Validation numbers of one pair."""
        raise NotImplementedError


class LowResolutionLearner(StageLearner):
    """The distribution over small pictures: bits per dimension of the true one."""

    best_by = "bits"

    def terms(self, outline: Tensor, truth: Tensor, conditions: Conditions, images: int) -> tuple[Terms, Terms]:
        with self.autocast():
            return cast(LowResolutionColorizer, self.generator).terms(outline, shrink(truth)), {}

    def score(self, judged: PairDataset, index: int) -> dict[str, float]:
        outline, truth = self.pair(judged, index)
        return {"bits": float(cast(LowResolutionColorizer, self.average).bits(outline, shrink(truth)))}

    def show(self, judged: PairDataset, index: int) -> Image:
        """One drawn small picture."""
        outline, _ = self.pair(judged, index)
        random = torch.Generator().manual_seed(self.config.seed)
        small, _ = cast(LowResolutionColorizer, self.average).ranked(outline, 1, random)
        return to_image(F.interpolate(small, scale_factor=STRIDE, mode="nearest")[0])


class SmallPictureLearner(StageLearner):
    """Two-step's first step: small pictures by L1 and a discriminator that sees them whole."""

    best_by = "l1"

    @property
    def network(self) -> TwoStepConfig:
        return cast(TwoStepConfig, self.config.network)

    def build(self) -> tuple[nn.Module, nn.Module | None]:
        return self.network.build(), SmallPictureJudge(self.network)

    def terms(self, outline: Tensor, truth: Tensor, conditions: Conditions, images: int) -> tuple[Terms, Terms]:
        small = shrink(truth)
        with self.autocast():
            output = self.generator(outline)
        output = output.float()
        logits: Tensor | None = None
        others: Terms = {}
        if is_adversarial(self.config, images):
            logits, others = self.against_discriminator(outline, small, output)
        return painter_terms(self.network, output, small, logits), others

    def discriminator_terms(self, real: Tensor, fake: Tensor) -> Terms:
        return judge_terms(self.network, real, fake)

    def score(self, judged: PairDataset, index: int) -> dict[str, float]:
        outline, truth = self.pair(judged, index)
        return {"l1": float(F.l1_loss(self.average(outline).float(), shrink(truth)))}

    def show(self, judged: PairDataset, index: int) -> Image:
        outline, _ = self.pair(judged, index)
        with torch.no_grad():
            return to_image(F.interpolate(self.average(outline), scale_factor=STRIDE, mode="nearest")[0])


class BackgroundLearner(StageLearner):
    """The background detector: L1 of its composite, and nothing that names a background."""

    best_by = "l1"

    def terms(self, outline: Tensor, truth: Tensor, conditions: Conditions, images: int) -> tuple[Terms, Terms]:
        with self.autocast():
            layers = cast(BackgroundDetector, self.generator).decide(outline)
        return {"l1": background_loss(layers, truth)}, {}

    def score(self, judged: PairDataset, index: int) -> dict[str, float]:
        outline, truth = self.pair(judged, index)
        layers = self._decided(outline)
        return {"l1": float(background_loss(layers, truth)), "background_share": float(layers.background.mean())}

    @torch.no_grad()
    def show(self, judged: PairDataset, index: int) -> Image:
        """The composite; its background has one colour, the mean of the true one."""
        outline, truth = self.pair(judged, index)
        return to_image(composite(self._decided(outline), truth)[0])

    def _decided(self, outline: Tensor) -> Layers:
        detector = cast(BackgroundDetector, self.average)
        mask = detector.mask(outline)
        return Layers(detector(outline).own, torch.cat([1 - mask, mask], dim=1))


class PolishingLearner(StageLearner):
    """The last step: true (or drawn) small pictures with parts hidden, and the detector's maps, to the picture."""

    def __init__(self, config: TrainConfig, device: torch.device, run: Path) -> None:
        super().__init__(config, device, run)
        read = {stage: self._source(run, stage) for stage in self.network.reads}
        self.detector = read.get("background")
        self.drawer = read.get("low-resolution")

    def _source(self, run: Path, stage: str) -> nn.Module:
        """Another stage's network as it is now, and the hash of its weights."""
        folder = run.parent / stage
        if not (folder / "weights.safetensors").is_file():
            raise UsageError(f"{folder}: no weights here, and polishing needs them; train the stage {stage} first")
        network, weights = load_network(folder, self.device)
        check_fits(run.parent.parent, options(self.config), weights.config)
        self.sources[stage] = weights.header["tensors_sha256"]
        return network

    @property
    def network(self) -> PolishingConfig:
        return cast(PolishingConfig, self.config.network)

    def build(self) -> tuple[nn.Module, nn.Module | None]:
        judge = PatchGAN(self.network.unet) if self.network.unet.weight_adversarial else None
        return self.network.build(), judge

    def terms(self, outline: Tensor, truth: Tensor, conditions: Conditions, images: int) -> tuple[Terms, Terms]:
        small, background = self._small(outline, truth), self._background(outline)
        visible = hide(self.network, background, (len(small), *small.shape[2:])).to(self.device)
        channels = gather(small, visible, outline, background)
        with self.autocast():
            output = self.generator(channels)
        output = output.float()
        logits: Tensor | None = None
        others: Terms = {}
        if is_adversarial(self.config, images):
            logits, others = self.against_discriminator(channels, truth, output)
        return generator_terms(self.network.unet, output, truth, logits=logits), others

    def discriminator_terms(self, real: Tensor, fake: Tensor) -> Terms:
        return discriminator_terms(self.network.unet, real, fake)

    def _small(self, outline: Tensor, truth: Tensor) -> Tensor:
        """The true small pictures; with `mix` half of them drawn instead, with `sampled` all."""
        small = shrink(truth)
        if self.drawer is None:
            return small
        drawn = torch.rand(len(small)) < (0.5 if self.network.low_resolution == "mix" else 1.0)
        if drawn.any():
            small[drawn] = _drawn(self.drawer, outline[drawn])
        return small

    @torch.no_grad()
    def _background(self, outline: Tensor) -> Tensor | None:
        return None if self.detector is None else cast(BackgroundDetector, self.detector).mask(outline)

    @torch.no_grad()
    def _polished(self, judged: PairDataset, index: int) -> Image:
        """As in use, but from the true small picture: what the other stages get wrong is not judged here."""
        outline, truth = self.pair(judged, index)
        background = self._background(outline)
        visible = torch.ones_like(outline) if background is None else 1 - background
        return to_image(self.average(gather(shrink(truth), visible, outline, background))[0])

    def score(self, judged: PairDataset, index: int) -> dict[str, float]:
        output, truth = self._polished(judged, index), judged.color(index)
        return {"l1": l1(output, truth), "l1_off_line": l1(output, truth, off_line(judged.outline(index)))}

    def show(self, judged: PairDataset, index: int) -> Image:
        return self._polished(judged, index)


def _drawn(network: nn.Module, outline: Tensor) -> Tensor:
    """Small pictures from the low-resolution colorizer, of either kind."""
    with torch.no_grad():
        small: Tensor = network.sample(outline) if isinstance(network, LowResolutionColorizer) else network(outline)
    return small


LEARNERS: dict[type[NetworkOptions], type[Learner]] = {
    PaletteConfig: PaletteLearner,
    ColorizerConfig: AdversarialLearner,
    LowResolutionConfig: LowResolutionLearner,
    TwoStepConfig: SmallPictureLearner,
    BackgroundConfig: BackgroundLearner,
    PolishingConfig: PolishingLearner,
}


def make_learner(config: TrainConfig, device: torch.device, run: Path) -> Learner:
    """The learner of a network; `run` is the folder of the run, or of the stage beside those that it reads."""
    return LEARNERS[type(config.network)](config, device, run)
