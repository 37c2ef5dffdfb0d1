"""The simulated cluster for programs: in a thread of its own, or on the caller's loop, with a kubeconfig file."""

from __future__ import annotations

import asyncio
import os
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Self, TypeVar
from urllib.parse import urlsplit

import yaml

from mlcd_tui.demo.metrics import PREFIX
from mlcd_tui.demo.server import DemoServer
from mlcd_tui.demo.store import Store

T = TypeVar("T")


@contextmanager
def kubeconfig_file(server: DemoServer) -> Iterator[Path]:
    """A private file with the kubeconfig of a running server; it is gone with the block."""
    handle, name = tempfile.mkstemp(prefix="mlcd-demo-", suffix=".kubeconfig")
    path = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            yaml.safe_dump(server.kubeconfig(), file)
        yield path
    finally:
        path.unlink(missing_ok=True)


def prometheus_of(kubeconfig: str) -> tuple[str, str]:
    """Address and token of the Prometheus of the cluster that a kubeconfig file leads to."""
    told = yaml.safe_load(Path(kubeconfig).read_text(encoding="utf-8"))
    server = urlsplit(told["clusters"][0]["cluster"]["server"])
    return f"http://{server.hostname}:{server.port}{PREFIX}", str(told["users"][0]["user"]["token"])


@asynccontextmanager
async def simulated(scenario: str = "default", *, port: int = 0, speed: float = 1.0) -> AsyncIterator[Path]:
    """The path of the kubeconfig of a cluster on the present loop; cluster and file end with the block."""
    server = DemoServer(scenario, speed=speed)
    await server.start(port)
    try:
        with kubeconfig_file(server) as path:
            yield path
    finally:
        await server.stop()


class DemoCluster:
    """A cluster in a daemon thread, so that neither it nor the screen waits for the other; it dies with the process."""

    def __init__(
        self, scenario: str | Callable[[Store], None] = "default", *, speed: float = 1.0, seed: int = 1
    ) -> None:
        self._scenario = scenario
        self._speed = speed
        self._seed = seed
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over: asyncio.Event | None = None
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._thread: threading.Thread | None = None
        self.server: DemoServer
        """The server; touch it through `call` only."""
        self.kubeconfig: Path
        """The private kubeconfig file, while the cluster runs."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> Path:
        """Starts the cluster and waits until it answers; the path of its kubeconfig."""
        self._thread = threading.Thread(target=self._main, name="mlcd-demo", daemon=True)
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            raise self._failure
        return self.kubeconfig

    def stop(self) -> None:
        """Ends the cluster and removes its kubeconfig."""
        if self._loop and self._over and self._thread and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._over.set)
            self._thread.join()

    def call(self, work: Callable[[DemoServer], T]) -> T:
        """Runs `work` on the cluster's own loop and returns its answer: for faults and changes by tests."""
        if self._loop is None:
            raise RuntimeError("the simulated cluster does not run")

        async def inside() -> T:
            return work(self.server)

        return asyncio.run_coroutine_threadsafe(inside(), self._loop).result()

    def _main(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - whatever it is, the starting thread must learn it
            self._failure = error
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        self.server = DemoServer(self._scenario, speed=self._speed, seed=self._seed)
        await self.server.start()
        try:
            with kubeconfig_file(self.server) as self.kubeconfig:
                self._ready.set()
                await self._over.wait()
        finally:
            await self.server.stop()
