"""Real processes behind the lab's pods, which kwok only pretends to run.

A pod whose annotation `lab.mlcd.dev/serve` holds knobs (JSON) gets a model server; one with the conformance suite's echo image gets
that very server. Where its ports really are is then told by the pod's annotation `lab.mlcd.dev/ports`: {"8080": 41234}, all on
127.0.0.1. What the process prints is what `kubectl logs` shows, and `kubectl port-forward` leads to it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import sys
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.e2e.gateway.cluster import Cluster, Object, key_of

SERVES = "lab.mlcd.dev/serve"
PORTS = "lab.mlcd.dev/ports"
ECHO_IMAGE = "/gateway-api/echo-basic:"
LINGERS = 1.0
"""Seconds from a pod's end to that of its process: whoever sends there has time to hear of it, as with a real kubelet."""
_MODEL_SERVER = Path(__file__).with_name("model_server.py")
# The echo server speaks more than HTTP, or wants certificates, where one of these is set: not needed here.
_OTHER_ECHOES = {"GRPC_ECHO_SERVER", "TCP_ECHO_SERVER", "UDP_ECHO_SERVER", "TLS_SERVER_CERT"}


class Pods:
    """Keeps one process for each pod that has something to run."""

    def __init__(self, cluster: Cluster, folder: Path, echo: Path | None) -> None:
        self._cluster = cluster
        self._folder = folder
        self._echo = echo
        self._lives: dict[str, asyncio.Task[None]] = {}

    def reconcile(self) -> None:
        """Start what should run and end what should not."""
        wanted = {
            pod["metadata"]["uid"]: pod
            for pod in self._cluster.known["Pod"].values()
            if "deletionTimestamp" not in pod["metadata"] and pod.get("status", {}).get("phase") == "Running"
        }
        for uid, pod in wanted.items():
            if uid not in self._lives and (life := self._life(pod)) is not None:
                self._lives[uid] = asyncio.create_task(life)
        for uid in self._lives.keys() - wanted.keys():
            self._lives.pop(uid).cancel()

    def _life(self, pod: Object) -> Coroutine[Any, Any, None] | None:
        if knobs := pod["metadata"].get("annotations", {}).get(SERVES):
            return self._serve(pod, knobs)
        container = pod["spec"]["containers"][0]
        env = {each["name"]: each.get("value", "") for each in container.get("env", [])}
        if self._echo and ECHO_IMAGE in container["image"] and not _OTHER_ECHOES & env.keys():
            return self._echoes(pod, self._echo)
        return None

    async def _serve(self, pod: Object, knobs: str) -> None:
        command = [sys.executable, "-I", "-S", str(_MODEL_SERVER), knobs]
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        assert process.stdout
        port = int(await process.stdout.readline())
        named = [p["containerPort"] for p in pod["spec"]["containers"][0].get("ports", [])] or [8080]
        await self._live(pod, process, {str(each): port for each in named})

    async def _echoes(self, pod: Object, echo: Path) -> None:
        http, h2c = _free_port(), _free_port()
        namespace, name = key_of(pod)
        env = {"POD_NAME": name, "NAMESPACE": namespace, "HTTP_PORT": str(http), "H2C_PORT": str(h2c)}
        process = await asyncio.create_subprocess_exec(
            str(echo), stdout=asyncio.subprocess.PIPE, env={**os.environ, **env}
        )
        await self._live(pod, process, {"3000": http, "3001": h2c})

    async def _live(self, pod: Object, process: asyncio.subprocess.Process, ports: dict[str, int]) -> None:
        namespace, name = key_of(pod)
        log = self._folder / f"{namespace}_{name}.log"
        log.touch()
        try:
            await self._kwok("Logs", pod, {"logs": [{"logsFile": str(log)}]})
            forwards = [
                {"ports": [int(port)], "target": {"port": at, "address": "127.0.0.1"}} for port, at in ports.items()
            ]
            await self._kwok("PortForward", pod, {"forwards": forwards})
            told = {"metadata": {"annotations": {PORTS: json.dumps(ports)}}}
            await self._cluster.patch("Pod", (namespace, name), told)
            assert process.stdout
            async for line in process.stdout:
                with log.open("a", encoding="utf-8") as out:
                    out.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f000Z} stdout F {line.decode().rstrip()}\n")
        finally:
            await asyncio.sleep(LINGERS)
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.wait()

    async def _kwok(self, kind: str, pod: Object, spec: Object) -> None:
        """What kwok is to answer for the pod, as its kubelet."""
        namespace, name = key_of(pod)
        meta = {"namespace": namespace, "name": name}
        made = {"apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": kind, "metadata": meta, "spec": spec}
        await self._cluster.create(kind, made)


def port_of(pod: Object, port: int) -> int | None:
    """Where a port of a pod really is on 127.0.0.1; None where no process of ours listens (yet)."""
    ports: dict[str, int] = json.loads(pod["metadata"].get("annotations", {}).get(PORTS, "{}"))
    return ports.get(str(port))


def _free_port() -> int:
    # The echo server cannot tell which port it was given, so it is told one that was free just now.
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
