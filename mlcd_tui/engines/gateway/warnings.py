"""What an operator should know before traffic moves."""

from __future__ import annotations

from mlcd_tui.engines._httproute_status import copy_warnings
from mlcd_tui.engines._words import listed, pods
from mlcd_tui.engines.gateway.state import Other, Side, Standing, number


def of_route(s: Standing, *, weights: bool) -> list[str]:
    """Of every plan that changes a route, its weights or only its copies."""
    found = []
    if s.git:
        found.append(f"{s.git} keeps this route and may revert the change; make it there as well.")
    if weights and len(s.split.shares) > 1:
        found.append("The rules of this route have different shares now; they get the same.")
    if s.split.apart:
        rules = listed([str(rule.index + 1) for rule in s.split.apart])
        one = len(s.split.apart) == 1
        found.append(f"{'Rule' if one else 'Rules'} {rules} leads to one of the two only and stays as it is.")
    if s.word.ok is not True:
        found.append(f"The gateway has not taken the present route: {s.word.sentence}.")
    found += [f"{gate.word.sentence}." for gate in s.gates if gate.word.ok is not True]
    return found


def of_load(s: Standing, stable: Side, candidate: Side, share: int) -> list[str]:
    """Of more live traffic for the candidate."""
    found = _capacity(stable, candidate, share)
    if s.relation is Other.RETURNED:
        found.append(f"{candidate.label} was tried with this version before, and turned down.")
    if stable.images and stable.images == candidate.images:
        found.append("Both sides run the same images.")
    if share == 100:
        if stable.ready == 0:
            found.append(f"{stable.label} has no ready pods now, so there is no quick way back.")
        found.append("Requests under way are answered by the version that they began with.")
    return found


def of_copies(s: Standing, stable: Side, candidate: Side, percent: int) -> list[str]:
    """Of copies for the candidate."""
    found = _capacity(stable, candidate, percent)
    for gate in s.gates:
        found += copy_warnings(gate, percent)
    if s.share:
        found.append(f"It answers {number(s.share)} % of live traffic already and gets copies of that as well.")
    found.append("What a request sets off besides its answer (writes, bills, logs) happens twice.")
    return found


def _capacity(stable: Side, candidate: Side, percent: int) -> list[str]:
    if candidate.ready is None:
        return [f"It cannot be seen whether {candidate.label} has ready pods."]
    if stable.ready is None or candidate.ready * 100 >= stable.ready * percent:
        return []
    return [f"{candidate.label} has {pods(candidate.ready)} ready, {stable.label} has {stable.ready}: less capacity."]
