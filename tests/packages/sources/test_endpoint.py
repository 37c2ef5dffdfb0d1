"""Live endpoints: faults and servers of several kinds on a stub; a real MLServer is asked in tests/e2e."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlcd_tui.domain.errors import BadConfig, Forbidden, Invalid, Missing, Problem, Unreachable, Unreadable
from mlcd_tui.domain.package_ports import Reach
from mlcd_tui.packages.sources.endpoint import SOURCE
from tests.packages.sources.rest_stub import Reply, RestStub, rest_stub

RECORDED = Path(__file__).parents[2] / "fixtures" / "packages" / "openinference"
INDEX = "/v2/repository/index"


@pytest.fixture
def stub() -> Iterator[RestStub]:
    with rest_stub() as server:
        yield server


@pytest.fixture
def mlserver(stub: RestStub) -> RestStub:
    """As the real one answered."""
    stub.on("/v2", (RECORDED / "mlserver-v2.json").read_bytes())
    stub.on(INDEX, (RECORDED / "mlserver-index.json").read_bytes())
    for path in ("/v2/models/churn", "/v2/models/churn/versions/3"):
        stub.on(path, (RECORDED / "mlserver-model.json").read_bytes())
    stub.on("/v2/models/nope", Reply((RECORDED / "mlserver-unknown-model.json").read_bytes(), 404))
    return stub


def _opened(address: str, **more: object) -> tuple[str, list[str]]:
    with SOURCE.open(address, Reach(timeout=2.0, **more)) as files:  # type: ignore[arg-type]
        return files.address, [entry.path for entry in files.entries()]


@pytest.mark.parametrize("told", ["", "/", "/v2", "/v2/models/churn", "/v2/models/churn/infer"])
def test_one_model_is_found_by_itself_or_by_name(mlserver: RestStub, told: str) -> None:
    address, paths = _opened(f"endpoint:{mlserver.address}{told}")
    assert paths == ["v2/server.json", "v2/models/churn.json"]
    assert address == f"endpoint:{mlserver.address}/v2/models/churn"
    assert not any("infer" in asked.path for asked in mlserver.asked)


def test_a_version_and_a_path_before_it_are_kept(stub: RestStub) -> None:
    stub.on("/serve/v2/models/a%20b/versions/7", b'{"name": "a b"}')
    address, paths = _opened(f"endpoint:{stub.address}/serve/v2/models/a b/versions/7")
    assert paths == ["v2/models/a b.json"]
    assert address.endswith("/serve/v2/models/a%20b/versions/7")


def test_several_models_are_named(mlserver: RestStub) -> None:
    mlserver.on(INDEX, [{"name": "a", "state": "READY"}, {"name": "b\x1b[1m"}])
    with pytest.raises(BadConfig, match=r"serves 2 models: a, b␛\[1m") as caught:
        _opened(f"endpoint:{mlserver.address}")
    assert "/v2/models/NAME" in caught.value.advice
    listed = list(SOURCE.list(f"endpoint:{mlserver.address}", Reach()))
    assert [(each.name, each.status) for each in listed] == [("a", "ready"), ("b␛[1m", "")]


def test_a_server_without_an_index_says_what_to_write(mlserver: RestStub) -> None:
    """KServe has none."""
    mlserver.on(INDEX, Reply(b'{"detail": "Not Found"}', 404))
    with pytest.raises(Invalid, match="does not tell which models") as caught:
        _opened(f"endpoint:{mlserver.address}")
    assert "NAME" in caught.value.advice


def test_an_unknown_model_is_told_in_the_servers_words(mlserver: RestStub) -> None:
    with pytest.raises(Missing, match="Model nope not found"):
        _opened(f"endpoint:{mlserver.address}/v2/models/nope")


@pytest.mark.parametrize("path", ["/openapi.json", "/docs.json"])
def test_servers_of_their_own_kind_are_known_by_openapi(stub: RestStub, path: str) -> None:
    stub.on(path, {"openapi": "3.0.2"})
    assert _opened(f"endpoint:{stub.address}")[1] == ["openapi.json"]
    (entry,) = SOURCE.list(f"endpoint:{stub.address}", Reach())
    assert entry.address == f"endpoint:{stub.address}"


@pytest.mark.parametrize(
    "reply", [Reply(b"<html>", 200), Reply(b"[1]", 200), Reply(b"", 404), Reply(b"", 405), Reply(b"[" * 99_999, 200)]
)
def test_a_server_that_tells_nothing_of_a_model(stub: RestStub, reply: Reply) -> None:
    for path in ("/v2", "/openapi.json", "/docs.json"):
        stub.on(path, reply)
    with pytest.raises(Missing, match=r"tried /v2, /openapi\.json, /docs\.json"):
        _opened(f"endpoint:{stub.address}")


def test_an_index_of_another_kind_names_the_field(mlserver: RestStub) -> None:
    mlserver.on(INDEX, [{"name": "a"}, {"name": 4}])
    with pytest.raises(Unreadable, match=r"\$\[1\]\.name"):
        _opened(f"endpoint:{mlserver.address}")


def test_addresses_from_elsewhere_reach_known_hosts_only(mlserver: RestStub) -> None:
    with pytest.raises(Forbidden):
        _opened(f"endpoint:{mlserver.address}", hosts=("churn:80",))
    assert mlserver.asked == []


def test_nobody_there() -> None:
    with pytest.raises(Unreachable, match="refused"):
        _opened("endpoint:http://127.0.0.1:1")


@given(told=st.text(max_size=30))
@settings(max_examples=100, deadline=None)
def test_whatever_is_typed_is_a_problem_where_nothing_may_be_asked(told: str) -> None:
    for prefix in ("endpoint:", "endpoint:http://", "endpoint:http://127.0.0.1:1/"):
        with pytest.raises(Problem), SOURCE.open(prefix + told, Reach(hosts=(), timeout=0.2)):
            pass
