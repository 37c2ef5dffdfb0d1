"""What blue/green of Argo Rollouts promises, held against what the real controller does: told before, and true after."""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from mlcd_tui.domain.plan import Result
from mlcd_tui.domain.rollout import Phase
from tests.e2e.command import Said, mlcd
from tests.e2e.conftest import Lab
from tests.e2e.lab.recording.manifests import NAME, analysis_template, blue_green, service, template, web_metric
from tests.e2e.lab.recording.stage import Object, Stage
from tests.e2e.person import Person, person

pytestmark = pytest.mark.usefixtures("home")

JUDGED: Object = {"templates": [{"templateName": "quality"}]}


class Source(ThreadingHTTPServer):
    """What an analysis measures; the test says how good the version is while the analysis runs."""

    value = 1

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)

    def quality(self) -> Object:
        """An analysis that runs on and on as long as all is well."""
        url = f"http://127.0.0.1:{self.server_port}/"
        return analysis_template("quality", web_metric("accuracy", url, interval="1s", count=1000))


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Source)
        body = json.dumps({"value": self.server.value}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Stay silent."""


@pytest.fixture
def source() -> Iterator[Source]:
    server = Source()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def start(stage: Stage, *objects: Object, **fields: Any) -> None:
    """The first version is healthy, the second on its way; the controller tells ages by whole seconds."""
    stage.start(service("active"), service("preview"), *objects, blue_green(replicas=2, **fields))
    time.sleep(1.1)
    stage.release(template("2"))


def active(stage: Stage) -> str:
    """The version of the pods that the active Service selects."""
    selector = stage.api.get("Service", stage.namespace, "active")["spec"]["selector"]
    pods = [p for p in stage.api.list("Pod", stage.namespace) if selector.items() <= p["metadata"]["labels"].items()]
    (version,) = {str(pod["spec"]["containers"][0]["image"]).rpartition(":")[2] for pod in pods}
    return version


def act(stage: Stage, verb: str, *arguments: str) -> Said:
    return mlcd("rollouts", verb, NAME, *arguments, "-n", stage.namespace, "--context", "alice", "--yes")


def end_the_delay(stage: Stage) -> None:
    """The time is over until which the old pods stay up; the controller takes them away."""
    (old,) = (
        group["metadata"]["name"]
        for group in stage.api.list("ReplicaSet", stage.namespace)
        if "scale-down-deadline" in group["metadata"]["annotations"]
    )
    over = {"metadata": {"annotations": {"scale-down-deadline": "2020-01-01T00:00:00Z"}}}
    stage.api.merge("ReplicaSet", stage.namespace, old, over)
    stage.api.wait("ReplicaSet", stage.namespace, old, lambda group: not group["spec"]["replicas"], 30, "scaled down")


COUNTDOWN = r"\d m(?: \d+ s)? left"


async def ticking(alice: Person, pattern: str) -> None:
    """Wait until what stands there has counted on twice."""
    seen: set[str] = set()

    def counted() -> bool:
        found = re.search(pattern, alice.words)
        seen.update({found.group(0)} if found else set())
        return len(seen) >= 3

    await alice.until(counted, f"{pattern!r} does not count")


async def test_a_countdown_is_cut_short_and_the_way_back_told_by_the_second(lab: Lab, stage: Stage) -> None:
    """The early switch, and the way back: at once while the old pods are up, as an update when they are gone."""
    await asyncio.to_thread(start, stage, autoPromotionSeconds=590, scaleDownDelaySeconds=590)
    await asyncio.to_thread(stage.phase, "Paused", revision=2)
    async with person(context=lab.context("alice"), namespace=stage.namespace) as alice:
        await alice.live()
        await alice.press("enter")
        await alice.see("preview")
        await ticking(alice, COUNTDOWN)
        await alice.dialog("b")
        await alice.see("alone ends the countdown")
        await alice.see("its pods stay up for 9 min 50 s after the switch, later they have to start first")
        assert (await alice.approve()).result is Result.DONE
        assert await asyncio.to_thread(active, stage) == "2"
        await alice.press("escape")
        await alice.dialog("b")
        await alice.see("switches at once without a pause, since its pods are still up")
        await alice.press("escape")
        await ticking(alice, r"ends in \d m(?: \d+ s)?")
        await asyncio.to_thread(end_the_delay, stage)
        await alice.dialog("b")
        await alice.see("its pods have to start first")
        assert (await alice.approve()).result is Result.DONE
    # as it was told: an update like any other, which waits again before it switches
    await asyncio.to_thread(stage.phase, "Paused", revision=3)
    assert await asyncio.to_thread(active, stage) == "2"


async def test_a_switch_that_is_judged_bad_is_taken_back_by_the_controller(
    lab: Lab, stage: Stage, source: Source
) -> None:
    await asyncio.to_thread(start, stage, source.quality(), postPromotionAnalysis=JUDGED, autoPromotionEnabled=False)
    await asyncio.to_thread(stage.phase, "Paused", revision=2)
    async with person(context=lab.context("alice"), namespace=stage.namespace) as alice:
        await alice.live()
        await alice.press("enter")
        await alice.dialog("b")
        await alice.see("The analysis after the switch may take it back")
        outcome = await alice.approve()
        assert outcome.result is Result.DONE
        assert "not yet the stable version" in outcome.sentence
        assert await asyncio.to_thread(active, stage) == "2"
        await alice.press("escape")
        await alice.see("after the switch")
        await alice.see("[2-9] of 1000 good so far")
        source.value = 0
        await alice.row_until(lambda row: row.phase is Phase.DEGRADED and row.aborted, "not aborted")
        await alice.see("the controller gave all live traffic back")
    assert await asyncio.to_thread(active, stage) == "1"


def test_a_retry_is_judged_anew_before_anybody_can_switch(stage: Stage, source: Source) -> None:
    """Argo Rollouts 1.10 pauses for the switch while the new run still runs, and forgets a promotion that comes then."""
    start(stage, source.quality(), prePromotionAnalysis=JUDGED, autoPromotionEnabled=False)
    stage.analysis_run(lambda run: run.get("phase") == "Running")
    aborted = act(stage, "abort")
    assert "done: aborted; version 1 keeps all traffic" in aborted.out, aborted
    retried = act(stage, "retry")
    assert retried.code == 0, retried
    stage.phase("Paused", revision=2)
    stage.until(lambda r: r["status"]["blueGreen"]["prePromotionAnalysisRunStatus"]["name"].endswith(".1"), "a new run")
    early = act(stage, "switch")
    assert early.code == 3, early
    assert "analysis before the switch still runs" in early.err
    told = mlcd("rollouts", "describe", NAME, "-n", stage.namespace).out
    assert re.search(r"Waiting: +for analysis \S+-pre\.1 before the switch, and then your switch", told), told
    (running,) = (
        run["metadata"]["name"]
        for run in stage.api.list("AnalysisRun", stage.namespace)
        if run["status"].get("phase") == "Running"
    )
    stage.api.merge("AnalysisRun", stage.namespace, running, {"spec": {"terminate": True}})
    stage.until(lambda r: r["status"]["blueGreen"]["prePromotionAnalysisRunStatus"].get("status") == "Successful")
    switched = act(stage, "switch")
    assert "done: " in switched.out, switched
    assert active(stage) == "2"


def test_a_version_that_is_judged_bad_before_the_switch_never_serves(stage: Stage, source: Source) -> None:
    start(stage, source.quality(), prePromotionAnalysis=JUDGED)
    stage.analysis_run(lambda run: bool(run.get("metricResults")))
    source.value = 0
    stage.status(phase="Degraded", abort=True)
    told = mlcd("rollouts", "describe", NAME, "-n", stage.namespace).out
    assert "for a retry or another version; 1 has all live traffic" in told, told
    assert active(stage) == "1"
    back = act(stage, "switch-back")
    assert back.code == 3, back
    assert "has all traffic" in back.err
