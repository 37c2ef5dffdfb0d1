"""The endpoint check against real servers on loopback, good ones and ones that are wrong in one way."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from mlcd_tui.checks.accepting import Acceptance, accept_lock
from mlcd_tui.checks.kinds.endpoint_schema import CHECK
from mlcd_tui.domain.checks import CheckResult, CheckState, Severity
from tests.checks.serving import Answering, Reply, Request, bench_of, parsed, serving

_PASSED, _WARNED, _FAILED, _ERROR = CheckState.PASSED, CheckState.WARNED, CheckState.FAILED, CheckState.ERROR

_CUSTOMER = {
    "type": "object",
    "required": ["months", "fee"],
    "properties": {
        "months": {"type": "integer", "minimum": 0},
        "fee": {"type": "number"},
        "segment": {"type": "string"},
    },
}
_ANSWER = {
    "type": "object",
    "required": ["score"],
    "properties": {"score": {"type": "number", "minimum": 0, "maximum": 1}},
}


def _document(customer: Any = _CUSTOMER, answer: Any = _ANSWER, **operation: Any) -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "info": {"title": "churn", "version": "1"},
        "paths": {
            "/predict": {
                "post": {
                    "requestBody": {
                        "required": True,
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Customer"}}},
                    },
                    "responses": {"200": {"description": "ok", "content": {"application/json": {"schema": answer}}}},
                    **operation,
                }
            }
        },
        "components": {"schemas": {"Customer": customer}},
    }


_Prediction = Callable[[dict[str, Any]], Reply]


def _service(document: Any = None, predict: _Prediction = lambda _: Reply({"score": 0.5})) -> Answering:
    """A service that refuses what its schema does not allow, as a good one does."""

    def answer(request: Request) -> Reply:
        if request.path == "/openapi.json":
            return Reply(document or _document())
        if request.path != "/predict":
            return Reply({"detail": "Not Found"}, status=404)
        if request.method != "POST":
            return Reply({"detail": "Method Not Allowed"}, status=405)
        if request.content_type != "application/json":
            return Reply({"detail": "unsupported"}, status=415)
        try:
            body = parsed(request)
        except RecursionError:
            return Reply({"detail": "too deep"}, status=400)
        good = isinstance(body, dict) and type(body.get("months")) is int and isinstance(body.get("fee"), int | float)
        if not good or math.isnan(body["fee"]):
            return Reply({"detail": "invalid"}, status=422)
        return predict(body)

    return answer


def _run(folder: Path, answer: Answering, files: dict[str, bytes] | None = None, **more: Any) -> CheckResult:
    told: dict[str, Any] = {"name": "schema", "kind": "endpoint_schema", "serve": {"port": 8000}}
    spec = CHECK.model.model_validate({**told, "source": {"openapi": "/openapi.json"}, **more})
    with serving(answer) as server:
        return CHECK.run(spec, bench_of(server, files=files or {}), str(folder), lambda _: None)


def _messages(result: CheckResult) -> str:
    return "\n".join(finding.message for finding in result.report.findings)


def test_a_service_that_keeps_its_promises_passes(tmp_path: Path) -> None:
    result = _run(tmp_path, _service())
    assert (result.state, result.report.findings) == (_PASSED, ())
    assert result.sentence == "1 of 1 valid inputs answered as promised; 12 of 12 bad inputs handled well"
    assert result.report.total == result.report.passed == 14


def test_each_bad_input_that_a_service_fails_on_is_named(tmp_path: Path) -> None:
    def careless(request: Request) -> Reply:
        if request.method == "POST" and b"null,null" in request.body:
            return Reply({"error": "boom"}, status=500)
        if request.method == "POST" and request.body == b'{"months": 1}':
            return Reply({"score": 0.5})
        if request.content_type == "text/plain":
            return Reply({"score": 0.5})
        return _service()(request)

    result = _run(tmp_path, careless)
    assert result.state is _FAILED
    assert {(str(one.rule), one.severity) for one in result.report.findings} == {
        ("huge-array", Severity.ERROR),
        ("wrong-content-type", Severity.WARNING),
    }
    assert result.sentence.startswith("10 of 12 bad inputs handled well; huge-array: status 500")
    excused = _run(tmp_path, careless, excused={"huge-array": "a proxy in front of it bounds the size"})
    assert (excused.state, "excused: a proxy" in _messages(excused)) == (_WARNED, True)


def test_a_failure_at_absurd_depth_is_a_warning_while_the_server_survives(tmp_path: Path) -> None:
    def shallow(request: Request) -> Reply:
        return Reply({}, status=500) if request.body.startswith(b"[[[") else _service()(request)

    result = _run(tmp_path, shallow)
    assert (result.state, [str(one.rule) for one in result.report.findings]) == (_WARNED, ["deep-nesting"])


def test_a_server_that_does_not_recover_from_a_bad_input_is_told(tmp_path: Path) -> None:
    poisoned: list[int] = []

    def once(request: Request) -> Reply:
        if request.body == b'{"mlcd": ':
            poisoned.append(1)
        return Reply({}, status=503) if poisoned and b"fee" in request.body else _service()(request)

    result = _run(tmp_path, once)
    assert result.state is _FAILED
    assert "not-json: the next valid input was not answered: status 503" in _messages(result)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply({"score": 1.5}), "not as promised: $.score: 1.5 is greater than the maximum of 1"),
        (Reply({}), "'score' is a required property"),
        (Reply(raw=b"0.5"), "is not of type 'object'"),
        (Reply(raw=b"<html>"), "no JSON"),
        (Reply({"detail": "boom"}, status=500), "status 500 for a valid input"),
        (Reply({"status": "failed", "error": "CUDA"}), "says that the prediction failed"),
        (Reply(write=lambda out: None), "the connection broke"),
    ],
)
def test_a_valid_input_has_to_be_answered_as_promised(tmp_path: Path, reply: Reply, words: str) -> None:
    result = _run(tmp_path, _service(predict=lambda _: reply), bad_inputs=False)
    assert result.state is _FAILED
    assert words in _messages(result)


def test_given_examples_are_sent_in_place_of_made_ones(tmp_path: Path) -> None:
    examples = tmp_path / "examples"
    examples.mkdir()
    (examples / "typical.request.json").write_text('{"months": 30, "fee": 9.5}')
    sent: list[Any] = []
    _run(tmp_path, _service(predict=lambda body: sent.append(body) or Reply({"score": 1})), examples="examples")  # type: ignore[func-returns-value]
    assert sent[0] == {"months": 30, "fee": 9.5}
    (examples / "wrong.request.json").write_text('{"months": "many"}')
    result = _run(tmp_path, _service(), examples="examples")
    assert (result.state, "wrong: status 422 for a valid input" in _messages(result)) == (_FAILED, True)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"openapi": "2.0"}, "no OpenAPI 3 document"),
        ([1], "no OpenAPI 3 document"),
        ({**_document(), "info": {}}, "info has to have a title"),
        (_document(customer={"type": "no-such-type"}), "Customer is no JSON Schema"),
        (_document(answer={"$ref": "#/components/schemas/Nobody"}), "leads nowhere"),
        (_document(answer={"$ref": "http://127.0.0.1:9/x.json"}), "leads out of the document"),
        (_document(responses={}), "POST /predict has no responses"),
        (_document(parameters=[{"name": "id", "in": "path", "required": True}]), "the path parameter id"),
    ],
)
def test_a_document_that_is_not_valid_is_told(tmp_path: Path, document: Any, words: str) -> None:
    result = _run(tmp_path, _service(document), bad_inputs=False)
    assert result.state is _FAILED
    assert words in _messages(result)


def test_the_contract_is_locked_by_a_person_and_what_breaks_it_fails(tmp_path: Path) -> None:
    lock = tmp_path / "churn.lock.json"
    more: dict[str, Any] = {"lock": "churn.lock.json", "bad_inputs": False}
    first = _run(tmp_path, _service(), **more)
    assert (first.state, "no contract is approved yet" in first.sentence) == (_ERROR, True)
    assert not lock.exists()
    accept_lock(lock, Acceptance("first contract", "maria"))
    assert _run(tmp_path, _service(), **more).state is _PASSED
    assert not list(tmp_path.glob("*received*"))

    wider = {**_CUSTOMER, "properties": {**_CUSTOMER["properties"], "age": {"type": "integer"}}}  # type: ignore[dict-item]
    added = _run(tmp_path, _service(_document(customer={**wider, "additionalProperties": False})), **more)
    assert added.state is _FAILED, "closing an object that was open refuses what callers may send"
    optional = {**_ANSWER, "properties": {**_ANSWER["properties"], "band": {"type": "string"}}}  # type: ignore[dict-item]
    needed = {**optional, "required": ["score", "band"]}
    narrower = {**_CUSTOMER, "required": ["months", "fee", "segment"]}
    broken = _run(tmp_path, _service(_document(customer=narrower)), **more)
    assert broken.state is _FAILED
    assert "segment" in broken.sentence
    assert {one.file for one in broken.report.findings if one.rule != "valid-input"} == {"churn.lock.json"}
    assert json.loads(lock.read_text())["document"] == _document()
    additive = _run(tmp_path, _service(_document(answer=needed), lambda _: Reply({"score": 0, "band": "a"})), **more)
    assert additive.state is _PASSED
    assert "contract as approved, with" in additive.sentence
    record = accept_lock(lock, Acceptance("band was asked for", "jo"))
    assert record.previous
    assert json.loads((tmp_path / "churn.lock.approved-by.json").read_text())["approved_by"] == "jo"


_METADATA = {
    "name": "churn",
    "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 3]}],
    "outputs": [{"name": "p", "datatype": "FP32", "shape": [-1]}],
}


def _inference(request: Request) -> Reply:
    if request.path == "/v2/models/churn" and request.method == "GET":
        return Reply(_METADATA)
    if request.path != "/v2/models/churn/infer" or request.method != "POST":
        return Reply({"error": "no"}, status=404)
    try:
        (tensor,) = parsed(request)["inputs"]
        wrong = tensor["datatype"] != "FP32" or tensor["name"] != "x" or len(tensor["shape"]) != 2
        if wrong or math.prod(tensor["shape"]) != len(tensor["data"]) or request.content_type != "application/json":
            return Reply({"error": "bad tensor"}, status=400)
    except (TypeError, KeyError, ValueError, RecursionError):
        return Reply({"error": "bad request"}, status=400)
    return Reply({"outputs": [{"name": "p", "datatype": "FP32", "shape": [1], "data": [0.5]}]})


def test_open_inference_is_asked_with_tensors(tmp_path: Path) -> None:
    source = {"openinference": "churn"}
    result = _run(tmp_path, _inference, source=source)
    assert (result.state, result.report.findings) == (_PASSED, ())
    assert "16 of 16 bad inputs" in result.sentence

    def trusting(request: Request) -> Reply:
        """Divides the data by the shape without looking, as servers did."""
        body = request.body
        return Reply({"error": "reshape"}, status=500) if b'"shape": [1, 4]' in body else _inference(request)

    broken = _run(tmp_path, trusting, source=source)
    assert [str(one.rule) for one in broken.report.findings] == ["wrong-shape"]
    without = _run(
        tmp_path, lambda r: Reply({**_METADATA, "outputs": []}) if r.method == "GET" else _inference(r), source=source
    )
    assert (without.state, "outputs are not told" in without.sentence) == (_FAILED, True)


_MLMODEL = """\
flavors: {python_function: {}}
signature:
  inputs: '[{"type": "double", "name": "fee", "required": true}, {"type": "string", "name": "segment", "required": false}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1]}}]'
  params: null
