"""Evidence of the checks of the demo's images, as a pipeline publishes it: all met, one finding, or of another build.

What a reader must understand is written here anew, from the format alone, so that the demo proves something.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from mlcd_tui.demo.controllers.pod import digest_of
from mlcd_tui.demo.kinds import CONFIGMAPS
from mlcd_tui.demo.scenarios._build import REGISTRY, Object, Story
from mlcd_tui.domain.check_document import run_document
from mlcd_tui.domain.checks import CheckResult, CheckRun, CheckState, Finding, ImageIdentity, Report
from mlcd_tui.domain.package_ports import DIGEST_ANNOTATION
from mlcd_tui.domain.published import AT_ANNOTATION, BY_ANNOTATION
from mlcd_tui.domain.text import clean

PUBLISHER = "ci-models@acme.example"
ENGINE = "Docker Engine 28.5.2 (linux/amd64), BuildKit"
_AHEAD = 3.0
"""Minutes between the evidence and the release that it is for."""


def checked(app: str, *, tests: int, cases: int, seconds: float = 1.0) -> tuple[CheckResult, ...]:
    """The five checks of a model that meets them all.

    Args:
        app: name of the model.
        tests: how many its suite has.
        cases: approved answers that it is held against.
        seconds: how slow it is, as a factor.
    """
    return (
        _result(app, "lint", "no findings", Report(tool=clean("ruff"), version=clean("0.14.5")), 0.7 * seconds),
        _result(
            app,
            "tests",
            f"{tests} passed",
            Report(total=tests, passed=tests, skipped=0, tool=clean("pytest"), version=clean("9.0.1")),
            21.4 * seconds,
        ),
        _result(app, "typecheck", "no findings", Report(tool=clean("mypy"), version=clean("1.18.2")), 6.9 * seconds),
        _result(
            app,
            "endpoint_schema",
            "2 examples answered as the schema says; 31 bad inputs refused",
            Report(total=33, passed=33),
            4.2 * seconds,
        ),
        _result(
            app, "snapshot", f"{cases} of {cases} cases as approved", Report(total=cases, passed=cases), 3.1 * seconds
        ),
    )


def _result(app: str, name: str, sentence: str, report: Report, seconds: float) -> CheckResult:
    part = _sha(f"{app}/checks.yaml#{name}")
    return CheckResult(
        clean(name),
        name,
        CheckState.PASSED,
        clean(sentence),
        report=report,
        seconds=seconds,
        exit_code=0,
        plan_digest=part,
    )


def failing(results: Sequence[CheckResult], name: str, sentence: str, *findings: Finding) -> tuple[CheckResult, ...]:
    """The results, one of which has findings instead."""
    return tuple(
        replace(
            result,
            state=CheckState.FAILED,
            sentence=clean(sentence),
            exit_code=1,
            report=replace(result.report, findings=findings),
        )
        if result.name == name
        else result
        for result in results
    )


def prove(
    story: Story, namespace: str, app: str, tag: str, minute: float, results: Sequence[CheckResult], build: str = ""
) -> None:
    """Puts the evidence of an image into the cluster, some minutes before the image is released.

    Args:
        story: the story.
        namespace: where the image runs.
        app: name of the image.
        tag: of the image.
        minute: of the release.
        results: what the checks came to.
        build: another build than the one that runs, by any word; empty: the very one.
    """
    story.at(minute - _AHEAD, lambda: _put(story, namespace, f"{REGISTRY}/{app}:{tag}", results, build))


def _put(story: Story, namespace: str, image: str, results: Sequence[CheckResult], build: str) -> None:
    at = datetime.fromtimestamp(round(story.store.clock.now()), UTC)
    digest = digest_of(f"{image}+{build}" if build else image)
    run = _run(image, digest, results, at)
    body = _config_map(run, digest, namespace, at)
    if story.store.find(CONFIGMAPS, namespace, body["metadata"]["name"]) is None:
        story.store.create(CONFIGMAPS, body)


def _run(image: str, digest: str, results: Sequence[CheckResult], at: datetime) -> CheckRun:
    """The run that came to these results; its checks ran side by side and ended shortly before `at`."""
    finished = at - timedelta(seconds=20)
    started = finished - timedelta(seconds=max(result.seconds for result in results) + 12)
    app = image.rpartition("/")[2].partition(":")[0]
    identity = ImageIdentity(clean(image), _sha(f"config of {digest}"), digest, platform=clean("linux/amd64"))
    return CheckRun(
        f"{started:%Y%m%dT%H%M%S}-{digest[7:15]}",
        identity,
        _sha(f"{app}/checks.yaml"),
        tuple(replace(result, started=started + timedelta(seconds=12)) for result in results),
        started,
        finished,
        by=clean(PUBLISHER),
        engine=clean(ENGINE),
    )


def _config_map(run: CheckRun, digest: str, namespace: str, at: datetime) -> Object:
    name = str(run.image.ref).rpartition("/")[2].partition(":")[0]
    finished = run.finished or run.started
    annotations = {DIGEST_ANNOTATION: digest, BY_ANNOTATION: PUBLISHER, AT_ANNOTATION: f"{at:%Y-%m-%dT%H:%M:%SZ}"}
    meta = {
        "name": f"mlcd-checks-{digest[7:47]}",
        "namespace": namespace,
        "labels": {"mlcd.dev/checks": name},
        "annotations": annotations,
    }
    text = json.dumps(_statement(run), ensure_ascii=False, separators=(",", ":"))
    key = f"run-{finished:%Y%m%dT%H%M%S}-{run.id}.json"
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {key: text}}


def _statement(run: CheckRun) -> Object:
    """An in-toto statement: who signs nothing publishes it bare."""

    def named(state: CheckState) -> list[str]:
        return [str(result.name) for result in run.results if result.state is state]

    digests = (run.image.manifest_digest, run.image.config_digest)
    failed = named(CheckState.FAILED)
    predicate = {
        "result": "FAILED" if failed else "PASSED",
        "configuration": [{"name": "checks.yaml", "digest": {"sha256": run.plan_digest[7:]}}],
        "passedTests": named(CheckState.PASSED),
        "warnedTests": [],
        "failedTests": failed,
        "https://mlcd.dev/check-run/v1": run_document(run),
    }
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": str(run.image.ref), "digest": {"sha256": digest[7:]}} for digest in digests],
        "predicateType": "https://in-toto.io/attestation/test-result/v0.1",
        "predicate": predicate,
    }


def _sha(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
