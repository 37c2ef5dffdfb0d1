"""The simulated cluster: its store, its API on loopback, its controllers and the story that it plays."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Callable
from typing import Any

from mlcd_tui.demo.access import ADMIN, User
from mlcd_tui.demo.api import Api
from mlcd_tui.demo.clock import Clock
from mlcd_tui.demo.controllers import CONTROLLERS
from mlcd_tui.demo.data_plane import DataPlane
from mlcd_tui.demo.faults import Faults
from mlcd_tui.demo.http import HttpServer, Request, Response
from mlcd_tui.demo.metrics import PREFIX, Metrics
from mlcd_tui.demo.scenarios import SCENARIOS
from mlcd_tui.demo.store import Store


class DemoServer:
    """One cluster on the present event loop. `start` it, use `url` and `token`, `stop` it."""

    def __init__(
        self, scenario: str | Callable[[Store], None] = "default", *, speed: float = 1.0, seed: int = 1
    ) -> None:
        self.clock = Clock(speed)
        self.store = Store(self.clock, seed)
        self._metrics = Metrics(DataPlane(self.store), self.clock)
        self.token = secrets.token_urlsafe(24)
        self.users: dict[str, User] = {self.token: ADMIN}
        """Who each token is; tests add restricted ones."""
        self._http = HttpServer(self._handle)
        self.faults = Faults(cut=self._http.cut, forget=self.store.forget)
        self._api = Api(self.store, self.users, self.faults)
        self._scenario = SCENARIOS.load(scenario) if isinstance(scenario, str) else scenario
        self.port = 0

    @property
    def url(self) -> str:
        """Where the API is, without the secret."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self, port: int = 0) -> None:
        """Begins to listen, to control and to play."""
        for controller in CONTROLLERS.all():
            controller(self.store)
        self._scenario(self.store)
        self.clock.catch_up()
        self.clock.start()
        self.port = await self._http.start(port)

    async def stop(self) -> None:
        """Ends everything."""
        self.clock.stop()
        await self._http.stop()

    def kubeconfig(self) -> dict[str, Any]:
        """A kubeconfig of this cluster.

        The secret stands in the address too: kubectl sends no token over plain HTTP, but Go's HTTP client does send
        what the address names.
        """
        address = f"http://demo:{self.token}@127.0.0.1:{self.port}"
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "demo", "cluster": {"server": address}}],
            "users": [{"name": "demo-admin", "user": {"token": self.token}}],
            "contexts": [{"name": "demo", "context": {"cluster": "demo", "user": "demo-admin"}}],
            "current-context": "demo",
        }

    async def _handle(self, request: Request) -> Response:
        secret = _secret(request.headers.get("authorization", ""))
        if request.path.startswith(f"{PREFIX}/"):
            return self._measured(request, secret)
        return await self._api.handle(request, secret)

    def _measured(self, request: Request, secret: str) -> Response:
        """An answer of the cluster's Prometheus, which takes the logins of the API."""
        if self.faults.no_metrics:
            return Response(503, b"Service Unavailable", "text/plain")
        if secret not in self.users:
            return Response(401, b"Unauthorized", "text/plain")
        return self._metrics.handle(request)


def _secret(authorization: str) -> str:
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""
