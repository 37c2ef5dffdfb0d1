"""The approval dialog with checks: each with its digest and age, and a reason for what is not met."""

from __future__ import annotations

from dataclasses import replace

from textual.pilot import Pilot
from textual.widgets import Button, Input

from mlcd_tui.domain.intent import Verb
from mlcd_tui.domain.text import Clean
from mlcd_tui.ui.screens.approval import ApprovalScreen
from mlcd_tui.ui.viewmodels.approval import decision_lines, objection, reason_hint
from mlcd_tui.ui.viewmodels.glyphs import UNICODE
from mlcd_tui.ui.viewmodels.spans import plain
from tests.snapshots.scenes import checked, fraud_session
from tests.ui.fake_session import NOW, make_app
from tests.ui.proposals import proposal


async def settled(pilot: Pilot[None]) -> None:
    for _ in range(3):
        await pilot.pause()


def test_each_check_is_told_with_digest_and_age_the_unmet_first() -> None:
    told = [plain(line) for line in decision_lines(checked(), NOW, 140, UNICODE)]
    rows = {name: next(line for line in told if f"check {name} " in line) for name in ("lint", "tests", "schema")}
    assert "✘ check lint" in rows["lint"]
    assert "sha256:ab12" in rows["lint"]
    assert rows["lint"].rstrip().endswith("4 m")
    assert "✔ check schema" in rows["schema"]
    assert told.index(rows["tests"]) < told.index(rows["schema"])


def test_a_reason_must_answer_for_what_is_not_met() -> None:
    wanted = checked()
    assert objection(wanted, "", "").startswith("Lint is failed")
    assert objection(wanted, "known false alarm", "") == ""
    assert "write why" in reason_hint(wanted)
    assert objection(replace(proposal(), needs_reason=False), "", "") == ""


def test_a_way_back_is_never_held_up_by_checks() -> None:
    back = replace(proposal(), intent=replace(proposal().intent, verb=Verb.UNDO), gates=checked().gates)
    assert objection(back, "", "") == ""


async def test_the_button_waits_for_the_reason() -> None:
    session = fraud_session()
    app = make_app(session)
    async with app.run_test(size=(120, 40)) as pilot:
        app.push_screen(ApprovalScreen(checked()))
        await settled(pilot)
        screen = app.screen
        assert screen.query_one("#approve", Button).disabled
        screen.query_one("#reason", Input).value = "the finding is known"
        await settled(pilot)
        assert not screen.query_one("#approve", Button).disabled
        assert Clean("write why") in screen.query_one("#reason", Input).placeholder
