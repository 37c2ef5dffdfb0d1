"""The JSON documents of the headless commands: the domain model under `mlcd.dev/v1`, documented in docs/json.md."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from mlcd_tui.domain.plan import Access, Outcome, Plan, Refusal, Request
from mlcd_tui.domain.ports import AuditEntry, Proposal
from mlcd_tui.domain.refs import Resource
from mlcd_tui.domain.rollout import Revision, Rollout, RolloutDetail, WaitFor

API_VERSION = "mlcd.dev/v1"

_LEFT_OUT = {(RolloutDetail, "raw"), (Revision, "template")}  # raw objects are for the YAML view


def camel(name: str) -> str:
    """`scale_down_at` → `scaleDownAt`."""
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)


def plain(value: Any) -> Any:
    """Any domain value as JSON: dataclasses as objects in camelCase, moments as RFC 3339 in UTC, enums as words."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Resource | Access):
        return str(value) if isinstance(value, Access) else f"{value.plural}.{value.group}".rstrip(".")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            camel(field.name): plain(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if (type(value), field.name) not in _LEFT_OUT
        }
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return value


def pairs(items: Iterable[tuple[Any, Any]]) -> dict[str, Any]:
    """Label and value pairs as an object."""
    return {str(key): plain(value) for key, value in items}


def rollout_document(rollout: Rollout) -> dict[str, Any]:
    """One rollout as the fleet knows it."""
    waiting = rollout.waiting
    return {
        "apiVersion": API_VERSION,
        "kind": "Rollout",
        "namespace": rollout.ref.namespace,
        "name": rollout.ref.name,
        "engine": rollout.ref.engine,
        "strategy": rollout.strategy.value,
        "phase": rollout.phase.value,
        "message": rollout.message,
        "revision": rollout.revision,
        "version": rollout.version,
        "stableVersion": rollout.stable_version,
        "step": plain(rollout.step),
        "weight": _weight(rollout),
        "mirror": rollout.mirror,
        "replicas": plain(rollout.replicas),
        "images": [plain(image) for image in rollout.images],
        "waitingFor": None if waiting.what is WaitFor.NOTHING else {**plain(waiting), "what": waiting.what.value},
        "inFlight": rollout.in_flight,
        "aborted": rollout.aborted,
        "paused": rollout.paused,
        "abilities": [plain(ability) for ability in rollout.abilities],
        "labels": pairs(rollout.labels),
        "createdAt": plain(rollout.created),
        "uid": rollout.uid,
        "resourceVersion": rollout.resource_version,
        "generation": rollout.generation,
    }


def _weight(rollout: Rollout) -> dict[str, Any] | None:
    if rollout.weight is None:
        return None
    document: dict[str, Any] = plain(rollout.weight)
    document["additional"] = pairs(rollout.weight.additional)
    return document


def detail_document(detail: RolloutDetail) -> dict[str, Any]:
    """One rollout in full."""
    return {
        **rollout_document(detail.rollout),
        "steps": [{**plain(step), "details": pairs(step.details)} for step in detail.steps],
        "revisions": [plain(revision) for revision in detail.revisions],
        "conditions": [plain(condition) for condition in detail.conditions],
        "services": [plain(service) for service in detail.services],
        "facts": pairs(detail.facts),
        "events": [plain(event) for event in detail.events],
        "hidden": list(detail.hidden),
    }


def list_document(rollouts: Iterable[Rollout]) -> dict[str, Any]:
    """A list of rollouts."""
    return {"apiVersion": API_VERSION, "kind": "RolloutList", "items": [rollout_document(r) for r in rollouts]}


def request_document(request: Request) -> dict[str, Any]:
    """A request exactly as it is sent."""
    return {
        "method": "PATCH",
        "path": request.path,
        "contentType": request.content_type,
        "body": plain(request.body) if isinstance(request.body, tuple) else dict(request.body),
    }


def proposal_document(proposal: Proposal) -> dict[str, Any]:
    """A plan or a refusal with its evidence."""
    intent, plan = proposal.intent, proposal.plan
    head: dict[str, Any] = {
        "apiVersion": API_VERSION,
        "kind": "Plan" if isinstance(plan, Plan) else "Refusal",
        "verb": intent.verb.value,
        "rollout": {"engine": intent.ref.engine, "namespace": intent.ref.namespace, "name": intent.ref.name},
        "sentence": plan.sentence,
        "denied": list(proposal.denied),
        "evidence": [plain(gate) for gate in proposal.gates],
    }
    if isinstance(plan, Refusal):
        return {**head, "advice": plan.advice}
    return {
        **head,
        "title": plan.title,
        "wayBack": plan.way_back,
        "changes": [plain(change) for change in plan.changes],
        "requests": [request_document(request) for request in plan.requests],
        "seen": pairs(plan.seen),
        "warnings": list(plan.warnings),
        "expect": plan.expect,
        "needsTypedName": proposal.typed_name or None,
        "needsReason": proposal.needs_reason,
        "answerFor": list(proposal.answer_for),
    }


def outcome_document(outcome: Outcome) -> dict[str, Any]:
    """What became of an act."""
    ref = outcome.intent.ref
    return {
        "apiVersion": API_VERSION,
        "kind": "Outcome",
        "verb": outcome.intent.verb.value,
        "rollout": {"engine": ref.engine, "namespace": ref.namespace, "name": ref.name},
        "result": outcome.result.value,
        "sentence": outcome.sentence,
        "seconds": round(outcome.seconds, 3),
        "at": plain(outcome.at),
        "auditId": outcome.audit_id,
    }


def audit_document(entries: Iterable[AuditEntry]) -> dict[str, Any]:
    """Entries of the audit log."""
    return {"apiVersion": API_VERSION, "kind": "AuditEntryList", "items": [plain(entry) for entry in entries]}
