from __future__ import annotations

import json
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.packages.formats.safetensors import FORMAT
from tests.packages.formats.hostile import broken, unclean
from tests.packages.memory_files import DiskFiles, MemoryFiles, from_folder

_FIXTURE = Path(__file__).parents[2] / "fixtures" / "packages" / "safetensors"
_GOOD = (_FIXTURE / "churn.safetensors").read_bytes()


def _file(header: Any, size: int = 0) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + b"\x00" * size


def _tensor(shape: list[Any], begin: int, end: int, dtype: Any = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def test_the_fixture_tells_its_weights_and_nothing_of_inputs() -> None:
    files = from_folder(_FIXTURE)
    package = FORMAT.read(files, "churn.safetensors")
    artifact = package.artifacts[0]
    assert (artifact.parameters, artifact.precisions, artifact.size) == (16, ("float32", "float16"), 340)
    assert artifact.unsafe == ""
    assert package.endpoints == ()
    assert package.training.revision == "4be1f0c"
    assert [dataset.name for dataset in package.training.datasets] == ["churn-2026q3"]
    assert ("format", "np") in package.tags
    assert package.sources[0].text == ("layer.bias F32 [2]", "layer.weight F32 [2, 4]", "emb.fp16 F16 [3, 2]")
    assert package.sources[0].rank == 45


def test_shards_are_described_together_by_their_index() -> None:
    shard = _file({"a": _tensor([2], 0, 8)}, 8)
    names = [f"model-0000{number}-of-00003.safetensors" for number in (1, 2, 3)]
    index = {"metadata": {"total_size": 24}, "weight_map": {f"w{place}": name for place, name in enumerate(names)}}
    files = MemoryFiles(
        {
            "m/model.safetensors.index.json": json.dumps(index).encode(),
            f"m/{names[0]}": shard,
            f"m/{names[1]}": shard[:20],
            "m/adapter.safetensors": shard,
        }
    )
    assert FORMAT.find(files) == ("m/model.safetensors.index.json", "m/adapter.safetensors")
    package = FORMAT.read(files, "m/model.safetensors.index.json")
    assert [(one.path.rpartition("/")[2], one.parameters) for one in package.artifacts] == [
        (names[0], 2),
        (names[1], None),
        (names[2], None),
    ]
    assert package.extra == (("tensors", "3"),)
    first, second = package.sources[0].warnings
    assert names[1] in first
    assert "truncated" in first
    assert second.endswith(f"names {names[2]}, which is not there.")


def test_an_index_never_leads_out_of_its_folder() -> None:
    index = {"weight_map": {"a": "../../etc/passwd", "b": "/etc/passwd", "c": 3, "d": "x.safetensors"}}
    files = MemoryFiles({"model.safetensors.index.json": json.dumps(index).encode()})
    package = FORMAT.read(files, "model.safetensors.index.json")
    assert [one.path for one in package.artifacts] == ["x.safetensors"]
    assert "outside the folder" in package.sources[0].warnings[0]


def test_five_gigabytes_cost_the_header(tmp_path: Path) -> None:
    size = 5 << 30
    path = tmp_path / "giant.safetensors"
    path.write_bytes(_file({"w": _tensor([size // 2], 0, size, "BF16")}))
    with path.open("r+b") as opened:
        opened.truncate(path.stat().st_size + size)
    files = DiskFiles(tmp_path)
    tracemalloc.start()
    try:
        started = time.monotonic()
        package = FORMAT.read(files, "giant.safetensors")
        elapsed = time.monotonic() - started
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert package.artifacts[0].parameters == size // 2
    assert package.artifacts[0].precisions == ("bfloat16",)
    assert elapsed < 3  # milliseconds on a quiet machine; reading it all takes far longer
    assert peak < 1 << 20
    assert sum(length for _, _, length in files.reads) < 1000


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "only 0 bytes"),
        (b"\x10", "only 1 bytes"),
        ((1 << 63).to_bytes(8, "little") + b"{}", "claims a header of 9,223,372,036,854,775,808 bytes"),
        ((500).to_bytes(8, "little") + b"{}", "is truncated"),
        (_file(b"[1]"), "does not begin with a brace"),
        (_file(b'{"a": 1'), "header is not valid JSON"),
        (_file(b'{"a": 1}'), "a describes no tensor"),
        (_file(b'{"a":' * 500), "nesting is deeper"),
        (_file({"a": _tensor([-1], 0, 4)}, 4), "no usable dtype, shape"),
        (_file({"a": _tensor([True], 0, 4)}, 4), "no usable dtype, shape"),
        (_file({"a": _tensor([1 << 70], 0, 4)}, 4), "no usable dtype, shape"),
        (_file({"a": _tensor([1 << 61] * 64, 0, 4)}, 4), "do not fit"),
        (_file({"a": _tensor([3], 0, 8)}, 8), "do not fit"),
        (_file({"a": _tensor([2], 0, 8), "b": _tensor([1], 4, 8)}, 8), "b does not begin where"),
        (_file({"a": _tensor([2], 0, 8), "b": _tensor([1], 12, 16)}, 16), "b does not begin where"),
        (_file({"a": _tensor([2], 0, 8)}, 4), "its tensors take 8 bytes, 4 are there"),
        (_file(b'{"a": {}, "a": {}}'), "a appears twice"),
    ],
    ids=lambda value: "data" if isinstance(value, bytes) else None,
)
def test_damage_and_lies_are_told(data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=r"a\.safetensors") as caught:
        FORMAT.read(MemoryFiles({"a.safetensors": data}), "a.safetensors")
    assert reason in caught.value.sentence


def test_an_unknown_dtype_is_named_and_not_counted() -> None:
    data = _file({"a": _tensor([9], 0, 5, "F5_X"), "b": _tensor([1], 5, 9)}, 9)
    package = FORMAT.read(MemoryFiles({"a.safetensors": data}), "a.safetensors")
    assert package.artifacts[0].parameters == 1
    assert package.sources[0].warnings == ("a.safetensors: a has the unknown dtype F5_X and is not counted.",)


@given(broken(_GOOD))
def test_broken_files_are_read_or_unreadable(data: bytes) -> None:
    try:
        package = FORMAT.read(MemoryFiles({"a.safetensors": data}), "a.safetensors")
    except Unreadable:
        return
    assert unclean(package) == []


@given(broken(b'{"metadata": {"total_size": 24}, "weight_map": {"a": "x-00001-of-00001.safetensors"}}'))
def test_broken_indices_are_read_or_unreadable(data: bytes) -> None:
    files = MemoryFiles({"a.safetensors.index.json": data, "x-00001-of-00001.safetensors": _GOOD})
    try:
        package = FORMAT.read(files, "a.safetensors.index.json")
    except Unreadable:
        return
    assert unclean(package) == []
