"""`python -m tests.bench.bench_compatibility`: verdicts on two signatures of 500 columns, beside plain validation.

Goal: 20 ms for a diff of two schemas of 500 columns, there and back. Beside it, for scale, what it costs the
validator that many servers use to check one request against the same schema. Times are of the processor, for neighbours'
work is none of ours.
"""

from __future__ import annotations

import copy
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from jsonschema import Draft202012Validator

from mlcd_tui.domain.compatibility import compare_endpoints
from mlcd_tui.domain.schema import Endpoint, Field, Schema, SchemaKind
from mlcd_tui.domain.text import Clean

WIDTH = 500
GOAL = 0.020
ROUNDS = 15


def _columns(dtype: str) -> Endpoint:
    fields = [Field(Clean(f"c{n}"), "float64", minimum=0.0) for n in range(WIDTH)]
    fields[7] = Field(Clean("c7"), dtype)
    return Endpoint(inputs=Schema(SchemaKind.COLUMNS, tuple(fields)), outputs=Schema(SchemaKind.COLUMNS, (fields[0],)))


def _document() -> dict[str, Any]:
    named = {f"c{n}": {"type": "number", "minimum": 0, "description": f"column {n}"} for n in range(WIDTH)}
    return {"type": "object", "properties": named, "required": list(named)}


def _json(document: dict[str, Any]) -> Endpoint:
    answer = {"type": "object", "properties": {"score": {"type": "number"}}}
    return Endpoint(inputs=Schema(SchemaKind.JSON, document=document), outputs=Schema(SchemaKind.JSON, document=answer))


def _changed(document: dict[str, Any], *, everywhere: bool) -> dict[str, Any]:
    made = copy.deepcopy(document)
    for name in list(made["properties"]) if everywhere else ["c7"]:
        made["properties"][name] = {"type": "number", "minimum": 1}
    return made


def _median(act: Callable[[], object]) -> float:
    taken = []
    for _ in range(ROUNDS):
        started = time.process_time()
        act()
        taken.append(time.process_time() - started)
    return statistics.median(taken)


def main() -> int:
    """Measure, print a table with ratios, and tell by the exit code whether the goal for columns is met."""
    document = _document()
    value = dict.fromkeys(document["properties"], 1.0)
    validator = Draft202012Validator(document)
    one, two = _columns("float64"), _columns("string")
    few, all_ = (_json(_changed(document, everywhere=everywhere)) for everywhere in (False, True))
    same = _json(copy.deepcopy(document))
    base = _median(lambda: validator.is_valid(value))
    rows = {
        "columns, one changed": _median(lambda: compare_endpoints([one], [two])),
        "JSON Schema, equal": _median(lambda: compare_endpoints([_json(document)], [same])),
        "JSON Schema, one changed": _median(lambda: compare_endpoints([_json(document)], [few])),
        "JSON Schema, all changed": _median(lambda: compare_endpoints([_json(document)], [all_])),
    }
    lines = [f"| {WIDTH} columns, there and back | goal | mlcd-tui | ratio to one validation |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {'–' if 'all' in name else '≤ 20 ms'} | {took * 1000:.1f} ms | {took / base:.1f} |"
        for name, took in rows.items()
    ]
    sys.stdout.write("\n".join([*lines, f"\nOne request validated by jsonschema: {base * 1000:.1f} ms.\n"]))
    return 0 if all(took <= GOAL for name, took in rows.items() if "all" not in name) else 1


if __name__ == "__main__":
    raise SystemExit(main())
