"""What the server promises now, beside what was approved."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mlcd_tui.checks.accepting import note_beside, received_beside
from mlcd_tui.checks.kinds._asking import read_json
from mlcd_tui.checks.kinds._contract import Contract
from mlcd_tui.checks.kinds._contract_mlflow import mlflow
from mlcd_tui.checks.kinds._contract_openapi import openapi
from mlcd_tui.checks.kinds._contract_tensors import openinference
from mlcd_tui.checks.kinds._probing import Part, Probing
from mlcd_tui.checks.kinds._snapshot_cases import digests_of, read, write, write_json
from mlcd_tui.domain.checks import CheckState, Severity
from mlcd_tui.domain.compatibility import compare_endpoints
from mlcd_tui.domain.digest import sha256_of
from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.verdict import Verdict

_NAME = "contract"


def probe(probing: Probing, name: str) -> Part:
    """The served contract beside the lock `name`."""
    lock = probing.folder / name
    if not lock.exists():
        _keep(probing, name)
        probing.outcome.bad("no contract is approved yet: look at it, then accept it", "contract-new", name)
        return Part(_NAME, CheckState.ERROR, "no contract is approved yet")
    try:
        approved = _locked(read(lock))
    except Unreadable as problem:
        probing.outcome.bad(f"{name}: {problem}", "contract-unreadable", name)
        return Part(_NAME, CheckState.ERROR, f"{name} cannot be read")
    part = _compared(probing, approved, name)
    if part.state is CheckState.PASSED and written(approved) == written(probing.contract):
        _forget(probing, name)
    else:
        _keep(probing, name)
    return part


def _compared(probing: Probing, approved: Contract, name: str) -> Part:
    now = probing.contract
    if approved.kind != now.kind:
        text = f"the contract is told by {now.kind}, the approved one by {approved.kind}"
        probing.outcome.bad(text, "contract-kind", name)
        return Part(_NAME, CheckState.FAILED, text)
    found = compare_endpoints(approved.endpoints, now.endpoints)
    unknown = CheckState.FAILED if probing.spec.unknown == "failed" else CheckState.WARNED
    severities = {
        Verdict.BREAKING: Severity.ERROR,
        Verdict.UNKNOWN: Severity.ERROR if unknown is CheckState.FAILED else Severity.WARNING,
        Verdict.COMPATIBLE: Severity.INFO,
    }
    for one in found.findings:
        probing.outcome.findings.add(
            one.sentence,
            severity=severities[one.verdict],
            rule=one.rule,
            file=name,
            expected=one.before,
            actual=one.after,
        )
    states = {Verdict.BREAKING: CheckState.FAILED, Verdict.UNKNOWN: unknown, Verdict.COMPATIBLE: CheckState.PASSED}
    state = states[found.verdict]
    probing.count(good=state is CheckState.PASSED)
    if found.verdict is not Verdict.COMPATIBLE:
        return Part(_NAME, state, found.headline)
    additions = len(found.findings)
    return Part(_NAME, state, f"contract as approved{f', with {additions} additions' if additions else ''}")


def written(contract: Contract) -> bytes:
    """A contract as a lock file."""
    whole = {"contract": contract.kind, "document": contract.document}
    return (json.dumps(whole, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def _locked(data: bytes) -> Contract:
    """A lock file as a contract. Raises `Unreadable`."""
    found = read_json(data)
    document: Any = found.get("document") if isinstance(found, Mapping) else None
    if not isinstance(document, Mapping):
        raise Unreadable("It is no locked contract.")
    kind = found["contract"]
    if kind == "openapi":
        return openapi(document)
    if kind == "openinference":
        return openinference(document, str(document.get("name")))
    if kind == "mlflow":
        return mlflow(json.dumps(document).encode())
    raise Unreadable("It is no locked contract of a kind that is known.")


def _keep(probing: Probing, name: str) -> None:
    lock = probing.folder / name
    data = written(probing.contract)
    try:
        write(received_beside(lock), data)
        write_json(note_beside(lock, "received"), {"image": digests_of(probing.image), "sha256": sha256_of(data)})
    except OSError as error:
        probing.log(f"the received contract cannot be written beside {name}: {error.strerror}")


def _forget(probing: Probing, name: str) -> None:
    lock = probing.folder / name
    try:
        received_beside(lock).unlink(missing_ok=True)
        note_beside(lock, "received").unlink(missing_ok=True)
    except OSError as error:
        probing.log(f"the contract received earlier cannot be removed: {error.strerror}")
