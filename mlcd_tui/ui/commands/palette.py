"""The palette: everything that a key can do, and every rollout by its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import islice

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.fuzzy import FuzzySearch

from mlcd_tui.domain.fleet import Fleet
from mlcd_tui.domain.rollout import Rollout
from mlcd_tui.ui import actions
from mlcd_tui.ui.screens.base import BaseScreen
from mlcd_tui.ui.viewmodels.filtering import Filter, parse
from mlcd_tui.ui.viewmodels.tones import phase_word

_MOST = 40


@dataclass(frozen=True, slots=True)
class _Entry:
    title: str
    help: str
    command: Callable[[], object]


class Palette(Provider):
    """Actions of the screen and rollouts of the fleet. Names are foreign text: never read as markup."""

    def _actions(self) -> list[_Entry]:
        screen = self.screen
        if not isinstance(screen, BaseScreen):
            return []
        keymap, glyphs = screen.host.keymap, screen.host.glyphs
        row = screen.selected()
        entries = []
        for action in actions.of(screen.WHERE):
            if not action.palette:
                continue
            keys = ", ".join(actions.shown_key(key, glyphs) for key in keymap.keys.get(action.id, ()))
            title = f"{action.title}: {row.ref}" if action.verbs and row is not None else action.title
            why_not = screen.why_not(action.act.removeprefix("act('").removesuffix("')")) if action.verbs else ""
            entries.append(_Entry(title, why_not or f"key {keys}", partial(screen.run_action, action.act)))
        return entries

    def _rollouts(self, query: str) -> list[_Entry]:
        screen = self.screen
        if not isinstance(screen, BaseScreen):
            return []
        host, wanted = screen.host, parse(query.lower().removeprefix("open "))
        # The filter's own rule is far cheaper than a fuzzy search through thousands of names.
        fleet = host.session.fleet
        fitting = (row for row in fleet.rows if _fits(fleet, row, wanted))
        rows = islice(fitting, _MOST)
        return [_Entry(f"Open {row.ref}", phase_word(row), partial(host.open_rollout, row.ref)) for row in rows]

    async def discover(self) -> Hits:
        """Without a query: the actions."""
        for entry in self._actions():
            yield DiscoveryHit(Content(entry.title), entry.command, text=entry.title, help=_plain(entry.help))

    async def search(self, query: str) -> Hits:
        """Actions and rollouts that fit the query."""
        fuzzy = FuzzySearch()
        for entry in self._actions():
            score, _ = fuzzy.match(query, entry.title)
            if score > 0:
                yield Hit(score, Content(entry.title), entry.command, text=entry.title, help=_plain(entry.help))
        for place, entry in enumerate(self._rollouts(query)):
            yield Hit(
                1 - place / (2 * _MOST), Content(entry.title), entry.command, text=entry.title, help=_plain(entry.help)
            )


def _fits(fleet: Fleet, row: Rollout, wanted: Filter) -> bool:
    schema, checks = fleet.schemas.get(row.ref), fleet.checks.get(row.ref)
    return wanted.matches(row, frozenset(), schema.verdict if schema else None, checks.word if checks else None)


def _plain(text: str) -> str:
    """Help of a hit is read as markup by Textual, so no bracket may open any."""
    return text.replace("[", "(").replace("]", ")")
