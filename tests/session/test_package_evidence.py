"""Packages beside a decision: what they say, when they bind, and that nobody waits for them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest

from mlcd_tui.config.settings import PackageSettings
from mlcd_tui.domain.gates import Gate, GateState
from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.package import ModelPackage
from mlcd_tui.domain.package_ports import RolloutPackages
from mlcd_tui.domain.plan import Result
from mlcd_tui.domain.ports import Proposal
from mlcd_tui.domain.rollout import RolloutDetail
from mlcd_tui.domain.verdict import Verdict
from mlcd_tui.session import package_evidence, waiting
from mlcd_tui.session.running_images import RunningImage
from tests.session.models import MAPS, NEW, OLD, REF, Lane, carrying, lane, model, speaking_json

PROMOTE = Intent(Verb.PROMOTE, REF)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Lane]:
    async with lane(tmp_path) as made:
        yield made


def gates(proposal: Proposal) -> dict[str, Gate]:
    return {str(gate.name): gate for gate in proposal.gates}


async def proposed(here: Lane, old: ModelPackage | None, new: ModelPackage | None) -> Proposal:
    for digest, package in ((OLD, old), (NEW, new)):
        if package is not None:
            await here.publish(digest, package)
    session = here.session()
    try:
        return await session.propose(PROMOTE)
    finally:
        await session.stop()


async def test_a_schema_that_fits_is_passed(here: Lane) -> None:
    proposal = await proposed(here, model("1", "age"), model("2", "age", "plan?"))
    assert (gates(proposal)["schema"].state, proposal.needs_reason) == (GateState.PASSED, False)
    assert "package" not in gates(proposal)
    assert proposal.packages is not None
    assert proposal.packages.diff is not None


async def test_one_that_breaks_callers_needs_a_reason_and_the_log_has_the_evidence(here: Lane) -> None:
    await here.publish(OLD, model("1", "age?"))
    await here.publish(NEW, model("2", "age"))
    session = here.session()
    try:
        proposal = await session.propose(PROMOTE)
        gate = gates(proposal)["schema"]
        assert (gate.state, proposal.needs_reason) == (GateState.FAILED, True)
        assert "`age` became required" in gate.reason
        refused = await session.confirm(proposal, reason="  ")
        assert refused.result is Result.REFUSED
        assert refused.sentence.startswith("a reason is required: the schema breaks callers (input `age` became")
        done = await session.confirm(proposal, reason="all callers send it since Monday")
        assert done.result is Result.DONE, done
    finally:
        await session.stop()
    intended = next(
        line for line in map(json.loads, here.audit.path.read_text().splitlines()) if line["stage"] == "intended"
    )
    assert intended["reason"] == "all callers send it since Monday"
    evidence = {gate["name"]: gate for gate in intended["plan"]["evidence"]}
    assert evidence["schema"]["state"] == "failed"


async def test_a_way_back_is_never_held_up(here: Lane) -> None:
    await here.publish(OLD, model("1", "age?"))
    await here.publish(NEW, model("2", "age"))
    session = here.session()
    try:
        proposal = await session.propose(Intent(Verb.ABORT, REF))
        assert (proposal.packages, proposal.needs_reason) == (None, False)
        assert "schema" not in gates(proposal)
        assert (await session.confirm(proposal)).result is Result.DONE
    finally:
        await session.stop()


@pytest.mark.parametrize(
    ("old", "new", "schema", "package"),
    [
        (None, None, "nor that of the serving one", f"no package is published for {NEW}: run `mlcd-tui"),
        (model("1", "age"), None, "the package of the new version is not known", f"for {NEW}: run"),
        (None, model("2", "age"), f"of the serving version is not known: no package is published for {OLD}", ""),
        (model("1", "age"), model("2"), "no contract recorded for the candidate", ""),
    ],
)
async def test_what_is_not_known_is_unknown(
    here: Lane, old: ModelPackage | None, new: ModelPackage | None, schema: str, package: str
) -> None:
    found = gates(await proposed(here, old, new))
    assert found["schema"].state is GateState.UNKNOWN
    assert schema in found["schema"].reason
    assert ("package" in found) is bool(package)
    if package:
        assert found["package"].state is GateState.UNKNOWN
        assert package in found["package"].reason


async def test_a_package_that_is_still_being_read_is_not_said_to_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlcd_tui.session.waiting.PATIENCE", 0.01)
    images = RunningImage("ml", "r/x:2", NEW), RunningImage("ml", "r/x:1", OLD)
    monkeypatch.setattr("mlcd_tui.session.package_evidence.running_images", lambda _: images)

    async def slow(_: RolloutDetail) -> RolloutPackages:
        await asyncio.sleep(60)
        raise AssertionError

    evidence = package_evidence.PackageEvidence(slow)
    late = await evidence.around(cast(RolloutDetail, None), PROMOTE)
    told = {str(gate.name): str(gate.reason) for gate in package_evidence.package_gates(late)}
    assert "not found" not in told["schema"]
    assert "still being read" in told["package"]
    await evidence.stop()


async def test_a_package_of_another_image_decides_nothing(here: Lane) -> None:
    other = "sha256:" + "0" * 64
    foreign = carrying(model("2", "age"), f"registry.example/scorer@{other}")
    proposal = await proposed(here, model("1", "age"), foreign)
    found = gates(proposal)
    assert (found["schema"].state, found["package"].state) == (GateState.UNKNOWN, GateState.FAILED)
    assert f"names image {other}, but {NEW} runs" in found["package"].reason
    assert proposal.packages is not None
    assert proposal.packages.verdict is Verdict.UNKNOWN


async def test_a_damaged_package_is_named_and_nothing_breaks(here: Lane) -> None:
    await here.publish(OLD, model("1", "age"))
    await here.publish(NEW, model("2", "age"), data={"package.json": '{"endpoints": 4}'})
    session = here.session()
    try:
        proposal = await session.propose(PROMOTE)
    finally:
        await session.stop()
    reason = gates(proposal)["package"].reason
    assert reason.startswith(f"the package of {NEW} cannot be used; ConfigMap ml/mlcd-package-")
    assert "package.json" not in reason or "apiVersion" in reason, reason


async def test_no_plan_waits_long_for_packages(here: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    """What took too long is there the next time, for the search has gone on."""
    await here.publish(OLD, model("1", "age"))
    await here.publish(NEW, model("2", "age"))
    session = here.session()
    await session.connect()
    acts = session._acts
    assert acts is not None
    asked = acts.package_evidence.ask
    assert asked is not None

    async def slow(detail: RolloutDetail) -> RolloutPackages:
        await asyncio.sleep(0.3)
        return await asked(detail)

    monkeypatch.setattr(waiting, "PATIENCE", 0.1)
    acts.package_evidence.ask = slow
    try:
        proposal = await session.propose(PROMOTE)
        assert "still being read" in gates(proposal)["package"].reason
        assert gates(proposal)["schema"].state is GateState.UNKNOWN
        await asyncio.sleep(0.5)
        acts.package_evidence.ask = asked
        began = time.monotonic()
        assert gates(await session.propose(PROMOTE))["schema"].state is GateState.PASSED
        assert time.monotonic() - began < 1.4  # it does not wait its whole patience
    finally:
        await session.stop()


@pytest.mark.parametrize(("declared_only", "verdict"), [(False, Verdict.UNKNOWN), (True, Verdict.COMPATIBLE)])
async def test_declared_only_is_the_operators_word_on_callers(
    here: Lane, declared_only: bool, verdict: Verdict
) -> None:
    """Whether anybody sends a `plan` that nothing declared, and that the new version takes as a number only."""
    age = {"type": "object", "properties": {"age": {"type": "number"}}}
    more = {"type": "object", "properties": {**age["properties"], "plan": {"type": "number"}}}  # type: ignore[dict-item]
    await here.publish(OLD, speaking_json("1", age))
    await here.publish(NEW, speaking_json("2", more))
    session = here.session(packages=PackageSettings(declared_only=declared_only))
    try:
        proposal = await session.propose(PROMOTE)
    finally:
        await session.stop()
    assert proposal.packages is not None
    assert proposal.packages.verdict is verdict


async def test_what_was_found_is_remembered_until_it_is_published_anew(here: Lane) -> None:
    await here.publish(OLD, model("1", "age"))
    await here.publish(NEW, model("2", "age"))
    session = here.session()
    try:
        detail = await session.detail(REF)
        first = await session.packages.around(detail)
        (await here.http.delete(f"{MAPS}/mlcd-package-{NEW[7:47]}")).raise_for_status()
        again = await session.packages.around(detail)
        assert again.diff is first.diff
    finally:
        await session.stop()


async def test_all_who_ask_at_once_share_what_is_found(here: Lane) -> None:
    await here.publish(OLD, model("1", "age"))
    await here.publish(NEW, model("2", "age"))
    session = here.session()
    try:
        detail = await session.detail(REF)
        found = await asyncio.gather(*(session.packages.around(detail) for _ in range(5)))
        assert len({id(each.candidate) for each in found}) == 1
        assert len({id(await session.packages.cluster()) for _ in range(3)}) == 1
    finally:
        await session.stop()


async def test_a_comparison_that_fails_stops_no_plan(here: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RecursionError

    monkeypatch.setattr("mlcd_tui.domain.package_diff.diff", fail)
    proposal = await proposed(here, model("1", "age"), model("2", "age"))
    assert gates(proposal)["schema"].state is GateState.UNKNOWN
    assert (
        "scorer 1 and scorer 2 cannot be compared: mlcd-tui failed at it (RecursionError)"
        in gates(proposal)["package"].reason
    )
