"""A running server of the image, on loopback only and with no way out.

Docker publishes no port of a container without a network, nor of one on an `internal` network. So the servers of a run
have a bridge network of their own without masquerading, whose containers take an address that nobody has for their
gateway: packets to anywhere else find no next hop, while the port on 127.0.0.1 answers, for that one is asked from the
bridge itself. Measured on Docker Engine 20.10, with its packet filter and without: with masquerading merely off, or
`internal` without the filter, the machine's other addresses could be reached. What listens on all addresses of the
machine can be asked at the bridge's own address even so.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from docker.errors import APIError
from docker.types import IPAMConfig, IPAMPool

from mlcd_tui.checks.runner.belongings import removing
from mlcd_tui.checks.runner.container import TICK, Attached, Blueprint, create, kill, rest, start
from mlcd_tui.checks.runner.engine import Engine, asked
from mlcd_tui.checks.runner.exchange import room
from mlcd_tui.checks.runner.output import Lines, Output
from mlcd_tui.domain.check_ports import NotReady, Serve
from mlcd_tui.domain.checks import CheckState
from mlcd_tui.domain.errors import Problem, ServerFault
from mlcd_tui.domain.text import Clean, clean

_ONE_TRY = 5.0
"""Seconds for one answer of the ready path."""
_STATUS = re.compile(rb"HTTP/\d(?:\.\d)? (\d{3})\b")
_LONGEST_STATUS = 8_192
_LAST_LINES = 5
_TRIES = 5
_BETWEEN = 0.1


def make_network(engine: Engine, labels: Mapping[str, str], name: str) -> str:
    """A network for servers; its id. The engine picks a free range, then a gateway to nowhere is laid into it."""
    quiet = {"com.docker.network.bridge.enable_ip_masquerade": "false"}
    for attempt in range(_TRIES):
        with asked("making a network"):
            try:
                picked = engine.api.create_network(name, driver="bridge", options=quiet, labels=dict(labels))["Id"]
                config = engine.api.inspect_network(picked)["IPAM"]["Config"][0]
                engine.api.remove_network(picked)
                bridge, nowhere = list(ipaddress.ip_network(config["Subnet"]).hosts())[:2]
                pool = IPAMPool(
                    subnet=config["Subnet"], gateway=str(bridge), aux_addresses={"DefaultGatewayIPv4": str(nowhere)}
                )
                made = engine.api.create_network(
                    name, driver="bridge", options=quiet, labels=dict(labels), ipam=IPAMConfig(pool_configs=[pool])
                )
            except APIError as error:
                # Between the two another one may have taken the range.
                if attempt == _TRIES - 1 or "overlap" not in str(error.explanation):
                    raise
            else:
                return str(made["Id"])
    raise ServerFault("The Docker Engine found no free range for a network.")


@dataclass(slots=True)
class Server:
    """A container that serves; its output is drained all the while, so that it never stands still for a full pipe."""

    engine: Engine
    container: str
    output: Output
    cancelled: Callable[[], bool]
    life: float
    """Seconds after which it is ended, whoever still asks it."""
    watch: Callable[[], None] = lambda: None
    """Looked at all the while; a `Problem` that it raises ends the server."""
    trouble: str = ""
    """That problem's sentence; empty: there was none."""
    url: str = ""
    _attached: Attached | None = None
    _thread: threading.Thread | None = None
    _stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def alive(self) -> bool:
        """Whether the container still runs."""
        return bool(self.state()["Running"])

    def state(self) -> Mapping[str, Any]:
        """What the engine says of it."""
        with asked("asking after the server"):
            state: Mapping[str, Any] = self.engine.api.inspect_container(self.container)["State"]
        return state

    def log(self) -> bytes:
        """What it has written so far, capped: its standard output, then its errors."""
        with self._lock:
            return self.output.stdout.value() + self.output.stderr.value()

    def last_lines(self) -> Clean:
        """The end of what it has written, for a sentence."""
        time.sleep(TICK)  # its last words may still be on their way
        lines = [line for line in self.log().decode("utf-8", "backslashreplace").splitlines() if line.strip()]
        return clean(" / ".join(lines[-_LAST_LINES:]), limit=500)

    def drain(self, attached: Attached) -> None:
        """Begin to follow the output."""
        self._attached = attached
        self._thread = threading.Thread(target=self._drain, name="server output", daemon=True)
        self._thread.start()

    def _drain(self) -> None:
        assert self._attached is not None
        deadline = time.monotonic() + self.life
        more, killed = True, False
        while more and not self._stop.is_set():
            before, begun = self.output.size, time.monotonic()
            with self._lock:
                more = self._attached.read(self.output, TICK / 2)
            size = self.output.size
            self._stop.wait(rest(size, size - before, time.monotonic() - begun))
            if not killed and (self.cancelled() or time.monotonic() > deadline or self._troubled()):
                kill(self.engine, self.container)
                killed = True

    def _troubled(self) -> bool:
        try:
            self.watch()
        except Problem as problem:
            self.trouble = str(problem)
        return bool(self.trouble)

    def end(self) -> None:
        """Stop following."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
        if self._attached is not None:
            self._attached.close()
        self.output.lines.end()


@contextmanager
def serving(
    engine: Engine,
    image: str,
    network: str,
    labels: Mapping[str, str],
    serve: Serve,
    log: Callable[[str], None],
    cancelled: Callable[[], bool],
) -> Iterator[Server]:
    """A server that is ready; its container is gone at the end of the context.

    Raises:
        NotReady: it died, or did not answer 200 in time; the sentence says what was seen instead.
    """
    plan = Blueprint(image, labels, serve.limits, serve.argv, "", serve.environment, network=network, port=serve.port)
    with removing(engine.api.remove_container, create(engine, plan), v=True, force=True) as container:
        output = Output(Lines(log))
        life = serve.seconds + serve.limits.seconds
        server = Server(engine, container, output, cancelled, life, room(engine))
        attached = Attached(engine, container)
        try:
            refused = start(engine, container, "starting the server")
            if refused is not None:
                raise NotReady(f"The image cannot start its server: {clean(refused.refused)}.")
            server.drain(attached)
            server.url = f"http://127.0.0.1:{_port(server, serve.port)}"
            _await_ready(server, serve)
            yield server
            if server.trouble:  # what it answered to the last is not the image's own doing
                raise ServerFault(server.trouble)
        finally:
            if server._thread is None:  # noqa: SLF001 - it never came to follow its output
                attached.close()
            server.end()


def _port(server: Server, port: int) -> int:
    with asked("asking for the server's port"):
        told = server.engine.api.inspect_container(server.container)
    for bound in (told["NetworkSettings"].get("Ports") or {}).get(f"{port}/tcp") or ():
        if bound.get("HostIp") == "127.0.0.1":
            return int(bound["HostPort"])
    _must_live(server)
    raise ServerFault(f"The Docker Engine published no port for {port}/tcp of the server.")


def _await_ready(server: Server, serve: Serve) -> None:
    deadline = time.monotonic() + serve.seconds
    host, _, port = server.url.removeprefix("http://").rpartition(":")
    seen = "nothing listens"
    while True:
        left = deadline - time.monotonic()
        if server.cancelled():
            raise NotReady("Called off while the server was starting.", state=CheckState.CANCELLED)
        if left <= 0:
            _must_live(server)
            lines = server.last_lines()
            where = f"on port {serve.port} at {clean(serve.ready)}"
            raise NotReady(
                f"The server was not ready {where} within {serve.seconds:g} s: {seen}."
                + (f" Its last lines: {lines}" if lines else ""),
                state=CheckState.TIMED_OUT,
            )
        ready, now_seen = _try(host, int(port), serve.ready, min(_ONE_TRY, left))
        if ready:
            return
        if left > 1:  # the last try is cut short, and tells less than the one before
            seen = now_seen
        _must_live(server)
        time.sleep(min(_BETWEEN, max(deadline - time.monotonic(), 0)))


def _must_live(server: Server) -> None:
    state = server.state()
    if state["Running"]:
        return
    if server.trouble:
        raise ServerFault(server.trouble)
    lines = server.last_lines()
    starved = bool(state.get("OOMKilled"))
    how = "was killed for want of memory" if starved else f"ended with {state.get('ExitCode')}"
    raise NotReady(
        f"The server {how} before it was ready."
        + (f" Its last lines: {lines}" if lines else " It had written nothing."),
        state=CheckState.OUT_OF_MEMORY if starved else CheckState.FAILED,
    )


def _try(host: str, port: int, path: str, patience: float) -> tuple[bool, str]:
    """Ask once. Only the status line is read, within one deadline for all of it, whatever drips or floods behind it."""
    deadline = time.monotonic() + patience
    held = b""
    try:
        with socket.create_connection((host, port), timeout=patience) as wire:
            wire.sendall(
                f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\nAccept: */*\r\n\r\n".encode()
            )
            while b"\n" not in held and len(held) < _LONGEST_STATUS:
                wire.settimeout(max(deadline - time.monotonic(), 0.001))
                data = wire.recv(4096)
                if not data:
                    break
                held += data
    except TimeoutError:
        return False, f"no answer within {patience:.0f} s" if not held else "its answer never came to an end"
    except OSError:
        return False, "nothing listens"
    if not held:
        return False, "nothing listens"  # the engine's own proxy takes the connection and drops it
    found = _STATUS.match(held)
    if found is None:
        return False, f"it answers no HTTP but {clean(held[:40].decode('latin-1'))}"
    return found[1] == b"200", f"it answers {found[1].decode()}"
