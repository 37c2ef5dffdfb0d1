"""What comparing two signatures or packages comes to; the rules are in `compatibility` and `package_diff`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from mlcd_tui.domain.text import Clean

if TYPE_CHECKING:  # the first picture needs the verdicts, not thirty value classes
    from mlcd_tui.domain.package import ModelPackage


class Verdict(StrEnum):
    """Whether a candidate may stand in for what serves. The worst finding decides: breaking, then unknown."""

    COMPATIBLE = "compatible"
    """Proven: what callers send today is accepted, what they get they already could get."""
    UNKNOWN = "unknown"
    """Not provable either way: a schema is missing, or a rule does not reach it."""
    BREAKING = "breaking"


class Side(StrEnum):
    """Who is hurt by a change."""

    INPUT = "input"
    """Callers produce, the model consumes: the new one must accept all that the old one did."""
    OUTPUT = "output"
    """The model produces, callers consume: the new one may only give what the old one could."""
    PARAMETER = "parameter"
    ENDPOINT = "endpoint"


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference and what it means for callers."""

    verdict: Verdict
    side: Side
    rule: str
    """Stable id, such as `column-required-added`; listed in docs/compatibility.md."""
    path: Clean
    """Where: `predict.inputs.age`, `predict.outputs/items/score`."""
    sentence: Clean
    """For the eye: ``input `age` became required: callers that omit it will fail``."""
    before: Clean = Clean("")
    after: Clean = Clean("")


@dataclass(frozen=True, slots=True)
class Compatibility:
    """The verdict on a candidate's signature against the serving one."""

    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    """Worst first; empty only when nothing differs (compatible) ."""
    checked: Clean = Clean("")
    """Which contract was compared: `predict: 3 inputs, 1 output, 1 parameter (columns, MLflow casts)`."""
    rollback: Verdict = Verdict.UNKNOWN
    """The same, with the two exchanged: whether going back afterwards is safe for callers that moved on."""

    @property
    def headline(self) -> str:
        """One line: the verdict and its first reason."""
        worst = next((f.sentence for f in self.findings if f.verdict is self.verdict), "")
        if self.verdict is Verdict.COMPATIBLE:
            return str(self.checked) or "nothing that callers use has changed"
        return str(worst)


class Judgement(StrEnum):
    """What a difference of two packages means."""

    BETTER = "better"
    WORSE = "worse"
    SAME = "same"
    """Equal, or within noise."""
    CHANGED = "changed"
    """Different, with no better or worse to it."""
    ADDED = "added"
    REMOVED = "removed"
    MAJOR = "major"
    """A dependency's major version changed."""


class Section(StrEnum):
    """The parts of a diff, in the order shown."""

    SCHEMA = "schema"
    METRICS = "metrics"
    DATA = "data"
    PARAMETERS = "parameters"
    DEPENDENCIES = "dependencies"
    ARTIFACT = "artifact"
    PROVENANCE = "provenance"
    GENERAL = "general"


@dataclass(frozen=True, slots=True)
class Difference:
    """One line of a diff."""

    section: Section
    label: Clean
    before: Clean
    after: Clean
    judgement: Judgement
    note: Clean = Clean("")
    """Such as `+0.012, noise ±0.02`."""


@dataclass(frozen=True, slots=True)
class PackageDiff:
    """A candidate against what serves."""

    serving: ModelPackage
    candidate: ModelPackage
    compatibility: Compatibility
    differences: tuple[Difference, ...] = ()
    """By section; what is the same is left out, but for metrics, which are all there."""
    headline: tuple[Clean, ...] = field(default=())
    """At most four short sentences after the schema's: metrics, data, code, dependencies."""
