"""The registry of an MLflow server, over its REST API; artifacts by their names, weights never.

Addresses: `mlflow:` (all registered models), `mlflow:NAME` (its newest version), `mlflow:NAME/VERSION`,
`mlflow:NAME@ALIAS`; MLflow's own `models:/NAME/VERSION`, `models:/NAME@ALIAS`, `models:/NAME/latest` and
`models:/m-ID` (a logged model that is not registered). The server is that of the settings, else `MLFLOW_TRACKING_URI`;
`mlflow+http://host:port#NAME/VERSION` (or `mlflow+https:`; behind the `#` stands what may stand after `mlflow:`) names
another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote, unquote

from mlcd_tui.domain.errors import BadConfig, Invalid, Missing
from mlcd_tui.domain.package import PackageEntry
from mlcd_tui.domain.package_ports import DIGEST_ANNOTATION, Files, PackageOrigin, Reach
from mlcd_tui.domain.text import clean
from mlcd_tui.packages.sources import _mlflow_rest as rest
from mlcd_tui.packages.sources._mlflow_artifacts import collect
from mlcd_tui.packages.sources._mlflow_rest import API
from mlcd_tui.packages.sources._rest import RestServer

_PREFIXES = ("mlflow:", "models:/", "mlflow+http://", "mlflow+https://")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
_PAGES = (50, 500)
"""Models asked for first, so that the first lines stand at once, and then: larger pages are no faster as a whole."""
_MOST_PAGES = 1_000


@dataclass(frozen=True, slots=True)
class _Wanted:
    """An address in its parts; at most one of version, alias and model_id is set."""

    server: str
    """Its tracking URI."""
    prefix: str
    """What stands before the name in addresses on the same server."""
    name: str = ""
    version: str = ""
    alias: str = ""
    model_id: str = ""

    def address(self, name: str, version: str = "") -> str:
        """Of a model on the same server."""
        told = quote(name, safe=" ")
        return f"{self.prefix}{told}/{version}" if version else f"{self.prefix}{told}"


def _wanted(address: str, reach: Reach) -> _Wanted:
    if address.startswith("mlflow+"):
        server, _, told = address.removeprefix("mlflow+").partition("#")
        prefix = f"mlflow+{server}#"
    else:
        server, prefix = rest.tracking_uri(reach), "mlflow:"
        told = address.removeprefix("models:/").removeprefix("mlflow:").strip("/")
        if not server:
            raise BadConfig(
                f"{clean(address)} names no MLflow server.",
                advice="Set packages.mlflow in the settings or MLFLOW_TRACKING_URI, or write mlflow+http://host:port#NAME.",
            )
    name, at, alias = told.partition("@")
    if at and name and alias and "/" not in told:
        return _Wanted(server, prefix, unquote(name), alias=unquote(alias))
    name, slash, version = told.partition("/")
    if not slash and address.startswith("models:/") and re.fullmatch(r"m-[0-9a-f]{8,64}", name):
        return _Wanted(server, prefix, model_id=name)
    if at or (slash and not re.fullmatch(r"[0-9]{1,18}|latest", version)):
        raise BadConfig(
            f"{clean(address)} names no version of a model.",
            advice="Write mlflow:NAME/3 or mlflow:NAME@champion; stages such as Production are no longer used.",
        )
    return _Wanted(server, prefix, unquote(name), version="" if version == "latest" else version)


@dataclass(frozen=True, slots=True)
class MlflowRegistry:
    """An MLflow server."""

    name: str = "mlflow_server"
    title: str = "MLflow server"
    examples: tuple[str, ...] = (
        "mlflow:churn/7",
        "mlflow:churn@champion",
        "models:/churn/7",
        "mlflow+http://127.0.0.1:5000#churn/7",
        "mlflow:",
    )

    def accepts(self, address: str) -> bool:
        """Whether it begins as the addresses above do."""
        return address.startswith(_PREFIXES)

    @contextmanager
    def open(self, address: str, reach: Reach) -> Iterator[Files]:
        """The answers of the server as `rest/*.json`, and the model's artifacts, each fetched when it is read."""
        wanted = _wanted(address, reach)
        with rest.server_at(wanted.server, reach) as server:
            if wanted.model_id:
                yield collect(server, reach, address, model_id=wanted.model_id)
                return
            if not wanted.name:
                raise BadConfig(f"{clean(address)} names no model.", advice="Write mlflow:NAME/3, or list it.")
            version_answer = _version(server, wanted)
            model_answer = _model(server, wanted)
            found = server.decoded(version_answer, rest.OneVersion, "model-versions/get").model_version
            named = wanted.address(found.name, found.version)
            yield collect(server, reach, named, version=found, version_answer=version_answer, model_answer=model_answer)

    def list(self, address: str, reach: Reach) -> Iterator[PackageEntry]:
        """All registered models, page by page; of one named model, its versions, newest first."""
        wanted = _wanted(address, reach)
        with rest.server_at(wanted.server, reach) as server:
            if wanted.name:
                yield from _versions(server, wanted)
            else:
                yield from _models(server, wanted)


