"""Plans in Knative mode: all of them set or remove `canaryTrafficPercent` of the predictor."""

from __future__ import annotations

from mlcd_tui.domain.plan import Change, Plan, Refusal
from mlcd_tui.engines.kserve.case import Case, change
from mlcd_tui.engines.kserve.inference import number

_FIELD = "canaryTrafficPercent"
_KEPT = "as long as Knative keeps that revision"


def to_share(case: Case, share: int, title: str) -> Plan | Refusal:
    """A share between nothing and all."""
    new, stable = case.new, case.state.stable
    return case.plan(
        title,
        f"Send {share} % instead of {case.has} of live traffic of {case.ref} to {new.told}, the rest to {stable.told}",
        way_back=f"Abort sends all live traffic to {stable.told} again within seconds",
        request=case.merge({_FIELD: share}),
        changes=_changes(case, share, f"{share} %"),
        mark={"goal": "share", "share": str(share)},
        expect=f"Knative sends {share} % to {new.handle}",
        warnings=_others(case),
    )


def full(case: Case, title: str) -> Plan | Refusal:
    """All traffic, by removing the field: so KServe's own guide ends a canary."""
    new, stable = case.new, case.state.stable
    return case.plan(
        title,
        f"Send all live traffic of {case.ref} to {new.told} instead of {case.has}, for good",
        way_back=f"Roll back returns to {stable.told} in one step, {_KEPT}",
        request=case.merge({_FIELD: None}),
        changes=_changes(case, 100, "none"),
        mark={"goal": "full"},
        expect=f"{new.handle} is rolled out",
        warnings=[
            *_others(case),
            "Without the field the next new model gets all traffic as soon as it is ready; set a percent along with it",
        ],
    )


def abort(case: Case) -> Plan | Refusal:
    """Nothing, by percent 0: removing the field would send everything to the new version."""
    new, stable = case.new, case.state.stable
    unready = (
        []
        if case.state.ready
        else [f"The new version {new.told} is not ready; at 0 % it gets nothing when it comes up either"]
    )
    return case.plan(
        "Abort",
        f"Send all live traffic of {case.ref} to {stable.told}, nothing to {new.told}, by {_FIELD} 0",
        way_back="Set a weight or promote sends it traffic again within seconds",
        request=case.merge({_FIELD: 0}),
        changes=_changes(case, 0, "0 %"),
        mark={"goal": "back", "to": stable.handle},
        expect=f"Knative sends all to {stable.handle}",
        warnings=[*unready, "The spec still asks for the new model: set its storageUri back to be rid of it"],
    )


def undo(case: Case) -> Plan | Refusal:
    """The one step back that KServe knows: percent 0 at rest makes it take the revision before."""
    own = case.inference
    wanted = case.intent.revision
    if wanted is not None and wanted != number(own.previous):
        return case.refuse(
            f"KServe knows one step back only, which is revision {number(own.previous)}",
            "Bring the storageUri of that version back in the spec",
        )
    return case.plan(
        "Roll back",
        f"Send all live traffic of {case.ref} to {own.previous} instead of {own.rolled}, by {_FIELD} 0",
        way_back=f"Promote fully sends it to {own.rolled} again",
        request=case.merge({_FIELD: 0}),
        changes=[
            change("live traffic", own.rolled, own.previous),
            change(_FIELD, "none" if own.percent is None else f"{own.percent} %", "0 %"),
        ],
        mark={"goal": "back", "to": own.previous},
        expect=f"Knative sends all to {own.previous}",
        warnings=[
            f"It works {_KEPT}; pods of a revision without traffic may have to start first",
            "The spec still asks for the model that is left: set its storageUri back as well",
        ],
    )


def _changes(case: Case, share: int, field: str) -> list[Change]:
    percent = case.inference.percent
    moved = [change(f"live traffic of {case.new.told}", case.has, f"{share} %")] if case.has != f"{share} %" else []
    return [*moved, change(_FIELD, "none" if percent is None else f"{percent} %", field)]


def _others(case: Case) -> list[str]:
    parts = [part for part in case.inference.parts if case.inference.component(part)]
    return [f"The {part} has revisions and a share of its own, which stay" for part in parts]
