"""Label and value pairs for the overview: the model, the shares, the parts, and what will not happen."""

from __future__ import annotations

from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.engines._json import dig, integer, rows, text
from mlcd_tui.engines.kserve import lints, standing
from mlcd_tui.engines.kserve.inference import Canary, Inference, model_of, source
from mlcd_tui.engines.kserve.kinds import Mode, Transition
from mlcd_tui.engines.kserve.state import State


def facts(state: State) -> tuple[tuple[Clean, Clean], ...]:
    """All that is known, in the order of reading."""
    own = state.inference
    found = [
        ("Mode", state.mode or "not told"),
        ("Blocked", _blocked(state)),
        *_model(own),
        *_shares(state),
        ("Model state", _model_state(own)),
        ("Last failure", own.failure.told if own.transition is not Transition.BLOCKED else ""),
        *_parts(own),
        ("URL", text(own.status.get("url"))),
        ("Stopped", "yes: KServe has deleted all that ran of it" if own.stopped else ""),
        *(("Watch out", each) for each in lints.of(state)),
        ("Observed generation", _generation(own)),
    ]
    return tuple((Clean(label), clean(value, limit=600)) for label, value in found if value)


def _blocked(state: State) -> str:
    own = state.inference
    if own.transition not in {Transition.BLOCKED, Transition.INVALID}:
        return ""
    return f"{own.transition}: {own.failure.told or 'no word on why'}; {standing.serves(state)}"


def _model(own: Inference) -> list[tuple[str, str]]:
    model = model_of(own.predictor)
    name, version = (text(dig(model, "modelFormat", key)) for key in ("name", "version"))
    runtime = text(model.get("runtime")) or text(own.status.get("servingRuntimeName"))
    return [
        ("Model", source(own.predictor)),
        ("Format", f"{name} {version}".strip()),
        ("Runtime", runtime or text(own.status.get("clusterServingRuntimeName"))),
        ("Runtime version", text(model.get("runtimeVersion"))),
        ("Protocol", text(model.get("protocolVersion"))),
        ("Storage key", text(dig(model, "storage", "key"))),
    ]


def _shares(state: State) -> list[tuple[str, str]]:
    own = state.inference
    if state.mode is Mode.KNATIVE:
        asked = "none: all traffic to what is new, once it is ready" if own.percent is None else f"{own.percent} %"
        return [
            ("canaryTrafficPercent", asked),
            ("Traffic", ", ".join(_traffic(own)[:8])),
            ("Preview", next((text(t.get("url")) for t in own.traffic if text(t.get("tag")) == "latest"), "")),
            ("Rolled out", own.rolled),
            ("Before that", own.previous),
            ("Newest", f"{own.created}{'' if own.ready == own.created else ', not ready'}" if own.created else ""),
        ]
    if not own.canaries:
        return []
    found = [
        (f"Canary {c.name}", f"{c.percent} % asked, {_readiness(c)}, {source(c.predictor) or 'the same model'}")
        for c in own.canaries[:8]
    ]
    return [*found, ("Live traffic", _live(state))]


def _live(state: State) -> str:
    route = state.route
    if route is None:
        return f"{state.reckoned} % reckoned by KServe's rule (ready canaries only); no HTTPRoute can be seen"
    told = {True: "its gateways took it", False: "a gateway refused it", None: "its gateways have not answered"}
    return f"{state.share} % to canaries by HTTPRoute {route.name}; {told[state.route_ok]}"


def _readiness(canary: Canary) -> str:
    told = {True: "ready", False: "not ready, so it gets nothing", None: "not seen by KServe yet"}
    return told[canary.ready]


def _traffic(own: Inference, part: str = "predictor") -> list[str]:
    found = []
    for each in rows(own.component(part).get("traffic")):
        tag = text(each.get("tag"))
        who = f"{text(each.get('revisionName'))}{' as latest' if each.get('latestRevision') is True else ''}"
        found.append(f"{integer(each.get('percent'))} % {who}{f' (tag {tag})' if tag else ''}")
    return found


def _model_state(own: Inference) -> str:
    active, target = (text(dig(own.model_status, "states", f"{key}ModelState")) for key in ("active", "target"))
    copies = own.model_status.get("copies")
    counts = (
        f"{integer(dig(copies, 'totalCopies'))} copies, {integer(dig(copies, 'failedCopies'))} failed" if copies else ""
    )
    states = f"active {active or 'none'}, target {target or 'none'}" if active or target else ""
    return "; ".join(part for part in (text(own.model_status.get("transitionStatus")), states, counts) if part)


def _parts(own: Inference) -> list[tuple[str, str]]:
    found = []
    for part in own.parts:
        ready = {True: "ready", False: "not ready", None: "not told"}[own.holds(f"{part.capitalize()}Ready")]
        told = [ready, *_traffic(own, part)[:4]]
        found.append((part.capitalize(), ", ".join(told)))
    return found


def _generation(own: Inference) -> str:
    there = integer(own.status.get("observedGeneration"))
    of = "the Knative Service" if own.mode is Mode.KNATIVE else "the predictor's Deployment"
    return f"{there} is that of {of}, not of this object" if there else ""
