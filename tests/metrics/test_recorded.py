"""What real exporters wrote, as it was scraped: the set that is found by itself counts each version by its labels.

Recorded from the metrics socket of ingress-nginx (its collector, fed by its Lua within nginx), MLServer 1.7.1 and
Knative's queue-proxy 0.47: a real Prometheus scraped them while requests were sent and counted.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mlcd_tui.config.metrics_settings import MetricsSettings
from mlcd_tui.domain.traffic import TrafficRole, TrafficTarget
from mlcd_tui.metrics.reader import Reader
from tests.metrics.server import Prom, Value, serving

NOW = 1_800_000_000.0
RECORDED = Path(__file__).parent / "recorded"
SAMPLE = re.compile(r"(\w+)\{(.*)\} (\S+)")
LABEL = re.compile(r'(\w+)="([^"]*)"')
OLD = TrafficTarget(TrafficRole.SERVING, "ml", service="m-stable", workload="churn-00001")
NEW = TrafficTarget(TrafficRole.CANDIDATE, "ml", service="m-canary", workload="churn-00002")


def scraped(text: str, **target: str) -> Prom:
    """The recorded series as a server would have them that scraped a target of these labels for two hours."""
    prom = Prom()
    for line in text.splitlines():
        if found := SAMPLE.fullmatch(line):
            labels = dict(LABEL.findall(found[2]))
            own = {f"exported_{name}" if name in target else name: value for name, value in labels.items()}
            prom.add(found[1], _stepping(float(found[3])), **own, **target)
    return prom


def _stepping(last: float) -> Value:
    """Nothing was asked until five minutes ago, and everything then."""
    return lambda at: last if at >= NOW - 300 else 0.0


@pytest.mark.parametrize(
    ("name", "target", "source", "counts"),
    [
        (
            "nginx_ingress",
            {"namespace": "ingress", "pod": "controller-x"},
            "ingress-nginx",
            ((416, 0), (104, 7)),
        ),
        ("nginx_ingress", {}, "ingress-nginx", ((416, 0), (104, 7))),
        ("mlserver", {"namespace": "ml", "pod": "churn-00001-6d5f7c-x2x4z"}, "MLServer", ((217, 47), (None, None))),
        (
            "knative_invocations",
            {"namespace": "ml", "pod": "churn-00002-deployment-6d5f7c-x2x4z"},
            "Knative pods",
            ((None, None), (330, 53)),
        ),
    ],
)
async def test_each_version_is_counted_by_what_the_exporter_wrote(
    name: str, target: dict[str, str], source: str, counts: tuple[tuple[int | None, int | None], ...]
) -> None:
    prom = scraped((RECORDED / f"{name}.txt").read_text("utf-8"), **target)
    async with serving(prom) as address:
        reader = Reader(MetricsSettings(address=address))
        look = await reader.look((OLD, NEW), (), NOW, 900)
        await reader.close()
    assert look.source.endswith(f", {source}")
    assert tuple((one.traffic.requests, one.traffic.failed) for one in look.versions) == counts
    for one in look.versions:
        if one.traffic.requests:
            assert [share for share, points in one.traffic.latency if any(p.value for p in points)] == [0.5, 0.95, 0.99]
