"""A plan's YAML: only what JSON can say, bounded, no duplicate keys, and the line of every value."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Never

from mlcd_tui.domain.errors import BadConfig
from mlcd_tui.domain.text import clean

MOST_BYTES = 1 << 20
MOST_DEPTH = 40
MOST_ALIASES = 100
MOST_VALUES = 20_000
"""Values after aliases are followed, so that they cannot grow without bound."""

Path = tuple[str | int, ...]
"""Where a value stands: keys and indexes from the top."""

_INT = re.compile(r"0|-?[1-9][0-9]{0,17}")
_FLOAT = re.compile(r"-?[0-9]{1,20}\.[0-9]{1,20}|-?[0-9]+(?:\.[0-9]{1,20})?[eE][+-]?[0-9]{1,3}")
_WORDS: Mapping[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


@dataclass(slots=True)
class Document:
    """What a file says and where."""

    data: Any
    lines: dict[Path, int] = field(default_factory=dict)
    """Line of each value, of a key's value the key's."""

    def line(self, path: Path) -> int:
        """The line of a value, or of the nearest one around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read_yaml(content: bytes, where: str) -> Document:
    """The one document of a file.

    Raises:
        BadConfig: too large or deep, damaged, several documents, duplicate keys, tags, or too many aliases.
    """
    import yaml  # late: only plans are read with it

    if len(content) > MOST_BYTES:
        raise BadConfig(f"{clean(where)} is larger than {MOST_BYTES >> 20} MiB.")
    reader = _Reader(where)
    try:
        text = content.decode("utf-8-sig")
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        reader.guard(yaml, text, loader)
        root = yaml.compose(text, Loader=loader)
        data = None if root is None else reader.build(root, (), 0)
    except UnicodeDecodeError as error:
        raise BadConfig(f"{clean(where)} is not UTF-8 text.") from error
    except yaml.MarkedYAMLError as error:
        line = "" if error.problem_mark is None else f", line {error.problem_mark.line + 1}"
        raise BadConfig(f"{clean(where)}{line}: not valid YAML, {clean(error.problem, limit=200)}.") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise BadConfig(f"{clean(where)} is not valid YAML: {clean(error, limit=200)}.") from error
    return Document(data, reader.lines)


class _Reader:
    """Builds values from nodes; anchors are followed, within a budget."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.lines: dict[Path, int] = {}
        self._values = 0

    def guard(self, yaml: Any, text: str, loader: Any) -> None:
        """Bounds that must hold before nodes are made of it."""
        depth = aliases = documents = 0
        for count, event in enumerate(yaml.parse(text, Loader=loader)):
            line = event.start_mark.line + 1
            if count > MOST_VALUES * 2:
                self._refuse(line, f"more than {MOST_VALUES:,} values")
            if isinstance(event, yaml.AliasEvent):
                aliases += 1
                if aliases > MOST_ALIASES:
                    self._refuse(line, f"more than {MOST_ALIASES} aliases")
            elif isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MOST_DEPTH:
                    self._refuse(line, f"nested deeper than {MOST_DEPTH}")
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            elif isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._refuse(line, "a second document begins")
            if getattr(event, "tag", None) not in {None, "!"}:
                self._refuse(line, f"the tag {clean(event.tag, limit=80)} is not read")

    def build(self, node: Any, path: Path, depth: int) -> Any:
        """The value of a node."""
        line = node.start_mark.line + 1
        self.lines.setdefault(path, line)
        self._values += 1
        if self._values > MOST_VALUES:
            self._refuse(line, f"more than {MOST_VALUES:,} values, aliases followed")
        if depth > MOST_DEPTH:
            self._refuse(line, f"nested deeper than {MOST_DEPTH}, aliases followed")
        if node.id == "scalar":
            return node.value if node.style in {"'", '"', "|", ">"} else _plain(node.value)
        if node.id == "sequence":
            return [self.build(entry, (*path, index), depth + 1) for index, entry in enumerate(node.value)]
        return self._mapping(node, path, depth)

    def _mapping(self, node: Any, path: Path, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        merged: list[Any] = []
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.id != "scalar":
                self._refuse(line, "a list or map is used as a key")
            if key.value == "<<" and not key.style:
                merged += value.value if value.id == "sequence" else [value]
                continue
            if key.value in found:
                self._refuse(line, f"the key {clean(key.value, limit=80)} appears twice")
            self.lines[*path, key.value] = line
            found[key.value] = self.build(value, (*path, key.value), depth + 1)
        for source in merged:
            if source.id != "mapping":
                self._refuse(source.start_mark.line + 1, "only maps can be merged with <<")
            for key, value in self._mapping(source, path, depth + 1).items():
                found.setdefault(key, value)
        return found

    def _refuse(self, line: int, why: str) -> Never:
        raise BadConfig(f"{clean(self.where)}, line {line}: {why}.")


def _plain(text: str) -> bool | int | float | str | None:
    """What an unquoted scalar means: a JSON type; `no`, `1.20`, dates and `10:30` stay text."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        if math.isfinite(number) and ("e" in text.lower() or repr(number) == text):
            return number
    return text
