"""What is planned as things stand, with its requests and warnings, and when it is told to be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from mlcd_tui.domain.hook_approval import Hook, approval
from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import SENT, Access, Plan, Refusal, Settled
from mlcd_tui.domain.refs import DEPLOYMENTS, EVENTS
from mlcd_tui.engines.flagger import ENGINE
from mlcd_tui.engines.flagger.kinds import CANARIES, DAEMON_SETS, HTTP_ROUTES
from tests.engines import flagger_recorded as recorded

Objects = dict[Any, list[dict[str, Any]]]


class Scene:
    """A recorded moment that goes on."""

    def __init__(self, name: str) -> None:
        self.ref, self.now = recorded.ref(name), recorded.now(name)
        self.objects: Objects = recorded.objects(name)

    @property
    def canary(self) -> dict[str, Any]:
        return self.objects[CANARIES][0]

    def ask(self, verb: Verb, **more: Any) -> Plan | Refusal:
        return ENGINE.plan(Intent(verb, self.ref, **more), self.objects, self.now)

    def plan(self, verb: Verb, **more: Any) -> Plan:
        found = self.ask(verb, **more)
        assert isinstance(found, Plan), found
        return found

    def refused(self, verb: Verb) -> str:
        found = self.ask(verb)
        assert isinstance(found, Refusal), found
        return found.sentence

    def send(self, plan: Plan) -> None:
        """What the API server makes of the merge patches."""
        for request in plan.requests:
            raw = next(o for o in self.objects[request.resource] if o["metadata"]["name"] == request.name)
            assert isinstance(request.body, Mapping)
            _merge(raw, request.body)
            raw["metadata"]["resourceVersion"] += "1"

    def status(self, **fields: Any) -> None:
        self.canary["status"].update(fields)
        self.canary["metadata"]["resourceVersion"] += "2"

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def settled(self, plan: Plan) -> Settled:
        return ENGINE.settled(plan, self.objects, self.now)


def _merge(into: dict[str, Any], patch: Mapping[str, Any]) -> None:
    for key, value in patch.items():
        if isinstance(value, Mapping):
            _merge(into.setdefault(key, {}), value)
        elif key != "resourceVersion":
            into[key] = value


def test_the_gate_is_opened_for_this_step_only() -> None:
    scene = Scene("canary-20-waiting")
    plan = scene.plan(Verb.PROMOTE, by="alice")
    assert "60 % instead of 20 % of live traffic" in plan.sentence
    assert "Flagger asks again within 10 s" in plan.sentence
    (request,) = plan.requests
    assert (request.resource, request.subresource) == (CANARIES, "")
    assert isinstance(request.body, Mapping)
    notes = request.body["metadata"]["annotations"]
    assert notes[Hook.CONFIRM_TRAFFIC_INCREASE.annotation] == approval(Hook.CONFIRM_TRAFFIC_INCREASE, scene.canary)
    assert notes[Hook.CONFIRM_TRAFFIC_INCREASE.signature].endswith("Z by alice")
    assert set(request.body) == {"metadata"}
    scene.send(plan)
    assert "approved already" in scene.refused(Verb.PROMOTE)
    assert not scene.settled(plan).done
    scene.status(canaryWeight=60, lastTransitionTime="2026-11-24T14:50:00Z")
    assert scene.settled(plan).done
    assert isinstance(scene.ask(Verb.PROMOTE), Plan), "the next step must be asked for again"


def test_an_approval_that_a_failed_check_made_void_is_told() -> None:
    scene = Scene("canary-20-waiting")
    plan = scene.plan(Verb.PROMOTE)
    scene.send(plan)
    scene.status(failedChecks=1, lastTransitionTime="2026-11-24T14:50:00Z")
    settled = scene.settled(plan)
    assert settled.failed
    assert "does not hold any more" in settled.sentence


def test_a_beginning_is_approved_for_the_pod_template_that_was_seen() -> None:
    scene = Scene("bluegreen-waiting")
    plan = scene.plan(Verb.PROMOTE)
    target = next(d for d in scene.objects[DEPLOYMENTS] if d["metadata"]["name"] == "model-api")
    value = approval(Hook.CONFIRM_ROLLOUT, scene.canary, target["spec"]["template"])
    assert isinstance(plan.requests[0].body, Mapping)
    assert plan.requests[0].body["metadata"]["annotations"][Hook.CONFIRM_ROLLOUT.annotation] == value
    target["spec"]["template"]["spec"]["containers"][0]["image"] = "another:3"
    assert dict(scene.plan(Verb.PROMOTE).seen) != dict(plan.seen), "after a conflict it must be shown again"
    scene.send(plan)
    scene.status(phase="Progressing", lastAppliedSpec="77b8678fbb")
    assert scene.settled(plan).done
    scene.objects[DEPLOYMENTS] = []
    hidden = Scene("bluegreen-waiting")
    hidden.objects[DEPLOYMENTS] = []
    assert "target cannot be seen" in hidden.refused(Verb.PROMOTE)


def test_a_daemon_sets_beginning_is_bound_to_its_template_as_the_gate_reads_it() -> None:
    scene = Scene("bluegreen-waiting")
    scene.canary["spec"]["targetRef"]["kind"] = "DaemonSet"
    assert "target cannot be seen" in scene.refused(Verb.PROMOTE)
    scopes = ENGINE.scopes(scene.ref, scene.canary)
    assert DAEMON_SETS in {scope.resource for scope in scopes}
    template = {"spec": {"containers": [{"name": "server", "image": "m:2"}]}}
    scene.objects[DAEMON_SETS] = [{"metadata": {"name": "model-api"}, "spec": {"template": template}}]
    plan = scene.plan(Verb.PROMOTE)
    assert isinstance(plan.requests[0].body, Mapping)
    notes = plan.requests[0].body["metadata"]["annotations"]
    assert notes[Hook.CONFIRM_ROLLOUT.annotation] == approval(Hook.CONFIRM_ROLLOUT, scene.canary, template)
    assert "no Deployment" in scene.refused(Verb.RESTART)


def test_a_promotion_is_done_when_flagger_moves_the_traffic() -> None:
    scene = Scene("bluegreen-waiting-promotion")
    plan = scene.plan(Verb.PROMOTE)
    assert "send it all live traffic" in plan.sentence
    scene.send(plan)
    scene.status(iterations=3)
    assert "waiting for Flagger to ask" in scene.settled(plan).sentence
    scene.status(iterations=4)
    assert scene.settled(plan).done


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("bluegreen-succeeded", "No new version is on its way."),
        ("canary-failing", "Flagger waits for no gate: it goes on by itself with each tick."),
        ("canary-suspended", "It is suspended: Flagger asks no gate; resume it first."),
        ("bluegreen-promoting", "It is being promoted."),
        ("bluegreen-all-to-canary", "It is being promoted."),
        (
            "canary-foreign-gate",
            "Its gate confirm-traffic-increase is not one of mlcd-tui's; open it where it is kept.",
        ),
    ],
)
def test_a_promotion_is_refused_where_no_gate_of_ours_is_asked(name: str, why: str) -> None:
    assert Scene(name).refused(Verb.PROMOTE) == why


def test_skipping_the_analysis_says_what_it_really_does() -> None:
    scene = Scene("bluegreen-waiting")
    plan = scene.plan(Verb.PROMOTE_FULL)
    told = " ".join(plan.warnings)
    assert "Traffic goes to the primary first, which has version 1 until its pods are replaced." in told
    assert "before the primary's new pods are ready" in told
    assert "It stays set" in told
    assert isinstance(plan.requests[0].body, Mapping)
    assert plan.requests[0].body["spec"] == {"skipAnalysis": True}
    # Flagger asks confirm-rollout even then, so the gate is opened with it.
    assert Hook.CONFIRM_ROLLOUT.annotation in plan.requests[0].body["metadata"]["annotations"]
    scene.send(plan)
    assert not scene.settled(plan).done
    scene.status(phase="Succeeded")
    assert scene.settled(plan).done
    resumed = scene.plan(Verb.RESUME)
    assert isinstance(resumed.requests[0].body, Mapping)
    assert resumed.requests[0].body["spec"] == {"skipAnalysis": False}


def test_a_rollback_goes_through_the_gate_and_is_done_when_flagger_says_failed() -> None:
    scene = Scene("canary-waiting-promotion")
    plan = scene.plan(Verb.ABORT)
    assert isinstance(plan.requests[0].body, Mapping)
    assert plan.requests[0].body["metadata"]["annotations"][Hook.ROLLBACK.annotation] == approval(
        Hook.ROLLBACK, scene.canary
    )
    assert next((c.label, c.before, c.after) for c in plan.changes) == ("live traffic", "60 %", "0 %")
    scene.send(plan)
    assert not scene.settled(plan).done
    scene.status(phase="Failed")
    assert scene.settled(plan).done
    promoted = Scene("canary-waiting-promotion")
    plan = promoted.plan(Verb.ABORT)
    promoted.send(plan)
    promoted.status(phase="Promoting")
    assert promoted.settled(plan).failed


def test_a_rollback_that_its_gate_does_not_bring_about_is_done_without_it() -> None:
    """A gate that is away must not keep a bad version live."""
    scene = Scene("canary-waiting-promotion")
    plan = scene.plan(Verb.ABORT)
    scene.send(plan)
    assert "waiting for Flagger to roll it back" in scene.settled(plan).sentence
    scene.later(26)
    assert "abort once more does without the gate" in scene.settled(plan).sentence
    again = scene.plan(Verb.ABORT)
    (request,) = again.requests
    assert (request.subresource, request.body["status"]) == ("status", {"failedChecks": 2})  # type: ignore[call-overload]
    assert any("it may not reach the gate" in warning for warning in again.warnings)
    scene.send(again)
    assert not scene.settled(again).failed


def test_a_plan_that_was_read_for_long_is_not_late_once_it_is_sent() -> None:
    scene = Scene("canary-suspended")
    plan = scene.plan(Verb.RESUME)
    scene.later(600)
    scene.send(plan)
    sent = replace(plan, mark={**plan.mark, SENT: scene.now.isoformat()})
    scene.later(1)
    assert not scene.settled(sent).done, "no tick can have come since"
    scene.later(10)
    assert scene.settled(sent).done


def test_a_promotion_that_was_approved_does_not_hold_for_the_analysis_after_another_version() -> None:
    """The run starts anew for another version and again for the first one: its condition begins at neither."""
    scene = Scene("bluegreen-waiting-promotion")
    scene.send(scene.plan(Verb.PROMOTE))
    condition = scene.canary["status"]["conditions"][0]
    assert scene.refused(Verb.PROMOTE).startswith("It is approved already")
    scene.status(phase="Progressing", iterations=3)
    scene.status(phase="WaitingPromotion", iterations=2)
    condition["lastUpdateTime"] = "2026-11-24T15:00:00Z"
    scene.plan(Verb.PROMOTE)


def test_without_a_gate_a_rollback_writes_the_count_that_flagger_rolls_back_at_and_says_so() -> None:
    scene = Scene("canary-suspended")
    plan = scene.plan(Verb.ABORT)
    status, spec = plan.requests
    assert (status.subresource, spec.subresource) == ("status", "")
    assert isinstance(status.body, Mapping)
    assert isinstance(spec.body, Mapping)
    assert status.body["status"] == {"failedChecks": 2}
    assert spec.body["spec"] == {"suspend": False}, "a suspended Canary would never be looked at"
    assert any("failed checks that never were" in warning for warning in plan.warnings)
    assert Access("patch", CANARIES, scene.ref.namespace, "status") in ENGINE.access(Verb.ABORT, scene.ref.namespace)
    scene.send(plan)
    scene.status(failedChecks=1)
    assert scene.settled(plan).failed, "Flagger wrote its own count over it"


def test_what_cannot_be_rolled_back_by_flagger_is_refused() -> None:
    assert "Nothing of the new version runs yet" in Scene("bluegreen-waiting").refused(Verb.ABORT)
    assert "asks for no rollback any more" in Scene("bluegreen-promoting").refused(Verb.ABORT)
    unready = Scene("canary-not-ready").plan(Verb.ABORT)
    assert any("only once the pods of the new version are ready" in warning for warning in unready.warnings)


def test_suspending_is_done_when_flagger_tells_or_a_tick_went_by() -> None:
    scene = Scene("canary-20")
    plan = scene.plan(Verb.PAUSE)
    assert any("rolls nothing back" in warning for warning in plan.warnings)
    scene.send(plan)
    assert "waiting for Flagger's next tick" in scene.settled(plan).sentence
    about = {"kind": "Canary", "name": "model-api"}
    told = {"message": "skipping canary run as object is suspended", "involvedObject": about}
    at = (scene.now + timedelta(seconds=4)).isoformat()
    scene.objects[EVENTS].append({**told, "lastTimestamp": at})
    assert scene.settled(plan).done
    scene.objects[EVENTS].pop()
    scene.later(11)
    assert scene.settled(plan).done
    resumed = scene.plan(Verb.RESUME)
    scene.send(resumed)
    assert not scene.settled(resumed).done
    scene.status(canaryWeight=60, lastTransitionTime="2026-11-24T14:59:00Z")
    assert scene.settled(resumed).done


def test_a_rejected_version_is_tried_again_or_taken_back() -> None:
    scene = Scene("canary-failed")
    retried = scene.plan(Verb.RETRY)
    assert retried.requests[0].resource == DEPLOYMENTS
    assert "try version 2 of" in retried.sentence
    scene.send(retried)
    assert not scene.settled(retried).done
    scene.status(phase="Progressing", lastAppliedSpec="another")
    assert scene.settled(retried).done
    back = Scene("canary-failed").plan(Verb.UNDO)
    assert "revision 1 (version 1), which is what serves; nothing goes out" in back.sentence
    assert Scene("bluegreen-succeeded").refused(Verb.RETRY) == "No new version was rejected."


def test_setting_the_target_back_in_a_run_is_warned_to_be_no_rollback() -> None:
    plan = Scene("canary-20").plan(Verb.UNDO)
    told = " ".join(plan.warnings)
    assert "Flagger takes no notice and goes on" in told
    assert "Abort first" in told
    assert "runs once more" in told


def test_another_image_starts_the_run_anew() -> None:
    scene = Scene("canary-20")
    plan = scene.plan(Verb.SET_IMAGE, images=(("server", "registry.example/model-api:3"),))
    assert isinstance(plan.requests[0].body, Mapping)
    containers = plan.requests[0].body["spec"]["template"]["spec"]["containers"]
    assert containers == [{"name": "server", "image": "registry.example/model-api:3"}]
    assert any("starts anew: traffic goes back to the primary" in warning for warning in plan.warnings)
    anew = Scene("bluegreen-mirroring").plan(Verb.SET_IMAGE, images=(("server", "registry.example/model-api:3"),))
    assert any("does not ask confirm-rollout" in warning for warning in anew.warnings)
    assert any(warning.endswith("It waits at confirm-promotion.") for warning in anew.warnings), anew.warnings
    for images, why in (
        ((), "no container and image"),
        ((("nobody", "a:1"),), 'no container "nobody"'),
        ((("server", "a b"),), "not the name of an image"),
        ((("server", "registry.example/model-api:2"),), "has that image already"),
    ):
        found = scene.ask(Verb.SET_IMAGE, images=images)
        assert isinstance(found, Refusal)
        assert why.lower() in found.sentence.lower()
    missing = scene.ask(Verb.UNDO, revision=9)
    assert isinstance(missing, Refusal)
    assert missing.advice == "There is: 1, 2."


def test_what_flagger_owns_is_told_as_the_reason() -> None:
    scene = Scene("bluegreen-mirroring")
    assert "Flagger writes its route anew with each tick" in scene.refused(Verb.MIRROR)
    assert "Flagger moves traffic itself" in scene.refused(Verb.SWITCH)
    assert ENGINE.access(Verb.MIRROR, "n") == ()
    assert ENGINE.access(Verb.SWITCH, "n") == ()


def test_a_gitops_owner_is_warned_of() -> None:
    scene = Scene("canary-20")
    scene.canary["metadata"]["annotations"] = {"argocd.argoproj.io/tracking-id": "models:x"}
    assert any(warning.startswith("Argo CD keeps this object") for warning in scene.plan(Verb.PAUSE).warnings)
    assert not any("Argo CD" in warning for warning in scene.plan(Verb.RESTART).warnings), (
        "the target is another object"
    )


def test_a_canary_that_is_gone_is_never_done() -> None:
    scene = Scene("canary-20")
    plan = scene.plan(Verb.PAUSE)
    scene.objects = {CANARIES: [], HTTP_ROUTES: []}
    assert scene.settled(plan).failed
    assert "There is no canary" in scene.refused(Verb.PAUSE)
    assert isinstance(scene.now, datetime)
