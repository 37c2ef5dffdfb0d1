"""`mlcd-tui rollouts compare`: the new version's answers beside production's, before anybody gets them."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from mlcd_tui.cli import output
from mlcd_tui.cli.comparison_blocks import blocks, headline
from mlcd_tui.cli.duration import DURATION
from mlcd_tui.cli.naming import ROLLOUT_NAME, resolve_or_suggest
from mlcd_tui.cli.options import Globals, current, global_options
from mlcd_tui.cli.rollouts import rollouts
from mlcd_tui.cli.wiring import Wired, run
from mlcd_tui.domain.comparison.report import ComparisonReport, ComparisonVerdict
from mlcd_tui.domain.text import clean
from mlcd_tui.domain.traffic_ports import ComparisonProgress, ComparisonWish

if TYPE_CHECKING:
    from mlcd_tui.session.comparison_desk import ComparisonDesk, Running

_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%")


class Percent(click.ParamType[float]):
    """`0.5%`: a share, with its sign, since 0.5 could be either."""

    name = "percent"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The share, 0 to 1."""
        if isinstance(value, float):
            return value
        found = _PERCENT.fullmatch(str(value).strip())
        if found is None or not float(found[1]) <= 100:
            self.fail(f"{value!r} is no share; write it as 0.5%", param, ctx)
        return float(found[1]) / 100


def _compare_options(function: Any) -> Any:
    """Adds the options of the command."""
    file = click.Path(dir_okay=False)
    for option in reversed(
        (
            click.option("--requests", type=file, metavar="FILE", help="Recorded requests; they are sent to both."),
            click.option(
                "--pairs",
                type=file,
                metavar="FILE",
                multiple=True,
                help="Recorded answers of both; of two files (give it twice) the first is production's.",
            ),
            click.option("--format", "format_", default="", metavar="NAME", help="Format of the files; else as seen."),
            click.option("--production", default="", metavar="URL", help="Address of the serving version."),
            click.option("--shadow", default="", metavar="URL", help="Address of the new version."),
            click.option("--production-name", default="", metavar="NAME", help="What the logs call the serving one."),
            click.option("--shadow-name", default="", metavar="NAME", help="What the logs call the new one."),
            click.option("--copied", type=Percent(), default=1.0, metavar="N%", help="Share that was copied at all."),
            click.option(
                "--rules", default="", metavar="FILE", help="Tolerances, as a check plan's snapshot has them."
            ),
            click.option("--rate", type=float, default=20.0, show_default=True, help="Requests a second to each."),
            click.option("--limit", type=click.IntRange(min=1), help="Pairs at most."),
            click.option("--no-noise", is_flag=True, help="Do not ask production twice."),
            click.option(
                "--max-mismatch", type=Percent(), default=0.005, metavar="N%", help="Let pass; 0.5% if unsaid."
            ),
            click.option("--latency-limit", type=DURATION, metavar="TIME", help="The median may be slower by: 20ms."),
            click.option("--quiet", "-q", is_flag=True, help="No progress on standard error."),
        )
    ):
        function = option(function)
    return function


@rollouts.command(
    help="Compare the new version's answers with production's: recorded requests sent to both, or recorded answers. "
    "NAME binds the result to the images of a rollout. Exit 0 equal; 1 different, slower, broken or not enough data."
)
@click.argument("name", type=ROLLOUT_NAME, default="", metavar="[NAME]")
@_compare_options
@global_options
@click.pass_context
def compare(ctx: click.Context, /, name: str, **options: Any) -> None:
    """Compare, print, and exit by the verdict."""
    if bool(options["requests"]) == bool(options["pairs"]):
        raise click.UsageError("Give either --requests FILE or --pairs FILE.")
    if options["pairs"] and (options["production"] or options["shadow"]):
        raise click.UsageError("--production and --shadow are addresses, for --requests; logs have --production-name.")
    globals_ = current(ctx)

    async def work(wired: Wired) -> int:
        ref = await resolve_or_suggest(wired, globals_, name) if name else None
        wish = _wish(options, ref)
        desk = wired.session.comparing if ref is not None else _alone()
        ended = await _until_the_end(desk, wish, Teller(quiet=options["quiet"]))
        return _tell(ended, globals_, ascii_only=wired.settings.ascii)

    raise SystemExit(run(work, globals_))


