"""Search: versions come and go while you look."""

from __future__ import annotations

from mlcd_tui.demo.kinds import DEPLOYMENTS, ROLLOUTS
from mlcd_tui.demo.scenarios._build import DAY, Story, pods, prometheus, service
from mlcd_tui.demo.scenarios._model_cards import embedder, ranker
from mlcd_tui.demo.scenarios._packages import publish, put


def tell(story: Story) -> None:
    """The services of the search team."""
    story.template(
        "search",
        "relevance",
        prometheus(
            "ndcg-at-10", 'avg(ndcg10{service="{{args.service}}"})', "result[0] >= 0.41", interval="15s", count=4
        ),
    )
    story.store.series["search/ndcg-at-10"] = (0.42, 0.47)
    canary = {
        "stableService": "ranker-stable",
        "canaryService": "ranker-canary",
        "trafficRouting": {"nginx": {"stableIngress": "ranker"}},
        "steps": [
            {"setWeight": 20},
            {"pause": {"duration": "60s"}},
            {"setWeight": 40},
            {"pause": {"duration": "90s"}},
            {
                "analysis": {
                    "templates": [{"templateName": "relevance"}],
                    "args": [{"name": "service", "value": "ranker-canary"}],
                }
            },
            {"setWeight": 80},
            {"pause": {"duration": "45s"}},
        ],
    }
    versions = [(-2 * DAY, "v117"), (-1.6, "v118")]
    story.rollout("search", "ranker", {"canary": canary}, versions, replicas=5)
    for minute, tag in versions:
        publish(story, "search", "ranker", tag, minute, ranker(tag))
    story.cycle(ROLLOUTS, "search", "ranker", lambda number: _released(story, "ranker", f"v{118 + number}"), rest=75)
    _embedder(story)
    _spellcheck(story)


def _released(story: Story, app: str, tag: str) -> str:
    """The pipeline publishes what it is about to release."""
    put(story, "search", app, tag, {"ranker": ranker, "embedder": embedder}[app](tag))
    return tag


def _embedder(story: Story) -> None:
    blue_green = {
        "activeService": "embedder-active",
        "previewService": "embedder-preview",
        "autoPromotionSeconds": 50,
        "scaleDownDelaySeconds": 60,
    }
    versions = [(-30 * DAY, "e5-large.7"), (-0.5, "e5-large.8")]
    story.rollout("search", "embedder", {"blueGreen": blue_green}, versions)
    for minute, tag in versions:
        publish(story, "search", "embedder", tag, minute, embedder(tag))
    story.cycle(
        ROLLOUTS, "search", "embedder", lambda number: _released(story, "embedder", f"e5-large.{8 + number}"), rest=150
    )


def _spellcheck(story: Story) -> None:
    service(story.store, "search", "spellcheck", {"app": "spellcheck"})
    slow = {"strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}, "minReadySeconds": 12}
    spec = {"replicas": 6, "revisionHistoryLimit": 5, **slow}
    labels = {"app": "spellcheck", "team": "search"}
    story.deployment("search", "spellcheck", pods("spellcheck", "0.14.0"), spec, labels, since=-20 * DAY)
    story.at(-0.7, lambda: story.release("search", "spellcheck", "0.15.0"))
    story.cycle(DEPLOYMENTS, "search", "spellcheck", lambda number: f"0.{15 + number}.0", rest=100)
