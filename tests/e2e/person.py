"""A person before the real app: presses keys, reads what stands on the screen, decides in the dialog."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from textual.pilot import Pilot
from textual.widgets import Button, Input

from mlcd_tui.cli.options import Globals
from mlcd_tui.cli.wiring import wire
from mlcd_tui.config.themes import load_all
from mlcd_tui.domain.fleet import Link
from mlcd_tui.domain.plan import Outcome
from mlcd_tui.domain.rollout import Rollout
from mlcd_tui.ui.app import MlcdApp
from mlcd_tui.ui.screens.approval import ApprovalScreen, Stage

_BETWEEN = re.compile(r"[\s│┃║▏▕▌▐─━┌┐└┘╭╮╰╯▁▔█▊▎]+")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at the keyboard."""

    app: MlcdApp
    pilot: Pilot[None]

    @property
    def words(self) -> str:
        """What the topmost screen shows, line breaks and frames taken for blanks."""
        strips = self.app.screen._compositor.render_strips()
        return _BETWEEN.sub(" ", "\n".join("".join(segment.text for segment in strip) for strip in strips))

    @property
    def toasts(self) -> str:
        """The notifications of the moment."""
        return " ".join(notification.message for notification in self.app._notifications)

    async def until(self, holds: Callable[[], Any], what: str, seconds: float = 20) -> None:
        """Wait for a condition; an error shows the screen."""
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, f"{what} within {seconds:g} s\n{self.toasts}\n{self.words}"
            await asyncio.sleep(0.05)
            await self.pilot.pause()

    async def see(self, pattern: str, seconds: float = 20) -> str:
        """The words of the screen as soon as the pattern is found in them."""
        await self.until(lambda: re.search(pattern, self.words), f"{pattern!r} was not seen", seconds)
        return self.words

    async def told(self, pattern: str) -> None:
        """Wait for a notification."""
        await self.until(lambda: re.search(pattern, self.toasts), f"{pattern!r} was not told")

    async def press(self, *keys: str) -> None:
        """Press keys."""
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def fill(self, text: str, field: str = "Input") -> None:
        """Put a text into the field that is there for it, in place of what stands there."""
        self.app.screen.query(field).first(Input).value = text
        await self.pilot.pause()

    async def command(self, text: str) -> None:
        """Type a line of the command line."""
        await self.press("colon")
        await self.fill(text)
        await self.press("enter")

    # The fleet ----------------------------------------------------------------------------------------------

    def row(self, name: str = "model-api") -> Rollout | None:
        """What the fleet knows of a rollout."""
        return next((row for row in self.app.fleet.rows if row.ref.name == name), None)

    async def row_until(self, holds: Callable[[Rollout], bool], what: str, seconds: float = 30) -> None:
        """Wait until the fleet's row is so."""
        await self.until(lambda: (row := self.row()) is not None and holds(row), what, seconds)

    async def live(self) -> None:
        """Wait for a whole, living fleet."""
        await self.until(lambda: self.app.fleet.complete and self.app.fleet.freshness.link is Link.LIVE, "not live")
        await self.see("live")

    # The dialog ---------------------------------------------------------------------------------------------

    async def dialog(self, *keys: str) -> ApprovalScreen:
        """Press keys and wait for the dialog."""
        await self.press(*keys)
        await self.until(lambda: isinstance(self.app.screen, ApprovalScreen), "no dialog")
        await self.pilot.pause()
        screen = self.app.screen
        assert isinstance(screen, ApprovalScreen)
        return screen

    async def approve(self, reason: str = "") -> Outcome:
        """Approve by keys what the dialog on the screen asks, and read the outcome."""
        await self.begin(reason)
        return await self.outcome()

    async def begin(self, reason: str = "") -> None:
        """Approve by keys; the outcome is not awaited."""
        screen = self.app.screen
        assert isinstance(screen, ApprovalScreen)
        assert screen.query_one("#cancel", Button).has_focus
        if reason:
            screen.query_one("#reason", Input).focus()
            await self.fill(reason, "#reason")
            await self.press("enter")
        else:
            await self.press("right")
        assert screen.query_one("#approve", Button).has_focus, self.words
        await self.press("enter")

    async def outcome(self, seconds: float = 45) -> Outcome:
        """The outcome that the dialog ends with; the dialog stays until it is read."""
        screen = self.app.screen
        assert isinstance(screen, ApprovalScreen)
        await self.until(lambda: screen.stage is Stage.ENDED, "no outcome", seconds)
        await self.pilot.pause()
        assert screen.outcome is not None
        assert _BETWEEN.sub(" ", screen.outcome.sentence)[:40] in self.words
        return screen.outcome

    async def act(self, *keys: str, reason: str = "") -> Outcome:
        """The dialog, yes, the outcome, and away with the dialog."""
        await self.dialog(*keys)
        outcome = await self.approve(reason)
        await self.press("escape")
        return outcome


@asynccontextmanager
async def person(size: tuple[int, int] = (160, 50), **given: Any) -> AsyncIterator[Person]:
    """The app as the command opens it, with the options given (`cli.options.Globals`), and somebody before it."""
    wired = wire(Globals(**given))
    themes, problems = load_all()
    app = MlcdApp(wired.session, settings=wired.settings, themes=themes, problems=(*wired.problems, *problems))
    async with app.run_test(size=size, notifications=True) as pilot:
        yield Person(app, pilot)
