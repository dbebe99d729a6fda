"""Every command: help with a runnable example, the common options, layered settings, exit statuses."""

import io
import json
import logging
import re
import shlex
from dataclasses import fields

import click
import pytest
from rich.console import Console

from comicdata.cli.front import COMMANDS, Front
from comicdata.cli.main import cli, run
from comicdata.cli.progress import BarProgress, PlainProgress, bar_columns
from comicdata.errors import UsageError
from comicdata.records import PairOptions


def command(name):
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    return found


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_an_example_and_the_common_options(name, capsys):
    assert run([name, "-h"]) == 0
    text = capsys.readouterr().out
    example = re.search(r"Example:\n\s+comicdata (.+)", text)
    assert example, text
    words = shlex.split(example[1])
    assert words[0] == name
    command(name).make_context(name, words[1:], resilient_parsing=False)  # the options exist and parse
    assert {"--json", "--quiet", "--verbose", "--config"} <= {
        option for parameter in command(name).params for option in parameter.opts
    }


def test_options_of_make_pairs_are_the_fields_of_its_dataclass():
    parameters = {parameter.name: parameter for parameter in command("make-pairs").params}
    for field in fields(PairOptions):
        default = field.default if field.name != "size" else [str(size) for size in field.default]
        assert parameters[field.name].default == default or (default is None and not parameters[field.name].required)


def test_a_wrong_command_and_a_wrong_option_get_a_suggestion(capsys):
    assert run(["make-pair", "x"]) == 2
    assert "did you mean 'make-pairs'?" in capsys.readouterr().err
    assert run(["make-pairs", "x", "--outt", "y"]) == 2
    assert "--out" in capsys.readouterr().err


