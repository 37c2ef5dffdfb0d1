"""Starts MLServer, the reference server of the Open Inference Protocol in Python, with the model beside this file."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from tests.e2e.mlflow.server import environment, started

HERE = Path(__file__).parent
_SETTINGS = {
    "host": "127.0.0.1",
    "http_port": 0,
    "grpc_port": 0,
    "metrics_endpoint": None,  # a third port that nothing here asks
    "parallel_workers": 0,
}


@contextlib.contextmanager
def inference_server(folder: Path) -> Iterator[str]:
    """The server with a copy of the model in `folder`; yields `http://127.0.0.1:port`, ends it with the context."""
    program = environment("openinference") / "bin" / "mlserver"
    model = shutil.copytree(HERE / "model", folder / "churn")
    (model / "settings.json").write_text(json.dumps(_SETTINGS), encoding="utf-8")
    command = [str(program), "start", str(model)]
    with started(command, folder / "server.log", rb"Uvicorn running on (http://127\.0\.0\.1:\d+)", {}) as address:
        yield address


@contextlib.contextmanager
def fastapi_server(folder: Path) -> Iterator[str]:
    """A FastAPI application under uvicorn; yields its address."""
    python = environment("openinference") / "bin" / "python"
    shutil.copy(HERE / "app.py", folder / "app.py")
    command = [str(python), "-m", "uvicorn", "app:app", "--host", "127.0.0.1", "--port", "0", "--app-dir", str(folder)]
    with started(command, folder / "server.log", rb"Uvicorn running on (http://127\.0\.0\.1:\d+)", {}) as address:
        yield address
