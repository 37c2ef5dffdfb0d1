"""Plans that change the target's pod template: another version, an earlier one, the same once more."""

from __future__ import annotations

from typing import Any

from mlcd_tui.domain.hook_approval import Hook
from mlcd_tui.domain.plan import JSON_PATCH, STRATEGIC_PATCH, Change, Plan, Refusal, Request
from mlcd_tui.domain.refs import DEPLOYMENTS, JSON
from mlcd_tui.domain.text import clean
from mlcd_tui.engines._json import dig, name_of, text
from mlcd_tui.engines._words import span
from mlcd_tui.engines._workload import bare_template, revision, template_containers
from mlcd_tui.engines._workload import version as image_version
from mlcd_tui.engines.flagger.canary import CanaryState, Way
from mlcd_tui.engines.flagger.case import Case, change
from mlcd_tui.engines.flagger.kinds import RESTARTED, REVISION, Phase
from mlcd_tui.engines.flagger.revisions import before, owned, same_template, served_by

_RUNS = frozenset({Phase.PROGRESSING, Phase.WAITING_PROMOTION})


def set_image(case: Case) -> Plan | Refusal:
    """Another version, by container."""
    target, intent = case.target, case.intent
    assert target is not None
    there = [(text(c.get("name")), text(c.get("image")), init) for c, init in _containers(target)]
    has = f"It has: {', '.join(f'{name}={image}' for name, image, _ in there) or 'none'}"
    if not intent.images:
        return case.refuse("no container and image was named", has)
    wanted: dict[str, str] = {}
    names = {name for name, _, _ in there}
    for name, image in intent.images:
        if not image or clean(image, limit=512) != image or any(mark.isspace() for mark in image):
            return case.refuse(f'"{image}" is not the name of an image')
        if name != "*" and name not in names:
            return case.refuse(f'{case.canary.target} has no container "{name}"', has)
        wanted.update(dict.fromkeys(names, image) if name == "*" else {name: image})
    changed = [(name, old, wanted[name], init) for name, old, init in there if wanted.get(name, old) != old]
    if not changed:
        return case.refuse(f"the target of {case.ref} has that image already")
    spec: JSON = {}
    for name, _, image, init in changed:
        spec.setdefault("initContainers" if init else "containers", []).append({"name": name, "image": image})
    told = " and ".join(f"{image} in {name}" for name, _, image, _ in changed)
    return _brought(
        case,
        "Set version",
        f"Run {told} of {case.ref}'s target, and have Flagger bring it out",
        [change(f"image of {name}", old, image) for name, old, image, _ in changed],
        case.patch_target(target, {"spec": {"template": {"spec": spec}}}, STRATEGIC_PATCH),
        {"kind": "images", **{f"image {name}": image for name, _, image, _ in changed}},
    )


def again(case: Case) -> Plan | Refusal:
    """The same template once more, as a new revision."""
    target = case.target
    assert target is not None
    old = text(dig(target, "spec", "template", "metadata", "annotations", RESTARTED))
    retry = case.canary.rejected
    told = (
        f"Have Flagger try {case.state.new_version} of {case.ref} again"
        if retry
        else (f"Have Flagger bring the same version of {case.ref} out anew, with new pods")
    )
    return _brought(
        case,
        "Retry" if retry else "Restart",
        told,
        [change("restarted at", old or "never", case.at)],
        case.patch_target(target, {"spec": {"template": {"metadata": {"annotations": {RESTARTED: case.at}}}}}),
        {"kind": "restarted", "restarted": case.at},
    )


def undo(case: Case) -> Plan | Refusal:
    """The target's template of an earlier revision."""
    target = case.target
    assert target is not None
    found = before(case.objects, case.canary, case.intent.revision)
    there_is = ", ".join(str(revision(rs, REVISION)) for rs in reversed(owned(case.objects, target)))
    if found is None:
        missing = f"no revision {case.intent.revision}" if case.intent.revision else "no earlier revision"
        return case.refuse(f"the target of {case.ref} keeps {missing}", f"There is: {there_is or 'none'}")
    number = revision(found, REVISION)
    if same_template(found, target):
        return case.refuse(f"the target of {case.ref} has the pod template of revision {number} already")
    old, new = _images(dig(target, "spec", "template")), _images(dig(found, "spec", "template"))
    tag = image_version(next(iter(new.values()), ""))
    told = f"Set the target of {case.ref} back to revision {number}{f' (version {clean(tag)})' if tag else ''}"
    images = [
        change(f"image of {name}", old.get(name) or "none", new.get(name) or "none")
        for name in dict.fromkeys([*old, *new])
        if old.get(name) != new.get(name)
    ]
    _, serving = served_by(case.objects, case.canary)
    return _brought(
        case,
        "Roll back",
        told,
        [change("pod template", f"revision {revision(target, REVISION)}", f"revision {number}"), *images],
        _replace(target, found),
        {"kind": "template", "rs": name_of(found)},
        serves=serving is not None and serving is found,
    )


