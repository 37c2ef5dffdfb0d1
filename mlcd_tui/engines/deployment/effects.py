"""Whether a plan has taken effect, judged by fresh objects."""

from __future__ import annotations

from collections.abc import Callable

from mlcd_tui.domain.plan import Plan, Settled
from mlcd_tui.domain.refs import DEPLOYMENTS, JSON, REPLICA_SETS, SERVICES, Objects
from mlcd_tui.domain.text import clean
from mlcd_tui.engines._json import dig, name_of, table, text
from mlcd_tui.engines._lean_pods import from_raw
from mlcd_tui.engines._sent import unchanged
from mlcd_tui.engines._settled import never, not_yet, yes
from mlcd_tui.engines._workload import template_containers
from mlcd_tui.engines.deployment import lean, templates
from mlcd_tui.engines.deployment.kinds import RESTARTED
from mlcd_tui.engines.deployment.state import read


def settled(plan: Plan, objects: Objects) -> Settled:
    """An engine's word on a plan."""
    mark = plan.mark
    kind, name = mark.get("kind", ""), mark.get("name", "")
    resource = SERVICES if kind == "selector" else DEPLOYMENTS
    raw = next((item for item in objects.get(resource, ()) if name_of(item) == name), None)
    if raw is None:
        return never(f"{resource.kind} {name} is gone")
    if unchanged(plan, objects):
        return not_yet("waiting for the change to be seen")
    if not _HOLDS[kind](plan, raw, objects):
        return never(f"{resource.kind} {name} was changed again by somebody else")
    if kind == "selector":
        return yes(plan.expect)
    return _deployment(kind, raw)


def _deployment(kind: str, raw: JSON) -> Settled:
    state = read(from_raw(lean.LeanDeployment, raw))
    if not state.observed:
        return not_yet(state.sentence())
    if kind == "paused":
        told = "paused" if state.paused else state.sentence()
        return yes(f"{state.name}: {told}")
    if state.expired:
        return never(state.sentence())
    if state.paused:
        return Settled(
            done=True, sentence=clean(f"{state.name} has it, and is paused: no pod changes before you resume")
        )
    begun = state.updated > 0 or state.desired == 0
    told = state.replica_failure or state.sentence()
    return Settled(done=begun, sentence=clean(told))


def _paused(plan: Plan, raw: JSON, _objects: Objects) -> bool:
    return (dig(raw, "spec", "paused") is True) == (plan.mark["paused"] == "true")


def _restarted(plan: Plan, raw: JSON, _objects: Objects) -> bool:
    return text(dig(raw, "spec", "template", "metadata", "annotations", RESTARTED)) == plan.mark["at"]


def _images(plan: Plan, raw: JSON, _objects: Objects) -> bool:
    there = {
        f"image {text(c.get('name'))}": text(c.get("image"))
        for c, _ in template_containers(dig(raw, "spec", "template"))
    }
    return all(there.get(key) == value for key, value in plan.mark.items() if key.startswith("image "))


def _template(plan: Plan, raw: JSON, objects: Objects) -> bool:
    rs = next((item for item in objects.get(REPLICA_SETS, ()) if name_of(item) == plan.mark["rs"]), None)
    # The controller may have tidied that ReplicaSet up; the template was sent in any case.
    return rs is None or templates.same(rs, raw)


def _selector(plan: Plan, raw: JSON, _objects: Objects) -> bool:
    selector = table(dig(raw, "spec", "selector"))
    wanted = {key.removeprefix("label "): value for key, value in plan.mark.items() if key.startswith("label ")}
    return all(selector.get(key) == value for key, value in wanted.items())


_HOLDS: dict[str, Callable[[Plan, JSON, Objects], bool]] = {
    "paused": _paused,
    "restarted": _restarted,
    "images": _images,
    "template": _template,
    "selector": _selector,
}
