"""Rollouts for the benchmark on a real API server: made, given a status, and taken away again."""

from __future__ import annotations

import asyncio
import base64
import json
import random
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

Object = dict[str, Any]

CONNECTIONS = 12
PER_NAMESPACE = 500
GROUP = "/apis/argoproj.io/v1alpha1"
# the controller looks only at rollouts without an instance id, so these stand still unless we move them
INSTANCE = {"argo-rollouts.argoproj.io/controller-instance-id": "bench"}
MERGE = {"Content-Type": "application/merge-patch+json"}
# Who set which field is not kept: for this kind that is much of the API server's work of a change, which would leave it
# far behind the rate that is to be measured. The template is the larger for it.
_UNTRACKED: Object = {"metadata": {"managedFields": [{}]}}
PROBE = ("bench-000", "svc-00000")
"""Namespace and name of the one that is paused for a person, and so stands on top."""


def place(number: int) -> tuple[str, str]:
    """Namespace and name of a rollout by its number."""
    return f"bench-{number // PER_NAMESPACE:03d}", f"svc-{number:05d}"


def _env(count: int) -> list[Object]:
    return [
        {"name": f"MODEL_SETTING_{n:02d}", "value": f"value-of-setting-{n:02d}-for-this-service"} for n in range(count)
    ]


def rollout(number: int) -> Object:
    """A rollout as services have them: about 9 kB as the API server returns it."""
    namespace, name = place(number)
    steps: list[Object] = [
        {"setWeight": 20},
        {"pause": {}},
        {"setWeight": 40},
        {"pause": {"duration": "10m"}},
        {"setWeight": 60},
        {"pause": {"duration": "10m"}},
    ]
    container = {
        "name": "model",
        "image": f"registry.example/ml/{name}:v{number % 40}",
        "ports": [{"containerPort": 8080, "name": "http"}],
        "env": _env(30),
        "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"memory": "2Gi"}},
        "readinessProbe": {"httpGet": {"path": "/v2/health/ready", "port": "http"}, "periodSeconds": 5},
        "volumeMounts": [{"name": "model", "mountPath": "/models"}, {"name": "scratch", "mountPath": "/tmp"}],
    }
    metadata = {
        "name": name,
        "namespace": namespace,
        "labels": {**INSTANCE, "app": name, "team": f"team-{number % 17}"},
    }
    spec = _spec(number, name, steps, container)
    made: Object = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": metadata, "spec": spec}
    applied = json.dumps(made)
    metadata["annotations"] = {
        "kubectl.kubernetes.io/last-applied-configuration": applied,
        "rollout.argoproj.io/revision": str(number % 9 + 1),
    }
    return made


def _spec(number: int, name: str, steps: list[Object], container: Object) -> Object:
    return {
        "replicas": 5,
        "revisionHistoryLimit": 3,
        "selector": {"matchLabels": {"app": name}},
        "strategy": {
            "canary": {
                "canaryService": f"{name}-canary",
                "stableService": name,
                "trafficRouting": {"nginx": {"stableIngress": name}},
                "steps": steps,
            }
        },
        "template": {
            "metadata": {"labels": {"app": name, "team": f"team-{number % 17}"}},
            "spec": {
                "containers": [container],
                "volumes": [{"name": "model", "emptyDir": {}}, {"name": "scratch", "emptyDir": {}}],
            },
        },
    }


def status(number: int, generation: str = "1", *, under_way: bool = False) -> Object:
    """What the controller would say: one waits for a person, of the others one in ten is on its way, a few are broken.

    Where they are `under_way`, all are: packages and checks of each are looked up.
    """
    pod_hash = f"{number * 2654435761 % 2**32:08x}"
    moving, broken = under_way or number % 10 == 3, number % 50 == 7
    step = 1 if number == 0 else number % 6 if moving or broken else 6
    held: Object = {
        "HPAReplicas": 5,
        "availableReplicas": 5,
        "readyReplicas": 5,
        "replicas": 5,
        "updatedReplicas": 1 if step < 6 else 5,
        "observedGeneration": generation,
        "currentPodHash": pod_hash,
        "stableRS": f"{(number + 1) * 40503 % 2**32:08x}" if step < 6 else pod_hash,
        "currentStepHash": "7c5c9d8f6b",
        "currentStepIndex": step,
        "selector": f"app=svc-{number:05d}",
        "canary": {
            "weights": {
                "canary": {"podTemplateHash": pod_hash, "serviceName": f"svc-{number:05d}-canary", "weight": 20},
                "stable": {"podTemplateHash": pod_hash, "serviceName": f"svc-{number:05d}", "weight": 80},
            }
        },
        "phase": "Healthy",
        "message": "",
        "conditions": _conditions(number),
    }
    if number == 0:
        held |= {"phase": "Paused", "message": "CanaryPauseStep", "controllerPause": True}
        held["pauseConditions"] = [{"reason": "CanaryPauseStep", "startTime": "2026-01-01T10:00:00Z"}]
    elif broken:
        held |= {"phase": "Degraded", "message": "ProgressDeadlineExceeded: ReplicaSet has timed out progressing."}
    elif moving:
        held |= {"phase": "Progressing", "message": "more replicas need to be updated"}
    return {"status": held}


