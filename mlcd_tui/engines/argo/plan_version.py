"""Plans that change the version: undo to a revision, set images, switch a blue/green back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mlcd_tui.domain.plan import Change, Plan, Refusal
from mlcd_tui.domain.refs import JSON
from mlcd_tui.engines import _workload as workload
from mlcd_tui.engines._json import annotations_of, created, dig, integer, rows, table, text, when
from mlcd_tui.engines.argo import plan_flow
from mlcd_tui.engines.argo.case import Case, called, change, revision
from mlcd_tui.engines.argo.kinds import EXPERIMENT_NAME, HASH, SCALE_DOWN_DEADLINE


def merge_diff(before: Any, after: Any) -> Any:
    """The merge patch that turns `before` into `after`: only what differs, null where a key must go."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return after
    patch: JSON = {key: None for key in before if key not in after}
    for key, value in after.items():
        if value is None:
            patch[key] = None
        elif key not in before or before[key] != value:
            patch[key] = merge_diff(before.get(key), value) if key in before else value
    return patch


def _settled_template(template: JSON) -> JSON:
    """Without the nulls that serialisers leave in metadata."""
    metadata = table(template.get("metadata"))
    return {**template, "metadata": {key: value for key, value in metadata.items() if value is not None}}


def _image_changes(before: JSON, after: JSON) -> list[Change]:
    def images(template: JSON) -> dict[str, str]:
        return {text(c.get("name")): text(c.get("image")) for c, _ in workload.template_containers(template)}

    old, new = images(before), images(after)
    return [
        change(f"image of {name or 'a container'}", old.get(name, "none"), new.get(name, "none"))
        for name in dict.fromkeys([*old, *new])
        if old.get(name) != new.get(name)
    ]


def undo(case: Case) -> Plan | Refusal:
    """Ask for the pod template of an earlier revision again."""
    holder = case.holder
    if holder is None:
        return case.refuse("The object that its template comes from was not found", "Look at spec.workloadRef.")
    target = _target(case)
    if isinstance(target, Refusal):
        return target
    resource, of = holder
    now, then = _settled_template(case.template), _settled_template(workload.bare_template(target, HASH))
    patch = merge_diff(now, then)
    pod_hash = workload.pod_hash(target, HASH)
    if not patch or (case.state.observed and pod_hash == case.state.current_hash):
        return case.refuse(f"Revision {revision(target)} is what it asks for already")
    version, path = case.name_version(target), _path(case, target)
    present = case.set_of(case.state.current_hash)
    number = revision(present) if present is not None else 0
    back = f"Roll back to revision {number}" if number else f"Set version {case.newest}"
    back += f" brings {case.newest} again."
    return case.plan(
        "Roll back",
        f"Bring {case.ref} back from {case.newest} to {version} (revision {revision(target)}); it {path[0]}.",
        way_back=back,
        changes=(
            change("revision", revision(present) if present is not None else case.state.revision, revision(target)),
            *(_image_changes(now, then) or [change("pod template", "as it is", f"as in revision {revision(target)}")]),
            *([change("aborted", "yes", "no")] if case.state.aborted else []),
        ),
        requests=(case.patch({"spec": {"template": patch}}, resource=resource, of=of),),
        seen=case.seen(("target", pod_hash), ("path", path[0])),
        warnings=(*path[1], *_held(case), *case.gitops()),
        expect=f"{version} is {'going out' if 'runs' in path[0] else 'serving'}",
        mark={"goal": "template", "target": pod_hash, "newest": version},
    )


def _held(case: Case) -> list[str]:
    return ["It is paused by a person: nothing moves until it is resumed."] if case.state.spec_paused else []


def _target(case: Case) -> JSON | Refusal:
    """The ReplicaSet of the revision that is asked for; without a number, the one before the newest."""
    sets = [raw for raw in case.sets() if revision(raw) > 0]
    wanted = case.intent.revision
    if wanted is None:
        below = [raw for raw in sets if revision(raw) < max((revision(r) for r in sets), default=0)]
        return below[0] if below else case.refuse("There is no earlier revision to go back to")
    found = next((raw for raw in sets if revision(raw) == wanted), None)
    if found is not None:
        return found
    there = ", ".join(str(revision(raw)) for raw in sets) or "none"
    return case.refuse(f"There is no revision {wanted}", f"Revisions that are kept: {there}.")


