"""Which routes belong to which listeners of our Gateways, and what is to be said of it: the specification's conditions."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from tests.e2e.gateway.cluster import GATEWAY_GROUP, Key, Object, key_of

CONTROLLER = "mlcd.dev/lab-gateway"
PROTOCOLS = ("HTTP", "HTTPS")
ROUTE_KIND = {"group": GATEWAY_GROUP, "kind": "HTTPRoute"}

Known = Mapping[str, Mapping[Key, Object]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One condition, still without its times."""

    type: str
    holds: bool
    reason: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Listener:
    """A listener of one of our Gateways, and what is wrong with it (nothing, in the rule)."""

    spec: Object
    faults: tuple[Verdict, ...] = ()

    @property
    def hostname(self) -> str:
        return str(self.spec.get("hostname") or "*")

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Its conditions."""
        wrong = {fault.type: fault for fault in self.faults}
        return (
            wrong.get("Accepted", Verdict("Accepted", True, "Accepted")),
            wrong.get("ResolvedRefs", Verdict("ResolvedRefs", True, "ResolvedRefs")),
            Verdict("Programmed", not wrong, "Invalid" if wrong else "Programmed"),
            Verdict("Conflicted", False, "NoConflicts"),
        )


@dataclass(frozen=True, slots=True)
class Parent:
    """What a route has of one of its parents."""

    ref: Object
    gateway: Key
    listeners: tuple[tuple[Listener, tuple[str, ...]], ...]
    """Those it is attached to, each with the hostnames that both know."""
    accepted: Verdict


@dataclass(frozen=True, slots=True)
class Grants:
    """Who may refer to what in another namespace."""

    known: Known = field(repr=False)

    def allow(self, kind: str, namespace: str, to_kind: str, to: Key) -> bool:
        """Whether a `kind` of Gateway API in `namespace` may refer to the core object `to`."""
        return namespace == to[0] or any(
            any(f["kind"] == kind and f["group"] == GATEWAY_GROUP and f["namespace"] == namespace for f in spec["from"])
            and any(t["kind"] == to_kind and t["group"] == "" and t.get("name", to[1]) == to[1] for t in spec["to"])
            for (where, _), spec in ((key, grant["spec"]) for key, grant in self.known["ReferenceGrant"].items())
            if where == to[0]
        )


def our_gateways(known: Known) -> dict[Key, Object]:
    """The Gateways whose class names us."""
    classes = {
        name for (_, name), each in known["GatewayClass"].items() if each["spec"]["controllerName"] == CONTROLLER
    }
    return {key: each for key, each in known["Gateway"].items() if each["spec"]["gatewayClassName"] in classes}


def listeners_of(known: Known, gateway: Object) -> tuple[Listener, ...]:
    """Its listeners, judged."""
    return tuple(Listener(each, tuple(_faults(known, gateway, each))) for each in gateway["spec"]["listeners"])


def _faults(known: Known, gateway: Object, spec: Object) -> Iterator[Verdict]:
    if spec["protocol"] not in PROTOCOLS:
        yield Verdict("Accepted", False, "UnsupportedProtocol", f"{spec['protocol']} is not served here")
        return
    asked = spec.get("allowedRoutes", {}).get("kinds", [])
    if any(kind["kind"] != "HTTPRoute" or kind.get("group", GATEWAY_GROUP) != GATEWAY_GROUP for kind in asked):
        yield Verdict("ResolvedRefs", False, "InvalidRouteKinds", "only HTTPRoutes are served")
    if spec["protocol"] != "HTTPS":
        return
    namespace = gateway["metadata"]["namespace"]
    for ref in spec.get("tls", {}).get("certificateRefs", [{}]):
        at = (ref.get("namespace", namespace), ref.get("name", ""))
        if not Grants(known).allow("Gateway", namespace, "Secret", at):
            yield Verdict("ResolvedRefs", False, "RefNotPermitted", f"no ReferenceGrant for Secret {at[0]}/{at[1]}")
        elif (ref.get("group", ""), ref.get("kind", "Secret")) != ("", "Secret") or not _certificate(
            known["Secret"].get(at, {}).get("data", {})
        ):
            yield Verdict("ResolvedRefs", False, "InvalidCertificateRef", f"no certificate in Secret {at[0]}/{at[1]}")


def _certificate(data: Mapping[str, str]) -> bool:
    """Whether a Secret's data holds a certificate and its key; Envoy would refuse all listeners for one that is none."""
    try:
        x509.load_pem_x509_certificates(base64.b64decode(data["tls.crt"]))
        serialization.load_pem_private_key(base64.b64decode(data["tls.key"]), None)
    except (KeyError, ValueError, TypeError):
        return False
    return True


