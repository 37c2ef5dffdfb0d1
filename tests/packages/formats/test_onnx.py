from __future__ import annotations

import os
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.schema import Extras, SchemaKind
from mlcd_tui.packages.formats.onnx import FORMAT
from tests.packages.formats import wire
from tests.packages.formats.hostile import broken, unclean
from tests.packages.memory_files import DiskFiles, MemoryFiles, from_folder

_FIXTURE = Path(__file__).parents[2] / "fixtures" / "packages" / "onnx"
_GOOD = (_FIXTURE / "churn.onnx").read_bytes()


def _graph(*parts: bytes) -> bytes:
    return wire.model(*parts)


def test_the_fixture_tells_its_interface_and_its_origin() -> None:
    files = from_folder(_FIXTURE)
    assert FORMAT.find(files) == ("churn.onnx",)
    package = FORMAT.read(files, "churn.onnx")
    assert (package.name, package.version, package.description) == ("churn", "3", "Linear churn model, fixture")
    endpoint = package.endpoints[0]
    assert endpoint.inputs.kind is SchemaKind.TENSORS
    assert [(one.name, one.dtype, one.shape) for one in endpoint.inputs.fields] == [
        ("features", "float32", ("batch", 4))
    ]
    assert [(one.name, one.dtype, one.shape) for one in endpoint.outputs.fields] == [
        ("logits", "float32", ("batch", 2)),
        ("label", "int64", ("batch",)),
    ]
    assert package.artifacts[0].parameters == 8
    assert package.artifacts[0].precisions == ("float32",)
    assert package.training.revision == "4be1f0c"
    assert package.training.datasets[0].name == "churn-2026q3"
    assert package.licences == ("Apache-2.0",)
    assert package.dependencies[0].version == "17"
    assert len(package.sources) == 1
    assert "input: features FLOAT [batch, 4]" in package.sources[0].text


def test_weights_among_the_inputs_are_no_inputs() -> None:
    data = _graph(
        wire.data(11, wire.value_info("x", wire.tensor_type(1, "batch", 4))),
        wire.data(11, wire.value_info("W", wire.tensor_type(1, 4, 2))),
        wire.data(5, wire.initializer("W", 10, 4, 2)),
    )
    package = FORMAT.read(MemoryFiles({"a.onnx": data}), "a.onnx")
    assert [one.name for one in package.endpoints[0].inputs.fields] == ["x"]
    assert package.endpoints[0].inputs.extras is Extras.REJECT
    assert package.artifacts[0].precisions == ("float16",)


@pytest.mark.parametrize("name", ["main_graph", "3e671687395b41f5a30fa58921a69b79", "ONNX(LogisticRegression)"])
def test_the_name_that_an_exporter_gives_every_graph_is_not_the_models(name: str) -> None:
    package = FORMAT.read(MemoryFiles({"a.onnx": wire.model(wire.data(2, name))}), "a.onnx")
    assert package.name == ""
    assert ("graph", name) in package.extra


def test_sequences_maps_and_optionals_keep_what_they_hold() -> None:
    # sklearn-onnx ends classifiers in a sequence of maps from class to probability.
    of_map = wire.data(5, wire.number(1, 7), wire.data(2, wire.tensor_type(1, ranked=False)))
    data = _graph(
        wire.data(12, wire.value_info("probabilities", wire.data(4, wire.data(1, of_map)))),
        wire.data(11, wire.value_info("hint", wire.data(9, wire.data(1, wire.tensor_type(8))))),
        wire.data(11, wire.value_info("any", b"")),
    )
    endpoint = FORMAT.read(MemoryFiles({"a.onnx": data}), "a.onnx").endpoints[0]
    output = endpoint.outputs.fields[0]
    assert (output.dtype, output.raw) == ("array", "seq(map(int64, FLOAT))")
    assert output.children[0].dtype == "map"
    assert (output.children[0].children[0].dtype, output.children[0].children[0].shape) == ("float32", None)
    hint, anything = endpoint.inputs.fields
    assert (hint.dtype, hint.required, hint.shape, hint.raw) == ("string", False, (), "optional(STRING)")
    assert (anything.dtype, anything.shape) == ("any", None)


def test_weights_kept_outside_are_named_not_followed() -> None:
    tensor = (
        wire.initializer("W", 16, 1000, 1000) + wire.number(14, 1) + wire.data(13, wire.data(2, "../../etc/passwd"))
    )
    files = MemoryFiles({"a.onnx": _graph(wire.data(5, tensor))})
    package = FORMAT.read(files, "a.onnx")
    assert package.artifacts[0].parameters == 1_000_000
    assert package.artifacts[0].precisions == ("bfloat16",)
    assert "not followed" in package.sources[0].warnings[0]
    assert {path for path, _, _ in files.reads} == {"a.onnx"}


