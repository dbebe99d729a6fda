"""Weights that a training starts from instead of random ones: what is taken over, what starts afresh. The rule of the
file: the series that the weights saw go with them, so that a takedown finds every run that knows them.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from comicdata.errors import IntegrityError, UsageError
from comicdata.models.runs.checkpoint import Weights, load_weights
from comicdata.models.runs.folder import flattened
from comicdata.models.runs.load import fitting
from comicdata.models.runs.records import CONFIG
from comicdata.models.runs.restored import said_config
from comicdata.models.runs.settings import WHOLE, TrainConfig

FROM = "from"  # what a run says of it, among its options
Tensors = dict[str, Tensor]


@dataclass(frozen=True)
class Origin:
    """`tensors`: what is taken over, by name; `series`: what the weights saw, and those they came from; `record`: what
    the new run says of them; `keeps_palette`: whether it chooses from the same colours; `words`: all that for people.
    """

    tensors: Tensors
    series: tuple[str, ...]
    record: dict[str, str]
    keeps_palette: bool
    words: str


def find_origin(run: Path, config: TrainConfig, *, keep_palette: bool = False) -> Origin:
    """The weights of RUN, for a training with these options.

    UsageError when RUN has no weights, is of another model, or does not say which series it saw; when its network has
    other widths; or when a palette is to be kept and there is none, or one of another size. IntegrityError when it is
    damaged.
    """
    weights = load_weights(run)
    theirs_options = fitting(weights, run)
    _check_model(run, weights.config, config)
    of_comic = config.network.comic_parts
    if keep_palette and not of_comic:
        raise UsageError(f"--keep-palette: {config.model} has none; palette has")
    with torch.device("meta"):
        own = {name: value.shape for name, value in config.network.build().named_parameters()}
    theirs = weights.tensors
    optional = config.network.optional_parts
    left = {word for word, part in optional.items() if _has(own, part) != _has(theirs, part)}
    apart = (*(() if keep_palette else of_comic), *(optional[word] for word in left))
    taken = {name: value for name, value in theirs.items() if not name.startswith(apart)}
    if {name: value.shape for name, value in taken.items()} != {
        name: shape for name, shape in own.items() if not name.startswith(apart)
    }:
        raise UsageError(_other_options(run, asdict(theirs_options), asdict(config.network)))
    record = {"weights": str(weights.header["tensors_sha256"])}
    if of_comic:
        record["palette"] = "kept" if keep_palette else "made anew"
    new = {word: _has(own, optional[word]) for word in sorted(left)}
    return Origin(taken, _series(run), record, keep_palette, _words(run, weights, config, record, new))


def find_origins(run: Path, configs: Mapping[str, TrainConfig], *, keep_palette: bool = False) -> dict[str, Origin]:
    """The same for the stages of a model, by their names; errors as `find_origin`."""
    folders = {stage: run / "stages" / stage if stage else run for stage in configs}
    return {stage: find_origin(folders[stage], one, keep_palette=keep_palette) for stage, one in configs.items()}


def _check_model(run: Path, theirs: Mapping[str, Any], config: TrainConfig) -> None:
    there, here = (theirs["model"], theirs.get("stage", WHOLE)), (config.model, config.stage)
    if there != here:
        names = [" ".join(one).strip() for one in (there, here)]
        raise UsageError(f"--from {run}: holds weights of {names[0]}; {names[1]} starts from its own kind alone")


def _has(names: Mapping[str, Any], part: str) -> bool:
    return any(name.startswith(part) for name in names)


def _other_options(run: Path, theirs: Mapping[str, Any], own: Mapping[str, Any]) -> str:
    old, new = flattened(theirs), flattened(own)
    differing = [name for name in sorted(old.keys() & new.keys()) if old[name] != new[name]]
    words = [f"{name} {old[name]} there, {new[name]} here" for name in differing]
    settings = " ".join(f"--set {name}={old[name]}" for name in differing)
    return f"--from {run}: its weights do not fit this network ({', '.join(words)}); train with {settings}"


def _series(run: Path) -> tuple[str, ...]:
    folder = run if run.is_dir() else run.parent
    found = said_config(folder).get("series")
    if found is None:
        raise UsageError(
            f"--from {run}: does not say which series it was trained on ({folder / CONFIG}), so nobody could take one "
            "out again; start from a run that does"
        )
    return tuple(found)


def _words(run: Path, weights: Weights, config: TrainConfig, record: Mapping[str, str], new: Mapping[str, bool]) -> str:
    parts = []
    if "palette" in record:
        anew = "the palette is made anew from these pairs, and what chooses from it starts afresh"
        parts.append("its palette is kept" if record["palette"] == "kept" else anew)
    parts += [f"{word} start afresh: it has none" if here else f"its {word} are left out" for word, here in new.items()]
    if config.network.is_adversarial:
        parts.append("the discriminator starts afresh")
    images = weights.header.get("images", 0)
    return f"starts from {run} ({images} images): {'; '.join([*parts, 'all else is taken over'])}"


def said_origin(run: Path) -> dict[str, str] | None:
    """What RUN says of the weights that it was begun with; None where it began with random ones, or is not there."""
    found = said_config(run).get("options", {}).get(FROM)
    return {**found} if isinstance(found, Mapping) else None


def check_origin(run: Path, origin: Origin | None) -> None:
    """UsageError when RUN was begun with other weights than these, or with random ones."""
    if origin is None or not said_config(run):
        return
    said = said_origin(run)
    if said is None:
        raise UsageError(f"{run}: begun without --from; leave it out to go on, or take another run folder")
    if said.get("weights") != origin.record["weights"]:
        raise UsageError(
            f"{run}: begun from other weights than those that --from names now; leave --from out to go on with it, or "
            "take another run folder"
        )
    if said != origin.record:
        raise UsageError(
            f"{run}: begun with the palette {said.get('palette')}, not {origin.record.get('palette')}; say "
            "--keep-palette as before, or take another run folder"
        )


def lineage(run: Path, series: list[str], origin: Origin | None) -> list[str]:
    """All series that a run knows: those of its pairs, and those of the weights that it was begun with."""
    if origin is not None:
        return sorted({*series, *origin.series})
    if said_origin(run) is None:
        return series
    found = said_config(run).get("series")
    if found is None:
        raise IntegrityError(
            f"{run / CONFIG}: no longer says which series the run knows; say --from as when it was begun, or take the "
            "file from a copy"
        )
    return list(found)
