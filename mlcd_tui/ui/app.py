"""The Textual app: holds the session, the newest fleet and the screens; everything else is told to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.reactive import var
from textual.screen import Screen
from textual.theme import BUILTIN_THEMES

from mlcd_tui.config.keymap import KeyMap, resolve
from mlcd_tui.config.settings import Settings
from mlcd_tui.config.state import ContextState, StateFile
from mlcd_tui.config.themes import ThemeFile, choose
from mlcd_tui.domain.errors import Problem
from mlcd_tui.domain.fleet import Fleet
from mlcd_tui.domain.intent import Intent
from mlcd_tui.domain.ports import Clock, Session
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.ui import actions
from mlcd_tui.ui.commands.palette import Palette
from mlcd_tui.ui.memory import Memory
from mlcd_tui.ui.screens.base import BaseScreen
from mlcd_tui.ui.screens.fleet import FleetScreen
from mlcd_tui.ui.theming import draw_bars, to_theme, tone_variables
from mlcd_tui.ui.viewmodels.glyphs import ASCII, UNICODE, Glyphs
from mlcd_tui.ui.viewmodels.visits import Visits
from mlcd_tui.ui.ways_back import OfferingApp

_TWICE = 1.5  # seconds between two ctrl+c that quit


def _utc() -> datetime:
    return datetime.now(UTC)


def _audit() -> Screen[None]:
    from mlcd_tui.ui.screens.audit import AuditScreen  # late: seldom needed, and the start is in a hurry

    return AuditScreen()


def _packages() -> Screen[None]:
    from mlcd_tui.ui.screens.packages import PackagesScreen

    return PackagesScreen()


def _checks() -> Screen[None]:
    from mlcd_tui.ui.screens.checks import ChecksScreen

    return ChecksScreen()


class MlcdApp(OfferingApp):
    """The whole UI over one session."""

    TITLE = "mlcd-tui"
    CSS_PATH = "styles/app.tcss"
    COMMANDS: ClassVar[set[Any]] = {Palette}
    MODES: ClassVar[dict[str, Any]] = {"fleet": FleetScreen, "audit": _audit, "packages": _packages, "checks": _checks}
    DEFAULT_MODE = "fleet"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "interrupt", "Quit", show=False, priority=True, system=True),
    ]

    fleet: var[Fleet] = var(Fleet, init=False)

    def __init__(
        self,
        session: Session,
        *,
        settings: Settings | None = None,
        state: StateFile | None = None,
        themes: Mapping[str, ThemeFile] | None = None,
        problems: Sequence[str] = (),
        clock: Clock = _utc,
    ) -> None:
        """Wire the UI.

        Args:
            session: where everything shown comes from; started after the first paint.
            settings: of the config file.
            state: what is remembered between launches; saved screens and failures are put beside it.
            themes: theme files by name.
            problems: sentences about files that could not be used, told once.
            clock: the time.
        """
        super().__init__()
        self.session = session
        self.settings = settings or Settings()
        self.keymap: KeyMap = resolve(actions.bindables(), self.settings.keys)
        file = state or StateFile()
        self.memory = Memory(file, file.path.parent, self.tell)
        self.clock = clock
        self._early = [*problems, *self.keymap.problems, *filter(None, [self.memory.damage])]
        self._unsubscribe: Callable[[], None] | None = None
        self.checking = ""
        self._interrupted = float("-inf")
        self._clashes: set[str] = set()
        self._visits = Visits()
        self.set_reactive(MlcdApp.fleet, session.fleet)
        self.set_class(self.settings.ascii, "-ascii")
        draw_bars(plain=self.settings.ascii)
        self._dress(dict(themes or {}))

    def _dress(self, files: Mapping[str, ThemeFile]) -> None:
        """Themes of the files, and the chosen one; then the keys."""
        for file in files.values():
            self.register_theme(to_theme(file))
        wanted = self.settings.theme_in(self.fleet.context)
        if self.memory.theme in self.available_themes:
            self.theme = self.memory.theme
        elif wanted in self.available_themes:
            self.theme = wanted
        else:
            name, complaint = choose(files, wanted)
            self._early.append(complaint)
            self.theme = name if name in self.available_themes else self.theme
        # An action that lost its key to another keeps none; no terminal sends a key of this name.
        self.set_keymap({name: ",".join(self.keymap.keys[name]) or "unbound" for name in self.keymap.changed})

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Tones for themes that name none."""
        return tone_variables(self.current_theme)

    @property
    def _background_screens(self) -> list[Screen[Any]]:
        # Textual counts the screen below among the visible ones even when nothing shines through: each of its changes
        # would then draw the whole of the screen on top anew, once a second.
        return [] if self.screen.styles.background.a == 1 else super()._background_screens

    # Life ---------------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Connect once the first picture stands."""
        self._unsubscribe = self.session.subscribe(self.guarded(self._receive))
        self.call_after_refresh(self._begin)
        self.hear_offers()

    def _begin(self) -> None:
        self.start_work(self.session.start(), "session")
        if len(self._early) == 1:
            self.tell(self._early[0])
        elif self._early:  # one sentence, not a pile over the table
            self.tell(f"{len(self._early)} problems in the settings; :problems shows them.")

    def show_problems(self) -> None:
        """What was wrong with the settings when the program began."""
        from mlcd_tui.ui.screens.problems import SettingsProblems

        self.push_screen(SettingsProblems(self._early))

    async def on_unmount(self) -> None:
        """Let go of the cluster."""
        if self._unsubscribe is not None:
            self._unsubscribe()
        self.end_offers()
        await self.session.stop()

    def _receive(self, fleet: Fleet) -> None:
        if fleet.context != self.fleet.context:
            self._visits.clear()
        self.fleet = fleet

    # What screens ask (screens.base.Host) -------------------------------------------------------------------

    @property
    def glyphs(self) -> Glyphs:
        """Signs of this terminal."""
        return ASCII if self.settings.ascii else UNICODE

    @property
    def remembered(self) -> ContextState:
        """What is remembered of the present context."""
        return self.memory.of(self.fleet.context)

    def now(self) -> datetime:
        """The present moment by the cluster's clock, which wrote all the times that are shown."""
        return self.clock() + timedelta(seconds=self.fleet.clock_skew)

    def propose(self, intent: Intent) -> None:
        """Plan an act and ask for approval; a second wish replaces one that is still being planned."""
        self.make_room()
        self.start_work(self._propose(intent), "propose")

    async def _propose(self, intent: Intent) -> None:
        from mlcd_tui.ui.screens.approval import ApprovalScreen

        context = self.fleet.context
        try:
            proposal = await self.session.propose(intent)
        except Problem as problem:
            self.tell(problem)
            return
        if self.fleet.context == context:
            self.push_screen(ApprovalScreen(proposal))
        else:
            self.tell(f"What was planned for {context} was dropped: this is {self.fleet.context} now.")

    def open_rollout(self, ref: RolloutRef) -> None:
        """Show a rollout in full, and remember the way."""
        self._visits.add(ref)
        self._show_rollout(ref)

    def _show_rollout(self, ref: RolloutRef | None) -> None:
        if any(screen.is_modal for screen in self.screen_stack[:-1]):  # packages may be compared over a dialog
            self.tell("Decide first: the dialog below is still open, and esc goes back to it.")
            return
        self.go("fleet")
        while len(self.screen_stack) > 1:
            self.pop_screen()
        if ref is not None:
            from mlcd_tui.ui.screens.rollout import RolloutScreen

            self.push_screen(RolloutScreen(ref))

    def use(self, *, context: str | None = None, namespace: str | None = None) -> None:
        """Show another context or namespace; not while an act is awaited, whose outcome would be lost."""
        if self._awaited():
            self.tell(f"{self._awaited()} Wait for its outcome before you go elsewhere.")
        else:
            self.start_work(self._use(context, namespace), "use")

    async def _use(self, context: str | None, namespace: str | None) -> None:
        try:
            await self.session.use(context=context, namespace=namespace)
        except Problem as problem:
            self.tell(problem)
            return
        if namespace:
            self.memory.visit(self.session.fleet.context, namespace)
        self._show_rollout(None)

    def go(self, mode: str) -> None:
        """To another big place."""
        if self.current_mode != mode:
            self.switch_mode(mode)

    def theme_names(self) -> tuple[str, ...]:
        """Themes there are, ours first."""
        return tuple(sorted(self.available_themes, key=lambda name: (name in BUILTIN_THEMES, name)))

    def use_theme(self, name: str) -> None:
        """Change the theme and remember it."""
        self.theme = name
        self.memory.choose_theme(name)

    def leave(self) -> None:
        """End the program; ask first while the outcome of an act is awaited, or checks run."""
        if not self._awaited() and not self.checking:
            self.exit()
            return
        from mlcd_tui.ui.screens.picker import Choice, PickerScreen

        then = "it goes on in the cluster, unseen" if self._awaited() else "they are called off"
        choices = [Choice("", "Wait", self._awaited() or self.checking), Choice("quit", "Quit", then)]
        self.push_screen(PickerScreen("Quit now?", choices), lambda answer: self.exit() if answer == "quit" else None)

    def _awaited(self) -> str:
        """One sentence on the acts whose outcome is not known yet; empty: there are none."""
        from mlcd_tui.ui.screens.approval import in_flight

        names = ", ".join(sorted(map(str, in_flight(self))))
        return f"An act on {names} is still in flight." if names else ""

    # Keys ---------------------------------------------------------------------------------------------------

    def action_interrupt(self) -> None:
        """Copy what is selected; else the second press in a row quits."""
        selected = self.screen.get_selected_text()
        if selected:
            self.copy_to_clipboard(selected)
        elif monotonic() - self._interrupted < _TWICE:
            self.exit()
        else:
            self._interrupted = monotonic()
            self.notify("Press ctrl+c again to quit.", timeout=_TWICE, markup=False)

    def action_history(self, step: int) -> None:
        """To the rollout opened before, or after."""
        at_root = self.current_mode == "fleet" and len(self.screen_stack) == 1
        self._show_rollout(self._visits.move(step, at_root=at_root))

    def action_reconnect(self) -> None:
        """Drop the connections and begin anew."""
        self.start_work(self._reconnect(), "session")

    async def _reconnect(self) -> None:
        await self.session.reconnect()
        for screen in self.screen_stack:
            if isinstance(screen, BaseScreen):
                screen.reconnected()

    def action_audit(self) -> None:
        """Who did what."""
        self.go("audit")

    def action_packages(self) -> None:
        """Browse model packages."""
        self.go("packages")

    def action_checks(self) -> None:
        """Runs of checks."""
        self.go("checks")

    def run_checks(self, image: str = "", ref: RolloutRef | None = None) -> None:
        """Ask by which plan an image is to be checked; `ref` is the rollout that runs it."""
        from mlcd_tui.ui.screens.checks import ask_for

        self.go("checks")
        self.call_after_refresh(ask_for, self, image, ref)

    def open_package(self, address: str) -> None:
        """Show the package behind an address."""
        from mlcd_tui.ui.screens.package import PackageScreen

        self.push_screen(PackageScreen.of(address))

    def action_command_line(self) -> None:
        """Ask for a command."""
        from mlcd_tui.ui.commands.line import CommandLine, run

        self.push_screen(CommandLine(self), lambda text: run(self, text) if text else None)

    def action_help(self) -> None:
        """The keys of this screen."""
        from mlcd_tui.ui.screens.help import HelpScreen, texts_of

        where = self.screen.WHERE if isinstance(self.screen, BaseScreen) else None
        self.push_screen(HelpScreen(where, self.keymap, self.glyphs, texts_of(self.screen)))

    def action_pick_theme(self) -> None:
        """Choose a theme; the cursor shows each as it passes."""
        from mlcd_tui.ui.screens.picker import pick_theme

        pick_theme(self, self.theme_names(), self.use_theme)

    def handle_bindings_clash(self, clashed_bindings: set[Binding], node: DOMNode) -> None:
        """Tell once of keys that the settings gave to two actions."""
        names = sorted(filter(None, (binding.id for binding in clashed_bindings)))
        sentence = f"{', '.join(names)} lost a key to another action on {type(node).__name__}."
        if names and sentence not in self._clashes:
            self._clashes.add(sentence)
            self.tell(sentence)
