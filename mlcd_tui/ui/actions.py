"""The one table of everything that a key can do: bindings, key bar, palette, help and the README read it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from textual.binding import Binding, BindingType

from mlcd_tui.config.keymap import Bindable
from mlcd_tui.domain.intent import Verb
from mlcd_tui.ui.viewmodels.glyphs import Glyphs


class Where(StrEnum):
    """The places that have keys."""

    FLEET = "fleet"
    ROLLOUT = "rollout"
    AUDIT = "audit"
    READER = "reader"
    """Full-screen text: describe, events."""
    LOGS = "logs"
    PACKAGES = "packages"
    """The browser of model packages."""
    PACKAGE = "package"
    """One package in full, or two compared."""
    CHECKS = "checks"
    """Runs of checks, one of them with its checks side by side."""
    CHECK = "check"
    """One check in full."""
    CHECK_LOG = "check log"
    """The log of one check."""
    TEXT = "text"
    """A text while it is searched: its keys come before those of the screen around it."""
    LIST = "list"
    """Whatever has a cursor that moves."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that a key does."""

    id: str
    """Stands in the config file (`[keys]`)."""
    key: str
    """Default; several are separated by commas."""
    act: str
    """Textual action; `act('promote')` opens the approval dialog."""
    title: str
    """For help and palette."""
    label: str
    """For the key bar, one or two words."""
    where: frozenset[Where]
    group: str
    bar: frozenset[Where] = frozenset()
    """Where the key bar shows it."""
    verbs: tuple[Verb, ...] = ()
    """What it may do to the selected rollout: the first that is allowed is taken."""
    palette: bool = True


_FLEET = frozenset({Where.FLEET})
_ROLLOUT = frozenset({Where.ROLLOUT})
_BOTH = _FLEET | _ROLLOUT
_LOGS = frozenset({Where.LOGS})
_READER = frozenset({Where.READER})
_PACKAGES = frozenset({Where.PACKAGES})
_PACKAGE = frozenset({Where.PACKAGE})
_CHECKS = frozenset({Where.CHECKS})
_ANY_CHECK = frozenset({Where.CHECKS, Where.CHECK})
_CHECK_LOG = frozenset({Where.CHECK_LOG})
_TEXTS = frozenset({Where.ROLLOUT, Where.READER, Where.PACKAGE})
_SCREENS = frozenset(set(Where) - {Where.TEXT, Where.LIST})
_INNER = _SCREENS - _FLEET
_LIST = frozenset({Where.LIST})
_TEXT = frozenset({Where.TEXT})

_ACT, _LOOK, _FIND, _MOVE, _APP = "Act", "Look", "Find", "Move", "Everywhere"


def _verb(name: str, key: str, title: str, label: str, *verbs: Verb, bar: frozenset[Where] = frozenset()) -> Action:
    return Action(f"rollout.{name}", key, f"act('{name}')", title, label, _BOTH, _ACT, bar, verbs)


def _place(number: int) -> Action:
    title = "All namespaces" if number == 0 else f"Recent namespace {number}"
    name = f"fleet.namespace.{number}"
    return Action(name, str(number), f"namespace({number})", title, "", _FLEET, _FIND, palette=number == 0)


def _tab(number: int, name: str) -> Action:
    act = f"tab('{name}')"
    return Action(f"rollout.tab.{name}", str(number), act, f"Tab {name}", "", _ROLLOUT, _LOOK, palette=False)


def _part(number: int) -> Action:
    title = f"To part {number} of the package"
    return Action(f"package.part.{number}", str(number), f"part({number})", title, "", _PACKAGE, _LOOK, palette=False)


def _log(name: str, key: str, act: str, title: str, label: str, bar: frozenset[Where] = frozenset()) -> Action:
    where = _LOGS | _CHECK_LOG if name == "follow" else _LOGS
    return Action(f"logs.{name}", key, act, title, label, where, _LOOK, bar)


def _move(name: str, key: str, act: str, title: str) -> Action:
    return Action(f"move.{name}", key, act, title, "", _LIST, _MOVE, palette=False)


