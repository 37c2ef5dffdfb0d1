"""`python -m tests.bench.bench_comparison`: 100,000 recorded pairs of answers to a verdict, beside the plainest loop.

Goal: 10 s in 300 MB. Beside it, for scale, what it costs to decode the same lines with `json.loads` and to hold the
two answers against each other with `==`: no tolerance, no interval, no noise floor. Every answer differs somewhere (the
version's name, the request's id, the last digits of a score), so that nothing is passed over; 3 in 1,000 are off.
With `--noise` each pair has production's second answer too. Each loop runs in a process of its own; time is the clock's
and, for neighbours' work is none of ours, the processor's.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

PAIRS = 100_000
GOAL_SECONDS = 10.0
GOAL_MEGABYTES = 300.0


def write(path: Path, pairs: int, *, noise: bool) -> None:
    """Recorded pairs of the Open Inference Protocol."""
    draw = random.Random(7)
    with path.open("w", encoding="utf-8") as file:
        for number in range(pairs):
            x = draw.random()
            off = 1.0 if draw.random() < 0.003 else 0.0
            inputs = [{"name": "x", "shape": [1, 4], "datatype": "FP32", "data": [x, 1.0, 2.0, 3.0]}]
            record = {
                "id": f"req-{number:08d}",
                "request": {"path": "/v2/models/churn/infer", "body": {"inputs": inputs}},
                "production": {"status": 200, "ms": round(5 + draw.random(), 3), "body": _answer(x, "6", number)},
                "shadow": {"status": 200, "ms": round(5 + draw.random(), 3), "body": _answer(x + off, "7", number)},
            }
            if noise:
                record["again"] = {"status": 200, "ms": 5.0, "body": _answer(x, "8", number)}
            file.write(json.dumps(record) + "\n")


def _answer(x: float, version: str, number: int) -> dict[str, Any]:
    score = x + int(version) * 1e-8
    return {
        "model_name": "churn",
        "model_version": version,
        "id": f"{version}-{number}",
        "outputs": [
            {"name": "score", "datatype": "FP32", "shape": [1, 3], "data": [score, 1 - x, 0.5 * x]},
            {"name": "label", "datatype": "BYTES", "shape": [1], "data": ["yes" if x > 0.5 else "no"]},
        ],
    }


def compare(path: Path) -> str:
    """As `rollouts compare --pairs` does it."""
    from mlcd_tui.comparison.reading import Pairs
    from mlcd_tui.domain.comparison.comparer import Comparer

    comparer = Comparer()
    for pair in Pairs([path]):
        comparer.add(pair)
    return comparer.report().verdict.value


def plain(path: Path) -> str:
    """The plainest loop."""
    same = 0
    with path.open("rb") as file:
        for line in file:
            record = json.loads(line)
            same += record["production"]["body"] == record["shadow"]["body"]
    return f"{same:,} are the same"


def _measured(name: str, path: Path) -> dict[str, Any]:
    code = [sys.executable, "-m", "tests.bench.bench_comparison", "--only", name, "--file", str(path)]
    found: dict[str, Any] = json.loads(subprocess.run(code, check=True, capture_output=True).stdout)
    return found


def _one(name: str, path: Path) -> int:
    started, used = time.perf_counter(), time.process_time()
    said = {"compare": compare, "plain": plain}[name](path)
    told = {
        "seconds": time.perf_counter() - started,
        "cpu": time.process_time() - used,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "said": said,
    }
    sys.stdout.write(json.dumps(told))
    return 0


def main() -> int:
    """Measure, print a table with ratios, and tell by the exit code whether the goal is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--noise", action="store_true", help="with production's second answers; no goal of its own")
    parser.add_argument("--only", choices=("compare", "plain"), help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only:
        return _one(arguments.only, arguments.file)
    with tempfile.TemporaryDirectory(prefix="mlcd-bench-") as folder:
        path = Path(folder) / "pairs.jsonl"
        write(path, arguments.pairs, noise=arguments.noise)
        ours, base = _measured("compare", path), _measured("plain", path)
    lines = [
        f"| {arguments.pairs:,} pairs | goal | mlcd-tui | json.loads and == | ratio |",
        "|---|---|---|---|---|",
        f"| seconds | ≤ {GOAL_SECONDS:g} | {ours['seconds']:.1f} | {base['seconds']:.1f} | {ours['seconds'] / base['seconds']:.1f} |",
        f"| seconds of the processor | | {ours['cpu']:.1f} | {base['cpu']:.1f} | {ours['cpu'] / base['cpu']:.1f} |",
        f"| megabytes | ≤ {GOAL_MEGABYTES:g} | {ours['megabytes']:.0f} | {base['megabytes']:.0f} | {ours['megabytes'] / base['megabytes']:.1f} |",
        f"\nIt says: {ours['said']}.\n",
    ]
    sys.stdout.write("\n".join(lines))
    met = ours["cpu"] <= GOAL_SECONDS and ours["megabytes"] <= GOAL_MEGABYTES
    return 0 if met or arguments.noise else 1


if __name__ == "__main__":
    raise SystemExit(main())
