"""Time of the simulated cluster."""

from __future__ import annotations

import asyncio

import pytest

from mlcd_tui.demo.clock import Clock, stamp, unix


async def test_events_come_in_order_and_faster_by_the_factor() -> None:
    clock, said = Clock(speed=50), list[str]()
    clock.after(4, lambda: said.append("later"))
    clock.start()
    clock.after(1, lambda: said.append("sooner"))
    await asyncio.sleep(0.15)
    clock.stop()
    assert said == ["sooner", "later"]


async def test_an_event_that_fails_does_not_stop_the_time(caplog: pytest.LogCaptureFixture) -> None:
    clock, said = Clock(), list[str]()
    clock.start()
    clock.after(0.0, lambda: said[1])
    clock.after(0.02, lambda: said.append("after"))
    await asyncio.sleep(0.1)
    clock.stop()
    assert said == ["after"]
    assert [record.name for record in caplog.records] == ["mlcd_tui.demo.clock"]


def test_the_past_is_lived_through_at_its_own_times() -> None:
    clock, seen = Clock(), list[float]()
    present = clock.now()
    clock.go_back(7200)

    def first() -> None:
        seen.append(clock.now())
        clock.after(3600, lambda: seen.append(clock.now()))

    clock.after(60, first)
    clock.after(9000, lambda: seen.append(0.0))
    clock.catch_up()
    assert [round(at - present) for at in seen] == [60 - 7200, 3660 - 7200]
    assert abs(clock.now() - present) < 5


def test_time_texts_are_whole_seconds_in_utc() -> None:
    assert stamp(0.9) == "1970-01-01T00:00:00Z"
    assert unix("2026-01-02T03:04:05Z") == 1767323045
