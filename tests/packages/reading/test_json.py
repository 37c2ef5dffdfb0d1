from __future__ import annotations

import json
import time
import tracemalloc
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.packages.reading.json import load_json


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"[" * 1_000_000, "nesting is deeper than 64"),
        (b'{"a":' * 1_000, "nesting is deeper than 64"),
        (b'{"a": 1, "b": {}, "a": 2}', "the key a appears twice"),
        (b"[[" + b"],[" * 1_000_000, "more than 400,000 values"),
        (b'"' + b'\\"' * 1_000_000, "not valid JSON"),
        (b'{"a": ', "not valid JSON in line 1"),
        (b"", "not valid JSON"),
        (b"[1] [2]", "extra data"),
        ('{"a": 1}'.encode("utf-16"), "UTF-16"),
        (b"\x1f\x8b\x08", "gzip"),
        (b" " * (5 << 20), "at most 4,194,304"),
    ],
    ids=lambda value: "data" if isinstance(value, bytes) else None,
)
def test_hostile_json_is_refused_in_one_sentence_and_at_once(data: bytes, reason: str) -> None:
    started = time.monotonic()
    with pytest.raises(Unreadable, match=r"run\.json") as caught:
        load_json(data, "run.json")
    assert reason in caught.value.sentence
    assert time.monotonic() - started < 3


def test_numbers_that_no_float_holds_come_as_text() -> None:
    data = b"[NaN, -Infinity, 1e999, " + b"9" * 5000 + b", 12345678901234567890]"
    assert load_json(data, "f") == ["NaN", "-Infinity", "1e999", "9" * 5000, 12345678901234567890]


def test_brackets_within_text_are_no_nesting() -> None:
    assert load_json(json.dumps({"a": "[" * 500 + '\\"{' * 500}).encode(), "f")["a"].startswith("[[[")


def test_the_largest_document_takes_bounded_memory() -> None:
    data = b"[" + b'{"a":1},' * 190_000 + b"0]"
    tracemalloc.start()
    try:
        load_json(data, "f")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 70 << 20


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda i: st.lists(i) | st.dictionaries(st.text(), i),
        max_leaves=20,
    )
)
def test_json_is_read_as_python_reads_it(value: Any) -> None:
    data = json.dumps(value)
    if not any(
        len(part) > 40 for part in data.replace(",", " ").replace("]", " ").split() if part.lstrip("-").isdecimal()
    ):
        assert load_json(data.encode(), "f") == value


@given(st.binary(max_size=300) | st.text('{}[]",:\\ 0eE-.a', max_size=300).map(str.encode))
def test_any_bytes_are_a_value_or_unreadable(data: bytes) -> None:
    with suppress(Unreadable):
        load_json(data, "f")
