"""Every rule by its stable id, with the sides it speaks of; docs/compatibility.md tells what each means."""

from __future__ import annotations

from mlcd_tui.domain.schema import Schema
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.domain.verdict import Finding, Side, Verdict

RULES = frozenset(
    {
        "contract-missing", "contract-kind", "contract-depth", "endpoint-removed", "endpoint-added", "endpoint-route",
        "batch-lowered", "batch-raised", "batch-unknown", "modality-removed", "modality-added", "modality-only",
        "column-required-added", "column-optional-added", "column-output-added", "column-removed", "column-reordered",
        "column-required", "column-optional", "column-nullable", "column-not-null", "column-null-unknown",
        "column-type", "column-type-unknown", "column-choices", "column-range", "column-default", "column-position",
        "tensor-type", "tensor-transport", "tensor-text", "tensor-rank", "tensor-dim", "tensor-shape-unknown",
        "tensor-symbols", "tensor-required-added", "tensor-optional-added", "tensor-output-added", "tensor-removed",
        "tensor-required", "tensor-optional", "tensor-reordered", "tensor-default", "tensor-choices", "tensor-range",
        "json-required", "json-optional", "json-property-added", "json-property-declared", "json-property-removed",
        "json-closed", "json-names", "json-type", "json-enum", "json-range", "json-multiple", "json-length",
        "json-pattern", "json-format", "json-items", "json-unique", "json-contains", "json-dependent",
        "json-alternatives", "json-unreadable", "json-loosened", "json-narrowed", "json-default", "json-too-large",
    }
)  # fmt: skip
"""All rule ids that a finding may carry."""

NOUNS = {Side.INPUT: "input", Side.OUTPUT: "output", Side.PARAMETER: "parameter", Side.ENDPOINT: "endpoint"}
_ORDER = {Verdict.BREAKING: 0, Verdict.UNKNOWN: 1, Verdict.COMPATIBLE: 2}


def finding(
    verdict: Verdict, side: Side, rule: str, path: str, sentence: str, before: object = "", after: object = ""
) -> Finding:
    """A finding with all its text made harmless."""
    if rule not in RULES:
        raise ValueError(rule)
    return Finding(
        verdict, side, rule, clean(path), clean(sentence, limit=400), clean(before, limit=200), clean(after, limit=200)
    )


def worst_first(findings: list[Finding]) -> tuple[Finding, ...]:
    """In order of weight, else as they were found; what was found twice once."""
    return tuple(sorted(dict.fromkeys(findings), key=lambda found: _ORDER[found.verdict]))


def worst(findings: tuple[Finding, ...]) -> Verdict:
    """The verdict that findings come to."""
    return min((found.verdict for found in findings), key=_ORDER.__getitem__, default=Verdict.COMPATIBLE)


def quoted(name: str, place: int | None = None) -> str:
    """A name for a sentence; what has none goes by its place."""
    if name:
        return f"`{clean(name, limit=80)}`"
    return "" if place is None else f"number {place + 1}"


def counted(number: int, noun: str) -> Clean:
    """`1 input`, `3 inputs`."""
    return clean(f"{number} {noun}{'' if number == 1 else 's'}")


def recorded(schema: Schema) -> bool:
    """Whether there is anything to compare: a live server that lists no tensors has not told any."""
    if schema.kind == "none":
        return False
    if schema.kind == "json":
        return schema.document is not None
    if schema.kind == "modality":
        return bool(schema.modalities)
    return bool(schema.fields)
