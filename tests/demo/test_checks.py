"""Evidence in the default story: written as the product writes it, and read by the product without a doubt."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from mlcd_tui.checks.evidence.cluster import LABEL, cluster_document, read_config_map
from mlcd_tui.checks.evidence.reading import seal_with
from mlcd_tui.demo.controllers.pod import digest_of
from mlcd_tui.demo.kinds import CONFIGMAPS
from mlcd_tui.demo.scenarios._build import REGISTRY
from mlcd_tui.demo.server import DemoServer
from mlcd_tui.domain.checks import CheckRun, CheckState, met
from mlcd_tui.domain.package_ports import DIGEST_ANNOTATION
from mlcd_tui.domain.published import AT_ANNOTATION, BY_ANNOTATION

# image: how many of the five are met, and which are not
CHECKED = {
    "fraud-scorer:v6": (5, []),
    "fraud-scorer:v7": (5, []),
    "churn:2025.11.0": (5, []),
    "churn:2025.11.1": (4, ["lint"]),
    "two-tower:v8": (5, []),
    "two-tower:v9": (5, []),
}


@pytest.fixture
async def published() -> list[dict[str, Any]]:
    """The ConfigMaps with evidence."""
    server = DemoServer("default")
    await server.start()
    try:
        items = (entry.item for _, entry in server.store.entries(CONFIGMAPS))
        return [item for item in items if LABEL in item["metadata"].get("labels", {})]
    finally:
        await server.stop()


def _run(item: dict[str, Any]) -> CheckRun:
    read = read_config_map(item, item["metadata"]["annotations"][DIGEST_ANNOTATION], ())
    assert read.troubles == ()
    (evidence,) = read.evidence
    return evidence.run


async def test_the_product_would_have_published_the_very_same(published: list[dict[str, Any]]) -> None:
    assert published
    for item in published:
        meta = item["metadata"]
        notes = meta["annotations"]
        run = _run(item)
        at = datetime.fromisoformat(notes[AT_ANNOTATION])
        made = cluster_document(
            run,
            seal_with(None),
            digest=notes[DIGEST_ANNOTATION],
            namespace=meta["namespace"],
            by=notes[BY_ANNOTATION],
            at=at,
        )
        assert {key: meta[key] for key in made["metadata"]} == made["metadata"]
        assert {key: json.loads(text) for key, text in item["data"].items()} == {
            key: json.loads(text) for key, text in made["data"].items()
        }


async def test_one_waits_with_all_met_one_with_a_finding_and_one_was_built_again(
    published: list[dict[str, Any]],
) -> None:
    found = {}
    for item in published:
        run = _run(item)
        name = str(run.image.ref).removeprefix(f"{REGISTRY}/")
        unmet = [str(result.name) for result in run.results if not result.state.met]
        found[name] = (met(run.results)[0], unmet)
        is_it = digest_of(str(run.image.ref)) in run.image.digests
        assert is_it is (name != "two-tower:v9"), "evidence is of the image that runs, but for one"
    assert found == CHECKED


async def test_no_run_is_yet_to_come_and_what_failed_is_shown_in_its_source(published: list[dict[str, Any]]) -> None:
    now = datetime.now(UTC)
    for run in map(_run, published):
        assert run.finished is not None
        assert run.started < run.finished < now
        for result in run.results:
            assert result.started is not None
            assert result.state is not CheckState.FAILED or any(
                finding.line in dict(finding.context) for finding in result.report.findings
            )
