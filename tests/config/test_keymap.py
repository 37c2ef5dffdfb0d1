"""Keys: checked, and every clash told."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from textual.keys import _character_to_key

from mlcd_tui.config.keymap import Bindable, normal, resolve

FLEET, ROLLOUT = frozenset({"fleet"}), frozenset({"rollout"})
ACTIONS = (
    Bindable("quit", ("q",)),
    Bindable("fleet.star", ("f",), FLEET),
    Bindable("rollout.promote", ("p",), ROLLOUT),
    Bindable("rollout.abort", ("a", "f"), ROLLOUT),
)


def test_without_a_table_the_defaults_hold() -> None:
    found = resolve(ACTIONS, {})
    assert found.keys == {action.id: action.keys for action in ACTIONS}
    assert (found.changed, found.problems) == (frozenset(), ())


def test_a_remapped_key_is_taken_from_the_default_and_told() -> None:
    found = resolve(ACTIONS, {"rollout.promote": ["a", "f5"]})
    assert found.keys["rollout.promote"] == ("a", "f5")
    assert found.keys["rollout.abort"] == ("f",)
    assert found.changed == {"rollout.promote", "rollout.abort"}
    assert found.problems == ("keys.rollout.promote: a also does rollout.abort; rollout.promote keeps it.",)


def test_screens_that_never_meet_may_share_a_key_but_not_with_everywhere() -> None:
    assert resolve(ACTIONS, {"fleet.star": "p"}).problems == ()
    found = resolve(ACTIONS, {"fleet.star": "q"})
    assert (found.keys["fleet.star"], found.keys["quit"]) == (("q",), ())
    assert "also does quit" in found.problems[0]


def test_of_two_that_are_asked_for_the_first_keeps_the_key() -> None:
    found = resolve(ACTIONS, {"rollout.abort": "x", "rollout.promote": "x"})
    assert (found.keys["rollout.abort"], found.keys["rollout.promote"]) == (("x",), ())
    assert found.problems == ("keys.rollout.abort: x also does rollout.promote; rollout.abort keeps it.",)


def test_an_empty_list_takes_the_keys_away() -> None:
    assert resolve(ACTIONS, {"fleet.star": []}).keys["fleet.star"] == ()


def test_what_is_not_known_is_told_and_the_default_holds() -> None:
    found = resolve(ACTIONS, {"rollout.promot": "x", "zzz": "y", "quit": "ctrl+nonsense", "fleet.star": "ctrl+c"})
    assert found.keys == {action.id: action.keys for action in ACTIONS}
    assert [problem.split(";")[0] for problem in found.problems] == [
        "keys.rollout.promot: there is no such action",
        "keys.zzz: there is no such action",
        'keys.quit: there is no key "ctrl+nonsense"',
        "keys.fleet.star: ctrl+c always quits and cannot be given away.",
    ]
    assert "did you mean rollout.promote?" in found.problems[0]


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("?", "question_mark"),
        ("question_mark", "question_mark"),
        (" ", "space"),
        ("Space", "space"),
        ("+", "plus"),
        ("ctrl++", "ctrl+plus"),
        ("Ctrl+R", "ctrl+r"),
        ("shift+ctrl+f5", "ctrl+shift+f5"),
        ("esc", "escape"),
        ("P", "P"),
        ("[", "left_square_bracket"),
        ("f25", None),
        ("ctrl+ctrl+a", None),
        ("", None),
        ("ctrl+", None),
        ("\x1b", None),
    ],
)
def test_keys_are_named_as_textual_names_them(written: str, named: str | None) -> None:
    assert normal(written) == named


@given(st.sampled_from([chr(code) for code in range(0x21, 0x7F)]))
def test_every_printable_character_has_textuals_name(character: str) -> None:
    assert normal(character) == _character_to_key(character)


@given(st.text(max_size=12))
@example("<")
@example("ctrl+>")
def test_any_text_is_a_key_or_none(text: str) -> None:
    found = normal(text)
    assert found is None or normal(found) == found
