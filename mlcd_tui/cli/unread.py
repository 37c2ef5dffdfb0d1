"""Ends what prints for ever once nobody reads it: the next change, when the pipe would say so, may be hours away."""

from __future__ import annotations

import asyncio
import errno
import os
import stat
import sys
from collections.abc import Awaitable


async def while_read(work: Awaitable[None]) -> None:
    """Do `work` until it ends, or until the reader of standard output is gone (`| head`).

    Raises:
        BrokenPipeError: the reader is gone, as if something had been printed just then.
    """
    task = asyncio.ensure_future(work)
    loop, fd = asyncio.get_running_loop(), _pipe()
    gone = asyncio.Event()

    def closed() -> None:
        gone.set()
        task.cancel()

    if fd is not None:
        # Nothing can be read from a pipe's writing end: what wakes a reader of it is that the other end was closed.
        loop.add_reader(fd, closed)
    try:
        await task
    except asyncio.CancelledError:
        if not gone.is_set():
            task.cancel()
            raise
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)) from None
    finally:
        if fd is not None:
            loop.remove_reader(fd)


def _pipe() -> int | None:
    try:
        fd = sys.stdout.fileno()
        return fd if stat.S_ISFIFO(os.fstat(fd).st_mode) else None
    except (OSError, ValueError):  # closed, or not of this system
        return None
