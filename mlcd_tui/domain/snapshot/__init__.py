"""An answer beside the approved one: tolerances, order, classes and text, and how far the two are apart.

Pure. Whatever is compared, nothing is ever raised and the cost is bounded. docs/checks-snapshots.md tells the rules.
"""

from mlcd_tui.domain.snapshot.compare import compare, compare_bytes
from mlcd_tui.domain.snapshot.paths import BadPathError
from mlcd_tui.domain.snapshot.result import Comparison, Deviation, DeviationKind, Output
from mlcd_tui.domain.snapshot.rules import (
    BY_DTYPE,
    ClassRule,
    NanPolicy,
    Order,
    PathRule,
    Rules,
    TextMode,
    TextRule,
    Tolerance,
    TypePolicy,
)
from mlcd_tui.domain.snapshot.spread import Spread, spread

__all__ = [
    "BY_DTYPE",
    "BadPathError",
    "ClassRule",
    "Comparison",
    "Deviation",
    "DeviationKind",
    "NanPolicy",
    "Order",
    "Output",
    "PathRule",
    "Rules",
    "Spread",
    "TextMode",
    "TextRule",
    "Tolerance",
    "TypePolicy",
    "compare",
    "compare_bytes",
    "spread",
]
