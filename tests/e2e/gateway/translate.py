"""The whole configuration of Envoy, and who is served by it, out of what the cluster asks for."""

from __future__ import annotations

import base64
import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.gateway.attachment import Known, Listener, Parent, listeners_of, our_gateways, parents_of
from tests.e2e.gateway.cluster import Key, Object
from tests.e2e.gateway.pods import port_of
from tests.e2e.gateway.routes import Target, envoy_routes, refs_of, resolve

TYPE = "type.googleapis.com/envoy"
CONNECT_SECONDS = "1s"
HTTP = f"{TYPE}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
Hosts = Mapping[str, list[tuple[Any, Object]]]
ROUTER = {
    "name": "envoy.filters.http.router",
    "typed_config": {"@type": f"{TYPE}.extensions.filters.http.router.v3.Router"},
}


@dataclass(frozen=True, slots=True)
class Config:
    """Resources of Envoy by their names."""

    listeners: Mapping[str, Object] = field(default_factory=dict)
    routes: Mapping[str, Object] = field(default_factory=dict)
    clusters: Mapping[str, Object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one look at the cluster asks for."""

    gateways: Mapping[Key, Object]
    parents: Mapping[Key, tuple[Parent, ...]]
    """Of each route that has one of our Gateways as its parent."""
    config: Config


def version_of(resource: object) -> str:
    """The same for equal content, so that what is not changed is not written either."""
    return hashlib.sha256(json.dumps(resource, sort_keys=True).encode()).hexdigest()[:12]


def port_name(gateway: Key, port: int) -> str:
    """How Envoy's listener on a port of a Gateway is called."""
    return f"{gateway[0]}_{gateway[1]}_{port}"


def translate(known: Known, rds_folder: str, ports: Callable[[str], int]) -> Wanted:
    """Read the cluster; nothing is written anywhere.

    Args:
        known: the cluster's objects by kind.
        rds_folder: where Envoy will find the routes of its listeners.
        ports: where a listener of that name really listens.
    """
    gateways = our_gateways(known)
    parents = {
        key: found for key, route in known["HTTPRoute"].items() if (found := tuple(parents_of(known, gateways, route)))
    }
    routes = {name: _route_configuration(name, hosts) for name, hosts in _hosts(known, parents).items()}
    listeners: dict[str, Object] = {}
    served: dict[str, Object] = {}
    for key, gateway in gateways.items():
        by_port: dict[int, list[Listener]] = defaultdict(list)
        for listener in listeners_of(known, gateway):
            if not listener.faults:
                by_port[listener.spec["port"]].append(listener)
        for port, same in by_port.items():
            name = port_name(key, port)
            listeners[name] = _listener(known, key, port, same, rds_folder, ports(name))
            for name in {_route_name(key, each) for each in same}:
                served[name] = routes.get(name) or _route_configuration(name, {})
    return Wanted(gateways, parents, Config(listeners, served, dict(_clusters(known, parents))))


def _hosts(known: Known, parents: Mapping[Key, tuple[Parent, ...]]) -> Mapping[str, Hosts]:
    """The routes of each hostname of each route configuration, with what they are sorted by."""
    hosts: dict[str, dict[str, list[tuple[Any, Object]]]] = defaultdict(lambda: defaultdict(list))
    for key, of_route in parents.items():
        made = envoy_routes(known, known["HTTPRoute"][key])
        for parent in of_route:
            for listener, names in parent.listeners:
                for name in names:
                    hosts[_route_name(parent.gateway, listener)][name] += made
    return hosts


def _clusters(known: Known, parents: Mapping[Key, tuple[Parent, ...]]) -> Iterator[tuple[str, Object]]:
    for key in parents:
        route = known["HTTPRoute"][key]
        for ref in refs_of(route):
            target = resolve(known, route, ref)
            if isinstance(target, Target):
                yield target.cluster, _cluster(known, target)


def _route_name(gateway: Key, listener: Listener) -> str:
    name = port_name(gateway, listener.spec["port"])
    return name if listener.spec["protocol"] == "HTTP" else f"{name}_{listener.spec['name']}"


def _route_configuration(name: str, hosts: Hosts) -> Object:
    virtual = [
        {"name": host, "domains": [host], "routes": [route for _, route in sorted(found, key=lambda each: each[0])]}
        for host, found in sorted(hosts.items())
    ]
    return {
        "@type": f"{TYPE}.config.route.v3.RouteConfiguration",
        "name": name,
        "virtual_hosts": virtual,
        "ignore_port_in_host_matching": True,
    }


def _listener(known: Known, gateway: Key, port: int, same: list[Listener], rds_folder: str, at: int) -> Object:
    made: Object = {
        "@type": f"{TYPE}.config.listener.v3.Listener",
        "name": port_name(gateway, port),
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": at}},
    }
    if same[0].spec["protocol"] == "HTTP":
        return {**made, "filter_chains": [_chain(gateway, _route_name(gateway, same[0]), rds_folder)]}
    made["listener_filters"] = [
        {
            "name": "tls_inspector",
            "typed_config": {"@type": f"{TYPE}.extensions.filters.listener.tls_inspector.v3.TlsInspector"},
        }
    ]
    made["filter_chains"] = [
        {**_chain(gateway, _route_name(gateway, each), rds_folder), **_tls(known, gateway, each)} for each in same
    ]
    return made


def _chain(gateway: Key, route_name: str, rds_folder: str) -> Object:
    source = {"path": f"{rds_folder}/{route_name}.json", "watched_directory": {"path": rds_folder}}
    manager = {
        "@type": HTTP,
        "stat_prefix": f"{gateway[0]}_{gateway[1]}",
        "generate_request_id": True,
        "preserve_external_request_id": True,
        "always_set_request_id_in_response": True,
        "use_remote_address": True,
        "server_header_transformation": "PASS_THROUGH",
        "normalize_path": True,
        "rds": {
            "route_config_name": route_name,
            "config_source": {"resource_api_version": "V3", "path_config_source": source},
        },
        "http_filters": [ROUTER],
    }
    return {"filters": [{"name": "http", "typed_config": manager}]}


def _tls(known: Known, gateway: Key, listener: Listener) -> Object:
    certificates = []
    for ref in listener.spec["tls"]["certificateRefs"]:
        data = known["Secret"][ref.get("namespace", gateway[0]), ref["name"]]["data"]
        chain, key = (base64.b64decode(data[name]).decode() for name in ("tls.crt", "tls.key"))
        certificates.append({"certificate_chain": {"inline_string": chain}, "private_key": {"inline_string": key}})
    context = {
        "@type": f"{TYPE}.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        "common_tls_context": {"tls_certificates": certificates},
    }
    names = {} if listener.hostname == "*" else {"filter_chain_match": {"server_names": [listener.hostname]}}
    return {"transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": context}, **names}


