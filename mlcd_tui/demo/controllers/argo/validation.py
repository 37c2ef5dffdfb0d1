"""What makes a rollout an invalid one to its controller."""

from __future__ import annotations

from typing import Any

from mlcd_tui.demo.controllers.argo.parts import blue_green, canary, is_blue_green, max_weight, seconds, steps
from mlcd_tui.demo.kinds import ANALYSISTEMPLATES, CLUSTERANALYSISTEMPLATES, SERVICES
from mlcd_tui.demo.store import Store

Object = dict[str, Any]
_EXCLUSIVE = ("experiment", "pause", "setWeight", "analysis")
_STEPS = (*_EXCLUSIVE, "setCanaryScale", "setHeaderRoute", "setMirrorRoute", "plugin")
_DEADLINE = 600
_ROUTERS_OF_SERVICES = frozenset({"alb", "smi", "apisix", "ambassador", "nginx", "appMesh", "traefik"})
_SAME = "This rollout uses the same service for the {} services, but two different services are required."


def problem(store: Store, rollout: Object) -> str:
    """Why the controller calls a rollout invalid; empty if it does not."""
    return (
        _pods_problem(rollout["spec"])
        or _strategy_problem(rollout)
        or _service_problem(store, rollout)
        or _template_problem(store, rollout)
    )


def _pods_problem(spec: Object) -> str:
    if not spec.get("selector"):
        return "spec.selector: Required value: Rollout has missing field '.spec.selector'"
    template = spec.get("template") or {}
    labels = (template.get("metadata") or {}).get("labels") or {}
    for key, value in (spec["selector"].get("matchLabels") or {}).items():
        if labels.get(key) != value:
            why = "`selector` does not match template `labels`"
            return f"spec.template.metadata.labels: Invalid value: {_go_map(labels)}: {why}"
    if not (template.get("spec") or {}).get("containers"):
        return "spec.template.spec.containers: Required value"
    deadline = spec.get("progressDeadlineSeconds") or _DEADLINE
    if deadline <= (spec.get("minReadySeconds") or 0):
        return f"spec.progressDeadlineSeconds: Invalid value: {deadline}: must be greater than minReadySeconds"
    return ""


def _go_map(labels: Object) -> str:
    return "{" + ",".join(f'"{key}":"{value}"' for key, value in sorted(labels.items())) + "}"


def _strategy_problem(rollout: Object) -> str:
    strategy = rollout["spec"].get("strategy") or {}
    if not strategy.keys() & {"canary", "blueGreen"}:
        wanted = "'.spec.strategy.canary or .spec.strategy.blueGreen'"
        return f"spec.strategy.strategy: Required value: Rollout has missing field {wanted}"
    if strategy.keys() >= {"canary", "blueGreen"}:
        both = '"blueGreen: true canary: true"'
        return f"spec.strategy.strategy: Invalid value: {both}: Multiple Strategies can not be listed"
    if is_blue_green(rollout):
        active = blue_green(rollout).get("activeService", "")
        if active == blue_green(rollout).get("previewService", ""):
            return f'spec.strategy.activeService: Invalid value: "{active}": {_SAME.format("active and preview")}'
        return ""
    return _canary_problem(canary(rollout)) or _steps_problem(rollout)


