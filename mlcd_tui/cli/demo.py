"""`mlcd-tui demo [--serve]`."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace

import click

from mlcd_tui.cli.options import current, global_options, screen_options


@click.command(help="Open the screen on the simulated cluster; --serve prints a kubeconfig for kubectl instead.")
@click.option("--serve", is_flag=True, help="Serve the cluster on loopback until interrupted.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port to serve on; 0 is any free one.")
@click.option("--scenario", default="default", metavar="NAME", help="Story that the cluster plays.")
@global_options
@screen_options
@click.pass_context
def demo(ctx: click.Context, serve: bool, port: int, scenario: str) -> None:  # noqa: FBT001
    """Open or serve the simulated cluster."""
    if not serve:
        from mlcd_tui.cli.screen import open_screen

        open_screen(replace(current(ctx), demo=True))
        return
    from mlcd_tui.demo.serve import serve as serve_cluster

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve_cluster(click.echo, scenario=scenario, port=port))
