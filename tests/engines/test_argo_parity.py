"""What we show equals what `kubectl argo rollouts get rollout` says of the same objects, in every recorded state."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import pytest

from mlcd_tui.domain.analysis import AnalysisRun
from mlcd_tui.domain.rollout import Experiment, ReplicaSet, RolloutDetail, Strategy
from mlcd_tui.engines.argo import ENGINE
from mlcd_tui.engines.argo.kinds import ROLLOUTS
from mlcd_tui.engines.argo.lean import LeanRollout
from tests.engines import argo_recorded as recorded

STATES = recorded.names()


def _observed(name: str) -> RolloutDetail:
    detail = ENGINE.observe(recorded.ref(name), recorded.objects(name), recorded.now(name))
    assert detail is not None
    return detail


def test_states_were_recorded() -> None:
    assert len(STATES) >= 30


@pytest.mark.parametrize("name", STATES)
def test_the_head_says_the_same(name: str) -> None:
    head, rollout = recorded.told(name).head, _observed(name).rollout
    assert rollout.phase.value == head["Status"].split(" ")[-1]
    assert str(rollout.message) == head.get("Message", "")
    assert rollout.strategy is (Strategy.CANARY if head["Strategy"] == "Canary" else Strategy.BLUE_GREEN)
    counts = rollout.replicas
    assert [head[key] for key in ("Desired", "Current", "Updated", "Ready", "Available")] == [
        str(n) for n in (counts.desired, counts.current, counts.updated, counts.ready, counts.available)
    ]
    if rollout.weight is None:  # it prints the weight of a step that never was done; we claim none
        assert (head.get("Step", ""), head["Current"]) == ("", "0")
    elif head["Strategy"] == "Canary":
        step = f"{rollout.step.index}/{rollout.step.count}" if rollout.step else ""
        assert (step, str(rollout.weight.set), str(rollout.weight.actual)) == (
            head["Step"],
            head["SetWeight"],
            head["ActualWeight"],
        )


@pytest.mark.parametrize("name", STATES)
def test_the_images_and_their_tags_are_the_same(name: str) -> None:
    detail = _observed(name)
    ours: dict[str, set[str]] = {}
    for use in detail.rollout.images:
        if not use.init:
            tags = {*(role.value for role in use.roles), *(f"Σ:{template}" for template in use.experiments)}
            ours.setdefault(str(use.image), set()).update(tags)
    told = recorded.told(name).images
    assert ours == told or not told


def _set(group: ReplicaSet, depth: int) -> Iterable[tuple[object, ...]]:
    info = [role.value for role in group.roles]
    yield depth, "ReplicaSet", str(group.name), str(group.status), tuple(info)
    for pod in group.pods:
        restarts = (f"restarts:{pod.restarts}",) if pod.restarts else ()
        yield depth + 1, "Pod", str(pod.name), str(pod.status), (f"ready:{pod.ready}/{pod.total}", *restarts)


def _run(run: AnalysisRun, depth: int) -> Iterable[tuple[object, ...]]:
    counts = [
        f"{icon} {number}"
        for icon, number in (
            ("✔", sum(m.successful for m in run.metrics)),
            ("✖", sum(m.failed for m in run.metrics)),
            ("?", sum(m.inconclusive for m in run.metrics)),
            ("⚠", sum(m.error for m in run.metrics)),
        )
        if number
    ]
    yield depth, "AnalysisRun", str(run.name), str(run.phase), tuple(counts)
    for job in run.jobs:
        yield depth + 1, "Job", str(job)


def _experiment(experiment: Experiment, depth: int) -> Iterable[tuple[object, ...]]:
    yield depth, "Experiment", str(experiment.name), str(experiment.phase), ()
    for group in experiment.replica_sets:
        yield from _set(group, depth + 1)
    for run in experiment.analysis_runs:
        yield from _run(run, depth + 1)


def _ours(detail: RolloutDetail) -> Iterable[tuple[object, ...]]:
    for revision in detail.revisions:
        yield 1, "#", f"revision:{revision.number}"
        for group in revision.replica_sets:
            yield from _set(group, 2)
        for experiment in revision.experiments:
            yield from _experiment(experiment, 2)
        for run in revision.analysis_runs:
            yield from _run(run, 2)


@pytest.mark.parametrize("name", STATES)
def test_the_tree_is_the_same(name: str) -> None:
    theirs: list[tuple[object, ...]] = []
    for node in recorded.told(name).tree[1:]:
        if node.kind in {"#", "Job"}:
            theirs.append((node.depth, node.kind, node.name))
        else:
            info = tuple(part for part in node.info if not part.startswith("delay:"))
            theirs.append((node.depth, node.kind, node.name, node.status, info))
    assert list(_ours(_observed(name))) == theirs


@pytest.mark.parametrize("name", STATES)
def test_the_scale_down_delay_is_told_where_the_command_tells_it(name: str) -> None:
    delayed = {n.name for n in recorded.told(name).tree if any(part.startswith("delay:") for part in n.info)}
    revisions = _observed(name).revisions
    groups = [group for revision in revisions for group in revision.replica_sets]
    groups += [group for revision in revisions for e in revision.experiments for group in e.replica_sets]
    assert {str(group.name) for group in groups if group.scale_down_at} == delayed


@pytest.mark.parametrize("name", STATES)
def test_the_fleet_s_row_never_contradicts_the_opened_rollout(name: str) -> None:
    ref, detail = recorded.ref(name), _observed(name).rollout
    lean = msgspec.json.decode(msgspec.json.encode(recorded.rollout(name)), type=LeanRollout)
    assert ENGINE.group(ROLLOUTS, lean) == ref
    row = ENGINE.summarise(ref, {ROLLOUTS: (lean,)}, recorded.now(name))
    assert row is not None
    assert (row.phase, row.message, row.step, row.steps, row.replicas, row.waiting.what) == (
        detail.phase,
        detail.message,
        detail.step,
        detail.steps,
        detail.replicas,
        detail.waiting.what,
    )
    assert (row.weight is None) == (detail.weight is None)
    if row.weight is not None and detail.weight is not None:
        assert row.weight.set == detail.weight.set
        assert row.weight.actual in {None, detail.weight.actual}
