"""The line above every screen."""

from __future__ import annotations

from dataclasses import dataclass

from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from mlcd_tui.ui.viewmodels.spans import Line, apart, width
from mlcd_tui.ui.viewmodels.tones import Tone
from mlcd_tui.ui.widgets.paint import segments

_NAME = " mlcd "


class FrameHeader(Widget):
    """Shows the program, a left and a right line on one row; the left one is cut when both do not fit."""

    DEFAULT_CSS = """
    FrameHeader { height: 1; dock: top; background: $tone-bar; }
    FrameHeader > .frame--name { color: $tone-bar; background: $tone-new; text-style: bold; }
    """
    COMPONENT_CLASSES = {"frame--name"}  # noqa: RUF012 - as Textual declares it

    @dataclass
    class Pressed(Message):
        """A part of the place was clicked."""

        part: str
        """`contexts` or `namespaces`: what can be chosen instead."""

    def __init__(self) -> None:
        super().__init__()
        self._sides: tuple[Line, Line] = ((), ())

    def show(self, left: Line, right: Line) -> None:
        """Draw both sides, if they differ from what stands there."""
        if (left, right) != self._sides:
            self._sides = (left, right)
            self.refresh()

    def on_click(self, event: events.Click) -> None:
        """The cluster, or what stands behind it, is to be another one."""
        left, _ = self._sides
        x = event.x - len(_NAME) - 2
        crumb = next((place for place, span in enumerate(left) if span.tone == Tone.FAINT), len(left))
        if 0 <= x < width(left[:crumb]):
            self.post_message(self.Pressed("contexts"))
        elif width(left[: crumb + 1]) <= x < width(left):
            self.post_message(self.Pressed("namespaces"))

    def render_line(self, y: int) -> Strip:
        """The one row."""
        del y
        across = self.size.width
        left, right = self._sides
        room = across - len(_NAME) - 3
        line = apart(left, right, room)
        badge = Segment(_NAME, self.get_component_rich_style("frame--name"))
        strip = Strip([badge, Segment("  "), *segments(self.app, line)])
        return strip.adjust_cell_length(across).apply_style(self.rich_style)
