"""The shape of a result in full: what it came to above, what was found in a list, the one under the cursor below."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Generic, TypeVar

from textual import on
from textual.app import ComposeResult

from mlcd_tui.ui.screens.base import BaseScreen
from mlcd_tui.ui.viewmodels.spans import Line, plain
from mlcd_tui.ui.widgets.line_view import LinesView, RowList

T = TypeVar("T")
_WIDE = 110
"""Columns of what is saved or copied as a whole."""


class ListedScreen(BaseScreen, Generic[T]):
    """A head, a list of items, and one item in full; the head is as high as it needs, up to its part of the screen."""

    AUTO_FOCUS = "#items"
    DEFAULT_CSS = """
    ListedScreen #head { height: auto; max-height: 50%; margin: 1 1 1 2; }
    ListedScreen #items { height: auto; max-height: 20%; margin: 0 1 1 1; }
    ListedScreen #item { margin: 0 1 0 2; }
    ListedScreen.-short #head { margin: 0 1 0 2; }
    ListedScreen.-short #items { margin: 0 1; }
    """

    def __init__(self, items: Sequence[T], *, where_empty: str) -> None:
        """Show items; `where_empty` is the part that has the keys where there are none."""
        super().__init__()
        self.items = tuple(items)
        self._where_empty = where_empty

    @abstractmethod
    def head_lines(self, room: int) -> Sequence[Line]:
        """What it came to."""

    @abstractmethod
    def row_lines(self, room: int) -> list[Line]:
        """A line for each item."""

    @abstractmethod
    def item_lines(self, item: T | None, room: int) -> Sequence[Line]:
        """One item in full; None: there is none."""

    def compose_body(self) -> ComposeResult:
        """Head, list, one item."""
        yield LinesView(id="head")
        yield RowList(id="items")
        yield LinesView(id="item")

    def on_mount(self) -> None:
        """Show all."""
        rows = self.query_one("#items", RowList)
        rows.display = bool(self.items)
        rows.styles.height = max(len(self.items), 1)
        rows.show_rows([str(place) for place in range(len(self.items))], self.row_lines)
        self.query_one("#head", LinesView).show(self._head)
        self.query_one("#item", LinesView).show(lambda room: self.item_lines(self.chosen, room))
        if not self.items:
            self.query_one(self._where_empty).focus()

    def _head(self, room: int) -> Sequence[Line]:
        lines = self.head_lines(room)
        self.query_one("#head").styles.height = len(lines)
        return lines

    @property
    def chosen(self) -> T | None:
        """The item under the cursor."""
        key = self.query_one("#items", RowList).key
        return self.items[int(key)] if key else None

    @on(RowList.Moved, "#items")
    def _moved(self) -> None:
        view = self.query_one("#item", LinesView)
        view.rebuild()
        view.scroll_home(animate=False)

    @on(RowList.Chosen, "#items")
    def _chosen(self) -> None:
        self.query_one("#item").focus()

    def shown_text(self) -> str:
        """The head, and all items in full."""
        parts = [self.head_lines(_WIDE), *(self.item_lines(one, _WIDE) for one in self.items)]
        return "\n\n".join("\n".join(plain(line).rstrip() for line in part) for part in parts) + "\n"
