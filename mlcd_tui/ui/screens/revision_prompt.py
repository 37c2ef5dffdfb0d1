"""Asks for the revision to go back to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from mlcd_tui.domain.errors import Problem
from mlcd_tui.domain.ports import Session
from mlcd_tui.domain.rollout import Revision, Rollout, RolloutDetail
from mlcd_tui.ui.screens.base import Host
from mlcd_tui.ui.viewmodels.history import compared, cropped, diff_of, revision_row
from mlcd_tui.ui.viewmodels.spans import Line
from mlcd_tui.ui.widgets.line_view import LinesView, RowList


class RevisionPrompt(ModalScreen[int | None]):
    """The revisions that can be gone back to, and what each would change against the newest."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "dismiss(None)", "Cancel")]
    DEFAULT_CSS = """
    RevisionPrompt { align: center middle; }
    RevisionPrompt #dialog { width: 90%; max-width: 120; height: auto; max-height: 90%; }
    RevisionPrompt RowList { height: auto; margin: 1 0; }
    RevisionPrompt #change { height: auto; max-height: 14; }
    RevisionPrompt.-short #dialog { padding: 0 1; width: 100%; max-height: 100%; }
    RevisionPrompt.-short RowList { margin: 0; }
    RevisionPrompt.-short #change { display: none; }
    """

    VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-tall")]  # noqa: RUF012 - Textual's own form

    def __init__(self, session: Session, rollout: Rollout) -> None:
        super().__init__(classes="dialog")
        self._session = session
        self._rollout = rollout
        self._revisions: tuple[Revision, ...] = ()
        self._newest: Revision | None = None

    def compose(self) -> ComposeResult:
        """A question, the list, the difference."""
        with Vertical(id="dialog") as dialog:
            dialog.border_title = Content("Roll back")
            yield Static(Content("Reading the revisions…"), id="question")
            yield RowList(id="choices")
            yield LinesView(id="change")

    def on_mount(self) -> None:
        """Read the revisions."""
        self.query_one("#change", LinesView).can_focus = False
        self.query_one("#choices", RowList).focus()
        self.app.run_worker(self._load(), group="prompt", exit_on_error=False)

    async def _load(self) -> None:
        try:
            detail = await self._session.detail(self._rollout.ref)
        except Problem as problem:
            if self.is_attached:
                self.query_one("#question", Static).update(Content(str(problem)))
            return
        if self.is_attached:
            self._show(detail)

    def _show(self, detail: RolloutDetail) -> None:
        self._newest = detail.revisions[0] if detail.revisions else None
        self._revisions = detail.revisions[1:]
        question = f"Roll {self._rollout.ref} back to which revision? Enter plans it."
        if not self._revisions:
            question = f"The cluster keeps no older revision of {self._rollout.ref}."
        self.query_one("#question", Static).update(Content(question))
        rows, now = self.query_one("#choices", RowList), cast(Host, self.app).now()
        rows.show_rows(
            [str(revision.number) for revision in self._revisions],
            lambda room: [revision_row(revision, now, room) for revision in self._revisions],
        )
        rows.styles.height = min(max(len(self._revisions), 1), 8)
        # Of an update on its way the version that serves is the one to go back to.
        serving = next((r for r in self._revisions if r.roles), None)
        if serving is not None:
            rows.move_to_key(str(serving.number))
        self._show_change()

    def _show_change(self) -> None:
        view = self.query_one("#change", LinesView)
        view.show(self._change)
        view.styles.height = min(len(view.lines) or 1, 14)

    def _change(self, room: int) -> Sequence[Line]:
        key = self.query_one("#choices", RowList).key
        if not key or self._newest is None:
            return ()
        chosen, _ = compared((*self._revisions, self._newest), int(key), with_newest=True)
        return cropped(diff_of(self._newest, chosen), room)

    @on(RowList.Moved)
    def _moved(self) -> None:
        self._show_change()

    @on(RowList.Chosen)
    def _chosen(self, event: RowList.Chosen) -> None:
        self.dismiss(int(event.key))
