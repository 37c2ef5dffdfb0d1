"""From a version that gets traffic to an address where it can be asked: a port-forward to one of its pods."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any

from mlcd_tui.domain.errors import BadConfig, Missing
from mlcd_tui.domain.refs import JSON, PODS, SERVICES
from mlcd_tui.domain.text import clean
from mlcd_tui.domain.traffic import TrafficTarget

if TYPE_CHECKING:
    from mlcd_tui.cluster.client import Client

Reach = Callable[[TrafficTarget], AbstractAsyncContextManager[str]]
"""Opens a way to a version; gives its base address."""
_HASHES = ("rollouts-pod-template-hash", "pod-template-hash")


def reaching(client: Callable[[], Awaitable[Client]]) -> Reach:
    """Ways by port-forwards through the API server of a connection."""

    @asynccontextmanager
    async def reach(target: TrafficTarget) -> AsyncIterator[str]:
        from mlcd_tui.cluster.port_forward import forwarded

        connected = await client()
        pod, port = await pod_of(connected, target)
        async with forwarded(connected, target.namespace, pod, port) as forward:
            yield forward.address

    return reach


async def pod_of(client: Client, target: TrafficTarget) -> tuple[str, int]:
    """A ready pod of a version and the port in it.

    Raises:
        Missing: there is no such Service, or no pod of it is ready.
        BadConfig: the version's Service or its port is not known.
    """
    if not target.service:
        raise BadConfig(
            f"No Service of the version {target.version or target.role.value} is known, so it cannot be reached.",
            advice="Give its address: --production URL, --shadow URL.",
        )
    service = await client.get(SERVICES.path(target.namespace, target.service))
    spec = service.get("spec") or {}
    selector = spec.get("selector")
    if not isinstance(selector, dict) or not selector:
        raise BadConfig(f"Service {target.service} selects no pods.", advice="Give the addresses themselves.")
    labels = ",".join(f"{key}={value}" for key, value in sorted(selector.items()))
    pods = [pod for pod in await client.list_all(PODS, target.namespace, label_selector=labels) if _ready(pod)]
    own = [pod for pod in pods if _of_version(pod, target)] if target.pod_hash else pods
    if not own:
        raise Missing(f"No pod of Service {clean(target.service)} is ready.", advice="Wait for one.")
    pod = min(own, key=lambda each: str(each["metadata"]["name"]))
    return str(pod["metadata"]["name"]), _port(_service_port(spec.get("ports") or (), target), pod, target)


def _ready(pod: JSON) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    ready = any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions)
    return ready and not pod.get("metadata", {}).get("deletionTimestamp")


def _of_version(pod: JSON, target: TrafficTarget) -> bool:
    labels = pod.get("metadata", {}).get("labels") or {}
    return target.pod_hash in {labels.get(key) for key in _HASHES}


def _service_port(ports: Sequence[Any], target: TrafficTarget) -> JSON:
    """The port that was named, else the one for HTTP, else the first."""
    if not ports:
        raise BadConfig(f"Service {clean(target.service)} has no ports.", advice="Give the addresses themselves.")
    named = (one for one in ports if target.port is not None and one.get("port") == target.port)
    http = (one for one in ports if "http" in f"{one.get('name', '')}{one.get('appProtocol', '')}")
    found: JSON = [*named, *http, ports[0]][0]
    return found


def _port(service_port: JSON, pod: JSON, target: TrafficTarget) -> int:
    wanted = service_port.get("targetPort", service_port.get("port"))
    if isinstance(wanted, int):
        return wanted
    for container in (pod.get("spec") or {}).get("containers") or ():
        for port in container.get("ports") or ():
            if port.get("name") == wanted and isinstance(port.get("containerPort"), int):
                return int(port["containerPort"])
    raise BadConfig(f"The pods of Service {clean(target.service)} have no port called {clean(wanted, limit=40)}.")
