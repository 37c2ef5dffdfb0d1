"""Answers of the running image to given inputs, beside the approved ones."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mlcd_tui.checks.kinds._asking import Answer, Asker, Halted, read_json
from mlcd_tui.checks.kinds._outcome import Outcome, worst
from mlcd_tui.checks.kinds._snapshot_cases import PATTERNS, Case, cases, digests_of, read
from mlcd_tui.checks.kinds._snapshot_plan import RequestPart, SnapshotPart
from mlcd_tui.domain.check_ports import Bench, Served
from mlcd_tui.domain.checks import CheckResult, CheckState, ImageIdentity, Severity
from mlcd_tui.domain.errors import BadConfig, Problem, Unreadable
from mlcd_tui.domain.snapshot import Comparison, Deviation, Rules, compare, compare_bytes, spread

_MOST_TOLD = 20
"""Deviations of one case that become findings; the case's own files hold all of them."""
_MOST_PRETTY = 2 << 20
"""Bytes of an answer that is written with line breaks, so that two of them can be read side by side."""


@dataclass(frozen=True, slots=True)
class _Snapshot:
    name: str = "snapshot"
    title: str = "Snapshot"
    model: type[Any] = SnapshotPart

    def files(self, spec: SnapshotPart) -> tuple[str, ...]:
        """Requests and approved answers; what was received decides nothing."""
        return tuple(f"{spec.cases}/{pattern}" for pattern in PATTERNS)

    def run(self, spec: SnapshotPart, bench: Bench, folder: str, log: Callable[[str], None]) -> CheckResult:
        """Send every case and compare."""
        outcome = Outcome(spec)
        try:
            found = cases(Path(folder) / spec.cases)
        except Problem as problem:
            return outcome.result(CheckState.ERROR, str(problem), total=0)
        if len(found) < spec.min_cases:
            text = f"{len(found)} cases in {spec.cases}, at least {spec.min_cases} are asked"
            return outcome.result(CheckState.ERROR, text, total=len(found))
        with bench.serve(spec.serving(), log) as served:
            asker = outcome.asker(served, bench, spec.answer_within, spec.answer_size)
            run = _Run(spec, asker, served, bench.image, outcome, log)
            try:
                return run.all(found)
            except Halted as why:
                outcome.written = served.log()
                return outcome.halted(why, total=len(found), passed=run.passed)


CHECK = _Snapshot()


