"""Which check plan is in force for an image, by the settings: read when asked for, again when its files change."""

from __future__ import annotations

import asyncio
import fnmatch
import time
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from mlcd_tui.config.settings import CheckSettings
from mlcd_tui.domain.check_standing import Awaited, InForce
from mlcd_tui.domain.errors import Problem
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.session.package_hosts import repository

if TYPE_CHECKING:
    from mlcd_tui.checks.plan import Plan

_FRESH = 1.0
"""Seconds for which a plan's files are not looked at again: many rollouts share a plan."""


@dataclass(frozen=True, slots=True)
class Judging:
    """By what evidence is judged."""

    plan: InForce = field(default_factory=InForce)
    problem: Clean = Clean("")
    """Why the plan that is in force cannot be used; empty: it can, or there is none."""


NOBODY_S = Judging()
"""Where no plan is known to be in force."""


@dataclass(slots=True)
class _Known:
    judging: Judging
    looked: float
    plan: Plan | None = None
    stamp: object = None


class PlansInForce:
    """Plans by the settings.

    Args:
        settings: which plan is in force where, and which checks must be met whatever the plan.
    """

    def __init__(self, settings: CheckSettings) -> None:
        self._settings = settings
        self._known: dict[str, _Known] = {}
        self._reading = asyncio.Lock()

    def path(self, image: str, workload: str) -> str:
        """Path of the plan in force; empty: none is named.

        Args:
            image: as the pod template names it.
            workload: `namespace/name`.
        """
        names = (repository(image), workload)
        fits = (path for pattern, path in self._settings.plans.items() if _fits(pattern, names))
        return next(fits, self._settings.plan)

    async def of(self, image: str, workload: str) -> Judging:
        """By what the evidence of an image is judged. Never raises `Problem`."""
        path = self.path(image, workload)
        judging = await self._read(path) if path else NOBODY_S
        if not self._settings.required_checks:
            return judging
        return replace(judging, plan=_demanding(judging.plan, self._settings.required_checks, known=bool(path)))

    async def _read(self, path: str) -> Judging:
        async with self._reading:  # who asks at the same time needs it read once
            known = self._known.get(path)
            if known is not None and time.monotonic() - known.looked < _FRESH:
                return known.judging
            self._known[path] = await asyncio.to_thread(_read, path, known)
            return self._known[path].judging


def _fits(pattern: str, names: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for name in names if name)


def _read(path: str, known: _Known | None) -> _Known:
    """In a thread: what reads plans takes a tenth of a second to import, and snapshots may be large."""
    from mlcd_tui.checks.plan import load_plan

    now = time.monotonic()
    try:
        if known is not None and known.plan is not None and known.plan.stamp() == known.stamp:
            return replace(known, looked=now)
        plan = load_plan(path)
        stamp = plan.stamp()
    except Problem as problem:
        return _Known(Judging(problem=clean(f"The plan in force cannot be used: {problem}")), now)
    checks = tuple(Awaited(clean(each.name), each.kind, each.required, each.digest) for each in plan.checks)
    max_age = None if plan.max_age is None else timedelta(seconds=plan.max_age)
    return _Known(Judging(InForce(plan.digest, checks, max_age)), now, plan, stamp)


def _demanding(plan: InForce, names: tuple[str, ...], *, known: bool) -> InForce:
    """The plan with these checks required, whether it has them or not."""
    wanted = set(names)
    own = tuple(replace(each, required=True) if each.name in wanted else each for each in plan.checks)
    more = tuple(Awaited(clean(name), "") for name in dict.fromkeys(names) if name not in {each.name for each in own})
    return replace(plan, checks=(*own, *more), exhaustive=known and bool(plan.digest))
