"""`mlcd-tui checks publish`: a kept run in the cluster, or beside its image; shown, asked, done, told."""

from __future__ import annotations

import json
from typing import Any

import click

from mlcd_tui.cli import output
from mlcd_tui.cli.options import Globals
from mlcd_tui.cli.publishing import EXIT, How, asked, outcome_document, typed_name
from mlcd_tui.cli.wiring import Wired, run
from mlcd_tui.domain.check_ports import CheckPublication
from mlcd_tui.domain.document import API_VERSION, plain
from mlcd_tui.domain.errors import BadConfig
from mlcd_tui.domain.published import image_digest
from mlcd_tui.domain.text import clean
from mlcd_tui.session.check_desk import Checks


def publish_run(globals_: Globals, run_id: str, image: str, how: How) -> int:
    """Publish in the cluster, and the exit code."""

    async def work(wired: Wired) -> int:
        if not globals_.namespace:
            raise BadConfig("Evidence is published in a namespace.", advice="Name it with -n NAME.")
        digest = _digest(image)
        publication = await wired.session.checks.propose_publish(run_id, digest, globals_.namespace)
        return await _decide(wired.session.checks, globals_.output, how, publication)

    return run(work, globals_)


async def push_run(desk: Checks, form: str, run_id: str, image: str, how: How) -> int:
    """Put a kept run beside its image, and the exit code."""
    _digest(image)
    what = f"put run {run_id} beside {image} in its registry"
    machine = form in {"json", "yaml"}
    document = {"apiVersion": API_VERSION, "kind": "CheckPush", "run": str(clean(run_id)), "image": str(clean(image))}
    if how.dry_run:
        if machine:
            output.emit(document | {"digest": None}, form)
        else:
            click.echo(clean(f"Would {what}."))
        return 0
    if not how.yes:
        click.echo(clean(f"This will {what}."), err=True)
        if not asked():
            return 3
    digest = await desk.push(run_id, image)
    if machine:
        output.emit(document | {"digest": digest}, form)
    else:
        click.echo(clean(f"done: {digest} refers to {image}"))
    return 0


def _digest(image: str) -> str:
    digest = image_digest(image)
    if not digest:
        raise BadConfig(
            f"{clean(image)} names no digest.", advice="A tag may mean another image tomorrow: IMAGE@sha256:…"
        )
    return digest


async def _decide(desk: Checks, form: str, how: How, publication: CheckPublication) -> int:
    machine = form in {"json", "yaml"}
    if how.dry_run or publication.denied:
        if machine:
            output.emit(_document(publication), form)
        else:
            _print(publication, err=bool(publication.denied))
        return 3 if publication.denied else 0
    if not machine or not how.yes:
        _print(publication, err=machine)
    if not how.yes and not asked():
        return 3
    typed = how.confirm_name or typed_name(publication.typed_name)
    outcome = await desk.publish(publication, how.reason, typed)
    if machine:
        output.emit(outcome_document(outcome), form)
    else:
        click.echo(f"{outcome.result.value}: {outcome.sentence}")
    return EXIT[outcome.result]


def _print(publication: CheckPublication, *, err: bool) -> None:
    """What would be sent, complete but for the evidence itself, which `checks show` prints."""
    lines = [str(publication.sentence), *(f"Warning: {warning}" for warning in publication.warnings)]
    lines.append(f"  {publication.method} {publication.path}")
    lines.append(f"    {json.dumps(publication.body.get('metadata'), ensure_ascii=True)}")
    lines += [f"Denied: {publication.denied}"] if publication.denied else []
    for line in lines:
        click.echo(clean(line, limit=20_000), err=err)


def _document(publication: CheckPublication) -> dict[str, Any]:
    return {
        "apiVersion": API_VERSION,
        "kind": "CheckPublication",
        "run": publication.run.id,
        "digest": publication.digest,
        "sentence": publication.sentence,
        "method": publication.method,
        "path": publication.path,
        "body": plain(dict(publication.body)),
        "warnings": list(publication.warnings),
        "denied": publication.denied,
        "needsTypedName": publication.typed_name or None,
    }
