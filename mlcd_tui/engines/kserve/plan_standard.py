"""Plans in Standard mode: shares and entries of `spec.canary`."""

from __future__ import annotations

from typing import Any

from mlcd_tui.domain.plan import Plan, Refusal
from mlcd_tui.domain.refs import JSON
from mlcd_tui.engines._words import listed, pods
from mlcd_tui.engines.kserve.case import Case, change
from mlcd_tui.engines.kserve.inference import Canary
from mlcd_tui.engines.kserve.state import Version

_FIXED = ("minReplicas", "maxReplicas", "scaleTarget", "scaleMetric", "autoScaling")
"""What is the business of the predictor that serves: a canary has none of it, or its own small number."""
_MODELS = frozenset(
    (
        "model",
        "sklearn",
        "xgboost",
        "tensorflow",
        "pytorch",
        "triton",
        "onnx",
        "huggingface",
        "pmml",
        "lightgbm",
        "paddle",
    )
)


def to_share(case: Case, share: int, title: str) -> Plan | Refusal:
    """A share between nothing and all."""
    new, canary = case.new, _canary(case.new)
    count = case.inference.pods_of(canary, share)
    few = f"Canary {new.told} has {pods(count)} at {share} % and does not scale; see that they can carry it"
    unready = [] if canary.ready else [f"Canary {new.told} is not ready: KServe sends it nothing before it is"]
    return case.plan(
        title,
        f"Ask for {share} % instead of {canary.percent} % of live traffic of {case.ref} for {new.told}, "
        f"the rest for {case.state.stable.told}",
        way_back=f"Abort sends all live traffic to {case.state.stable.told} again within seconds",
        request=case.patch(_test(canary), _percent(canary, share)),
        changes=[
            change(f"live traffic of {new.told}", case.has, f"{share} %"),
            change("trafficPercent", f"{canary.percent} %", f"{share} %"),
            change(f"pods of {new.told}", case.inference.pods_of(canary, canary.percent), count),
        ],
        mark={"goal": "share", "share": str(share)},
        expect=f"the route gives {canary.name} {share} %",
        warnings=[*unready, few],
    )


def full(case: Case, title: str) -> Plan | Refusal:
    """The canary's name and model become the predictor's, and its entry goes, in one patch: its pods go on."""
    new, stable, canary = case.new, case.state.stable, _canary(case.new)
    predictor = promoted(case.inference.predictor, canary.predictor)
    alone = len(case.inference.canaries) == 1
    entry = "/spec/canary" if alone else f"/spec/canary/{canary.index}"
    return case.plan(
        title,
        f"Make {new.told} the predictor of {case.ref}, with all live traffic, and let {stable.told} go",
        way_back=f"KServe deletes {stable.handle} at once: the only way back is its storageUri as a new canary, "
        "which loads anew",
        request=case.patch(
            _test(canary), {"op": "add", "path": "/spec/predictor", "value": predictor}, {"op": "remove", "path": entry}
        ),
        changes=[
            change("live traffic of " + new.told, case.has, "100 %"),
            change("predictor.name", case.inference.stable_name or "none", canary.name),
            change("storageUri", stable.where or "none", new.where or "none"),
            change("canary", canary.name, "none" if alone else "removed"),
        ],
        mark={"goal": "full"},
        expect=f"{canary.name} is the predictor",
        warnings=[
            "" if alone else f"Canary {_others(case, canary)} stays beside it, with the share that it has",
            f"Whoever calls the Service {stable.service} itself, past the route, finds it gone",
            f"Canary {new.told} begins with the {pods(new.desired)} that it has, and scales from there"
            if new.deployment is not None
            else "",
        ],
    )


def abort(case: Case) -> Plan | Refusal:
    """Percent 0 keeps the canary to be looked at; one that has 0 already is removed."""
    state, stable = case.state, case.state.stable
    told = listed([each.told for each in state.candidates])
    if not state.asked:
        return _remove(case, told)
    canaries = [canary for canary in case.inference.canaries if canary.percent]
    steps = [step for canary in canaries for step in (_test(canary), _percent(canary, 0))]
    gone = [c.name for c in canaries if not case.inference.pods_of(c, 0)]
    warnings = (
        [f"KServe ends the pods of {listed(gone)} in the same moment, since there is no minReplicas for it"]
        if gone
        else []
    )
    return case.plan(
        "Abort",
        f"Ask for no live traffic of {case.ref} for {told}, all for {stable.told}, by trafficPercent 0",
        way_back="Set a weight or promote sends it traffic again",
        request=case.patch(*steps),
        changes=[change(f"trafficPercent of {canary.name}", f"{canary.percent} %", "0 %") for canary in canaries],
        mark={"goal": "zero"},
        expect=f"{stable.handle} gets all",
        warnings=warnings,
    )


def _remove(case: Case, told: str) -> Plan:
    canaries = case.inference.canaries
    tests = [_test(canary) for canary in canaries if canary.name]
    return case.plan(
        "Remove canary",
        f"Take {told} out of {case.ref}; KServe deletes its Deployment and Service",
        way_back="Only its entry in spec.canary brings it back, with new pods",
        request=case.patch(*tests, {"op": "remove", "path": "/spec/canary"}),
        changes=[change("canary", listed([canary.name for canary in canaries]), "none")],
        mark={"goal": "removed", "names": ",".join(canary.name for canary in canaries)},
        expect="its pods are gone",
    )


def promoted(stable: JSON, canary: JSON) -> JSON:
    """The predictor that KServe runs for a canary, as `spec.predictor`: the stable one, overlaid by the canary's.

    Numbers of pods stay those of the stable one. Lists are taken whole, as KServe's own merge does it. The model's own
    `name` is left out: KServe's schema wants one in a canary, and its webhook refuses one in the predictor.
    """
    return _overlaid(stable, {key: _unnamed(key, value) for key, value in canary.items() if key not in _FIXED})


def _unnamed(key: str, value: Any) -> Any:
    if key not in _MODELS or not isinstance(value, dict):
        return value
    return {inner: each for inner, each in value.items() if inner != "name"}


def _overlaid(below: JSON, above: JSON) -> JSON:
    found: dict[str, Any] = dict(below)
    for key, value in above.items():
        if value in (None, "", 0, [], {}, False):  # what is empty overrides nothing there either
            continue
        there = found.get(key)
        found[key] = _overlaid(there, value) if isinstance(there, dict) and isinstance(value, dict) else value
    return found


def _others(case: Case, canary: Canary) -> str:
    return listed([each.name for each in case.inference.canaries if each.index != canary.index])


def _canary(version: Version) -> Canary:
    assert version.canary is not None
    return version.canary


def _test(canary: Canary) -> JSON:
    """The list is told by places: the entry must still be the one that was seen."""
    return {"op": "test", "path": f"/spec/canary/{canary.index}/predictor/name", "value": canary.name}


def _percent(canary: Canary, share: int) -> JSON:
    return {"op": "add", "path": f"/spec/canary/{canary.index}/trafficPercent", "value": share}
