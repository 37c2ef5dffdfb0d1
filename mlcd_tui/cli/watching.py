"""`-w`: `rollouts list` and `rollouts get` as they change, until interrupted."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
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
from mlcd_tui.domain.text import clean

_PACE = 0.5  # seconds between two pictures: who reads along cannot read faster
_TICK = 1.0  # seconds after which a terminal is drawn anew although nothing changed: times go on
_HOME, _LINE_END, _REST = "\x1b[H", "\x1b[K", "\x1b[J"

T = TypeVar("T")


class _Newest(Generic[T]):
    """The newest of what comes: whoever prints slowly leaves out what is old by then."""

    def __init__(self) -> None:
        self._value: list[T] = []
        self._there = asyncio.Event()

    def put(self, value: T) -> None:
        self._value[:] = [value]
        self._there.set()

    async def take(self, patience: float | None = None) -> T:
        """The newest, awaited; after `patience` seconds the one before again."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._there.wait()
        self._there.clear()
        return self._value[0]


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
    drawn = form == "table" and sys.stdout.isatty()
    while True:
        fleet = await newest.take(_TICK if drawn else None)
        notes.hear(fleet.freshness)
        rows = sorted(fleet.rows, key=attention_key)
        changed = [row for row in rows if shown.get(row.ref) != row]
        now = datetime.now(UTC) + timedelta(seconds=fleet.clock_skew)
        if drawn:
            _draw(output.columns(output.ROLLOUT_HEAD, _clean(output.rollout_rows(rows, now))))
        elif changed and form != "table":
            _documents((rollout_document(row) for row in changed), form)
        elif changed:
            widths.print(output.ROLLOUT_HEAD, output.rollout_rows(changed, now))
        shown = {row.ref: row for row in rows}
        await asyncio.sleep(_PACE)


async def watch_one(wired: Wired, ref: RolloutRef, form: str, paint: Paint, now: Callable[[], datetime]) -> None:
    """Print a rollout in full each time that it is another. Raises `Missing` when it is deleted."""
    newest: _Newest[tuple[RolloutDetail | None, Freshness]] = _Newest()
    close = wired.session.open(ref, lambda detail, freshness: newest.put((detail, freshness)))
    shown: RolloutDetail | None = None
    notes = _Notes()
    drawn = form == "table" and sys.stdout.isatty()
    try:
        while True:
            detail, freshness = await newest.take(_TICK if drawn and shown is not None else None)
            notes.hear(freshness)
            if detail is None and shown is not None and freshness.link is Link.LIVE:
                raise Missing(f"{ref} does not exist any more.")
            if detail is not None and drawn:
                _draw(tree.lines(detail, now(), paint))
            elif detail is not None and detail != shown:
                _append(detail, form, tree.lines(detail, now(), paint), again=shown is not None)
            shown = detail or shown
            await asyncio.sleep(_PACE)
    finally:
        await close()


def _clean(rows: Iterable[Iterable[str]]) -> Iterable[list[str]]:
    return ([str(clean(cell)) for cell in row] for row in rows)


def _draw(lines: Iterable[str]) -> None:
    """The terminal's screen, written over without being emptied first, which would flicker."""
    most = shutil.get_terminal_size().lines - 1
    shown = "".join(f"{line}{_LINE_END}\n" for line in list(lines)[:most])
    click.echo(f"{_HOME}{shown}{_REST}", nl=False, color=True)


def _append(detail: RolloutDetail, form: str, lines: Iterable[str], *, again: bool) -> None:
    if form != "table":
        _documents([detail_document(detail)], form)
        return
    for line in [""] * again + list(lines):
        click.echo(line)


def _documents(documents: Iterable[dict[str, object]], form: str) -> None:
    for document in documents:
        if form == "yaml":
            click.echo("---")
        output.emit(document, form)
