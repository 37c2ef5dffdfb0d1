"""The page on compatibility lists the rules that there are, no more and no fewer."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mlcd_tui.domain.compatibility.rules import RULES, finding
from mlcd_tui.domain.verdict import Side, Verdict

ROOT = Path(__file__).parents[3]
CODE = ROOT / "mlcd_tui" / "domain" / "compatibility"


def test_the_page_lists_every_rule_once() -> None:
    listed = re.findall(r"^\| `([a-z-]+)` \|", (ROOT / "docs" / "compatibility.md").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(RULES)


def test_every_rule_is_in_use() -> None:
    code = "".join(path.read_text() for path in CODE.glob("*.py") if path.name != "rules.py")
    shared = {
        f"{family}-{word}" for family in ("column", "tensor") for word in re.findall(r'\{self\.family\}-(\w+)"', code)
    }
    assert {rule for rule in RULES if f'"{rule}"' not in code} <= shared


def test_a_rule_that_is_not_listed_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="no-such-rule"):
        finding(Verdict.UNKNOWN, Side.INPUT, "no-such-rule", "", "")
