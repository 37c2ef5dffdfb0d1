"""The acts of `mlcd-tui rollouts`: plan, show, ask, do, tell the truth."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import click

from mlcd_tui.cli import after_switch, output
from mlcd_tui.cli.after_switch import After, after_options
from mlcd_tui.cli.duration import DURATION
from mlcd_tui.cli.naming import ROLLOUT_NAME, resolve_or_suggest
from mlcd_tui.cli.options import Globals, current, global_options
from mlcd_tui.cli.rollouts import rollouts
from mlcd_tui.cli.wiring import Wired, run
from mlcd_tui.domain.document import outcome_document, proposal_document, request_document
from mlcd_tui.domain.fleet import Freshness, Link
from mlcd_tui.domain.gates import Gate, GateState, ordered
from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Outcome, Plan, Result
from mlcd_tui.domain.ports import Proposal
from mlcd_tui.domain.rollout import Phase, RolloutDetail, WaitFor
from mlcd_tui.domain.text import joined
from mlcd_tui.session.evidence import CARRIES_TRAFFIC

_EXIT = {Result.DONE: 0, Result.SENT: 1, Result.FAILED: 1, Result.CONFLICT: 3, Result.REFUSED: 3}
_GATES = {GateState.PASSED: "✔", GateState.FAILED: "✘", GateState.UNKNOWN: "?"}


@dataclass(frozen=True, slots=True)
class How:
    """How an act is to be done."""

    yes: bool
    dry_run: bool
    reason: str
    wait: bool
    timeout: float | None
    confirm_name: str
    after: After


def act_options(function: Any) -> Any:
    """Adds the options of every act."""
    for option in (
        click.option("--yes", "-y", is_flag=True, help="Do it without asking."),
        click.option("--dry-run", is_flag=True, help="Print the plan and do nothing."),
        click.option("--reason", default="", help="Why; kept in the audit log."),
        click.option("--wait", is_flag=True, help="Then wait until it is healthy, waits for a person, or is degraded."),
        click.option(
            "--timeout", type=DURATION, default=None, help="Longest wait, for the effect and --wait together."
        ),
        click.option("--confirm-name", default="", metavar="NAME", help="The service's name, in a production context."),
    ):
        function = option(function)
    return function


def perform(globals_: Globals, name: str, how: How, **wish: Any) -> None:
    """Do one act on the rollout called `name`; ends the program with the act's exit code."""
    verb: Verb = wish.pop("verb")

    async def work(wired: Wired) -> int:
        ref = await resolve_or_suggest(wired, globals_, name)
        proposal = await wired.session.propose(Intent(verb, ref, **wish))
        return await _decide(wired, globals_, how, proposal)

    raise SystemExit(run(work, globals_))


async def _decide(wired: Wired, globals_: Globals, how: How, proposal: Proposal) -> int:
    machine = globals_.output != "table"
    possible = isinstance(proposal.plan, Plan) and not proposal.denied
    if how.dry_run or not possible:
        if machine:
            output.emit(proposal_document(proposal), globals_.output)
        else:
            print_plan(proposal, err=not possible)
        if not possible and not how.dry_run:
            await wired.session.decline(proposal, how.reason)
        return 0 if possible else 3
    if how.after.seconds:
        wired.session.traffic.watch_for(how.after.seconds)
    if not machine or not how.yes:
        print_plan(proposal, err=machine)
    if not how.yes and not _asked(proposal):
        await wired.session.decline(proposal, how.reason)
        return 3
    reason = how.reason or _why(proposal)
    typed = how.confirm_name or _typed(proposal)
    deadline = None if how.timeout is None else time.monotonic() + how.timeout
    patience = how.timeout if how.timeout is not None else wired.settings.patience
    outcome = await wired.session.confirm(
        proposal, reason=reason, typed_name=typed, patience=patience, progress=_progress if not machine else None
    )
    return await _finish(wired, globals_, how, proposal, outcome, deadline)


async def _finish(
    wired: Wired, globals_: Globals, how: How, proposal: Proposal, outcome: Outcome, deadline: float | None
) -> int:
    """Tell what became of it, with the way back where anything may be other than before; wait and watch as asked."""
    machine, code = globals_.output != "table", _EXIT[outcome.result]
    back = proposal.plan.way_back if isinstance(proposal.plan, Plan) and outcome.may_have_changed else ""
    document = {**outcome_document(outcome), "wayBack": back}
    if not machine:
        click.echo(f"{outcome.result.value}: {outcome.sentence} ({outcome.seconds:.1f} s)")
        if back:
            click.echo(f"Way back: {back}")
    try:
        if how.wait and outcome.result is Result.DONE:
            code = await _wait(wired, outcome, how.timeout, deadline)
        if how.after.seconds and outcome.may_have_changed:
            judged = await after_switch.watched(wired, outcome, how.after, told=_progress)
            document["afterwards"] = after_switch.document(judged, globals_)
            for line in () if machine else after_switch.lines(judged, globals_):
                click.echo(line)
            code = after_switch.exit_code(judged, code)
    finally:
        if machine:
            output.emit(document, globals_.output)
    return code


