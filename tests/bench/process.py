"""What a process and its children cost, read from /proc."""

from __future__ import annotations

import os
import time
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:  # it ended
        return None
    return text.rpartition(")")[2].split()


def _tree(pid: int) -> list[int]:
    parents = {int(p.name): stat for p in Path("/proc").iterdir() if p.name.isdigit() and (stat := _stat(int(p.name)))}
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        found.append(one)
        todo += [child for child, stat in parents.items() if int(stat[1]) == one]
    return found


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its living children."""
    stats = [stat for one in _tree(pid) if (stat := _stat(one))]
    return sum(int(stat[11]) + int(stat[12]) for stat in stats) / _TICKS


def cpu_percent(pid: int, seconds: float) -> float:
    """Percent of one core that it takes in the coming `seconds`."""
    before, began = cpu_seconds(pid), time.monotonic()
    time.sleep(seconds)
    return 100 * (cpu_seconds(pid) - before) / (time.monotonic() - began)


def rss_mb(pid: int) -> float:
    """Resident memory of a process and its children in MB."""
    total = 0
    for one in _tree(pid):
        try:
            lines = Path(f"/proc/{one}/status").read_text(encoding="ascii", errors="replace").splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))
    return total / 1000
