"""The Docker Engine as packages use it: images looked at, containers created but never started, files streamed."""

from __future__ import annotations

import json
import os
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlcd_tui.domain.errors import Missing, Problem, ServerFault, Unreachable, Unreadable
from mlcd_tui.domain.package_ports import Reach
from mlcd_tui.domain.text import clean
from mlcd_tui.packages.sources._streams import ChunkStream
from mlcd_tui.packages.sources._tar import TarReader
from mlcd_tui.wire.causes import in_words, innermost
from mlcd_tui.wire.docker_address import START, missing_socket

if TYPE_CHECKING:
    import docker

_PIECE = 64 * 1024
_NEVER_RUN = ["/mlcd-never-run"]
"""A container needs a command to be created; this one is never started."""
_MARK = "mlcd.dev/reads-files-of"
_DIRECTORY = 1 << 31
_LINK = 1 << 27
_NO_FILE = 1 << 26 | 1 << 25 | 1 << 24 | 1 << 21 | 1 << 19
"""Device, pipe, socket, character device and what else is none. So Go writes the kind of a file in its mode."""


@dataclass(frozen=True, slots=True)
class Stat:
    """What stands at a path of an image."""

    size: int
    is_folder: bool
    target: str
    """Where a link leads, inside the image."""


@contextmanager
def engine(reach: Reach) -> Iterator[Engine]:
    """The engine that `DOCKER_HOST` or the default socket leads to. Raises `Unreachable` where none answers."""
    import docker  # late: a tenth of a second
    from docker.constants import DEFAULT_UNIX_SOCKET
    from docker.errors import DockerException

    if socket := missing_socket(os.environ.get("DOCKER_HOST", DEFAULT_UNIX_SOCKET)):
        raise Unreachable(f"No Docker Engine: there is no socket {clean(socket)}.", advice=START, sent=False)
    try:
        client = docker.from_env(version="auto", timeout=max(int(reach.timeout), 1))
    except (DockerException, OSError, ValueError) as error:
        raise Unreachable(f"No Docker Engine: {in_words(innermost(error))}.", advice=START, sent=False) from error
    try:
        yield Engine(client.api, reach)
    finally:
        client.close()


class Engine:
    """One engine, asked in a blocking way."""

    def __init__(self, api: docker.APIClient, reach: Reach) -> None:
        self._api = api
        self._reach = reach

    def image(self, name: str) -> dict[str, Any]:
        """What the engine knows of an image. Raises `Missing`: nothing is ever pulled."""
        from docker.errors import ImageNotFound, NotFound

        with self._failures(f"image {clean(name, limit=300)}"):
            try:
                return dict(self._api.inspect_image(name))  # type: ignore[no-untyped-call]
            except (ImageNotFound, NotFound) as error:
                raise Missing(
                    f"Docker has no image {clean(name, limit=300)} here.",
                    advice="Pull it (docker pull), or read it from its registry (oci:HOST/REPOSITORY:TAG).",
                ) from error

    def images(self, name: str) -> list[dict[str, Any]]:
        """All tagged images, or those of one repository."""
        with self._failures("the list of images"):
            return [dict(each) for each in self._api.images(name=name or None)]

    @contextmanager
    def container(self, image: str) -> Iterator[str]:
        """A container that is created, never started, and always removed with its volumes."""
        with self._failures("creating a container to read files from"):
            made = self._api.create_container(
                image, command=_NEVER_RUN, entrypoint=_NEVER_RUN, network_disabled=True, labels={_MARK: image}
            )
        try:
            yield str(made["Id"])
        finally:
            # what cannot be removed has its mark to be found by; the reading itself is not spoiled by it
            with suppress(Problem), self._failures("removing the container"):
                self._api.remove_container(made["Id"], v=True, force=True)

    def stat(self, container: str, path: str) -> Stat | None:
        """What stands at a path; None: nothing."""
        with self._failures(f"looking at {clean(path)}"):
            answer = self._api.head(
                self._archive(container), params={"path": path}, timeout=max(int(self._reach.timeout), 1)
            )
            answer.close()
        if answer.status_code != 200:
            return None
        try:
            told = json.loads(b64decode(answer.headers.get("X-Docker-Container-Path-Stat", "")))
            mode, size, target = int(told["mode"]), int(told["size"]), str(told.get("linkTarget") or "")
        except (ValueError, KeyError, TypeError) as error:
            raise ServerFault(f"The Docker Engine tells nothing of {clean(path)} that can be read.") from error
        if mode & _NO_FILE:
            return None
        return Stat(size, bool(mode & _DIRECTORY), target if mode & _LINK else "")

    @contextmanager
    def tar(self, container: str, path: str) -> Iterator[TarReader]:
        """The tar stream of a file or folder; closed in the middle when the caller has enough."""
        name = clean(f"{path} of the image", limit=400)
        with self._failures(f"reading {clean(path)}"):
            answer = self._api.get(
                self._archive(container),
                params={"path": path},
                stream=True,
                headers={"Accept-Encoding": "identity"},
                timeout=max(int(self._reach.timeout), 1),
            )
        try:
            if answer.status_code != 200:
                raise Unreadable(f"The Docker Engine does not bring {name} ({answer.status_code}).")
            yield TarReader(ChunkStream(self._chunks(answer.iter_content(_PIECE), name)), name)
        finally:
            answer.close()

    def _chunks(self, coming: Iterator[bytes], name: str) -> Iterator[bytes]:
        while True:
            if self._reach.cancelled():
                raise Unreadable(f"Reading {name} was given up.")
            with self._failures(f"reading {name}"):
                chunk = next(coming, b"")
            if not chunk:
                return
            yield chunk

    def _archive(self, container: str) -> str:
        return f"{self._api.base_url}/v{self._api.api_version}/containers/{container}/archive"

    @contextmanager
    def _failures(self, doing: str) -> Iterator[None]:
        """What the library raises, as sentences."""
        from docker.errors import APIError, DockerException

        try:
            yield
        except APIError as error:
            raise ServerFault(f"The Docker Engine failed ({doing}): {clean(error.explanation, limit=200)}.") from error
        except (DockerException, OSError) as error:  # those of requests are OSErrors
            why = in_words(innermost(error))
            raise Unreachable(f"The Docker Engine gave no answer ({doing}): {why}.", advice=START) from error
