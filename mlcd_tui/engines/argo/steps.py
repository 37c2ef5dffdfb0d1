"""The timeline of a canary's steps, each with a short caption and all of its fields."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mlcd_tui.domain.analysis import AnalysisRun
from mlcd_tui.domain.refs import JSON
from mlcd_tui.domain.rollout import Phase, Step, StepState
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.engines._json import dig, integer, maybe_integer, rows, table, text
from mlcd_tui.engines._words import span
from mlcd_tui.engines.argo import lean
from mlcd_tui.engines.argo.journey import share
from mlcd_tui.engines.argo.state import State, pause_seconds, step_kind
from mlcd_tui.engines.argo.summary import step_states

Details = list[tuple[str, object]]


def caption(step: lean.Step, max_weight: int = 100) -> Clean:
    """What the step does, in a few words."""
    match step_kind(step):
        case "setWeight":
            return clean(f"set {share(integer(step.setWeight), max_weight)}")
        case "pause":
            duration = step.pause.duration if isinstance(step.pause, lean.Pause) else None
            seconds = pause_seconds(duration)
            if seconds is None:
                return Clean("pause until promoted")
            return clean(f"pause {span(seconds)}" if seconds >= 0 else f"pause {duration} (unreadable)", limit=80)
        case "setCanaryScale":
            return _scale_caption(step)
        case "setMirrorRoute":
            return _mirror_caption(step)
        case "setHeaderRoute" | "plugin" as kind:
            route = getattr(step, kind)
            name = text(route.name) if isinstance(route, lean.Route) else ""
            if kind == "plugin":
                return clean(f"plug-in {name}", limit=120)
            off = not (isinstance(route, lean.Route) and isinstance(route.match, list) and route.match)
            return clean(f"remove header route {name}" if off else f"header route {name}", limit=120)
        case kind:
            return clean("unknown step" if kind == "unknown" else kind)


def _scale_caption(step: lean.Step) -> Clean:
    scale = step.setCanaryScale
    if isinstance(scale, lean.Scale):
        if scale.weight is not None:
            return clean(f"scale canary to {integer(scale.weight)} %")
        if scale.matchTrafficWeight is True:
            return Clean("scale canary with traffic")
        if scale.replicas is not None:
            return clean(f"scale canary to {integer(scale.replicas)} pods")
    return Clean("scale canary")


def _mirror_caption(step: lean.Step) -> Clean:
    route = step.setMirrorRoute
    if not isinstance(route, lean.Route):
        return Clean("mirror")
    if not (isinstance(route.match, list) and route.match):
        return clean(f"stop mirror {text(route.name)}", limit=120)
    return clean(f"mirror {integer(route.percentage, 100)} %")


def _short(value: object) -> Clean:
    if isinstance(value, str | int | float | bool) or value is None:
        return clean(value, limit=400)
    return clean(json.dumps(value, default=str), limit=400)


def _templates(of: object) -> Details:
    found: Details = []
    for template in rows(dig(of, "templates")):
        if template.get("clusterScope") is True:
            found.append(("of the cluster", text(template.get("templateName"))))
    for argument in rows(dig(of, "args")):
        value = argument.get("value")
        found.append(
            (f"argument {text(argument.get('name'))}", value if value is not None else argument.get("valueFrom"))
        )
    found.extend(("dry run", text(dry.get("metricName"))) for dry in rows(dig(of, "dryRun")))
    return found


def _experiment(of: object) -> Details:
    found: Details = []
    if (duration := dig(of, "duration")) is not None:
        found.append(("duration", duration))
    for template in rows(dig(of, "templates")):
        parts = [f"of {text(template.get('specRef'))}", f"{integer(template.get('replicas'), 1)} pods"]
        if (weight := maybe_integer(template.get("weight"))) is not None:
            parts.append(f"{weight} % of traffic")
        found.append((f"template {text(template.get('name'))}", ", ".join(parts)))
    for analysis in rows(dig(of, "analyses")):
        needed = ", required" if analysis.get("requiredForCompletion") is True else ""
        found.append((f"analysis {text(analysis.get('name'))}", f"{text(analysis.get('templateName'))}{needed}"))
    return found


def _string_match(of: object) -> str:
    return ", ".join(f"{how} {value}" for how, value in table(of).items())


def _routes(of: object, kind: str) -> Details:
    found: Details = [("route", dig(of, "name"))] if kind == "setMirrorRoute" else []
    matches = rows(dig(of, "match"))
    for match in matches:
        if kind == "setHeaderRoute":
            found.append((f"header {text(match.get('headerName'))}", _string_match(match.get("headerValue"))))
            continue
        parts = [f"{key} {_string_match(match.get(key))}" for key in ("method", "path") if match.get(key)]
        parts += [f"header {name} {_string_match(value)}" for name, value in table(match.get("headers")).items()]
        found.append(("match", ", ".join(parts) or "everything"))
    if not matches:
        found.append(("match", "none: the route is removed"))
    return found


def _plugin(of: object, status: JSON) -> Details:
    found: Details = [(f"config {key}", value) for key, value in table(dig(of, "config")).items()]
    found += [(key, status[key]) for key in ("phase", "message", "operation", "executions") if key in status]
    return found


def details(kind: str, body: object, status: JSON) -> tuple[tuple[Clean, Clean], ...]:
    """Label and value of what the caption does not say; `status` is what the controller tells of a plug-in step."""
    found: Details
    match kind:
        case "setWeight" | "pause" | "setCanaryScale":
            found = []
        case "analysis":
            found = _templates(body)
        case "experiment":
            found = _experiment(body)
        case "setHeaderRoute" | "setMirrorRoute":
            found = _routes(body, kind)
        case "plugin":
            found = _plugin(body, status)
        case _:
            found = [(str(key), value) for key, value in table(body).items()]
    return tuple((clean(label, limit=200), _short(value)) for label, value in found)


def timeline(state: State, raw: JSON, phase: Phase, runs: Sequence[AnalysisRun]) -> tuple[Step, ...]:
    """Every step with its state, its fields, and the verdict of its analysis.

    An aborted canary has gone back to step 0; the step whose analysis failed is the one that is shown as failed.
    """
    given = dig(raw, "spec", "strategy", "canary", "steps")
    bodies: list[Any] = given if isinstance(given, list) else []
    plugins = {integer(s.get("index"), -1): s for s in rows(dig(raw, "status", "canary", "stepPluginStatuses"))}
    states = list(step_states(state, phase))
    of_step = {run.step_index: run for run in reversed(runs) if run.revision == state.revision and run.kind == "Step"}
    culprit = next((i for i, r in of_step.items() if i is not None and r.phase in {"Failed", "Error"}), None)
    if state.aborted and culprit is not None and 0 <= culprit < len(states):
        states = [StepState.TODO] * len(states)
        states[culprit] = StepState.FAILED
    found = []
    for index, step in enumerate(state.steps):
        kind = step_kind(step)
        shown = Step(index, Clean(kind), caption(step, state.max_weight), states[index])
        body = table(bodies[index]).get(kind) if index < len(bodies) else None
        if kind == "analysis" and (names := [text(t.get("templateName")) for t in rows(dig(body, "templates"))]):
            shown = replace(shown, caption=clean(f"analysis {', '.join(names)}", limit=120))
        more = details(kind, body if kind != "unknown" else (bodies[index : index + 1] or [None])[0],
                       plugins.get(index, {}))  # fmt: skip
        if (run := of_step.get(index)) is not None:
            verdict = f"{run.name}: {run.phase or 'not started'}{' — ' if run.message else ''}{run.message}"
            more += ((Clean("run"), clean(verdict)),)
        found.append(replace(shown, details=more))
    return tuple(found)
