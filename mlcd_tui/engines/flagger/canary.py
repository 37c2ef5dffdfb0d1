"""What a Canary says: its target, its strategy, its pace, its hooks, and where it stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import cached_property
from typing import Any, Final

from mlcd_tui.domain.hook_approval import Hook, approval, given, is_ours
from mlcd_tui.domain.refs import JSON
from mlcd_tui.engines._json import dig, integer, maybe_integer, rows, table, text, when
from mlcd_tui.engines.flagger import lean
from mlcd_tui.engines.flagger.kinds import RUNNING, Phase

_PART: Final = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")
_UNITS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_MOST_WEIGHTS: Final = 100
_TOTAL: Final = 100


class Way(Enum):
    """How a new version takes over, as Flagger derives it."""

    WEIGHTS = "canary"
    MATCH = "A/B"
    SWITCH = "blue/green"


@dataclass(frozen=True, slots=True)
class Webhook:
    """One of `spec.analysis.webhooks`."""

    kind: str
    name: str
    url: str


def seconds(value: object) -> float | None:
    """A duration in Go's words (`1m30s`), None where it is none."""
    told = text(value)
    parts = _PART.findall(told) if len(told) < 40 else []
    if not parts or "".join(number + unit for number, unit in parts) != told:
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


class CanaryState:
    """The facts of one Canary, read as Flagger 1.36 reads them."""

    def __init__(self, canary: lean.LeanCanary) -> None:
        self.meta = canary.metadata
        self.spec = table(canary.spec)
        self.status = table(canary.status)
        self.analysis = table(self.spec.get("analysis")) or table(self.spec.get("canaryAnalysis"))

    # --- what it is for -----------------------------------------------------------------------------------

    @property
    def target_kind(self) -> str:
        """Deployment, DaemonSet or Service."""
        return text(dig(self.spec, "targetRef", "kind")) or "Deployment"

    @property
    def target(self) -> str:
        """Name of the object whose pod template brings new versions."""
        return text(dig(self.spec, "targetRef", "name"))

    @property
    def primary(self) -> str:
        """Name of the object that serves."""
        return f"{self.target}-primary"

    @property
    def apex(self) -> str:
        """Name of the Service that customers use, and of the route."""
        return text(dig(self.spec, "service", "name")) or self.target

    @property
    def services(self) -> tuple[str, str, str]:
        """The Services: for customers, of the primary, of the canary."""
        return self.apex, f"{self.apex}-primary", f"{self.apex}-canary"

    # --- how it goes --------------------------------------------------------------------------------------

    @property
    def interval(self) -> int:
        """Seconds between two ticks: a minute by default, never under ten."""
        found = seconds(self.analysis.get("interval"))
        return 60 if found is None else min(max(int(found), 10), 30 * 86_400)

    @property
    def threshold(self) -> int:
        """Failed checks at which it is rolled back."""
        found = integer(self.analysis.get("threshold"))
        return found if found > 0 else 1

    @property
    def by_hand(self) -> bool:
        """Without a mesh or an ingress: no traffic can be divided, so it is always a blue/green."""
        return text(self.spec.get("provider")) == "kubernetes"

    @property
    def iterations(self) -> int:
        """Checks of an A/B or a blue/green; 0 for a canary by weights."""
        found = max(integer(self.analysis.get("iterations")), 0)
        return found or (10 if self.by_hand else 0)

    @property
    def way(self) -> Way:
        """The strategy."""
        if self.iterations and self.analysis.get("match") and not self.by_hand:
            return Way.MATCH
        return Way.SWITCH if self.iterations else Way.WEIGHTS

    @property
    def mirrors(self) -> bool:
        """Copying of traffic is asked for."""
        return self.analysis.get("mirror") is True and not self.by_hand

    @cached_property
    def weights(self) -> tuple[int, ...]:
        """The shares that a canary goes through."""
        listed = self.analysis.get("stepWeights")
        step = integer(self.analysis.get("stepWeight"))
        if isinstance(listed, list) and listed and step <= 0:
            return tuple(min(max(integer(each), 0), _TOTAL) for each in listed[:_MOST_WEIGHTS])
        most = integer(self.analysis.get("maxWeight"))
        most = min(most, _TOTAL) if most > 0 else _TOTAL
        found: list[int] = []
        while step > 0 and (not found or found[-1] < most):
            found.append(min((found[-1] if found else 0) + step, _TOTAL))
        return tuple(found)

    @property
    def step_back(self) -> int:
        """Percent by which live traffic moves to the primary with each tick of Promoting; 0: all at once."""
        return 0 if self.by_hand else max(integer(self.analysis.get("stepWeightPromotion")), 0)

    @property
    def sticky(self) -> bool:
        """Whoever was answered by the new version once stays with it, by a cookie."""
        return isinstance(self.analysis.get("sessionAffinity"), dict) and self.way is Way.WEIGHTS

    @property
    def suspended(self) -> bool:
        """A person stopped its ticks."""
        return self.spec.get("suspend") is True

    @property
    def skips(self) -> bool:
        """New versions go out without any analysis."""
        return not self.analysis or self.spec.get("skipAnalysis") is True

    @cached_property
    def webhooks(self) -> tuple[Webhook, ...]:
        """All hooks, in order."""
        return tuple(
            Webhook(text(each.get("type")) or "rollout", text(each.get("name")), text(each.get("url")))
            for each in rows(self.analysis.get("webhooks"))
        )

    # --- where it stands ----------------------------------------------------------------------------------

    @property
    def phase(self) -> Phase | None:
        """The phase; None: one that is not known here, or none yet."""
        told = text(self.status.get("phase"))
        return Phase(told) if told in set(Phase) else None

    @property
    def running(self) -> bool:
        """A new version is on its way."""
        return self.phase in RUNNING

    @property
    def rejected(self) -> bool:
        """The last run failed, and the target still asks for what was rejected."""
        return self.phase is Phase.FAILED and self.applied != self.promoted

    @property
    def in_flight(self) -> bool:
        """The target asks for another version than what was promoted last, as far as Flagger has seen."""
        return self.running or self.rejected

    @property
    def applied(self) -> str:
        """Hash of the target's template that Flagger saw last."""
        return text(self.status.get("lastAppliedSpec"))

    @property
    def promoted(self) -> str:
        """Hash of the template that it promoted last."""
        return text(self.status.get("lastPromotedSpec"))

    @property
    def failed_checks(self) -> int:
        """Checks that failed in this run."""
        return max(integer(self.status.get("failedChecks")), 0)

    @property
    def iteration(self) -> int:
        """Checks that are done; one more than there are when all traffic is with the new version."""
        return max(integer(self.status.get("iterations")), 0)

    @property
    def weight(self) -> int:
        """The share that the status tells, which is 0 from the promotion gate on, whatever the route does."""
        return max(integer(self.status.get("canaryWeight")), 0)

    @property
    def changed(self) -> datetime | None:
        """When the status changed last."""
        return when(self.status.get("lastTransitionTime"))

    @property
    def begun(self) -> datetime | None:
        """When the present run began, or the last one ended."""
        return when(self._promoted_condition().get("lastTransitionTime"))

    @property
    def entered(self) -> datetime | None:
        """When the present phase was entered."""
        return when(self._promoted_condition().get("lastUpdateTime"))

    def _promoted_condition(self) -> JSON:
        return next((c for c in rows(self.status.get("conditions")) if c.get("type") == "Promoted"), {})

    # --- its gates ----------------------------------------------------------------------------------------

    def hooks(self, hook: Hook) -> tuple[Webhook, ...]:
        """The hooks of one kind."""
        return tuple(each for each in self.webhooks if each.kind == hook.value)

    def ours(self, hook: Hook) -> bool:
        """Whether one of them asks the gate of this program."""
        return any(is_ours(each.url, hook) for each in self.hooks(hook))

    def as_approved(self) -> dict[str, Any]:
        """What an approval is made from."""
        return {
            "metadata": {"uid": self.meta.uid, "annotations": lean.approvals(self.meta)},
            "status": self.status,
        }

    def approved(self, hook: Hook) -> bool:
        """Whether the approval that stands on the Canary is for this revision and moment.

        The pod template, which a confirm-rollout is bound to as well, is left to the gate.
        """
        canary = self.as_approved()
        return given(hook, canary).startswith(approval(hook, canary))

    def generation(self) -> int:
        """How often its spec has changed."""
        return maybe_integer(self.meta.generation) or 0
