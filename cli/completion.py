"""`comicdata completion`: the completion script of a shell."""

from typing import Any

import click

from comicdata.cli.front import Front, command


@command(writes=False, example="comicdata completion bash")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(front: Front, shell: str) -> Any:
    """Print the completion script of SHELL; put it where the shell reads it at its start.

    For bash: comicdata completion bash > ~/.local/share/bash-completion/completions/comicdata
    """
    from click.shell_completion import get_completion_class

    from comicdata.cli.main import cli

    found = get_completion_class(shell)
    assert found is not None
    script = found(cli, {}, "comicdata", "_COMICDATA_COMPLETE").source()
    if not front.as_json:
        click.echo(script)
    return {"shell": shell, "script": script}


command_ = completion
