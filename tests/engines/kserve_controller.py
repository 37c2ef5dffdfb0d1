"""What KServe and Knative make of an InferenceService, after their source (tests/fixtures/kserve/README.md)."""

from __future__ import annotations

import copy
import json
import math
from typing import Any

Object = dict[str, Any]

OF = "serving.kserve.io/inferenceservice"
SOURCE = "internal.serving.kserve.io/storage-initializer-sourceuri"
AT = "2026-03-01T09:00:00Z"


class Knative:
    """Knative mode: revisions by pod template, traffic by canaryTrafficPercent."""

    def __init__(self, isvc: Object) -> None:
        self.isvc = isvc
        self.templates: list[str] = []
        self.uris: list[str] = []
        self.broken: set[int] = set()
        """Numbers of revisions that never get ready."""
        self.failure: Object | None = None

    def revision(self, number: int) -> str:
        return f"{self.isvc['metadata']['name']}-predictor-{number:05d}"

    def reconcile(self) -> None:
        """Until nothing moves any more: each round sees the status of the one before."""
        for _ in range(4):
            self._once()

    def _once(self) -> None:
        predictor = self.isvc["spec"]["predictor"]
        own = {key: value for key, value in predictor.items() if key != "canaryTrafficPercent"}
        template = json.dumps([own, self.isvc["metadata"].get("annotations")], sort_keys=True)
        if not self.templates or self.templates[-1] != template:
            self.templates.append(template)
            self.uris.append(predictor["model"]["storageUri"])
        created = len(self.templates)
        ready = next((n for n in range(created, 0, -1) if n not in self.broken), 0)
        status = self.isvc.setdefault("status", {})
        part = status.setdefault("components", {}).setdefault("predictor", {})
        rolled, percent = part.get("latestRolledoutRevision", ""), predictor.get("canaryTrafficPercent")
        latest = self.revision(ready) if ready else ""
        traffic: list[Object] = [{"latestRevision": True, "percent": 100, "revisionName": latest}]
        if percent is not None and rolled:
            traffic[0]["percent"] = percent
            if percent < 100:
                prev = {"latestRevision": False, "percent": 100 - percent, "revisionName": rolled, "tag": "prev"}
                traffic.append(prev)
        part["latestCreatedRevision"] = self.revision(created)
        self._roll(part, latest, traffic)
        if latest:
            part.update(latestReadyRevision=latest, traffic=traffic)
        status["deploymentMode"] = "Knative"
        status["observedGeneration"] = created  # the Knative Service's own
        fine = ready == created
        self._tell(status, fine=fine, serves=bool(ready))

    def _roll(self, part: Object, latest: str, traffic: list[Object]) -> None:
        """PropagateStatus: what is rolled out, and the step back."""
        share = traffic[0]["percent"]
        if not latest:
            return
        if part.get("latestRolledoutRevision", "") != latest:
            if share == 100:
                part["previousRolledoutRevision"] = part.get("latestRolledoutRevision", "")
                part["latestRolledoutRevision"] = latest
        elif latest == part["latestCreatedRevision"] and share < 100:
            together = sum(each["percent"] for each in traffic if each["revisionName"] == latest)
            if together == 100 and part.get("previousRolledoutRevision"):
                part["latestRolledoutRevision"] = part["previousRolledoutRevision"]

    def _tell(self, status: Object, *, fine: bool, serves: bool) -> None:
        said = "True" if fine else "False"
        conditions = {
            "PredictorConfigurationReady": said,
            "PredictorReady": said,
            "IngressReady": "True",
            "Ready": said,
        }
        conditions["PredictorRouteReady"] = "True" if serves else "False"
        if "transformer" in self.isvc["spec"]:
            conditions["TransformerReady"] = "True"
        status["conditions"] = [{"type": k, "status": v, "lastTransitionTime": AT} for k, v in conditions.items()]
        states = {
            "activeModelState": "Loaded" if serves else "",
            "targetModelState": "Loaded" if fine else "FailedToLoad",
        }
        status["modelStatus"] = {
            "transitionStatus": "UpToDate" if fine else "BlockedByFailedLoad",
            "states": states,
            "copies": {"failedCopies": 0, "totalCopies": 1},
            **({} if fine or not self.failure else {"lastFailureInfo": self.failure}),
        }
        status["url"] = "http://churn.models.example.com"

    def deployments(self) -> list[Object]:
        traffic = self.isvc["status"]["components"]["predictor"].get("traffic", [])
        shares = {each["revisionName"]: each["percent"] for each in traffic}
        newest = self.revision(len(self.templates))
        return [
            deployment(
                self.isvc,
                f"{name}-deployment",
                uri,
                1 if shares.get(name) or name == newest else 0,
                available=number not in self.broken,
                labels={"serving.knative.dev/revision": name},
            )
            for number, uri in enumerate(self.uris, 1)
            if (name := self.revision(number))
        ]

    def routes(self) -> list[Object]:
        """Knative's own network layer has no HTTPRoute of KServe's."""
        return []


