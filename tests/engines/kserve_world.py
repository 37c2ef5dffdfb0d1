"""An InferenceService in a small world: plans are sent to it, and KServe's part is played after its source."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Plan, Refusal, Settled
from mlcd_tui.domain.refs import DEPLOYMENTS, PODS, REPLICA_SETS, SERVICES, Resource, RolloutRef
from mlcd_tui.domain.rollout import Rollout, RolloutDetail
from mlcd_tui.engines._httproute import HTTP_ROUTES
from mlcd_tui.engines.kserve import ENGINE
from mlcd_tui.engines.kserve.kinds import SERVICES_OF_MODELS
from tests.engines.kserve_controller import Knative, Object, Standard, webhook

FOLDER = Path(__file__).parent.parent / "fixtures" / "kserve"
NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)
REF = RolloutRef("kserve", "models", "churn")
BROKEN = {
    "location": "churn-predictor-00002-deployment-5d8f-x2x",
    "reason": "ModelLoadFailed",
    "message": "No such file: /mnt/models/model.joblib",
    "exitCode": 1,
}


def fixture(mode: str) -> Object:
    """The InferenceService of a mode, as KServe has not seen it yet."""
    found: Object = yaml.safe_load((FOLDER / f"{mode}.yaml").read_text(encoding="utf-8"))
    return found


def kept(part: Any, path: str) -> tuple[Any, str]:
    """Where a JSON pointer leads: what holds it, and its last word."""
    *way, last = path.strip("/").split("/")
    for word in way:
        part = part[int(word)] if isinstance(part, list) else part[word]
    return part, last


def patched(raw: Object, body: Mapping[str, Any] | tuple[Mapping[str, Any], ...]) -> None:
    """What the API server makes of a merge patch or a JSON patch."""
    if isinstance(body, Mapping):
        for key, value in body.items():
            if isinstance(value, Mapping):
                patched(raw.setdefault(key, {}), value)
            elif value is None:
                raw.pop(key, None)
            else:
                raw[key] = value
        return
    for step in body:
        inside, last = kept(raw, step["path"])
        place: Any = int(last) if isinstance(inside, list) else last
        if step["op"] == "remove":
            del inside[place]
        elif step["op"] == "test":
            assert inside[place] == step["value"], step
        else:
            inside[place] = copy.deepcopy(step["value"])


class Scene:
    """One InferenceService, and KServe beside it."""

    def __init__(self, controller: Knative | Standard) -> None:
        self.controller = controller
        self.isvc = controller.isvc
        self.sees_routes = True

    @property
    def predictor(self) -> Object:
        found: Object = self.isvc["spec"]["predictor"]
        return found

    @property
    def objects(self) -> dict[Resource, list[Object]]:
        seen = bool(self.isvc.get("status"))
        return {
            SERVICES_OF_MODELS: [copy.deepcopy(self.isvc)],
            DEPLOYMENTS: copy.deepcopy(self.controller.deployments()) if seen else [],
            HTTP_ROUTES: self.controller.routes() if seen and self.sees_routes else [],
            SERVICES: [],
            REPLICA_SETS: [],
            PODS: [],
        }

    def edit(self, **fields: Any) -> Scene:
        """Somebody changes the predictor."""
        patched(self.predictor, fields)
        self.moved()
        return self

    def moved(self) -> None:
        """The object is another one now."""
        self.isvc["metadata"]["resourceVersion"] = str(int(self.isvc["metadata"]["resourceVersion"]) + 1)

    def reconcile(self) -> Scene:
        self.controller.reconcile()
        self.moved()
        return self

    def ask(self, verb: Verb, **more: Any) -> Plan | Refusal:
        return ENGINE.plan(Intent(verb, REF, **more), self.objects, NOW)

    def plan(self, verb: Verb, **more: Any) -> Plan:
        found = self.ask(verb, **more)
        assert isinstance(found, Plan), found.sentence
        return found

    def refused(self, verb: Verb, **more: Any) -> str:
        found = self.ask(verb, **more)
        assert isinstance(found, Refusal), found.sentence
        return found.sentence

    def send(self, plan: Plan) -> None:
        """What the API server does; KServe has not seen it yet."""
        (request,) = plan.requests
        body = request.body
        stale = copy.deepcopy(self.isvc)
        patched(stale, body)
        assert stale["metadata"]["resourceVersion"] == self.isvc["metadata"]["resourceVersion"]
        before = copy.deepcopy(self.isvc)
        patched(self.isvc, body)
        assert not webhook(self.isvc, before), webhook(self.isvc, before)
        self.moved()

    def settled(self, plan: Plan) -> Settled:
        return ENGINE.settled(plan, self.objects, NOW)

    def done(self, verb: Verb, **more: Any) -> Settled:
        """The whole way: planned, sent, not done by that, then seen by KServe."""
        plan = self.plan(verb, **more)
        self.send(plan)
        assert not self.settled(plan).done, "our own write proves nothing"
        self.reconcile()
        return self.settled(plan)

    @property
    def detail(self) -> RolloutDetail:
        found = ENGINE.observe(REF, self.objects, NOW)
        assert found is not None
        return found

    @property
    def row(self) -> Rollout:
        return self.detail.rollout

    def facts(self, label: str) -> list[str]:
        return [str(value) for key, value in self.detail.facts if key == label]


def model(version: str) -> Object:
    """A change of the predictor's model."""
    return {"storageUri": f"s3://models/churn/{version}"}


