"""What is printed: trees of every recorded state, lengths of time, colours."""

from __future__ import annotations

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlcd_tui.cli import tree
from mlcd_tui.cli.duration import DURATION
from mlcd_tui.cli.output import rollout_rows, span
from mlcd_tui.cli.paint import Paint
from mlcd_tui.domain.text import clean
from tests.domain.recorded import STATES, opened
from tests.engines import argo_recorded

_STATUS = {"Pod", "ReplicaSet", "AnalysisRun", "Experiment", "Rollout"}


@pytest.mark.parametrize("state", STATES)
def test_tree_of_every_recorded_state(state: str) -> None:
    detail, now = opened(state)
    lines = list(tree.lines(detail, now, Paint()))
    assert all(clean(line) == line for line in lines)
    text = "\n".join(lines)
    assert all(pod.name in text for pod in detail.pods)
    assert all(run.name in text for run in detail.analysis_runs)
    assert "  -" not in text
    head = next(line for line in lines if line.startswith("NAME "))
    kind = head.index("KIND")
    rows = lines[lines.index(head) + 1 :]
    assert all(row[kind - 1] == " " and row[kind] != " " for row in rows), text
    assert [click.unstyle(line) for line in tree.lines(detail, now, Paint(colour=True))] == lines


@pytest.mark.parametrize("state", argo_recorded.names())
def test_the_tree_says_what_the_plugin_says(state: str) -> None:
    detail, now = opened(f"argo/{state}")
    lines = list(tree.lines(detail, now, Paint()))
    for node in argo_recorded.told(state).tree:
        if node.kind in _STATUS - {"Rollout"}:
            row = next(line for line in lines if f" {node.name} " in line and f" {node.kind} " in line)
            assert node.status in row, (node, row)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("10m", 600), ("1h30m", 5400), ("500ms", 0.5), ("1.5h", 5400), ("7", 7)]
)
def test_lengths_of_time(text: str, seconds: float) -> None:
    assert DURATION.convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-1s", "10 m", "1d", "1h-", "nan", "inf", "1e12", "１０s x"])
def test_any_other_length_of_time_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="90s"):
        DURATION.convert(text, None, None)


@given(st.floats(-1e6, 1e12))
def test_spans_have_units(seconds: float) -> None:
    assert span(seconds).split()[1] in {"s", "m", "h", "d"}


def test_status_is_never_colour_alone() -> None:
    for word in ("Healthy", "Paused", "Degraded", "Progressing", "CrashLoopBackOff", "ErrImagePull", "Init:0/1", "x"):
        shown = Paint(colour=True).status(word)
        assert click.unstyle(shown).split()[1] == word
        assert "\x1b" in shown
        assert "\x1b" not in Paint().status(word)
        assert Paint(ascii=True).status(word).isascii()
    assert "31" in Paint(colour=True).status("CrashLoopBackOff")


def test_a_rollout_at_rest_is_not_said_to_wait_for_anything() -> None:
    for state in ("deployment/healthy", "argo/canary-healthy"):
        detail, now = opened(state)
        assert rollout_rows([detail.rollout], now)[0][-1] == ""
    detail, now = opened("deployment/progressing")
    assert rollout_rows([detail.rollout], now)[0][-1].startswith("1 of 3 pods")
