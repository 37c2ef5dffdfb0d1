"""Publishing a package: what is shown is what is sent, under every refusal, and the audit log has both ends."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlcd_tui.demo.access import VIEWER
from mlcd_tui.domain.errors import BadConfig
from mlcd_tui.domain.package import ModelPackage
from mlcd_tui.domain.package_ports import Publication
from mlcd_tui.domain.plan import Result
from mlcd_tui.domain.text import clean
from mlcd_tui.session.live import LiveSession
from tests.session.models import MAPS, NEW, REF, Lane, carrying, lane, model


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Lane]:
    async with lane(tmp_path) as made:
        yield made


async def propose(session: LiveSession, package: ModelPackage, image: str = NEW, namespace: str = "ml") -> Publication:
    """As the desk does once it has read the package."""
    side = await session.packages.cluster()
    return await side.publisher.propose(package, image, namespace)


def stages(here: Lane) -> list[tuple[str, str]]:
    return [(str(entry.verb), str(entry.stage)) for entry in reversed(here.audit.entries())]


async def test_published_is_found_by_the_digest_that_runs(here: Lane) -> None:
    session = here.session()
    try:
        detail = await session.detail(REF)
        before = await session.packages.around(detail)
        assert before.candidate is not None
        assert f"packages publish PACKAGE --image {NEW} -n ml" in before.candidate.problem
        shown = await propose(session, model("2", "age"), f"registry.example/scorer@{NEW}")
        assert (shown.method, shown.path, shown.denied, shown.before) == ("POST", MAPS, "", "")
        outcome = await session.packages.publish(shown, "release 2")
        assert outcome.result is Result.DONE, outcome
        sent = (await here.http.get(f"{MAPS}/{shown.name}")).json()
        assert sent["data"] == shown.body["data"]
        assert sent["metadata"]["labels"] == {"mlcd.dev/package": "scorer"}
        assert sent["metadata"]["annotations"]["mlcd.dev/image-digest"] == NEW
        after = await session.packages.around(detail)
        assert after.candidate is not None
        assert after.candidate.package is not None
        assert after.candidate.package.endpoints == model("2", "age").endpoints
        assert after.candidate.how.startswith(f"ConfigMap {shown.name} in ml, published by demo-admin")
    finally:
        await session.stop()
    assert stages(here) == [("publish-package", "intended"), ("publish-package", "done")]
    assert here.audit.entries()[0].reason == "release 2"
    assert here.audit.verify().ok


async def test_a_second_publish_replaces_what_was_seen_and_nothing_else(here: Lane) -> None:
    session = here.session()
    try:
        await here.publish(NEW, model("2", "age"))
        shown = await propose(session, model("3", "age"))
        assert (shown.method, shown.path) == ("PUT", f"{MAPS}/{shown.name}")
        assert shown.before.startswith("scorer 2, published by alice on ")
        await here.publish(NEW, model("2.1", "age"))
        late = await session.packages.publish(shown)
        assert late.result is Result.CONFLICT
        assert "somebody published for this image meanwhile" in late.sentence
        again = await propose(session, model("3", "age"))
        assert (await session.packages.publish(again)).result is Result.DONE
    finally:
        await session.stop()
    assert [stage for _, stage in stages(here)] == ["intended", "conflict", "intended", "done"]


async def test_two_who_publish_first_do_not_overwrite_each_other(here: Lane) -> None:
    session = here.session()
    try:
        shown = await propose(session, model("2", "age"))
        await here.publish(NEW, model("2.1", "age"))
        assert (await session.packages.publish(shown)).result is Result.CONFLICT
    finally:
        await session.stop()


async def test_a_config_map_that_is_no_package_is_not_replaced(here: Lane) -> None:
    session = here.session()
    try:
        shown = await propose(session, model("2", "age"))
        (await here.http.post(MAPS, json={"metadata": {"name": shown.name}, "data": {"mine": "1"}})).raise_for_status()
        again = await propose(session, model("2", "age"))
        assert "somebody else's is not replaced" in again.denied
        assert (await session.packages.publish(again)).result is Result.REFUSED
    finally:
        await session.stop()


async def test_without_the_right_one_sentence_says_so(here: Lane) -> None:
    here.server.users[here.server.token] = VIEWER
    session = here.session()
    try:
        shown = await propose(session, model("2", "age"))
        assert shown.denied.startswith("You may not create configmaps in namespace ml.")
        outcome = await session.packages.publish(shown)
        assert (outcome.result, outcome.sentence) == (Result.REFUSED, shown.denied)
        forged = await session.packages.publish(replace(shown, denied=clean("")))
        assert forged.result is Result.FAILED
        assert "cannot create" in forged.sentence
    finally:
        await session.stop()
    assert [stage for _, stage in stages(here)] == ["refused", "intended", "failed"]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"readonly": True}, "read-only mode"),
        ({"is_production": lambda _context: True}, "type the namespace ml to publish"),
    ],
)
async def test_a_guarded_context_is_guarded_here_too(here: Lane, options: Any, why: str) -> None:
    session = here.session(**options)
    try:
        shown = await propose(session, model("2", "age"))
        outcome = await session.packages.publish(replace(shown, denied=clean("")))
        assert outcome.result is Result.REFUSED
        assert why in outcome.sentence
        if shown.typed_name:
            assert (await session.packages.publish(shown, typed_name=shown.typed_name)).result is Result.DONE
    finally:
        await session.stop()


@pytest.mark.parametrize(
    ("image", "namespace", "sentence"),
    [
        ("v2", "ml", "v2 is no image digest."),
        ("sha256:12", "ml", "sha256:12 is no image digest."),
        (NEW, "ml/secrets", "ml/secrets is no namespace."),
        (NEW, "", "nothing is no namespace."),
    ],
)
async def test_what_cannot_be_a_place_is_told(here: Lane, image: str, namespace: str, sentence: str) -> None:
    session = here.session()
    try:
        with pytest.raises(BadConfig) as told:
            await propose(session, model("2", "age"), image, namespace)
        assert told.value.sentence == sentence
    finally:
        await session.stop()


async def test_a_package_too_large_loses_its_raw_texts_first(here: Lane) -> None:
    small = model("2", "age")
    lines = tuple(clean("x" * 1000) for _ in range(1000))
    large = replace(small, sources=(replace(small.sources[0], text=lines),))
    huge = replace(small, description=clean("x" * 1_000_000, limit=2_000_000))
    session = here.session()
    try:
        shown = await propose(session, large)
        assert any("raw texts" in warning for warning in shown.warnings)
        document = json.loads(str(shown.body["data"]["package.json"]))  # type: ignore[index]
        assert (document["sources"][0]["text"], document["version"]) == ([], "2")
        with pytest.raises(BadConfig, match="a ConfigMap carries 900 KiB"):
            await propose(session, huge)
    finally:
        await session.stop()


async def test_what_others_should_know_is_said_before(here: Lane) -> None:
    other = "sha256:" + "0" * 64
    session = here.session()
    try:
        shown = await propose(session, carrying(model("2"), f"registry.example/scorer@{other}"))
        assert any(f"the package names image {other}, not {NEW}" in warning for warning in shown.warnings)
        assert any("training" in warning.lower() for warning in shown.warnings), shown.warnings
    finally:
        await session.stop()
