"""Building a stage: what every builder does, and the classic one of the engine."""

from __future__ import annotations

import queue
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, Any, Protocol, Self, cast

import requests
from docker.utils.build import tar

from mlcd_tui.checks.runner.container import TICK
from mlcd_tui.checks.runner.context import Context
from mlcd_tui.checks.runner.engine import Engine, asked
from mlcd_tui.checks.runner.leavings import Steps
from mlcd_tui.checks.runner.output import Output
from mlcd_tui.checks.runner.stages import needed
from mlcd_tui.domain.check_ports import Limits
from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.text import clean


@dataclass(frozen=True, slots=True)
class Order:
    """A stage to build."""

    context: Context
    target: str
    """Empty: the last stage."""
    labels: Mapping[str, str]
    limits: Limits = field(default_factory=Limits)


@dataclass(slots=True)
class Built:
    """What became of it."""

    image: str = ""
    """Digest; empty: there is none."""
    exit_code: int | None = None
    """Of the instruction that failed; None: nothing failed, or the builder did not say."""
    began: float = 0.0
    """Seconds since 1970."""
    from_cache: bool = False
    """Its last RUN instruction was not run again."""
    timed_out: bool = False
    cancelled: bool = False
    failure: str = ""
    """In the builder's words; empty: it was built, or ended by us."""
    made: frozenset[str] = frozenset()
    """Short digests of images that it left in the engine's store; BuildKit keeps its own to itself."""
    used: frozenset[str] = frozenset()
    """Those of the cache that it has used."""


class Builder(Protocol):
    """Something that builds stages."""

    @property
    def name(self) -> str:
        """For the eye: `classic builder`."""
        ...

    def build(self, order: Order, output: Output, cancelled: Callable[[], bool]) -> Built:
        """Build a stage to its end, or until its time is over or it is called off. Never pulls."""
        ...


_RETURNED = re.compile(r"returned a non-zero code: (\d+)")
_BUILT = re.compile(r"Successfully built ([0-9a-f]+)")


@dataclass(frozen=True, slots=True)
class ClassicBuilder:
    """The builder that every engine has; it knows no `RUN --mount` and no here-documents."""

    engine: Engine
    name: str = "classic builder"

    def build(self, order: Order, output: Output, cancelled: Callable[[], bool]) -> Built:
        """Build by the engine's API; the connection is cut where it must end early, which ends the build."""
        order.context.measure()
        built, steps = Built(), Steps()
        deadline = time.monotonic() + order.limits.seconds
        archive, dockerfile = _archive(order)
        with archive, _Stream(self.engine, order, archive, dockerfile) as events:
            for event in events:
                if event is not None:
                    _told(event, built, steps, output)
                built.cancelled = cancelled()
                built.timed_out = not built.cancelled and time.monotonic() >= deadline
                if built.cancelled or built.timed_out:
                    built.image = ""
                    break
        output.lines.end()
        built.from_cache = steps.last_run_cached and bool(built.image)
        built.made, built.used = frozenset(steps.made), frozenset(steps.used)
        return built


def _told(event: Mapping[str, Any], built: Built, steps: Steps, output: Output) -> None:
    if "stream" in event:
        text = str(event["stream"])
        steps.hear(text)
        output.write(1, text.encode())
        if found := _BUILT.search(text):
            built.image = built.image or found[1]
    elif "error" in event:
        built.failure, built.image = str(event["error"]), ""  # stages above it had images
        output.write(2, built.failure.encode() + b"\n")
        code = (event.get("errorDetail") or {}).get("code")
        found = _RETURNED.search(built.failure)
        built.exit_code = int(found[1]) if found else code if isinstance(code, int) else None
    elif isinstance(event.get("aux"), dict) and event["aux"].get("ID"):
        built.image = str(event["aux"]["ID"])


_OURS = ".mlcd.Dockerfile"


def _archive(order: Order) -> tuple[IO[bytes], str]:
    """What is sent, and the path of the Dockerfile in it.

    One of the needed stages only goes along under a name that is always the same and that `.dockerignore` gets: so it
    gets into no stage, and the cache holds.
    """
    context = order.context
    place = context.folder / context.dockerfile
    try:
        text = place.read_text(encoding="utf-8-sig", errors="surrogateescape")
        only = needed(text, order.target, dict(context.arguments))
        name, content = (context.dockerfile, None) if only == text else (_OURS, only)
        packed = tar(context.folder, exclude=context.ignored(), dockerfile=(name, content))
        return cast("IO[bytes]", packed), name
    except OSError as error:
        raise Unreadable(
            f"The build context {clean(context.folder)} cannot be packed: {clean(error.strerror or error)}."
        ) from error


class _Stream:
    """The events of one build. A thread reads them: a build may be silent for long, and must end even so."""

    def __init__(self, engine: Engine, order: Order, archive: IO[bytes], dockerfile: str) -> None:
        self._order = order
        self._archive, self._dockerfile = archive, dockerfile
        self._events: queue.Queue[Mapping[str, Any] | Exception | None] = queue.Queue(1000)
        self._ended = threading.Event()
        self._response: requests.Response | None = None
        self._api = engine.open()
        self._api.hooks["response"].append(self._keep)
        self._thread = threading.Thread(target=self._read, name=f"build {order.target}", daemon=True)

    def _keep(self, response: requests.Response, *_: Any, **__: Any) -> None:
        self._response = response

    def _read(self) -> None:
        order, context = self._order, self._order.context
        last: Exception | None = None
        try:
            for event in self._api.build(
                fileobj=self._archive,
                custom_context=True,
                dockerfile=self._dockerfile,
                target=order.target or None,
                rm=True,
                forcerm=True,
                pull=False,
                network_mode=context.network,
                labels=dict(order.labels),
                buildargs=dict(context.arguments),
                container_limits={"memory": order.limits.memory, "memswap": order.limits.memory},
                use_config_proxy=False,
                decode=True,
            ):
                self._put(event)
        except Exception as error:  # noqa: BLE001 - told in the thread that waits
            last = error
        self._put(last)

    def _put(self, event: Mapping[str, Any] | Exception | None) -> None:
        while not self._ended.is_set():
            with suppress(queue.Full):
                self._events.put(event, timeout=TICK)
                return

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __iter__(self) -> Iterator[Mapping[str, Any] | None]:
        """Events as they come; None at least ten times a second, so that the clock is looked at."""
        while True:
            try:
                event = self._events.get(timeout=TICK)
            except queue.Empty:
                yield None
                continue
            if event is None:
                return
            if isinstance(event, Exception):
                with asked(f"building {self._order.target or 'the image'}"):
                    raise event
            yield event

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._response is not None and self._thread.is_alive():
            with suppress(Exception):  # it may end by itself in this very moment
                self._response.raw.shutdown()
        self._thread.join(timeout=10)
        if self._response is not None:
            self._response.close()
        self._api.close()
