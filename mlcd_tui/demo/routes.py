"""What the CRD of HTTPRoutes fills in and forbids beyond the types of fields, in the API server's words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Object = dict[str, Any]
Cause = tuple[str, str]

MOST = 16
"""Rules, backends and filters in one list."""
_FILTERS = {
    "RequestHeaderModifier": "requestHeaderModifier",
    "ResponseHeaderModifier": "responseHeaderModifier",
    "RequestMirror": "requestMirror",
    "RequestRedirect": "requestRedirect",
    "URLRewrite": "urlRewrite",
    "ExtensionRef": "extensionRef",
    "CORS": "cors",
}


def completed(body: Object) -> Object:
    """With the defaults that the server writes in."""
    spec = dict(body.get("spec") or {})
    if "parentRefs" in spec:
        parent = {"group": "gateway.networking.k8s.io", "kind": "Gateway"}
        spec["parentRefs"] = [{**parent, **ref} for ref in spec["parentRefs"]]
    spec["rules"] = [_rule(rule) for rule in spec.get("rules", [{}])]
    return {**body, "spec": spec}


def _rule(rule: Object) -> Object:
    fresh = {"matches": [{"path": {"type": "PathPrefix", "value": "/"}}], **rule}
    if "backendRefs" in rule:
        fresh["backendRefs"] = [_filtered({**_SERVICE, "weight": 1, **ref}) for ref in rule["backendRefs"]]
    return _filtered(fresh)


_SERVICE = {"group": "", "kind": "Service"}


def _filtered(part: Object) -> Object:
    if "filters" not in part:
        return part
    return {**part, "filters": [_mirror(each) for each in part["filters"]]}


def _mirror(each: Object) -> Object:
    if "requestMirror" not in each:
        return each
    mirror = dict(each["requestMirror"])
    mirror["backendRef"] = {**_SERVICE, **mirror["backendRef"]}
    if "fraction" in mirror:
        mirror["fraction"] = {"denominator": 100, **mirror["fraction"]}
    return {**each, "requestMirror": mirror}


def misshapen(body: Object) -> list[Cause]:
    """Lists that are too long and words that are not known: what keeps the rules from being asked at all."""
    found: list[Cause] = []
    for place, rule in _rules(body):
        found += [
            (f"{place}.{name}", f"Too many: {count}: must have at most {MOST} items")
            for name in ("backendRefs", "filters")
            if (count := len(rule.get(name) or ())) > MOST
        ]
        for where, each in _filters(place, rule):
            if each["type"] not in _FILTERS:
                known = ", ".join(f'"{kind}"' for kind in _FILTERS)
                found.append((f"{where}.type", f'Unsupported value: "{each["type"]}": supported values: {known}'))
    return found


def forbidden(body: Object) -> list[Cause]:
    """Numbers out of bounds and rules that do not hold."""
    return [cause for place, rule in _rules(body) for cause in _of_rule(place, rule)]


def _of_rule(place: str, rule: Object) -> Iterator[Cause]:
    for index, ref in enumerate(rule.get("backendRefs") or ()):
        where = f"{place}.backendRefs[{index}]"
        yield from _bounds(f"{where}.weight", ref["weight"], 0, 1_000_000)
        yield from _reference(where, ref)
    for where, each in _filters(place, rule):
        yield from _matching(where, each)
        if (mirror := each.get("requestMirror")) is not None:
            yield from _share(f"{where}.requestMirror", mirror)
            yield from _reference(f"{where}.requestMirror.backendRef", mirror["backendRef"])


def _matching(where: str, each: Object) -> Iterator[Cause]:
    """The field of a filter's type is there, and no other."""
    for kind, field in _FILTERS.items():
        if each["type"] == kind and field not in each:
            yield where, f"Invalid value: filter.{field} must be specified for {kind} filter.type"
        if each["type"] != kind and field in each:
            yield where, f"Invalid value: filter.{field} must be nil if the filter.type is not {kind}"


def _share(where: str, mirror: Object) -> Iterator[Cause]:
    if "percent" in mirror and "fraction" in mirror:
        words = "Only one of percent or fraction may be specified in HTTPRequestMirrorFilter"
        yield where, f"Invalid value: {words}"
    if "percent" in mirror:
        yield from _bounds(f"{where}.percent", mirror["percent"], 0, 100)
    if (fraction := mirror.get("fraction")) is not None:
        yield from _bounds(f"{where}.fraction.denominator", fraction["denominator"], 1, None)
        yield from _bounds(f"{where}.fraction.numerator", fraction["numerator"], 0, None)
        if fraction["numerator"] > fraction["denominator"]:
            yield f"{where}.fraction", "Invalid value: numerator must be less than or equal to denominator"


def _reference(where: str, ref: Object) -> Iterator[Cause]:
    if not ref["name"]:
        words = f"{where}.name in body should be at least 1 chars long"
        yield f"{where}.name", f'Invalid value: "": {words}'
    if "port" in ref:
        yield from _bounds(f"{where}.port", ref["port"], 1, 65535)
    elif (ref["group"], ref["kind"]) == ("", "Service"):
        yield where, "Invalid value: Must have port for Service reference"


def _bounds(where: str, value: int, least: int, most: int | None) -> Iterator[Cause]:
    if value < least:
        yield where, f"Invalid value: {value}: {where} in body should be greater than or equal to {least}"
    if most is not None and value > most:
        yield where, f"Invalid value: {value}: {where} in body should be less than or equal to {most}"


def _rules(body: Object) -> Iterator[tuple[str, Object]]:
    return ((f"spec.rules[{index}]", rule) for index, rule in enumerate(body["spec"]["rules"]))


def _filters(place: str, rule: Object) -> Iterator[tuple[str, Object]]:
    parts = [(place, rule)]
    parts += [(f"{place}.backendRefs[{index}]", ref) for index, ref in enumerate(rule.get("backendRefs") or ())]
    for where, part in parts:
        yield from ((f"{where}.filters[{i}]", each) for i, each in enumerate(part.get("filters") or ()))
