"""An HTTPRoute's rules in Envoy's words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.e2e.gateway.attachment import Grants, Known, Verdict
from tests.e2e.gateway.cluster import Key, Object

MILLION = 1_000_000
NOWHERE = "nowhere"
"""A cluster that never exists: the share of an invalid backend goes there, and is answered 500."""


@dataclass(frozen=True, slots=True)
class Target:
    """A port of a Service."""

    service: Key
    port: int

    @property
    def cluster(self) -> str:
        """Its name in Envoy, which is also how its metrics are told apart."""
        return f"{self.service[0]}_{self.service[1]}_{self.port}"


def resolve(known: Known, route: Object, ref: Object) -> Target | Verdict:
    """Where a backendRef leads, or why nowhere."""
    namespace = route["metadata"]["namespace"]
    if (ref.get("group", ""), ref.get("kind", "Service")) != ("", "Service"):
        return Verdict("ResolvedRefs", False, "InvalidKind", f"{ref.get('kind')} is not a backend here")
    at = (ref.get("namespace", namespace), ref["name"])
    if not Grants(known).allow("HTTPRoute", namespace, "Service", at):
        return Verdict("ResolvedRefs", False, "RefNotPermitted", f"no ReferenceGrant for Service {at[0]}/{at[1]}")
    service = known["Service"].get(at)
    if service is None or ref.get("port") not in {port["port"] for port in service["spec"]["ports"]}:
        return Verdict(
            "ResolvedRefs", False, "BackendNotFound", f"no Service {at[0]}/{at[1]} with port {ref.get('port')}"
        )
    return Target(at, ref["port"])


def refs_of(route: Object) -> Iterator[Object]:
    """Every backend that the route names, mirrors among them."""
    for rule in route["spec"].get("rules", []):
        yield from rule.get("backendRefs", [])
        for each in rule.get("filters", []):
            if each["type"] == "RequestMirror":
                yield each["requestMirror"]["backendRef"]


def resolved(known: Known, route: Object) -> Verdict:
    """The condition ResolvedRefs."""
    for ref in refs_of(route):
        if isinstance(verdict := resolve(known, route, ref), Verdict):
            return verdict
    return Verdict("ResolvedRefs", True, "ResolvedRefs")


def envoy_routes(known: Known, route: Object) -> list[tuple[tuple[Any, ...], Object]]:
    """Its routes, each with what it is sorted by: the specification's order of precedence."""
    made: list[tuple[tuple[Any, ...], Object]] = []
    for rule in route["spec"].get("rules", []):
        action = _action(known, route, rule)
        matches = rule.get("matches") or [{}]
        made += [(_precedence(route, match), {"match": _match(match), **action}) for match in matches]
    return made


def _precedence(route: Object, match: Object) -> tuple[Any, ...]:
    path = match.get("path", {})
    kind, value = path.get("type", "PathPrefix"), path.get("value", "/")
    return (
        {"Exact": 0, "PathPrefix": 1}.get(kind, 2),
        -len(value),
        "method" not in match,
        -len(match.get("headers", [])),
        -len(match.get("queryParams", [])),
        route["metadata"]["creationTimestamp"],
        route["metadata"]["namespace"],
        route["metadata"]["name"],
    )


def _match(match: Object) -> Object:
    path = match.get("path", {})
    made: Object = {}
    match path.get("type", "PathPrefix"), path.get("value", "/"):
        case "Exact", value:
            made["path"] = value
        case "RegularExpression", value:
            made["safe_regex"] = {"regex": value}
        case _, value:
            trimmed = value.rstrip("/")
            made |= {"path_separated_prefix": trimmed} if trimmed else {"prefix": "/"}
    headers = [{"name": each["name"], "string_match": _string(each)} for each in match.get("headers", [])]
    if "method" in match:
        headers.append({"name": ":method", "string_match": {"exact": match["method"]}})
    if headers:
        made["headers"] = headers
    if params := match.get("queryParams"):
        made["query_parameters"] = [{"name": each["name"], "string_match": _string(each)} for each in params]
    return made


def _string(each: Object) -> Object:
    if each.get("type", "Exact") == "RegularExpression":
        return {"safe_regex": {"regex": each["value"]}}
    return {"exact": each["value"]}


def _action(known: Known, route: Object, rule: Object) -> Object:
    filters = rule.get("filters", [])
    made = _header_changes(filters)
    for each in filters:
        if each["type"] == "RequestRedirect":
            return {**made, "redirect": _redirect(each["requestRedirect"])}
    weighted = [ref for ref in rule.get("backendRefs", []) if ref.get("weight", 1) > 0]
    if not weighted:
        return {**made, "direct_response": {"status": 500}}
    clusters = []
    for ref in weighted:
        target = resolve(known, route, ref)
        name = target.cluster if isinstance(target, Target) else NOWHERE
        clusters.append({"name": name, "weight": ref.get("weight", 1), **_header_changes(ref.get("filters", []))})
    action: Object = {
        "weighted_clusters": {"clusters": clusters},
        "cluster_not_found_response_code": "INTERNAL_SERVER_ERROR",
        "timeout": "30s",
    }
    if mirrors := [policy for each in filters for policy in _mirror(known, route, each)]:
        action["request_mirror_policies"] = mirrors
    return {**made, "route": action}


def _mirror(known: Known, route: Object, each: Object) -> Iterator[Object]:
    if each["type"] != "RequestMirror":
        return
    mirror = each["requestMirror"]
    target = resolve(known, route, mirror["backendRef"])
    if isinstance(target, Target):
        share = {"numerator": parts_per_million(mirror), "denominator": "MILLION"}
        yield {"cluster": target.cluster, "runtime_fraction": {"default_value": share}}


def parts_per_million(mirror: Object) -> int:
    """The share of requests that is copied: of a percentage, of a fraction, or all."""
    if "percent" in mirror:
        return int(mirror["percent"]) * MILLION // 100
    if fraction := mirror.get("fraction"):
        return round(int(fraction["numerator"]) * MILLION / int(fraction.get("denominator", 100)))
    return MILLION


def _header_changes(filters: list[Object]) -> Object:
    made: Object = {}
    for each in filters:
        for kind, side in (("requestHeaderModifier", "request"), ("responseHeaderModifier", "response")):
            if change := each.get(kind):
                ways = (("add", "APPEND_IF_EXISTS_OR_ADD"), ("set", "OVERWRITE_IF_EXISTS_OR_ADD"))
                made[f"{side}_headers_to_add"] = [
                    {"header": {"key": header["name"], "value": header["value"]}, "append_action": action}
                    for way, action in ways
                    for header in change.get(way, [])
                ]
                made[f"{side}_headers_to_remove"] = change.get("remove", [])
    return made


_STATUS = {
    301: "MOVED_PERMANENTLY",
    302: "FOUND",
    303: "SEE_OTHER",
    307: "TEMPORARY_REDIRECT",
    308: "PERMANENT_REDIRECT",
}


def _redirect(asked: Object) -> Object:
    made: Object = {"response_code": _STATUS[asked.get("statusCode", 302)]}
    if "hostname" in asked:
        made["host_redirect"] = asked["hostname"]
    if "scheme" in asked:
        made["scheme_redirect"] = asked["scheme"]
    if "port" in asked:
        made["port_redirect"] = asked["port"]
    return made