def knative() -> Scene:
    """v6 serves, alone."""
    return Scene(Knative(fixture("knative"))).reconcile()


def knative_canary(share: int | None = 20) -> Scene:
    """v7 on its way beside v6."""
    return knative().edit(model=model("v7"), canaryTrafficPercent=share).reconcile()


def knative_blocked(share: int | None = None) -> Scene:
    """v7 failed to load; v6 still serves."""
    scene = knative()
    assert isinstance(scene.controller, Knative)
    scene.controller.broken.add(2)
    scene.controller.failure = dict(BROKEN)
    return scene.edit(model=model("v7"), canaryTrafficPercent=share).reconcile()


def canary(name: str, share: int, **more: Any) -> Object:
    """An entry of spec.canary, with the `name` and `modelFormat` that KServe's schema wants of its model."""
    own = {**model(name), "modelFormat": {"name": "sklearn", "version": "1"}, "name": "kserve-container"}
    return {"predictor": {"name": name, "model": own, **more}, "trafficPercent": share}


def standard(*canaries: Object, weights: bool = True, broken: str = "") -> Scene:
    """v6 serves, with canaries beside it."""
    isvc = fixture("standard")
    if canaries:
        isvc["spec"]["canary"] = [
            {
                **each,
                "predictor": {
                    **each["predictor"],
                    "model": {**isvc["spec"]["predictor"]["model"], **each["predictor"]["model"]},
                },
            }
            for each in canaries
        ]
    controller = Standard(isvc, weights=weights)
    controller.broken |= {broken} - {""}
    return Scene(controller).reconcile()


def stopped() -> Scene:
    """A person stopped it."""
    scene = standard(canary("v7", 20))
    scene.isvc["metadata"]["annotations"]["serving.kserve.io/stop"] = "true"
    return scene


def mesh() -> Scene:
    """ModelMesh."""
    scene = standard()
    scene.isvc["metadata"]["annotations"]["serving.kserve.io/deploymentMode"] = "ModelMesh"
    scene.isvc["status"]["deploymentMode"] = "ModelMesh"
    return scene


def states() -> Iterator[tuple[str, Scene]]:
    """Moments that every promise is asked of."""
    yield "knative at rest", knative()
    yield "knative rolled out", knative_canary(None)
    yield "knative canary", knative_canary()
    yield "knative dark", knative_canary(0)
    yield "knative blocked", knative_blocked()
    yield "knative unseen", Scene(Knative(fixture("knative")))
    yield "standard at rest", standard()
    yield "standard canary", standard(canary("v7", 20))
    yield "standard not ready", standard(canary("v7", 20), broken="v7")
    yield "standard dark", standard(canary("v7", 0))
    yield "standard without weights", standard(canary("v7", 20), weights=False)
    yield "standard with two", standard(canary("v7", 20), canary("v8", 10))
    yield "stopped", stopped()
    yield "mesh", mesh()
