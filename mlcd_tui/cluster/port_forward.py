"""A port of a pod on a port of this machine, as `kubectl port-forward` does it; one WebSocket for each connection.

The protocol is `v4.channel.k8s.io`: the first byte of a message is its channel, 0 the data and 1 the errors of the one
port; the first message on each is the port itself. The API server hands it on to the kubelet as it is.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mlcd_tui.cluster.client import Client
from mlcd_tui.cluster.websocket import WebSocket
from mlcd_tui.domain.errors import Problem, Unreachable
from mlcd_tui.domain.refs import PODS
from mlcd_tui.domain.text import Clean, clean

PROTOCOL = "v4.channel.k8s.io"
_DATA, _ERROR = 0, 1
_CHUNK = 32 * 1024


class PortForward:
    """A listening port on loopback whose connections end in a pod.

    Args:
        client: to the cluster.
        namespace: of the pod.
        pod: its name.
        port: the one in the pod.
    """

    def __init__(self, client: Client, namespace: str, pod: str, port: int) -> None:
        self._client = client
        self._path = PODS.path(namespace, pod, "portforward")
        self._port = port
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.problem: Clean = Clean("")
        """The last thing that went wrong with a connection; empty: nothing."""
        self.port = 0
        """Of this machine."""

    @property
    def address(self) -> str:
        """Where the pod's port is found."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listen, once one connection has shown that the cluster lets us.

        Raises:
            Problem: forbidden, no such pod, no answer, or a server that cannot forward.
        """
        socket = await self._open()
        socket.close()
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """End every connection."""
        if self._server is not None:
            self._server.close()
        for task in tuple(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _open(self) -> WebSocket:
        return await self._client.open_socket(self._path, {"ports": str(self._port)}, PROTOCOL)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._connection(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection from its beginning to its end; what goes wrong ends it, as a server that hangs up."""
        socket: WebSocket | None = None
        try:
            socket = await self._open()
            await self._both_ways(socket, reader, writer)
        except (OSError, ValueError, Problem) as error:
            self.problem = clean(error, limit=300)
        finally:
            if socket is not None:
                socket.close()
            writer.close()

    async def _both_ways(self, socket: WebSocket, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        out = asyncio.create_task(_send(socket, reader))
        try:
            await self._receive(socket, writer)
        finally:
            out.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await out

    async def _receive(self, socket: WebSocket, writer: asyncio.StreamWriter) -> None:
        begun: set[int] = set()
        while (message := await socket.receive()) is not None:
            channel, data = (message[0], message[1:]) if message else (_DATA, b"")
            if channel not in begun:
                begun.add(channel)
                if len(data) != 2 or int.from_bytes(data, "little") != self._port:
                    raise Unreachable("What forwards the port does not speak v4.channel.k8s.io.")
            elif channel == _ERROR and data:
                told = clean(data.decode("utf-8", "replace"), limit=300)
                raise Unreachable(f"The pod's port {self._port} cannot be reached: {told}")
            elif channel == _DATA:
                writer.write(data)
                await writer.drain()


async def _send(socket: WebSocket, reader: asyncio.StreamReader) -> None:
    """What the local side says, until it hangs up: then the pod's side is to be told, and the protocol has no half."""
    while data := await reader.read(_CHUNK):
        await socket.send(bytes([_DATA]) + data)
    socket.close()


@asynccontextmanager
async def forwarded(client: Client, namespace: str, pod: str, port: int) -> AsyncIterator[PortForward]:
    """A port of a pod as long as the context lasts. Raises `Problem`."""
    forward = PortForward(client, namespace, pod, port)
    await forward.start()
    try:
        yield forward
    finally:
        await forward.stop()