def _wish(options: dict[str, Any], ref: Any) -> ComparisonWish:
    pairs = options["pairs"]
    limit = options["latency_limit"]
    return ComparisonWish(
        source=options["requests"] or pairs[0],
        replay=bool(options["requests"]),
        ref=ref,
        production=options["production"],
        shadow=options["shadow"],
        rules=options["rules"],
        rate=options["rate"],
        limit=options["limit"] or 0,
        noise=not options["no_noise"],
        latency_limit_ms=None if limit is None else limit * 1000,
        max_mismatch=options["max_mismatch"],
        also=pairs[1:],
        format=options["format_"],
        production_name=options["production_name"],
        shadow_name=options["shadow_name"],
        copied=options["copied"],
    )


def _alone() -> ComparisonDesk:
    """Without a rollout no cluster is needed, and none is asked."""
    from mlcd_tui.session.comparison_desk import ComparisonDesk
    from mlcd_tui.session.live import utc_now

    return ComparisonDesk(utc_now)


@dataclass(slots=True)
class Teller:
    """Tells how far it is on standard error: one line that changes in a terminal, else a line now and then."""

    quiet: bool = False
    _last: float = 0.0
    _drawn: bool = False
    _terminal: bool = field(default_factory=lambda: sys.stderr.isatty())  # noqa: PLW0108 - of the stream of then
    _differ: str = ""

    def __call__(self, progress: ComparisonProgress) -> None:
        """One word on progress."""
        if progress.report is not None:
            self._differ = f", {progress.report.mismatch.count:,} differ"
        if progress.ended:
            if self._drawn:
                click.echo("\r\x1b[K", nl=False, err=True)
            return
        now = time.monotonic()
        if self.quiet or (not self._terminal and now - self._last < 5):
            return
        self._last = now
        of = f" of {progress.total:,}" if progress.total else ""
        line = f"{progress.done:,}{of} pairs{self._differ}"
        self._drawn = self._terminal
        click.echo(f"\r\x1b[K{line}" if self._terminal else line, nl=not self._terminal, err=True)


async def _until_the_end(desk: ComparisonDesk, wish: ComparisonWish, teller: Teller) -> ComparisonProgress:
    """The last word on it. The first interrupt ends the sending; what was compared until then is told."""
    running = desk.compare(wish, teller)
    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError, RuntimeError, ValueError):  # no such signals here, or not in this thread
        loop.add_signal_handler(signal.SIGINT, _interrupted, running, loop)
    try:
        return await running.wait()
    finally:
        with suppress(NotImplementedError, RuntimeError, ValueError):
            loop.remove_signal_handler(signal.SIGINT)


def _interrupted(running: Running, loop: asyncio.AbstractEventLoop) -> None:
    running.cancel()
    loop.remove_signal_handler(signal.SIGINT)  # a second one ends the program as always


def _tell(ended: ComparisonProgress, globals_: Globals, *, ascii_only: bool) -> int:
    """Print the report and what went wrong; the exit code."""
    report = ended.report
    if report is not None:
        _print(report, globals_.output, ascii_only=ascii_only)
    if ended.problem:
        click.echo(f"mlcd-tui: {clean(ended.problem)}", err=True)
        return ended.exit_code or 1
    return 0 if report is not None and report.complete and report.verdict is ComparisonVerdict.EQUAL else 1


def _print(report: ComparisonReport, form: str, *, ascii_only: bool) -> None:
    if form != "table":
        from mlcd_tui.domain.comparison.document import report_document

        output.emit(report_document(report), form)
        return
    from mlcd_tui.cli import paint
    from mlcd_tui.cli.blocks import print_blocks

    painted = paint.to_stdout(ascii_only=ascii_only)
    click.echo(f"{headline(report, painted)}\n", color=painted.colour)
    print_blocks(blocks(report), "table")
