"""What a person says about a training, put over the presets: names of options, by place, and what is refused."""

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from comicdata.errors import UsageError
from comicdata.models.networks.options import NetworkOptions, require
from comicdata.models.networks.vgg import GET_IT
from comicdata.models.runs.settings import MODELS, WHOLE, Stage, TrainConfig

RUN_NAMES = {one.name for one in fields(TrainConfig)} - {"model", "stage", "preset", "network"}
RANGES: dict[str, tuple[float, float]] = {
    "images": (1, 10**12),
    "batch_size": (1, 4096),
    "size": (1, 65_536),
    "crop": (1, 65_536),
    "seed": (0, 2**63 - 1),
    "line_jitter": (0, 1),
    "accumulate": (1, 4096),
    "patience": (0, 10**12),
    "lr": (1e-12, 10),
    "lr_floor": (0, 1),
    "warmup": (0, 10**12),
    "beta1": (0, 0.9999999),
    "beta2": (0, 0.9999999),
    "ema": (0, 0.9999999),
    "clip": (0, 1e12),
    "decay_start": (0, 10**12),
    "decay_end": (0, 10**12),
    "adversarial_start": (0, 10**12),
    "log_every": (1, 10**12),
    "sample_every": (1, 10**12),
    "save_every": (1, 10**12),
    "validation_pairs": (0, 10**6),
}


def resolve_config(
    model: str, preset: str, overrides: Mapping[str, Any] | None = None, *, stage: str = WHOLE
) -> TrainConfig:
    """The options of a run, or of one stage: preset, then overrides that are not None, by name or place, as
    "unet.kernel".

    UsageError for names that do not exist, and for options that cannot be built, or do nothing as the others stand.
    """
    found = _stages(model, preset)
    if stage not in found:
        raise UsageError(f"stage {stage or '(none)'}: {model} has the stages {', '.join(found)}")
    return _resolve(model, preset, {stage: found[stage]}, overrides)[stage]


def resolve_stages(model: str, preset: str, overrides: Mapping[str, Any] | None = None) -> dict[str, TrainConfig]:
    """The options of every stage of a model, in order. An override of the training holds for all stages, one of a
    network for the stage that it names ("background.temperature"); errors as `resolve_config`.
    """
    return _resolve(model, preset, _stages(model, preset), overrides)


def _resolve(
    model: str, preset: str, stages: Mapping[str, Stage], overrides: Mapping[str, Any] | None
) -> dict[str, TrainConfig]:
    places = {name: find_option(model, stages, name) for name, value in (overrides or {}).items() if value is not None}
    given: dict[str, dict[str, Any]] = {stage: {} for stage in stages}
    for name, found in places.items():
        for stage, place in found:
            given[stage][place] = (overrides or {})[name]
    configs = {name: _configured(model, preset, name, stages[name], given[name]) for name in stages}
    for name, found in places.items():
        if all(place in idle_options(configs[stage]) for stage, place in found):
            raise UsageError(f"option {name}: does nothing in {model} ({preset}) as its other options stand")
    return configs


def check_stage(configs: Mapping[str, TrainConfig], stage: str, names: Collection[str]) -> None:
    """UsageError when a model has no such stage, or when an option is of another than this, the only one trained."""
    model = next(iter(configs.values())).model
    if stage not in configs:
        there = "only one stage" if WHOLE in configs else f"the stages {', '.join(configs)}"
        raise UsageError(f"stage {stage}: {model} has {there}")
    for name in names:
        found = find_option(model, MODELS[model], name)
        if all(other != stage for other, _ in found):
            raise UsageError(
                f"option {name}: belongs to the stage {found[0][0]}, but only {stage} is trained (--stage)"
            )


def find_option(model: str, stages: Mapping[str, Stage], name: str) -> list[tuple[str, str]]:
    """What a name means: (stage, place) of every option that it sets.

    "polishing.unet.kernel" says it all; "kernel" will do where it means one option, and for what belongs to the
    training itself ("lr"), which all stages have. UsageError with the nearest name, or with all that it could mean.
    """
    first, _, rest = name.partition(".")
    within, wanted = ({first: stages[first]}, rest) if rest and first in stages else (stages, name)
    if wanted in RUN_NAMES:
        return [(stage, wanted) for stage in within]
    found = []
    for stage, one in within.items():
        there = option_types(one)
        ends = [place for place in there if place.endswith(f".{wanted}")]
        found += [(stage, place) for place in ([wanted] if wanted in there else ends)]
    if len(found) > 1:
        several = ", ".join(_full_name(*one) for one in found)
        raise UsageError(f"option {name}: {model} has several: {several}; name one of them")
    if not found:
        raise UsageError(f"option {name}: {model} has no such option; {_nearest(stages, name)}")
    return found


def _nearest(stages: Mapping[str, Stage], name: str) -> str:
    """What somebody may have meant by an option that a model does not have."""
    having = [
        model
        for model, others in MODELS.items()
        if any(place.rpartition(".")[2] == name for one in others.values() for place in option_types(one))
    ]
    if having:
        return f"{' and '.join(having)} {'has' if len(having) == 1 else 'have'} it"
    full = {_full_name(stage, place) for stage, one in stages.items() for place in option_types(one)}
    short = sorted({place.rpartition(".")[2] for place in full})
    close = difflib.get_close_matches(name, [*short, *sorted(full)], 1)
    return f"did you mean {close[0]}?" if close else f"there are {', '.join(short)}"


