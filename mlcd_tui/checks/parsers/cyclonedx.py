"""CycloneDX JSON, as syft, trivy and cyclonedx-py write it."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from mlcd_tui.checks.parsers._bill import Bill, Package, report_of
from mlcd_tui.checks.parsers._findings import digests
from mlcd_tui.checks.parsers._reading import inner, json_of, listed, mapping, moment, refuse, text
from mlcd_tui.domain.checks import Report


class CycloneDx:
    """Speaks of the image that its own component names: by version, package URL, hash or the tool's properties."""

    name = "cyclonedx"
    title = "CycloneDX JSON"

    def bill(self, report: bytes) -> Bill:
        """All components, uncapped."""
        document = mapping(json_of(report, self.title), self.title, "it")
        if document.get("bomFormat") != "CycloneDX":
            refuse(self.title, "its bomFormat is not CycloneDX")
        packages: list[Package] = []
        waiting = listed(document.get("components"), self.title, "`components`")[::-1]
        while waiting:
            component = waiting.pop()
            packages.append(
                Package(text(component.get("name")), text(component.get("version")), self._licences(component))
            )
            waiting.extend(listed(component.get("components"), self.title, "`components`")[::-1])
        about = inner(document, "metadata")
        tool = self._tool(about)
        return Bill(
            packages,
            text(tool.get("name")),
            text(tool.get("version")),
            self._about(inner(about, "component")),
            moment(about.get("timestamp")),
        )

    def parse(self, report: bytes, workdir: str = "") -> Report:  # noqa: ARG002 - components are no files
        """What a report says."""
        return report_of(self.bill(report))

    def _licences(self, component: dict[str, Any]) -> tuple[str, ...]:
        found = []
        for entry in listed(component.get("licenses"), self.title, "`licenses`"):
            one = inner(entry, "license")
            found.append(text(entry.get("expression")) or text(one.get("id")) or text(one.get("name")))
        return tuple(filter(None, found))

    def _tool(self, about: dict[str, Any]) -> dict[str, Any]:
        """The first tool: a list until 1.4, an object with components since 1.5."""
        tools = about.get("tools")
        entries = tools.get("components") if isinstance(tools, dict) else tools
        return next(iter(listed(entries, self.title, "`tools`")), {})

    def _about(self, component: dict[str, Any]) -> tuple[str, ...]:
        values = [text(component.get("version")), unquote(text(component.get("purl"))[:2000])]
        values += [
            text(entry.get("value"))
            for entry in listed(component.get("properties"), self.title, "`properties`")
            if not text(entry.get("name")).endswith("DiffID")
        ]
        values += [
            f"sha256:{text(entry.get('content'))}"
            for entry in listed(component.get("hashes"), self.title, "`hashes`")
            if entry.get("alg") == "SHA-256"
        ]
        return digests(values)


PARSER = CycloneDx()
