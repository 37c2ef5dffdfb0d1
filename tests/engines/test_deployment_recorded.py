"""Recorded Deployments in many states: the engine says what the real `kubectl rollout status` and `history` said."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import msgspec
import pytest

from mlcd_tui.domain.refs import DEPLOYMENTS, JSON, PODS, REPLICA_SETS, SERVICES, Resource, RolloutRef
from mlcd_tui.domain.rollout import Phase, Role, Rollout, RolloutDetail, Strategy, WaitFor
from mlcd_tui.engines.deployment import ENGINE, lean

FOLDER = Path(__file__).parents[1] / "fixtures" / "deployment"
STATES = sorted(path.name for path in FOLDER.iterdir())
KINDS = {kind.kind: kind for kind in (DEPLOYMENTS, REPLICA_SETS, PODS, SERVICES)}

PHASES = {
    "deadline-exceeded": Phase.DEGRADED,
    "healthy": Phase.HEALTHY,
    "paused": Phase.PAUSED,
    "progressing": Phase.PROGRESSING,
    "recreate": Phase.PROGRESSING,
    "replica-failure": Phase.DEGRADED,
    "restarted": Phase.HEALTHY,
    "rolled-back": Phase.HEALTHY,
    "scaled-to-zero": Phase.HEALTHY,
    "several-revisions": Phase.HEALTHY,
}
IN_FLIGHT = {"deadline-exceeded", "paused", "progressing", "recreate", "replica-failure"}


def recorded(state: str) -> tuple[RolloutRef, Mapping[Resource, Sequence[JSON]], datetime]:
    objects: dict[Resource, list[JSON]] = {}
    for item in json.loads((FOLDER / state / "objects.json").read_text())["items"]:
        objects.setdefault(KINDS[item["kind"]], []).append(item)
    meta = objects[DEPLOYMENTS][0]["metadata"]
    now = datetime.fromisoformat((FOLDER / state / "now.txt").read_text().strip())
    return RolloutRef("deployment", meta["namespace"], meta["name"]), objects, now


def row(state: str) -> Rollout:
    ref, objects, now = recorded(state)
    decoded = [msgspec.json.decode(json.dumps(raw), type=lean.LeanDeployment) for raw in objects[DEPLOYMENTS]]
    assert ENGINE.group(DEPLOYMENTS, decoded[0]) == ref
    found = ENGINE.summarise(ref, {DEPLOYMENTS: decoded}, now)
    assert found is not None
    return found


def opened(state: str) -> RolloutDetail:
    ref, objects, now = recorded(state)
    found = ENGINE.observe(ref, objects, now)
    assert found is not None
    return found


def told(state: str) -> str:
    return (FOLDER / state / "rollout-status.txt").read_text().strip().removeprefix("error: ")


@pytest.mark.parametrize("state", STATES)
def test_message_is_that_of_kubectl_rollout_status(state: str) -> None:
    assert row(state).message == opened(state).rollout.message == told(state)


@pytest.mark.parametrize("state", STATES)
def test_history_is_that_of_kubectl_rollout_history(state: str) -> None:
    lines = (FOLDER / state / "history.txt").read_text().splitlines()[2:]
    wanted = [line.split(maxsplit=1) for line in lines if line.strip()]
    found = [[str(rev.number), rev.change_cause or "<none>"] for rev in reversed(opened(state).revisions)]
    assert found == wanted


@pytest.mark.parametrize("state", STATES)
def test_phase_and_what_is_in_flight(state: str) -> None:
    found = row(state)
    assert found.phase is PHASES[state]
    assert found.in_flight is (state in IN_FLIGHT)
    assert found.strategy is (Strategy.RECREATE if state == "recreate" else Strategy.ROLLING)


def test_every_recorded_state_is_known_here() -> None:
    assert set(STATES) == set(PHASES)


@pytest.mark.parametrize(
    ("state", "what", "sentence"),
    [
        ("paused", WaitFor.PERSON, "you to resume it"),
        ("progressing", WaitFor.PODS, "0 of 3 pods"),
        ("deadline-exceeded", WaitFor.REPAIR, "its pods do not get ready"),
        ("healthy", WaitFor.NOTHING, ""),
    ],
)
def test_waiting_for(state: str, what: WaitFor, sentence: str) -> None:
    found = row(state).waiting
    assert found.what is what
    if what is not WaitFor.PODS:
        assert found.sentence == sentence


def test_replica_failure_tells_the_real_reason() -> None:
    assert "forbidden" in row("replica-failure").waiting.sentence


def test_roles_images_and_pods_of_an_update_under_way() -> None:
    detail = opened("paused")
    newest, oldest = detail.revisions
    assert (newest.roles, oldest.roles) == ((Role.NEW,), (Role.STABLE,))
    assert [len(rs.pods) for rev in detail.revisions for rs in rev.replica_sets] == [1, 3]
    assert detail.rollout.stable_version != ""
    images = {(use.container, use.image, use.roles) for use in detail.rollout.images if use.container == "server"}
    assert {roles for _, _, roles in images} == {(Role.NEW,), (Role.STABLE,)}


def test_scaled_down_revisions_have_no_role() -> None:
    assert [rev.roles for rev in opened("several-revisions").revisions] == [(Role.STABLE,), (), ()]


def test_scopes_ask_only_for_what_is_the_deployments_own() -> None:
    ref, objects, _ = recorded("healthy")
    scopes = {scope.resource: scope for scope in ENGINE.scopes(ref, objects[DEPLOYMENTS][0])}
    assert scopes[PODS].label_selector == scopes[REPLICA_SETS].label_selector == "app=model-api"
    assert all(scope.namespace == ref.namespace for scope in scopes.values())


def test_pods_are_waited_for_since_the_last_step_not_since_the_deployment_was_made() -> None:
    ref, objects, now = recorded("progressing")
    condition = next(c for c in objects[DEPLOYMENTS][0]["status"]["conditions"] if c["type"] == "Progressing")
    condition["lastTransitionTime"] = "2020-01-01T00:00:00Z"
    decoded = [msgspec.json.decode(json.dumps(raw), type=lean.LeanDeployment) for raw in objects[DEPLOYMENTS]]
    found = ENGINE.summarise(ref, {DEPLOYMENTS: decoded}, now)
    assert found is not None
    assert found.waiting.what is WaitFor.PODS
    assert found.waiting.since == datetime.fromisoformat(condition["lastUpdateTime"])
