"""What waits to be accepted in one check of a plan: answers of a snapshot, or a contract beside its lock."""

from __future__ import annotations

from pathlib import Path

from mlcd_tui.checks.accepting import Acceptance, Accepted, accept, accept_lock, received_beside
from mlcd_tui.checks.kinds._snapshot_cases import cases
from mlcd_tui.checks.plan import Plan
from mlcd_tui.domain.errors import BadConfig, Missing
from mlcd_tui.domain.text import clean


def accept_check(plan: Plan, check: str, acceptance: Acceptance, case: str = "") -> tuple[Accepted, ...]:
    """Accept what waits in a check: one case, or (empty) all of it.

    Raises:
        BadConfig: no such check, it approves nothing, or no reason is given.
        Missing: nothing waits.
        Conflict: what waits is another image's, or was changed since it was received.
        Unreadable: a file cannot be read or written.
    """
    (planned,) = plan.only((check,))
    spec, folder = planned.spec, Path(plan.folder)
    place, lock = getattr(spec, "cases", None), getattr(spec, "lock", None)
    if place:
        waiting = [case] if case else [one.name for one in cases(folder / place) if one.received() is not None]
        if not waiting:
            raise _nothing(check)
        return tuple(accept(folder / place, name, acceptance) for name in waiting)
    if lock:
        if not received_beside(folder / lock).exists():
            raise _nothing(check)
        return (accept_lock(folder / lock, acceptance),)
    raise BadConfig(f"Check {clean(check)} is {planned.kind}: it approves nothing, so there is nothing to accept.")


def _nothing(check: str) -> Missing:
    return Missing(f"Nothing waits to be accepted in {clean(check)}.", advice="Run the check on the new image first.")
