"""Acts while an analysis could not tell, and while a blue/green counts down: what the controller makes of them."""

from __future__ import annotations

import pytest

from mlcd_tui.domain.intent import Verb
from mlcd_tui.engines.argo import ENGINE
from mlcd_tui.engines.argo.kinds import ROLLOUTS
from tests.engines import argo_recorded as recorded
from tests.engines.test_argo_plans import Objects, body, plan, refusal


def _unsure_in_its_pause(index: int) -> Objects:
    """A canary whose background analysis could not tell while it stands at a step of 25 %, pause, 50 %, pause."""
    objects = recorded.objects("background-analysis-inconclusive")
    rollout = objects[ROLLOUTS][0]
    steps = [{"setWeight": 25}, {"pause": {"duration": 3600}}, {"setWeight": 50}, {"pause": {}}]
    rollout["spec"]["strategy"]["canary"]["steps"] = steps
    since = rollout["status"]["pauseConditions"][0]["startTime"]
    held = [{"reason": "CanaryPauseStep", "startTime": since}] if index == 1 else []
    rollout["status"]["pauseConditions"] = [*held, {"reason": "InconclusiveAnalysisRun", "startTime": since}]
    rollout["status"]["currentStepIndex"] = index
    return objects


@pytest.mark.parametrize(("index", "at"), [(1, "2 of 4"), (2, "3 of 4")])
def test_past_a_background_analysis_that_could_not_tell_a_promotion_says_the_worst(index: int, at: str) -> None:
    """On the controller it went on by none, one or all steps, past a pause for a person: it is a race."""
    going = plan("background-analysis-inconclusive", Verb.PROMOTE, _unsure_in_its_pause(index))
    changes = {str(c.label): (str(c.before), str(c.after)) for c in going.changes}
    assert changes["step"] == (at, "at worst all 4 done")
    assert changes["weight"][1] == "at worst 100 %"
    assert "at worst through all 4 steps to 100 % of the pods" in going.sentence
    assert any("pauses for you included" in warning for warning in going.warnings)


def test_past_the_last_step_the_worst_is_the_stable_version() -> None:
    going = plan("background-analysis-inconclusive", Verb.PROMOTE, _unsure_in_its_pause(4))
    assert "may become the stable version" in going.sentence
    assert [str(change.label) for change in going.changes] == ["stable version", "pause"]


def test_a_step_that_is_gone_to_is_paused_at_once_by_a_background_analysis_that_could_not_tell() -> None:
    going = plan("background-analysis-inconclusive", Verb.SKIP_STEP, _unsure_in_its_pause(1))
    assert any("pauses that step at once" in warning for warning in going.warnings)


def test_a_countdown_to_the_switch_is_ended_by_a_full_promotion_only() -> None:
    """The controller takes a cleared pause for none that ever was, and counts from the beginning."""
    assert "begin that time anew; switch or promote fully" in refusal("bluegreen-auto-promotion", Verb.PROMOTE)
    objects = recorded.objects("bluegreen-auto-promotion")
    blue_green = objects[ROLLOUTS][0]["spec"]["strategy"]["blueGreen"]
    blue_green["postPromotionAnalysis"] = {"templates": [{"templateName": "quality"}]}
    going = plan("bluegreen-auto-promotion", Verb.SWITCH, objects)
    assert body(going.requests[0]) == {"status": {"promoteFull": True}}
    assert going.title == "Switch traffic"
    assert any("the stable version at once" in warning for warning in going.warnings)
    assert "Skips the analysis after the switch." in going.warnings
    blue_green["autoPromotionEnabled"] = False
    assert body(plan("bluegreen-auto-promotion", Verb.PROMOTE, objects).requests[0]) == {
        "status": {"pauseConditions": None}
    }


@pytest.mark.parametrize(
    ("run", "pauses", "index", "done", "told"),
    [
        ("model-api-6dc5cfc88b-2", [], 1, False, "make the analysis again"),
        (
            "model-api-6dc5cfc88b-2.1",
            ["InconclusiveAnalysisRun"],
            4,
            True,
            "all 4 steps done, waiting for your decision",
        ),
        ("model-api-6dc5cfc88b-2.1", ["InconclusiveAnalysisRun"], 1, True, "step 2 of 4: pause 1 h, waiting for your"),
    ],
)
def test_its_outcome_tells_where_it_was_paused_again(
    run: str, pauses: list[str], index: int, done: bool, told: str
) -> None:
    name, objects = "background-analysis-inconclusive", _unsure_in_its_pause(1)
    going = plan(name, Verb.PROMOTE, objects)
    after = _unsure_in_its_pause(index)
    status = after[ROLLOUTS][0]["status"]
    after[ROLLOUTS][0]["metadata"]["resourceVersion"] += "1"
    since = status["pauseConditions"][0]["startTime"]
    status.update(
        pauseConditions=[{"reason": reason, "startTime": since} for reason in pauses], controllerPause=bool(pauses)
    )
    status["canary"]["currentBackgroundAnalysisRunStatus"]["name"] = run
    settled = ENGINE.settled(going, after, recorded.now(name))
    assert settled.done is done
    assert told in settled.sentence
