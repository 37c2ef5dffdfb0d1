"""The conditions of the specification, written as an implementation must: only what the data plane has by now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from tests.e2e.gateway.attachment import CONTROLLER, Known, Listener, Parent, Verdict, kinds_of, listeners_of
from tests.e2e.gateway.cluster import Key, Object
from tests.e2e.gateway.routes import resolved
from tests.e2e.gateway.translate import Wanted

FEATURES = (
    "Gateway",
    "HTTPRoute",
    "HTTPRouteBackendRequestHeaderModification",
    "HTTPRouteMethodMatching",
    "HTTPRouteNamedRouteRule",
    "HTTPRouteParentRefPort",
    "HTTPRouteQueryParamMatching",
    "HTTPRouteRequestMirror",
    "HTTPRouteRequestMultipleMirrors",
    "HTTPRouteRequestPercentageMirror",
    "HTTPRouteResponseHeaderModification",
    "ReferenceGrant",
)
BUNDLE_ANNOTATION = "gateway.networking.k8s.io/bundle-version"


def class_status(found: Object) -> Object:
    """Of a GatewayClass that names us."""
    verdicts = [Verdict("Accepted", True, "Accepted"), Verdict("SupportedVersion", True, "SupportedVersion")]
    return {
        "conditions": _conditions(found.get("status", {}).get("conditions", []), verdicts, found),
        "supportedFeatures": [{"name": each} for each in FEATURES],
    }


def gateway_status(known: Known, wanted: Wanted, key: Key, address: str) -> Object:
    """Of one of our Gateways, all of whose listeners Envoy has."""
    gateway = wanted.gateways[key]
    listeners = listeners_of(known, gateway)
    sound = all(not each.faults for each in listeners)
    some = any(not each.faults for each in listeners)
    verdicts = [
        Verdict(
            "Accepted",
            some or all(f.type != "Accepted" for each in listeners for f in each.faults),
            "Accepted" if sound else "ListenersNotValid",
        ),
        Verdict("Programmed", some, "Programmed" if some else "Invalid"),
    ]
    before = gateway.get("status", {})
    known_listeners = {each["name"]: each for each in before.get("listeners", [])}
    return {
        "addresses": [{"type": "IPAddress", "value": address}],
        "conditions": _conditions(before.get("conditions", []), verdicts, gateway),
        "listeners": [
            {
                "name": each.spec["name"],
                "supportedKinds": kinds_of(each),
                "attachedRoutes": _attached(wanted, key, each),
                "conditions": _conditions(
                    known_listeners.get(each.spec["name"], {}).get("conditions", []), each.verdicts, gateway
                ),
            }
            for each in listeners
        ],
    }


def route_status(known: Known, route: Object, parents: Iterable[Parent]) -> Object:
    """Of a route; what other controllers said of their Gateways stays."""
    before = route.get("status", {}).get("parents", [])
    ours = {
        _ref(each["parentRef"]): each.get("conditions", []) for each in before if each["controllerName"] == CONTROLLER
    }
    return {
        "parents": [each for each in before if each["controllerName"] != CONTROLLER]
        + [
            {
                "parentRef": parent.ref,
                "controllerName": CONTROLLER,
                "conditions": _conditions(
                    ours.get(_ref(parent.ref), []), [parent.accepted, resolved(known, route)], route
                ),
            }
            for parent in parents
        ]
    }


def _ref(ref: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, str(value)) for name, value in ref.items()))


def _attached(wanted: Wanted, gateway: Key, listener: Listener) -> int:
    return sum(
        any(
            parent.gateway == gateway
            and any(each.spec["name"] == listener.spec["name"] for each, _ in parent.listeners)
            for parent in parents
        )
        for parents in wanted.parents.values()
    )


def _conditions(before: Iterable[Object], verdicts: Iterable[Verdict], of: Object) -> list[Object]:
    """With the time of its last change, and the generation which was looked at."""
    known = {each["type"]: each for each in before}
    made = []
    for verdict in verdicts:
        status = "True" if verdict.holds else "False"
        old = known.get(verdict.type, {})
        changed = (
            old["lastTransitionTime"] if old.get("status") == status else f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        )
        made.append(
            {
                "type": verdict.type,
                "status": status,
                "reason": verdict.reason,
                "message": verdict.message,
                "observedGeneration": of["metadata"]["generation"],
                "lastTransitionTime": changed,
            }
        )
    return made
