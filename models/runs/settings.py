"""What a training run is told: one frozen record, its presets, and the schedules, all counted in images seen."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_type_hints

from comicdata.errors import UsageError
from comicdata.models.networks import auto_painter, background, palette, pixelcnn, polishing, two_step
from comicdata.models.networks.options import NetworkOptions
from comicdata.models.networks.pix2pix import ColorizerConfig
from comicdata.reading.shapes import of_shape

Device = Literal["auto", "cpu", "cuda"]
FREE = ("device", "accumulate", "patience", "compile")  # may change when a run goes on
WHOLE = ""  # the stage of a model that has only one
FALL_PART = 5  # the rate falls over one such part of the budget, the last


@dataclass(frozen=True)
class TrainConfig:
    """Options of one run. `images` is the budget; everything else decides what a given image does to the weights.

    The rate rises over the first `warmup` images and falls linearly, to `lr_floor` times `lr`, over the last fifth of
    the budget; up to there a training does not depend on the budget, so it can be raised later. A published schedule
    says `decay_start` and `decay_end` instead, in images (never, where decay_end is 0), whatever the budget.
    The discriminator takes part from `adversarial_start` on. `line_jitter`: the share of samples whose lines are
    varied. `vgg_weights`: the file for a feature loss; `random_vgg` stands in for it in tests. Training ends early
    when the validation number that decides has not improved for `patience` images (never, where that is 0).
    `clip`: the largest norm of a network's gradient (any, where that is 0). `accumulate`: the parts that a batch goes
    through in. Defaults: pix2pix (arXiv 1611.07004), section 6.2.
    """

    model: str = "pix2pix"
    stage: str = WHOLE
    preset: str = "paper"
    images: int = 80_000
    batch_size: int = 1
    size: int = 256
    crop: int = 256
    seed: int = 0
    device: Device = "auto"
    outline: str = "canny"
    line_jitter: float = 0.0
    vgg_weights: Path | None = None
    random_vgg: bool = False
    accumulate: int = 1
    patience: int = 0
    compile: bool = False
    lr: float = 2e-4
    lr_floor: float = 0.01  # Differs: the paper goes to 0, after which a larger budget would learn nothing
    warmup: int = 0
    beta1: float = 0.5
    beta2: float = 0.999
    ema: float = 0.999
    clip: float = 0.0
    decay_start: int | None = None
    decay_end: int | None = None
    adversarial_start: int = 0
    log_every: int = 400
    sample_every: int = 4_000
    save_every: int = 8_000
    validation_pairs: int = 32
    network: NetworkOptions = field(default_factory=ColorizerConfig)

    @property
    def total(self) -> int:
        """The budget in images, rounded up to whole steps."""
        return -(-self.images // self.batch_size) * self.batch_size

    @property
    def fall_start(self) -> int | None:
        """After how many images the rate begins to fall for this budget; None under a schedule of its own."""
        if self.decay_end is not None:
            return None
        return (self.total // self.batch_size - self.total // self.batch_size // FALL_PART) * self.batch_size


PAPER = TrainConfig(decay_start=40_000, decay_end=80_000)
# Differs: the auto-painter paper gives neither budget nor decay; these are 20 epochs of its 60,000 pictures.
LARGE = replace(PAPER, size=512, crop=512, images=1_200_000, decay_start=600_000, decay_end=1_200_000)
# Two quiet cores see these 8,000 crops in less than two minutes; the discriminator, which costs 40 %, comes late.
SMALL = replace(
    PAPER,
    images=8_000,
    batch_size=8,
    crop=128,
    lr=2e-3,
    lr_floor=0.05,
    ema=0.98,
    clip=1.0,  # ten times the usual rate without normalisation in the discriminator: unclipped, runs blew up
    warmup=400,
    decay_start=None,
    decay_end=None,
    adversarial_start=5_600,
    log_every=200,
    sample_every=1_600,
    save_every=1_600,
    validation_pairs=16,
)
TRAINING: dict[str, dict[str, TrainConfig]] = {
    "pix2pix": {"small": SMALL, "paper": PAPER, "authors": PAPER},
    "auto-painter": {
        "small": SMALL,
        "paper": LARGE,
        "authors": replace(LARGE, lr=2e-5, decay_start=0, decay_end=0),
    },
}
# Differs: the paper on consistent colorization gives no optimizer, rate, batch or budget for any of its networks; this
# is pix2pix's optimizer, and 100 epochs of the 7,014 pictures that the paper trained on.
STAGE = replace(PAPER, batch_size=8, images=700_000, decay_start=350_000, decay_end=700_000, ema=0.999)
# Differs: clipping is not published; a rare colour under a narrow mixture makes a gradient that upsets all.
DENSITY = replace(STAGE, lr=3e-4, beta1=0.9, ema=0.9995, clip=1.0)
SMALL_STAGE = replace(SMALL, images=6_400, adversarial_start=0, validation_pairs=8)
# A quarter of an hour on one core; on 26,000 crops figures have patches of wrong colour, on 78,000 hardly any.
SMALL_DENSITY = replace(SMALL_STAGE, lr=1e-3, beta1=0.9, images=40_000, sample_every=8_000)
# Differs: rate, batch and budgets come from our own trials. `small` takes some minutes of one core, `medium` an hour.
PALETTE = replace(
    PAPER,
    images=8_000,
    batch_size=4,  # more steps for the same minutes: of 2,000 windows eight at a time teach far less
    lr=2e-3,
    lr_floor=0.02,
    beta1=0.9,
    ema=0.995,
    clip=1.0,
    warmup=200,
    outline="mix",  # and varied lines: whoever colours draws otherwise than Canny
    line_jitter=0.3,
    decay_start=None,
    decay_end=None,
    log_every=200,
    sample_every=2_400,
    save_every=2_400,
    validation_pairs=16,
)
# With references a batch is of groups of six; where series have colours of their own, there is more to learn.
WITH_REFERENCES: dict[str, dict[str, Any]] = {
    "small": {
        "references": True,
        "mutual": True,
        "batch_size": 12,
        "images": 14_400,
        "warmup": 400,
        "ema": 0.99,
    },
    "medium": {"references": True, "mutual": True, "batch_size": 12},
    "large": {"references": True, "mutual": True, "batch_size": 18},
}
SERIES_FOR_REFERENCES = 20  # pairs of so many are a reason to learn from references
PALETTES = {
    "small": PALETTE,
    "medium": replace(PALETTE, images=36_000, batch_size=8, warmup=400, ema=0.998),
    "large": replace(
        PALETTE,
        size=512,
        crop=512,
        batch_size=16,
        images=1_000_000,
        warmup=400,
        ema=0.999,
        sample_every=16_000,
        save_every=16_000,
        validation_pairs=64,
    ),
}


def _presets(small: TrainConfig, paper: TrainConfig) -> dict[str, TrainConfig]:
    return {"small": small, "paper": paper, "authors": paper}


@dataclass(frozen=True)
class Stage:
    """One network that is trained on its own: its presets, and those of its training."""

    networks: Mapping[str, NetworkOptions]
    training: Mapping[str, TrainConfig]


MODELS: dict[str, dict[str, Stage]] = {
    "palette": {WHOLE: Stage(palette.PRESETS, PALETTES)},
    "auto-painter": {WHOLE: Stage(auto_painter.PRESETS["auto-painter"], TRAINING["auto-painter"])},
    "pix2pix": {WHOLE: Stage(auto_painter.PRESETS["pix2pix"], TRAINING["pix2pix"])},
    "two-step": {
        "low-resolution": Stage(two_step.PRESETS, _presets(SMALL_STAGE, STAGE)),
        "polishing": Stage(polishing.WITHOUT, _presets(SMALL_STAGE, STAGE)),
    },
    "consistent": {
        "low-resolution": Stage(pixelcnn.PRESETS, _presets(SMALL_DENSITY, DENSITY)),
        "background": Stage(background.PRESETS, _presets(SMALL_STAGE, STAGE)),
        "polishing": Stage(polishing.PRESETS, _presets(SMALL_STAGE, STAGE)),
    },
}


def network_of(config: Mapping[str, Any]) -> NetworkOptions:
    """The network's options from a saved config; KeyError, TypeError, ValueError or UsageError for another kind."""
    kind = type(next(iter(MODELS[config["model"]][config.get("stage", WHOLE)].networks.values())))
    of_shape(kind, config["network"])
    return _restored(kind, config["network"])


