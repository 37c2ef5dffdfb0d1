"""Background work that must not end: a fault of ours is told, never mistaken for calm."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar

from mlcd_tui.domain.text import Clean, clean

T = TypeVar("T")
_log = logging.getLogger(__name__)


def tell_all(listeners: Iterable[Callable[[T], None]], news: T) -> None:
    """Tell each; one that fails is recorded, and keeps the news neither from the others nor from the next time."""
    for listener in tuple(listeners):
        try:
            listener(news)
        except Exception:  # noqa: BLE001 - the boundary: whoever tells goes on
            _log.exception("a listener failed")


def begin(work: Coroutine[Any, Any, None], name: str, on_fault: Callable[[Clean], None]) -> asyncio.Task[None]:
    """Run `work` until it is cancelled. Should it raise, the log file has the story and `on_fault` one sentence."""

    def ended(task: asyncio.Task[None]) -> None:
        if task.cancelled() or (fault := task.exception()) is None:
            return
        _log.error("%s failed", name, exc_info=fault)
        on_fault(clean(f"mlcd-tui failed at: {name} ({type(fault).__name__}). Press ctrl+r to begin anew."))

    task = asyncio.create_task(work, name=name)
    task.add_done_callback(ended)
    return task
