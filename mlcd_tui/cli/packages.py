"""`mlcd-tui packages …`: list, show, diff, validate and publish model packages, headless."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from mlcd_tui.cli import output
from mlcd_tui.cli.naming import ROLLOUT_NAME
from mlcd_tui.cli.options import current, declared_only_option, package_options
from mlcd_tui.cli.package_desks import around, ask, either, has_cluster
from mlcd_tui.domain.errors import BadConfig, Problem
from mlcd_tui.domain.text import clean

if TYPE_CHECKING:
    from mlcd_tui.cli.blocks import Block
    from mlcd_tui.config.settings import Settings
    from mlcd_tui.domain.package import PackageEntry
    from mlcd_tui.domain.package_ports import FoundPackage, PackageDesk
    from mlcd_tui.domain.verdict import PackageDiff

_HEAD = ("name", "version", "format", "created", "author", "aliases", "status", "address")
_LEAST = (24, 8, 10, 20, 10, 10, 8, 0)
_ROLLOUT = click.option(
    "--rollout", type=ROLLOUT_NAME, metavar="NAME", help="The packages of the images that run in this rollout."
)


@click.group("packages", help="Model packages: show, compare, validate, publish.")
@package_options
def packages() -> None:
    """Group of the package commands."""


@packages.command("list", help="What lies at PLACE (mlflow:, cluster:, a folder …); without it, at all known places.")
@click.argument("place", required=False)
@package_options
@click.pass_context
def list_(ctx: click.Context, place: str | None) -> None:
    """Print packages as they come in."""
    globals_ = current(ctx)
    found: list[PackageEntry] = []
    looked: list[str] = []

    async def work(desk: PackageDesk, _settings: Settings) -> int:
        places = (place,) if place else tuple(one.address for one in desk.places())
        if not places:
            raise BadConfig("no place is known.", advice="Name one such as mlflow:, or `sources` under [packages].")
        looked.extend(_within(address, globals_.listed_namespace) for address in places)
        printer, code = output.Widths(*_LEAST), 0
        for address in looked:
            try:
                async for entry in desk.list(address):
                    found.append(entry)
                    if globals_.output == "table":
                        printer.print(_HEAD, [_row(entry)])
            except Problem as problem:
                if place:
                    raise
                click.echo(f"mlcd-tui: {clean(address)} was not listed: {clean(problem)}", err=True)
                code = problem.exit_code
        return code

    addresses = (place,) if place else ("cluster:",) if has_cluster(globals_) else ()
    code = ask(work, globals_, *addresses)
    if globals_.output == "markdown":
        from mlcd_tui.cli.blocks import Block

        _print([Block("Packages", head=_HEAD, rows=tuple(map(_row, found)))], "markdown")
    elif globals_.output != "table":
        from mlcd_tui.domain.package_document import entries_document

        output.emit(entries_document(found), globals_.output)
    elif not found and not code:
        click.echo(f"No packages at {clean(', '.join(looked))}.", err=True)
    elif not place:
        click.echo(f"Looked at {clean(', '.join(looked))}.", err=True)
    raise SystemExit(code)


def _within(address: str, namespace: str) -> str:
    """A place, in the namespace that was named where it is the cluster."""
    return f"{address}{namespace}" if address == "cluster:" else address


def _row(entry: PackageEntry) -> tuple[str, ...]:
    from mlcd_tui.cli.package_blocks import moment

    aliases = ", ".join(entry.aliases)
    values = (entry.name, entry.version, entry.format, moment(entry.created), entry.author, aliases, entry.status)
    return (*(value or "-" for value in values), clean(entry.address))


@packages.command(help="The package at ADDRESS, or those that run in a rollout: signature, training, data, metrics …")
@click.argument("address", required=False)
@_ROLLOUT
@package_options
@click.pass_context
def show(ctx: click.Context, address: str | None, rollout: str | None) -> None:
    """Print a package in full."""
    globals_ = current(ctx)
    _checked((address,), rollout, "ADDRESS")
    if address:
        from mlcd_tui.cli.package_blocks import package_blocks
        from mlcd_tui.domain.package_document import package_document

        package = ask(lambda desk, _settings: desk.read(address), globals_, address)
        if globals_.output in {"json", "yaml"}:
            output.emit(package_document(package), globals_.output)
        else:
            _print(package_blocks(package), globals_.output)
        return
    ref, found = around(globals_, rollout or "")
    if globals_.output in {"json", "yaml"}:
        from mlcd_tui.domain.document import API_VERSION, plain

        document: dict[str, Any] = {"apiVersion": API_VERSION, "kind": "RolloutPackages"}
        document["rollout"] = {key: plain(getattr(ref, key)) for key in ("engine", "namespace", "name")}
        document |= {"serving": _found_document(found.serving), "candidate": _found_document(found.candidate)}
        output.emit(document, globals_.output)
        return
    blocks = [*_found_blocks("Serving", found.serving), *_found_blocks("Candidate", found.candidate)]
    _print(blocks, globals_.output)


def _found_document(found: FoundPackage | None) -> dict[str, Any] | None:
    from mlcd_tui.domain.package_document import package_document

    if found is None:
        return None
    package = None if found.package is None else package_document(found.package)
    return {
        "image": found.image,
        "digest": found.digest,
        "how": found.how,
        "problem": found.problem or found.contradiction,
        "package": package,
    }


def _found_blocks(title: str, found: FoundPackage | None) -> Iterable[Block]:
    from mlcd_tui.cli.blocks import Block
    from mlcd_tui.cli.package_blocks import package_blocks

    if found is None:
        return [Block(title, ("There is none.",))]
    told = (str(found.image), *filter(None, map(str, (found.how, found.problem, found.contradiction))))
    return [Block(title, told), *(package_blocks(found.package) if found.package is not None else ())]


@packages.command(
    "diff", help="CANDIDATE held against SERVING, or what is on its way in a rollout against what serves."
)
@click.argument("serving", required=False)
@click.argument("candidate", required=False)
@_ROLLOUT
@click.option(
    "--fail-on",
    type=click.Choice(["breaking", "unknown", "worse"]),
    multiple=True,
    help="Exit 1 when the schema is breaking; is not proven compatible; or a metric, the safety or the trust is worse.",
)
@declared_only_option
@package_options
@click.pass_context
def diff_(
    ctx: click.Context, serving: str | None, candidate: str | None, rollout: str | None, fail_on: tuple[str, ...]
) -> None:
    """Print what changes for callers and otherwise."""
    globals_ = current(ctx)
    _checked((serving, candidate), rollout, "SERVING CANDIDATE")
    if serving and candidate:
        diff = ask(lambda desk, _settings: desk.compare(serving, candidate), globals_, serving, candidate)
    else:
        diff = _running_diff(ctx, rollout or "")
    if globals_.output in {"json", "yaml"}:
        from mlcd_tui.domain.package_document import diff_document

        output.emit(diff_document(diff), globals_.output)
    else:
        from mlcd_tui.cli.diff_blocks import diff_blocks

        _print(diff_blocks(diff), globals_.output)
    raise SystemExit(1 if _fails(diff, fail_on) else 0)


def _running_diff(ctx: click.Context, rollout: str) -> PackageDiff:
    ref, found = around(current(ctx), rollout)
    if found.diff is not None:
        return found.diff
    if found.candidate is None:
        click.echo(f"mlcd-tui: no new version is on its way in {ref}.", err=True)
    for side in (found.serving, found.candidate):
        if side is not None and (side.problem or side.contradiction):
            click.echo(f"mlcd-tui: {side.image}: {side.problem or side.contradiction}", err=True)
    raise SystemExit(1)


def _fails(diff: PackageDiff, conditions: Iterable[str]) -> bool:
    from mlcd_tui.domain.verdict import Judgement, Verdict

    verdict = diff.compatibility.verdict
    met = {
        "breaking": verdict is Verdict.BREAKING,
        "unknown": verdict is not Verdict.COMPATIBLE,
        "worse": any(one.judgement is Judgement.WORSE for one in diff.differences),
    }
    return any(met[condition] for condition in conditions)


@packages.command(help="Whether the package at ADDRESS has what a package must have, and takes its own input example.")
@click.argument("address")
@click.option("--strict", is_flag=True, help="Advised things must be there too, and sources must not contradict.")
@package_options
@click.pass_context
def validate(ctx: click.Context, address: str, strict: bool) -> None:  # noqa: FBT001
    """Print what lacks; exit 1 when it may not pass."""
    from mlcd_tui.cli.package_validation import validated

    globals_ = current(ctx)
    result = ask(lambda desk, settings: validated(desk, settings, address, strict=strict), globals_, address)
    if globals_.output in {"json", "yaml"}:
        output.emit(result.document(), globals_.output)
    else:
        _print(result.blocks(), globals_.output)
    raise SystemExit(0 if result.ok else 1)


@packages.command(
    help="Publish the package at ADDRESS to the cluster, for whoever opens a rollout that runs the image."
)
@click.argument("address")
@click.option("--image", required=True, metavar="IMAGE@sha256:…", help="The image that carries the model, by digest.")
@click.option("--yes", "-y", is_flag=True, help="Do it without asking.")
@click.option("--dry-run", is_flag=True, help="Print what would be sent and do nothing.")
@click.option("--reason", default="", help="Why; kept in the audit log.")
@click.option("--confirm-name", default="", metavar="NAME", help="The namespace's name, in a production context.")
@package_options
@click.pass_context
def publish(ctx: click.Context, /, address: str, image: str, **options: Any) -> None:
    """Show what would be published, ask, do it."""
    from mlcd_tui.cli.publishing import How, publish_package

    raise SystemExit(publish_package(current(ctx), address, image, How(**options)))


def _checked(addresses: tuple[str | None, ...], rollout: str | None, what: str) -> None:
    try:
        either(addresses, rollout, what)
    except BadConfig as problem:
        from mlcd_tui.cli.wiring import fail

        fail(problem)


def _print(blocks: Iterable[Block], form: str) -> None:
    from mlcd_tui.cli.blocks import print_blocks

    print_blocks(blocks, form)
