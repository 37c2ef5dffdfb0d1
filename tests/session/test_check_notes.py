"""The fleet's word on checks: of the digest that is on its way, anew when evidence comes, cheap while none does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mlcd_tui.checks.evidence.cluster import LABEL, cluster_document, config_map_name
from mlcd_tui.checks.evidence.reading import seal_with
from mlcd_tui.checks.evidence.store import EvidenceStore
from mlcd_tui.cluster.client import Client
from mlcd_tui.demo.scenarios._build import REGISTRY
from mlcd_tui.domain.check_note import CheckWord
from mlcd_tui.domain.check_ports import Progress
from mlcd_tui.domain.checks import CheckRun, CheckState, ImageIdentity
from mlcd_tui.domain.fleet import Fleet
from mlcd_tui.domain.text import clean
from mlcd_tui.session.check_desk import Checks
from mlcd_tui.session.check_memory import Touched
from mlcd_tui.session.check_search import EvidenceSearch
from mlcd_tui.session.live import LiveSession, utc_now
from mlcd_tui.session.note_words import Words
from mlcd_tui.session.running_images import RunningImage
from tests.checks.runs_made import result, run
from tests.session.conftest import until
from tests.session.models import MAPS, NEW, OLD, REF, Lane, at_rest, lane

IMAGE = f"{REGISTRY}/scorer:v2"
FIVE = ("lint", "tests", "typecheck", "endpoint_schema", "snapshot")


@pytest.fixture(autouse=True)
def nothing_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have evidence and keys."""
    monkeypatch.setenv("MLCD_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("MLCD_STATE_DIR", str(tmp_path / "state"))


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Lane]:
    async with lane(tmp_path) as made:
        yield made


def made(digest: str = NEW, failed: str = "", minutes: float = 2) -> CheckRun:
    """A run of all five on an image."""
    results = (result(each, CheckState.FAILED if each == failed else CheckState.PASSED) for each in FIVE)
    started = datetime.now(UTC) - timedelta(minutes=minutes)
    image = ImageIdentity(clean(IMAGE), manifest_digest=digest)
    return run(*results, image=image, started=started, finished=started + timedelta(seconds=50), id=f"r{minutes}")


async def publish(here: Lane, what: CheckRun, digest: str = NEW) -> None:
    """As another operator's command would."""
    name = config_map_name(digest)
    known = await here.http.get(f"{MAPS}/{name}")
    before = known.json() if known.is_success else None
    body = cluster_document(
        what, seal_with(None), digest=digest, namespace="ml", by="ci", at=datetime.now(UTC), before=before
    )
    if before is None:
        (await here.http.post(MAPS, json=body)).raise_for_status()
    else:
        (await here.http.put(f"{MAPS}/{name}", json=body)).raise_for_status()


def says(word: CheckWord, *wrong: str) -> Any:
    def test(fleet: Fleet) -> bool:
        note = fleet.checks.get(REF)
        return note is not None and note.word is word and note.wrong == wrong

    return test


async def test_what_is_published_shows_by_itself_and_what_is_withdrawn_goes(here: Lane) -> None:
    await publish(here, made(OLD), OLD)
    session = here.session()
    try:
        await session.start()
        stale = await until(session, says(CheckWord.STALE, *FIVE))
        assert set(stale.checks) == {REF}, "the rollout at rest has no note"
        assert NEW[7:19] in stale.checks[REF].sentence
        rows = stale.rows
        await publish(here, made(failed="lint"))
        failed = await until(session, says(CheckWord.FAILED, "lint"))
        assert (failed.checks[REF].met, failed.checks[REF].of) == (4, 5)
        assert all(before is after for before, after in zip(rows, failed.rows, strict=True)), "rows are not made anew"
        await publish(here, made(minutes=1))
        await until(session, says(CheckWord.PASSED))
        for digest in (NEW, OLD):
            (await here.http.delete(f"{MAPS}/{config_map_name(digest)}")).raise_for_status()
        await until(session, says(CheckWord.NONE))
    finally:
        await session.stop()


