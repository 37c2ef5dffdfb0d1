"""What every full screen has: header, key bar, the keys of the action table, and the way to the app."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar, ParamSpec, Protocol, cast

from textual import on
from textual.app import ComposeResult
from textual.reactive import var
from textual.screen import Screen
from textual.worker import Worker, WorkerState

from mlcd_tui.config.keymap import KeyMap
from mlcd_tui.config.settings import Settings
from mlcd_tui.config.state import ContextState
from mlcd_tui.domain.fleet import Fleet
from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Ability, Refusal
from mlcd_tui.domain.ports import Proposal, Session
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.domain.rollout import Rollout
from mlcd_tui.domain.text import clean
from mlcd_tui.ui import actions
from mlcd_tui.ui.actions import Action, Where
from mlcd_tui.ui.memory import Memory
from mlcd_tui.ui.viewmodels import frame
from mlcd_tui.ui.viewmodels.glyphs import Glyphs
from mlcd_tui.ui.viewmodels.spans import Line, width
from mlcd_tui.ui.widgets.footer import KeyBar, KeyItem
from mlcd_tui.ui.widgets.header import FrameHeader

P = ParamSpec("P")


class Host(Protocol):
    """What the screens ask of the app."""

    session: Session
    settings: Settings
    keymap: KeyMap
    memory: Memory
    checking: str
    """The checks that run now, in one sentence; empty: none do."""

    @property
    def fleet(self) -> Fleet:
        """The newest picture."""
        ...

    @property
    def glyphs(self) -> Glyphs:
        """Signs of this terminal."""
        ...

    @property
    def remembered(self) -> ContextState:
        """What is remembered of the present context."""
        ...

    def now(self) -> datetime:
        """The present moment by the cluster's clock."""
        ...

    def propose(self, intent: Intent) -> None:
        """Plan an act and ask for approval."""
        ...

    def open_rollout(self, ref: RolloutRef) -> None:
        """Show a rollout in full."""
        ...

    def run_checks(self, image: str = "", ref: RolloutRef | None = None) -> None:
        """Ask by which plan an image is to be checked."""
        ...

    def tell(self, trouble: BaseException | str) -> None:
        """Say in one sentence what went wrong."""
        ...

    def guarded(self, listener: Callable[P, None]) -> Callable[P, None]:
        """A listener whose failure is told, not thrown at whoever calls it."""
        ...

    def use(self, *, context: str | None = None, namespace: str | None = None) -> None:
        """Show another context or namespace."""
        ...

    def leave(self) -> None:
        """End the program."""
        ...


