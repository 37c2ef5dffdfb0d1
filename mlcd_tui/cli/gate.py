"""`mlcd-tui gate`: the service that answers Flagger's confirmation hooks by the approvals on the Canary."""

from __future__ import annotations

import asyncio
import signal
from datetime import UTC, datetime
from pathlib import Path

import click

from mlcd_tui.cli.options import Globals, current
from mlcd_tui.cli.wiring import fail
from mlcd_tui.cluster.client import Client
from mlcd_tui.cluster.kubeconfig import load
from mlcd_tui.domain.errors import BadConfig, Problem
from mlcd_tui.domain.refs import DEPLOYMENTS, JSON, Resource
from mlcd_tui.domain.text import clean
from mlcd_tui.gate.server import GateServer
from mlcd_tui.gate.tls import Certificate

_CANARIES = Resource("flagger.app", "v1beta1", "canaries", "Canary")
_FILE = click.Path(path_type=Path, dir_okay=False)
_TARGETS = {"Deployment": DEPLOYMENTS, "DaemonSet": Resource("apps", "v1", "daemonsets", "DaemonSet")}


class _ClusterReader:
    """Looks the Canary and its target up, afresh each time."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def canary(self, namespace: str, name: str) -> JSON:
        """The Canary."""
        return await self._client.get(_CANARIES.path(namespace, name))

    async def target(self, kind: str, namespace: str, name: str) -> JSON:
        """Its target."""
        return await self._client.get(_TARGETS[kind].path(namespace, name))


@click.command("gate")
@click.option("--listen", default="127.0.0.1:8080", show_default=True, metavar="HOST:PORT", help="Where to listen.")
@click.option("--tls-certificate", type=_FILE, metavar="FILE", help="Serve TLS: the certificate with its chain, PEM.")
@click.option("--tls-key", type=_FILE, metavar="FILE", help="Its key, PEM. Both are read again when they change.")
@click.pass_context
def gate(ctx: click.Context, listen: str, tls_certificate: Path | None, tls_key: Path | None) -> None:
    """Answer Flagger's confirmation hooks, until ended.

    Approvals stand on the Canaries themselves: a person gives one with `rollouts promote` or on the screen,
    and it holds for that revision, step and run only. The gate keeps nothing; it needs the right to get
    Canaries and their targets. In a cluster it takes the pod's service account. See sample_configs/gate.yaml.
    """
    certificate = _certificate(tls_certificate, tls_key)
    try:
        asyncio.run(_run(current(ctx), *_address(listen), certificate))
    except Problem as problem:
        fail(problem)
    except OSError as error:
        fail(BadConfig(f"cannot listen on {listen}: {error.strerror or error}", advice="Name another with --listen."))


def _address(listen: str) -> tuple[str, int]:
    host, colon, port = listen.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise click.BadParameter("it is HOST:PORT, such as 0.0.0.0:8080.", param_hint="--listen")
    return host.strip("[]"), int(port)


def _certificate(certificate: Path | None, key: Path | None) -> Certificate | None:
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise click.UsageError("--tls-certificate and --tls-key go together.")
    return Certificate(certificate, key, _say)


async def _run(globals_: Globals, host: str, port: int, certificate: Certificate | None) -> None:
    tls = certificate.context() if certificate else None
    client = Client(load(globals_.kubeconfig).target(globals_.context), timeout=4.0)
    server = GateServer(_ClusterReader(client), _say)
    try:
        chosen = await server.start(host, port, tls)
        _say(f"listening on {host}:{chosen}{' with TLS' if tls else ''}, asking {client.server}")
        ended = asyncio.Event()
        for each in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(each, ended.set)
        await ended.wait()
    finally:
        await server.close()
        await client.close()


def _say(line: str) -> None:
    click.echo(f"{datetime.now(UTC).isoformat(timespec='seconds')} {clean(line)}")