"""


def _mlflow(request: Request) -> Reply:
    if request.path != "/invocations":
        return Reply(status=404)
    if request.method != "POST" or request.content_type != "application/json":
        return Reply({"error_code": "BAD_REQUEST"}, status=405 if request.method != "POST" else 415)
    try:
        body = parsed(request)
        split = body["dataframe_split"]
        row = dict(zip(split["columns"], *split["data"], strict=True))
        return Reply({"predictions": [float(row["fee"])]})
    except (TypeError, KeyError, ValueError, RecursionError):
        return Reply({"error_code": "BAD_REQUEST"}, status=400)


def test_mlflow_is_asked_by_the_signature_in_the_image(tmp_path: Path) -> None:
    source = {"mlflow": "/opt/ml/model/MLmodel"}
    files = {"/opt/ml/model/MLmodel": _MLMODEL.encode()}
    result = _run(tmp_path, _mlflow, files, source=source, lock="m.lock.json")
    assert [str(one.rule) for one in result.report.findings] == ["contract-new"]
    accept_lock(tmp_path / "m.lock.json", Acceptance("first", "jo"))
    assert _run(tmp_path, _mlflow, files, source=source, lock="m.lock.json").state is _PASSED
    changed = {"/opt/ml/model/MLmodel": _MLMODEL.replace('"required": false', '"required": true').encode()}
    broken = _run(tmp_path, _mlflow, changed, source=source, lock="m.lock.json")
    assert (broken.state, "segment" in broken.sentence) == (_FAILED, True)
    missing = _run(tmp_path, _mlflow, {}, source=source)
    assert (missing.state, "not in the image" in missing.sentence) == (_FAILED, True)


def test_generated_inputs_without_the_extra_are_plainly_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlcd_tui.checks.kinds._probes_generated.importlib.util.find_spec", lambda _: None)
    result = _run(tmp_path, _service(), generated={"max_examples": 5})
    assert result.state is _WARNED
    assert result.sentence == "skipped: schemathesis is not installed, install mlcd-tui[schema]"


@pytest.mark.parametrize(
    "more",
    [
        {"source": {}},
        {"source": {"openapi": "/a", "mlflow": "/b"}},
        {"source": {"openapi": "http://elsewhere/openapi.json"}},
        {"lock": "../lock.json"},
        {"excused": {"no-such-row": "because"}},
        {"excused": {"not-json": ""}},
    ],
)
def test_plans_that_cannot_be_meant_are_refused(tmp_path: Path, more: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        _run(tmp_path, _service(), **more)
