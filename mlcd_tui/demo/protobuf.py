"""Reviews, namespaces and ConfigMaps as Go clients since 1.33 post them: in protobuf. The rest of it here is JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlcd_tui.demo.statuses import bad_request

MEDIA = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"

Fields = dict[int, bytes]
_TYPE = {1: "apiVersion", 2: "kind"}
_RESOURCE = {1: "namespace", 2: "verb", 3: "group", 4: "version", 5: "resource", 6: "subresource", 7: "name"}
_PATH = {1: "path", 2: "verb"}


def _number(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7


def _parts(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The length-delimited fields of a message, in their order."""
    at = 0
    while at < len(data):
        key, at = _number(data, at)
        if key & 7 == 2:
            length, at = _number(data, at)
            if at + length > len(data):
                raise ValueError("a field is longer than its message")
            yield key >> 3, data[at : at + length]
            at += length
        elif key & 7 == 0:
            _, at = _number(data, at)
        else:
            raise ValueError("not a field of this message")


def _fields(data: bytes) -> Fields:
    """The length-delimited fields of a message, the last of each number."""
    return dict(_parts(data))


def _map(data: bytes, number: int) -> dict[str, str]:
    """A field of texts by name."""
    entries = (_fields(part) for found, part in _parts(data) if found == number)
    return {entry[1].decode(): entry.get(2, b"").decode() for entry in entries}


def _texts(data: bytes, names: dict[int, str]) -> dict[str, str]:
    return {names[number]: value.decode() for number, value in _fields(data).items() if number in names and value}


def review(body: bytes) -> dict[str, Any]:
    """A posted review as it would be in JSON; raises 400 for what is none."""
    if not body.startswith(_MAGIC):
        raise bad_request("error decoding the review: it has no envelope")
    try:
        envelope = _fields(body[len(_MAGIC) :])
        found: dict[str, Any] = dict(_texts(envelope[1], _TYPE))
        spec = _fields(_fields(envelope.get(2, b"")).get(2, b""))
        if found.get("kind") == "SelfSubjectRulesReview":
            found["spec"] = {"namespace": spec.get(1, b"").decode()}
        elif found.get("kind") == "SelfSubjectAccessReview":
            named = (("resourceAttributes", 1, _RESOURCE), ("nonResourceAttributes", 2, _PATH))
            found["spec"] = {name: _texts(spec[number], fields) for name, number, fields in named if number in spec}
    except (IndexError, KeyError, ValueError) as error:
        raise bad_request(f"error decoding the review: {error}") from None
    return found


def posted(body: bytes) -> dict[str, Any]:
    """A posted Namespace or ConfigMap; raises 400 for what is none."""
    if not body.startswith(_MAGIC):
        raise bad_request("error decoding the object: it has no envelope")
    try:
        envelope = _fields(body[len(_MAGIC) :])
        item = envelope[2]
        meta = _fields(item)[1]
        metadata: dict[str, Any] = _texts(meta, {1: "name", 2: "generateName", 3: "namespace"})
        for name, number in (("labels", 11), ("annotations", 12)):
            metadata |= {name: found} if (found := _map(meta, number)) else {}
        made: dict[str, Any] = {**_texts(envelope[1], _TYPE), "metadata": metadata}
        return {**made, "data": _map(item, 2)} if made.get("kind") == "ConfigMap" else made
    except (IndexError, KeyError, ValueError) as error:
        raise bad_request(f"error decoding the object: {error}") from None
