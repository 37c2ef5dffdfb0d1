"""What the gateway and the pods' processes know of the cluster: lists that are watched, and writes to the API server."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import ssl
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx
import yaml

Object = dict[str, Any]
Key = tuple[str, str]

GATEWAY_GROUP = "gateway.networking.k8s.io"
PATHS = {
    "Deployment": ("/apis/apps/v1", "deployments"),
    "EndpointSlice": ("/apis/discovery.k8s.io/v1", "endpointslices"),
    "Gateway": (f"/apis/{GATEWAY_GROUP}/v1", "gateways"),
    "GatewayClass": (f"/apis/{GATEWAY_GROUP}/v1", "gatewayclasses"),
    "HTTPRoute": (f"/apis/{GATEWAY_GROUP}/v1", "httproutes"),
    "Logs": ("/apis/kwok.x-k8s.io/v1alpha1", "logs"),
    "Namespace": ("/api/v1", "namespaces"),
    "Pod": ("/api/v1", "pods"),
    "PortForward": ("/apis/kwok.x-k8s.io/v1alpha1", "portforwards"),
    "ReferenceGrant": (f"/apis/{GATEWAY_GROUP}/v1beta1", "referencegrants"),
    "Secret": ("/api/v1", "secrets"),
    "Service": ("/api/v1", "services"),
}


def key_of(found: Object) -> Key:
    """Namespace (empty where there is none) and name."""
    return found["metadata"].get("namespace", ""), found["metadata"]["name"]


class Cluster:
    """A client with watched lists; `changed` is set whenever anything in them changes."""

    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
        chosen = next(c["context"] for c in config["contexts"] if c["name"] == config["current-context"])
        cluster = next(c["cluster"] for c in config["clusters"] if c["name"] == chosen["cluster"])
        user = next(u["user"] for u in config["users"] if u["name"] == chosen["user"])
        authority = cluster.get("certificate-authority-data")
        self._client = httpx.AsyncClient(
            base_url=cluster["server"],
            verify=ssl.create_default_context(cadata=base64.b64decode(authority).decode()) if authority else False,
            headers={"Authorization": f"Bearer {user.get('token', '')}"},
            timeout=httpx.Timeout(30, read=None),
            limits=httpx.Limits(max_connections=None),
            trust_env=False,
        )
        self.known: dict[str, dict[Key, Object]] = {}
        self.changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def watch(self, kinds: Iterable[str]) -> None:
        """Start watching; returns once everything was listed."""
        listed = []
        for kind in kinds:
            first = asyncio.Event()
            self._tasks.append(asyncio.create_task(self._follow(kind, first)))
            listed.append(first.wait())
        await asyncio.gather(*listed)

    async def patch(self, kind: str, key: Key, patch: Object, subresource: str = "") -> Object | None:
        """A merge patch; None where the object is gone or was changed meanwhile (its next event comes)."""
        path = path_of(kind, *key) + (f"/{subresource}" if subresource else "")
        headers = {"Content-Type": "application/merge-patch+json"}
        answer = await self._client.patch(path, content=json.dumps(patch), headers=headers)
        if answer.status_code in {404, 409}:
            return None
        if answer.is_error:
            raise RuntimeError(f"{path}: {answer.text}")
        return dict(answer.json())

    async def create(self, kind: str, created: Object) -> None:
        """Create an object; one that is there already stays."""
        answer = await self._client.post(path_of(kind, created["metadata"].get("namespace", "")), json=created)
        if answer.is_error and answer.status_code not in {404, 409}:
            raise RuntimeError(f"{kind} {key_of(created)}: {answer.text}")

    async def _follow(self, kind: str, first: asyncio.Event) -> None:
        path = path_of(kind)
        while True:
            try:
                answer = await self._client.get(path)
                answer.raise_for_status()
                listing = answer.json()
                self.known[kind] = {key_of(each): each for each in listing["items"]}
                self.changed.set()
                first.set()
                await self._events(kind, path, listing["metadata"]["resourceVersion"])
            except (httpx.HTTPError, KeyError) as error:
                _told(f"{kind}: {error!r}")
                await asyncio.sleep(0.5)

    async def _events(self, kind: str, path: str, version: str) -> None:
        query = {"watch": "1", "resourceVersion": version, "allowWatchBookmarks": "true"}
        async with self._client.stream("GET", path, params=query) as stream:
            stream.raise_for_status()
            async for line in stream.aiter_lines():
                event = json.loads(line)
                if event["type"] == "ERROR":
                    return
                if event["type"] == "BOOKMARK":
                    continue
                if event["type"] == "DELETED":
                    self.known[kind].pop(key_of(event["object"]), None)
                else:
                    self.known[kind][key_of(event["object"])] = event["object"]
                self.changed.set()


def path_of(kind: str, namespace: str = "", name: str = "") -> str:
    """The path of a kind's objects: of all, of a namespace's, of one."""
    group, plural = PATHS[kind]
    return group + (f"/namespaces/{namespace}" if namespace else "") + f"/{plural}" + (f"/{name}" if name else "")


def _told(line: str) -> None:
    os.write(2, f"{line}\n".encode())
