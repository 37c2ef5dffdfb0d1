"""One answer beside production's: whether it came, its status, and what is off in it."""

from __future__ import annotations

from dataclasses import dataclass, field

from mlcd_tui.domain.comparison.pair import Answer
from mlcd_tui.domain.comparison.walk import Differ, Difference, Drift
from mlcd_tui.domain.snapshot import Comparison, compare_bytes
from mlcd_tui.domain.text import Clean, clean

NO_ANSWER = "(no answer)"
"""In place of a field: there was no answer at all."""
STATUS = "(status)"
SIZE = "(size)"
"""One of the two is too large to be kept, the other is not."""
BODY = "$"


@dataclass(frozen=True, slots=True)
class Finding:
    """What an answer comes to beside production's."""

    off: frozenset[str] = frozenset()
    """Fields that are off, those that break the schema included."""
    broken: frozenset[str] = frozenset()
    drifts: dict[str, Drift] = field(default_factory=dict)
    failed: bool = False
    """No answer, or an error where production answered."""
    excess: float = 0.0
    agreed: bool = False
    """Something of the model's outputs is as it was."""
    recorded: bool = True
    """False: only the status is known of one of them."""
    cut: bool = False
    """Both are too large to be kept: their status is all that can be compared."""
    blank: bool = False
    """Both refused, or answered with nothing: that agrees, but it is no output of a model."""
    detail: Difference | None = None
    sentence: Clean = Clean("")
    """What is wrong where there is no detail."""

    def comparison(self) -> Comparison:
        """In full, for an example."""
        return Comparison(failed=1) if self.detail is None else self.detail.result()

    @property
    def why(self) -> Clean:
        """The worst of it in one line."""
        if self.detail is None:
            return self.sentence
        comparison = self.detail.result()
        worst = comparison.worst
        if worst is None:
            return comparison.sentence
        if worst.expected and worst.actual:
            tolerance = f", tolerance {worst.allowed:.3g}" if worst.allowed is not None else ""
            return clean(f"{worst.path} {worst.expected} → {worst.actual}{tolerance}", limit=400)
        return clean(f"{worst.path} {worst.note or worst.kind.value}", limit=400)


_NO_FIELDS: frozenset[str] = frozenset()
_EQUAL = Finding(agreed=True)
_BLANK = Finding(blank=True)
_CUT = Finding(recorded=False, cut=True)


def beside(differ: Differ, production: Answer, other: Answer) -> Finding:
    """How another answer stands to production's, which did answer."""
    if not other.status:
        told = clean(f"no answer: {other.error or 'nobody knows why'}", limit=300)
        return Finding(frozenset({NO_ANSWER}), failed=True, excess=1.0, sentence=told)
    if other.status != production.status:
        return _other_status(production, other)
    if not 200 <= production.status < 300:
        return _BLANK  # both refuse with the same status: the text of an error is no output of a model
    if production.truncated or other.truncated:
        return _CUT if production.truncated and other.truncated else _other_size(larger=other.truncated)
    if not (production.recorded and other.recorded):
        return Finding(recorded=False)
    return _bodies(differ, production, other)


def _other_status(production: Answer, other: Answer) -> Finding:
    told = clean(f"status {production.status} → {other.status}")
    off = frozenset({STATUS})
    if other.status // 100 == production.status // 100:
        return Finding(off, excess=1.0, sentence=told)
    failed = other.status >= 400 > production.status
    return Finding(off, off, failed=failed, excess=2.0, sentence=told)


def _other_size(*, larger: bool) -> Finding:
    """What is kept of answers is the same for all, so a size on either side of it is another answer."""
    told = "too large to be kept, production's is not" if larger else "small, production's is too large to be kept"
    return Finding(frozenset({SIZE}), excess=1.0, sentence=clean(told))


def _bodies(differ: Differ, production: Answer, other: Answer) -> Finding:
    mine, theirs = production.body, other.body
    raw = isinstance(mine, bytes), isinstance(theirs, bytes)
    if all(raw):
        if mine == theirs:
            return _EQUAL if mine else _BLANK
        return Finding(frozenset({BODY}), sentence=compare_bytes(mine, theirs).sentence, excess=1.0)
    if any(raw):
        told = clean("JSON became something else" if raw[1] else "something else became JSON")
        return Finding(frozenset({BODY}), frozenset({BODY}), excess=1.0, sentence=told)
    try:
        found = differ(mine, theirs)
    except RecursionError:
        return Finding(frozenset({BODY}), sentence=clean("nested too deeply to be compared"), excess=1.0)
    if found is None:
        return _EQUAL
    return Finding(
        off=frozenset(found.off) if found.off else _NO_FIELDS,
        broken=frozenset(found.broken) if found.broken else _NO_FIELDS,
        drifts=found.drifts,
        excess=found.excess,
        agreed=bool(found.agreed),
        detail=found,
    )
