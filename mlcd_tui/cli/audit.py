"""`mlcd-tui audit list|verify|export`."""

from __future__ import annotations

import re
from datetime import UTC

import click

from mlcd_tui.cli import output
from mlcd_tui.cli.options import current, global_options
from mlcd_tui.domain.document import API_VERSION, audit_document, plain

_HEAD = ("at", "user", "context", "rollout", "verb", "stage", "outcome", "reason")


class _Head(click.ParamType[str]):
    """SHA-256 of a line, in hexadecimal."""

    name = "hash"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """In lower case."""
        text = str(value).strip().lower()
        if text and not re.fullmatch("[0-9a-f]{64}", text):
            self.fail(f"{value!r} is no head: 64 hexadecimal digits, as `audit verify` prints them", param, ctx)
        return text


@click.group(help="Who did what, on what evidence, with what outcome.")
@global_options
def audit() -> None:
    """Group of the audit commands."""


@audit.command("list", help="Newest entries first.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True)
@global_options
@click.pass_context
def list_(ctx: click.Context, limit: int) -> None:
    """Print entries."""
    from mlcd_tui.audit.log import AuditLog

    entries = AuditLog().entries(limit=limit)
    globals_ = current(ctx)
    if globals_.output != "table":
        output.emit(audit_document(entries), globals_.output)
        return
    rows = [
        [
            f"{entry.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z",
            entry.user,
            entry.context,
            entry.rollout,
            entry.verb,
            entry.stage,
            entry.told,
            entry.reason,
        ]
        for entry in entries
    ]
    output.table(_HEAD, rows)


@audit.command(help="Whether every entry is as it was written and none is missing; exit 1 if not.")
@click.option("--head", type=_Head(), default="", metavar="HASH", help="A head kept elsewhere; exit 1 if it is gone.")
@global_options
@click.pass_context
def verify(ctx: click.Context, head: str) -> None:
    """Verify the chain."""
    from mlcd_tui.audit.log import AuditLog

    verification = AuditLog().verify(head)
    globals_ = current(ctx)
    if globals_.output != "table":
        document = {"apiVersion": API_VERSION, "kind": "AuditVerification", **plain(verification)}
        output.emit(document, globals_.output)
    else:
        click.echo(verification.sentence)
        click.echo(f"Head: {verification.head}")
    raise SystemExit(0 if verification.ok else 1)


@audit.command(help="Every entry, oldest first, on standard output.")
@click.option("--format", "form", type=click.Choice(("json", "markdown", "csv")), default="json", show_default=True)
@global_options
def export(form: str) -> None:
    """Export the log."""
    from mlcd_tui.audit.log import AuditLog

    click.echo(AuditLog().export(form), nl=False)
