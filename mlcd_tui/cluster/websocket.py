"""WebSocket frames (RFC 6455) over a connection that the API server has upgraded: as much as port-forwarding uses.

The `kubernetes` library has a client too, but a blocking one with logins, proxies and TLS of its own: each forwarded
connection would hold a thread, and the plug-ins of a kubeconfig would get at the terminal.
"""

from __future__ import annotations

import base64
import hashlib
import os
from dataclasses import dataclass, field

from mlcd_tui.cluster.streams import Answer

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_CONTINUED, _TEXT, _BINARY, _CLOSE, _PING, _PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
_MOST_MESSAGE = 4 << 20


def new_key() -> str:
    """A key by which the server proves that it speaks this protocol."""
    return base64.b64encode(os.urandom(16)).decode()


def accepts(key: str, told: str) -> bool:
    """Whether the server's proof fits the key."""
    digest = hashlib.sha1(f"{key}{_GUID}".encode(), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode() == told.strip()


def masked(data: bytes, mask: bytes) -> bytes:
    """The data as clients have to send it; twice is as before."""
    if not data:
        return data
    repeated = mask * (len(data) // 4 + 1)
    size = len(data)
    return (int.from_bytes(data, "big") ^ int.from_bytes(repeated[:size], "big")).to_bytes(size, "big")


@dataclass(slots=True)
class WebSocket:
    """A connection in use. One task reads, one writes.

    Args:
        answer: the upgraded connection.
        protocol: what the server chose.
    """

    answer: Answer
    protocol: str = ""
    _closing: bool = field(default=False)

    async def send(self, data: bytes) -> None:
        """One binary message. Raises `OSError`."""
        self._frame(_BINARY, data)
        await self.answer.writer.drain()

    async def receive(self) -> bytes | None:
        """The next message; None: the other side has ended. Pings are answered meanwhile.

        Raises:
            OSError: the connection was cut.
            ValueError: what comes is no such frame.
        """
        message = bytearray()
        while True:
            try:
                final, code, data = await self._read()
            except OSError:
                if self._closing:
                    return None
                raise
            if code == _CLOSE:
                self.close()
                return None
            if code == _PING:
                self._frame(_PONG, data)
            elif code in {_TEXT, _BINARY, _CONTINUED}:
                message += data
                if len(message) > _MOST_MESSAGE:
                    raise ValueError("a message without end")
                if final:
                    return bytes(message)

    def close(self) -> None:
        """Say goodbye and end the connection."""
        if not self._closing:
            self._closing = True
            if not self.answer.writer.is_closing():
                self._frame(_CLOSE, (1000).to_bytes(2, "big"))
            self.answer.writer.close()

    async def _read(self) -> tuple[bool, int, bytes]:
        reader = self.answer.reader
        try:
            first, second = await reader.readexactly(2)
            if first & 0x70 or second & 0x80:
                raise ValueError("no WebSocket frame of a server")
            size = second & 0x7F
            if size == 126:
                size = int.from_bytes(await reader.readexactly(2), "big")
            elif size == 127:
                size = int.from_bytes(await reader.readexactly(8), "big")
            if size > _MOST_MESSAGE or (first & 0x08 and size > 125):
                raise ValueError("a WebSocket frame that is too long")
            data = await reader.readexactly(size)
        except EOFError as error:
            raise ConnectionResetError("cut in the middle of a frame") from error
        return bool(first & 0x80), first & 0x0F, data

    def _frame(self, code: int, data: bytes) -> None:
        size, mask = len(data), os.urandom(4)
        if size < 126:
            length = bytes([0x80 | size])
        elif size < 1 << 16:
            length = b"\xfe" + size.to_bytes(2, "big")
        else:
            length = b"\xff" + size.to_bytes(8, "big")
        self.answer.writer.write(bytes([0x80 | code]) + length + mask + masked(data, mask))
