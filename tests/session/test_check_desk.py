"""The desk of checks: runs are told live and kept, evidence is found on this machine and in the cluster."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlcd_tui.checks.evidence.cluster import cluster_document, config_map_name
from mlcd_tui.checks.evidence.keys import keygen
from mlcd_tui.checks.evidence.reading import seal_with
from mlcd_tui.checks.evidence.store import EvidenceStore
from mlcd_tui.cluster.client import Client
from mlcd_tui.config.settings import CheckSettings
from mlcd_tui.domain.check_ports import CheckDesk, Progress
from mlcd_tui.domain.checks import CheckRun, CheckState, Evidence, ImageIdentity, SignatureState
from mlcd_tui.domain.errors import BadConfig, Missing, Problem, Unreachable
from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.session.check_desk import Checks, Runner
from mlcd_tui.session.live import LiveSession
from tests.checks.runs_made import CONFIG, MANIFEST, NOW, OTHER, PLAN, pushed, result, run
from tests.session.models import MAPS, NEW, OLD, REF, Lane, lane

IMAGE = "registry.example/churn:1.4.2"


@pytest.fixture(autouse=True)
def no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have a key."""
    monkeypatch.setenv("MLCD_CONFIG_DIR", str(tmp_path / "nothing"))


def _script(*steps: Progress | Problem | BaseException, lines: int = 0) -> Runner:
    """A run that tells these steps, after so many log lines."""

    def runner(*_: Any) -> Iterator[Progress]:
        for number in range(lines):
            yield Progress("lint", line=Clean(f"line {number}"))
        for step in steps:
            if isinstance(step, BaseException):
                raise step
            yield step

    return runner


def _desk(tmp_path: Path, runner: Runner | None = None, **more: Any) -> Checks:
    return Checks(lambda: NOW, runner=runner or _script(), store=lambda: EvidenceStore(tmp_path / "checks"), **more)


