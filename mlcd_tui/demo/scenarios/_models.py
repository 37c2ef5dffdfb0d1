"""Recommendations, language and vision: the less common states."""

from __future__ import annotations

from typing import Any

from mlcd_tui.demo.kinds import ROLLOUTS, VIRTUALSERVICES
from mlcd_tui.demo.scenarios._build import DAY, Story, pods, prometheus, service
from mlcd_tui.demo.scenarios._checks import checked, prove
from mlcd_tui.demo.scenarios._model_cards import feed, ocr, tokenizer, two_tower
from mlcd_tui.demo.scenarios._packages import publish

Object = dict[str, Any]


def tell(story: Story) -> None:
    """The services of the other teams."""
    _two_tower(story)
    _feed(story)
    _popular(story)
    _toxicity(story)
    _summarizer(story)
    _ocr(story)
    _nsfw(story)
    _tokenizer(story)
    steps = {"steps": [{"setWeight": 25}, {"pause": {"duration": "10m"}}]}
    story.rollout("recs", "co-view", {"canary": steps}, [(-9 * DAY, "v14"), (-3 * DAY, "v15")], replicas=4)
    blue_green = {"activeService": "faces-active", "previewService": "faces-preview"}
    story.rollout("vision", "faces", {"blueGreen": blue_green}, [(-16 * DAY, "arc-5"), (-5 * DAY, "arc-6")], replicas=2)


def _two_tower(story: Story) -> None:
    metric = prometheus("hit-rate", 'avg(hit_rate{service="{{args.service}}"})', "result[0] >= 0.62", count=1)
    metric["failureCondition"] = "result[0] < 0.55"
    story.template("recs", "hit-rate", metric)
    story.store.series["recs/hit-rate"] = (0.64, 0.69)
    story.at(-95, lambda: story.store.series.update({"recs/hit-rate": (0.57, 0.60)}))
    args = [{"name": "service", "value": "two-tower"}]
    steps = [{"setWeight": 25}, {"analysis": {"templates": [{"templateName": "hit-rate"}], "args": args}}]
    steps += [{"setWeight": 75}, {"pause": {"duration": "15m"}}]
    versions = [(-10 * DAY, "v8"), (-94.0, "v9")]
    story.rollout("recs", "two-tower", {"canary": {"steps": steps}}, versions, replicas=4)
    for minute, tag in versions:
        publish(story, "recs", "two-tower", tag, minute, two_tower(tag))
    good = checked("two-tower", tests=203, cases=40)
    prove(story, "recs", "two-tower", "v8", -10 * DAY, good)
    # v9 was built once more after its checks, and the tag moved: what is proven is not what runs
    prove(story, "recs", "two-tower", "v9", -94.0, good, build="before the rebuild")


def _feed(story: Story) -> None:
    """Two Deployments and a Service: the plainest blue/green."""
    pair = {"mlcd.dev/service": "feed"}
    for colour, tag, since in (("blue", "v22", -6 * DAY), ("green", "v23", -55.0)):
        template = pods("feed", tag, {"mlcd.dev/color": colour})
        labels = {**pair, "app": "feed", "team": "recs"}
        story.deployment("recs", f"feed-{colour}", template, {"replicas": 3}, labels, since=since)
        publish(story, "recs", "feed", tag, since, feed(tag))
    service(story.store, "recs", "feed", {"app": "feed", "mlcd.dev/color": "blue"}, {"app": "feed", **pair})
    preview = {"app": "feed", **pair, "mlcd.dev/role": "preview"}
    service(story.store, "recs", "feed-preview", {"app": "feed", "mlcd.dev/color": "green"}, preview)


def _popular(story: Story) -> None:
    strategy = {"canary": {"steps": [{"setWeight": 50}, {"pause": {}}]}}
    story.rollout("recs", "popular", strategy, [(-40 * DAY, "2025-09")], replicas=2)
    story.at(-15 * DAY, lambda: story.change(ROLLOUTS, "recs", "popular", lambda item: item["spec"].update(replicas=0)))


