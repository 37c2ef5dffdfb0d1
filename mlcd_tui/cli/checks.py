"""`mlcd-tui checks …`: run a plan's checks on an image, show what is kept, accept, publish, verify; headless."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlcd_tui.cli import output
from mlcd_tui.cli.check_desks import EXPORTS, ask, print_run
from mlcd_tui.cli.duration import DURATION
from mlcd_tui.cli.naming import ROLLOUT_NAME
from mlcd_tui.cli.options import current, global_options, options_printing
from mlcd_tui.domain.text import clean

if TYPE_CHECKING:
    from mlcd_tui.domain.check_ports import CheckDesk
    from mlcd_tui.domain.checks import CheckRun

_FORMS = ("table", *(name for name in EXPORTS.names() if name != "table"))
_run_options = options_printing(_FORMS)
_data_options = options_printing(("table", "json", "yaml"))
_PLAN = click.option(
    "--plan", default="checks.yaml", show_default=True, metavar="FILE", help="The plan, with its files beside it."
)
_HEAD = ("run", "image", "digest", "met", "not met", "finished", "by")


@click.group("checks", help="Container checks: is this packaged model built right, proven on the very image that runs.")
@_data_options
def checks() -> None:
    """Group of the commands of checks."""


@checks.command(help="Run a plan's checks on IMAGE (as the local Docker Engine has it); without it, on the plan's own.")
@click.argument("image", default="")
@_PLAN
@click.option("--only", multiple=True, metavar="CHECK", help="Only this check; may be given several times.")
@click.option("--logs", is_flag=True, help="Every line that the checks write, too, on standard error.")
@click.option("--quiet", "-q", is_flag=True, help="No progress on standard error.")
@_run_options
@click.pass_context
def run(ctx: click.Context, image: str, plan: str, only: tuple[str, ...], *, logs: bool, quiet: bool) -> None:
    """Run, print, and exit 1 where a required check is not met."""
    from mlcd_tui.cli.check_running import Teller, run_checks

    globals_ = current(ctx)
    found = ask(lambda desk: run_checks(desk, image, plan, only, Teller(logs=logs, quiet=quiet)), globals_)
    print_run(found, globals_.output)
    raise SystemExit(_exit(found))


def _exit(run: CheckRun) -> int:
    from mlcd_tui.domain.checks import met

    done, of = met(run.results)
    return 0 if done == of and run.results else 1


@checks.command(help="The runs kept on this machine; RUN in full; or what speaks of the images of a rollout.")
@click.argument("run_id", metavar="[RUN]", default="")
@click.option("--rollout", type=ROLLOUT_NAME, metavar="NAME", help="What speaks of the images that it runs.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="Runs that are listed.")
@_run_options
@click.pass_context
def show(ctx: click.Context, run_id: str, rollout: str | None, limit: int) -> None:
    """Print runs, a run, or evidence."""
    globals_ = current(ctx)
    if rollout:
        from mlcd_tui.cli.check_evidence import show_rollout

        raise SystemExit(show_rollout(globals_, rollout, run_id))
    if run_id:
        print_run(ask(lambda desk: _kept(desk, run_id), globals_), globals_.output)
        return
    runs = ask(lambda desk: desk.runs(limit), globals_)
    if globals_.output == "json":
        from mlcd_tui.domain.check_document import runs_document

        output.emit(runs_document(runs), "json")
    elif globals_.output != "table":
        from mlcd_tui.cli.wiring import fail
        from mlcd_tui.domain.errors import BadConfig

        fail(BadConfig(f"Only one run can be given out as {globals_.output}.", advice="Name it: checks show RUN."))
    elif runs:
        output.table(_HEAD, map(_row, runs))
    else:
        click.echo("No runs are kept on this machine.", err=True)


async def _kept(desk: CheckDesk, run_id: str) -> CheckRun:
    from mlcd_tui.domain.errors import Missing

    found = next((run for run in await desk.runs(10_000) if run.id == run_id), None)
    if found is None:
        raise Missing(f"No run {clean(run_id)} is kept on this machine.", advice="See them: mlcd-tui checks show.")
    return found


def _row(run: CheckRun) -> tuple[str, ...]:
    from mlcd_tui.cli.package_blocks import moment
    from mlcd_tui.domain.checks import met, short

    done, of = met(run.results)
    digest = run.image.manifest_digest or run.image.config_digest
    wrong = ", ".join(result.name for result in run.results if result.required and not result.state.met)
    return run.id, run.image.ref, short(digest), f"{done}/{of}", wrong or "-", moment(run.finished), run.by or "-"


@checks.command(
    help="Accept what CHECK received (answers of a snapshot, a contract) as what is approved. "
    "Evidence of before is stale then."
)
@click.argument("check")
@click.option("--reason", required=True, help="Why it is right; stands beside the approved answer, with your name.")
@click.option("--case", default="", metavar="NAME", help="Only this case of a snapshot; without it, all that wait.")
@click.option("--run", "run_id", default="", metavar="RUN", help="The run that received it; without it, the newest.")
@_PLAN
@_data_options
@click.pass_context
def accept(ctx: click.Context, check: str, reason: str, case: str, run_id: str, plan: str) -> None:
    """Accept, and print what was."""

    async def work(desk: CheckDesk) -> tuple[str, ...]:
        found = await _kept(desk, run_id) if run_id else await _newest_with(desk, check)
        return await desk.accept(found, plan, check, reason, case)

    globals_ = current(ctx)
    sentences = ask(work, globals_)
    if globals_.output == "table":
        for sentence in sentences:
            click.echo(clean(sentence))
        return
    from mlcd_tui.domain.document import API_VERSION

    document = {"apiVersion": API_VERSION, "kind": "CheckAcceptance", "check": check, "accepted": list(sentences)}
    output.emit(document, globals_.output)


async def _newest_with(desk: CheckDesk, check: str) -> CheckRun:
    from mlcd_tui.domain.errors import Missing

    found = next((run for run in await desk.runs(1_000) if run.result(check) is not None), None)
    if found is None:
        raise Missing(f"No kept run has a check {clean(check)}.", advice="Run it first: mlcd-tui checks run.")
    return found


@checks.command(help="Write a first checks.yaml into FOLDER, from what lies there or is in an image.")
@click.argument("folder", default=".", type=click.Path(file_okay=False))
@click.option("--image", default="", metavar="IMAGE", help="The image that the plan names.")
@click.option("--from-image", is_flag=True, help="Look into the image, in place of the folder.")
@global_options
@click.pass_context
def init(ctx: click.Context, folder: str, image: str, *, from_image: bool) -> None:
    """Write a plan; never over one that is there."""
    from mlcd_tui.cli.check_desks import told_problems
    from mlcd_tui.cli.check_running import first_plan

    del ctx
    with told_problems():
        click.echo(clean(first_plan(Path(folder), image, from_image=from_image)))


@checks.command(
    help="Publish a kept RUN in the cluster, for whoever opens a rollout of the image; or beside the image."
)
@click.argument("run_id", metavar="RUN")
@click.option("--image", required=True, metavar="IMAGE@sha256:…", help="The image as the cluster runs it, by digest.")
@click.option("--registry", is_flag=True, help="Beside the image in its registry, in place of the cluster.")
@click.option("--yes", "-y", is_flag=True, help="Do it without asking.")
@click.option("--dry-run", is_flag=True, help="Print what would be sent and do nothing.")
@click.option("--reason", default="", help="Why; kept in the audit log.")
@click.option("--confirm-name", default="", metavar="NAME", help="The namespace's name, in a production context.")
@global_options
@click.pass_context
def publish(ctx: click.Context, /, run_id: str, image: str, *, registry: bool, **how: Any) -> None:
    """Show what would be published, ask, do it."""
    from mlcd_tui.cli.check_publishing import publish_run, push_run
    from mlcd_tui.cli.publishing import How

    globals_ = current(ctx)
    if registry:
        form = globals_.output
        raise SystemExit(ask(lambda desk: push_run(desk, form, run_id, image, How(**how)), globals_))
    raise SystemExit(publish_run(globals_, run_id, image, How(**how)))


@checks.command(
    help="Whether evidence speaks for an image: WHAT is a file (statement, DSSE envelope, sigstore bundle) or a kept "
    "run; without it, all that is known of --image. Exits 1 where a required check is not met."
)
@click.argument("what", default="")
@click.option("--image", default="", metavar="IMAGE@sha256:…", help="The image that runs, by digest.")
@click.option(
    "--plan",
    default="",
    metavar="FILE",
    help="The plan in force, in place of the settings'; its digests and its max_age are compared.",
)
@click.option("--max-age", type=DURATION, help="Older evidence is stale.")
@click.option("--signed", is_flag=True, help="Only evidence that is signed by a trusted key counts.")
@_data_options
@click.pass_context
def verify(ctx: click.Context, what: str, image: str, plan: str, max_age: float | None, *, signed: bool) -> None:
    """Judge evidence."""
    from mlcd_tui.cli.check_evidence import Asked, verify_evidence

    raise SystemExit(verify_evidence(current(ctx), Asked(what, image, plan, max_age, signed)))


@checks.command(help="Make the key that signs your runs, and print how others trust it. Never over one that is there.")
@click.option("--force", is_flag=True, help="Where there is one: move it aside, and make another.")
@_data_options
@click.pass_context
def keygen(ctx: click.Context, *, force: bool) -> None:
    """Make the operator's key."""
    from mlcd_tui.cli.check_desks import told_problems
    from mlcd_tui.cli.check_keys import make_key

    with told_problems():
        make_key(current(ctx).output, force=force)


@checks.command(help="Ask IMAGE's registry which build it is, so that what was checked before the push counts for it.")
@click.argument("image", metavar="HOST/NAME[:TAG|@sha256:…]")
@_data_options
@click.pass_context
def link(ctx: click.Context, image: str) -> None:
    """Remember which build a pushed image is."""
    from mlcd_tui.cli.check_keys import link_image

    link_image(current(ctx), image)


@checks.command(help="Print the JSON Schema of checks.yaml, for editors.")
def schema() -> None:
    """Print the schema."""
    from mlcd_tui.checks.plan_schema import written

    click.echo(written(), nl=False)
