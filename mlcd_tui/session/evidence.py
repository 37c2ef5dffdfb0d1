"""Evidence for a decision, from what the cluster shows of a rollout. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from mlcd_tui.domain.analysis import AnalysisRun
from mlcd_tui.domain.fleet import Freshness, Link
from mlcd_tui.domain.gates import Gate, GateState
from mlcd_tui.domain.intent import WAYS_BACK, Verb
from mlcd_tui.domain.rollout import Pod, Revision, Role, Rollout, RolloutDetail, Strategy, WaitFor
from mlcd_tui.domain.text import Clean, clean

CARRIES_TRAFFIC = frozenset({Verb.PROMOTE, Verb.PROMOTE_FULL, Verb.SKIP_STEP, Verb.SWITCH, Verb.SET_WEIGHT})
_MADE_OF = {
    "pods ready": ("replicasets",),
    "restarts": ("replicasets", "pods"),
    "one image": ("replicasets", "pods"),
    "analysis": ("replicasets", "analysisruns"),
}
"""The kinds that gates are read off."""
_NEWEST = frozenset({Role.CANARY, Role.PREVIEW, Role.NEW})
_SERVING = frozenset({Role.STABLE, Role.ACTIVE})


def evidence(detail: RolloutDetail, verb: Verb, freshness: Freshness | None = None) -> tuple[Gate, ...]:
    """What speaks for and against `verb` now.

    A way back carries no gates but the picture's freshness and what could not be seen; nor does a
    retry, since what failed is why it is made. No gate of this room is required: the engine's plan refuses what cannot
    work, and who must approve is decided elsewhere.
    """
    gates: list[Gate | None] = [_picture(freshness)] if freshness else []
    if detail.hidden:
        gates.append(_unknown("seen", f"{_no_right(*detail.hidden)}: what they tell is not in this plan"))
    if verb in WAYS_BACK or verb is Verb.RETRY:
        return tuple(gate for gate in gates if gate is not None)
    if verb in CARRIES_TRAFFIC:
        candidate = candidate_of(detail)
        if candidate is not None:
            serving = serving_beside(detail, candidate)
            gates += [_pods_ready(candidate, serving), _restarts(candidate, serving), _one_digest(candidate)]
            gates += [_soak(detail.rollout), *_analyses(detail, candidate)]
        unseen = tuple(_unseen(detail))
        lost = {gate.name for gate in unseen}
        gates = [*(gate for gate in gates if gate is None or gate.name not in lost), *unseen]
    gates.append(_conditions(detail))
    return tuple(gate for gate in gates if gate is not None)


def _unseen(detail: RolloutDetail) -> Iterable[Gate]:
    """The gates that cannot be read off, since the user may not see what they are made of."""
    if not detail.rollout.in_flight:
        return
    for name, kinds in _MADE_OF.items():
        missing = [kind for kind in kinds if kind in detail.hidden]
        if missing:
            yield _unknown(name, _no_right(*missing))


def _no_right(*kinds: str) -> str:
    return f"no right to list {', '.join(kinds)}"


def _unknown(name: str, reason: str) -> Gate:
    return Gate(clean(name), GateState.UNKNOWN, clean(reason))


def candidate_of(detail: RolloutDetail) -> Revision | None:
    """The version on its way; None: there is none."""
    if not detail.rollout.in_flight:
        return None
    marked = (revision for revision in detail.revisions if _NEWEST & set(revision.roles))
    return next(marked, detail.revisions[0] if detail.revisions else None)


def serving_beside(detail: RolloutDetail, candidate: Revision) -> Revision | None:
    """The version that the candidate would take over from."""
    others = (revision for revision in detail.revisions if revision is not candidate)
    return next((revision for revision in others if _SERVING & set(revision.roles)), None)


def _desired(revision: Revision | None) -> int:
    return sum(replica_set.desired for replica_set in revision.replica_sets) if revision is not None else 0


def _soak(rollout: Rollout) -> Gate | None:
    """How long the new version has been where it is: the gate's age."""
    waiting, step = rollout.waiting, rollout.step
    if waiting.what not in {WaitFor.PERSON, WaitFor.TIMER} or waiting.since is None:
        return None
    where = "in preview" if rollout.strategy is Strategy.BLUE_GREEN else "held there"
    if step is not None and step.index < step.count:
        where = f"at step {step.index + 1} of {step.count}"
    weight = rollout.weight
    if weight is not None and weight.actual is not None and rollout.strategy is Strategy.CANARY:
        where += f" with {round(weight.actual * 100 / max(weight.maximum, 1), 1):g} %"
    return Gate(clean("soak"), GateState.PASSED, clean(where), at=waiting.since)