def _full_name(stage: str, place: str) -> str:
    return f"{stage}.{place}" if stage else place


def read_settings(model: str, settings: Sequence[str]) -> dict[str, Any]:
    """The overrides that "lr=0.001" and "low-resolution.trunk_blocks=2,2,2" mean for `model`, in the types of its
    options.

    UsageError for an option that the model does not have, or a value of another type.
    """
    _known(model)
    found = {}
    for text in settings:
        name, _, value = text.partition("=")
        stage, place = find_option(model, MODELS[model], name)[0]
        kind = option_types(MODELS[model][stage])[place]
        try:
            several = get_origin(kind) is tuple
            found[name] = TypeAdapter(kind).validate_python(tuple(value.split(",")) if several else value)
        except ValidationError as error:
            raise UsageError(f"--set {text}: {error.errors()[0]['msg']}") from None
    return found


def _stages(model: str, preset: str) -> dict[str, Stage]:
    """UsageError when there is no such model or preset."""
    found = _known(model)
    presets = next(iter(found.values())).networks
    if preset not in presets:
        raise UsageError(f"preset {preset}: not known for {model}; there are {', '.join(presets)}")
    return found


def _known(model: str) -> dict[str, Stage]:
    if model not in MODELS:
        close = difflib.get_close_matches(model, MODELS, 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise UsageError(f"model {model}: not known; there are {', '.join(MODELS)}{hint}")
    return MODELS[model]


def option_types(stage: Stage) -> dict[str, Any]:
    """Every option that a stage has and its type, by place: of the training ("lr"), of its network ("dropout"), of the
    U-Net inside that ("unet.dropout").
    """
    run = {name: kind for name, kind in get_type_hints(TrainConfig).items() if name in RUN_NAMES}
    return run | _network_types(next(iter(stage.networks.values())))


def _network_types(network: NetworkOptions) -> dict[str, Any]:
    types = get_type_hints(type(network))
    found: dict[str, Any] = {}
    for one in fields(network):
        inside = getattr(network, one.name)
        if isinstance(inside, NetworkOptions):
            found |= {f"{one.name}.{place}": kind for place, kind in _network_types(inside).items()}
        else:
            found[one.name] = types[one.name]
    return {place: kind for place, kind in found.items() if place not in network.fixed}


def _configured(model: str, preset: str, name: str, stage: Stage, given: Mapping[str, Any]) -> TrainConfig:
    """One stage with the options given by place put in."""
    base = stage.training[preset]
    run = {place: value for place, value in given.items() if place in RUN_NAMES}
    run.setdefault("crop", min(base.crop, run.get("size", base.size)))
    try:
        network = _with(stage.networks[preset], {place: given[place] for place in given.keys() - RUN_NAMES})
        config = replace(base, model=model, stage=name, preset=preset, network=network, **run)
        _check(config)
    except UsageError as error:
        raise UsageError(f"stage {name}: {error}" if name else str(error)) from None
    return config


def _with(network: NetworkOptions, given: Mapping[str, Any]) -> NetworkOptions:
    """The network's options with those given by place put in, also in options inside."""
    own: dict[str, Any] = {}
    inside: dict[str, dict[str, Any]] = {}
    for place, value in given.items():
        name, _, rest = place.partition(".")
        if rest:
            inside.setdefault(name, {})[rest] = value
        else:
            own[name] = value
    own |= {name: _with(getattr(network, name), values) for name, values in inside.items()}
    return replace(network, **own)


def idle_options(config: TrainConfig) -> frozenset[str]:
    """The options that do nothing as the others stand, by place."""
    idle = set(config.network.idle)
    if not config.network.is_adversarial:
        idle.add("adversarial_start")
    if not config.network.sees_features:
        idle |= {"vgg_weights", "random_vgg"}
    if config.decay_end == 0:
        idle |= {"decay_start", "lr_floor"}
    return frozenset(idle)


def _check(config: TrainConfig) -> None:
    """UsageError in one line for the first option that cannot work."""
    network = config.network
    if network.sees_features and not (config.vgg_weights or config.random_vgg):
        raise UsageError(
            f"{config.model}, preset {config.preset}: its feature loss needs VGG16 weights "
            f"(--vgg-weights FILE); {GET_IT}; or take --preset small, or the model pix2pix"
        )
    for name, (low, high) in RANGES.items():
        value = getattr(config, name)
        require(name, value, value is None or low <= value <= high, f"a number from {low:g} to {high:g}")
    if config.batch_size % config.accumulate:
        raise UsageError(f"accumulate {config.accumulate}: does not divide the batch size, {config.batch_size}")
    if config.crop > config.size or config.crop % network.multiple:
        raise UsageError(
            f"crop {config.crop}: must be a multiple of {network.multiple} (what the network halves) and at most the "
            f"size, {config.size}"
        )
    start, end = config.decay_start, config.decay_end
    if end != 0 and (start is None) != (end is None):
        raise UsageError(
            f"decay_{'start' if end is None else 'end'}: give decay_start and decay_end together, or neither: then the "
            "rate falls over the last fifth of the budget"
        )
    if start and end and end < start:
        raise UsageError(f"decay_end {end}: lies before decay_start {start}")
