"""The tree at the left of the rollout screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType

from mlcd_tui.ui.viewmodels.glyphs import UNICODE, Glyphs
from mlcd_tui.ui.viewmodels.spans import Line, Span, wrap
from mlcd_tui.ui.viewmodels.tones import Tone
from mlcd_tui.ui.viewmodels.tree import Node, row, visible
from mlcd_tui.ui.widgets.line_view import RowList


class RolloutTree(RowList):
    """Revisions, ReplicaSets, pods, analyses, experiments. What the operator opened or closed stays so."""

    HELP = (
        "In the tree `enter` opens or closes a branch; on a pod it shows logs, on an analysis its tab. "
        "`left` and `right` close and open."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "close", "Close", show=False),
        Binding("right", "open", "Open", show=False),
    ]

    def __init__(self, *, glyphs: Glyphs = UNICODE, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._glyphs = glyphs
        self._all: tuple[Node, ...] = ()
        self._shown: tuple[Node, ...] = ()
        self._toggled: dict[str, bool] = {}

    @property
    def node(self) -> Node | None:
        """The row under the cursor."""
        return self._shown[self.cursor] if self.cursor < len(self._shown) else None

    def show_nodes(self, nodes: Sequence[Node]) -> None:
        """Show another state of the tree."""
        nodes = tuple(nodes)
        if nodes != self._all or not nodes:
            self._all = nodes
            self._arrange()

    def _arrange(self) -> None:
        self._shown = visible(self._all, self._toggled)
        self.show_rows([node.key for node in self._shown], self._rows)

    def _rows(self, room: int) -> Sequence[Line]:
        if not self._shown:
            return wrap((Span("No revision: nothing of it has ever run.", Tone.DIM),), room)
        return [row(node, room, self._glyphs, opened=self._open(node)) for node in self._shown]

    def _open(self, node: Node) -> bool:
        return self._toggled.get(node.key, node.opened)

    def _set(self, node: Node, *, opened: bool) -> None:
        self._toggled[node.key] = opened
        self._arrange()

    def action_choose(self) -> None:
        """Open or close a branch; anything else is chosen."""
        node = self.node
        if node is None:
            return
        if node.branch:
            self._set(node, opened=not self._open(node))
        else:
            super().action_choose()

    def action_close(self) -> None:
        """Close the branch; on a closed one or a leaf: to its parent."""
        node = self.node
        if node is None:
            return
        if node.branch and self._open(node):
            self._set(node, opened=False)
        elif node.parent:
            self.move_to_key(node.parent)

    def action_open(self) -> None:
        """Open the branch; on an open one: to its first row."""
        node = self.node
        if node is None or not node.branch:
            return
        if self._open(node):
            self.move_to(self.cursor + 1)
        else:
            self._set(node, opened=True)

    def on_click(self, event: events.Click) -> None:
        """The mouse puts the cursor and opens or closes a branch."""
        index = event.y + self.scroll_offset.y
        if index < len(self._shown):
            event.prevent_default()
            self.move_to(index)
            self.action_choose()