def _toxicity(story: Story) -> None:
    canary = {"stableService": "toxicity-stable", "canaryService": "toxicity-canary"}
    canary_spec: Object = {**canary, "steps": [{"setWeight": 10}, {"pause": {}}]}
    body = {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "toxicity"}},
        "strategy": {"canary": canary_spec},
        "template": pods("toxicity", "v3"),
    }
    service(story.store, "nlp", "toxicity-stable", {"app": "toxicity"})
    meta = {"name": "toxicity", "namespace": "nlp", "labels": {"app": "toxicity", "team": "nlp"}}
    story.at(-26, lambda: story.store.create(ROLLOUTS, {"metadata": meta, "spec": body}))


def _summarizer(story: Story) -> None:
    """A rollout that takes its template from a Deployment."""
    labels = {"app": "summarizer", "team": "nlp"}
    template = pods("summarizer", "t5-3b.4")
    story.deployment("nlp", "summarizer", template, {"replicas": 0}, labels, since=-18 * DAY)
    body = {
        "replicas": 2,
        "workloadRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "summarizer"},
        "strategy": {"canary": {"steps": [{"setWeight": 50}, {"pause": {"duration": "5m"}}]}},
    }
    meta = {"name": "summarizer", "namespace": "nlp", "labels": labels}
    story.at(-18 * DAY + 1, lambda: story.store.create(ROLLOUTS, {"metadata": meta, "spec": body}))


def _ocr(story: Story) -> None:
    templates = [{"name": "baseline", "specRef": "stable", "replicas": 1}]
    templates.append({"name": "candidate", "specRef": "canary", "replicas": 1})
    steps = [{"experiment": {"duration": "45m", "templates": templates}}, {"setWeight": 50}, {"pause": {}}]
    versions = [(-11 * DAY, "crnn-2.3"), (-17.0, "crnn-2.4")]
    story.rollout("vision", "ocr", {"canary": {"steps": steps}}, versions)
    for minute, tag in versions:
        publish(story, "vision", "ocr", tag, minute, ocr(tag))


def _nsfw(story: Story) -> None:
    """The candidate gets a copy of all requests, and no traffic of its own yet."""
    mirror = {"name": "shadow", "percentage": 100, "match": [{"method": {"exact": "POST"}}]}
    istio = {"virtualService": {"name": "nsfw", "routes": ["primary"]}}
    canary = {
        "stableService": "nsfw-stable",
        "canaryService": "nsfw-canary",
        "trafficRouting": {"managedRoutes": [{"name": "shadow"}], "istio": istio},
        "steps": [
            {"setCanaryScale": {"replicas": 2}},
            {"setMirrorRoute": mirror},
            {"pause": {"duration": "2h"}},
            {"setMirrorRoute": {"name": "shadow"}},
            {"setWeight": 50},
            {"pause": {}},
        ],
    }
    hosts = [
        {"destination": {"host": f"nsfw-{side}"}, "weight": weight} for side, weight in (("stable", 100), ("canary", 0))
    ]
    route = {"hosts": ["nsfw"], "http": [{"name": "primary", "route": hosts}]}
    meta = {"name": "nsfw", "namespace": "vision"}
    story.store.apart(VIRTUALSERVICES.plural)
    story.at(-13 * DAY, lambda: story.store.create(VIRTUALSERVICES, {"metadata": meta, "spec": route}))
    story.rollout("vision", "nsfw", {"canary": canary}, [(-13 * DAY, "clip-b32.1"), (-38.0, "clip-b32.2")])


def _tokenizer(story: Story) -> None:
    """Paused by hand in the middle of an update."""
    steps = [{"setWeight": 25}, {"pause": {"duration": "3m"}}, {"setWeight": 50}, {"pause": {"duration": "3m"}}]
    versions = [(-21 * DAY, "1.2.0"), (-14 * DAY, "1.2.1"), (-6 * DAY, "1.3.0"), (-66.0, "1.3.1")]
    story.rollout("nlp", "tokenizer", {"canary": {"steps": steps}}, versions, replicas=4)
    for minute, tag in versions:
        publish(story, "nlp", "tokenizer", tag, minute, tokenizer(tag))
    story.at(-64.5, lambda: story.change(ROLLOUTS, "nlp", "tokenizer", lambda item: item["spec"].update(paused=True)))
