"""Bytes become the same objects wherever the network cuts them."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlcd_tui.cluster.streams import Chunked
from mlcd_tui.cluster.wire import Codec, Lines
from tests.cluster.server import THINGS, thing


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[a:b] for a, b in itertools.pairwise(edges)]


@given(st.lists(st.binary(min_size=1).map(lambda b: b.replace(b"\n", b" ").strip() or b"x")), st.lists(st.integers(0)))
def test_lines_are_whole_wherever_they_were_cut(lines: list[bytes], places: list[int]) -> None:
    splitter = Lines()
    found = [line for part in cut(b"".join(line + b"\n" for line in lines), places) for line in splitter.feed(part)]
    assert found == lines


def test_a_line_without_end_is_refused() -> None:
    splitter = Lines(longest=10)
    splitter.feed(b"12345")
    with pytest.raises(ValueError, match="too long"):
        splitter.feed(b"678901")


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=8), st.lists(st.integers(0)))
def test_chunks_are_taken_off_wherever_they_were_cut(parts: list[bytes], places: list[int]) -> None:
    wire = b"".join(f"{len(part):X};x=y\r\n".encode() + part + b"\r\n" for part in parts) + b"0\r\n\r\n"
    chunked = Chunked()
    assert b"".join(chunked.feed(part) for part in cut(wire, places)) == b"".join(parts)
    assert chunked.done


@pytest.mark.parametrize("wire", [b"zz\r\n", b"2\r\nabc\r\n", b"<html>" + b" " * 5000])
def test_what_is_not_chunked_is_refused(wire: bytes) -> None:
    with pytest.raises(ValueError):
        Chunked().feed(wire)


@settings(max_examples=40, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda s: st.lists(s) | st.dictionaries(st.text(), s)
    )
)
def test_any_object_of_a_watch_is_an_event(value: object) -> None:
    codec: Codec[dict[str, object]] = Codec(THINGS, None)
    event = codec.event(json.dumps({"type": "ADDED", "object": value}).encode())
    assert event.type == "ADDED"


def test_a_list_may_have_no_items_at_all() -> None:
    codec: Codec[dict[str, object]] = Codec(THINGS, None)
    meta, items = codec.page(b'{"kind":"ThingList","metadata":{"resourceVersion":"5","continue":""},"items":null}')
    assert (meta.version, items) == ("5", [])


def test_items_of_a_list_get_the_kind_that_lists_leave_out() -> None:
    codec: Codec[dict[str, object]] = Codec(THINGS, None)
    body = json.dumps({"metadata": {}, "items": [thing("a") | {"kind": "Own"}, thing("b")]}).encode()
    _, items = codec.page(body)
    assert [isinstance(item, dict) and item["kind"] for item in items] == ["Own", "Thing"]
