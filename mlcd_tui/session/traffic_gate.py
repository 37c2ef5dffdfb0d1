"""Live traffic as evidence beside a decision. Pure."""

from __future__ import annotations

from mlcd_tui.domain.comparison.report import ComparisonReport, ComparisonVerdict
from mlcd_tui.domain.gates import Gate, GateState
from mlcd_tui.domain.text import clean
from mlcd_tui.domain.traffic import Judgement, TrafficReading, TrafficRole

NAME = "live traffic"
ANSWERS = "answers"


def traffic_gate(reading: TrafficReading) -> Gate:
    """What the numbers say of the version that would get more traffic. Silence is unknown, never passed."""
    if reading.problem:
        return Gate(clean(NAME), GateState.UNKNOWN, reading.problem, at=reading.at)
    if all(version.target.role in {TrafficRole.SERVING, TrafficRole.IDLE} for version in reading.versions):
        return Gate(clean(NAME), GateState.UNKNOWN, clean("no new version gets any, live or copied"), at=reading.at)
    worse = [verdict for verdict in reading.verdicts if verdict.judgement is Judgement.WORSE]
    if worse:
        told = "; ".join(f"{verdict.what}: {verdict.sentence}" for verdict in worse)
        return Gate(clean(NAME), GateState.FAILED, clean(told), at=reading.at)
    unsure = [verdict for verdict in reading.verdicts if verdict.judgement is Judgement.NOT_ENOUGH]
    head = "not enough data, " if unsure else ""
    told = "; ".join(f"{verdict.what}: {head}{verdict.sentence}" for verdict in unsure or reading.verdicts)
    if cautions := {verdict.caution: None for verdict in reading.verdicts if verdict.caution}:
        return Gate(clean(NAME), GateState.UNKNOWN, clean("; ".join((*cautions, told))), at=reading.at)
    if unsure or not reading.verdicts:
        why = told or next((v.problem for v in reading.versions if v.problem), "the two versions cannot be compared")
        return Gate(clean(NAME), GateState.UNKNOWN, clean(why), at=reading.at)
    return Gate(clean(NAME), GateState.PASSED, clean(told), at=reading.at)


def answers_gate(report: ComparisonReport | None) -> Gate:
    """What the comparison of both images' answers says; not to have compared them is unknown, never passed."""
    if report is None:
        told = "nobody has held the new version's answers against production's"
        return Gate(clean(ANSWERS), GateState.UNKNOWN, clean(told))
    states = {ComparisonVerdict.EQUAL: GateState.PASSED, ComparisonVerdict.NOT_ENOUGH: GateState.UNKNOWN}
    state = states.get(report.verdict, GateState.FAILED)
    early = "" if report.complete else " (ended early)"
    if early and state is GateState.PASSED:
        state = GateState.UNKNOWN
    return Gate(clean(ANSWERS), state, clean(f"{report.verdict.value}{early}: {report.sentence}"), at=report.at)
