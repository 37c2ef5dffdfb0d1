"""Who answers the customers of the simulated cluster: which ReplicaSet gets which share of requests and copies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mlcd_tui.demo.kinds import BY_KIND, DEPLOYMENTS, REPLICASETS, ROLLOUTS, SERVICES
from mlcd_tui.demo.store import Change, Object, Store

HASH = "rollouts-pod-template-hash"
KEPT = 3_700.0
"""Seconds of the past whose shares are remembered."""

Key = tuple[str, str, str]
"""Kind, namespace and name of what is asked by customers: a Rollout, a Deployment alone, a route, a Service."""


@dataclass(frozen=True, slots=True)
class Portion:
    """What one ReplicaSet gets: shares from 0 to 1."""

    live: float
    copies: float = 0.0


Shares = dict[str, Portion]
"""By the name of the ReplicaSet."""


class DataPlane:
    """Follows the objects and remembers the shares of the last hour, so that counters have a past."""

    def __init__(self, store: Store) -> None:
        """Begins to follow; call it before the story is told."""
        self._store = store
        self._history: dict[Key, list[tuple[float, Shares]]] = defaultdict(list)
        kinds = [ROLLOUTS, DEPLOYMENTS, REPLICASETS, SERVICES, BY_KIND.get("HTTPRoute")]
        for kind in kinds:
            if kind is not None:
                store.listen(kind, self._changed)

    def history(self, namespace: str) -> Iterator[tuple[Key, list[tuple[float, Shares]]]]:
        """Shares in a namespace ('' is all), each from its moment on."""
        for key, moments in list(self._history.items()):
            if namespace in {"", key[1]}:
                yield key, moments

    def version(self, namespace: str, replica_set: str) -> str:
        """What a ReplicaSet's pods run, `app:tag`; empty when it is gone."""
        found = self._store.find(REPLICASETS, namespace, replica_set)
        containers = found["spec"]["template"]["spec"]["containers"] if found else []
        return str(containers[0]["image"]).rpartition("/")[2].partition("@")[0] if containers else ""

    def _changed(self, change: Change) -> None:
        namespace, name = change.item["metadata"].get("namespace", ""), change.item["metadata"]["name"]
        if change.kind is REPLICASETS:
            owners = change.item["metadata"].get("ownerReferences") or [{}]
            if owners[0].get("kind") == ROLLOUTS.kind:
                self._note((ROLLOUTS.kind, namespace, owners[0]["name"]))
                return
        if change.kind is ROLLOUTS:
            self._note((ROLLOUTS.kind, namespace, name))
            return
        for key in self._fronts(namespace):
            self._note(key)

    def _fronts(self, namespace: str) -> list[Key]:
        """What customers ask in a namespace, Rollouts apart."""
        routes = BY_KIND.get("HTTPRoute")
        found = [("HTTPRoute", *key) for key, _ in self._store.entries(routes, namespace)] if routes else []
        routed = {name for key in found for name, _ in self._backends(key)[0]}
        found += [
            (SERVICES.kind, *key)
            for key, entry in self._store.entries(SERVICES, namespace)
            if key[1] not in routed and not entry.item["metadata"].get("labels", {}).get("mlcd.dev/role")
        ]
        return found

    def _note(self, key: Key) -> None:
        now, moments = self._store.clock.now(), self._history[key]
        shares = self._rollout(key) if key[0] == ROLLOUTS.kind else self._front(key)
        if moments and moments[-1][1] == shares:
            return
        moments.append((now, shares))
        while len(moments) > 1 and moments[1][0] < now - KEPT:
            moments.pop(0)

    # Rollouts

    def _rollout(self, key: Key) -> Shares:
        rollout = self._store.find(ROLLOUTS, key[1], key[2])
        if rollout is None:
            return {}
        by_hash = {
            (item["metadata"].get("labels") or {}).get(HASH, ""): item
            for item in self._store.owned(rollout, REPLICASETS)
        }
        status = rollout.get("status") or {}
        if "blueGreen" in rollout["spec"]["strategy"]:
            active = by_hash.get((status.get("blueGreen") or {}).get("activeSelector", ""))
            return {active["metadata"]["name"]: Portion(1.0)} if active else {}
        stable, newest = by_hash.get(status.get("stableRS", "")), by_hash.get(status.get("currentPodHash", ""))
        if stable is None or newest is None or stable is newest:
            only = stable or newest
            return {only["metadata"]["name"]: Portion(1.0)} if only else {}
        share = _canary_share(rollout, stable, newest)
        return {
            stable["metadata"]["name"]: Portion(1.0 - share),
            newest["metadata"]["name"]: Portion(share, _mirrored(rollout)),
        }

    # Services and routes

    def _front(self, key: Key) -> Shares:
        live, copies = self._backends(key)
        shares: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        total = sum(weight for _, weight in live) or 1.0
        for place, backends, scale in ((0, live, total), (1, copies, 1.0)):
            for service, weight in backends:
                for name, part in self._behind(key[1], service).items():
                    shares[name][place] += part * weight / scale
        return {name: Portion(*pair) for name, pair in shares.items()}

    def _backends(self, key: Key) -> tuple[list[tuple[str, float]], list[tuple[str, float]]]:
        """Services with their weights, and those that get copies with their share."""
        if key[0] == SERVICES.kind:
            return [(key[2], 1.0)], []
        route = self._store.find(BY_KIND["HTTPRoute"], key[1], key[2])
        rules = (route or {}).get("spec", {}).get("rules") or [{}]
        live = [(ref["name"], float(ref.get("weight", 1))) for ref in rules[0].get("backendRefs") or ()]
        mirrors = [each["requestMirror"] for each in rules[0].get("filters") or () if "requestMirror" in each]
        return live, [(each["backendRef"]["name"], _fraction(each)) for each in mirrors]

    def _behind(self, namespace: str, service: str) -> dict[str, float]:
        """ReplicaSets of Deployments behind a Service, by their ready pods."""
        found = self._store.find(SERVICES, namespace, service)
        selector = found["spec"].get("selector") or {} if found else {}
        ready: dict[str, int] = {}
        for (_, name), entry in self._store.entries(REPLICASETS, namespace) if selector else ():
            labels = entry.item["spec"]["template"]["metadata"].get("labels") or {}
            of_rollout = HASH in labels
            if not of_rollout and selector.items() <= labels.items():
                ready[name] = (entry.item.get("status") or {}).get("readyReplicas", 0)
        total = sum(ready.values())
        return {name: count / total for name, count in ready.items() if count}


