"""Who said what of a package: gathers the claims of several documents for one field after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from mlcd_tui.domain.package import Claim, ModelPackage, Origin, PackageSource
from mlcd_tui.domain.package_sameness import Same
from mlcd_tui.domain.package_sameness import text as same_text
from mlcd_tui.domain.schema import Schema, SchemaKind
from mlcd_tui.domain.text import Clean, clean

_LONGEST = 300
"""Characters of a value that a claim keeps: it is for telling values apart, the field itself has all."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A partial package and where its sources begin in the list of all."""

    package: ModelPackage
    offset: int
    known: dict[str, Origin]
    """What it already knows of its own fields, when it was merged itself."""


def ranked(packages: Sequence[ModelPackage]) -> tuple[tuple[Part, ...], tuple[PackageSource, ...]]:
    """The parts by the rank of their best source, in the given order where equal, and all sources in that order."""
    order = sorted(packages, key=lambda one: -max((source.rank for source in one.sources), default=0))
    parts: list[Part] = []
    sources: list[PackageSource] = []
    for package in order:
        parts.append(Part(package, len(sources), {origin.field: origin for origin in package.origins}))
        sources += package.sources
    return tuple(parts), tuple(sources)


def is_empty(value: Any) -> bool:
    """Whether a value means "not recorded"."""
    if isinstance(value, Schema):
        return value.kind is SchemaKind.NONE
    if isinstance(value, Enum):
        return bool(value.value == "unknown")
    return value is None or value in ("", ())


def shown(value: Any) -> Clean:
    """A value as a claim shows it."""
    if isinstance(value, str) and not isinstance(value, Enum):
        return clean(value, limit=_LONGEST)
    if isinstance(value, datetime):
        return clean(value.isoformat(timespec="seconds"))
    if isinstance(value, Schema):
        return schema_text(value)
    if isinstance(value, tuple):
        return clean(", ".join(str(item) for item in value[:50]), limit=_LONGEST)
    return clean(value.value if isinstance(value, Enum) else value, limit=_LONGEST)


def schema_text(schema: Schema, only: frozenset[str] | None = None) -> Clean:
    """A schema in one line; `only` names the fields worth naming, where not all are."""
    chosen = [one for one in schema.fields if only is None or one.name in only]
    words = [
        " ".join(
            filter(None, (one.name or f"#{place}", one.dtype, _shape(one.shape), "" if one.required else "optional"))
        )
        for place, one in enumerate(chosen[:12])
    ]
    rest = len(chosen) - len(words)
    listed = ", ".join([*words, *([f"and {rest} more"] if rest else [])]) or ", ".join(sorted(schema.modalities))
    return clean(f"{len(schema.fields)} {schema.kind.value}: {listed}".rstrip(": "), limit=_LONGEST)


def _shape(shape: tuple[int | str | None, ...] | None) -> str:
    return "" if shape is None else "[" + ",".join("?" if dim is None else str(dim) for dim in shape) + "]"


@dataclass(slots=True)
class Witnesses:
    """Claims of all fields, in the order in which they are heard: by precedence."""

    _claims: dict[str, dict[Claim, None]] = field(default_factory=dict)
    _contradicting: set[str] = field(default_factory=set)

    def hear(self, part: Part, name: str, value: Any, same: Same = same_text) -> None:
        """What one part says of a field. A part without any source cannot be named, so it is not heard."""
        known = part.known.get(name)
        if known is not None:
            claims = [Claim(claim.source + part.offset, claim.value) for claim in known.claims]
            if known.contradicts:
                self._contradicting.add(name)
        elif part.package.sources:
            claims = [Claim(part.offset, shown(value))]
        else:
            return
        heard = self._claims.setdefault(name, {})
        heard.update(dict.fromkeys(claims))
        in_use = next(iter(heard)).value
        if not all(same(in_use, claim.value) for claim in claims):
            self._contradicting.add(name)

    def contradict(self, name: str, claims: Sequence[Claim]) -> None:
        """Record a contradiction that was found otherwise."""
        self._claims[name] = dict.fromkeys(claims)
        self._contradicting.add(name)

    def reconcile(self, name: str) -> None:
        """What seemed to contradict does not: the values speak of different things."""
        self._contradicting.discard(name)

    def claims(self, name: str) -> tuple[Claim, ...]:
        """What was heard of a field."""
        return tuple(self._claims.get(name, ()))

    def origins(self) -> tuple[Origin, ...]:
        """Everything heard."""
        return tuple(
            Origin(name, tuple(claims), name in self._contradicting) for name, claims in self._claims.items() if claims
        )
