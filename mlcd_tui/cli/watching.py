"""`-w`: `rollouts list` and `rollouts get` as they change, until interrupted."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

import click

from mlcd_tui.cli import output, tree
from mlcd_tui.cli.naming import whole_fleet
from mlcd_tui.cli.paint import Paint
from mlcd_tui.cli.wiring import Wired
from mlcd_tui.domain.document import detail_document, rollout_document
from mlcd_tui.domain.errors import Missing
from mlcd_tui.domain.fleet import Fleet, Freshness, Link, attention_key
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.domain.rollout import Rollout, RolloutDetail

_PACE = 0.5  # seconds between two pictures: who reads along cannot read faster
_CLEAR = "\x1b[H\x1b[2J"

T = TypeVar("T")


class _Newest(Generic[T]):
    """The newest of what comes: whoever prints slowly leaves out what is old by then."""

    def __init__(self) -> None:
        self._value: T | None = None
        self._there = asyncio.Event()

    def put(self, value: T) -> None:
        self._value = value
        self._there.set()

    async def take(self) -> T:
        await self._there.wait()
        self._there.clear()
        assert self._value is not None
        return self._value


class _Notes:
    """Tells on standard error, once, that what is shown is not live any more, and that it is again."""

    def __init__(self) -> None:
        self._stale = False

    def hear(self, freshness: Freshness) -> None:
        if freshness.link is Link.CONNECTING:
            return
        stale = freshness.link is not Link.LIVE
        if stale and not self._stale:
            click.echo(f"mlcd-tui: not live: {freshness.reason or freshness.link.value}", err=True)
        elif self._stale and not stale:
            click.echo("mlcd-tui: live again.", err=True)
        self._stale = stale


async def watch_list(wired: Wired, form: str) -> None:
    """Print the fleet, then what changes: a terminal's screen anew, otherwise each row or document that is another."""
    newest: _Newest[Fleet] = _Newest()
    newest.put(await whole_fleet(wired))
    wired.session.subscribe(newest.put)
    shown: dict[RolloutRef, Rollout] = {}
    notes, widths = _Notes(), output.Widths()
    while True:
        fleet = await newest.take()
        notes.hear(fleet.freshness)
        rows = sorted(fleet.rows, key=attention_key)
        changed = [row for row in rows if shown.get(row.ref) != row]
        if changed or len(rows) != len(shown):
            now = datetime.now(UTC) + timedelta(seconds=fleet.clock_skew)
            if form != "table":
                _documents((rollout_document(row) for row in changed), form)
            elif sys.stdout.isatty():
                click.echo(_CLEAR, nl=False)
                output.table(output.ROLLOUT_HEAD, output.rollout_rows(rows, now))
            else:
                widths.print(output.ROLLOUT_HEAD, output.rollout_rows(changed, now))
            shown = {row.ref: row for row in rows}
        await asyncio.sleep(_PACE)


async def watch_one(wired: Wired, ref: RolloutRef, form: str, paint: Paint, now: Callable[[], datetime]) -> None:
    """Print a rollout in full each time that it is another. Raises `Missing` when it is deleted."""
    newest: _Newest[tuple[RolloutDetail | None, Freshness]] = _Newest()
    close = wired.session.open(ref, lambda detail, freshness: newest.put((detail, freshness)))
    shown: RolloutDetail | None = None
    notes = _Notes()
    try:
        while True:
            detail, freshness = await newest.take()
            notes.hear(freshness)
            if detail is None and shown is not None and freshness.link is Link.LIVE:
                raise Missing(f"{ref} does not exist any more.")
            if detail is not None and detail != shown:
                _whole(detail, form, paint, now(), again=shown is not None)
                shown = detail
            await asyncio.sleep(_PACE)
    finally:
        await close()


def _whole(detail: RolloutDetail, form: str, paint: Paint, now: datetime, *, again: bool) -> None:
    if form != "table":
        _documents([detail_document(detail)], form)
        return
    if sys.stdout.isatty():
        click.echo(_CLEAR, nl=False)
    elif again:
        click.echo()
    for line in tree.lines(detail, now, paint):
        click.echo(line, color=paint.colour)


def _documents(documents: Iterable[dict[str, object]], form: str) -> None:
    for document in documents:
        if form == "yaml":
            click.echo("---")
        output.emit(document, form)
        sys.stdout.flush()
