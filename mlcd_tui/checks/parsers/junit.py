"""JUnit XML as pytest writes it (`xunit1` with file and line, `xunit2` without) and as others do."""

from __future__ import annotations

from collections.abc import Mapping

from mlcd_tui.checks.parsers._findings import Findings
from mlcd_tui.checks.parsers._junit_xml import Case, Suites, raised, suites_of
from mlcd_tui.checks.parsers._reading import moment, one_based, shifted, whole
from mlcd_tui.domain.checks import Report


class JUnit:
    """Counts the cases that are listed; pytest's lines count from zero, a failure is shown where it was raised."""

    name = "junit"
    title = "JUnit XML"

    def parse(self, report: bytes, workdir: str = "") -> Report:
        """What a report says; skipped tests are counted, failures and errors are findings."""
        found = suites_of(report)
        pytest = found.root.get("name") == "pytest tests" or any(s.get("name") == "pytest" for s in found.suites)
        findings = Findings(workdir)
        cases = _merged(found.cases) if pytest else [[case] for case in found.cases]
        bad = skipped = 0
        for entries in cases:
            failing = [case for case in entries if case.bad]
            bad += bool(failing)
            skipped += not failing and any(case.endings for case in entries)
            for case in failing:
                _take(findings, case, pytest=pytest)
        if not bad and (counted := _declared(found, "failures", "errors")):
            findings.add(f"The report counts {counted} failures but lists none of them", rule="junit")
        if (counted := _declared(found, "tests")) > len(found.cases):
            findings.add(f"The report counts {counted} tests but lists {len(found.cases)} of them", rule="junit")
        created = next((at for suite in (found.root, *found.suites) if (at := moment(suite.get("timestamp")))), None)
        return findings.report(
            "pytest" if pytest else found.root.get("name", ""),
            total=len(cases),
            passed=len(cases) - bad - skipped,
            skipped=skipped,
            created=created,
        )


def _declared(found: Suites, *names: str) -> int:
    """What the suites' attributes of these names count together."""
    return max((sum(whole(suite.get(name)) or 0 for name in names) for suite in (found.root, *found.suites)), default=0)


def _merged(cases: list[Case]) -> list[list[Case]]:
    """A test that failed in itself and again in its teardown is listed twice."""
    by_name: dict[tuple[str, ...], list[Case]] = {}
    for case in cases:
        by_name.setdefault(tuple(case.attributes.get(key, "") for key in ("file", "classname", "name")), []).append(
            case
        )
    return list(by_name.values())


def _take(findings: Findings, case: Case, *, pytest: bool) -> None:
    own = case.attributes
    file, line = _place(own, case.suite, pytest=pytest)
    for what, message, text in case.endings:
        if what == "skipped":
            continue
        thrown, at = raised(text, file) if pytest else ("", None)
        first = next((row.strip() for row in text.splitlines() if row.strip()), "")
        findings.add(
            message or first or f"{what}, without a message",
            rule="::".join(filter(None, (own.get("classname", ""), own.get("name", "")))),
            file=file or thrown,
            line=at or line,
            column=one_based(own.get("column")),
        )


def _place(own: Mapping[str, str], suite: Mapping[str, str], *, pytest: bool) -> tuple[str, int | None]:
    """File and line of a case; linters that write JUnit name the file as suite."""
    file = own.get("file", "") or suite.get("file", "")
    line = shifted(own.get("line")) if pytest else one_based(own.get("line"))
    if not file and line is not None and "/" in (named := suite.get("name", "")):
        file = named
    return file, line


PARSER = JUnit()
