"""What a training run is told: one frozen record, its presets, and the schedules, all counted in images seen."""

import difflib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from comicdata.errors import UsageError
from comicdata.models.networks import auto_painter, background, pixelcnn, polishing, two_step
from comicdata.models.networks.background import BackgroundConfig
from comicdata.models.networks.pix2pix import ColorizerConfig
from comicdata.models.networks.pixelcnn import LowResolutionConfig
from comicdata.models.networks.polishing import PolishingConfig
from comicdata.models.networks.two_step import TwoStepConfig
from comicdata.models.networks.vgg import GET_IT

Device = Literal["auto", "cpu", "cuda"]
NetworkConfig = ColorizerConfig | LowResolutionConfig | BackgroundConfig | PolishingConfig | TwoStepConfig
FREE = ("device", "accumulate", "patience", "compile")  # may change when a run goes on
WHOLE = ""  # the stage of a model that has only one


@dataclass(frozen=True)
class TrainConfig:
    """Options of one run. `images` is the budget; everything else decides what a given image does to the weights.

    `decay_start` to `decay_end`: the rate falls linearly to `lr_floor` times `lr` (never, where decay_end is 0).
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
    beta1: float = 0.5
    beta2: float = 0.999
    ema: float = 0.999
    clip: float = 0.0
    decay_start: int = 40_000
    decay_end: int = 80_000
    adversarial_start: int = 0
    log_every: int = 400
    sample_every: int = 4_000
    save_every: int = 8_000
    validation_pairs: int = 32
    network: NetworkConfig = field(default_factory=ColorizerConfig)


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
    clip=1.0,  # ten times the usual rate without normalisation in the discriminator: unclipped, runs blew up
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
# Differs: the paper on consistent colorization gives no optimizer, rate, batch or budget for any of its networks; this
# is pix2pix's optimizer, and 100 epochs of the 7,014 pictures that the paper trained on.
STAGE = replace(PAPER, batch_size=8, images=700_000, decay_start=350_000, decay_end=700_000, ema=0.999)
# Differs: clipping is not published; a rare colour under a narrow mixture makes a gradient that upsets all.
DENSITY = replace(STAGE, lr=3e-4, beta1=0.9, ema=0.9995, clip=1.0)
SMALL_STAGE = replace(SMALL, images=6_400, decay_start=3_200, decay_end=6_400, adversarial_start=0, validation_pairs=8)
# A quarter of an hour on one core; on 26,000 crops figures have patches of wrong colour, on 78,000 hardly any.
SMALL_DENSITY = replace(
    SMALL_STAGE, lr=1e-3, beta1=0.9, images=40_000, decay_start=20_000, decay_end=40_000, sample_every=8_000
)


def _presets(small: TrainConfig, paper: TrainConfig) -> dict[str, TrainConfig]:
    return {"small": small, "paper": paper, "authors": paper}


@dataclass(frozen=True)
class Stage:
    """One network that is trained on its own: its presets, and those of its training."""

    networks: Mapping[str, NetworkConfig]
    training: Mapping[str, TrainConfig]


MODELS: dict[str, dict[str, Stage]] = {
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


def resolve_config(
    model: str, preset: str, overrides: Mapping[str, Any] | None = None, *, stage: str = WHOLE
) -> TrainConfig:
    """The options of a run, or of one stage: preset, then overrides that are not None, of the run or its network.

    UsageError for names that do not exist and for options that do not fit together.
    """
    found = _stages(model, preset)
    if stage not in found:
        raise UsageError(f"stage {stage or '(none)'}: {model} has the stages {', '.join(found)}")
    given = {name: value for name, value in (overrides or {}).items() if value is not None}
    unknown = sorted(set(given) - option_names(found[stage]))
    if unknown:
        raise UsageError(f"option {unknown[0]}: {model} has no such option")
    base = found[stage].training[preset]
    given.setdefault("crop", min(base.crop, given.get("size", base.size)))
    network = _with(found[stage].networks[preset], given)
    run = {name: value for name, value in given.items() if name in RUN_NAMES}
    config = replace(base, model=model, stage=stage, preset=preset, network=network, **run)
    _check(config)
    return config


def resolve_stages(model: str, preset: str, overrides: Mapping[str, Any] | None = None) -> dict[str, TrainConfig]:
    """The options of every stage of a model, in order; an override holds for all stages that have such an option."""
    found = _stages(model, preset)
    given = {name: value for name, value in (overrides or {}).items() if value is not None}
    unknown = sorted(set(given) - set().union(*(option_names(one) for one in found.values())))
    if unknown:
        raise UsageError(f"option {unknown[0]}: {model} has no such option")
    return {
        name: resolve_config(model, preset, {key: given[key] for key in given if key in option_names(one)}, stage=name)
        for name, one in found.items()
    }


def read_settings(model: str, settings: Sequence[str]) -> dict[str, Any]:
    """The overrides that "lr=0.001" and "trunk_blocks=2,2" mean for `model`, in the types of its options.

    UsageError for an option that no stage of it has, or a value of another type.
    """
    types: dict[str, Any] = {}
    for stage in MODELS[model].values():
        for kind in (TrainConfig, ColorizerConfig, type(next(iter(stage.networks.values())))):
            types |= {name: hint for name, hint in get_type_hints(kind).items() if name in option_names(stage)}
    found = {}
    for text in settings:
        name, _, value = text.partition("=")
        if name not in types:
            close = difflib.get_close_matches(name, types, 1)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(sorted(types))}"
            raise UsageError(f"--set {text}: {model} has no option {name}; {hint}")
        try:
            several = get_origin(types[name]) is tuple
            found[name] = TypeAdapter(types[name]).validate_python(tuple(value.split(",")) if several else value)
        except ValidationError as error:
            raise UsageError(f"--set {text}: {error.errors()[0]['msg']}") from None
    return found


def _stages(model: str, preset: str) -> dict[str, Stage]:
    """UsageError when there is no such model or preset."""
    if model not in MODELS:
        raise UsageError(f"model {model}: not known; there are {', '.join(MODELS)}")
    found = MODELS[model]
    presets = next(iter(found.values())).networks
    if preset not in presets:
        raise UsageError(f"preset {preset}: not known for {model}; there are {', '.join(presets)}")
    return found


RUN_NAMES = {one.name for one in fields(TrainConfig)} - {"model", "stage", "preset", "network"}


def option_names(stage: Stage) -> set[str]:
    """Every option that a stage has: of the run, of its network, and of the U-Net inside that."""
    return RUN_NAMES | _network_names(next(iter(stage.networks.values())))


def _network_names(network: NetworkConfig) -> set[str]:
    inner = _network_names(network.unet) if isinstance(network, BackgroundConfig | PolishingConfig) else set()
    return inner | {one.name for one in fields(network)} - {"model", "unet"}


def _with(network: NetworkConfig, given: Mapping[str, Any]) -> Any:
    """The network's options with those given put in, also in the U-Net inside."""
    own = {one.name: given[one.name] for one in fields(network) if one.name in given}
    if isinstance(network, BackgroundConfig | PolishingConfig):
        own["unet"] = _with(network.unet, given)
    return replace(network, **own)


