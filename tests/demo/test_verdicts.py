"""Conditions of analyses."""

from __future__ import annotations

from typing import Any

import pytest

from mlcd_tui.demo.controllers.argo.verdicts import ConditionError, holds, judge


@pytest.mark.parametrize(
    ("condition", "result", "verdict"),
    [
        ("result >= 0.95", 0.95, True),
        ("result[0] < 80 && result[0] > 10", [42.0], True),
        ("len(result) == 0 || result[0] <= 1", [], True),
        ("!(result.ok == true)", {"ok": True}, False),
        ("result != 'red'", "red", False),
        ("asFloat(result) < -1", "-2.5", True),
        ("default(result, 0) == 0", None, True),
        ("result.a.b in [1, 2]", {"a": {"b": 2}}, None),
    ],
)
def test_conditions_are_read(condition: str, result: Any, verdict: bool | None) -> None:
    if verdict is None:
        with pytest.raises(ConditionError):
            holds(condition, result)
    else:
        assert holds(condition, result) is verdict


@pytest.mark.parametrize(
    "condition", ["__import__('os')", "result.x", "1 +", "result", "open('x')", "[x for x in 'a']"]
)
def test_what_is_no_condition_is_refused(condition: str) -> None:
    with pytest.raises(ConditionError):
        holds(condition, 1.0)


def test_both_conditions_leave_room_for_doubt() -> None:
    metric = {"successCondition": "result > 0.9", "failureCondition": "result < 0.5"}
    assert [judge(metric, value) for value in (0.95, 0.7, 0.1)] == ["Successful", "Inconclusive", "Failed"]
    assert judge({}, 1) == "Successful"
    assert judge({"failureCondition": "result > 1"}, 2) == "Failed"