@dataclass(slots=True)
class _Run:
    """All cases of one check, one after the other: a model that is asked side by side may answer otherwise."""

    spec: SnapshotPart
    asker: Asker
    served: Served
    image: ImageIdentity
    outcome: Outcome
    log: Callable[[str], None]
    rules: Rules = field(init=False)
    states: list[CheckState] = field(default_factory=list)
    worst: tuple[str, str] = ("", "")
    """The first case that is not as approved, and why."""

    def __post_init__(self) -> None:
        self.rules = self.spec.compare.rules()

    @property
    def passed(self) -> int:
        """Cases that are met."""
        return sum(state.met for state in self.states)

    def all(self, found: tuple[Case, ...]) -> CheckResult:
        """Every case, until the container has ended."""
        for case in found:
            state, why = self.one(case)
            self.states.append(state)
            self.log(f"{case.name}: {state.value}{f', {why}' if why else ''}")
            if why and (
                not self.worst[1] or (state is CheckState.FAILED and CheckState.FAILED not in self.states[:-1])
            ):
                self.worst = (case.name, why)
            if not self.served.alive():
                self.states.append(CheckState.FAILED)
                self.worst = (case.name, "the container ended while it was asked")
                self.outcome.bad(f"{case.name}: the container ended while it was asked", "server-died")
                break
        self.outcome.written = self.served.log()
        state, total = worst(self.states), len(found)
        sentence = f"{self.passed} of {total} {'case' if total == 1 else 'cases'} as approved"
        if self.worst[1]:
            sentence += f"; {self.worst[0]}: {self.worst[1]}"
        return self.outcome.result(state, sentence, total=total, passed=self.passed)

    def one(self, case: Case) -> tuple[CheckState, str]:
        """One case: whether the model agrees with itself first, then with what was approved."""
        try:
            request, body, kind = self.request(case)
            approved = case.approved()
        except Problem as problem:
            return self.not_met(case, CheckState.ERROR, str(problem), "case")
        answers: list[Answer] = []
        for _ in range(self.spec.repeat):
            headers = {**({"content-type": kind} if kind else {}), **request.headers}
            answer = self.asker.ask(request.method, request.path, body, headers)
            if answer.trouble or answer.status != request.status:
                why = answer.trouble or f"status {answer.status}, {request.status} was expected"
                return self.not_met(case, CheckState.FAILED, f"the answer: {why}", "answer")
            answers.append(answer)
        values = [_value(answer, approved) for answer in answers]
        own = spread(values, self.rules)
        if not own.stable:
            return self.not_met(
                case, CheckState.ERROR, f"the model does not agree with itself: {own.sentence}", "spread"
            )
        if approved is None:
            self.keep(case, answers[0])
            return self.not_met(case, CheckState.ERROR, "no answer is approved yet: look at it, then accept it", "new")
        return self.judged(case, approved, answers[0])

    def request(self, case: Case) -> tuple[RequestPart, bytes | None, str]:
        """How a case is sent."""
        body, kind = case.request()
        try:
            request = RequestPart(**{**self.spec.request.model_dump(), **case.settings()})
        except (ValidationError, TypeError) as error:
            first = error.errors()[0] if isinstance(error, ValidationError) else {"loc": (), "msg": str(error)}
            where = ".".join(str(step) for step in first["loc"])
            raise BadConfig(f"{case.name}.case.json: {where} {first['msg']}") from error
        return request, body, kind

    def judged(self, case: Case, approved: Path, answer: Answer) -> tuple[CheckState, str]:
        """The comparison of one case, with its findings."""
        file = f"{self.spec.cases}/{approved.name}"
        try:
            compared = compared_with(approved, answer.body, self.rules)
        except Unreadable as problem:
            self.keep(case, answer)
            return self.not_met(case, CheckState.FAILED, str(problem), "answer")
        if not compared.compared and compared.state is CheckState.PASSED:
            why = "nothing of the answer is compared: the plan ignores all of it"
            return self.not_met(case, CheckState.ERROR, why, "ignored")
        for deviation in compared.deviations[:_MOST_TOLD]:
            self.outcome.findings.add(
                f"{case.name}: {described(deviation)}",
                severity=Severity.ERROR if deviation.state is CheckState.FAILED else Severity.WARNING,
                rule=deviation.kind.value,
                file=file,
                expected=deviation.expected,
                actual=deviation.actual,
                difference=_finite(deviation.absolute),
                tolerance=_finite(deviation.allowed) if _finite(deviation.absolute) is not None else None,
            )
        if compared.state is CheckState.PASSED:
            self.forget(case)
            return CheckState.PASSED, ""
        self.keep(case, answer)
        return compared.state, compared.sentence

    def not_met(self, case: Case, state: CheckState, why: str, rule: str) -> tuple[CheckState, str]:
        self.outcome.bad(f"{case.name}: {why}", rule, f"{self.spec.cases}/{case.name}.request.json")
        return state, why

    def keep(self, case: Case, answer: Answer) -> None:
        """Beside the approved one, never in its place. A folder that cannot be written to changes no verdict."""
        ending, data = _written(answer)
        try:
            case.keep(ending, data, digests_of(self.image))
        except OSError as error:
            self.log(f"{case.name}: what was received cannot be written beside it: {error.strerror}")

    def forget(self, case: Case) -> None:
        """What an earlier run received is settled."""
        try:
            case.forget()
        except OSError as error:
            self.log(f"{case.name}: what was received earlier cannot be removed: {error.strerror}")


def compared_with(approved: Path, body: bytes, rules: Rules) -> Comparison:
    """An answer beside an approved file, whose ending says what it is. Raises `Unreadable`."""
    data = read(approved)
    if approved.suffix == ".json":
        return compare(read_json(data), read_json(body), rules)
    if approved.suffix == ".txt":
        try:
            return compare(data.decode(), body.decode(), rules)
        except UnicodeDecodeError as error:
            raise Unreadable("It is no UTF-8 text.") from error
    return compare_bytes(data, body)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def described(deviation: Deviation) -> str:
    """`$.scores[4] is 0.61, approved 0.5 (off by 0.11, 1e-05 is allowed)`."""
    if deviation.absolute is not None and math.isfinite(deviation.absolute):
        allowed = f", {deviation.allowed:.3g} is allowed" if deviation.allowed is not None else ""
        off = f" (off by {deviation.absolute:.3g}{allowed})"
    else:
        off = f" ({deviation.note})" if deviation.note else ""
    if deviation.expected and deviation.actual:
        return f"{deviation.path} is {deviation.actual}, approved {deviation.expected}{off}"
    return f"{deviation.path}{off}" if off else f"{deviation.path} differs"


def _value(answer: Answer, approved: Path | None) -> Any:
    """An answer as it will be compared: as JSON, text or bytes."""
    as_json = approved.suffix == ".json" if approved else _is_json(answer.content_type)
    as_text = approved.suffix == ".txt" if approved else answer.content_type.startswith("text/")
    try:
        return answer.json() if as_json else answer.body.decode() if as_text else answer.body
    except (Unreadable, UnicodeDecodeError):
        return answer.body


def _is_json(content_type: str) -> bool:
    return content_type == "application/json" or content_type.endswith("+json")


def _written(answer: Answer) -> tuple[str, bytes]:
    """Ending and bytes of the file that an answer is kept in."""
    if not _is_json(answer.content_type):
        return ("txt" if answer.content_type.startswith("text/") else "bin"), answer.body
    if len(answer.body) > _MOST_PRETTY:
        return "json", answer.body
    try:
        return "json", (json.dumps(answer.json(), indent=1, ensure_ascii=False) + "\n").encode()
    except (Unreadable, ValueError):
        return "bin", answer.body
