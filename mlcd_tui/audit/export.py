"""The log in forms that other programs and people read."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from mlcd_tui.audit.chain import Verification
from mlcd_tui.domain.errors import BadConfig
from mlcd_tui.domain.text import clean

_COLUMNS = (
    ("at", "At"),
    ("user", "User"),
    ("osUser", "OS user"),
    ("host", "Host"),
    ("context", "Context"),
    ("engine", "Engine"),
    ("namespace", "Namespace"),
    ("name", "Name"),
    ("verb", "Act"),
    ("stage", "Stage"),
    ("sentence", "What"),
    ("reason", "Reason"),
    ("id", "Id"),
    ("previous", "Answers"),
)
_FORMULA = ("=", "+", "-", "@")


def _json(entries: Sequence[dict[str, Any]], verification: Verification) -> str:
    document = {
        "apiVersion": "mlcd.dev/v1",
        "kind": "AuditList",
        "verification": {
            "ok": verification.ok,
            "count": verification.count,
            "firstBadLine": verification.first_bad_line,
            "tornLines": list(verification.torn),
            "head": verification.head,
            "sentence": verification.sentence,
        },
        "items": list(entries),
    }
    # ASCII: the export is exact and yet harmless when it is printed to a terminal.
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def _csv(entries: Sequence[dict[str, Any]], _verification: Verification) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([title for _, title in _COLUMNS])
    for entry in entries:
        cells = [clean(entry.get(key)) for key, _ in _COLUMNS]
        # A spreadsheet runs a cell that begins like a formula; a quote before it makes it text.
        writer.writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells])
    return out.getvalue()


def _markdown(entries: Sequence[dict[str, Any]], verification: Verification) -> str:
    lines = [
        "# Audit log",
        "",
        _literal(verification.sentence),
        "",
        f"Hash of the last line: `{verification.head}`",
        "",
        "| " + " | ".join(title for _, title in _COLUMNS) + " |",
        "|" + " --- |" * len(_COLUMNS),
    ]
    lines += ["| " + " | ".join(_literal(entry.get(key)) for key, _ in _COLUMNS) + " |" for entry in entries]
    return "\n".join(lines) + "\n"


def _literal(value: object) -> str:
    """Text that Markdown shows as it is: no links, no HTML, no table cells of its own."""
    return re.sub(r"([\\`*_\[\]<>|#~&!])", r"\\\1", clean(value))


FORMS: dict[str, Callable[[Sequence[dict[str, Any]], Verification], str]] = {
    "json": _json,
    "markdown": _markdown,
    "csv": _csv,
}
"""Every form of export by its name."""


def render(form: str, entries: Sequence[dict[str, Any]], verification: Verification) -> str:
    """The entries in one of `FORMS`.

    Raises:
        BadConfig: there is no such form.
    """
    if form not in FORMS:
        raise BadConfig(f"{clean(form)!r} is not a form of export; there is: {', '.join(FORMS)}.")
    return FORMS[form](entries, verification)
