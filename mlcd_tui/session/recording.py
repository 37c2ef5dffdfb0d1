"""Writes each act's two entries to the audit log: intended, and what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from mlcd_tui.audit.log import AuditLog
from mlcd_tui.audit.record import AuditRecord, Stage, outcome_facts, plan_facts
from mlcd_tui.domain.plan import Outcome
from mlcd_tui.domain.ports import Proposal


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
        record = AuditRecord(
            at=self.clock(),
            stage=stage,
            verb=proposal.intent.verb.value,
            ref=proposal.intent.ref,
            sentence=sentence,
            reason=reason,
            user=self.user(),
            context=self.context,
            server=self.server,
            plan=plan_facts(proposal.plan),
            result=outcome_facts(outcome) if outcome else {},
            previous=previous,
        )
        return await asyncio.to_thread(self.log.append, record)  # it waits for the disk
