"""A session on the simulated cluster, with the toy engine: small enough that each test says all that matters."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from mlcd_tui.audit.log import AuditLog
from mlcd_tui.demo.cluster import kubeconfig_file
from mlcd_tui.demo.server import DemoServer
from mlcd_tui.domain.fleet import Fleet
from mlcd_tui.domain.ports import Engine
from mlcd_tui.session.live import LiveSession
from mlcd_tui.session.options import Options
from tests.engines.toy import ENGINE

TOYS = "/api/v1/namespaces/default/configmaps"


@dataclass(slots=True)
class Bench:
    """The cluster under the session, and plain HTTP to arrange things in it."""

    server: DemoServer
    http: httpx.AsyncClient
    kubeconfig: Path
    audit: AuditLog

    async def toy(self, name: str, version: str = "v1") -> dict[str, Any]:
        """Make a toy rollout."""
        metadata = {"name": name, "namespace": "default", "labels": {"toy.example/rollout": "yes"}}
        answer = await self.http.post(TOYS, json={"metadata": metadata, "data": {"version": version}})
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    async def patch(self, name: str, data: dict[str, Any]) -> None:
        """Change a toy behind the session's back."""
        headers = {"Content-Type": "application/merge-patch+json"}
        answer = await self.http.patch(f"{TOYS}/{name}", json={"data": data}, headers=headers)
        answer.raise_for_status()

    @asynccontextmanager
    async def session(
        self, engine: Engine = ENGINE, *, start: bool = True, **options: Any
    ) -> AsyncIterator[LiveSession]:
        """A session, started and stopped with the block."""
        session = LiveSession(lambda: [engine], Options(kubeconfig=str(self.kubeconfig), **options), lambda: self.audit)
        try:
            if start:
                await session.start()
            yield session
        finally:
            await session.stop()


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """A fresh simulated cluster with nothing in it."""
    server = DemoServer("empty")
    await server.start()
    headers = {"Authorization": f"Bearer {server.token}"}
    try:
        with kubeconfig_file(server) as path:
            async with httpx.AsyncClient(base_url=server.url, headers=headers) as http:
                yield Bench(server, http, path, AuditLog(tmp_path / "audit.jsonl"))
    finally:
        await server.stop()


async def until(session: LiveSession, wanted: Callable[[Fleet], bool], seconds: float = 5.0) -> Fleet:
    """The first fleet that is as wanted."""
    met: asyncio.Future[Fleet] = asyncio.get_running_loop().create_future()

    def listener(fleet: Fleet) -> None:
        if wanted(fleet) and not met.done():
            met.set_result(fleet)

    stop = session.subscribe(listener)
    try:
        listener(session.fleet)
        return await asyncio.wait_for(met, seconds)
    finally:
        stop()
