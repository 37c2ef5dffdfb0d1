"""Asks the cluster what a version's pods use, where the source of the numbers does not tell."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from mlcd_tui.domain.errors import Problem, Unreachable
from mlcd_tui.domain.traffic import VersionTraffic

_PATIENCE = 2.0
"""Seconds: the numbers of the traffic wait for it, and an approval for them."""

Get = Callable[[str], Awaitable[Any]]
"""GET a path of the API server as JSON. Raises `Problem`."""


async def used(get: Get | None, versions: Sequence[VersionTraffic]) -> tuple[VersionTraffic, ...]:
    """The versions, each with processor and memory or why they are not known. Never raises."""
    from mlcd_tui.metrics import pod_usage

    answers: dict[str, Any] = {}
    told = []
    for version in versions:
        target = pod_usage.lacking(version)
        if target is None or get is None:
            told.append(version)
            continue
        if target.namespace not in answers:
            try:
                async with asyncio.timeout(_PATIENCE):
                    answers[target.namespace] = await get(pod_usage.path_of(target.namespace))
            except TimeoutError:
                answers[target.namespace] = Unreachable(f"it did not within {_PATIENCE:g} s")
            except Problem as problem:
                answers[target.namespace] = problem
        answer = answers[target.namespace]
        if isinstance(answer, Problem):
            told.append(pod_usage.unknown(version, pod_usage.refused(answer)))
        else:
            told.append(pod_usage.with_usage(version, answer))
    return tuple(told)
