"""`python -m tests.bench.bench_packages`: what reading, listing and comparing model packages costs.

Needs no cluster; the registry is a real MLflow server on loopback, listed in turns by the program and by MLflow's own client.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from mlcd_tui.domain.package_diff import diff
from mlcd_tui.domain.package_ports import Reach
from mlcd_tui.packages.library import Library
from tests.bench import large_packages, report
from tests.bench.measures import Samples
from tests.bench.report import Row
from tests.bench.viewers import OURS
from tests.e2e.mlflow.server import MlflowServer, mlflow_server

_PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
_CLIENT = "mlflow client"
HEADING = "## Model packages"
"""Of its own section in the page of figures, which the others leave alone."""
_MODELS = 1_000
_SHAPES: dict[str, Callable[[Path], Path]] = {
    "safetensors": large_packages.safetensors,
    "ONNX": large_packages.onnx,
    "MLflow folder": large_packages.mlflow_folder,
}
_READS = tuple(
    row
    for shape in _SHAPES
    for row in (
        Row(f"1 GB {shape} → package, first", f"{shape} first"),
        Row(f"1 GB {shape} → package, median", f"{shape} again", goals=("≤ 50 ms", "")),
        Row(f"1 GB {shape}, memory above the base", f"{shape} rss", unit="MB", goals=("≤ 100 MB", "")),
    )
)
ROWS = (
    *_READS,
    Row("1,000 registered models → first line", "list first", others=(_CLIENT,)),
    Row("1,000 registered models → all", "list all", goals=("≤ 1,000 ms", ""), others=(_CLIENT,)),
    Row("diff of two packages of 500 columns", "diff", goals=("≤ 20 ms", "")),
)
_TEXT = """
`python -m tests.bench.bench_packages` writes this section; it needs no cluster.

Files of 1 GB are sparse behind real headers (256 tensors; the ONNX graph carries its weights in itself). Each is read in a process of its own
by the whole library, all formats loaded; *first* is the first read of that process. Memory is the peak of the
process (VmHWM) less what it held before. The registry is a real MLflow server with SQLite on the same machine; program and client take
turns, both in processes that are up already; the client's first line is its first page of 100.
"""


def _read(address: str, times: int) -> dict[str, float | list[float]]:
    """Read a package again and again in this process, which has done nothing before."""
    library = Library()
    library.formats.all()
    library.sources.all()
    base = _status("VmRSS")
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        library.read(address)
        seconds.append(time.perf_counter() - began)
    return {"seconds": seconds, "rss": max(_status("VmHWM") - base, 0.0)}


def _status(name: str) -> float:
    """A line of this process's status in MB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) / 1000


def _reads(samples: Samples, times: int) -> None:
    for shape, make in _SHAPES.items():
        with tempfile.TemporaryDirectory(prefix="mlcd-bench-") as folder:
            command = [sys.executable, "-m", "tests.bench.bench_packages", "--read", f"folder:{make(Path(folder))}"]
            for _ in range(3):
                done = subprocess.run([*command, "--times", str(times)], capture_output=True, text=True, check=True)
                told = json.loads(done.stdout)
                samples.add(f"{shape} first", OURS, told["seconds"][0])
                samples.add(f"{shape} again", OURS, *told["seconds"][1:])
                samples.add(f"{shape} rss", OURS, told["rss"])


def _lists(samples: Samples, server: MlflowServer, times: int) -> None:
    script = Path(__file__).with_name("mlflow_client.py")
    client = subprocess.Popen(
        [str(server.python), str(script), server.address],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert client.stdin is not None
    assert client.stdout is not None
    library = Library(Reach(mlflow=server.address))
    try:
        for turn in range(times + 1):
            kept = samples if turn else Samples()  # the first warms the server and both programs
            client.stdin.write("\n")
            client.stdin.flush()
            told = json.loads(client.stdout.readline())
            kept.add("list first", _CLIENT, told["first"])
            kept.add("list all", _CLIENT, told["all"])
            began = time.perf_counter()
            moments = [time.perf_counter() - began for _ in library.list("mlflow:")]
            assert len(moments) == told["count"] == _MODELS, (len(moments), told)
            kept.add("list first", OURS, moments[0])
            kept.add("list all", OURS, time.perf_counter() - began)
    finally:
        client.stdin.close()
        client.wait(30)


def _diffs(samples: Samples, times: int) -> None:
    serving, candidate = large_packages.wide(500, 0), large_packages.wide(500, 1)
    diff(serving, candidate)
    for _ in range(times):
        began = time.perf_counter()
        diff(serving, candidate)
        samples.add("diff", OURS, time.perf_counter() - began)


def measure(times: int, models: int = _MODELS) -> Samples:
    """All of it."""
    samples = Samples()
    _reads(samples, times)
    _diffs(samples, times * 4)
    with tempfile.TemporaryDirectory(prefix="mlcd-bench-") as folder, mlflow_server(Path(folder)) as server:
        server.fill(models)
        _lists(samples, server, times)
    return samples


def _section(samples: Samples, where: str) -> str:
    told = f"Measured on {datetime.now(UTC).date().isoformat()}: {where}."
    return "\n".join([HEADING, _TEXT, told, "", *report.table(samples, 0, ROWS)]) + "\n"


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_packages", description=__doc__)
    parser.add_argument("--times", type=int, default=10, help="repetitions")
    parser.add_argument("--print", action="store_true", help="write nothing")
    parser.add_argument("--read", default="", help=argparse.SUPPRESS)
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    """Measure, and put the section into the page."""
    arguments = _arguments(given)
    if arguments.read:
        sys.stdout.write(json.dumps(_read(arguments.read, arguments.times)))
        return 0
    where = report.machine()
    section = _section(measure(arguments.times), where)
    sys.stdout.write(section)
    if not arguments.print:
        page = _PAGE.read_text(encoding="utf-8")
        _PAGE.write_text(report.with_section(page, report.section_under(HEADING, page), section), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
