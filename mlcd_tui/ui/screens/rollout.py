"""One rollout in full: its tree at the left, tabs at the right."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import ContentSwitcher, Static

from mlcd_tui.domain.fleet import Fleet, Freshness, Link, find
from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.ports import AuditEntry
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.domain.rollout import Rollout, RolloutDetail
from mlcd_tui.ui.actions import Where, bindings
from mlcd_tui.ui.screens.logs import follow_logs
from mlcd_tui.ui.screens.rollout_traffic import TrafficTab
from mlcd_tui.ui.screens.text_view import EventsScreen, describe
from mlcd_tui.ui.viewmodels import overview
from mlcd_tui.ui.viewmodels.spans import Line, Span
from mlcd_tui.ui.viewmodels.targets import log_targets
from mlcd_tui.ui.viewmodels.tones import Tone
from mlcd_tui.ui.viewmodels.tree import tree
from mlcd_tui.ui.widgets.check_pane import CheckPane
from mlcd_tui.ui.widgets.line_view import LinesView, RowList
from mlcd_tui.ui.widgets.package_pane import PackagePane
from mlcd_tui.ui.widgets.paint import content
from mlcd_tui.ui.widgets.panes import AnalysisPane, HistoryPane, YamlPane
from mlcd_tui.ui.widgets.reader import Reader
from mlcd_tui.ui.widgets.rollout_tree import RolloutTree
from mlcd_tui.ui.widgets.tab_bar import Tab, TabBar
from mlcd_tui.ui.widgets.traffic_pane import TrafficPane

TABS = (
    Tab("overview", "1", "Overview"),
    Tab("traffic", "2", "Traffic", "Live"),
    Tab("analysis", "3", "Analysis", "Runs"),
    Tab("package", "4", "Package", "Pkg"),
    Tab("checks", "5", "Checks"),
    Tab("history", "7", "History", "Past"),
    Tab("yaml", "8", "YAML"),
)

_TINY = 60  # columns


class RolloutScreen(TrafficTab):
    """Shows a rollout live. Only what is visible and changed is drawn anew."""

    CSS_PATH = "../styles/screens/rollout.tcss"
    WHERE = Where.ROLLOUT
    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.ROLLOUT)
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (60, "-narrow"), (100, "-normal"), (140, "-wide")]  # noqa: RUF012 - Textual's own form
    AUTO_FOCUS = "#tree"
    HELP = "`tab` goes between the tree and what stands at its right."

    def __init__(self, ref: RolloutRef) -> None:
        super().__init__(ref)
        self.detail: RolloutDetail | None = None
        self.freshness = Freshness(Link.CONNECTING)
        self._gone = False
        self._entries: tuple[AuditEntry, ...] = ()
        self._closer: Callable[[], Awaitable[None]] | None = None
        self._keys_for: object = None
        self._events: EventsScreen | None = None
        self._was_live = False

    def compose_body(self) -> ComposeResult:
        """The tree, and the tabs beside it."""
        with Horizontal(id="rollout"):
            with Vertical(id="left"):
                yield Static("", id="title", markup=False)
                yield RolloutTree(glyphs=self.host.glyphs, id="tree")
            with Vertical(id="right"):
                yield TabBar(TABS)
                yield Static("", id="freshness", markup=False)
                with ContentSwitcher(initial="overview"):
                    yield LinesView(id="overview")
                    yield TrafficPane(id="traffic")
                    yield AnalysisPane(id="analysis")
                    yield PackagePane(id="package")
                    yield CheckPane(id="checks")
                    yield HistoryPane(id="history")
                    yield YamlPane(id="yaml")

    def on_mount(self) -> None:
        """Watch the rollout; what the fleet knows is shown at once."""
        self.query_one(TabBar).present = "overview"
        yaml, history = self.query_one(YamlPane), self.query_one(HistoryPane)
        yaml.compare_key = history.compare_key = self.key_of("rollout.compare")
        yaml.search_key = self.key_of("reader.search")
        self.name_keys()
        self._was_live = self.host.fleet.freshness.link is Link.LIVE
        self._closer = self.host.session.open(self.ref, self.host.guarded(self._hear))
        self.set_interval(1.0, self.host.guarded(self._draw))
        self._draw()

    def on_unmount(self) -> None:
        """Stop watching."""
        self._let_go()

    def on_screen_resume(self) -> None:
        """An act may have been done meanwhile: its audit entry is there now."""
        self._read_audit()
        self._draw()

    # The way of data --------------------------------------------------------------------------------------------

    def _hear(self, detail: RolloutDetail | None, freshness: Freshness) -> None:
        changed = freshness != self.freshness
        self.freshness = freshness
        if detail is None:
            self._gone = self.detail is not None or freshness.link is Link.LIVE
        elif detail is not self.detail:
            self.detail, self._gone, changed = detail, False, True
        else:
            self._gone = False
        if changed or detail is None:
            self._draw()
        if detail is not None and self._events is not None and self._events.is_attached:
            self._events.take(detail.events)

    def reconnected(self) -> None:
        """What was open before the connections were dropped hears nothing any more."""
        self._let_go()
        self._closer = self.host.session.open(self.ref, self.host.guarded(self._hear))
        self.query_one(PackagePane).ask_again()  # what could not be looked for may be there now
        self.query_one(CheckPane).ask_again()
        self.look_at_traffic(wanted=False)
        self.look_at_traffic(wanted=self.tab == "traffic")

    def _let_go(self) -> None:
        if self._closer is not None:
            closer, self._closer = self._closer, None
            self.app.run_worker(_close(closer), group="acts", exit_on_error=False)

    def watch_fleet(self, fleet: Fleet) -> None:
        """The fleet's row stands in until the detail has come."""
        super().watch_fleet(fleet)
        was_live, self._was_live = self._was_live, fleet.freshness.link is Link.LIVE
        if self.is_mounted and self.detail is None:
            if self._was_live and not was_live and self.freshness.link is not Link.LIVE:
                self.reconnected()  # it was opened before there was a connection to watch it by
            self._draw()

    def selected(self) -> Rollout | None:
        """The rollout itself."""
        return self.detail.rollout if self.detail is not None else find(self.fleet, self.ref)

    def intent_for(self, verb: Verb) -> Intent | None:
        """In the history a roll back means the revision under the cursor."""
        if verb is Verb.UNDO and self.tab == "history" and self.detail is not None:
            rows = self.query_one("#revisions", RowList)
            newest = self.detail.revisions[0].number if self.detail.revisions else None
            chosen = self.query_one(HistoryPane).chosen
            if rows.has_focus and chosen is not None and chosen != newest:
                return Intent(verb, self.ref, revision=chosen)
        if verb is Verb.RETRY_EXPERIMENT:
            node = self.query_one(RolloutTree).node
            target = node.target if node is not None and node.kind == "experiment" else ""
            return Intent(verb, self.ref, target=target)
        return super().intent_for(verb)

    def crumbs(self) -> Line:
        """Namespace and name; where there is little room, the name."""
        name = Span(self.ref.name, Tone.BRIGHT)
        return (name,) if self.size.width < _TINY else (Span(f"{self.ref.namespace}/", Tone.DIM), name)

    # Drawing ------------------------------------------------------------------------------------------------------

    @property
    def tab(self) -> str:
        """Name of the present tab."""
        return self.query_one(TabBar).present

    def _draw(self) -> None:
        if not self.is_mounted or not self.is_current or not self.query("#freshness"):
            return
        now, glyphs, rollout = self.host.now(), self.host.glyphs, self.selected()
        warning = overview.freshness_line(self.freshness, now, loaded=self.detail is not None, gone=self._gone)
        bar = self.query_one("#freshness", Static)
        bar.display = bool(warning)
        if warning:
            bar.update(content(warning))
        if rollout is not None:
            self._draw_title(rollout)
        if self.detail is not None:
            self.query_one(RolloutTree).show_nodes(tree(self.detail, now, glyphs))
        self._draw_tab()
        abilities = None if rollout is None else (rollout.abilities, self.fleet.readonly)
        if abilities != self._keys_for:
            self._keys_for = abilities
            self.refresh_keys()

    def _draw_title(self, rollout: Rollout) -> None:
        engines = {engine.name: engine.title for engine in self.fleet.engines}
        line = overview.title(rollout, engines.get(self.ref.engine, self.ref.engine), self.host.glyphs)
        title = self.query_one("#title", Static)
        if getattr(self, "_title_line", None) != line:
            self._title_line = line
            title.update(content(line))

    def _draw_tab(self) -> None:
        detail, now, glyphs = self.detail, self.host.now(), self.host.glyphs
        if detail is None:
            rollout = self.selected()
            if rollout is not None:
                view = self.query_one("#overview", LinesView)
                view.show(lambda room: overview.phase_lines(rollout, now, room, glyphs))
            return
        match self.tab:
            case "overview":
                shown = detail
                view = self.query_one("#overview", LinesView)
                note = self.fleet.schemas.get(self.ref)
                view.show(lambda room: overview.overview(shown, self.host.now(), room, glyphs, note))
            case "traffic":
                self.show_traffic(detail)
            case "analysis":
                self.query_one(AnalysisPane).show(detail, now, glyphs)
            case "package":
                self.query_one(PackagePane).show(detail, glyphs, self.fleet.schemas.get(self.ref))
            case "checks":
                self.query_one(CheckPane).show(detail, now, glyphs)
            case "history":
                self.query_one(HistoryPane).show(detail, self._entries, now, glyphs)
            case _:
                self.query_one(YamlPane).show(detail)

    def _read_audit(self) -> None:
        self._entries = self.host.session.audit(self.ref)

    # Keys ---------------------------------------------------------------------------------------------------------

    def action_tab(self, name: str) -> None:
        """Show a tab."""
        self.query_one(TabBar).present = name
        self.query_one(ContentSwitcher).current = name
        if name == "history":
            self._read_audit()
        if name == "package":
            self.query_one(PackagePane).ask_again()
        if name == "checks":
            self.query_one(CheckPane).ask_again()
        self.look_at_traffic(wanted=name == "traffic")
        self._draw_tab()
        # Keys follow to the tab, but for the overview: there the tree is what one moves in.
        match name:
            case "traffic":
                self.query_one(TrafficPane).focus_first()
            case "analysis":
                self.query_one(AnalysisPane).focus_first()
            case "package":
                self.query_one(PackagePane).focus_first()
            case "checks":
                self.query_one(CheckPane).focus_first()
            case "history":
                self.query_one(HistoryPane).focus_first()
            case "yaml":
                self.query_one(YamlPane).focus_first()
            case _:
                self.query_one(RolloutTree).focus()

    @on(TabBar.Picked)
    def _picked(self, event: TabBar.Picked) -> None:
        self.action_tab(event.name)

    @on(RowList.Chosen, "#tree")
    def _chosen(self) -> None:
        node = self.query_one(RolloutTree).node
        if node is None:
            return
        if node.kind == "run":
            self.action_tab("analysis")
            self.query_one(AnalysisPane).choose(node.target)
        elif node.kind == "pod":
            self.action_logs()

    @on(RowList.Moved, "#tree")
    def _moved(self) -> None:
        """The tabs at the right follow the tree."""
        node = self.query_one(RolloutTree).node
        if node is None:
            return
        if node.kind == "run" and self.tab == "analysis":
            self.query_one(AnalysisPane).choose(node.target)
        elif node.kind == "revision" and self.tab == "history":
            self.query_one(HistoryPane).choose(node.target)

    def action_yaml(self) -> None:
        """Show the YAML tab."""
        self.action_tab("yaml")

    def action_compare(self) -> None:
        """Revisions, packages or answers, by the tab; elsewhere the YAML's change, or all of it."""
        if self.tab == "history":
            self.query_one(HistoryPane).compare()
            return
        if self.tab == "package":
            self.compare_packages()
            return
        if self.tab == "traffic":
            self.compare_answers()
            return
        if self.tab != "yaml":
            self.action_tab("yaml")
        self.query_one(YamlPane).compare()

    def action_search(self) -> None:
        """Search in the YAML."""
        if self.tab != "yaml":
            self.action_tab("yaml")
        self.query_one(Reader).search()

    def action_escape(self) -> None:
        """End a search, then back."""
        reader = self.query_one(Reader)
        if reader.searching and self.tab == "yaml":
            reader.end_search()
        else:
            super().action_escape()

    def action_stop_analysis(self) -> None:
        """Ask to stop the run that is chosen in the tab or stands under the cursor of the tree."""
        runs = {str(run.name): run for run in self.detail.analysis_runs} if self.detail is not None else {}
        node, pane = self.query_one(RolloutTree).node, self.query_one(AnalysisPane)
        name = node.target if node is not None and node.kind == "run" and self.tab != "analysis" else ""
        run = runs.get(name) if name else pane.chosen if self.tab == "analysis" else None
        if run is None and not name:
            running = [one for one in runs.values() if one.running]
            run = running[0] if len(running) == 1 else None
        if run is None:
            self.say("Put the cursor on the analysis run to stop.")
        elif not run.running:
            self.say(f"Analysis run {run.name} has ended already.")
        else:
            self.host.propose(Intent(Verb.TERMINATE_ANALYSIS, self.ref, target=run.name))

    def action_logs(self) -> None:
        """Logs of the pod, ReplicaSet or rollout under the cursor."""
        if self.detail is None:
            self.say("The pods are not known yet.")
            return
        node = self.query_one(RolloutTree).node
        targets = log_targets(self.detail, node.key if node is not None and self.query_one("#tree").has_focus else "")
        if not targets:
            self.say("There is no pod here that could have logs.")
            return
        follow_logs(self, self.ref.namespace, targets)

    def action_describe(self) -> None:
        """The object as text."""
        describe(self, self.ref)

    def action_events(self) -> None:
        """All events."""
        detail = self.detail
        hidden = detail is not None and "events" in detail.hidden
        self._events = EventsScreen(self.ref, detail.events if detail is not None else (), hidden=hidden)
        self.app.push_screen(self._events)

    def copied_text(self) -> str:
        """The name; in the tabs of images the digest, or the command that publishes what is missing."""
        tabs: dict[str, PackagePane | CheckPane] = {
            "package": self.query_one(PackagePane),
            "checks": self.query_one(CheckPane),
        }
        return (tabs[self.tab].copied() if self.tab in tabs else "") or super().copied_text()

    def shown_text(self) -> str:
        """The visible tab as text."""
        switcher = self.query_one(ContentSwitcher)
        views = [view for view in switcher.query(LinesView) if view.region.area and self.tab]
        return "\n".join(view.text() for view in views) + "\n"


async def _close(closer: Callable[[], Awaitable[None]]) -> None:
    await closer()
