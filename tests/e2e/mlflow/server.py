"""Starts the real MLflow server on a free port and has its own client register models there."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
USER = "alice"
"""Who trains."""
_START = 90.0
_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # a dozen processes that nothing here asks for
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "GIT_PYTHON_REFRESH": "quiet",
    "PYTHONWARNINGS": "ignore",
}


def environment(name: str) -> Path:
    """The environment of a server, as build.sh made it; it is made where it is missing (minutes).

    Args:
        name: a folder of tests/e2e with a requirements.lock.
    """
    subprocess.run([str(HERE / "build.sh"), name], check=True, stdout=subprocess.DEVNULL)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    lab = Path(os.environ.get("LAB") or cache / "mlcd-tui" / "lab")
    return lab / "venvs" / name


@dataclass(frozen=True, slots=True)
class Registration:
    """A model to train, log and register."""

    name: str = "churn"
    aliases: tuple[str, ...] = ()
    image_digest: str = ""
    """Becomes the version's tag `mlcd.dev/image-digest`."""
    extra_columns: tuple[str, ...] = ()
    """Required inputs beside `tenure_months` (long) and `monthly_fee` (double)."""
    regularisation: float = 1.0
    metrics: Mapping[str, float] = field(default_factory=lambda: {"roc_auc": 0.912, "f1": 0.71})
    directions: Mapping[str, str] = field(default_factory=lambda: {"roc_auc": "higher"})
    """Become the version's tags `mlcd.dev/direction.<metric>`."""
    dataset: str = "churn-2026q3"
    measured_on: str = "churn-holdout"
    """The data of its metrics."""
    commit: str = "4be1f0c2aa0d4c7e9b1d6f3a2b5c8d7e6f5a4b3c"
    owner: str = "risk-ml"
    description: str = "Leaves within a month?"


@dataclass(frozen=True, slots=True)
class Registered:
    """What the client says of a model that it registered."""

    name: str
    version: str
    run_id: str
    model_id: str


@dataclass(frozen=True, slots=True)
class MlflowServer:
    """A running server."""

    address: str
    """Its tracking URI, `http://127.0.0.1:port`."""
    python: Path
    """Of the environment with MLflow's client."""
    folder: Path

    def register(self, *models: Registration) -> tuple[Registered, ...]:
        """Train, log, push and register, by MLflow's own client in a process of its own (about ten seconds)."""
        return tuple(Registered(**each) for each in self._client({"models": [asdict(m) for m in models], "fill": 0}))

    def fill(self, count: int, prefix: str = "bulk") -> None:
        """Register many models of one version without artifacts, for listings."""
        self._client({"models": [], "fill": count, "prefix": prefix})

    def _client(self, asked: Mapping[str, Any]) -> Sequence[Mapping[str, str]]:
        # From a place of its own: the client records the script's name and the commit of the repository around it.
        script = shutil.copy(HERE / "register.py", self.folder / "train.py")
        done = subprocess.run(
            [str(self.python), str(script), self.address],
            input=json.dumps({"prefix": "", **asked}),
            capture_output=True,
            text=True,
            timeout=300,
            env={**os.environ, **_QUIET, "LOGNAME": USER},
            cwd=self.folder,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        answer: Sequence[Mapping[str, str]] = json.loads(done.stdout)
        return answer


@contextlib.contextmanager
def mlflow_server(folder: Path, password: str = "") -> Iterator[MlflowServer]:
    """The server with a database and artifacts of its own in `folder`; it and its children end with the context.

    Args:
        folder: where it keeps everything; may be empty.
        password: of the user `admin`; empty: it asks for no login.
    """
    bin_folder = environment("mlflow") / "bin"
    command = [
        *(str(bin_folder / "mlflow"), "server", "--host", "127.0.0.1", "--port", "0", "--workers", "1"),
        *("--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", str(folder / "artifacts")),
        *(("--app-name", "basic-auth") if password else ()),
    ]
    env = {**_QUIET, **(_with_logins(folder, password) if password else {})}
    with started(command, folder / "server.log", rb"running on (http://127\.0\.0\.1:\d+)", env) as address:
        yield MlflowServer(address, bin_folder / "python", folder)


def _with_logins(folder: Path, password: str) -> Mapping[str, str]:
    settings = folder / "auth.ini"
    settings.write_text(
        f"[mlflow]\ndefault_permission = READ\ndatabase_uri = sqlite:///{folder}/auth.db\nadmin_username = admin\n"
        "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n",
        encoding="utf-8",
    )
    return {
        "MLFLOW_AUTH_CONFIG_PATH": str(settings),
        "MLFLOW_AUTH_ADMIN_PASSWORD": password,
        "MLFLOW_FLASK_SERVER_SECRET_KEY": password,
    }


# The server and its children end with whoever started them, even with one that was killed: then the pipe closes.
# The shell itself outlives its signal, to tell when the server has come to its end.
_GUARD = 'trap : TERM; exec 3<&0; "$@" </dev/null & s=$!; { read -r _ <&3; kill -TERM 0; } & wait $s; wait $s'


@contextlib.contextmanager
def started(command: Sequence[str], log: Path, says: bytes, env: Mapping[str, str]) -> Iterator[str]:
    """A server in a process group of its own, once its log says `says`; yields the first group of that."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            ["sh", "-c", _GUARD, "sh", *command],
            stdout=out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.PIPE,
            env={**os.environ, **env},
            cwd=log.parent,
            start_new_session=True,
        )
    try:
        yield _said(process, log, re.compile(says))
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def _said(process: subprocess.Popen[bytes], log: Path, says: re.Pattern[bytes]) -> str:
    end = time.monotonic() + _START
    while (found := says.search(log.read_bytes())) is None:
        assert process.poll() is None, f"the server ended: {log.read_text()[-4000:]}"
        assert time.monotonic() < end, f"the server does not come up: {log.read_text()[-4000:]}"
        time.sleep(0.1)
    return found.group(1).decode()
