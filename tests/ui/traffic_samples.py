"""Live traffic and a comparison, as the session would tell of them."""

from __future__ import annotations

import math
from dataclasses import replace

from mlcd_tui.domain.comparison.pair import Answer, Pair, RecordedRequest
from mlcd_tui.domain.comparison.report import (
    ComparisonReport,
    ComparisonVerdict,
    Example,
    FieldDrift,
    LatencyDelta,
    Share,
)
from mlcd_tui.domain.intent import Verb
from mlcd_tui.domain.plan import Ability
from mlcd_tui.domain.rollout import RolloutDetail
from mlcd_tui.domain.snapshot import Rules, compare
from mlcd_tui.domain.text import Clean
from mlcd_tui.domain.traffic import (
    Judgement,
    Mirror,
    Point,
    Significance,
    TrafficReading,
    TrafficRole,
    TrafficTarget,
    VersionTraffic,
)
from tests.ui.samples import DIGEST_6, DIGEST_7, NOW, ago, blue_green

SERVING = TrafficTarget(
    TrafficRole.SERVING, "payments", Clean("v6"), "churn-blue", 80, "churn-blue", digests=(DIGEST_6,), share=100.0
)
SHADOW = TrafficTarget(
    TrafficRole.SHADOW, "payments", Clean("v7"), "churn-green", 80, "churn-green", digests=(DIGEST_7,)
)
_BEGAN = NOW.timestamp() - 900


def wave(middle: float, swing: float, count: int = 60) -> tuple[Point, ...]:
    """A series that goes up and down."""
    return tuple(Point(_BEGAN + 15 * n, middle + swing * math.sin(n / 6)) for n in range(count))


def version(target: TrafficTarget, *, errors: float, slow: float, requests: int, failed: int) -> VersionTraffic:
    """How one version answered for a quarter of an hour."""
    return VersionTraffic(
        target,
        rate=wave(12.4, 2.0),
        errors=wave(errors, errors / 3),
        latency=((0.5, wave(slow / 4, 1)), (0.95, wave(slow / 2, 3)), (0.99, wave(slow, 9))),
        requests=requests,
        failed=failed,
    )


def reading() -> TrafficReading:
    """Copies to a shadow that fails more often."""
    return TrafficReading(
        NOW,
        Clean("Prometheus at metrics:9090, Envoy clusters"),
        900.0,
        (
            version(SERVING, errors=0.009, slow=120, requests=11_160, failed=100),
            version(SHADOW, errors=0.031, slow=140, requests=11_151, failed=346),
        ),
        (
            Significance(
                Clean("error rate"),
                Judgement.WORSE,
                Clean("3.1 % of 11,151 against 0.9 % of 11,160: worse by 2.2 points (95 %: 1.8 to 2.6)"),
            ),
            Significance(
                Clean("requests above 250 ms"), Judgement.NOT_ENOUGH, Clean("0 of 240; 1,110 are needed"), needed=1_110
            ),
        ),
        copied=11_151,
    )


def mirrored() -> RolloutDetail:
    """A blue/green whose traffic is copied."""
    mirror = Mirror(
        on=True,
        percent=100.0,
        to=Clean("churn-green"),
        by=Clean("HTTPRoute churn"),
        since=ago(minutes=14),
        confirmed=True,
        warnings=(Clean("side effects of the model happen twice"),),
    )
    detail = blue_green()
    abilities = (*detail.rollout.abilities, Ability(Verb.MIRROR, allowed=True))
    return replace(
        detail, rollout=replace(detail.rollout, abilities=abilities), mirror=mirror, targets=(SERVING, SHADOW)
    )


def report() -> ComparisonReport:
    """3 % differ, beyond a noise of 0.1 %."""
    before, after = {"predictions": [{"score": 0.91}]}, {"predictions": [{"score": 0.34}]}
    pair = Pair(
        "req-000117",
        Answer(200, 21.5, before),
        Answer(200, 22.0, after),
        Answer(200, 20.1, before),
        RecordedRequest("req-000117", "POST", "/predict", (("authorization", "Bearer secret"),), b'{"age": 41}'),
    )
    example = Example(pair, compare(before, after, Rules()), Clean("score 0.91 → 0.34, tolerance 0.001"))
    return ComparisonReport(
        ComparisonVerdict.DIFFERENT,
        Clean("3.0 % of 2,000 answers differ, 0.1 % is noise: more than the 0.5 % that is let pass."),
        2_000,
        Share(60, 2_000, 0.023, 0.0385),
        noise=Share(2, 2_000, 0.0001, 0.0036),
        excess=Share(58, 2_000, 0.022, 0.0374),
        fields=(
            FieldDrift(
                Clean("$.predictions[*].score"),
                Share(60, 2_000, 0.023, 0.0385),
                Share(2, 2_000, 0.0001, 0.0036),
                mean_shift=-0.012,
                worst=0.57,
            ),
        ),
        latency=LatencyDelta(2_000, 0.4, 0.2, 0.6, ((0.5, 21.0), (0.99, 44.0)), ((0.5, 21.4), (0.99, 47.0))),
        examples=(example,),
        production_digest=DIGEST_6,
        shadow_digest=DIGEST_7,
        source=Clean("replay of 2,000 requests from requests.jsonl"),
        at=ago(minutes=12),
        subject=Clean("payments/churn"),
    )
