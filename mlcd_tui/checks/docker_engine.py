"""Whether a Docker Engine answers, for `doctor`."""

from __future__ import annotations

import os
from http.client import BadStatusLine
from json import JSONDecodeError

from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.wire.causes import in_words, innermost
from mlcd_tui.wire.docker_address import START, missing_socket

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

    if socket := missing_socket(os.environ.get("DOCKER_HOST", DEFAULT_UNIX_SOCKET)):
        return False, clean(f"No Docker Engine: there is no socket {socket}. {START}")
    try:
        # A version of its own keeps the constructor from asking, so that the client can be closed whatever happens.
        client = docker.from_env(version=DEFAULT_DOCKER_API_VERSION, timeout=patience)
    except (DockerException, OSError, ValueError) as error:
        return False, clean(f"No Docker Engine: {why(error)}. {START}")
    try:
        told = client.api.version(api_version=False)
    except (DockerException, OSError, ValueError) as error:
        return False, clean(f"No Docker Engine: {why(error)}. {START}")
    finally:
        client.close()
    if not isinstance(told, dict):
        return False, clean(f"No Docker Engine: {_OTHER}. {START}")
    platform = f"{told.get('Os', 'unknown')}/{told.get('Arch', 'unknown')}"
    version, api = told.get("Version", "of unknown version"), told.get("ApiVersion", "unknown")
    return True, clean(f"Docker Engine {version} ({platform}, API {api}) answers.")


def why(error: Exception) -> str:
    """What the innermost cause says: the library wraps a refused connection five times."""
    cause = innermost(error)
    if isinstance(cause, LookupError | TypeError | AttributeError | StopIteration | BadStatusLine | JSONDecodeError):
        return _OTHER
    return in_words(cause)
