"""Bad inputs have to be refused, in time, and the server has to survive them."""

from __future__ import annotations

from mlcd_tui.checks.kinds._asking import Answer
from mlcd_tui.checks.kinds._bad_inputs import Input, Weight, other_method, table
from mlcd_tui.checks.kinds._contract import Operation
from mlcd_tui.checks.kinds._outcome import worst
from mlcd_tui.checks.kinds._probing import Part, Probing
from mlcd_tui.domain.checks import CheckState, Severity


def probe(probing: Probing) -> Part:
    """The whole table for every operation."""
    states: list[CheckState] = []
    first = ""
    for operation in probing.operations:
        working = probing.working.get(operation.label)
        if working is None and "{" in operation.path:
            continue
        path = working.path if working else operation.path
        method = other_method(probing.contract.root, operation.path)
        for bad in table(operation, path, working.value if working else None, probing.contract.root, method):
            state, why = _row(probing, operation, bad)
            if why and (not first or (state is CheckState.FAILED and CheckState.FAILED not in states)):
                first = f"; {bad.row}: {why}"
            states.append(state)
            probing.count(good=state is CheckState.PASSED)
            if not probing.served.alive():
                probing.outcome.bad(f"{operation.label}: the container ended after {bad.row}", bad.row)
                return Part("bad inputs", CheckState.FAILED, f"the container ended after {bad.row}")
    if not states:
        return Part("bad inputs", CheckState.WARNED, "no operation could be asked")
    refused = sum(state is CheckState.PASSED for state in states)
    return Part("bad inputs", worst(states), f"{refused} of {len(states)} bad inputs handled well{first}")


def _row(probing: Probing, operation: Operation, bad: Input) -> tuple[CheckState, str]:
    answer = probing.asker.ask(bad.method, bad.path, bad.body, {"content-type": bad.content_type})
    state, why = _judged(bad, answer)
    if state is not CheckState.FAILED and (after := _aftermath(probing, operation)):
        state, why = CheckState.FAILED, after
    excuse = probing.spec.excused.get(bad.row)
    if why and excuse:
        state, why = CheckState.WARNED, f"{why} (excused: {excuse})"
    probing.log(f"bad: {operation.label}, {bad.row}: {why or f'status {answer.status}'}")
    if why:
        probing.outcome.findings.add(
            f"{operation.label}, {bad.row}: {why}",
            severity=Severity.ERROR if state is CheckState.FAILED else Severity.WARNING,
            rule=bad.row,
            expected="4xx",
            actual=answer.status or answer.trouble,
        )
    return state, why


def _judged(bad: Input, answer: Answer) -> tuple[CheckState, str]:
    status = answer.status
    if status is None:
        return CheckState.FAILED, f"the answer: {answer.trouble}"
    if 400 <= status < 500 or (status == 501 and bad.row == "wrong-method"):
        return CheckState.PASSED, ""
    if status >= 500:
        state = CheckState.WARNED if bad.lenient else CheckState.FAILED
        return state, f"status {status}: the server failed instead of refusing"
    if bad.weight is Weight.MAY:
        return CheckState.PASSED, ""
    state = CheckState.FAILED if bad.weight is Weight.MUST else CheckState.WARNED
    return state, f"status {status}: it was not refused"


def _aftermath(probing: Probing, operation: Operation) -> str:
    """Whether the next valid request is still answered."""
    working = probing.working.get(operation.label)
    if working is None:
        return ""
    answer = probing.ask(working)
    if answer.good:
        return ""
    return f"the next valid input was not answered: {answer.trouble or f'status {answer.status}'}"
