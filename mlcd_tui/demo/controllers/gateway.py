"""A gateway implementation as far as its statuses go: classes, Gateways and routes get what the standard asks for."""

from __future__ import annotations

from typing import Any

from mlcd_tui.demo.kinds import (
    GATEWAY_API,
    GATEWAYCLASSES,
    GATEWAYS,
    HTTPROUTES,
    REFERENCEGRANTS,
    SERVICES,
    Kind,
)
from mlcd_tui.demo.store import Change, Store
from mlcd_tui.demo.work import WorkQueue

Object = dict[str, Any]

CONTROLLER_NAME = "mlcd.dev/demo-gateway"
FEATURES = (
    "Gateway",
    "HTTPRoute",
    "HTTPRouteRequestMirror",
    "HTTPRouteRequestMultipleMirrors",
    "HTTPRouteRequestPercentageMirror",
    "ReferenceGrant",
)


class GatewayController:
    """Accepts what names its class, and says of each route whether it can be obeyed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._classes = WorkQueue(store, self._class)
        self._classes.follow(GATEWAYCLASSES)
        self._gateways = WorkQueue(store, self._gateway)
        self._gateways.follow(GATEWAYS)
        self._routes = WorkQueue(store, self._route)
        self._routes.follow(HTTPROUTES)
        store.listen(GATEWAYCLASSES, lambda _: self._again(GATEWAYS, self._gateways))
        for kind in (GATEWAYS, SERVICES, REFERENCEGRANTS):
            store.listen(kind, self._around)

    def _around(self, change: Change) -> None:
        """What a route leads to or hangs on came or went; a mere status tells nothing new."""
        if change.before is None or change.type == "DELETED" or change.kind is GATEWAYS:
            self._again(HTTPROUTES, self._routes)

    def _again(self, kind: Kind, queue: WorkQueue) -> None:
        for key, _ in self._store.entries(kind):
            queue.add(key)

    def _class(self, _: str, name: str) -> None:
        item = self._store.copy(GATEWAYCLASSES, "", name)
        if item["spec"]["controllerName"] != CONTROLLER_NAME:
            return
        features = [{"name": feature} for feature in FEATURES]
        told = [self._condition(item, _conditions(item), "Accepted")]
        self._write(GATEWAYCLASSES, item, {"conditions": told, "supportedFeatures": features})

    def _gateway(self, namespace: str, name: str) -> None:
        item = self._store.copy(GATEWAYS, namespace, name)
        if not self._ours(item):
            return
        old = _conditions(item)
        routes = [entry.item for _, entry in self._store.entries(HTTPROUTES)]
        told = {text["name"]: text for text in (item.get("status") or {}).get("listeners", ())}
        listeners = [
            {
                "name": each["name"],
                "supportedKinds": [{"group": GATEWAY_API, "kind": "HTTPRoute"}],
                "attachedRoutes": sum(_attached(route, namespace, name) for route in routes),
                "conditions": [
                    self._condition(item, (told.get(each["name"]) or {}).get("conditions", ()), kind)
                    for kind in ("Accepted", "Programmed", "ResolvedRefs")
                ],
            }
            for each in item["spec"]["listeners"]
        ]
        status = {
            "addresses": [{"type": "IPAddress", "value": "192.0.2.10"}],
            "conditions": [self._condition(item, old, kind) for kind in ("Accepted", "Programmed")],
            "listeners": listeners,
        }
        self._write(GATEWAYS, item, status)

    def _ours(self, gateway: Object) -> bool:
        found = self._store.find(GATEWAYCLASSES, "", gateway["spec"]["gatewayClassName"])
        return found is not None and found["spec"]["controllerName"] == CONTROLLER_NAME

    def _route(self, namespace: str, name: str) -> None:
        item = self._store.copy(HTTPROUTES, namespace, name)
        before = (item.get("status") or {}).get("parents", [])
        others = [entry for entry in before if entry["controllerName"] != CONTROLLER_NAME]
        ours = {str(entry["parentRef"]): entry for entry in before if entry["controllerName"] == CONTROLLER_NAME}
        entries = []
        for ref in item["spec"].get("parentRefs", ()):
            gateway = self._store.find(GATEWAYS, ref.get("namespace", namespace), ref["name"])
            if ref["kind"] != "Gateway" or gateway is None or not self._ours(gateway):
                continue
            old = (ours.get(str(ref)) or {}).get("conditions", ())
            accepted, resolved = _acceptance(item, ref, gateway), self._resolution(item)
            told = [
                self._condition(item, old, "Accepted", *accepted),
                self._condition(item, old, "ResolvedRefs", *resolved),
            ]
            entries.append({"parentRef": ref, "controllerName": CONTROLLER_NAME, "conditions": told})
        if entries or ours:
            self._write(HTTPROUTES, item, {"parents": [*others, *entries]})
            for entry in entries:
                ref = entry["parentRef"]
                self._gateways.add((ref.get("namespace", namespace), ref["name"]))

    def _resolution(self, route: Object) -> tuple[str, str]:
        """Reason and message of ResolvedRefs; no message where all is well."""
        namespace = route["metadata"]["namespace"]
        for rule in route["spec"]["rules"]:
            refs = list(rule.get("backendRefs", ()))
            refs += [each["requestMirror"]["backendRef"] for each in rule.get("filters", ()) if "requestMirror" in each]
            for ref in refs:
                where = ref.get("namespace", namespace)
                if (ref["group"], ref["kind"]) != ("", "Service"):
                    return "InvalidKind", f"{ref['kind']} {ref['name']} is no kind of backend that is known here"
                if where != namespace and not self._granted(namespace, where, ref["name"]):
                    return "RefNotPermitted", f"no ReferenceGrant permits Service {where}/{ref['name']}"
                if self._store.find(SERVICES, where, ref["name"]) is None:
                    return "BackendNotFound", f"Service {where}/{ref['name']} not found"
        return "ResolvedRefs", ""

    def _granted(self, source: str, target: str, name: str) -> bool:
        wanted = {"group": GATEWAY_API, "kind": "HTTPRoute", "namespace": source}
        return any(
            wanted in entry.item["spec"]["from"]
            and any(
                (to["group"], to["kind"]) == ("", "Service") and to.get("name") in {None, name}
                for to in entry.item["spec"]["to"]
            )
            for _, entry in self._store.entries(REFERENCEGRANTS, target)
        )

    def _condition(self, item: Object, old: Any, kind: str, reason: str = "", message: str = "") -> Object:
        """One condition; its time stays while its status does."""
        status = "False" if message else "True"
        before = next((each for each in old if each["type"] == kind), None)
        same = before is not None and before["status"] == status
        return {
            "type": kind,
            "status": status,
            "reason": reason or kind,
            "message": message,
            "observedGeneration": item["metadata"]["generation"],
            "lastTransitionTime": before["lastTransitionTime"] if same and before else self._store.clock.text(),
        }

    def _write(self, kind: Kind, item: Object, status: Object) -> None:
        if item.get("status") != status:
            item["status"] = status
            self._store.update(kind, item, "status")


def _acceptance(route: Object, ref: Object, gateway: Object) -> tuple[str, str]:
    """Reason and message of Accepted; no message where all is well."""
    listeners = gateway["spec"]["listeners"]
    wanted = ref.get("sectionName")
    chosen = [each for each in listeners if wanted in {None, each["name"]} and ref.get("port") in {None, each["port"]}]
    if not chosen:
        return "NoMatchingParent", f"Gateway {gateway['metadata']['name']} has no such listener"
    home, there = route["metadata"]["namespace"], gateway["metadata"]["namespace"]
    if not any(_allows(each, same=home == there) for each in chosen):
        return "NotAllowedByListeners", f"no listener allows routes of namespace {home}"
    return "Accepted", ""


def _allows(listener: Object, *, same: bool) -> bool:
    source = ((listener.get("allowedRoutes") or {}).get("namespaces") or {}).get("from", "Same")
    return source == "All" or (source == "Same" and same)


def _attached(route: Object, namespace: str, name: str) -> bool:
    home = route["metadata"]["namespace"]
    refs = route["spec"].get("parentRefs", ())
    return any((ref.get("namespace", home), ref["name"]) == (namespace, name) for ref in refs)


def _conditions(item: Object) -> list[Object]:
    found: list[Object] = (item.get("status") or {}).get("conditions", [])
    return found


CONTROLLER = GatewayController
