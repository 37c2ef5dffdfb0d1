"""Plans for what a rollout started: stop an analysis run, run an experiment again."""

from __future__ import annotations

from mlcd_tui.domain.plan import Plan, Refusal
from mlcd_tui.domain.refs import JSON, Resource
from mlcd_tui.engines._json import dig, name_of, owned_by, text, uid_of
from mlcd_tui.engines.argo.case import Case, change
from mlcd_tui.engines.argo.kinds import ANALYSIS_RUNS, EXPERIMENTS
from mlcd_tui.engines.argo.plan_promote import AGAIN_AND_AGAIN

_ENDED = frozenset({"Successful", "Failed", "Error", "Inconclusive"})


def _belongs(case: Case, resource: Resource) -> list[JSON]:
    """Objects of a kind that the rollout or one of its experiments owns."""
    owners = [uid_of(case.raw)]
    owners += [uid_of(e) for e in case.objects.get(EXPERIMENTS, ()) if owned_by(e, owners[0])]
    return [raw for raw in case.objects.get(resource, ()) if any(owned_by(raw, uid) for uid in owners)]


def _phase(raw: JSON) -> str:
    return text(dig(raw, "status", "phase"))


def terminate_analysis(case: Case) -> Plan | Refusal:
    """Stop measuring: metrics that have not failed by then count as passed."""
    runs = _belongs(case, ANALYSIS_RUNS)
    running = [raw for raw in runs if _phase(raw) not in _ENDED]
    if case.intent.target:
        found = next((raw for raw in runs if name_of(raw) == case.intent.target), None)
        if found is None:
            return case.refuse(f"There is no analysis run {case.intent.target} of this rollout")
        if found not in running:
            return case.refuse(f"{case.intent.target} has ended: {_phase(found)}")
        running = [found]
    if not running:
        return case.refuse("No analysis is running")
    if len(running) > 1:
        return case.refuse("More than one analysis is running", f"Name one: {', '.join(map(name_of, running))}.")
    run = running[0]
    name = name_of(run)
    return case.plan(
        "Stop analysis",
        f"Stop {name} of {case.ref} now and judge it by what it has measured.",
        way_back="None: a stopped run does not go on. Abort takes the update back.",
        changes=(change("terminate", "no", "yes"),),
        requests=(case.patch({"spec": {"terminate": True}}, resource=ANALYSIS_RUNS, of=run),),
        seen=case.seen(("run", name), ("run phase", _phase(run))),
        warnings=("A metric that has not failed yet counts as passed, so the update may go on.",),
        expect=f"{name} has ended",
        mark={"goal": "run ended", "target": name},
    )


def retry_experiment(case: Case) -> Plan | Refusal:
    """Run a failed experiment again."""
    experiments = _belongs(case, EXPERIMENTS)
    ended = [raw for raw in experiments if _phase(raw) in _ENDED - {"Successful"}]
    if case.intent.target:
        experiments = [raw for raw in experiments if name_of(raw) == case.intent.target]
        if not experiments:
            return case.refuse(f"There is no experiment {case.intent.target} of this rollout")
        ended = [raw for raw in experiments if raw in ended]
    if ended and case.state.aborted:
        # seen on 1.10: it ends as Successful although nothing has judged it
        told = "The rollout is aborted: the controller would stop the experiment at once and call it Successful"
        return case.refuse(told, "Retry the rollout: it then makes a new experiment.")
    if not ended:
        return case.refuse("No experiment has failed", "Only a failed experiment can be run again.")
    experiment = ended[-1]
    name = name_of(experiment)
    warnings = [AGAIN_AND_AGAIN] if _phase(experiment) == "Inconclusive" else []
    return case.plan(
        "Retry experiment",
        f"Run {name} of {case.ref} again from the start.",
        way_back="The experiment ends by itself; abort ends it sooner.",
        changes=(change("phase", _phase(experiment), "none: it starts again"),),
        requests=(case.patch({"status": None}, resource=EXPERIMENTS, of=experiment),),
        seen=case.seen(("experiment", name), ("experiment phase", _phase(experiment))),
        warnings=warnings,
        expect=f"{name} is running",
        mark={"goal": "experiment", "target": name},
    )
