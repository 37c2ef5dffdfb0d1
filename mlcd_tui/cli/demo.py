"""`mlcd-tui demo [--serve]`."""

from __future__ import annotations

import asyncio
import contextlib
import os
from dataclasses import replace

import click
from click.shell_completion import CompletionItem

from mlcd_tui.cli.options import current, global_options, screen_options
from mlcd_tui.domain.errors import BadConfig


class Scenario(click.ParamType[str]):
    """Name of a story of the simulated cluster."""

    name = "scenario"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """One that there is."""
        if value not in (names := _names()):
            self.fail(f"{value!r} is not a scenario; there is: {', '.join(names)}", param, ctx)
        return str(value)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Those that there are."""
        del ctx, param
        return [CompletionItem(name) for name in _names() if name.startswith(incomplete)]


def _names() -> tuple[str, ...]:
    from mlcd_tui.demo.scenarios import SCENARIOS

    return SCENARIOS.names()


@click.command(help="Open the screen on the simulated cluster; --serve prints a kubeconfig for kubectl instead.")
@click.option("--serve", is_flag=True, help="Serve the cluster on loopback until interrupted.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port to serve on; 0 is any free one.")
@click.option("--scenario", type=Scenario(), default="default", metavar="NAME", help="Story that the cluster plays.")
@global_options
@screen_options
@click.pass_context
def demo(ctx: click.Context, serve: bool, port: int, scenario: str) -> None:  # noqa: FBT001
    """Open or serve the simulated cluster."""
    if not serve:
        from mlcd_tui.cli.screen import open_screen

        open_screen(replace(current(ctx), demo=True, scenario=scenario))
        return
    from mlcd_tui.demo.serve import serve as serve_cluster

    with contextlib.suppress(KeyboardInterrupt):
        try:
            asyncio.run(serve_cluster(click.echo, scenario=scenario, port=port))
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else str(error)
            raise BadConfig(f"cannot serve on port {port} of 127.0.0.1: {why}.") from error
