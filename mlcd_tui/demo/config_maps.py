"""What the real server asks of a ConfigMap: text only, a mebibyte at most, names and labels of its alphabet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from mlcd_tui.demo.kinds import CONFIGMAPS, Kind
from mlcd_tui.demo.statuses import bad_request, violates

Object = dict[str, Any]

MOST_BYTES = 1024 * 1024
_GO_NAMES = {int: "number", float: "number", bool: "bool", list: "array", dict: "object"}
_NAME = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_NAME_WORDS = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    f"end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{_NAME}')"
)
_LABEL = r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?"
_LABEL_WORDS = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    f"'{_LABEL}')"
)
_KEY = r"[-._a-zA-Z0-9]+"
_KEY_WORDS = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or "
    f"'key-name', regex used for validation is '{_KEY}')"
)


def judge(kind: Kind, item: Object) -> None:
    """Raises the real server's 400 and 422 for a ConfigMap that it would refuse; other kinds pass."""
    if kind is not CONFIGMAPS:
        return
    data, labels = item.get("data") or {}, item["metadata"].get("labels") or {}
    for field, texts in (("ConfigMap.data", data), ("ObjectMeta.metadata.labels", labels)):
        for value in texts.values():
            if not isinstance(value, str):
                why = f"json: cannot unmarshal {_GO_NAMES.get(type(value), 'null')} into Go struct field {field}"
                head = 'ConfigMap in version "v1" cannot be handled as a ConfigMap'
                raise bad_request(f"{head}: {why} of type string")
    causes = list(_causes(item["metadata"].get("name") or "", labels, data))
    if causes:
        raise violates(kind, item["metadata"].get("name") or "", causes)


def _causes(name: str, labels: Object, data: Object) -> Iterator[tuple[str, str]]:
    if name and (len(name) > 253 or not re.fullmatch(_NAME, name)):
        yield "metadata.name", f'Invalid value: "{name}": {_NAME_WORDS}'
    for value in labels.values():
        if len(value) > 63:
            yield "metadata.labels", f'Invalid value: "{value}": must be no more than 63 bytes'
        elif not re.fullmatch(_LABEL, value):
            yield "metadata.labels", f'Invalid value: "{value}": {_LABEL_WORDS}'
    for key in data:
        if not re.fullmatch(_KEY, key):
            yield f"data[{key}]", f'Invalid value: "{key}": {_KEY_WORDS}'
    if sum(len(value.encode()) for value in data.values()) > MOST_BYTES:
        yield "[]", f"Too long: may not be more than {MOST_BYTES} bytes"
