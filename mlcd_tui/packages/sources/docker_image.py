"""An image of the local Docker Engine: its labels, and the package files in it, without starting or pulling it."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from mlcd_tui.domain.errors import BadConfig, Missing, Unreadable
from mlcd_tui.domain.package import PackageEntry
from mlcd_tui.domain.package_ports import Files, PackageOrigin, Reach
from mlcd_tui.domain.text import clean
from mlcd_tui.packages.sources._docker_engine import Engine, engine
from mlcd_tui.packages.sources._files import Body, Held, PackageFiles, inside
from mlcd_tui.packages.sources._oci_reference import DIGEST

PATH_LABEL = "mlcd.dev/package-path"
"""On an image: the folder that holds its package."""
LARGE = 4 << 20
"""Bytes of a file that is not let through a folder's stream: it ends there."""
MOST_STREAMED = 64 << 20
MOST_FILES = 20_000
_PREFIX = "docker:"
_PLACES = (
    "/model",
    "/models",
    "/mnt/models",
    "/opt/ml/model",
    "/opt/ml/code",
    "/src",
    "/app",
    "/workspace",
    "/home/bentoml/bento",
)
_SYSTEM = frozenset(
    {"bin", "boot", "dev", "etc", "lib", "lib64", "proc", "root", "run", "sbin", "sys", "tmp", "usr", "var"}
)
_NAMES = (
    *("MLmodel", "conda.yaml", "python_env.yaml", "requirements.txt", "input_example.json", "model.skops"),
    *("Kitfile", "kitfile", ".kitfile", "cog.yaml", "bento.yaml", "model.yaml", "config.pbtxt", "README.md"),
    *("config.json", "model.onnx", "model.safetensors", "model.safetensors.index.json", "bom.json", "model.sig"),
)
"""Looked for one by one where a folder is too large to stream."""
_RISKY = (
    *("model.pkl", "python_model.pkl", "model.joblib", "model.pt", "model.pth", "data/model.pth", "model.ckpt"),
    *("pytorch_model.bin", "model.h5", "model.keras", "data/model.keras", "model.npz"),
)
"""Never read, but to be flagged: loading them may run code."""


@dataclass(frozen=True, slots=True)
class InImage:
    """A file of an image, streamed up to what is wanted of it."""

    engine: Engine
    container: str
    path: str
    size: int

    def part(self, offset: int, length: int) -> bytes:
        """A piece of it; the stream is closed behind it."""
        length = min(length, max(self.size - offset, 0))
        if length == 0:
            return b""
        if offset > MOST_STREAMED:
            raise Unreadable(f"{clean(self.path)} of the image is read at its beginning only.")
        with self.engine.tar(self.container, self.path) as reader:
            member = next(iter(reader.members()), None)
            if member is None or member.size != self.size:
                raise Unreadable(f"{clean(self.path)} of the image is no plain file.")
            reader.skip(offset)
            return reader.read(length)


class DockerSource:
    """Labels from the engine, files from a container that is created and never started."""

    name = "docker_image"
    title = "Docker image"
    examples = ("docker:churn:7", "docker:")

    def accepts(self, address: str) -> bool:
        """A `docker:` address."""
        return address.startswith(_PREFIX)

    @contextmanager
    def open(self, address: str, reach: Reach) -> Iterator[Files]:
        """The image's config, and the files of the folders where packages lie."""
        name = address.removeprefix(_PREFIX).removeprefix("//")
        if not name or name.startswith("-"):
            raise BadConfig(f"{clean(address)} names no image.", advice="Write docker:IMAGE[:TAG].")
        with engine(reach) as found:
            image = found.image(name)
            files = PackageFiles(clean(address, limit=400), _digest(image, name), cancelled=reach.cancelled)
            files.bodies["oci/config.json"] = Held(json.dumps(_config(image), indent=1).encode())
            with found.container(str(image["Id"])) as container:
                search = _Search(found, container, files, reach)
                for place in _places(image):
                    search.look(place)
                yield files

    def list(self, address: str, reach: Reach) -> Iterator[PackageEntry]:
        """The tagged images of the engine, or of one repository of it."""
        with engine(reach) as found:
            for image in found.images(address.removeprefix(_PREFIX).removeprefix("//")):
                labels = image.get("Labels") or {}
                for tag in image.get("RepoTags") or ():
                    repository, _, version = str(tag).rpartition(":")
                    if repository in ("", "<none>"):
                        continue
                    yield PackageEntry(
                        address=f"{_PREFIX}{tag}",
                        name=clean(repository),
                        version=clean(version),
                        created=_time(image.get("Created")),
                        size=image.get("Size") if isinstance(image.get("Size"), int) else None,
                        tags={str(key): clean(value) for key, value in labels.items()},
                    )


