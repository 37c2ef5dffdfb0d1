"""What the endpoints of the running image promise, whether that was approved, and whether it is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlcd_tui.checks.kinds import _probes_bad, _probes_generated, _probes_lock, _probes_valid
from mlcd_tui.checks.kinds._asking import Asker, Halted
from mlcd_tui.checks.kinds._contract import Contract
from mlcd_tui.checks.kinds._contract_mlflow import mlflow
from mlcd_tui.checks.kinds._contract_openapi import openapi
from mlcd_tui.checks.kinds._contract_tensors import openinference
from mlcd_tui.checks.kinds._outcome import Outcome, worst
from mlcd_tui.checks.kinds._probing import Part, Probing
from mlcd_tui.checks.kinds._schema_plan import EndpointSchemaPart, SourcePart
from mlcd_tui.checks.kinds._snapshot_cases import PATTERNS
from mlcd_tui.domain.check_ports import Bench, Served
from mlcd_tui.domain.checks import CheckResult, CheckState
from mlcd_tui.domain.errors import Missing, Problem, Unreadable

_MOST_MLMODEL = 4 << 20
_MOST_DOCUMENT = 8 << 20


@dataclass(frozen=True, slots=True)
class _EndpointSchema:
    name: str = "endpoint_schema"
    title: str = "Endpoint schema"
    model: type[Any] = EndpointSchemaPart

    def files(self, spec: EndpointSchemaPart) -> tuple[str, ...]:
        """The lock and the examples."""
        lock = (spec.lock,) if spec.lock else ()
        examples = tuple(f"{spec.examples}/{pattern}" for pattern in PATTERNS[:3]) if spec.examples else ()
        return (*lock, *examples)

    def run(self, spec: EndpointSchemaPart, bench: Bench, folder: str, log: Callable[[str], None]) -> CheckResult:
        """Read the contract, compare it, then ask."""
        outcome = Outcome(spec)
        try:
            model = _mlmodel(spec.source, bench)
        except (Missing, Unreadable) as problem:
            outcome.bad(str(problem), "contract-unreadable")
            return outcome.result(CheckState.FAILED, str(problem))
        with bench.serve(spec.serving(), log) as served:
            asker = outcome.asker(served, bench, spec.answer_within, spec.answer_size)
            try:
                return _asked(spec, bench, served, asker, outcome, folder, model, log)
            except Halted as why:
                outcome.written = served.log()
                return outcome.halted(why)


CHECK = _EndpointSchema()


def _asked(
    spec: EndpointSchemaPart,
    bench: Bench,
    served: Served,
    asker: Asker,
    outcome: Outcome,
    folder: str,
    model: bytes,
    log: Callable[[str], None],
) -> CheckResult:
    try:
        contract = _contract(spec.source, asker, model)
    except Unreadable as problem:
        outcome.written = served.log()
        outcome.bad(str(problem), "contract-unreadable")
        return outcome.result(CheckState.FAILED, str(problem))
    probing = Probing(spec, contract, asker, served, bench.image, Path(folder), outcome, log)
    parts = [_document(probing)]
    if spec.lock is not None:
        parts.append(_probes_lock.probe(probing, spec.lock))
    try:
        parts.append(_probes_valid.probe(probing))
        if spec.bad_inputs and served.alive():
            parts.append(_probes_bad.probe(probing))
        if spec.generated is not None and served.alive():
            parts.append(_probes_generated.probe(probing, spec.generated))
    except Halted:
        raise
    except Problem as problem:
        outcome.bad(str(problem), "examples")
        parts.append(Part("examples", CheckState.ERROR, str(problem)))
    if not served.alive():
        outcome.bad("the container ended while it was asked", "server-died")
        parts.append(Part("server", CheckState.FAILED, "the container ended while it was asked"))
    return _result(probing, parts)


def _result(probing: Probing, parts: list[Part]) -> CheckResult:
    for part in parts:
        probing.log(f"{part.name}: {part.state.value}, {part.sentence}")
    probing.outcome.written = probing.served.log()
    # What the plan asks for and could not be done must be seen.
    states = [CheckState.WARNED if part.state is CheckState.SKIPPED else part.state for part in parts]
    state = worst(states)
    if state is CheckState.PASSED:
        told = parts[1:]
    else:
        told = sorted(
            (part for part in parts if part.state is not CheckState.PASSED), key=lambda part: part.state is not state
        )
    sentence = "; ".join(part.sentence for part in told)
    return probing.outcome.result(state, sentence, total=probing.total, passed=probing.passed)


def _document(probing: Probing) -> Part:
    """Whether the document itself is valid."""
    troubles = probing.contract.troubles
    for trouble in troubles:
        probing.outcome.bad(trouble, "document")
    probing.count(good=not troubles)
    if troubles:
        more = f" and {len(troubles) - 1} more" if len(troubles) > 1 else ""
        return Part("document", CheckState.FAILED, f"the document is not valid: {troubles[0]}{more}")
    return Part("document", CheckState.PASSED, "the document is valid")


def _mlmodel(source: SourcePart, bench: Bench) -> bytes:
    """The MLmodel in the image, read before anything is started; empty: the server tells its contract."""
    return bench.file(source.mlflow, _MOST_MLMODEL) if source.mlflow else b""


def _contract(source: SourcePart, asker: Asker, model: bytes) -> Contract:
    """What is promised. Raises `Unreadable`."""
    if source.mlflow:
        return mlflow(model)
    path = source.openapi or f"/v2/models/{source.openinference}"
    answer = asker.ask("GET", path)
    if not answer.good:
        why = answer.trouble or f"status {answer.status}"
        raise Unreadable(f"The contract cannot be had at {path}: {why}.")
    if len(answer.body) > _MOST_DOCUMENT:
        raise Unreadable(f"The contract at {path} is larger than {_MOST_DOCUMENT:,} bytes.")
    document = answer.json()
    return openapi(document) if source.openapi else openinference(document, source.openinference or "")
