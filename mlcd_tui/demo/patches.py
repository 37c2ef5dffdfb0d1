"""The three kinds of patch: JSON merge, JSON patch and strategic merge."""

from __future__ import annotations

import copy
from typing import Any

from mlcd_tui.demo.statuses import unprocessable

_MERGE_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "ephemeralContainers": "name",
    "volumes": "name",
    "env": "name",
    "ports": "containerPort",
    "volumeMounts": "mountPath",
    "imagePullSecrets": "name",
    "conditions": "type",
    "ownerReferences": "uid",
    "addresses": "type",
}


def merge(target: Any, patch: Any) -> Any:
    """RFC 7386; the inputs stay as they are."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


def _tokens(pointer: str) -> list[str]:
    if pointer and not pointer.startswith("/"):
        raise unprocessable(f"invalid JSON pointer {pointer!r}")
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]


def _index(items: list[Any], place: str, *, adding: bool) -> int:
    if adding and place == "-":
        return len(items)
    if not place.isdigit() or int(place) >= len(items) + adding:
        raise unprocessable(f"invalid array index {place}")
    return int(place)


def _find(document: Any, tokens: list[str]) -> Any:
    for token in tokens:
        if isinstance(document, list):
            document = document[_index(document, token, adding=False)]
        elif isinstance(document, dict) and token in document:
            document = document[token]
        else:
            raise unprocessable(f"missing path {'/'.join(tokens)}")
    return document


def _put(document: Any, tokens: list[str], value: Any, *, replacing: bool) -> Any:
    if not tokens:
        return value
    parent, last = _find(document, tokens[:-1]), tokens[-1]
    if isinstance(parent, list):
        if replacing:
            parent[_index(parent, last, adding=False)] = value
        else:
            parent.insert(_index(parent, last, adding=True), value)
    elif isinstance(parent, dict):
        if replacing and last not in parent:
            raise unprocessable(f"replace operation does not apply: doc is missing key: {last}")
        parent[last] = value
    else:
        raise unprocessable(f"cannot write below {'/'.join(tokens[:-1])}")
    return document


def _take(document: Any, tokens: list[str]) -> Any:
    value = _find(document, tokens)
    parent, last = _find(document, tokens[:-1]), tokens[-1]
    del parent[int(last) if isinstance(parent, list) else last]
    return value


def json_patch(target: Any, operations: Any) -> Any:
    """RFC 6902; raises the server's 422 when an operation, `test` included, does not hold."""
    if not isinstance(operations, list):
        raise unprocessable("a JSON patch is a list of operations")
    document = copy.deepcopy(target)
    for operation in operations:
        document = _apply(document, operation)
    return document


def _apply(document: Any, operation: dict[str, Any]) -> Any:
    path, value = _tokens(operation.get("path", "")), operation.get("value")
    match operation.get("op"):
        case "add" | "replace" as op:
            return _put(document, path, copy.deepcopy(value), replacing=op == "replace")
        case "remove":
            _take(document, path)
        case "test":
            if _find(document, path) != value:
                raise unprocessable(f"testing value {operation.get('path')} failed: test failed")
        case "move":
            return _put(document, path, _take(document, _tokens(operation["from"])), replacing=False)
        case "copy":
            return _put(document, path, copy.deepcopy(_find(document, _tokens(operation["from"]))), replacing=False)
        case unknown:
            raise unprocessable(f"unexpected kind: {unknown}")
    return document


def strategic_merge(target: Any, patch: Any, field: str = "") -> Any:
    """Strategic merge for the built-in kinds: lists with a merge key are joined by it, others replaced."""
    if isinstance(patch, list) and field in _MERGE_KEYS:
        return _merge_list(target if isinstance(target, list) else [], patch, _MERGE_KEYS[field])
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    replacing = patch.get("$patch") == "replace"
    result = dict(target) if isinstance(target, dict) and not replacing else {}
    if "$retainKeys" in patch:
        result = {key: value for key, value in result.items() if key in patch["$retainKeys"]}
    for key, value in patch.items():
        if key.startswith("$"):
            continue
        if value is None:
            result.pop(key, None)
        else:
            result[key] = strategic_merge(result.get(key), value, key)
    return result


def _merge_list(target: list[Any], patch: list[Any], merge_key: str) -> list[Any]:
    result = list(target)
    for item in patch:
        at = next((n for n, old in enumerate(result) if old.get(merge_key) == item.get(merge_key)), None)
        if item.get("$patch") == "delete":
            if at is not None:
                del result[at]
        elif at is None:
            result.append(strategic_merge({}, item))
        else:
            result[at] = strategic_merge(result[at], item)
    return result
