"""MLflow's registry: faults, hostile answers and credentials on a stub; the real server is asked in tests/e2e."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlcd_tui.domain.errors import (
    BadConfig,
    Forbidden,
    Missing,
    Problem,
    ServerFault,
    Throttled,
    Unauthenticated,
    Unreachable,
    Unreadable,
)
from mlcd_tui.domain.package_ports import Reach, Remarking
from mlcd_tui.packages.sources.mlflow_server import SOURCE, versions_with_image
from tests.packages.sources.rest_stub import Reply, RestStub, rest_stub

REST = Path(__file__).parents[2] / "fixtures" / "packages" / "mlflow" / "rest"
API = "/api/2.0/mlflow"
MODEL_ID = "m-dab3370b2d034340a7361d79d8b1bb5e"
FOLDERS = f"{API}/logged-models/{MODEL_ID}/artifacts/directories"
ARTIFACT = "/model-versions/get-artifact"
SEARCH = f"{API}/registered-models/search"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("URI", "USERNAME", "PASSWORD", "TOKEN"):
        monkeypatch.delenv(f"MLFLOW_TRACKING_{name}", raising=False)


@pytest.fixture
def stub() -> Iterator[RestStub]:
    """Answers as the real server gave them for one version."""
    with rest_stub() as server:
        for path, name in (
            (f"{API}/model-versions/get", "model-versions-get"),
            (f"{API}/model-versions/search", "model-versions-search"),
            (f"{API}/registered-models/alias", "alias"),
            (f"{API}/registered-models/get", "registered-models-get"),
            (f"{API}/logged-models/{MODEL_ID}", "logged-model"),
            (f"{API}/runs/get", "runs-get"),
        ):
            server.on(path, (REST / f"{name}.json").read_bytes())
        server.on(FOLDERS, {"files": [{"path": "MLmodel", "is_dir": False, "file_size": 4}]})
        server.on(ARTIFACT, b"a: 1")
        yield server


def _reach(stub: RestStub, **more: Any) -> Reach:
    return Reach(mlflow=stub.address, timeout=2.0, **more)


def _opened(stub: RestStub, address: str = "mlflow:churn-model/1", **more: Any) -> dict[str, int | None]:
    with SOURCE.open(address, _reach(stub, **more)) as files:
        return {entry.path: entry.size for entry in files.entries()}


def test_the_answers_are_brought_as_they_came(stub: RestStub) -> None:
    with SOURCE.open("mlflow:churn-model@champion", _reach(stub)) as files:
        assert [entry.path for entry in files.entries()] == [
            "rest/model-version.json",
            "rest/registered-model.json",
            "rest/logged-model.json",
            "rest/run.json",
            "MLmodel",
        ]
        assert files.address == "mlflow:churn-model/1"
        assert files.read("rest/run.json", 100_000) == (REST / "runs-get.json").read_bytes()
        assert stub.to(ARTIFACT) == []
        assert files.read("MLmodel", 100) == b"a: 1"
        assert files.part("MLmodel", 3, 10) == b"1"
    assert [asked.query for asked in stub.to(ARTIFACT)] == [{"name": "churn-model", "version": "1", "path": "MLmodel"}]


def test_names_with_odd_characters_find_their_way(stub: RestStub) -> None:
    _opened(stub, "mlflow:a%2Fb c%40d/1")
    assert stub.to(f"{API}/model-versions/get")[0].query == {"name": "a/b c@d", "version": "1"}


def test_a_piece_of_a_large_file_is_not_asked_for(stub: RestStub) -> None:
    stub.on(
        FOLDERS,
        {
            "files": [
                {"path": "model.safetensors", "file_size": 5 * 1024**3},
                {"path": "w.onnx", "file_size": 9_000_000},
            ]
        },
    )
    stub.on(ARTIFACT, Reply(b"0123456789" * 1000, 200))
    with SOURCE.open("mlflow:churn-model/1", _reach(stub)) as files:
        with pytest.raises(Unreadable, match=r"model\.safetensors has 5,368,709,120 bytes"):
            files.part("model.safetensors", 0, 8)
        assert stub.to(ARTIFACT) == []
        assert files.part("w.onnx", 13, 4) == b"3456"
    assert stub.to(ARTIFACT)[0].headers["range"] == "bytes=13-16"


def test_names_that_lead_outside_are_left_out(stub: RestStub) -> None:
    names = ("../../etc/passwd", "/etc/passwd", "a/../../b", "rest/run.json", "ok.txt", "C:/x", "a\\b")
    stub.on(FOLDERS, {"files": [{"path": name, "file_size": 1} for name in names]})
    with SOURCE.open("mlflow:churn-model/1", _reach(stub)) as files:
        assert [entry.path for entry in files.entries() if not entry.path.startswith("rest/")] == ["ok.txt"]


def test_folders_that_hold_themselves_end(stub: RestStub) -> None:
    stub.on(FOLDERS, {"files": [{"path": "a", "is_dir": True}, {"path": "b", "is_dir": True}]})
    assert "rest/run.json" in _opened(stub)
    assert len(stub.to(FOLDERS)) < 200


def test_a_version_of_a_runs_artifacts_is_listed_below_its_run(stub: RestStub) -> None:
    answer = json.loads((REST / "model-versions-get.json").read_bytes())
    run = answer["model_version"]["run_id"]
    answer["model_version"]["source"] = f"mlflow-artifacts:/1/{run}/artifacts/model"
    stub.on(f"{API}/model-versions/get", answer)
    stub.on(f"{API}/artifacts/list", {"files": [{"path": "model/MLmodel", "file_size": 4}]})
    assert _opened(stub)["MLmodel"] == 4
    assert stub.to(f"{API}/artifacts/list")[0].query == {"run_id": run, "path": "model"}


def test_what_an_older_server_does_not_know_is_remarked(stub: RestStub) -> None:
    """Without listing of artifacts the few files with names of their own are tried; a run that is gone is told."""
    del stub.replies[FOLDERS]
    stub.on(f"{API}/runs/get", Reply(b'{"message": "Run was purged"}', 404))
    with SOURCE.open("mlflow:churn-model/1", _reach(stub)) as files:
        assert files.read("MLmodel", 100) == b"a: 1"
        assert isinstance(files, Remarking)
        told = " ".join(files.remarks())
    assert "Run was purged" in told
    assert "could not be listed" in told


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        (Reply(b"", 401), Unauthenticated, "does not accept the credentials"),
        (Reply(b'{"message": "Permission denied"}', 403), Forbidden, "Permission denied"),
        (Reply(b'{"message": "not \\u001b[31mthere"}', 404), Missing, "not ␛"),
        (Reply(b"<html>" + b"x" * 90_000, 404), Missing, "no such thing: /api/2.0/mlflow/model-versions/get"),
        (Reply(b"[" * 50_000, 500), ServerFault, "failed"),
        (Reply(b"", 503), Throttled, "patience"),
        (Reply(b"<html>hello</html>"), Unreadable, "cannot be used"),
        (Reply(b'{"model_version": {"name": 3, "version": "1"}}'), Unreadable, r"\$\.model_version\.name"),
        (Reply(b"[" * 200_000), Unreadable, "cannot be used"),
        (Reply(b"\xff\xfe"), Unreadable, "cannot be used"),
        (Reply(b"{}", claims=10**12), Unreadable, "1,000,000,000,000 bytes"),
        (Reply(b"{}", headers=(("Content-Encoding", "gzip"),)), ServerFault, "compressed"),
        (Reply(b'{"model', claims=100), Unreachable, "127.0.0.1"),
    ],
)
def test_each_fault_is_one_sentence(stub: RestStub, reply: Reply, error: type[Problem], words: str) -> None:
    stub.on(f"{API}/model-versions/get", reply)
    with pytest.raises(error, match=words) as caught:
        _opened(stub)
    assert "\x1b" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "advice"),
    [
        (f"{API}/model-versions/get", "List its versions: mlflow:churn-model"),
        (f"{API}/registered-models/get", "List what it has: mlflow:"),
    ],
)
def test_what_is_not_there_says_what_to_list(stub: RestStub, path: str, advice: str) -> None:
    stub.on(path, Reply(b'{"message": "not found"}', 404))
    with pytest.raises(Missing) as caught:
        _opened(stub)
    assert caught.value.advice == advice


def test_nobody_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        reach = Reach(mlflow=f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.2)
        with pytest.raises(Unreachable, match="does not answer"):
            list(SOURCE.list("mlflow:", reach))


@pytest.mark.parametrize(
    "uri", ["databricks", "databricks-uc://x", "sqlite:///x.db", "file:///tmp/x", "./mlruns", "http://"]
)
def test_tracking_uris_that_are_no_servers(uri: str) -> None:
    with pytest.raises(BadConfig, match=r"no (server that speaks HTTP|address of a server)"):
        list(SOURCE.list("mlflow:", Reach(mlflow=uri)))


def test_without_a_server_it_says_how_to_name_one() -> None:
    with pytest.raises(BadConfig, match="MLFLOW_TRACKING_URI"):
        list(SOURCE.list("mlflow:", Reach()))
    assert versions_with_image("sha256:" + "a" * 64, Reach()) == ()


def test_credentials_go_to_their_own_server_only(stub: RestStub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "alice")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "secret")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", stub.address)
    _opened(stub)
    basic = "Basic " + base64.b64encode(b"alice:secret").decode()
    assert {asked.headers.get("authorization") for asked in stub.asked} == {basic}
    with rest_stub() as other:
        other.on(SEARCH, {})
        assert list(SOURCE.list(f"mlflow+{other.address}#", _reach(stub))) == []
        assert list(SOURCE.list("mlflow:", Reach(mlflow=other.address))) == []
        assert {asked.headers.get("authorization") for asked in other.asked} == {None}


def test_a_redirect_takes_no_credentials_along(stub: RestStub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "t0ken")
    with rest_stub() as other:
        stub.on(SEARCH, Reply(status=307, headers=(("Location", f"{other.address}{SEARCH}"),)))
        other.on(SEARCH, {})
        list(SOURCE.list("mlflow:", _reach(stub)))
        assert stub.asked[0].headers["authorization"] == "Bearer t0ken"
        assert "authorization" not in other.asked[0].headers


def test_a_login_that_others_can_read_on_the_way_is_told(stub: RestStub, monkeypatch: pytest.MonkeyPatch) -> None:
    told = "The login for 127.0.0.1:"
    uri = stub.address.replace("http://", "http://alice:pw@")
    for local, expected in ((True, False), (False, True)):
        monkeypatch.setattr("mlcd_tui.packages.sources._rest.is_loopback", lambda _host, local=local: local)
        with SOURCE.open("mlflow:churn-model/1", Reach(mlflow=uri, timeout=2.0)) as files:
            assert isinstance(files, Remarking)
            assert any(told in remark and "unencrypted" in remark for remark in files.remarks()) is expected


def test_a_password_in_the_address_is_used_and_never_shown(stub: RestStub) -> None:
    server = stub.address.replace("http://", "http://bob:pa55@")
    stub.on(f"{API}/model-versions/get", Reply(b"", 401))
    with pytest.raises(Unauthenticated) as caught, SOURCE.open(f"mlflow+{server}#churn/1", Reach()):
        pass
    assert "pa55" not in str(caught.value)
    assert stub.asked[0].headers["authorization"] == "Basic " + base64.b64encode(b"bob:pa55").decode()


def test_an_address_from_elsewhere_is_followed_to_known_hosts_only(stub: RestStub) -> None:
    with rest_stub() as other, pytest.raises(Forbidden, match="settings"):
        list(SOURCE.list(f"mlflow+{other.address}#", _reach(stub, hosts=())))
    assert other.asked == []
    assert _opened(stub, hosts=())  # the server of the settings is known


def test_pages_are_streamed_as_they_come(stub: RestStub) -> None:
    def page(first: int, count: int, token: str) -> dict[str, object]:
        return {"registered_models": [{"name": f"m{n}"} for n in range(first, first + count)], "next_page_token": token}

    stub.on(SEARCH, page(0, 100, "A"), page(100, 500, "B"), page(600, 3, ""))
    entries = SOURCE.list("mlflow:", _reach(stub))
    first = next(entries)
    assert (first.name, first.address, first.status) == ("m0", "mlflow:m0", "no version")
    assert len(stub.asked) == 1
    assert len([first, *entries]) == 603
    assert [asked.query.get("page_token") for asked in stub.asked] == [None, "A", "B"]


def test_a_models_versions_are_listed_to_the_last(stub: RestStub) -> None:
    def page(numbers: range, token: str) -> dict[str, object]:
        return {
            "model_versions": [{"name": "churn-model", "version": str(n)} for n in numbers],
            "next_page_token": token,
        }

    stub.on(f"{API}/model-versions/search", page(range(3, 1, -1), "A"), page(range(1, 0, -1), ""))
    listed = list(SOURCE.list("mlflow:churn-model", _reach(stub)))
    assert [(each.address, each.aliases) for each in listed] == [
        ("mlflow:churn-model/3", ()),
        ("mlflow:churn-model/2", ()),
        ("mlflow:churn-model/1", ("champion",)),
    ]


def test_a_page_that_names_itself_as_the_next_ends(stub: RestStub) -> None:
    stub.on(SEARCH, {"registered_models": [{"name": "m"}], "next_page_token": "A"})
    assert len(list(SOURCE.list("mlflow:", _reach(stub)))) == 2


def test_a_line_tells_of_the_newest_version(stub: RestStub) -> None:
    versions = [
        {"name": "m", "version": "9", "status": "READY", "creation_timestamp": 1},
        {"name": "m", "version": "10", "status": "PENDING_REGISTRATION", "creation_timestamp": 10**30},
    ]
    model = {
        "name": "m",
        "latest_versions": versions,
        "aliases": [{"alias": "champion", "version": "9"}, {"alias": "next", "version": "10"}],
        "tags": [{"key": "team", "value": "risk\x1b[0m"}],
    }
    stub.on(SEARCH, {"registered_models": [model]})
    (line,) = SOURCE.list("mlflow:", _reach(stub))
    assert (line.address, line.version, line.status, line.created) == (
        "mlflow:m/10",
        "10",
        "pending_registration",
        None,
    )
    assert (line.aliases, line.author) == (("champion→9", "next"), "risk␛[0m")


def test_a_digest_that_is_none_is_never_sent(stub: RestStub) -> None:
    assert versions_with_image("sha256:' OR name LIKE '%", _reach(stub)) == ()
    assert stub.asked == []
    (entry,) = versions_with_image("sha256:" + "a" * 64, _reach(stub))
    assert entry.address == "mlflow:churn-model/1"
    assert stub.asked[0].query["filter"] == f"tags.`mlcd.dev/image-digest` = 'sha256:{'a' * 64}'"


def test_it_can_be_given_up(stub: RestStub) -> None:
    with pytest.raises(Unreadable, match="given up"):
        _opened(stub, cancelled=lambda: True)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["registered_models", "name", "latest_versions", "aliases", "tags", "version", "next_page_token"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answer=_JSON)
def test_whatever_is_answered_it_is_a_listing_or_a_problem(stub: RestStub, answer: Any) -> None:
    stub.on(SEARCH, msgspec.json.encode(answer))
    with contextlib.suppress(Problem):
        list(SOURCE.list("mlflow:", _reach(stub)))


@given(told=st.text(max_size=30))
@settings(max_examples=20, deadline=None)
def test_whatever_is_typed_it_is_opened_or_a_problem(told: str) -> None:
    reach = Reach(mlflow="http://127.0.0.1:1", hosts=(), timeout=0.2)
    for prefix in ("mlflow:", "models:/", "mlflow+http://127.0.0.1:1#", "mlflow+http://"):
        with pytest.raises(Problem), SOURCE.open(prefix + told, reach):
            pass
