"""A promotion of the sample canary, as an engine would plan it and the session propose it."""

from __future__ import annotations

from dataclasses import replace

from mlcd_tui.domain.gates import Gate, GateState
from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Change, Plan, Request
from mlcd_tui.domain.ports import Proposal
from mlcd_tui.domain.refs import Resource
from mlcd_tui.domain.text import Clean
from tests.ui.samples import FRAUD, NOW, ago

ROLLOUTS = Resource("argoproj.io", "v1alpha1", "rollouts", "Rollout")


def promote_plan(verb: Verb = Verb.PROMOTE) -> Plan:
    """What an engine would write for a promotion of the sample."""
    return Plan(
        Intent(verb, FRAUD),
        Clean("Promote one step"),
        Clean("Send 60 % instead of 20 % of live traffic of payments/fraud-scorer to v7, then wait 10 min."),
        Clean("The way back: abort (a) returns all traffic to v6 within seconds."),
        (
            Change(Clean("step"), Clean("2 of 5"), Clean("3 of 5")),
            Change(Clean("weight of v7"), Clean("20 %"), Clean("60 %")),
        ),
        (
            Request(
                ROLLOUTS,
                "payments",
                "fraud-scorer",
                {"metadata": {"resourceVersion": "100"}, "status": {"pauseConditions": None}},
                subresource="status",
            ),
        ),
        (("step", Clean("2 of 5")),),
        warnings=(Clean("Argo CD owns this object and may revert the change."),),
        expect=Clean("the controller leaves step 2"),
    )


GATES = (
    Gate(Clean("analysis"), GateState.PASSED, Clean("error-rate 4/4, p95 4/5")),
    Gate(Clean("soak time"), GateState.FAILED, Clean("12 of 30 min at 20 %"), at=ago(hours=2)),
    Gate(Clean("p95 latency"), GateState.UNKNOWN, Clean("not enough evidence: 3.1 min more")),
)


def proposal(plan: Plan | None = None, **more: object) -> Proposal:
    """A promotion, ready to be decided on."""
    chosen = plan or promote_plan()
    return replace(Proposal(chosen.intent, chosen, GATES, at=NOW), **more)  # type: ignore[arg-type]