def _conditions(number: int) -> list[Object]:
    words = {
        "Available": "Rollout has minimum availability",
        "Completed": "Rollout completed",
        "Healthy": "Rollout is healthy",
        "Paused": "Rollout is not paused",
        "Progressing": f'ReplicaSet "svc-{number:05d}-5c9d8f6b" has successfully progressed.',
    }
    moment = "2026-01-01T10:00:00Z"
    return [
        {
            "type": name,
            "status": "False" if name == "Paused" else "True",
            "reason": f"Rollout{name}",
            "message": message,
            "lastTransitionTime": moment,
            "lastUpdateTime": moment,
        }
        for name, message in words.items()
    ]


@dataclass(frozen=True, slots=True)
class Login:
    """How to reach the API server of the current context."""

    server: str
    context: ssl.SSLContext
    headers: dict[str, str]


def login(kubeconfig: Path) -> Login:
    """Server and token of the current context."""
    config = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))

    def named(kind: str, name: str) -> Object:
        found: Object = next(each for each in config[kind] if each["name"] == name)
        return found

    context = named("contexts", config["current-context"])["context"]
    cluster = named("clusters", context["cluster"])["cluster"]
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    token = named("users", context["user"])["user"]["token"]
    trust = ssl.create_default_context(cadata=authority)
    return Login(cluster["server"], trust, {"Authorization": f"Bearer {token}"})


def client(kubeconfig: Path) -> httpx.AsyncClient:
    """A client of the current context, with the benchmark's number of connections."""
    found = login(kubeconfig)
    return httpx.AsyncClient(
        base_url=found.server,
        verify=found.context,
        headers=found.headers,
        limits=httpx.Limits(max_connections=CONNECTIONS),
        timeout=60,
        trust_env=False,
    )


async def _ok(answer: httpx.Response, *fine: int) -> Object:
    if answer.is_error and answer.status_code not in fine:
        raise RuntimeError(
            f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text[:300]}"
        )
    body: Object = answer.json()
    return body


async def _each(numbers: Iterable[int], work: Any) -> None:
    """Work through the numbers over all connections."""
    left = iter(numbers)

    async def worker() -> None:
        for number in left:
            await work(number)

    async with asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(worker())


async def populate(http: httpx.AsyncClient, count: int, start: int = 0, *, under_way: bool = False) -> None:
    """Make the rollouts `start` to `count` with their status."""

    async def make(number: int) -> None:
        path = f"{GROUP}/namespaces/{place(number)[0]}/rollouts"
        made = await _ok(await http.post(path, json=rollout(number)))
        generation = str(made["metadata"]["generation"])
        path += f"/{place(number)[1]}"
        told = json.dumps(status(number, generation, under_way=under_way))
        await _ok(await http.patch(f"{path}/status", content=told, headers=MERGE))
        await _ok(await http.patch(path, content=json.dumps(_UNTRACKED), headers=MERGE))

    for namespace in sorted({place(number)[0] for number in range(start, count)}):
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": INSTANCE}}
        await _ok(await http.post("/api/v1/namespaces", json=body), 409)
    await _each(range(start, count), make)


async def clear(http: httpx.AsyncClient) -> None:
    """Take away every namespace of the benchmark and what is in it; returns when they are gone."""
    selector = {"labelSelector": ",".join(f"{key}={value}" for key, value in INSTANCE.items())}

    async def names() -> list[str]:
        answer = await _ok(await http.get("/api/v1/namespaces", params=selector))
        return [item["metadata"]["name"] for item in answer["items"]]

    for name in await names():
        await _ok(await http.delete(f"{GROUP}/namespaces/{name}/rollouts"), 404)
        await _ok(await http.delete(f"/api/v1/namespaces/{name}"), 404, 409)
    while await names():
        await asyncio.sleep(1)


async def grow(kubeconfig: Path, count: int, start: int = 0, *, under_way: bool = False) -> None:
    """Make the rollouts `start` to `count`, some or all of them on their way."""
    async with client(kubeconfig) as http:
        await populate(http, count, start, under_way=under_way)


async def shrink(kubeconfig: Path) -> None:
    """Take all of them away."""
    async with client(kubeconfig) as http:
        await clear(http)


def probe_path() -> str:
    """Where the status of the probe is patched."""
    namespace, name = PROBE
    return f"{GROUP}/namespaces/{namespace}/rollouts/{name}/status"


def change(number: int, rng: random.Random) -> Object:
    """A change of the status that a fleet shows: pods and, for one on its way, its weight."""
    weight = rng.randint(1, 99)
    held: Object = {"readyReplicas": rng.randint(0, 5), "updatedReplicas": rng.randint(0, 5)}
    if number % 10 == 3:
        held["canary"] = {"weights": {"canary": {"weight": weight}, "stable": {"weight": 100 - weight}}}
    else:
        held["availableReplicas"] = rng.randint(0, 5)
    return {"status": held}
