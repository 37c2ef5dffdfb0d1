"""What people read before and after an act: the numbers are true, and steps are counted as people count."""

from __future__ import annotations

from typing import Any

import pytest

from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Plan, Refusal
from mlcd_tui.domain.rollout import RolloutDetail
from mlcd_tui.engines.argo import ENGINE
from mlcd_tui.engines.argo.kinds import ROLLOUTS
from tests.engines import argo_recorded as recorded


def _plan(name: str, verb: Verb, **more: Any) -> Plan:
    answer = ENGINE.plan(Intent(verb, recorded.ref(name), **more), recorded.objects(name), recorded.now(name))
    assert isinstance(answer, Plan), answer
    return answer


def _detail(name: str) -> RolloutDetail:
    found = ENGINE.observe(recorded.ref(name), recorded.objects(name), recorded.now(name))
    assert found is not None
    return found


def _outcome(name: str, verb: Verb, status: dict[str, Any], spec: dict[str, Any] | None = None, **more: Any) -> str:
    """What is said once the controller shows this status."""
    plan, objects = _plan(name, verb, **more), recorded.objects(name)
    rollout = objects[ROLLOUTS][0]
    rollout["metadata"]["resourceVersion"] += "1"
    rollout["status"] |= {"pauseConditions": None, "controllerPause": False, **status}
    rollout["spec"] |= spec or {}
    settled = ENGINE.settled(plan, objects, recorded.now(name))
    assert settled.done, settled.sentence
    return str(settled.sentence)


@pytest.mark.parametrize(
    ("name", "verb", "sentence"),
    [
        (
            "canary-paused-step",
            Verb.PROMOTE,
            "Run version 2 on 60 % instead of 20 % of the pods of {ref} (about 3 of 5), then wait 1 h.",
        ),
        (
            "traffic-weight",
            Verb.PROMOTE,
            "Send 80 % instead of 30 % of live traffic of {ref} to version 2, then wait for you.",
        ),
        (
            "traffic-progressing",
            Verb.PROMOTE_FULL,
            (
                "Send 100 % instead of 30 % (0 % so far) of live traffic of {ref} to version 2, "
                "without any further pause, analysis or step."
            ),
        ),
        (
            "traffic-max-weight",
            Verb.PROMOTE,
            (
                "Send 100 % (1000 of 1000) instead of 30 % (300 of 1000) of live traffic of {ref} to version 2, "
                "then make it the stable version."
            ),
        ),
        (
            "traffic-weight",
            Verb.ABORT,
            "Send 100 % instead of 70 % of live traffic of {ref} to version 1 and none to version 2.",
        ),
        ("canary-paused-step", Verb.ABORT, "Run version 1 on all 5 pods of {ref} again and stop those of version 2."),
        (
            "bluegreen-post-promotion-running",
            Verb.PROMOTE_FULL,
            "Make version 2, which has all live traffic of {ref} already, the stable version now.",
        ),
        (
            "canary-paused-by-user-in-step",
            Verb.RESUME,
            "Let {ref} go on; it still waits at step 2 of 4 for your promotion.",
        ),
        (
            "bluegreen-pre-promotion-failed",
            Verb.RETRY,
            (
                "Start the update of {ref} to version 2 again: start its pods, run the analysis before the switch, "
                "then wait for you to switch."
            ),
        ),
        (
            "canary-aborted",
            Verb.RETRY,
            (
                "Start the update of {ref} to version 2 again from step 1 of 4: "
                "run it on 20 % of the pods (about 1 of 5), then wait for you."
            ),
        ),
    ],
)
def test_a_plan_says_what_will_happen_with_its_numbers(name: str, verb: Verb, sentence: str) -> None:
    assert _plan(name, verb).sentence == sentence.format(ref=recorded.ref(name))


def test_steps_are_counted_from_one_and_told_where_it_comes_to_rest() -> None:
    plan = _plan("canary-paused-step", Verb.PROMOTE)
    changes = {str(change.label): (change.before, change.after) for change in plan.changes}
    assert changes["step"] == ("2 of 4", "4 of 4")  # step 3 sets the weight and takes no time
    assert plan.expect == "step 4 of 4: pause 1 h"
    end = _plan("analysis-passed", Verb.PROMOTE)
    assert {str(change.label): change.after for change in end.changes}["step"] == "all 4 done"
    assert "only a rollback returns to version 1" in end.way_back


