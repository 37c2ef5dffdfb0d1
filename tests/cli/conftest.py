"""The command line on the simulated cluster, in this process, with a home of its own."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from click.testing import CliRunner, Result

from mlcd_tui.checks.evidence.store import EvidenceStore
from mlcd_tui.cli.main import cli
from mlcd_tui.cluster.client import Client
from mlcd_tui.demo.cluster import DemoCluster
from mlcd_tui.domain.checks import CheckRun
from mlcd_tui.domain.errors import Forbidden
from tests.checks.runs_made import run


@dataclass
class Cli:
    """Runs commands, and keeps the settings and the audit log of one user."""

    cluster: DemoCluster
    home: Path

    def __call__(self, *arguments: str, typed: str | None = None) -> Result:
        result = CliRunner().invoke(cli, list(arguments), input=typed, prog_name="mlcd-tui")
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert self.cluster.server.token not in result.output, "the secret got out"
        return result

    def json(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        """Run with `-o json` and read what stands on standard output."""
        result = self(*arguments, "-o", "json")
        assert result.exit_code == code, result.output
        document: dict[str, Any] = json.loads(result.stdout)
        return document

    def settings(self, text: str) -> None:
        """Write the settings file."""
        (self.home / "config.toml").write_text(text, "utf-8")

    @property
    def log(self) -> Path:
        """The audit log."""
        return self.home / "audit.jsonl"

    @property
    def stages(self) -> list[str]:
        """The audit log's stages, oldest first."""
        return [entry["stage"] for entry in reversed(self.json("audit", "list")["items"])]

    def http(self) -> httpx.Client:
        """Plain HTTP, to arrange things behind the command's back."""
        server = self.cluster.server
        return httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {server.token}"})

    def object(self, name: str, namespace: str) -> dict[str, Any]:
        """A Rollout as the cluster has it now."""
        with self.http() as http:
            path = f"/apis/argoproj.io/v1alpha1/namespaces/{namespace}/rollouts/{name}"
            found: dict[str, Any] = http.get(path).raise_for_status().json()
        return found

    def as_user(self, token: str, user: Any) -> Path:
        """A kubeconfig of somebody else."""
        self.cluster.call(lambda server: server.users.__setitem__(token, user))
        text = self.cluster.kubeconfig.read_text("utf-8").replace(self.cluster.server.token, token)
        path = self.home / f"{token}.yaml"
        path.write_text(text, "utf-8")
        return path

    def contexts(self, *names: str) -> Path:
        """A kubeconfig with these contexts, all of the same cluster, the first one current."""
        config = yaml.safe_load(self.cluster.kubeconfig.read_text("utf-8"))
        inner = config["contexts"][0]["context"]
        config["contexts"] = [{"name": name, "context": inner} for name in names]
        config["current-context"] = names[0]
        path = self.home / "contexts.yaml"
        path.write_text(yaml.safe_dump(config), "utf-8")
        return path


def _in(cluster: DemoCluster, home: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig))
    monkeypatch.setenv("MLCD_CONFIG_DIR", str(home))
    monkeypatch.setenv("MLCD_STATE_DIR", str(home))
    monkeypatch.delenv("NO_COLOR", raising=False)
    return Cli(cluster, home)


@pytest.fixture(autouse=True)
def _logging() -> Iterator[None]:
    """Each command sends the program's own messages to a file; other tests want them back."""
    root = logging.getLogger("mlcd_tui")
    before = root.handlers[:], root.propagate, root.level
    yield
    for handler in set(root.handlers) - set(before[0]):
        handler.close()
    root.handlers[:], root.propagate, root.level = before


@pytest.fixture(scope="module")
def shared_cluster() -> Iterator[DemoCluster]:
    """One cluster for the tests of a module that only look."""
    with DemoCluster() as cluster:
        yield cluster


@pytest.fixture
def seen(shared_cluster: DemoCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The command line on a cluster that nobody may change."""
    return _in(shared_cluster, tmp_path, monkeypatch)


@pytest.fixture
def acted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cli]:
    """The command line on a cluster of the test's own, whose clock runs fast."""
    with DemoCluster(speed=10) as cluster:
        yield _in(cluster, tmp_path, monkeypatch)


Terminal = Callable[[], None]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Makes the runner's standard input a terminal from then on."""

    def make() -> None:
        monkeypatch.setattr(
            "click.testing._NamedTextIOWrapper.isatty", lambda self: self.name == "<stdin>", raising=False
        )

    return make


Forbid = Callable[..., None]


@pytest.fixture
def forbid(monkeypatch: pytest.MonkeyPatch) -> Forbid:
    """Makes the server forbid to read some kinds, named by their plural."""
    call = Client._call

    def make(*kinds: str) -> None:
        async def forbidding(self: Client, method: str, path: str, *args: Any, **kwargs: Any) -> bytes:
            if any(part in kinds for part in path.split("/")):
                raise Forbidden(f"reading {path} is forbidden.")
            return await call(self, method, path, *args, **kwargs)

        monkeypatch.setattr(Client, "_call", forbidding)

    return make


Command = Callable[..., Result]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of somebody who has no kubeconfig and no Docker Engine."""
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "there-is-none"))
    monkeypatch.setenv("MLCD_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("MLCD_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def alone(home: Path) -> Command:
    """The command line of that person."""
    del home

    def go(*arguments: str, typed: str | None = None) -> Result:
        found = CliRunner().invoke(cli, ["checks", *arguments], input=typed, prog_name="mlcd-tui")
        assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
        return found

    return go


@pytest.fixture
def kept(home: Path) -> CheckRun:
    """A run that is kept: lint failed, the tests passed, moments ago."""
    now = datetime.now(UTC)
    made = run(started=now - timedelta(minutes=2), finished=now - timedelta(minutes=1))
    EvidenceStore(home / "checks").add(made)
    return made
