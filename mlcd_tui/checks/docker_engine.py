"""Whether a Docker Engine answers, for `doctor`."""

from __future__ import annotations

import os
from http.client import BadStatusLine
from json import JSONDecodeError
from pathlib import Path

from mlcd_tui.domain.text import Clean, clean

_ADVICE = "Start it, or point DOCKER_HOST at one."
_OTHER = "what answers there speaks otherwise than one"
PATIENCE = 3
"""Seconds to wait for each answer; an engine on this machine answers in milliseconds."""


def ping(patience: int = PATIENCE) -> tuple[bool, Clean]:
    """Ask the engine that `DOCKER_HOST` or the default socket leads to. Never raises; blocks for seconds at most.

    Returns:
        Whether it answers, and one sentence: its version and platform, or why it does not and what to do.
    """
    # The library takes a tenth of a second to import and is needed by nothing else at the start.
    import docker
    from docker.constants import DEFAULT_DOCKER_API_VERSION, DEFAULT_UNIX_SOCKET
    from docker.errors import DockerException

    kind, _, place = os.environ.get("DOCKER_HOST", DEFAULT_UNIX_SOCKET).partition("://")
    if kind in {"unix", "http+unix"} and not Path(place).exists():
        return False, clean(f"No Docker Engine: there is no socket {place}. {_ADVICE}")
    try:
        # A version of its own keeps the constructor from asking, so that the client can be closed whatever happens.
        client = docker.from_env(version=DEFAULT_DOCKER_API_VERSION, timeout=patience)
    except (DockerException, OSError, ValueError) as error:
        return False, clean(f"No Docker Engine: {why(error)}. {_ADVICE}")
    try:
        told = client.api.version(api_version=False)
    except (DockerException, OSError, ValueError) as error:
        return False, clean(f"No Docker Engine: {why(error)}. {_ADVICE}")
    finally:
        client.close()
    if not isinstance(told, dict):
        return False, clean(f"No Docker Engine: {_OTHER}. {_ADVICE}")
    platform = f"{told.get('Os', 'unknown')}/{told.get('Arch', 'unknown')}"
    version, api = told.get("Version", "of unknown version"), told.get("ApiVersion", "unknown")
    return True, clean(f"Docker Engine {version} ({platform}, API {api}) answers.")


def why(error: Exception) -> str:
    """The innermost cause: the library wraps a refused connection five times."""
    cause: BaseException = error
    for _ in range(8):
        inner = cause.__cause__ or cause.__context__
        if inner is None:
            break
        cause = inner
    if isinstance(cause, LookupError | TypeError | AttributeError | StopIteration | BadStatusLine | JSONDecodeError):
        return _OTHER
    text = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    return str(text).rstrip(".").splitlines()[0]
