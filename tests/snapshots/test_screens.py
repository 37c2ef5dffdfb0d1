"""Every screen as a picture, at three sizes and in two themes: a change of looks is seen, not guessed.

After looking at the report and finding it better: `make snapshots`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from mlcd_tui.config.settings import Settings
from mlcd_tui.domain.fleet import Freshness, Link
from mlcd_tui.domain.intent import Verb
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.domain.text import clean
from mlcd_tui.ui.app import MlcdApp
from mlcd_tui.ui.screens.approval import ApprovalScreen
from tests.snapshots.scenes import (
    blue_green_session,
    breaking,
    checked,
    checks_session,
    denied,
    fitting,
    fraud_session,
    packages_session,
    production,
    refusal,
    running_checks_session,
    schema_session,
    stale_checks_session,
    unchecked_session,
    unpublished_session,
)
from tests.snapshots.traffic_scenes import blind_session, mirrored_session, offered_session
from tests.ui.fake_session import NOW, FakeSession, ago, make_app, story
from tests.ui.proposals import proposal
from tests.ui.samples import FRAUD

SIZES = ((80, 24), (120, 40), (200, 60))
THEMES = ("mlcd-dark", "mlcd-light")

Prepare = Callable[[MlcdApp, Pilot[None]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture: a session, and how to get to the screen."""

    session: Callable[[], FakeSession]
    keys: tuple[str, ...] = ()
    opened: RolloutRef | None = None
    dialog: Any = None


def fleet() -> FakeSession:
    return FakeSession(story())


def empty() -> FakeSession:
    return FakeSession(())


def stale() -> FakeSession:
    reason = clean("Connection to https://10.0.0.1:6443 refused. Is the cluster running, and is the address right?")
    return FakeSession(story(), freshness=Freshness(Link.STALE, ago(minutes=2), reason))


def down() -> FakeSession:
    reason = clean("The API server does not accept the credentials (401). Log in again.")
    return FakeSession((), freshness=Freshness(Link.DOWN, NOW, reason), complete=False)


SCENES = {
    "fleet": Scene(fleet),
    "fleet-wide": Scene(fleet, ("w",)),
    "fleet-filtered": Scene(fleet, ("slash", *"ns:ads", "enter")),
    "fleet-empty": Scene(empty),
    "fleet-stale": Scene(stale),
    "fleet-down": Scene(down),
    "help": Scene(fleet, ("question_mark",)),
    "command-line": Scene(fleet, ("colon", "n", "s")),
    "palette": Scene(fleet, ("ctrl+p",)),
    "namespaces": Scene(fleet, ("N",)),
    "contexts": Scene(fleet, ("C",)),
    "audit": Scene(fraud_session, ("L",)),
    "rollout-overview": Scene(fraud_session, opened=FRAUD),
    "rollout-analysis": Scene(fraud_session, ("3",), opened=FRAUD),
    "rollout-history": Scene(fraud_session, ("7",), opened=FRAUD),
    "rollout-yaml": Scene(fraud_session, ("8",), opened=FRAUD),
    "rollout-blue-green": Scene(blue_green_session, opened=FRAUD),
    "logs": Scene(fraud_session, ("l", "enter"), opened=FRAUD),
    "describe": Scene(fraud_session, ("d",), opened=FRAUD),
    "undo": Scene(fraud_session, ("u",), opened=FRAUD),
    "set-image": Scene(fraud_session, ("i",), opened=FRAUD),
    "approval": Scene(fraud_session, dialog=proposal),
    "approval-refused": Scene(fraud_session, dialog=refusal),
    "approval-denied": Scene(fraud_session, dialog=denied),
    "approval-production": Scene(fraud_session, dialog=production),
    "approval-compatible": Scene(fraud_session, dialog=fitting),
    "approval-breaking": Scene(fraud_session, dialog=breaking),
    "fleet-schemas": Scene(schema_session),
    "rollout-package": Scene(packages_session, ("4",), opened=FRAUD),
    "rollout-package-unknown": Scene(unpublished_session, ("4",), opened=FRAUD),
    "packages": Scene(packages_session, ("K",)),
    "packages-marked": Scene(packages_session, ("K", "slash", *"fraud", "enter", "space", "j", "space")),
    "package": Scene(packages_session, ("4", "enter"), opened=FRAUD),
    "package-schema": Scene(packages_session, ("4", "enter", "2"), opened=FRAUD),
    "package-raw": Scene(packages_session, ("4", "enter", "y"), opened=FRAUD),
    "package-diff": Scene(packages_session, ("4", "v"), opened=FRAUD),
    "checks": Scene(checks_session, ("X", "tab")),
    "checks-running": Scene(running_checks_session, ("X", "x", "enter")),
    "checks-prompt": Scene(checks_session, ("X", "x")),
    "check": Scene(checks_session, ("X", "enter", "enter")),
    "check-snapshot": Scene(checks_session, ("X", "enter", "G", "enter")),
    "check-log": Scene(checks_session, ("X", "enter", "l")),
    "check-accept": Scene(checks_session, ("X", "enter", "G", "U")),
    "rollout-checks": Scene(checks_session, ("5",), opened=FRAUD),
    "rollout-checks-stale": Scene(stale_checks_session, ("5",), opened=FRAUD),
    "rollout-checks-none": Scene(unchecked_session, ("5",), opened=FRAUD),
    "approval-checks": Scene(fraud_session, dialog=checked),
    "rollout-traffic": Scene(mirrored_session, ("2",), opened=FRAUD),
    "rollout-traffic-unknown": Scene(blind_session, ("2",), opened=FRAUD),
    "rollout-traffic-worse": Scene(offered_session, ("2",), opened=FRAUD),
    "comparison": Scene(mirrored_session, ("2", "enter"), opened=FRAUD),
    "compare-prompt": Scene(mirrored_session, ("2", "v"), opened=FRAUD),
    "mirror-prompt": Scene(mirrored_session, ("2", "m"), opened=FRAUD),
}


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", SCENES)
def test_screen(name: str, size: tuple[int, int], theme: str, snap_compare: Any, tmp_path: Path) -> None:
    scene = SCENES[name]
    app = make_app(scene.session(), settings=Settings(theme=theme), folder=tmp_path)

    async def prepare(pilot: Pilot[None]) -> None:
        await pilot.pause()
        if scene.opened is not None:
            app.open_rollout(scene.opened)
            await pilot.pause()
        if scene.dialog is not None:
            app.push_screen(ApprovalScreen(scene.dialog()))
            await pilot.pause()
        await pilot.press(*scene.keys)
        await pilot.pause()
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=prepare)


def test_every_verb_has_a_dialog_that_could_be_pictured() -> None:
    assert set(Verb) == set(fraud_session().proposals)
