"""A session made by hand for UI tests: fleets, details and proposals are what the test says, nothing is asked of a cluster."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mlcd_tui.config.settings import Settings
from mlcd_tui.config.state import StateFile
from mlcd_tui.config.themes import load_all
from mlcd_tui.domain.errors import BadConfig, Missing, Problem
from mlcd_tui.domain.fleet import EngineState, Fleet, Freshness, Link
from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Ability, Outcome, Refusal, Result
from mlcd_tui.domain.ports import AuditEntry, LogLine, Proposal
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.domain.rollout import (
    ImageUse,
    Phase,
    Replicas,
    Rollout,
    RolloutDetail,
    StepPosition,
    StepState,
    Strategy,
    WaitFor,
    Waiting,
    Weight,
)
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.ui.app import MlcdApp
from tests.ui.fake_checks import FakeCheckDesk
from tests.ui.fake_packages import FakeDesk
from tests.ui.fake_traffic import FakeTrafficDesk

NOW = datetime(2026, 11, 24, 14, 14, tzinfo=UTC)
LIVE = Freshness(Link.LIVE, since=NOW - timedelta(hours=1), lag=0.1)
_ENGINES = (
    EngineState("argo", "Argo Rollouts", LIVE, 14),
    EngineState("deployment", "Deployments", LIVE, 2),
)


def ago(**units: float) -> datetime:
    """A moment before NOW."""
    return NOW - timedelta(**units)


def can(*verbs: Verb, **labels: str) -> tuple[Ability, ...]:
    """Abilities: these verbs are allowed, all others are not, with a reason."""
    return tuple(
        Ability(
            verb,
            verb in verbs,
            Clean("" if verb in verbs else f"there is nothing to {verb} now"),
            clean(labels.get(verb.name.lower())),
        )
        for verb in Verb
    )


def dots(done: int, total: int, now: StepState = StepState.CURRENT) -> dict[str, Any]:
    """Fields of a canary at step `done` of `total`."""
    states = [StepState.DONE] * done + [now] * (done < total) + [StepState.TODO] * (total - done - 1)
    return {"step": StepPosition(done, total), "steps": tuple(states), "in_flight": True}


def make_row(
    name: str = "fraud-scorer", namespace: str = "payments", *, engine: str = "argo", **fields: Any
) -> Rollout:
    """A healthy canary, but for the fields given."""
    version = fields.pop("version", "v7")
    base: dict[str, Any] = {
        "strategy": Strategy.CANARY,
        "phase": Phase.HEALTHY,
        "version": clean(version),
        "stable_version": clean(version),
        "images": (ImageUse(Clean("model"), clean(f"registry.example/{name}:{version}")),),
        "replicas": Replicas(4, 4, 4, 4, 4),
        "created": ago(days=31),
        "abilities": can(Verb.RESTART, Verb.UNDO, Verb.SET_IMAGE, Verb.PAUSE),
        "revision": 7,
        "resource_version": "1",
        "generation": 1,
    }
    return Rollout(RolloutRef(engine, clean(namespace), clean(name)), **{**base, **fields})


def story() -> tuple[Rollout, ...]:
    """Sixteen services in many states, as in the picture of the fleet."""
    moving: dict[str, Any] = {"in_flight": True}
    asked = Waiting(WaitFor.PERSON, Clean("your promotion"), since=ago(minutes=12))
    promote = can(
        Verb.PROMOTE,
        Verb.PROMOTE_FULL,
        Verb.ABORT,
        Verb.UNDO,
        Verb.PAUSE,
        Verb.SET_IMAGE,
        Verb.RESTART,
        promote="promote to 60 %",
    )
    blue: dict[str, Any] = {"strategy": Strategy.BLUE_GREEN}
    healthy = (
        ("bid-shader", "ads", "v31"),
        ("pacing", "ads", "v8"),
        ("device-graph", "fraud", "v14"),
        ("merchant-risk", "fraud", "v5"),
        ("ltv", "growth", "v77"),
        ("next-best-action", "growth", "v2"),
        ("query-rewrite", "search", "v40"),
        ("intent", "support", "v11"),
        ("summariser", "support", "v3"),
    )
    return (
        make_row(phase=Phase.PAUSED, weight=Weight(20, 20), waiting=asked, abilities=promote, stable_version=Clean("v6"), message=Clean("CanaryPauseStep"), **dots(1, 5)),
        make_row("churn", phase=Phase.PAUSED, weight=Weight(0, 0), mirror=100, version="v3", waiting=replace(asked, since=ago(hours=3)), abilities=can(Verb.SWITCH, Verb.ABORT), **blue, **moving),
        make_row("ctr-wide", "ads", phase=Phase.DEGRADED, aborted=True, weight=Weight(0, 0), version="v12", waiting=Waiting(WaitFor.REPAIR, Clean("analysis error-rate failed"), since=ago(minutes=31)), message=Clean("RolloutAborted: metric error-rate assessed Failed due to failed (3) > failureLimit (2)"), abilities=can(Verb.RETRY, Verb.UNDO, Verb.SET_IMAGE), **dots(2, 4, StepState.FAILED)),
        make_row("ranker", "search", phase=Phase.PROGRESSING, weight=Weight(40, 40), version="v21", waiting=Waiting(WaitFor.TIMER, Clean("pause"), since=ago(minutes=5), until=NOW + timedelta(minutes=4, seconds=10)), abilities=promote, **dots(3, 5)),
        make_row("embedder", "search", phase=Phase.PROGRESSING, weight=Weight(100, 100), version="v9", waiting=Waiting(WaitFor.ANALYSIS, Clean("analysis smoke"), since=ago(minutes=2)), abilities=can(Verb.ABORT, Verb.SWITCH_BACK), **blue, **moving),
        make_row("limits", "payments", engine="deployment", strategy=Strategy.ROLLING, version="v19"),
        make_row("spell", "search", engine="deployment", strategy=Strategy.ROLLING, phase=Phase.PROGRESSING, version="v6", replicas=Replicas(5, 6, 3, 4, 4), waiting=Waiting(WaitFor.PODS, Clean("2 of 5 pods"), since=ago(seconds=40)), **moving),
        *(make_row(name, namespace, version=version) for name, namespace, version in healthy),
    )  # fmt: skip


class FakeSession:
    """domain.ports.Session by hand."""

    audit_path = "~/.local/state/mlcd-tui/audit.jsonl"

    def __init__(self, rows: Sequence[Rollout] = (), **fields: Any) -> None:
        base: dict[str, Any] = {
            "number": 1,
            "freshness": LIVE,
            "engines": _ENGINES,
            "complete": True,
            "context": Clean("staging-eu"),
            "user": Clean("alice@example.com"),
            "server": Clean("v1.37.2"),
            "at": NOW,
        }
        self.fleet = Fleet(rows=tuple(rows), **{**base, **fields})
        self.packages = FakeDesk()
        self.checks = FakeCheckDesk()
        self.traffic = FakeTrafficDesk()
        self.started = self.stopped = self.reconnects = 0
        self.details: dict[RolloutRef, RolloutDetail] = {}
        self.proposals: dict[Verb, Proposal | Problem] = {}
        self.proposed: list[Intent] = []
        self.confirmed: list[tuple[Proposal, str, str]] = []
        self.declined: list[tuple[Proposal, str]] = []
        self.outcome = (Result.DONE, Clean("The controller has done it."))
        self.log_lines: list[LogLine] = []
        self.entries: list[AuditEntry] = []
        self.known_contexts = (Clean("staging-eu"), Clean("prod-eu"))
        self.known_namespaces: tuple[Clean, ...] | Problem = (Clean("ads"), Clean("payments"), Clean("search"))
        self.failure: Exception | None = None
        self._listeners: list[Callable[[Fleet], None]] = []
        self._openers: dict[RolloutRef, list[Callable[[RolloutDetail | None, Freshness], None]]] = {}

    def push(self, rows: Sequence[Rollout] | None = None, **fields: Any) -> None:
        """Send a new fleet."""
        self.fleet = replace(
            self.fleet, number=self.fleet.number + 1, rows=self.fleet.rows if rows is None else tuple(rows), **fields
        )
        for listener in list(self._listeners):
            listener(self.fleet)

    def change(self, name: str, **fields: Any) -> None:
        """Send a fleet in which one row differs."""
        self.push([replace(row, **fields) if row.ref.name == name else row for row in self.fleet.rows])

    def push_detail(self, ref: RolloutRef, detail: RolloutDetail | None, freshness: Freshness = LIVE) -> None:
        """Send a new detail to whoever has the rollout open."""
        for listener in list(self._openers.get(ref, ())):
            listener(detail, freshness)

    def subscribe(self, listener: Callable[[Fleet], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def start(self) -> None:
        self.started += 1
        if self.failure is not None:
            raise self.failure

    async def stop(self) -> None:
        self.stopped += 1

    async def reconnect(self) -> None:
        self.reconnects += 1

    async def contexts(self) -> tuple[Clean, ...]:
        return self.known_contexts

    async def namespaces(self) -> tuple[Clean, ...]:
        if isinstance(self.known_namespaces, Problem):
            raise self.known_namespaces
        return self.known_namespaces

    async def use(self, *, context: str | None = None, namespace: str | None = None) -> None:
        if context is not None and context not in self.known_contexts:
            raise BadConfig(f"There is no context {context}.")
        changed: dict[str, Any] = {}
        if context is not None:
            changed["context"] = Clean(context)
        if namespace is not None:
            changed["namespace"] = Clean(namespace)
        self.push(**changed)

    def open(
        self, ref: RolloutRef, listener: Callable[[RolloutDetail | None, Freshness], None]
    ) -> Callable[[], Awaitable[None]]:
        listeners = self._openers.setdefault(ref, [])
        listeners.append(listener)
        detail = self.details.get(ref)
        if detail is not None:
            listener(detail, LIVE)

        async def close() -> None:
            listeners.remove(listener)

        return close

    async def detail(self, ref: RolloutRef) -> RolloutDetail:
        if ref not in self.details:
            raise Missing(f"There is no rollout {ref}.")
        return self.details[ref]

    async def propose(self, intent: Intent) -> Proposal:
        self.proposed.append(intent)
        answer = self.proposals.get(intent.verb)
        if isinstance(answer, Problem):
            raise answer
        return answer or Proposal(intent, Refusal(intent, Clean("The test has no plan for it.")), at=NOW)

    async def confirm(
        self,
        proposal: Proposal,
        *,
        reason: str = "",
        typed_name: str = "",
        patience: float = 30.0,
        progress: Callable[[Clean], None] | None = None,
    ) -> Outcome:
        self.confirmed.append((proposal, reason, typed_name))
        if progress is not None:
            progress(Clean("waiting for the controller"))
        result, sentence = self.outcome
        return Outcome(proposal.intent, result, sentence, 0.4, NOW, "audit-1")

    async def decline(self, proposal: Proposal, reason: str = "") -> None:
        self.declined.append((proposal, reason))

    async def logs(
        self,
        namespace: str,
        pod: str,
        *,
        container: str = "",
        follow: bool = True,
        previous: bool = False,
        tail: int = 500,
    ) -> AsyncIterator[LogLine]:
        for line in self.log_lines[-tail:]:
            yield line

    async def yaml(self, ref: RolloutRef) -> tuple[Clean, ...]:
        return (Clean("apiVersion: argoproj.io/v1alpha1"), Clean("kind: Rollout"), clean(f"name: {ref.name}"))

    async def describe(self, ref: RolloutRef) -> tuple[Clean, ...]:
        return (clean(f"Name: {ref.name}"), clean(f"Namespace: {ref.namespace}"))

    def audit(self, ref: RolloutRef | None = None, limit: int = 200) -> tuple[AuditEntry, ...]:
        return tuple(entry for entry in self.entries if ref is None or entry.rollout == str(ref))[:limit]


def make_app(session: FakeSession, *, settings: Settings | None = None, folder: Path | None = None) -> MlcdApp:
    """The app over a fake session, with a stopped clock, the themes that ship, and a state folder of its own."""
    folder = folder or Path(tempfile.mkdtemp(prefix="mlcd-ui-"))
    themes, _ = load_all(folder / "themes")
    return MlcdApp(
        session,
        settings=settings or Settings(),
        state=StateFile(folder / "state.json"),
        themes=themes,
        clock=lambda: NOW,
    )
