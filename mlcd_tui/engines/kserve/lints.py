"""What is asked for and will not happen: fields that KServe ignores or refuses, without a word where it matters."""

from __future__ import annotations

from mlcd_tui.engines._words import listed
from mlcd_tui.engines.kserve.kinds import Mode
from mlcd_tui.engines.kserve.state import State


def of(state: State) -> list[str]:
    """All of them, each as the words of a sentence. Not clean."""
    own = state.inference
    found = [why] if (why := refused(state)) else []
    if state.mode is Mode.STANDARD:
        return found + _standard(state)
    if own.canaries:
        found.append(f"spec.canary is for Standard mode only, and this is {state.mode or 'no mode that is told'}")
    if state.mode is Mode.KNATIVE and own.percent is not None:
        if not own.rolled and own.created:
            found.append("canaryTrafficPercent does nothing for a first revision: it gets all traffic")
        elif returns(state):
            found.append(
                f"canaryTrafficPercent is {own.percent} and nothing new is on its way: KServe returns to {own.previous}"
            )
    return found


def returns(state: State) -> bool:
    """A percent under 100 at rest, which KServe takes for a wish to return to the revision before."""
    own = state.inference
    back = bool(own.previous) and own.previous != own.rolled
    return own.percent is not None and own.percent < 100 and not state.in_flight and back


def refused(state: State) -> str:
    """Why KServe's webhook refuses every change; empty: it does not. Not clean."""
    if not state.inference.disagrees:
        return ""
    there = f'the annotation serving.kserve.io/deploymentMode is "{state.inference.noted_mode}"'
    return f"{there}, and must be {state.mode}, literally: KServe refuses every change until it is"


def _standard(state: State) -> list[str]:
    own, found = state.inference, []
    parts = [("predictor", own.predictor), *((part, own.spec[part]) for part in own.parts)]
    if ignored := [name for name, spec in parts if spec.get("canaryTrafficPercent") is not None]:
        told = listed([f"spec.{name}.canaryTrafficPercent" for name in ignored])
        found.append(
            f"{told} is ignored in Standard mode, without a word: a new model replaces the old one; use spec.canary"
        )
    total = sum(canary.percent for canary in own.canaries)
    if total > 100:
        found.append(f"the canaries ask for {total} % together; KServe refuses more than 100 %")
    found += [
        f"canary {c.name} has {c.percent} % and gets no pods, so it is never ready; give it minReplicas"
        for c in own.canaries
        if not own.pods_of(c, c.percent)
    ]
    if "transformer" in own.parts and own.canaries:
        found.append(
            "the transformer asks the predictor's Service itself, past the route: a canary gets nothing from it"
        )
    if starved(state):
        found.append(
            f"HTTPRoute {state.route.name if state.route else ''} gives a ready canary nothing: "
            "KServe 0.20.0 knows spec.canary, but writes no weights; a later one does"
        )
    if own.canaries and state.route is None and state.reckoned:
        found.append(
            "no HTTPRoute of it can be seen: only with Gateway API does KServe divide traffic in Standard mode"
        )
    return found


def starved(state: State) -> bool:
    """A canary is ready, asks for a share, and the route does not even name it."""
    route, ready = state.route, [each for each in state.candidates if each.canary and each.canary.ready]
    wished = [each.service for each in ready if each.canary and each.canary.percent]
    named = {target.name for rule in route.rules for target in rule.targets()} if route else set()
    return route is not None and bool(wished) and not any(each in named for each in wished)
