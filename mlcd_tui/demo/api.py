"""The Kubernetes API: paths to kinds, verbs to the store, refusals in the real server's words."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import yaml

from mlcd_tui.demo import config_maps, discovery, protobuf, schema, statuses
from mlcd_tui.demo.access import REVIEWS, User
from mlcd_tui.demo.faults import Faults
from mlcd_tui.demo.http import Request, Response
from mlcd_tui.demo.kinds import BY_PATH, CONFIGMAPS, NAMESPACES, PODS, Kind
from mlcd_tui.demo.logs import LogBook
from mlcd_tui.demo.patches import json_patch, merge, strategic_merge
from mlcd_tui.demo.scale import SCALED, scale_of, scaled
from mlcd_tui.demo.selectors import Object, dig
from mlcd_tui.demo.statuses import ApiError
from mlcd_tui.demo.store import Part, Store
from mlcd_tui.demo.tables import table
from mlcd_tui.demo.watches import Shape, Watch, page

_PATH = re.compile(r"^/(?:api/(?P<core>v1)|apis/(?P<group>[^/]+)/(?P<version>[^/]+))(?:/(?P<rest>.*))?$")
_log = logging.getLogger(__name__)


def _json(body: Any, code: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(code, msgspec.json.encode(body), headers=headers or {})


@dataclass(frozen=True, slots=True)
class _Target:
    kind: Kind
    namespace: str
    name: str
    subresource: str


class Api:
    """Answers requests out of a store."""

    def __init__(self, store: Store, users: dict[str, User], faults: Faults) -> None:
        self.store = store
        self._users = users
        self._faults = faults

    async def handle(self, request: Request, secret: str) -> Response:
        """One request of the bearer of `secret`."""
        try:
            await self._faults.meet()
            return self._dispatch(request, self._user(secret))
        except ApiError as error:
            return _json(error.status(), error.code, error.headers)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets an answer and the log the rest
            _log.exception("cannot answer %s %s", request.method, request.path)
            fault = statuses.internal(str(error))
            return _json(fault.status(), fault.code)

    def _user(self, secret: str) -> User:
        if (user := self._users.get(secret)) is None:
            raise statuses.unauthorized()
        return user

    def _dispatch(self, request: Request, user: User) -> Response:
        path = request.path.rstrip("/") or "/"
        if path in _FIXED:
            return _FIXED[path](self._faults)
        match = _PATH.match(path)
        group = (match["group"] or "") if match else ""
        if not match or group in self._faults.absent:
            return _page_not_found()
        version = match["core"] or match["version"]
        rest = match["rest"]
        if not rest:
            found = discovery.resources(group, version)
            return _json(found) if found else _page_not_found()
        if review := discovery.review_kind(group, rest):
            return _json(self._review(request, user, review), 201)
        target = _target(group, version, rest.split("/"))
        if target is None:
            return _page_not_found()
        return self._resource(request, user, target)

    @staticmethod
    def _review(request: Request, user: User, kind: str) -> Object:
        if request.method != "POST":
            raise statuses.method_not_allowed()
        is_protobuf = request.headers.get("content-type", "").startswith(protobuf.MEDIA)
        return REVIEWS[kind](user, protobuf.review(request.body) if is_protobuf else _body(request))

    def _resource(self, request: Request, user: User, target: _Target) -> Response:
        verb = _verb(request, target)
        if not user.may(verb, target.namespace):
            raise statuses.forbidden(user.name, verb, target.kind, target.namespace, target.name, target.subresource)
        if target.subresource == "log":
            return self._log(request, target)
        if target.subresource == "scale":
            return self._scale(request, target)
        match verb:
            case "list":
                return self._list(request, target)
            case "watch":
                return self._watch(request, target)
            case "get":
                item = self.store.get(target.kind, target.namespace, target.name)
                return self._answer(request, target, item)
            case "create":
                return self._create(request, target)
            case "update":
                return self._write(request, target, self._given(request, target))
            case "patch":
                return self._write(request, target, self._patched(request, target))
            case "delete":
                return self._delete(request, target)
            case _:
                return self._delete_all(request, target)

    # reading

    def _answer(self, request: Request, target: _Target, item: Object, code: int = 200) -> Response:
        shape = Shape.of(request.headers.get("accept", ""), request.query)
        return _json(shape.one(target.kind, item, self.store.clock.now()), code)

    def _list(self, request: Request, target: _Target) -> Response:
        shape = Shape.of(request.headers.get("accept", ""), request.query)
        found = page(self.store, target.kind, target.namespace, _named(request, target))
        if shape.form == "Table":
            items = [entry.item for entry in found.entries]
            return _json(table(target.kind, items, found.meta, self.store.clock.now(), shape.include))
        if shape.form:
            now = self.store.clock.now()
            parts = [shape.one(target.kind, entry.item, now) for entry in found.entries]
            head: Object = {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1"}
            return _json({**head, "metadata": found.meta, "items": parts})
        kind = target.kind
        start = msgspec.json.encode(
            {"apiVersion": kind.api_version, "kind": f"{kind.kind}List", "metadata": found.meta}
        )
        return Response(200, start[:-1] + b',"items":[' + b",".join(entry.raw for entry in found.entries) + b"]}")

    def _watch(self, request: Request, target: _Target) -> Response:
        query = _named(request, target)
        if "sendInitialEvents" in query:
            why = "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled"
            raise ApiError(
                422, "Invalid", f'ListOptions.meta.k8s.io "" is invalid: sendInitialEvents: Forbidden: {why}'
            )
        version = query.get("resourceVersion", "")
        if version and not version.isdigit():
            raise statuses.bad_request(f"Invalid value: {version!r}: resourceVersion must be a number")
        shape = Shape.of(request.headers.get("accept", ""), query)
        watch = Watch(self.store, target.kind, target.namespace, query, shape)
        return Response(200, stream=watch.events(self._faults))

    def _log(self, request: Request, target: _Target) -> Response:
        pod, query = self.store.get(PODS, target.namespace, target.name), request.query
        names = [container["name"] for container in pod["spec"]["containers"]]
        container = query.get("container") or names[0]
        if container not in names:
            raise statuses.bad_request(f"container {container} is not valid for pod {target.name}")
        if dig(pod, "status.phase") == "Pending":
            raise statuses.bad_request(
                f'container "{container}" in pod "{target.name}" is waiting to start: ContainerCreating'
            )
        book = LogBook(pod, container, self.store.clock)
        timestamps = query.get("timestamps") in {"true", "1"}
        tail = int(query["tailLines"]) if "tailLines" in query else None
        since = self.store.clock.now() - float(query["sinceSeconds"]) if "sinceSeconds" in query else 0.0
        if query.get("previous") in {"true", "1"}:
            states = dig(pod, "status.containerStatuses") or []
            if not any(state["name"] == container and state.get("restartCount") for state in states):
                raise statuses.bad_request(
                    f'previous terminated container "{container}" in pod "{target.name}" not found'
                )
            return Response(200, book.crash(timestamps=timestamps), media="text/plain")
        if query.get("follow") in {"true", "1"}:
            stream = book.follow(tail, since=since, timestamps=timestamps)
            return Response(200, media="text/plain", stream=stream)
        return Response(200, book.past(tail, since=since, timestamps=timestamps), media="text/plain")

    # writing

    def _create(self, request: Request, target: _Target) -> Response:
        is_protobuf = request.headers.get("content-type", "").startswith(protobuf.MEDIA)
        in_protobuf = is_protobuf and target.kind in {NAMESPACES, CONFIGMAPS}
        item: Object = protobuf.posted(request.body) if in_protobuf else _body(request)
        meta = {**(item.get("metadata") or {})}
        if target.kind.namespaced:
            meta["namespace"] = target.namespace
            self.store.get(NAMESPACES, "", target.namespace)
        if not meta.get("name") and not meta.get("generateName"):
            raise ApiError(422, "Invalid", f'{target.kind.kind} "" is invalid: metadata.name: Required value')
        item["metadata"] = meta
        if target.kind.status:
            item.pop("status", None)
        item, warnings = _admitted(request, target, item)
        made = self.store.create(target.kind, item, dry_run=_dry(request))
        return _warned(self._answer(request, target, made, 201), warnings)

    def _given(self, request: Request, target: _Target) -> Object:
        item: Object = _body(request)
        name = (item.get("metadata") or {}).get("name")
        if name != target.name:
            raise statuses.bad_request(
                f"the name of the object ({name}) does not match the name on the URL ({target.name})"
            )
        item["metadata"]["namespace"] = target.namespace
        if target.kind.custom and not item["metadata"].get("resourceVersion"):
            why = "Invalid value: 0: must be specified for an update"
            raise statuses.invalid(target.kind, target.name, "metadata.resourceVersion", why)
        return item

    def _patched(self, request: Request, target: _Target) -> Object:
        accepted = statuses.PATCH_TYPES[:2] if target.kind.custom else statuses.PATCH_TYPES
        fresh = _patched(request, accepted, self.store.get(target.kind, target.namespace, target.name))
        if not isinstance(fresh, dict) or dig(fresh, "metadata.name") != target.name:
            raise statuses.bad_request("the patch would rename the object")
        return fresh

    def _write(self, request: Request, target: _Target, item: Object) -> Response:
        part: Part = "status" if target.subresource == "status" else "main"
        self.store.get(target.kind, target.namespace, target.name)
        item, warnings = _admitted(request, target, item)
        written = self.store.update(target.kind, item, part, dry_run=_dry(request))
        return _warned(self._answer(request, target, written), warnings)

    def _scale(self, request: Request, target: _Target) -> Response:
        old = self.store.get(target.kind, target.namespace, target.name)
        if request.method == "GET":
            return _json(scale_of(target.kind, old))
        if request.method == "PUT":
            wanted = _body(request)
        else:
            # a patch without a version of its own is one of whatever is there
            wanted = _patched(request, statuses.PATCH_TYPES, scale_of(target.kind, old))
        fresh = self.store.update(target.kind, scaled(target.kind, old, wanted), dry_run=_dry(request))
        return _json(scale_of(target.kind, fresh))

    def _delete(self, request: Request, target: _Target) -> Response:
        item = self.store.get(target.kind, target.namespace, target.name)
        wanted = _body(request) if request.body else {}
        if (version := dig(wanted, "preconditions.resourceVersion")) and version != item["metadata"]["resourceVersion"]:
            why = (
                f"Precondition failed: ResourceVersion in precondition: {version}, "
                f"ResourceVersion in object meta: {item['metadata']['resourceVersion']}"
            )
            raise statuses.conflict(target.kind, target.name, why)
        if _dry(request):
            return _json(item)
        graceless = request.query.get("gracePeriodSeconds", wanted.get("gracePeriodSeconds")) in {"0", 0}
        if target.kind is PODS and not graceless:
            self.store.terminate(PODS, target.namespace, target.name)
            return _json(self.store.get(PODS, target.namespace, target.name))
        self.store.delete(target.kind, target.namespace, target.name)
        details = {"name": target.name, "group": target.kind.group, "kind": target.kind.plural}
        details["uid"] = item["metadata"]["uid"]
        return _json({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})

    def _delete_all(self, request: Request, target: _Target) -> Response:
        found = page(self.store, target.kind, target.namespace, request.query)
        for entry in found.entries:
            meta = entry.item["metadata"]
            if not _dry(request):
                self.store.delete(target.kind, meta.get("namespace", ""), meta["name"])
        items = [entry.item for entry in found.entries]
        kind = target.kind
        return _json({"apiVersion": kind.api_version, "kind": f"{kind.kind}List", "metadata": {}, "items": items})


def _target(group: str, version: str, parts: list[str]) -> _Target | None:
    namespace = ""
    if parts[0] == "namespaces" and len(parts) >= 3 and parts[2] not in {"status", "finalize"}:
        namespace, parts = parts[1], parts[2:]
    elif parts[0] == "namespaces" and group == "" and len(parts) == 2:
        namespace = ""
    kind = BY_PATH.get((group, version, parts[0]))
    if kind is None or len(parts) > 3 or bool(namespace) > kind.namespaced:
        return None
    name, subresource = (*parts[1:], "", "")[:2]
    if name and kind.namespaced and not namespace:
        return None
    known = {"", *(["status"] if kind.status else []), *(["log"] if kind is PODS else [])}
    known |= {"scale"} if kind.plural in SCALED else set()
    return _Target(kind, namespace, name, subresource) if subresource in known else None


def _verb(request: Request, target: _Target) -> str:
    watching = request.query.get("watch") in {"true", "1"}
    named = {"GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
    unnamed = {"GET": "watch" if watching else "list", "POST": "create", "DELETE": "deletecollection"}
    verb = (named if target.name else unnamed).get(request.method)
    if verb == "get" and watching and not target.subresource:
        return "watch"
    if verb is None or (target.subresource and verb == "delete") or (target.subresource == "log" and verb != "get"):
        raise statuses.method_not_allowed()
    return verb


def _named(request: Request, target: _Target) -> dict[str, str]:
    if not target.name:
        return request.query
    return {**request.query, "fieldSelector": f"metadata.name={target.name}"}


def _dry(request: Request) -> bool:
    return request.query.get("dryRun") == "All"


def _body(request: Request) -> Any:
    media = request.headers.get("content-type", "application/json").partition(";")[0].strip()
    if media not in {"application/json", "application/yaml", *statuses.PATCH_TYPES}:
        raise statuses.unsupported_media(("application/json", "application/yaml"))
    try:
        if media == "application/yaml":
            return yaml.safe_load(request.body)
        return msgspec.json.decode(request.body)
    except (msgspec.DecodeError, yaml.YAMLError) as error:
        raise statuses.bad_request(f"error decoding the request: {error}") from None


def _patched(request: Request, accepted: tuple[str, ...], old: Object) -> Any:
    """An object with the patch of a request."""
    media = request.headers.get("content-type", "").partition(";")[0].strip()
    if media not in accepted:
        raise statuses.unsupported_media(accepted)
    patch = _body(request)
    if media == "application/json-patch+json":
        return json_patch(old, patch)
    return merge(old, patch) if media == "application/merge-patch+json" else strategic_merge(old, patch)


def _admitted(request: Request, target: _Target, item: Object) -> tuple[Object, list[str]]:
    """What the schema lets in, and the warnings about the rest."""
    config_maps.judge(target.kind, item)
    admitted, unknown = schema.admit(target.kind, item, target.subresource)
    how = request.query.get("fieldValidation", "Warn")
    if unknown and how == "Strict":
        raise schema.strict(target.kind, unknown, item if request.method == "PATCH" else None)
    return admitted, [f'299 - "unknown field \\"{path}\\""' for path in unknown] if how == "Warn" else []


def _warned(response: Response, warnings: list[str]) -> Response:
    return replace(response, warnings=tuple(warnings))


def _page_not_found() -> Response:
    return Response(404, b"404 page not found\n", media="text/plain; charset=utf-8")


def _text(text: str) -> Callable[[Faults], Response]:
    return lambda _: Response(200, text.encode(), media="text/plain; charset=utf-8")


_FIXED: dict[str, Callable[[Faults], Response]] = {
    "/version": lambda _: _json(discovery.VERSION),
    "/readyz": _text("ok"),
    "/livez": _text("ok"),
    "/healthz": _text("ok"),
    "/api": lambda _: _json(discovery.core_versions()),
    "/apis": lambda faults: _json(discovery.groups(faults.absent)),
    "/openapi/v3": lambda _: _json({"paths": {}}),
    # an empty protobuf message: a document without definitions, so kubectl leaves validation to the server
    "/openapi/v2": lambda _: Response(200, b"", media="application/com.github.proto-openapi.spec.v2.v1.0+protobuf"),
}
