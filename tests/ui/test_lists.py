"""Lists that are compared by eye: moments, events in the order of what they tell, sides by their names."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from mlcd_tui.domain.ports import AuditEntry
from mlcd_tui.domain.rollout import Event, Revision, Role, RolloutDetail
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.ui.screens.rollout import RolloutScreen
from mlcd_tui.ui.viewmodels import audit, history, overview
from mlcd_tui.ui.viewmodels.analysis import run_lines
from mlcd_tui.ui.viewmodels.glyphs import UNICODE
from mlcd_tui.ui.viewmodels.spans import Line, plain, told
from mlcd_tui.ui.viewmodels.times import full
from mlcd_tui.ui.viewmodels.tree import tree
from mlcd_tui.ui.widgets.line_view import LinesView
from mlcd_tui.ui.widgets.rollout_tree import RolloutTree
from tests.ui.fake_session import FakeSession, make_app
from tests.ui.samples import FRAUD, NOW, blue_green, canary

JUST = NOW - timedelta(seconds=12)


def event(reason: str, about: str, seconds: int, kind: str = "Normal") -> Event:
    return Event(Clean(kind), Clean(reason), Clean(f"{reason}."), clean(about), 1, NOW - timedelta(seconds=seconds))


def entry() -> AuditEntry:
    words = map(clean, ("alice", "prod", str(FRAUD), "promote", "done", "It is done.", ""))
    user, context, rollout, verb, stage, sentence, reason = words
    return AuditEntry("e1", JUST, user, context, rollout, verb, stage, sentence, reason)


def said(lines: tuple[Line, ...]) -> str:
    return "\n".join(map(plain, lines))


def test_the_cause_stands_before_the_routine_of_pods() -> None:
    pods = [event(reason, f"Pod/p{n}", n) for n in range(9) for reason in ("Scheduled", "SuccessfulCreate")]
    cause = event("RolloutAborted", f"Rollout/{FRAUD.name}", 40, "Warning")
    old = event("BackOff", "Pod/p", 7_300, "Warning")
    detail = replace(canary(), events=(*pods, cause, old))
    text = said(overview.overview(detail, NOW, 90, UNICODE))
    assert text.index("RolloutAborted") < text.index("Scheduled")
    assert "BackOff" not in text, "what is hours older is not the latest"
    assert history.telling((old,), "x", 4) == (old,)


def test_seconds_are_told_where_moments_are_compared() -> None:
    events = tuple(history.event_lines([event("A", "Pod/p", 12)], NOW, 80))
    assert plain(events[0]).startswith("12 s")
    assert "12 s" in said(audit.audit_lines([entry()], NOW, 120))
    assert "12 s" in said(tuple(history.audit_lines([entry()], NOW, 120, UNICODE)))
    run = canary().analysis_runs[0]
    metric = run.metrics[0]
    fresh = replace(metric.measurements[-1], started=JUST, finished=JUST, message=Clean(""))
    fresh_run = replace(run, metrics=(replace(metric, measurements=(fresh,)),))
    assert "12 s" in said(run_lines(fresh_run, NOW, 100, UNICODE))


def test_every_age_tells_its_moment_in_full() -> None:
    assert full(JUST) in told(next(history.event_lines([event("A", "Pod/p", 12)], NOW, 80)))
    assert full(JUST) in told(audit.audit_lines([entry()], NOW, 120)[0])
    revision = canary().revisions[0]
    assert full(revision.created) in told(history.revision_row(revision, NOW, 90))
    assert full(revision.created) in told(tree(canary(), NOW, UNICODE)[0].right)


async def test_the_line_under_the_mouse_tells_the_moment() -> None:
    session = FakeSession([canary().rollout])
    session.details[FRAUD] = canary()
    app = make_app(session)
    async with app.run_test(size=(140, 40)) as pilot:
        await pilot.pause()
        app.open_rollout(FRAUD)
        await pilot.pause()
        assert isinstance(app.screen, RolloutScreen)
        shown = app.screen.query_one(RolloutTree)
        await pilot.hover("#tree", offset=(3, 0))
        assert full(canary().revisions[0].created) in str(shown.tooltip)
        view = app.screen.query_one("#overview", LinesView)
        await pilot.hover("#overview", offset=(3, 0))
        assert view.tooltip is None, "this line has no moment to tell"


def sides() -> RolloutDetail:
    detail = blue_green()
    newest = detail.revisions[0]
    made: list[Revision] = []
    for name, role in (("churn-green", Role.PREVIEW), ("churn-blue", Role.ACTIVE)):
        group = replace(newest.replica_sets[0], name=Clean(name), pod_hash=Clean(""), roles=(role,))
        made.append(replace(newest, number=1, roles=(role,), replica_sets=(group,)))
    named = replace(detail.conditions[0], type=Clean("churn-green: Available")) if detail.conditions else None
    return replace(detail, revisions=tuple(made), conditions=(named,) if named else ())


@pytest.mark.parametrize("room", [90, 160])
def test_sides_of_a_pair_have_their_names(room: int) -> None:
    lines = overview.overview(sides(), NOW, room, UNICODE)
    images = [plain(line) for line in lines if plain(line).startswith("Image")]
    assert [name in line for name, line in zip(("churn-green", "churn-blue"), images, strict=True)] == [True, True]
    nodes = [node for node in tree(sides(), NOW, UNICODE) if node.kind == "revision"]
    assert [node.name.text for node in nodes] == ["churn-green", "churn-blue"]
    assert len({node.key for node in nodes}) == 2
    if room == 160 and sides().conditions:
        assert "churn-green: Available" in said(lines)
