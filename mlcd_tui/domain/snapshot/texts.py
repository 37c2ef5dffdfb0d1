"""Whether two texts are the same by a rule; linear in their length."""

from __future__ import annotations

from collections import Counter

from mlcd_tui.domain.snapshot.rules import TextMode, TextRule

_MOST = 200_000
"""Characters that similarity looks at; what follows has to be equal."""


def objection(rule: TextRule, approved: str, answer: str) -> str:
    """Why the two are not the same; empty when they are."""
    if approved == answer:
        return ""
    if rule.mode is TextMode.WHITESPACE:
        return "" if approved.split() == answer.split() else "another text"
    if rule.mode is TextMode.SIMILARITY:
        alike = similarity(approved[:_MOST], answer[:_MOST])
        if alike >= rule.minimum and approved[_MOST:] == answer[_MOST:]:
            return ""
        return f"similarity {alike:.3f}, at least {rule.minimum:g} is asked"
    return "another text"


def similarity(one: str, two: str) -> float:
    """Share of common three-character pieces, 0 to 1 (Dice); white space counts as one blank, case matters."""
    first, second = _pieces(one), _pieces(two)
    pieces = first.total() + second.total()
    return 2 * (first & second).total() / pieces if pieces else 1.0


def _pieces(text: str) -> Counter[str]:
    padded = f"  {' '.join(text.split())}  "
    return Counter(padded[at : at + 3] for at in range(len(padded) - 2)) if padded.strip() else Counter()
