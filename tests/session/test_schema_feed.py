"""The fleet's word on schemas: it comes by itself, follows what is published, and costs nothing at rest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mlcd_tui.demo.access import User
from mlcd_tui.domain.fleet import Fleet
from mlcd_tui.domain.verdict import Verdict
from tests.session.conftest import until
from tests.session.models import MAPS, NEW, OLD, REF, Lane, lane, model


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Lane]:
    async with lane(tmp_path) as made:
        yield made


def says(verdict: Verdict, words: str = "") -> object:
    def test(fleet: Fleet) -> bool:
        note = fleet.schemas.get(REF)
        return note is not None and note.verdict is verdict and words in note.sentence

    return test


async def test_a_publish_shows_on_screen_by_itself(here: Lane) -> None:
    await here.publish(OLD, model("1", "age?"))
    session = here.session()
    try:
        await session.start()
        fleet = await until(session, says(Verdict.UNKNOWN, f"no package is published for {NEW}"))  # type: ignore[arg-type]
        assert set(fleet.schemas) == {REF}, "the rollout at rest has no note"
        rows = fleet.rows
        await here.publish(NEW, model("2", "age"))
        broken = await until(session, says(Verdict.BREAKING, "`age` became required"))  # type: ignore[arg-type]
        assert all(before is after for before, after in zip(rows, broken.rows, strict=True)), "rows are not made anew"
        await here.publish(NEW, model("2.1", "age?"))
        await until(session, says(Verdict.COMPATIBLE))  # type: ignore[arg-type]
        (await here.http.delete(f"{MAPS}/mlcd-package-{NEW[7:47]}")).raise_for_status()
        await until(session, says(Verdict.UNKNOWN, "no package is published"))  # type: ignore[arg-type]
    finally:
        await session.stop()


async def test_notes_go_with_the_rollout_that_they_are_of(here: Lane) -> None:
    await here.publish(OLD, model("1", "age"))
    await here.publish(NEW, model("2", "age"))
    session = here.session()
    try:
        await session.start()
        await until(session, says(Verdict.COMPATIBLE))  # type: ignore[arg-type]
        path = "/apis/argoproj.io/v1alpha1/namespaces/ml/rollouts/scorer/status"
        headers = {"Content-Type": "application/merge-patch+json"}
        answer = await here.http.patch(path, json={"status": {"pauseConditions": None}}, headers=headers)
        answer.raise_for_status()
        await until(session, lambda fleet: not fleet.schemas)
    finally:
        await session.stop()


async def test_a_fleet_at_rest_asks_for_nothing(here: Lane) -> None:
    (await here.http.delete("/apis/argoproj.io/v1alpha1/namespaces/ml/rollouts/scorer")).raise_for_status()
    session = here.session()
    try:
        await session.start()
        await until(session, lambda fleet: fleet.complete and len(fleet.rows) == 1)
        await asyncio.sleep(0.6)
        assert session.packages.side is None, "no package was looked for, no ConfigMap watched"
    finally:
        await session.stop()


async def test_who_may_see_only_one_namespace_still_sees_its_schemas(here: Lane) -> None:
    await here.publish(OLD, model("1", "age"))
    await here.publish(NEW, model("2", "age"))
    here.server.users[here.server.token] = User("tenant", namespaces=frozenset({"ml"}))
    session = here.session(namespace="ml")
    try:
        await session.start()
        await until(session, says(Verdict.COMPATIBLE))  # type: ignore[arg-type]
    finally:
        await session.stop()
