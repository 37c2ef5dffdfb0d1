"""`python -m tests.bench.bench_checks`: what running five checks costs beside bare `docker run` of the same five commands.

Needs a real Docker Engine (`eval "$(tests/e2e/docker/up.sh)"`); the two take turns.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mlcd_tui.checks.plan import BudgetPart, Plan, PlannedCheck
from mlcd_tui.checks.plan_model import CheckPart, LimitsPart
from mlcd_tui.checks.run import run_plan
from mlcd_tui.domain.check_ports import Bench, Command, Serve
from mlcd_tui.domain.checks import CheckResult, CheckState
from mlcd_tui.domain.text import clean
from tests.bench import bench_check_logs, report
from tests.bench.measures import Samples
from tests.bench.report import Row
from tests.bench.viewers import OURS
from tests.e2e.docker.engine import base_image

_PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
HEADING = "## Container checks"
"""Of its own section in the page of figures, which the others leave alone."""
_BARE = "docker run"
_ALONE = "the longest alone"
_SECONDS = 2
_SERVER = (
    "python3",
    "-c",
    "import http.server as h; h.HTTPServer(('0.0.0.0', 8000), h.SimpleHTTPRequestHandler).serve_forever()",
)
_HARD = ("--network", "none", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--user", "10001:10001", "--init")
_FLOOD = "import os\nline = b'x' * 79 + b'\\n'\nwhile True: os.write(1, line * 100)"
ROWS = (
    Row("five checks side by side, wall time", "side by side", others=(_BARE,)),
    Row("the same one after the other", "in turn", others=(_BARE,)),
    Row("ours above bare, side by side", "above", goals=("≤ 1,000 ms", "")),
    Row("the same, of bare", "share", goals=("≤ 10 %", ""), unit="%"),
    Row("five side by side, one of them of 6 s", "chain", others=(_ALONE,)),
    Row("the same, of that one alone", "of chain", goals=("≤ 110 %", ""), unit="%"),
    *bench_check_logs.ROWS,
    Row("lines a second that a flood is taken at", "flood", unit=""),
    Row("processor of this program during the flood", "flood cpu", unit="%"),
)
_TEXT = """
`python -m tests.bench.bench_checks` writes this section; it needs a Docker Engine.

Three of the five commands work for 2 s each, two are servers that are asked once for their first page and then ended. Bare is `docker run` with
the same hardening where it has an option for it; its servers are published by a plain bridge network. Both take turns.

