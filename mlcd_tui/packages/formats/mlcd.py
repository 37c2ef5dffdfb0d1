"""Our own document: what `packages show -o json` writes, and the sidecar that says what other formats cannot."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mlcd_tui.domain.document import camel
from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.package import Artifact, Dataset, Metric, ModelPackage, Statement, Training, TrustState
from mlcd_tui.domain.package_document import package_from_document
from mlcd_tui.domain.package_ports import Files
from mlcd_tui.domain.schema import Endpoint, Field, Schema, SchemaKind
from mlcd_tui.domain.text import clean
from mlcd_tui.packages.formats import _sniff
from mlcd_tui.packages.formats._json_fields import Budget, json_schema
from mlcd_tui.packages.reading.document import base_name, source_of
from mlcd_tui.packages.reading.fields import Notes, scalar_text
from mlcd_tui.packages.reading.json import load_json
from mlcd_tui.packages.reading.yaml import load_yaml

_NAMES = ("mlcd.yaml", "mlcd.yml", "mlcd.json", "model-package.json")
_ENDS = (".mlcd.json", ".mlcd.yaml", ".mlcd.yml")
_LIMIT = 4 << 20
_MOST = 2_000
"""Entries of one list, or of one map, that are used."""
_RANK = 60
"""Above what tools write by themselves: a person declares it on purpose."""
_WRITTEN = frozenset({"apiVersion", "kind", "roots", "trust", "lacks"})
"""Of the document itself, not of the package."""
_LABELLED = (("tags",), ("training", "parameters"), ("training", "environment"), ("training", "hardware"))
_SIDES: tuple[tuple[str, type], ...] = (("inputs", Schema), ("outputs", Schema), ("params", Schema))
_NESTED: tuple[tuple[str, type, tuple[tuple[str, type], ...]], ...] = (
    ("training", Training, (("datasets", Dataset),)),
    ("artifacts", Artifact, ()),
    ("metrics", Metric, ()),
    ("endpoints", Endpoint, _SIDES),
)


@dataclass(frozen=True, slots=True)
class _Mlcd:
    name: str = "mlcd"
    title: str = "mlcd package document"
    patterns: tuple[str, ...] = (*_NAMES, *(f"*{end}" for end in _ENDS))

    def find(self, files: Files) -> tuple[str, ...]:
        return _sniff.named(files, lambda name: name in _NAMES or name.endswith(_ENDS))

    def read(self, files: Files, path: str) -> ModelPackage:
        """What the document declares. Where it lies is its only source: those that it lists are not believed."""
        notes = Notes(path)
        data = files.read(path, _LIMIT)
        is_json = base_name(path).endswith(".json")
        document = load_json(data, path, limit=_LIMIT) if is_json else load_yaml(data, path, limit=_LIMIT)
        if isinstance(document, Mapping):
            _tell_unknown(document, notes)
            document = _as_text(_bounded(document, notes))
        try:
            package = package_from_document(document)
        except Unreadable as failure:
            raise Unreadable(f"{clean(path)}: {failure.sentence}", advice=failure.advice) from failure
        budget = Budget()
        digest = ((clean("declared digest"), clean(package.digest)),) if package.digest else ()
        source = source_of(files, path, data, format=self.name, rank=_RANK, warnings=notes.warnings)
        return replace(
            package,
            # of the artifact that was opened, never as somebody declares it: that may only contradict
            digest=package.digest if files.digest and package.digest != files.digest else "",
            endpoints=tuple(_drawn(endpoint, budget) for endpoint in package.endpoints),
            statements=tuple(_claimed(statement) for statement in package.statements),
            sources=(source,),
            origins=(),
            extra=(*package.extra, *digest),
        )


FORMAT = _Mlcd()


def _drawn(endpoint: Endpoint, budget: Budget) -> Endpoint:
    """The endpoint of this document, with the fields of its JSON Schemas, which nobody writes twice."""
    return replace(
        endpoint,
        source=0,
        inputs=_side(endpoint.inputs, budget),
        outputs=_side(endpoint.outputs, budget),
        params=_side(endpoint.params, budget),
    )


def _side(side: Schema, budget: Budget) -> Schema:
    if side.kind is not SchemaKind.JSON or side.fields:
        return side
    return replace(side, fields=json_schema(side.document, dialect=side.dialect, root=side.root, budget=budget).fields)


def _claimed(statement: Statement) -> Statement:
    """A document cannot verify: what it calls so is a claim."""
    if statement.state is not TrustState.VERIFIED:
        return statement
    reason = clean("called verified by the document, not verified by mlcd-tui")
    return replace(statement, state=TrustState.UNVERIFIED, reason=reason)


def _bounded(document: Mapping[str, Any], notes: Notes, where: str = "") -> dict[str, Any]:
    """Lists and maps cut to what somebody may read: each entry costs many times its bytes once it is merged."""
    found = dict(document)
    for key, value in document.items():
        path = f"{where}{key}"
        if key == "training" and isinstance(value, Mapping):
            found[key] = _bounded(value, notes, "training.")
        elif not isinstance(value, list | Mapping) or len(value) <= _MOST or key == "roots":
            continue
        elif key == "endpoints":  # some of them would be compared as if they were all
            notes.warn(path, f"has {len(value):,} entries, more than {_MOST:,}: none is used")
            found[key] = []
        else:
            notes.warn(path, f"has {len(value):,} entries, {_MOST:,} are used")
            found[key] = value[:_MOST] if isinstance(value, list) else dict(list(value.items())[:_MOST])
    return found


def _as_text(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Numbers where text belongs, as people write them: a version, the values of parameters and tags."""
    found = dict(document)
    if isinstance(version := found.get("version"), int | float) and not isinstance(version, bool):
        found["version"] = str(version)
    for steps in _LABELLED:
        holder = found
        for step in steps[:-1]:
            inner = holder.get(step)
            if not isinstance(inner, Mapping):
                break
            holder[step] = inner = dict(inner)
            holder = inner
        else:
            if isinstance(pairs := holder.get(steps[-1]), Mapping):
                holder[steps[-1]] = {key: scalar_text(value) for key, value in pairs.items()}
    return found


def _tell_unknown(document: Mapping[str, Any], notes: Notes) -> None:
    """A misspelt field would be left out in silence: it is a warning."""
    _compare(ModelPackage, {key: value for key, value in document.items() if key not in _WRITTEN}, "", notes)
    for name, kind, parts in _NESTED:
        entries = document.get(name)
        for at, entry in enumerate(entries[:200] if isinstance(entries, list) else [entries]):
            where = f"{name}[{at}]" if isinstance(entries, list) else name
            _compare(kind, entry, where, notes)
            for inner, inner_kind in parts if isinstance(entry, Mapping) else ():
                _compare(inner_kind, entry.get(inner), f"{where}.{inner}", notes)


def _compare(kind: type, value: Any, where: str, notes: Notes) -> None:
    if isinstance(value, list):
        for at, item in enumerate(value[:200]):
            _compare(kind, item, f"{where}[{at}]", notes)
    elif isinstance(value, Mapping):
        known = {camel(field.name) for field in dataclasses.fields(kind)}
        for key in list(value)[:500]:
            if key not in known:
                notes.warn(f"{where}.{key}" if where else str(key), "is no field of a package document, it is left out")
        if kind is Schema:
            _compare(Field, value.get("fields"), f"{where}.fields", notes)
