"""Scanners' reports: what was found, how bad, and of which image they speak."""

from __future__ import annotations

import json

import pytest

from mlcd_tui.checks.parsers import cyclonedx, spdx, trivy_json
from mlcd_tui.domain.checks import Severity
from mlcd_tui.domain.errors import Unreadable
from tests.checks.fake_bench import CONFIG_DIGEST, MANIFEST_DIGEST
from tests.checks.parsers.reports import FIXTURES, PARSERS, read


def test_trivy_puts_the_worst_first_and_says_which_image() -> None:
    report = read("trivy_json", "image.json")
    assert report.about == (CONFIG_DIGEST, MANIFEST_DIGEST)
    assert report.created is not None
    assert [f.rule for f in report.findings] == ["CVE-2024-0002", "aws-access-key-id", "CVE-2024-0003", "CVE-2024-0001"]
    worst, last = report.findings[0], report.findings[-1]
    assert (worst.severity, worst.fixable, worst.expected) == (Severity.ERROR, True, "3.0.16-1")
    assert worst.message == "critical: libexample3 3.0.15-1, fixed in 3.0.16-1: libexample: runs what it is sent"
    assert (last.severity, last.fixable) == (Severity.INFO, False)


def test_a_secret_is_not_repeated() -> None:
    secret = read("trivy_json", "image.json").findings[1]
    assert secret.file == "/app/.env"
    assert "AWS_ACCESS_KEY_ID=" not in str(secret)


def test_a_scan_that_found_nothing_is_empty_and_an_old_format_refused() -> None:
    clean = b'{"SchemaVersion": 2, "Metadata": {}, "Results": [{"Target": "t", "Class": "os-pkgs"}]}'
    assert trivy_json.PARSER.parse(clean).findings == ()
    with pytest.raises(Unreadable):
        trivy_json.PARSER.parse(b'[{"Target": "t", "Vulnerabilities": null}]')


def test_grype() -> None:
    report = read("grype_json", "image.json")
    assert report.about == (CONFIG_DIGEST, MANIFEST_DIGEST)
    assert (report.tool, report.version) == ("grype", "0.87.0")
    assert [(f.rule, f.severity) for f in report.findings] == [
        ("CVE-2024-0002", Severity.ERROR),
        ("CVE-2024-0004", Severity.INFO),
    ]


@pytest.mark.parametrize("parser", ["cyclonedx", "spdx"])
def test_bills_speak_of_the_image(parser: str) -> None:
    report = read(parser, "image.json")
    assert set(report.about) == {CONFIG_DIGEST, MANIFEST_DIGEST}
    assert (report.tool, report.version, report.findings) == ("syft", "1.18.0", ())


def test_bills_list_packages_and_their_licences() -> None:
    listed = cyclonedx.PARSER.bill((FIXTURES / "cyclonedx" / "image.json").read_bytes()).packages
    assert [(p.name, p.licences) for p in listed] == [
        ("numpy", ("BSD-3-Clause",)),
        ("readline", ("GPL-3.0-only OR AGPL-3.0-only",)),
        ("inner", ()),
    ]
    real = cyclonedx.PARSER.bill((FIXTURES / "cyclonedx" / "environment.json").read_bytes())
    assert ("mypy", "2.4.1", ("MIT",)) in [(p.name, p.version, p.licences) for p in real.packages]
    assert (real.tool, real.about) == ("cyclonedx-py", ())
    other = spdx.PARSER.bill((FIXTURES / "spdx" / "image.json").read_bytes()).packages
    assert [(p.name, p.licences) for p in other] == [("numpy", ("BSD-3-Clause",)), ("readline", ("GPL-3.0-only",))]


def test_a_layer_is_not_an_image() -> None:
    document = json.loads((FIXTURES / "trivy_json" / "image.json").read_bytes())
    assert not set(document["Metadata"]["DiffIDs"]) & set(
        PARSERS.load("trivy_json").parse(json.dumps(document).encode()).about
    )
