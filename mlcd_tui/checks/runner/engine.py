"""The Docker Engine that checks run on: which one, what it is, and its failures as sentences."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3.exceptions
from docker import APIClient
from docker.constants import DEFAULT_UNIX_SOCKET, IS_WINDOWS_PLATFORM
from docker.errors import APIError, DockerException, ImageNotFound
from docker.tls import TLSConfig
from docker.utils import kwargs_from_env

from mlcd_tui.checks.docker_engine import why
from mlcd_tui.domain.checks import ImageIdentity
from mlcd_tui.domain.errors import BadConfig, Invalid, Missing, Problem, ServerFault, Unreachable
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.wire.addresses import is_loopback
from mlcd_tui.wire.docker_address import START, missing_socket

PATIENCE = 60
"""Seconds for each answer: on a busy machine creating and starting take seconds, never a minute."""
_POOL = 64
"""Connections kept: every running container holds one for its output."""
_NPIPE = "npipe:////./pipe/docker_engine"


@dataclass(frozen=True, slots=True)
class Engine:
    """A Docker Engine that answered."""

    api: APIClient
    name: Clean
    """`Docker Engine 20.10.24 (linux/amd64)`."""
    cpus: float
    memory: int
    """Bytes of the machine it runs on."""
    address: str
    """Where it answers: `unix://…`."""
    root: str
    """Where it keeps its data, on its own machine."""
    open: Callable[[], APIClient]
    """A further connection, for what must be cut off in the middle."""

    def close(self) -> None:
        """Let go of all connections."""
        self.api.close()

    def inspect(self, image: str) -> Mapping[str, Any]:
        """What the engine knows of an image; it is never pulled.

        Raises:
            Missing: it is not on this engine.
        """
        with asked(f"looking for {image}"):
            try:
                found: Mapping[str, Any] = self.api.inspect_image(image)  # type: ignore[no-untyped-call]
            except ImageNotFound as error:
                raise Missing(
                    f"{self.name} has no image {clean(image)}.", advice="Build it or pull it; checks never pull."
                ) from error
        return found

    def identity(self, image: str) -> ImageIdentity:
        """An image by all its names, asked once: what runs afterwards runs by digest, wherever the tag goes."""
        found = self.inspect(image)
        return ImageIdentity(
            ref=clean(image),
            config_digest=str(found.get("Id", "")),
            manifest_digest=_manifest(image, found.get("RepoDigests") or ()),
            platform=clean(f"{found.get('Os', 'linux')}/{found.get('Architecture', 'unknown')}"),
        )


def connect(address: str | None = None, *, remote: bool = False) -> Engine:
    """The engine at `address`, else at `DOCKER_HOST`, else at the default socket; contexts of the CLI are not followed.

    Args:
        address: `unix://…`, `npipe://…` or `tcp://127.0.0.1:…`.
        remote: whether an engine on another machine may be used.

    Raises:
        BadConfig: it is on another machine, and that was not allowed.
        Unreachable: it does not answer.
    """
    place = address or os.environ.get("DOCKER_HOST") or (_NPIPE if IS_WINDOWS_PLATFORM else DEFAULT_UNIX_SOCKET)
    if not remote and not _is_local(place):
        raise BadConfig(
            f"The Docker Engine at {clean(place)} is on another machine; checks run on a local one.",
            advice="Allow it expressly, or point DOCKER_HOST at a local engine.",
        )
    if socket := missing_socket(place):
        raise Unreachable(f"No Docker Engine: there is no socket {clean(socket)}.", advice=START, sent=False)
    with asked("connecting", absent=place):
        tls = kwargs_from_env().get("tls")
        secured = tls if isinstance(tls, TLSConfig) else False
        api = APIClient(base_url=place, version="auto", timeout=PATIENCE, max_pool_size=_POOL, tls=secured)
    agreed = str(api.api_version)
    try:
        with asked("connecting", absent=place):
            version, info = api.version(api_version=False), api.info()
    except Problem:
        api.close()
        raise
    return Engine(
        api=api,
        name=clean(
            f"Docker Engine {version.get('Version', '?')} ({version.get('Os', '?')}/{version.get('Arch', '?')})"
        ),
        cpus=float(info.get("NCPU") or 1),
        memory=int(info.get("MemTotal") or 1 << 30),
        address=place,
        root=str(info.get("DockerRootDir") or ""),
        open=lambda: APIClient(base_url=place, version=agreed, timeout=PATIENCE, tls=secured),
    )


@contextmanager
def asked(doing: str, absent: str = "") -> Iterator[None]:
    """Whatever a question to the engine fails with becomes a `Problem` of one sentence.

    Args:
        doing: what was being done, for the sentence: `starting lint`.
        absent: where the engine was looked for, while it is not known to be there at all.
    """
    try:
        yield
    except APIError as error:
        raise _told(error, doing) from error
    except (DockerException, requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        if absent:
            raise Unreachable(
                f"No Docker Engine at {clean(absent)}: {clean(why(error))}.",
                advice=START,
                sent=False,
            ) from error
        raise Unreachable(
            f"The Docker Engine stopped answering while {clean(doing)}: {clean(why(error))}.",
            advice="See whether it still runs.",
        ) from error


def explained(error: APIError) -> Clean:
    """The engine's own words, without the chain of its parts (`failed to create shim task: OCI runtime …`)."""
    text = str(error.explanation or error).strip()
    for lead in ("runc create failed:", "unable to start container process:", "OCI runtime create failed:"):
        text = text.rsplit(lead, 1)[-1].strip()
    return clean(text.removesuffix(": unknown").rstrip("."), limit=300)


def _told(error: APIError, doing: str) -> Problem:
    words = explained(error)
    if "no space left on device" in words:
        return ServerFault(f"The disk of the Docker Engine is full ({doing}): {words}.", advice="Make room on it.")
    sentence = f"The Docker Engine refused while {clean(doing)}: {words}."
    status = error.status_code or 0
    if isinstance(error, ImageNotFound) or (status == 404 and "image" in words.lower()):
        return Missing(f"The image is gone from the Docker Engine ({doing}): {words}.", advice="Build it again.")
    if status == 404:
        return Missing(sentence)
    return ServerFault(sentence) if status >= 500 else Invalid(sentence)


def _is_local(place: str) -> bool:
    parts = urlsplit(place)
    if parts.scheme in {"unix", "http+unix", "npipe"}:
        return True
    return parts.scheme in {"tcp", "http", "https"} and is_loopback(parts.hostname or "")


def _manifest(image: str, digests: object) -> str:
    """The manifest digest: of the repository that was named, else the only one that there is, else none."""
    found = [str(one).rsplit("@", 1) for one in digests if "@" in str(one)] if isinstance(digests, list) else []
    name = image.rsplit("@", 1)[0]
    repository = name.rsplit(":", 1)[0] if ":" in name.rsplit("/", 1)[-1] else name
    for held, digest in found:
        if held == repository:
            return digest
    every = {digest for _, digest in found}
    return every.pop() if len(every) == 1 else ""
