from typing import Any

import pytest
from fastapi.testclient import TestClient

from delivery_server.app import app

INFER = "/v2/models/delivery/infer"


def body(**changed: Any) -> dict[str, Any]:
    tensor = {"name": "features", "shape": [2, 3], "datatype": "FP32", "data": [[1.0, 2, 0], [5.0, 1, 1]]}
    return {"id": "42", "inputs": [tensor | changed]}


@pytest.fixture(scope="module")
def client() -> TestClient:
    return TestClient(app)


@pytest.mark.parametrize("path", ["/v2", "/v2/health/live", "/v2/health/ready", "/v2/models/delivery/ready"])
def test_it_is_there(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 200


def test_each_row_has_its_minutes(client: TestClient) -> None:
    answer = client.post(INFER, json=body()).json()
    assert answer["id"] == "42"
    assert answer["outputs"][0]["shape"] == [2]
    near, far_in_the_rain = answer["outputs"][0]["data"]
    assert near == pytest.approx(15.35)
    assert far_in_the_rain > near


def test_rows_may_be_flat(client: TestClient) -> None:
    nested, flat = body(), body(data=[1.0, 2, 0, 5.0, 1, 1])
    assert client.post(INFER, json=flat).json() == client.post(INFER, json=nested).json()


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "other"},
        {"datatype": "BYTES"},
        {"shape": [3, 3]},
        {"shape": [3, 2]},
        {"shape": [-1, 3]},
        {"shape": [1 << 40, 3]},
        {"data": ["a"] * 6},
        {"data": [1e300] * 6},
        {"data": [True] * 6},
    ],
)
def test_what_does_not_fit_is_the_callers_mistake(client: TestClient, changed: dict[str, Any]) -> None:
    answer = client.post(INFER, json=body(**changed))
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_nested_too_deeply_is_the_callers_mistake(client: TestClient) -> None:
    deep = b'{"inputs": [{"name": "features", "shape": [1], "datatype": "FP32", "data": ' + b"[" * 100_000 + b"]}"
    assert client.post(INFER, content=deep, headers={"content-type": "application/json"}).status_code == 400


def test_another_model_is_not_here(client: TestClient) -> None:
    assert client.post("/v2/models/other/infer", json=body()).status_code == 404
    assert client.get("/v2/models/delivery/versions/99").json() == {"error": "there is no model delivery version 99"}
