"""The names of the tabs with the keys that show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.segment import Segment
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from mlcd_tui.ui.widgets.paint import rich_style


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab."""

    name: str
    key: str
    title: str
    short: str = ""
    """The title where there is little room; empty: the title."""


class TabBar(Widget):
    """One row of tabs; the present one is reversed, so it is seen without colours too."""

    DEFAULT_CSS = """
    TabBar { height: 1; }
    """
    present: reactive[str] = reactive("")

    @dataclass
    class Picked(Message):
        """A tab was clicked."""

        name: str

    def __init__(self, tabs: Sequence[Tab], *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._tabs = tuple(tabs)

    def show(self, tabs: Sequence[Tab]) -> None:
        """Other tabs."""
        self._tabs = tuple(tabs)
        self.refresh()

    def _texts(self) -> list[str]:
        """The longest form that fits; at last only the present tab has a name."""
        full = [f" {tab.key} {tab.title} " for tab in self._tabs]
        short = [text if here else f" {tab.key} {tab.short or tab.title}" for tab, text, here in self._each(full)]
        digits = [text if here else f" {tab.key} " for tab, text, here in self._each(full)]
        return next((form for form in (full, short) if sum(map(len, form)) <= self.size.width), digits)

    def _each(self, texts: Sequence[str]) -> list[tuple[Tab, str, bool]]:
        """Each tab with a text, and whether it is the present one."""
        return [(tab, text, tab.name == self.present) for tab, text in zip(self._tabs, texts, strict=True)]

    def render_line(self, y: int) -> Strip:
        """The row."""
        del y
        segments: list[Segment] = []
        for tab, text in zip(self._tabs, self._texts(), strict=True):
            here = tab.name == self.present
            style = rich_style(self.app, "new bold" if here else "dim")
            if here:
                style = style + style.from_color(style.color, None) + style.parse("reverse")
            segments.append(Segment(text, style))
        strip = Strip(segments).crop_extend(0, self.size.width, None)
        return strip.apply_style(self.rich_style)

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """As wide as there is room."""
        del viewport
        return container.width

    def on_click(self, event: events.Click) -> None:
        """Tell which tab was clicked."""
        x = event.x
        for tab, text in zip(self._tabs, self._texts(), strict=True):
            if x < len(text):
                self.post_message(self.Picked(tab.name))
                return
            x -= len(text)
