"""`python -m tests.bench`: measures mlcd-tui beside kubectl and kubectl argo rollouts on a real API server."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench import bench_checks, bench_packages, measures, report
from tests.bench.measures import Probe, Samples
from tests.bench.population import grow, shrink
from tests.bench.viewers import OURS, Viewer, fleets, launched, opened
from tests.e2e.lab.api import LabApi

_PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured."""

    launches: int = 5
    rounds: int = 2
    probes: int = 30
    seconds: float = 8.0
    keys: int = 100
    plans: int = 5
    pages: int = 40


_FULL, _QUICK = Extent(), Extent(launches=2, rounds=1, probes=6, seconds=3.0, keys=20, plans=2, pages=8)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


@dataclass(frozen=True, slots=True)
class Bench:
    """One size on one cluster."""

    kubeconfig: Path
    home: Path
    count: int
    rate: float
    extent: Extent
    samples: Samples

    def run(self) -> None:
        """Measure everything; programs take turns."""
        starters = launched(self.home, self.count)
        for turn in range(self.extent.launches + 1):
            kept = self.samples if turn else Samples()  # the first warms the caches of all
            for viewer in starters:
                measures.launch(viewer, kept)
            _say(f"  launches {turn}/{self.extent.launches}")
        rounds = self.extent.rounds if self.count <= 1000 else 1
        with LabApi(self.kubeconfig) as api:
            probe = Probe(api)
            for turn in range(1, rounds + 1):
                for viewer in (*fleets(self.home, self.count), *opened(self.home, self.count)):
                    _say(f"  round {turn}/{rounds}: {viewer.title}")
                    self._follow(viewer, probe)

    def _follow(self, viewer: Viewer, probe: Probe) -> None:
        extent, samples = self.extent, self.samples
        fleet = viewer.title == OURS
        with viewer.start() as terminal:
            viewer.ready(terminal)
            if fleet:
                with measures.losing(samples, "plan", viewer):
                    measures.plan(viewer, terminal, samples, extent.plans)
                with measures.losing(samples, "page", viewer):
                    measures.scroll(viewer, terminal, samples, extent.pages, self.count)
            measures.cost(viewer, terminal, samples, "idle", extent.seconds * (2 if fleet else 1))
            measures.follow(viewer, terminal, probe, samples, "idle", extent.probes)
            with measures.changes(self.kubeconfig, self.count, self.rate, samples):
                measures.cost(viewer, terminal, samples, "busy", extent.seconds)
                measures.follow(viewer, terminal, probe, samples, "busy", extent.probes)
                if fleet:
                    with measures.losing(samples, "key", viewer):
                        measures.keys(viewer, terminal, samples, extent.keys)
        probe.end()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rollouts", type=int, nargs="+", default=[1_000, 10_000], help="sizes, in rising order")
    parser.add_argument("--rate", type=float, default=200.0, help="changes a second")
    parser.add_argument("--under-way", action="store_true", help="all of them, not one in ten; nothing is written")
    parser.add_argument("--quick", action="store_true", help="few repetitions, and nothing is written")
    parser.add_argument("--output", type=Path, default=None, help="page to write; docs/benchmarks.md unless --quick")
    return parser.parse_args()


def _measure(
    kubeconfig: Path, sizes: Sequence[int], rate: float, extent: Extent, *, under_way: bool
) -> list[tuple[int, float, Samples]]:
    parts: list[tuple[int, float, Samples]] = []
    there = 0
    with tempfile.TemporaryDirectory(prefix="mlcd-bench-") as home:
        for count in sizes:
            _say(f"{count} rollouts: making {count - there}")
            asyncio.run(grow(kubeconfig, count, there, under_way=under_way))
            there = count
            samples = Samples()
            Bench(kubeconfig, Path(home), count, rate, extent, samples).run()
            parts.append((count, rate, samples))
            _say("\n".join([*report.table(samples, count), *report.notes(samples, rate)]))
    return parts


def main() -> int:
    """Measure and write the page."""
    arguments = _arguments()
    named = os.environ.get("MLCD_E2E_KUBECONFIG", "")
    if not named:
        _say("MLCD_E2E_KUBECONFIG names no kubeconfig; run it as `make bench`, or under tests/e2e/lab/run.sh.")
        return 2
    kubeconfig = Path(named)
    where = report.machine()
    asyncio.run(shrink(kubeconfig))
    try:
        extent = _QUICK if arguments.quick else _FULL
        sizes, rate = sorted(arguments.rollouts), arguments.rate
        parts = _measure(kubeconfig, sizes, rate, extent, under_way=arguments.under_way)
    finally:
        _say("taking the rollouts away")
        asyncio.run(shrink(kubeconfig))
    target = arguments.output or (None if arguments.quick or arguments.under_way else _PAGE)
    text = report.page(parts, where)
    if target is None:
        sys.stdout.write(text)
    else:
        before = target.read_text(encoding="utf-8") if target.exists() else ""
        for heading in (bench_packages.HEADING, bench_checks.HEADING):
            if kept := report.section_under(heading, before):
                text = report.with_section(text, "", kept)
        target.write_text(text, encoding="utf-8")
        _say(f"written: {target}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
