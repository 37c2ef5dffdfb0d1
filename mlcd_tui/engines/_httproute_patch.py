"""One JSON patch that moves all rules of a split together, and holds for the very route that was seen only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlcd_tui.domain.refs import JSON
from mlcd_tui.engines._httproute import Copy, Route, Rule, Split, Target
from mlcd_tui.engines._json import dig, table

Operations = tuple[Mapping[str, Any], ...]


def edit(
    route: Route,
    split: Split,
    *,
    share: int | None = None,
    mirror: int | None = None,
    notes: Mapping[str, str | None] | None = None,
) -> Operations:
    """The patch.

    Args:
        route: as it was seen.
        split: which rules, and between whom.
        share: percent of live traffic for the candidate; None leaves the weights.
        mirror: percent of live traffic to copy to the candidate, 0 stops; None leaves it.
        notes: annotations to write; None takes one away.
    """
    # Not a `test`: replacing resourceVersion makes a stale patch a conflict, a failed test only an invalid request.
    steps: list[JSON] = [{"op": "replace", "path": "/metadata/resourceVersion", "value": route.version}]
    for rule in split.rules:
        steps += _names(rule, split)
        if share is not None:
            steps += _weights(rule, split, share)
        if mirror is not None:
            steps += _copying(rule, split, mirror)
    return (*steps, *_notes(route, notes or {}))


def _names(rule: Rule, split: Split) -> list[JSON]:
    """Both backends still stand where they stood."""
    keys = {target.key for target in (split.stable, split.candidate) if target}
    return [
        {"op": "test", "path": f"/spec/rules/{rule.index}/backendRefs/{b.index}/name", "value": b.target.name}
        for b in rule.backends
        if b.target.key in keys
    ]


def _weights(rule: Rule, split: Split, share: int) -> list[JSON]:
    path, steps = f"/spec/rules/{rule.index}/backendRefs", []
    for target, weight in ((split.stable, 100 - share), (split.candidate, share)):
        backend = rule.backend(target)
        if backend is not None:
            steps.append({"op": "add", "path": f"{path}/{backend.index}/weight", "value": weight})
        elif target is not None and weight:
            steps.append({"op": "add", "path": f"{path}/-", "value": {**_reference(split, target), "weight": weight}})
    return steps


def _copying(rule: Rule, split: Split, percent: int) -> list[JSON]:
    path = f"/spec/rules/{rule.index}/filters"
    there = rule.copies_to(split.candidate)
    if not percent:  # what serves by now needs no copies either
        there = tuple(copy for copy in rule.copies if copy in (*there, *rule.copies_to(split.stable)))
    steps: list[JSON] = []
    for copy in there:
        steps.append({"op": "test", "path": f"{path}/{copy.index}/type", "value": "RequestMirror"})
        name = f"{path}/{copy.index}/requestMirror/backendRef/name"
        steps.append({"op": "test", "path": name, "value": copy.target.name})
    if not percent:
        if there and len(there) == rule.filters:  # an empty list is not what Git has, and would be told as a difference
            return [*steps, {"op": "remove", "path": path}]
        # The last first, so that the places of the others stay what they were.
        return steps + [{"op": "remove", "path": f"{path}/{copy.index}"} for copy in reversed(there)]
    if there:
        value = _mirror(dig(there[0].raw, "requestMirror", "backendRef"), percent)
        steps.append({"op": "replace", "path": f"{path}/{there[0].index}/requestMirror", "value": value})
        return steps + [{"op": "remove", "path": f"{path}/{copy.index}"} for copy in reversed(there[1:])]
    if split.candidate is None:
        return steps
    value = {"type": "RequestMirror", "requestMirror": _mirror(_reference(split, split.candidate), percent)}
    return [
        {"op": "add", "path": f"{path}/-", "value": value}
        if rule.filters
        else {"op": "add", "path": path, "value": [value]}
    ]


def _mirror(reference: object, percent: int) -> JSON:
    # All is the default, which kinds from before v1.3 know as well; they have no other share.
    return {"backendRef": table(reference), **({} if percent == 100 else {"percent": percent})}


def _reference(split: Split, target: Target) -> JSON:
    """How the route names a target already, else in the shortest way."""
    for rule in split.rules:
        if (backend := rule.backend(target)) is not None:
            return {key: value for key, value in backend.raw.items() if key not in {"weight", "filters"}}
        for copy in rule.copies_to(target):
            return table(dig(copy.raw, "requestMirror", "backendRef"))
    other = split.stable if target is split.candidate else split.candidate
    namespaced = other is None or other.namespace != target.namespace
    return {
        "name": target.name,
        **({"namespace": target.namespace} if namespaced else {}),
        **({"port": target.port} if target.port is not None else {}),
    }


def _notes(route: Route, notes: Mapping[str, str | None]) -> list[JSON]:
    changed = {key: value for key, value in notes.items() if route.notes.get(key) != value}
    if not changed:
        return []
    if not isinstance(dig(route.raw, "metadata", "annotations"), dict):
        kept = {key: value for key, value in changed.items() if value is not None}
        return [{"op": "add", "path": "/metadata/annotations", "value": kept}] if kept else []
    return [
        {"op": "remove", "path": _annotation(key)}
        if value is None
        else {"op": "add", "path": _annotation(key), "value": value}
        for key, value in changed.items()
        if value is not None or key in route.notes
    ]


def _annotation(key: str) -> str:
    return f"/metadata/annotations/{key.replace('~', '~0').replace('/', '~1')}"


def holds(rules: tuple[Rule, ...], split: Split, *, share: float | None, mirror: float | None) -> bool:
    """Whether rules stand as a patch left them: `share` of live traffic, `mirror` percent of copies (0: none)."""
    return all(
        (share is None or abs(rule.share(split.candidate) - share) < 0.01)
        and (mirror is None or _copied(rule.copies_to(split.candidate)) == mirror)
        for rule in rules
    )


def _copied(copies: tuple[Copy, ...]) -> float:
    return max((copy.percent or 0.0 for copy in copies), default=0.0)
