"""The small documents of an OCI image or artifact: manifest, config and index, which belong together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.package_ports import Files
from mlcd_tui.domain.text import clean
from mlcd_tui.packages.formats import _sniff
from mlcd_tui.packages.reading.document import base_name, beside
from mlcd_tui.packages.reading.fields import Notes, kind_of
from mlcd_tui.packages.reading.json import load_json

MANIFESTS = ("manifest.json",)
CONFIGS = ("config.json", "image-config.json")
INDEXES = ("index.json",)
PATTERNS = (*MANIFESTS, *CONFIGS, *INDEXES)
LIMIT = 4 << 20
"""Bytes of one of them."""


@dataclass(frozen=True, slots=True)
class OciDocuments:
    """What lies in one folder."""

    path: str
    """The document it was found by."""
    data: bytes
    manifest: Mapping[str, Any]
    config: Mapping[str, Any]
    index: Mapping[str, Any]


def documents(files: Files, path: str, notes: Notes) -> OciDocuments:
    """The document at `path` and those beside it. Raises `Unreadable` for the first; another one is a warning."""
    data = files.read(path, LIMIT)
    own = load_json(data, path)
    if not isinstance(own, Mapping):
        raise Unreadable(f"{clean(path)} is {kind_of(own)}, a map was expected.")
    kind = next((kind for kind in (MANIFESTS, CONFIGS, INDEXES) if base_name(path) in kind), MANIFESTS)

    def other(names: tuple[str, ...]) -> Mapping[str, Any]:
        if kind is names:
            return own
        for name in names:
            if _sniff.there(files, candidate := beside(path, name)):
                return further(files, candidate, notes)
        return {}

    return OciDocuments(path, data, other(MANIFESTS), other(CONFIGS), other(INDEXES))


def further(files: Files, path: str, notes: Notes) -> Mapping[str, Any]:
    """Another document, empty with a warning where it cannot be used."""
    try:
        return notes.mapping(load_json(files.read(path, LIMIT), path), base_name(path))
    except Unreadable as failure:
        notes.warn(base_name(path), f"cannot be used: {failure}".rstrip("."))
        return {}


def labels(found: OciDocuments, notes: Notes) -> Mapping[str, Any]:
    """The labels of an image config; Docker's own listing writes them one level higher."""
    inner = notes.mapping(found.config.get("config", found.config.get("Config")), "config")
    return notes.mapping(inner.get("Labels"), "config.Labels")


def digest(value: object) -> str:
    """`sha256:…` where it is one, in lower case; else empty."""
    text = value.lower() if isinstance(value, str) else ""
    algorithm, _, hexadecimal = text.partition(":")
    right = algorithm in ("sha256", "sha512") and len(hexadecimal) in (64, 128)
    return clean(text) if right and all(char in "0123456789abcdef" for char in hexadecimal) else ""
