"""Accepting by the plan: all that waits in a check, one case of it, and only of the image that is meant."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlcd_tui.checks.accepting import Acceptance
from mlcd_tui.checks.kinds._snapshot_cases import Case
from mlcd_tui.checks.plan import Plan, load_plan
from mlcd_tui.checks.waiting import accept_check
from mlcd_tui.domain.errors import BadConfig, Conflict, Missing
from tests.checks.runs_made import MANIFEST, OTHER

PLAN = """\
apiVersion: mlcd.dev/v1
serve: {port: 8000}
checks:
  - {name: golden, kind: snapshot, cases: snapshots}
  - {name: schema, kind: endpoint_schema, source: {openapi: /openapi.json}, lock: contract.json}
  - {name: lint, kind: lint, tool: ruff}
"""
BY = Acceptance("retrained on November's data", "maria", frozenset({MANIFEST}))


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    (tmp_path / "checks.yaml").write_text(PLAN)
    (tmp_path / "snapshots").mkdir()
    for name in ("one", "two"):
        (tmp_path / "snapshots" / f"{name}.request.json").write_text("{}")
        Case(tmp_path / "snapshots", name).keep("json", b'{"score": 1}', {"manifest": MANIFEST})
    return load_plan(tmp_path / "checks.yaml")


def test_all_that_waits_or_one_case_and_the_plan_has_another_digest_then(plan: Plan, tmp_path: Path) -> None:
    assert [each.path.name for each in accept_check(plan, "golden", BY, "two")] == ["two.approved.json"]
    assert not (tmp_path / "snapshots" / "one.approved.json").exists()
    assert [each.path.name for each in accept_check(plan, "golden", BY)] == ["one.approved.json"]
    assert json.loads((tmp_path / "snapshots" / "one.approved.json").read_text()) == {"score": 1}
    after = load_plan(plan.path)
    assert after.digest != plan.digest
    assert [one.digest == other.digest for one, other in zip(after.checks, plan.checks, strict=True)] == [
        False,
        True,
        True,
    ]
    with pytest.raises(Missing, match="Nothing waits"):
        accept_check(plan, "golden", BY)


def test_nothing_is_accepted_without_a_reason_or_of_another_image(plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="reason"):
        accept_check(plan, "golden", Acceptance("", "maria"))
    with pytest.raises(Conflict, match="another image"):
        accept_check(plan, "golden", Acceptance("looks right", "maria", frozenset({OTHER})))
    assert not list((tmp_path / "snapshots").glob("*.approved.*"))


def test_checks_that_have_nothing_to_accept(plan: Plan) -> None:
    with pytest.raises(Missing, match="Nothing waits"):
        accept_check(plan, "schema", BY)
    with pytest.raises(BadConfig, match="approves nothing"):
        accept_check(plan, "lint", BY)
    with pytest.raises(BadConfig, match="no check called"):
        accept_check(plan, "nosuch", BY)
