"""When `not worse` is no good news: what serves fails itself. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from mlcd_tui.domain.significance import share_of, wilson
from mlcd_tui.domain.text import clean
from mlcd_tui.domain.traffic import Judgement, Significance

if TYPE_CHECKING:
    from mlcd_tui.metrics.reader import Counted

_FAILING = 0.05
"""A share of failures above which nobody is well who is not worse."""
_NEWEST = 2
"""Stretches that are called now: verdicts are some time behind, and what began to fail meanwhile is told at once."""


def cautious(
    verdicts: Iterable[Significance], since_switch: Iterable[Significance], serves: Counted | None
) -> tuple[Significance, ...]:
    """The verdicts, the good ones with a caution where what serves fails.

    Args:
        verdicts: on the new version, or on what serves since a switch.
        since_switch: those on what serves, while a switch is watched.
        serves: the newest counts of what serves; None: not known.
    """
    told = _fails(serves)
    if not told and any(one.judgement is Judgement.WORSE for one in since_switch):
        told = "what serves answers worse since the switch"
    return tuple(
        replace(one, caution=clean(told)) if one.judgement is Judgement.NOT_WORSE and told else one for one in verdicts
    )


def _fails(serves: Counted | None) -> str:
    if serves is None or serves.failed is None:
        return ""
    stretches = [
        (bad, all_) for bad, all_ in zip(serves.failed, serves.requests, strict=True) if bad is not None and all_
    ]
    newest = (sum(bad for bad, _ in stretches[-_NEWEST:]), sum(all_ for _, all_ in stretches[-_NEWEST:]))
    if wilson(*newest)[0] <= _FAILING:
        return ""
    return f"what serves fails itself, {share_of(newest) * 100:.2g} % of its newest {newest[1]:,} answers"
