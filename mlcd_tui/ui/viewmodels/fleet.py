"""The rows that the fleet screen shows, in order: kept up to date by what changed, not by how many there are."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress, count
from operator import is_not
from typing import TYPE_CHECKING, Any, TypeAlias

from mlcd_tui.domain.fleet import NOT_INSTALLED, Attention, EngineState, Fleet, Link, attention, attention_key
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.domain.rollout import Rollout
from mlcd_tui.ui.viewmodels.columns import BY_ID, CHECKS, SCHEMA
from mlcd_tui.ui.viewmodels.filtering import Filter, star_key
from mlcd_tui.ui.viewmodels.fleet_notes import checks_key, schema_key
from mlcd_tui.ui.viewmodels.glyphs import Glyphs
from mlcd_tui.ui.viewmodels.spans import Line, Span
from mlcd_tui.ui.viewmodels.tones import ATTENTION_TONES, Tone, bold

if TYPE_CHECKING:  # thirty value classes that the first picture does without
    from mlcd_tui.domain.check_note import CheckNote
    from mlcd_tui.domain.package_ports import SchemaNote

_Entry: TypeAlias = tuple[Any, str, str, str, RolloutRef]

NEEDS_ATTENTION = frozenset({Attention.WAITS_FOR_YOU, Attention.DEGRADED, Attention.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Options:
    """What the operator asked to see, and how."""

    sort: str = "phase"
    """Column; the phase's own order puts first what needs attention."""
    reverse: bool = False
    filter: Filter = field(default_factory=Filter)
    attention_only: bool = False
    starred: frozenset[str] = frozenset()

    def with_sort(self, column: str) -> Options:
        """Sorted by `column`; a second time reverses."""
        return replace(self, sort=column, reverse=not self.reverse if column == self.sort else False)


@dataclass(frozen=True, slots=True)
class Delta:
    """What an update did to the shown rows."""

    changed: frozenset[RolloutRef] = frozenset()
    moved: bool = False
    """Rows came, went, or changed places."""


