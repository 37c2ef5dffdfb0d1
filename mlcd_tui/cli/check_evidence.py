"""`mlcd-tui checks show --rollout` and `verify`: what evidence comes to for the image that runs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from mlcd_tui.cli import output
from mlcd_tui.cli.check_desks import ask_session
from mlcd_tui.cli.naming import resolve_or_suggest
from mlcd_tui.cli.options import Globals
from mlcd_tui.cli.wiring import Wired, fail, run
from mlcd_tui.domain.check_document import evidence_document
from mlcd_tui.domain.check_ports import ImageChecks
from mlcd_tui.domain.check_standing import Awaited, InForce, Standing, standings
from mlcd_tui.domain.checks import Evidence, SignatureState, short
from mlcd_tui.domain.document import API_VERSION, plain
from mlcd_tui.domain.errors import BadConfig, Missing, Unreadable
from mlcd_tui.domain.published import image_digest
from mlcd_tui.domain.text import clean
from mlcd_tui.session.check_desk import Checks

_HEAD = ("check", "state", "what", "digest", "when", "signature", "found in")
_MOST_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be verified, and how strictly."""

    what: str
    image: str
    plan: str
    max_age: float | None
    signed: bool


# A rollout --------------------------------------------------------------------------------------------------------


def show_rollout(globals_: Globals, rollout: str, run_id: str) -> int:
    """Print how the images of a rollout stand; 1 where the one on its way (else the serving one) is not met."""
    if run_id or globals_.output not in {"table", "json"}:
        fail(BadConfig("--rollout goes with no run, and prints table or json."))

    async def work(wired: Wired) -> tuple[ImageChecks | None, ImageChecks | None]:
        ref = await resolve_or_suggest(wired, globals_, rollout)
        found = await wired.session.checks.around(await wired.session.detail(ref))
        return found.candidate, found.serving

    candidate, serving = run(work, globals_)
    sides = {"serving": serving, "candidate": candidate}
    if globals_.output == "json":
        document: dict[str, Any] = {"apiVersion": API_VERSION, "kind": "RolloutChecks"}
        document |= {name: None if side is None else _side(side) for name, side in sides.items()}
        output.emit(document, "json")
    else:
        for name, side in sides.items():
            _print_side(name, side)
    judged = candidate or serving
    return 0 if judged is not None and _met(judged.standings) else 1


def _side(side: ImageChecks) -> dict[str, Any]:
    return {
        "image": side.image,
        "digest": side.digest,
        "problem": side.problem,
        "checks": [_standing(each) for each in side.standings],
    }


def _print_side(name: str, side: ImageChecks | None) -> None:
    if side is None:
        click.echo(f"{name}: none")
        return
    click.echo(clean(f"{name}: {side.image} {short(side.digest) or 'digest not known'}"))
    if side.problem:
        click.echo(clean(f"  {side.problem}"))
    if side.standings:
        output.table(_HEAD, map(_row, side.standings))
    elif not side.problem:
        click.echo("  no checks are recorded")


def _standing(standing: Standing) -> dict[str, Any]:
    result, evidence = standing.result, standing.evidence
    found: dict[str, Any] = {"name": result.name, "kind": result.kind, "state": result.state.value}
    found |= {"required": result.required, "sentence": result.sentence, "reason": result.reason}
    found["run"] = evidence.run.id if evidence else None
    found["at"] = plain(standing.at)
    found["signature"] = evidence.signature.value if evidence else None
    found["foundIn"] = evidence.found_in if evidence else None
    return found


def _row(standing: Standing) -> tuple[str, ...]:
    from mlcd_tui.cli.package_blocks import moment

    result, evidence = standing.result, standing.evidence
    state = result.state.value + ("" if result.required else " (advisory)")
    told = result.reason or result.sentence or "-"
    if evidence is None:
        return result.name, state, told, "-", "-", "-", "-"
    image = evidence.run.image
    digest = short(image.manifest_digest or image.config_digest) or "-"
    signature = evidence.signature.value + (f" ({evidence.signer})" if evidence.signer else "")
    return result.name, state, told, digest, moment(standing.at), signature, evidence.found_in or "-"


def _met(found: Sequence[Standing]) -> bool:
    """Mere advice speaks for nothing, whoever signed it: at least one check was required, and all that were are met."""
    required = [each.result.state.met for each in found if each.result.required]
    return bool(required) and all(required)


