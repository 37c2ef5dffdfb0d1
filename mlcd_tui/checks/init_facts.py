"""What a model folder or an image tells of itself, for a first check plan."""

from __future__ import annotations

import configparser
import json
import posixpath
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from mlcd_tui.checks.init_command import Served, served_by
from mlcd_tui.checks.kinds._dockerfile import Instruction, instructions
from mlcd_tui.checks.plain_file import read_plain
from mlcd_tui.domain.check_ports import Bench
from mlcd_tui.domain.errors import Missing, Unreadable

_MOST = 1 << 20
_COG = "run.cog.openapi_schema"
_PORT = re.compile(r"[0-9]{1,5}(?:/(?:tcp|udp|sctp))?")
_TESTS = ("tests", "test")
_CASES = ("snapshots", "cases", "checks/snapshots", "tests/snapshots")
_MODELS = ("MLmodel", "model/MLmodel", "/opt/ml/model/MLmodel")


class Place(Protocol):
    """Where files are looked for."""

    def text(self, path: str) -> str | None:
        """A file's text; None: there is none, or it is too large."""
        ...

    def has(self, path: str) -> bool:
        """Whether there is such a file or folder."""
        ...


@dataclass(frozen=True, slots=True)
class FolderPlace:
    """A folder on this machine."""

    folder: Path

    def text(self, path: str) -> str | None:
        """A file's text."""
        place = self.folder / path.lstrip("/")
        try:
            return read_plain(place, _MOST).decode("utf-8", "replace")
        except OSError:
            return None

    def has(self, path: str) -> bool:
        """Whether there is such a file or folder."""
        return (self.folder / path.lstrip("/")).exists()


@dataclass(frozen=True, slots=True)
class ImagePlace:
    """An image; relative paths are those of its working directory."""

    bench: Bench
    workdir: str

    def text(self, path: str) -> str | None:
        """A file's text."""
        try:
            return self.bench.file(posixpath.join(self.workdir, path), _MOST).decode("utf-8", "replace")
        except (Missing, Unreadable):
            return None

    def has(self, path: str) -> bool:
        """Whether there is such a file or folder."""
        try:
            self.bench.file(posixpath.join(self.workdir, path), 1)
        except Missing:
            return False
        except Unreadable:
            return True  # a folder, or larger than a byte
        return True


@dataclass(slots=True)
class Facts:
    """What was found, each with where."""

    linters: dict[str, str] = field(default_factory=dict)
    """Usual tool, and the file that configures it."""
    type_checkers: dict[str, str] = field(default_factory=dict)
    tests: str = ""
    """Folder of tests; empty: none."""
    stages: tuple[str, ...] = ()
    """Named build stages."""
    dockerfile: str = ""
    ports: tuple[str, ...] = ()
    source: tuple[str, str, str] = ("", "", "")
    """Where the contract is told: key and value of the plan's `source`, and by what it was known."""
    guessed: bool = False
    """The value of `source` is a guess."""
    ready: str = "/"
    port: str = ""
    """Where it serves, if that is told beside `ports`."""
    cases: str = ""
    """Folder of snapshot cases; empty: none."""
    revision_label: bool = False


def facts_of_folder(folder: Path) -> Facts:
    """What a model folder tells."""
    place = FolderPlace(folder)
    facts = _facts(place)
    dockerfile = place.text("Dockerfile")
    if dockerfile is not None:
        facts.dockerfile = "Dockerfile"
        _read_dockerfile(instructions(dockerfile), facts)
    facts.cases = next((name for name in _CASES if place.has(name)), "")
    return facts


def facts_of_image(bench: Bench) -> Facts:
    """What an image tells."""
    found = bench.config().get("Config")
    config: Mapping[str, Any] = found if isinstance(found, dict) else {}
    workdir = str(config.get("WorkingDir") or "/")
    place = ImagePlace(bench, workdir)
    facts = _facts(place)
    key, _, known_by = facts.source
    if key == "mlflow":
        facts.source = (key, posixpath.join(workdir, known_by), known_by)
    facts.ports = tuple(port for port in map(str, config.get("ExposedPorts") or {}) if _PORT.fullmatch(port))
    labels = config.get("Labels") or {}
    facts.revision_label = "org.opencontainers.image.revision" in labels
    if _COG in labels:
        facts.source, facts.ready = ("openapi", "/openapi.json", f"label {_COG}"), "/health-check"
    _read_command(served_by(config, place), facts)
    return facts


