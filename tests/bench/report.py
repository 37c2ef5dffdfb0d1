"""The numbers as a page of Markdown: goals, what was got, and the ratio to others that do the same work."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.measures import Samples
from tests.bench.viewers import OURS

OPENED = f"{OURS}, rollout opened"
_ARGO_LIST, _ARGO_LIST_W, _ARGO_GET = (
    "kubectl argo rollouts list",
    "kubectl argo rollouts list -w",
    "kubectl argo rollouts get -w",
)
_GET, _GET_W = "kubectl get rollouts", "kubectl get -w"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    title: str
    what: str
    who: str = OURS
    share: float = 0.5
    unit: str = "ms"
    goals: tuple[str, str] = ("", "")
    """At up to 1,000 rollouts, and above."""
    others: tuple[str, ...] = ()


_LAUNCHED = (_ARGO_LIST, _GET)
_FOLLOWED = (_GET_W, _ARGO_LIST_W)
ROWS = (
    Row("launch → first rows", "first", goals=("≤ 500 ms", "≤ 500 ms"), others=_LAUNCHED),
    Row("launch → all rows", "all", goals=("≤ 1,000 ms", "≤ 5,000 ms"), others=_LAUNCHED),
    Row("change → pixel, fleet, idle, p50", "idle pixel", others=_FOLLOWED),
    Row("change → pixel, fleet, idle, p95", "idle pixel", share=0.95, others=_FOLLOWED),
    Row("change → pixel, fleet, under changes, p50", "busy pixel", others=_FOLLOWED),
    Row("change → pixel, fleet, under changes, p95", "busy pixel", share=0.95, goals=("≤ 60 ms", ""), others=_FOLLOWED),
    Row("server's answer → pixel, fleet, under changes, p50", "busy behind", others=_FOLLOWED),
    Row("server's answer → pixel, fleet, under changes, p95", "busy behind", share=0.95, others=_FOLLOWED),
    Row("change → pixel, rollout opened, idle, p50", "idle pixel", OPENED, others=(_ARGO_GET,)),
    Row("change → pixel, rollout opened, idle, p95", "idle pixel", OPENED, 0.95, others=(_ARGO_GET,)),
    Row("change → pixel, rollout opened, under changes, p95", "busy pixel", OPENED, 0.95, others=(_ARGO_GET,)),
    Row("CPU under changes, fleet", "busy cpu", unit="%", goals=("≤ 10 %", ""), others=_FOLLOWED),
    Row("CPU under changes, rollout opened", "busy cpu", OPENED, unit="%", others=(_ARGO_GET,)),
    Row("CPU idle, fleet", "idle cpu", unit="%", goals=("≤ 0.5 %", ""), others=_FOLLOWED),
    Row("CPU idle, rollout opened", "idle cpu", OPENED, unit="%", others=(_ARGO_GET,)),
    Row("memory (RSS), idle", "idle rss", unit="MB", goals=("≤ 80 MB", "≤ 150 MB"), others=_FOLLOWED),
    Row("memory (RSS), after changes", "busy rss", unit="MB", goals=("≤ 80 MB", "≤ 150 MB"), others=_FOLLOWED),
    Row("key → plan", "plan"),
    Row("page down → whole page, p50", "page", goals=("", "≤ 16 ms")),
    Row("page down → whole page, p95", "page", share=0.95),
    Row("cursor key under changes, p50", "key"),
    Row("cursor key under changes, p99", "key", share=0.99),
    Row("cursor key under changes, slowest", "key", share=1.0),
)


def _shown(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    number = value * 1000 if unit == "ms" else value
    return f"{number:,.0f} {unit}" if abs(number) >= 20 else f"{number:.1f} {unit}"


def table(samples: Samples, count: int, rows: Sequence[Row] = ROWS) -> list[str]:
    """The table of one size."""
    head = ["| measured | goal | mlcd-tui | others | ratio to others |", "|---|---|---|---|---|"]
    return head + [line for row in rows if (line := _line(row, samples, large=count > 1000))]


def _line(row: Row, samples: Samples, *, large: bool) -> str:
    ours = samples.quantile(row.what, row.who, row.share)
    if ours is None:
        return ""
    others, ratios = [], []
    for who in row.others:
        theirs = samples.quantile(row.what, who, row.share)
        if theirs is None:
            continue
        others.append(f"{who}: {_shown(theirs, row.unit)}")
        ratios.append(f"{ours / theirs:.2f}" if theirs > 0 and ours > 0 else "–")
    cells = (row.title, row.goals[large], _shown(ours, row.unit), "<br>".join(others), "<br>".join(ratios))
    return f"| {' | '.join(cells)} |"


def notes(samples: Samples, rate: float) -> list[str]:
    """What one has to know to read the table."""
    got = samples.quantile("rate", "")
    answers = [samples.quantile(f"{state} answer", "") for state in ("idle", "busy")]
    lost = {who: len(values) for (what, who), values in samples.of.items() if what.endswith(" lost")}
    lines = [
        f"- Changes: {rate:g} a second were asked for; the API server managed {got:.0f} (median of the runs)."
        if got
        else "",
        (
            f"- The API server's own answer to the patch of a probe took {_shown(answers[0], 'ms')} idle and "
            f"{_shown(answers[1], 'ms')} under changes (medians); it is part of every change → pixel."
        ),
        *(f"- {who}: {number} changes never showed." for who, number in lost.items()),
    ]
    return [line for line in lines if line]


def machine() -> str:
    """Where it ran, as far as it matters."""
    load = os.getloadavg()[0]
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return f"{os.cpu_count()} cores ({model}), Python {platform.python_version()}, load {load:.1f} at the start"


_HEAD = """# Benchmarks

