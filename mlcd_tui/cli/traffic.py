"""`mlcd-tui rollouts traffic`: how each version answers, and whether the new one is worse."""

from __future__ import annotations

import asyncio
from datetime import datetime

import click

from mlcd_tui.cli import output
from mlcd_tui.cli.duration import DURATION
from mlcd_tui.cli.naming import ROLLOUT_NAME, resolve_or_suggest
from mlcd_tui.cli.options import current, global_options
from mlcd_tui.cli.rollouts import rollouts
from mlcd_tui.cli.unread import while_read
from mlcd_tui.cli.wiring import Wired, run
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.domain.text import clean
from mlcd_tui.domain.traffic import TrafficReading, VersionTraffic
from mlcd_tui.domain.traffic_document import newest, quantile_name, traffic_document

_HEAD = ("version", "role", "share", "requests", "a second", "errors", "p50", "p95", "p99", "note")


@rollouts.command(help="How each version answers live traffic, from Prometheus, and whether the new one is worse.")
@click.argument("name", type=ROLLOUT_NAME)
@click.option(
    "--window", type=DURATION, default=None, help="How far to look back, such as 15m; else as in the settings."
)
@click.option("-w", "--watch", is_flag=True, help="Then go on with each look, until interrupted.")
@global_options
@click.pass_context
def traffic(ctx: click.Context, name: str, window: float | None, watch: bool) -> None:  # noqa: FBT001
    """Print the live traffic of a rollout; exit 1 when nothing could be read."""
    globals_ = current(ctx)
    if window is not None and not 60 <= window <= 86_400:
        raise click.BadParameter("a window is between 60s and 24h", param_hint="--window")

    async def work(wired: Wired) -> int:
        ref = await resolve_or_suggest(wired, globals_, name)
        span = window or 0.0  # that of the settings
        if watch:
            await while_read(_watch(wired, ref, span, globals_.output))
        reading = await wired.session.traffic.look(ref, window=span)
        _print(ref, reading, globals_.output)
        return 1 if reading.problem else 0

    raise SystemExit(run(work, globals_))


async def _watch(wired: Wired, ref: RolloutRef, window: float, form: str) -> None:
    """Print each look until interrupted."""
    readings: asyncio.Queue[TrafficReading] = asyncio.Queue(maxsize=2)

    def hear(reading: TrafficReading) -> None:
        if not readings.full():  # whoever prints slowly leaves a look out
            readings.put_nowait(reading)

    # whoever hears of offers has a switch of lately watched on, which the looks then tell of
    deaf = wired.session.traffic.offers(lambda offer: click.echo(f"mlcd-tui: {offer.sentence}", err=True))
    close = wired.session.traffic.watch(ref, hear, window=window)
    printed: datetime | None = None
    try:
        while True:
            reading = await readings.get()
            if form == "yaml":
                click.echo("---")
            elif form == "table" and printed is not None:
                click.echo("")
            _print(ref, reading, form)
            printed = reading.at
    finally:
        deaf()
        await close()


def _print(ref: RolloutRef, reading: TrafficReading, form: str) -> None:
    if form != "table":
        output.emit(traffic_document(ref, reading), form)
        return
    if reading.problem:
        click.echo(f"mlcd-tui: {clean(reading.problem)}", err=True)
    if not reading.versions:
        return
    old = " (old numbers)" if reading.stale else ""
    click.echo(f"{clean(reading.source)}, the last {output.span(reading.window)}{old}")
    output.table(_HEAD, [_row(version) for version in reading.versions])
    if reading.copied is not None:
        click.echo(f"copied: {reading.copied:,} requests")
    for verdict in (*reading.since_switch, *reading.verdicts):
        sure = f" (e-value {verdict.evidence:.3g})" if verdict.evidence > 1 else ""
        caution = f" ({verdict.caution})" if verdict.caution else ""
        click.echo(clean(f"{verdict.what}: {verdict.judgement.value}{caution}: {verdict.sentence}{sure}"))


def _row(version: VersionTraffic) -> list[str]:
    latency = {quantile_name(share): newest(points) for share, points in version.latency}
    errors = (
        f"{version.failed / version.requests * 100:.2f} %" if version.requests and version.failed is not None else "-"
    )
    share = f"{version.target.share:g} %" if version.target.share is not None else "-"
    return [
        version.target.version or version.target.workload or version.target.service or "-",
        version.target.role.value,
        share,
        f"{version.requests:,}" if version.requests is not None else "-",
        _number(newest(version.rate), ""),
        errors,
        *(_number(latency.get(name), " ms") for name in ("p50", "p95", "p99")),
        version.problem,
    ]


def _number(value: float | None, unit: str) -> str:
    return "-" if value is None else f"{value:.3g}{unit}" if value < 1_000 else f"{value:,.0f}{unit}"
