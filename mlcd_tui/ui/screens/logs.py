"""The log of one container, live."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.timer import Timer
from textual.widgets import Static

from mlcd_tui.domain.errors import Problem
from mlcd_tui.domain.ports import LogLine
from mlcd_tui.ui.actions import Where, bindings
from mlcd_tui.ui.screens.base import BaseScreen
from mlcd_tui.ui.screens.log_search import LogSearchScreen
from mlcd_tui.ui.screens.picker import Choice, PickerScreen
from mlcd_tui.ui.viewmodels.logs import SWITCHES, caption
from mlcd_tui.ui.viewmodels.spans import Line, Span, fit_tail
from mlcd_tui.ui.viewmodels.targets import LogTarget
from mlcd_tui.ui.viewmodels.tones import Tone
from mlcd_tui.ui.widgets.log_view import LogView
from mlcd_tui.ui.widgets.paint import content

_BATCH_SECONDS = 0.1
_BATCH_LINES = 2_000
_NARROW = 60  # columns


def _choices(targets: Sequence[LogTarget]) -> list[Choice]:
    return [Choice(target.key, target.key, target.hint) for target in targets]


def follow_logs(screen: BaseScreen, namespace: str, targets: Sequence[LogTarget]) -> None:
    """Open the log of the only container there is, or ask which."""
    by_key = {target.key: target for target in targets}

    def open_it(key: str | None) -> None:
        if key is not None and key in by_key:
            screen.app.push_screen(LogsScreen(namespace, by_key[key], targets))

    if len(targets) == 1:
        open_it(targets[0].key)
    else:
        screen.app.push_screen(PickerScreen("Log of", _choices(targets)), open_it)


class LogsScreen(LogSearchScreen):
    """Follows a container's log; keeps the last lines."""

    WHERE = Where.LOGS
    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.LOGS)
    LINES = LogView

    def __init__(self, namespace: str, target: LogTarget, targets: Sequence[LogTarget] = ()) -> None:
        super().__init__()
        self._namespace = namespace
        self._target = target
        self._targets = tuple(targets) or (target,)
        self._previous = False
        self._state = ""
        self._pending: list[LogLine] = []
        self._flush_timer: Timer | None = None

    def on_mount(self) -> None:
        """Begin to read."""
        self._read_anew()

    @property
    def log_view(self) -> LogView:
        """The lines."""
        return self.query_one("#log", LogView)

    def crumbs(self) -> Line:
        """Pod and container; where there is little room, the end of the pod's name, which tells it from others."""
        if self.size.width < _NARROW:
            return (Span(fit_tail(self._target.pod, max(self.size.width // 3, 8)), Tone.BRIGHT),)
        return (
            Span(f"{self._namespace}/", Tone.DIM),
            Span(self._target.pod, Tone.BRIGHT),
            Span(f" {self._target.container}", Tone.TEXT),
        )

    # Reading ------------------------------------------------------------------------------------------------------

    def _read_anew(self) -> None:
        self._pending.clear()
        self._state = "waiting for lines"
        self.log_view.clear()
        self.show_caption()
        self.run_worker(self._read(), group="logs", exclusive=True, exit_on_error=False)

    def reconnected(self) -> None:
        """The old connection brings no more lines."""
        self._read_anew()

    async def _read(self) -> None:
        lines = self.host.session.logs(
            self._namespace,
            self._target.pod,
            container=self._target.container,
            follow=not self._previous,
            previous=self._previous,
        )
        try:
            async for line in lines:
                self._take(line)
        except Problem as problem:
            self._state = str(problem)
        else:
            self._state = "the log has ended"
        self._flush()

    def _take(self, line: LogLine) -> None:
        self._pending.append(line)
        self._state = ""
        if len(self._pending) >= _BATCH_LINES:
            self._flush()
        elif self._flush_timer is None:
            self._flush_timer = self.set_timer(_BATCH_SECONDS, self._flush)

    def _flush(self) -> None:
        if self._flush_timer is not None:
            self._flush_timer.stop()
            self._flush_timer = None
        batch, self._pending = self._pending, []
        if self.is_mounted:
            self.log_view.append(batch)
            self.show_caption()

    def show_caption(self) -> None:
        """How many lines, and how they are shown."""
        view = self.log_view
        line = caption(
            following=view.following,
            previous=self._previous,
            stamps=view.stamps,
            wrapped=view.wrapped,
            kept=len(view.kept),
            state=self._state,
            keys=self._switch_keys(),
        )
        self.query_one("#caption", Static).update(content(line))

    def _switch_keys(self) -> dict[str, str]:
        """The first key of each switch, as it is now."""
        return {name: self.key_of(f"logs.{name}") for name in SWITCHES}

    # Keys ---------------------------------------------------------------------------------------------------------

    def action_previous(self) -> None:
        """The log of the container before its last restart, or the present one."""
        self._previous = not self._previous
        self._read_anew()

    def action_stamps(self) -> None:
        """Times in front of lines."""
        self.log_view.stamps = not self.log_view.stamps
        self.log_view.rebuild()
        self.show_caption()

    def action_wrap(self) -> None:
        """Long lines broken, or cut."""
        self.log_view.wrapped = not self.log_view.wrapped
        self.log_view.rebuild()
        self.show_caption()

    def action_other(self) -> None:
        """Another container of what was asked for."""
        by_key = {target.key: target for target in self._targets}

        def go(key: str | None) -> None:
            if key is not None and key in by_key and by_key[key] != self._target:
                self._target = by_key[key]
                self._previous = False
                self.refresh_header()
                self._read_anew()

        self.app.push_screen(PickerScreen("Log of", _choices(self._targets), current=self._target.key), go)

    def copied_text(self) -> str:
        """Name of the pod."""
        return self._target.pod