async def test_a_run_that_ends_here_shows_without_being_published(here: Lane, tmp_path: Path) -> None:
    def runner(*_: Any) -> Iterator[Progress]:
        yield Progress("", run=made())

    session = here.session()
    checks = Checks(utc_now, session._surroundings, runner=runner, store=lambda: EvidenceStore(tmp_path / "checks"))
    session.__dict__["checks"] = checks
    try:
        await session.start()
        await until(session, says(CheckWord.NONE))
        heard: list[frozenset[Touched]] = []
        checks.hear(heard.append)
        async for _ in checks.run(IMAGE, "checks.yaml"):
            pass
        await until(session, says(CheckWord.PASSED))
        assert {each.digest for each in heard[0]} == {NEW}, "the others of a large fleet are not looked at again"
    finally:
        await session.stop()


async def test_who_may_not_read_evidence_is_told_so_and_still_sees_schemas(
    here: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(EvidenceSearch, "around", broken)
    session = here.session()
    try:
        await session.start()
        fleet = await until(session, says(CheckWord.UNKNOWN))
        assert "mlcd-tui failed at this rollout (ZeroDivisionError)" in fleet.checks[REF].sentence
        assert "no package is published" in fleet.schemas[REF].sentence
    finally:
        await session.stop()


async def test_a_fleet_at_rest_has_no_evidence_looked_for(here: Lane) -> None:
    async with at_rest(here) as session:
        assert session.checks._side is None, "nothing was read here, no ConfigMap watched"


def _asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    asked: list[str] = []
    get, list_all = Client.get, Client.list_all

    async def counted(client: Client, path: str, **more: Any) -> Any:
        asked.append(path)
        return await get(client, path, **more)

    async def listed(client: Client, resource: Any, *where: Any, **more: Any) -> Any:
        asked.append(f"{resource.plural} {more.get('label_selector', '')}")
        return await list_all(client, resource, *where, **more)

    monkeypatch.setattr(Client, "get", counted)
    monkeypatch.setattr(Client, "list_all", listed)
    return asked


async def test_where_the_watch_lives_nobody_is_asked_for_what_is_not_there(
    here: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = here.session()
    try:
        await session.start()
        await until(session, says(CheckWord.NONE))
        await _live(session)
        asked = _asked(monkeypatch)
        found = await session.checks.of(RunningImage("ml", f"{REGISTRY}/other:v9", "sha256:" + "9" * 64), "ml/other")
        assert found is not None
        assert found.known == ()
        assert asked == []
        await publish(here, made())
        await until(session, says(CheckWord.PASSED))
        assert any(config_map_name(NEW) in path for path in asked)
        assert not any("pods" in each or "replicasets" in each for each in asked), "which images run is known"
    finally:
        await session.stop()


async def _live(session: LiveSession) -> None:
    async with asyncio.timeout(5):
        while not session.checks.knows("ml"):
            await asyncio.sleep(0.01)


async def test_what_is_published_elsewhere_hurries_nobody(here: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipeline that publishes for hundreds of images must not make a fleet look at everything again."""
    session = here.session()
    try:
        await session.start()
        await until(session, says(CheckWord.NONE))
        await _live(session)
        looked: list[str] = []
        around = EvidenceSearch.around

        async def counted(search: EvidenceSearch, image: RunningImage | None, *more: Any) -> Any:
            looked.append(image.image if image else "")
            return await around(search, image, *more)

        monkeypatch.setattr(EvidenceSearch, "around", counted)
        heard = asyncio.Event()
        session.checks.hear(lambda _touched: heard.set())
        other = made("sha256:" + "8" * 64)
        other = replace(other, image=replace(other.image, ref=clean(f"{REGISTRY}/unrelated:v1")))
        body = cluster_document(
            other, seal_with(None), digest="sha256:" + "8" * 64, namespace="ml", by="ci", at=datetime.now(UTC)
        )
        assert body["metadata"]["labels"][LABEL] == "unrelated"
        (await here.http.post(MAPS, json=body)).raise_for_status()
        await asyncio.wait_for(heard.wait(), 5)
        await asyncio.sleep(0.3)
        assert looked == []
    finally:
        await session.stop()


def test_notes_that_were_given_out_never_change_and_are_the_same_while_nothing_does() -> None:
    words: Words[str] = Words()
    assert words.say(REF, "one")
    first = words.shown()
    assert words.shown() is first
    assert not words.say(REF, "one")
    assert words.shown() is first, "the same word is no change"
    assert words.say(REF, "two")
    assert first[REF] == "one"
    second = words.shown()
    assert words.drop(REF)
    assert not words.drop(REF)
    assert (dict(second), dict(words.shown())) == ({REF: "two"}, {})
