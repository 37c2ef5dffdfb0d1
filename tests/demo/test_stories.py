"""The default story: what a newcomer sees at once, and that it lives."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from mlcd_tui.demo.clock import unix
from mlcd_tui.demo.controllers.argo.parts import revision_of
from mlcd_tui.demo.kinds import (
    ANALYSISRUNS,
    CONFIGMAPS,
    DEPLOYMENTS,
    EXPERIMENTS,
    INGRESSES,
    NAMESPACES,
    PODS,
    ROLLOUTS,
)
from mlcd_tui.demo.server import DemoServer
from mlcd_tui.domain.compatibility import compare
from mlcd_tui.domain.package import ModelPackage
from mlcd_tui.domain.package_document import package_from_document
from mlcd_tui.domain.published import KEY

# service: phase, beginning of the message, step
EXPECTED = {
    "payments/fraud-scorer": ("Paused", "CanaryPauseStep", 2),
    "payments/churn": ("Paused", "BlueGreenPause", None),
    "payments/ltv": ("Healthy", "", 2),
    "ads/ctr-wide": ("Degraded", "RolloutAborted: Rollout aborted update to revision 2: Step-based analysis", 0),
    "ads/bid-shader": ("Degraded", "ProgressDeadlineExceeded", 0),
    "search/ranker": ("Paused", "CanaryPauseStep", 3),
    "search/embedder": ("Paused", "BlueGreenPause", None),
    "recs/two-tower": ("Paused", "InconclusiveAnalysisRun", 1),
    "recs/popular": ("Healthy", "", 2),
    "recs/co-view": ("Healthy", "", 2),
    "nlp/toxicity": ("Degraded", "InvalidSpec", None),
    "nlp/summarizer": ("Healthy", "", 2),
    "nlp/tokenizer": ("Paused", "manually paused", 1),
    "vision/ocr": ("Progressing", "more replicas need to be updated", 0),
    "vision/nsfw": ("Paused", "CanaryPauseStep", 2),
    "vision/faces": ("Healthy", "", None),
}

# model: namespace, the version that serves, the one that is on its way
COMPARED = {
    "fraud-scorer": ("payments", "v6", "v7"),
    "churn": ("payments", "2025.11.0", "2025.11.1"),
    "ctr-wide": ("ads", "v41", "v42"),
    "embedder": ("search", "e5-large.7", "e5-large.8"),
    "two-tower": ("recs", "v8", "v9"),
    "feed": ("recs", "v22", "v23"),
    "tokenizer": ("nlp", "1.3.0", "1.3.1"),
    "ocr": ("vision", "crnn-2.3", "crnn-2.4"),
}


@pytest.fixture
async def server() -> AsyncIterator[DemoServer]:
    server = DemoServer("default")
    await server.start()
    yield server
    await server.stop()


async def test_every_service_is_in_its_state_from_the_first_moment(server: DemoServer) -> None:
    found = {}
    for (namespace, name), entry in server.store.entries(ROLLOUTS):
        status = entry.item["status"]
        expected = EXPECTED[f"{namespace}/{name}"][1]
        message = status.get("message", "")
        found[f"{namespace}/{name}"] = (
            status["phase"],
            expected if expected and message.startswith(expected) else message,
            status.get("currentStepIndex"),
        )
    assert found == EXPECTED
    assert len(server.store.entries(NAMESPACES)) >= 5
    pair = [
        key
        for key, entry in server.store.entries(DEPLOYMENTS)
        if "mlcd.dev/service" in entry.item["metadata"]["labels"]
    ]
    assert pair == [("recs", "feed-blue"), ("recs", "feed-green")]


async def test_the_canary_that_waits_has_a_past_and_evidence(server: DemoServer) -> None:
    rollout = server.store.get(ROLLOUTS, "payments", "fraud-scorer")
    now = server.clock.now()
    assert rollout["status"]["canary"]["weights"]["canary"]["weight"] == 20
    waited = now - unix(rollout["status"]["pauseConditions"][0]["startTime"])
    assert 11 * 60 < waited < 12.5 * 60
    assert now - unix(rollout["metadata"]["creationTimestamp"]) > 5 * 86400
    images = {
        state["imageID"]
        for _, entry in server.store.entries(PODS, "payments")
        if entry.item["metadata"]["labels"]["app"] == "fraud-scorer"
        for state in entry.item["status"]["containerStatuses"]
    }
    assert len(images) == 2
    assert all("@sha256:" in image for image in images)
    phases = {entry.item["status"]["phase"] for _, entry in server.store.entries(ANALYSISRUNS)}
    assert {"Successful", "Failed", "Inconclusive"} <= phases
    assert [entry.item["status"]["phase"] for _, entry in server.store.entries(EXPERIMENTS)] == ["Running"]
    assert ("payments", "fraud-scorer") in dict(server.store.entries(INGRESSES))


async def test_the_story_goes_on() -> None:
    server = DemoServer("default", speed=600)
    await server.start()
    first = revision_of(server.store.get(ROLLOUTS, "search", "ranker"))
    async with httpx.AsyncClient(base_url=server.url, auth=("demo", server.token), trust_env=False) as client:
        path = "/apis/argoproj.io/v1alpha1/namespaces/search/rollouts"
        params = {"watch": "1", "fieldSelector": "metadata.name=ranker", "timeoutSeconds": "5"}
        async with client.stream("GET", path, params=params) as watch:
            async for line in watch.aiter_lines():
                if revision_of(json.loads(line)["object"]) > first + 1:
                    break
            else:
                pytest.fail("search/ranker got no new version")
    await server.stop()


async def test_a_model_server_talks(server: DemoServer) -> None:
    (namespace, name), entry = next(
        pair for pair in server.store.entries(PODS, "payments") if pair[1].item["metadata"]["labels"]["app"] == "churn"
    )
    path = f"/api/v1/namespaces/{namespace}/pods/{name}/log"
    async with httpx.AsyncClient(base_url=server.url, auth=("demo", server.token), trust_env=False) as client:
        whole = (await client.get(path)).text.splitlines()
        last = (await client.get(path, params={"tailLines": "3"})).text.splitlines()
        assert len(whole) > 50
        assert whole[-3:] == last
        stamped = (await client.get(path, params={"tailLines": "1", "timestamps": "true"})).text
        assert unix(stamped.split()[0]) <= server.clock.now()
        assert (await client.get(path, params={"previous": "true"})).status_code == 400
        assert (await client.get(path, params={"container": "no"})).status_code == 400
        async with client.stream("GET", path, params={"follow": "true", "tailLines": "1"}) as following:
            lines = following.aiter_lines()
            assert await anext(lines)
            assert await asyncio.wait_for(anext(lines), 10)
    assert entry.item["status"]["phase"] == "Running"


async def test_the_column_of_schemas_shows_every_verdict(server: DemoServer) -> None:
    """What the pipeline published for the versions that serve and that are on their way."""
    found: dict[str, str] = {}
    published: dict[str, list[ModelPackage]] = {}
    for (namespace, _), entry in server.store.entries(CONFIGMAPS):
        for key, text in entry.item["data"].items():
            if key == KEY:
                published.setdefault(namespace, []).append(package_from_document(json.loads(text)))
    for name, (namespace, old, new) in COMPARED.items():
        by_version = {str(one.version): one for one in published[namespace] if one.name == name}
        found[name] = compare(by_version[old], by_version[new]).verdict.value
    assert found == {
        "fraud-scorer": "compatible",
        "churn": "breaking",
        "ctr-wide": "unknown",
        "embedder": "compatible",
        "two-tower": "unknown",
        "feed": "compatible",
        "tokenizer": "breaking",
        "ocr": "breaking",
    }