def _restored(kind: type[NetworkOptions], values: Mapping[str, Any]) -> NetworkOptions:
    """Options from plain values: objects become the options inside, lists the tuples that they were."""
    types = get_type_hints(kind)
    restored = {
        name: _restored(types[name], value)
        if isinstance(value, Mapping)
        else tuple(value)
        if isinstance(value, list)
        else value
        for name, value in values.items()
    }
    return kind(**restored)


def options(config: TrainConfig) -> dict[str, Any]:
    """Everything that decides the weights at a given image, and FREE, as plain values; the file of VGG weights may move
    (a run records the hash of what is in it).
    """
    values = asdict(config)
    del values["images"], values["vgg_weights"]
    return values if config.stage else {name: value for name, value in values.items() if name != "stage"}


def check_fits(run: Path, polishing: Mapping[str, Any], other: Mapping[str, Any]) -> None:
    """UsageError when the saved options of two stages of RUN name other lines: another outline or size."""
    for name in ("outline", "size"):
        if polishing[name] != other[name]:
            raise UsageError(
                f"{run}: the stage {polishing['stage']} has {name} {polishing[name]}, but {other['stage']} was trained "
                f"with {name} {other[name]}; train one of them again with the {name} of the other (--{name}), after "
                f"deleting its folder, {run / 'stages'}/STAGE, or take another run folder"
            )


def learning_rate(config: TrainConfig, images: int) -> float:
    """The rate of a step that begins after `images` images."""
    rising = min(1.0, (images + config.batch_size) / config.warmup) if config.warmup else 1.0
    own = config.fall_start
    first, last = (config.decay_start or 0, config.decay_end or 0) if own is None else (own, config.total)
    if not last or images <= first:
        return config.lr * rising
    part = min(1.0, (images - first) / max(1, last - first))
    return config.lr * rising * (1 - part * (1 - config.lr_floor))


def is_adversarial(config: TrainConfig, images: int) -> bool:
    """Whether the discriminator takes part in a step that begins after `images` images."""
    return config.network.is_adversarial and images >= config.adversarial_start


def is_due(every: int, before: int, after: int) -> bool:
    """Whether a multiple of `every` images was reached by the step from `before` to `after`."""
    return before // every != after // every
