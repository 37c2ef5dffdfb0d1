"""`grype -o json`."""

from __future__ import annotations

from typing import Any

from mlcd_tui.checks.parsers._findings import digests
from mlcd_tui.checks.parsers._reading import inner, json_of, mapping, moment, objects, text
from mlcd_tui.checks.parsers._scan import Scan, Vulnerability, level, report_of
from mlcd_tui.domain.checks import Report


class GrypeJson:
    """Speaks of the image's id, its manifest and the digests it was pushed under."""

    name = "grype_json"
    title = "grype JSON"

    def scan(self, report: bytes) -> Scan:
        """All that was found, uncapped."""
        document = mapping(json_of(report, self.title), self.title, "it")
        matches = objects(document.get("matches"), self.title, "`matches`")
        target, descriptor = inner(document, "source", "target"), inner(document, "descriptor")
        return Scan(
            [_vulnerability(match) for match in matches],
            text(descriptor.get("name")) or "grype",
            text(descriptor.get("version")),
            digests(target.get("imageID"), target.get("manifestDigest"), target.get("repoDigests")),
            moment(descriptor.get("timestamp")),
        )

    def parse(self, report: bytes, workdir: str = "") -> Report:  # noqa: ARG002 - scanners name packages, not files
        """What a report says."""
        return report_of(self.scan(report))


def _vulnerability(match: dict[str, Any]) -> Vulnerability:
    told, package = inner(match, "vulnerability"), inner(match, "artifact")
    versions = inner(told, "fix").get("versions")
    locations = package.get("locations")
    first = locations[0] if isinstance(locations, list) and locations else {}
    return Vulnerability(
        id=text(told.get("id")),
        package=text(package.get("name")),
        installed=text(package.get("version")),
        fixed=", ".join(filter(None, map(text, versions))) if isinstance(versions, list) else "",
        level=level(text(told.get("severity"))),
        title=text(told.get("description")),
        url=text(told.get("dataSource")),
        place=text(first.get("path")) if isinstance(first, dict) else "",
    )


PARSER = GrypeJson()
