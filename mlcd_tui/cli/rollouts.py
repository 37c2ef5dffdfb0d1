"""`mlcd-tui rollouts …`: list, get, status, and every act, headless."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import click

from mlcd_tui.cli import output
from mlcd_tui.cli.duration import DURATION
from mlcd_tui.cli.naming import ROLLOUT_NAME, resolve, resolve_or_suggest, whole_fleet
from mlcd_tui.cli.options import Globals, current, global_options
from mlcd_tui.cli.wiring import Wired, run
from mlcd_tui.domain.document import detail_document, list_document, rollout_document
from mlcd_tui.domain.errors import Missing
from mlcd_tui.domain.fleet import NOT_INSTALLED, Link, attention_key
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.domain.rollout import Phase, Rollout, RolloutDetail
from mlcd_tui.domain.text import clean


@click.group("rollouts", help="See rollouts and act on them.")
@global_options
def rollouts() -> None:
    """Group of the rollout commands."""


@rollouts.command("list", help="All rollouts of all engines; all namespaces unless -n names one.")
@click.option("-w", "--watch", is_flag=True, help="Then go on with what changes, until interrupted.")
@global_options
@click.pass_context
def list_(ctx: click.Context, watch: bool) -> None:  # noqa: FBT001
    """Print the fleet, what needs attention first."""
    globals_ = current(ctx)
    if not watch:
        print_list(globals_)
        return
    from mlcd_tui.cli.unread import while_read
    from mlcd_tui.cli.watching import watch_list

    run(lambda wired: while_read(watch_list(wired, globals_.output)), globals_)


def print_list(globals_: Globals) -> None:
    """Print the fleet."""

    async def work(wired: Wired) -> None:
        fleet = await whole_fleet(wired)
        rows = sorted(fleet.rows, key=attention_key)
        if globals_.output != "table":
            output.emit(list_document(rows), globals_.output)
        elif rows:
            now = datetime.now(UTC) + timedelta(seconds=fleet.clock_skew)
            output.table(output.ROLLOUT_HEAD, output.rollout_rows(rows, now))
        else:
            where = f"namespace {fleet.namespace}" if fleet.namespace else "any namespace"
            click.echo(f"No rollouts in {where} of {fleet.context}.", err=True)
        for engine in fleet.engines:
            # Hardly a cluster has every engine: what is not installed is told where nothing is listed, and by `doctor`.
            missing = bool(rows) and NOT_INSTALLED in engine.freshness.reason
            if engine.freshness.link in {Link.FORBIDDEN, Link.ABSENT} and not missing:
                click.echo(f"{engine.title} is off: {engine.freshness.reason}", err=True)

    run(work, globals_)


@rollouts.command(help="One rollout: where it stands, and the tree of its revisions, ReplicaSets, pods and analyses.")
@click.argument("name", type=ROLLOUT_NAME)
@click.option("-w", "--watch", is_flag=True, help="Then go on with each change, until interrupted.")
@global_options
@click.pass_context
def get(ctx: click.Context, name: str, watch: bool) -> None:  # noqa: FBT001
    """Print a rollout's summary and tree."""
    globals_ = current(ctx)

    async def work(wired: Wired) -> None:
        from mlcd_tui.cli import paint, tree, unread, watching

        ref = await resolve_or_suggest(wired, globals_, name)
        painted = paint.to_stdout(ascii_only=wired.settings.ascii)
        now = await server_clock(wired)
        if watch:
            await unread.while_read(watching.watch_one(wired, ref, globals_.output, painted, now))
            return
        detail = await wired.session.detail(ref)
        tell_hidden(detail)
        if globals_.output != "table":
            output.emit(detail_document(detail), globals_.output)
            return
        for line in tree.lines(detail, now(), painted):
            click.echo(line, color=painted.colour)

    run(work, globals_)


