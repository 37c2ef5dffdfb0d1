"""`mlcd-tui completion bash|zsh|fish`."""

from __future__ import annotations

import sys

import click
from click.shell_completion import ShellComplete, get_completion_class

_HINTS = {
    "bash": "# bash: mlcd-tui completion bash > ~/.local/share/bash-completion/completions/mlcd-tui",
    "zsh": "# zsh: mlcd-tui completion zsh > a folder of $fpath/_mlcd-tui",
    "fish": "# fish: mlcd-tui completion fish > ~/.config/fish/completions/mlcd-tui.fish",
}


@click.command(help="Print the completion script of a shell.")
@click.argument("shell", type=click.Choice(tuple(_HINTS)))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script."""
    kind = get_completion_class(shell)
    assert kind is not None
    root = ctx.find_root().command
    script = kind(root, {}, "mlcd-tui", "_MLCD_TUI_COMPLETE").source()
    click.echo(f"{_HINTS[shell]}\n{script}")


_NO_FILES = ":4"
"""The directive that kubectl reads last: offer these and no file names (ShellCompDirectiveNoFileComp)."""


def kubectl() -> None:
    """Answer kubectl, which calls `kubectl_complete-mlcd WORD… INCOMPLETE` and reads one offer a line."""
    from mlcd_tui.cli.main import cli

    *words, incomplete = sys.argv[1:] or [""]
    for item in ShellComplete(cli, {}, "kubectl mlcd", "_MLCD_TUI_COMPLETE").get_completions(words, incomplete):
        click.echo(f"{item.value}\t{item.help}" if item.help else item.value)
    click.echo(_NO_FILES)
