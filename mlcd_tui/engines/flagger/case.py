"""What a plan is written from: one Canary with the objects around it, its words, and its conditional requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mlcd_tui.domain.hook_approval import Hook, approval, checksum
from mlcd_tui.domain.intent import Intent
from mlcd_tui.domain.plan import MERGE_PATCH, Change, Plan, Refusal, Request
from mlcd_tui.domain.refs import DEPLOYMENTS, JSON, Objects, Resource
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.engines._json import dig, name_of, text, uid_of
from mlcd_tui.engines._keepers import gitops
from mlcd_tui.engines._sent import VERSION, version_of
from mlcd_tui.engines._words import sentence, span
from mlcd_tui.engines.flagger.canary import CanaryState, Way
from mlcd_tui.engines.flagger.kinds import CANARIES, DAEMON_SETS
from mlcd_tui.engines.flagger.revisions import deployment
from mlcd_tui.engines.flagger.state import State


@dataclass(frozen=True, slots=True)
class Case:
    """One Canary that something is to be done with."""

    intent: Intent
    raw: JSON
    state: State
    objects: Objects
    now: datetime

    @property
    def canary(self) -> CanaryState:
        """What the Canary says."""
        return self.state.canary

    @property
    def ref(self) -> Clean:
        """`namespace/name` for the eye."""
        return clean(self.intent.ref, limit=300)

    @property
    def tick(self) -> str:
        """How soon Flagger looks: `10 s`."""
        return span(self.canary.interval)

    @property
    def target(self) -> JSON | None:
        """The Deployment that brings new versions."""
        return deployment(self.objects, self.canary.target) if self.canary.target_kind == "Deployment" else None

    @property
    def template(self) -> Any:
        """The pod template that an approval of a beginning is bound to, as the gate reads it; None: out of sight."""
        found = self.target
        if self.canary.target_kind == "DaemonSet":
            sets = self.objects.get(DAEMON_SETS, ())
            found = next((raw for raw in sets if name_of(raw) == self.canary.target), None)
        return dig(found, "spec", "template")

    @property
    def at(self) -> str:
        """This moment, as it is written into annotations."""
        return self.now.isoformat(timespec="seconds").replace("+00:00", "Z")

    @property
    def serving(self) -> str:
        """What share the new version has now, in words. Clean."""
        share = self.canary.weight if self.state.share is None else self.state.share
        return f"{share} %"

    # --- requests -----------------------------------------------------------------------------------------

    def patch(
        self, body: Mapping[str, Any], annotations: Mapping[str, str | None] | None = None, *, status: bool = False
    ) -> Request:
        """A merge patch of the Canary, on the condition that it is still as it was seen."""
        return self._merge(CANARIES, self.raw, body, annotations, "status" if status else "")

    def patch_target(self, target: JSON, body: Mapping[str, Any], content_type: str = MERGE_PATCH) -> Request:
        """A patch of the target, under the same condition."""
        return self._merge(DEPLOYMENTS, target, body, None, "", content_type)

    def _merge(
        self,
        resource: Resource,
        raw: JSON,
        body: Mapping[str, Any],
        annotations: Mapping[str, str | None] | None,
        subresource: str,
        content_type: str = MERGE_PATCH,
    ) -> Request:
        metadata: JSON = {"resourceVersion": text(dig(raw, "metadata", "resourceVersion"))}
        if annotations:
            metadata["annotations"] = dict(annotations)
        name = name_of(raw)
        return Request(
            resource, self.intent.ref.namespace, name, {"metadata": metadata, **body}, content_type, subresource
        )

    def approve(self, hook: Hook) -> dict[str, str | None]:
        """The annotations that open the gate for this revision and moment, and say who opened it."""
        template = self.template if hook is Hook.CONFIRM_ROLLOUT else None
        by = clean(self.intent.by, limit=100)
        return {
            hook.annotation: approval(hook, self.raw, template),
            hook.signature: f"{self.at}{f' by {by}' if by else ''}",
        }

    # --- words --------------------------------------------------------------------------------------------

    def seen(self, *more: tuple[str, object]) -> tuple[tuple[str, Clean], ...]:
        """What an operator decides on."""
        canary = self.canary
        facts: list[tuple[str, object]] = [
            ("canary", uid_of(self.raw)),
            ("revision", checksum(canary.status)),
            ("phase", text(canary.status.get("phase"))),
            ("weight", canary.weight),
            *([("check", canary.iteration)] if canary.way is Way.WEIGHTS else []),
            ("suspended", "yes" if canary.suspended else "no"),
            ("analysis", "skipped" if canary.skips else "done"),
            *more,
        ]
        return tuple((label, clean(value, limit=400)) for label, value in facts)

    def refuse(self, told: str, advice: str = "") -> Refusal:
        """No."""
        return Refusal(self.intent, clean(sentence(told)), clean(sentence(advice)) if advice else Clean(""))

    def plan(self, title: str, told: str, **more: Any) -> Plan:
        """A plan; its mark carries what `settled` always needs."""
        canary = self.canary
        mark = {
            "applied": canary.applied,
            "phase": text(canary.status.get("phase")),
            "changed": text(canary.status.get("lastTransitionTime")),
            "at": self.at,
            VERSION: version_of(more["requests"], self.objects),
            **more.pop("mark", {}),
        }
        warnings = [*more.pop("warnings", ()), *self._keeper(more["requests"])]
        return Plan(
            intent=self.intent,
            title=clean(title),
            sentence=clean(told),
            way_back=clean(more.pop("way_back")),
            expect=clean(more.pop("expect")),
            warnings=tuple(clean(each) for each in warnings if each),
            seen=more.pop("seen", None) or self.seen(),
            mark=mark,
            **more,
        )

    def _keeper(self, requests: tuple[Request, ...]) -> list[str]:
        """Who would set a change of a spec back."""
        kept = [
            raw
            for raw in (self.raw, self.target)
            if raw is not None
            and any(name_of(raw) == r.name and raw.get("kind", r.resource.kind) == r.resource.kind for r in requests)
        ]
        owner = next((told for raw in kept if (told := gitops(raw))), "")
        return [f"{owner} keeps this object and may revert the change; make it there as well."] if owner else []


def change(label: str, before: object, after: object) -> Change:
    """One line of before → after."""
    return Change(clean(label), clean(before, limit=400), clean(after, limit=400))
