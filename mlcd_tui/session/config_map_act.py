"""Publishing into a ConfigMap: refused where it must be, sent exactly as shown, both ends of it in the audit log."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from mlcd_tui.audit.record import Stage
from mlcd_tui.cluster.execute import put_whole
from mlcd_tui.domain.errors import Conflict, Problem, ServerFault, Unreachable
from mlcd_tui.domain.package_ports import PublishOutcome
from mlcd_tui.domain.plan import Access, Result
from mlcd_tui.domain.refs import CONFIG_MAPS, JSON, RolloutRef
from mlcd_tui.domain.text import Clean, clean, joined
from mlcd_tui.session.connection import Connection
from mlcd_tui.session.recording import Recorder


class Shown(Protocol):
    """What was shown of a publication, and is sent."""

    @property
    def namespace(self) -> str:
        """Where it is published."""
        ...

    @property
    def name(self) -> str:
        """Of the ConfigMap."""
        ...

    @property
    def method(self) -> str:
        """POST or PUT."""
        ...

    @property
    def path(self) -> str:
        """Where it is sent."""
        ...

    @property
    def body(self) -> Mapping[str, Any]:
        """The whole ConfigMap."""
        ...

    @property
    def sentence(self) -> Clean:
        """What will be done."""
        ...

    @property
    def denied(self) -> Clean:
        """Why it cannot be done; empty: it can."""
        ...


@dataclass(frozen=True, slots=True)
class ConfigMapAct:
    """How a ConfigMap is published in one context."""

    verb: str
    """In the audit log: `publish-package`."""
    connection: Connection
    recorder: Recorder
    readonly: str = ""
    """Why nothing may be changed here; empty: it may."""
    production: bool = False

    async def denied(self, method: str, namespace: str) -> str:
        """Why it may not be done; empty: it may. Raises `Problem`."""
        if self.readonly:
            return self.readonly
        right = Access("update" if method == "PUT" else "create", CONFIG_MAPS, namespace)
        verdict = (await self.connection.reviewer.review((right,)))[right]
        return "" if verdict.allowed else str(verdict.sentence)

    async def carry_out(
        self, shown: Shown, facts: Mapping[str, Any], *, done: str, reason: str, typed_name: str
    ) -> PublishOutcome:
        """Do what was shown, audited with `facts`; `done` is what is said when it is there. Never raises."""
        refusal = self._refusal(shown, typed_name)
        if refusal:
            return await self._end(shown, facts, reason, "", Result.REFUSED, refusal)
        try:
            pair = await self._record(Stage.INTENDED, shown, facts, reason, shown.sentence)
        except Problem as problem:
            sentence = f"nothing was sent, since the act cannot be recorded: {problem}"
            return PublishOutcome(Result.REFUSED, clean(sentence))
        try:
            result, sentence = await self._send(shown, done)
        except asyncio.CancelledError:
            left = "the program ended while sending: whether it was published is not known"
            await asyncio.shield(self._end(shown, facts, reason, pair, Result.SENT, left))
            raise
        return await self._end(shown, facts, reason, pair, result, sentence)

    async def decline(self, shown: Shown, facts: Mapping[str, Any], reason: str) -> None:
        """Record that nothing was published, and why. Never raises `Problem`."""
        await self._end(shown, facts, reason, "", Result.REFUSED, str(shown.denied) or "the operator cancelled")

    def _refusal(self, shown: Shown, typed_name: str) -> str:
        if self.readonly or shown.denied:
            return self.readonly or str(shown.denied)
        wanted = shown.namespace if self.production else ""
        if wanted and typed_name.strip() != wanted:
            return f"type the namespace {wanted} to publish in a production context; nothing was sent"
        return ""

    async def _send(self, shown: Shown, done: str) -> tuple[Result, str]:
        try:
            await put_whole(self.connection.client, shown.method, shown.path, shown.body)
        except Conflict as problem:
            return Result.CONFLICT, (
                f"nothing was changed, since somebody published for this image meanwhile ({problem.sentence}); "
                "look, and publish again"
            )
        except (Unreachable, ServerFault) as problem:
            if isinstance(problem, Unreachable) and not problem.sent:
                return Result.FAILED, f"nothing was sent: {problem}"
            if await self._is_there(shown):
                return Result.DONE, f"{done} (the answer was lost, but it is there)"
            return Result.FAILED, f"{problem} It was not seen there: look before trying again."
        except Problem as problem:
            return Result.FAILED, str(problem)
        return Result.DONE, done

    async def _is_there(self, shown: Shown) -> bool:
        try:
            raw: JSON = await self.connection.client.get(CONFIG_MAPS.path(shown.namespace, shown.name))
        except Problem:
            return False
        return bool(raw.get("data") == shown.body["data"])

    async def _end(
        self, shown: Shown, facts: Mapping[str, Any], reason: str, pair: str, result: Result, sentence: str
    ) -> PublishOutcome:
        try:
            entry = await self._record(Stage(result.value), shown, facts, reason, sentence, previous=pair)
        except Problem as problem:
            return PublishOutcome(result, clean(f"{sentence} (this ending could not be recorded: {problem})"))
        if self.recorder.log.broken:
            sentence = joined(sentence, "The audit log's chain is broken: mlcd-tui audit verify.")
        return PublishOutcome(result, clean(sentence), entry)

    async def _record(
        self, stage: Stage, shown: Shown, facts: Mapping[str, Any], reason: str, sentence: str, *, previous: str = ""
    ) -> str:
        ref = RolloutRef("", shown.namespace, shown.name, CONFIG_MAPS.kind)
        return await self.recorder.act(stage, self.verb, ref, sentence, reason, plan=dict(facts), previous=previous)


def request_facts(shown: Shown, hashes: Mapping[str, Any]) -> dict[str, Any]:
    """The request as the log keeps it: the data is long, so its hashes stand for it."""
    return {
        "method": shown.method,
        "path": shown.path,
        "contentType": "application/json",
        "body": {key: value for key, value in shown.body.items() if key != "data"},
        "data": dict(hashes),
    }
