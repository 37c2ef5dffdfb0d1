"""The tabs of a rollout that are about its images: packages and checks. Looked for when somebody looks."""

from __future__ import annotations

from collections.abc import Callable

from textual import on

from mlcd_tui.domain.errors import Problem
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.domain.rollout import RolloutDetail
from mlcd_tui.domain.text import clean
from mlcd_tui.ui.screens.base import BaseScreen
from mlcd_tui.ui.screens.check import CheckScreen
from mlcd_tui.ui.screens.package import PackageDiffScreen, PackageScreen
from mlcd_tui.ui.widgets.check_pane import CheckPane
from mlcd_tui.ui.widgets.package_pane import PackagePane


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

    # Packages -----------------------------------------------------------------------------------------------------

    @on(PackagePane.Wanted)
    def _packages_wanted(self, event: PackagePane.Wanted) -> None:
        """The images changed, or the tab was opened: look for their packages; nothing waits for it."""
        self.run_worker(self._find_packages(event.detail), group="packages", exclusive=True, exit_on_error=False)

    async def _find_packages(self, detail: RolloutDetail) -> None:
        pane = self.query_one(PackagePane)
        try:
            pane.take(await self.host.session.packages.around(detail))
        except Problem as problem:
            pane.fail(clean(str(problem)))
        except Exception:
            pane.fail(clean("The packages could not be looked for."))
            raise  # the app tells why and writes it down

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
        self.run_worker(self._find_checks(event.detail), group="checks", exclusive=True, exit_on_error=False)

    async def _find_checks(self, detail: RolloutDetail) -> None:
        pane = self.query_one(CheckPane)
        try:
            pane.take(await self.host.session.checks.around(detail))
        except Problem as problem:
            pane.fail(clean(str(problem)))
        except Exception:
            pane.fail(clean("The checks could not be looked for."))
            raise  # the app tells why and writes it down

    @on(CheckPane.Opened)
    def _check_opened(self, event: CheckPane.Opened) -> None:
        self.app.push_screen(CheckScreen(event.result, event.run, event.before))