ACTIONS: tuple[Action, ...] = (
    Action("fleet.open", "enter", "open", "Open the rollout", "open", _FLEET, _LOOK, _FLEET),
    _verb("promote", "p", "Promote one step", "promote", Verb.PROMOTE, bar=_BOTH),
    _verb("promote-full", "P", "Promote fully, skip all steps", "fully", Verb.PROMOTE_FULL, bar=_ROLLOUT),
    _verb("pause", "space", "Pause or resume", "pause", Verb.RESUME, Verb.PAUSE, bar=_BOTH),
    _verb("abort", "a", "Abort: all traffic back to stable", "abort", Verb.ABORT, bar=_BOTH),
    _verb("undo", "u", "Roll back to a revision", "roll back", Verb.UNDO, bar=_BOTH),
    _verb("switch", "b", "Switch blue/green, or back", "switch", Verb.SWITCH, Verb.SWITCH_BACK, bar=_BOTH),
    _verb("mirror", "m", "Copy traffic to the new version, or stop", "copy", Verb.MIRROR, bar=_ROLLOUT),
    _verb("retry", "r", "Retry after an abort", "retry", Verb.RETRY, Verb.RETRY_EXPERIMENT),
    _verb("restart", "R", "Restart the pods", "restart", Verb.RESTART),
    _verb("skip-step", "S", "Skip the present step", "skip step", Verb.SKIP_STEP),
    _verb("set-image", "i", "Set the version (image)", "set version", Verb.SET_IMAGE, bar=_ROLLOUT),
    _verb("set-weight", "W", "Set the weight of live traffic", "weight", Verb.SET_WEIGHT),
    Action(
        "rollout.terminate-analysis",
        "t",
        "stop_analysis",
        "Stop the analysis run under the cursor",
        "stop analysis",
        _ROLLOUT,
        _ACT,
        palette=False,
    ),
    Action("rollout.checks", "x", "run_checks", "Run checks on its image", "checks", _BOTH, _ACT, _ROLLOUT),
    Action("checks.run", "x", "run", "Run a plan's checks on an image", "run", _CHECKS, _ACT, _CHECKS),
    Action(
        "checks.call-off", "-", "call_off", "Call the check under the cursor off", "call off", _CHECKS, _ACT, _CHECKS
    ),
    Action(
        "checks.call-all-off",
        "_",
        "call_all_off",
        "Call all checks of the run off",
        "call all off",
        _CHECKS,
        _ACT,
        _CHECKS,
    ),
    Action(
        "checks.accept",
        "U",
        "accept",
        "Accept what the check received, with a reason",
        "accept",
        _ANY_CHECK,
        _ACT,
        _ANY_CHECK,
    ),
    Action("rollout.logs", "l", "logs", "Logs of a container", "logs", _ROLLOUT, _LOOK, _ROLLOUT),
    Action("rollout.yaml", "y", "yaml", "YAML", "yaml", _ROLLOUT, _LOOK, _ROLLOUT),
    Action("rollout.describe", "d", "describe", "Describe", "describe", _ROLLOUT, _LOOK, _ROLLOUT),
    Action("rollout.events", "e", "events", "Events", "events", _ROLLOUT, _LOOK),
    _tab(1, "overview"),
    _tab(2, "traffic"),
    _tab(3, "analysis"),
    _tab(4, "package"),
    _tab(5, "checks"),
    _tab(7, "history"),
    _tab(8, "yaml"),
    Action("rollout.compare", "v", "compare", "Compare revisions, packages, answers", "compare", _ROLLOUT, _LOOK),
    Action("packages.open", "enter", "open", "Open the package", "open", _PACKAGES, _LOOK, _PACKAGES),
    Action("packages.mark", "space", "mark", "Mark a package for a comparison", "mark", _PACKAGES, _LOOK, _PACKAGES),
    Action(
        "packages.compare", "v", "compare", "Compare the two marked packages", "compare", _PACKAGES, _LOOK, _PACKAGES
    ),
    Action("packages.address", "o", "address", "Open a package by its address", "address", _PACKAGES, _LOOK, _PACKAGES),
    Action("packages.read", "r", "read_again", "Read the list again", "read again", _PACKAGES, _LOOK, _PACKAGES),
    Action("checks.open", "enter", "open", "Open the check", "open", _CHECKS, _LOOK, _CHECKS),
    Action("checks.log", "l", "log", "Log of the check", "log", _ANY_CHECK, _LOOK, _ANY_CHECK),
    Action("checks.read", "r", "read_again", "Read the kept runs again", "read again", _CHECKS, _LOOK),
    Action("package.raw", "y", "raw", "The documents as they are, or the package", "raw", _PACKAGE, _LOOK, _PACKAGE),
    Action(
        "package.compare",
        "v",
        "compare",
        "Compare with another package, or see the candidate",
        "compare",
        _PACKAGE,
        _LOOK,
        _PACKAGE,
    ),
    *(_part(number) for number in range(1, 10)),
    _log("other", "o", "other", "Another container", "other container", bar=_LOGS),
    _log("follow", "f", "follow", "Follow the end, or stay", "follow"),
    _log("previous", "p", "previous", "Of the container before its last restart", "previous"),
    _log("times", "t", "stamps", "Times in front of lines", "times"),
    _log("wrap", "w", "wrap", "Break long lines, or cut them", "wrap"),
    Action(
        "find.filter",
        "/",
        "filter",
        "Filter as you type",
        "filter",
        _FLEET | {Where.AUDIT, Where.LOGS, Where.PACKAGES, Where.CHECKS, Where.CHECK_LOG},
        _FIND,
        _SCREENS,
    ),
    Action("reader.search", "/", "search", "Search in the text", "search", _TEXTS, _FIND, _READER | _PACKAGE),
    Action("reader.next", "n", "next(1)", "To the next place found", "next", _TEXT, _FIND, palette=False),
    Action("reader.previous", "N", "next(-1)", "To the place found before", "before", _TEXT, _FIND, palette=False),
    Action("fleet.attention", "z", "attention", "Only what needs attention", "attention", _FLEET, _FIND, _FLEET),
    Action("packages.sort", "s", "sort", "Sort the packages", "sort", _PACKAGES, _FIND, _PACKAGES),
    Action("fleet.sort", "s", "sort", "Sort by a column", "sort", _FLEET, _FIND, _FLEET),
    Action(
        "fleet.sort-left", "shift+left", "sort_by(-1)", "Sort by the column before", "", _FLEET, _FIND, palette=False
    ),
    Action(
        "fleet.sort-right", "shift+right", "sort_by(1)", "Sort by the next column", "", _FLEET, _FIND, palette=False
    ),
    Action("fleet.reverse", "shift+up,shift+down", "reverse", "Reverse the order", "", _FLEET, _FIND),
    Action("fleet.favourite", "f", "favourite", "Star it, or take the star away", "star", _FLEET, _FIND, _FLEET),
    Action("fleet.wide", "w", "wide", "More columns, or fewer", "wide", _FLEET, _LOOK, _FLEET),
    Action("fleet.namespaces", "N", "namespaces", "Choose a namespace", "namespaces", _SCREENS, _FIND, _FLEET),
    Action("fleet.contexts", "C", "contexts", "Choose a cluster (context)", "clusters", _SCREENS, _FIND, _FLEET),
    *(_place(number) for number in range(10)),
    Action("app.command", ":", "app.command_line", "Command line", "commands", _SCREENS, _APP, _SCREENS, palette=False),
    Action("app.palette", "ctrl+p", "app.command_palette", "Palette of everything", "", _SCREENS, _APP, palette=False),
    Action("app.copy", "c", "copy_name", "Copy the name", "copy", _SCREENS, _APP),
    Action("app.save", "ctrl+s", "save_shown", "Save what is shown as text", "save", _SCREENS, _APP),
    Action("app.older", "[", "app.history(-1)", "Back in history", "", _SCREENS, _APP),
    Action("app.newer", "]", "app.history(1)", "Forward in history", "", _SCREENS, _APP),
    Action("app.theme", "T", "app.pick_theme", "Choose a theme", "theme", _SCREENS, _APP),
    Action("app.reconnect", "ctrl+r", "app.reconnect", "Reconnect", "reconnect", _SCREENS, _APP),
    Action("app.packages", "K", "app.packages", "Packages: browse models", "packages", _SCREENS, _APP, _FLEET),
    Action("app.checks", "X", "app.checks", "Checks: runs on images, and running them", "checks", _SCREENS, _APP),
    Action("app.way-back", "B", "app.way_back", "Propose the way back that is offered", "way back", _SCREENS, _ACT),
    Action("app.audit", "L", "app.audit", "Audit log: who did what", "audit", _SCREENS, _APP),
    Action(
        "app.escape", "escape", "escape", "Clear the filter, then back", "back", _SCREENS, _APP, _INNER, palette=False
    ),
    Action("app.back", "q", "back", "Back; quits at the fleet", "back", _SCREENS, _APP, palette=False),
    Action("app.help", "?", "app.help", "Help for this screen", "help", _SCREENS, _APP, _SCREENS),
    _move("down", "j,down", "cursor_down", "Down"),
    _move("up", "k,up", "cursor_up", "Up"),
    _move("top", "g,home", "cursor_top", "To the first"),
    _move("bottom", "G,end", "cursor_bottom", "To the last"),
    _move("page-down", "ctrl+f,pagedown", "page_down", "A page down"),
    _move("page-up", "ctrl+b,pageup", "page_up", "A page up"),
)

