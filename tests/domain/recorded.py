"""Every recorded state, read by its engine."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from mlcd_tui.domain.refs import EVENTS
from mlcd_tui.domain.rollout import RolloutDetail
from mlcd_tui.engines.argo import ENGINE as ARGO
from tests.engines import argo_recorded, test_deployment_recorded

STATES = [f"argo/{name}" for name in argo_recorded.names()] + [
    f"deployment/{name}" for name in test_deployment_recorded.STATES
]


def opened(state: str) -> tuple[RolloutDetail, datetime]:
    """The detail of one state, and when it was recorded."""
    engine, _, name = state.partition("/")
    if engine == "deployment":
        return test_deployment_recorded.opened(name), test_deployment_recorded.recorded(name)[2]
    now = argo_recorded.now(name)
    objects = argo_recorded.objects(name)
    detail = ARGO.observe(argo_recorded.ref(name), {**objects, EVENTS: objects.get(EVENTS, [])}, now)
    assert detail is not None
    return detail, now


def every() -> Iterator[tuple[str, RolloutDetail, datetime]]:
    """All of them."""
    for state in STATES:
        yield (state, *opened(state))