def _path(case: Case, target: JSON) -> tuple[str, list[str]]:
    """How the controller would take it there, by its own rules, and what to warn of."""
    state, pod_hash = case.state, workload.pod_hash(target, HASH)
    steps = len(state.steps)
    if pod_hash == state.stable_hash:
        return ("skips all steps, since that version is the stable one" if steps else "goes there at once"), []
    if _in_window(case, target):
        return "skips all steps, since that revision is within the rollback window", []
    if state.canary is not None:
        if not steps:
            return "runs as an update without steps", []
        through = f"runs all {steps} steps" if steps > 1 else "runs its one step"
        return through, ["It is an update like any other: promote fully to be faster."]
    if _is_older(case, target) and _still_up(case, target):
        return "switches at once without a pause, since its pods are still up", []
    return (
        "runs as an update: preview, pauses and analyses included",
        ["It is an update like any other, and its pods have to start first: promote fully to be faster."],
    )


def _still_up(case: Case, target: JSON) -> bool:
    """Whether its pods wait for the end of the scale-down delay."""
    deadline = when(annotations_of(target).get(SCALE_DOWN_DEADLINE))
    return deadline is not None and deadline > case.now and integer(dig(target, "spec", "replicas")) > 0


def _is_older(case: Case, target: JSON) -> bool:
    """The controller takes only what was made before the stable version for a rollback, whatever the revisions say."""
    begin, end = created(target), created(case.set_of(case.state.stable_hash))
    return begin is not None and end is not None and begin < end


def _in_window(case: Case, target: JSON) -> bool:
    """The controller's rule: fewer ReplicaSets made between target and stable than the window holds."""
    window = integer(dig(case.raw, "spec", "rollbackWindow", "revisions"))
    stable = case.set_of(case.state.stable_hash)
    begin, end = created(target), created(stable)
    if window <= 0 or begin is None or end is None or not _is_older(case, target):
        return False
    between = [
        raw
        for raw in case.sets()
        if not annotations_of(raw).get(EXPERIMENT_NAME) and (made := created(raw)) is not None and begin < made < end
    ]
    return len(between) < window


def set_image(case: Case) -> Plan | Refusal:
    """Ask for other images, by container or for all (`*`)."""
    holder = case.holder
    if holder is None:
        return case.refuse("The object that its template comes from was not found", "Look at spec.workloadRef.")
    if not case.intent.images or any(not image.strip() for _, image in case.intent.images):
        return case.refuse("An image is missing", "Name a container and its image: container=image.")
    pod = table(case.template.get("spec"))
    names = {text(c.get("name")) for c, _ in workload.template_containers(case.template)}
    unknown = [name for name, _ in case.intent.images if name != "*" and name not in names]
    if unknown:
        there = ", ".join(sorted(names)) or "none"
        return case.refuse(f"There is no container called {', '.join(unknown)}", f"Containers: {there}.")
    wanted = {key: _with_images(pod.get(key), case.intent.images) for key in ("containers", "initContainers")}
    changed = {key: value for key, value in wanted.items() if value != rows(pod.get(key))}
    if not changed:
        return case.refuse("These images are asked for already")
    after = {**case.template, "spec": {**pod, **changed}}
    resource, of = holder
    version = called(workload.version(case.intent.images[0][1])) or case.intent.images[0][1]
    images, several = _image_changes(case.template, after), []
    if len(images) > 1:
        several = [f"Changes the images of {len(images)} containers."]
    now, instead = case.newest, ""
    if case.state.in_flight and not case.state.first:
        now, instead = case.stable, f", in place of the one to {case.newest}"
    return case.plan(
        "Set version",
        f"Start an update of {case.ref} from {now} to {version}{instead}: {case.ahead()}.",
        way_back=f"Abort while it is on its way, roll back after that; both return to {case.stable}.",
        changes=tuple(images),
        requests=(case.patch({"spec": {"template": {"spec": changed}}}, resource=resource, of=of),),
        seen=case.seen(("images", ", ".join(text(c.get("image")) for c, _ in _containers(case)))),
        warnings=(*several, *_held(case), *case.gitops()),
        expect=f"an update to {version} has begun",
        mark={"goal": "new version", "newest": version},
    )


def _containers(case: Case) -> list[tuple[JSON, bool]]:
    return workload.template_containers(case.template)


def _with_images(containers: Any, images: tuple[tuple[str, str], ...]) -> list[JSON]:
    changed = []
    for container in rows(containers):
        own = next((image for name, image in reversed(images) if name in {"*", text(container.get("name"))}), None)
        changed.append({**container, "image": own.strip()} if own is not None else container)
    return changed


def switch_back(case: Case) -> Plan | Refusal:
    """Give a blue/green's traffic back to the version before."""
    if case.state.in_flight:
        plan = plan_flow.abort(case)
    else:
        plan = undo(replace(case, intent=replace(case.intent, revision=None)))
    return plan if isinstance(plan, Refusal) else replace(plan, intent=case.intent, title=_TITLE)


_TITLE = change("", "", "Switch back").after
