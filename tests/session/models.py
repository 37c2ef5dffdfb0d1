"""A cluster with one canary of a model waiting for a person, and packages for its two versions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from mlcd_tui.audit.log import AuditLog
from mlcd_tui.cli.wiring import ENGINES
from mlcd_tui.demo.cluster import kubeconfig_file
from mlcd_tui.demo.controllers.pod import digest_of
from mlcd_tui.demo.scenarios._build import REGISTRY, Story, ground
from mlcd_tui.demo.server import DemoServer
from mlcd_tui.demo.store import Store
from mlcd_tui.domain.package import ModelPackage, PackageSource
from mlcd_tui.domain.package_document import package_document
from mlcd_tui.domain.published import config_map
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.domain.schema import Endpoint, Field, Schema, SchemaKind
from mlcd_tui.domain.text import clean
from mlcd_tui.session.live import LiveSession
from mlcd_tui.session.options import Options
from tests.session.conftest import until

REF = RolloutRef("argo", "ml", "scorer")
OLD, NEW = (digest_of(f"{REGISTRY}/scorer:{tag}") for tag in ("v1", "v2"))
MAPS = "/api/v1/namespaces/ml/configmaps"


def scenario(store: Store) -> None:
    """One canary waits at its first step; a rollout beside it is at rest."""
    ground(store, ("ml", "other"))
    store.start_seconds = (0.05, 0.1)
    story = Story(store, minutes_back=60)
    steps = {"canary": {"steps": [{"setWeight": 50}, {"pause": {}}]}}
    story.rollout("ml", "scorer", steps, [(-40.0, "v1"), (-20.0, "v2")], replicas=2)
    story.rollout("ml", "steady", steps, [(-40.0, "v9")], replicas=2)


def model(version: str, *columns: str, output: str = "score") -> ModelPackage:
    """A package whose input columns end in `?` where they may be left out; without any it records no schema."""
    inputs = tuple(Field(clean(c.rstrip("?")), "float64", required=not c.endswith("?")) for c in columns)
    outputs = (Field(clean(output), "float64"),)
    endpoint = Endpoint(inputs=Schema(SchemaKind.COLUMNS, inputs), outputs=Schema(SchemaKind.COLUMNS, outputs))
    source = PackageSource("mlflow", clean("MLmodel"), text=(clean("line"),))
    return ModelPackage(clean("scorer"), clean(version), endpoints=(endpoint,) if columns else (), sources=(source,))


def speaking_json(version: str, document: dict[str, Any]) -> ModelPackage:
    """A package whose input is a JSON Schema."""
    inputs = Schema(SchemaKind.JSON, document=document, dialect="2020-12")
    outputs = Schema(SchemaKind.JSON, document={"type": "number"}, dialect="2020-12")
    return ModelPackage(clean("scorer"), clean(version), endpoints=(Endpoint(inputs=inputs, outputs=outputs),))


@dataclass(slots=True)
class Lane:
    """The cluster, plain HTTP to it, and sessions on it."""

    server: DemoServer
    http: httpx.AsyncClient
    kubeconfig: Path
    audit: AuditLog

    async def publish(self, digest: str, package: ModelPackage, **changes: Any) -> None:
        """As another operator's command would."""
        document = json.dumps(package_document(package))
        body = config_map(package, document, digest=digest, namespace="ml", by="alice", at=datetime.now(UTC))
        body |= changes
        answer = await self.http.post(MAPS, json=body)
        if answer.status_code == 409:
            answer = await self.http.put(f"{MAPS}/{body['metadata']['name']}", json=body)
        answer.raise_for_status()

    def session(self, **options: Any) -> LiveSession:
        """A session that is not started."""
        return LiveSession(ENGINES.all, Options(kubeconfig=str(self.kubeconfig), **options), lambda: self.audit)


@asynccontextmanager
async def lane(folder: Path) -> AsyncIterator[Lane]:
    """A fresh cluster whose canary has come to its pause."""
    server = DemoServer(scenario)
    await server.start()
    headers = {"Authorization": f"Bearer {server.token}"}
    try:
        with kubeconfig_file(server) as path:
            async with httpx.AsyncClient(base_url=server.url, headers=headers, trust_env=False) as http:
                yield Lane(server, http, path, AuditLog(folder / "audit.jsonl"))
    finally:
        await server.stop()


@asynccontextmanager
async def at_rest(here: Lane) -> AsyncIterator[LiveSession]:
    """A session for a while after it has seen a fleet in which no version is on its way."""
    (await here.http.delete("/apis/argoproj.io/v1alpha1/namespaces/ml/rollouts/scorer")).raise_for_status()
    session = here.session()
    try:
        await session.start()
        await until(session, lambda fleet: fleet.complete and len(fleet.rows) == 1)
        await asyncio.sleep(0.6)
        yield session
    finally:
        await session.stop()


def carrying(package: ModelPackage, image: str) -> ModelPackage:
    """The package, naming its image."""
    return replace(package, images=(clean(image),))
