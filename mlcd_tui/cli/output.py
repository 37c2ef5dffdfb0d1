"""Prints documents as tables, JSON or YAML. Everything printed is clean text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import click

from mlcd_tui.domain.rollout import Phase, Rollout, Strategy, WaitFor
from mlcd_tui.domain.text import clean, clean_lines

_STRATEGIES = {Strategy.BLUE_GREEN: "blue/green"}


def emit(document: dict[str, Any], output: str) -> None:
    """Print a document as `json` or `yaml`."""
    if output == "yaml":
        import yaml

        dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # a tenth of the time, for fleets of thousands
        text = yaml.dump(document, Dumper=dumper, sort_keys=False, allow_unicode=True, width=110)
        for line in clean_lines(text, limit=100_000_000):
            click.echo(line)
        return
    click.echo(json.dumps(document, indent=2, ensure_ascii=True))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print columns as kubectl does: upper-case heads, three blanks between, no lines."""
    for line in columns(head, ([str(clean(cell)) for cell in row] for row in rows)):
        click.echo(line)


class Widths:
    """Prints rows that come one after another under one head: columns only ever grow wider."""

    def __init__(self, *least: int) -> None:
        self._widths: list[int] = []
        self._least = least

    def print(self, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """The rows, and before the first ones the head."""
        cells = [[str(clean(cell)) for cell in row] for row in rows]
        if not self._widths:
            cells.insert(0, [title.upper() for title in head])
            self._widths = list(self._least) or [0] * len(head)
        for line in _aligned(cells, self._widths):
            click.echo(line)


def columns(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Lines of a table; the cells are clean already and may be coloured."""
    cells = [[title.upper() for title in head], *(list(row) for row in rows)]
    yield from _aligned(cells, [0] * len(head))


def _aligned(cells: Sequence[Sequence[str]], widths: list[int]) -> Iterator[str]:
    """The lines, columns as wide as `widths`, which grow to hold what is wider."""
    for line in cells:
        widths[:] = (max(_cells(cell), width) for cell, width in zip(line, widths, strict=True))
    for line in cells:
        padded = (cell + " " * (width - _cells(cell)) for cell, width in zip(line, widths, strict=True))
        yield "   ".join(padded).rstrip()


def _cells(text: str) -> int:
    """Terminal cells that a text takes: wide characters take two, marks none."""
    bare = click.unstyle(text)
    if bare.isascii():
        return len(bare)
    from rich.cells import cell_len

    return cell_len(bare)


def strategy(value: Strategy) -> str:
    """The strategy's word for the eye."""
    return _STRATEGIES.get(value, value.value)


def rollout_rows(rollouts: Iterable[Rollout], now: datetime) -> list[list[str]]:
    """The rows of `rollouts list`, in the order given."""
    return [
        [
            row.ref.namespace,
            row.ref.name,
            strategy(row.strategy),
            row.phase.value,
            f"{row.step.index}/{row.step.count}" if row.step else "-",
            traffic(row),
            f"{row.replicas.ready}/{row.replicas.desired}",
            row.version or "-",
            waiting(row, now) or ("" if row.phase is Phase.HEALTHY else row.message),
        ]
        for row in rollouts
    ]


ROLLOUT_HEAD = ("namespace", "name", "strategy", "phase", "step", "traffic to new", "ready", "version", "waiting for")


def traffic(row: Rollout) -> str:
    """`20 %`, `20 % (5 % actual)`, `copy 100 %`, or `-`."""
    if row.weight is None or row.weight.set is None or not row.in_flight:
        share = ""
    elif row.weight.actual is None:
        share = f"{row.weight.set} % (? actual)"
    elif row.weight.actual == row.weight.set:
        share = f"{row.weight.set} %"
    else:
        share = f"{row.weight.set} % ({row.weight.actual} % actual)"
    copied = f"copy {row.mirror} %" if row.mirror else ""
    return " ".join(part for part in (share, copied) if part) or "-"


def waiting(row: Rollout, now: datetime) -> str:
    """What it waits for and how long already, or still."""
    wait = row.waiting
    if wait.what is WaitFor.NOTHING:
        return ""
    if wait.until is not None:
        return f"{wait.sentence}, {span((wait.until - now).total_seconds())} left"
    if wait.since is not None:
        return f"{wait.sentence} · {span((now - wait.since).total_seconds())}"
    return wait.sentence


def span(seconds: float) -> str:
    """A length of time in one or two units: `45 s`, `4 m 10 s`, `3 h`, `9 d`."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 600:
        return f"{whole // 60} m {whole % 60} s"
    if whole < 7200:
        return f"{whole // 60} m"
    return f"{whole // 3600} h" if whole < 172_800 else f"{whole // 86_400} d"
