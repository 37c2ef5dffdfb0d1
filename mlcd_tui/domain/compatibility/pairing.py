"""Which endpoint of one model stands against which of the other, and in which terms the two are compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mlcd_tui.domain.compatibility.rules import recorded
from mlcd_tui.domain.schema import Endpoint, Schema, SchemaKind

Group = tuple[Endpoint, ...]
"""Descriptions of one endpoint, in order of precedence."""


@dataclass(frozen=True, slots=True)
class Paired:
    """One endpoint on both sides; one side is empty when it was added or removed."""

    name: str
    old: Group
    new: Group


@dataclass(frozen=True, slots=True)
class Chosen:
    """The two descriptions of one side that are compared."""

    old: Endpoint
    new: Endpoint


def groups(endpoints: Sequence[Endpoint]) -> list[Group]:
    """Descriptions of the same thing together: by name."""
    found: dict[str, list[Endpoint]] = {}
    for endpoint in endpoints:
        found.setdefault(str(endpoint.name), []).append(endpoint)
    return [tuple(group) for group in found.values()]


def _routes(group: Group) -> set[str]:
    return {str(endpoint.route) for endpoint in group if endpoint.route}


def pair_up(old: Sequence[Endpoint], new: Sequence[Endpoint]) -> list[Paired]:
    """Each old endpoint with its new one: the sole one with the sole one, else by name, else by route."""
    before, after = groups(old), groups(new)
    if len(before) == 1 and len(after) == 1:
        return [Paired(str(after[0][0].name), before[0], after[0])]
    pairs, left = [], list(after)
    unmatched: list[Group] = []
    for group in before:
        twin = next((other for other in left if other[0].name == group[0].name), None)
        if twin is None:
            unmatched.append(group)
        else:
            left.remove(twin)
            pairs.append(Paired(str(group[0].name), group, twin))
    for group in unmatched:
        twin = next((other for other in left if _routes(other) & _routes(group)), None)
        if twin is not None:
            left.remove(twin)
        pairs.append(Paired(str(group[0].name), group, twin or ()))
    return pairs + [Paired(str(group[0].name), (), group) for group in left]


def choose(pair: Paired, side: Callable[[Endpoint], Schema]) -> Chosen | None:
    """The first two descriptions written in the same terms; media only where nothing better is there."""
    found = [
        Chosen(one, two)
        for one in pair.old
        for two in pair.new
        if recorded(side(one)) and recorded(side(two)) and side(one).kind is side(two).kind
    ]
    better = [chosen for chosen in found if side(chosen.old).kind is not SchemaKind.MODALITY]
    return next(iter(better or found), None)


def kinds(group: Group, side: Callable[[Endpoint], Schema]) -> list[str]:
    """In which terms a side of an endpoint is recorded."""
    return list(dict.fromkeys(str(side(endpoint).kind) for endpoint in group if recorded(side(endpoint))))