def _replace(target: JSON, rs: JSON) -> Request:
    version = text(dig(target, "metadata", "resourceVersion"))
    steps: tuple[JSON, ...] = (
        {"op": "replace", "path": "/metadata/resourceVersion", "value": version},
        {"op": "replace", "path": "/spec/template", "value": bare_template(rs)},
    )
    namespace = text(dig(target, "metadata", "namespace"))
    return Request(DEPLOYMENTS, namespace, name_of(target), steps, JSON_PATCH)


def _brought(
    case: Case,
    title: str,
    told: str,
    changes: list[Change],
    request: Request,
    mark: dict[str, Any],
    *,
    serves: bool = False,
) -> Plan:
    """A new template of the target, and what Flagger makes of it as things stand."""
    canary, target = case.canary, case.target
    number = revision(target, REVISION)
    effect, warnings = _effect(case, serves=serves)
    return case.plan(
        title,
        f"{told}{effect}.",
        way_back=f"Roll back to revision {number} of the target brings its template back, as a new version to Flagger.",
        changes=tuple(changes),
        requests=(request,),
        seen=case.seen(("target revision", number), ("target", _told(_images(dig(target, "spec", "template"))))),
        warnings=warnings,
        expect="the target is back at what serves" if serves and not canary.running else "Flagger has seen it",
        mark={"goal": "version", "serves": "yes" if serves else "", **mark},
    )


def _effect(case: Case, *, serves: bool) -> tuple[str, list[str]]:
    canary, warnings = case.canary, []
    if canary.suspended:
        warnings.append("It is suspended: Flagger does nothing before it is resumed.")
    if serves and canary.phase is Phase.FAILED:
        return ", which is what serves; nothing goes out", warnings
    if serves and canary.phase in _RUNS:
        warnings += [
            "Flagger takes no notice and goes on: shares and copies stay, on pods of the version that serves already.",
            "Abort first, to have traffic moved back.",
            "At the end it promotes that, and then runs once more, since its record names the version that was left.",
        ]
        return ", so that both sides run what serves", warnings
    if serves and canary.phase is Phase.WAITING:
        warnings.append("Flagger goes on waiting at its gate, and once it opens brings out what serves already.")
        return ", which is what serves", warnings
    if canary.phase in _RUNS:
        warnings.append("The run under way starts anew: traffic goes back to the primary, all checks are done again.")
        if canary.hooks(Hook.CONFIRM_ROLLOUT):
            warnings.append("In the middle of a run Flagger does not ask confirm-rollout: its pods start unasked.")
    if canary.skips:
        warnings.append("Its analysis is skipped: the new version goes out unchecked.")
        return ", without any analysis", warnings
    gates = [
        h.value
        for h in (Hook.CONFIRM_ROLLOUT, Hook.CONFIRM_TRAFFIC_INCREASE, Hook.CONFIRM_PROMOTION)
        if canary.hooks(h) and _asks(canary, h)
    ]
    ticks = case.state.whole_run
    wait = f" It waits at {', '.join(gates)}." if gates else ""
    warnings.append(f"It serves after its analysis: about {span(ticks * canary.interval)}, if nothing fails.{wait}")
    return ", after its analysis", warnings


def _asks(canary: CanaryState, hook: Hook) -> bool:
    """Whether Flagger comes to ask that gate, from where it is now."""
    if hook is Hook.CONFIRM_ROLLOUT:
        return canary.phase not in _RUNS
    return hook is not Hook.CONFIRM_TRAFFIC_INCREASE or canary.way is Way.WEIGHTS


def _containers(target: JSON) -> list[tuple[JSON, bool]]:
    return template_containers(dig(target, "spec", "template"))


def _images(template: object) -> dict[str, str]:
    return {text(c.get("name")): text(c.get("image")) for c, _ in template_containers(template)}


def _told(images: dict[str, str]) -> str:
    return ", ".join(f"{name}={image}" for name, image in images.items()) or "none"
