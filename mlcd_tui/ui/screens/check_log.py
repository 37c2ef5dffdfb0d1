"""The log of one check: while it runs, or as it was kept."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType
from textual.widgets import Static

from mlcd_tui.domain.errors import Problem
from mlcd_tui.domain.text import Clean
from mlcd_tui.ui.actions import Where, bindings
from mlcd_tui.ui.screens.log_search import LogSearchScreen
from mlcd_tui.ui.viewmodels.check_live import LiveCheck
from mlcd_tui.ui.viewmodels.spans import Line, Span, width
from mlcd_tui.ui.viewmodels.tones import Tone, bold
from mlcd_tui.ui.widgets.check_log import CheckLogView
from mlcd_tui.ui.widgets.paint import content

_FRAME = 0.1  # seconds


class CheckLogScreen(LogSearchScreen):
    """Follows a check's log, or shows the kept one; searched as one types."""

    WHERE = Where.CHECK_LOG
    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.CHECK_LOG)
    LINES = CheckLogView

    def __init__(self, image: str, name: str, *, live: LiveCheck | None = None, run: str = "") -> None:
        """Show the log of a check that runs (`live`), or of a kept `run`."""
        super().__init__()
        self._image, self._check = image, name
        self._live, self._run = live, run
        self._state = ""
        self._seen = -1
        self._fits = False

    def on_mount(self) -> None:
        """Begin to read."""
        if self._live is not None:
            self.set_interval(_FRAME, self.host.guarded(self._draw))
            self._draw()
        else:
            self._state = "reading"
            self.view.following = False
            self.run_worker(self._read(), group="logs", exclusive=True, exit_on_error=False)
        self.show_caption()

    @property
    def view(self) -> CheckLogView:
        """The lines."""
        return self.query_one(CheckLogView)

    def _draw(self) -> None:
        live = self._live
        if live is None or not self.is_current:
            return
        if live.count != self._seen:
            self._seen = live.count
            self.view.show_log(live.lines, live.count - len(live.lines))
        self._state = f"{live.state.value}, the log has ended" if live.state.ended else ""
        self.show_caption()

    async def _read(self) -> None:
        lines: tuple[Clean, ...] = ()
        try:
            lines = await self.host.session.checks.log(self._run, self._check)
            self._state = "" if lines else "it wrote nothing"
        except Problem as problem:
            self._state = str(problem)
        self.view.show_log(lines)
        self.show_caption()

    def show_caption(self) -> None:
        """How many lines, what state it is in, whether the end is followed."""
        view = self.view
        kept = len(self._live.lines) if self._live is not None else view.count
        total = self._live.count if self._live is not None else kept
        count = f"{view.count:,} lines" if total <= kept else f"last {kept:,} of {total:,} lines"
        follow = "on" if view.following else "off"
        line = (
            Span(count, Tone.TEXT),
            Span(f"  {self._state}" if self._state else "", Tone.WAITS),
            Span("   "),
            Span(f"{self.key_of('logs.follow')} ", bold(Tone.WAITS)),
            Span(f"follow {follow}", Tone.TEXT if view.following else Tone.DIM),
        )
        caption = self.query_one("#caption", Static)
        fits = width(line) <= caption.size.width
        # Ten times a second under a flood: the whole screen is laid out anew only where it may take another height.
        caption.update(content(line), layout=not (fits and self._fits))
        self._fits = fits

    def crumbs(self) -> Line:
        """Image and check."""
        return Span(f"{self._image} ", Tone.DIM), Span(self._check, Tone.BRIGHT), Span(" log", Tone.DIM)

    def copied_text(self) -> str:
        """Name of the check."""
        return self._check
