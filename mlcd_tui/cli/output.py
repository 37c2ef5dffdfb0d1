"""Prints documents as tables, JSON or YAML. Everything printed is clean text."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import click

from mlcd_tui.domain.rollout import Rollout, Strategy, WaitFor
from mlcd_tui.domain.text import clean, clean_lines

_STRATEGIES = {Strategy.BLUE_GREEN: "blue/green"}


def emit(document: dict[str, Any], output: str) -> None:
    """Print a document as `json` or `yaml`."""
    if output == "yaml":
        import yaml

        text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110)
        for line in clean_lines(text, limit=100_000_000):
            click.echo(line)
        return
    click.echo(json.dumps(document, indent=2, ensure_ascii=True))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print columns as kubectl does: upper-case heads, three blanks between, no lines."""
    cells = [[title.upper() for title in head], *([str(clean(cell)) for cell in row] for row in rows)]
    widths = [max(_cells(line[column]) for line in cells) for column in range(len(head))]
    for line in cells:
        padded = (cell + " " * (width - _cells(cell)) for cell, width in zip(line, widths, strict=True))
        click.echo("   ".join(padded).rstrip())


def _cells(text: str) -> int:
    """Terminal cells that a text takes: wide characters take two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def rollout_rows(rollouts: Iterable[Rollout], now: datetime) -> list[list[str]]:
    """The rows of `rollouts list`, in the order given."""
    return [
        [
            row.ref.namespace,
            row.ref.name,
            _STRATEGIES.get(row.strategy, row.strategy.value),
            row.phase.value,
            f"{row.step.index}/{row.step.count}" if row.step else "-",
            traffic(row),
            f"{row.replicas.ready}/{row.replicas.desired}",
            row.version or "-",
            waiting(row, now) or row.message,
        ]
        for row in rollouts
    ]


ROLLOUT_HEAD = ("namespace", "name", "strategy", "phase", "step", "traffic to new", "ready", "version", "waiting for")


def traffic(row: Rollout) -> str:
    """`20 %`, `20 % (5 % actual)`, `copy 100 %`, or `-`."""
    if row.weight is None or row.weight.set is None or not row.in_flight:
        share = ""
    elif row.weight.actual is None or row.weight.actual == row.weight.set:
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
