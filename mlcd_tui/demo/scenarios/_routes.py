"""Fraud: two models behind HTTPRoutes, one with copies that waits for the switch, one by weight.

Their namespace has chances of its own, so that the names and times of all other stories stay as they were.
"""

from __future__ import annotations

from typing import Any

from mlcd_tui.demo.controllers.gateway import CONTROLLER_NAME
from mlcd_tui.demo.kinds import GATEWAYCLASSES, GATEWAYS, HTTPROUTES, NAMESPACES
from mlcd_tui.demo.routes import completed
from mlcd_tui.demo.scenarios._build import DAY, Story, pods, service

Object = dict[str, Any]

_HOME = "fraud"
_CLASS = "mesh-free"


def tell(story: Story) -> None:
    """The services of the fraud team."""
    store = story.store
    store.apart(_HOME, _CLASS)
    labels = {"kubernetes.io/metadata.name": _HOME}
    store.create(NAMESPACES, {"metadata": {"name": _HOME, "labels": labels}, "status": {"phase": "Active"}})
    store.create(GATEWAYCLASSES, {"metadata": {"name": _CLASS}, "spec": {"controllerName": CONTROLLER_NAME}})
    listener = {"name": "http", "port": 80, "protocol": "HTTP", "allowedRoutes": {"namespaces": {"from": "Same"}}}
    gateway = {"gatewayClassName": _CLASS, "listeners": [listener]}
    store.create(GATEWAYS, {"metadata": {"name": "models", "namespace": _HOME}, "spec": gateway})
    _sides(story, "card-fraud", ("gbm-41", -20 * DAY), ("gbm-42", -190.0))
    mirror = {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "card-fraud-green", "port": 80}}}
    _route(story, "card-fraud", -20 * DAY, {})
    story.at(-180.0, lambda: _change(story, "card-fraud", "mirrored-since", filters=[mirror]))
    _sides(story, "takeover", ("v7", -12 * DAY), ("v8", -42.0))
    _route(story, "takeover", -12 * DAY, {"mlcd.dev/steps": "20,60,100"})
    story.at(-35.0, lambda: _change(story, "takeover", "moved", share=20))


def _sides(story: Story, app: str, *versions: tuple[str, float]) -> None:
    """Two Deployments, each with a Service of its name."""
    for colour, (tag, since) in zip(("blue", "green"), versions, strict=True):
        template = pods(app, tag, {"mlcd.dev/color": colour})
        labels = {"app": app, "team": "fraud"}
        story.deployment(_HOME, f"{app}-{colour}", template, {"replicas": 3}, labels, since=since)
        service(story.store, _HOME, f"{app}-{colour}", {"app": app, "mlcd.dev/color": colour})


def _route(story: Story, app: str, since: float, notes: Object) -> None:
    match = {"path": {"type": "PathPrefix", "value": f"/v2/models/{app}"}}
    backends = [{"name": f"{app}-{colour}", "port": 80, "weight": weight} for colour, weight in _AT_REST]
    body = {"spec": {"parentRefs": [{"name": "models"}], "rules": [{"matches": [match], "backendRefs": backends}]}}
    known = {"mlcd.dev/stable": f"{app}-blue", "mlcd.dev/candidate": f"{app}-green", **notes}
    meta = {"name": app, "namespace": _HOME, "labels": {"app": app, "team": "fraud"}, "annotations": known}
    story.at(since, lambda: story.store.create(HTTPROUTES, {"metadata": meta, **completed(body)}))


_AT_REST = (("blue", 100), ("green", 0))


def _change(
    story: Story, app: str, note: str, *, share: int | None = None, filters: list[Object] | None = None
) -> None:
    """What a person does to the traffic, with the note that this leaves."""

    def edit(item: Object) -> None:
        (rule,) = item["spec"]["rules"]
        if share is not None:
            for ref, weight in zip(rule["backendRefs"], (100 - share, share), strict=True):
                ref["weight"] = weight
        if filters:
            rule["filters"] = filters
        item["metadata"]["annotations"][f"mlcd.dev/{note}"] = story.store.clock.text()
        item["spec"] = completed(item)["spec"]

    story.change(HTTPROUTES, _HOME, app, edit)