GROUPS = (_ACT, _LOOK, _FIND, _MOVE, _APP)
BY_ID = {action.id: action for action in ACTIONS}
ORDER = {action.id: number for number, action in enumerate(ACTIONS)}
_BY_VERB_NAME = {action.act: action for action in ACTIONS if action.verbs}

_TITLES = {
    Verb.PROMOTE: "promote",
    Verb.PROMOTE_FULL: "promote fully",
    Verb.SKIP_STEP: "skip step",
    Verb.RESUME: "resume",
    Verb.SWITCH_BACK: "switch back",
    Verb.SET_IMAGE: "set version",
    Verb.SET_WEIGHT: "set weight",
    Verb.MIRROR: "copy traffic",
    Verb.UNDO: "roll back",
    Verb.TERMINATE_ANALYSIS: "stop analysis",
    Verb.RETRY_EXPERIMENT: "retry experiment",
}


def verb_title(verb: Verb) -> str:
    """A verb in words."""
    return _TITLES.get(verb, verb.value)


def verbs_of(name: str) -> tuple[Verb, ...]:
    """The verbs behind `act('name')`, in the order of preference."""
    return _BY_VERB_NAME[f"act('{name}')"].verbs


def of(where: Where) -> tuple[Action, ...]:
    """The actions of a place, in the order of use."""
    return tuple(action for action in ACTIONS if where in action.where)


