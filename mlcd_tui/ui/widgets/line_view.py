"""Painted lines that scroll: the base of every text of the rollout screen, of logs and of lists with a cursor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from mlcd_tui.ui.actions import Where, bindings
from mlcd_tui.ui.viewmodels.glyphs import ASCII, UNICODE
from mlcd_tui.ui.viewmodels.spans import Line, Span, plain, to_ascii, told, width
from mlcd_tui.ui.widgets.paint import rich_style

Build: TypeAlias = Callable[[int], Sequence[Line]]
"""Makes the lines for a width in columns."""


def _nothing(_: int) -> Sequence[Line]:
    return ()


class LinesView(ScrollView, can_focus=True):
    """Lines of spans. A new picture repaints only the lines that differ from the one before."""

    DEFAULT_CSS = """
    LinesView {
        height: 1fr;
        scrollbar-size-vertical: 1;
        scrollbar-size-horizontal: 1;
        scrollbar-gutter: stable;
        background: transparent;
        scrollbar-color: $tone-faint;
        scrollbar-color-hover: $tone-dim;
        scrollbar-color-active: $tone-dim;
        scrollbar-background: $background;
        scrollbar-background-hover: $background;
        scrollbar-background-active: $background;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(Where.LIST),
        Binding("left", "scroll_left", "Left", show=False),
        Binding("right", "scroll_right", "Right", show=False),
    ]

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self.lines: Sequence[Line] = ()
        self._build: Build = _nothing
        self._extent = Size(0, 0)
        self._needle = ""

    def show(self, build: Build) -> None:
        """Show what `build` makes, now and whenever the width changes."""
        self._build = build
        self.rebuild()

    def rebuild(self) -> None:
        """Make the lines again; times in them may have moved on."""
        room = self.scrollable_content_region.width
        if room > 0:
            lines = self._build(room)
            self._take(tuple(map(to_ascii, lines)) if self._plain else tuple(lines))

    @property
    def _plain(self) -> bool:
        """Whether the terminal wants plain ASCII."""
        return getattr(self.app, "glyphs", UNICODE) is ASCII

    def _take(self, lines: Sequence[Line]) -> None:
        before, self.lines = self.lines, lines
        extent = Size(max(map(width, lines), default=0), len(lines))  # of thousands of lines: measured only once
        if extent != self._extent:
            self.virtual_size = self._extent = extent
            self.refresh()
            return
        top = self.scroll_offset.y
        for y in range(top, min(top + self.size.height, len(lines))):
            if before[y] != lines[y]:
                self.refresh_lines(y, 1)

    def on_resize(self, _: events.Resize) -> None:
        """Lay out for the new width."""
        self.rebuild()

    def notify_style_update(self) -> None:
        """Paint anew under another theme."""
        super().notify_style_update()
        self.refresh()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """What the line under the pointer says in short is told in full beside it."""
        index = event.y + self.scroll_offset.y
        text = told(self.lines[index]) if 0 <= index < len(self.lines) else ""
        self.tooltip = Content(text) if text else None

    def on_leave(self) -> None:
        """Nothing is told about what the pointer has left."""
        self.tooltip = None

    def render_line(self, y: int) -> Strip:
        """One visible line."""
        scroll_x, scroll_y = self.scroll_offset
        index, room = scroll_y + y, self.size.width
        if index >= len(self.lines):
            return Strip.blank(room, self.rich_style)
        strip = self._selected(Strip(self._segments(index)), index)
        strip = strip.crop_extend(scroll_x, scroll_x + room, None)
        return strip.apply_style(self.rich_style).apply_offsets(scroll_x, index)

    def _segments(self, index: int) -> list[Segment]:
        line = self.lines[index]
        if not self._needle:
            return [Segment(span.text, rich_style(self.app, span.tone)) for span in line]
        return [
            Segment(part.text, rich_style(self.app, part.tone, "tone-flash" if hit else ""))
            for part, hit in marked(line, self._needle)
        ]

    def _selected(self, strip: Strip, index: int) -> Strip:
        selection = self.text_selection
        span = selection.get_span(index) if selection is not None else None
        if span is None:
            return strip
        start, end = span
        end = strip.cell_length if end == -1 else end
        style = self.screen.get_component_rich_style("screen--selection")
        parts = [strip.crop(0, start), strip.crop(start, end).apply_style(style), strip.crop(end)]
        return Strip.join(parts)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The text under the mouse's selection."""
        return selection.extract("\n".join(map(plain, self.lines))), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Show the selection."""
        del selection
        self.refresh()

    def text(self) -> str:
        """All lines as plain text."""
        return "\n".join(plain(line).rstrip() for line in self.lines)

    def mark(self, needle: str) -> int:
        """Mark what is searched for (empty: nothing), go to its next place, and say how many lines have it."""
        self._needle = needle.casefold()
        self.refresh()
        places = self._places()
        if places:
            below = [y for y in places if y >= self.scroll_offset.y]
            self.scroll_to(y=max((below or places)[0] - 2, 0), animate=False)
        return len(places)

    def go(self, direction: int) -> None:
        """To the next (1) or previous (-1) marked line."""
        here = self.scroll_offset.y + 2
        places = self._places()
        ahead = [y for y in places if (y - here) * direction > 0]
        target = (ahead[0] if direction > 0 else ahead[-1]) if ahead else None
        if target is not None:
            self.scroll_to(y=max(target - 2, 0), animate=False)

    def _places(self) -> list[int]:
        if not self._needle:
            return []
        return [y for y, line in enumerate(self.lines) if self._needle in plain(line).casefold()]

    def action_cursor_down(self) -> None:
        """A line down."""
        self.scroll_relative(y=1, animate=False)

    def action_cursor_up(self) -> None:
        """A line up."""
        self.scroll_relative(y=-1, animate=False)

    def action_cursor_top(self) -> None:
        """To the first line."""
        self.scroll_home(animate=False)

    def action_cursor_bottom(self) -> None:
        """To the last line."""
        self.scroll_end(animate=False)

    def action_page_down(self) -> None:
        """A page down."""
        self.scroll_page_down(animate=False)

    def action_page_up(self) -> None:
        """A page up."""
        self.scroll_page_up(animate=False)


def marked(line: Line, needle: str) -> list[tuple[Span, bool]]:
    """The spans of a line, split where the needle (in lower case) stands; True marks the needle."""
    parts: list[tuple[Span, bool]] = []
    for span in line:
        text, low, start = span.text, span.text.casefold(), 0
        if len(low) != len(text):  # folding changed the length, so places would be wrong
            parts.append((span, needle in low))
            continue
        while (found := low.find(needle, start)) >= 0:
            parts.append((Span(text[start:found], span.tone), False))
            parts.append((Span(text[found : found + len(needle)], span.tone), True))
            start = found + len(needle)
        parts.append((Span(text[start:], span.tone), False))
    return [(span, hit) for span, hit in parts if span.text]


class RowList(LinesView):
    """Lines with a cursor; keeps the row under the cursor by its key when rows come and go."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "choose", "Open", show=False)]

    @dataclass
    class Moved(Message):
        """The cursor stands on another row."""

        rows: RowList
        key: str

        @property
        def control(self) -> RowList:
            """The list."""
            return self.rows

    @dataclass
    class Chosen(Message):
        """A row was chosen by enter or by the mouse."""

        rows: RowList
        key: str

        @property
        def control(self) -> RowList:
            """The list."""
            return self.rows

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self.keys: tuple[str, ...] = ()
        self.cursor = 0

    @property
    def key(self) -> str:
        """Key of the row under the cursor; empty where there is none."""
        return self.keys[self.cursor] if self.cursor < len(self.keys) else ""

    def show_rows(self, keys: Sequence[str], build: Build) -> None:
        """Show rows; `build` makes one line for each key. The cursor stays on its key, and in view where it was."""
        before, top = self.key, self.scroll_offset.y
        in_view = top <= self.cursor < top + max(self.size.height, 1)
        self.keys = tuple(keys)
        if before in self.keys:
            self.cursor = self.keys.index(before)
        else:
            self.cursor = max(min(self.cursor, len(self.keys) - 1), 0)
        self.show(lambda room: build(room - 1))
        if in_view and not self.scroll_offset.y <= self.cursor < self.scroll_offset.y + max(self.size.height, 1):
            self.call_after_refresh(self._reveal)
        if self.key != before:
            self.refresh()
            self.post_message(self.Moved(self, self.key))

    def _segments(self, index: int) -> list[Segment]:
        here = index == self.cursor and bool(self.keys)
        background = "tone-cursor" if here and self.has_focus else ""
        lead = Segment((">" if self._plain else "▌") if here else " ", rich_style(self.app, "new", background))
        room = self.size.width - 1
        segments = [Segment(span.text, rich_style(self.app, span.tone, background)) for span in self.lines[index]]
        rest = room - width(self.lines[index])
        if rest > 0:
            segments.append(Segment(" " * rest, rich_style(self.app, "text", background)))
        return [lead, *segments]

    def move_to(self, index: int) -> None:
        """Put the cursor on a row."""
        index = max(min(index, len(self.keys) - 1), 0)
        if index == self.cursor or not self.keys:
            return
        before, self.cursor = self.cursor, index
        self.refresh_lines(before, 1)
        self.refresh_lines(index, 1)
        self._reveal()
        self.post_message(self.Moved(self, self.key))

    def move_to_key(self, key: str) -> None:
        """Put the cursor on the row of a key, if there is one."""
        if key in self.keys:
            self.move_to(self.keys.index(key))

    def _reveal(self) -> None:
        top, high = self.scroll_offset.y, max(self.size.height, 1)
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False)
        elif self.cursor >= top + high:
            self.scroll_to(y=self.cursor - high + 1, animate=False)

    def on_focus(self) -> None:
        """The cursor's row is bright while keys go to it."""
        self.refresh_lines(self.cursor, 1)

    def on_blur(self) -> None:
        """The cursor's row is calm while keys go elsewhere."""
        self.refresh_lines(self.cursor, 1)

    def on_click(self, event: events.Click) -> None:
        """The mouse puts the cursor; a click on the cursor's row chooses it."""
        index = event.y + self.scroll_offset.y
        if index >= len(self.keys):
            return
        if index == self.cursor:
            self.action_choose()
        self.move_to(index)

    def action_choose(self) -> None:
        """Choose the row under the cursor."""
        if self.key:
            self.post_message(self.Chosen(self, self.key))

    def action_cursor_down(self) -> None:
        """To the next row."""
        self.move_to(self.cursor + 1)

    def action_cursor_up(self) -> None:
        """To the row before."""
        self.move_to(self.cursor - 1)

    def action_cursor_top(self) -> None:
        """To the first row."""
        self.move_to(0)

    def action_cursor_bottom(self) -> None:
        """To the last row."""
        self.move_to(len(self.keys) - 1)

    def action_page_down(self) -> None:
        """A page of rows down."""
        self.move_to(self.cursor + max(self.size.height - 1, 1))

    def action_page_up(self) -> None:
        """A page of rows up."""
        self.move_to(self.cursor - max(self.size.height - 1, 1))
