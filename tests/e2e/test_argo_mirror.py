"""The mirrored recipe on the real controller: what is copied is told by the VirtualService, not by the steps."""

from __future__ import annotations

import time
from typing import Any

import pytest

from mlcd_tui.domain.plan import Result
from tests.e2e.command import mlcd
from tests.e2e.conftest import Lab
from tests.e2e.lab.recording.manifests import NAME, canary, istio, service, template, virtual_service
from tests.e2e.lab.recording.stage import Object, Stage
from tests.e2e.person import person

pytestmark = pytest.mark.usefixtures("home")

COPY: Object = {"name": "mirror", "percentage": 35, "match": [{"method": {"exact": "POST"}}]}
STEPS: tuple[Object, ...] = (
    {"setCanaryScale": {"weight": 25}}, {"setMirrorRoute": COPY}, {"pause": {}}, {"setMirrorRoute": {"name": "mirror"}},
    {"setWeight": 100},
)  # fmt: skip
RBAC = "rbac.authorization.k8s.io"


def start(stage: Stage) -> None:
    stage.start(*map(service, ("stable", "canary")), virtual_service(), canary(*STEPS, canary=istio("mirror")))
    stage.release(template("2"))
    stage.phase("Paused", revision=2)


def described(stage: Stage, who: str) -> Any:
    return mlcd("rollouts", "describe", NAME, "-n", stage.namespace, "--context", who, "-o", "json").json


async def test_copies_are_confirmed_by_the_route_and_end_with_the_switch(lab: Lab, stage: Stage) -> None:
    start(stage)
    async with person(context=lab.context("alice"), namespace=stage.namespace) as alice:
        await alice.live()
        await alice.press("enter", "2")
        await alice.see(r"Copies +on +35 % of live traffic to canary, by VirtualService model-api, since .* confirmed")
        await alice.see("copied are only requests that match: method POST")
        stage.api.json_patch("VirtualService", stage.namespace, NAME, {"op": "remove", "path": "/spec/http/0"})
        await alice.see("Copies +none: a step asks for copies of 35 %, but the VirtualService model-api copies nothing")
        assert (await alice.act("a")).result is Result.DONE
        assert (await alice.act("r")).result is Result.DONE
        await alice.see("Copies +on +35 %.* confirmed")
        await alice.dialog("p")
        await alice.see(r"mirrored +35 % +\S+ +none")
        assert (await alice.approve()).result is Result.DONE
    stage.phase("Healthy", revision=2)
    routes = stage.api.get("VirtualService", stage.namespace, NAME)["spec"]["http"]
    assert [route["name"] for route in routes] == ["primary"]


def test_whoever_may_not_see_the_route_is_told_so(stage: Stage) -> None:
    start(stage)
    kinds = (("argoproj.io", "rollouts", "analysisruns", "experiments"), ("apps", "replicasets"),
             ("", "pods", "services", "events"))  # fmt: skip
    rules = [{"apiGroups": [group], "resources": names, "verbs": ["get", "list", "watch"]} for group, *names in kinds]
    meta = {"name": "without-routes"}
    subject = {"kind": "User", "name": "nobody", "apiGroup": RBAC}
    stage.create(
        {"apiVersion": f"{RBAC}/v1", "kind": "Role", "metadata": meta, "rules": rules},
        {"apiVersion": f"{RBAC}/v1", "kind": "RoleBinding", "metadata": meta, "subjects": [subject],
         "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": "without-routes"}},
    )  # fmt: skip
    end = time.monotonic() + 20
    while (found := described(stage, "nobody")).get("phase") is None:
        assert time.monotonic() < end, found
    assert found["hidden"] == ["virtualservices"]
    assert described(stage, "alice")["hidden"] == []
