"""What a session shows: fleets that follow the cluster, and the truth about the connection."""

from __future__ import annotations

import asyncio

import pytest

from mlcd_tui.demo.access import User
from mlcd_tui.demo.kinds import CONFIGMAPS
from mlcd_tui.domain.errors import BadConfig, Missing
from mlcd_tui.domain.fleet import Freshness, Link
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.domain.rollout import Phase, RolloutDetail
from tests.session.conftest import TOYS, Bench, until

REF = RolloutRef("toy", "default", "alpha")


async def test_the_fleet_follows_additions_changes_and_deletions(bench: Bench) -> None:
    await bench.toy("alpha")
    async with bench.session() as session:
        fleet = await until(session, lambda f: f.complete and f.freshness.link is Link.LIVE)
        assert [row.ref for row in fleet.rows] == [REF]
        await bench.toy("beta")
        await until(session, lambda f: len(f.rows) == 2)
        before = next(row for row in session.fleet.rows if row.ref == REF)
        await bench.patch("beta", {"version": "v2"})
        fleet = await until(session, lambda f: any(row.version == "v2" for row in f.rows))
        assert next(row for row in fleet.rows if row.ref == REF) is before, "an unchanged row is the same object"
        await bench.http.delete(f"{TOYS}/alpha")
        fleet = await until(session, lambda f: len(f.rows) == 1)
        assert fleet.rows[0].ref.name == "beta"


async def test_a_cut_connection_is_stale_and_heals_by_itself(bench: Bench) -> None:
    await bench.toy("alpha")
    async with bench.session() as session:
        await until(session, lambda f: f.freshness.link is Link.LIVE)
        bench.server.faults.failing = 1_000
        bench.server.faults.cut()
        fleet = await until(session, lambda f: f.freshness.link is Link.STALE)
        assert fleet.freshness.reason
        assert fleet.freshness.since is not None
        assert len(fleet.rows) == 1, "what was known stays on the screen"
        bench.server.faults.failing = 0
        await bench.toy("beta")
        fleet = await until(session, lambda f: f.freshness.link is Link.LIVE, 15)
        await until(session, lambda f: len(f.rows) == 2)


async def test_an_object_that_cannot_be_read_is_a_row_and_not_a_gap(bench: Bench) -> None:
    await bench.toy("alpha")
    made = await bench.toy("broken")
    made["metadata"].pop("resourceVersion")
    made["data"] = {"version": ["not", "text"]}
    bench.server.store.update(CONFIGMAPS, made)  # past the rules that a server has for what comes in
    async with bench.session() as session:
        fleet = await until(session, lambda f: len(f.rows) == 2)
        broken = next(row for row in fleet.rows if row.ref.name == "broken")
        assert broken.phase is Phase.UNKNOWN
        assert "cannot be read" in broken.message


async def test_a_user_without_cluster_wide_rights_is_told_to_name_a_namespace(bench: Bench) -> None:
    await bench.toy("alpha")
    bench.server.users[bench.server.token] = User("tenant", namespaces=frozenset({"default"}))
    async with bench.session() as session:
        fleet = await until(session, lambda f: f.freshness.link is Link.FORBIDDEN and bool(f.server))
        assert "-n" in fleet.freshness.reason
    async with bench.session(namespace="default") as session:
        fleet = await until(session, lambda f: f.freshness.link is Link.LIVE and bool(f.server))
        assert len(fleet.rows) == 1


async def test_an_opened_rollout_follows_and_ends(bench: Bench) -> None:
    await bench.toy("alpha")
    seen: list[tuple[RolloutDetail | None, Freshness]] = []
    async with bench.session() as session:
        close = session.open(REF, lambda detail, freshness: seen.append((detail, freshness)))
        await _eventually(lambda: bool(seen) and seen[-1][0] is not None)
        await bench.patch("alpha", {"restarted": "now"})
        await _eventually(lambda: seen[-1][0] is not None and seen[-1][0].rollout.message == "now")
        await bench.http.delete(f"{TOYS}/alpha")
        await _eventually(lambda: seen[-1][0] is None)
        await close()


async def test_an_unknown_context_changes_nothing(bench: Bench) -> None:
    await bench.toy("alpha")
    async with bench.session() as session:
        await until(session, lambda f: f.complete and bool(f.server))
        with pytest.raises(BadConfig, match="demo"):
            await session.use(context="nowhere")
        assert len(session.fleet.rows) == 1
        await session.use(namespace="elsewhere")
        fleet = await until(session, lambda f: f.complete and f.freshness.link is Link.LIVE and bool(f.server))
        assert (fleet.namespace, fleet.rows) == ("elsewhere", ())


async def test_a_name_that_nothing_has_is_said_with_what_to_do(bench: Bench) -> None:
    async with bench.session(start=False) as session:
        with pytest.raises(Missing, match="rollouts list"):
            await session.find("default", "nothing")


async def test_a_server_that_was_never_there_is_down_with_a_reason(bench: Bench) -> None:
    await bench.server.stop()
    async with bench.session() as session:
        fleet = await until(session, lambda f: f.freshness.link is Link.DOWN, 10)
        assert "refused" in fleet.freshness.reason.lower()


async def _eventually(true: object, seconds: float = 5.0) -> None:
    assert callable(true)
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.01)
