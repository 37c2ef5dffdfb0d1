"""Kinds of media: the coarsest contract, which can break but never prove that anything fits."""

from __future__ import annotations

from mlcd_tui.domain.compatibility.rules import NOUNS, finding
from mlcd_tui.domain.schema import Schema
from mlcd_tui.domain.verdict import Finding, Side, Verdict


def compare_modality(side: Side, path: str, old: Schema, new: Schema) -> list[Finding]:
    """Findings between two sets of media."""
    consumed, noun = side is not Side.OUTPUT, NOUNS[side]
    before, after = (", ".join(sorted(schema.modalities)) for schema in (old, new))
    found = []
    for name in sorted(old.modalities - new.modalities):
        text = f"{noun} of {name} is no longer {'taken' if consumed else 'given'}: callers that rely on it will fail"
        found.append(finding(Verdict.BREAKING, side, "modality-removed", path, text, before, after))
    for name in sorted(new.modalities - old.modalities):
        verdict = Verdict.COMPATIBLE if consumed else Verdict.BREAKING
        text = f"{noun} of {name} is new" if consumed else f"output of {name} is new: callers do not expect it"
        found.append(finding(verdict, side, "modality-added", path, text, before, after))
    text = f"only the kinds of media are recorded for {path} ({after}): what is inside cannot be compared"
    return [*found, finding(Verdict.UNKNOWN, side, "modality-only", path, text, before, after)]
