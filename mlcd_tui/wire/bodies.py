"""Bodies of at most so many bytes, counted as they come: what a server claims of its answer's size is not believed."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping


class TooLarge(Exception):  # noqa: N818 - each room says in its own words what it means
    """More bytes came than are read; the rest was not waited for."""


def gathered(pieces: Iterable[bytes], most: int) -> bytes:
    """All pieces as one.

    Raises:
        TooLarge: more than `most` bytes.
    """
    data = bytearray()
    for piece in pieces:
        data += piece
        if len(data) > most:
            raise TooLarge
    return bytes(data)


async def gathered_later(pieces: AsyncIterable[bytes], most: int) -> bytes:
    """As `gathered`, of pieces that are waited for."""
    data = bytearray()
    async for piece in pieces:
        data += piece
        if len(data) > most:
            raise TooLarge
    return bytes(data)


def is_plain(headers: Mapping[str, str]) -> bool:
    """Whether a body comes as it is: who asked for `identity` and gets it compressed may be sent a bomb."""
    return headers.get("content-encoding", "identity").strip().lower() in {"identity", ""}