class Standard:
    """Standard mode: a Deployment each for the predictor and its canaries, an HTTPRoute that divides traffic."""

    def __init__(self, isvc: Object, *, weights: bool = True) -> None:
        self.isvc = isvc
        self.weights = weights
        """Whether this KServe writes weights of canaries; 0.20.0 does not."""
        self.broken: set[str] = set()
        """Names of canaries whose pods never get ready."""
        self.gateway_answers = True
        self._made: dict[str, Object] = {}

    def name(self, predictor: Object) -> str:
        middle = f"{predictor['name']}-" if predictor.get("name") else ""
        return f"{self.isvc['metadata']['name']}-{middle}predictor"

    def reconcile(self) -> None:
        spec, status = self.isvc["spec"], self.isvc.setdefault("status", {})
        stable, canaries = spec["predictor"], spec.get("canary") or []
        made = {self.name(stable): self._deployment(stable, stable.get("minReplicas", 1), "")}
        for each in canaries:
            own = each["predictor"]
            floor = stable.get("minReplicas", 1)
            count = own.get("minReplicas", math.ceil(floor * each["trafficPercent"] / 100))
            made[self.name(own)] = self._deployment({**stable, **own}, count, own["name"])
        self._made = made  # orphans are deleted
        status["canaryStatuses"] = [
            {
                "name": each["predictor"]["name"],
                "ready": made[self.name(each["predictor"])]["status"]["availableReplicas"] > 0,
                "trafficPercent": each["trafficPercent"],
                "modelStatus": {"transitionStatus": ""},
            }
            for each in canaries
        ]
        conditions = {"PredictorReady": "True", "IngressReady": "True", "Ready": "True"}
        if canaries:
            fine = all(each["ready"] for each in status["canaryStatuses"])
            conditions["CanaryPredictorReady"] = "True" if fine else "False"
        status["conditions"] = [{"type": k, "status": v, "lastTransitionTime": AT} for k, v in conditions.items()]
        status["modelStatus"] = {
            "transitionStatus": "UpToDate",
            "states": {"activeModelState": "Loaded", "targetModelState": "Loaded"},
        }
        status["deploymentMode"] = "Standard"
        status["observedGeneration"] = 1  # the Deployment's own
        status["components"] = {"predictor": {}}

    def _deployment(self, predictor: Object, count: int, canary: str) -> Object:
        uri = predictor["model"]["storageUri"]
        return deployment(self.isvc, self.name(predictor), uri, count, available=canary not in self.broken)

    def deployments(self) -> list[Object]:
        return list(self._made.values())

    def routes(self) -> list[Object]:
        """The customers' route and the predictor's: ready canaries by weight, the rest for what serves."""
        meta = self.isvc["metadata"]
        canaries = self.isvc["spec"].get("canary") or []
        ready = {each["name"] for each in self.isvc["status"]["canaryStatuses"] if each["ready"]}
        shares = {self.name(c["predictor"]): c["trafficPercent"] for c in canaries if c["predictor"]["name"] in ready}
        backends = [{"kind": "Service", "name": self.name(self.isvc["spec"]["predictor"]), "port": 80}]
        if canaries and self.weights:
            backends[0]["weight"] = 100 - sum(shares.values())
            backends += [{"kind": "Service", "name": n, "port": 80, "weight": w} for n, w in shares.items()]
        parent = {
            "group": "gateway.networking.k8s.io",
            "kind": "Gateway",
            "namespace": "kserve",
            "name": "kserve-ingress",
        }
        conditions = [{"type": t, "status": "True", "observedGeneration": 1} for t in ("Accepted", "ResolvedRefs")]
        told = [{"parentRef": parent, "controllerName": "example.com/gateway", "conditions": conditions}]
        return [
            {
                "apiVersion": "gateway.networking.k8s.io/v1",
                "kind": "HTTPRoute",
                "metadata": {
                    "name": name,
                    "namespace": meta["namespace"],
                    "uid": f"route-{name}",
                    "generation": 1,
                    "resourceVersion": "7",
                    "ownerReferences": owners(self.isvc),
                },
                "spec": {"parentRefs": [parent], "rules": [{"backendRefs": copy.deepcopy(backends)}]},
                "status": {"parents": told if self.gateway_answers else []},
            }
            for name in (meta["name"], f"{meta['name']}-predictor")
        ]


