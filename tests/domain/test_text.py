"""The gate of foreign text: whatever goes in, what comes out is harmless on a terminal."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from mlcd_tui.domain.text import LIMIT, clean, clean_lines

HOSTILE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
INVISIBLE = "\u115f\u1160\u3164\uffa0\u034f\u17b4\u17b5\ufe0f\U000e0041\U000e01ef"
TEXT = st.text(st.characters(), max_size=60) | st.text(
    st.sampled_from("a\x1b[]\\/]52;\x07\x9b\x7f\r\n\t\x0b\x85\u2028\u202e\u200d\u0301\u0489\udc80\U0001f3fb字́"),
    max_size=60,
)


def _mark(char: str) -> bool:
    return cell_len(f"a{char}") == 1


def _runs(text: str) -> int:
    longest = run = 0
    for char in text:
        run = run + 1 if _mark(char) else 0
        longest = max(longest, run)
    return longest


def test_no_character_that_steers_or_hides_survives_of_all_there_are() -> None:
    every = [chr(code) for code in range(0x110000)]
    bad = [char for char in every if unicodedata.category(char) in HOSTILE] + list(INVISIBLE)
    shown = clean("".join(bad), limit=10_000_000)
    assert {unicodedata.category(char) for char in shown} & HOSTILE == set()
    assert not set(INVISIBLE) & set(shown)


@given(TEXT)
def test_harmless_and_the_same_when_cleaned_again(text: str) -> None:
    shown = clean(text)
    assert not {unicodedata.category(char) for char in shown} & HOSTILE
    assert clean(shown) == shown
    shown.encode()  # a half character would not be written


@given(TEXT, st.integers(1, 40))
def test_limit_holds_even_where_characters_are_spelled_out(text: str, limit: int) -> None:
    assert len(clean(text, limit=limit)) <= limit
    assert len(clean("\u202e" * 5_000)) <= LIMIT


def test_megabytes_are_cut_with_an_ellipsis() -> None:
    shown = clean("x" * 3_000_000)
    assert len(shown) == LIMIT
    assert shown.endswith("…")


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=200))
def test_printable_ascii_is_left_alone(text: str) -> None:
    assert clean(text) == text


@given(st.text(st.characters(categories=["L", "N", "P", "S"], max_codepoint=0x2FF), max_size=60))
def test_letters_of_europe_are_left_alone(text: str) -> None:
    assert clean(text) == text


def test_words_of_many_languages_are_left_alone() -> None:
    for word in ("naïve", "Größe", "модель", "模型评分", "नमस्ते", "สวัสดี", "ニューラル", "שָׁלוֹם", "한국어", "🚀"):
        assert clean(word) == word


@given(TEXT)
def test_rich_gives_every_character_a_cell_or_it_is_one_of_few_marks(text: str) -> None:
    shown = clean(text)
    assert _runs(shown) <= 4
    assert cell_len(shown) * 5 >= len(shown)
    if shown:
        assert not _mark(shown[0]), "it would be drawn onto what stands before"


def test_flood_of_marks_is_stemmed() -> None:
    assert len(clean("a" + "\u0301" * 500 + "b")) == 6
    assert len(clean("e\u0489\u034f" * 3)) < 40


def test_escape_sequences_stay_readable() -> None:
    assert clean("\x1b]52;c;aGk=\x07") == "␛]52;c;aGk=␇"
    assert clean("a\u202eb\x9bc\x7f") == "a\\u202eb\\x9bc␡"
    assert clean("one\r\ntwo\tthree\nfour") == "one two three four"


def test_what_is_no_text_is_shown_too() -> None:
    assert clean(None) == ""
    assert clean(7) == "7"
    assert clean(["[/foo]"]) == "['[/foo]']"


@given(TEXT)
def test_lines_are_lines(text: str) -> None:
    lines = clean_lines(text)
    assert all(clean(line) == line for line in lines)
    assert clean_lines("".join(f"{line}\n" for line in lines)) == lines


def test_lines_keep_their_indent_and_have_a_limit_together() -> None:
    assert clean_lines("a:\n\tb: 1\r\n  c") == ("a:", "    b: 1", "  c")
    cut = clean_lines("x\n" * 1_000, limit=100)
    assert sum(map(len, cut)) <= 100
    assert cut[-1].endswith("…")
