"""Requests and pairs out of files: each format, joined by id and request, hostile files told by file and line."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlcd_tui.comparison import lines
from mlcd_tui.comparison.reading import READERS, Pairs, reader_of, requests
from mlcd_tui.domain.comparison.pair import Pair
from mlcd_tui.domain.errors import BadConfig, Problem, Unreadable

_REQUEST = {"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": [0.5]}]}
_ANSWER = {"outputs": [{"name": "y", "shape": [1], "datatype": "FP32", "data": [0.5]}]}


def _write(path: Path, *records: Any) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    return path


def _pairs(*paths: Path, **options: Any) -> tuple[list[Pair], Pairs]:
    pairs = Pairs(paths, **options)
    return list(pairs), pairs


def _kserve(kind: str, service: str, rid: str, body: Any, number: int, *, binary: bool = False) -> dict[str, Any]:
    attributes = {
        "specversion": "1.0",
        "id": f"{service}-{number}",
        "type": f"org.kubeflow.serving.inference.{kind}",
        "source": f"http://{service}-predictor",
        "inferenceservicename": service,
        "namespace": "ml",
        "endpoint": "default",
        "component": "predictor",
        "metadata": json.dumps({"X-Request-Id": [rid]}),
    }
    if binary:
        return {"headers": {f"Ce-{key.capitalize()}": value for key, value in attributes.items()}, "body": body}
    return {**attributes, "data": body}


# --- our own records ------------------------------------------------------------------------------------------


def test_whole_pairs_with_all_that_they_tell(tmp_path: Path) -> None:
    raw = base64.b64encode(b"\x89PNG").decode()
    path = _write(
        tmp_path / "pairs.jsonl",
        {
            "id": 7,
            "request": {"path": "/predict?x=1", "headers": {"Accept": "image/png"}, "body": {"a": 1}},
            "production": {"status": 200, "ms": 3.5, "body": {"score": 1}},
            "shadow": {"status": 0, "error": "timed \x1b[31mout"},
            "again": {"status": 200, "ms": 3, "body_b64": raw},
        },
    )
    (pair,), found = _pairs(path)
    assert (pair.id, pair.production.ms, pair.production.body) == ("7", 3.5, {"score": 1})
    assert pair.shadow.status == 0
    assert pair.shadow.error == "timed ␛[31mout"
    assert pair.again is not None
    assert pair.again.body == b"\x89PNG"
    assert pair.request is not None
    assert (pair.request.method, pair.request.path, json.loads(pair.request.body)) == ("POST", "/predict?x=1", {"a": 1})
    assert found.title == "JSON Lines of mlcd-tui"


def _tap(rid: str, role: str, body: Any, digest: str = "aa") -> dict[str, Any]:
    return {"v": 1, "rid": rid, "role": role, "ms": 2.0, "status": 200, "req_sha256": digest, "resp": body}


def test_taps_of_both_sides_are_joined_where_id_and_request_agree(tmp_path: Path) -> None:
    path = _write(
        tmp_path / "tap.jsonl",
        _tap("1", "shadow", {"y": 2}),
        _tap("1", "stable", {"y": 1}),
        _tap("1", "stable", {"y": 9}),
        _tap("2", "stable", {"y": 1}),
        _tap("3", "stable", {"y": 1}, "aa"),
        _tap("3", "shadow", {"y": 1}, "bb"),
        _tap("", "stable", {"y": 1}),
        _tap("", "shadow", {"y": 1}),
        _tap("4", "shadow", {"b64": base64.b64encode(b'{"y": 5}').decode(), "sha256": "…", "len": 8}),
        _tap("4", "stable", {"y": 5}),
    )
    pairs, found = _pairs(path)
    assert [(pair.id, pair.production.body, pair.shadow.body) for pair in pairs] == [
        ("1", {"y": 1}, {"y": 2}),
        ("4", {"y": 5}, {"y": 5}),
    ]
    joiner = found.joiner
    assert (joiner.duplicates, joiner.disagreeing, joiner.nameless) == (1, 1, 2)
    assert (joiner.production_alone, joiner.shadow_alone) == (2, 1)


def test_two_files_without_a_role_are_productions_and_the_shadows(tmp_path: Path) -> None:
    one = _write(tmp_path / "a.jsonl", *({"id": str(n), "status": 200, "resp": n} for n in range(5)))
    two = _write(tmp_path / "b.jsonl", *({"id": str(n), "status": 200, "resp": -n} for n in range(5)))
    pairs, _ = _pairs(one, two)
    assert [(pair.production.body, pair.shadow.body) for pair in pairs] == [(n, -n) for n in range(5)]


def test_production_asked_twice_is_joined_too(tmp_path: Path) -> None:
    records = [_tap(str(n), role, n) for n in range(3) for role in ("secondary", "stable", "shadow")]
    pairs, _ = _pairs(_write(tmp_path / "tap.jsonl", *records))
    assert [pair.again is not None for pair in pairs] == [True, True, True]


def test_nan_and_infinity_are_read_as_python_servers_write_them(tmp_path: Path) -> None:
    path = tmp_path / "nan.jsonl"
    path.write_text(
        '{"id": "1", "production": {"status": 200, "body": NaN}, "shadow": {"status": 200, "body": -Infinity}}\n'
    )
    (pair,), _ = _pairs(path)
    assert pair.production.body != pair.production.body
    assert pair.shadow.body == float("-inf")


# --- other formats --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("binary", [False, True])
def test_kserve_logs_are_joined_by_the_logged_header_and_never_by_the_loggers_own_id(
    tmp_path: Path, binary: bool
) -> None:
    events = []
    for number in range(3):
        for service in ("churn-v6", "churn-v7"):
            events += [
                _kserve("request", service, f"r{number}", _REQUEST, number, binary=binary),
                _kserve("response", service, f"r{number}", {**_ANSWER, "by": service}, number, binary=binary),
            ]
    events += [_kserve("request", "churn-v6", "lost", _REQUEST, 9), _kserve("feedback", "churn-v6", "r0", {}, 1)]
    path = _write(tmp_path / "events.jsonl", *events)
    pairs, found = _pairs(path, production="churn-v6", shadow="churn-v7")
    assert [(pair.id, pair.production.body["by"], pair.shadow.body["by"]) for pair in pairs] == [
        (f"r{number}", "churn-v6", "churn-v7") for number in range(3)
    ]
    assert pairs[0].request is not None
    assert pairs[0].request.path == "/v2/models/churn-v6/infer"
    assert json.loads(pairs[0].request.body) == _REQUEST
    assert found.joiner.disagreeing == 0
    assert "only answers with status 200" in found.notes[0]


def test_a_log_that_does_not_say_whose_answer_it_is_names_what_there_is(tmp_path: Path) -> None:
    path = _write(tmp_path / "events.jsonl", _kserve("response", "churn-v6", "r", _ANSWER, 1))
    with pytest.raises(BadConfig, match=r"churn-v6.*--production-name"):
        _pairs(path)


def test_seldon_documents_and_events(tmp_path: Path) -> None:
    def document(name: str, rid: str, body: Any) -> dict[str, Any]:
        inside = {
            "ServingEngine": "seldon",
            "RequestId": rid,
            "Ce-Inferenceservicename": name,
            "request": {"payload": {"data": {"ndarray": [[1]]}}, "dataType": "tabular", "ce-time": "…"},
            "response": {"payload": body, "dataType": "number"},
        }
        return {"_index": "inference-log-seldon", "_id": rid, "_source": inside}

    path = _write(tmp_path / "es.json", document("iris", "1", {"a": 1}), document("iris-shadow", "1", {"a": 2}))
    (pair,), _ = _pairs(path, production="iris", shadow="iris-shadow")
    assert (pair.production.body, pair.shadow.body) == ({"a": 1}, {"a": 2})
    events = [
        {"headers": {"Ce-Type": "io.seldon.serving.inference.request", "Ce-Requestid": "9", "Ce-Endpoint": "default"}, "body": {"x": 1}},
        {"headers": {"Ce-Type": "io.seldon.serving.inference.response", "Ce-Requestid": "9", "Ce-Endpoint": "default"}, "body": '{"y": 1}'},
        {"headers": {"Ce-Type": "io.seldon.serving.inference.request", "Ce-Requestid": "9", "Ce-Endpoint": "mirror"}, "body": {"x": 1}},
        {"headers": {"Ce-Type": "io.seldon.serving.inference.response", "Ce-Requestid": "9", "Ce-Endpoint": "mirror"}, "body": '{"y": 2}'},
    ]  # fmt: skip
    (pair,), _ = _pairs(_write(tmp_path / "ev.jsonl", *events), production="default", shadow="mirror")
    assert (pair.production.body, pair.shadow.body) == ({"y": 1}, {"y": 2})


def test_access_logs_give_status_and_the_upstreams_own_time(tmp_path: Path) -> None:
    nginx = [{"rid": str(n), "backend": "stable", "status": 200, "rt": 0.3, "urt": "0.002, 0.005"} for n in range(2)]
    envoy = [{"rid": str(n), "cluster": "shadow", "status": "503", "ms": "12"} for n in range(2)]
    pairs, found = _pairs(_write(tmp_path / "nginx.json", *nginx), _write(tmp_path / "envoy.json", *envoy))
    assert pairs[0].production.ms == pytest.approx(5)
    assert (pairs[0].shadow.status, pairs[0].shadow.ms, pairs[0].shadow.recorded) == (503, 12, False)
    assert found.joiner.unverified == 2
    with pytest.raises(BadConfig, match="no requests that could be sent"):
        requests(tmp_path / "nginx.json")


def _har(path: Path) -> Path:
    request = {
        "method": "POST",
        "url": "https://models.example/v1/models/m:predict?a=b",
        "headers": [{"name": "Content-Type", "value": "application/json"}, {"name": "Cookie", "value": "secret"}],
        "postData": {"mimeType": "application/json", "text": '{"instances": [1]}'},
    }
    response = {
        "status": 200,
        "content": {"text": base64.b64encode(b'{"predictions": [2]}').decode(), "encoding": "base64"},
    }
    entry = {"request": request, "response": response, "time": 12.5}
    path.write_text(json.dumps({"log": {"version": "1.2", "entries": [entry, entry]}}, indent=1), "utf-8")
    return path


def test_har_has_requests_and_two_of_them_are_pairs(tmp_path: Path) -> None:
    path = _har(tmp_path / "a.har")
    first, second = requests(path)
    assert (first.path, first.body) == ("/v1/models/m:predict?a=b", b'{"instances": [1]}')
    assert ("Cookie", "secret") in first.headers
    assert first.id != second.id
    pairs, _ = _pairs(path, _har(tmp_path / "b.har"))
    assert [pair.shadow.body for pair in pairs] == [{"predictions": [2]}] * 2
    assert pairs[0].production.ms == 12.5


# --- what is wrong is told ------------------------------------------------------------------------------------


def test_a_damaged_line_is_named_and_a_cut_last_one_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    good = json.dumps(_tap("1", "stable", 1))
    path.write_text(f"{good}\n{good[:20]}\n{good}\n")
    with pytest.raises(Unreadable, match=r"log\.jsonl, line 2: no JSON"):
        _pairs(path)
    path.write_text(f"{good}\n\n{json.dumps(_tap('1', 'shadow', 1))}\n{good[:20]}")
    assert len(_pairs(path)[0]) == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        ("hello\n", "no known format"),
        ("[1]\n", "is one JSON array"),
        ('{"path": "/x"}\n[1]\n', "line 2: no JSON object"),
        ('{"path": "/x"}\n{"path": 5}\n', "line 2"),
        ('{"path": "/x"}\n{"path": "/x", "body_b64": "%%"}\n', "line 2: body_b64 of the request is no base64"),
        ('{"log": {}}', "no log.entries"),
        ('{"log": {"entries": [{}]}}', "entry 1"),
        ('{"path": "/x"}\n' + "[" * 100_000 + "\n", "line 2"),
    ],
)
def test_files_that_cannot_be_used(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "file"
    path.write_text(text)
    with pytest.raises(Problem, match=told) as raised:
        list(requests(path))
    assert raised.value.exit_code == 2


def test_a_missing_file_and_an_unknown_format(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="cannot be read: No such file"):
        requests(tmp_path / "none")
    path = _write(tmp_path / "a.jsonl", {"path": "/x"})
    with pytest.raises(BadConfig, match=r"No format is called x.*jsonl"):
        reader_of(path, "x")


def test_a_line_without_end_does_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "LONGEST_LINE", 1000)
    path = _write(tmp_path / "a.jsonl", {"path": "/x"}, {"path": "/x", "body": "y" * 5000})
    with pytest.raises(Unreadable, match="line 2: longer than"):
        list(requests(path))


def test_every_reader_is_found_and_reads_only_its_own(tmp_path: Path) -> None:
    assert set(READERS.names()) == {"access_log", "har", "jsonl", "kserve", "seldon"}
    samples = {
        "jsonl": _write(tmp_path / "1", {"path": "/x"}),
        "har": _har(tmp_path / "2"),
        "kserve": _write(tmp_path / "3", _kserve("request", "a", "r", {}, 1)),
        "seldon": _write(tmp_path / "4", {"ServingEngine": "seldon", "RequestId": "1", "request": {}}),
        "access_log": _write(tmp_path / "5", {"rid": "1", "status": 200, "ms": 1, "cluster": "stable"}),
    }
    for name, path in samples.items():
        head = path.read_bytes()
        first = json.loads(head) if name == "har" else json.loads(head.splitlines()[0])
        assert [reader.name for reader in READERS.all() if reader.fits(head, first)] == [name]


@given(st.binary(max_size=300), st.sampled_from(["access_log", "har", "jsonl", "kserve", "seldon"]))
@settings(max_examples=200, deadline=None)
def test_no_bytes_make_a_reader_fall(tmp_path_factory: pytest.TempPathFactory, data: bytes, name: str) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes"
    path.write_bytes(data)
    told = ""
    try:
        list(Pairs([path], name))
    except Problem as problem:
        told = problem.sentence
    assert "\x1b" not in told


_VALUE = st.recursive(st.none() | st.integers() | st.text(max_size=5) | st.floats(), lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["id", "request", "payload", "headers", "ce-type", "data", "status"]), inner, max_size=3), max_leaves=6)  # fmt: skip
_KEYS = st.sampled_from(["id", "rid", "request", "response", "production", "shadow", "headers", "body", "type", "metadata", "_source", "RequestId", "status", "ms", "urt", "resp", "specversion", "data_base64", "log", "path"])  # fmt: skip


@given(st.lists(st.dictionaries(_KEYS, _VALUE, max_size=6), max_size=3), st.sampled_from(["access_log", "har", "jsonl", "kserve", "seldon"]))  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_no_objects_make_a_reader_fall(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, Any]], name: str
) -> None:
    path = _write(tmp_path_factory.getbasetemp() / "objects", *records)
    try:
        list(Pairs([path], name))
    except Problem:
        return


def test_a_body_that_is_damaged_is_told_and_is_no_empty_one(tmp_path: Path) -> None:
    har = json.loads(_har(tmp_path / "one.har").read_text(encoding="utf-8"))
    har["log"]["entries"][0]["response"]["content"] = {"text": "***", "encoding": "base64"}
    damaged = tmp_path / "two.har"
    damaged.write_text(json.dumps(har), encoding="utf-8")
    with pytest.raises(Unreadable, match="entry 1: the body of its response is no base64"):
        _pairs(tmp_path / "one.har", damaged)


def test_the_same_answer_packed_in_two_ways_is_the_same(tmp_path: Path) -> None:
    body = json.dumps({"predictions": [0.5]}).encode()
    packed = [base64.b64encode(gzip.compress(body, mtime=moment)).decode() for moment in (1, 2)]
    sides = {
        name: {"status": 200, "ms": 1.0, "body_b64": text}
        for name, text in zip(("production", "shadow"), packed, strict=True)
    }
    ((pair,), _) = _pairs(_write(tmp_path / "pairs.jsonl", {"id": "1", **sides}))
    assert pair.production.body == pair.shadow.body == {"predictions": [0.5]}


@pytest.mark.parametrize("cut", [-4, 12])
def test_a_packed_body_that_is_cut_stays_as_it_is(tmp_path: Path, cut: int) -> None:
    packed = gzip.compress(b"{}" * 50)[:cut]
    side = {"status": 200, "body_b64": base64.b64encode(packed).decode()}
    ((pair,), _) = _pairs(_write(tmp_path / "pairs.jsonl", {"id": "1", "production": side, "shadow": side}))
    assert pair.production.body == packed


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (gzip.compress(b"{}"), "is compressed; unpack it first"),
        (b" \n", "is empty"),
        (b'[{"id": "1"}]', "is one JSON array; write one entry a line"),
        (b"127.0.0.1 - - GET", "is in no known format"),
    ],
)
def test_what_no_reader_takes_says_why(tmp_path: Path, data: bytes, told: str) -> None:
    path = tmp_path / "log"
    path.write_bytes(data)
    with pytest.raises(BadConfig, match=told):
        _pairs(path)
