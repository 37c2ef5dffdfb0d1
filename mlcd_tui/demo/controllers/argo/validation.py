"""What makes a rollout an invalid one to its controller."""

from __future__ import annotations

from typing import Any

from mlcd_tui.demo.controllers.argo.parts import blue_green, canary, is_blue_green, max_weight, seconds, steps
from mlcd_tui.demo.kinds import ANALYSISTEMPLATES, CLUSTERANALYSISTEMPLATES, SERVICES
from mlcd_tui.demo.store import Store

Object = dict[str, Any]
_STEPS = frozenset(
    {
        "setWeight",
        "pause",
        "experiment",
        "analysis",
        "setCanaryScale",
        "setHeaderRoute",
        "setMirrorRoute",
        "plugin",
    }
)


def problem(store: Store, rollout: Object) -> str:
    """Why the controller calls a rollout invalid; empty if it does not."""
    spec = rollout["spec"]
    strategy = spec.get("strategy") or {}
    if not strategy:
        wanted = "'.spec.strategy.canary or .spec.strategy.blueGreen'"
        return f"spec.strategy.strategy: Required value: Rollout has missing field {wanted}"
    if "canary" in strategy and "blueGreen" in strategy:
        return "spec.strategy.strategy: Invalid value: Multiple Strategies can not be listed"
    if not spec.get("selector"):
        return "spec.selector: Required value: Rollout has missing field '.spec.selector'"
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    for key, value in (spec["selector"].get("matchLabels") or {}).items():
        if labels.get(key) != value:
            why = "`selector` does not match template `labels`"
            return f"spec.template.metadata.labels: Invalid value: {_go_map(labels)}: {why}"
    return _step_problem(rollout) or _service_problem(store, rollout) or _template_problem(store, rollout)


def _go_map(labels: Object) -> str:
    return "map[string]string{" + ", ".join(f'"{key}":"{value}"' for key, value in sorted(labels.items())) + "}"


def _step_problem(rollout: Object) -> str:
    for index, step in enumerate(steps(rollout)):
        path = f"spec.strategy.canary.steps[{index}]"
        if not step.keys() & _STEPS:
            return (
                f"{path}: Invalid value: step: Step must have one of the following set: experiment, setWeight, "
                "setCanaryScale, plugin or pause"
            )
        weight = step.get("setWeight")
        if weight is not None and not 0 <= weight <= max_weight(rollout):
            return (
                f"{path}.setWeight: Invalid value: {weight}: SetWeight needs to be between 0 and {max_weight(rollout)}"
            )
        duration = (step.get("pause") or {}).get("duration")
        if duration is not None and seconds(duration) < 0:
            return (
                f"{path}.pause.duration: Invalid value: {int(seconds(duration))}: Duration needs to be greater than 0"
            )
    return ""


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