@dataclass(slots=True)
class _Search:
    engine: Engine
    container: str
    files: PackageFiles
    reach: Reach
    seen: set[str] = field(default_factory=set)

    def look(self, place: str) -> None:
        """Lists a folder by its stream while its files are small, and by name from the first large one on."""
        found = self.engine.stat(self.container, place)
        if found is not None and found.target:
            place = posixpath.normpath(found.target)
            found = self.engine.stat(self.container, place)
        if found is None or place in self.seen:
            return
        self.seen.add(place)
        if not found.is_folder:
            self._add(place, InImage(self.engine, self.container, place, found.size))
        elif place.split("/")[1] in _SYSTEM:
            self._by_name(place)
        elif not self._by_stream(place):
            self.files.notes.add(
                f"{clean(place)} of the image holds large files; what lies behind them was looked for by name only."
            )
            self._by_name(place)

    def _by_stream(self, place: str) -> bool:
        """Whether the whole folder could be looked at."""
        with self.engine.tar(self.container, place) as reader:
            for count, member in enumerate(reader.members()):
                inner = inside(member.name).partition("/")[2]
                if member.kind in (b"0", b"\0") and inner:
                    path = posixpath.join(place, inner)
                    body: Body = InImage(self.engine, self.container, path, member.size)
                    if member.size <= LARGE and self.reach.wanted(path):
                        body = Held(reader.read(member.size))
                    self._add(path, body)
                elif member.kind in (b"1", b"2") and self.reach.wanted(member.name):
                    self.files.notes.left_out("links in images are not followed", posixpath.join(place, inner))
                if member.size > LARGE or reader.position > MOST_STREAMED or count > MOST_FILES:
                    return False
        return True

    def _by_name(self, place: str) -> None:
        for name in (*_NAMES, *_RISKY):
            path = posixpath.join(place, name)
            if path.lstrip("/") in self.files.bodies or not (name in _RISKY or self.reach.wanted(path)):
                continue
            found = self.engine.stat(self.container, path)
            if found is not None and found.target:
                path, found = found.target, self.engine.stat(self.container, found.target)
            if found is not None and not found.is_folder and not found.target:
                self._add(posixpath.join(place, name), InImage(self.engine, self.container, path, found.size))

    def _add(self, path: str, body: Body) -> None:
        inner = inside(path.lstrip("/"))
        if inner and not inner.startswith("oci/"):
            self.files.bodies.setdefault(inner, body)


def _places(image: dict[str, Any]) -> tuple[str, ...]:
    """Folders of the image where a package may lie: the labelled one alone, or the usual ones."""
    config = image.get("Config") or {}
    labelled = (config.get("Labels") or {}).get(PATH_LABEL)
    if isinstance(labelled, str) and labelled:
        return (posixpath.normpath("/" + labelled.lstrip("/")),)
    work = config.get("WorkingDir")
    own = (posixpath.normpath("/" + work.lstrip("/")),) if isinstance(work, str) and work else ("/",)
    return tuple(dict.fromkeys((*own, *_PLACES)))


def _digest(image: dict[str, Any], name: str) -> str:
    """The digest that registries and clusters know the image by, else the engine's own."""
    told = [str(each) for each in image.get("RepoDigests") or ()]
    repository, at, wanted = name.partition("@")
    known = [each.rpartition("@")[2] for each in told] + [str(image.get("Id", ""))]
    if at:
        if wanted not in known:
            raise Missing(f"Docker has {clean(repository)} here, but not {clean(wanted)}.", advice="Pull that one.")
        return wanted
    plain = repository if ":" not in repository.rpartition("/")[2] else repository.rpartition(":")[0]
    own = [each.rpartition("@")[2] for each in told if each.rpartition("@")[0].endswith(plain)]
    return next((each for each in (*own, *known) if DIGEST.match(each)), "")


def _config(image: dict[str, Any]) -> dict[str, Any]:
    """The image's config as an OCI registry would have it; without its environment, which may hold secrets."""
    config = image.get("Config") or {}
    kept = ("Labels", "Entrypoint", "Cmd", "WorkingDir", "ExposedPorts", "User")
    return {
        "created": image.get("Created"),
        "author": image.get("Author") or "",
        "architecture": image.get("Architecture") or "",
        "os": image.get("Os") or "",
        "config": {key: config[key] for key in kept if config.get(key)},
        "rootfs": {"type": "layers", "diff_ids": (image.get("RootFS") or {}).get("Layers") or []},
    }


def _time(value: object) -> datetime | None:
    try:
        return datetime.fromtimestamp(value, UTC) if isinstance(value, int) and value > 0 else None
    except (ValueError, OverflowError, OSError):
        return None


SOURCE: PackageOrigin = DockerSource()
