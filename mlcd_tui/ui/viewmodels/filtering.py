"""The filter line of the fleet: terms that must all hold, understood as they are typed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlcd_tui.domain.fleet import Attention, attention
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.domain.rollout import Phase, Rollout
from mlcd_tui.domain.verdict import Verdict
from mlcd_tui.ui.viewmodels.columns import strategy_word
from mlcd_tui.ui.viewmodels.tones import phase_word

if TYPE_CHECKING:  # value classes that the first picture does without
    from mlcd_tui.domain.check_note import CheckWord

HINT = "name  ns:  phase:  checks:  schema:  is:waiting  engine:  label:key=value  !not"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a row besides itself."""

    starred: frozenset[str] = frozenset()
    schema: Verdict | None = None
    """Whether callers still fit the version that is on its way; None: none is, or it is not known yet."""
    checks: CheckWord | None = None
    """How the image that is on its way stands by its checks; None: none is, or it is not known yet."""


Test = Callable[[Rollout, Known], bool]

_STATES: dict[str, Callable[[Rollout], bool]] = {
    "waiting": lambda r: attention(r) is Attention.WAITS_FOR_YOU,
    "degraded": lambda r: attention(r) is Attention.DEGRADED,
    "moving": lambda r: attention(r) is Attention.MOVING,
    "healthy": lambda r: attention(r) is Attention.HEALTHY,
    "unknown": lambda r: attention(r) is Attention.UNKNOWN,
    "paused": lambda r: r.paused or r.phase is Phase.PAUSED,
    "aborted": lambda r: r.aborted,
    "new": lambda r: r.in_flight,
    "mirrored": lambda r: r.mirror is not None,
}


def star_key(ref: RolloutRef) -> str:
    """The name of a rollout among the favourites."""
    return f"{ref.engine}/{ref.namespace}/{ref.name}"


@dataclass(frozen=True, slots=True)
class Filter:
    """What is asked of a row; empty lets all through."""

    text: str = ""
    tests: tuple[Test, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.tests)

    def matches(
        self,
        row: Rollout,
        starred: frozenset[str],
        schema: Verdict | None = None,
        checks: CheckWord | None = None,
    ) -> bool:
        """Whether the row, of whose new version `schema` and `checks` are told, meets every term."""
        known = Known(starred, schema, checks)
        return all(test(row, known) for test in self.tests)


def parse(text: str, engines: Sequence[tuple[str, str]] = ()) -> Filter:
    """Terms separated by blanks; `key:value` asks one field, `!` turns a term round, the rest is text of the name.

    A term whose value is not typed yet (`ns:`) asks nothing, so the table does not flicker while typing.

    Args:
        text: as it was typed.
        engines: name and title of each engine; either can be asked for.
    """
    tests = []
    for word in text.lower().split():
        negated, term = word.startswith("!"), word.removeprefix("!")
        test = _test(term, dict(engines))
        if test is not None:
            tests.append(_negate(test) if negated else test)
    return Filter(text.strip(), tuple(tests))


def _negate(test: Test) -> Test:
    return lambda row, known: not test(row, known)


def _test(term: str, engines: Mapping[str, str]) -> Test | None:
    key, colon, value = term.partition(":")
    if colon and key == "engine":
        return _engine(value, engines) if value else None
    if colon and key in _FIELDS:
        return _FIELDS[key](value) if value else None
    return _text(term) if term else None


def _text(term: str) -> Test:
    letters = _abbreviation(term)

    def test(row: Rollout, known: Known) -> bool:
        del known
        return (
            term in f"{row.ref.namespace}/{row.ref.name}".lower()
            or term in row.version.lower()
            or (letters is not None and letters.search(row.ref.name.lower()) is not None)
        )

    return test


def _abbreviation(term: str) -> re.Pattern[str] | None:
    """`fsc` finds `fraud-scorer`: each letter goes on where the last stood, or begins a later word."""
    if len(term) < 2:
        return None
    return re.compile(r"(?:^|[-._/])" + r"(?:[^-._/]*(?:[-._/]+[^-._/]+)*?[-._/]+)?".join(re.escape(c) for c in term))


def _namespace(value: str) -> Test:
    return lambda row, _: value in row.ref.namespace.lower()


def _phase(value: str) -> Test:
    return lambda row, _: row.phase.value.lower().startswith(value) or phase_word(row).startswith(value)


def _schema(value: str) -> Test:
    return lambda _, known: known.schema is not None and known.schema.value.startswith(value)


def _checks(value: str) -> Test:
    return lambda _, known: known.checks is not None and known.checks.value.startswith(value)


def _engine(value: str, engines: Mapping[str, str]) -> Test:
    """By the name, or by a word of the title that the table shows."""

    def test(row: Rollout, known: Known) -> bool:
        del known
        name = row.ref.engine
        title = engines.get(name, "").lower()
        return name.lower().startswith(value) or any(word.startswith(value) for word in (title, *title.split()))

    return test


def _strategy(value: str) -> Test:
    return lambda row, _: value in {row.strategy.value.lower(), strategy_word(row.strategy)}


def _image(value: str) -> Test:
    return lambda row, _: any(value in use.image.lower() for use in row.images)


def _label(value: str) -> Test:
    key, equals, wanted = value.partition("=")

    def test(row: Rollout, known: Known) -> bool:
        del known
        return any(
            name.lower() == key and (not equals or content.lower().startswith(wanted)) for name, content in row.labels
        )

    return test


def _state(value: str) -> Test | None:
    if "starred".startswith(value) or "favourite".startswith(value):
        return lambda row, known: star_key(row.ref) in known.starred
    state = next((test for name, test in _STATES.items() if name.startswith(value)), None)
    return None if state is None else lambda row, _: state(row)


_FIELDS: dict[str, Callable[[str], Test | None]] = {
    "ns": _namespace,
    "namespace": _namespace,
    "phase": _phase,
    "schema": _schema,
    "checks": _checks,
    "strategy": _strategy,
    "image": _image,
    "label": _label,
    "is": _state,
}
