"""`comicdata doctor`: what this machine can do, what is wrong with it, and where each setting came from."""

import importlib.metadata
import os
import platform
import shutil
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from comicdata.cli.front import Front, command
from comicdata.errors import ComicDataError
from comicdata.reading.numbers import whole_number

FLOORS = {
    "pillow": (12, 3),
    "urllib3": (2, 7),
    "requests": (2, 33),
    "opencv-python-headless": (4, 12),
    "torch": (2, 10),
    "filelock": (3, 20, 3),
    "safetensors": (0, 8),
}
LOW_DISK_GB = 5
PROBE = "probe"  # an empty file of this name shows that writing works


@command(writes=False, example="comicdata doctor --folder .")
@click.option(
    "--folder", type=click.Path(path_type=Path), default=Path(), help="Where you mean to write: its disk is checked."
)
def doctor(front: Front, folder: Path) -> Any:
    """Check this machine: Python, libraries, GPU, disk, locks; list the settings in force and their origin."""
    facts, problems = examine(folder)
    settings = settings_in_force()
    front.table("This machine", ["what", "found"], [[name, str(value)] for name, value in facts.items()])
    rows = [[one["command"], one["option"], str(one["value"]), one["origin"]] for one in settings]
    front.table(
        "Settings that are not defaults", ["command", "option", "value", "from"], rows or [["none", "", "", ""]]
    )
    for problem in problems:
        front.warn(problem)
    front.say("no problem found" if not problems else f"{len(problems)} problems")
    front.status = 8 if problems else 0
    return {"machine": facts, "problems": problems, "settings": settings}


def examine(folder: Path) -> tuple[dict[str, Any], list[str]]:
    """What this machine has, and what is wrong with it and with writing into `folder`, each with its cure."""
    facts, problems = _machine_facts()
    return facts, problems + _library_problems() + _folder_problems(folder)


def _machine_facts() -> tuple[dict[str, Any], list[str]]:
    """Python, cores and what torch sees."""
    facts: dict[str, Any] = {"python": platform.python_version(), "platform": platform.platform()}
    facts["cores"] = os.cpu_count()
    try:
        import torch
    except (ImportError, OSError) as error:
        return facts, [f"torch cannot be imported ({error}); install it again, see the README"]
    facts["torch"] = torch.__version__
    facts["device"] = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "CPU only"
    return facts, []


def _library_problems() -> list[str]:
    """Versions below the security floors, and a torchvision that does not fit."""
    problems = []
    for name, floor in FLOORS.items():
        found = installed_version(name)
        if found is None or found < floor:
            wanted = ".".join(map(str, floor))
            problems.append(f"{name} {found or 'is missing'}: {wanted} or newer is needed; pip install -U {name}")
    if installed_version("torchvision"):
        try:
            importlib.import_module("torchvision")
        except Exception as error:  # whatever it raises, the cure is the same
            problems.append(f"torchvision does not fit this torch ({error}); pip uninstall torchvision")
    return problems


def installed_version(name: str) -> tuple[int, ...] | None:
    """The version of an installed distribution as numbers, or None."""
    try:
        text = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
    parts = (whole_number(part) for part in text.split("+")[0].split(".")[:3])
    return tuple(part for part in parts if part is not None)


def _folder_problems(folder: Path) -> list[str]:
    """Free space, and whether atomic writes and locks work there."""
    from comicdata.files import locked, scratch_folder, write_atomic

    if not folder.is_dir():
        return [f"{folder}: no such folder"]
    problems = []
    free_gb = shutil.disk_usage(folder).free / 1e9
    if free_gb < LOW_DISK_GB:
        problems.append(f"{folder}: only {free_gb:.1f} GB free")
    try:
        with scratch_folder(folder, "comicdata-doctor") as place, locked(place):
            write_atomic(place / PROBE, b"")
    except (OSError, ComicDataError, NotImplementedError) as error:
        problems.append(f"{folder}: writing or locking does not work ({error})")
    return problems


def settings_in_force() -> list[dict[str, Any]]:
    """Every option that a settings file or the environment sets, with its value and origin."""
    from comicdata.cli.front import COMMANDS
    from comicdata.cli.main import cli

    found = []
    parent = click.Context(cli, info_name="comicdata", auto_envvar_prefix="COMICDATA")
    for name in COMMANDS:
        child = cli.get_command(parent, name)
        assert child is not None
        context = child.make_context(name, [], parent=parent, resilient_parsing=True)
        _apply_config(child, context)
        found += _not_defaults(name, child, context)
    return found


def _apply_config(child: click.Command, context: click.Context) -> None:
    """Resilient parsing skips callbacks, so the settings file is laid under by hand."""
    from comicdata.cli.front import CONFIG, options_by_name, read_config

    if Path(CONFIG).is_file():
        options = options_by_name(child)
        table = read_config(Path(CONFIG)).get(child.name or "", {})
        known = ((options.get(key.replace("-", "_")), value) for key, value in table.items())
        context.default_map = {option.name or "": value for option, value in known if option}


def _not_defaults(name: str, child: click.Command, context: click.Context) -> list[dict[str, Any]]:
    from comicdata.cli.front import CONFIG, typed

    found = []
    origins = {ParameterSource.ENVIRONMENT: "environment", ParameterSource.DEFAULT_MAP: CONFIG}
    for parameter in child.params:
        value, source = parameter.consume_value(context, {})
        if source in origins:
            found.append({"command": name, "option": typed(parameter), "value": value, "origin": origins[source]})
    return found


command_ = doctor
