"""`container-structure-test test -o json`. Its reports never name the image's digest."""

from __future__ import annotations

from mlcd_tui.checks.parsers._findings import Findings
from mlcd_tui.checks.parsers._reading import json_of, listed, mapping, refuse, text, whole
from mlcd_tui.domain.checks import Report


class ContainerStructureTest:
    """Each error of a failed test is a finding; `Results` is left out when nothing ran."""

    name = "container_structure_test"
    title = "container-structure-test JSON"

    def parse(self, report: bytes, workdir: str = "") -> Report:
        """What a report says."""
        document = mapping(json_of(report, self.title), self.title, "it")
        failed, total = whole(document.get("Fail")), whole(document.get("Total"))
        if failed is None or total is None:
            refuse(self.title, "`Fail` or `Total` is missing")
        findings, bad = Findings(workdir), 0
        results = listed(document.get("Results"), self.title, "`Results`")
        for result in results:
            if result.get("Pass") is True:
                continue
            bad += 1
            errors = result.get("Errors")
            for error in errors if isinstance(errors, list) and errors else ["failed without saying why"]:
                findings.add(error, rule=text(result.get("Name")))
        if failed > bad:
            findings.add(f"The report counts {failed} failures but lists {bad}", rule=self.name)
        return findings.report(
            "container-structure-test", total=max(total, len(results)), passed=len(results) - bad, skipped=0
        )


PARSER = ContainerStructureTest()