def _sha(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


async def _told(desk: CheckDesk) -> list[Progress]:
    return [each async for each in desk.run(IMAGE, "checks.yaml")]


# --- running ----------------------------------------------------------------------------------------------------


async def test_a_run_is_told_in_order_and_kept_with_its_logs(tmp_path: Path) -> None:
    made = run(result("lint", log_digest=OTHER, log_bytes=99))
    steps = (Progress("lint", CheckState.RUNNING), Progress("lint", line=Clean("all is well")), Progress("", run=made))
    desk = _desk(tmp_path, _script(*steps))
    told = await _told(desk)
    assert told[:2] == list(steps[:2])
    kept = told[-1].run
    assert kept is not None
    assert await desk.runs() == (kept,)
    assert replace(kept, results=made.results) == made
    # what the runner hashed are the raw bytes, which nobody keeps
    text = b"all is well\n"
    assert (kept.results[0].log_digest, kept.results[0].log_bytes) == (_sha(text), len(text))
    assert await desk.log(made.id, "lint") == ("all is well",)
    assert [each.run for each in await desk.evidence(frozenset({MANIFEST}))] == [kept]
    with pytest.raises(Missing):
        await desk.log(made.id, "tests")
    next((tmp_path / "checks" / "logs").iterdir()).write_text("all is lost\n")
    changed = await desk.log(made.id, "lint")
    assert ("changed after it was kept" in changed[0], changed[1:]) == (True, ("all is lost",))


async def test_it_is_signed_where_there_is_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLCD_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("MLCD_STATE_DIR", str(tmp_path / "state"))
    key, _ = keygen(tmp_path / "config")
    made = run(result("lint"))
    desk = Checks(lambda: NOW, runner=_script(Progress("", run=made)))
    await _told(desk)
    (evidence,) = await desk.evidence(frozenset({CONFIG}))
    assert (evidence.signature, evidence.signer) == (SignatureState.VERIFIED, "you")
    key.chmod(0o644)
    with pytest.raises(BadConfig, match="chmod 600"):
        await _told(Checks(lambda: NOW, runner=_script(Progress("", run=run(id="another")))))
    assert await Checks(lambda: NOW).runs() == (made,)  # who only reads needs no key


async def test_a_problem_reaches_who_listens(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="No Docker Engine"):
        await _told(_desk(tmp_path, _script(Unreachable("No Docker Engine."))))


async def test_what_cannot_be_kept_is_told_and_the_run_not_lost(tmp_path: Path) -> None:
    (tmp_path / "checks").write_text("in the way")
    made = run(result("lint"))
    told = await _told(_desk(tmp_path, _script(Progress("", run=made))))
    assert told[-1].run == made
    assert "was not kept whole" in told[-2].line


async def test_a_flood_of_lines_arrives_in_order_and_lets_others_run(tmp_path: Path) -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(other())
    made = run(result("lint"))
    told = await _told(_desk(tmp_path, _script(Progress("", run=made), lines=30_000)))
    beside.cancel()
    assert [each.line for each in told[:-1]] == [f"line {number}" for number in range(30_000)]
    assert turns > 10


class _Held:
    """A run that goes on until it is called off."""

    def __init__(self) -> None:
        self.called_off: Collection[str] = ()
        self.ended = threading.Event()

    def __call__(self, image: str, plan: str, only: Sequence[str], off: Collection[str], by: str) -> Iterator[Progress]:
        self.called_off = off
        try:
            yield Progress("lint", CheckState.WAITING)
            while "lint" not in off:
                self.ended.wait(0.005)  # nothing to tell: as quiet as a check can be
            yield Progress("lint", CheckState.CANCELLED)
        finally:
            self.ended.set()


async def test_who_stops_listening_calls_the_run_off(tmp_path: Path) -> None:
    held = _Held()
    async with aclosing(_desk(tmp_path, held).run(IMAGE, "checks.yaml")) as told:  # type: ignore[type-var]
        async for each in told:
            assert each.state is CheckState.WAITING
            break
    assert held.ended.is_set()
    assert await _desk(tmp_path).runs() == ()


async def test_one_check_is_called_off_alone(tmp_path: Path) -> None:
    held, off = _Held(), set[str]()
    states = []
    async for each in _desk(tmp_path, held).run(IMAGE, "checks.yaml", (), off):
        states.append(each.state)
        off.add("lint")
    assert states == [CheckState.WAITING, CheckState.CANCELLED]
    assert "tests" not in off


# --- evidence in the cluster ------------------------------------------------------------------------------------


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Lane]:
    async with lane(tmp_path) as made:
        yield made


@pytest.fixture
async def session(here: Lane) -> AsyncIterator[LiveSession]:
    session = here.session()
    yield session
    await session.stop()


async def _publish(here: Lane, made: CheckRun, digest: str) -> None:
    body = cluster_document(made, seal_with(None), digest=digest, namespace="ml", by="maria", at=NOW)
    answer = await here.http.post(MAPS, json=body)
    answer.raise_for_status()


def _scorer(digest: str, ref: str, **more: Any) -> CheckRun:
    return run(result("lint"), image=ImageIdentity(clean(ref), manifest_digest=digest), **more)


async def test_what_others_published_is_found_by_digest(tmp_path: Path, here: Lane, session: LiveSession) -> None:
    desk = _desk(tmp_path, surroundings=session._surroundings)
    assert await desk.evidence(frozenset({MANIFEST}), "ml") == ()
    await _publish(here, run(), MANIFEST)
    (evidence,) = await desk.evidence(frozenset({MANIFEST, OTHER}), "ml")
    assert evidence == Evidence(run(), found_in=clean(f"ConfigMap {config_map_name(MANIFEST)} in ml"))
    assert await desk.evidence(frozenset({MANIFEST}), "other") == ()


