"""Whatever the bytes: documents raise `Unreadable` and nothing else, and what they say comes out harmless."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.package import ModelPackage
from mlcd_tui.domain.package_ports import PackageFormat
from mlcd_tui.domain.schema import Schema
from mlcd_tui.domain.text import clean
from mlcd_tui.packages.formats import (
    bentoml,
    cog,
    cyclonedx,
    intoto,
    kitops,
    mlcd,
    model_signing,
    modelpack,
    oci_labels,
    openapi,
    openinference,
)
from tests.packages.formats.document_fixtures import fixture
from tests.packages.formats.test_mlcd import documented
from tests.packages.memory_files import MemoryFiles

CASES: dict[str, tuple[PackageFormat, str, str]] = {
    "kitfile": (kitops.FORMAT, "kitops", "Kitfile"),
    "modelkit": (kitops.FORMAT, "kitops", "manifest.json"),
    "modelkit config": (kitops.FORMAT, "kitops", "config.json"),
    "modelpack": (modelpack.FORMAT, "modelpack", "manifest.json"),
    "modelpack config": (modelpack.FORMAT, "modelpack", "config.json"),
    "cog.yaml": (cog.FORMAT, "cog", "cog.yaml"),
    "cog image": (cog.FORMAT, "cog", "image-config.json"),
    "bento": (bentoml.FORMAT, "bentoml", "bento/bento.yaml"),
    "bento schema": (bentoml.FORMAT, "bentoml", "bento/apis/schema.json"),
    "bento model": (bentoml.FORMAT, "bentoml", "model/model.yaml"),
    "oip": (openinference.FORMAT, "openinference", "v2/models/churn.json"),
    "openapi": (openapi.FORMAT, "bentoml", "bento/apis/openapi.yaml"),
    "labels": (oci_labels.FORMAT, "cog", "image-config.json"),
    "ml-bom": (cyclonedx.FORMAT, "cyclonedx", "churn.cdx.json"),
    "slsa": (intoto.FORMAT, "intoto", "statement.json"),
    "dsse": (intoto.FORMAT, "intoto", "churn.intoto.jsonl"),
    "signature": (model_signing.FORMAT, "model_signing", "model.sig"),
    "sidecar": (mlcd.FORMAT, "", "mlcd.yaml"),
}
HOSTILE = "\x1b[31m\u202e[bold]\x00\n\ud800"
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(["\x1b[31m", "\u202e[bold]", "#/", "$ref", "sha256:", "-1", "x" * 3_000]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)),
    max_leaves=6,
)
QUICK = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None)


def contents_of(folder: str) -> dict[str, bytes]:
    return dict(fixture(folder).contents) if folder else {"mlcd.yaml": documented().encode()}


def survives(form: PackageFormat, contents: Mapping[str, bytes], path: str) -> None:
    """Finding never raises, reading only `Unreadable`; what comes out is harmless text."""
    files = MemoryFiles(contents)
    for found in {*form.find(files), path}:
        said = [str(problem)] if isinstance(problem := read(form, files, found), Unreadable) else list(texts(problem))
        assert all(clean(text, limit=300_000) == text for text in said)


def read(form: PackageFormat, files: MemoryFiles, path: str) -> ModelPackage | Unreadable:
    try:
        package = form.read(files, path)
    except Unreadable as failure:
        return failure
    assert len(package.sources) == 1
    return package


def texts(value: Any) -> Iterator[str]:
    """Everything that a screen may show."""
    if isinstance(value, Enum):
        return
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from texts(key)
            yield from texts(item)
    elif isinstance(value, tuple | frozenset):
        for item in value:
            yield from texts(item)
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            if not (isinstance(value, Schema) and field.name in ("document", "root")):
                yield from texts(getattr(value, field.name))


@pytest.mark.parametrize("case", CASES)
@QUICK
@given(data=st.data())
def test_arbitrary_and_damaged_bytes(case: str, data: st.DataObject) -> None:
    form, folder, path = CASES[case]
    contents = contents_of(folder)
    original = contents[path]
    at = data.draw(st.integers(0, len(original)))
    piece = data.draw(st.binary(max_size=40))
    kind = data.draw(st.sampled_from(["whole", "cut", "insert", "overwrite"]))
    damaged = {
        "whole": piece,
        "cut": original[:at],
        "insert": original[:at] + piece + original[at:],
        "overwrite": original[:at] + piece + original[at + len(piece) :],
    }
    survives(form, {**contents, path: damaged[kind]}, path)


@pytest.mark.parametrize("case", CASES)
@QUICK
@given(data=st.data())
def test_values_of_the_wrong_kind(case: str, data: st.DataObject) -> None:
    form, folder, path = CASES[case]
    contents = contents_of(folder)
    document = parsed(contents[path], path)
    for _ in range(data.draw(st.integers(1, 3))):
        document = mutated(document, data)
    text = json.dumps(document, default=str)
    survives(form, {**contents, path: text.encode()}, path)


def parsed(data: bytes, path: str) -> Any:
    return yaml.safe_load(data) if path.endswith(("yaml", "Kitfile")) else json.loads(data)


def mutated(document: Any, data: st.DataObject) -> Any:
    """The document with one value, somewhere, exchanged; JSON within text (labels of images) is walked into."""
    if data.draw(st.integers(0, 9)) == 0:
        return data.draw(VALUES)
    if isinstance(document, dict) and document:
        key = data.draw(st.sampled_from(sorted(document, key=str)))
        return {**document, key: mutated(document[key], data)}
    if isinstance(document, list) and document:
        at = data.draw(st.integers(0, len(document) - 1))
        return [*document[:at], mutated(document[at], data), *document[at + 1 :]]
    if isinstance(document, str) and document.startswith("{"):
        return json.dumps(mutated(json.loads(document), data))
    return data.draw(VALUES)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(
    "bomb",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"a: &a [x]\nb: [*a, *a]\n",
        b"\xff\xfe{\x00}\x00",
        b"",
        b"\x1f\x8b\x08",
        b"null",
    ],
)
def test_bombs_are_one_sentence(case: str, bomb: bytes) -> None:
    form, folder, path = CASES[case]
    with pytest.raises(Unreadable) as caught:
        form.read(MemoryFiles({**contents_of(folder), path: bomb}), path)
    assert path in caught.value.sentence
    assert len(caught.value.sentence) < 400


@pytest.mark.parametrize("case", CASES)
def test_escapes_in_every_text_come_out_harmless(case: str) -> None:
    form, folder, path = CASES[case]
    contents = contents_of(folder)
    document = parsed(contents[path], path)
    for poisoned in (poison(document, keys=False), poison(document, keys=True)):
        survives(form, {**contents, path: json.dumps(poisoned).encode()}, path)


def poison(value: Any, *, keys: bool) -> Any:
    if isinstance(value, dict):
        return {(f"{key}{HOSTILE}" if keys else key): poison(item, keys=keys) for key, item in value.items()}
    if isinstance(value, list):
        return [poison(item, keys=keys) for item in value]
    if isinstance(value, str) and value.startswith("{"):
        return json.dumps(poison(json.loads(value), keys=keys))
    return f"{value}{HOSTILE}" if isinstance(value, str) and not keys else value
