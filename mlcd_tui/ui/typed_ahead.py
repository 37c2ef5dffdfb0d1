"""Keeps in order what is typed faster than it can be dealt with.

A key travels from the focused widget up to the app, where the bindings are; the next key goes to whatever has the focus
by then. So letters that set out to the table come up only after later ones have gone straight into the field that the
first one opened, a letter typed after a backspace is there before the backspace has deleted, and one typed after enter
still goes into the field. Here a key waits until the one before it has been dealt with; only letters that go into a
field one after the other need not.
"""

from __future__ import annotations

from collections import deque

from textual import on
from textual.app import App
from textual.events import Event, Key
from textual.message import Message
from textual.message_pump import MessagePump
from textual.timer import Timer
from textual.widgets import Input

_LONGEST = 0.25
"""Seconds to wait for keys on their way; a widget that was taken off the screen meanwhile passes nothing on."""


class Behind(Message):
    """Follows a key to where it went; when it comes up, so has the key.

    What the key set going (a field was submitted, so the table takes the focus) is told behind it: a second round
    follows that.
    """

    def __init__(self, pump: MessagePump, *, again: bool) -> None:
        super().__init__()
        self.pump = pump
        self.again = again


class TypedAheadApp(App[None]):
    """An app to which a burst of keys is what the same keys are when typed slowly."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: deque[Key] = deque()
        self._patience: Timer | None = None

    async def on_event(self, event: Event) -> None:
        """Hold a key back while one before it is on its way."""
        if not isinstance(event, Key) or event.is_forwarded:
            await super().on_event(event)
        elif self._patience is not None:
            self._waiting.append(event)
        else:
            await self._typed(event)

    async def _typed(self, event: Key) -> None:
        target = (self.focused or self.screen) if self.screen_stack else None
        await super().on_event(event)
        if target is not None and not (isinstance(target, Input) and event.is_printable):
            self._follow(target, again=True)

    def _follow(self, pump: MessagePump, *, again: bool) -> bool:
        """Hold keys back until all that is on its way from `pump` has come up; False: nothing comes from there."""
        if not pump.post_message(Behind(pump, again=again)):
            return False
        self._patience = self._patience or self.set_timer(_LONGEST, self._let_go)
        return True

    @on(Behind)
    async def _arrived(self, event: Behind) -> None:
        if self._patience is not None and not (event.again and self._follow(event.pump, again=False)):
            await self._let_go()

    async def _let_go(self) -> None:
        if self._patience is not None:
            self._patience.stop()
            self._patience = None
        while self._waiting and self._patience is None:
            await self._typed(self._waiting.popleft())

    def on_key(self, event: Key) -> None:
        """A letter that was on its way to the table while a field opened belongs to the field: it must not act.

        A focused field takes every printable key itself, so one that comes up to here was sent to something else.
        """
        field = self.focused
        if isinstance(field, Input) and event.is_printable:
            event.prevent_default().stop()
            field.post_message(Key(event.key, event.character))