def _progress(sentence: str) -> None:
    click.echo(f"… {sentence}", err=True)


def _asked(proposal: Proposal) -> bool:
    if not sys.stdin.isatty():
        click.echo("mlcd-tui: nothing was sent: there is no terminal to ask; add --yes to do it.", err=True)
        return False
    try:
        return click.confirm(f"{proposal.plan.sentence}\nDo it?", default=False, err=True)
    except click.Abort:  # ctrl+c and the end of the input are a no, and the log shall have it
        click.echo(err=True)
        return False


def _why(proposal: Proposal) -> str:
    """The reason that an act cannot do without; nothing where it can, or where nobody can be asked."""
    if not proposal.needs_reason:
        return ""
    if not sys.stdin.isatty():
        told = f" ({', '.join(proposal.answer_for)})" if proposal.answer_for else ""
        click.echo(f"mlcd-tui: this is not done without a reason{told}: add --reason TEXT.", err=True)
        return ""
    try:
        if proposal.answer_for:
            click.echo(f"Not met: {', '.join(proposal.answer_for)}.", err=True)
        return str(click.prompt("Why do it all the same", default="", show_default=False, err=True))
    except click.Abort:
        click.echo(err=True)
        return ""


def _typed(proposal: Proposal) -> str:
    """What the operator types in a production context; nothing where nothing need be typed, or nobody can."""
    if not proposal.typed_name:
        return ""
    if not sys.stdin.isatty():
        click.echo(f"mlcd-tui: a production context: add --confirm-name {proposal.typed_name} to act here.", err=True)
        return ""
    question = f"Production: type {proposal.typed_name} to confirm"
    try:
        return str(click.prompt(question, default="", show_default=False, err=True))
    except click.Abort:
        click.echo(err=True)
        return ""


def print_plan(proposal: Proposal, *, err: bool = False) -> None:
    """The plan or the refusal as text, complete."""
    plan = proposal.plan
    if not isinstance(plan, Plan):
        click.echo(f"Not possible: {joined(plan.sentence, plan.advice)}", err=True)
        return
    lines = [f"{plan.title}: {plan.sentence}", f"Way back: {plan.way_back}"]
    lines += [f"Warning: {warning}" for warning in plan.warnings]
    lines += [f"  {change.label}: {change.before or '-'} → {change.after or '-'}" for change in plan.changes]
    lines += [f"  {_GATES[gate.state]} {gate.name}: {gate.reason}{_age(gate)}" for gate in ordered(proposal.gates)]
    for request in plan.requests:
        document = request_document(request)
        lines.append(f"  PATCH {request.path}")
        lines.append(f"    {json.dumps(document['body'], ensure_ascii=True)}")
    lines += [f"Expected: {plan.expect}"] if plan.expect else []
    lines += [f"Denied: {sentence}" for sentence in proposal.denied]
    for line in lines:
        click.echo(line, err=err)


def _age(gate: Gate) -> str:
    """How old evidence is that is not live."""
    return f" · {output.span((datetime.now(UTC) - gate.at).total_seconds())}" if gate.at else ""


async def _wait(wired: Wired, outcome: Outcome, longest: float | None, deadline: float | None) -> int:
    """Follow the rollout until it rests, `deadline` at most: `longest` seconds after the act began."""
    ref, verb = outcome.intent.ref, outcome.intent.verb
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    seen = False

    def listener(detail: RolloutDetail | None, freshness: Freshness) -> None:
        nonlocal seen
        if ended.done():
            return
        if detail is None:
            if freshness.link is Link.LIVE or (seen and freshness.link is Link.FORBIDDEN):
                click.echo(f"mlcd-tui: {ref} does not exist any more.", err=True)
                ended.set_result(1)
            return
        seen = True
        rollout = detail.rollout
        if rollout.phase is Phase.HEALTHY or rollout.waiting.what is WaitFor.PERSON:
            ended.set_result(0)
        elif rollout.phase is Phase.DEGRADED:
            ended.set_result(0 if verb is Verb.ABORT else 1)

    close = wired.session.open(ref, listener)
    try:
        async with asyncio.timeout(None if deadline is None else max(deadline - time.monotonic(), 0)):
            return await ended
    except TimeoutError:
        click.echo(f"mlcd-tui: {ref} did not come to rest within {longest:g} s.", err=True)
        return 1
    finally:
        await close()


_PLAIN = {
    Verb.SKIP_STEP: "Skip the present step of a canary.",
    Verb.PAUSE: "Pause it.",
    Verb.RESUME: "Go on after a pause made by hand.",
    Verb.ABORT: "Abort the update: all traffic back to the stable version.",
    Verb.RETRY: "Try an aborted update again.",
    Verb.RESTART: "Restart its pods, a few at a time.",
    Verb.SWITCH: "Blue/green: send live traffic to the previewed version.",
    Verb.SWITCH_BACK: "Blue/green: send live traffic back to the version before.",
}


