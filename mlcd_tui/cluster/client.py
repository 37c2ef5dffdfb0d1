"""The asynchronous client of one cluster: JSON calls, raw bytes and streams, with one map of errors."""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar, overload
from urllib.parse import quote, urlencode, urlsplit

import httpx
import msgspec

from mlcd_tui import __version__
from mlcd_tui.cluster.auth import Credentials, Login
from mlcd_tui.cluster.errors import from_exception, from_response, not_kubernetes
from mlcd_tui.cluster.kubeconfig import Target
from mlcd_tui.cluster.streams import Answer, open_answer
from mlcd_tui.cluster.transport import http_client, is_local, proxy_for, ssl_context
from mlcd_tui.cluster.wire import BAD_JSON, mended
from mlcd_tui.domain.errors import Problem, Unauthenticated, Unreachable
from mlcd_tui.domain.plan import MERGE_PATCH
from mlcd_tui.domain.refs import JSON, Resource
from mlcd_tui.domain.text import Clean, clean

if TYPE_CHECKING:
    from mlcd_tui.cluster.websocket import WebSocket

T = TypeVar("T")
Params = Mapping[str, str]
METADATA = "application/json;as={};v=v1;g=meta.k8s.io"
"""The form in which the server leaves out all but the metadata; every server that can watch knows it."""
_AGENT = f"mlcd-tui/{__version__}"
_CONNECT = 5.0
_PAGE = 500
_SMALL = 64_000  # answers up to this size tell the round trip, larger ones the bandwidth
_SKEW_EVERY = 30.0
_SKEW_NOISE = 2.0  # the Date header has whole seconds
_SAFE = "/:@!$&'()*+,;=-._~"
_WIRE_ERRORS = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError)


