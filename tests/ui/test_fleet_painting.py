"""The fleet draws what changed and nothing else."""

from __future__ import annotations

from typing import Any

from textual.widgets import Static

from mlcd_tui.domain.text import Clean
from mlcd_tui.ui.widgets.header import FrameHeader
from tests.ui.fake_session import FakeSession, story
from tests.ui.test_fleet_screen import shown


async def test_unchanged_parts_are_not_painted_again() -> None:
    session = FakeSession(story())
    async with shown(session) as (pilot, table):
        painted: list[object] = []
        for widget in (table, pilot.app.screen.query_one(FrameHeader), pilot.app.screen.query_one("#counts", Static)):
            original = widget.refresh

            def refresh(*regions: Any, _original: Any = original, **kw: Any) -> Any:
                painted.append(regions)
                return _original(*regions, **kw)

            widget.refresh = refresh  # type: ignore[method-assign]
        session.push(list(session.fleet.rows))
        await pilot.pause()
        assert painted == []
        session.change("summariser", message=Clean("new"))
        await pilot.pause()
        assert len(painted) == 1
