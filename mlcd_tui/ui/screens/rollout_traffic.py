"""The Traffic tab of a rollout: looked at only while it is shown, comparisons begun and stopped from it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from textual import on
from textual.timer import Timer

from mlcd_tui.domain.comparison.report import ComparisonReport
from mlcd_tui.domain.errors import Problem
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.domain.rollout import RolloutDetail
from mlcd_tui.domain.text import clean
from mlcd_tui.domain.traffic_ports import ComparisonProgress, ComparisonRun, ComparisonWish
from mlcd_tui.ui.screens.comparison import ComparisonScreen
from mlcd_tui.ui.screens.form import Asked, FormScreen
from mlcd_tui.ui.screens.rollout_evidence import EvidenceTabs
from mlcd_tui.ui.widgets.traffic_pane import TrafficPane

_AGAIN = 5.0
"""Seconds between two looks for comparisons that were made elsewhere."""


class TrafficTab(EvidenceTabs):
    """What the Traffic tab asks for, and what it leads to."""

    def __init__(self, ref: RolloutRef) -> None:
        super().__init__(ref)
        self._end_looking: Callable[[], Awaitable[None]] | None = None
        self._comparing: ComparisonRun | None = None
        self._reports: tuple[ComparisonReport, ...] = ()
        self._reports_for: object = None
        self._again: Timer | None = None
        self._shown: RolloutDetail | None = None

    def on_unmount(self) -> None:
        """Nobody looks any more, and what is being compared is stopped; what was found is kept."""
        self.look_at_traffic(wanted=False)
        if self._comparing is not None:
            self._comparing.cancel()

    def name_keys(self) -> None:
        """Tell the tabs the keys as they are now."""
        super().name_keys()
        pane = self.query_one(TrafficPane)
        pane.mirror_key, pane.compare_key = self.key_of("rollout.mirror"), self.key_of("rollout.compare")
        pane.back_key = self.key_of("app.way-back")

    def look_at_traffic(self, *, wanted: bool) -> None:
        """Look again and again while the tab is shown, and not otherwise."""
        if wanted and self._end_looking is None:
            take = self.query_one(TrafficPane).take
            self._end_looking = self.host.session.traffic.watch(self.ref, self.host.guarded(take))
            self._again = self.set_interval(_AGAIN, self._look_for_comparisons)
        elif not wanted and self._end_looking is not None:
            closer, self._end_looking = self._end_looking, None
            if self._again is not None:
                self._again.stop()
            self.app.run_worker(_close(closer), group="acts", exit_on_error=False)

    def show_traffic(self, detail: RolloutDetail) -> None:
        """Show the tab; kept comparisons are read when other versions run than before, and now and then."""
        self._shown = detail
        if detail.targets != self._reports_for:
            self._reports, self._reports_for = self.host.session.traffic.comparisons(self.ref), detail.targets
        pane = self.query_one(TrafficPane)
        offer = self.host.session.traffic.offer(self.ref)
        pane.show(detail, self._reports, offer, self.host.now(), self.host.glyphs)

    def _look_for_comparisons(self) -> None:
        """What was compared elsewhere meanwhile, by another program or on the command line."""
        found = self.host.session.traffic.comparisons(self.ref)
        if self._shown is not None and found != self._reports:
            self._reports = found
            self.show_traffic(self._shown)

    @on(TrafficPane.Opened)
    def _comparison_opened(self, event: TrafficPane.Opened) -> None:
        self.app.push_screen(ComparisonScreen(event.report))

    def compare_answers(self) -> None:
        """Ask for requests to send to both versions, or stop what is under way."""
        if self._comparing is not None:
            self._comparing.cancel()
            return
        fields = (
            Asked(
                "File of requests, or of recorded answers",
                "",
                "recorded requests (JSON Lines, HAR, payload log), or recorded pairs",
                _readable,
            ),
            Asked(
                "Send them to both versions (no: the file holds both answers)",
                "yes",
                "yes: send them to both versions; no: the file has both answers",
                _yes_or_no,
            ),
            Asked("Requests a second, at most", "20", "requests a second to each version, at most", _positive),
        )
        question = (
            "Recorded requests are sent to the version that serves (twice, to learn its own noise) and to the new "
            "one; what they answer is compared. Requests with side effects have them again."
        )
        self.app.push_screen(FormScreen("Compare answers", question, fields), self._begin)

    def _begin(self, answers: tuple[str, ...] | None) -> None:
        if answers is None:
            return
        source, sent, rate = answers
        wish = ComparisonWish(source=source, replay=_is_yes(sent), ref=self.ref, rate=float(rate))
        try:
            self._comparing = self.host.session.traffic.compare(wish, self.host.guarded(self._heard))
        except Problem as problem:
            self.host.tell(problem)

    def _heard(self, progress: ComparisonProgress) -> None:
        if progress.ended:
            self._comparing = self._reports_for = None
        if not self.is_mounted:
            return
        self.query_one(TrafficPane).follow(progress)
        if progress.ended:
            told = progress.problem or (progress.report.sentence if progress.report is not None else clean("ended"))
            self.notify(told, title="Comparison ended", markup=False, timeout=10)


async def _close(closer: Callable[[], Awaitable[None]]) -> None:
    await closer()


def _readable(text: str) -> str:
    return "" if text and Path(text).expanduser().is_file() else "Name a file that is there."


def _is_yes(text: str) -> bool:
    return text.strip().lower() in {"yes", "y"}


def _yes_or_no(text: str) -> str:
    return "" if text.strip().lower() in {"yes", "y", "no", "n"} else "Say yes or no."


def _positive(text: str) -> str:
    try:
        return "" if 0 < float(text) <= 10_000 else "From above 0 to 10,000."
    except ValueError:
        return "Type a number."
