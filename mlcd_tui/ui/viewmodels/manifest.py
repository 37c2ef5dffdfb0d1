"""Raw objects as YAML for the eye: every line has passed the gate for foreign text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from mlcd_tui.domain.text import Clean, clean, clean_lines

_LINE_LIMIT = 2_000
_NOISE = ("managedFields",)


class _Dumper(yaml.SafeDumper):
    """Safe dumper that writes texts of several lines as blocks, which is how people write them."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def manifest(raw: Mapping[str, Any] | None) -> tuple[Clean, ...]:
    """A whole object as lines of YAML, without what only the API server needs (managedFields)."""
    if not raw:
        return ()
    metadata = raw.get("metadata")
    if isinstance(metadata, Mapping):
        raw = {**raw, "metadata": {key: value for key, value in metadata.items() if key not in _NOISE}}
    return _lines(dict(raw))


def template(raw: Mapping[str, Any] | None) -> tuple[Clean, ...]:
    """A pod template as lines of YAML, without the hash labels that differ between any two revisions."""
    if not raw:
        return ()
    metadata = raw.get("metadata")
    if isinstance(metadata, Mapping):
        labels = metadata.get("labels")
        kept = {key: value for key, value in metadata.items() if key != "creationTimestamp"}
        if isinstance(labels, Mapping):
            kept["labels"] = {key: value for key, value in labels.items() if not str(key).endswith("template-hash")}
        raw = {**raw, "metadata": kept}
    return _lines(dict(raw))


def _lines(value: object) -> tuple[Clean, ...]:
    text = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)
    return tuple(clean(line, limit=_LINE_LIMIT) for line in clean_lines(text))
