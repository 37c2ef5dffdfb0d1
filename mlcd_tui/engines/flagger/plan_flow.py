"""Plans on the Canary itself: open a gate, skip the analysis, suspend, resume, roll back."""

from __future__ import annotations

from mlcd_tui.domain.hook_approval import Hook, is_ours
from mlcd_tui.domain.plan import Change, Plan, Refusal, Request
from mlcd_tui.domain.refs import JSON
from mlcd_tui.engines._words import listed, span
from mlcd_tui.engines.flagger.canary import Way
from mlcd_tui.engines.flagger.case import Case, change
from mlcd_tui.engines.flagger.kinds import SLOWEST_ASK, Phase

_TEMPLATED = frozenset({"Deployment", "DaemonSet"})
"""Kinds of targets with a pod template, which the gate looks at; a Service has none."""


def promote(case: Case) -> Plan | Refusal:
    """Open the gate that it stands before, for this revision and this step."""
    asked = case.state.asked
    assert asked is not None
    if asked.hook is Hook.CONFIRM_ROLLOUT and case.canary.target_kind in _TEMPLATED and case.template is None:
        return case.refuse("its target cannot be seen, and an approval names the pod template that it is for")
    others = [each.name or each.kind for each in asked.webhooks if not is_ours(each.url, asked.hook)]
    warnings = [f"It also asks {listed(others)}, which mlcd-tui does not keep." if others else ""]
    told, expect = _opened(case, asked.hook)
    asks = SLOWEST_ASK if asked.hook is Hook.CONFIRM_PROMOTION else 1
    return case.plan(
        "Approve",
        f"{told} Flagger asks again within {span(case.canary.interval * asks)}.",
        way_back=_way_back(case, asked.hook),
        changes=(change(f"gate {asked.hook.value}", "shut", "open for this revision and step"),),
        requests=(case.patch({}, case.approve(asked.hook)),),
        seen=case.seen(("gate", asked.hook.value), *_template_seen(case, asked.hook)),
        warnings=warnings,
        expect=expect,
        mark={"goal": "gate", "hook": asked.hook.value, "weight": str(case.canary.weight)},
    )


def _template_seen(case: Case, hook: Hook) -> list[tuple[str, object]]:
    return [("approval", case.approve(hook)[hook.annotation])] if hook is Hook.CONFIRM_ROLLOUT else []


def _opened(case: Case, hook: Hook) -> tuple[str, str]:
    canary, new, old = case.canary, case.state.new_version, case.state.old_version
    if hook is Hook.CONFIRM_ROLLOUT:
        return (
            f"Let Flagger start the pods of {new} of {case.ref} and begin its analysis.",
            "the new version is starting",
        )
    if hook is Hook.CONFIRM_PROMOTION:
        first = "" if canary.way is not Way.SWITCH or canary.by_hand else "send it all live traffic, then "
        return f"Let Flagger promote {new} of {case.ref}: {first}put it in the place of {old}.", "it is being promoted"
    following = next((weight for weight in canary.weights if weight > canary.weight), None)
    if following is None:
        return f"Let Flagger go on from {canary.weight} % of live traffic of {case.ref} to the promotion.", "it goes on"
    share = f"{following} % instead of {canary.weight} %"
    return f"Let Flagger send {share} of live traffic of {case.ref} to {new}.", f"{following} % of live traffic"


def _way_back(case: Case, hook: Hook) -> str:
    if hook is Hook.CONFIRM_ROLLOUT:
        return "Abort rolls it back from Flagger's next tick on; no customer is served by it before the first check."
    if hook is Hook.CONFIRM_PROMOTION:
        return (
            f"Until the primary is changed abort gives {case.state.old_version} everything back; after that, roll back."
        )
    return f"Abort gives {case.state.old_version} all live traffic back with Flagger's next tick, within {case.tick}."


def promote_full(case: Case) -> Plan | Refusal:
    """`spec.skipAnalysis`: what Flagger really does then."""
    canary, state = case.canary, case.state
    annotations, changes = {}, [change("skip analysis", "no", "yes")]
    warnings = [
        "No check, no step and no promotion gate is asked any more.",
        f"Traffic goes to the primary first, which has {state.old_version} until its pods are replaced.",
        "Flagger says Succeeded before the primary's new pods are ready, and watches over them no longer.",
        "It stays set: every later version goes out unchecked, until resume takes it back.",
    ]
    body: JSON = {"skipAnalysis": True}
    if canary.phase is Phase.WAITING:
        if not canary.ours(Hook.CONFIRM_ROLLOUT):
            warnings.append("It still waits for its gate confirm-rollout, which skipping does not open.")
        elif case.template is not None and not canary.approved(Hook.CONFIRM_ROLLOUT):
            annotations = case.approve(Hook.CONFIRM_ROLLOUT)
            changes.append(change("gate confirm-rollout", "shut", "open for this revision"))
    if state.starting and canary.phase is not Phase.WAITING:
        warnings.append("Its pods are not all ready: Flagger waits for them first, or rolls back at its deadline.")
    if canary.suspended:
        body["suspend"] = False
        changes.append(change("suspended", "yes", "no"))
    return case.plan(
        "Skip the analysis",
        f"Have Flagger put {state.new_version} of {case.ref} in the place of {state.old_version} with no more checks.",
        way_back=f"Roll back sets {state.old_version} in the target again, and Flagger brings it out as a new version.",
        changes=tuple(changes),
        requests=(case.patch({"spec": body}, annotations),),
        warnings=warnings,
        expect=f"{state.new_version} is promoted",
        mark={"goal": "skipped"},
    )


