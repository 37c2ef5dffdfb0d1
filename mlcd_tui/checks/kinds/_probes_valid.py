"""Valid inputs have to be answered, and the answer has to be what was promised."""

from __future__ import annotations

from mlcd_tui.checks.kinds._asking import Answer
from mlcd_tui.checks.kinds._outcome import worst
from mlcd_tui.checks.kinds._probing import Part, Probing, Sent
from mlcd_tui.checks.kinds._schemas import objection
from mlcd_tui.domain.checks import CheckState, Severity
from mlcd_tui.domain.errors import Unreadable

_MOST_VALIDATED = 2 << 20
"""Bytes of an answer that is held against its schema."""


def probe(probing: Probing) -> Part:
    """Every valid input, once."""
    states: list[CheckState] = []
    answered = 0
    for sent in probing.requests():
        if isinstance(sent, str):
            probing.outcome.bad(sent, "no-example", warning=True)
            states.append(CheckState.WARNED)
            continue
        answer = probing.ask(sent)
        state, why = _judged(probing, sent, answer)
        probing.count(good=state is CheckState.PASSED)
        answered += state is CheckState.PASSED
        probing.log(f"valid: {sent.operation.label}, {sent.name}: {why or 'as promised'}")
        if why:
            severity = Severity.ERROR if state is CheckState.FAILED else Severity.WARNING
            probing.outcome.findings.add(
                f"{sent.operation.label}, {sent.name}: {why}",
                severity=severity,
                rule="valid-input",
                actual=answer.body[:300].decode("utf-8", "replace"),
            )
        if answer.good:
            probing.working.setdefault(sent.operation.label, sent)
        states.append(state)
    if not states:
        probing.outcome.bad("no operation takes JSON, so nothing was asked", "no-operation")
        return Part("valid inputs", CheckState.ERROR, "there is no operation to ask")
    return Part("valid inputs", worst(states), f"{answered} of {len(states)} valid inputs answered as promised")


def _judged(probing: Probing, sent: Sent, answer: Answer) -> tuple[CheckState, str]:
    if answer.trouble or answer.status is None:
        return CheckState.FAILED, f"the answer: {answer.trouble}"
    if not answer.good:
        why = f"status {answer.status} for a valid input"
        refused = sent.made and 400 <= answer.status < 500
        if refused:
            return CheckState.WARNED, f"{why} that was {sent.name}; give a real one in `examples`"
        return CheckState.FAILED, why
    schema = sent.operation.answer(answer.status)
    if schema is None:
        return CheckState.PASSED, ""
    if len(answer.body) > _MOST_VALIDATED:
        return CheckState.WARNED, f"the answer is larger than {_MOST_VALIDATED:,} bytes and was not validated"
    try:
        value = answer.json()
    except Unreadable as problem:
        return CheckState.FAILED, f"the answer: {problem}"
    if isinstance(value, dict) and value.get("status") == "failed" and "error" in value:
        return CheckState.FAILED, "status 200, but the answer says that the prediction failed"
    wrong = objection(value, schema, probing.contract.root)
    if wrong is None:
        return CheckState.WARNED, "the answer could not be held against its schema"
    return (CheckState.FAILED, f"the answer is not as promised: {wrong}") if wrong else (CheckState.PASSED, "")
