"""From intent to outcome: plan, evidence, rights; then audit, send, await, audit."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from mlcd_tui.cluster.execute import execute
from mlcd_tui.domain.errors import Conflict, Problem, ServerFault, Unreachable
from mlcd_tui.domain.gates import Gate, blocking
from mlcd_tui.domain.intent import WAYS_BACK, Intent
from mlcd_tui.domain.package_ports import RolloutPackages
from mlcd_tui.domain.plan import SENT, Outcome, Plan, Refusal, Request, Result, Settled
from mlcd_tui.domain.ports import Engine, Proposal
from mlcd_tui.domain.refs import PODS, Objects, RolloutRef
from mlcd_tui.domain.rollout import RolloutDetail
from mlcd_tui.domain.text import Clean, clean, joined
from mlcd_tui.domain.verdict import Verdict
from mlcd_tui.session.check_asking import CheckEvidence, CheckWord
from mlcd_tui.session.connection import Connection
from mlcd_tui.session.evidence import evidence
from mlcd_tui.session.hidden import own_up
from mlcd_tui.session.package_evidence import PackageEvidence, package_gates
from mlcd_tui.session.recording import Recorder

_POLLS = (0.05, 0.1, 0.15, 0.25, 0.4, 0.6)
_SLOWEST_POLL = 1.0
_MOST_PLANS = 4
"""How often one confirmation plans again after a conflict, while what was seen holds."""

Progress = Callable[[Clean], None]


@dataclass(slots=True)
class _Sent:
    """What happened while sending."""

    result: Result | None = None
    """None: every request was accepted."""
    sentence: str = ""
    lost: bool = False
    """The answer never came: whether it took effect is for the controller to show."""
    untouched: bool = False
    """Nothing was accepted, and no answer was lost."""
    plan: Plan | None = None
    """What was sent in the end: the plan that was shown, or one made again from the same facts."""


@dataclass(frozen=True, slots=True)
class _Ending:
    """How an act ended, before it is written down."""

    result: Result
    sentence: str
    untouched: bool = False


@dataclass(slots=True)
class Acts:
    """Proposes and carries out acts in one context."""

    connection: Connection
    engines: Mapping[str, Engine]
    clock: Callable[[], datetime]
    recorder: Recorder
    readonly: str = ""
    """Why nothing may be changed here; empty: it may."""
    production: bool = False
    package_evidence: PackageEvidence = field(default_factory=PackageEvidence)
    """The packages beside an act."""
    check_evidence: CheckEvidence = field(default_factory=CheckEvidence)
    """The checks beside an act."""
    traffic_gates: Callable[[RolloutDetail, Intent], Awaitable[tuple[Gate, ...]]] | None = None
    """The numbers of live traffic beside an act; None: there are none."""
    _busy: dict[RolloutRef, asyncio.Lock] = field(default_factory=dict)
    _known: str = ""
    """The user's name, once the server has told it."""

    async def _who(self) -> str:
        """The user as the server knows it, since what an act writes of it is held against the server's own records."""
        if not self._known:
            try:
                self._known = await self.connection.client.whoami()
            except Problem:
                return self.recorder.user()
        return self._known

    async def propose(self, intent: Intent) -> Proposal:
        """Plan from fresh objects, with evidence and rights. Raises `Problem`."""
        engine = self.engines[intent.ref.engine]
        intent = replace(intent, by=await self._who())
        objects, hidden = await self.connection.look(engine, intent.ref)
        now = self._server_now()
        plan = engine.plan(intent, objects, now)
        detail = engine.observe(intent.ref, objects, now)
        gates: tuple[Gate, ...] = ()
        packages: RolloutPackages | None = None
        checks = CheckWord()
        traffic: tuple[Gate, ...] = ()
        if detail is not None:
            detail = own_up(detail, hidden)
            gates = evidence(detail, intent.verb)
            packages, checks, traffic, denied = await asyncio.gather(
                self.package_evidence.around(detail, intent),
                self.check_evidence.about(detail, intent),
                self._traffic(detail, intent),
                self._denied(engine, intent, plan),
            )
        else:
            denied = await self._denied(engine, intent, plan)
        typed = intent.ref.name if self.production and intent.verb not in WAYS_BACK else ""
        return Proposal(
            intent,
            plan,
            (*gates, *traffic, *package_gates(packages), *checks.gates),
            denied,
            typed,
            needs_reason=bool(checks.answer_for) or (packages is not None and packages.verdict is Verdict.BREAKING),
            answer_for=checks.answer_for,
            packages=packages,
            at=now,
        )

    async def _traffic(self, detail: RolloutDetail, intent: Intent) -> tuple[Gate, ...]:
        return await self.traffic_gates(detail, intent) if self.traffic_gates is not None else ()

    async def _denied(self, engine: Engine, intent: Intent, plan: Plan | Refusal) -> tuple[Clean, ...]:
        if self.readonly:
            return (clean(self.readonly),)
        asked = (
            {request.access for request in plan.requests}
            if isinstance(plan, Plan)
            else set(engine.access(intent.verb, intent.ref.namespace))
        )
        verdicts = await self.connection.reviewer.review(sorted(asked))
        return tuple(verdict.sentence for _, verdict in sorted(verdicts.items()) if not verdict.allowed)

    async def confirm(
        self, proposal: Proposal, *, reason: str, typed_name: str, patience: float, progress: Progress
    ) -> Outcome:
        """Carry out what was shown, and only that. Never raises."""
        begun = time.monotonic()
        refusal = self._refusal(proposal, reason, typed_name)
        if refusal:
            return await self._end(proposal, reason, begun, "", _Ending(Result.REFUSED, refusal))
        try:
            pair = await self.recorder.intended(proposal, reason)
        except Problem as problem:
            sentence = f"nothing was sent, since the act cannot be recorded: {problem}"
            return Outcome(proposal.intent, Result.REFUSED, clean(sentence), 0.0, self.clock())
        lock = self._busy.setdefault(proposal.intent.ref, asyncio.Lock())
        if lock.locked():
            progress(clean("waiting for the outcome of the act before this one"))
        try:
            async with lock:
                ending = await self._carry_out(proposal, patience, progress)
        except Problem as problem:
            ending = _Ending(Result.FAILED, str(problem))
        except asyncio.CancelledError:
            left = "the program ended while sending or waiting: whether it took effect is not known"
            await asyncio.shield(self._end(proposal, reason, begun, pair, _Ending(Result.SENT, left)))
            raise
        return await self._end(proposal, reason, begun, pair, ending)

    async def decline(self, proposal: Proposal, reason: str) -> None:
        """Record that nothing was done, and why."""
        plan = proposal.plan
        sentence = (
            plan.sentence if isinstance(plan, Refusal) else "; ".join(proposal.denied) or "the operator cancelled"
        )
        await self._end(proposal, reason, time.monotonic(), "", _Ending(Result.REFUSED, sentence))

    def _refusal(self, proposal: Proposal, reason: str, typed_name: str) -> str:
        if isinstance(proposal.plan, Refusal):
            return joined(proposal.plan.sentence, proposal.plan.advice)
        if self.readonly:
            return self.readonly
        if proposal.denied:
            return "; ".join(proposal.denied)
        unmet = () if proposal.intent.verb in WAYS_BACK else blocking(proposal.gates)
        if unmet:
            return "; ".join(f"{gate.name} is required: {gate.reason}" for gate in unmet)
        if proposal.needs_reason and not reason.strip() and proposal.intent.verb not in WAYS_BACK:
            return f"a reason is required: {_why_reason(proposal)}; nothing was sent"
        if proposal.typed_name and typed_name.strip() != proposal.typed_name:
            return f"type the service's name {proposal.typed_name} to act in a production context; nothing was sent"
        return ""

    async def _end(self, proposal: Proposal, reason: str, begun: float, pair: str, ending: _Ending) -> Outcome:
        sentence = ending.sentence
        outcome = Outcome(
            proposal.intent,
            ending.result,
            clean(sentence),
            time.monotonic() - begun,
            self.clock(),
            untouched=ending.untouched,
        )
        try:
            audit_id = await self.recorder.ended(proposal, reason, outcome, pair)
        except Problem as problem:
            return replace(outcome, sentence=clean(f"{sentence} (this ending could not be recorded: {problem})"))
        if self.recorder.log.broken:
            sentence = joined(sentence, "The audit log's chain is broken: mlcd-tui audit verify.")
        return replace(outcome, sentence=clean(sentence), audit_id=audit_id)

    async def _carry_out(self, proposal: Proposal, patience: float, progress: Progress) -> _Ending:
        assert isinstance(proposal.plan, Plan)
        engine = self.engines[proposal.intent.ref.engine]
        plan = proposal.plan
        progress(clean("sending"))
        began = self._server_now().isoformat()
        sent = await self._send(engine, plan)
        if sent.result is not None:
            return _Ending(sent.result, sent.sentence, sent.untouched)
        progress(clean("sent; waiting for the controller" if not sent.lost else "the answer was lost; looking"))
        final = sent.plan or plan
        final = replace(final, mark={**final.mark, SENT: began})
        settled = await self._await_effect(engine, final, patience, progress)
        if settled.failed:
            return _Ending(Result.FAILED, settled.sentence)
        if settled.done:
            return _Ending(Result.DONE, settled.sentence)
        if sent.lost:
            return _Ending(
                Result.FAILED,
                f"{sent.sentence} The effect was not seen within {patience:g} s: look before trying again.",
            )
        told = f"accepted, but not seen to take effect within {patience:g} s: {settled.sentence}"
        return _Ending(Result.SENT, told)

    async def _send(self, engine: Engine, plan: Plan) -> _Sent:
        todo, sending = list(plan.requests), plan
        accepted: list[tuple[Request, dict[str, Any]]] = []
        plans = 1
        while todo:
            request = _follow_up(todo[0], accepted)
            try:
                answer = await execute(self.connection.client, request)
            except Conflict as conflict:
                plans += 1
                fresh = await self._plan_again(engine, plan) if plans <= _MOST_PLANS else None
                if fresh is None or not _same_facts(plan, fresh, accepted_any=bool(accepted)):
                    told = _what_changed(plan, fresh, conflict, sent_some=bool(accepted))
                    return _Sent(Result.CONFLICT, told, untouched=not accepted)
                assert isinstance(fresh, Plan)
                todo, sending = _still_to_send(todo, fresh), fresh
                continue
            except Problem as problem:
                return _stopped(problem, sending, sent_some=bool(accepted))
            accepted.append((todo.pop(0), answer))
        return _Sent(plan=sending)

    async def _plan_again(self, engine: Engine, plan: Plan) -> Plan | Refusal:
        objects = await self.connection.gather(engine, plan.intent.ref, leave_out=(PODS,))
        return engine.plan(plan.intent, objects, self._server_now())

    async def _await_effect(self, engine: Engine, plan: Plan, patience: float, progress: Progress) -> Settled:
        deadline = time.monotonic() + patience
        settled = Settled(done=False, sentence=clean("the controller has not been seen since"))
        polls, told = iter(_POLLS), ""
        while True:
            try:
                objects: Objects = await self.connection.gather(engine, plan.intent.ref, leave_out=(PODS,))
            except Problem as problem:
                settled = Settled(done=False, sentence=clean(problem))
            else:
                settled = engine.settled(plan, objects, self._server_now())
            if settled.done or settled.failed or time.monotonic() >= deadline:
                return settled
            if settled.sentence != told:
                told = settled.sentence
                progress(settled.sentence)
            await asyncio.sleep(min(next(polls, _SLOWEST_POLL), max(0.01, deadline - time.monotonic())))

    def _server_now(self) -> datetime:
        return self.clock() + timedelta(seconds=self.connection.client.skew)


