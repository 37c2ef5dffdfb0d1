"""An API server's `portforward` as it is over a WebSocket (`v4.channel.k8s.io`), in front of real servers on loopback."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from dataclasses import dataclass, field

from tests.cluster.server import Call, Reply

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def frame(code: int, data: bytes, *, final: bool = True) -> bytes:
    """A frame as servers send it."""
    head = bytes([(0x80 if final else 0) | code])
    if len(data) < 126:
        return head + bytes([len(data)]) + data
    if len(data) < 1 << 16:
        return head + b"\x7e" + len(data).to_bytes(2, "big") + data
    return head + b"\x7f" + len(data).to_bytes(8, "big") + data


def proof_of(key: str) -> str:
    """By which a server shows that it speaks this protocol."""
    return base64.b64encode(hashlib.sha1(f"{key}{_GUID}".encode()).digest()).decode()


@dataclass
class Forwarding:
    """Answers `portforward` of any pod; `ports` says where a pod's port really is."""

    ports: dict[int, int] = field(default_factory=dict)
    opened: int = 0
    protocol: str = "v4.channel.k8s.io"
    pieces: bool = False
    """Send each message in two frames, with a ping between them."""
    pongs: int = 0

    async def __call__(self, call: Call, reply: Reply) -> None:
        assert call.path.endswith("/portforward")
        assert call.headers["upgrade"].lower() == "websocket"
        if call.headers.get("accept", "*/*") != "*/*":  # so did a real kubelet's library
            await reply.status(406, "406: Not Acceptable")
            return
        self.opened += 1
        proof = proof_of(call.headers["sec-websocket-key"])
        head = f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {proof}\r\nSec-WebSocket-Protocol: {self.protocol}"
        reply.writer.write(f"HTTP/1.1 101 Switching Protocols\r\n{head}\r\n\r\n".encode())
        port = int(call.query["ports"])
        for channel in (b"\0", b"\1"):
            reply.writer.write(frame(2, channel + port.to_bytes(2, "little")))
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.ports[port])
        except (OSError, KeyError) as error:
            told = f"error forwarding port {port} to pod: {error!r}"
            reply.writer.write(frame(2, b"\1" + told.encode()) + frame(8, b"\x03\xe8"))
            await reply.writer.drain()
            return
        back = asyncio.create_task(self._back(reader, reply))
        try:
            await self._forth(reply, writer)
        finally:
            writer.close()
            back.cancel()
            await asyncio.gather(back, return_exceptions=True)

    async def _back(self, reader: asyncio.StreamReader, reply: Reply) -> None:
        while data := await reader.read(65536):
            message = b"\0" + data
            if self.pieces:
                half = len(message) // 2
                reply.writer.write(frame(2, message[:half], final=False) + frame(9, b"?") + frame(0, message[half:]))
            else:
                reply.writer.write(frame(2, message))
            await reply.writer.drain()
        reply.writer.write(frame(8, b"\x03\xe8"))

    async def _forth(self, reply: Reply, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                first, second = await reply.reader.readexactly(2)
                assert second & 0x80, "clients mask what they send"
                size = second & 0x7F
                if size == 126:
                    size = int.from_bytes(await reply.reader.readexactly(2), "big")
                elif size == 127:
                    size = int.from_bytes(await reply.reader.readexactly(8), "big")
                mask = await reply.reader.readexactly(4)
                data = bytes(b ^ mask[n % 4] for n, b in enumerate(await reply.reader.readexactly(size)))
            except (EOFError, OSError):
                return
            if first & 0x0F == 8:
                reply.writer.write(frame(8, data))
                return
            if first & 0x0F == 10:
                self.pongs += 1
            elif first & 0x0F in {1, 2}:
                assert data[0] == 0
                writer.write(data[1:])
                await writer.drain()
