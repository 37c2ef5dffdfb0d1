"""Inputs that schemathesis makes up from the schema, in a process of its own; only where the extra is installed."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlcd_tui.checks.kinds._asking import Halted
from mlcd_tui.checks.kinds._contract import Contract
from mlcd_tui.checks.kinds._probing import Part, Probing
from mlcd_tui.checks.kinds._schema_plan import GeneratedPart
from mlcd_tui.checks.parsers.schemathesis_ndjson import PARSER
from mlcd_tui.domain.checks import CheckState, Severity
from mlcd_tui.domain.errors import Unreadable

_NAME = "generated inputs"
_GRACE = 15.0
"""Seconds that it may take to start and to write its report, beside its own time."""
_PULSE = 0.1
_MOST_FINDINGS = 100


def probe(probing: Probing, generated: GeneratedPart) -> Part:
    """Let schemathesis ask. Raises `Halted`."""
    command = _command()
    if not command:
        text = "skipped: schemathesis is not installed, install mlcd-tui[schema]"
        probing.outcome.bad(f"generated inputs {text}", "generated-skipped", warning=True)
        return Part(_NAME, CheckState.SKIPPED, text)
    unsure = probing.contract.kind != "openapi" and any(one.sure is None for one in probing.operations)
    if probing.contract.troubles or unsure:
        text = f"skipped: {'no valid inputs can be made up' if unsure else 'the document is not valid'}"
        probing.outcome.bad(f"generated inputs {text}", "generated-skipped", warning=True)
        return Part(_NAME, CheckState.SKIPPED, text)
    with tempfile.TemporaryDirectory(prefix="mlcd-") as folder:
        schema, report = Path(folder) / "openapi.json", Path(folder) / "report.ndjson"
        schema.write_text(json.dumps(described(probing.contract)))
        told = _run([*command, *_options(probing, generated, schema, report)], folder, probing, generated)
        if told:
            probing.outcome.bad(f"generated inputs: {told}", "generated")
            return Part(_NAME, CheckState.ERROR, told)
        return _read(probing, report)


def _command() -> list[str]:
    """How it is started; empty: it is not installed."""
    return [sys.executable, "-m", "schemathesis.cli"] if importlib.util.find_spec("schemathesis") else []


def _options(probing: Probing, generated: GeneratedPart, schema: Path, report: Path) -> list[str]:
    chosen = [f"--include-path={one.path}" for one in probing.operations]
    return [
        "run",
        str(schema),
        f"--url={probing.served.url}",
        *chosen,
        f"--seed={generated.seed}",
        f"--max-examples={generated.max_examples}",
        f"--max-time={max(1, int(generated.seconds))}",
        f"--request-timeout={probing.spec.answer_within:g}",
        "--max-redirects=0",
        "--continue-on-failure",
        "--generation-database=none",
        "--report=ndjson",
        f"--report-ndjson-path={report}",
        "--workers=1",
        "--no-color",
    ]


def _run(command: list[str], folder: str, probing: Probing, generated: GeneratedPart) -> str:
    """Run it to its end; why it came to none, or nothing. Raises `Halted`."""
    end = min(time.monotonic() + generated.seconds + _GRACE, probing.asker.deadline)
    environment = {key: os.environ[key] for key in ("PATH", "SYSTEMROOT", "LANG") if key in os.environ}
    environment |= {"HOME": folder, "TMPDIR": folder, "PYTHONUTF8": "1", "NO_PROXY": "*"}
    output = Path(folder) / "output.txt"
    with (
        output.open("wb") as file,
        subprocess.Popen(  # noqa: S603 - our own interpreter, no shell
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        ) as process,
    ):
        try:
            while process.poll() is None:
                if probing.asker.cancelled():
                    raise Halted(cancelled=True)
                if time.monotonic() > end:
                    return f"not done after {generated.seconds:g} s"
                time.sleep(_PULSE)
        finally:
            if process.poll() is None:
                _end(process)
    last = output.read_bytes()[-2000:].decode("utf-8", "replace").strip().splitlines()
    for line in last[-5:]:
        probing.log(line)
    if process.returncode not in {0, 1}:
        return f"schemathesis ended with {process.returncode}: {last[-1] if last else 'it said nothing'}"
    return ""


def _end(process: subprocess.Popen[bytes]) -> None:
    """With all that it has started; where there are no groups, itself."""
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()


def _read(probing: Probing, report: Path) -> Part:
    try:
        found = PARSER.parse(report.read_bytes())
    except (OSError, Unreadable) as problem:
        probing.outcome.bad(f"generated inputs: {problem}", "generated")
        return Part(_NAME, CheckState.ERROR, "its report cannot be read")
    for one in found.findings[:_MOST_FINDINGS]:
        probing.outcome.findings.add(one.message, severity=one.severity, rule=one.rule)
    total, passed = found.total or 0, found.passed or 0
    probing.total += total
    probing.passed += passed
    if not total:
        return Part(_NAME, CheckState.ERROR, "no case was made")
    errors = any(one.severity is Severity.ERROR for one in found.findings)
    state = CheckState.FAILED if errors else CheckState.WARNED if found.findings else CheckState.PASSED
    return Part(_NAME, state, f"{passed} of {total} generated inputs without a finding")


def described(contract: Contract) -> Mapping[str, Any]:
    """A contract as OpenAPI: its own document, or one made of what the other protocols tell."""
    if contract.kind == "openapi":
        return {**contract.document, "servers": [], "paths": _without_servers(contract.document.get("paths"))}
    paths: dict[str, Any] = {}
    for one in contract.operations:
        answers: dict[str, Any] = {
            status: {"description": "answer", "content": {"application/json": {"schema": schema}}}
            for status, schema in one.answers.items()
        }
        answers["4XX"] = {"description": "refused"}
        media = {"schema": one.sure, **({"example": one.examples[0]} if one.examples else {})}
        body = {"required": True, "content": {"application/json": media}}
        paths[one.path] = {one.method.lower(): {"requestBody": body, "responses": answers}}
    return {"openapi": "3.1.0", "info": {"title": contract.kind, "version": "1"}, "paths": paths}


def _without_servers(paths: Any) -> dict[str, Any]:
    """Nothing in the document may lead to another machine."""
    return {
        path: {
            key: {name: value for name, value in one.items() if name != "servers"} if isinstance(one, Mapping) else one
            for key, one in item.items()
            if key != "servers"
        }
        for path, item in (paths.items() if isinstance(paths, Mapping) else ())
        if isinstance(item, Mapping)
    }
