"""Evidence beside a decision: each gate is passed, failed or unknown, with its reason and age."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mlcd_tui.domain.text import Clean


class GateState(StrEnum):
    """What the evidence says."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Gate:
    """One piece of evidence."""

    name: Clean
    state: GateState
    reason: Clean
    required: bool = False
    """A required gate that is not passed blocks the act (never a way back)."""
    at: datetime | None = None
    """When the evidence was made; None: it is live."""


def blocking(gates: tuple[Gate, ...]) -> tuple[Gate, ...]:
    """The required gates that are not passed."""
    return tuple(gate for gate in gates if gate.required and gate.state is not GateState.PASSED)


def ordered(gates: tuple[Gate, ...]) -> tuple[Gate, ...]:
    """Unmet required first, then failed, unknown, passed; as given within each."""
    weight = {GateState.FAILED: 0, GateState.UNKNOWN: 1, GateState.PASSED: 2}
    return tuple(sorted(gates, key=lambda g: (not (g.required and g.state is not GateState.PASSED), weight[g.state])))
