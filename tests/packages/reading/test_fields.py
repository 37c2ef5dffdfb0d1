from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlcd_tui.domain.text import clean
from mlcd_tui.packages.reading.dimensions import numpy_dtype, shape_of
from mlcd_tui.packages.reading.fields import Notes, literal

_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=5),
    max_leaves=15,
)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-11-24 03:13:24.428940", datetime(2026, 11, 24, 3, 13, 24, 428940, UTC)),
        (1795490265386, datetime(2026, 11, 24, 3, 17, 45, 386000, UTC)),
        ("1795490265386", datetime(2026, 11, 24, 3, 17, 45, 386000, UTC)),
        (1795490265, datetime(2026, 11, 24, 3, 17, 45, tzinfo=UTC)),
        ("2026-11-24T03:13:24.123456789Z", datetime(2026, 11, 24, 3, 13, 24, 123456, UTC)),
        ("2026-11-24T03:13:24+02:00", datetime(2026, 11, 24, 1, 13, 24, tzinfo=UTC)),
        ("2026-11-24 03:13:24 +0000", datetime(2026, 11, 24, 3, 13, 24, tzinfo=UTC)),
    ],
)
def test_times_of_all_formats_are_read_as_utc(written: Any, meant: datetime) -> None:
    notes = Notes("MLmodel")
    found = notes.moment(written, "t")
    assert found == meant
    assert found.utcoffset() == timedelta(0)
    assert notes.warnings == ()


def test_a_wrong_type_is_one_sentence_that_names_file_and_field() -> None:
    notes = Notes("bento.yaml")
    assert notes.text({"a": 1}, "name") == ""
    assert notes.number("fast", "speed") is None
    assert notes.mapping([1], "labels") == {}
    assert notes.mapping([1], "labels") == {}
    assert notes.warnings == (
        "bento.yaml: name is a map, text was expected.",
        "bento.yaml: speed is “fast”, a number was expected.",
        "bento.yaml: labels is a list, a map was expected.",
    )


def test_a_flood_of_warnings_is_counted_not_kept() -> None:
    notes = Notes("f")
    for index in range(500):
        notes.number("x", f"field{index}")
    assert len(notes.warnings) == 31
    assert "470 more" in notes.warnings[-1]


def test_free_maps_become_pairs_with_dotted_labels() -> None:
    value = {
        "owner": "risk\x1b[31m",
        "train": {"lr": 0.1, "deep": {"er": {"est": 1}}},
        "tags": ["a", "b"],
        "none": None,
    }
    assert Notes("f").pairs(value, "metadata") == (
        ("owner", "risk␛[31m"),
        ("tags", '["a", "b"]'),
        ("train.lr", "0.1"),
        ("train.deep.er", '{"est": 1}'),
    )


@given(_ANY)
def test_no_accessor_ever_raises_and_all_that_comes_out_is_clean(value: Any) -> None:
    notes = Notes("f")
    texts = [
        notes.text(value, "a"),
        *notes.texts(value, "b"),
        *(text for pair in notes.pairs(value, "c") for text in pair),
    ]
    notes.number(value, "d")
    notes.integer(value, "e")
    notes.boolean(value, "f")
    notes.moment(value, "g")
    notes.mappings(value, "h")
    literal(value)
    shape_of(value, "i", notes)
    assert all(text == clean(text) for text in (*texts, *notes.warnings))


def test_shapes_know_free_symbolic_and_absurd_dimensions() -> None:
    notes = Notes("f")
    assert shape_of([-1, 28, "batch", None], "s", notes) == (None, 28, "batch", None)
    assert shape_of(None, "s", notes) is None
    assert notes.warnings == ()
    assert [shape_of([4, wrong], "s", notes) for wrong in (-7, 1 << 80, 2.5, True)] == [None] * 4
    assert shape_of([1] * 100, "s", notes) is None
    assert len(notes.warnings) == 5


def test_numpy_names_are_canonical() -> None:
    names = {"<U16": "string", "datetime64[ns]": "datetime", "float32": "float32", "str": "string", "what": None}
    assert {name: numpy_dtype(name) for name in names} == names