class Client:
    """Speaks to one cluster as one user. Does nothing before the first call.

    Args:
        target: from the kubeconfig.
        timeout: seconds that a call may wait for the next byte of its answer.
    """

    def __init__(self, target: Target, *, timeout: float = 10.0) -> None:
        parts = urlsplit(target.server)
        self.target = target
        self.server: Clean = clean(parts.netloc.rpartition("@")[2] or target.server)
        """Host and port, for the eye."""
        self.skew = 0.0
        """Seconds that the server's clock is ahead of ours."""
        self.lag: float | None = None
        """Round trip of the last small call in seconds."""
        self._local = is_local(parts.hostname or "")
        self._secure = parts.scheme == "https"
        self._credentials = Credentials(target, secure=self._secure or self._local)
        self._timeout = timeout
        self._login: Login | None = None
        self._calls: httpx.AsyncClient | None = None
        self._tls: ssl.SSLContext | None = None
        self._proxy = ""
        self._retired: list[httpx.AsyncClient] = []
        self._answered = float("-inf")
        self._skew_at = float("-inf")
        self._probe: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """End all connections."""
        if self._probe is not None:
            self._probe.cancel()
        for http in (self._calls, *self._retired):
            if http is not None:
                await http.aclose()
        self._calls = self._login = None
        self._retired.clear()

    @overload
    async def get(self, path: str, params: Params | None = None) -> JSON: ...
    @overload
    async def get(self, path: str, params: Params | None = None, *, type: type[T]) -> T: ...
    async def get(self, path: str, params: Params | None = None, *, type: Any = dict) -> Any:  # noqa: A002 - as msgspec has it
        """GET a path and decode its JSON. Raises `Problem`."""
        return self._decoded(await self.get_bytes(path, params), type)

    async def get_bytes(
        self,
        path: str,
        params: Params | None = None,
        *,
        timeout: float | None = None,  # noqa: ASYNC109
        accept: str = "",
    ) -> bytes:
        """GET a path as it is, in the form `accept` (by default whole objects). Raises `Problem`."""
        return await self._call("GET", path, params, timeout=timeout, accept=accept)

    async def post(self, path: str, body: Any, params: Params | None = None) -> JSON:
        """POST a JSON body. Raises `Problem`."""
        answer: JSON = self._decoded(await self._call("POST", path, params, body=body), dict)
        return answer

    async def put(self, path: str, body: Any, params: Params | None = None) -> JSON:
        """PUT a JSON body in the place of what is there. Raises `Problem`."""
        answer: JSON = self._decoded(await self._call("PUT", path, params, body=body), dict)
        return answer

    async def patch(
        self, path: str, body: Any, *, content_type: str = MERGE_PATCH, params: Params | None = None
    ) -> JSON:
        """PATCH with a JSON body. Raises `Problem`."""
        sent = await self._call("PATCH", path, params, body=body, content_type=content_type)
        answer: JSON = self._decoded(sent, dict)
        return answer

    async def list_all(
        self,
        resource: Resource,
        namespace: str = "",
        *,
        label_selector: str = "",
        field_selector: str = "",
        metadata_only: bool = False,
    ) -> list[JSON]:
        """All objects of a kind as raw JSON, page by page. Raises `Problem`."""
        accept = METADATA.format("PartialObjectMetadataList") if metadata_only else ""
        chosen = {"labelSelector": label_selector, "fieldSelector": field_selector}
        params = {"limit": str(_PAGE), **{key: value for key, value in chosen.items() if value}}
        found: list[JSON] = []
        while True:
            page: JSON = self._decoded(await self.get_bytes(resource.path(namespace), params, accept=accept), dict)
            for item in page.get("items") or ():
                item.setdefault("apiVersion", resource.api_version)
                item.setdefault("kind", resource.kind)
                found.append(item)
            token = (page.get("metadata") or {}).get("continue")
            if not token:
                return found
            params["continue"] = token

    async def server_version(self) -> Clean:
        """The server's version, such as `v1.37.2`. Raises `Problem`."""
        return clean((await self.get("/version")).get("gitVersion"), limit=60)

    async def whoami(self) -> Clean:
        """The user as the server knows it; the kubeconfig's name for it where the server cannot be asked that.

        Raises:
            Unreachable: no answer.
            Unauthenticated: the server does not know the user.
        """
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        try:
            answer = await self.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", body)
            name = answer["status"]["userInfo"]["username"]
        except (Unreachable, Unauthenticated):
            raise
        except (Problem, KeyError, TypeError):
            name = ""
        return clean(name or self.target.user, limit=200)

    def answered(self, within: float) -> bool:
        """Whether the server has answered anything in the last `within` seconds."""
        return time.monotonic() - self._answered < within

    async def probe(self, max_age: float = 5.0) -> None:
        """Make sure that the server answers; who asks at the same time shares one call.

        Any answer will do: a user may be forbidden to ask for the version.

        Args:
            max_age: seconds within which an earlier answer will do.

        Raises:
            Unreachable: it does not.
        """
        if self.answered(max_age):
            return
        if self._probe is None or self._probe.done():
            self._probe = asyncio.create_task(self._ask())
            # nobody may be left to hear of it
            self._probe.add_done_callback(lambda task: task.cancelled() or task.exception())
        await asyncio.shield(self._probe)

    async def _ask(self) -> None:
        try:
            await self.get_bytes("/version", timeout=_CONNECT)
        except Unreachable:
            raise
        except Problem:
            return

    @asynccontextmanager
    async def stream(
        self, path: str, params: Params | None = None, *, gather: float = 0.0, accept: str = ""
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """GET a path and read its body as it comes, without a time limit between bytes. Raises `Problem`.

        Args:
            path: as for `get`.
            params: as for `get`.
            gather: what comes within so many seconds after a part comes as one.
            accept: as for `get_bytes`.
        """
        answer = await self._open(path, params, accept)
        try:
            yield self._parts(answer, gather)
        finally:
            answer.close()

    async def _parts(self, answer: Answer, gather: float) -> AsyncIterator[bytes]:
        try:
            async for part in answer.parts(gather):
                yield part
        except (OSError, ValueError) as error:
            raise from_exception(error, self.server) from error

    async def open_socket(self, path: str, params: Params, protocol: str) -> WebSocket:
        """Upgrade a GET to a WebSocket that speaks one of the cluster's protocols. Raises `Problem`."""
        from mlcd_tui.cluster.websocket import WebSocket, accepts, new_key  # late: only port-forwarding needs it

        key = new_key()
        upgrade = (
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", key),
            ("Sec-WebSocket-Protocol", protocol),
        )
        answer = await self._open(path, params, "*/*", upgrade)  # a kubelet refuses to upgrade to JSON
        headers = answer.headers
        if not accepts(key, headers.get("sec-websocket-accept", "")) or (
            headers.get("sec-websocket-protocol", "") != protocol
        ):
            answer.close()
            raise Unreachable(f"{self.server} does not speak {protocol} over a WebSocket.")
        return WebSocket(answer, protocol)

    async def _open(
        self, path: str, params: Params | None, accept: str, upgrade: tuple[tuple[str, str], ...] = ()
    ) -> Answer:
        """The answer to a streaming GET, its head arrived and its status good."""
        for last in (False, True):
            login = await self._ready()
            url = self._url(path) + (f"?{urlencode(params)}" if params else "")
            try:
                async with asyncio.timeout(self._timeout):
                    headers = [*self._headers(login, "identity", accept), *upgrade]
                    answer = await open_answer(url, headers, context=self._tls, proxy=self._proxy)
                    if (answer.status == 101) if upgrade else (200 <= answer.status < 300):
                        self._answered = time.monotonic()
                        return answer
                    try:
                        body = await answer.rest()
                    finally:
                        answer.close()
                    if upgrade and answer.status < 300:
                        raise Unreachable(f"{self.server} (or a proxy before it) does not upgrade to a WebSocket.")
            except (OSError, ValueError) as error:
                raise from_exception(error, self.server, self._proxy_shown) from error
            if answer.status != 401 or last or not await self._credentials.renew(login):
                break
        raise self._problem(answer.status, answer.headers, body, "GET", path)

    async def _call(
        self,
        method: str,
        path: str,
        params: Params | None,
        *,
        body: Any = None,
        content_type: str = "application/json",
        timeout: float | None = None,  # noqa: ASYNC109 - handed to httpx, which tells of it in its own way
        accept: str = "",
    ) -> bytes:
        """Send and read the whole answer; once more with fresh credentials after a 401."""
        content = None if body is None else msgspec.json.encode(body)
        for last in (False, True):
            login = await self._ready()
            assert self._calls is not None
            headers = self._headers(login, accept=accept)
            if content is not None:
                headers.append(("Content-Type", content_type))
            patience: Any = httpx.USE_CLIENT_DEFAULT if timeout is None else timeout
            started = time.monotonic()
            try:
                response = await self._calls.request(
                    method, self._url(path), params=params, content=content, headers=headers, timeout=patience
                )
            except _WIRE_ERRORS as error:
                raise from_exception(error, self.server, self._proxy_shown) from error
            self._note(response, time.monotonic() - started)
            if response.is_success:
                return response.content
            if response.status_code != 401 or last or not await self._credentials.renew(login):
                break
        raise self._problem(response.status_code, response.headers, response.content, method, path)

    @property
    def _proxy_shown(self) -> str:
        """The proxy for the eye: without a user and a password."""
        return self._proxy.rpartition("@")[2].rpartition("//")[2].rstrip("/")

    def _url(self, path: str) -> str:
        return self.target.server + quote(path, safe=_SAFE)

    def _headers(self, login: Login, encoding: str = "", accept: str = "") -> list[tuple[str, str]]:
        # on this machine compression costs both sides more than it saves
        encoding = encoding or ("identity" if self._local else "gzip")
        accept = accept or "application/json"
        mine = (("Accept", accept), ("User-Agent", _AGENT), ("Accept-Encoding", encoding))
        return [*mine, *login.headers]

    async def _ready(self) -> Login:
        """Credentials, and connections that carry their certificate."""
        login = await self._credentials.login()
        known = self._login
        if known is None or (known.certificate, known.key) != (login.certificate, login.key):
            if self._calls is not None:
                self._retired.append(self._calls)
            self._proxy = proxy_for(self.target, os.environ)
            self._tls = ssl_context(self.target, login) if self._secure else None
            self._calls = http_client(self._tls, self._proxy, httpx.Timeout(self._timeout, connect=_CONNECT))
        self._login = login
        return login

    def _note(self, response: httpx.Response, seconds: float) -> None:
        """Learn from an answer: that the server lives, how far it is, what time it has there."""
        now = time.monotonic()
        self._answered = now
        if len(response.content) > _SMALL:
            return
        self.lag = seconds
        if now - self._skew_at < _SKEW_EVERY or seconds > _SKEW_NOISE:
            return
        try:
            there = parsedate_to_datetime(response.headers.get("date", ""))
            ahead = (there - datetime.now(UTC)).total_seconds() + 0.5 + seconds / 2
        except (ValueError, TypeError):
            return
        self._skew_at = now
        self.skew = ahead if abs(ahead) > _SKEW_NOISE else 0.0

    def _problem(self, code: int, headers: Mapping[str, str], body: bytes, method: str, path: str) -> Problem:
        what = f"{method.lower()} {clean(path, limit=200)}"
        return from_response(code, headers, body, what=what, server=self.server)

    def _decoded(self, body: bytes, kind: Any) -> Any:
        try:
            return msgspec.json.decode(body, type=kind)
        except BAD_JSON:
            pass
        try:
            return msgspec.json.decode(mended(body), type=kind)
        except BAD_JSON as error:
            raise not_kubernetes(self.server, body) from error
