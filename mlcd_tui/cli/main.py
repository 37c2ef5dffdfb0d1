"""Entry point of the command line: the screen, or a command."""

from __future__ import annotations

import errno
import importlib
import io
import os
import sys

import click

from mlcd_tui import __version__
from mlcd_tui.cli.options import current, global_options, screen_options
from mlcd_tui.domain.errors import Problem

# name → module and attribute; a command's module is imported when the command is used, so that `--help` and
# `--version` answer at once.
_COMMANDS = {
    "rollouts": ("mlcd_tui.cli.acting", "rollouts", "See rollouts and act on them."),
    "packages": ("mlcd_tui.cli.packages", "packages", "Model packages: show, compare, validate, publish."),
    "checks": ("mlcd_tui.cli.checks", "checks", "Container checks: run, show, accept, publish, verify."),
    "gate": ("mlcd_tui.cli.gate", "gate", "Answer Flagger's confirmation hooks by the approvals given here."),
    "audit": ("mlcd_tui.cli.audit", "audit", "Who did what, on what evidence, with what outcome."),
    "demo": ("mlcd_tui.cli.demo", "demo", "The simulated cluster: open the screen on it, or serve it to kubectl."),
    "doctor": ("mlcd_tui.cli.doctor", "doctor", "What works here and what does not, and what to do about it."),
    "completion": ("mlcd_tui.cli.completion", "completion", "Print the completion script of a shell."),
}


class LazyGroup(click.Group):
    """Knows its commands by name and imports the one that is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names, in the order of use."""
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module, attribute, _help = _COMMANDS[cmd_name]
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in _COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Without a command the screen opens; without a terminal the list of rollouts is printed. "
    "Exit codes: 0 done, 1 failed, 2 bad usage or configuration, 3 refused, 4 cannot reach the cluster.",
)
@click.version_option(__version__, prog_name="mlcd-tui")
@global_options
@screen_options
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Continuous delivery of machine-learning models on Kubernetes, in a terminal."""
    if ctx.invoked_subcommand is not None:
        return
    if sys.stdin.isatty() and sys.stdout.isatty():
        from mlcd_tui.cli.screen import open_screen

        open_screen(current(ctx))
    else:
        from mlcd_tui.cli.rollouts import print_list

        print_list(current(ctx))


def main() -> None:
    """Run the command line."""
    name = "kubectl mlcd" if os.path.basename(sys.argv[0]).startswith("kubectl-") else "mlcd-tui"  # noqa: PTH119
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a glyph that the locale lacks is no reason to fail
    try:
        cli.main(prog_name=name, complete_var="_MLCD_TUI_COMPLETE")
    except Problem as problem:
        from mlcd_tui.cli.wiring import fail

        fail(problem)
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # else the end of the program tries again, and fails again
        click.echo(f"mlcd-tui: there is no room to write what was asked for ({error.strerror}).", err=True)
        raise SystemExit(1) from None
