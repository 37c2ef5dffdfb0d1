"""Patches by their standards."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlcd_tui.demo.patches import json_patch, merge, strategic_merge
from mlcd_tui.demo.statuses import ApiError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        # the examples of RFC 7386, appendix A
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge(target: Any, patch: Any, result: Any) -> None:
    assert merge(target, patch) == result


@given(JSON, JSON)
def test_a_merge_patch_applied_twice_is_applied_once(target: Any, patch: Any) -> None:
    once = merge(target, patch)
    assert merge(once, patch) == once


@given(st.dictionaries(st.text(max_size=4), JSON, min_size=1, max_size=4), st.data(), JSON)
def test_json_patch_reaches_any_key(document: dict[str, Any], data: st.DataObject, value: Any) -> None:
    key = data.draw(st.sampled_from(sorted(document)))
    pointer = "/" + key.replace("~", "~0").replace("/", "~1")
    operations = [
        {"op": "test", "path": pointer, "value": document[key]},
        {"op": "replace", "path": pointer, "value": value},
    ]
    assert json_patch(document, operations) == {**document, key: value}


def test_json_patch_moves_in_lists_and_leaves_the_original() -> None:
    document = {"a": [1, 2, 3]}
    operations = [
        {"op": "add", "path": "/a/-", "value": 4},
        {"op": "remove", "path": "/a/0"},
        {"op": "copy", "from": "/a/0", "path": "/b"},
        {"op": "move", "from": "/a/1", "path": "/a/0"},
    ]
    assert json_patch(document, operations) == {"a": [3, 2, 4], "b": 2}
    assert document == {"a": [1, 2, 3]}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/a", "value": 2},
        {"op": "replace", "path": "/b", "value": 1},
        {"op": "remove", "path": "/list/9"},
        {"op": "add", "path": "/list/x", "value": 1},
        {"op": "dance", "path": "/a"},
    ],
)
def test_json_patch_that_does_not_apply(operation: dict[str, Any]) -> None:
    with pytest.raises(ApiError) as error:
        json_patch({"a": 1, "list": []}, [operation])
    assert error.value.code == 422


def test_strategic_merge_joins_lists_by_key() -> None:
    target = {"containers": [{"name": "a", "image": "1", "env": [{"name": "X", "value": "1"}]}, {"name": "b"}]}
    patch = {
        "containers": [
            {"name": "a", "image": "2", "env": [{"name": "Y", "value": "2"}]},
            {"name": "b", "$patch": "delete"},
            {"name": "c"},
        ]
    }
    env = [{"name": "X", "value": "1"}, {"name": "Y", "value": "2"}]
    expected = [{"name": "a", "image": "2", "env": env}, {"name": "c"}]
    assert strategic_merge(target, patch) == {"containers": expected}