@rollouts.command(help="One rollout with everything about it: steps, Services, conditions, pods, events.")
@click.argument("name", type=ROLLOUT_NAME)
@global_options
@click.pass_context
def describe(ctx: click.Context, name: str) -> None:
    """Print a rollout's description; with -o what `get` gives."""
    globals_ = current(ctx)

    async def work(wired: Wired) -> None:
        ref = await resolve_or_suggest(wired, globals_, name)
        detail = await wired.session.detail(ref)
        tell_hidden(detail)
        if globals_.output != "table":
            output.emit(detail_document(detail), globals_.output)
            return
        for line in await wired.session.describe(ref):
            click.echo(line)

    run(work, globals_)


def tell_hidden(detail: RolloutDetail) -> None:
    """Say on standard error which kinds are missing from what is printed."""
    if detail.hidden:
        click.echo(f"mlcd-tui: no right to list {', '.join(detail.hidden)}, which are left out here.", err=True)


async def server_clock(wired: Wired) -> Callable[[], datetime]:
    """The present moment by the server's clock, which all times of its objects are of."""
    client = (await wired.session.connect()).client
    return lambda: datetime.now(UTC) + timedelta(seconds=client.skew)


@rollouts.command(
    help="Phase and message. With --watch: wait, for one that does not exist yet too; exit by the outcome."
)
@click.argument("name", type=ROLLOUT_NAME)
@click.option("-w", "--watch", is_flag=True, help="Wait until it is healthy.")
@click.option("--timeout", type=DURATION, default=None, help="Longest wait, such as 90s or 10m; without it, for ever.")
@click.option("--fail-fast", is_flag=True, help="End at the first Degraded instead of waiting for a repair.")
@global_options
@click.pass_context
def status(ctx: click.Context, name: str, watch: bool, timeout: float | None, fail_fast: bool) -> None:  # noqa: FBT001
    """Print where a rollout stands; exit 0 healthy (or under way, without --watch), 1 degraded or timed out."""
    globals_ = current(ctx)

    async def work(wired: Wired) -> int:
        if not watch:
            detail = await wired.session.detail(await resolve_or_suggest(wired, globals_, name))
            _print_status(detail.rollout, globals_.output)
            return 1 if detail.rollout.phase is Phase.DEGRADED else 0
        try:
            async with asyncio.timeout(timeout):
                ref = await _await_existence(wired, globals_, name)
                return await _await_end(wired, ref, globals_.output, fail_fast=fail_fast)
        except TimeoutError:
            click.echo(f"mlcd-tui: {name} was not healthy within {timeout:g} s.", err=True)
            return 1

    raise SystemExit(run(work, globals_))


def _print_status(rollout: Rollout, form: str) -> None:
    """A line, or a document; several documents of YAML are told apart."""
    if form == "table":
        click.echo(_status_line(rollout))
        return
    if form == "yaml":
        click.echo("---")
    output.emit(rollout_document(rollout), form)


def _status_line(rollout: Rollout) -> str:
    words = [rollout.phase.value, *([f"- {rollout.message}"] if rollout.message else [])]
    if rollout.step:
        words.append(f"(step {rollout.step.index}/{rollout.step.count})")
    return clean(" ".join(words))


async def _await_existence(wired: Wired, globals_: Globals, name: str) -> RolloutRef:
    told = False
    while True:
        try:
            return await resolve(wired, globals_, name)
        except Missing as missing:
            if not told:
                click.echo(f"Waiting: {missing.sentence}", err=True)
                told = True
            await asyncio.sleep(1)


async def _await_end(wired: Wired, ref: RolloutRef, form: str, *, fail_fast: bool) -> int:
    """Follow a rollout until it is healthy (0) or, with `fail_fast`, degraded (1)."""
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    printed: object = None

    def listener(detail: RolloutDetail | None, _freshness: object) -> None:
        nonlocal printed
        now = "gone" if detail is None else _status_line(detail.rollout) if form == "table" else detail.rollout
        if now != printed and detail is not None:
            _print_status(detail.rollout, form)
        elif now != printed:
            click.echo("gone", err=form != "table")
        printed = now
        if detail is None or ended.done():
            return
        if detail.rollout.phase is Phase.HEALTHY:
            ended.set_result(0)
        elif detail.rollout.phase is Phase.DEGRADED and fail_fast:
            ended.set_result(1)

    close = wired.session.open(ref, listener)
    try:
        return await ended
    finally:
        await close()
