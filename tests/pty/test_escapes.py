"""The judge is judged first: it must see every attack, and nothing in what Textual itself writes."""

from __future__ import annotations

import sys

import pytest

from tests.pty.escapes import foreign
from tests.pty.terminal import Terminal

_APP = """
from textual.app import App
from textual.widgets import DataTable, Input, Static

class Sample(App):
    def compose(self):
        yield Input()
        yield Static("bold [b]words[/b] and [$success]colours[/]")
        yield DataTable()

    def on_mount(self):
        self.query_one(DataTable).add_columns("one", "two")
        self.query_one(DataTable).add_rows([(str(i), "cell") for i in range(90)])

Sample().run()
"""


@pytest.mark.parametrize(
    "attack",
    [
        "\x1b]0;title\x07",
        "\x1b]52;c;cHduZWQ=\x07",
        "\x1b]8;;http://evil.example\x07",
        "\x1b[31m",
        "\x1b[31;5;8m",
        "\x1b[38;2;1;2;3;5m",
        "\x1b[2J",
        "\x1bc",
        "\x1bP+q\x1b\\",
        "\x1b[?1047h",
        "\x9b31m",
        "\x00",
        "\x07",
        "\x7f",
        "\u202e",
        "\u200b",
        "\ufeff",
    ],
)
def test_each_attack_is_seen(attack: str) -> None:
    assert foreign(f"\x1b[1;1Hname {attack} more".encode())


def test_bytes_that_are_not_text_are_seen() -> None:
    assert foreign(b"name \x9b31m more")


def test_a_copy_is_foreign_unless_asked_for() -> None:
    copy = b"\x1b]52;c;ZnJhdWQ=\x07"
    assert foreign(copy)
    assert not foreign(copy, copied=True)
    assert foreign(b"\x1b]52;c;G1szMW0=\x07", copied=True), "an escape sequence on the clipboard"


def test_nothing_of_textual_is_foreign() -> None:
    with Terminal([sys.executable, "-c", _APP], size=(100, 30)) as terminal:
        terminal.wait_for("bold words")
        terminal.press("ctrl+p")
        terminal.wait_for("Theme")
        terminal.press("escape", "tab", "down", "pagedown")
        terminal.resize(70, 20)
        terminal.wait_for("two")
        terminal.press("ctrl+q")
        assert terminal.wait_exit() == 0
        assert not foreign(terminal.raw)
