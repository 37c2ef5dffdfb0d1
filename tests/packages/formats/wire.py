"""Writes protobuf's wire format, for graphs that no fixture has."""

from __future__ import annotations


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def data(field: int, *payload: bytes | str) -> bytes:
    whole = b"".join(piece.encode() if isinstance(piece, str) else piece for piece in payload)
    return varint(field << 3 | 2) + varint(len(whole)) + whole


def dims(*sizes: int | str | None) -> bytes:
    """A TensorShapeProto."""
    return b"".join(
        data(1, b"" if size is None else number(1, size) if isinstance(size, int) else data(2, size)) for size in sizes
    )


def tensor_type(element: int, *sizes: int | str | None, ranked: bool = True) -> bytes:
    """A TypeProto of a tensor."""
    return data(1, number(1, element), data(2, dims(*sizes)) if ranked else b"")


def value_info(name: str, kind: bytes) -> bytes:
    return data(1, name) + data(2, kind)


def initializer(name: str, element: int, *sizes: int, raw: bytes = b"") -> bytes:
    return b"".join(number(1, size) for size in sizes) + number(2, element) + data(8, name) + data(9, raw)


def model(*graph: bytes, props: dict[str, str] | None = None) -> bytes:
    meta = b"".join(data(14, data(1, key), data(2, value)) for key, value in (props or {}).items())
    return number(1, 9) + data(7, *graph) + data(8, number(2, 17)) + meta
