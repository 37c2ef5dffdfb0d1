"""Which desk a command on packages asks: the cluster's where one is needed, else one that needs no kubeconfig."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, TypeVar

import click

from mlcd_tui.cli import wiring
from mlcd_tui.cli.logfile import log_to_file
from mlcd_tui.cli.naming import resolve_or_suggest
from mlcd_tui.cli.options import Globals
from mlcd_tui.domain.errors import BadConfig, Problem
from mlcd_tui.domain.text import clean

if TYPE_CHECKING:
    from mlcd_tui.config.settings import Settings
    from mlcd_tui.domain.package_ports import PackageDesk, RolloutPackages
    from mlcd_tui.domain.refs import RolloutRef

T = TypeVar("T")

_OF_THE_CLUSTER = ("cluster:", "configmap:")


def needs_cluster(*addresses: str) -> bool:
    """Whether any of the addresses is a place in the cluster."""
    return any(address.startswith(_OF_THE_CLUSTER) for address in addresses)


def has_cluster(globals_: Globals) -> bool:
    """Whether there is a cluster to look into beside other places: one was named, or a kubeconfig is there."""
    from mlcd_tui.cluster.kubeconfig import load

    if globals_.demo or globals_.kubeconfig or globals_.context:
        return True
    try:
        load()
    except BadConfig:
        return False
    return True


def ask(work: Callable[[PackageDesk, Settings], Coroutine[None, None, T]], globals_: Globals, *addresses: str) -> T:
    """Run a command's work at the desk that its addresses need; problems end the program with their exit code."""
    if needs_cluster(*addresses):
        return wiring.run(lambda wired: work(wired.session.packages, wired.settings), globals_)
    log_to_file()

    async def alone() -> T:
        from mlcd_tui.session.package_desk import standalone

        settings, problems = wiring.read_settings(globals_)
        for problem in problems:
            click.echo(clean(problem), err=True)
        desk = standalone(settings)
        try:
            return await work(desk, settings)
        finally:
            await desk.close()

    try:
        return asyncio.run(alone())
    except Problem as problem:
        wiring.fail(problem)
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def around(globals_: Globals, name: str) -> tuple[RolloutRef, RolloutPackages]:
    """The packages of what runs in a rollout."""

    async def work(wired: wiring.Wired) -> tuple[RolloutRef, RolloutPackages]:
        ref = await resolve_or_suggest(wired, globals_, name)
        return ref, await wired.session.packages.around(await wired.session.detail(ref))

    return wiring.run(work, globals_)


def either(addresses: tuple[str | None, ...], rollout: str | None, what: str) -> None:
    """Complain unless exactly one of the two is given. Raises `BadConfig`."""
    given = [address for address in addresses if address]
    if rollout and given:
        raise BadConfig(f"{what} and --rollout exclude each other.", advice="Give one of them.")
    if not rollout and len(given) != len(addresses):
        raise BadConfig(f"{what} is missing.", advice="Give it, or --rollout NAME.")