def _how(options: dict[str, Any]) -> How:
    told = {name: options.pop(name) for name in ("yes", "dry_run", "reason", "wait", "timeout", "confirm_name")}
    return How(**told, after=after_switch.asked(options))


def _plain(verb: Verb, text: str) -> None:
    @rollouts.command(verb.value, help=text)
    @click.argument("name", type=ROLLOUT_NAME)
    @act_options
    @(after_options if verb in CARRIES_TRAFFIC else _as_it_is)
    @global_options
    @click.pass_context
    def command(ctx: click.Context, /, name: str, **options: Any) -> None:
        perform(current(ctx), name, _how(options), verb=verb)


def _as_it_is(function: Any) -> Any:
    return function


for _verb, _text in _PLAIN.items():
    _plain(_verb, _text)


@rollouts.command(help="Go one step on; with --full to the end, past all pauses and analyses.")
@click.argument("name", type=ROLLOUT_NAME)
@click.option("--full", is_flag=True, help="Skip all steps, pauses and analyses that are left.")
@act_options
@after_options
@global_options
@click.pass_context
def promote(ctx: click.Context, /, name: str, full: bool, **options: Any) -> None:  # noqa: FBT001
    """Promote."""
    perform(current(ctx), name, _how(options), verb=Verb.PROMOTE_FULL if full else Verb.PROMOTE)


@rollouts.command(help="Roll back to an earlier revision; without --to-revision to the one before.")
@click.argument("name", type=ROLLOUT_NAME)
@click.option("--to-revision", type=click.IntRange(min=1), default=None, metavar="N")
@act_options
@global_options
@click.pass_context
def undo(ctx: click.Context, /, name: str, to_revision: int | None, **options: Any) -> None:
    """Roll back."""
    perform(current(ctx), name, _how(options), verb=Verb.UNDO, revision=to_revision)


@rollouts.command("set-image", help="Set the image of containers: CONTAINER=IMAGE …, or *=IMAGE for all.")
@click.argument("name", type=ROLLOUT_NAME)
@click.argument("images", nargs=-1, required=True, metavar="CONTAINER=IMAGE...")
@act_options
@global_options
@click.pass_context
def set_image(ctx: click.Context, /, name: str, images: tuple[str, ...], **options: Any) -> None:
    """Set images."""
    pairs = [tuple(pair.split("=", 1)) for pair in images]
    if bad := [pair for pair in pairs if len(pair) != 2 or not all(pair)]:
        raise click.BadParameter(f"{'='.join(bad[0])!r} is not of the form CONTAINER=IMAGE")
    perform(current(ctx), name, _how(options), verb=Verb.SET_IMAGE, images=tuple(pairs))


@rollouts.command("set-weight", help="Send PERCENT of live traffic to the new version, where its steps allow it.")
@click.argument("name", type=ROLLOUT_NAME)
@click.argument("percent", type=click.IntRange(0, 100))
@act_options
@after_options
@global_options
@click.pass_context
def set_weight(ctx: click.Context, /, name: str, percent: int, **options: Any) -> None:
    """Set the weight."""
    perform(current(ctx), name, _how(options), verb=Verb.SET_WEIGHT, weight=percent)


@rollouts.command(help="Copy PERCENT of live traffic to the new version, whose answers nobody gets; 0 stops copying.")
@click.argument("name", type=ROLLOUT_NAME)
@click.argument("percent", type=click.IntRange(0, 100), default=100)
@act_options
@global_options
@click.pass_context
def mirror(ctx: click.Context, /, name: str, percent: int, **options: Any) -> None:
    """Copy traffic."""
    perform(current(ctx), name, _how(options), verb=Verb.MIRROR, mirror=percent)


@rollouts.command("terminate-analysis", help="Stop a running analysis.")
@click.argument("name", type=ROLLOUT_NAME)
@click.argument("run")
@act_options
@global_options
@click.pass_context
def terminate_analysis(ctx: click.Context, /, name: str, run: str, **options: Any) -> None:
    """Stop an analysis."""
    perform(current(ctx), name, _how(options), verb=Verb.TERMINATE_ANALYSIS, target=run)


@rollouts.command("retry-experiment", help="Run a failed experiment again.")
@click.argument("name", type=ROLLOUT_NAME)
@click.argument("experiment")
@act_options
@global_options
@click.pass_context
def retry_experiment(ctx: click.Context, /, name: str, experiment: str, **options: Any) -> None:
    """Run an experiment again."""
    perform(current(ctx), name, _how(options), verb=Verb.RETRY_EXPERIMENT, target=experiment)


from mlcd_tui.cli import comparing as _comparing  # noqa: E402, F401 - its command joins the group
from mlcd_tui.cli import traffic as _traffic  # noqa: E402, F401 - its command joins the group
