import pytest
from fastapi.testclient import TestClient

from wine_scorer.app import app

WINE = {"alcohol": 13.2, "flavanoids": 2.76, "color_intensity": 4.38, "proline": 1050.0}


@pytest.fixture(scope="module")
def client() -> TestClient:
    return TestClient(app)


def test_the_health_is_told(client: TestClient) -> None:
    assert client.get("/health").json() == {"status": "ok"}


def test_each_wine_has_its_grower(client: TestClient) -> None:
    light = {"alcohol": 12.1, "flavanoids": 2.0, "color_intensity": 2.1, "proline": 400.0}
    found = client.post("/predict", json={"wines": [WINE, light]}).json()["predictions"]
    assert [each["grower"] for each in found] == ["Aldo", "Bruna"]
    assert sum(found[0]["probabilities"].values()) == pytest.approx(1)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no JSON",
        b"[]",
        b'{"wines": []}',
        b'{"wines": [{"alcohol": 13.2}]}',
        b'{"wines": [{"alcohol": NaN, "flavanoids": 2.76, "color_intensity": 4.38, "proline": 1050.0}]}',
        b'{"wines": [{"alcohol": "much", "flavanoids": 2.76, "color_intensity": 4.38, "proline": 1050.0}]}',
    ],
)
def test_a_bad_request_is_the_callers_mistake(client: TestClient, body: bytes) -> None:
    answer = client.post("/predict", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
