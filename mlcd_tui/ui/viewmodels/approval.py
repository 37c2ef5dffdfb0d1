"""What the approval dialog says: the act, the way back, evidence, before and after, the exact request, the truth."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from mlcd_tui.domain.fleet import Freshness, Link
from mlcd_tui.domain.gates import Gate, GateState, blocking, ordered
from mlcd_tui.domain.intent import WAYS_BACK
from mlcd_tui.domain.plan import Change, Outcome, Plan, Refusal, Request, Result
from mlcd_tui.domain.ports import Proposal
from mlcd_tui.domain.rollout import Rollout
from mlcd_tui.domain.text import clean, clean_lines
from mlcd_tui.ui.viewmodels import times
from mlcd_tui.ui.viewmodels.glyphs import Glyphs
from mlcd_tui.ui.viewmodels.package_evidence import MISSING_REASON, WHY_A_REASON, beside, breaking, evidence_lines
from mlcd_tui.ui.viewmodels.spans import Line, Span, apart, cells, fit, pad, width, wrap
from mlcd_tui.ui.viewmodels.tones import Tone, bold

_BLANK: Line = ()
_ARROW = "→"
_LABEL = 11
_WIDEST = 100
_COMPACT_LINES = 3
_DECISIVE = re.compile(
    r"\d[\d.,]* ?%(?: instead of \d[\d.,]* ?%)?|\bv\d\w*(?:\.\w+)*|\brevision \d+|\bstep \d+(?: of \d+)?"
)
_GATES = {GateState.PASSED: Tone.STABLE, GateState.FAILED: Tone.BROKEN, GateState.UNKNOWN: Tone.WAITS}
_RESULTS = {
    Result.DONE: ("Done", Tone.STABLE),
    Result.SENT: ("Sent, not seen yet", Tone.WAITS),
    Result.CONFLICT: ("Not done: it changed meanwhile", Tone.WAITS),
    Result.REFUSED: ("Refused", Tone.BROKEN),
    Result.FAILED: ("Failed", Tone.BROKEN),
}


def is_way_back(proposal: Proposal) -> bool:
    """Whether the act returns to what served before, and so asks the least."""
    return proposal.intent.verb in WAYS_BACK


def objection(proposal: Proposal, reason: str, typed_name: str) -> str:
    """Why it cannot be approved as it stands; empty: it can."""
    if isinstance(proposal.plan, Refusal):
        return proposal.plan.sentence
    if proposal.denied:
        return str(proposal.denied[0])
    if not is_way_back(proposal) and (unmet := blocking(proposal.gates)):
        names = ", ".join(gate.name for gate in unmet)
        return f"Required and not met: {names}."
    if proposal.needs_reason and not reason.strip():
        return MISSING_REASON if must_explain(proposal) else _unexplained(proposal)
    if proposal.typed_name and typed_name != proposal.typed_name:
        return f"Type {proposal.typed_name} to confirm."
    return ""


def must_explain(proposal: Proposal) -> bool:
    """Whether the reason has to say why a breaking schema is right anyway."""
    return proposal.needs_reason and breaking(proposal.packages) and not is_way_back(proposal)


def _unexplained(proposal: Proposal) -> str:
    told = ", ".join(proposal.answer_for)
    return f"{told[:1].upper()}{told[1:]}: write a reason." if told else "Write a reason first."


def reason_hint(proposal: Proposal) -> str:
    """What stands in the empty field of the reason."""
    if must_explain(proposal):
        return WHY_A_REASON
    if proposal.needs_reason and proposal.answer_for:
        return "required: write why it is right all the same"
    return "required" if proposal.needs_reason else "optional, stands in the audit log"


def button(proposal: Proposal) -> str:
    """The approving button says what it does."""
    return str(proposal.plan.title) if isinstance(proposal.plan, Plan) else "Approve"


def stale_line(proposal: Proposal, freshness: Freshness, now: datetime) -> Line:
    """That the screen behind the dialog may be out of date, while the plan was read afresh; empty: it is live."""
    if freshness.link is not Link.STALE:
        return ()
    since = f" since {times.absolute(freshness.since, now)}" if freshness.since else ""
    read = f" at {times.absolute(proposal.at, now)}" if proposal.at else ""
    return (Span(f"The screen behind is stale{since}; this plan was read from the server{read}.", Tone.WAITS),)


def changed(planned: Rollout | None, row: Rollout | None) -> str:
    """What of a rollout is another than when the act was planned, as far as it matters; empty: nothing."""
    if planned is None:
        return ""
    if row is None:
        return "it is not there any more"
    pairs = zip(_facts(planned), _facts(row), strict=True)
    return ", ".join(f"{name} {before} {_ARROW} {after}" for (name, before), (_, after) in pairs if before != after)


def _facts(row: Rollout) -> tuple[tuple[str, str], ...]:
    step = f"{row.step.index}/{row.step.count}" if row.step else "none"
    weight = "none" if row.weight is None or row.weight.set is None else f"{row.weight.set} %"
    return (
        ("phase", row.phase.value),
        ("step", step),
        ("weight", weight),
        ("version", row.version or "none"),
        ("aborted", "yes" if row.aborted else "no"),
        ("paused", "yes" if row.paused else "no"),
    )


def decision_lines(
    proposal: Proposal,
    now: datetime,
    room: int,
    glyphs: Glyphs,
    freshness: Freshness | None = None,
    moved: str = "",
    tab: str = "4",
) -> tuple[Line, ...]:
    """Everything that is to be read before the decision.

    Args:
        proposal: the act.
        now: for ages.
        room: columns.
        glyphs: signs of the terminal.
        freshness: of the screen behind.
        moved: what changed since it was planned.
        tab: key of the rollout's tab about packages.
    """
    plan = proposal.plan
    if isinstance(plan, Refusal):
        return _refusal_lines(plan, room)
    lines = [*wrap(decisive(plan.sentence, str(proposal.intent.ref)), room)]
    if plan.way_back:
        lines.extend(wrap((Span(plan.way_back, Tone.DIM),), room))
    for denied in proposal.denied[1:]:  # the first stands above the buttons
        lines.extend(wrap((Span(f"{glyphs.failed} ", Tone.BROKEN), Span(denied, bold(Tone.BROKEN))), room, 2))
    for warning in plan.warnings:
        lines.extend(wrap((Span("! ", bold(Tone.WAITS)), Span(warning, Tone.WAITS)), room, 2))
    if freshness is not None and (stale := stale_line(proposal, freshness, now)):
        lines.extend(wrap((Span("! ", bold(Tone.WAITS)), *stale), room, 2))
    if moved:
        text = f"Changed since this was planned ({moved}): plan again."
        lines.extend(wrap((Span("! ", bold(Tone.WAITS)), Span(text, bold(Tone.WAITS))), room, 2))
    if proposal.packages is not None:
        lines.extend((_BLANK, *evidence_lines(proposal.packages, proposal.gates, room, glyphs, tab)))
    gates = proposal.gates if proposal.packages is None else beside(proposal.gates, tab)
    if gates:
        lines.extend((_BLANK, _evidence_title(proposal, now)))
        lines.extend(_gates(ordered(gates), now, room, glyphs))
    if plan.changes:
        lines.append(_BLANK)
        lines.extend(_changes(plan.changes, room, glyphs))
    lines.append(_BLANK)
    for request in plan.requests:
        lines.extend(request_lines(request, room))
    return tuple(lines)


def _refusal_lines(refusal: Refusal, room: int) -> tuple[Line, ...]:
    """Why it is not possible now, and what would make it so."""
    advice = wrap((Span(refusal.advice, Tone.DIM),), room) if refusal.advice else ()
    return (*wrap((Span(refusal.sentence, Tone.BRIGHT),), room), *advice)


def decisive(sentence: str, ref: str = "") -> Line:
    """A sentence with its numbers and versions bright: the eye finds what will change."""
    pattern = re.compile(f"{re.escape(ref)}|{_DECISIVE.pattern}") if ref else _DECISIVE
    spans: list[Span] = []
    last = 0
    for match in pattern.finditer(sentence):
        spans.append(Span(sentence[last : match.start()], Tone.TEXT))
        spans.append(Span(match.group(), Tone.BRIGHT if match.group() == ref else bold(Tone.NEW)))
        last = match.end()
    spans.append(Span(sentence[last:], Tone.TEXT))
    return tuple(span for span in spans if span.text)


def _evidence_title(proposal: Proposal, now: datetime) -> Line:
    """When the evidence was read: it does not move while the dialog stands."""
    tail = ""
    if proposal.at is not None:
        seconds = max((now - proposal.at).total_seconds(), 0)
        tail = f"  as of {proposal.at.astimezone(now.tzinfo):%H:%M:%S}, {times.span(seconds)} ago"
    tail += "  does not block a way back" if is_way_back(proposal) else ""
    return Span("Evidence", bold(Tone.DIM)), Span(tail, Tone.DIM)


def _gates(gates: tuple[Gate, ...], now: datetime, room: int, glyphs: Glyphs) -> Iterator[Line]:
    signs = {GateState.PASSED: glyphs.passed, GateState.FAILED: glyphs.failed, GateState.UNKNOWN: glyphs.unknown}
    names = min(max(cells(gate.name) for gate in gates), max(room // 4, 10))
    for gate in gates:
        tone = _GATES[gate.state]
        unmet = gate.state is not GateState.PASSED
        word = "required" if gate.required and unmet else times.ago(gate.at, now) if gate.at else ""
        line = (
            Span(f" {signs[gate.state]} ", tone),
            *pad((Span(fit(gate.name, names), Tone.TEXT),), names),
            Span("  "),
            Span(gate.reason or gate.state, tone if unmet else Tone.DIM),
        )
        age = (Span(f"  {word}" if word else "", bold(Tone.BROKEN) if word == "required" else Tone.DIM),)
        if width(line) + width(age) < room:
            yield apart(line, age, min(room, _WIDEST))
        else:
            yield from wrap((*line, *age), room, names + 5)


def _changes(changes: tuple[Change, ...], room: int, glyphs: Glyphs) -> Iterator[Line]:
    names = min(max(max(cells(change.label) for change in changes) + 2, _LABEL), max(room // 3, 10))
    for change in changes:
        line = (
            *pad((Span(fit(change.label, names - 1), Tone.DIM),), names),
            Span(change.before or "nothing", Tone.DIM),
            Span(f" {glyphs.arrow} ", Tone.FAINT),
            Span(change.after or "nothing", Tone.BRIGHT),
        )
        yield from wrap(line, room, names)


def request_lines(request: Request, room: int) -> Iterator[Line]:
    """The request as it will be sent, and the condition that it carries."""
    kind = request.content_type.removeprefix("application/").removesuffix("+json")
    head = (
        Span(f"{'Request':<{_LABEL}}", Tone.DIM),
        Span(f"PATCH\u00a0{clean(request.path)}", Tone.TEXT),
        Span(f"  {kind}", Tone.DIM),
    )
    yield from wrap(head, room, _LABEL)
    short = clean(json.dumps(request.body, ensure_ascii=False), limit=400)
    if cells(short) <= _COMPACT_LINES * (room - _LABEL):
        yield from wrap((Span(" " * _LABEL), Span(short, Tone.DIM)), room, _LABEL)
    else:
        for line in clean_lines(json.dumps(request.body, ensure_ascii=False, indent=2)):
            yield from wrap((Span(" " * _LABEL), Span(line, Tone.DIM)), room, _LABEL)
    if condition := _condition(request.body):
        yield from wrap((Span(" " * _LABEL), Span(condition, Tone.DIM)), room, _LABEL)


def _condition(body: Mapping[str, Any] | tuple[Mapping[str, Any], ...]) -> str:
    """What must still be true for the server to accept it, in words."""
    if isinstance(body, Mapping):
        metadata = body.get("metadata")
        version = metadata.get("resourceVersion") if isinstance(metadata, Mapping) else None
        return f"only if the object is still as you see it (resourceVersion {clean(version)})" if version else ""
    tests = [f"{clean(part.get('path'))} is {clean(part.get('value'))}" for part in body if part.get("op") == "test"]
    return f"only if {' and '.join(tests)}" if tests else ""


def progress_line(sentence: str, seconds: float, glyphs: Glyphs) -> Line:
    """What is being waited for, and how long already."""
    return (
        Span(f"{glyphs.progressing} ", Tone.MOVING),
        Span(sentence, Tone.TEXT),
        Span(f"  {times.span(seconds)}", Tone.DIM),
    )


def outcome_lines(outcome: Outcome, glyphs: Glyphs) -> tuple[Line, ...]:
    """The truth after, with the next step where there is one."""
    word, tone = _RESULTS[outcome.result]
    signs = {Tone.STABLE: glyphs.passed, Tone.WAITS: "!", Tone.BROKEN: glyphs.failed}
    took = f"  after {times.span(outcome.seconds)}" if outcome.seconds >= 1 else ""
    lines: list[Line] = [
        (Span(f"{signs[tone]} {word}", bold(tone)), Span(took, Tone.DIM)),
        (Span(outcome.sentence, Tone.TEXT),),
    ]
    if outcome.result is Result.SENT:
        lines.append((Span("The server accepted it; watch the rollout for the effect.", Tone.DIM),))
    if outcome.audit_id:
        lines.append((Span(f"audit {outcome.audit_id}", Tone.DIM),))
    return tuple(lines)


def again(outcome: Outcome) -> bool:
    """Whether planning anew may help."""
    return outcome.result in {Result.CONFLICT, Result.FAILED}
