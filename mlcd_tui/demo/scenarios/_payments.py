"""Payments: a canary that waits for you, a blue/green in preview, and one that is simply well."""

from __future__ import annotations

from mlcd_tui.demo.scenarios._build import DAY, Story, prometheus
from mlcd_tui.demo.scenarios._checks import checked, failing, prove
from mlcd_tui.demo.scenarios._model_cards import churn, fraud_scorer
from mlcd_tui.demo.scenarios._packages import publish
from mlcd_tui.domain.checks import Finding
from mlcd_tui.domain.text import clean

_UNUSED = Finding(
    clean("Local variable `tenure_days` is assigned to but never used"),
    rule=clean("F841"),
    file=clean("churn/features.py"),
    line=41,
    column=5,
    url=clean("https://docs.astral.sh/ruff/rules/unused-variable"),
    fixable=True,
    context=(
        (39, clean("def tenure(customer: Customer, now: date) -> float:")),
        (40, clean('    """Months since the first contract, at most ten years."""')),
        (41, clean("    tenure_days = (now - customer.since).days")),
        (42, clean("    months = (now - customer.first_contract).days / 30.44")),
        (43, clean("    return min(months, 120.0)")),
    ),
    fingerprint="3c1d9f0b7a52e684",
)
"""A mistake that a linter alone has seen: the days are reckoned and not used."""


def tell(story: Story) -> None:
    """The services of the payments team."""
    story.template(
        "payments",
        "model-quality",
        prometheus(
            "success-rate",
            'sum(rate(requests_total{service="{{args.service}}",code!~"5.."}[2m]))',
            "result[0] >= 0.95",
            interval="30s",
            count=5,
            failureLimit=2,
        ),
        prometheus(
            "latency-p95-ms",
            'histogram_quantile(0.95, rate(infer_ms_bucket{service="{{args.service}}"}[2m]))',
            "result[0] < 80",
            interval="30s",
            count=5,
        ),
    )
    story.store.series["payments/latency-p95-ms"] = (34.0, 58.0)
    _fraud_scorer(story)
    _churn(story)
    story.rollout(
        "payments",
        "ltv",
        {"canary": {"steps": [{"setWeight": 50}, {"pause": {"duration": "2m"}}]}},
        [(-9 * DAY, "v11"), (-2 * DAY, "v12")],
        replicas=2,
    )


def _fraud_scorer(story: Story) -> None:
    args = [{"name": "service", "value": "fraud-scorer-canary"}]
    canary = {
        "stableService": "fraud-scorer-stable",
        "canaryService": "fraud-scorer-canary",
        "trafficRouting": {"nginx": {"stableIngress": "fraud-scorer"}},
        "steps": [
            {"setWeight": 5},
            {"setWeight": 20},
            {"pause": {}},
            {"setWeight": 60},
            {"analysis": {"templates": [{"templateName": "model-quality"}], "args": args}},
        ],
        "analysis": {"templates": [{"templateName": "model-quality"}], "args": args, "startingStep": 1},
    }
    versions = [(-6 * DAY, "v5"), (-3 * DAY, "v6"), (-12.0, "v7")]
    story.rollout("payments", "fraud-scorer", {"canary": canary}, versions, replicas=5)
    for minute, tag in versions:
        publish(story, "payments", "fraud-scorer", tag, minute, fraud_scorer(tag))
    for (minute, tag), tests in zip(versions[1:], (118, 128), strict=True):
        prove(story, "payments", "fraud-scorer", tag, minute, checked("fraud-scorer", tests=tests, cases=24))
    story.at(-3 * DAY + 30, lambda: story.promote("payments", "fraud-scorer"))


def _churn(story: Story) -> None:
    blue_green = {
        "activeService": "churn-active",
        "previewService": "churn-preview",
        "autoPromotionEnabled": False,
        "previewReplicaCount": 1,
        "scaleDownDelaySeconds": 600,
        "prePromotionAnalysis": {
            "templates": [{"templateName": "model-quality"}],
            "args": [{"name": "service", "value": "churn-preview"}],
        },
    }
    versions = [(-8 * DAY, "2025.10.1"), (-4 * DAY, "2025.11.0"), (-185.0, "2025.11.1")]
    story.rollout("payments", "churn", {"blueGreen": blue_green}, versions)
    for minute, tag in versions:
        publish(story, "payments", "churn", tag, minute, churn(tag))
    good = checked("churn", tests=64, cases=16, seconds=0.7)
    prove(story, "payments", "churn", "2025.11.0", -4 * DAY, good)
    prove(story, "payments", "churn", "2025.11.1", -185.0, failing(good, "lint", "1 finding in 1 file", _UNUSED))
    story.at(-4 * DAY + 45, lambda: story.promote("payments", "churn"))
