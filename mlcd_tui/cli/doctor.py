"""`mlcd-tui doctor`: what works here, what does not, and what to do about it."""

from __future__ import annotations

import asyncio
import importlib.metadata
import os
import platform
import shutil
import sys
from typing import Any

import click

from mlcd_tui import __version__
from mlcd_tui.cli import doctor_checks, doctor_metrics, output
from mlcd_tui.cli.finding import Finding
from mlcd_tui.cli.options import Globals, current, global_options
from mlcd_tui.cli.wiring import ENGINES, Wired, run
from mlcd_tui.domain.document import API_VERSION
from mlcd_tui.domain.errors import Problem
from mlcd_tui.domain.intent import Verb
from mlcd_tui.domain.text import clean


@click.command(help="What works here and what does not, and what to do about it; exit 1 if something needed does not.")
@global_options
@click.pass_context
def doctor(ctx: click.Context) -> None:
    """Print what was found."""
    globals_ = current(ctx)
    findings, reachable, plain = _look(globals_)
    if globals_.output != "table":
        items = [{"about": f.about, "ok": f.ok, "sentence": clean(f.sentence)} for f in findings]
        output.emit({"apiVersion": API_VERSION, "kind": "DoctorReport", "items": items}, globals_.output)
    else:
        from mlcd_tui.cli.paint import Paint

        signs = Paint(ascii=plain).glyphs
        marks = {True: signs.passed, False: signs.failed, None: signs.dot}
        for finding in findings:
            click.echo(f"{marks[finding.ok]} {finding.about:<12} {clean(finding.sentence)}")
    if not reachable:
        raise SystemExit(4)
    raise SystemExit(1 if any(finding.ok is False for finding in findings) else 0)


def _look(globals_: Globals) -> tuple[list[Finding], bool, bool]:
    """What was found, whether the cluster answered, and whether the settings ask for plain letters."""
    findings = [_client(), _terminal(), *doctor_checks.engine(), *doctor_checks.keys()]
    reachable = plain = False

    async def work(wired: Wired) -> None:
        nonlocal reachable, plain
        plain = wired.settings.ascii
        findings.extend(Finding("settings", ok=False, sentence=problem) for problem in wired.problems)
        findings.extend(await asyncio.to_thread(lambda: list(doctor_checks.plans(wired.settings.checks))))
        findings.append(await asyncio.to_thread(_audit, wired))
        try:
            await _cluster(wired, findings)
            reachable = True
        except Problem as problem:
            findings.append(Finding("cluster", ok=False, sentence=str(problem)))

    run(work, globals_)
    return findings, reachable, plain


def _audit(wired: Wired) -> Finding:
    """Whether acts can be recorded, and whether what was recorded is whole."""
    log = wired.session.audit_log
    if why := log.obstacle():
        return Finding("audit log", ok=False, sentence=f"{log.path} cannot be written: {why}; no act is possible.")
    try:
        verification = log.verify()
    except Problem as problem:
        return Finding("audit log", ok=False, sentence=str(problem))
    return Finding("audit log", ok=verification.ok, sentence=verification.sentence)


def _client() -> Finding:
    textual = importlib.metadata.version("textual")
    python = platform.python_version()
    words = f"mlcd-tui {__version__}, Python {python}, Textual {textual}, {platform.platform(terse=True)}"
    return Finding("client", ok=True, sentence=words)


def _terminal() -> Finding:
    size = shutil.get_terminal_size()
    if not sys.stdout.isatty():
        return Finding("terminal", ok=None, sentence="standard output is not a terminal: the screen cannot open here")
    colours = (
        "true colour" if os.environ.get("COLORTERM") in {"truecolor", "24bit"} else os.environ.get("TERM", "unknown")
    )
    plain = ", NO_COLOR is set" if os.environ.get("NO_COLOR") else ""
    return Finding(
        "terminal",
        ok=size.columns >= 40 and size.lines >= 10,
        sentence=f"{size.columns}×{size.lines}, {colours}{plain}",
    )


async def _cluster(wired: Wired, findings: list[Finding]) -> None:
    connection = await wired.session.connect()
    target = connection.target
    findings.append(Finding("context", ok=True, sentence=f"{target.context}, {target.address}"))
    version = await connection.client.server_version()
    findings.append(Finding("server", ok=True, sentence=f"Kubernetes {version}"))
    skew = connection.client.skew
    words = f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} this machine; times shown are corrected by it"
    findings.append(
        Finding("clock", ok=abs(skew) < 60, sentence=words if abs(skew) >= 1 else "the server's clock agrees with ours")
    )
    findings.append(Finding("user", ok=True, sentence=await connection.client.whoami()))
    findings.append(await doctor_metrics.source(wired.session.metrics))
    findings.extend(await asyncio.gather(*(_engine(connection, engine) for engine in ENGINES.all())))
    namespace = wired.session.fleet.namespace or target.namespace
    for engine in ENGINES.all():
        if not (await connection.discovery.find(engine.watches[0].resource)).served:
            continue
        findings.extend(await _rights(connection, engine, namespace))


async def _engine(connection: Any, engine: Any) -> Finding:
    presence = await connection.discovery.find(engine.watches[0].resource)
    sentence = f"{engine.title}: {'found' if presence.served else f'off: {presence.sentence}'}"
    return Finding("engine", ok=True if presence.served else None, sentence=sentence)


async def _rights(connection: Any, engine: Any, namespace: str) -> list[Finding]:
    """What the user may do with an engine's rollouts, one line for seeing and one for acting."""
    from mlcd_tui.domain.plan import Access

    resource = engine.watches[0].resource
    seeing = [Access(verb, resource) for verb in ("list", "watch")]
    verdicts = await connection.reviewer.review(seeing)
    everywhere = all(verdict.allowed for verdict in verdicts.values())
    words = (
        f"{engine.title}: may list and watch in all namespaces"
        if everywhere
        else (f"{engine.title}: may not list and watch in all namespaces; use -n NAMESPACE")
    )
    needs = {access for verb in Verb for access in engine.access(verb, namespace)}
    acting = await connection.reviewer.review(sorted(needs))
    missing = sorted(str(access) for access, verdict in acting.items() if not verdict.allowed)
    may = (
        f"{engine.title}: may act in namespace {namespace}"
        if not missing
        else (f"{engine.title}: in namespace {namespace} may not {'; '.join(missing)}")
    )
    return [
        Finding("may see", ok=True if everywhere else None, sentence=words),
        Finding("may act", ok=None if missing else True, sentence=may),
    ]
