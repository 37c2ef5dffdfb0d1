from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.packages.formats.skops import FORMAT
from tests.packages.formats.hostile import broken, unclean
from tests.packages.memory_files import MemoryFiles, from_folder

_FIXTURE = Path(__file__).parents[2] / "fixtures" / "packages" / "skops"
_GOOD = (_FIXTURE / "model.skops").read_bytes()


def _archive(schema: Any, **others: bytes) -> MemoryFiles:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", schema if isinstance(schema, bytes) else json.dumps(schema))
        for name, data in others.items():
            archive.writestr(name, data)
    return MemoryFiles({"m.skops": buffer.getvalue()})


def test_the_fixture_tells_its_class_and_its_types() -> None:
    files = from_folder(_FIXTURE)
    assert FORMAT.find(files) == ("model.skops",)
    package = FORMAT.read(files, "model.skops")
    assert package.architecture == "sklearn.linear_model._logistic.LogisticRegression"
    assert package.artifacts[0].unsafe == ""
    assert package.dependencies[0].version == "0.16.0"
    assert "numpy.ndarray × 4" in package.sources[0].text


def test_types_that_must_be_trusted_are_named() -> None:
    inner = {"__class__": "system", "__module__": "os", "__loader__": "FunctionNode", "content": None}
    tree = {"__class__": "Pipeline", "__module__": "sklearn.pipeline", "content": [{"deep": [inner]}]}
    assert FORMAT.read(_archive(tree), "m.skops").artifacts[0].unsafe == "needs trust in os.system when loaded"


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        (b"0" * 30_000_000, "schema.json has 30,000,000 bytes; at most 4,194,304"),
        (b"[" * 100_000, "nesting is deeper"),
        (b"[1]", "is no map"),
        (b"\x80\x04K\x01.", "not UTF-8"),
    ],
    ids=lambda value: "data" if isinstance(value, bytes) else None,
)
def test_a_hostile_schema_is_refused(schema: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=r"m\.skops: schema\.json") as caught:
        FORMAT.read(_archive(schema), "m.skops")
    assert reason in caught.value.sentence


def test_a_zip_without_schema_is_no_model() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a", "")
    with pytest.raises(Unreadable, match=r"m\.skops is no skops model: it holds no schema\.json"):
        FORMAT.read(MemoryFiles({"m.skops": buffer.getvalue()}), "m.skops")


@given(broken(_GOOD))
def test_broken_archives_are_read_or_unreadable(data: bytes) -> None:
    try:
        package = FORMAT.read(MemoryFiles({"m.skops": data}), "m.skops")
    except Unreadable:
        return
    assert unclean(package) == []
