"""What a tool's exit code and report come to together. What could not run is never a pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import PurePosixPath

from mlcd_tui.checks.kinds._ended import ended
from mlcd_tui.checks.kinds._proof import nothing_found, proven, unproven
from mlcd_tui.checks.kinds._shipped import with_shipped
from mlcd_tui.checks.kinds._source import with_source, working_directory
from mlcd_tui.checks.kinds._tools import PARSERS, FindingToolPart, Tool, ToolPart
from mlcd_tui.domain.check_ports import Bench, Ran
from mlcd_tui.domain.checks import CheckResult, CheckState, Finding, Report, Severity
from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.text import clean

_NOT_THERE = frozenset({126, 127})
_WEIGHT = {Severity.INFO: 0, Severity.WARNING: 1, Severity.ERROR: 2}


@dataclass(slots=True)
class Judged:
    """A tool that has run, on its way to a result."""

    part: ToolPart
    tool: Tool
    ran: Ran
    started: datetime
    report: Report = field(default_factory=Report)

    def result(self, state: CheckState, sentence: str) -> CheckResult:
        """As it stands now."""
        ran = self.ran
        return replace(
            ended(self.part, state, sentence),
            report=self.report,
            started=self.started,
            seconds=ran.seconds,
            exit_code=ran.exit_code,
            ran_on=ran.ran_on if self.part.stage() else "",
            from_cache=ran.from_cache,
            command=clean(" ".join(self.tool.argv) or f"build of stage {self.part.stage()}", limit=500),
            log_digest=ran.log_digest,
            log_bytes=ran.log_bytes,
        )


def run_tool(
    part: ToolPart, bench: Bench, folder: str, log: Callable[[str], None], judge: Callable[[Judged], CheckResult]
) -> CheckResult:
    """Run it, read its report, have it judged, and show the source of what was found."""
    started, tool = datetime.now(UTC), part.usual()
    command = part.as_command(folder)
    ran = bench.run(command, log)
    judged = Judged(part, tool, ran, started)
    if ended := _ended(judged):
        return ended
    workdir = working_directory(bench, part.workdir or "", part.stage())
    try:
        judged.report = proven(PARSERS.load(tool.parser).parse(_written(judged), workdir), tool, ran)
    except Unreadable as problem:
        return judged.result(CheckState.ERROR, _unread(judged, problem.sentence))
    result = with_shipped(judge(judged), part, bench)
    return replace(result, report=with_source(result.report, bench, workdir, command))


def _written(judged: Judged) -> bytes:
    if not judged.tool.report:
        return judged.ran.stdout
    if judged.ran.report is None:
        raise Unreadable(f"No report was written to {judged.tool.report}.")
    return judged.ran.report


def _ended(judged: Judged) -> CheckResult | None:
    """What ended before its time, or never began."""
    ran, limits = judged.ran, judged.part.limits.limits()
    if ran.cancelled:
        return judged.result(CheckState.CANCELLED, "called off")
    if ran.out_of_memory:
        return judged.result(CheckState.OUT_OF_MEMORY, f"it needed more memory than {limits.memory >> 20} MiB")
    if ran.timed_out:
        return judged.result(CheckState.TIMED_OUT, f"killed after {limits.seconds:g} s")
    if ran.exit_code is None:
        return judged.result(CheckState.ERROR, "it could not be started" + _last_words(ran))
    if ran.exit_code in _NOT_THERE and ran.exit_code not in (*judged.tool.clean, *judged.tool.findings):
        named = judged.tool.argv[0] if judged.tool.argv else "the tool"
        return judged.result(CheckState.ERROR, f"{named} cannot be run there; is it installed?{_spoken(ran)}")
    if judged.part.stage() and ran.exit_code and not ran.ran_on:
        so = "it left no report" if judged.part.built else "nothing ran in it"
        text = f"stage {judged.part.stage()} was not built (exit code {ran.exit_code}), so {so}"
        return judged.result(CheckState.ERROR, text + _last_words(ran))
    return None


def _unread(judged: Judged, sentence: str) -> str:
    code = judged.ran.exit_code
    told = sentence if code in judged.tool.clean else f"It ended with exit code {code}. {sentence}"
    return told.rstrip(".") + _last_words(judged.ran)


def _last_words(ran: Ran) -> str:
    """The last line that it wrote for people; what ruff tells by `-v` is for nobody here."""
    written = ran.stderr.decode("utf-8", "replace").splitlines()
    lines = [line for line in written if line.strip() and "][DEBUG] " not in line]
    return f": {clean(lines[-1].strip(), limit=200)}" if lines else ""


def _spoken(ran: Ran) -> str:
    said = _last_words(ran).removeprefix(": ")
    return f" It says: {said}" if said else ""


def by_findings(judged: Judged) -> CheckResult:
    """A linter's or type checker's result."""
    part, code = judged.part, judged.ran.exit_code
    assert isinstance(part, FindingToolPart)
    report, tool = judged.report, judged.tool
    told = counted(report)
    if code not in (*tool.clean, *tool.findings):
        also = f"; {told}" if report.findings else ""
        return judged.result(
            CheckState.ERROR, f"exit code {code} says that it could not run{_last_words(judged.ran)}{also}"
        )
    if not report.findings:
        if tool.nothing and tool.nothing.encode() in judged.ran.stderr:
            return judged.result(CheckState.ERROR, f"it has looked at no file{_last_words(judged.ran)}")
        if code in tool.clean:
            return _doubted(judged, part) or judged.result(CheckState.PASSED, nothing_found(report))
        return judged.result(CheckState.ERROR, f"exit code {code}, but nothing is reported{_last_words(judged.ran)}")
    counting = sum(_WEIGHT[one.severity] >= _WEIGHT[part.fail_on] for one in report.findings)
    counting += report.truncated if counting else 0
    if counting > part.allow:
        return judged.result(CheckState.FAILED, told)
    if counting:
        return judged.result(CheckState.WARNED, f"{told}; {part.allow} allowed")
    serious = any(one.severity is not Severity.INFO for one in report.findings)
    return judged.result(CheckState.WARNED if serious or code not in tool.clean else CheckState.PASSED, told)


def _doubted(judged: Judged, part: FindingToolPart) -> CheckResult | None:
    """Nothing was found: whether anything was looked at."""
    doubt = unproven(part, judged.tool, judged.report, judged.ran)
    return judged.result(doubt.state, doubt.sentence) if doubt else None


def counted(report: Report) -> str:
    """`3 findings in 2 files`."""
    count = len(report.findings) + report.truncated
    files = {one.file for one in report.findings if one.file}
    where = f" in {plural(len(files), 'file')}" if files else ""
    return f"{plural(count, 'finding')}{where}{_which(report.findings)}"


def _which(findings: tuple[Finding, ...]) -> str:
    """What they are about, where all are of one file or rule."""
    places = {PurePosixPath(one.file).name for one in findings if one.file}
    rules = {one.rule for one in findings}
    if len(findings) == 1 and findings[0].line:
        return f": {findings[0].file}:{findings[0].line} {findings[0].rule}".rstrip()
    if len(findings) == 1 and not findings[0].file:
        return f": {clean(findings[0].message, limit=120)}"
    return f", all {next(iter(rules))}" if len(rules) == 1 and len(findings) > 1 and places and "" not in rules else ""


def plural(count: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{count} {noun}" if count == 1 else f"{count:,} {noun}s"