async def test_the_same_run_here_and_there_is_one(tmp_path: Path, here: Lane, session: LiveSession) -> None:
    EvidenceStore(tmp_path / "checks").add(run())
    await _publish(here, run(), MANIFEST)
    (evidence,) = await _desk(tmp_path, surroundings=session._surroundings).evidence(frozenset({MANIFEST}), "ml")
    assert evidence.found_in == "this machine"


async def _never(*_: Any) -> Any:
    raise AssertionError("the cluster was asked")


async def test_around_a_rollout_only_the_running_digest_counts(
    tmp_path: Path, here: Lane, session: LiveSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = _desk(tmp_path, surroundings=session._surroundings)
    told = asyncio.Event()
    stop = desk.listen(told.set)

    async def published(made: CheckRun, digest: str) -> None:
        """As another operator does it: it shows by itself."""
        told.clear()
        await _publish(here, made, digest)
        await asyncio.wait_for(told.wait(), 5)

    detail = await session.detail(REF)
    nothing = await desk.around(detail)
    assert nothing.candidate is not None
    assert (nothing.candidate.digest, nothing.candidate.evidence, nothing.candidate.results) == (NEW, None, ())
    ref = str(nothing.candidate.image)
    await published(_scorer(OLD, ref), OLD)
    found = await desk.around(detail)
    assert found.serving is not None
    assert [each.state for each in found.serving.results] == [CheckState.PASSED]
    assert found.candidate is not None  # the same tag, another build: stale beside both digests
    (stale,) = found.candidate.results
    assert stale.state is CheckState.STALE
    assert OLD[:19] in stale.reason
    assert NEW[:19] in stale.reason
    await published(_scorer(NEW, ref, id="newer"), NEW)
    found = await desk.around(detail)
    assert found.candidate is not None
    assert [each.state for each in found.candidate.results] == [CheckState.PASSED]
    assert found.candidate.problem == ""
    monkeypatch.setattr(Client, "get", _never)  # an opened tab costs nothing
    assert await desk.around(detail) == found
    stop()
    await desk.reset()


async def test_the_settings_plan_is_what_a_promotion_must_answer_for(
    tmp_path: Path, here: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLCD_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setattr("mlcd_tui.session.waiting.PATIENCE", 60.0)  # what is asked is who decides, not how fast
    plan = tmp_path / "checks.yaml"
    plan.write_text("apiVersion: mlcd.dev/v1\nchecks:\n  - {name: lint, kind: lint, tool: ruff}\n")
    for settings, answer_for in (
        (CheckSettings(), ()),
        (CheckSettings(plans={"ml/scorer": str(plan)}), ("lint is missing",)),
        (CheckSettings(plans={"ml/other": str(plan)}), ()),
        (CheckSettings(plan=str(tmp_path / "none.yaml")), ("the check plan in force cannot be used",)),
        (CheckSettings(required_checks=("scan",)), ("scan is missing",)),
    ):
        session = here.session(checks=settings)
        try:
            proposal = await session.propose(Intent(Verb.PROMOTE, REF))
        finally:
            await session.stop()
        assert (proposal.answer_for, proposal.needs_reason) == (answer_for, bool(answer_for)), settings


async def test_a_cluster_that_does_not_answer_hides_nothing_of_this_machine(tmp_path: Path) -> None:
    async def unreachable() -> Any:
        raise Unreachable("The API server does not answer.")

    desk = _desk(tmp_path, surroundings=unreachable)
    with pytest.raises(Problem, match="does not answer"):
        await desk.evidence(frozenset({MANIFEST}), "ml")
    EvidenceStore(tmp_path / "checks").add(pushed(run(), MANIFEST))
    assert len(await desk.evidence(frozenset({MANIFEST}), "ml")) == 1


async def test_accepting_by_a_plan_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="cannot be read"):
        await _desk(tmp_path).accept(run(plan_digest=PLAN), str(tmp_path / "checks.yaml"), "snapshot", "a new model")
