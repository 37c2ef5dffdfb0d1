"""Corner cases of reading that no recording holds, and the words around them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from mlcd_tui.domain.refs import EVENTS, PODS, REPLICA_SETS, SERVICES, RolloutRef
from mlcd_tui.domain.rollout import Phase, Rollout, RolloutDetail, StepState, WaitFor
from mlcd_tui.engines.argo import ENGINE
from mlcd_tui.engines.argo.analysis import analysis_run, chart_number, threshold
from mlcd_tui.engines.argo.kinds import ROLLOUTS
from mlcd_tui.engines.argo.lean import from_raw
from mlcd_tui.engines.argo.state import pause_seconds
from tests.engines import argo_recorded as recorded

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
START = "2026-11-24T11:00:00Z"
REF = RolloutRef("argo", "ml", "api")


def raw(steps: list[Any] | None = None, status: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    canary = {"steps": steps if steps is not None else [{"setWeight": 20}, {"pause": {}}, {"setWeight": 60}]}
    return {
        "metadata": {"name": "api", "namespace": "ml", "uid": "u", "generation": 1},
        "spec": {"replicas": 5, "strategy": {"canary": canary}, **spec},
        "status": {
            "observedGeneration": "1",
            "stableRS": "old",
            "currentPodHash": "new",
            "replicas": 5,
            "availableReplicas": 5,
            "readyReplicas": 5,
            "updatedReplicas": 1,
            "phase": "Progressing",
            **(status or {}),
        },
    }


def row(rollout: dict[str, Any]) -> Rollout:
    found = ENGINE.summarise(REF, {ROLLOUTS: (from_raw(rollout),)}, NOW)
    assert found is not None
    return found


def detail(name: str) -> RolloutDetail:
    found = ENGINE.observe(recorded.ref(name), recorded.objects(name), recorded.now(name))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [(None, None), (30, 30), ("30", 30), ("1h", 3600), ("1m30s", 90), ("1.5h", 5400), ("soon", -1), ("-5m", -1),
     ({}, -1), ("5x", -1)],
)  # fmt: skip
def test_a_pause_s_length_is_read_as_the_controller_reads_it(duration: object, seconds: int | None) -> None:
    assert pause_seconds(duration) == seconds


@pytest.mark.parametrize(
    ("rollout", "what", "until"),
    [
        (raw(status={"currentStepIndex": 1, "pauseConditions": [{"reason": "CanaryPauseStep", "startTime": START}],
                     "controllerPause": True, "phase": "Paused"}), WaitFor.PERSON, None),
        (raw([{"pause": {"duration": "10m"}}],
             {"currentStepIndex": 0, "pauseConditions": [{"reason": "CanaryPauseStep", "startTime": START}],
              "controllerPause": True, "phase": "Paused"}), WaitFor.TIMER, datetime(2026, 11, 24, 11, 10, tzinfo=UTC)),
        (raw([{"pause": {"duration": "10m"}}],
             {"currentStepIndex": 0, "pauseConditions": [{"reason": "InconclusiveAnalysisRun", "startTime": START}],
              "controllerPause": True, "phase": "Paused"}), WaitFor.PERSON, None),
        (raw(paused=True, status={"phase": "Paused", "message": "manually paused"}), WaitFor.PERSON, None),
        (raw(status={"controllerPause": True, "phase": "Paused"}), WaitFor.CONTROLLER, None),
        (raw(status={"observedGeneration": "0", "phase": "Paused"}), WaitFor.CONTROLLER, None),
        (raw(status={"phase": "Degraded", "message": "ProgressDeadlineExceeded: x"}), WaitFor.REPAIR, None),
        (raw(status={"availableReplicas": 3}), WaitFor.PODS, None),
        (raw([{"experiment": {}}], {"currentStepIndex": 0}), WaitFor.EXPERIMENT, None),
        (raw([{"analysis": {}}], {"currentStepIndex": 0}), WaitFor.ANALYSIS, None),
        (raw(status={"phase": "Healthy", "currentPodHash": "old"}), WaitFor.NOTHING, None),
    ],
)  # fmt: skip
def test_who_or_what_it_waits_for(rollout: dict[str, Any], what: WaitFor, until: datetime | None) -> None:
    waiting = row(rollout).waiting
    assert (waiting.what, waiting.until) == (what, until)
    assert waiting.sentence or what is WaitFor.NOTHING


@pytest.mark.parametrize(
    ("observed", "generation", "phase"),
    [("1", 1, Phase.HEALTHY), ("5", 1, Phase.HEALTHY), ("6f8c", 7, Phase.HEALTHY), (None, 7, Phase.HEALTHY),
     ("1", 2, Phase.PROGRESSING)],
)  # fmt: skip
def test_the_observed_generation_is_a_string_that_may_be_a_hash(
    observed: str | None, generation: int, phase: Phase
) -> None:
    rollout = raw(status={"observedGeneration": observed, "phase": "Healthy"})
    rollout["metadata"]["generation"] = generation
    assert row(rollout).phase is phase


@pytest.mark.parametrize(
    ("status", "spec", "weights"),
    [
        ({"currentStepIndex": 1}, {}, (20, 20)),
        ({"currentStepIndex": 1, "abort": True}, {}, (0, 20)),
        ({"currentStepIndex": 3}, {}, (100, 100)),
        ({"currentStepIndex": 9}, {}, (100, 100)),
        ({}, {}, (20, 20)),
        ({"currentStepIndex": 1, "availableReplicas": 0}, {}, (20, 0)),
        ({"currentStepIndex": 1, "availableReplicas": 4}, {}, (20, None)),
    ],
)
def test_asked_and_real_weight_and_none_where_only_replica_sets_tell(
    status: dict[str, Any], spec: dict[str, Any], weights: tuple[int, int | None]
) -> None:
    weight = row(raw(status=status, **spec)).weight
    assert weight is not None
    assert (weight.set, weight.actual) == weights


def test_an_aborted_canary_shows_no_step_as_done() -> None:
    aborted = row(raw(status={"abort": True, "currentStepIndex": 0, "phase": "Degraded"}))
    assert aborted.steps == (StepState.FAILED, StepState.TODO, StepState.TODO)
    failed = detail("analysis-failed").steps
    assert [step.index for step in failed if step.state is StepState.FAILED] == [1]


def test_a_mirror_ends_with_its_removal_an_abort_or_the_end() -> None:
    assert detail("traffic-mirror").rollout.mirror == 35
    assert detail("traffic-mirror-removed").rollout.mirror is None
    rollout = recorded.rollout("traffic-mirror")
    rollout["status"]["abort"] = True
    assert row(rollout).mirror is None


def test_the_shares_of_experiments_and_other_scales_are_told() -> None:
    scaled = detail("traffic-max-weight").rollout.weight
    assert scaled is not None
    assert (scaled.set, scaled.actual, scaled.maximum) == (300, 300, 1000)
    shared = detail("traffic-experiment-weight").rollout.weight
    assert shared is not None
    assert shared.additional


def test_the_version_is_the_tag_or_the_revision() -> None:
    rollout = raw(template={"spec": {"containers": [{"name": "m", "image": "r/m@sha256:" + "a" * 64}]}})
    rollout["metadata"]["annotations"] = {"rollout.argoproj.io/revision": "7"}
    assert row(rollout).version == "rev 7"
    rollout["spec"]["template"]["spec"]["containers"][0]["image"] = "r:5000/m:v7"
    assert row(rollout).version == "v7"
    opened = detail("workload-ref").rollout
    assert (opened.version, opened.stable_version) == ("2", "1")
    assert [(claim[0].plural, claim[2]) for claim in opened.claims] == [("deployments", "model-api")]


def _run(**metric: Any) -> dict[str, Any]:
    result = {"name": "m", "phase": "Successful", **metric.pop("result", {})}
    spec = {
        "name": "m",
        "successCondition": "result[0] > 0.05",
        "failureLimit": 2,
        "count": 5,
        **metric.pop("spec", {}),
    }
    return {
        "metadata": {"name": "run"},
        "spec": {"metrics": [spec], **metric},
        "status": {"phase": "Failed", "metricResults": [result]},
    }


def _measured(*values: tuple[str, str]) -> list[dict[str, str]]:
    return [{"phase": phase, "value": value} for phase, value in values]


@pytest.mark.parametrize(
    ("raw_run", "words"),
    [
        (_run(result={"phase": "Failed", "failed": 3, "count": 3, "measurements": _measured(("Failed", "[0.0003]"))}),
         "[0.0003] does not meet result[0] > 0.05; 3 failed, 2 allowed"),
        (_run(result={"failed": 3, "count": 3, "measurements": _measured(("Failed", "[0]"))}),
         "called successful though none of 3 measurements was good: the limits allow it"),
        (_run(result={"failed": 1, "count": 1, "measurements": _measured(("Failed", "[0]"))}, terminate=True),
         "called successful though none of 1 measurement was good: it was stopped early"),
        (_run(result={"phase": "Error", "error": 5, "consecutiveError": 5, "measurements": [
            {"phase": "Error", "message": "no route to host"}]}),
         "the measurement failed: no route to host; 5 errors in a row, 4 allowed"),
        (_run(result={"phase": "", "measurements": []}), "nothing measured yet"),
        (_run(result={"phase": "Running", "successful": 2, "measurements": _measured(("Successful", "[1]"))}),
         "[1] meets result[0] > 0.05; 2 of 5 good so far"),
    ],
)  # fmt: skip
def test_a_verdict_names_value_condition_and_limit_and_owns_up_to_contradictions(
    raw_run: dict[str, Any], words: str
) -> None:
    (metric,) = analysis_run(raw_run).metrics
    assert metric.verdict == words


def test_a_metric_that_only_runs_dry_stands_apart() -> None:
    metrics = detail("analysis-dry-run").analysis_runs[0].metrics
    assert [(metric.name, metric.dry_run) for metric in metrics] == [("accuracy", False), ("drift", True)]
    assert metrics[1].verdict.endswith("it does not decide)")


@pytest.mark.parametrize(
    ("value", "number"),
    [("1", 1.0), ("[0.5]", 0.5), ("[1,2]", None), ("NaN", None), ('{"a":1}', None), ("", None), ("true", None),
     ("1e999", None), ("9" * 399, None), (None, None)],
)  # fmt: skip
def test_a_chart_gets_only_finite_numbers(value: object, number: float | None) -> None:
    assert chart_number(value) == number


def test_the_threshold_of_a_simple_condition_is_known() -> None:
    assert threshold("result[0] >= 0.95") == 0.95
    assert threshold("len(result) > 0 && result[0] < 1") is None


def test_services_say_where_they_point_and_when_they_are_missing() -> None:
    links = {str(link.role): link for link in detail("bluegreen-preview-waiting").services}
    assert links["active"].points_to == "model-api-565ff45884 (revision 1)"
    assert links["preview"].points_to == "model-api-6dc5cfc88b (revision 2)"
    missing = {str(link.role): link.found for link in detail("bluegreen-service-missing").services}
    assert missing == {"active": True, "preview": False}
    objects = {k: v for k, v in recorded.objects("bluegreen-preview-waiting").items() if k != SERVICES}
    name = "bluegreen-preview-waiting"
    unreadable = ENGINE.observe(recorded.ref(name), objects, recorded.now(name))
    assert unreadable is not None
    assert all(link.found for link in unreadable.services)


def test_the_reason_of_waiting_goes_down_to_the_pod() -> None:
    assert "CrashLoopBackOff" in detail("canary-crashing").rollout.waiting.sentence


def test_images_carry_what_really_runs() -> None:
    objects = recorded.objects("canary-healthy")
    sha = "sha256:" + "c" * 64
    for pod in objects[PODS]:
        for status in pod["status"]["containerStatuses"]:
            status["imageID"] = f"registry.example/x@{sha}"
    found = ENGINE.observe(recorded.ref("canary-healthy"), objects, recorded.now("canary-healthy"))
    assert found is not None
    assert {(use.digest, use.pods) for use in found.rollout.images} == {(sha, 5)}


def test_events_of_the_rollout_and_its_parts_newest_first_and_no_strangers() -> None:
    objects = recorded.objects("canary-healthy")
    group = objects[REPLICA_SETS][0]["metadata"]["name"]
    objects[EVENTS] = [
        {"involvedObject": {"kind": "Rollout", "name": "model-api"}, "reason": "A", "lastTimestamp": START},
        {
            "involvedObject": {"kind": "ReplicaSet", "name": group},
            "reason": "B",
            "lastTimestamp": "2026-11-24T11:30:00Z",
        },
        {"involvedObject": {"kind": "Pod", "name": "stranger"}, "reason": "C", "lastTimestamp": START},
    ]
    found = ENGINE.observe(recorded.ref("canary-healthy"), objects, NOW)
    assert found is not None
    assert [event.reason for event in found.events] == ["B", "A"]


def test_what_is_watched_for_an_opened_rollout() -> None:
    scopes = {s.resource.plural: s for s in ENGINE.scopes(REF, recorded.rollout("traffic-weight"))}
    assert scopes["pods"].label_selector == scopes["replicasets"].label_selector == "app=model-api"
    assert scopes["services"].label_selector == scopes["analysisruns"].label_selector == ""
    assert scopes["rollouts"].field_selector == "metadata.name=api"
    assert "deployments" not in scopes
    assert "deployments" in {s.resource.plural for s in ENGINE.scopes(REF, recorded.rollout("workload-ref"))}
    strange = recorded.rollout("experiment-running")
    strange["spec"]["strategy"]["canary"]["steps"][0]["experiment"]["templates"][0]["metadata"] = {"labels": {"a": "b"}}
    assert {s.label_selector for s in ENGINE.scopes(REF, strange)} == {""}
