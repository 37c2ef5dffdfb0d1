"""What of a canary's routes the controller refuses or that does nothing is told before: overview, plan, abilities."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Plan, Refusal
from mlcd_tui.engines.argo import ENGINE
from mlcd_tui.engines.argo.kinds import ROLLOUTS
from tests.engines import argo_recorded as recorded
from tests.engines.test_argo_traffic import COPY, ISTIO, REF, canary

MANAGED = {"managedRoutes": [{"name": "shadow"}]}
SCALE = {"setCanaryScale": {"replicas": 2}}
FOLLOW = {"setCanaryScale": {"weight": 100}}
ASK: dict[str, Any] = {"pause": {}}
NOW = recorded.now(recorded.names()[0])


def told(raw: Any) -> list[str]:
    """What the overview warns of."""
    detail = ENGINE.observe(REF, {ROLLOUTS: [raw]}, NOW)
    assert detail is not None
    return [str(value) for label, value in detail.facts if label == "Watch out"]


def routed(routing: Any, *steps: Any, index: int = 0) -> Any:
    """A canary with a traffic router, waiting at a step."""
    raw = canary(list(steps), index, **({"trafficRouting": routing} if routing else {}))
    raw["status"] |= {"pauseConditions": [{"reason": "CanaryPauseStep"}], "controllerPause": True}
    return raw


@pytest.mark.parametrize(
    ("routing", "steps", "warning"),
    [
        (
            {"nginx": {"stableIngress": "api"}, **MANAGED},
            (SCALE, COPY, ASK),
            "step 2 (setMirrorRoute) needs Istio or a plug-in as traffic router, and there is nginx",
        ),
        (None, (COPY, ASK), "step 1 (setMirrorRoute) needs Istio or a plug-in as traffic router, and there is none"),
        (None, (SCALE, ASK), "step 1 (setCanaryScale) needs a traffic router"),
        (ISTIO, (SCALE, COPY, ASK), "names the route shadow, which trafficRouting.managedRoutes does not list"),
        (
            {"nginx": {}, **MANAGED},
            ({"setHeaderRoute": {"name": "shadow"}}, ASK),
            "step 1 (setHeaderRoute) needs Istio, ALB, Apisix or a plug-in",
        ),
    ],
)
def test_what_the_controller_refuses_is_told_in_overview_and_plan(routing: Any, steps: Any, warning: str) -> None:
    raw = routed(routing, *steps, index=len(steps) - 1)
    assert any(warning in each and each.startswith("The controller refuses this spec") for each in told(raw))
    for verb in (Verb.PROMOTE, Verb.ABORT, Verb.PAUSE):
        plan = ENGINE.plan(Intent(verb, REF), {ROLLOUTS: [raw]}, NOW)
        assert isinstance(plan, Plan), plan
        assert any(warning in each for each in plan.warnings), verb


@pytest.mark.parametrize(
    ("routing", "steps", "warning"),
    [
        (ISTIO | MANAGED, (COPY, ASK, SCALE), "Step 1 copies traffic to a canary without pods"),
        (
            ISTIO | MANAGED,
            (SCALE, {"setMirrorRoute": {"name": "shadow", "percentage": 50}}, ASK),
            "Step 2 (setMirrorRoute) copies nothing: without a match",
        ),
        (ISTIO | MANAGED | {"alb": {}}, (SCALE, COPY, ASK), "Alb copies nothing"),
        ({"plugins": {"acme/gw": {}}} | MANAGED, (SCALE, COPY, ASK), "it may say yes and do nothing"),
    ],
)
def test_a_mirror_that_copies_less_than_it_says(routing: Any, steps: Any, warning: str) -> None:
    raw = routed(routing, *steps, index=next(i for i, step in enumerate(steps) if step is ASK))
    assert any(warning in each for each in told(raw)), told(raw)
    plan = ENGINE.plan(Intent(Verb.PROMOTE, REF), {ROLLOUTS: [raw]}, NOW)
    assert isinstance(plan, Plan)
    assert any(warning in each for each in plan.warnings)


def test_the_sound_recipe_has_no_warnings() -> None:
    stop = {"setMirrorRoute": {"name": "shadow"}}
    for order in ((SCALE, COPY), (COPY, SCALE)):
        raw = routed(ISTIO | MANAGED, *order, ASK, stop, FOLLOW, {"setWeight": 100}, index=2)
        assert told(raw) == []
        plan = ENGINE.plan(Intent(Verb.PROMOTE, REF), {ROLLOUTS: [raw]}, NOW)
        assert isinstance(plan, Plan)
        assert not plan.warnings


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("bluegreen-healthy", "A blue/green of Argo Rollouts copies no traffic"),
        ("canary-healthy", "None of its steps copies traffic"),
    ],
)
def test_the_key_for_copies_says_by_what_argo_copies(name: str, why: str) -> None:
    answer = ENGINE.plan(Intent(Verb.MIRROR, recorded.ref(name)), recorded.objects(name), NOW)
    assert isinstance(answer, Refusal)
    assert answer.sentence.startswith(why)
    assert "setMirrorRoute" in answer.sentence


def test_a_spec_that_was_refused_is_told_before_an_act_is_sent() -> None:
    name = "invalid-spec-after-edit"
    plan = ENGINE.plan(Intent(Verb.RESTART, recorded.ref(name)), recorded.objects(name), NOW)
    assert isinstance(plan, Plan)
    assert any("refuses this spec and does nothing until it is mended" in each for each in plan.warnings)


@pytest.mark.parametrize(("scale", "held"), [({"replicas": 2}, "2 pods"), ({"weight": 25}, "1 pod")])
def test_a_switch_before_its_pods_is_told_while_it_lies_ahead(scale: Any, held: str) -> None:
    steps = ({"setCanaryScale": scale}, COPY, ASK, {"setWeight": 100}, ASK)
    warning = f"Step 4 sends 100 % of live traffic to {held}, which step 1 holds it at, before more start"
    for index, ahead in ((2, True), (4, False)):
        raw = routed(ISTIO | MANAGED, *steps, index=index)
        assert any(each.startswith(warning) for each in told(raw))
        plan = ENGINE.plan(Intent(Verb.PROMOTE, REF), {ROLLOUTS: [raw]}, NOW)
        assert isinstance(plan, Plan)
        assert any(each.startswith(warning) for each in plan.warnings) is ahead
    raw["status"]["abort"] = True
    plan = ENGINE.plan(Intent(Verb.RETRY, REF), {ROLLOUTS: [raw]}, NOW)
    assert isinstance(plan, Plan)
    assert any(each.startswith(warning) for each in plan.warnings)


def test_the_mirrored_recipe_is_shown_for_what_it_is() -> None:
    raw = routed(ISTIO | MANAGED, {"setCanaryScale": {"replicas": 4}}, COPY, ASK, {"setWeight": 100}, index=2)
    detail = ENGINE.observe(REF, {ROLLOUTS: [raw]}, NOW)
    assert detail is not None
    told_as = {str(label): str(value) for label, value in detail.facts}
    assert told_as["Way"] == "blue/green by copies: copies 35 % of live traffic, then sends all of it at once"
    abort = ENGINE.plan(Intent(Verb.ABORT, REF), {ROLLOUTS: [raw]}, NOW)
    assert isinstance(abort, Plan)
    assert abort.sentence.endswith("and stop copying 35 % of it there.")
    assert ("mirrored", "35 %", "none") in [(c.label, c.before, c.after) for c in abort.changes]
    raw["status"]["abort"] = True
    retry = ENGINE.plan(Intent(Verb.RETRY, REF), {ROLLOUTS: [raw]}, NOW)
    assert isinstance(retry, Plan)
    assert "send it no live traffic but copies of 35 %, then wait for you" in retry.sentence
    assert any("happens twice" in each for each in retry.warnings)


def test_a_canary_that_copies_on_its_way_is_no_switch() -> None:
    raw = routed(ISTIO | MANAGED, SCALE, COPY, ASK, {"setWeight": 20}, index=2)
    detail = ENGINE.observe(REF, {ROLLOUTS: [raw]}, NOW)
    assert detail is not None
    assert "Way" not in {str(label) for label, _ in detail.facts}


def test_the_sample_of_the_recipe_is_sound() -> None:
    sample = Path(__file__).parents[2] / "sample_configs" / "argo-mirrored-blue-green.yaml"
    raw = yaml.safe_load(sample.read_text(encoding="utf-8"))
    raw["metadata"] |= {"namespace": REF.namespace, "name": REF.name}
    assert told(raw) == []
    detail = ENGINE.observe(REF, {ROLLOUTS: [raw]}, NOW)
    assert detail is not None
    assert any(str(value).startswith("blue/green by copies: copies 100 %") for _, value in detail.facts)