def kinds_of(listener: Listener) -> list[Object]:
    """The kinds of routes that it serves of those it asks for."""
    if listener.spec["protocol"] not in PROTOCOLS:
        return []
    asked = listener.spec.get("allowedRoutes", {}).get("kinds")
    return [ROUTE_KIND] if asked is None or any(kind["kind"] == "HTTPRoute" for kind in asked) else []


def parents_of(known: Known, gateways: Mapping[Key, Object], route: Object) -> Iterator[Parent]:
    """Its parents among our Gateways."""
    namespace = route["metadata"]["namespace"]
    for ref in route["spec"].get("parentRefs", []):
        key = (ref.get("namespace", namespace), ref["name"])
        if ref.get("kind", "Gateway") == "Gateway" and key in gateways:
            yield _attach(known, gateways[key], route, ref)


def _attach(known: Known, gateway: Object, route: Object, ref: Object) -> Parent:
    def parent(accepted: Verdict, *attached: tuple[Listener, tuple[str, ...]]) -> Parent:
        return Parent(ref, key_of(gateway), attached, accepted)

    named = [
        each
        for each in listeners_of(known, gateway)
        if ref.get("sectionName", each.spec["name"]) == each.spec["name"]
        and ref.get("port", each.spec["port"]) == each.spec["port"]
    ]
    if not named:
        return parent(Verdict("Accepted", False, "NoMatchingParent", "no listener of that name and port"))
    allowed = [each for each in named if kinds_of(each) and _welcome(known, gateway, each, route)]
    if not allowed:
        return parent(Verdict("Accepted", False, "NotAllowedByListeners"))
    shared = [(each, common(each.hostname, route["spec"].get("hostnames", []))) for each in allowed]
    attached = [(each, hosts) for each, hosts in shared if hosts]
    if not attached:
        return parent(Verdict("Accepted", False, "NoMatchingListenerHostname"))
    if unknown := unsupported(route):
        return parent(Verdict("Accepted", False, "UnsupportedValue", unknown))
    return parent(Verdict("Accepted", True, "Accepted"), *attached)


def _welcome(known: Known, gateway: Object, listener: Listener, route: Object) -> bool:
    allowed = listener.spec.get("allowedRoutes", {}).get("namespaces", {})
    namespace = route["metadata"]["namespace"]
    match allowed.get("from", "Same"):
        case "All":
            return True
        case "Selector":
            labels = known["Namespace"].get(("", namespace), {}).get("metadata", {}).get("labels", {})
            wanted: Mapping[str, str] = allowed.get("selector", {}).get("matchLabels", {})
            return all(labels.get(name) == value for name, value in wanted.items())
        case _:
            return bool(namespace == gateway["metadata"]["namespace"])


def common(listener: str, hostnames: list[str]) -> tuple[str, ...]:
    """The hostnames that a listener and a route share, each the narrower of the two."""
    if not hostnames:
        return (listener,)
    return tuple(narrower for each in hostnames if (narrower := _narrower(listener, each)))


def _narrower(one: str, other: str) -> str:
    if one in {"*", other}:
        return other
    if one.startswith("*.") and other.endswith(one[1:]):
        return other
    return one if other.startswith("*.") and one.endswith(other[1:]) else ""


SERVED_FILTERS = {"RequestMirror", "RequestHeaderModifier", "ResponseHeaderModifier", "RequestRedirect"}


def unsupported(route: Object) -> str:
    """What of the route this gateway cannot do, as a sentence; empty: it can do all."""
    for rule in route["spec"].get("rules", []):
        own = {each["type"] for each in rule.get("filters", [])} - SERVED_FILTERS
        at_backends = {each["type"] for ref in rule.get("backendRefs", []) for each in ref.get("filters", [])}
        if unknown := own | (at_backends - {"RequestHeaderModifier", "ResponseHeaderModifier"}):
            return f"filters not served here: {', '.join(sorted(unknown))}"
    return ""
