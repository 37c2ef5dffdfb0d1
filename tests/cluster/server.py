"""A small API server on real sockets that can be told to fail in every way a real one and its network do."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from mlcd_tui.cluster.kubeconfig import Target
from mlcd_tui.domain.refs import Resource

THINGS = Resource("example.org", "v1", "things", "Thing")
JSON = dict[str, Any]


@dataclass
class Call:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass(eq=False)
class Reply:
    """How a handler answers."""

    writer: asyncio.StreamWriter
    reader: asyncio.StreamReader

    async def send(self, code: int, body: bytes | JSON = b"", headers: dict[str, str] | None = None) -> None:
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        head = {"Content-Type": "application/json", "Content-Length": str(len(data)), **(headers or {})}
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        self.writer.write(f"HTTP/1.1 {code} X\r\n{lines}\r\n".encode() + data)
        await self.writer.drain()

    async def status(self, code: int, message: str = "", headers: dict[str, str] | None = None) -> None:
        await self.send(code, {"kind": "Status", "code": code, "message": message}, headers)

    async def start(self) -> None:
        self.writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        await self.writer.drain()

    async def chunk(self, data: bytes) -> None:
        self.writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        await self.writer.drain()

    async def end(self) -> None:
        self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()

    def cut(self) -> None:
        """Reset the connection."""
        self.writer.transport.abort()


Handler = Callable[[Call, Reply], Awaitable[None]]


def thing(name: str, version: int = 1, **more: Any) -> JSON:
    """An object of the served kind."""
    meta = {"name": name, "namespace": "ns", "uid": f"uid-{name}", "resourceVersion": str(version)}
    return {"metadata": meta, "spec": {"size": 1}, **more}


@dataclass
class FaultServer:
    """Serves one kind, `THINGS`; faults are switched on by tests."""

    tls: ssl.SSLContext | None = None
    version: int = 100
    objects: dict[str, JSON] = field(default_factory=dict)
    events: list[tuple[int, bytes]] = field(default_factory=list)
    oldest: int = 0
    """Watches from before this version get 410."""
    next_answers: list[Handler] = field(default_factory=list)
    """Answer the coming requests instead of the usual answer, one each."""
    always: Handler | None = None
    """Answers every request instead."""
    silent: bool = False
    """Half-open: connections stay, but nothing is sent any more and nothing is answered."""
    installed: bool = True
    calls: list[Call] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        self._replies: set[Reply] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._news = asyncio.Condition()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def target(self, cluster: JSON | None = None, user: JSON | None = None) -> Target:
        return Target("test", self.url, user="tester", cluster_fields=cluster or {}, user_fields=user or {})

    async def change(self, kind: str, item: JSON) -> None:
        """ADDED, MODIFIED or DELETED, for lists and watches."""
        self.version += 1
        item["metadata"]["resourceVersion"] = str(self.version)
        if kind == "DELETED":
            self.objects.pop(item["metadata"]["name"], None)
        else:
            self.objects[item["metadata"]["name"]] = item
        await self.event({"type": kind, "object": item})

    async def event(self, event: JSON | bytes) -> None:
        """Any line for the watches."""
        self.events.append((self.version, event if isinstance(event, bytes) else json.dumps(event).encode() + b"\n"))
        async with self._news:
            self._news.notify_all()

    async def bookmark(self) -> None:
        self.version += 10
        meta = {"resourceVersion": str(self.version), "creationTimestamp": None}
        await self.event({"type": "BOOKMARK", "object": {"kind": "Thing", "metadata": meta}})

    def expire(self) -> None:
        """Forget the past, as etcd's compaction does."""
        self.version += 50
        self.oldest = self.version
        self.events.clear()

    def cut_watches(self) -> None:
        for reply in list(self._replies):
            reply.cut()

    async def end_watches(self) -> None:
        for reply in list(self._replies):
            self._replies.discard(reply)
            await reply.end()
        async with self._news:
            self._news.notify_all()

    @property
    def watching(self) -> int:
        return len(self._replies)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            while call := await _read(reader):
                while self.silent:
                    await asyncio.sleep(0.02)
                self.calls.append(call)
                await self._answer(call, Reply(writer, reader))
            await Reply(writer, reader).status(400, "Bad Request")
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, asyncio.CancelledError):
            pass  # the client left, or the server ends
        finally:
            self._tasks.discard(task)
            self._writers.discard(writer)
            writer.transport.abort()

    async def _answer(self, call: Call, reply: Reply) -> None:
        if self.always is not None:
            await self.always(call, reply)
        elif self.next_answers and call.path != "/version":
            await self.next_answers.pop(0)(call, reply)
        elif call.path == "/version":
            await reply.send(200, {"gitVersion": "v1.37.2"})
        elif call.path == "/apis":
            groups = [] if self.installed else [{"name": "example.org", "versions": [{"version": "v2"}]}]
            await reply.send(200, {"groups": groups})
        elif call.path == "/apis/example.org/v2":
            await reply.send(200, {"resources": [{"name": "things"}, {"name": "things/status"}]})
        elif call.path != THINGS.path() or not self.installed:
            await reply.send(404, b"404 page not found\n", {"Content-Type": "text/plain"})
        elif call.query.get("watch"):
            await self._watch(call, reply)
        else:
            await self._list(call, reply)

    async def _list(self, call: Call, reply: Reply) -> None:
        names = list(self.objects)
        start, limit = int(call.query.get("continue", 0)), int(call.query.get("limit", 10_000))
        page = [self.objects[name] for name in names[start : start + limit]]
        meta: JSON = {"resourceVersion": str(self.version)}
        if start + limit < len(names):
            meta |= {"continue": str(start + limit), "remainingItemCount": len(names) - start - limit}
        await reply.send(200, {"kind": "ThingList", "metadata": meta, "items": page})

    async def _watch(self, call: Call, reply: Reply) -> None:
        at = int(call.query["resourceVersion"])
        if at < self.oldest:
            await reply.status(410, f"too old resource version: {at}")
            return
        await reply.start()
        self._replies.add(reply)
        gone = asyncio.create_task(self._until_closed(reply))
        done = sum(1 for version, _ in self.events if version <= at)
        try:
            while reply in self._replies:
                while not self.silent and done < len(self.events):
                    await reply.chunk(self.events[done][1])
                    done += 1
                async with self._news:
                    await self._news.wait()
        finally:
            gone.cancel()
            await asyncio.gather(gone, return_exceptions=True)
            self._replies.discard(reply)

    async def _until_closed(self, reply: Reply) -> None:
        await reply.reader.read(1)
        self._replies.discard(reply)
        async with self._news:
            self._news.notify_all()


async def _read(reader: asyncio.StreamReader) -> Call | None:
    start = await reader.readexactly(1)
    if start == b"\x16":  # a TLS handshake
        return None
    head = start + await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    parts = urlsplit(target)
    return Call(method, unquote(parts.path), dict(parse_qsl(parts.query)), headers, body)


def answer(code: int, message: str = "", headers: dict[str, str] | None = None) -> Handler:
    """A handler that answers with a Status."""

    async def handle(call: Call, reply: Reply) -> None:
        await reply.status(code, message, headers)

    return handle
