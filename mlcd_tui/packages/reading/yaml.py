"""YAML without its traps: only what JSON can say, built from the parser's events, so nothing recurses or expands."""

from __future__ import annotations

import math
import re
from typing import Any

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.text import clean
from mlcd_tui.packages.reading.encoding import decode

DEPTH = 64
"""Most maps and lists within each other."""
EVENTS = 100_000
"""Most scalars, maps and lists (each counts twice: where it begins and ends)."""

_INT = re.compile(r"0|-?[1-9][0-9]{0,17}")
_FLOAT = re.compile(r"-?[0-9]{1,20}\.[0-9]{1,20}|-?[0-9](?:\.[0-9]{1,20})?e[+-][0-9]{2,3}")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


def load_yaml(data: bytes, where: str, *, limit: int = 1 << 20) -> Any:
    """The one document of a YAML file as dicts (with text keys), lists and scalars; None when it is empty.

    A plain scalar becomes a number only where writing that number gives the same text again: `1.20`, `012`, dates,
    `on`, `12:30:45` and short commits such as `1e5` stay text.

    Raises:
        Unreadable: too large or deep, damaged, several documents, duplicate keys, tags, anchors or aliases.
    """
    import yaml  # late: most starts read no package

    text = decode(data, where, limit=limit)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    builder = _Builder(where)
    try:
        for count, event in enumerate(yaml.parse(text, Loader=loader)):
            if count > EVENTS:
                raise Unreadable(f"{clean(where)} has more than {EVENTS:,} values.")
            builder.take(event, yaml)
    except yaml.MarkedYAMLError as error:
        line = "" if error.problem_mark is None else f" in line {error.problem_mark.line + 1}"
        raise Unreadable(f"{clean(where)} is not valid YAML{line}: {clean(error.problem, limit=200)}.") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        why = clean(str(error).splitlines()[0] if str(error) else "", limit=200)
        raise Unreadable(f"{clean(where)} is not valid YAML: {why or 'it cannot be parsed'}.") from error
    return builder.result


def plain_scalar(text: str) -> bool | int | float | str | None:
    """What an unquoted scalar means: a JSON type where nothing is lost by it, else the text itself."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        if math.isfinite(number) and repr(number) == text:
            return number
    return text


class _Builder:
    """Puts events together; the open maps and lists are a list, not calls within each other."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.result: Any = None
        self._documents = 0
        self._open: list[dict[str, Any] | list[Any]] = []
        self._keys: list[str | None] = []

    def take(self, event: Any, yaml: Any) -> None:
        """Adds what one event says."""
        line = event.start_mark.line + 1 if event.start_mark is not None else 0
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise self._refuse(line, "anchors and aliases are not read")
        if isinstance(event, yaml.ScalarEvent):
            if event.tag not in (None, "!"):
                raise self._refuse(line, f"the tag {clean(event.tag, limit=80)} is not read")
            self._add(plain_scalar(event.value) if event.implicit[0] else event.value, line, event.value)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._begin(event, yaml, line)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._open.pop()
            self._keys.pop()
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise self._refuse(line, "a second document begins")

    def _begin(self, event: Any, yaml: Any, line: int) -> None:
        if event.tag not in (None, "!"):
            raise self._refuse(line, f"the tag {clean(event.tag, limit=80)} is not read")
        if len(self._open) >= DEPTH:
            raise self._refuse(line, f"nesting is deeper than {DEPTH}")
        value: dict[str, Any] | list[Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
        self._add(value, line, None)
        self._open.append(value)
        self._keys.append(None)

    def _add(self, value: Any, line: int, written: str | None) -> None:
        if not self._open:
            self.result = value
            return
        holder, key = self._open[-1], self._keys[-1]
        if isinstance(holder, list):
            holder.append(value)
        elif key is not None:
            holder[key] = value
            self._keys[-1] = None
        elif written is None:
            raise self._refuse(line, "a list or map is used as a key")
        elif written in holder:
            raise self._refuse(line, f"the key {clean(written, limit=80)} appears twice")
        else:
            self._keys[-1] = written

    def _refuse(self, line: int, why: str) -> Unreadable:
        return Unreadable(f"{clean(self.where)} cannot be used: in line {line}, {why}.")