_FORMER = {"RawDeployment": "Standard", "Serverless": "Knative"}


def webhook(isvc: Object, old: Object | None = None) -> str:
    """Why KServe's webhooks refuse it, the defaulting one having been asked first; empty: they do not."""
    spec, was = isvc["spec"], old or {"spec": {"predictor": {}}}
    noted = isvc["metadata"].get("annotations", {}).get("serving.kserve.io/deploymentMode", "Standard")
    mode = _FORMER.get(noted, noted)
    told = was.get("status", {}).get("deploymentMode")
    if told and mode != told:
        return f"deploymentMode cannot be changed from {told} to {mode}"
    name, uri = (spec["predictor"].get("name", ""), spec["predictor"]["model"]["storageUri"])
    if (
        old
        and name != was["spec"]["predictor"].get("name", "")
        and uri == was["spec"]["predictor"]["model"]["storageUri"]
    ):
        return "predictor.name change requires a model change"
    canaries, stable = spec.get("canary") or [], spec["predictor"]
    if stable.get("model", {}).get("name"):
        return "the 'name' field is not allowed in standard predictor"
    if not canaries:
        return ""
    if mode != "Standard":
        return "canary is only supported in Standard deployment mode"
    names = [each["predictor"].get("name", "") for each in canaries]
    if not all(names) or len(set(names)) < len(names) or stable.get("name", "") in names:
        return "predictor.name is required, once each, and not that of the stable predictor"
    for each in canaries:
        if not 0 <= each["trafficPercent"] <= 100:
            return "trafficPercent must be between 0 and 100"
        if {"maxReplicas", "scaleTarget", "scaleMetric", "autoScaling", "workerSpec"} & set(each["predictor"]):
            return "canary uses fixed replicas"
        if each["predictor"].get("minReplicas", 0) > stable.get("minReplicas", 1):
            return "minReplicas must not exceed that of the stable predictor"
    return "the sum must be <= 100" if sum(each["trafficPercent"] for each in canaries) > 100 else ""


def owners(isvc: Object) -> list[Object]:
    """Who made it."""
    meta = isvc["metadata"]
    kind = {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService"}
    return [{**kind, "name": meta["name"], "uid": meta["uid"], "controller": True}]


def deployment(
    isvc: Object, name: str, uri: str, count: int, *, available: bool, labels: dict[str, str] | None = None
) -> Object:
    """One of KServe's or Knative's Deployments, as far as its pods are."""
    up = count if available else 0
    selected = {OF: isvc["metadata"]["name"], "component": "predictor", "app": name, **(labels or {})}
    template = {
        "metadata": {"labels": selected, "annotations": {SOURCE: uri}},
        "spec": {"containers": [{"name": "kserve-container", "image": "registry.local/sklearnserver:0.20"}]},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": name,
            "namespace": isvc["metadata"]["namespace"],
            "uid": f"uid-{name}",
            "resourceVersion": "5",
            "generation": 1,
            "labels": selected,
            "annotations": {"deployment.kubernetes.io/revision": "1"},
            "ownerReferences": owners(isvc) if not labels else [],
        },
        "spec": {"replicas": count, "selector": {"matchLabels": {"app": name}}, "template": template},
        "status": {
            "observedGeneration": 1,
            "replicas": count,
            "updatedReplicas": count,
            "readyReplicas": up,
            "availableReplicas": up,
        },
    }