class FleetIndex:
    """All rows of the newest fleet and the order of those that are shown."""

    def __init__(self) -> None:
        self.rows: tuple[Rollout, ...] = ()
        self.options = Options()
        self.counts: Counter[Attention] = Counter()
        self.longest = 0
        """Length of the longest service name, shown or not."""
        self.schemas: Mapping[RolloutRef, SchemaNote] = {}
        self.checks: Mapping[RolloutRef, CheckNote] = {}
        self._by_ref: dict[RolloutRef, Rollout] = {}
        self._entries: dict[RolloutRef, _Entry] = {}
        self._order: list[_Entry] = []

    def __len__(self) -> int:
        return len(self._order)

    def row(self, ref: RolloutRef | None) -> Rollout | None:
        """The row of `ref`, shown or not."""
        return None if ref is None else self._by_ref.get(ref)

    def ref_at(self, index: int) -> RolloutRef | None:
        """The rollout that is shown at `index`."""
        if not 0 <= index < len(self._order):
            return None
        return self._order[-1 - index if self.options.reverse else index][-1]

    def index_of(self, ref: RolloutRef | None) -> int | None:
        """Where `ref` is shown; None: it is not."""
        entry = None if ref is None else self._entries.get(ref)
        if entry is None:
            return None
        index = bisect_left(self._order, entry)
        return len(self._order) - 1 - index if self.options.reverse else index

    def shown(self) -> Iterable[Rollout]:
        """The shown rows, in order."""
        entries = reversed(self._order) if self.options.reverse else self._order
        return (self._by_ref[entry[-1]] for entry in entries)

    def choose(self, options: Options) -> None:
        """Show other rows, or in another order."""
        only_reversed = replace(options, reverse=self.options.reverse) == self.options
        self.options = options
        if not only_reversed:
            self._reorder()

    def update(self, rows: tuple[Rollout, ...]) -> Delta:
        """Take the rows of a new fleet."""
        changed, gone, same_places = self._difference(rows)
        self.rows = rows
        if not changed and not gone:
            return Delta()
        if len(changed) + len(gone) > max(len(rows) // 4, 64):
            self._by_ref = {row.ref: row for row in rows}
            self._rebuild()
            return Delta(frozenset(row.ref for row in changed), moved=True)
        moved = not same_places
        for ref in gone:
            moved |= self._forget(ref)
        for row in changed:
            moved |= self._take(row)
        return Delta(frozenset(row.ref for row in changed), moved)

    def note(self, schemas: Mapping[RolloutRef, SchemaNote], checks: Mapping[RolloutRef, CheckNote]) -> Delta:
        """Take the words on schemas and checks of a new fleet."""
        changed = _others(self.schemas, schemas) | _others(self.checks, checks)
        self.schemas, self.checks = schemas, checks
        if not changed:
            return Delta()
        known = [self._by_ref[ref] for ref in changed if ref in self._by_ref]
        moved = False
        if self.options.sort in {SCHEMA, CHECKS} or self.options.filter:
            for row in known:
                moved |= self._take(row)
        return Delta(frozenset(row.ref for row in known), moved)

    def _difference(self, rows: tuple[Rollout, ...]) -> tuple[list[Rollout], list[RolloutRef], bool]:
        """Rows that are new or changed, refs that are gone, and whether each row kept its place."""
        old = self.rows
        if len(old) == len(rows):
            places = list(compress(count(), map(is_not, old, rows)))
            if all(old[place].ref == rows[place].ref for place in places):
                return [rows[place] for place in places], [], True
        known = self._by_ref
        changed = [row for row in rows if known.get(row.ref) is not row]
        added = sum(row.ref not in known for row in changed)
        if len(known) + added == len(rows):
            return changed, [], True
        there = {row.ref for row in rows}
        return changed, [ref for ref in known if ref not in there], True

    def _rebuild(self) -> None:
        self.counts = Counter(map(attention, self._by_ref.values()))
        self.longest = max((len(str(ref)) for ref in self._by_ref), default=0)
        self._reorder()

    def _reorder(self) -> None:
        entries = ((row.ref, self._entry(row)) for row in self._by_ref.values() if self._wanted(row))
        self._entries = dict(entries)
        self._order = sorted(self._entries.values())

    def _wanted(self, row: Rollout) -> bool:
        options = self.options
        if options.attention_only and attention(row) not in NEEDS_ATTENTION:
            return False
        if not row.in_flight:  # as the columns show it
            return options.filter.matches(row, options.starred)
        schema, checks = self.schemas.get(row.ref), self.checks.get(row.ref)
        return options.filter.matches(
            row, options.starred, schema.verdict if schema else None, checks.word if checks else None
        )

    def _entry(self, row: Rollout) -> _Entry:
        ref = row.ref
        if self.options.sort == "phase":
            key: Any = (attention_key(row)[0], star_key(ref) not in self.options.starred)
        elif self.options.sort == SCHEMA:
            key = schema_key(row, self.schemas.get(ref))
        elif self.options.sort == CHECKS:
            key = checks_key(row, self.checks.get(ref))
        else:
            key = BY_ID[self.options.sort].key(row)
        return key, ref.namespace, ref.name, ref.engine, ref

    def _forget(self, ref: RolloutRef) -> bool:
        row = self._by_ref.pop(ref, None)
        if row is not None:
            self.counts[attention(row)] -= 1
        return self._withdraw(ref)

    def _withdraw(self, ref: RolloutRef) -> bool:
        entry = self._entries.pop(ref, None)
        if entry is None:
            return False
        del self._order[bisect_left(self._order, entry)]
        return True

    def _take(self, row: Rollout) -> bool:
        before = self._by_ref.get(row.ref)
        if before is not None:
            self.counts[attention(before)] -= 1
        else:
            self.longest = max(self.longest, len(str(row.ref)))
        self.counts[attention(row)] += 1
        self._by_ref[row.ref] = row
        if not self._wanted(row):
            return self._withdraw(row.ref)
        entry = self._entry(row)
        if self._entries.get(row.ref) == entry:
            return False
        self._withdraw(row.ref)
        self._entries[row.ref] = entry
        insort(self._order, entry)
        return True


def _others(before: Mapping[RolloutRef, object], after: Mapping[RolloutRef, object]) -> set[RolloutRef]:
    """Whose word is another one; a word that did not change is the same object."""
    if before is after:
        return set()
    return {ref for ref, note in after.items() if before.get(ref) is not note} | (before.keys() - after.keys())


_COUNTED = (
    (Attention.WAITS_FOR_YOU, "wait for you", "waits for you"),
    (Attention.DEGRADED, "degraded", "degraded"),
    (Attention.UNKNOWN, "unknown", "unknown"),
    (Attention.MOVING, "moving", "moving"),
    (Attention.HEALTHY, "healthy", "healthy"),
)


def counts_line(index: FleetIndex, fleet: Fleet, width: int) -> Line:
    """How many there are of each kind, shortest form that fits; while loading, how far it is."""
    total = len(index.rows)
    if not total:
        return ()
    services = "service" if total == 1 else "services"
    line: list[Span] = [Span(str(total), bold(Tone.BRIGHT)), Span(f" {services}", Tone.DIM)]
    if not fleet.complete and fleet.expected and fleet.expected > total:
        line = [Span(str(total), bold(Tone.BRIGHT)), Span(f" of {fleet.expected} {services}", Tone.DIM)]
    used = sum(len(span.text) for span in line)
    gap = "     " if width >= 110 else "   " if width >= 76 else "  "
    for kind, many, one in _COUNTED:
        number = index.counts[kind]
        if not number:
            continue
        words = one if number == 1 else many
        piece = (Span(f"{gap}{number}", bold(ATTENTION_TONES[kind])), Span(f" {words}", Tone.DIM))
        used += sum(len(span.text) for span in piece)
        if used > width:
            break
        line.extend(piece)
    return tuple(line)


def notices(fleet: Fleet) -> tuple[Line, ...]:
    """Sentences under the header: why the picture is not live, and which engines are off.

    That some engines are not installed is no news where another one is: it is told where only one works.
    """
    lines: list[Line] = []
    fresh = fleet.freshness
    if fresh.link in {Link.STALE, Link.DOWN, Link.FORBIDDEN} and fresh.reason and fleet.rows:
        lines.append((Span(fresh.reason, Tone.WAITS if fresh.link is Link.STALE else Tone.BROKEN),))
    absent = [engine.title for engine in fleet.engines if _not_installed(engine)]
    if absent and len(fleet.engines) - len(absent) < 2:
        lines.append((Span("Not installed in this cluster: ", Tone.DIM), Span(", ".join(absent), Tone.TEXT)))
    for engine in fleet.engines:
        state = engine.freshness
        if state.link in {Link.ABSENT, Link.FORBIDDEN} and state.reason and not _not_installed(engine):
            lines.append((Span(f"{engine.title}: ", Tone.TEXT), Span(state.reason, Tone.DIM)))
    return tuple(lines)


def _not_installed(engine: EngineState) -> bool:
    return engine.freshness.link is Link.ABSENT and NOT_INSTALLED in engine.freshness.reason


@dataclass(frozen=True, slots=True)
class Face:
    """What stands where rows would be: what is the matter, and what to do."""

    headline: Line
    advice: tuple[Line, ...] = ()


def face(index: FleetIndex, fleet: Fleet, glyphs: Glyphs, elsewhere: Sequence[tuple[str, int]] = ()) -> Face | None:
    """The face of a table without rows; None when there are rows to show.

    Args:
        index: the rows.
        fleet: where they come from.
        glyphs: signs of this terminal.
        elsewhere: namespaces that are known to have rollouts, and how many.
    """
    if len(index):
        return None
    if index.rows:
        return _filtered(index)
    fresh = fleet.freshness
    match fresh.link:
        case Link.CONNECTING:
            where = fleet.context or "the cluster"
            return Face((Span(f"Connecting to {where}{glyphs.ellipsis}", Tone.TEXT),), (_keys("C", "another cluster"),))
        case Link.DOWN | Link.FORBIDDEN | Link.STALE | Link.ABSENT:
            tone = Tone.WAITS if fresh.link is Link.ABSENT else Tone.BROKEN
            sentence = fresh.reason or "The cluster does not answer."
            retry = _keys("ctrl+r", "try again"), _keys("C", "another cluster"), _keys("N", "another namespace")
            return Face((Span(sentence, bold(tone)),), retry)
    if not fleet.complete:
        return Face((Span(f"Loading rollouts{glyphs.ellipsis}", Tone.TEXT),))
    return _empty(fleet, elsewhere)


def _keys(key: str, words: str) -> Line:
    return Span(f"{key:>8}", bold(Tone.WAITS)), Span(f"  {words}", Tone.DIM)


def _filtered(index: FleetIndex) -> Face:
    total = len(index.rows)
    if index.options.filter:
        headline = f"None of {total} services matches “{index.options.filter.text}”."
        return Face((Span(headline, Tone.TEXT),), (_keys("esc", "clear the filter"), _keys("/", "change it")))
    headline = f"Nothing needs attention among {total} services."
    return Face((Span(headline, Tone.STABLE),), (_keys("z", "show all"),))


def _empty(fleet: Fleet, elsewhere: Sequence[tuple[str, int]]) -> Face:
    if fleet.namespace:
        where = f"No rollouts in namespace {fleet.namespace}."
        others = ", ".join(f"{name} ({number})" for name, number in elsewhere if name != fleet.namespace)
        known: tuple[Line, ...] = ((Span(f"There are some in {others}.", Tone.DIM),),) if others else ()
        keys = _keys("0", "look in all namespaces"), _keys("N", "choose a namespace")
        return Face((Span(where, Tone.TEXT),), (*known, *keys))
    advice: list[Line] = [_keys("C", "choose another cluster"), _keys("ctrl+r", "look again")]
    looked = ", ".join(engine.title for engine in fleet.engines) or "no engine"
    about: Line = (Span(f"Looked for: {looked}. New ones appear here by themselves.", Tone.DIM),)
    return Face((Span("No rollouts in this cluster.", Tone.TEXT),), (about, *advice))
