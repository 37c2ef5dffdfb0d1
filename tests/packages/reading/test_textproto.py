from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.packages.reading.textproto import load_textproto


def test_all_spellings_of_the_text_format() -> None:
    text = r"""
    # a comment
    name: "chu" 'rn\n\x41\101' ; platform: "p",
    input [ { dims: [ -1, 0x10, 3 ] }, { dims: 4 dims: 5 } ]
    output < dims: [] >
    rate: 1.5e3 neg: - 2 flag: true kind: TYPE_FP32
    parameters { key: "k" value: { string_value: "v" } }
    [com.example.ext] { a: 1 }
    """
    assert load_textproto(text.encode(), "config.pbtxt") == {
        "name": ["churn\nAA"],
        "platform": ["p"],
        "input": [{"dims": [-1, 16, 3]}, {"dims": [4, 5]}],
        "output": [{"dims": []}],
        "rate": [1500.0],
        "neg": [-2],
        "flag": ["true"],
        "kind": ["TYPE_FP32"],
        "parameters": [{"key": ["k"], "value": [{"string_value": ["v"]}]}],
        "[com.example.ext]": [{"a": [1]}],
    }


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"a { " * 100_000, "nesting is deeper than 32"),
        (b"a: 1 " * 100_000, "more than 100,000 words"),
        (b"a: [" * 50_000, "a value of a"),
        (b'a: "' + b"x" * 1_000_000, "out of place"),
        (b"a {\n b: 1", "in line 2, “}” is missing"),
        (b"a: [1, 2", "“]” is missing"),
        (b"a { >", "a field name was expected"),
        (b"a: }", "a value of a was expected"),
        (b"a", "a value of a was expected"),
        (b"\xff", "not UTF-8"),
    ],
    ids=lambda value: "data" if isinstance(value, bytes) else None,
)
def test_hostile_text_is_refused_with_its_line(data: bytes, reason: str) -> None:
    started = time.monotonic()
    with pytest.raises(Unreadable, match=r"config\.pbtxt") as caught:
        load_textproto(data, "config.pbtxt")
    assert reason in caught.value.sentence
    assert time.monotonic() - started < 3


@given(st.text("ab:{}<>[]\"'\\,;# \n-0x1.e", max_size=200))
def test_any_text_is_a_message_or_unreadable(text: str) -> None:
    with suppress(Unreadable):
        load_textproto(text.encode(), "f")