def test_an_outcome_tells_what_was_asked_what_is_real_and_what_comes() -> None:
    pause = [{"reason": "CanaryPauseStep", "startTime": recorded.now("traffic-weight").isoformat()}]
    held = {"currentStepIndex": 3, "pauseConditions": pause, "controllerPause": True}
    real = {"canary": {"weights": {"canary": {"weight": 50}, "stable": {"weight": 50}}}}
    assert _outcome("traffic-weight", Verb.PROMOTE, {**held, **real}) == (
        "80 % asked, 50 % actual so far; now at step 4 of 4: pause until promoted, waiting for your promotion"
    )
    pods = _outcome("canary-paused-step", Verb.PROMOTE, {"currentStepIndex": 2})
    assert pods == "60 % asked, version 2 runs on 1 of 5 available pods; now at step 3 of 4: set 60 %"
    timed = [{"reason": "CanaryPauseStep", "startTime": recorded.now("canary-paused-step").isoformat()}]
    assert _outcome(
        "canary-paused-step", Verb.PROMOTE, {"currentStepIndex": 3, "pauseConditions": timed, "controllerPause": True}
    ).endswith("now at step 4 of 4: pause 1 h, 1 h left")
    stable = {"stableRS": "6dc5cfc88b", "currentStepIndex": 4}
    assert _outcome("canary-paused-step", Verb.PROMOTE_FULL, stable) == (
        "version 2 is the stable version; all 4 steps done, 5 of 5 pods available"
    )


def test_percent_is_of_a_hundred_whatever_the_weights_are_of() -> None:
    intent = Intent(Verb.SET_WEIGHT, recorded.ref("traffic-max-weight"), weight=30)
    answer = ENGINE.plan(intent, recorded.objects("traffic-max-weight"), recorded.now("traffic-max-weight"))
    assert isinstance(answer, Refusal)
    assert answer.sentence == "The weight is 30 % (300 of 1000) already."


def test_an_inconclusive_experiment_warns_that_the_controller_makes_it_again() -> None:
    assert "the controller makes it again" in _detail("experiment-inconclusive").rollout.waiting.sentence
    assert any("again and again" in warning for warning in _plan("experiment-inconclusive", Verb.PROMOTE).warnings)


def test_an_abort_that_has_to_start_pods_first_says_so() -> None:
    assert "as fast as its pods start" in _plan("traffic-dynamic-stable-scale", Verb.PROMOTE).way_back
    assert any("was scaled down" in warning for warning in _plan("traffic-dynamic-stable-scale", Verb.ABORT).warnings)
    assert "at once" in _plan("traffic-weight", Verb.PROMOTE).way_back


def test_a_switch_to_a_small_preview_says_that_pods_come_first() -> None:
    (warning,) = _plan("bluegreen-preview-replicas", Verb.SWITCH).warnings
    assert warning.startswith("1 of 3 pods of version 2 are available")


def test_the_label_of_a_promotion_is_what_its_plan_does() -> None:
    for name in recorded.names():
        ability = next(a for a in _detail(name).rollout.abilities if a.verb == Verb.PROMOTE.value)
        if ability.allowed:
            again = _plan(name, Verb.PROMOTE).title == "Run the analysis again"
            assert again == (ability.label == "run analysis again"), name


def test_facts_begin_with_a_capital_and_tell_times_as_people_write_them() -> None:
    facts = {str(label): str(value) for label, value in _detail("canary-aborted").facts}
    assert all(label[0].isupper() for label in facts)
    assert facts["Aborted"].endswith(" UTC")
    assert "T" not in facts["Aborted"].removesuffix(" UTC")


def test_details_of_a_step_tell_only_what_its_caption_does_not() -> None:
    for name in recorded.names():
        for step in _detail(name).steps:
            assert step.kind not in {"setWeight", "pause"} or not step.details


def test_shares_of_an_experiment_carry_the_names_of_its_templates() -> None:
    weight = _detail("traffic-experiment-weight").rollout.weight
    assert weight is not None
    assert weight.additional == (("baseline", 5), ("candidate", 5))