# Verifying --------------------------------------------------------------------------------------------------------


def verify_evidence(globals_: Globals, asked: Asked) -> int:
    """Print what the evidence comes to; 1 where it does not speak for the image."""

    async def work(desk: Checks) -> tuple[tuple[Evidence, ...], tuple[Standing, ...]]:
        from mlcd_tui.session.live import utc_now

        digest = image_digest(asked.image)
        if asked.image and not digest:
            raise BadConfig(
                f"{clean(asked.image)} names no digest.", advice="Only digests are compared: IMAGE@sha256:…"
            )
        plan = await asyncio.to_thread(_in_force, asked) if asked.plan else None
        known = await _evidence(desk, asked, digest, globals_.namespace or "")
        if plan is None:
            plan = await _by_settings(desk, asked.image or (str(known[0].run.image.ref) if known else ""))
        if asked.max_age is not None:
            plan = replace(plan, max_age=timedelta(seconds=asked.max_age))
        counted = [each for each in known if not asked.signed or each.signature is SignatureState.VERIFIED]
        running = frozenset({digest}) if digest else frozenset(known[0].run.image.digests if known else ())
        return known, standings(counted, running, utc_now(), plan)

    cluster = bool(globals_.namespace) and not asked.what
    known, found = ask_session(work, globals_, cluster=cluster)
    if globals_.output == "table":
        _print_verified(known, found, asked)
    else:
        document = evidence_document(known)
        document |= {"kind": "CheckVerification", "ok": _met(found), "checks": [_standing(one) for one in found]}
        output.emit(document, globals_.output)
    return 0 if _met(found) else 1


async def _evidence(desk: Checks, asked: Asked, digest: str, namespace: str) -> tuple[Evidence, ...]:
    if not asked.what:
        if not digest:
            raise BadConfig("What is to be verified?", advice="Name a file, a kept run, or --image IMAGE@sha256:…")
        return await desk.evidence(frozenset({digest}), namespace, asked.image)
    path = Path(asked.what)
    if await asyncio.to_thread(path.is_file):
        return (await asyncio.to_thread(_file, path),)
    store = await desk.store()
    try:
        return (await asyncio.to_thread(store.run, asked.what),)
    except Missing as problem:
        raise Missing(f"There is neither a file nor a kept run {clean(asked.what)}.") from problem


def _file(path: Path) -> Evidence:
    from mlcd_tui.checks.evidence.keys import trusted_keys
    from mlcd_tui.checks.evidence.reading import BESIDE, read_evidence, read_with_bundle

    trusted, troubles = trusted_keys()
    for trouble in troubles:
        click.echo(clean(trouble), err=True)
    beside = path.with_name(f"{path.name}{BESIDE}")
    if beside.is_file():
        return read_with_bundle(_bytes(path), _bytes(beside), trusted, path.name)
    return read_evidence(_bytes(path), trusted, path.name)


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise Unreadable(f"{clean(path)} cannot be read: {clean(error.strerror)}.") from error
    if len(data) > _MOST_BYTES:
        raise Unreadable(f"{clean(path)} is larger than {_MOST_BYTES >> 20} MiB.")
    return data


def _in_force(asked: Asked) -> InForce:
    from mlcd_tui.checks.plan import load_plan

    plan = load_plan(asked.plan)
    awaited = tuple(Awaited(clean(one.name), one.kind, one.required, one.digest) for one in plan.checks)
    return InForce(plan.digest, awaited, None if plan.max_age is None else timedelta(seconds=plan.max_age))


async def _by_settings(desk: Checks, image: str) -> InForce:
    judging = await desk.judging(image)
    if judging.problem:
        raise BadConfig(judging.problem, advice="Mend it, or name another with --plan.")
    return judging.plan


def _print_verified(known: Iterable[Evidence], found: Sequence[Standing], asked: Asked) -> None:
    for evidence in known:
        if evidence.signature is SignatureState.BROKEN or (
            asked.signed and evidence.signature is not SignatureState.VERIFIED
        ):
            why = f", {evidence.note}" if evidence.note else ""
            click.echo(clean(f"does not count: run {evidence.run.id} is {evidence.signature.value}{why}"), err=True)
    if found:
        output.table(_HEAD, map(_row, found))
    met = "speaks for the image" if _met(found) else "does not speak for the image"
    click.echo(f"The evidence {met}." if found else "Nothing speaks for the image.")
