"""Plans for a pair: one conditional patch of the Service moves all traffic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Plan, Refusal, Request
from mlcd_tui.domain.refs import JSON, SERVICES
from mlcd_tui.domain.text import clean
from mlcd_tui.engines._json import selector_text, text
from mlcd_tui.engines._words import pods
from mlcd_tui.engines.deployment import abilities, alone
from mlcd_tui.engines.deployment.kinds import PREVIOUS, RETURNED
from mlcd_tui.engines.deployment.pair import Other, Pair, mark, side_name
from mlcd_tui.engines.deployment.planning import conditional, images, keepers, plan, refuse
from mlcd_tui.engines.deployment.state import State

_SWITCHES = frozenset({Verb.PROMOTE, Verb.SWITCH, Verb.SWITCH_BACK, Verb.UNDO})
_YOUNG = timedelta(minutes=1)


def propose(
    intent: Intent, pair: Pair, service: JSON | None, targets: Mapping[str, alone.Target], now: datetime
) -> Plan | Refusal:
    """The plan of one verb for a pair; `targets` are its Deployments by name."""
    if intent.verb is Verb.UNDO and intent.revision and pair.other is not None and not pair.trouble:
        return _without_traffic(alone.propose(intent, targets[pair.other.name], now), pair, pair.other)
    why_not, _ = abilities.answer(intent.verb, pair)
    if why_not:
        return refuse(intent, why_not, _advice(pair) or (_undone(pair) if intent.verb is Verb.UNDO else ""))
    active, other = pair.active, pair.other
    assert active is not None
    if intent.verb in _SWITCHES and other is not None and service is not None:
        return switch(intent, pair, service, now)
    if intent.verb is Verb.RESTART:
        return alone.propose(intent, targets[active.name], now)
    if other is None:
        return refuse(intent, f"{active.name} is alone behind Service {pair.name}")
    proposed = alone.propose(intent, targets[other.name], now)
    return _without_traffic(proposed, pair, other) if intent.verb is Verb.SET_IMAGE else proposed


def _without_traffic(proposed: Plan | Refusal, pair: Pair, other: State) -> Plan | Refusal:
    """A change of the side that does not serve."""
    if isinstance(proposed, Refusal):
        return proposed
    gone = [f"{other.name} served before; with another version there is no switching back."]
    return replace(
        proposed,
        way_back=clean(f"{other.name} has no traffic: roll it back to revision {other.revision} again."),
        warnings=(*proposed.warnings, *(map(clean, gone) if pair.relation is Other.PREVIOUS else ())),
    )


def _advice(pair: Pair) -> str:
    if pair.trouble:
        return "See sample_configs/blue-green-deployments.yaml."
    other = pair.other
    if other is not None and other.desired == 0:
        count = max(_desired(pair.active), 1)
        return f"kubectl scale deployment {other.name} -n {other.meta.namespace} --replicas={count}"
    return ""


def _undone(pair: Pair) -> str:
    if pair.other is None:
        return ""
    return f"Roll back to a revision by its number to change {pair.other.name}, which has no traffic."


def _desired(side: State | None) -> int:
    return side.desired if side else 0


def switch(intent: Intent, pair: Pair, service: JSON, now: datetime) -> Plan | Refusal:
    """All traffic to the side that does not serve now."""
    active, other = pair.active, pair.other
    assert active is not None
    assert other is not None
    selector = pair.selector
    lacking = [key for key in selector if not isinstance(other.pod_labels.get(key), str)]
    if lacking:
        return refuse(
            intent,
            f"the pods of {other.name} lack the label {', '.join(lacking)}, by which Service {pair.name} selects",
            f"Give {other.name}'s pod template that label.",
        )
    moved = {key: other.pod_labels[key] for key, value in selector.items() if other.pod_labels[key] != value}
    back = pair.relation is Other.PREVIOUS
    assert pair.service is not None
    body = conditional(pair.service.metadata.resourceVersion, {"spec": {"selector": moved}}, _notes(active, back=back))
    again = "Switch" if back else "Switch back"
    way_back = f"{again} sends it to {side_name(active)} again within seconds, as long as its pods are kept."
    return plan(
        intent,
        Request(SERVICES, intent.ref.namespace, pair.name, body),
        title="Switch back" if back else "Switch traffic",
        sentence=f"Send all live traffic of {intent.ref} to {side_name(other)}, version {other.version}, in place of "
        f"{side_name(active)}, version {active.version}{'; it served before' if back else ''}.",
        way_back=way_back,
        changes=[
            ("serves", f"{side_name(active)} {active.version}", f"{side_name(other)} {other.version}"),
            ("selector", selector_text(selector), selector_text({**selector, **moved})),
        ],
        seen=[
            ("selector", selector_text(selector)),
            ("serves", f"{active.name} revision {active.revision}: {images(active)}"),
            ("takes over", f"{other.name} revision {other.revision}: {images(other)}"),
        ],
        expect=f"Service {pair.name} selects the {pods(other.ready)} of {side_name(other)}",
        mark={
            "kind": "selector",
            "name": pair.name,
            "takes over": other.name,
            "leaves": active.name,
            **{f"label {key}": text(value) for key, value in moved.items()},
        },
        warnings=[*_warnings(pair, active, other, now), *keepers(service)],
    )


def _notes(active: State, *, back: bool) -> dict[str, str | None]:
    """What the Service remembers of this switch: the way back, or the version that was turned down."""
    return {PREVIOUS: None, RETURNED: mark(active)} if back else {PREVIOUS: mark(active), RETURNED: None}


def _warnings(pair: Pair, active: State, other: State, now: datetime) -> list[str]:
    found = []
    if other.ready < active.ready:
        found.append(f"{other.name} has {pods(other.ready)} ready, {active.name} has {active.ready}: less capacity.")
    if other.ready < other.desired:
        found.append(f"Only {other.ready} of {other.desired} pods of {other.name} are ready.")
    if pair.relation is Other.RETURNED:
        found.append(f"{other.name} served before with this version, and was switched back from.")
    if pair.relation is Other.SAME:
        found.append("Both sides run the same version: images, commands, environment and volumes are equal.")
    if other.progressed and timedelta() <= now - other.progressed < _YOUNG:
        found.append(f"{other.name} became ready only {int((now - other.progressed).total_seconds())} s ago.")
    if active.ready == 0:
        found.append(f"{active.name} has no ready pods now, so there is no quick way back.")
    found.append("Connections that are open stay with the old pods until they end.")
    return found