def helped(where: Where) -> tuple[Action, ...]:
    """The actions that help for a place tells of: its own, and those of the lists and texts on it."""
    around = {Where.LIST, Where.TEXT} if where in _TEXTS else {Where.LIST}
    return tuple(action for action in ACTIONS if where in action.where or around & action.where)


def bindings(where: Where) -> list[BindingType]:
    """Textual bindings of a place; each has an id, so a key map can move it."""
    return [
        Binding(action.key, action.act, action.label or action.title, id=action.id, show=where in action.bar)
        for action in of(where)
    ]


def shown_key(key: str, glyphs: Glyphs | None = None) -> str:
    """A key's name for the eye; with glyphs, drawn where there is a sign for it."""
    key = key.strip()
    drawn = {"enter": glyphs.enter, "space": glyphs.space} if glyphs is not None else {}
    return drawn.get(key) or _SHOWN.get(key, key)


_SHOWN = {
    "escape": "esc",
    "pagedown": "pgdn",
    "pageup": "pgup",
    "slash": "/",
    "colon": ":",
    "question_mark": "?",
    "minus": "-",
    "underscore": "_",
    "shift+up": "shift+↑",
    "shift+down": "shift+↓",
    "shift+left": "shift+←",
    "shift+right": "shift+→",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
}


def bindables() -> tuple[Bindable, ...]:
    """The table as the `[keys]` of the config file are laid over it."""
    return tuple(
        Bindable(action.id, tuple(action.key.split(",")), frozenset(map(str, _scopes(action)))) for action in ACTIONS
    )


def _scopes(action: Action) -> frozenset[Where]:
    """A list stands on every screen, so what moves its cursor meets every other key."""
    return _SCREENS if Where.LIST in action.where else action.where
