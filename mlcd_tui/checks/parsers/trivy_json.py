"""`trivy image --format json`: vulnerabilities and secrets."""

from __future__ import annotations

from typing import Any

from mlcd_tui.checks.parsers._findings import digests
from mlcd_tui.checks.parsers._reading import inner, json_of, listed, mapping, moment, refuse, text, whole
from mlcd_tui.checks.parsers._scan import Scan, Vulnerability, level, report_of
from mlcd_tui.domain.checks import Report


class TrivyJson:
    """Speaks of the image's config digest and of the digests it was pushed under."""

    name = "trivy_json"
    title = "trivy JSON"

    def scan(self, report: bytes) -> Scan:
        """All that was found, uncapped."""
        document = mapping(json_of(report, self.title), self.title, "it")
        if whole(document.get("SchemaVersion")) != 2:
            refuse(self.title, "its SchemaVersion is not 2")
        found: list[Vulnerability] = []
        results = listed(document.get("Results"), self.title, "`Results`")
        for result in results:
            target = text(result.get("Target"))
            found += [
                _vulnerability(entry)
                for entry in listed(result.get("Vulnerabilities"), self.title, "`Vulnerabilities`")
            ]
            found += [_secret(entry, target) for entry in listed(result.get("Secrets"), self.title, "`Secrets`")]
        about = inner(document, "Metadata")
        return Scan(
            found,
            "trivy",
            text(inner(document, "Trivy").get("Version")),
            digests(about.get("ImageID"), about.get("RepoDigests")),
            moment(document.get("CreatedAt")),
            len(results),
        )

    def parse(self, report: bytes, workdir: str = "") -> Report:  # noqa: ARG002 - scanners name packages, not files
        """What a report says."""
        return report_of(self.scan(report))


def _vulnerability(entry: dict[str, Any]) -> Vulnerability:
    return Vulnerability(
        id=text(entry.get("VulnerabilityID")),
        package=text(entry.get("PkgName")),
        installed=text(entry.get("InstalledVersion")),
        fixed=text(entry.get("FixedVersion")),
        level=level(text(entry.get("Severity"))),
        title=text(entry.get("Title")),
        url=text(entry.get("PrimaryURL")),
        place=text(entry.get("PkgPath")),
    )


def _secret(entry: dict[str, Any], target: str) -> Vulnerability:
    """What matched is not shown: it is the secret."""
    return Vulnerability(
        id=text(entry.get("RuleID")),
        package="secret",
        installed="",
        fixed="",
        level=level(text(entry.get("Severity"))),
        title=text(entry.get("Title")),
        place=target,
    )


PARSER = TrivyJson()