class BaseScreen(Screen[None]):
    """A full screen of the frame."""

    WHERE: ClassVar[Where] = Where.READER
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (140, "-wide")]  # noqa: RUF012 - Textual's own form
    VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-tall")]  # noqa: RUF012 - Textual's own form
    AUTO_FOCUS = "*"

    fleet: var[Fleet] = var(Fleet, init=False)

    @property
    def host(self) -> Host:
        """The app, by what screens may ask of it."""
        return cast(Host, self.app)

    def compose(self) -> ComposeResult:
        """Header, body, key bar."""
        yield FrameHeader()
        yield from self.compose_body()
        yield KeyBar()

    def compose_body(self) -> ComposeResult:
        """What stands between header and key bar."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Follow the app's fleet and clock."""
        self.watch(self.app, "fleet", self._follow)
        self.call_after_refresh(self.refresh_keys)

    def on_screen_resume(self) -> None:
        """Catch up with what came while another screen covered this one."""
        self._follow(self.host.fleet)
        self.refresh_keys()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A worker of this screen that failed becomes one sentence; the rest goes on."""
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            self.host.tell(event.worker.error)

    def _follow(self, fleet: Fleet) -> None:
        covered = isinstance(self.app.screen, BaseScreen) and self.app.screen is not self
        if not covered and fleet is not self.fleet:
            rights_changed = fleet.readonly != self.fleet.readonly
            self.fleet = fleet
            if rights_changed:
                self.refresh_keys()

    def watch_fleet(self, fleet: Fleet) -> None:
        """Draw what depends on the fleet."""
        del fleet
        self.refresh_header()

    def on_resize(self) -> None:
        """The header's sides give way to each other by the width."""
        self.refresh_header()

    def reconnected(self) -> None:
        """All connections were made anew: begin again whatever was watched."""

    def refresh_header(self) -> None:
        """Draw the header anew, if it differs."""
        host = self.host
        need = frame.least(self.fleet, host.now(), host.glyphs)
        left = frame.place(self.fleet, self.crumbs(), host.glyphs, self.size.width - need - 10)
        room = self.size.width - width(left) - 10
        for header in self.query(FrameHeader):
            header.show(left, frame.right_side(self.fleet, host.now(), host.glyphs, room))

    def crumbs(self) -> Line:
        """What stands behind the cluster in the header."""
        return frame.namespace_crumb(self.fleet)

    # Acting -------------------------------------------------------------------------------------------------

    def selected(self) -> Rollout | None:
        """The rollout that acting keys are about."""
        return None

    def intent_for(self, verb: Verb) -> Intent | None:
        """The wish behind a verb; None: there is nothing to do it to."""
        row = self.selected()
        return None if row is None else Intent(verb, row.ref)

    def ability(self, name: str) -> Ability | None:
        """The first verb behind an acting key that is allowed, else why the first is not; None: nothing selected."""
        row = self.selected()
        if row is None:
            return None
        offered = {ability.verb: ability for ability in row.abilities}
        found = [offered[verb] for verb in actions.verbs_of(name) if verb in offered]
        if not found:
            return Ability(actions.verbs_of(name)[0], allowed=False)
        return next((ability for ability in found if ability.allowed), found[0])

    def why_not(self, name: str) -> str:
        """Why an acting key can do nothing now; empty: it can."""
        row, ability = self.selected(), self.ability(name)
        if row is None or ability is None:
            return "No rollout is selected."
        if self.fleet.readonly:
            return "This session is read-only: nothing is changed in the cluster."
        if ability.allowed:
            return ""
        title = actions.verb_title(Verb(ability.verb))
        return ability.why_not or f"{row.ref.engine} cannot {title} a {row.strategy.value} rollout."

    def action_act(self, name: str) -> None:
        """Ask for approval of an act on the selected rollout, or say why it is not possible."""
        row, reason = self.selected(), self.why_not(name)
        ability = self.ability(name)
        if reason or row is None or ability is None:
            self.notify(reason, title="Not possible now", severity="warning", markup=False)
            if row is not None and ability is not None:
                self._record_refusal(Intent(Verb(ability.verb), row.ref), reason)
            return
        intent = self.intent_for(Verb(ability.verb))
        if intent is not None:
            from mlcd_tui.ui.screens.asking import complete  # late: only acting needs it

            complete(self.app, self.host.session, intent, row, self.host.propose)

    def action_run_checks(self) -> None:
        """Run checks on the image of the selected rollout: of its new version, where one is on its way."""
        row = self.selected()
        if row is None:
            self.notify("No rollout is selected.", title="Not possible now", severity="warning", markup=False)
        else:
            from mlcd_tui.ui.viewmodels.check_list import image_to_check

            self.host.run_checks(image_to_check(row), row.ref)

    def _record_refusal(self, intent: Intent, reason: str) -> None:
        """Who pressed the key of an act wanted it: the audit log has it, as it has refused headless acts."""
        refused = Proposal(intent, Refusal(intent, clean(reason)))
        self.app.run_worker(self.host.session.decline(refused), group="acts", exit_on_error=False, exclusive=False)

    # Keys ---------------------------------------------------------------------------------------------------

    @property
    def active_bindings(self) -> dict[str, Any]:
        """Textual's, in the order of the action table, with what is not possible now marked as such."""
        found = super().active_bindings
        last = len(actions.ORDER)
        ordered = sorted(found.items(), key=lambda item: actions.ORDER.get(item[1].binding.id or "", last))
        return {
            key: active._replace(enabled=active.enabled and not self._blocked(active.binding.id))
            for key, active in ordered
        }

    def _blocked(self, action_id: str | None) -> bool:
        action = actions.BY_ID.get(action_id or "")
        return action is not None and bool(action.verbs) and bool(self.why_not(_name(action)))

    def refresh_keys(self) -> None:
        """Draw the key bar anew, if it differs."""
        keys = tuple(self._item(action) for action in actions.of(self.WHERE) if self.WHERE in action.bar)
        for bar in self.query(KeyBar):
            bar.show(keys)

    def key_of(self, action_id: str) -> str:
        """The first key of an action as it is now, for the eye; empty: it has none."""
        keys = self.host.keymap.keys.get(action_id) or ("",)
        return actions.shown_key(keys[0], self.host.glyphs)

    def _item(self, action: Action) -> KeyItem:
        shown = self.key_of(action.id)
        if not action.verbs:
            return KeyItem(shown, action.label, action.act)
        ability = self.ability(_name(action))
        label = brief = action.label
        if ability is not None and ability.allowed:
            brief = _short(Verb(ability.verb), action)
            label = ability.label or brief
        return KeyItem(shown, label, action.act, not self._blocked(action.id), brief)

    @on(KeyBar.Pressed)
    async def _press(self, event: KeyBar.Pressed) -> None:
        await self.run_action(event.action)

    @on(FrameHeader.Pressed)
    async def _elsewhere(self, event: FrameHeader.Pressed) -> None:
        await self.run_action(event.part)

    def action_escape(self) -> None:
        """Back; never out of the program."""
        if len(self.app.screen_stack) > 1:
            self.app.pop_screen()

    def action_back(self) -> None:
        """Back, and out of the program at the root."""
        if len(self.app.screen_stack) > 1:
            self.app.pop_screen()
        else:
            self.host.leave()

    def copied_text(self) -> str:
        """What `c` copies."""
        row = self.selected()
        return "" if row is None else row.ref.name

    def action_copy_name(self) -> None:
        """Copy the name through the terminal."""
        text = self.copied_text()
        if text:
            self.app.copy_to_clipboard(text)
            self.notify(f"Copied {text}", markup=False, timeout=2)

    def shown_text(self) -> str:
        """What ctrl+s saves."""
        return ""

    def action_save_shown(self) -> None:
        """Save what is shown as text."""
        text = self.shown_text()
        file = self.host.memory.save_text(text, self.host.now()) if text else None
        if file is not None:
            self.notify(f"Saved to {file}", markup=False, timeout=8)

    def action_contexts(self) -> None:
        """Choose another cluster."""
        from mlcd_tui.ui.screens.contexts import pick_context

        self.run_worker(pick_context(self), group="pick", exclusive=True, exit_on_error=False)

    def action_namespaces(self) -> None:
        """Choose another namespace."""
        from mlcd_tui.ui.screens.contexts import pick_namespace

        self.run_worker(pick_namespace(self), group="pick", exclusive=True, exit_on_error=False)


def _name(action: Action) -> str:
    return action.act.removeprefix("act('").removesuffix("')")


def _short(verb: Verb, action: Action) -> str:
    """The word of a key that does one of several things."""
    return actions.verb_title(verb) if len(action.verbs) > 1 else action.label
