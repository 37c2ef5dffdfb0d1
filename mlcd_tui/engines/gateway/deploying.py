"""Plans that change the Deployment behind the candidate, with the requests that kubectl sends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import MERGE_PATCH, STRATEGIC_PATCH, Change, Plan, Refusal, Request
from mlcd_tui.domain.refs import DEPLOYMENTS, JSON
from mlcd_tui.domain.text import clean
from mlcd_tui.engines._json import dig, text
from mlcd_tui.engines._keepers import gitops
from mlcd_tui.engines._sent import VERSION
from mlcd_tui.engines._words import pods
from mlcd_tui.engines._workload import revision, template_containers
from mlcd_tui.engines.gateway import abilities
from mlcd_tui.engines.gateway.kinds import RESTARTED, REVISION
from mlcd_tui.engines.gateway.plans import refuse
from mlcd_tui.engines.gateway.state import Other, Side, Standing, number


def propose(intent: Intent, s: Standing, now: datetime) -> Plan | Refusal:
    """Another version for the candidate, or new pods of the same."""
    why_not, _ = abilities.answer(intent.verb, s)
    if why_not:
        return refuse(intent, why_not)
    assert s.candidate is not None
    return _restart(intent, s, s.candidate, now) if intent.verb is Verb.RESTART else _set_image(intent, s, s.candidate)


def _set_image(intent: Intent, s: Standing, side: Side) -> Plan | Refusal:
    containers = template_containers(dig(side.deployment, "spec", "template"))
    there = {text(c.get("name")): (text(c.get("image")), init) for c, init in containers}
    told = ", ".join(f"{name}={image}" for name, (image, _) in there.items()) or "none"
    if not intent.images:
        return refuse(intent, "no container and image was named", f"It has: {told}.")
    wanted: dict[str, str] = {}
    for name, image in intent.images:
        if not image or clean(image, limit=512) != image or any(mark.isspace() for mark in image):
            return refuse(intent, f'"{image}" is not the name of an image')
        if name != "*" and name not in there:
            return refuse(intent, f'{side.workload} has no container "{name}"', f"It has: {told}.")
        main = [each for each, (_, init) in there.items() if not init]
        wanted.update(dict.fromkeys(main, image) if name == "*" else {name: image})
    changed = {name: image for name, image in wanted.items() if there[name][0] != image}
    if not changed:
        return refuse(intent, f"{side.workload} has that image already")
    spec: JSON = {}
    for name, image in changed.items():
        kind = "initContainers" if there[name][1] else "containers"
        spec.setdefault(kind, []).append({"name": name, "image": image})
    words = " and ".join(f"{image} in {name}" for name, image in changed.items())
    number_now = revision(side.deployment, REVISION)
    return _plan(
        intent,
        s,
        side,
        {"template": {"spec": spec}},
        STRATEGIC_PATCH,
        title="Set version",
        sentence=f"Run {words} of {side.target.namespace}/{side.workload}, which replaces its {pods(side.desired)}.",
        way_back=f"kubectl rollout undo deployment {side.workload} returns to revision {number_now}.",
        changes=[(f"image of {name}", there[name][0], image) for name, image in changed.items()],
        mark={f"image {name}": image for name, image in changed.items()},
    )


def _restart(intent: Intent, s: Standing, side: Side, now: datetime) -> Plan:
    at = now.isoformat(timespec="seconds").replace("+00:00", "Z")
    before = text(dig(side.deployment, "spec", "template", "metadata", "annotations", RESTARTED)) or "never"
    return _plan(
        intent,
        s,
        side,
        {"template": {"metadata": {"annotations": {RESTARTED: at}}}},
        MERGE_PATCH,
        title="Restart pods",
        sentence=f"Replace the {pods(side.desired)} of {side.target.namespace}/{side.workload}; the version stays.",
        way_back="The version stays the same.",
        changes=[("restarted at", before, at)],
        mark={"restarted": at},
    )


def _plan(
    intent: Intent,
    s: Standing,
    side: Side,
    spec: JSON,
    content_type: str,
    *,
    title: str,
    sentence: str,
    way_back: str,
    changes: Sequence[tuple[str, str, str]],
    mark: dict[str, str],
) -> Plan:
    version = text(dig(side.deployment, "metadata", "resourceVersion"))
    body = {"metadata": {"resourceVersion": version}, "spec": spec}
    found = []
    if s.share:
        found.append(f"{side.label} answers {number(s.share)} % of live traffic now.")
    if s.relation is Other.PREVIOUS and intent.verb is Verb.SET_IMAGE:
        found.append(f"{side.label} served before; with another version there is no switching back.")
    if owner := gitops(side.deployment or {}):
        found.append(f"{owner} keeps this Deployment and may revert the change; make it there as well.")
    images = ", ".join(f"{name}={image}" for name, image in side.images)
    return Plan(
        intent=intent,
        title=clean(title),
        sentence=clean(sentence),
        way_back=clean(way_back),
        changes=tuple(Change(clean(label), clean(before), clean(after)) for label, before, after in changes),
        requests=(Request(DEPLOYMENTS, side.target.namespace, side.workload, body, content_type),),
        seen=(("deployment", clean(f"{side.mark} {images}")), ("live traffic", clean(f"{number(s.share)} %"))),
        warnings=tuple(map(clean, found)),
        expect=clean(f"new pods of {side.workload}"),
        mark={"kind": "deployment", "name": side.workload, VERSION: version, **mark},
    )
