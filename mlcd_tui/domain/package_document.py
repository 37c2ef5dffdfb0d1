"""The JSON documents of packages: written for people's pipelines and for ConfigMaps, documented in docs/json.md."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from enum import Enum
from functools import cache
from typing import Any

from mlcd_tui.domain.completeness import lacks
from mlcd_tui.domain.document import API_VERSION, camel, plain
from mlcd_tui.domain.package import ModelPackage, PackageEntry, PackageSource
from mlcd_tui.domain.package_reading import NON_FINITE, PAIRS, package_from_document
from mlcd_tui.domain.schema import Field, Schema
from mlcd_tui.domain.verdict import Compatibility, PackageDiff

__all__ = [
    "compatibility_document",
    "diff_document",
    "entries_document",
    "package_document",
    "package_from_document",
]

_BRIEF = (Field, Schema)
"""Of these only what differs from the default is written: signatures have hundreds of columns."""


def package_document(package: ModelPackage, *, raw: bool = True) -> dict[str, Any]:
    """A package in full; `raw` also the lines of the documents that it was read from.

    `package_from_document` reads it back. Documents that several schemas point into stand once, in `roots`.
    """
    roots: list[Mapping[str, Any]] = []
    body = _encode(package, roots)
    del body["fallbackName"]  # of a part that was not merged yet
    if not raw:
        for source in body["sources"]:
            source["text"] = []
    return {
        "apiVersion": API_VERSION,
        "kind": "ModelPackage",
        **body,
        "roots": [_json(root) for root in roots],
        "trust": package.trust.value,
        "lacks": [plain(lack) for lack in lacks(package)],
    }


def _encode(value: Any, roots: list[Mapping[str, Any]]) -> Any:
    if value is None or (isinstance(value, str | bool | int) and not isinstance(value, Enum)):
        return value
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        if isinstance(value, tuple | frozenset):
            items = sorted(value) if isinstance(value, frozenset) else value
            return [_encode(item, roots) for item in items]
        return plain(_finite(value))
    written: dict[str, Any] = {}
    for field, name, default in _fields(type(value)):
        content = getattr(value, field.name)
        declared = field.name == "default" and getattr(value, "has_default", False)
        if isinstance(value, _BRIEF) and content == default and not declared:
            continue
        if field.name == "root":
            written[name] = _place(content, roots)
        elif field.name in {"default", "choices", "document"}:
            written[name] = _json(content)
        elif (type(value), field.name) in PAIRS:
            written[name] = _labelled(content)
        else:
            written[name] = _encode(content, roots)
    if isinstance(value, Schema):
        written = {"kind": value.kind.value, **written}
    return written


@cache
def _fields(kind: Any) -> tuple[tuple[dataclasses.Field[Any], str, Any], ...]:
    """The fields of a dataclass, with their names in JSON and their defaults."""
    return tuple(
        (one, camel(one.name), one.default if one.default_factory is dataclasses.MISSING else one.default_factory())
        for one in dataclasses.fields(kind)
    )


def _labelled(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Pairs as an object: where a label comes twice, the first one, which has precedence."""
    found: dict[str, str] = {}
    for label, value in pairs:
        found.setdefault(label, value)
    return found


def _place(root: Mapping[str, Any], roots: list[Mapping[str, Any]]) -> int:
    for place, known in enumerate(roots):
        if known is root or (known == root and repr(known) == repr(root)):  # to Python, true is 1
            return place
    roots.append(root)
    return len(roots) - 1


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _json(value: Any) -> Any:
    """A foreign JSON value, with everything in it that JSON can hold; other numbers are marked, as null is a value."""
    if isinstance(value, Mapping):
        return {str(key): _json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {NON_FINITE: "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"}
    return value if value is None or isinstance(value, str | int | float) else str(value)


def compatibility_document(compatibility: Compatibility) -> dict[str, Any]:
    """The verdict on a signature, with every finding."""
    document: dict[str, Any] = plain(compatibility)
    return {**document, "headline": compatibility.headline}


def diff_document(diff: PackageDiff) -> dict[str, Any]:
    """Two packages held against each other."""
    return {
        "apiVersion": API_VERSION,
        "kind": "PackageDiff",
        "serving": _identity(diff.serving),
        "candidate": _identity(diff.candidate),
        "verdict": diff.compatibility.verdict.value,
        "compatibility": compatibility_document(diff.compatibility),
        "headline": list(diff.headline),
        "differences": [plain(one) for one in diff.differences],
    }


def _identity(package: ModelPackage) -> dict[str, Any]:
    return {
        "name": package.name,
        "version": package.version,
        "digest": package.digest,
        "addresses": [_address(source) for source in package.sources],
    }


def _address(source: PackageSource) -> str:
    return str(source.address)


def entries_document(entries: Iterable[PackageEntry]) -> dict[str, Any]:
    """A listing of packages."""
    return {"apiVersion": API_VERSION, "kind": "PackageList", "items": [plain(entry) for entry in entries]}
