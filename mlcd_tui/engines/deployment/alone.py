"""Plans for one Deployment, with the requests and the rules of `kubectl rollout` and `kubectl set image`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, Plan, Refusal, Request
from mlcd_tui.domain.refs import DEPLOYMENTS, JSON
from mlcd_tui.domain.text import clean
from mlcd_tui.engines._json import annotations_of, dig, integer, text
from mlcd_tui.engines._words import pods
from mlcd_tui.engines._workload import bare_template, revision, template_containers
from mlcd_tui.engines._workload import version as image_version
from mlcd_tui.engines.deployment import abilities, templates
from mlcd_tui.engines.deployment.kinds import NOT_RESTORED, RESTARTED, REVISION
from mlcd_tui.engines.deployment.planning import conditional, images, keepers, plan, refuse
from mlcd_tui.engines.deployment.state import State


@dataclass(frozen=True, slots=True)
class Target:
    """The Deployment that an act is for."""

    raw: JSON
    state: State
    owned: tuple[JSON, ...]
    """Its ReplicaSets."""
    label: str
    """How sentences call it."""

    def request(self, body: Any, content_type: str = MERGE_PATCH) -> Request:
        """A change of it."""
        return Request(DEPLOYMENTS, self.state.meta.namespace, self.state.name, body, content_type)

    def merge(self, spec: JSON, content_type: str = MERGE_PATCH) -> Request:
        """A change of its spec, on the condition that it is still as it was seen."""
        return self.request(conditional(self.state.meta.resourceVersion, {"spec": spec}), content_type)

    def seen(self) -> list[tuple[str, object]]:
        """What an operator decides on."""
        state = self.state
        return [
            ("deployment", f"{state.name} {state.meta.uid}"),
            ("revision", state.revision),
            ("images", images(state)),
            ("paused", "yes" if state.paused else "no"),
        ]


def propose(intent: Intent, target: Target, now: datetime) -> Plan | Refusal:
    """The plan of one verb for one Deployment."""
    if intent.verb not in _PLANS:
        return refuse(intent, abilities.answer_alone(intent.verb, target.state)[0])
    why_not, _ = abilities.answer_alone(intent.verb, target.state)
    if why_not:
        return refuse(intent, why_not, _ADVICE.get(why_not, ""))
    return _PLANS[intent.verb](intent, target, now)


def pause(intent: Intent, target: Target, _now: datetime) -> Plan | Refusal:
    """Stop a rolling update where it stands."""
    state = target.state
    where = f" where it stands, at {state.updated} of {state.desired} new pods" if state.in_flight else ""
    what = "the update" if state.in_flight else "updates"
    return plan(
        intent,
        target.merge({"paused": True}),
        title="Pause",
        sentence=f"Stop {what} of {target.label}{where}, until you resume.",
        way_back="Resume goes on at once.",
        changes=[("paused", "no", "yes")],
        seen=target.seen(),
        expect="the Deployment is paused",
        mark={"kind": "paused", "name": state.name, "paused": "true"},
        warnings=keepers(target.raw, state),
    )


def resume(intent: Intent, target: Target, _now: datetime) -> Plan | Refusal:
    """Go on."""
    state = target.state
    left = max(state.desired - state.updated, 0)
    then = f": {pods(left)} more get {_coming(target)}" if state.in_flight and left else ""
    return plan(
        intent,
        target.merge({"paused": False}),
        title="Resume",
        sentence=f"Go on with updates of {target.label}{then}.",
        way_back="Pause stops it where it then stands; abort returns to the version before.",
        changes=[("paused", "yes", "no")],
        seen=target.seen(),
        expect="the Deployment is no longer paused",
        mark={"kind": "paused", "name": state.name, "paused": "false"},
        warnings=keepers(target.raw, state),
    )


def restart(intent: Intent, target: Target, now: datetime) -> Plan | Refusal:
    """New pods of the same version."""
    state = target.state
    before = text(dig(target.raw, "spec", "template", "metadata", "annotations", RESTARTED))
    at = now.isoformat(timespec="seconds").replace("+00:00", "Z")
    body = {"template": {"metadata": {"annotations": {RESTARTED: at}}}}
    return plan(
        intent,
        target.merge(body),
        title="Restart pods",
        sentence=f"Replace {_each(state)} of {target.label} with new ones of the same version.",
        way_back="The version stays the same; pause stops it where it stands.",
        changes=[("restarted at", before or "never", at)],
        seen=target.seen(),
        expect=f"{pods(state.desired)} replaced, revision {state.revision + 1}",
        mark={"kind": "restarted", "name": state.name, "at": at},
        warnings=[*_downtime(state), *keepers(target.raw, state)],
    )


def undo(intent: Intent, target: Target, _now: datetime) -> Plan | Refusal:
    """Back to an earlier revision."""
    number = intent.revision
    there_is = sorted({revision(rs, REVISION) for rs in target.owned} - {0})
    rs = templates.before_the_last(target.owned) if not number else templates.find(target.owned, number)
    if rs is None:
        missing = (
            f"there is no revision {number} of {target.label}"
            if number
            else f"{target.label} keeps no earlier revision"
        )
        return refuse(intent, missing, f"There is: {', '.join(map(str, there_is)) or 'none'}.")
    if templates.same(rs, target.raw):
        return refuse(intent, f"{target.label} has the pod template of revision {revision(rs, REVISION)} already")
    return _back_to(intent, target, rs, title="Roll back", verb="Roll")


def abort(intent: Intent, target: Target, _now: datetime) -> Plan | Refusal:
    """Out of an update that is under way; a Deployment has no abort of its own, so this is an undo."""
    rs = templates.running_before(target.raw, target.owned)
    if rs is None:
        return refuse(
            intent, f"{target.label} keeps no version from before this update", "Set another version instead."
        )
    return _back_to(intent, target, rs, title="Abort update", verb="Stop the update and roll")


def _back_to(intent: Intent, target: Target, rs: JSON, *, title: str, verb: str) -> Plan:
    state, number, template = target.state, revision(rs, REVISION), bare_template(rs)
    # Not a `test`: replacing resourceVersion makes a stale patch a conflict, a failed test only an invalid request.
    steps: list[JSON] = [
        {"op": "replace", "path": "/metadata/resourceVersion", "value": state.meta.resourceVersion},
        {"op": "replace", "path": "/spec/template", "value": template},
        {"op": "add", "path": "/metadata/annotations", "value": _annotations(target.raw, rs)},
    ]
    changes: list[tuple[str, object, object]] = [("pod template", f"revision {state.revision}", f"revision {number}")]
    before, after = _images_of(dig(target.raw, "spec", "template")), _images_of(template)
    changes += [
        (f"image of {name}", before.get(name) or "none", after.get(name) or "none")
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    ]
    if state.paused:
        steps.append({"op": "add", "path": "/spec/paused", "value": False})
        changes.append(("paused", "yes", "no"))
    to = f"revision {number}{_version(before, after)}"
    resumes = " It is resumed with that." if state.paused else ""
    return plan(
        intent,
        target.request(tuple(steps), JSON_PATCH),
        title=title,
        sentence=f"{verb} {target.label} back to {to}, {_effect(state, rs)}.{resumes}",
        way_back=f"Roll back to revision {state.revision} returns, as fast as its pods start.",
        changes=changes,
        seen=[*target.seen(), ("back to", text(dig(rs, "metadata", "name")))],
        expect=f"the pods of revision {number}, as revision {state.revision + 1}",
        mark={"kind": "template", "name": state.name, "rs": text(dig(rs, "metadata", "name"))},
        warnings=[*_downtime(state), *keepers(target.raw, state)],
    )


def _images_of(template: object) -> dict[str, str]:
    return {text(c.get("name")): text(c.get("image")) for c, _ in template_containers(template)}


def _coming(target: Target) -> str:
    """The version that a resumed update brings, by the container whose image changes."""
    template = dig(target.raw, "spec", "template")
    before = templates.running_before(target.raw, target.owned)
    told = _changed(_images_of(dig(before, "spec", "template")), _images_of(template)) if before else ""
    return told or f"version {target.state.version}"


def _changed(before: dict[str, str], after: dict[str, str]) -> str:
    """`version 4`, or `version 4 of b` where another container than the first is what differs."""
    changed = [name for name in after if before.get(name) != after[name]]
    if not changed:
        return ""
    tag = image_version(after[changed[0]]) or after[changed[0]]
    return f"version {tag}" + (f" of {clean(changed[0])}" if changed[0] != next(iter(after)) else "")


def _version(before: dict[str, str], after: dict[str, str]) -> str:
    tag = image_version(next(iter(after.values()), ""))
    told = _changed(before, after) or (f"version {tag}" if tag else "")
    return f" ({told})" if told else ""


def _effect(state: State, rs: JSON) -> str:
    """What it takes: pods of the version before may still be up."""
    up = integer(dig(rs, "status", "readyReplicas"))
    if up <= 0 or state.desired <= 0:
        return f"which replaces {_each(state)}"
    return f"of which {min(up, state.desired)} of {pods(state.desired)} are still up"


def _annotations(raw: JSON, rs: JSON) -> JSON:
    """As `kubectl rollout undo` restores them: the revision's own, but for those that describe the Deployment."""
    kept = {key: value for key, value in annotations_of(raw).items() if key in NOT_RESTORED}
    return {**kept, **{key: value for key, value in annotations_of(rs).items() if key not in NOT_RESTORED}}


