"""The parts of MLflow's REST answers that matter for finding a package; the rest is for the format to read."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import msgspec

from mlcd_tui.domain.errors import BadConfig
from mlcd_tui.domain.package import PackageEntry
from mlcd_tui.domain.package_ports import Reach
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.packages.sources._rest import RestServer, is_same_server
from mlcd_tui.wire.headers import basic

API = "/api/2.0/mlflow"
WHAT = "MLflow server"
_OWNERS = ("owner", "team", "mlflow.user")
"""Tags that name who a registered model belongs to, the first one there is."""


class Tag(msgspec.Struct):
    """A tag of a model or version."""

    key: str = ""
    value: str = ""


class Alias(msgspec.Struct):
    """A name for one version."""

    alias: str = ""
    version: str = ""


class Version(msgspec.Struct):
    """A version of a registered model."""

    name: str
    version: str
    source: str = ""
    run_id: str = ""
    user_id: str = ""
    status: str = ""
    description: str = ""
    creation_timestamp: int | None = None
    tags: list[Tag] = []
    aliases: list[str] = []

    @property
    def number(self) -> int:
        """For sorting: versions are numbers written as text."""
        return int(self.version) if self.version.isdecimal() and len(self.version) < 20 else -1


class Model(msgspec.Struct):
    """A registered model."""

    name: str
    description: str = ""
    creation_timestamp: int | None = None
    last_updated_timestamp: int | None = None
    latest_versions: list[Version] = []
    tags: list[Tag] = []
    aliases: list[Alias] = []


class Models(msgspec.Struct):
    """One page of registered models."""

    registered_models: list[Model] = []
    next_page_token: str = ""


class Versions(msgspec.Struct):
    """One page of versions."""

    model_versions: list[Version] = []
    next_page_token: str = ""


class OneModel(msgspec.Struct):
    """The answer of `registered-models/get`."""

    registered_model: Model


class OneVersion(msgspec.Struct):
    """The answer of `model-versions/get` and of `registered-models/alias`."""

    model_version: Version


class LoggedInfo(msgspec.Struct):
    """What a logged model is."""

    model_id: str
    source_run_id: str = ""
    artifact_uri: str = ""


class LoggedModel(msgspec.Struct):
    """A model that a run logged."""

    info: LoggedInfo


class OneLoggedModel(msgspec.Struct):
    """The answer of `logged-models/<id>`."""

    model: LoggedModel


class RunInfo(msgspec.Struct):
    """What a run is."""

    run_id: str
    artifact_uri: str = ""


class Run(msgspec.Struct):
    """A training run."""

    info: RunInfo


class OneRun(msgspec.Struct):
    """The answer of `runs/get`."""

    run: Run


class File(msgspec.Struct):
    """An artifact in a listing."""

    path: str
    is_dir: bool = False
    file_size: int | None = None


class Listing(msgspec.Struct):
    """The files of a folder of artifacts."""

    files: list[File] = []
    next_page_token: str = ""


def tracking_uri(reach: Reach) -> str:
    """The server that `mlflow:` means; empty: none is named."""
    return (reach.mlflow or os.environ.get("MLFLOW_TRACKING_URI", "")).strip()


def server_at(uri: str, reach: Reach) -> RestServer:
    """The MLflow server of a tracking URI, with the credentials of the environment where they are meant for it.

    Raises:
        BadConfig: the URI names something else than a server.
        Forbidden: it came from elsewhere and leads to a host that the settings do not name.
    """
    scheme = uri.partition(":")[0].lower()
    if scheme not in {"http", "https"}:
        raise BadConfig(
            f"The MLflow tracking URI {clean(uri.rpartition('@')[2], limit=200)} names no server that speaks HTTP.",
            advice="Start `mlflow server` on it and write http://host:port, or open the model's folder itself.",
        )
    configured = tracking_uri(reach)
    is_configured = bool(configured) and is_same_server(uri, configured)
    return RestServer(
        uri,
        reach,
        what=WHAT,
        authorization=_authorization(uri) if is_configured else "",
        trusted=is_configured,
    )


def _authorization(uri: str) -> str:
    """From the environment, as MLflow's own client takes it; never for another server than MLFLOW_TRACKING_URI."""
    meant = os.environ.get("MLFLOW_TRACKING_URI", "").strip()
    if meant and not is_same_server(uri, meant):
        return ""
    user = os.environ.get("MLFLOW_TRACKING_USERNAME", "")
    if user:
        return basic(user, os.environ.get("MLFLOW_TRACKING_PASSWORD", ""))
    token = os.environ.get("MLFLOW_TRACKING_TOKEN", "")
    return f"Bearer {token}" if token else ""


def version_entry(version: Version, address: str) -> PackageEntry:
    """A version as a line of a listing."""
    return PackageEntry(
        address=address,
        name=clean(version.name, limit=200),
        version=clean(version.version, limit=50),
        format=clean("MLflow"),
        created=_moment(version.creation_timestamp),
        author=clean(version.user_id, limit=100) or _owner(version.tags),
        aliases=tuple(clean(alias, limit=100) for alias in version.aliases),
        status=clean(version.status.lower(), limit=50),
        description=clean(version.description, limit=500),
        tags=_tags(version.tags),
    )


def model_entry(model: Model, address: str) -> PackageEntry:
    """A registered model as a line: its newest version, and all its aliases, each with the version it means."""
    newest = max(model.latest_versions, key=lambda each: each.number, default=None)
    number = newest.version if newest else ""
    return PackageEntry(
        address=address,
        name=clean(model.name, limit=200),
        version=clean(number, limit=50),
        format=clean("MLflow"),
        created=_moment(newest.creation_timestamp if newest else model.creation_timestamp),
        author=_owner(model.tags) or clean(newest.user_id if newest else "", limit=100),
        aliases=tuple(
            clean(each.alias if each.version == number else f"{each.alias}→{each.version}", limit=100)
            for each in model.aliases
        ),
        status=clean(newest.status.lower() if newest else "no version", limit=50),
        description=clean(model.description or (newest.description if newest else ""), limit=500),
        tags={**_tags(model.tags), **_tags(newest.tags if newest else [])},
    )


def _owner(tags: list[Tag]) -> Clean:
    of = {tag.key: tag.value for tag in tags}
    return next((clean(of[key], limit=100) for key in _OWNERS if of.get(key)), Clean(""))


def _tags(tags: list[Tag]) -> dict[str, Clean]:
    return {clean(tag.key, limit=200): clean(tag.value, limit=500) for tag in tags}


def _moment(milliseconds: int | None) -> datetime | None:
    if milliseconds is None:
        return None
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, OSError, ValueError):
        return None
