"""A JSON Schema document: its size, what its references point to, and its dialect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin

from mlcd_tui.domain.schema import Schema

MOST_NODES = 200_000
MOST_OWN = 50_000
DEEPEST = 200
_DATA = frozenset({"const", "enum", "default", "example", "examples"})
_MODERN, _DRAFT7, _OPENAPI = "2020-12", "draft-7", "openapi-3.0"


class TooLargeError(Exception):
    """The document or the work on it is beyond what is compared."""


def dialect_of(schema: Schema) -> str:
    """As the package says, else as the document says."""
    if schema.dialect in {_MODERN, _DRAFT7, _OPENAPI}:
        return schema.dialect
    said = schema.document.get("$schema") if isinstance(schema.document, dict) else None
    old = isinstance(said, str) and any(f"draft-0{n}" in said for n in (4, 5, 6, 7))
    return _DRAFT7 if old else _MODERN


class Sources:
    """The raw schemas of one side, and the way from a reference to one of them."""

    def __init__(self, schema: Schema) -> None:
        self.document: Any = schema.document
        root = schema.root if isinstance(schema.root, dict) else dict(schema.root)
        self.root: Any = root or schema.document
        self.dialect = dialect_of(schema)
        self.modern = self.dialect == _MODERN
        self.openapi = self.dialect == _OPENAPI
        self.terms: dict[tuple[int, str], Any] = {}
        """What `json_terms` has read, by node and base address."""
        self.text: str | None = None
        """All of it as canonical text, once somebody asked for it; empty: it has none."""
        self._ids: dict[str, list[Mapping[str, Any]]] = {}
        self._anchors: dict[str, list[tuple[Mapping[str, Any], str]]] = {}
        self._indexed = False
        self._measure(self.document, MOST_OWN)

    @staticmethod
    def _measure(value: Any, most: int) -> None:
        """A document may be small in bytes and endless when unfolded (shared parts of YAML)."""
        stack: list[tuple[Any, int]] = [(value, 0)]
        count = 0
        while stack:
            node, depth = stack.pop()
            count += 1
            if count > most or depth > DEEPEST:
                raise TooLargeError
            if isinstance(node, dict):
                stack.extend((child, depth + 1) for child in node.values() if isinstance(child, dict | list | tuple))
            elif isinstance(node, list | tuple):
                stack.extend((child, depth + 1) for child in node if isinstance(child, dict | list | tuple))

    def _walk(self) -> Iterator[tuple[Mapping[str, Any], str]]:
        """Every schema-like node once, with the base address it stands under."""
        seen: set[int] = set()
        stack: list[tuple[Any, str]] = [(self.root, "")]
        if self.root is not self.document:
            stack.append((self.document, ""))
        while stack:
            node, base = stack.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            if len(seen) > MOST_NODES:
                raise TooLargeError
            if isinstance(node, dict):
                here = self.base_of(node, base)
                yield node, here
                stack.extend(
                    (child, here)
                    for key, child in node.items()
                    if key not in _DATA and isinstance(child, dict | list | tuple)
                )
            elif isinstance(node, list | tuple):
                stack.extend((child, base) for child in node)

    def base_of(self, raw: Any, base: str) -> str:
        """The address that references inside `raw` are relative to."""
        own = raw.get("$id") if isinstance(raw, dict) else None
        if self.openapi or not isinstance(own, str) or own.startswith("#"):
            return base
        if not self.modern and "$ref" in raw:
            return base
        return _join(base, own)

    def _index(self) -> None:
        if self._indexed:
            return
        self._indexed = True
        for node, base in self._walk():
            own = node.get("$id")
            if isinstance(own, str) and self.base_of(node, "\0") != "\0":
                self._ids.setdefault(base, []).append(node)
            anchor = node.get("$anchor") if self.modern else own
            if isinstance(anchor, str) and anchor:
                name = anchor if self.modern else anchor[1:] if anchor.startswith("#") else ""
                if name:
                    self._anchors.setdefault(f"{base}#{name}", []).append((node, base))

    def self_contained(self) -> bool:
        """Whether every reference stays inside: what lies elsewhere may have changed since."""
        return not any(
            "$dynamicRef" in node or "$recursiveRef" in node or self._leaves(node.get("$ref"), base)
            for node, base in self._walk()
        )

    def _leaves(self, ref: Any, base: str) -> bool:
        return isinstance(ref, str) and self.resolve(ref, base) is None

    def resolve(self, ref: str, base: str) -> tuple[Any, str] | None:
        """What a reference points to and the base there; None: not in this document, or not clear."""
        if ref.startswith("#") and not base:
            target, fragment = "", ref[1:]
            starts: list[Any] = [self.root] if self.root is self.document else [self.root, self.document]
        else:
            target, fragment = urldefrag(_join(base, ref))
            self._index()
            found = self._ids.get(target, [])
            if not found and not target:
                found = [self.root]
            if len(found) != 1:
                return None
            starts = list(found)
        if not fragment or fragment.startswith("/"):
            for start in starts:
                hit = self._pointer(start, unquote(fragment), target)
                if hit is not None:
                    return hit
            return None
        self._index()
        anchored = self._anchors.get(f"{target}#{fragment}", [])
        return anchored[0] if len(anchored) == 1 else None

    def _pointer(self, start: Any, pointer: str, base: str) -> tuple[Any, str] | None:
        node = start
        for step in pointer.split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            if isinstance(node, dict) and key in node:
                node = node[key]
            elif isinstance(node, list | tuple) and key.isdecimal() and int(key) < len(node):
                node = node[int(key)]
            else:
                return None
            if isinstance(node, dict) and node is not start:
                # the target's own address is applied when its term is made
                inner = self.base_of(node, base)
                base = inner if step != pointer.rsplit("/", 1)[-1] else base
        return (node, base) if isinstance(node, dict | bool) else None


def _join(base: str, ref: str) -> str:
    try:
        joined = urljoin(base, ref)
    except ValueError:
        return f"{base}\0{ref}"
    return joined.removesuffix("#")
