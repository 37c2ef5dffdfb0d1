"""One hardened container: made by digest, followed to its end, and judged."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from docker.errors import APIError
from docker.types import LogConfig, Mount, Ulimit

from mlcd_tui.checks.runner.engine import Engine, asked, explained
from mlcd_tui.checks.runner.output import LIMIT, Demultiplexer, Output
from mlcd_tui.domain.check_ports import Limits
from mlcd_tui.domain.errors import Problem

TICK = 0.1
"""Seconds between looks at the clock and at the operator's wish."""
_AFTER_KILL = 10.0
"""Seconds in which a killed container must be gone; the engine is waited for no longer."""
_LARGEST_FILE = 1 << 30
_CHUNK = 1 << 18
_MUCH = 1 << 16
"""Bytes of output after which it is read in gulps: each waking of a reader takes the interpreter from whoever draws."""
_GULP = 0.01
"""Seconds between two gulps; the engine holds back what comes meanwhile, and in the end the container."""
_FLOOD = 4 * LIMIT
"""Bytes of output after which it is read at `_FLOOD_PACE` only, so that one flood does not slow the others."""
_FLOOD_PACE = 32 << 20

ENVIRONMENT = {
    "HOME": "/tmp",  # noqa: S108 - a memory file system of the container's own
    "TMPDIR": "/tmp",  # noqa: S108
    "XDG_CACHE_HOME": "/tmp/.cache",  # noqa: S108
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUNBUFFERED": "1",
    "RUFF_NO_CACHE": "true",
    "MYPY_CACHE_DIR": "/dev/null",
}
"""What tools need under a root file system that cannot be written; a command's own environment goes before it."""


@dataclass(frozen=True, slots=True)
class Blueprint:
    """What a container is made from."""

    image: str
    """Digest; never a tag."""
    labels: Mapping[str, str]
    limits: Limits
    argv: Sequence[str] = ()
    """Empty: the image's own command."""
    workdir: str = ""
    environment: Sequence[tuple[str, str]] = ()
    mounts: Sequence[tuple[str, str]] = ()
    """Volume and folder."""
    fill: bool = False
    """Whether volumes take over what the image has in their folders; doing so a second time would undo what was set."""
    network: str = "none"
    port: int | None = None
    """Published on an ephemeral port of loopback; needs a network."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a container ended."""

    exit_code: int | None
    out_of_memory: bool = False
    timed_out: bool = False
    cancelled: bool = False
    refused: str = ""
    """Why it could not even be started, where that is the image's fault."""


def create(engine: Engine, plan: Blueprint) -> str:
    """A container that is not started; its id."""
    environment = {**ENVIRONMENT, **dict(plan.environment)}
    argv = list(plan.argv)
    with asked(f"making a container of {plan.image}"):
        made = engine.api.create_container(
            plan.image,
            command=None,
            entrypoint=argv or None,
            user=plan.limits.user or None,
            environment=environment,
            working_dir=plan.workdir or None,
            labels=dict(plan.labels),
            ports=[plan.port] if plan.port else None,
            host_config=_host(engine, plan),
            healthcheck={"test": ["NONE"]},
            use_config_proxy=False,
        )
    return str(made["Id"])


def _host(engine: Engine, plan: Blueprint) -> Any:
    limits = plan.limits
    folders = {folder for _, folder in plan.mounts}
    rooms = {} if "/tmp" in folders else {"/tmp": f"rw,exec,nosuid,nodev,mode=1777,size={limits.memory // 2}"}  # noqa: S108
    return engine.api.create_host_config(
        network_mode=plan.network,
        port_bindings={plan.port: ("127.0.0.1", None)} if plan.port else None,
        read_only=limits.read_only,
        tmpfs=rooms,
        mounts=[Mount(folder, volume, no_copy=not plan.fill) for volume, folder in plan.mounts],
        cap_drop=["ALL"],
        security_opt=["no-new-privileges:true"],
        mem_limit=limits.memory,
        memswap_limit=limits.memory,
        nano_cpus=int(min(limits.cpus, engine.cpus) * 1e9),
        pids_limit=limits.pids,
        ulimits=[
            Ulimit(name="core", soft=0, hard=0),
            Ulimit(name="fsize", soft=_LARGEST_FILE, hard=_LARGEST_FILE),
        ],
        init=True,
        log_config=LogConfig(
            type="none"
        ),  # the output is followed from before the start; the engine keeps no second one
    )


