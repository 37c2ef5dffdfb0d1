"""The command line: `:ctx NAME`, `:ns NAME` and the like, completed while typing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar, Protocol

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import ModalScreen
from textual.suggester import Suggester
from textual.widgets import Input, Static

from mlcd_tui.domain.errors import BadConfig, Problem
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.ui.screens.base import Host
from mlcd_tui.ui.viewmodels.spans import Span
from mlcd_tui.ui.viewmodels.tones import Tone
from mlcd_tui.ui.widgets.paint import content


class Commander(Host, Protocol):
    """What commands ask of the app."""

    def theme_names(self) -> tuple[str, ...]:
        """Themes there are."""
        ...

    def use_theme(self, name: str) -> None:
        """Change the theme and remember it."""
        ...

    def go(self, mode: str) -> None:
        """To another big place."""
        ...

    def run_checks(self, image: str = "", ref: RolloutRef | None = None) -> None:
        """Ask by which plan an image is to be checked."""
        ...

    def open_package(self, address: str) -> None:
        """Show the package behind an address."""
        ...

    def show_problems(self) -> None:
        """What was wrong with the settings."""
        ...

    def action_reconnect(self) -> None:
        """Drop the connections and begin anew."""
        ...

    def action_help(self) -> None:
        """Help for the screen."""
        ...


async def _none(host: Commander) -> Iterable[str]:
    del host
    return ()


async def _contexts(host: Commander) -> Iterable[str]:
    return await host.session.contexts()


async def _namespaces(host: Commander) -> Iterable[str]:
    return ("all", *await host.session.namespaces())


async def _themes(host: Commander) -> Iterable[str]:
    return host.theme_names()


async def _services(host: Commander) -> Iterable[str]:
    return (str(row.ref) for row in host.session.fleet.rows)


async def _places(host: Commander) -> Iterable[str]:
    return (place.address for place in host.session.packages.places())


@dataclass(frozen=True, slots=True)
class Command:
    """One command."""

    name: str
    aliases: tuple[str, ...]
    argument: str
    """What follows the name; empty: nothing."""
    help: str
    run: Callable[[Commander, str], None]
    """Does it; `BadConfig` tells what is wrong with the argument."""
    complete: Callable[[Commander], Awaitable[Iterable[str]]] = _none


def _use_context(host: Commander, name: str) -> None:
    if not name:
        raise BadConfig("Which cluster? :ctx NAME, or the key C.")
    host.use(context=name)


def _use_namespace(host: Commander, name: str) -> None:
    host.use(namespace="" if name in {"", "all", "*"} else name)


def _theme(host: Commander, name: str) -> None:
    names = host.theme_names()
    if name not in names:
        raise BadConfig(f"There is no theme {name or 'without a name'}.", advice=f"There is: {', '.join(names)}.")
    host.use_theme(name)


def _open(host: Commander, name: str) -> None:
    rows = host.session.fleet.rows
    found = [row.ref for row in rows if name in {str(row.ref), row.ref.name}]
    if not name:
        raise BadConfig("Which rollout? :open NAMESPACE/NAME.")
    if not found:
        raise BadConfig(f"There is no rollout {name}.")
    if len({str(ref) for ref in found}) > 1:
        raise BadConfig(f"{name} is in {len(found)} places; say NAMESPACE/{name}.")
    host.open_rollout(found[0])


def _packages(host: Commander, address: str) -> None:
    if address:
        host.open_package(address)
    else:
        host.go("packages")


def _checks(host: Commander, image: str) -> None:
    if image:
        host.run_checks(image)
    else:
        host.go("checks")


COMMANDS: tuple[Command, ...] = (
    Command("ctx", ("context",), "NAME", "another cluster", _use_context, _contexts),
    Command("ns", ("namespace",), "NAME", "another namespace; all for every one", _use_namespace, _namespaces),
    Command("open", ("rollout", "o"), "NAMESPACE/NAME", "a rollout in full", _open, _services),
    Command("fleet", ("rollouts", "ro"), "", "the start screen", lambda host, _: host.go("fleet")),
    Command("packages", ("package", "models"), "[ADDRESS]", "browse models, or open one", _packages, _places),
    Command("checks", ("check",), "[IMAGE]", "runs of checks, or run them on an image", _checks),
    Command("audit", (), "", "who did what", lambda host, _: host.go("audit")),
    Command("theme", (), "NAME", "another theme", _theme, _themes),
    Command("reconnect", (), "", "drop the connection, begin anew", lambda host, _: host.action_reconnect()),
    Command("problems", (), "", "what is wrong in the settings", lambda host, _: host.show_problems()),
    Command("help", ("h",), "", "keys of this screen", lambda host, _: host.action_help()),
    Command("q", ("quit", "q!"), "", "quit", lambda host, _: host.leave()),
)


def find(name: str) -> Command | None:
    """The command of a name or alias."""
    return next((command for command in COMMANDS if name == command.name or name in command.aliases), None)


def run(host: Commander, text: str) -> None:
    """Do what a line says, or tell what is wrong with it."""
    name, _, argument = text.strip().removeprefix(":").partition(" ")
    command = find(name)
    if not name:
        return
    try:
        if command is None:
            there_is = ", ".join(command.name for command in COMMANDS)
            raise BadConfig(f"There is no command {name}.", advice=f"There is: {there_is}.")  # noqa: TRY301 - one way to tell
        command.run(host, argument.strip())
    except BadConfig as problem:
        host.tell(problem)


async def completion(host: Commander, text: str) -> str | None:
    """The whole line that a beginning could become."""
    name, blank, argument = text.partition(" ")
    if not blank:
        fitting = [command for command in COMMANDS if name and command.name.startswith(name)]
        return fitting[0].name + (" " if fitting[0].argument else "") if fitting else None
    command = find(name)
    if command is None:
        return None
    options = await command.complete(host)
    return next((f"{name} {option}" for option in options if option.startswith(argument)), None)


class _Completer(Suggester):
    def __init__(self, host: Commander) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._host = host

    async def get_suggestion(self, value: str) -> str | None:
        """What Textual shows behind the cursor."""
        try:
            return await completion(self._host, value)
        except Problem:
            return None  # without an answer there is nothing to suggest; running the command tells why


class CommandLine(ModalScreen[str | None]):
    """One line at the bottom over whatever is shown."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Cancel"),
        Binding("tab", "complete", "Complete", priority=True),
    ]
    DEFAULT_CSS = """
    CommandLine { align: left bottom; background: transparent; }
    CommandLine #line { height: 1; width: 100%; background: $tone-bar; padding: 0 1; }
    CommandLine #line Static { width: 2; color: $tone-waits; }
    CommandLine #line Input { width: 1fr; }
    CommandLine #commands { height: auto; width: 100%; background: $tone-bar; padding: 0 1; color: $tone-dim; }
    """

    def __init__(self, host: Commander) -> None:
        super().__init__()
        self._completer = _Completer(host)

    def compose(self) -> ComposeResult:
        """What there is, and the line."""
        yield Static(id="commands")
        with Horizontal(id="line"):
            yield Static(Content(": "))
            yield Input(suggester=self._completer, select_on_focus=False)

    def on_mount(self) -> None:
        """Show what there is."""
        self._hint("")

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        self._hint(event.value)

    def _hint(self, text: str) -> None:
        name = text.partition(" ")[0]
        wanted = [command for command in COMMANDS if command.name.startswith(name)] or [
            command for command in COMMANDS if command is find(name)
        ]
        spans = [
            span
            for command in wanted
            for span in (
                Span(f"{command.name}", Tone.TEXT),
                Span(f" {command.argument}" if command.argument else "", Tone.DIM),
                Span(f" {command.help}" if len(wanted) < 3 else "", Tone.DIM),
                Span("   "),
            )
        ]
        self.query_one("#commands", Static).update(content(tuple(spans)))

    def action_complete(self) -> None:
        """Take what is suggested."""
        self.query_one(Input).action_cursor_right()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value)