def _cluster(known: Known, target: Target) -> Object:
    endpoints = [
        {"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": port}}}}
        for port in sorted(set(_ports(known, target)))
    ]
    return {
        "@type": f"{TYPE}.config.cluster.v3.Cluster",
        "name": target.cluster,
        "type": "STATIC",
        "connect_timeout": CONNECT_SECONDS,
        "load_assignment": {"cluster_name": target.cluster, "endpoints": [{"lb_endpoints": endpoints}]},
    }


def _ports(known: Known, target: Target) -> Iterator[int]:
    """Where the ready pods of a Service's port really listen."""
    spec = known["Service"][target.service]["spec"]
    name = next(port.get("name", "") for port in spec["ports"] if port["port"] == target.port)
    for (namespace, _), each in known["EndpointSlice"].items():
        if (namespace, each["metadata"].get("labels", {}).get("kubernetes.io/service-name")) != target.service:
            continue
        numbers = [port["port"] for port in each.get("ports") or [] if port.get("name", "") == name]
        for endpoint in each.get("endpoints") or []:
            pod = known["Pod"].get((namespace, endpoint.get("targetRef", {}).get("name", "")))
            if pod and numbers and endpoint.get("conditions", {}).get("ready") and (port := port_of(pod, numbers[0])):
                yield port
