"""SPDX 2 as JSON, as syft and trivy write it."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from mlcd_tui.checks.parsers._bill import Bill, Package, report_of
from mlcd_tui.checks.parsers._findings import digests
from mlcd_tui.checks.parsers._reading import inner, json_of, listed, mapping, moment, refuse, text
from mlcd_tui.domain.checks import Report

_NOTHING = {"", "NOASSERTION", "NONE"}


class Spdx:
    """Speaks of the image that its package of purpose CONTAINER names."""

    name = "spdx"
    title = "SPDX JSON"

    def bill(self, report: bytes) -> Bill:
        """All packages but the image's own, uncapped."""
        document = mapping(json_of(report, self.title), self.title, "it")
        if not text(document.get("spdxVersion")).startswith("SPDX-2."):
            refuse(self.title, "its spdxVersion is not SPDX-2")
        packages: list[Package] = []
        about: list[str] = []
        for entry in listed(document.get("packages"), self.title, "`packages`"):
            if entry.get("primaryPackagePurpose") == "CONTAINER":
                about += self._digests(entry)
                continue
            licences = (text(entry.get("licenseDeclared")), text(entry.get("licenseConcluded")))
            known = tuple(dict.fromkeys(one for one in licences if one not in _NOTHING))
            packages.append(Package(text(entry.get("name")), text(entry.get("versionInfo")), known))
        made = inner(document, "creationInfo")
        creators = made.get("creators")
        tools = (
            [text(entry)[6:] for entry in creators if text(entry).startswith("Tool: ")]
            if isinstance(creators, list)
            else []
        )
        tool, _, version = (tools[0] if tools else "").rpartition("-")
        return Bill(packages, tool or version, version if tool else "", tuple(about), moment(made.get("created")))

    def parse(self, report: bytes, workdir: str = "") -> Report:  # noqa: ARG002 - packages are no files
        """What a report says."""
        return report_of(self.bill(report))

    def _digests(self, image: dict[str, Any]) -> tuple[str, ...]:
        values = [text(image.get("versionInfo"))]
        values += [
            unquote(text(entry.get("referenceLocator"))[:2000])
            for entry in listed(image.get("externalRefs"), self.title, "`externalRefs`")
        ]
        values += [
            f"sha256:{text(entry.get('checksumValue'))}"
            for entry in listed(image.get("checksums"), self.title, "`checksums`")
            if entry.get("algorithm") == "SHA256"
        ]
        notes = image.get("attributionTexts")
        told = [text(note) for note in notes if "DiffID" not in text(note)] if isinstance(notes, list) else []
        return digests(values, told)


PARSER = Spdx()
