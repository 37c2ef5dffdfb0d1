"""A model that is being served: what its live endpoint says of itself, by the Open Inference Protocol or OpenAPI.

Addresses: `endpoint:http://host:port` (its only model), `endpoint:http://host:port/v2/models/NAME`,
`endpoint:http://host:port/v2/models/NAME/versions/V`. Nothing is inferred and nothing is loaded; the only
credentials ever sent are those that stand in the address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote, unquote

import msgspec

from mlcd_tui.domain.errors import BadConfig, Forbidden, Invalid, Missing, Problem, ServerFault, Unreadable
from mlcd_tui.domain.package import PackageEntry
from mlcd_tui.domain.package_ports import Files, PackageOrigin, Reach
from mlcd_tui.domain.text import clean
from mlcd_tui.packages.sources._files import Held, PackageFiles
from mlcd_tui.packages.sources._rest import RestServer, split

_PREFIX = "endpoint:"
_MODEL = re.compile(r"(?P<base>.*?)/v2/models/(?P<name>[^/]+)(?:/versions/(?P<version>[^/]+))?(?:/(?:ready|infer))?/?$")
_OPENAPI = ("/openapi.json", "/docs.json")  # FastAPI and Cog; BentoML
_WHAT = "model endpoint"
_NOT_THERE = (Missing, Invalid, Forbidden, ServerFault)  # how servers refuse a path that they do not know
_MOST_MODELS = 10_000


class _Model(msgspec.Struct):
    """A line of the repository's index."""

    name: str
    version: str = ""
    state: str = ""
    reason: str = ""


class _Server(msgspec.Struct):
    """The answer to `/v2`; `name` is what tells it from any other JSON."""

    name: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class _Place:
    """An address in its parts."""

    base: str
    name: str = ""
    version: str = ""


def _place(address: str) -> _Place:
    url = address.removeprefix(_PREFIX)
    parts = split(url)
    if parts.query or parts.fragment:
        raise BadConfig(f"{clean(address)} has a query or a fragment.", advice=f"Write {SOURCE.examples[0]}.")
    found = _MODEL.match(parts.path)
    if found is None:
        base = re.sub(r"/v2(?:/models)?/?$", "", parts.path.rstrip("/"))
        return _Place(f"{parts.scheme}://{parts.netloc}{base}")
    base = f"{parts.scheme}://{parts.netloc}{found['base']}"
    return _Place(base, unquote(found["name"]), unquote(found["version"] or ""))


def _path(name: str, version: str) -> str:
    return f"/v2/models/{quote(name, safe='')}" + (f"/versions/{quote(version, safe='')}" if version else "")


@dataclass(frozen=True, slots=True)
class LiveEndpoint:
    """Servers of models."""

    name: str = "endpoint"
    title: str = "live endpoint"
    examples: tuple[str, ...] = (
        "endpoint:http://churn.models:8000/v2/models/churn",
        "endpoint:http://churn.models:8000/v2/models/churn/versions/3",
        "endpoint:http://127.0.0.1:5000",
    )

    def accepts(self, address: str) -> bool:
        """Whether it begins with `endpoint:`."""
        return address.startswith(_PREFIX)

    @contextmanager
    def open(self, address: str, reach: Reach) -> Iterator[Files]:
        """What the server says of one model, as `v2/server.json` and `v2/models/<name>.json`, or `openapi.json`."""
        place = _place(address)
        files = PackageFiles(address=f"{_PREFIX}{_without_user(place.base)}", cancelled=reach.cancelled)
        with RestServer(place.base, reach, what=_WHAT) as server:
            if server.remark:
                files.notes.add(server.remark)
            about = _about(server)
            if about is not None:
                files.bodies["v2/server.json"] = Held(about)
            if about is not None or place.name:
                name = place.name or _only_model(server).name
                path = _path(name, place.version)
                files.bodies[f"v2/models/{quote(name, safe=' ')}.json"] = Held(server.get(path))
                files.address = f"{_PREFIX}{server.base}{path}"
            else:
                files.bodies["openapi.json"] = Held(_openapi(server))
        yield files

    def list(self, address: str, reach: Reach) -> Iterator[PackageEntry]:
        """The models that the server tells of."""
        place = _place(address)
        with RestServer(place.base, reach, what=_WHAT) as server:
            if _about(server) is None:
                _openapi(server)
                yield PackageEntry(f"{_PREFIX}{server.base}", name=server.host, format=clean("OpenAPI"))
                return
            for model in _index(server):
                if place.name and model.name != place.name:
                    continue
                yield PackageEntry(
                    address=f"{_PREFIX}{server.base}{_path(model.name, model.version)}",
                    name=clean(model.name, limit=200),
                    version=clean(model.version, limit=100),
                    format=clean("Open Inference Protocol"),
                    status=clean(model.state.lower(), limit=50),
                    description=clean(model.reason, limit=300),
                )


def _without_user(base: str) -> str:
    scheme, _, rest = base.partition("://")
    netloc, slash, path = rest.partition("/")
    return f"{scheme}://{netloc.rpartition('@')[2]}{slash}{path}"


def _about(server: RestServer) -> bytes | None:
    """What `/v2` answers; None: the server does not speak the Open Inference Protocol."""
    try:
        data = server.get("/v2")
        server.decoded(data, _Server, "/v2")
    except (*_NOT_THERE, Unreadable):
        return None
    return data


def _index(server: RestServer) -> tuple[_Model, ...]:
    path = "/v2/repository/index"
    try:
        models = server.decoded(server.post(path, {}), list[_Model], path)
    except _NOT_THERE as refusal:
        raise Invalid(
            f"The model endpoint at {server.host} does not tell which models it has: {clean(refusal, limit=300)}",
            advice=f"Name one: {_PREFIX}{server.base}/v2/models/NAME.",
        ) from refusal
    return tuple(models[:_MOST_MODELS])


def _only_model(server: RestServer) -> _Model:
    models = {model.name: model for model in _index(server)}
    if len(models) == 1:
        return next(iter(models.values()))
    if not models:
        raise Missing(f"The model endpoint at {server.host} serves no model.")
    names = ", ".join(clean(name, limit=80) for name in sorted(models)[:10])
    raise BadConfig(
        f"The model endpoint at {server.host} serves {len(models)} models: {names}.",
        advice=f"Name one: {_PREFIX}{server.base}/v2/models/NAME.",
    )


def _openapi(server: RestServer) -> bytes:
    """The server's OpenAPI document. Raises `Problem`: it has none, so that nothing can be learned of it."""
    refusals: list[Problem] = []
    for path in _OPENAPI:
        try:
            data = server.get(path, limit=4_000_000)
            server.decoded(data, dict[str, object], path)
        except (*_NOT_THERE, Unreadable) as refusal:
            refusals.append(refusal)
        else:
            return data
    tried = ", ".join(("/v2", *_OPENAPI))
    raise Missing(
        f"Nothing at {server.base} tells of a model (tried {tried}): {clean(refusals[0], limit=300)}",
        advice="Is it the address of a model's server?",
    ) from refusals[0]


SOURCE: PackageOrigin = LiveEndpoint()
