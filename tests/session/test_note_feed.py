"""The fleet's words on schemas and checks: they come by itself, follows what is published, and costs nothing at rest."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mlcd_tui.demo.access import User
from mlcd_tui.demo.controllers.pod import digest_of
from mlcd_tui.demo.scenarios._build import REGISTRY
from mlcd_tui.domain.fleet import Fleet
from mlcd_tui.domain.package import ModelPackage
from mlcd_tui.domain.package_document import package_document
from mlcd_tui.domain.package_ports import PACKAGE_ANNOTATION, FoundPackage
from mlcd_tui.domain.published import config_map
from mlcd_tui.domain.verdict import Verdict
from mlcd_tui.session.note_feed import again
from mlcd_tui.session.pace import Allowance
from mlcd_tui.session.package_search import Search
from mlcd_tui.session.running_images import RunningImage
from tests.session.conftest import until
from tests.session.models import MAPS, NEW, OLD, REF, Lane, at_rest, lane, model


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
    async with at_rest(here) as session:
        assert session.packages.side is None, "no package was looked for, no ConfigMap watched"


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


async def test_another_config_map_for_an_image_hides_nothing(here: Lane) -> None:
    """Whoever may create a ConfigMap could else take a published package away, even by deleting the copy again."""
    await here.publish(OLD, model("1", "age"))
    await here.publish(NEW, model("2", "age"))
    copy = (await here.http.get(f"{MAPS}/mlcd-package-{NEW[7:47]}")).json()
    copy |= {"data": {"package.json": "{"}, "metadata": copy["metadata"] | {"name": "aaa", "resourceVersion": ""}}
    session = here.session()
    try:
        await session.start()
        await until(session, says(Verdict.COMPATIBLE))  # type: ignore[arg-type]
        assert session.packages.side is not None
        published, search = session.packages.side.published, session.packages.side.search
        (await here.http.post(MAPS, json=copy)).raise_for_status()
        for gone in (False, True):
            if gone:
                (await here.http.delete(f"{MAPS}/aaa")).raise_for_status()
            await asyncio.sleep(0.3)
            search.forget([("ml", NEW)])
            found = await published.find("ml", NEW)
            assert found is not None
            assert found.name != "aaa"
        await until(session, says(Verdict.COMPATIBLE))  # type: ignore[arg-type]
    finally:
        await session.stop()


async def test_what_fails_for_one_rollout_costs_no_other_its_note(here: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    await here.publish(OLD, model("1", "age"))
    await here.publish(NEW, model("2", "age"))
    find = Search.find
    failed = asyncio.Event()

    async def fail_once(search: Search, image: RunningImage) -> FoundPackage:
        if failed.is_set():
            return await find(search, image)
        failed.set()
        raise ZeroDivisionError

    monkeypatch.setattr(Search, "find", fail_once)
    monkeypatch.setattr("mlcd_tui.session.note_feed._AGAIN", (0.2,))
    session = here.session()
    try:
        await session.start()
        await until(session, says(Verdict.UNKNOWN, "mlcd-tui failed at this rollout (ZeroDivisionError)"))  # type: ignore[arg-type]
        await until(session, says(Verdict.COMPATIBLE))  # type: ignore[arg-type]
    finally:
        await session.stop()


def test_a_large_fleet_without_packages_does_not_keep_the_api_server_busy() -> None:
    assert again(0, 48) < 5, "as many as a screen shows: the first looks come soon"
    assert again(50, 24) == 300
    assert 10_000 / again(0, 10_000) <= 0.51, "looks a second"


def test_a_screen_of_rows_is_looked_at_at_once_and_the_others_one_after_the_other() -> None:
    allowance = Allowance(48, 0.5)
    at_once = sum(allowance.take(4, 100.0 + turn / 100) for turn in range(100))
    assert at_once == 48
    assert sum(allowance.take(4, 101.0 + turn / 10) for turn in range(100)) == 5
    assert allowance.take(4, 10_000.0) == 4


async def test_a_digest_that_becomes_known_is_looked_at_at_once(here: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    """Published before the first pod has pulled the image: no watch will tell of it again."""
    monkeypatch.setattr("mlcd_tui.session.note_feed._AGAIN", (60.0,))
    newer = digest_of(f"{REGISTRY}/scorer:v3")
    await here.publish(OLD, model("1", "age"))
    await here.publish(newer, model("3", "age"))
    here.server.store.start_seconds = (0.8, 0.9)
    session = here.session()
    try:
        await session.start()
        await until(session, says(Verdict.UNKNOWN, "no package is published"))  # type: ignore[arg-type]
        patch = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": f"{REGISTRY}/scorer:v3"}]
        headers = {"Content-Type": "application/json-patch+json"}
        path = "/apis/argoproj.io/v1alpha1/namespaces/ml/rollouts/scorer"
        (await here.http.patch(path, content=json.dumps(patch), headers=headers)).raise_for_status()
        await until(session, says(Verdict.UNKNOWN, "no pod of this version has pulled its image"))  # type: ignore[arg-type]
        await until(session, says(Verdict.COMPATIBLE))  # type: ignore[arg-type]
    finally:
        await session.stop()


async def test_a_package_by_an_address_that_may_change_is_looked_at_again(
    here: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An annotation's address is not watched: what it leads to today may be replaced tomorrow."""
    monkeypatch.setattr("mlcd_tui.session.note_feed._UNWATCHED", 0.3)
    monkeypatch.setattr("mlcd_tui.session.package_search.NEGATIVE", 0.1)
    await here.publish(OLD, model("1", "age"))
    body = config_map(model("2", "age"), "", digest="", namespace="other", by="", at=datetime.now(UTC))
    body["metadata"] |= {"name": "shared", "annotations": {}}

    async def put(package: ModelPackage, method: str) -> None:
        path = "/api/v1/namespaces/other/configmaps" + ("" if method == "POST" else "/shared")
        document = json.dumps(package_document(package))
        answer = await here.http.request(method, path, json=body | {"data": {"package.json": document}})
        answer.raise_for_status()

    await put(model("2", "age"), "POST")
    note = {"metadata": {"annotations": {PACKAGE_ANNOTATION: "configmap:other/shared"}}}
    path = "/apis/argoproj.io/v1alpha1/namespaces/ml/rollouts/scorer"
    headers = {"Content-Type": "application/merge-patch+json"}
    (await here.http.patch(path, json=note, headers=headers)).raise_for_status()
    session = here.session()
    try:
        await session.start()
        await until(session, says(Verdict.COMPATIBLE))  # type: ignore[arg-type]
        await put(model("2", "age", "income"), "PUT")
        await until(session, says(Verdict.BREAKING, "income"))  # type: ignore[arg-type]
    finally:
        await session.stop()