def set_image(intent: Intent, target: Target, _now: datetime) -> Plan | Refusal:
    """Another version, by container."""
    state = target.state
    if not intent.images:
        return refuse(intent, "no container and image was named", f"It has: {images(state)}.")
    wanted: dict[str, str] = {}
    names = {name for name, _, _ in state.containers}
    for name, image in intent.images:
        if not image or clean(image, limit=512) != image or any(mark.isspace() for mark in image):
            return refuse(intent, f'"{image}" is not the name of an image')
        if name != "*" and name not in names:
            return refuse(intent, f'{target.label} has no container "{name}"', f"It has: {', '.join(sorted(names))}.")
        wanted.update(dict.fromkeys(names, image) if name == "*" else {name: image})
    changed = [(name, old, wanted[name], init) for name, old, init in state.containers if wanted.get(name, old) != old]
    if not changed:
        return refuse(intent, f"{target.label} has that image already")
    spec: JSON = {}
    for name, _, image, init in changed:
        spec.setdefault("initContainers" if init else "containers", []).append({"name": name, "image": image})
    warnings = [f"{name} is an init container." for name, _, _, init in changed if init]
    if state.paused:
        warnings.append("It is paused: no pod changes before you resume it.")
    told = " and ".join(f"{image} in {name}" for name, _, image, _ in changed)
    return plan(
        intent,
        target.merge({"template": {"spec": spec}}, STRATEGIC_PATCH),
        title="Set version",
        sentence=f"Run {told} of {target.label}, which replaces {_each(state)}.",
        way_back=f"Roll back to revision {state.revision} returns, as fast as its pods start.",
        changes=[(f"image of {name}", old, image) for name, old, image, _ in changed],
        seen=target.seen(),
        expect=f"{pods(state.desired)} of the new version, revision {state.revision + 1}",
        mark={"kind": "images", "name": state.name, **{f"image {name}": image for name, _, image, _ in changed}},
        warnings=[*warnings, *_downtime(state), *keepers(target.raw, state)],
    )


def _each(state: State) -> str:
    return "the one pod" if state.desired == 1 else f"the {pods(state.desired)}"


def _downtime(state: State) -> list[str]:
    return (
        ["All old pods end before the new ones start (Recreate): nothing serves meanwhile."] if state.recreate else []
    )


_ADVICE = {
    abilities.PAUSED: "Resume it, then try again; abort leaves an update that was paused half-way.",
    abilities.ALONE: "See sample_configs/blue-green-deployments.yaml.",
}
_PLANS: dict[Verb, Callable[[Intent, Target, datetime], Plan | Refusal]] = {
    Verb.PROMOTE: resume,
    Verb.PAUSE: pause,
    Verb.RESUME: resume,
    Verb.RESTART: restart,
    Verb.UNDO: undo,
    Verb.ABORT: abort,
    Verb.SET_IMAGE: set_image,
}
