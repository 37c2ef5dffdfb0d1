"""Reports of other tools: they must speak of this very image and be young enough, or they are stale."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from mlcd_tui.checks.plan import KINDS
from mlcd_tui.domain.checks import CheckResult, CheckState, ImageIdentity
from mlcd_tui.domain.text import Clean
from tests.checks.fake_bench import MANIFEST_DIGEST, FakeBench
from tests.checks.parsers.reports import FIXTURES

OTHER = ImageIdentity(Clean("churn:1.4.2"), "sha256:" + "0f" * 32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for parser in ("trivy_json", "grype_json", "cyclonedx", "spdx"):
        shutil.copy(FIXTURES / parser / "image.json", tmp_path / f"{parser}.json")
    shutil.copy(FIXTURES / "intoto_test_result" / "statement.json", tmp_path / "intoto_test_result.json")
    shutil.copy(FIXTURES / "goss_json" / "failed.json", tmp_path / "goss_json.json")
    (tmp_path / "junit.json").write_text('<testsuite tests="2"><testcase name="a"/><testcase name="b"/></testsuite>')
    return tmp_path


def run(kind: str, folder: Path, parser: str, image: ImageIdentity | None = None, **part: Any) -> CheckResult:
    check = KINDS.load(kind)
    spec = check.model.model_validate(
        {"name": "it", "kind": kind, "report": f"{parser}.json", "parser": parser, **part}
    )
    bench = FakeBench() if image is None else FakeBench(image=image)
    return check.run(spec, bench, str(folder), lambda _: None)


@pytest.mark.parametrize(
    ("kind", "parser"),
    [
        ("vulnerabilities", "trivy_json"),
        ("vulnerabilities", "grype_json"),
        ("sbom", "cyclonedx"),
        ("sbom", "spdx"),
        ("ingest", "intoto_test_result"),
    ],
)
def test_a_report_of_another_image_is_stale_beside_both_digests(folder: Path, kind: str, parser: str) -> None:
    assert run(kind, folder, parser).state is not CheckState.STALE
    stale = run(kind, folder, parser, OTHER)
    assert stale.state is CheckState.STALE
    assert "sha256:0f0f0f0f0f0f…" in stale.reason
    assert "the report speaks of sha256:" in stale.reason
    assert (
        run(kind, folder, parser, ImageIdentity(Clean("x"), "sha256:" + "0f" * 32, MANIFEST_DIGEST)).state
        is not CheckState.STALE
    )


def test_a_report_that_names_no_image_counts_only_where_the_plan_says_why(folder: Path) -> None:
    stale = run("ingest", folder, "junit")
    assert (stale.state, stale.sentence) == (CheckState.STALE, "2 of 2 tests passed")
    assert stale.reason == "the report does not say of which image it speaks"
    taken = run("ingest", folder, "junit", assume_this_image="the job tests the image that it has just built")
    assert taken.state is CheckState.WARNED
    assert taken.reason.endswith("for this one: the job tests the image that it has just built")


def test_age_is_the_reports_own_and_else_the_files(folder: Path) -> None:
    document = json.loads((folder / "trivy_json.json").read_text())
    document["CreatedAt"] = "2001-01-01T00:00:00Z"
    (folder / "trivy_json.json").write_text(json.dumps(document))
    assert run("vulnerabilities", folder, "trivy_json").state is not CheckState.STALE
    old = run("vulnerabilities", folder, "trivy_json", max_age="24h")
    assert old.state is CheckState.STALE
    assert old.reason.endswith(" d old, 24.0 h are allowed")
    document["CreatedAt"] = "2999-01-01T00:00:00Z"
    (folder / "trivy_json.json").write_text(json.dumps(document))
    assert run("vulnerabilities", folder, "trivy_json").reason == "the report is dated in the future"
    why: dict[str, Any] = {"assume_this_image": "tested in the same job"}
    os.utime(folder / "junit.json", (time.time() - 7200, time.time() - 7200))
    assert run("ingest", folder, "junit", max_age="1h", **why).reason == "the report is 2.0 h old, 1.0 h are allowed"
    assert run("ingest", folder, "junit", max_age="3h", **why).state is CheckState.WARNED


@pytest.mark.parametrize(
    ("part", "state", "sentence"),
    [
        ({}, CheckState.FAILED, "2 critical, 1 high, 1 low; allowed: 0 critical, 0 high"),
        ({"most": {"critical": 2, "high": 5}}, CheckState.WARNED, "2 critical, 1 high, 1 low"),
        (
            {"most": {"critical": 2, "high": 5, "low": 0}},
            CheckState.FAILED,
            "2 critical, 1 high, 1 low; allowed: 0 low",
        ),
        (
            {"only_fixed": True, "most": {"critical": 2, "high": 1, "low": 0}},
            CheckState.WARNED,
            "2 critical, 1 high, 1 ignored",
        ),
    ],
)
def test_vulnerabilities_are_counted_by_severity(
    folder: Path, part: dict[str, Any], state: CheckState, sentence: str
) -> None:
    result = run("vulnerabilities", folder, "trivy_json", **part)
    assert (result.state, result.sentence) == (state, sentence)


def test_a_scan_that_names_nothing_it_looked_at_is_no_clean_pass(folder: Path) -> None:
    document = json.loads((folder / "trivy_json.json").read_text())
    (folder / "trivy_json.json").write_text(json.dumps({**document, "Results": []}))
    result = run("vulnerabilities", folder, "trivy_json")
    assert result.state is CheckState.WARNED
    assert result.sentence == "no vulnerability, but the report names nothing that was looked at"


def test_what_is_ignored_has_a_reason_and_an_end(folder: Path) -> None:
    ignored = [
        {"id": "CVE-2024-0002", "why": "not reachable", "until": "2999-01-01"},
        {"id": "CVE-2024-0004", "why": "old"},
    ]
    assert run("vulnerabilities", folder, "grype_json", ignore=ignored).sentence == "no vulnerability, 2 ignored"
    ignored[0]["until"] = "2001-01-01"
    assert run("vulnerabilities", folder, "grype_json", ignore=ignored).state is CheckState.FAILED
    ignored[0]["package"] = "another"
    assert run("vulnerabilities", folder, "grype_json", ignore=ignored).state is CheckState.FAILED
    with pytest.raises(ValidationError, match="why"):
        run("vulnerabilities", folder, "grype_json", ignore=[{"id": "CVE-2024-0002"}])


@pytest.mark.parametrize(
    ("part", "found"),
    [
        ({"require": ["NumPy==2.*"]}, []),
        ({"require": ["numpy==1.*", "torch"]}, ["numpy==1.* is not in it", "torch is not in it"]),
        ({"deny": ["read*"]}, ["readline 8.2 is in it (read* is denied)"]),
        ({"deny_licenses": ["AGPL-*"]}, []),
        (
            {"deny_licenses": ["*GPL-3.0*"]},
            ["readline 8.2 is under GPL-3.0-only OR AGPL-3.0-only (*GPL-3.0* is denied)"],
        ),
        ({"known_licenses": True}, ["inner 1 names no licence"]),
    ],
)
def test_a_bill_is_held_against_the_plan(folder: Path, part: dict[str, Any], found: list[str]) -> None:
    result = run("sbom", folder, "cyclonedx", **part)
    assert [one.message for one in result.report.findings] == found
    assert result.state is (CheckState.FAILED if found else CheckState.PASSED)


def test_brackets_in_a_licence_are_taken_strictly(folder: Path) -> None:
    document = json.loads((folder / "cyclonedx.json").read_text())
    document["components"][1]["licenses"] = [{"expression": "(MIT OR BSD-3-Clause) AND AGPL-3.0-only"}]
    (folder / "cyclonedx.json").write_text(json.dumps(document))
    assert run("sbom", folder, "cyclonedx", deny_licenses=["AGPL-*"]).state is CheckState.FAILED


def test_an_empty_bill_is_no_pass(folder: Path) -> None:
    (folder / "spdx.json").write_text('{"spdxVersion": "SPDX-2.3", "packages": []}')
    assert run("sbom", folder, "spdx", assume_this_image="made for it").state is CheckState.ERROR


def test_a_shortened_report_says_why_it_is_no_pass(folder: Path) -> None:
    (folder / "junit.json").write_text('<testsuite tests="9"><testcase name="a"/></testsuite>')
    result = run("ingest", folder, "junit", assume_this_image="tested in the same job")
    assert result.state is CheckState.FAILED
    assert result.sentence == "1 of 1 test passed; 1 finding: The report counts 9 tests but lists 1 of them"


def test_ingested_failures_fail(folder: Path) -> None:
    result = run("ingest", folder, "intoto_test_result")
    assert (result.state, result.sentence) == (CheckState.FAILED, "2 of 3 tests passed")
    assert run("ingest", folder, "goss_json", assume_this_image="run against it").state is CheckState.FAILED


@pytest.mark.parametrize("content", [None, b"", b"{}", b"<testsuite/>"])
def test_a_report_that_is_missing_unreadable_or_empty_is_an_error(folder: Path, content: bytes | None) -> None:
    (folder / "junit.json").unlink()
    if content is not None:
        (folder / "junit.json").write_bytes(content)
    assert run("ingest", folder, "junit", assume_this_image="run against it").state is CheckState.ERROR


def test_a_report_cannot_lead_out_of_the_folder(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "report.xml"
    outside.write_text("<testsuite/>")
    (folder / "junit.json").unlink()
    (folder / "junit.json").symlink_to(outside)
    assert "leads out" in run("ingest", folder, "junit").sentence
