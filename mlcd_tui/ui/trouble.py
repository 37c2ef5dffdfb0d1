"""What happens when something goes wrong: one sentence for the operator, the whole story in a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec

from rich.text import Text
from textual.worker import Worker, WorkerFailed, WorkerState

from mlcd_tui.domain.errors import Problem
from mlcd_tui.domain.ports import Clock
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.ui.memory import Memory
from mlcd_tui.ui.typed_ahead import TypedAheadApp

P = ParamSpec("P")


class TellingApp(TypedAheadApp):
    """An app that never shows a traceback."""

    memory: Memory
    clock: Clock
    last_words = Clean("")
    """The sentence that a broken screen leaves in the terminal."""

    def start_work(self, coroutine: Any, group: str) -> None:
        """Run a coroutine beside the screens; a newer one of its group replaces it."""
        self.run_worker(coroutine, group=group, exclusive=True, exit_on_error=False)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A worker that failed becomes one sentence; the rest goes on."""
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            self.tell(event.worker.error)

    def guarded(self, listener: Callable[P, None]) -> Callable[P, None]:
        """A listener whose failure is told instead of reaching whoever calls it, who could only stop telling us.

        The same failure is told once: a fleet comes many times a second.
        """
        told: set[str] = set()

        def guard(*args: P.args, **named: P.kwargs) -> None:
            try:
                listener(*args, **named)
            except Exception as error:  # noqa: BLE001 - the boundary: everything is told and recorded
                failure = repr(error)
                if failure not in told:
                    told.add(failure)
                    self.tell(error)

        return guard

    def tell(self, trouble: BaseException | str) -> None:
        """One sentence for a problem of the operator's; anything else is ours: recorded, and said so."""
        if isinstance(trouble, str | Problem):
            self.notify(clean(trouble, limit=600), severity="warning", timeout=10, markup=False)
            return
        from mlcd_tui.ui.screens.problems import ProblemScreen  # late: hopefully never needed

        story = self._record(trouble)
        if self.is_running and not isinstance(self.screen, ProblemScreen):
            self.push_screen(ProblemScreen(story))

    def _record(self, error: BaseException) -> Clean:
        path = self.memory.record_failure(error, self.clock())
        return clean(f"A part of mlcd-tui failed ({type(error).__name__}: {error}). The whole story: {path}", limit=600)

    def _handle_exception(self, error: Exception) -> None:
        if isinstance(error, WorkerFailed):
            self.tell(error.error)
        else:
            self.last_words = self._record(error)
            super()._handle_exception(error)

    def _fatal_error(self) -> None:
        # Textual would print pages of code; a broken message loop cannot go on, but it can leave one sentence.
        self._exit_renderables.append(Text(self.last_words))
        self._close_messages_no_wait()
