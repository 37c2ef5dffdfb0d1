"""The plan's JSON Schema, for editors. `python -m mlcd_tui.checks.plan_schema` writes it to standard output."""

from __future__ import annotations

import json
import sys
from typing import Any

from mlcd_tui.checks.plan import document_model


def plan_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of `checks.yaml`, with every kind of check that is installed."""
    schema = document_model().model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://mlcd.dev/schemas/checks.v1.json",
        **schema,
        "title": "mlcd check plan",
    }


def written() -> str:
    """The schema as it lies in `sample_configs/checks.schema.json`."""
    return json.dumps(plan_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(written())
