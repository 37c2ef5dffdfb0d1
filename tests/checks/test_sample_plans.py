"""The sample models that ship: their plans can be used, what they name is there, and nobody copies a fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlcd_tui.checks.plan import load_plan
from tests.e2e.checks.samples import NAMES, SAMPLES
from tests.e2e.checks.variants import VARIANTS, Variant


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_has_a_plan_with_all_that_it_names(name: str) -> None:
    plan = load_plan(SAMPLES / name / "checks.yaml")
    kinds = [check.kind for check in plan.checks if check.required]
    assert kinds == ["lint", "tests", "typecheck", "endpoint_schema", "snapshot"]
    assert not any(check.skip for check in plan.checks)
    for check in plan.checks:
        missing = [pattern for pattern, digest in check.files.items() if digest == "absent" and "*" not in pattern]
        assert missing == []
    cases = SAMPLES / name / "checks" / "snapshots"
    requests = {path.name.partition(".")[0] for path in cases.glob("*.request.json")}
    approved = {path.name.partition(".")[0] for path in cases.glob("*.approved.json")}
    assert requests == approved
    assert len(requests) >= 2
    assert list(cases.glob("*.received.*")) == []


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.id)
def test_each_fault_still_fits_its_sample(variant: Variant, tmp_path: Path) -> None:
    for edit in variant.edits:
        file = tmp_path / edit.file
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text((SAMPLES / variant.sample / edit.file).read_text(encoding="utf-8"), encoding="utf-8")
        edit.apply(tmp_path)
    assert not variant.line or variant.number(tmp_path)
