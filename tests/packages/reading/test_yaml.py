from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.packages.reading.yaml import load_yaml, plain_scalar

_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text(st.characters(codec="ascii"), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc _.-", max_size=8), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1.20", "1.20"),
        ("012", "012"),
        ("1e5", "1e5"),
        ("4123456", 4123456),
        ("2026-01-01", "2026-01-01"),
        ("12:30:45", "12:30:45"),
        ("on", "on"),
        ("No", "No"),
        ("0x1f", "0x1f"),
        ("1_000", "1_000"),
        (".inf", ".inf"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("3.11", 3.11),
        ("true", True),
        ("~", None),
        ('"7"', "7"),
    ],
)
def test_a_version_a_commit_or_a_date_stays_what_was_written(written: str, meant: Any) -> None:
    assert load_yaml(f"key: {written}\n".encode(), "MLmodel") == {"key": meant}


@given(st.text("0123456789.+-eE", min_size=1, max_size=24))
def test_a_number_can_always_be_written_back(text: str) -> None:
    value = plain_scalar(text)
    assert str(value) == text


@given(_PLAIN)
def test_json_means_the_same_in_yaml(value: Any) -> None:
    assert load_yaml(json.dumps(value).encode(), "f") == json.loads(json.dumps(value))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"[" * 100_000, "nesting is deeper than 64"),
        (b"{a: " * 10_000, "nesting is deeper than 64"),
        (b"- " * 200_000, "nesting is deeper than 64"),
        (b"a: &x [1, 2]\nb: [*x, *x]", "anchors and aliases"),
        (b"a: 1\nb: 2\na: 3", "line 3, the key a appears twice"),
        (b"a: !!python/object/apply:os.system [id]", "tag tag:yaml.org,2002:python/object/apply:os.system"),
        (b"a: 1\n---\nb: 2", "second document"),
        (b"? [a]\n: b", "used as a key"),
        (b"- x\n" * 200_000, "more than 100,000 values"),
        ("a: 1".encode("utf-16"), "is UTF-16"),
        (b"a: \xff\xfe", "not UTF-8 text: byte 3"),
        (b"a: \x00", "NUL"),
        (b"a: \x1b[31m", "not valid YAML"),
        (b"a: [1", "not valid YAML"),
        (b'a: "' + b"x" * 500_000, "not valid YAML"),
        (b"x" * ((1 << 20) + 1), "at most 1,048,576"),
        (b"PK\x03\x04....", "zip archive"),
    ],
    ids=lambda value: "data" if isinstance(value, bytes) else None,
)
def test_hostile_yaml_is_refused_in_one_sentence_and_at_once(data: bytes, reason: str) -> None:
    started = time.monotonic()
    with pytest.raises(Unreadable, match="churn/Kitfile") as caught:
        load_yaml(data, "churn/Kitfile")
    assert reason in caught.value.sentence
    assert "\n" not in caught.value.sentence
    assert time.monotonic() - started < 3


@given(st.binary(max_size=400))
def test_any_bytes_are_a_value_or_unreadable(data: bytes) -> None:
    with suppress(Unreadable):
        load_yaml(data, "f")


def test_a_byte_order_mark_and_an_empty_file_are_fine() -> None:
    assert load_yaml(b"\xef\xbb\xbfa: 1", "f") == {"a": 1}
    assert load_yaml(b"", "f") is None
