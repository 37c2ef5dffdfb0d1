"""Whoever types faster than a field opens finds what was typed in the field: whole, in order, and nothing acted."""

from __future__ import annotations

import asyncio

from hypothesis import example, given, settings
from hypothesis import strategies as st
from textual.events import Key
from textual.pilot import Pilot
from textual.widgets import Input

from mlcd_tui.ui.screens.fleet import FleetScreen
from mlcd_tui.ui.screens.rollout import RolloutScreen
from tests.ui.fake_session import FakeSession, make_app, story

TYPED = "ns:payments quarantined-models-p.b.a.u"


def burst(pilot: Pilot[None], key: str) -> None:
    """A key as a terminal sends it: nobody waits for what the ones before it do."""
    name = {" ": "space", "/": "slash"}.get(key, key)
    pilot.app.post_message(Key(name, {"slash": "/"}.get(key, key) if len(key) == 1 or key == "slash" else None))


async def arrived(pilot: Pilot[None], box: Input) -> None:
    """Wait until as many letters stand in the field as were typed; a lost one ends the waiting after a while."""
    for _ in range(100):
        await pilot.pause()
        if len(box.value) == len(TYPED):
            return
        await asyncio.sleep(0.02)


@settings(max_examples=15, deadline=None)
@given(pauses=st.lists(st.integers(0, 6), min_size=len(TYPED) + 1, max_size=len(TYPED) + 1))
@example(pauses=[1] * (len(TYPED) + 1))
async def test_a_filter_typed_in_one_go_stands_in_order(pauses: list[int]) -> None:
    """`pauses`: turns of the loop after each key."""
    session = FakeSession(story())
    async with make_app(session).run_test(size=(120, 30)) as pilot:
        await pilot.pause()
        for character, turns in zip(f"/{TYPED}", pauses, strict=True):
            burst(pilot, character)
            for _ in range(turns):
                await asyncio.sleep(0)
        box = pilot.app.screen.query_one("#filter", Input)
        await arrived(pilot, box)
        assert box.value == TYPED
        assert isinstance(pilot.app.screen, FleetScreen)
        assert session.proposed == []


@settings(max_examples=10, deadline=None)
@given(pauses=st.lists(st.integers(0, 4), min_size=20, max_size=20))
@example(pauses=[0] * 20)
@example(pauses=[1] * 20)
async def test_backspaces_enter_and_an_act_do_what_they_do_when_typed_slowly(pauses: list[int]) -> None:
    session = FakeSession(story())
    async with make_app(session).run_test(size=(120, 30)) as pilot:
        await pilot.pause()
        for key, turns in zip(("slash", *"ns:pax", "backspace", *"yment", "enter", "enter"), pauses, strict=False):
            burst(pilot, key)
            for _ in range(turns):
                await asyncio.sleep(0)
        for _ in range(100):
            await pilot.pause()
            if isinstance(pilot.app.screen, RolloutScreen):
                break
            await asyncio.sleep(0.02)
        assert isinstance(pilot.app.screen, RolloutScreen)
        assert pilot.app.screen_stack[0].query_one("#filter", Input).value == "ns:payment"