def pause(case: Case) -> Plan | Refusal:
    """`spec.suspend`."""
    canary = case.canary
    warnings = []
    if canary.running:
        warnings.append("While it is suspended Flagger checks nothing and rolls nothing back, however bad it gets.")
        if case.state.mirroring:
            warnings.append("Requests go on being copied.")
    where = f" where it is, at {case.serving} of live traffic," if canary.running else ""
    return case.plan(
        "Suspend",
        f"Hold {case.ref}{where} until somebody resumes it.",
        way_back=f"Resume lets it go on within {case.tick}.",
        changes=(change("suspended", "no", "yes"),),
        requests=(case.patch({"spec": {"suspend": True}}),),
        warnings=warnings if canary.running else ["No version is on its way: this holds the next one."],
        expect="Flagger skips it",
        mark={"goal": "suspended"},
    )


def resume(case: Case) -> Plan | Refusal:
    """Take the suspension back, or else the skipping of the analysis."""
    canary = case.canary
    if canary.suspended:
        skips = ["Its analysis is skipped: the next tick promotes it."] if canary.skips and canary.running else []
        return case.plan(
            "Resume",
            f"Let Flagger go on with {case.ref}, within {case.tick}.",
            way_back="Suspend holds it again.",
            changes=(change("suspended", "yes", "no"),),
            requests=(case.patch({"spec": {"suspend": False}}),),
            warnings=skips,
            expect="Flagger looks after it again",
            mark={"goal": "resumed"},
        )
    return case.plan(
        "Analyse again",
        f"Have Flagger analyse new versions of {case.ref} again.",
        way_back="Promote fully skips the analysis of a version on its way.",
        changes=(change("skip analysis", "yes", "no"),),
        requests=(case.patch({"spec": {"skipAnalysis": False}}),),
        expect="new versions are analysed",
        mark={"goal": "analysed"},
    )


def abort(case: Case) -> Plan | Refusal:
    """Roll back: through our gate where the Canary asks it, else by the count that Flagger itself rolls back at."""
    canary, state = case.canary, case.state
    again = canary.ours(Hook.ROLLBACK) and canary.approved(Hook.ROLLBACK)
    gate = canary.ours(Hook.ROLLBACK) and not again
    spec: JSON = {}
    changes: list[Change] = [change("live traffic", case.serving, "0 %")]
    if state.mirroring:
        changes.append(change("copied traffic", "on", "off"))
    if canary.suspended:
        spec["suspend"] = False
        changes.append(change("suspended", "yes", "no"))
    if canary.skips and canary.analysis:
        spec["skipAnalysis"] = False
        changes.append(change("skip analysis", "yes", "no"))
    requests: list[Request] = []
    warnings = [f"The target still asks for {state.new_version}: retry starts it again, roll back leaves it for good."]
    if gate:
        requests.append(case.patch({"spec": spec} if spec else {}, case.approve(Hook.ROLLBACK)))
        changes.append(change("gate rollback", "shut", "open for this run"))
    else:
        requests.append(case.patch({"status": {"failedChecks": canary.threshold}}, status=True))
        changes.append(change("failed checks", canary.failed_checks, canary.threshold))
        requests += [case.patch({"spec": spec})] if spec else []
        why = (
            "The gate was opened before, and Flagger has not rolled back: it may not reach the gate. So"
            if again
            else "No rollback hook asks mlcd-tui's gate, so"
        )
        warnings.append(
            f"{why} the count of failed checks is set to the threshold; "
            "Flagger then tells of failed checks that never were."
        )
    if state.starting:
        warnings.append(
            "Flagger rolls back only once the pods of the new version are ready, or at its deadline; "
            "roll the target back as well to get there sooner."
        )
    return case.plan(
        "Roll back",
        f"Send all live traffic of {case.ref} to {state.old_version} and end the pods of {state.new_version}, "
        f"with Flagger's next tick, within {case.tick}.",
        way_back=f"Retry starts the analysis of {state.new_version} from its first step.",
        changes=tuple(changes),
        requests=tuple(requests),
        warnings=warnings,
        expect=f"{state.old_version} serves",
        mark={"goal": "aborted", "gate": "yes" if gate else ""},
    )