def versions_with_image(digest: str, reach: Reach) -> tuple[PackageEntry, ...]:
    """The versions whose tag `mlcd.dev/image-digest` is this digest, newest first; empty: none, or no server is named.

    Args:
        digest: `sha256:…` of an image.
        reach: how far and how long.

    Raises:
        Problem: the server that the settings or the environment name could not be asked.
    """
    uri = rest.tracking_uri(reach)
    if not uri or not _DIGEST.match(digest):
        return ()
    wanted = _Wanted(uri, "mlflow:")
    tag = f"tags.`{DIGEST_ANNOTATION}` = '{digest}'"  # the digest is hexadecimal: nothing in it ends the text
    with rest.server_at(uri, reach) as server:
        found = sorted(_search_versions(server, tag), key=lambda each: each.creation_timestamp or 0, reverse=True)
    return tuple(rest.version_entry(each, wanted.address(each.name, each.version)) for each in found)


def _version(server: RestServer, wanted: _Wanted) -> bytes:
    """The answer that holds the version itself, with its aliases."""
    if wanted.alias:
        asked = {"name": wanted.name, "alias": wanted.alias}
        try:
            return server.get(f"{API}/registered-models/alias", asked)
        except Invalid as refusal:  # MLflow answers 400 where it means 404
            raise Missing(
                f"The MLflow server at {server.host} knows no alias {clean(wanted.alias)} of {clean(wanted.name)}.",
                advice=f"List its versions: {clean(wanted.address(wanted.name))}",
            ) from refusal
    number = wanted.version
    if not number:
        newest = next(_search_versions(server, _is_name(wanted.name), most=1), None)
        if newest is None:
            raise Missing(
                f"The MLflow server at {server.host} has no version of {clean(wanted.name)}.",
                advice=f"List what it has: {clean(wanted.prefix)}",
            )
        number = newest.version
    try:
        return server.get(f"{API}/model-versions/get", {"name": wanted.name, "version": number})
    except Missing as refusal:
        raise Missing(refusal.sentence, advice=f"List its versions: {clean(wanted.address(wanted.name))}") from refusal


def _model(server: RestServer, wanted: _Wanted) -> bytes:
    """The answer that tells of the registered model."""
    try:
        return server.get(f"{API}/registered-models/get", {"name": wanted.name})
    except Missing as refusal:
        raise Missing(refusal.sentence, advice=f"List what it has: {clean(wanted.prefix)}") from refusal


def _is_name(name: str) -> str:
    if "'" in name and '"' in name:
        raise BadConfig(f"{clean(name)} cannot be searched for: it holds both kinds of quotes.")
    mark = '"' if "'" in name else "'"
    return f"name = {mark}{name}{mark}"


def _search_versions(server: RestServer, condition: str, most: int = 200) -> Iterator[rest.Version]:
    """Newest first, asked for by pages of `most`."""
    path, token = f"{API}/model-versions/search", ""
    for _ in range(_MOST_PAGES):
        asked = {"filter": condition, "max_results": str(most), "order_by": "version_number DESC"}
        page = server.decoded(
            server.get(path, {**asked, **({"page_token": token} if token else {})}), rest.Versions, path
        )
        yield from page.model_versions
        if not page.next_page_token or page.next_page_token == token:
            return
        token = page.next_page_token


def _versions(server: RestServer, wanted: _Wanted) -> Iterator[PackageEntry]:
    """The search leaves the aliases out; the model knows them."""
    path = f"{API}/registered-models/get"
    model = server.decoded(_model(server, wanted), rest.OneModel, path).registered_model
    for version in _search_versions(server, _is_name(wanted.name)):
        version.aliases = [each.alias for each in model.aliases if each.version == version.version]
        version.tags = [*model.tags, *version.tags]
        yield rest.version_entry(version, wanted.address(version.name, version.version))


def _models(server: RestServer, wanted: _Wanted) -> Iterator[PackageEntry]:
    path = f"{API}/registered-models/search"
    token = ""
    for turn in range(_MOST_PAGES):
        asked = {"max_results": str(_PAGES[min(turn, 1)]), **({"page_token": token} if token else {})}
        page = server.decoded(server.get(path, asked), rest.Models, path)
        for model in page.registered_models:
            number = max((each.number for each in model.latest_versions), default=-1)
            yield rest.model_entry(model, wanted.address(model.name, str(number) if number >= 0 else ""))
        if not page.next_page_token or page.next_page_token == token:
            return
        token = page.next_page_token


SOURCE: PackageOrigin = MlflowRegistry()
