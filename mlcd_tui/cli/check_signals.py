"""What ends the program while containers run: they go first, it is told in one line, and the exit code says why."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

import click

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


def _heeded() -> tuple[signal.Signals, ...]:
    """Those that this system has and that whoever started us did not tell us to ignore, as nohup does."""
    known = (getattr(signal, name) for name in _NAMES if hasattr(signal, name))
    return tuple(each for each in known if signal.getsignal(each) is not signal.SIG_IGN)


@contextmanager
def calling_off() -> Iterator[None]:
    """A signal calls the task off in which the context is, once; what it cleans up is waited for.

    Ends with `SystemExit` of 128 and the signal's number. A second signal ends the program at once.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    caught: list[signal.Signals] = []

    def hear(number: signal.Signals) -> None:
        if caught:
            _tell(f"{number.name} again: what is left on the Docker Engine is removed when checks run next.")
            os._exit(128 + number)
        caught.append(number)
        _tell(f"{number.name}: the checks are called off and their containers removed; nothing is kept of this run.")
        task.cancel()

    heeded = _heeded()
    with suppress(NotImplementedError):  # on Windows there is only ctrl+c, which asyncio answers by itself
        for number in heeded:
            loop.add_signal_handler(number, hear, number)
    try:
        yield
    except asyncio.CancelledError:
        if not caught:
            raise
        raise SystemExit(128 + caught[0]) from None
    finally:
        with suppress(NotImplementedError):
            for number in heeded:
                loop.remove_signal_handler(number)


@contextmanager
def ending_cleanly() -> Iterator[None]:
    """The same where no loop runs: a signal ends the program by an exception, so that what is open is closed."""

    def hear(number: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, hear) for number in _heeded()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _tell(text: str) -> None:
    with suppress(OSError):  # after SIGHUP there may be nobody to read it
        click.echo(f"mlcd-tui: {text}", err=True)
        sys.stderr.flush()