def _canary_problem(spec: Object) -> str:
    surge = spec.get("maxSurge", "25%")
    if all(str(value).rstrip("%") == "0" for value in (surge, spec.get("maxUnavailable", "25%"))):
        shown = surge if isinstance(surge, int) else f'"{surge}"'
        return f"spec.strategy.maxSurge: Invalid value: {shown}: MaxSurge and MaxUnavailable both can not be zero"
    stable, new = spec.get("stableService", ""), spec.get("canaryService", "")
    if stable and stable == new:
        return f'spec.strategy.stableService: Invalid value: "{stable}": {_SAME.format("stable and canary")}'
    routing = spec.get("trafficRouting")
    if routing is None:
        if (delay := spec.get("scaleDownDelaySeconds")) is not None:
            why = "Canary scaleDownDelaySeconds can only be used with traffic routing"
            return f"spec.strategy.scaleDownDelaySeconds: Invalid value: {delay}: {why}"
        if spec.get("dynamicStableScale"):
            why = "Canary dynamicStableScale can only be used with traffic routing"
            return f"spec.strategy.dynamicStableScale: Invalid value: true: {why}"
        return ""
    if routing.keys() & _ROUTERS_OF_SERVICES:
        for field, value in (("stableService", stable), ("canaryService", new)):
            if not value:
                why = "Canary service and Stable service must to be set to use Traffic Routing"
                return f'spec.strategy.{field}: Invalid value: "": {why}'
    return ""


def _steps_problem(rollout: Object) -> str:
    for index, step in enumerate(steps(rollout)):
        if why := _step_problem(step, f"spec.strategy.steps[{index}]", max_weight(rollout)):
            return why
        if "setCanaryScale" in step and "trafficRouting" not in canary(rollout):
            return "spec.strategy.trafficRouting: Required value: SetCanaryScale requires TrafficRouting to be set"
    return ""


def _step_problem(step: Object, path: str, most: int) -> str:
    must = "Step must have one of the following set: experiment, setWeight, setCanaryScale, plugin or pause"
    if len(step.keys() & set(_EXCLUSIVE)) > 1:
        found = " ".join(f"step.{_go_name(name)}: {str(name in step).lower()}" for name in _EXCLUSIVE)
        return f'{path}: Invalid value: "{found}": {must}'
    if not step.keys() & set(_STEPS):
        # the real controller tells what is missing as true
        found = " ".join(f"step.{_go_name(name)}: true" for name in _STEPS)
        return f'{path}: Invalid value: "{found}": {must}'
    weight = step.get("setWeight")
    if weight is not None and not 0 <= weight <= most:
        return f"{path}.setWeight: Invalid value: {weight}: SetWeight needs to be between 0 and {most}"
    duration = (step.get("pause") or {}).get("duration")
    if duration is not None and seconds(duration) < 0:
        return f"{path}.pause.duration: Invalid value: {int(seconds(duration))}: Duration needs to be greater than 0"
    return ""


def _go_name(name: str) -> str:
    return name[0].upper() + name[1:]


def _service_problem(store: Store, rollout: Object) -> str:
    strategy = "blueGreen" if is_blue_green(rollout) else "canary"
    spec = blue_green(rollout) or canary(rollout)
    for field in ("activeService", "previewService", "stableService", "canaryService"):
        name = spec.get(field)
        if name and store.find(SERVICES, rollout["metadata"]["namespace"], name) is None:
            return f'spec.strategy.{strategy}.{field}: Invalid value: "{name}": service "{name}" not found'
    return ""


def _template_problem(store: Store, rollout: Object) -> str:
    places: list[tuple[str, Object]] = [
        (f"spec.strategy.canary.steps[{index}].analysis", step["analysis"])
        for index, step in enumerate(steps(rollout))
        if "analysis" in step
    ]
    if background := canary(rollout).get("analysis"):
        places.append(("spec.strategy.canary.analysis", background))
    places += [
        (f"spec.strategy.blueGreen.{field}", blue_green(rollout)[field])
        for field in ("prePromotionAnalysis", "postPromotionAnalysis")
        if field in blue_green(rollout)
    ]
    for path, analysis in places:
        for reference in analysis.get("templates") or ():
            name, cluster = reference["templateName"], reference.get("clusterScope")
            kind = CLUSTERANALYSISTEMPLATES if cluster else ANALYSISTEMPLATES
            if store.find(kind, "" if cluster else rollout["metadata"]["namespace"], name) is None:
                return f"{path}.templates: Invalid value: \"{name}\": {kind.kind} '{name}' not found"
    return ""
