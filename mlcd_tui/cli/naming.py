"""Which rollout a name on the command line means, and which names there are."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from mlcd_tui.cli.options import Globals, current, named
from mlcd_tui.domain.errors import BadConfig, Forbidden, Missing, Problem, Unreachable
from mlcd_tui.domain.fleet import Fleet, Link
from mlcd_tui.domain.refs import RolloutRef

_RULE = "Kubernetes names have lower-case letters, digits and dashes, and begin and end with a letter or digit"

if TYPE_CHECKING:
    from mlcd_tui.cli.wiring import Wired

_PATIENCE = 30.0  # seconds for the first lists; a server that is slower than that is not to be worked with
_TAB_PATIENCE = 2.0  # seconds that somebody who pressed the tab key waits


async def whole_fleet(wired: Wired) -> Fleet:
    """The fleet once every first list has arrived. Raises `Problem` when the cluster cannot be read."""
    arrived: asyncio.Future[Fleet] = asyncio.get_running_loop().create_future()

    def listener(fleet: Fleet) -> None:
        ended = fleet.complete or fleet.freshness.link in {Link.DOWN, Link.FORBIDDEN, Link.ABSENT}
        if ended and not arrived.done():
            arrived.set_result(fleet)

    wired.session.subscribe(listener)
    await wired.session.start()
    try:
        fleet = await asyncio.wait_for(arrived, _PATIENCE)
    except TimeoutError:
        raise Unreachable(
            f"the lists did not arrive within {_PATIENCE:g} s.", advice="Try again, or mlcd-tui doctor."
        ) from None
    reason = fleet.freshness.reason
    match fleet.freshness.link:
        case Link.DOWN:
            await wired.session.connect()  # a kubeconfig that cannot be used says so itself, with its own exit code
            raise Unreachable(reason)
        case Link.FORBIDDEN:
            raise Forbidden(reason)
        case Link.ABSENT:
            raise Missing(reason)
        case _:
            return fleet


async def resolve(wired: Wired, globals_: Globals, name: str) -> RolloutRef:
    """The rollout that NAME or NAMESPACE/NAME means. Raises `Missing` and `BadConfig`."""
    namespace, short = _parts(name, globals_)
    connection = await wired.session.connect()
    settled = wired.settings.namespace_in(connection.target.context)
    namespace = namespace or (settled if settled != "*" else "") or connection.target.namespace
    return await wired.session.find(namespace, short, globals_.engine)


async def resolve_or_suggest(wired: Wired, globals_: Globals, name: str) -> RolloutRef:
    """As `resolve`; where no namespace was named, what is not there is looked for in the others, for the advice."""
    try:
        return await resolve(wired, globals_, name)
    except Missing as missing:
        if _parts(name, globals_)[0]:
            raise
        try:
            fleet = await whole_fleet(wired)
        except Problem:
            raise missing from None
        elsewhere = sorted({str(row.ref) for row in fleet.rows if row.ref.name == name})
        if not elsewhere:
            raise
        raise Missing(missing.sentence, advice=f"There is {', '.join(elsewhere[:5])}: name its namespace.") from None


def _parts(name: str, globals_: Globals) -> tuple[str, str]:
    """The namespace, empty where none is named, and the name. Raises `BadConfig`."""
    namespace, slash, short = name.rpartition("/")
    if not short:
        raise BadConfig("the rollout's name is empty.")
    if "/" in namespace or (slash and not namespace):
        raise BadConfig(f"{name} is not of the form NAME or NAMESPACE/NAME.")
    if slash and globals_.namespace and globals_.namespace != namespace:
        raise BadConfig(f"{name} names another namespace than -n {globals_.namespace}.")
    if not named(short, longest=253, dots=True):
        raise BadConfig(f"{short} can be no rollout's name: {_RULE}.")
    if namespace and not named(namespace):
        raise BadConfig(f"{namespace} can be no namespace: {_RULE}.")
    return namespace or globals_.namespace or "", short


def namespaces_now(globals_: Globals) -> list[str]:
    """Namespaces for the tab key; none when the cluster does not answer at once."""
    from mlcd_tui.cli.wiring import session

    async def names() -> list[str]:
        async with session(globals_) as wired, asyncio.timeout(_TAB_PATIENCE):
            return [str(name) for name in await wired.session.namespaces()]

    try:
        return asyncio.run(names())
    except (Problem, TimeoutError):
        return []


class RolloutName(click.ParamType[str]):
    """NAME or NAMESPACE/NAME of a rollout; the shell completes it from the cluster."""

    name = "rollout"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """As it is."""
        del param, ctx
        return str(value)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Names in the namespace that is given, else NAMESPACE/NAME; none when the cluster does not answer at once."""
        del param
        from mlcd_tui.cli.wiring import session

        globals_ = current(ctx)

        async def names() -> list[str]:
            async with session(globals_) as wired, asyncio.timeout(_TAB_PATIENCE):
                fleet = await whole_fleet(wired)
            return sorted(row.ref.name if globals_.namespace else str(row.ref) for row in fleet.rows)

        try:
            there_is = asyncio.run(names())
        except (Problem, TimeoutError):
            return []
        return [CompletionItem(name) for name in there_is if name.startswith(incomplete)]


ROLLOUT_NAME = RolloutName()
