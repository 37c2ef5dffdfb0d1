"""Whose containers, volumes and networks are whose: labels on everything of ours, the sweep of what is left over."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from docker.errors import APIError

from mlcd_tui.checks.runner.engine import Engine, asked
from mlcd_tui.domain.errors import Problem

OWNER = "dev.mlcd.owner"
OURS = "mlcd-tui"
RUN = "dev.mlcd.run"
SESSION = "dev.mlcd.session"
CHECK = "dev.mlcd.check"
STAGE = "dev.mlcd.stage"


def labels(run: str, check: str = "") -> dict[str, str]:
    """What everything of a run is marked with."""
    return {OWNER: OURS, RUN: run, SESSION: session(), CHECK: check}


@cache
def _identity_of(pid: int) -> str:
    return f"{_host()}:{pid}:{_started(pid)}"


@cache
def _host() -> str:
    """Where a pid means a process: host, machine, and namespace of pids.

    Containers may have their host's name, and machines one that others have, too; they can all use one engine. The
    machine's id outlives its next start, after which what it left is still to be swept.
    """
    try:
        machine = Path("/etc/machine-id").read_text(encoding="ascii", errors="replace").strip()[:12]
    except OSError:
        machine = ""
    try:
        pids = str(Path("/proc/self/ns/pid").readlink()).strip("pid:[]")
    except OSError:
        pids = ""
    return f"{socket.gethostname()}/{machine}/{pids}"


def session() -> str:
    """`<host>:<pid>:<start time>` of this process: a pid alone may be given to another one later."""
    return _identity_of(os.getpid())


def is_dead(mark: str) -> bool:
    """Whether a session's process is surely gone: on this host, and its pid is free or belongs to another one now."""
    host, _, rest = mark.rpartition(":")[0].rpartition(":")
    start = mark.rpartition(":")[2]
    if host != _host() or not rest.isdecimal():
        return False
    pid = int(rest)
    if sys.platform == "win32":
        return False  # a signal would end the process there instead of asking for it
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        pass
    return _started(pid) != start


def sweep(engine: Engine, run: str = "") -> int:
    """Remove what is left over: of one run, else of all sessions whose process is gone. Everything else stays.

    Returns:
        How many containers, volumes and networks were removed. What cannot be removed now is so at the next sweep.
    """
    wanted = [f"{OWNER}={OURS}", f"{RUN}={run}"] if run else [f"{OWNER}={OURS}"]

    def mine(marks: Mapping[str, str] | None) -> bool:
        marks = marks or {}
        if marks.get(OWNER) != OURS:
            return False
        return marks.get(RUN) == run if run else is_dead(marks.get(SESSION, ""))

    with asked("looking for what earlier runs left behind"):
        gone = sum(
            _removed(engine.api.remove_container, one["Id"], v=True, force=True)
            for one in engine.api.containers(all=True, filters={"label": wanted})
            if mine(one.get("Labels"))
        )
        gone += sum(
            _removed(engine.api.remove_volume, one["Name"], force=True)
            for one in (engine.api.volumes(filters={"label": wanted}).get("Volumes") or ())
            if mine(one.get("Labels"))
        )
        gone += sum(
            _removed(engine.api.remove_network, one["Id"])
            for one in engine.api.networks(filters={"label": wanted})
            if mine(one.get("Labels"))
        )
    return gone


@contextmanager
def removing(remove: Callable[..., Any], name: str, **how: Any) -> Iterator[str]:
    """Something of ours that is gone at the end, whatever happens; an engine that fails leaves it to the next sweep."""
    try:
        yield name
    finally:
        _removed(remove, name, **how)


def _removed(remove: Callable[..., Any], name: str, **how: Any) -> bool:
    try:
        with asked("cleaning up"):
            remove(name, **how)
    except Problem as problem:
        return isinstance(problem.__cause__, APIError) and problem.__cause__.status_code == 404
    return True


def _started(pid: int) -> str:
    """Start time of a process as the system counts it; `0` where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return "0"
    return fields[19] if len(fields) > 19 else "0"
