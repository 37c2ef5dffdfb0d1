"""`mlcd-tui packages publish`: plan, show, ask, do, tell the truth."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Any

import click

from mlcd_tui.cli import output
from mlcd_tui.cli.options import Globals
from mlcd_tui.cli.wiring import Wired, run
from mlcd_tui.domain.document import API_VERSION, plain
from mlcd_tui.domain.errors import BadConfig
from mlcd_tui.domain.package_ports import Publication, PublishOutcome
from mlcd_tui.domain.plan import Result
from mlcd_tui.domain.text import clean

EXIT = {Result.DONE: 0, Result.SENT: 1, Result.FAILED: 1, Result.CONFLICT: 3, Result.REFUSED: 3}


@dataclass(frozen=True, slots=True)
class How:
    """How it is to be done."""

    yes: bool
    dry_run: bool
    reason: str
    confirm_name: str


def publish_package(globals_: Globals, address: str, image: str, how: How) -> int:
    """Publish, and the exit code."""

    async def work(wired: Wired) -> int:
        namespace = globals_.namespace
        if not namespace:
            raise BadConfig("a package is published in a namespace.", advice="Name it with -n NAME.")
        publication = await wired.session.packages.propose_publish(address, image, namespace)
        return await _decide(wired, globals_.output, how, publication)

    return run(work, globals_)


async def _decide(wired: Wired, form: str, how: How, publication: Publication) -> int:
    machine = form in {"json", "yaml"}
    if how.dry_run or publication.denied:
        if machine:
            output.emit(publication_document(publication), form)
        else:
            _print(publication, err=bool(publication.denied))
        if publication.denied and not how.dry_run:
            await wired.session.packages.decline(publication, how.reason)
        return 3 if publication.denied else 0
    if not machine or not how.yes:
        _print(publication, err=machine)
    if not how.yes and not asked():
        await wired.session.packages.decline(publication, how.reason)
        return 3
    typed = how.confirm_name or typed_name(publication.typed_name)
    outcome = await wired.session.packages.publish(publication, how.reason, typed)
    if machine:
        output.emit(outcome_document(outcome), form)
    else:
        click.echo(f"{outcome.result.value}: {outcome.sentence}")
    return EXIT[outcome.result]


def asked() -> bool:
    """Whether whoever sits there says yes."""
    if not sys.stdin.isatty():
        click.echo("mlcd-tui: nothing was sent: there is no terminal to ask; add --yes to do it.", err=True)
        return False
    try:
        return click.confirm("Publish it?", default=False, err=True)
    except click.Abort:
        click.echo(err=True)
        return False


def typed_name(wanted: str) -> str:
    """What the operator types in a production context; nothing where nothing need be typed, or nobody can."""
    if not wanted:
        return ""
    if not sys.stdin.isatty():
        click.echo(f"mlcd-tui: a production context: add --confirm-name {wanted} to publish here.", err=True)
        return ""
    try:
        return str(click.prompt(f"Production: type {wanted} to confirm", default="", show_default=False, err=True))
    except click.Abort:
        click.echo(err=True)
        return ""


def _print(publication: Publication, *, err: bool) -> None:
    """What would be sent, complete but for the package's own text, which `packages show` prints."""
    lines = [str(publication.sentence)]
    lines += [f"Warning: {warning}" for warning in publication.warnings]
    lines += [f"There is now: {publication.before}"] if publication.before else []
    lines.append(f"  {publication.method} {publication.path}")
    metadata = publication.body.get("metadata")
    lines.append(f"    {json.dumps(metadata, ensure_ascii=True)}")
    lines += [f"Denied: {publication.denied}"] if publication.denied else []
    for line in lines:
        click.echo(clean(line, limit=20_000), err=err)


def publication_document(publication: Publication) -> dict[str, Any]:
    """What would be sent, as JSON."""
    return {
        "apiVersion": API_VERSION,
        "kind": "Publication",
        "sentence": publication.sentence,
        "method": publication.method,
        "path": publication.path,
        "body": plain(dict(publication.body)),
        "before": publication.before,
        "warnings": list(publication.warnings),
        "denied": publication.denied,
        "needsTypedName": publication.typed_name or None,
    }


def outcome_document(outcome: PublishOutcome) -> dict[str, Any]:
    """What became of it, as JSON."""
    return {
        "apiVersion": API_VERSION,
        "kind": "PublishOutcome",
        "result": outcome.result.value,
        "sentence": outcome.sentence,
        "auditId": outcome.audit_id,
    }
