"""What is let pass when a shadow is compared, and how much has to be known before anything is."""

from __future__ import annotations

from dataclasses import dataclass

from mlcd_tui.domain.comparison.intervals import needed
from mlcd_tui.domain.errors import BadConfig


@dataclass(frozen=True, slots=True)
class Limits:
    """What is let pass."""

    max_mismatch: float = 0.005
    """Share of pairs that may differ beyond the noise."""
    latency_ms: float | None = None
    """How much slower the median may be; None: a tenth of production's median, at least 5 ms."""
    coverage: float = 0.95
    """Share of the expected pairs below which nothing is ever equal."""
    examples: int = 20
    """Worst pairs that are kept."""

    def __post_init__(self) -> None:
        """Raises `BadConfig` for limits that no number of pairs could ever meet."""
        if not 0 < self.max_mismatch < 1:
            raise BadConfig(
                f"A largest mismatch of {self.max_mismatch:.3g} can never be shown: it has to be above 0 and below 1.",
                advice="Name a small share, such as 0.1%.",
            )
        if self.latency_ms is not None and not 0 <= self.latency_ms < 1e9:
            raise BadConfig(f"A latency limit of {self.latency_ms:g} ms cannot be used.")

    @property
    def needed(self) -> int:
        """Pairs that it takes at least."""
        return needed(self.max_mismatch)

    def latency(self, production_median: float) -> float:
        """Milliseconds that the shadow's median may be slower."""
        return max(5.0, production_median / 10) if self.latency_ms is None else self.latency_ms