Frames are those of the real app in a real terminal of 200 × 50 while a container writes 100,000 lines a second: asked for twenty times a second at
moments that are fixed beforehand, over when they were written, so that a late one makes all those late that were due meanwhile. Beside them, in
turns: those of an app of the same framework that has nothing to do, while the same container writes as fast and nobody reads it: what comes late
there is the machine's doing, not ours.
"""


@dataclass(frozen=True, slots=True)
class _Kind:
    """A check that runs one command, or asks one server."""

    serves: bool
    seconds: float = _SECONDS
    name: str = "bench"
    title: str = "Bench"
    model: type[Any] = CheckPart

    def files(self, _: Any) -> tuple[str, ...]:
        """None."""
        return ()

    def run(self, spec: Any, bench: Bench, _: str, log: Callable[[str], None]) -> CheckResult:
        """Run it."""
        limits = spec.limits.limits()
        if self.serves:
            with bench.serve(Serve(8000, argv=_SERVER, limits=limits), log) as served:
                good = _asked(served.url)
        else:
            good = bench.run(Command(_work(self.seconds), limits), log).exit_code == 0
        return CheckResult(clean(spec.name), "bench", CheckState.PASSED if good else CheckState.FAILED, clean(""))


def _work(seconds: float) -> tuple[str, ...]:
    return ("python3", "-c", f"import time; print('checked'); time.sleep({seconds})")


def _asked(url: str) -> bool:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return bool(answer.status == 200)


def _plan(most: int, longest: float = _SECONDS) -> Plan:
    checks = tuple(
        PlannedCheck(name, "bench", CheckPart(name=name, kind="bench", limits=LimitsPart(cpus=0.4)), kind, "", {})
        for name, kind in [(f"c{n}", _Kind(n > 2, _SECONDS if n else longest)) for n in range(5)]
    )
    return Plan("", ".", "", None, BudgetPart(checks=most), None, checks, "")


def _ours(image: str, most: int, longest: float = _SECONDS, only: Sequence[str] = ()) -> float:
    began = time.perf_counter()
    *_, last = run_plan(_plan(most, longest), image, only=only)
    spent = time.perf_counter() - began
    assert last.run is not None
    assert all(result.state is CheckState.PASSED for result in last.run.results), last.run.results
    return spent


def _bare(docker: str, image: str, network: str, *, together: bool) -> float:
    def one(serves: bool) -> None:
        if not serves:
            subprocess.run([docker, "run", "--rm", *_HARD, image, *_work(_SECONDS)], check=True, capture_output=True)
            return
        options = ["--network", network, *_HARD[2:], "--publish", "127.0.0.1::8000"]
        command = [docker, "run", "--detach", "--rm", *options, image, *_SERVER]
        name = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
        port = subprocess.run([docker, "port", name, "8000"], check=True, capture_output=True, text=True).stdout
        while True:
            try:
                _asked(f"http://{port.split()[0]}")
                break
            except (OSError, urllib.error.URLError):
                time.sleep(0.05)
        subprocess.run([docker, "rm", "--force", name], check=True, capture_output=True)

    threads = [threading.Thread(target=one, args=(n > 2,)) for n in range(5)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
        if not together:
            thread.join()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began


def _flood(samples: Samples, image: str) -> None:
    plan = _plan(1)
    seen: list[int] = []

    class Flooding(_Kind):
        def run(self, spec: Any, bench: Bench, _: str, log: Callable[[str], None]) -> CheckResult:
            """Take lines for five seconds."""
            ran = bench.run(Command(("python3", "-c", _FLOOD), LimitsPart(seconds=5).limits()), log)
            seen.append(ran.log_bytes // 80)
            return CheckResult(clean(spec.name), "bench", CheckState.PASSED, clean(""))

    check = PlannedCheck("flood", "bench", CheckPart(name="flood", kind="bench"), Flooding(serves=False), "", {})
    began, used = time.perf_counter(), time.process_time()
    told = list(run_plan(Plan(plan.path, ".", "", None, plan.budget, None, (check,), ""), image))
    assert len(told) < 30_000
    samples.add("flood", OURS, seen[0] / 5)
    samples.add("flood cpu", OURS, (time.process_time() - used) / (time.perf_counter() - began) * 100)


def measure(times: int, address: str) -> Samples:
    """All of it."""
    samples = Samples()
    docker = shutil.which("docker")
    assert docker, "the bare runs need the docker command"
    image = base_image(address)
    network = f"mlcd-bench-{os.getpid()}"
    subprocess.run([docker, "network", "create", network], check=True, capture_output=True)
    try:
        _ours(image, 64)
        for _ in range(times):
            bare, ours = _bare(docker, image, network, together=True), _ours(image, 64)
            samples.add("side by side", _BARE, bare)
            samples.add("side by side", OURS, ours)
            samples.add("above", OURS, ours - bare)
            samples.add("share", OURS, (ours / bare - 1) * 100)
            samples.add("in turn", _BARE, _bare(docker, image, network, together=False))
            samples.add("in turn", OURS, _ours(image, 1))
            alone, all_of_them = _ours(image, 64, 6, ("c0",)), _ours(image, 64, 6)
            samples.add("chain", _ALONE, alone)
            samples.add("chain", OURS, all_of_them)
            samples.add("of chain", OURS, all_of_them / alone * 100)
    finally:
        subprocess.run([docker, "network", "rm", network], check=True, capture_output=True)
    _flood(samples, image)
    bench_check_logs.measure(samples, image, times)
    return samples


def _section(samples: Samples, where: str) -> str:
    told = f"Measured on {datetime.now(UTC).date().isoformat()}: {where}, {os.getloadavg()[0]:.1f} at the end."
    return "\n".join([HEADING, _TEXT, told, "", *report.table(samples, 0, ROWS)]) + "\n"


def main(given: Sequence[str] | None = None) -> int:
    """Measure, and put the section into the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_checks", description=__doc__)
    parser.add_argument("--times", type=int, default=5, help="repetitions")
    parser.add_argument("--print", action="store_true", help="write nothing")
    arguments = parser.parse_args(given)
    address = os.environ.get("DOCKER_HOST", "")
    if not address:
        sys.stderr.write("DOCKER_HOST names no engine; see tests/e2e/docker/up.sh.\n")
        return 2
    where = report.machine()  # with the load from before all this
    section = _section(measure(arguments.times, address), where)
    sys.stdout.write(section)
    if not arguments.print:
        page = _PAGE.read_text(encoding="utf-8")
        _PAGE.write_text(report.with_section(page, report.section_under(HEADING, page), section), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