def _canary_share(rollout: Object, stable: Object, newest: Object) -> float:
    canary = rollout["spec"]["strategy"].get("canary") or {}
    routing = canary.get("trafficRouting")
    if routing:
        weights = (rollout["status"].get("canary") or {}).get("weights") or {}
        given = (weights.get("canary") or {}).get("weight", 0)
        return float(given) / float(routing.get("maxTrafficWeight") or 100)
    pods = [(each.get("status") or {}).get("availableReplicas", 0) for each in (newest, stable)]
    return pods[0] / sum(pods) if sum(pods) else 0.0


def _mirrored(rollout: Object) -> float:
    """The share that setMirrorRoute steps up to the present one copy."""
    canary, status = rollout["spec"]["strategy"].get("canary") or {}, rollout.get("status") or {}
    steps = (canary.get("steps") or [])[: (status.get("currentStepIndex") or 0) + 1]
    if status.get("abort") or not canary.get("trafficRouting"):
        return 0.0
    routes: dict[str, float] = {}
    for step in steps:
        if (route := step.get("setMirrorRoute")) is not None:
            routes[route["name"]] = float(route.get("percentage", 100)) / 100 if route.get("match") else 0.0
    return max(routes.values(), default=0.0)


def _fraction(mirror: Mapping[str, Any]) -> float:
    if "percent" in mirror:
        return float(mirror["percent"]) / 100
    fraction = mirror.get("fraction")
    return float(fraction["numerator"]) / float(fraction.get("denominator", 100)) if fraction else 1.0
