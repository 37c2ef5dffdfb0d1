"""The tabs of a rollout that are about its images: packages and checks. Looked for when somebody looks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from textual import on

from mlcd_tui.domain.errors import Problem
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.domain.text import clean
from mlcd_tui.ui.screens.base import BaseScreen
from mlcd_tui.ui.screens.check import CheckScreen
from mlcd_tui.ui.screens.package import PackageDiffScreen, PackageScreen
from mlcd_tui.ui.widgets.check_pane import CheckPane
from mlcd_tui.ui.widgets.package_pane import PackagePane

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)


class _Pane(Protocol[T_contra]):
    """A tab that is filled once what it shows is found."""

    def take(self, found: T_contra, /) -> None: ...
    def fail(self, sentence: str, /) -> None: ...


class EvidenceTabs(BaseScreen):
    """What the Package and the Checks tab ask for, and what they lead to."""

    def __init__(self, ref: RolloutRef) -> None:
        super().__init__()
        self.ref = ref
        self._end_listening: Callable[[], None] | None = None

    def on_unmount(self) -> None:
        """Nobody looks any more."""
        if self._end_listening is not None:
            self._end_listening()
            self._end_listening = None

    def name_keys(self) -> None:
        """Tell the tabs the keys as they are now."""
        opened, copied = self.host.glyphs.enter, self.key_of("app.copy")
        self.query_one(PackagePane).keys = (self.key_of("rollout.compare"), opened, copied)
        self.query_one(CheckPane).run_key = self.key_of("rollout.checks")

    def say(self, sentence: str) -> None:
        """Why a key does nothing now."""
        self.notify(sentence, title="Not possible now", severity="warning", markup=False)

    def _fill(self, pane: _Pane[T], ask: Callable[[], Awaitable[T]], what: str) -> None:
        """Give a tab what is found, or why it is not, once it is; a later look replaces one that is under way."""

        async def look() -> None:
            try:
                pane.take(await ask())
            except Problem as problem:
                pane.fail(clean(str(problem)))
            except Exception:
                pane.fail(clean(f"The {what} could not be looked for."))
                raise  # the app tells why and writes it down

        self.run_worker(look(), group=what, exclusive=True, exit_on_error=False)

    # Packages -----------------------------------------------------------------------------------------------------

    @on(PackagePane.Wanted)
    def _packages_wanted(self, event: PackagePane.Wanted) -> None:
        """The images changed, or the tab was opened: look for their packages; nothing waits for it."""
        desk = self.host.session.packages
        self._fill(self.query_one(PackagePane), lambda: desk.around(event.detail), "packages")

    @on(PackagePane.Opened)
    def _package_opened(self, event: PackagePane.Opened) -> None:
        runs = f"{self.ref} as {event.side}"
        self.app.push_screen(PackageScreen(event.package.label, event.package, runs=runs))

    def compare_packages(self) -> None:
        """The whole comparison of candidate and serving."""
        diff = self.query_one(PackagePane).diff
        if diff is None:
            self.say("There are not two packages to compare; the tab says what is missing.")
        else:
            self.app.push_screen(PackageDiffScreen(str(self.ref), diff=diff))

    # Checks -------------------------------------------------------------------------------------------------------

    @on(CheckPane.Wanted)
    def _checks_wanted(self, event: CheckPane.Wanted) -> None:
        """The images changed, or the tab was opened: look for what speaks of them; nothing waits for it.

        From then on what others publish shows by itself, with the next picture.
        """
        if self._end_listening is None:
            again = self.query_one(CheckPane).ask_again
            self._end_listening = self.host.session.checks.listen(self.host.guarded(again))
        desk = self.host.session.checks
        self._fill(self.query_one(CheckPane), lambda: desk.around(event.detail), "checks")

    @on(CheckPane.Opened)
    def _check_opened(self, event: CheckPane.Opened) -> None:
        self.app.push_screen(CheckScreen(event.result, event.run, event.before))
