"""Whoever watches into a pipe stops when the reader does, although nothing changes any more."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

import pytest

from mlcd_tui.cli.unread import while_read


@contextmanager
def standard_output() -> Iterator[int]:
    """A pipe in its place; the reading end, which the test closes."""
    there, here = os.pipe()
    with os.fdopen(here, "w") as stdout, redirect_stdout(stdout):
        yield there


async def test_it_ends_when_the_reader_goes() -> None:
    ended = asyncio.Event()

    async def quiet() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    with standard_output() as reader:
        watching = asyncio.create_task(while_read(quiet()))
        await asyncio.sleep(0.05)
        assert not watching.done()
        os.close(reader)
        with pytest.raises(BrokenPipeError):
            await asyncio.wait_for(watching, 10)
    assert ended.is_set()


async def test_it_ends_by_itself_and_when_it_is_called_off() -> None:
    async def short() -> None:
        await asyncio.sleep(0)

    async def long() -> None:
        await asyncio.Event().wait()

    with standard_output() as reader:
        await while_read(short())
        watching = asyncio.create_task(while_read(long()))
        await asyncio.sleep(0.01)
        watching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await watching
        os.close(reader)
