"""Ads: a version that an analysis stopped, one whose pods die, a plain Deployment."""

from __future__ import annotations

from mlcd_tui.demo.controllers.pod import BEHAVIOUR
from mlcd_tui.demo.scenarios._build import DAY, Story, pods, prometheus, service
from mlcd_tui.demo.scenarios._model_cards import ctr_wide
from mlcd_tui.demo.scenarios._packages import publish


def tell(story: Story) -> None:
    """The services of the ads team."""
    story.template(
        "ads",
        "online-auc",
        prometheus(
            "auc-online",
            'avg(auc_online{service="{{args.service}}"})',
            "result[0] >= 0.78",
            interval="60s",
            count=8,
            failureLimit=2,
        ),
        prometheus(
            "calibration", 'avg(calibration{service="{{args.service}}"})', "result[0] < 1.1", interval="60s", count=8
        ),
    )
    story.store.series["ads/auc-online"] = (0.79, 0.83)
    story.store.series["ads/calibration"] = (0.97, 1.04)
    story.at(-46, lambda: story.store.series.update({"ads/auc-online": (0.70, 0.775)}))
    canary = {
        "stableService": "ctr-wide-stable",
        "canaryService": "ctr-wide-canary",
        "trafficRouting": {"nginx": {"stableIngress": "ctr-wide"}},
        "abortScaleDownDelaySeconds": 300,
        "steps": [
            {"setWeight": 10},
            {
                "analysis": {
                    "templates": [{"templateName": "online-auc"}],
                    "args": [{"name": "service", "value": "ctr-wide-canary"}],
                }
            },
            {"setWeight": 50},
            {"pause": {"duration": "10m"}},
        ],
    }
    versions = [(-5 * DAY, "v41"), (-45.0, "v42")]
    story.rollout("ads", "ctr-wide", {"canary": canary}, versions, replicas=4)
    for minute, tag in versions:
        publish(story, "ads", "ctr-wide", tag, minute, ctr_wide(tag))
    _bid_shader(story)
    service(story.store, "ads", "ctr", {"app": "ctr"})
    story.deployment("ads", "ctr", pods("ctr", "v30"), {"replicas": 3}, {"app": "ctr", "team": "ads"}, since=-12 * DAY)
    story.at(-1 * DAY, lambda: story.release("ads", "ctr", "v31"))


def _bid_shader(story: Story) -> None:
    story.rollout(
        "ads",
        "bid-shader",
        {"canary": {"steps": [{"setWeight": 34}, {"pause": {"duration": "5m"}}]}},
        [(-7 * DAY, "1.8.2")],
        spec={"progressDeadlineSeconds": 300},
    )
    story.at(-21, lambda: story.release("ads", "bid-shader", "1.9.0", {BEHAVIOUR: "crash"}))
