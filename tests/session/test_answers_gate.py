"""What a comparison of answers says beside a switch; not to have compared is never good news."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from mlcd_tui.config.metrics_settings import MetricsSettings
from mlcd_tui.domain.comparison.report import ComparisonReport, ComparisonVerdict, Share
from mlcd_tui.domain.gates import GateState
from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.text import clean
from mlcd_tui.domain.traffic import TrafficRole
from mlcd_tui.session.traffic_desk import Traffic
from mlcd_tui.session.traffic_ways import Ways
from tests.session.test_traffic_desk import REF, World, world

__all__ = ["world"]


def report(verdict: ComparisonVerdict, *, complete: bool = True) -> ComparisonReport:
    return ComparisonReport(verdict, clean("3 of 800 differ"), 800, Share(3, 800, 0.001, 0.01), complete=complete)


async def gates(world: World, kept: ComparisonReport | None, role: TrafficRole, verb: Verb = Verb.SWITCH) -> Any:
    comparisons: Any = SimpleNamespace(newest=lambda _detail: kept)
    clock = lambda: datetime.fromtimestamp(world.now, UTC)  # noqa: E731
    desk = Traffic(Ways(MetricsSettings, world.detail, clock, comparisons=lambda: comparisons))
    detail = await world.detail(REF)
    targets = tuple(
        one if one.role is TrafficRole.SERVING else dataclasses.replace(one, role=role) for one in detail.targets
    )
    return await desk.gates(dataclasses.replace(detail, targets=targets), Intent(verb, REF))


@pytest.mark.parametrize(
    ("kept", "state"),
    [
        (None, GateState.UNKNOWN),
        (report(ComparisonVerdict.EQUAL), GateState.PASSED),
        (report(ComparisonVerdict.EQUAL, complete=False), GateState.UNKNOWN),
        (report(ComparisonVerdict.NOT_ENOUGH), GateState.UNKNOWN),
        (report(ComparisonVerdict.DIFFERENT), GateState.FAILED),
        (report(ComparisonVerdict.SLOWER), GateState.FAILED),
    ],
)
async def test_a_switch_is_told_what_the_answers_were_worth(
    world: World, kept: ComparisonReport | None, state: GateState
) -> None:
    (gate,) = await gates(world, kept, TrafficRole.SHADOW)
    assert (gate.name, gate.state) == ("answers", state)
    assert ("3 of 800 differ" if kept else "nobody has held") in gate.reason


async def test_nothing_is_missed_where_nothing_is_copied_nor_on_the_way_back(world: World) -> None:
    assert await gates(world, None, TrafficRole.CANDIDATE) == ()
    assert await gates(world, report(ComparisonVerdict.DIFFERENT), TrafficRole.SHADOW, Verb.SWITCH_BACK) == ()