def _read_command(served: Served, facts: Facts) -> None:
    """What its command tells, where no file does; its health check knows best where it says that it is ready."""
    if not facts.source[0] and served.key:
        facts.source, facts.guessed = (served.key, served.value or "model", served.known_by), not served.value
    facts.ready = served.ready or facts.ready
    facts.port = served.port


def _facts(place: Place) -> Facts:
    facts = Facts()
    pyproject = _toml(place.text("pyproject.toml")).get("tool", {})
    ini = {name: _sections(place.text(name)) for name in ("setup.cfg", "tox.ini", ".flake8", "mypy.ini")}
    for tool, named, files in (
        ("ruff", "ruff", ("ruff.toml", ".ruff.toml")),
        ("pylint", "pylint", (".pylintrc", "pylintrc")),
    ):
        if where := _configured(place, pyproject, named, files):
            facts.linters[tool] = where
    if "ruff" in facts.linters and isinstance(pyproject.get("ruff"), dict) and "format" in pyproject["ruff"]:
        facts.linters["ruff-format"] = "[tool.ruff.format] in pyproject.toml"
    if where := next((name for name, sections in ini.items() if "flake8" in sections), ""):
        facts.linters["flake8"] = where
    if where := _configured(place, pyproject, "mypy", (".mypy.ini",)) or next(
        (n for n, s in ini.items() if "mypy" in s), ""
    ):
        facts.type_checkers["mypy"] = where
    for tool in ("pyright", "basedpyright"):
        if where := _configured(place, pyproject, tool, ("pyrightconfig.json",) if tool == "pyright" else ()):
            facts.type_checkers[tool] = where
    facts.tests = next((name for name in _TESTS if place.has(name)), "")
    _read_source(place, facts)
    return facts


def _configured(place: Place, pyproject: Mapping[str, Any], tool: str, files: tuple[str, ...]) -> str:
    if isinstance(pyproject.get(tool), dict):
        return f"[tool.{tool}] in pyproject.toml"
    return next((name for name in files if place.has(name)), "")


def _read_source(place: Place, facts: Facts) -> None:
    """How it serves, by what lies there."""
    settings = place.text("model-settings.json")
    needed = " ".join(
        filter(None, (place.text(n) for n in ("requirements.txt", "requirements.lock", "pyproject.toml")))
    )
    model = next((name for name in _MODELS if place.has(name)), "")
    if settings is not None:
        facts.source, facts.ready = ("openinference", _model_name(settings), "model-settings.json"), "/v2/health/ready"
    elif model:
        inside = model if model.startswith("/") else "/opt/ml/model/MLmodel"
        facts.source, facts.ready = ("mlflow", inside, model), "/ping"
    elif place.has("cog.yaml"):
        facts.source, facts.ready = ("openapi", "/openapi.json", "cog.yaml"), "/health-check"
    elif place.has("bentofile.yaml"):
        facts.source, facts.ready = ("openapi", "/docs.json", "bentofile.yaml"), "/readyz"
    elif re.search(r"\bfastapi\b", needed, re.IGNORECASE):
        facts.source, facts.ready = ("openapi", "/openapi.json", "FastAPI among its requirements"), "/openapi.json"


def _model_name(settings: str) -> str:
    try:
        name = json.loads(settings).get("name")
    except (ValueError, AttributeError, RecursionError):
        name = None
    return name if isinstance(name, str) and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}", name) else "model"


def _read_dockerfile(steps: list[Instruction], facts: Facts) -> None:
    stages, ports = [], []
    for step in steps:
        words = step.arguments()
        if step.name == "FROM" and len(words) >= 3 and words[1].upper() == "AS":
            stages.append(words[2])
        elif step.name == "EXPOSE":
            ports += [word for word in words if _PORT.fullmatch(word)]
        elif step.name == "LABEL" and "org.opencontainers.image.revision" in step.rest:
            facts.revision_label = True
    facts.stages = tuple(name for name in stages if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name))
    facts.ports = tuple(dict.fromkeys(ports))


def _toml(text: str | None) -> dict[str, Any]:
    try:
        return tomllib.loads(text or "")
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def _sections(text: str | None) -> tuple[str, ...]:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text or "")
    except configparser.Error:
        return ()
    return tuple(parser.sections())
