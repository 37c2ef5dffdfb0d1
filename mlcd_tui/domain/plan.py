"""From wish to truth: the plan that an engine writes, what became of it, and the words for both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from mlcd_tui.domain.intent import Intent
from mlcd_tui.domain.refs import Resource
from mlcd_tui.domain.text import Clean

SENT = "sent"
"""When a plan was sent, by the server's clock, in its mark: it may have been read for long before."""
MERGE_PATCH = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"


@dataclass(frozen=True, slots=True, order=True)
class Access:
    """One right that an act needs, as a SelfSubjectAccessReview asks for it."""

    verb: str
    """`patch`, `get`, `list`, `watch`, `create` …"""
    resource: Resource
    namespace: str = ""
    """Empty: in all namespaces."""
    subresource: str = ""

    def __str__(self) -> str:
        tail = f"/{self.subresource}" if self.subresource else ""
        group = f".{self.resource.group}" if self.resource.group else ""
        where = f" in namespace {self.namespace}" if self.namespace else " in all namespaces"
        return f"{self.verb} {self.resource.plural}{tail}{group}{where if self.resource.namespaced else ''}"


@dataclass(frozen=True, slots=True)
class Request:
    """One conditional change, exactly as it is sent.

    A merge patch carries the resourceVersion it was planned on (409 when it is another by now), a JSON patch replaces
    the resourceVersion by itself (409) or tests the facts it depends on (422).
    """

    resource: Resource
    namespace: str
    name: str
    body: Mapping[str, Any] | tuple[Mapping[str, Any], ...]
    content_type: str = MERGE_PATCH
    subresource: str = ""
    fallback_to_main: bool = False
    """On 404 of the subresource, send to the object itself (CRDs before their status subresource)."""
    strict: bool = False
    """Fields that the server does not know are refused instead of dropped without a word."""

    @property
    def access(self) -> Access:
        """The right that this request needs."""
        return Access("patch", self.resource, self.namespace, self.subresource)

    @property
    def path(self) -> str:
        """URL path of the request."""
        return self.resource.path(self.namespace, self.name, self.subresource)


@dataclass(frozen=True, slots=True)
class Change:
    """One line of before → after."""

    label: Clean
    before: Clean
    after: Clean


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be done, complete: the approval dialog and the executor read the same value."""

    intent: Intent
    title: Clean
    """The act in two or three words: `Promote one step`."""
    sentence: Clean
    """What will happen: `Send 60 % instead of 20 % of live traffic of a/b to v7, then wait 10 min.`"""
    way_back: Clean
    """How to undo it, and how fast."""
    changes: tuple[Change, ...]
    requests: tuple[Request, ...]
    seen: tuple[tuple[str, Clean], ...]
    """The facts that the operator decides on (candidate pod hash, step, weights …). After a conflict the plan is
    only tried again while a fresh plan has the same facts."""
    warnings: tuple[Clean, ...] = ()
    """What the operator should know: steps that will be skipped, a GitOps owner that may revert the change."""
    expect: Clean = Clean("")
    """What the controller will show when it has done it, for the outcome line."""
    mark: Mapping[str, str] = field(default_factory=dict)
    """What `Engine.settled` needs to recognise the effect: engine-private, strings only; `SENT` comes with sending."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an act is not possible now, and what would make it possible."""

    intent: Intent
    sentence: Clean
    advice: Clean = Clean("")


@dataclass(frozen=True, slots=True)
class Settled:
    """An engine's word on whether a plan has taken effect."""

    done: bool
    sentence: Clean
    """Done or failed: what the controller shows now. Otherwise: what it is waiting for."""
    failed: bool = False
    """The controller answered with something that can no longer become what was planned."""


class Result(StrEnum):
    """How an act ended."""

    DONE = "done"
    """Sent, and the controller was seen to have done it."""
    SENT = "sent"
    """Sent and accepted, but the effect was not seen within the time limit."""
    CONFLICT = "conflict"
    """Not sent again, since what the operator had seen no longer holds."""
    REFUSED = "refused"
    """Not sent: the engine, a gate, a missing right, read-only mode or the operator said no."""
    FAILED = "failed"
    """The server or the controller refused it, or the connection broke."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The truth after."""

    intent: Intent
    result: Result
    sentence: Clean
    seconds: float
    """From confirmation to the end of waiting."""
    at: datetime
    audit_id: str = ""
    untouched: bool = False
    """Surely nothing was changed: every request was refused, and no answer was lost."""

    @property
    def may_have_changed(self) -> bool:
        """Whether something may be other than before, whatever the result is called."""
        return self.result is not Result.REFUSED and not self.untouched


@dataclass(frozen=True, slots=True)
class Ability:
    """Whether one verb is offered for a rollout, and if not, why not."""

    verb: str
    allowed: bool
    why_not: Clean = Clean("")
    label: Clean = Clean("")
    """What the key would do now, in two or three words (`promote to 60 %`); empty: the verb's title."""
