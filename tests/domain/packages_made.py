"""Packages for the tests of the domain: small ones by hand, and anything at all by hypothesis."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from mlcd_tui.domain.package import (
    Artifact,
    ArtifactRole,
    Claim,
    Dataset,
    Dependency,
    Direction,
    Metric,
    ModelPackage,
    Origin,
    PackageSource,
    Split,
    Statement,
    Training,
    TrainingPart,
    TrustState,
)
from mlcd_tui.domain.schema import DTYPES, Endpoint, Extras, Field, Schema, SchemaKind
from mlcd_tui.domain.text import Clean, clean

AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def source(rank: int = 50, address: str = "churn/MLmodel", **more: Any) -> PackageSource:
    return PackageSource("test", clean(address), rank=rank, **more)


def said(rank: int = 50, /, **fields: Any) -> ModelPackage:
    """What one document of that rank says."""
    return ModelPackage(sources=(source(rank),), **fields)


def columns(*names: str, dtype: str = "int64", **more: Any) -> Schema:
    return Schema(SchemaKind.COLUMNS, tuple(Field(clean(name), dtype, **more) for name in names))


def predict(inputs: Schema, outputs: Schema | None = None) -> Endpoint:
    return Endpoint(inputs=inputs, outputs=outputs or columns("score", dtype="float64"))


def whole(**changes: Any) -> ModelPackage:
    """A package that lacks nothing required."""
    fields: dict[str, Any] = {
        "name": clean("churn"),
        "version": clean("7"),
        "digest": "sha256:" + "a" * 64,
        "licences": (clean("Apache-2.0"),),
        "artifacts": (Artifact(clean("model.onnx"), ArtifactRole.WEIGHTS, clean("onnx"), 1000, "sha256:" + "b" * 64),),
        "training": Training(
            run_id=clean("run1"),
            author=clean("alice"),
            finished=AT,
            revision=clean("4be1f0c"),
            parameters=((clean("lr"), clean("0.1")),),
            datasets=(Dataset(clean("customers"), Split.TRAIN, digest=clean("1234abcd"), rows=1000),),
        ),
        "endpoints": (predict(columns("age", "visits")),),
        "metrics": (Metric(clean("f1"), 0.9, direction=Direction.HIGHER, noise=0.02),),
        "dependencies": (Dependency(clean("numpy"), clean("2.1.0")),),
        "sources": (source(),),
    }
    return ModelPackage(**{**fields, **changes})


_text = st.sampled_from(["", "a", "b", "churn"]).map(clean) | st.text(max_size=4).map(clean)
_digest = st.sampled_from(["", "sha256:" + "c" * 64, "sha256:" + "d" * 64])
_moment = st.none() | st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001 - hypothesis adds the zone
    lambda moment: moment.replace(microsecond=0)
)
_size = st.none() | st.integers(0, 2**60)
_pairs = st.just(()) | st.dictionaries(_text, _text, max_size=2).map(lambda found: tuple(found.items()))
_number = st.none() | st.floats(allow_nan=False, allow_infinity=False)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**50), 2**50) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_frozen(item) for item in value)
    return {key: _frozen(item) for key, item in value.items()} if isinstance(value, dict) else value


def _some(one: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.just(()) | st.lists(one, max_size=2).map(tuple)


def _field(inner: st.SearchStrategy[Field]) -> st.SearchStrategy[Field]:
    return st.builds(
        Field,
        _text,
        st.sampled_from(sorted(DTYPES)),
        _text,
        st.none() | st.lists(st.none() | st.integers(0, 9) | st.sampled_from(["batch", "n"]), max_size=3).map(tuple),
        st.booleans(),
        st.none() | st.booleans(),
        st.booleans(),
        _json.map(_frozen),
        st.none() | st.lists(_json.map(_frozen), max_size=2).map(tuple),
        _number,
        _number,
        _some(inner),
        _text,
    )


FIELDS = st.recursive(st.builds(Field, _text, st.just("int64")), _field, max_leaves=4)
SCHEMAS = st.just(Schema()) | st.builds(
    Schema,
    st.sampled_from(SchemaKind),
    _some(FIELDS),
    st.booleans(),
    st.sampled_from(Extras),
    st.dictionaries(st.text(max_size=5), _json, max_size=3) | st.booleans() | st.none(),
    st.dictionaries(st.text(max_size=5), _json, max_size=2),
    st.sampled_from(["", "draft-7", "2020-12", "openapi-3.0"]),
    st.frozensets(st.sampled_from(["text", "image"])),
)
_endpoint = st.builds(Endpoint, _text, _text, SCHEMAS, SCHEMAS, SCHEMAS, st.sampled_from(["none", "mlflow"]), _size)
_dataset = st.builds(
    Dataset, _text, st.sampled_from(Split), _text, _digest.map(Clean), _text, _size, SCHEMAS, _text, _text
)
_training = st.just(Training()) | st.builds(
    Training,
    *[_text] * 3,
    _moment,
    _moment,
    *[_text] * 4,
    _pairs,
    _pairs,
    _pairs,
    _some(_dataset),
    _some(_text),
)
_artifact = st.builds(
    Artifact,
    _text,
    st.sampled_from(ArtifactRole),
    _text,
    _size,
    _digest,
    _text,
    _text,
    _text,
    _size,
    _some(_text),
)
_metric = st.builds(
    Metric,
    _text,
    _number,
    _text,
    st.sampled_from(Direction),
    _text,
    st.sampled_from(Split),
    _text,
    _number,
    st.none() | st.booleans(),
)
_statement = st.builds(Statement, _text, st.sampled_from(TrustState), _text, _digest, _text)
_source = st.builds(
    PackageSource,
    st.sampled_from(["test", "other"]),
    _text,
    _digest,
    _moment,
    _some(_text),
    _some(_text),
    st.integers(0, 100),
)
PARTS = st.builds(
    ModelPackage,
    _text,
    _text,
    _digest,
    _text,
    _text,
    _moment,
    _some(_text),
    _some(_text),
    _text,
    _text,
    _some(_text),
    _some(_text),
    _some(_artifact),
    st.none() | st.builds(TrainingPart, _text, _text),
    _training,
    _some(_endpoint),
    _some(_metric),
    _some(st.builds(Dependency, _text, _text)),
    _some(_statement),
    _some(_text),
    _text,
    _pairs,
    _some(_text),
    st.tuples(_source),
    extra=_pairs,
)
"""What one document may say: anything."""
PACKAGES = st.builds(
    lambda package, origins: ModelPackage(
        **{name: getattr(package, name) for name in ModelPackage.__slots__ if name != "origins"}, origins=origins
    ),
    PARTS,
    _some(st.builds(Origin, _text, _some(st.builds(Claim, st.integers(0, 0), _text)), st.booleans())),
)
