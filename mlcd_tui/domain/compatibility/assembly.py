"""The verdict: endpoints paired, each side compared in its terms, and the way back too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from mlcd_tui.domain.compatibility.columns import Columns
from mlcd_tui.domain.compatibility.json_contract import Library, compare_json
from mlcd_tui.domain.compatibility.modality import compare_modality
from mlcd_tui.domain.compatibility.pairing import Chosen, Paired, choose, kinds, pair_up
from mlcd_tui.domain.compatibility.rules import NOUNS, counted, finding, recorded, worst, worst_first
from mlcd_tui.domain.compatibility.tensors import Tensors
from mlcd_tui.domain.package import ModelPackage
from mlcd_tui.domain.schema import Endpoint, Schema, SchemaKind
from mlcd_tui.domain.text import clean
from mlcd_tui.domain.verdict import Compatibility, Finding, Side, Verdict

_SIDES: tuple[tuple[Side, str, Callable[[Endpoint], Schema]], ...] = (
    (Side.INPUT, "inputs", lambda endpoint: endpoint.inputs),
    (Side.OUTPUT, "outputs", lambda endpoint: endpoint.outputs),
    (Side.PARAMETER, "params", lambda endpoint: endpoint.params),
)
_CASTS = {"mlflow": "MLflow casts", "json": "JSON numbers"}


def compare(serving: ModelPackage, candidate: ModelPackage, *, declared_only: bool = False) -> Compatibility:
    """Whether callers of what serves can go on with the candidate.

    Args:
        serving: the package that callers use today.
        candidate: the one that would take its place.
        declared_only: take it that callers send, and models answer, only properties that the schema declares.
    """
    return compare_endpoints(serving.endpoints, candidate.endpoints, declared_only=declared_only)


def compare_endpoints(
    old: Sequence[Endpoint], new: Sequence[Endpoint], *, declared_only: bool = False
) -> Compatibility:
    """The same for bare endpoints; several may describe one thing in different terms, in order of precedence."""
    there = _Journey(declared_only=declared_only)
    findings, checked = there.one_way(old, new)
    back, _ = there.one_way(new, old)
    return Compatibility(worst(findings), findings, clean("; ".join(checked)), worst(back))


class _Journey:
    """Comparisons there and back, on documents that are read once."""

    def __init__(self, *, declared_only: bool) -> None:
        self._declared_only = declared_only
        self._library = Library()

    def one_way(self, old: Sequence[Endpoint], new: Sequence[Endpoint]) -> tuple[tuple[Finding, ...], list[str]]:
        """All findings, and what was compared."""
        found: list[Finding] = []
        checked: list[str] = []
        if not old or not new:
            which = " and ".join(name for name, side in (("what serves", old), ("the candidate", new)) if not side)
            text = f"no contract recorded for {which}: it cannot be told whether callers can go on"
            return (finding(Verdict.UNKNOWN, Side.ENDPOINT, "contract-missing", "", text),), []
        for pair in pair_up(old, new):
            if not pair.new:
                text = f"endpoint `{clean(pair.name)}` is gone: its callers will fail"
                found.append(finding(Verdict.BREAKING, Side.ENDPOINT, "endpoint-removed", pair.name, text))
            elif not pair.old:
                text = f"endpoint `{clean(pair.name)}` is new"
                found.append(finding(Verdict.COMPATIBLE, Side.ENDPOINT, "endpoint-added", pair.name, text))
            else:
                more, what = self._endpoint(pair)
                found += more
                checked += what
        return worst_first(found), checked

    def _endpoint(self, pair: Paired) -> tuple[list[Finding], list[str]]:
        found: list[Finding] = []
        counts: list[str] = []
        terms: list[str] = []
        for side, word, of in _SIDES:
            chosen = choose(pair, of)
            path = f"{pair.name}.{word}"
            if side is Side.PARAMETER and chosen is None:
                chosen = _parameters(pair)
                if chosen is None and not any(recorded(of(one)) for one in (*pair.old, *pair.new)):
                    continue
            if chosen is None:
                found.append(_unmatched(pair, side, path, of))
                continue
            try:
                found += self._schemas(side, path, of(chosen.old), of(chosen.new), chosen.new.coerce)
            except RecursionError:  # fields within fields, by the thousand
                text = f"{path} is nested too deeply to compare"
                found.append(finding(Verdict.UNKNOWN, side, "contract-depth", path, text))
            if side is Side.INPUT:
                found += _route(pair, chosen) + _batch(chosen, path)
            counts.append(counted(len(of(chosen.new).fields), NOUNS[side]))
            cast = _CASTS.get(chosen.new.coerce) if of(chosen.new).kind is SchemaKind.COLUMNS else None
            terms += [str(of(chosen.new).kind), *([cast] if cast else [])]
        text = f"{pair.name}: {', '.join(counts)} ({', '.join(dict.fromkeys(terms))})"
        return found, [text] if counts else []

    def _schemas(self, side: Side, path: str, old: Schema, new: Schema, coerce: str) -> list[Finding]:
        if new.kind is SchemaKind.COLUMNS:
            return Columns(side, path, coerce).compare(old, new)
        if new.kind is SchemaKind.TENSORS:
            return Tensors(side, path, coerce).compare(old, new)
        if new.kind is SchemaKind.JSON:
            return compare_json(side, path, old, new, self._library, declared_only=self._declared_only)
        return compare_modality(side, path, old, new)


def _parameters(pair: Paired) -> Chosen | None:
    """Where a contract is recorded without parameters, there are none: compared as an empty list of them."""
    one, two = (
        next((e for e in group if recorded(e.params)), next((e for e in group if e.declared), None))
        for group in (pair.old, pair.new)
    )
    if one is None or two is None or not (recorded(one.params) or recorded(two.params)):
        return None
    kind = one.params.kind if recorded(one.params) else two.params.kind
    if not recorded(one.params):  # nobody sends what is not there
        none = {"type": "object", "additionalProperties": False}
        one = replace(one, params=Schema(kind, document=none if kind is SchemaKind.JSON else None))
    if not recorded(two.params):
        some = {"type": "object"} if kind is SchemaKind.JSON else None
        two = replace(two, params=Schema(kind, extras=two.inputs.extras, document=some))
    return Chosen(one, two) if one.params.kind is two.params.kind else None


def _unmatched(pair: Paired, side: Side, path: str, of: Callable[[Endpoint], Schema]) -> Finding:
    before, after = kinds(pair.old, of), kinds(pair.new, of)
    if before and after:
        one, two = " and ".join(before), " and ".join(after)
        text = f"{path} was recorded as {one} and is recorded as {two} now: the two cannot be compared"
        return finding(Verdict.UNKNOWN, side, "contract-kind", path, text, one, two)
    which = " and ".join(name for name, had in (("what serves", before), ("the candidate", after)) if not had)
    return finding(Verdict.UNKNOWN, side, "contract-missing", path, f"no contract recorded for {path} of {which}")


def _route(pair: Paired, chosen: Chosen) -> list[Finding]:
    """Where callers send requests to, which does not tell anything between servers that are spoken to differently."""
    old, new = str(chosen.old.route), str(chosen.new.route)
    kept = any(str(one.route) == old for one in pair.new)
    if not old or not new or kept or chosen.old.coerce != chosen.new.coerce:
        return []
    text = (
        f"endpoint `{clean(pair.name)}` moved from {clean(old)} to {clean(new)}: callers of the old address will fail"
    )
    return [finding(Verdict.BREAKING, Side.ENDPOINT, "endpoint-route", pair.name, text, old, new)]


def _batch(chosen: Chosen, path: str) -> list[Finding]:
    old, new = chosen.old.max_batch, chosen.new.max_batch
    if old == new or not old:  # without batches before, a larger one hurts nobody
        return [] if old is not None or new is None else [_batch_unknown(path, old, new)]
    if new is None:
        return [_batch_unknown(path, old, new)]
    if new > old:
        text = f"the largest batch rose from {old} to {new}"
        return [finding(Verdict.COMPATIBLE, Side.INPUT, "batch-raised", path, text, old, new)]
    text = (
        f"the largest batch fell from {old} to {new}: callers that send more at once will fail"
        if new
        else "batches are no longer taken: callers that send them will fail"
    )
    return [finding(Verdict.BREAKING, Side.INPUT, "batch-lowered", path, text, old, new)]


def _batch_unknown(path: str, old: int | None, new: int | None) -> Finding:
    text = "the largest batch is recorded on one side only"
    return finding(Verdict.UNKNOWN, Side.INPUT, "batch-unknown", path, text, old, new)
