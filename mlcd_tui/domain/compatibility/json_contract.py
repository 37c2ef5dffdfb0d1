"""JSON Schema contracts: one comparison, bounded in work."""

from __future__ import annotations

from mlcd_tui.domain.compatibility.json_document import Sources, TooLargeError
from mlcd_tui.domain.compatibility.json_explain import Explainer, Reported, Where
from mlcd_tui.domain.compatibility.json_notes import Notes
from mlcd_tui.domain.compatibility.json_subset import Budget, Prover
from mlcd_tui.domain.compatibility.json_terms import same, term_of
from mlcd_tui.domain.compatibility.rules import finding
from mlcd_tui.domain.schema import Schema
from mlcd_tui.domain.verdict import Finding, Side, Verdict


class Library:
    """Documents that were read, so that the way back does not read them again."""

    def __init__(self) -> None:
        self._read: dict[int, tuple[Schema, Sources]] = {}

    def of(self, schema: Schema) -> Sources:
        """The document of a schema. Raises `TooLargeError`."""
        known = self._read.get(id(schema))
        if known is None:
            known = self._read[id(schema)] = (schema, Sources(schema))
        return known[1]


def compare_json(
    side: Side, path: str, old: Schema, new: Schema, library: Library, *, declared_only: bool = False
) -> list[Finding]:
    """All findings between two JSON Schemas."""
    reported = explain_json(side, path, old, new, library, declared_only=declared_only)
    return [one.finding for one in reported]


def explain_json(
    side: Side, path: str, old: Schema, new: Schema, library: Library | None = None, *, declared_only: bool = False
) -> list[Reported]:
    """The same, with the values that prove what is breaking."""
    found: list[Reported] = []
    library = library or Library()
    try:
        _explain(found, (side, path), (library.of(old), library.of(new)), declared_only=declared_only)
    except (TooLargeError, RecursionError):
        text = f"{path} is too large or too involved to compare in full"
        found.append(Reported(finding(Verdict.UNKNOWN, side, "json-too-large", path, text)))
    return found


def _explain(
    found: list[Reported], place: tuple[Side, str], sources: tuple[Sources, Sources], *, declared_only: bool
) -> None:
    side, path = place
    before, after = (term_of(source, source.document) for source in sources)
    if same(before, after):
        return
    consumed = side is not Side.OUTPUT
    sub, sup = (before, after) if consumed else (after, before)
    closed = (sources[0] if consumed else sources[1]) if declared_only else None
    explainer = Explainer(side, Prover(Budget(), closed), sub, sup)
    explainer.found = found
    where = Where(path, "", lambda value: value)
    explainer.explain((sub,), sup, where)
    if explainer.full:
        return  # what else differs would read as harmless
    notes = Notes(explainer)
    notes.walk(before, after, where)
    found.extend(Reported(note) for note in notes.found)