def _picture(freshness: Freshness) -> Gate:
    if freshness.link is Link.LIVE:
        return Gate(clean("picture"), GateState.PASSED, clean("live from the API server"))
    return Gate(clean("picture"), GateState.UNKNOWN, freshness.reason or clean("not live"), at=freshness.since)


def _pods(revision: Revision) -> tuple[Pod, ...]:
    return tuple(pod for replica_set in revision.replica_sets for pod in replica_set.pods)


def _pods_ready(revision: Revision, serving: Revision | None) -> Gate:
    desired = _desired(revision)
    available = sum(replica_set.available for replica_set in revision.replica_sets)
    if desired == 0:
        return Gate(clean("pods ready"), GateState.UNKNOWN, clean("the new version has no pods yet"))
    told = f"{available} of {desired} pods of revision {revision.number}"
    state = GateState.PASSED if available >= desired else GateState.FAILED
    if Role.PREVIEW in revision.roles and (needed := _desired(serving)) > desired:
        state = GateState.UNKNOWN if state is GateState.PASSED else state
        told += f"; all traffic now has {needed}"
    return Gate(clean("pods ready"), state, clean(told))


def _restarts(revision: Revision, serving: Revision | None) -> Gate | None:
    pods = _pods(revision)
    if not pods:
        return None
    restarts = sum(pod.restarts for pod in pods)
    if restarts == 0:
        return Gate(clean("restarts"), GateState.PASSED, clean("none in the new version's pods"))
    worst = max(pods, key=lambda pod: pod.restarts)
    reason = f"{restarts} in the new version's pods, most in {worst.name} ({worst.restarts}, {worst.status})"
    if serving is not None:
        reason += f"; {sum(pod.restarts for pod in _pods(serving))} in those that serve"
    return Gate(clean("restarts"), GateState.FAILED, clean(reason))


def _one_digest(revision: Revision) -> Gate | None:
    running: dict[str, set[str]] = {}
    for pod in _pods(revision):
        for container in pod.containers:
            if container.digest and not container.init:
                running.setdefault(container.name, set()).add(container.digest)
    if not running:
        return None
    split = sorted(name for name, digests in running.items() if len(digests) > 1)
    if split:
        reason = f"pods of one revision run different images in container {', '.join(split)}: the tag has moved"
        return Gate(clean("one image"), GateState.FAILED, clean(reason))
    return Gate(clean("one image"), GateState.PASSED, clean(_digest_words(running)))


def _digest_words(running: dict[str, set[str]]) -> str:
    digests = sorted({next(iter(digests)) for digests in running.values()})
    first = digests[0].rpartition("@")[2]
    short = f"{first[:14]}…{first[-4:]}" if len(first) > 24 else first
    return f"all pods run {short}" + (f" and {len(digests) - 1} more" if len(digests) > 1 else "")


def _analyses(detail: RolloutDetail, candidate: Revision) -> Iterable[Gate]:
    runs: tuple[AnalysisRun, ...] = candidate.analysis_runs
    if not runs:
        yield Gate(clean("analysis"), GateState.UNKNOWN, clean(_unmeasured(detail)))
    for run in runs[:6]:
        tally = ", ".join(f"{m.name} {m.successful}/{m.count}" for m in run.metrics[:4]) or "no metric yet"
        name = clean(f"analysis {run.kind.lower()}".strip())
        if run.phase == "Successful":
            yield Gate(name, GateState.PASSED, clean(tally), at=run.completed)
        elif run.phase in {"Failed", "Error"}:
            worst = next((m.verdict for m in run.metrics if m.phase in {"Failed", "Error"} and m.verdict), run.message)
            yield Gate(name, GateState.FAILED, clean(worst or tally), at=run.completed)
        else:
            yield Gate(name, GateState.UNKNOWN, clean(f"{run.phase.lower() or 'pending'}: {tally}"), at=None)


def _unmeasured(detail: RolloutDetail) -> str:
    """Why no analysis speaks of the new version."""
    ahead = next((step for step in detail.steps if step.kind == "analysis"), None)
    if ahead is not None:
        return f"none has run; step {ahead.index + 1} is one"
    if any("analysis" in label.lower() for label, _ in detail.facts):
        return "none has run yet"
    return "none is configured"


def _conditions(detail: RolloutDetail) -> Gate:
    rollout: Rollout = detail.rollout
    bad = next(
        (c for c in detail.conditions if c.type in {"InvalidSpec", "ReplicaFailure"} and c.status == "True"), None
    )
    if bad is not None:
        return Gate(clean("controller"), GateState.FAILED, clean(f"{bad.type}: {bad.message}"), at=bad.since)
    if rollout.phase.value == "Degraded":
        return Gate(clean("controller"), GateState.FAILED, rollout.message or Clean("degraded"))
    return Gate(clean("controller"), GateState.PASSED, clean("no condition speaks against it"))
