"""What the documentation and the samples show can be used as it stands, and every kind keeps its contract."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from mlcd_tui.checks.plan import KINDS, load_plan, parse_plan
from mlcd_tui.checks.plan_model import CheckPart

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "checks.md").read_text(), re.DOTALL)
HEAD = "apiVersion: mlcd.dev/v1\nbuild: {}\nserve: {port: 8000}\nchecks:\n"


def test_the_sample_shows_every_kind() -> None:
    plan = load_plan(ROOT / "sample_configs" / "checks.yaml")
    assert {check.kind for check in plan.checks} == set(KINDS.names())


@pytest.mark.parametrize("block", BLOCKS)
def test_what_the_documentation_shows_is_a_plan(block: str) -> None:
    parse_plan((HEAD + block).encode(), "docs/checks.md", ROOT / "docs")


@pytest.mark.parametrize("name", KINDS.names())
def test_a_kind_keeps_its_contract(name: str) -> None:
    kind = KINDS.load(name)
    assert kind.name == name
    assert kind.title
    assert issubclass(kind.model, CheckPart)
    assert get_args(kind.model.model_fields["kind"].annotation) == (name,)