class Attached:
    """The output of a container as it comes; taken before the start, so that nothing is lost."""

    def __init__(self, engine: Engine, container: str) -> None:
        with asked("listening to a container"):
            self._io: Any = engine.api.attach_socket(
                container, params={"stdout": 1, "stderr": 1, "stream": 1, "logs": 0}
            )
        self._socket: Any = getattr(self._io, "_sock", self._io)
        self._frames = Demultiplexer()

    def read(self, output: Output, patience: float = TICK) -> bool:
        """Take what came within `patience` seconds; False: nothing more will come."""
        try:
            self._socket.settimeout(patience)
            data = self._socket.recv(_CHUNK)
        except TimeoutError:
            return True
        except OSError:
            return False
        for stream, piece in self._frames.feed(data):
            output.write(stream, piece)
        return bool(data)

    def close(self) -> None:
        """Let go of the connection."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        # The library hangs the answer onto what it hands out; closing that one closes all that hangs together.
        getattr(self._io, "_response", self._io).close()


def start(engine: Engine, container: str, doing: str) -> Ended | None:
    """Start it. Returns how it ended where the image cannot run that command at all, else None."""
    with asked(doing):
        try:
            engine.api.start(container)
        except APIError as error:
            words = explained(error)
            state = engine.api.inspect_container(container)["State"]
            if state.get("ExitCode") in {126, 127} and "no space left" not in words:
                return Ended(int(state["ExitCode"]), refused=words)
            if "unable to find user" in words:
                return Ended(126, refused=words)
            raise
    return None


def follow(
    engine: Engine,
    container: str,
    attached: Attached,
    output: Output,
    *,
    seconds: float,
    cancelled: Callable[[], bool],
    doing: str,
    watch: Callable[[], None] = lambda: None,
) -> Ended:
    """Read its output until it ends, or end it: at the deadline, or when it is called off.

    `watch` is called every tick; a `Problem` that it raises ends the following, and with it the container.
    """
    deadline = time.monotonic() + seconds
    killed, timed_out, called_off = 0.0, False, False
    killer: threading.Thread | None = None
    reading = True
    wait = TICK / 10
    while True:
        if reading:
            reading = attached.read(output) if killed else _paced(attached, output)
        else:
            state = _state(engine, container, doing)
            if not state["Running"]:
                break
            time.sleep(wait)
            wait = min(wait * 2, TICK * 5)
        now = time.monotonic()
        if killed:
            if now - killed > _AFTER_KILL:
                engine.api.timeout = int(_AFTER_KILL)  # whatever is cleaned up now would wait for a minute each
                raise Problem(f"The Docker Engine did not end the container of {doing} within {_AFTER_KILL:.0f} s.")
            continue
        watch()
        called_off = cancelled()
        timed_out = not called_off and now >= deadline
        if called_off or timed_out:
            killer, killed = kill(engine, container), now
    if killer is not None:
        killer.join(_AFTER_KILL)
    output.lines.end()
    return _judged(engine, container, state, Ended(None, timed_out=timed_out, cancelled=called_off), doing)


def kill(engine: Engine, container: str) -> threading.Thread:
    """End it at once: what ignores a polite signal cannot ignore this one.

    The engine answers only when all output was taken; whoever follows the output goes on reading, and then joins.
    """

    def ended() -> None:
        with suppress(Problem), asked("ending a container"):
            engine.api.kill(container, "SIGKILL")

    thread = threading.Thread(target=ended, name="kill", daemon=True)
    thread.start()
    return thread


def _paced(attached: Attached, output: Output) -> bool:
    before, begun = output.size, time.monotonic()
    more = attached.read(output)
    time.sleep(rest(output.size, output.size - before, time.monotonic() - begun))
    return more


def rest(size: int, read: int, took: float) -> float:
    """Seconds to rest before the next read: `size` bytes came in all, `read` of them last, in `took` seconds."""
    if not read or size <= _MUCH:
        return 0.0
    return max(read / _FLOOD_PACE - took if size > _FLOOD else 0.0, _GULP)


def _state(engine: Engine, container: str, doing: str) -> Mapping[str, Any]:
    with asked(doing):
        state: Mapping[str, Any] = engine.api.inspect_container(container)["State"]
    return state


def _judged(engine: Engine, container: str, state: Mapping[str, Any], how: Ended, doing: str) -> Ended:
    code = state.get("ExitCode")
    if code == 137 and not state.get("OOMKilled") and not how.timed_out and not how.cancelled:
        time.sleep(TICK * 2)  # the kernel's word on memory may arrive after the end itself
        state = _state(engine, container, doing)
    starved = bool(state.get("OOMKilled")) and code != 0 and not how.cancelled
    return Ended(code, out_of_memory=starved, timed_out=how.timed_out and not starved, cancelled=how.cancelled)
