"""The line of keys below every screen: in the order of use, dimmed where something is not possible now."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from mlcd_tui.ui.viewmodels.spans import Line, Span, width
from mlcd_tui.ui.viewmodels.tones import Tone, bold
from mlcd_tui.ui.widgets.paint import segments

_GAP = 3
_EDGE = 2


@dataclass(frozen=True, slots=True)
class KeyItem:
    """One key and what it would do."""

    key: str
    label: str
    action: str
    enabled: bool = True
    brief: str = ""
    """Of an act: the same in a word or two, for where not all that are possible fit."""


class KeyBar(Widget):
    """Shows as many keys as fit, those first that do something now; the last one (help) always."""

    DEFAULT_CSS = """
    KeyBar { height: 1; dock: bottom; background: $tone-bar; }
    """

    @dataclass
    class Pressed(Message):
        """A key was clicked."""

        action: str

    def __init__(self) -> None:
        super().__init__()
        self.items: tuple[KeyItem, ...] = ()
        self._spots: list[tuple[int, int, KeyItem]] = []

    def show(self, items: tuple[KeyItem, ...]) -> None:
        """Draw these keys, if they differ from what stands there."""
        if items != self.items:
            self.items = items
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """The one row."""
        del y
        room = self.size.width
        gap = _GAP if room >= 100 else 2
        self._spots = []
        strip = [Segment(" " * _EDGE)]
        x = _EDGE
        for item in self._fitting(room, gap):
            line = _line(item)
            self._spots.append((x, x + width(line), item))
            strip += [*segments(self.app, line), Segment(" " * gap)]
            x += width(line) + gap
        return Strip(strip).adjust_cell_length(room).apply_style(self.rich_style)

    def _fitting(self, room: int, gap: int) -> list[KeyItem]:
        """In their order; what is possible now has the room first, and acts are told in few words where not all fit."""
        if not self.items:
            return []
        *items, last = self.items
        room -= width(_line(last)) + _EDGE
        if sum(width(_line(item)) + gap for item in items if item.enabled and item.brief) > room:
            items = [replace(item, label=item.brief or item.label) for item in items]
        chosen: set[int] = set()
        for enabled in (True, False):
            for place, item in enumerate(items):
                if item.enabled is not enabled:
                    continue
                room -= width(_line(item)) + gap
                if room < 0:
                    return [*(items[at] for at in sorted(chosen)), last]
                chosen.add(place)
        return [*items, last]

    def on_click(self, event: events.Click) -> None:
        """Do what the clicked key does."""
        for start, end, item in self._spots:
            if start <= event.x < end:
                self.post_message(self.Pressed(item.action))


def _line(item: KeyItem) -> Line:
    key = bold(Tone.WAITS) if item.enabled else Tone.FAINT
    return Span(item.key, key), Span(f" {item.label}", Tone.DIM if item.enabled else Tone.FAINT)
