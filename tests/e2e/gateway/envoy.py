"""A running Envoy: its files are swapped whole, and what it says of itself is waited for."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path

import httpx

from tests.e2e.gateway.cluster import Object
from tests.e2e.gateway.translate import Config, version_of

_VERSION = re.compile(
    r"^(?:cluster|listener)_manager\.(?P<kind>[cl]ds)\.version_text$|\.rds\.(?P<route>\S+)\.version_text$"
)
APPLIED_WITHIN = 20.0


class Ports:
    """Free ports that stay ours: each is bound here, but not listened on, so that only Envoy can be reached there.

    Envoy itself could be told to listen on any free port, but it hands the socket of a listener that was removed to the next
    that has the same address in its configuration, and all of ours would have that.
    """

    def __init__(self) -> None:
        self._held: dict[str, socket.socket] = {}

    def of(self, name: str) -> int:
        """The port of a name, the same whenever it is asked."""
        if name not in self._held:
            held = socket.socket()
            held.bind(("127.0.0.1", 0))
            held.setsockopt(
                socket.SOL_SOCKET, socket.SO_REUSEPORT, 1
            )  # Envoy sets it too, and may therefore bind it as well
            self._held[name] = held
        return int(self._held[name].getsockname()[1])

    def keep(self, names: Iterable[str]) -> None:
        """Let go of all others."""
        for name in self._held.keys() - set(names):
            self._held.pop(name).close()


class RejectedError(RuntimeError):
    """Envoy does not take a configuration."""


class Envoy:
    """One Envoy with its folder of configuration."""

    def __init__(self, binary: Path, folder: Path) -> None:
        self._binary = binary
        self._folder = folder
        self.rds = folder / "rds"
        self.admin = ""
        self._process: asyncio.subprocess.Process | None = None
        self._client = httpx.AsyncClient(timeout=10, trust_env=False)
        self._written: dict[Path, str] = {}

    async def start(self) -> None:
        """Start it with nothing to serve; returns once its admin interface answers."""
        for folder in (self.rds, self._folder / "xds"):
            folder.mkdir(parents=True)
        self._write(self._xds("lds"), {})
        self._write(self._xds("cds"), {})
        address = self._folder / "admin"
        bootstrap = self._folder / "bootstrap.json"
        bootstrap.write_text(json.dumps(self._bootstrap()), encoding="utf-8")
        options = [
            "--concurrency",
            "2",
            "--disable-hot-restart",
            "--log-level",
            "warn",
            "--admin-address-path",
            str(address),
        ]
        with (self._folder / "envoy.log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                str(self._binary), "-c", str(bootstrap), *options, stdout=log, stderr=log
            )
        while not (address.exists() and address.read_text().strip()):
            assert self._process.returncode is None, (self._folder / "envoy.log").read_text()
            await asyncio.sleep(0.05)
        self.admin = f"http://{address.read_text().strip()}"

    async def apply(self, config: Config) -> None:
        """Have it serve this; returns once Envoy itself reports that it does.

        New clusters come before the routes which lead there, old ones go after those that led there.
        """
        before = self._written.get(self._xds("cds"), "{}")
        await self._swap("cds", {**json.loads(before), **config.clusters})
        for name, route in config.routes.items():
            self._write(self.rds / f"{name}.json", {name: route})
        await self._swap("lds", config.listeners)
        await self._until({f"rds {name}": version_of({name: route}) for name, route in config.routes.items()})
        await self._swap("cds", config.clusters)
        for path in self.rds.glob("*.json"):
            if path.stem not in config.routes:
                self._written.pop(path)
                path.unlink()

    async def _swap(self, kind: str, resources: Mapping[str, Object]) -> None:
        if self._write(self._xds(kind), resources):
            await self._until({kind: version_of(resources)})

    async def _until(self, wanted: Mapping[str, str]) -> None:
        end = asyncio.get_running_loop().time() + APPLIED_WITHIN
        while not wanted.items() <= (reported := await self._versions()).items():
            if asyncio.get_running_loop().time() > end:
                log = (self._folder / "envoy.log").read_text()[-2000:]
                raise RejectedError(f"Envoy has {reported}, and not {wanted}: {log}")
            await asyncio.sleep(0.02)

    async def _versions(self) -> dict[str, str]:
        answer = await self._client.get(f"{self.admin}/stats", params={"filter": "version_text"})
        found = {}
        for line in answer.text.splitlines():
            name, _, value = line.partition(": ")
            if match := _VERSION.search(name):
                found[f"rds {match['route']}" if match["route"] else match["kind"]] = value.strip('"')
        return found

    def _write(self, path: Path, resources: Mapping[str, Object]) -> bool:
        content = json.dumps(resources, sort_keys=True)
        if self._written.get(path) == content:
            return False
        response = {"version_info": version_of(resources), "resources": list(resources.values())}
        beside = self._folder / f".{path.name}"
        beside.write_text(json.dumps(response), encoding="utf-8")
        beside.replace(path)
        self._written[path] = content
        return True

    def _xds(self, kind: str) -> Path:
        return self._folder / "xds" / f"{kind}.json"

    def _bootstrap(self) -> Object:
        def source(kind: str) -> Object:
            path = {"path": str(self._xds(kind)), "watched_directory": {"path": str(self._folder / "xds")}}
            return {"resource_api_version": "V3", "path_config_source": path}

        return {
            "node": {"id": "lab", "cluster": "lab"},
            "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}},
            "dynamic_resources": {"lds_config": source("lds"), "cds_config": source("cds")},
        }
