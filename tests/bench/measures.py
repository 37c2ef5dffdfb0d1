"""How each number is taken."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.bench import process
from tests.bench.population import MERGE, probe_path
from tests.bench.viewers import SIZE, Viewer
from tests.e2e.lab.api import LabApi
from tests.pty.terminal import Terminal


@dataclass(slots=True)
class Samples:
    """Numbers by what was measured and for whom."""

    of: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, what: str, who: str, *values: float) -> None:
        """Keep values."""
        self.of[what, who].extend(values)

    def quantile(self, what: str, who: str, share: float = 0.5) -> float | None:
        """The median, or another quantile; None when nothing was measured."""
        values = sorted(self.of.get((what, who), ()))
        if not values:
            return None
        return median(values) if share == 0.5 else values[min(int(len(values) * share), len(values) - 1)]


@contextlib.contextmanager
def losing(samples: Samples, what: str, viewer: Viewer) -> Iterator[None]:
    """What never shows up ends this measurement, not the whole run; it is told on the page."""
    try:
        yield
    except TimeoutError:
        samples.add(f"{what} lost", viewer.title, 1)


def launch(viewer: Viewer, samples: Samples) -> None:
    """From the exec to the first row, and to all of them."""
    with viewer.start() as terminal:
        first = terminal.wait_raw(viewer.first, timeout=120)
        samples.add("first", viewer.title, first - terminal.started)
        whole = terminal.wait_raw(viewer.last, timeout=120, holds=viewer.is_last)
        samples.add("all", viewer.title, whole - terminal.started)


class Probe:
    """Changes one rollout and looks for the change in what a viewer writes."""

    def __init__(self, api: LabApi) -> None:
        self._api = api
        self._token = 10_000

    def pixel(self, terminal: Terminal, timeout: float = 10.0) -> tuple[float, float]:
        """Seconds from the moment before the patch is sent to the number in the terminal, and to the server's answer."""
        self._token += 1
        number = self._token
        since = terminal.mark
        sent = time.perf_counter()
        self._patch(number)
        answered = time.perf_counter()
        # some write digit groups apart
        shown = re.compile(rb"%d[, \xe2\x80\xaf]*%03d" % divmod(number, 1000))
        return terminal.wait_raw(shown, since, timeout) - sent, answered - sent

    def end(self) -> None:
        """Put back what was there: a plan on absurd numbers of pods would be another."""
        self._patch(5)

    def _patch(self, pods: int) -> None:
        body = {"status": {"readyReplicas": pods, "availableReplicas": pods}}
        self._api.request("PATCH", probe_path(), content=json.dumps(body), headers=MERGE)


@contextlib.contextmanager
def changes(kubeconfig: Path, count: int, rate: float, samples: Samples) -> Iterator[None]:
    """The generator of changes, in a process of its own; what it really managed is kept as `rate`."""
    command = [sys.executable, "-m", "tests.bench.changes", str(kubeconfig), str(count), str(rate)]
    generator = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert generator.stdout is not None
    try:
        for _ in range(2):  # it stands on its feet
            generator.stdout.readline()
        yield
    finally:
        generator.terminate()
        lines = generator.stdout.read().splitlines()
        generator.wait(10)
        if lines:
            told = json.loads(lines[-1])
            samples.add("rate", "", told["done"] / told["seconds"])


def follow(viewer: Viewer, terminal: Terminal, probe: Probe, samples: Samples, state: str, probes: int) -> None:
    """Change → pixel, in a `state` (`idle` or `busy`)."""
    for _ in range(probes):
        try:
            seen, answered = probe.pixel(terminal)
        except TimeoutError:
            samples.add(f"{state} lost", viewer.title, 1)
            continue
        samples.add(f"{state} pixel", viewer.title, seen)
        samples.add(f"{state} answer", "", answered)
        samples.add(f"{state} behind", viewer.title, seen - answered)
        time.sleep(0.11)


def cost(viewer: Viewer, terminal: Terminal, samples: Samples, state: str, seconds: float) -> None:
    """Share of a core and memory."""
    samples.add(f"{state} cpu", viewer.title, process.cpu_percent(terminal.process.pid, seconds))
    samples.add(f"{state} rss", viewer.title, process.rss_mb(terminal.process.pid))


def plan(viewer: Viewer, terminal: Terminal, samples: Samples, times: int) -> None:
    """From the key to the dialog with the plan."""
    for _ in range(times):
        since = terminal.mark
        pressed = terminal.press("p")
        samples.add("plan", viewer.title, terminal.wait_bytes(b"Cancel", since) - pressed)
        terminal.wait_quiet(0.3, 3)
        terminal.press("escape")
        terminal.wait_quiet(0.3, 3)


def scroll(viewer: Viewer, terminal: Terminal, samples: Samples, times: int, count: int) -> None:
    """From the key to the last byte of the new page."""
    pages = max(count // SIZE[1] - 1, 1)
    for turn in range(times):
        if turn and turn % pages == 0:
            terminal.press("g")
            terminal.wait_quiet(0.3, 3)
        since = terminal.mark
        pressed = terminal.press("ctrl+f")
        terminal.wait_raw(re.compile(rb"svc-\d"), since)
        terminal.wait_quiet(0.06, 2)
        samples.add("page", viewer.title, terminal.last_moment() - pressed)
    terminal.press("g")
    terminal.wait_quiet(0.3, 3)


def keys(viewer: Viewer, terminal: Terminal, samples: Samples, times: int, pause: float = 0.1) -> None:
    """From the key that moves the cursor to the row that it moved to being written again."""
    terminal.press("g")
    terminal.wait_quiet(0.3, 1)
    names = [number for number, line in enumerate(terminal.lines(), 1) if "svc-" in line]
    top, bottom = names[0], names[-1]
    row, step, key = top, 1, "j"
    for _ in range(times):
        if not top <= row + step <= bottom:
            step, key = -step, "k" if key == "j" else "j"
        row += step
        since = terminal.mark
        pressed = terminal.press(key)
        samples.add("key", viewer.title, terminal.wait_bytes(b"\x1b[%d;" % row, since, 5) - pressed)
        time.sleep(pause)
