"""Two real registries on loopback, each a process of its own that ends with its context."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.e2e.registry import tokens
from tests.e2e.registry.push import Pusher

HERE = Path(__file__).parent
USER, PASSWORD = "alice", "lab-password"
_ACCOUNT = "alice:$2y$05$abcdefghijklmnopqrstuuL/Ej5MNdcjasz4Sr7bjTMIxZn.WGpgG\n"
_CONFIG = """\
version: 0.1
log: {{level: warn, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {data}}}, delete: {{enabled: true}}}}
http: {{addr: {host}, relativeurls: true}}
auth: {auth}
"""


@dataclass(frozen=True, slots=True)
class Registry:
    """A registry that answers."""

    host: str
    """Host and port, as addresses name it."""
    login: tuple[str, str] | None = None

    def pusher(self, repository: str) -> Pusher:
        """Pushes into one repository."""
        return Pusher(f"http://{self.host}", repository, self.login)


def _program(name: str) -> Path:
    subprocess.run([HERE / "build.sh"], check=True, timeout=1_200)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("LAB") or cache / "mlcd-tui" / "lab") / "bin" / name


def _free_host() -> str:
    answer = subprocess.run([HERE.parent / "lab" / "free_ports.py", "1"], check=True, capture_output=True, text=True)
    return f"127.0.0.1:{answer.stdout.strip()}"


@contextmanager
def _running(command: list[str], registry: Registry, log: Path) -> Iterator[Registry]:
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    try:
        for _ in range(100):
            try:
                if httpx.get(f"http://{registry.host}/v2/", trust_env=False).status_code in (200, 401):
                    break
            except httpx.HTTPError:
                time.sleep(0.1)
        else:
            raise AssertionError(f"the registry did not come up: {log.read_text()[-500:]}")
        yield registry
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def _distribution(folder: Path, auth: str, login: tuple[str, str] | None) -> Iterator[Registry]:
    host = _free_host()
    config = folder / "config.yml"
    config.write_text(_CONFIG.format(data=folder / "data", host=host, auth=auth))
    command = [str(_program("registry-distribution")), "serve", str(config)]
    with _running(command, Registry(host, login), folder / "log") as registry:
        yield registry


@contextmanager
def distribution(folder: Path) -> Iterator[Registry]:
    """The reference registry: asks for a login, has no referrers API, keeps referrers by tag."""
    accounts = folder / "accounts"
    accounts.write_text(_ACCOUNT)
    with _distribution(folder, f"{{htpasswd: {{realm: lab, path: {accounts}}}}}", (USER, PASSWORD)) as registry:
        yield registry


@contextmanager
def with_tokens(folder: Path, service: tokens.TokenService) -> Iterator[Registry]:
    """The reference registry, which takes nothing but tokens of the service."""
    keys = folder / "keys.json"
    keys.write_text(service.keys)
    told = f"realm: http://{service.host}/token, service: {tokens.SERVICE}, issuer: {tokens.ISSUER}"
    auth = f"{{token: {{{told}, jwks: {keys}, signingalgorithms: [EdDSA]}}}}"
    with _distribution(folder, auth, None) as registry:
        yield registry


@contextmanager
def with_referrers(folder: Path) -> Iterator[Registry]:
    """A registry with the referrers API and without logins."""
    host = _free_host()
    with _running([str(_program("registry-referrers")), "-address", host], Registry(host), folder / "log") as registry:
        yield registry
