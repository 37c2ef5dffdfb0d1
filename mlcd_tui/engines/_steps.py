"""The steps that a promotion goes through where its controller knows none: an annotation names them."""

from __future__ import annotations

from typing import Final

from mlcd_tui.engines._json import maybe_integer, text

STEPS: Final = "mlcd.dev/steps"
"""Annotation of a route or a model: percents of live traffic that a promotion goes through, `20,60,100`."""
USUAL: Final = (10, 25, 50, 100)
"""Where the annotation names none."""
_MOST = 32


def steps_of(noted: object) -> tuple[int, ...]:
    """Percents that an annotation's value names, rising, the last is 100; the usual ones where it names none."""
    parts = text(noted).replace("%", "").split(",")[:_MOST]
    named = sorted({n for part in parts if (n := maybe_integer(part.strip())) is not None and 0 < n < 100})
    return (*named, 100) if named else USUAL
