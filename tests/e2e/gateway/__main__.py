"""The test gateway and the pods' processes: `python -m tests.e2e.gateway FOLDER` on the cluster of $KUBECONFIG, until it is ended.

Says `serving <admin address of Envoy>` once it serves. See README.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import traceback
from pathlib import Path

from tests.e2e.gateway.attachment import CONTROLLER
from tests.e2e.gateway.cluster import Cluster, Key, Object, key_of
from tests.e2e.gateway.envoy import Envoy, Ports, RejectedError
from tests.e2e.gateway.pods import Pods
from tests.e2e.gateway.programs import echo_server, envoy_binary
from tests.e2e.gateway.statuses import class_status, gateway_status, route_status
from tests.e2e.gateway.translate import Wanted, port_name, translate

CLASS = "mlcd-lab"
LISTENS = "lab.mlcd.dev/listens"
"""Annotation of a Gateway: where each of its ports really is, {"80": "127.0.0.1:41234"}."""
HELD = "lab.mlcd.dev/held"
"""Annotation of an HTTPRoute: while there is one, nothing is done."""
WATCHED = (
    *("EndpointSlice", "Gateway", "GatewayClass", "HTTPRoute"),
    *("Namespace", "Pod", "ReferenceGrant", "Secret", "Service"),
)
_GATHER = 0.02


class Gateway:
    """Has Envoy serve what the cluster asks for, then says so in the cluster."""

    def __init__(self, cluster: Cluster, envoy: Envoy) -> None:
        self._cluster = cluster
        self._envoy = envoy
        self._ports = Ports()
        self._addresses: dict[Key, str] = {}

    async def reconcile(self) -> None:
        """One look at the cluster, brought to the data plane, and only then to the statuses."""
        known = {kind: dict(found) for kind, found in self._cluster.known.items()}
        if any(HELD in route["metadata"].get("annotations", {}) for route in known["HTTPRoute"].values()):
            return
        wanted = translate(known, str(self._envoy.rds), self._ports.of)
        try:
            await self._envoy.apply(wanted.config)
        except RejectedError as error:
            print(error, file=sys.stderr, flush=True)  # noqa: T201  the log of this process
            return
        self._ports.keep(wanted.config.listeners)
        for found in known["GatewayClass"].values():
            if found["spec"]["controllerName"] == CONTROLLER:
                await self._say("GatewayClass", found, class_status(found))
        for key, gateway in wanted.gateways.items():
            await self._tell_where(wanted, key, gateway)
            await self._say("Gateway", gateway, gateway_status(known, wanted, key, self._address(key)))
        for key, route in known["HTTPRoute"].items():
            await self._say_route(wanted, key, route, known)

    async def _say_route(self, wanted: Wanted, key: Key, route: Object, known: dict[str, dict[Key, Object]]) -> None:
        parents = wanted.parents.get(key, ())
        if parents or any(p["controllerName"] == CONTROLLER for p in route.get("status", {}).get("parents", [])):
            await self._say("HTTPRoute", route, route_status(known, route, parents))

    async def _say(self, kind: str, found: Object, status: Object) -> None:
        before = {name: found.get("status", {}).get(name) for name in status}
        if before != status:
            lock = {"resourceVersion": found["metadata"]["resourceVersion"]}
            await self._cluster.patch(kind, key_of(found), {"metadata": lock, "status": status}, "status")

    async def _tell_where(self, wanted: Wanted, key: Key, gateway: Object) -> None:
        ports = sorted({each["port"] for each in gateway["spec"]["listeners"]})
        names = {port: port_name(key, port) for port in ports}
        where = {
            str(port): f"127.0.0.1:{self._ports.of(name)}"
            for port, name in names.items()
            if name in wanted.config.listeners
        }
        told = json.dumps(where)
        if gateway["metadata"].get("annotations", {}).get(LISTENS) != told:
            patched = await self._cluster.patch("Gateway", key, {"metadata": {"annotations": {LISTENS: told}}})
            if patched is not None:
                gateway["metadata"] = patched["metadata"]

    def _address(self, key: Key) -> str:
        """An address of its own from a range that exists only on paper: two Gateways may both have a port 80."""
        return self._addresses.setdefault(key, f"198.51.100.{len(self._addresses) % 250 + 1}")


async def main(folder: Path) -> None:
    """Serve until the process is told to end."""
    ended = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, ended.set)
    cluster = Cluster(Path(os.environ["KUBECONFIG"]))
    envoy = Envoy(envoy_binary(), folder / "envoy")
    (folder / "pods").mkdir(parents=True)
    pods = Pods(cluster, folder / "pods", echo_server())
    await envoy.start()
    await cluster.watch(WATCHED)
    await cluster.create(
        "GatewayClass",
        {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "GatewayClass",
            "metadata": {"name": CLASS},
            "spec": {"controllerName": CONTROLLER},
        },
    )
    work = asyncio.create_task(follow(cluster, pods, Gateway(cluster, envoy)))
    print(f"serving {envoy.admin}", flush=True)  # noqa: T201  whoever started it reads this
    ending = asyncio.create_task(ended.wait())
    await asyncio.wait({work, ending}, return_when=asyncio.FIRST_COMPLETED)
    if work.done():
        work.result()


async def follow(cluster: Cluster, pods: Pods, gateway: Gateway) -> None:
    """Look again whenever something changed."""
    while True:
        await cluster.changed.wait()
        await asyncio.sleep(_GATHER)  # what changes together is looked at once
        cluster.changed.clear()
        pods.reconcile()
        try:
            await gateway.reconcile()
        except Exception:  # noqa: BLE001  a fault in one look must not end the data plane; the log tells
            traceback.print_exc()
            await asyncio.sleep(0.5)
            cluster.changed.set()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(Path(sys.argv[1])))
