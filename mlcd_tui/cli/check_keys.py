"""`mlcd-tui checks keygen` and `link`: the operator's key, and which build a pushed image is."""

from __future__ import annotations

from typing import Any

import click

from mlcd_tui.cli import output
from mlcd_tui.cli.check_desks import ask
from mlcd_tui.cli.options import Globals
from mlcd_tui.domain.document import API_VERSION
from mlcd_tui.domain.text import clean


def make_key(form: str, *, force: bool) -> None:
    """Make the key and print where its halves lie. Raises `Problem`, the key that was there untouched."""
    from mlcd_tui.checks.evidence.keys import OWN, TRUSTED, keygen, own_key, renew
    from mlcd_tui.config.paths import config_dir

    aside = renew() if force else None
    if not force:
        keygen()
    path = config_dir() / OWN
    public, key = path.with_suffix(".pub"), own_key()
    keyid = f"sha256:{key.keyid}" if key is not None else ""
    if form != "table":
        document = {"apiVersion": API_VERSION, "kind": "EvidenceKey", "keyid": keyid, "private": str(clean(path))}
        document |= {"public": str(clean(public)), "replaced": str(clean(aside)) if aside else ""}
        output.emit(document, form)
        return
    lines = [f"Your key: {path}. It signs every run from now on; give it to nobody."]
    lines.append(f"Its public half: {public} ({keyid}).")
    lines.append(
        f"Others trust what you sign once that file lies in {TRUSTED}/ of their config folder, as YOUR-NAME.pub."
    )
    if aside is not None:
        trusted = path.parent / TRUSTED
        lines.append(f"The key of before: {aside}. Here, too, what it signed counts only with its .pub in {trusted}.")
    for line in lines:
        click.echo(clean(line, limit=10_000))


def link_image(globals_: Globals, image: str) -> None:
    """Remember which build an image in a registry is, and print it."""
    from mlcd_tui.session.check_desk import Checks

    async def work(desk: Checks) -> tuple[str, tuple[str, ...]]:
        upper = await desk.link(image)
        links = (await desk.store()).links()
        return upper, tuple(dict.fromkeys(each.lower for each in links if each.upper == upper))

    digest, parts = ask(work, globals_)
    if globals_.output != "table":
        document: dict[str, Any] = {"apiVersion": API_VERSION, "kind": "CheckLink", "image": str(clean(image))}
        output.emit(document | {"digest": digest, "of": list(parts)}, globals_.output)
        return
    click.echo(clean(f"{image} is {digest}"))
    for part in parts:
        click.echo(f"  of {part}")
    click.echo("What was checked before the push counts for it on this machine from now on.")
