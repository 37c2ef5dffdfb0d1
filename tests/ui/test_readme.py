"""The README's table of keys is the table of actions."""

from __future__ import annotations

from pathlib import Path

from mlcd_tui.ui.actions import ACTIONS, GROUPS

README = Path(__file__).parents[2] / "README.md"


def rows() -> list[str]:
    """One line for each action, grouped, in the order of the table."""
    names = {"slash": "/", "question_mark": "?", "colon": ":"}
    lines = ["| key | what | id |", "|---|---|---|"]
    for group in GROUPS:
        for action in ACTIONS:
            if action.group == group:
                keys = " ".join(f"`{names.get(key, key)}`" for key in action.key.split(","))
                lines.append(f"| {keys} | {action.title} | `{action.id}` |")
    return lines


def test_the_readme_lists_every_key() -> None:
    text = README.read_text(encoding="utf-8")
    missing = [row for row in rows() if row not in text]
    assert missing == [], "put tests.ui.test_readme.rows() into the README"
