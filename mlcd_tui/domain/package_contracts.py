"""Signatures that several documents of one package declare: all are kept, and those that differ are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mlcd_tui.domain.package import Claim
from mlcd_tui.domain.package_origins import Part, Witnesses, schema_text
from mlcd_tui.domain.schema import Dim, Endpoint, Field, Literal, Schema, SchemaKind

_TEXTS = frozenset({"string", "bytes", "text"})
_SIDES = ("inputs", "outputs", "params")


def endpoints(parts: Sequence[Part], heard: Witnesses) -> tuple[Endpoint, ...]:
    """All endpoints in order of precedence; schemas of one kind for one endpoint that differ are a contradiction."""
    found: list[Endpoint] = []
    first: dict[tuple[str, str, SchemaKind], tuple[Part, Endpoint]] = {}
    for part in parts:
        for endpoint in part.package.endpoints:
            own = replace(endpoint, source=endpoint.source + part.offset)
            found.append(own)
            for side in _SIDES:
                schema: Schema = getattr(own, side)
                if schema.kind is SchemaKind.NONE:
                    continue
                where = f"endpoints[{own.name}].{side}"
                other_part, other = first.setdefault((own.name, side, schema.kind), (part, own))
                if other_part is part or other is own:
                    _hear_once(part, own, where, schema, heard)
                    continue
                _compare(where, getattr(other, side), other.source, schema, own.source, heard)
    return tuple(found)


def described(endpoints: Sequence[Endpoint]) -> tuple[tuple[Endpoint, tuple[int, ...]], ...]:
    """Each description once, in order, with the places of all sources that give it: equal ones are shown once."""
    found: list[tuple[Endpoint, list[int]]] = []
    by_name: dict[tuple[str, str], list[tuple[Endpoint, list[int]]]] = {}
    for endpoint in endpoints:
        others = by_name.setdefault((endpoint.name, endpoint.route), [])
        same = next((sources for one, sources in others if _equal(one, replace(endpoint, source=one.source))), None)
        if same is None:
            others.append((endpoint, [endpoint.source]))
            found.append(others[-1])
        elif endpoint.source not in same:
            same.append(endpoint.source)
    return tuple((endpoint, tuple(sources)) for endpoint, sources in found)


def _equal(one: Endpoint, other: Endpoint) -> bool:
    """In every word; to Python alone, true is 1."""
    return one == other and repr(one) == repr(other)


def _hear_once(part: Part, endpoint: Endpoint, where: str, schema: Schema, heard: Witnesses) -> None:
    """A part's own claim, unless an endpoint of the same name before it made one."""
    if all(claim.source != endpoint.source for claim in heard.claims(where)):
        heard.hear(part, where, schema_text(schema), lambda _one, _other: True)


def _compare(where: str, mine: Schema, my_source: int, theirs: Schema, their_source: int, heard: Witnesses) -> None:
    names = differing(mine, theirs)
    further = [claim for claim in heard.claims(where) if claim.source != my_source]
    if names is None:
        return
    heard.contradict(
        where,
        [
            Claim(my_source, schema_text(mine, names or None)),
            *further,
            Claim(their_source, schema_text(theirs, names or None)),
        ],
    )


def differing(mine: Schema, theirs: Schema) -> frozenset[str] | None:
    """Names of the fields that two schemas of one kind give differently; None: the two agree.

    What only one of them states (a shape, whether null is accepted, a bound) is no difference; neither are names of
    free dimensions, the order of fields with names, or text that one calls a string and the other bytes.
    """
    if mine.modalities != theirs.modalities:
        return frozenset()
    if not mine.fields or not theirs.fields:
        alike = not (mine.fields or theirs.fields) or mine.kind is SchemaKind.JSON
        return None if alike else frozenset(str(one.name) for one in (*mine.fields, *theirs.fields))
    if mine.named and theirs.named and all(one.name for one in (*mine.fields, *theirs.fields)):
        ours = {str(one.name): one for one in mine.fields}
        others = {str(one.name): one for one in theirs.fields}
        names = {
            name
            for name in ours.keys() | others.keys()
            if name not in ours or name not in others or not _agree(ours[name], others[name])
        }
        return frozenset(names) or None
    if len(mine.fields) == len(theirs.fields) and all(map(_agree, mine.fields, theirs.fields)):
        return None
    return frozenset(str(one.name) for one in (*mine.fields, *theirs.fields))


def _agree(one: Field, other: Field) -> bool:
    if one.required != other.required or not _same_type(one.dtype, other.dtype) or not _same_shape(one, other):
        return False
    for mine, theirs in ((one.nullable, other.nullable), (one.minimum, other.minimum), (one.maximum, other.maximum)):
        if mine is not None and theirs is not None and mine != theirs:
            return False
    if one.choices is not None and other.choices is not None and _set(one.choices) != _set(other.choices):
        return False
    if not one.children or not other.children:
        return True
    mine_by_name = {child.name: child for child in one.children}
    theirs_by_name = {child.name: child for child in other.children}
    return mine_by_name.keys() == theirs_by_name.keys() and all(
        _agree(child, theirs_by_name[name]) for name, child in mine_by_name.items()
    )


def _set(choices: tuple[Literal, ...]) -> set[str]:
    return {repr(choice) for choice in choices}


def _same_type(one: str, other: str) -> bool:
    return one == other or "any" in {one, other} or (one in _TEXTS and other in _TEXTS and "text" in {one, other})


def _same_shape(one: Field, other: Field) -> bool:
    if one.shape is None or other.shape is None:
        return True
    return len(one.shape) == len(other.shape) and all(map(_same_dim, one.shape, other.shape))


def _same_dim(one: Dim, other: Dim) -> bool:
    """Free dimensions are alike, whatever they are called; a fixed size is its number."""
    return one == other if isinstance(one, int) or isinstance(other, int) else True
