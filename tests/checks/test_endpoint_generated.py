"""Inputs that another program makes up: its process is bounded, its report is what counts."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import pytest

from mlcd_tui.checks.kinds import _probes_generated
from mlcd_tui.checks.kinds._contract_mlflow import mlflow
from mlcd_tui.checks.kinds._contract_openapi import openapi
from mlcd_tui.checks.kinds._contract_tensors import openinference
from mlcd_tui.checks.kinds._schemas import objection
from mlcd_tui.checks.kinds.endpoint_schema import CHECK
from mlcd_tui.domain.checks import CheckResult, CheckState
from tests.checks.serving import Reply, Request, bench_of, serving

_RECORDED = Path(__file__).parent.parent / "fixtures" / "checks" / "schemathesis_ndjson"
_SCHEMA = {"type": "object", "required": ["x"], "properties": {"x": {"type": "number"}}}
_DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "t", "version": "1"},
    "paths": {
        "/predict": {
            "post": {
                "requestBody": {"required": True, "content": {"application/json": {"schema": _SCHEMA}}},
                "responses": {"200": {"description": "ok"}},
            }
        }
    },
}


def _run(folder: Path, program: str, monkeypatch: pytest.MonkeyPatch, seconds: float = 5) -> CheckResult:
    """With `program` in place of schemathesis; `report` is where it has to write."""
    head = "import sys, pathlib\nreport = next(a for a in sys.argv if 'ndjson-path' in a).partition('=')[2]\n"
    script = folder / "st.py"
    script.write_text(head + program)
    monkeypatch.setattr(_probes_generated, "_command", lambda: [sys.executable, str(script)])
    monkeypatch.setattr(_probes_generated, "_GRACE", 0.5)
    told: dict[str, Any] = {"name": "s", "kind": "endpoint_schema", "serve": {"port": 1}, "bad_inputs": False}
    more = {"source": {"openapi": "/openapi.json"}, "generated": {"seconds": seconds, "seed": 11}}

    def answer(request: Request) -> Reply:
        return Reply(_DOCUMENT if request.method == "GET" else {"y": 1})

    with serving(answer) as server:
        return CHECK.run(CHECK.model.model_validate({**told, **more}), bench_of(server), str(folder), lambda _: None)


@pytest.mark.parametrize("name", sorted(path.name for path in _RECORDED.glob("*.ndjson")))
def test_what_a_recorded_run_found_becomes_findings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    copied = f"pathlib.Path(report).write_bytes(pathlib.Path({str(_RECORDED / name)!r}).read_bytes()); sys.exit(1)"
    result = _run(tmp_path, copied, monkeypatch)
    assert result.state in {CheckState.FAILED, CheckState.WARNED, CheckState.PASSED}
    assert "generated inputs without a finding" in result.sentence
    assert (result.state is CheckState.PASSED) == (not result.report.findings)


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("import time; time.sleep(60)", "not done after 0.5 s"),
        ("print('no such option'); sys.exit(2)", "schemathesis ended with 2: no such option"),
        ("pass", "its report cannot be read"),
        ("pathlib.Path(report).write_text('rubbish')", "its report cannot be read"),
    ],
)
def test_a_run_that_came_to_nothing_is_an_error_never_a_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, words: str
) -> None:
    started = time.monotonic()
    result = _run(tmp_path, program, monkeypatch, seconds=0.5)
    assert (result.state, words in result.sentence) == (CheckState.ERROR, True)
    assert time.monotonic() - started < 10


def test_what_is_made_up_of_tensors_and_columns_is_certainly_valid() -> None:
    tensor = {"name": "x", "datatype": "INT8", "shape": [-1, 3]}
    huge = {"name": "x", "datatype": "FP32", "shape": [3, 1024, 1024]}
    signature = b'signature: {inputs: \'[{"type": "double", "name": "fee"}]\'}'
    (tensors,) = openinference({"name": "m", "inputs": [tensor], "outputs": [tensor]}, "m").operations
    (columns,) = mlflow(signature).operations
    for operation in (tensors, columns):
        assert objection(operation.examples[0], operation.sure, {}) == ""
        for bad in operation.bad:
            assert objection(bad.body, operation.sure, {})
    (large,) = openinference({"name": "m", "inputs": [huge], "outputs": [tensor]}, "m").operations
    assert large.sure is None
    assert large.examples


def test_other_protocols_are_described_as_openapi() -> None:
    signature = b'signature: {inputs: \'[{"type": "double", "name": "fee"}]\'}'
    again = openapi(_probes_generated.described(mlflow(signature)))
    assert not again.troubles
    assert [one.label for one in again.operations] == ["POST /invocations"]
    assert again.operations[0].examples == ({"dataframe_split": {"columns": ["fee"], "data": [[1.0]]}},)