def test_errors_are_one_line(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(["make-pairs", "nowhere", "--out", "pairs"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "nowhere" in error and "comicdata crawl" in error
    assert not (tmp_path / "pairs").exists()


def test_flag_over_environment_over_file_over_default(tmp_path, monkeypatch):
    (tmp_path / "comicdata.toml").write_text('[make-pairs]\nfit = "pad"\nsalt = "file"\nsize = ["512"]\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COMICDATA_MAKE_PAIRS_SALT", "environment")
    monkeypatch.setenv("COMICDATA_MAKE_PAIRS_LAYOUT", "page")
    parent = click.Context(cli, info_name="comicdata", auto_envvar_prefix="COMICDATA")
    arguments = ["crawl", "--out", "pairs", "--layout", "strip"]
    values = command("make-pairs").make_context("make-pairs", arguments, parent=parent).params
    assert values["layout"] == "strip"
    assert values["salt"] == "environment"
    assert values["fit"] == "pad" and values["size"] == ("512",)
    assert values["split_by"] == PairOptions().split_by


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_the_variable_that_its_typed_name_says(name, monkeypatch):
    parent = click.Context(cli, info_name="comicdata", auto_envvar_prefix="COMICDATA")
    one = command(name)
    context = click.Context(one, parent, info_name=name)
    options = [option for option in one.params if isinstance(option, click.Option)]
    words = [word for option in options for word in option.opts if word.startswith("--")]
    for word in words:
        monkeypatch.setenv(f"COMICDATA_{name}_{word[2:]}".replace("-", "_").upper(), word)
    assert [option.resolve_envvar_value(context) for option in options] == words


def test_a_variable_named_like_the_option_sets_it(monkeypatch, capsys):
    monkeypatch.setenv("COMICDATA_FLATS_TO", "svg psd")
    monkeypatch.setenv("COMICDATA_DOCTOR_JSON", "1")
    run(["doctor"])
    found = json.loads(capsys.readouterr().out)["settings"]
    assert {"command": "flats", "option": "to", "value": ["svg", "psd"], "origin": "environment"} in found


def test_doctor_says_where_a_setting_came_from(tmp_path, monkeypatch, capsys):
    (tmp_path / "comicdata.toml").write_text('[make-pairs]\nfit = "pad"\n[flats]\nto = ["psd"]\nunknown = 1\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COMICDATA_MAKE_PAIRS_SALT", "pepper")
    status = run(["doctor", "--json"])
    document = json.loads(capsys.readouterr().out)
    assert status == (8 if document["problems"] else 0)
    found = {(one["option"], str(one["value"]), one["origin"]) for one in document["settings"]}
    assert ("to", "['psd']", "comicdata.toml") in found
    assert {("fit", "pad", "comicdata.toml"), ("salt", "pepper", "environment")} <= found
    assert document["machine"]["torch"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[make-pairs]\nfitt = 'pad'\n", "no setting 'fitt'; did you mean 'fit'?"),
        ("[make-pear]\nfit = 'pad'\n", "[make-pear] is no command; did you mean 'make-pairs'?"),
        ("[make-pairs\n", "cannot be read as TOML"),
    ],
)
def test_settings_files_with_mistakes(text, message, tmp_path, monkeypatch, capsys):
    (tmp_path / "mine.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    assert run(["make-pairs", "x", "--out", "y", "--config", "mine.toml"]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell, capsys):
    assert run(["completion", shell]) == 0
    assert "_COMICDATA_COMPLETE" in capsys.readouterr().out


def test_a_bug_is_one_line_with_status_1(monkeypatch, capsys):
    monkeypatch.setattr("comicdata.cli.doctor._machine_facts", lambda: 1 / 0)
    assert run(["doctor"]) == 1
    assert "a bug: ZeroDivisionError" in capsys.readouterr().err


HOSTILE = "[red]<b>:smile:\x1b[2J\u202e\r[/]"
SHOWN = "[red]<b>:smile:\\x1b[2J\\u202e\\x0d[/]"


@pytest.mark.parametrize(
    "show",
    [
        lambda front: front.say(HOSTILE),
        lambda front: front.warn(HOSTILE),
        lambda front: front.table(HOSTILE, ["title"], [["x"]]),
        lambda front: front.table("title", ["title"], [[HOSTILE]]),
    ],
)
def test_text_of_others_is_shown_and_steers_no_terminal(show, capsys):
    show(Front())
    error = capsys.readouterr().err
    assert SHOWN in error and "\x1b" not in error and "\u202e" not in error


def test_so_it_is_in_a_bar_on_a_terminal(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    front = Front()
    front.console = Console(file=io.StringIO(), force_terminal=True, width=200)
    with front.bars("pictures") as add:
        add(HOSTILE, 2)(1, HOSTILE)
        front.console.print("")
    with bar_columns(front.console, "x") as bar:
        update = BarProgress(bar, HOSTILE, bar.add_task("x", total=2)).update
        update(1, HOSTILE)
        assert bar.tasks[0].description == f"{SHOWN} {SHOWN}"


def test_so_it_is_in_the_log_and_in_an_error(tmp_path, capsys, monkeypatch):
    def complain():
        logging.getLogger("comicdata").warning("%s: left out", HOSTILE + "\nsecond")
        raise UsageError(HOSTILE)

    monkeypatch.setattr("comicdata.cli.doctor._machine_facts", complain)
    assert run(["doctor"]) == 2
    error = capsys.readouterr().err
    shown = SHOWN.replace("\\x0d", " ")
    assert error == f"{shown} second: left out\ncomicdata: {shown}\n"


def test_a_command_leaves_the_log_as_it_was(monkeypatch, capsys):
    def state():
        loggers = [logging.getLogger(name) for name in ("", "comicdata", "urllib3")]
        return [(one.level, [*one.handlers]) for one in loggers]

    def looked_at():
        inside.append(state())
        return {}, []

    inside, before = [], state()
    monkeypatch.setattr("comicdata.cli.doctor._machine_facts", looked_at)
    run(["doctor", "--verbose"])
    assert state() == before and inside[0] != before


def test_so_it_is_in_a_wrong_option_and_a_json_document(monkeypatch, capsys):
    assert run(["doctor", f"--x{HOSTILE}"]) == 2
    assert "\x1b" not in capsys.readouterr().err
    monkeypatch.setattr("comicdata.cli.doctor.settings_in_force", list)
    monkeypatch.setattr("comicdata.cli.doctor._machine_facts", lambda: ({"python": HOSTILE}, []))
    run(["doctor", "--json"])
    document = capsys.readouterr().out
    assert json.loads(document)["machine"]["python"] == HOSTILE and "\x1b" not in document


@pytest.mark.parametrize(
    ("done", "seconds", "said"),
    [
        (500, 50, "train: 500/1000 images (10.0/s, 50 s left)"),
        (501, 50, "train: 501/1000 images (10.0/s, 50 s left)"),
        (2, 40, "train: 2/1000 images (20 s each, 6 h left)"),
        (1004, 100, "train: 1004/1000 images (10.0/s, 0 s left)"),
        (1, 400, "train: 1/1000 images (7 min each, 5 days left)"),
    ],
)
def test_progress_is_said_as_people_say_it(done, seconds, said, monkeypatch):
    clock = iter((0.0, 0.0, float(seconds)))
    monkeypatch.setattr("comicdata.cli.progress.time.monotonic", lambda: next(clock))
    said_now: list[str] = []
    progress = PlainProgress(said_now.append, "train", 1000, "images")
    progress.update(0)
    progress.update(done)
    assert said_now == [said]