def network_of(config: Mapping[str, Any]) -> NetworkConfig:
    """The network's options from a saved config; KeyError or TypeError when it is of another kind."""
    values = dict(config["network"])
    kind = type(next(iter(MODELS[config["model"]][config.get("stage", WHOLE)].networks.values())))
    if "unet" in values:
        values["unet"] = ColorizerConfig(**values["unet"])
    return kind(**values)


LARGEST = {"images": 10**12, "batch_size": 4096, "size": 4096, "seed": 2**63 - 1, "validation_pairs": 1_000_000}


def _check(config: TrainConfig) -> None:
    """UsageError in one line for the first option that cannot work."""
    network = config.network
    feature = getattr(network, "weight_feature", 0.0)
    if feature and not (config.vgg_weights or config.random_vgg):
        raise UsageError(
            f"{config.model}, preset {config.preset}: its feature loss (weight {feature:g}) needs VGG16 weights "
            f"(--vgg-weights FILE); {GET_IT}; or take --preset small, or the model pix2pix"
        )
    for name in ("images", "batch_size", "size", "crop", "log_every", "sample_every", "save_every", "lr", "accumulate"):
        if getattr(config, name) <= 0:
            raise UsageError(f"{name} {getattr(config, name)}: must be above 0")
    for name in ("seed", "clip", "decay_start", "decay_end", "adversarial_start", "validation_pairs", "patience"):
        if getattr(config, name) < 0:
            raise UsageError(f"{name} {getattr(config, name)}: must not be below 0")
    for name, number in _floats(asdict(config)):
        if not math.isfinite(number):
            raise UsageError(f"{name} {number}: a finite number is expected")
    for name, most in LARGEST.items():
        if getattr(config, name) > most:
            raise UsageError(f"{name} {getattr(config, name)}: must be at most {most}")
    if config.batch_size % config.accumulate:
        raise UsageError(f"accumulate {config.accumulate}: does not divide the batch size, {config.batch_size}")
    if not 0 <= config.line_jitter <= 1:
        raise UsageError(f"line_jitter {config.line_jitter:g}: a share between 0 and 1 is expected")
    if config.crop > config.size or config.crop % network.multiple:
        raise UsageError(
            f"crop {config.crop}: must be a multiple of {network.multiple} (what the network halves) and at most the "
            f"size, {config.size}"
        )
    if config.decay_end and config.decay_end < config.decay_start:
        raise UsageError(f"decay_end {config.decay_end}: lies before decay_start {config.decay_start}")


def _floats(values: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """The options that are no whole numbers, by name, also those of networks inside."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _floats(value)
        elif isinstance(value, float):
            yield name, value


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
    if not config.decay_end or images <= config.decay_start:
        return config.lr
    part = min(1.0, (images - config.decay_start) / max(1, config.decay_end - config.decay_start))
    return config.lr * (1 - part * (1 - config.lr_floor))


def is_adversarial(config: TrainConfig, images: int) -> bool:
    """Whether the discriminator takes part in a step that begins after `images` images."""
    network = config.network.unet if isinstance(config.network, PolishingConfig) else config.network
    return getattr(network, "weight_adversarial", 0.0) > 0 and images >= config.adversarial_start


def is_due(every: int, before: int, after: int) -> bool:
    """Whether a multiple of `every` images was reached by the step from `before` to `after`."""
    return before // every != after // every
