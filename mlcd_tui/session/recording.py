"""Writes each act's two entries to the audit log: intended, and what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from mlcd_tui.audit.log import AuditLog
from mlcd_tui.audit.record import AuditRecord, Stage, gate_facts, outcome_facts, plan_facts
from mlcd_tui.domain.plan import Outcome
from mlcd_tui.domain.ports import Proposal
from mlcd_tui.domain.refs import RolloutRef


@dataclass(slots=True)
class Recorder:
    """Knows who acts, and where."""

    log: AuditLog
    clock: Callable[[], datetime]
    context: str
    server: str
    user: Callable[[], str]

    async def intended(self, proposal: Proposal, reason: str) -> str:
        """Record what will be tried; the id of the entry. Raises `BadConfig`: then nothing may be done."""
        return await self._append(proposal, Stage.INTENDED, proposal.plan.sentence, reason)

    async def ended(self, proposal: Proposal, reason: str, outcome: Outcome, previous: str) -> str:
        """Record what became of it; the id of the entry. Raises `BadConfig`."""
        stage = Stage(outcome.result.value)
        return await self._append(proposal, stage, outcome.sentence, reason, outcome=outcome, previous=previous)

    async def act(
        self,
        stage: Stage,
        verb: str,
        ref: RolloutRef,
        sentence: str,
        reason: str = "",
        *,
        plan: Mapping[str, Any] = MappingProxyType({}),
        result: Mapping[str, Any] = MappingProxyType({}),
        previous: str = "",
    ) -> str:
        """Record one end of any act; the id of the entry. Raises `BadConfig`: then nothing may be done."""
        record = AuditRecord(
            at=self.clock(),
            stage=stage,
            verb=verb,
            ref=ref,
            sentence=sentence,
            reason=reason,
            user=self.user(),
            context=self.context,
            server=self.server,
            plan=dict(plan),
            result=dict(result),
            previous=previous,
        )
        return await asyncio.to_thread(self.log.append, record)  # it waits for the disk

    async def _append(
        self,
        proposal: Proposal,
        stage: Stage,
        sentence: str,
        reason: str,
        *,
        outcome: Outcome | None = None,
        previous: str = "",
    ) -> str:
        intent = proposal.intent
        return await self.act(
            stage,
            intent.verb.value,
            intent.ref,
            sentence,
            reason,
            plan={**plan_facts(proposal.plan), "evidence": [gate_facts(gate) for gate in proposal.gates]},
            result=outcome_facts(outcome) if outcome else {},
            previous=previous,
        )