def _stopped(problem: Problem, plan: Plan, *, sent_some: bool) -> _Sent:
    """A request that the server refused, that never left, or whose answer was lost."""
    unsent = isinstance(problem, Unreachable) and not problem.sent
    if isinstance(problem, Unreachable | ServerFault) and not unsent:
        return _Sent(sentence=str(problem), lost=True, plan=plan)
    head = "stopped half-way: " if sent_some else "nothing was sent: " if unsent else ""
    return _Sent(Result.FAILED, f"{head}{problem}", untouched=not sent_some)


def _why_reason(proposal: Proposal) -> str:
    """What the operator must answer for."""
    packages, told = proposal.packages, list(map(str, proposal.answer_for))
    if packages is not None and packages.diff is not None and packages.verdict is Verdict.BREAKING:
        told.insert(0, f"the schema breaks callers ({packages.diff.compatibility.headline})")
    return ", ".join(told) or "this act is not done without one"


def _follow_up(request: Request, accepted: list[tuple[Request, dict[str, Any]]]) -> Request:
    """The second request to one object is conditional on what the first one made of it."""
    for before, answer in reversed(accepted):
        same = (before.resource, before.namespace, before.name) == (request.resource, request.namespace, request.name)
        version = answer.get("metadata", {}).get("resourceVersion")
        if same and version and isinstance(request.body, Mapping):
            metadata = {**request.body.get("metadata", {}), "resourceVersion": version}
            return replace(request, body={**request.body, "metadata": metadata})
    return request


