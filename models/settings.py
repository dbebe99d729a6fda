"""What a training run is told: one frozen record, its presets, and the schedules, all counted in images seen."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal

from comicdata.errors import UsageError
from comicdata.models.auto_painter import PRESETS, ColorizerConfig
from comicdata.models.data import OutlineChoice

Device = Literal["auto", "cpu", "cuda"]


@dataclass(frozen=True)
class TrainConfig:
    """Options of one run. `images` is the budget; everything else decides what a given image does to the weights.

    `decay_start` to `decay_end`: the rate falls linearly to `lr_floor` times `lr` (never, where decay_end is 0).
    The discriminator takes part from `adversarial_start` on. Defaults: pix2pix (arXiv 1611.07004), section 6.2.
    """

    model: str = "pix2pix"
    preset: str = "paper"
    images: int = 80_000
    batch_size: int = 1
    size: int = 256
    crop: int = 256
    seed: int = 0
    device: Device = "auto"
    outline: OutlineChoice = "canny"
    lr: float = 2e-4
    lr_floor: float = 0.01  # Differs: the paper goes to 0, after which a larger budget would learn nothing
    beta1: float = 0.5
    beta2: float = 0.999
    ema: float = 0.999
    decay_start: int = 40_000
    decay_end: int = 80_000
    adversarial_start: int = 0
    log_every: int = 400
    sample_every: int = 4_000
    save_every: int = 8_000
    validation_pairs: int = 32
    network: ColorizerConfig = field(default_factory=ColorizerConfig)


PAPER = TrainConfig()
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
    decay_start=4_800,
    decay_end=8_000,
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


def resolve_config(model: str, preset: str, overrides: Mapping[str, Any] | None = None) -> TrainConfig:
    """The options of a run: preset, then overrides that are not None, of the run or by name of its network.

    UsageError for names that do not exist and for options that do not fit together.
    """
    if model not in PRESETS:
        raise UsageError(f"model {model}: not known; there are {', '.join(PRESETS)}")
    if preset not in PRESETS[model]:
        raise UsageError(f"preset {preset}: not known for {model}; there are {', '.join(PRESETS[model])}")
    given = {name: value for name, value in (overrides or {}).items() if value is not None}
    network_names = {one.name for one in fields(ColorizerConfig)} - {"model"}
    run_names = {one.name for one in fields(TrainConfig)} - {"model", "preset", "network"}
    unknown = sorted(set(given) - network_names - run_names)
    if unknown:
        raise UsageError(f"option {unknown[0]}: {model} has no such option")
    base = TRAINING[model][preset]
    given.setdefault("crop", min(base.crop, given.get("size", base.size)))
    network = replace(PRESETS[model][preset], **{name: given[name] for name in given if name in network_names})
    run = {name: given[name] for name in given if name in run_names}
    config = replace(base, model=model, preset=preset, network=network, **run)
    _check(config)
    return config


def _check(config: TrainConfig) -> None:
    """UsageError in one line for the first option that cannot work."""
    network = config.network
    if network.weight_feature:
        raise UsageError(
            f"{config.model}, preset {config.preset}: its feature loss (weight {network.weight_feature:g}) needs VGG "
            "weights (--vgg-weights), which is not supported yet; take --preset small, or the model pix2pix"
        )
    for name in ("images", "batch_size", "size", "crop", "log_every", "sample_every", "save_every", "lr"):
        if getattr(config, name) <= 0:
            raise UsageError(f"{name} {getattr(config, name)}: must be above 0")
    for name in ("seed", "decay_start", "decay_end", "adversarial_start", "validation_pairs"):
        if getattr(config, name) < 0:
            raise UsageError(f"{name} {getattr(config, name)}: must not be below 0")
    if config.crop > config.size or config.crop % network.multiple:
        raise UsageError(
            f"crop {config.crop}: must be a multiple of {network.multiple} (depth {network.depth}) and at most "
            f"the size, {config.size}"
        )
    if config.decay_end and config.decay_end < config.decay_start:
        raise UsageError(f"decay_end {config.decay_end}: lies before decay_start {config.decay_start}")


def options(config: TrainConfig) -> dict[str, Any]:
    """Everything that decides the weights at a given image, as plain values: all but the budget."""
    values = asdict(config)
    del values["images"]
    return values


def learning_rate(config: TrainConfig, images: int) -> float:
    """The rate of a step that begins after `images` images."""
    if not config.decay_end or images <= config.decay_start:
        return config.lr
    part = min(1.0, (images - config.decay_start) / max(1, config.decay_end - config.decay_start))
    return config.lr * (1 - part * (1 - config.lr_floor))


def is_adversarial(config: TrainConfig, images: int) -> bool:
    """Whether the discriminator takes part in a step that begins after `images` images."""
    return config.network.weight_adversarial > 0 and images >= config.adversarial_start


def is_due(every: int, before: int, after: int) -> bool:
    """Whether a multiple of `every` images was reached by the step from `before` to `after`."""
    return before // every != after // every
