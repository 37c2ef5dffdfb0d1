"""What an image's own command and health check tell of how it serves, for a first check plan."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

_URL = re.compile(
    r"https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\])(?::([0-9]{1,5}))?(/[A-Za-z0-9._~/-]{0,200})?"
)
_FOLDER = re.compile(r"/[A-Za-z0-9._/-]{1,300}")
_NUMBER = re.compile(r"[0-9]{1,5}")
_SHELLS = frozenset({"sh", "bash", "dash", "ash"})
_ASGI = frozenset({"uvicorn", "gunicorn", "hypercorn", "granian", "fastapi"})
_TENSORS = frozenset({"mlserver", "tritonserver"})
_PYTHONS = tuple(f"python3.{minor}" for minor in range(15, 7, -1))
_MOST_WORDS = 1_000


class Shelf(Protocol):
    """Where files of the image are looked for."""

    def has(self, path: str) -> bool:
        """Whether there is such a file or folder."""
        ...


@dataclass(frozen=True, slots=True)
class Served:
    """How an image serves, as far as it tells."""

    key: str = ""
    """Of the plan's `source`: `openapi`, `openinference`, `mlflow`; empty: it does not tell."""
    value: str = ""
    """Of the plan's `source`; empty: it has to be guessed."""
    known_by: str = ""
    ready: str = ""
    port: str = ""


def served_by(config: Mapping[str, Any], shelf: Shelf) -> Served:
    """What `Entrypoint`, `Cmd` and `Healthcheck` of an image's config tell."""
    words = _command(config)
    port, ready = _health(config)
    key, value, known_by, usual = _source(words, ready, config, shelf)
    return Served(key, value, known_by, ready or usual, port or _option(words, _NUMBER, "--port", "-p"))


def _source(words: Sequence[str], ready: str, config: Mapping[str, Any], shelf: Shelf) -> tuple[str, str, str, str]:
    """Key and value of the source, by what it is known, and where such servers say that they are ready."""
    programs = {posixpath.basename(word) for word in words}
    if {"mlflow", "serve"} <= programs:
        model = posixpath.join(_option(words, _FOLDER, "--model-uri", "-m"), "MLmodel")
        if model.startswith("/") and shelf.has(model):
            return "mlflow", model, "mlflow models serve in its command", "/ping"
    if "bentoml" in programs:
        return "openapi", "/docs.json", "bentoml in its command", "/readyz"
    if "cog.server.http" in words:
        return "openapi", "/openapi.json", "cog.server.http in its command", "/health-check"
    if ready.startswith("/v2/health/"):
        return "openinference", "", f"{ready} in its health check", "/v2/health/ready"
    if known := sorted(programs & _TENSORS):
        return "openinference", "", f"{known[0]} in its command", "/v2/health/ready"
    if (known := sorted(programs & _ASGI)) and _installed("fastapi", config, shelf):
        return "openapi", "/openapi.json", f"{known[0]} in its command, FastAPI installed", "/openapi.json"
    return "", "", "", ""


def _command(config: Mapping[str, Any]) -> tuple[str, ...]:
    """The words that it starts with; those of a line for a shell as well."""
    told = [*_words(config.get("Entrypoint")), *_words(config.get("Cmd"))]
    if told and posixpath.basename(told[0]) in _SHELLS:
        for line in told[1:]:
            try:
                told += shlex.split(line)
            except ValueError:
                told += line.split()
    return tuple(told[:_MOST_WORDS])


def _words(value: Any) -> list[str]:
    return [word for word in value if isinstance(word, str)] if isinstance(value, list) else []


def _health(config: Mapping[str, Any]) -> tuple[str, str]:
    """Port and path of the address that its health check asks."""
    told = config.get("Healthcheck")
    test = _words(told.get("Test")) if isinstance(told, dict) else []
    found = _URL.search(" ".join(test)[:10_000])
    return (found[1] or "", found[2] or "") if found is not None else ("", "")


def _option(words: Sequence[str], wanted: re.Pattern[str], *names: str) -> str:
    """The value of an option, `--name value` or `--name=value`, if it looks as it should."""
    for word, following in zip(words, (*words[1:], ""), strict=False):
        name, equals, value = word.partition("=")
        if name in names and wanted.fullmatch(found := value if equals else following):
            return found
    return ""


def _installed(package: str, config: Mapping[str, Any], shelf: Shelf) -> bool:
    """Whether a Python that is on its path has a package."""
    path = next((each[5:] for each in _words(config.get("Env")) if each.startswith("PATH=")), "/usr/local/bin:/usr/bin")
    roots = dict.fromkeys(posixpath.dirname(folder) for folder in path.split(":")[:20] if folder.endswith("/bin"))
    for root in roots:
        for python in _PYTHONS:
            lib = f"{root}/lib/{python}"
            if shelf.has(lib) and any(
                shelf.has(f"{lib}/{name}/{package}") for name in ("site-packages", "dist-packages")
            ):
                return True
    return False
