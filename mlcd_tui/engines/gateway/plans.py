"""Plans that move traffic: each is one conditional patch of the route, which all its rules obey together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import JSON_PATCH, Change, Plan, Refusal, Request
from mlcd_tui.domain.text import clean
from mlcd_tui.engines import _httproute_patch as patch
from mlcd_tui.engines._httproute import CANDIDATE, HTTP_ROUTES, SINCE, STABLE
from mlcd_tui.engines._sent import VERSION
from mlcd_tui.engines._words import listed, sentence
from mlcd_tui.engines.gateway import abilities, warnings
from mlcd_tui.engines.gateway.kinds import MOVED, PREVIOUS, RETURNED, SWITCHED
from mlcd_tui.engines.gateway.state import Other, Side, Standing, number


@dataclass(frozen=True, slots=True)
class Move:
    """What a verb makes of the traffic."""

    title: str
    told: str
    """The sentence, but for its stop."""
    way_back: str
    share: int | None = None
    """Percent of live traffic for the candidate; None leaves the weights."""
    mirror: int | None = None
    """Percent of copies for the candidate, 0 stops; None leaves them."""
    notes: dict[str, str | None] = field(default_factory=dict)
    warnings: Sequence[str] = ()


def refuse(intent: Intent, words: str, advice: str = "") -> Refusal:
    """Why not, as a sentence of its own."""
    known = words.startswith(("it ", "its ", "no ", "there ", "nothing ", "namespace ", "all ", "rule ", "waiting "))
    return Refusal(
        intent, clean(sentence(words) if known else words if words.endswith(".") else f"{words}."), clean(advice)
    )


def propose(intent: Intent, s: Standing, now: datetime) -> Plan | Refusal:
    """The plan of one verb that moves traffic."""
    why_not, _ = abilities.answer(intent.verb, s)
    if why_not:
        return refuse(intent, why_not, _advice(s, why_not))
    assert s.stable is not None
    assert s.candidate is not None
    if intent.verb is Verb.UNDO and intent.revision is not None:
        return refuse(
            intent,
            f"a route knows no revisions, so {s.label} cannot go to revision {intent.revision}",
            f"Set the version of {s.candidate.label}, or switch back.",
        )
    move = _MOVES[intent.verb](intent, s, s.stable, s.candidate, now)
    return move if isinstance(move, Refusal) else _plan(intent, s, move, now)


def _advice(s: Standing, why_not: str) -> str:
    candidate = s.candidate
    if candidate is not None and candidate.deployment is not None and f"{candidate.workload} is scaled to 0" in why_not:
        count = max(s.stable.desired if s.stable else 1, 1)
        return f"kubectl scale deployment {candidate.workload} -n {candidate.target.namespace} --replicas={count}"
    if candidate is not None and "back to revision " in why_not:
        number, where = why_not.rpartition("revision ")[2].partition(",")[0], candidate.target.namespace
        return f"kubectl rollout undo deployment {candidate.workload} -n {where} --to-revision={number}"
    if s.split.trouble:
        return "See docs/gateway-api.md and sample_configs/gateway-api.yaml."
    return ""


def _plan(intent: Intent, s: Standing, move: Move, now: datetime) -> Plan:
    route = s.route
    notes = move.notes if move.share is None else {**move.notes, MOVED: _time(now)}
    body = patch.edit(route, s.split, share=move.share, mirror=move.mirror, notes=notes)
    request = Request(HTTP_ROUTES, route.namespace, route.name, body, JSON_PATCH, strict=True)
    stable, candidate = s.split.stable, s.split.candidate
    assert stable is not None
    assert candidate is not None
    mark = {
        "kind": "traffic",
        VERSION: route.version,
        "generation": str(route.generation),
        "stable": "/".join(stable.key),
        "candidate": "/".join(candidate.key),
        "rules": ",".join(str(rule.index) for rule in s.split.rules),
        "share": "" if move.share is None else str(move.share),
        "mirror": "" if move.mirror is None else str(move.mirror),
    }
    return Plan(
        intent=intent,
        title=clean(move.title),
        sentence=clean(f"{move.told}."),
        way_back=clean(f"{move.way_back}."),
        changes=tuple(_changes(s, move)),
        requests=(request,),
        seen=tuple((label, clean(value)) for label, value in _seen(s)),
        warnings=tuple(clean(each) for each in (*move.warnings, *warnings.of_route(s, weights=move.share is not None))),
        expect=clean(f"every gateway of {s.label} accepted it"),
        mark=mark,
    )


def _changes(s: Standing, move: Move) -> list[Change]:
    found = []
    assert s.stable is not None
    assert s.candidate is not None
    if move.share is not None:
        before = " and ".join(f"{number(share)} %" for share in s.split.shares)
        old = " and ".join(f"{number(100 - share)} %" for share in s.split.shares)
        found.append(("live traffic of " + s.candidate.label, before, f"{move.share} %"))
        found.append(("live traffic of " + s.stable.label, old, f"{100 - move.share} %"))
    if move.mirror is not None:
        now = f"{number(s.split.mirror)} %" if s.split.mirror else "none"
        found.append(("copies to " + s.candidate.label, now, f"{move.mirror} %" if move.mirror else "none"))
    if len(s.split.rules) > 1:
        rules = listed([str(rule.index + 1) for rule in s.split.rules])
        found.append(("rules", f"{rules}, moved together", f"{rules}, moved together"))
    return [Change(clean(label), clean(before), clean(after)) for label, before, after in found]


def _seen(s: Standing) -> list[tuple[str, str]]:
    assert s.stable is not None
    assert s.candidate is not None
    rules = ", ".join(str(rule.index + 1) for rule in s.split.rules)
    found = [
        ("route", f"{s.route.name} {s.route.uid}"),
        ("rules", rules),
        ("shares", " and ".join(f"{number(share)} %" for share in s.split.shares)),
        ("copies", " and ".join(f"{number(copy.percent)} %" for copy in s.split.copies) or "none"),
    ]
    for label, side in (("serves", s.stable), ("candidate", s.candidate)):
        images = ", ".join(f"{name}={image}" for name, image in side.images)
        found.append((label, f"{side.mark} {images}".strip()))
    return found


def _identity(stable: Side, candidate: Side) -> dict[str, str | None]:
    """Who is who, written down with the first act, so that weights need not tell it later."""
    return {STABLE: _name(stable), CANDIDATE: _name(candidate)}


def _name(side: Side) -> str:
    target = side.target
    return target.name if target.namespace == side.home else f"{target.namespace}/{target.name}"


def _time(now: datetime) -> str:
    return now.isoformat(timespec="seconds").replace("+00:00", "Z")


def _arrived(stable: Side, candidate: Side, now: datetime) -> dict[str, str | None]:
    """What the route remembers of a switch: the way back."""
    return {
        STABLE: _name(candidate),
        CANDIDATE: _name(stable),
        PREVIOUS: stable.mark,
        SWITCHED: _time(now),
        RETURNED: None,
        SINCE: None,
    }


def _to(s: Standing, stable: Side, candidate: Side, share: int, now: datetime, title: str) -> Move:
    """Live traffic by weight. Copies stop with it: the candidate would get copies of what it answers itself."""
    more = f" instead of {number(s.share)} %" if s.share else ""
    stops = bool(s.split.copies) and share > 0
    copying = ", and stop copying" if stops else ""
    all_of_it = share == 100
    told = (
        f"Send {'all' if all_of_it else f'{share} % of'} live traffic of {s.label} to {candidate.told}{more}{copying}"
    )
    back = (
        f"Switch back sends it to {stable.label} again within seconds, as long as its pods are kept"
        if all_of_it
        else f"Abort sends all live traffic to {stable.label} again within seconds"
    )
    notes = _arrived(stable, candidate, now) if all_of_it else _identity(stable, candidate)
    heavy = warnings.of_load(s, stable, candidate, share) if share > s.share else []
    return Move(title, told, back, share, 0 if stops else None, {**notes, **({SINCE: None} if stops else {})}, heavy)


def _set_weight(intent: Intent, s: Standing, stable: Side, candidate: Side, now: datetime) -> Move | Refusal:
    share = intent.weight
    if share is None or not 0 <= share <= 100:
        return refuse(intent, "a weight is a percent of live traffic, 0 to 100", "Name one.")
    if s.split.shares == (float(share),):
        return refuse(intent, f"{candidate.label} has {share} % of live traffic already")
    if share > s.share and (why_not := abilities.hindrance(s, candidate)):
        return refuse(intent, why_not, _advice(s, why_not))
    if share == 0:
        return _abort(intent, s, stable, candidate, now)
    return _to(s, stable, candidate, share, now, f"Set weight to {share} %")


def _promote(intent: Intent, s: Standing, stable: Side, candidate: Side, now: datetime) -> Move | Refusal:
    if s.split.mirror and not s.by_steps:
        return _switch(intent, s, stable, candidate, now)
    return _to(s, stable, candidate, s.next_step, now, "Promote one step")


def _promote_full(_intent: Intent, s: Standing, stable: Side, candidate: Side, now: datetime) -> Move:
    return _to(s, stable, candidate, 100, now, "Promote fully")


def _switch(_intent: Intent, s: Standing, stable: Side, candidate: Side, now: datetime) -> Move:
    return _to(s, stable, candidate, 100, now, "Switch traffic")


def _abort(_intent: Intent, s: Standing, stable: Side, candidate: Side, _now: datetime) -> Move:
    parts = []
    if s.share:
        parts.append(f"send all live traffic of {s.label} to {stable.told}, nothing to {candidate.told}")
    if s.split.copies:
        parts.append("stop copying" if s.share else f"stop copying traffic of {s.label} to {candidate.told}")
    told = " and ".join(parts)
    turned_down = {} if s.relation is Other.PREVIOUS else {RETURNED: candidate.mark}
    weak = [] if stable.ready or stable.ready is None else [f"{stable.label} has no ready pods now."]
    return Move(
        "Abort",
        told[:1].upper() + told[1:],
        f"Promote begins anew with {candidate.label}",
        0 if s.share else None,
        0 if s.split.copies else None,
        {**_identity(stable, candidate), **turned_down, SINCE: None},
        weak,
    )


def _switch_back(_intent: Intent, s: Standing, stable: Side, candidate: Side, _now: datetime) -> Move:
    notes = {
        STABLE: _name(candidate),
        CANDIDATE: _name(stable),
        PREVIOUS: None,
        SWITCHED: None,
        RETURNED: stable.mark,
        SINCE: None,
    }
    stops = " and stop copying" if s.split.copies else ""
    return Move(
        "Switch back",
        f"Send all live traffic of {s.label} to {candidate.told} in place of {stable.told}{stops}; it served before",
        f"Promote fully sends it to {stable.label} again",
        100,
        0 if s.split.copies else None,
        notes,
        warnings.of_load(s, stable, candidate, 100),
    )


def _mirror(intent: Intent, s: Standing, stable: Side, candidate: Side, now: datetime) -> Move | Refusal:
    there = s.split.copies
    percent = intent.mirror if intent.mirror is not None else 0 if there else 100
    if not 0 <= percent <= 100:
        return refuse(intent, "a share of copies is a percent of live traffic, 0 to 100", "Name one.")
    if not percent and not there:
        return refuse(intent, f"no traffic is copied to {candidate.label}")
    if there and {copy.percent for copy in there} == {float(percent)} and len(there) == len(s.split.rules):
        return refuse(intent, f"{percent} % is copied to {candidate.label} already")
    if not percent:
        told = f"Stop copying live traffic of {s.label} to {candidate.told}"
        again = f"Copying {number(s.split.mirror)} % can begin again at any time"
        return Move("Stop copying", told, again, None, 0, {**_identity(stable, candidate), SINCE: None})
    if why_not := abilities.hindrance(s, candidate):
        return refuse(intent, why_not, _advice(s, why_not))
    more = f" instead of {number(s.split.mirror)} %" if s.split.mirror else ""
    told = f"Copy {percent} % of live traffic of {s.label} to {candidate.told}{more}; customers never see its answers"
    since = {} if s.split.mirror else {SINCE: _time(now)}
    return Move(
        "Copy traffic",
        told,
        "Copying 0 % or abort stops it within seconds",
        None,
        percent,
        {**_identity(stable, candidate), **since},
        warnings.of_copies(s, stable, candidate, percent),
    )


_MOVES: dict[Verb, Callable[[Intent, Standing, Side, Side, datetime], Move | Refusal]] = {
    Verb.SET_WEIGHT: _set_weight,
    Verb.PROMOTE: _promote,
    Verb.PROMOTE_FULL: _promote_full,
    Verb.SWITCH: _switch,
    Verb.ABORT: _abort,
    Verb.SWITCH_BACK: _switch_back,
    Verb.UNDO: _switch_back,
    Verb.MIRROR: _mirror,
}
