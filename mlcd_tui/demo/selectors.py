"""Label and field selectors as the API server reads them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from mlcd_tui.demo.kinds import Kind
from mlcd_tui.demo.statuses import bad_request

Object = dict[str, Any]
Test = Callable[[Object], bool]
_SET = re.compile(r"^\s*(?P<key>[^\s!=,()]+)\s+(?P<op>in|notin)\s+\((?P<values>[^)]*)\)\s*$")
_PARTS = re.compile(r",(?![^(]*\))")


def _label_term(term: str) -> Callable[[Mapping[str, str]], bool]:
    if match := _SET.match(term):
        key, values = match["key"], {value.strip() for value in match["values"].split(",")}
        if match["op"] == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: labels.get(key) not in values
    if "!=" in term:
        key, value = (part.strip() for part in term.split("!=", 1))
        return lambda labels: labels.get(key) != value
    if "=" in term:
        key, value = (part.strip() for part in re.split("==?", term, maxsplit=1))
        return lambda labels: labels.get(key) == value
    key = term.strip()
    if key.startswith("!"):
        return lambda labels: key[1:] not in labels
    return lambda labels: key in labels


def label_test(selector: str) -> Test | None:
    """The test of a `labelSelector`, or None if it lets everything through."""
    terms = [_label_term(term) for term in _PARTS.split(selector) if term.strip()]
    if not terms:
        return None
    return lambda item: all(term(item["metadata"].get("labels") or {}) for term in terms)


def dig(item: Any, path: str) -> Any:
    """The value at a dotted path, or None."""
    for part in path.split("."):
        item = item.get(part) if isinstance(item, dict) else None
    return item


def field_test(kind: Kind, selector: str) -> Test | None:
    """The test of a `fieldSelector`; a field that the kind does not index is refused as the real server does."""
    tests: list[Test] = []
    for term in filter(None, (part.strip() for part in selector.split(","))):
        negative = "!=" in term
        path, _, value = term.partition("!=") if negative else term.replace("==", "=").partition("=")
        if path not in {"metadata.name", "metadata.namespace", *kind.fields}:
            raise bad_request(f"field label not supported: {path}")
        tests.append(_field_equals(path, value, negative=negative))
    return (lambda item: all(test(item) for test in tests)) if tests else None


def _field_equals(path: str, value: str, *, negative: bool) -> Test:
    return lambda item: ((dig(item, path) or "") == value) is not negative


def matches_labels(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a `matchLabels` selector of an object picks these labels."""
    wanted: Mapping[str, str] = selector.get("matchLabels") or {}
    return bool(wanted) and all(labels.get(key) == value for key, value in wanted.items())
