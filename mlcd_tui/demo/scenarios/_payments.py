"""Payments: a canary that waits for you, a blue/green in preview, and one that is simply well."""

from __future__ import annotations

from mlcd_tui.demo.scenarios._build import DAY, Story, prometheus
from mlcd_tui.demo.scenarios._model_cards import churn, fraud_scorer
from mlcd_tui.demo.scenarios._packages import publish


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
    story.at(-4 * DAY + 45, lambda: story.promote("payments", "churn"))
