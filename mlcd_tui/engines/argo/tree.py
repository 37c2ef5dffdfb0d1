"""Revisions with their ReplicaSets, pods, experiments and analysis runs, as `kubectl argo rollouts get` shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mlcd_tui.domain.refs import JSON, PODS, REPLICA_SETS, Objects
from mlcd_tui.domain.rollout import Experiment, ImageUse, ReplicaSet, Revision, Role
from mlcd_tui.domain.text import clean
from mlcd_tui.engines import _workload as workload
from mlcd_tui.engines._json import (
    annotations_of,
    created,
    dig,
    integer,
    name_of,
    oldest_first,
    owned_by,
    text,
    uid_of,
    when,
)
from mlcd_tui.engines.argo.analysis import runs_of
from mlcd_tui.engines.argo.kinds import (
    ANALYSIS_RUNS,
    CHANGE_CAUSE,
    EXPERIMENT_TEMPLATE,
    EXPERIMENTS,
    HASH,
    REVISION,
    SCALE_DOWN_DEADLINE,
)
from mlcd_tui.engines.argo.state import State


def roles(state: State, raw: JSON, pod_hash: str) -> tuple[Role, ...]:
    """What a ReplicaSet is to its rollout, by the rule of the command line."""
    found: list[Role] = []
    if state.canary is not None:
        stable = state.stable_hash == pod_hash
        if stable or state.current_hash == pod_hash:
            found.append(Role.STABLE if stable else Role.CANARY)
            if dig(raw, "spec", "strategy", "canary", "pingPong") is not None:
                stable_is_ping = text(state.canary_status.stablePingPong) == "ping"
                found.append(Role.PING if stable is stable_is_ping else Role.PONG)
    if state.blue_green is not None:
        if state.stable_hash == pod_hash:
            found.append(Role.STABLE)
        if state.active_hash == pod_hash:
            found.append(Role.ACTIVE)
        elif state.preview_hash == pod_hash:
            found.append(Role.PREVIEW)
    return tuple(found)


def revision_of(raw: object) -> int:
    """The revision annotation of a ReplicaSet, AnalysisRun or Experiment."""
    return workload.revision(raw, REVISION)


def owned_sets(uid: str, objects: Objects) -> list[JSON]:
    """The raw ReplicaSets that an object owns: newest revision first, then by name."""
    owned = [raw for raw in objects.get(REPLICA_SETS, ()) if owned_by(raw, uid)]
    return sorted(owned, key=lambda raw: (-revision_of(raw), name_of(raw)))


def _set(state: State | None, rollout: JSON, raw: JSON, pods: Sequence[JSON]) -> ReplicaSet:
    pod_hash = workload.pod_hash(raw, HASH)
    annotations = annotations_of(raw)
    return workload.replica_set(
        raw,
        pods,
        roles=roles(state, rollout, pod_hash) if state is not None and pod_hash else (),
        hash_label=HASH,
        scale_down_at=when(annotations.get(SCALE_DOWN_DEADLINE)),
        template=text(annotations.get(EXPERIMENT_TEMPLATE)),
    )


def _experiment(raw: JSON, objects: Objects) -> Experiment:
    uid = uid_of(raw)
    pods = objects.get(PODS, ())
    return Experiment(
        name=clean(name_of(raw), limit=256),
        phase=clean(text(dig(raw, "status", "phase")), limit=40),
        message=clean(text(dig(raw, "status", "message"))),
        revision=revision_of(raw),
        started=when(dig(raw, "status", "availableAt")) or created(raw),
        replica_sets=tuple(_set(None, {}, item, pods) for item in owned_sets(uid, objects)),
        analysis_runs=runs_of(uid, objects.get(ANALYSIS_RUNS, ())),
    )


@dataclass(frozen=True, slots=True)
class Tree:
    """Everything that belongs to one rollout."""

    revisions: tuple[Revision, ...]
    images: tuple[ImageUse, ...]
    """Of all ReplicaSets that have pods, experiments' own included."""
    canary_available: int | None
    """Available pods of the ReplicaSet that is tagged canary; None: there is no such."""


def _images(sets: Sequence[tuple[JSON, ReplicaSet]]) -> tuple[ImageUse, ...]:
    running = [shown for raw, shown in sets if integer(dig(raw, "status", "replicas")) > 0]
    merged = workload.merge_images(use for shown in running for use in shown.images)
    return tuple(sorted(merged, key=lambda use: (use.init, use.image, use.container, use.digest)))


def grow(state: State, rollout: JSON, objects: Objects) -> Tree:
    """The tree of one rollout."""
    uid, pods = uid_of(rollout), objects.get(PODS, ())
    sets = [(raw, _set(state, rollout, raw, pods)) for raw in owned_sets(uid, objects)]
    owned = oldest_first(raw for raw in objects.get(EXPERIMENTS, ()) if owned_by(raw, uid))
    experiments = [(raw, _experiment(raw, objects)) for raw in owned]
    runs = runs_of(uid, objects.get(ANALYSIS_RUNS, ()))
    numbers = {revision_of(raw) for raw, _ in sets} | {e.revision for _, e in experiments} | {r.revision for r in runs}
    revisions = []
    for number in sorted(numbers, reverse=True):
        mine = [(raw, shown) for raw, shown in sets if revision_of(raw) == number]
        first = mine[0][0] if mine else None
        revisions.append(
            Revision(
                number=number,
                roles=tuple(role for role in Role if any(role in shown.roles for _, shown in mine)),
                created=created(first) if first is not None else None,
                images=workload.merge_images(use for _, shown in mine for use in shown.images),
                replica_sets=tuple(shown for _, shown in mine),
                experiments=tuple(e for _, e in experiments if e.revision == number),
                analysis_runs=tuple(r for r in runs if r.revision == number),
                change_cause=clean(text(annotations_of(first).get(CHANGE_CAUSE)), limit=400),
                template=workload.bare_template(first, HASH) if first is not None else None,
            )
        )
    of_experiments = [
        (raw, shown)
        for raw_experiment, experiment in experiments
        for raw, shown in zip(owned_sets(uid_of(raw_experiment), objects), experiment.replica_sets, strict=True)
    ]
    canary = next((shown.available for _, shown in sets if Role.CANARY in shown.roles), None)
    return Tree(tuple(revisions), _images([*sets, *of_experiments]), canary)
