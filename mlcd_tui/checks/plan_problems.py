"""What is wrong with a plan, as sentences: file, line, place, and what was perhaps meant."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, Never

from pydantic_core import PydanticCustomError

from mlcd_tui.checks.plan_yaml import Document, Path
from mlcd_tui.domain.errors import BadConfig
from mlcd_tui.domain.text import clean

MOST_TOLD = 20
_TYPES = {
    **dict.fromkeys(("tuple_type", "list_type"), "a list"),
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type"), "a map of keys"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "true or false"),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "a whole number"),
    **dict.fromkeys(("float_type", "float_parsing"), "a number"),
    "string_type": "text",
}
_PATTERNS = {
    "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$": "a name of at most 63 letters, digits, dots, dashes and underscores",
    "^[A-Za-z0-9][A-Za-z0-9._-]*$": "a name of letters, digits, dots, dashes and underscores",
    r"^/[^\x00]*$": "a path from the root of the container, with '/' in front",
    r"^/[^\s]*$": "a path of the server, with '/' in front",
    r"^/[^\s#]*$": "a path of the server, with '/' in front",
    r"^[A-Za-z_][A-Za-z0-9_.-]*$": "the name of a variable",
    r"^[A-Za-z_][A-Za-z0-9_]*$": "the name of a variable",
    r"^[0-9]{1,5}(/(tcp|udp|sctp))?$": "a port such as 8000 or 53/udp",
    r"^\S+$": "an image without blanks",
}
"""What people call the patterns of the plan."""


def refuse(problems: Sequence[Any], document: Document, name: str, schema: Mapping[str, Any]) -> Never:
    """Say all that is wrong, in the order of lines; `problems` are pydantic's."""
    told: dict[tuple[int, str], None] = {}
    for problem in problems:
        loc = problem["loc"] or (problem.get("ctx") or {}).get("place", ())
        path = _path(loc, document.data)
        line = document.line(path)
        place = _shown(path)
        told[
            line,
            f"{place}: {_why(problem, path, document, schema)}" if place else _why(problem, path, document, schema),
        ] = None
    lines = [f"{clean(name)}, line {line}: {clean(why, limit=600)}." for line, why in sorted(told)]
    rest = lines[1:MOST_TOLD]
    if len(lines) > MOST_TOLD:
        rest.append(f"And {len(lines) - MOST_TOLD} more.")
    raise BadConfig(lines[0], advice=" ".join(rest))


def placed(sentence: str, check: int, *below: str) -> PydanticCustomError:
    """What is wrong with one check beside the others, which only the whole plan can tell."""
    return PydanticCustomError("value_error", "{error}", {"error": sentence, "place": ("checks", check, *below)})


def _path(loc: Sequence[str | int], data: Any) -> Path:
    """Where a problem stands in the file: pydantic's place without the names of unions and types."""
    path: list[str | int] = []
    for index, step in enumerate(loc):
        tag = isinstance(data, dict) and bool(path) and isinstance(path[-1], int) and step == data.get("kind")
        if tag:
            continue
        if _inside(data, step):
            data = data[step]
            path.append(step)
        elif isinstance(data, dict) and isinstance(step, str) and index == len(loc) - 1:
            path.append(step)
    return tuple(path)


def _inside(data: Any, step: str | int) -> bool:
    if isinstance(data, list):
        return isinstance(step, int) and step < len(data)
    return isinstance(data, dict) and step in data


def _shown(path: Path) -> str:
    """`checks[0].limits.memory`."""
    shown = ""
    for step in path:
        shown += f"[{step}]" if isinstance(step, int) else f".{step}" if shown else step
    return shown


def _why(problem: Any, path: Path, document: Document, schema: Mapping[str, Any]) -> str:
    kind, context = problem["type"], problem.get("ctx") or {}
    if kind == "extra_forbidden":
        return f"unknown key{_meant(str(path[-1]) if path else '', _keys(schema, path[:-1], document.data))}"
    if kind == "missing":
        return "is missing"
    if kind == "union_tag_invalid":
        known = [name.strip().strip("'") for name in str(context.get("expected_tags", "")).split(",")]
        tag = str(context.get("tag"))
        return f"there is no kind {tag!r}{_meant(tag, known)}; there is: {', '.join(known)}"
    if kind == "union_tag_not_found":
        return "kind is missing"
    if kind == "value_error":
        return str(context.get("error", problem["msg"]))
    if kind == "literal_error":
        return f"must be {context.get('expected')}, not {problem.get('input')!r}"
    if kind == "string_pattern_mismatch" and (described := _PATTERNS.get(str(context.get("pattern")))):
        return f"must be {described}, not {problem.get('input')!r:.80}"
    if kind in _TYPES:
        return f"must be {_TYPES[kind]}, not {problem.get('input')!r:.80}"
    return f"{_sentence(problem['msg'])}, not {problem.get('input')!r:.80}"


def _sentence(message: str) -> str:
    """`Input should be a valid boolean, unable to interpret input` without its beginning."""
    told = message.removeprefix("Value error, ").removeprefix("Input ").removeprefix("should be ")
    return f"must be {told}" if message.startswith("Input should be ") else told[:1].lower() + told[1:]


def _meant(written: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(written, known, 1, 0.6)
    return f", perhaps {near[0]} is meant" if near else ""


def _keys(schema: Mapping[str, Any], path: Path, data: Any) -> list[str]:
    """The keys that may stand at a place, by the plan's JSON Schema."""
    here: Mapping[str, Any] = schema
    for step in path:
        here = _resolved(here, schema, data)
        here = here.get("items", {}) if isinstance(step, int) else here.get("properties", {}).get(step, {})
        data = data[step]
    return list(_resolved(here, schema, data).get("properties", {}))


def _resolved(here: Mapping[str, Any], schema: Mapping[str, Any], data: Any) -> Mapping[str, Any]:
    """The schema of an object: references followed, the alternative that its `kind` names."""
    for _ in range(8):
        if "$ref" in here:
            here = schema["$defs"].get(str(here["$ref"]).rpartition("/")[2], {})
        elif "discriminator" in here and isinstance(data, dict):
            here = {"$ref": here["discriminator"].get("mapping", {}).get(data.get("kind"), "")}
        elif "anyOf" in here:
            here = next((one for one in here["anyOf"] if "$ref" in one or "properties" in one or "items" in one), {})
        else:
            break
    return here
