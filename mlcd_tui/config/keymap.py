"""The `[keys]` table: action ids and the keys that do them, checked before they reach the screens."""

from __future__ import annotations

import contextlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from mlcd_tui.domain.text import clean

_WORDS = (
    "enter escape tab backspace delete insert home end pageup pagedown up down left right space "
    "slash backslash at minus plus underscore"
)
_NAMED = frozenset(_WORDS.split()) | {f"f{number}" for number in range(1, 25)}
_FRIENDLY = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
_MIXED = {"less_than_sign": "<", "greater_than_sign": ">"}
"""Names of a blank and a hyphen, which no single spelling leads back to."""
_ALIASES = {"esc": "escape", "return": "enter", "del": "delete", "ins": "insert", "pgup": "pageup", "pgdn": "pagedown"}
_MODIFIERS = ("ctrl", "alt", "shift", "super", "hyper", "meta")
_ALLOWED = "one character, a name such as enter, space, f5 or pageup, each also after ctrl+, alt+ or shift+"
RESERVED = frozenset({"ctrl+c"})
"""Keys that no file may take, so that the program can always be left."""

EVERYWHERE = "*"
"""The scope of actions that every screen has."""


@dataclass(frozen=True, slots=True)
class Bindable:
    """An action that can be given keys."""

    id: str
    keys: tuple[str, ...]
    """The keys that it has by default."""
    scopes: frozenset[str] = frozenset({EVERYWHERE})
    """The screens that it belongs to; two actions clash only where they meet."""

    def meets(self, other: Bindable) -> bool:
        """Whether both can be asked for by one key press."""
        return EVERYWHERE in self.scopes | other.scopes or bool(self.scopes & other.scopes)


@dataclass(frozen=True, slots=True)
class KeyMap:
    """Which keys do what."""

    keys: Mapping[str, tuple[str, ...]]
    """Every action's keys by its id, as Textual names them; an empty tuple is an action without a key."""
    changed: frozenset[str]
    """The actions whose keys are not the default ones."""
    problems: tuple[str, ...]


def normal(key: str) -> str | None:
    """A key as Textual names it (`?` is `question_mark`), or None when there is no such key."""
    text = key.strip() or key
    if text == "+" or text.endswith("++"):
        modifiers, name = [part for part in text[:-1].split("+") if part], "+"
    else:
        *modifiers, name = text.split("+")
    modifiers = [part.strip().lower() for part in modifiers]
    if any(part not in _MODIFIERS for part in modifiers) or len(set(modifiers)) < len(modifiers):
        return None
    named = _name(name)
    if named is None:
        return None
    if modifiers and len(named) == 1:
        named = named.lower() if "shift" not in modifiers else named
    return "+".join([*(part for part in _MODIFIERS if part in modifiers), named])


def _name(name: str) -> str | None:
    if len(name) == 1:
        if name.isspace() or not name.isprintable():
            return "space" if name == " " else None
        if name.isalnum():
            return name
        long = unicodedata.name(name, "").lower().replace("-", "_").replace(" ", "_")
        if not name.isascii() and _sign(long) != name:
            return None  # a name of mixed blanks and hyphens does not lead back to its sign
        return _FRIENDLY.get(long, long) or None
    name = _ALIASES.get(name.lower(), name.lower())
    if name in _NAMED:
        return name
    sign = _sign(name)
    return _name(sign) if sign else None


def _sign(name: str) -> str:
    """The sign that Textual's long name of a key stands for; empty if none."""
    if name in _MIXED:
        return _MIXED[name]
    if re.fullmatch(r"[a-z][a-z0-9_]+", name):
        for spelt in (name.replace("_", " "), name.replace("_", "-")):
            with contextlib.suppress(KeyError):
                return unicodedata.lookup(spelt)
    return ""


def resolve(actions: Sequence[Bindable], table: Mapping[str, str | Sequence[str]]) -> KeyMap:
    """Lay the `[keys]` table over the defaults.

    A key that the table gives to one action is taken from any other action that has it by default; of two actions
    that the table gives the same key, the one that stands first keeps it. Either is told.
    """
    problems: list[str] = []
    known = {action.id: action for action in actions}
    asked: dict[str, tuple[str, ...]] = {}
    for action_id, value in table.items():
        if action_id not in known:
            near = get_close_matches(action_id, known, 1)
            guess = f"did you mean {near[0]}?" if near else f"there is: {', '.join(sorted(known))}."
            problems.append(f"keys.{clean(action_id)}: there is no such action; {guess}")
            continue
        keys = _keys(action_id, [value] if isinstance(value, str) else value, problems)
        if keys or not value:
            asked[action_id] = keys
    order = [known[action_id] for action_id in asked] + [action for action in actions if action.id not in asked]
    given = _deal(order, asked, problems)
    defaults = {action.id: tuple(filter(None, map(normal, action.keys))) for action in actions}
    changed = frozenset(action_id for action_id, keys in given.items() if keys != defaults[action_id])
    return KeyMap({action.id: given[action.id] for action in actions}, changed, tuple(problems))


def _keys(action_id: str, values: Sequence[str], problems: list[str]) -> tuple[str, ...]:
    keys: list[str] = []
    for value in values:
        key = normal(value)
        if key is None:
            problems.append(f'keys.{action_id}: there is no key "{clean(value)}"; allowed is {_ALLOWED}.')
        elif key in RESERVED:
            problems.append(f"keys.{action_id}: {key} always quits and cannot be given away.")
        elif key not in keys:
            keys.append(key)
    return tuple(keys)


def _deal(
    order: Sequence[Bindable], asked: Mapping[str, tuple[str, ...]], problems: list[str]
) -> dict[str, tuple[str, ...]]:
    """Give every action its keys, the first in order before the others."""
    owners: dict[str, list[Bindable]] = {}
    given: dict[str, tuple[str, ...]] = {}
    for action in order:
        wanted = asked.get(action.id, tuple(filter(None, map(normal, action.keys))))
        keys: list[str] = []
        for key in wanted:
            owner = next((other for other in owners.get(key, ()) if other.meets(action)), None)
            if owner is None:
                owners.setdefault(key, []).append(action)
                keys.append(key)
            elif owner.id in asked:
                problems.append(f"keys.{owner.id}: {key} also does {action.id}; {owner.id} keeps it.")
        given[action.id] = tuple(keys)
    return given
