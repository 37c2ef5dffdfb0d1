"""Publishing evidence: what is shown is what is sent, what stood there stays, and the audit log has both ends."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlcd_tui.checks.evidence.cluster import config_map_name
from mlcd_tui.checks.evidence.reading import seal_with
from mlcd_tui.checks.evidence.store import EvidenceStore
from mlcd_tui.demo.access import VIEWER
from mlcd_tui.domain.checks import CheckState, ImageIdentity, SignatureState
from mlcd_tui.domain.errors import BadConfig, Missing
from mlcd_tui.domain.plan import Result
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.session.check_desk import Checks
from tests.checks.evidence.keys_made import made_key
from tests.checks.runs_made import MANIFEST, NOW, OTHER, result, run
from tests.session.models import MAPS, Lane, lane

RUN = run(result("lint", CheckState.FAILED), result("tests"), id="run-1")


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Lane]:
    async with lane(tmp_path) as made:
        yield made


@pytest.fixture
def store(tmp_path: Path) -> EvidenceStore:
    key = made_key(tmp_path / "config")
    store = EvidenceStore(tmp_path / "checks", (key.public("you"),), seal_with(key))
    store.add(RUN)
    return store


DeskOf = Callable[..., Checks]


@pytest.fixture
async def desk_of(here: Lane) -> AsyncIterator[DeskOf]:
    """Desks on sessions that end with the test."""
    sessions = []

    def made(store: EvidenceStore, **options: Any) -> Checks:
        sessions.append(here.session(**options))
        return Checks(lambda: NOW, sessions[-1]._surroundings, store=lambda: store)

    yield made
    for session in sessions:
        await session.stop()


def _stages(here: Lane) -> list[tuple[str, str]]:
    return [(str(entry.verb), str(entry.stage)) for entry in reversed(here.audit.entries())]


async def test_published_is_what_was_shown_and_found_by_others(
    here: Lane, desk_of: DeskOf, store: EvidenceStore, tmp_path: Path
) -> None:
    desk = desk_of(store)
    shown = await desk.propose_publish("run-1", MANIFEST, "ml")
    assert (shown.method, shown.path, shown.denied) == ("POST", MAPS, "")
    assert shown.sentence.startswith(f"Publish 1 of 2 required checks met on {MANIFEST} in namespace ml: ConfigMap ")
    assert shown.warnings == ("lint is failed",)
    outcome = await desk.publish(shown, "release 7")
    assert outcome.result is Result.DONE, outcome
    sent = (await here.http.get(f"{MAPS}/{config_map_name(MANIFEST)}")).json()
    assert list(sent["data"].values()) == [store.raw("run-1").decode()]
    assert sent["metadata"]["annotations"]["mlcd.dev/published-by"] == "demo-admin"
    another = desk_of(EvidenceStore(tmp_path / "elsewhere", store.trusted))
    (evidence,) = await another.evidence(frozenset({MANIFEST}), "ml")
    assert (evidence.run, evidence.signature) == (RUN, SignatureState.VERIFIED)
    assert _stages(here) == [("publish-checks", "intended"), ("publish-checks", "done")]
    assert here.audit.verify().ok


async def test_a_second_run_stands_beside_the_first(here: Lane, desk_of: DeskOf, store: EvidenceStore) -> None:
    desk = desk_of(store)
    await desk.publish(await desk.propose_publish("run-1", MANIFEST, "ml"))
    store.add(run(result("lint"), id="run-2", finished=NOW))
    late = await desk.propose_publish("run-2", MANIFEST, "ml")
    assert late.method == "PUT"
    assert (await desk.publish(late)).result is Result.DONE
    assert {each.run.id for each in await desk.evidence(frozenset({MANIFEST}), "ml")} == {"run-1", "run-2"}
    assert (await desk.publish(late)).result is Result.CONFLICT  # what was shown is no longer what stands there


async def test_what_was_built_here_is_published_for_what_was_pushed(
    here: Lane, desk_of: DeskOf, store: EvidenceStore
) -> None:
    config = "sha256:" + "f6" * 32
    store.add(run(result("lint"), id="built", image=ImageIdentity(Clean("churn:dev"), config)))
    with pytest.raises(BadConfig, match="did not check"):
        await desk_of(store).propose_publish("built", OTHER, "ml")
    (link,) = store.link(json.dumps({"config": {"digest": config}}).encode())
    shown = await desk_of(store).propose_publish("built", link.upper, "ml")
    assert shown.run.image.digests == {config, link.upper}
    assert shown.warnings == ()


async def test_a_config_map_of_somebody_else_is_not_replaced(here: Lane, desk_of: DeskOf, store: EvidenceStore) -> None:
    body = {"metadata": {"name": config_map_name(MANIFEST)}, "data": {"mine": "1"}}
    (await here.http.post(MAPS, json=body)).raise_for_status()
    with pytest.raises(BadConfig, match="somebody else"):
        await desk_of(store).propose_publish("run-1", MANIFEST, "ml")


async def test_unsigned_evidence_says_so(here: Lane, desk_of: DeskOf, tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path / "checks")
    store.add(run(result("tests"), id="run-1"))
    (warning,) = (await desk_of(store).propose_publish("run-1", MANIFEST, "ml")).warnings
    assert warning.startswith("it is not signed")


async def test_without_the_right_one_sentence_says_so(here: Lane, desk_of: DeskOf, store: EvidenceStore) -> None:
    here.server.users[here.server.token] = VIEWER
    desk = desk_of(store)
    shown = await desk.propose_publish("run-1", MANIFEST, "ml")
    assert shown.denied.startswith("You may not create configmaps in namespace ml.")
    assert (await desk.publish(shown)).result is Result.REFUSED
    assert (await desk.publish(replace(shown, denied=clean("")))).result is Result.FAILED


@pytest.mark.parametrize(
    ("options", "why"),
    [({"readonly": True}, "read-only mode"), ({"is_production": lambda _context: True}, "type the namespace ml")],
)
async def test_a_guarded_context_is_guarded_here_too(
    here: Lane, desk_of: DeskOf, store: EvidenceStore, options: Any, why: str
) -> None:
    desk = desk_of(store, **options)
    shown = await desk.propose_publish("run-1", MANIFEST, "ml")
    outcome = await desk.publish(replace(shown, denied=clean("")))
    assert outcome.result is Result.REFUSED
    assert why in outcome.sentence


async def test_what_is_not_kept_or_was_tampered_with_is_not_published(
    here: Lane, desk_of: DeskOf, store: EvidenceStore
) -> None:
    desk = desk_of(store)
    with pytest.raises(Missing):
        await desk.propose_publish("no-such-run", MANIFEST, "ml")
    (path,) = (store.folder / "runs").iterdir()
    document = json.loads(path.read_bytes())
    document["payload"] = json.loads(store.seal(run(result("lint"), id="run-1"), 1 << 20))["payload"]
    path.write_text(json.dumps(document))
    with pytest.raises(BadConfig, match="changed after it was signed"):
        await desk.propose_publish("run-1", MANIFEST, "ml")
