"""Further facts of a Rollout for the overview."""

from __future__ import annotations

from datetime import UTC, datetime

from mlcd_tui.domain.refs import JSON
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.engines._json import (
    annotations_of,
    dig,
    integer,
    labels_of,
    maybe_integer,
    selector_text,
    table,
    text,
    when,
)
from mlcd_tui.engines._words import span
from mlcd_tui.engines.argo.state import State

Facts = list[tuple[str, object]]

_NOT_ROUTERS = frozenset({"managedRoutes", "maxTrafficWeight"})


def gitops_owner(raw: JSON) -> str:
    """The system that would set the object back to what its repository says; empty: none that we know of."""
    labels, annotations = labels_of(raw), annotations_of(raw)
    if application := text(labels.get("argocd.argoproj.io/instance")):
        return f"Argo CD application {application}"
    if tracking := text(annotations.get("argocd.argoproj.io/tracking-id")):
        return f"Argo CD application {tracking.partition(':')[0]}"
    if name := text(labels.get("kustomize.toolkit.fluxcd.io/name")):
        return f"Flux kustomization {name}"
    if name := text(labels.get("helm.toolkit.fluxcd.io/name")):
        return f"Flux release {name}"
    return ""


def routers(raw: JSON) -> list[str]:
    """Names of the traffic routers. Not clean."""
    routing = table(dig(raw, "spec", "strategy", "canary", "trafficRouting"))
    found = [key for key in routing if key not in _NOT_ROUTERS and key != "plugins"]
    return [*found, *table(routing.get("plugins"))]


def _strategy(state: State, raw: JSON) -> Facts:
    found: Facts = []
    strategy = table(dig(raw, "spec", "strategy", "canary" if state.canary is not None else "blueGreen"))
    if state.canary is not None:
        found.append(("traffic router", ", ".join(routers(raw)) or "none: by number of pods"))
        if recipe := _recipe(state):
            found.append(("way", recipe))
        if state.max_weight != 100:
            found.append(("weights are of", state.max_weight))
        if strategy.get("dynamicStableScale") is True:
            found.append(("stable scale", "shrinks as the canary grows"))
        if not state.routed:
            found.append(("max surge", strategy.get("maxSurge", "25%")))
            found.append(("max unavailable", strategy.get("maxUnavailable", "25%")))
        background = [text(t.get("templateName")) for t in _templates(strategy.get("analysis"))]
        if background:
            start = integer(dig(strategy, "analysis", "startingStep"))
            found.append(("background analysis", f"{', '.join(background)} from step {start + 1}"))
    elif state.blue_green is not None:
        seconds = integer(strategy.get("autoPromotionSeconds"))
        by_itself = f"by itself after {span(seconds)}" if seconds else "by itself when ready"
        found.append(("switch", by_itself if state.auto_promotes else "by hand"))
        for label, key in (
            ("before the switch", "prePromotionAnalysis"),
            ("after the switch", "postPromotionAnalysis"),
        ):
            if names := [text(t.get("templateName")) for t in _templates(strategy.get(key))]:
                found.append((f"analysis {label}", ", ".join(names)))
        if (preview := maybe_integer(strategy.get("previewReplicaCount"))) is not None:
            found.append(("preview pods", preview))
    found.append(("scale-down delay", span(scale_down_delay(state, raw))))
    return found


def _recipe(state: State) -> str:
    """A blue/green made of a canary's steps: copies first, then all live traffic at once; empty: it is none."""
    first = next((i for i, step in enumerate(state.steps) if step.setWeight and integer(step.setWeight) > 0), None)
    end = len(state.steps) if first is None else first
    copied = next((n for i in range(end) if (n := state.mirror_at(i)) is not None), None)
    if copied is None or (first is not None and integer(state.steps[first].setWeight) < state.max_weight):
        return ""
    return f"blue/green by copies: copies {copied} % of live traffic, then sends all of it at once"


def _templates(of: object) -> list[JSON]:
    given = dig(of, "templates")
    return [item for item in given if isinstance(item, dict)] if isinstance(given, list) else []


def scale_down_delay(state: State, raw: JSON) -> int:
    """Seconds that the version before stays up after a switch; a canary without a router has none."""
    if state.canary is not None and not state.routed:
        return 0
    body = table(dig(raw, "spec", "strategy", "canary" if state.canary is not None else "blueGreen"))
    return integer(body.get("scaleDownDelaySeconds"), 30)


def _spec(state: State, raw: JSON) -> Facts:
    spec = table(raw.get("spec"))
    found: Facts = []
    if workload := state.workload():
        found.append(("template from", f"{workload[0]}/{workload[1]}"))
        if how := text(dig(spec, "workloadRef", "scaleDown")):
            found.append(("template's own pods scale down", how))
    found.append(("selector", selector_text(dig(spec, "selector", "matchLabels"))))
    found.append(("progress deadline", span(integer(spec.get("progressDeadlineSeconds"), 600))))
    if spec.get("progressDeadlineAbort") is True:
        found.append(("past the deadline", "aborts"))
    found.append(("revisions kept", integer(spec.get("revisionHistoryLimit"), 10)))
    if (window := integer(dig(spec, "rollbackWindow", "revisions"))) > 0:
        found.append(("rollback window", f"{window} revisions go back without steps"))
    return found


def moment(at: datetime) -> str:
    """A moment for the eye; an engine does not know the reader's time zone."""
    try:
        at = at.astimezone(UTC)
    except OverflowError:  # a time zone that leads out of the calendar
        return at.isoformat()
    return f"{at.day} {at:%b %Y %H:%M} UTC"


def _status(state: State, raw: JSON) -> Facts:
    status = table(raw.get("status"))
    found: Facts = [("pod hash", state.current_hash), ("stable hash", state.stable_hash)]
    duration = table(status.get("duration"))
    started, ended = when(duration.get("rolloutStartedAt")), when(duration.get("finishedAt"))
    if started is not None:
        found.append(("begun", moment(started)))
    if started is not None and ended is not None:
        found.append(("took", span(int((ended - started).total_seconds()))))
    if completion := text(duration.get("completionStatus")):
        found.append(("ended as", completion))
    if paused := integer(duration.get("totalManualPauseDurationSeconds")):
        found.append(("paused by hand for", span(paused)))
    if aborted := when(status.get("abortedAt")):
        found.append(("aborted", moment(aborted)))
    if restarted := when(status.get("restartedAt")):
        found.append(("restarted", moment(restarted)))
    wanted = when(dig(raw, "spec", "restartAt"))
    if wanted and wanted != restarted:
        found.append(("restart asked for", moment(wanted)))
    if state.promote_full:
        found.append(("full promotion", "asked for"))
    if ping := text(state.canary_status.stablePingPong):
        found.append(("stable is", ping))
    return found


def facts(state: State, raw: JSON) -> tuple[tuple[Clean, Clean], ...]:
    """Label and value; what is empty is left out."""
    found = [*_strategy(state, raw), *_spec(state, raw), *_status(state, raw)]
    if owner := gitops_owner(raw):
        found.append(("managed by", owner))
    return tuple(
        (Clean(label[:1].upper() + label[1:]), clean(value, limit=400))
        for label, value in found
        if value is not None and value != ""
    )
