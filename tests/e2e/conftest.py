"""Fixtures on the real control plane; `make e2e` starts it, or tests/e2e/lab/run.sh with any command."""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from tests.e2e.docker.engine import base_image, shared_engine
from tests.e2e.gateway.plane import Plane, data_plane
from tests.e2e.gateway.prometheus import prometheus_server
from tests.e2e.lab.api import LabApi
from tests.e2e.lab.recording.metrics import metrics_server
from tests.e2e.lab.recording.stage import Stage
from tests.e2e.mlflow.server import MlflowServer, mlflow_server
from tests.e2e.openinference.server import inference_server

HERE = Path(__file__).parent


def pytest_configure() -> None:
    """Whoever starts the tests behind a shell's `&` or nohup hands them signals that are ignored, and every program
    that is tested here would inherit that."""
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number is signal.SIGINT else signal.SIG_DFL)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.e2e)


@dataclass(frozen=True, slots=True)
class Lab:
    """The cluster under test. Its contexts are named after its users (see tests/e2e/lab/write_users.py)."""

    kubeconfig: Path
    contexts: tuple[str, ...]
    default: str

    def context(self, user: str) -> str:
        """The context of a user of the lab; a developer's own cluster has only its default one."""
        if user in self.contexts:
            return user
        if user == "admin":
            return self.default
        pytest.skip(f"this cluster has no user {user}: take the lab (unset KUBECONFIG_E2E)")

    def api(self, user: str = "admin") -> LabApi:
        """A plain client of that user."""
        return LabApi(self.kubeconfig, self.context(user))

    def kubectl(self, *arguments: str, user: str = "admin") -> subprocess.CompletedProcess[str]:
        """What the real kubectl says; the caller judges its exit status."""
        command = ["kubectl", "--kubeconfig", str(self.kubeconfig), "--context", self.context(user), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="session")
def lab() -> Lab:
    path = os.environ.get("MLCD_E2E_KUBECONFIG")
    if not path:
        pytest.fail(
            "These tests need a control plane: run `make e2e`, or tests/e2e/lab/run.sh with your pytest command."
        )
    config = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    return Lab(Path(path), tuple(each["name"] for each in config["contexts"]), config["current-context"])


@pytest.fixture(scope="session")
def api(lab: Lab) -> Iterator[LabApi]:
    """The administrator's client, for arranging."""
    with lab.api() as client:
        yield client


@pytest.fixture(scope="session")
def metrics() -> Iterator[str]:
    """Where analyses can read numbers: <address>/value/1 succeeds, /value/0 fails, /value/2 is inconclusive, /broken errs."""
    with metrics_server() as address:
        yield address


@pytest.fixture(scope="session")
def mlflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    """The real MLflow server; all tests share it, so models have names of their own."""
    with mlflow_server(tmp_path_factory.mktemp("mlflow")) as server:
        yield server


@pytest.fixture(scope="session")
def inference(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real server of the Open Inference Protocol (MLServer) with one model, `churn` version 3."""
    with inference_server(tmp_path_factory.mktemp("openinference")) as address:
        yield address


@pytest.fixture(scope="session")
def docker_host() -> Iterator[str]:
    """The address of a real Docker Engine; all tests share it, so nothing of it is stopped or pruned."""
    with shared_engine() as address:
        yield address


@pytest.fixture(scope="session")
def docker_base(docker_host: str) -> str:
    """The name of an image with python3 and nothing else in that engine."""
    return base_image(docker_host)


@pytest.fixture(scope="session")
def plane(lab: Lab, api: LabApi, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    """The data plane: Envoy in front of real model servers, as Gateways and HTTPRoutes of the lab ask (see tests/e2e/gateway)."""
    with data_plane(lab.kubeconfig, tmp_path_factory.mktemp("plane"), api) as running:
        yield running


@pytest.fixture(scope="session")
def prometheus(plane: Plane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real Prometheus that scrapes Envoy every second."""
    with prometheus_server(tmp_path_factory.mktemp("prometheus"), plane.envoy) as address:
        yield address


@pytest.fixture
def home(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the test's own: settings in `config`, audit log and memory in `state`; the lab is the cluster."""
    folder = tmp_path / "home"
    for name in ("config", "state", "cache", "data"):
        (folder / name).mkdir(parents=True)
        monkeypatch.setenv(f"XDG_{name.upper()}_HOME", str(folder / name))
    for name in ("config", "state"):
        monkeypatch.setenv(f"MLCD_{name.upper()}_DIR", str(folder / name))
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("KUBECONFIG", str(lab.kubeconfig))
    return folder


@pytest.fixture
def namespace(api: LabApi, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace of the test's own; nobody waits for its end."""
    slug = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[:40].strip("-")
    name = f"{slug}-{secrets.token_hex(3)}"
    api.create_namespace(name)
    yield name
    api.delete("Namespace", "", name)


@pytest.fixture
def stage(api: LabApi, namespace: str, metrics: str) -> Stage:
    """Drives one Rollout named model-api in the test's namespace (see tests/e2e/lab/recording)."""
    return Stage(api, namespace, metrics)


@pytest.fixture
def deployment_stage(api: LabApi, namespace: str, metrics: str) -> Stage:
    """Drives one Deployment named model-api in the test's namespace."""
    return Stage(api, namespace, metrics, "Deployment")


@pytest.fixture
def write_logs(api: LabApi, namespace: str, tmp_path: Path) -> Callable[..., None]:
    """Gives a pod lines of its own to tell; called again it appends, and who follows the log sees it."""

    def write(pod: str, *lines: str, previous: tuple[str, ...] = ()) -> None:
        now, before = tmp_path / f"{pod}.log", tmp_path / f"{pod}.previous.log"
        known = now.exists()
        with now.open("a", encoding="utf-8") as log:
            log.writelines(_cri(line) for line in lines)
        if known:
            return
        before.write_text("".join(map(_cri, previous)), encoding="utf-8")
        files = {"logsFile": str(now), "previousLogsFile": str(before), "follow": True}
        api.create(
            namespace,
            {
                "apiVersion": "kwok.x-k8s.io/v1alpha1",
                "kind": "Logs",
                "metadata": {"name": pod},
                "spec": {"logs": [files]},
            },
        )

    return write


def _cri(line: str) -> str:
    """A line as container runtimes keep it in a log file."""
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
    return f"{at} stdout F {line}\n"