`make bench` runs everything on the lab (a real API server, etcd and Argo Rollouts controller on this machine, see `tests/e2e/lab`)
and writes this page. For a quick try: `tests/e2e/lab/run.sh .venv/bin/python -m tests.bench --rollouts 50 --quick`; with `--under-way`
all rollouts are on their way, not one in ten.

These are measurements, not tests: nothing fails when a number is larger. Everything runs on one machine, so the API server, etcd, the
generator of changes and the program that is measured share its cores: read the ratios first, the absolute numbers second.

How it is measured: each program runs in a real pseudo-terminal of 200×50; a moment is that of the bytes reaching the terminal's other
end. *Launch* counts from the exec. *Change → pixel* counts from just before the patch of a status is sent, until the new number
stands in the bytes that came out; the API server's own time is in it, for all programs alike;
*server's answer → pixel* leaves that out (and is negative where a watch was faster than the answer). Changes are made by a process of its own,
on random rollouts; the rollouts (about 9 kB each, spread over namespaces of 500) carry an instance id that the controller leaves alone. *CPU* is user and
system time of the process and its children as a share of one core. Programs take turns; numbers are medians where nothing else is said.
"""


def page(parts: Sequence[tuple[int, float, Samples]], where: str) -> str:
    """The whole page: number of rollouts, rate of changes and samples of each size."""
    lines = [_HEAD, f"Measured on {datetime.now(UTC).date().isoformat()}: {where}.", ""]
    for count, rate, samples in parts:
        lines += [f"## {count:,} rollouts", "", *table(samples, count), "", *notes(samples, rate), ""]
    return "\n".join(lines).rstrip() + "\n"


def with_section(text: str, old: str, new: str) -> str:
    """A page with a section replaced, or put at its end where there was none."""
    return text.replace(old, new) if old else f"{text.rstrip()}\n\n{new}"


def section_under(heading: str, page: str) -> str:
    """The section of a page that begins with `heading`; empty: it has none."""
    _, found, rest = page.partition(f"{heading}\n")
    return f"{found}{rest.partition(chr(10) + '## ')[0].rstrip()}\n" if found else ""
