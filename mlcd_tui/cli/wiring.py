"""From options to a session: settings, engines, the audit log, and the simulated cluster where asked for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from mlcd_tui.cli.logfile import log_to_file
from mlcd_tui.cli.options import Globals
from mlcd_tui.domain.errors import BadConfig, Problem
from mlcd_tui.domain.ports import Engine
from mlcd_tui.domain.text import clean
from mlcd_tui.registry import Registry
from mlcd_tui.session.live import LiveSession
from mlcd_tui.session.options import Options

if TYPE_CHECKING:
    from mlcd_tui.audit.log import AuditLog
    from mlcd_tui.config.metrics_settings import MetricsSettings
    from mlcd_tui.config.settings import Settings

T = TypeVar("T")

ENGINES: Registry[Engine] = Registry("mlcd_tui.engines", "ENGINE", "mlcd_tui.engines")


@dataclass(frozen=True, slots=True)
class Wired:
    """A session, not started, and the settings it was made with."""

    session: LiveSession
    settings: Settings
    problems: tuple[str, ...]
    """What is wrong with the settings file, one sentence each."""


def read_settings(globals_: Globals) -> tuple[Settings, tuple[str, ...]]:
    """The settings; what cannot be used is told and left out. Raises `BadConfig` for a named file that is missing."""
    from mlcd_tui.config.settings import load

    path = Path(globals_.config) if globals_.config else None
    if path is not None and not path.is_file():
        raise BadConfig(f"the settings file {path} does not exist.", advice="Name another with --config.")
    settings, problems = load(path)
    if globals_.declared_only:
        from msgspec.structs import replace

        settings = replace(settings, packages=replace(settings.packages, declared_only=True))
    return settings, problems


def wire(globals_: Globals, kubeconfig: str | None = None) -> Wired:
    """A session from options; `kubeconfig` is the simulated cluster's, where there is one. Raises `BadConfig`."""
    settings, problems = read_settings(globals_)
    simulated = kubeconfig is not None
    options = Options(
        kubeconfig=kubeconfig or globals_.kubeconfig,
        context=None if simulated else globals_.context,
        namespace=_first_namespace(globals_, settings, simulated=simulated),
        readonly=globals_.readonly or settings.readonly,
        is_production=settings.production_in,
        is_readonly=settings.readonly_in,
        packages=settings.packages,
        checks=settings.checks,
        metrics=settings.metrics_in if kubeconfig is None else _simulated_metrics(settings, kubeconfig),
    )
    return Wired(LiveSession(ENGINES.all, options, _audit_log), settings, problems)


def _simulated_metrics(settings: Settings, kubeconfig: str) -> Callable[[str], MetricsSettings]:
    """The simulated cluster's own Prometheus, with what the settings say of windows and margins."""
    from msgspec.structs import replace

    from mlcd_tui.config.metrics_settings import MetricsSettings
    from mlcd_tui.demo.cluster import prometheus_of
    from mlcd_tui.demo.metrics import LATENCY_LIMIT_MS

    address, token = prometheus_of(kubeconfig)
    told = settings.metrics
    own = MetricsSettings(address=address, token=token, latency_limit_ms=told.latency_limit_ms or LATENCY_LIMIT_MS)
    kept = {name: getattr(told, name) for name in ("window", "refresh", "margin", "latency_margin", "watch_after")}
    own = replace(own, **kept)
    return lambda _context: own


def _audit_log() -> AuditLog:
    from mlcd_tui.audit.log import AuditLog

    return AuditLog()


def _first_namespace(globals_: Globals, settings: Settings, *, simulated: bool) -> str:
    if globals_.all_namespaces or globals_.namespace:
        return globals_.listed_namespace
    context = "" if simulated else globals_.context or ""
    own = any(table.namespace is not None for table in settings.contexts.values())
    if own and not context and not simulated:
        context = _current_context(globals_)  # read only where it matters: the screen does not wait for it otherwise
    named = settings.namespace_in(context)
    return "" if named == "*" else named


def _current_context(globals_: Globals) -> str:
    from mlcd_tui.cluster.kubeconfig import load

    try:
        return load(globals_.kubeconfig).current
    except BadConfig:
        return ""  # whoever connects will say so


@asynccontextmanager
async def session(globals_: Globals) -> AsyncIterator[Wired]:
    """A session for one command; the simulated cluster lives as long as it."""
    async with AsyncExitStack() as stack:
        kubeconfig = None
        if globals_.demo:
            from mlcd_tui.demo.cluster import simulated

            kubeconfig = str(await stack.enter_async_context(simulated(globals_.scenario)))
        wired = wire(globals_, kubeconfig)
        for problem in wired.problems:
            click.echo(clean(problem), err=True)
        stack.push_async_callback(wired.session.stop)
        yield wired


def run(command: Callable[[Wired], Coroutine[Any, Any, T]], globals_: Globals) -> T:
    """Run a command's work; problems end the program with one sentence and their exit code."""
    log_to_file()

    async def inside() -> T:
        async with session(globals_) as wired:
            return await command(wired)

    try:
        return asyncio.run(inside())
    except Problem as problem:
        fail(problem)
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def fail(problem: Problem) -> NoReturn:
    """End the program: one sentence on standard error, the problem's exit code."""
    click.echo(f"mlcd-tui: {clean(problem)}", err=True)
    raise SystemExit(problem.exit_code)
