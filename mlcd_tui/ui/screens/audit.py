"""Who did what, when, with what outcome."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widgets import Static

from mlcd_tui.ui.actions import Where, bindings
from mlcd_tui.ui.screens.filtered import FilteredScreen
from mlcd_tui.ui.viewmodels.audit import audit_lines, matching
from mlcd_tui.ui.viewmodels.spans import Line, Span, plain
from mlcd_tui.ui.viewmodels.tones import Tone, bold
from mlcd_tui.ui.widgets.line_view import LinesView
from mlcd_tui.ui.widgets.paint import content

_STYLES = Path(__file__).parents[1] / "styles"
_MOST = 5_000
_YOUNG = 61  # seconds; ages below are told in seconds
_FEW = 300  # more entries are not laid out anew every second


class AuditScreen(FilteredScreen):
    """The audit log, newest first, with a search."""

    WHERE = Where.AUDIT
    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.AUDIT)
    CSS_PATH = [_STYLES / "screens" / "fleet.tcss"]  # noqa: RUF012 - Textual's own form
    AUTO_FOCUS = "LinesView"
    FILTER_HINT = "a name, a verb, a person, failed"

    def compose_body(self) -> ComposeResult:
        """Summary, search, lines."""
        with Horizontal(id="summary"):
            yield Static(id="counts")
        yield from self.compose_filter()
        yield LinesView(id="entries")

    def on_mount(self) -> None:
        """Read the log."""
        self._newest: datetime | None = None
        self._count = self._looks = 0
        self.reload()
        self.set_interval(1.0, self.host.guarded(self._age))

    def _age(self) -> None:
        """Ages move on: by the second only where seconds are told, and not for thousands of entries."""
        self._looks += 1
        if not self.is_current or self._newest is None:
            return
        young = self._count <= _FEW and (self.host.now() - self._newest).total_seconds() < _YOUNG
        if young or self._looks % 30 == 0:
            self.query_one(LinesView).rebuild()

    def on_screen_resume(self) -> None:
        """Read what was added meanwhile."""
        self.reload()

    def refilter(self) -> None:
        """Search."""
        self.reload()

    def reload(self) -> None:
        """Show the log as it is now."""
        session = self.host.session
        every = session.audit(limit=_MOST)
        text = self.filter_text
        entries = matching(every, text)
        self._newest, self._count = entries[0].at if entries else None, len(entries)
        self.query_one(LinesView).show(
            lambda room: audit_lines(entries, self.host.now(), room) if entries else _nothing(text, session.audit_path)
        )
        found = f" of {len(every)}" if text.strip() else ""
        counts: Line = (
            Span(f"{len(entries)}{found}", bold(Tone.BRIGHT)),
            Span(" entries   ", Tone.DIM),
            Span(session.audit_path, Tone.DIM),
        )
        self.query_one("#counts", Static).update(content(counts))

    def crumbs(self) -> Line:
        """The place."""
        return (Span("audit log", Tone.TEXT),)

    def shown_text(self) -> str:
        """The lines that are shown."""
        return "".join(f"{plain(line)}\n" for line in self.query_one(LinesView).lines)


def _nothing(text: str, path: str) -> tuple[Line, ...]:
    if text.strip():
        return ((Span(f"No entry matches “{text.strip()}”.", Tone.TEXT),), (Span("esc clears the search.", Tone.DIM),))
    return (
        (Span("Nothing was done yet.", Tone.TEXT),),
        (Span(f"Every act, refused ones too, is written to {path}.", Tone.DIM),),
    )