def _still_to_send(todo: list[Request], fresh: Plan) -> list[Request]:
    """The fresh plan's versions of the requests that are left."""
    left = {(r.resource, r.name, r.subresource) for r in todo}
    return [r for r in fresh.requests if (r.resource, r.name, r.subresource) in left]


def _same_facts(shown: Plan, fresh: Plan | Refusal, *, accepted_any: bool) -> bool:
    """Whether what the operator decided on still holds; what we changed ourselves by then does not count."""
    if isinstance(fresh, Refusal):
        return False
    ours = {change.label for change in shown.changes} if accepted_any else set()
    before = {k: v for k, v in shown.seen if k not in ours}
    after = {k: v for k, v in fresh.seen if k not in ours}
    return before == after


def _what_changed(shown: Plan, fresh: Plan | Refusal | None, conflict: Conflict, *, sent_some: bool) -> str:
    head = "stopped half-way" if sent_some else "nothing was changed"
    if fresh is None:
        return f"{head}: the object keeps changing ({conflict.sentence}); look, and plan again"
    if isinstance(fresh, Refusal):
        return f"{head}: since you looked it became impossible: {fresh.sentence}"
    after = dict(fresh.seen)
    moved = [f"{k}: {v or 'none'} → {after.get(k, 'gone') or 'none'}" for k, v in shown.seen if after.get(k) != v]
    return f"{head}, since what you saw no longer holds: {'; '.join(moved) or conflict.sentence}"