def test_five_gigabytes_cost_a_few_small_reads(tmp_path: Path) -> None:
    shard = 1 << 30
    head = b"".join(wire.number(1, size) for size in (shard // 4,)) + wire.number(2, 1) + wire.data(8, "W0")
    raw_tag = wire.varint(9 << 3 | 2) + wire.varint(shard)
    tensor_length = len(head) + len(raw_tag) + shard
    tensor_tag = wire.varint(5 << 3 | 2) + wire.varint(tensor_length)
    tail = wire.data(11, wire.value_info("x", wire.tensor_type(1, "batch", 4)))
    graph_length = 5 * (len(tensor_tag) + tensor_length) + len(tail)
    props = wire.data(14, wire.data(1, "git_commit"), wire.data(2, "abc1234"))
    path = tmp_path / "giant.onnx"
    with path.open("wb") as opened:
        opened.write(wire.number(1, 9) + wire.varint(7 << 3 | 2) + wire.varint(graph_length))
        for _ in range(5):
            opened.write(tensor_tag + head + raw_tag)
            opened.seek(shard, os.SEEK_CUR)
        opened.write(tail + props)
    files = DiskFiles(tmp_path)
    tracemalloc.start()
    try:
        started = time.monotonic()
        package = FORMAT.read(files, "giant.onnx")
        elapsed = time.monotonic() - started
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert package.artifacts[0].size is not None
    assert package.artifacts[0].size > 5 << 30
    assert package.artifacts[0].parameters == 5 * shard // 4
    assert package.training.revision == "abc1234"
    assert elapsed < 3  # milliseconds on a quiet machine; reading it all takes far longer
    assert peak < 1 << 20
    assert len(files.reads) <= 15
    assert sum(length for _, _, length in files.reads) < 100_000


@pytest.mark.parametrize("known", [True, False])
def test_every_truncation_is_told_or_harmless(known: bool) -> None:
    for end in range(len(_GOOD)):
        files = MemoryFiles({"a.onnx": _GOOD[:end]}, sizes_known=known)
        try:
            FORMAT.read(files, "a.onnx")
        except Unreadable as failure:
            assert failure.sentence.startswith("a.onnx")  # noqa: PT017 - both ends are right, and this must hold of one


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it has no graph"),
        (b"\x08\x09", "it has no graph"),
        (b"\xff" * 100, "does not end"),
        (b"\x00" * 100, "begins no field"),
        (b"\x0b" * 100, "unknown kind 3"),
        (wire.varint(7 << 3 | 2) + wire.varint(1 << 62), "ends beyond its place"),
        (wire.model(b"\x08\x01" * 400_000), "more fields than are read"),
        (wire.model(wire.data(11, wire.value_info("x", wire.tensor_type(1, *[1] * 70)))), "more than 64 dimensions"),
    ],
    ids=lambda value: "data" if isinstance(value, bytes) else None,
)
def test_what_is_no_model_is_told_at_once(data: bytes, reason: str) -> None:
    started = time.monotonic()
    with pytest.raises(Unreadable, match=r"a\.onnx") as caught:
        FORMAT.read(MemoryFiles({"a.onnx": data}), "a.onnx")
    assert reason in caught.value.sentence
    assert time.monotonic() - started < 4


def test_types_nested_without_end_are_refused() -> None:
    kind = wire.tensor_type(1)
    for _ in range(40):
        kind = wire.data(4, wire.data(1, kind))
    data = wire.model(wire.data(11, wire.value_info("deep", kind)))
    with pytest.raises(Unreadable, match=r"a\.onnx cannot be used: the type of deep is nested deeper than 16"):
        FORMAT.read(MemoryFiles({"a.onnx": data}), "a.onnx")


def test_absurd_dimensions_are_no_sizes() -> None:
    data = wire.model(
        wire.data(11, wire.value_info("x", wire.tensor_type(1, -5, (1 << 63) - 1))),
        wire.data(5, wire.initializer("W", 1, *[1 << 40] * 10)),
        wire.data(5, wire.initializer("V", 1, -3)),
    )
    package = FORMAT.read(MemoryFiles({"a.onnx": data}), "a.onnx")
    assert package.endpoints[0].inputs.fields[0].shape is None
    assert package.artifacts[0].parameters is None
    assert [warning.partition(":")[2] for warning in package.sources[0].warnings] == [
        " x has the dimension -5, which is no size.",
        " initializer W has an absurd size and is not counted.",
        " initializer V has an absurd size and is not counted.",
    ]


@given(broken(_GOOD), st.booleans())
def test_broken_models_are_read_or_unreadable(data: bytes, known: bool) -> None:
    try:
        package = FORMAT.read(MemoryFiles({"a.onnx": data}, sizes_known=known), "a.onnx")
    except Unreadable:
        return
    assert unclean(package) == []
