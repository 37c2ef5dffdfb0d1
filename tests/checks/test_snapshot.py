"""The snapshot check against a real server on loopback, and accepting what it received."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from mlcd_tui.checks.accepting import Acceptance, accept, accept_named, waiting
from mlcd_tui.checks.kinds.snapshot import CHECK
from mlcd_tui.domain.checks import CheckResult, CheckState
from mlcd_tui.domain.errors import BadConfig, Conflict, Missing
from tests.checks.fake_bench import CONFIG_DIGEST, FakeBench
from tests.checks.serving import Answering, Reply, Request, bench_of, parsed, serving

_PASSED, _WARNED, _FAILED, _ERROR = CheckState.PASSED, CheckState.WARNED, CheckState.FAILED, CheckState.ERROR


def _spec(**more: Any) -> Any:
    told = {"name": "golden", "kind": "snapshot", "serve": {"port": 8000}, "cases": "snapshots", **more}
    return CHECK.model.model_validate(told)


def _run(folder: Path, answer: Answering, bench: FakeBench | None = None, **more: Any) -> CheckResult:
    with serving(answer) as server:
        bench = bench or bench_of(server)
        return CHECK.run(_spec(**more), bench, str(folder), lambda _: None)


def _case(folder: Path, name: str = "one", request: Any = None, approved: Any = None) -> Path:
    cases = folder / "snapshots"
    cases.mkdir(exist_ok=True)
    (cases / f"{name}.request.json").write_text(json.dumps({"x": 1} if request is None else request))
    if approved is not None:
        (cases / f"{name}.approved.json").write_text(json.dumps(approved))
    return cases


def _scores(request: Request) -> Reply:
    return Reply({"scores": [parsed(request)["x"] * 0.5, 0.25]})


def test_the_approved_answer_passes_and_each_input_is_sent_as_it_lies_in_its_file(tmp_path: Path) -> None:
    _case(tmp_path, "half", {"x": 1}, {"scores": [0.5, 0.25]})
    _case(tmp_path, "whole", {"x": 2}, {"scores": [1.0000001, 0.25]})
    with serving(_scores) as server:
        result = CHECK.run(_spec(repeat=2), bench_of(server), str(tmp_path), lambda _: None)
    assert (result.state, result.sentence) == (_PASSED, "2 of 2 cases as approved")
    assert (result.report.total, result.report.passed) == (2, 2)
    assert [(one.method, one.path, one.body, one.content_type) for one in server.asked] == [
        ("POST", "/predict", b'{"x": 1}', "application/json"),
    ] * 2 + [("POST", "/predict", b'{"x": 2}', "application/json")] * 2


def test_another_answer_fails_with_the_worst_first_and_waits_beside_the_approved_one(tmp_path: Path) -> None:
    cases = _case(tmp_path, approved={"scores": [0.5, 0.2]})
    result = _run(tmp_path, lambda _: Reply({"scores": [0.6, 0.9]}))
    assert result.state is _FAILED
    assert result.sentence == "0 of 1 case as approved; one: 2 of 2 values are off, worst by 0.7 at $.scores[1]"
    first = result.report.findings[0]
    assert first.message == "one: $.scores[1] is 0.9, approved 0.2 (off by 0.7, 3e-06 is allowed)"
    assert (first.file, first.expected, first.actual) == ("snapshots/one.approved.json", "0.2", "0.9")
    assert first.difference == pytest.approx(0.7)
    assert first.tolerance == pytest.approx(3e-6)
    assert json.loads((cases / "one.approved.json").read_text()) == {"scores": [0.5, 0.2]}
    assert json.loads((cases / "one.received.json").read_text()) == {"scores": [0.6, 0.9]}
    assert _run(tmp_path, lambda _: Reply({"scores": [0.5, 0.2]})).state is _PASSED
    assert not list(cases.glob("*received*")), "what is settled no longer waits"


def test_rules_of_the_plan_decide(tmp_path: Path) -> None:
    _case(tmp_path, approved={"p": [0.7, 0.3], "ms": 3.0})
    compare = {"ignore": ["$.ms"], "paths": [{"path": "$.p", "classes": {"max_abs": 0.05}}]}
    assert _run(tmp_path, lambda _: Reply({"p": [0.69, 0.31], "ms": 9.0}), compare=compare).state is _WARNED
    assert _run(tmp_path, lambda _: Reply({"p": [0.3, 0.7], "ms": 3.0}), compare=compare).state is _FAILED


def test_an_answer_of_which_nothing_is_compared_has_proven_nothing(tmp_path: Path) -> None:
    _case(tmp_path, approved={"p": 0.5})
    result = _run(tmp_path, lambda _: Reply({"p": 0.9}), compare={"ignore": ["$.p"]})
    assert (result.state, result.report.passed) == (_ERROR, 0)
    assert "nothing of the answer is compared: the plan ignores all of it" in result.sentence
    _case(tmp_path, approved={"found": []})
    assert _run(tmp_path, lambda _: Reply({"found": []})).state is _PASSED


def test_a_model_that_disagrees_with_itself_is_an_error_and_nothing_is_offered_for_acceptance(tmp_path: Path) -> None:
    cases = _case(tmp_path, approved={"p": 0.5})
    numbers = iter([0.5, 0.5, 0.7])
    result = _run(tmp_path, lambda _: Reply({"p": next(numbers)}))
    assert result.state is _ERROR
    assert "does not agree with itself: 3 answers to the same input differ by up to 0.2" in result.sentence
    assert not list(cases.glob("*received*"))


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply({"error": "boom"}, status=500), "status 500, 200 was expected"),
        (Reply(raw=b"<html>", content_type="text/html"), "no JSON"),
        (Reply(raw=b"x" * 2_000_000), "is larger than 1,000,000 bytes"),
        (Reply(raw=b"[" * 200_000), "nested too deeply"),
        (Reply(write=lambda out: out.write(b"rubbish\r\n\r\n")), "no HTTP"),
        (Reply(write=lambda out: None), "the connection broke"),
    ],
)
def test_rubbish_is_a_failure_in_a_sentence(tmp_path: Path, reply: Reply, words: str) -> None:
    _case(tmp_path, approved={"p": 0.5})
    result = _run(tmp_path, lambda _: reply, answer_size=1_000_000, repeat=1)
    assert result.state is _FAILED
    assert words in result.sentence


def _trickle(head: bytes) -> Any:
    def write(out: Any) -> None:
        out.write(head)
        for _ in range(200):
            out.write(b"a")
            out.flush()
            time.sleep(0.05)

    return write


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nx: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_an_answer_without_end_is_cut_off_in_time(tmp_path: Path, head: bytes) -> None:
    _case(tmp_path, approved={"p": 0.5})
    started = time.monotonic()
    result = _run(tmp_path, lambda _: Reply(write=_trickle(head)), answer_within=0.3)
    assert time.monotonic() - started < 3
    assert result.state is _FAILED
    assert "no whole answer within 0.3 s" in result.sentence


def test_the_time_of_the_whole_check_and_calling_it_off_end_it(tmp_path: Path) -> None:
    for number in range(20):
        _case(tmp_path, f"c{number}", approved={"p": 0.5})

    def slow(_: Request) -> Reply:
        time.sleep(0.1)
        return Reply({"p": 0.5})

    assert _run(tmp_path, slow, limits={"seconds": 0.5}).state is CheckState.TIMED_OUT
    with serving(slow) as server:
        bench = bench_of(server, called_off=True)
        result = CHECK.run(_spec(), bench, str(tmp_path), lambda _: None)
    assert result.state is CheckState.CANCELLED
    assert not server.asked


def test_a_container_that_ends_fails_the_check(tmp_path: Path) -> None:
    _case(tmp_path, approved={"p": 0.5})
    with serving(lambda _: Reply({"p": 0.5})) as server:
        bench = bench_of(server)
        bench.server.living = False  # type: ignore[union-attr]
        result = CHECK.run(_spec(), bench, str(tmp_path), lambda _: None)
    assert (result.state, "container ended" in result.sentence) == (_FAILED, True)


def test_no_case_and_no_folder_are_errors_never_a_pass(tmp_path: Path) -> None:
    assert _run(tmp_path, _scores).state is _ERROR
    (tmp_path / "snapshots").mkdir()
    result = _run(tmp_path, _scores)
    assert (result.state, result.report.total) == (_ERROR, 0)


def test_a_case_may_be_sent_otherwise_than_the_rest(tmp_path: Path) -> None:
    cases = tmp_path / "snapshots"
    cases.mkdir()
    (cases / "about.case.json").write_text('{"method": "GET", "path": "/about", "status": 202}')
    (cases / "about.approved.txt").write_text("churn 3")
    result = _run(tmp_path, lambda request: Reply(raw=b"churn 3", content_type="text/plain", status=202))
    assert result.state is _PASSED
    (cases / "about.case.json").write_text('{"methud": "GET"}')
    broken = _run(tmp_path, _scores)
    assert broken.state is _ERROR
    assert "about.case.json: methud" in broken.sentence


def test_bytes_are_compared_as_bytes(tmp_path: Path) -> None:
    cases = _case(tmp_path)
    (cases / "one.approved.bin").write_bytes(b"\x89PNG\x00")
    assert _run(tmp_path, lambda _: Reply(raw=b"\x89PNG\x00", content_type="image/png")).state is _PASSED
    assert _run(tmp_path, lambda _: Reply(raw=b"\x89PNG\x01", content_type="image/png")).state is _FAILED
    assert (cases / "one.received.bin").read_bytes() == b"\x89PNG\x01"


@pytest.mark.parametrize(
    "compare",
    [
        {"rtol": 0.1},
        {"dtype": "float32", "rtol": 0.1, "atol": 0.1},
        {"ignore": ["latency"]},
        {"order": "by_key"},
        {"paths": [{"path": "$.a[?(@.b)]"}]},
        {"unknown": 1},
    ],
)
def test_rules_that_decide_nothing_or_too_much_are_refused(compare: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        _spec(compare=compare)


def test_nothing_is_approved_until_a_person_says_why(tmp_path: Path) -> None:
    cases = _case(tmp_path)
    first = _run(tmp_path, lambda _: Reply({"p": 0.5}))
    assert (first.state, "no answer is approved yet" in first.sentence) == (_ERROR, True)
    with pytest.raises(BadConfig):
        accept(cases, "one", Acceptance(" ", "maria"))
    with pytest.raises(BadConfig):
        accept(cases, "../one", Acceptance("new model", "maria"))
    with pytest.raises(Conflict, match="another image"):
        accept(cases, "one", Acceptance("new model", "maria", frozenset({"sha256:other"})))
    at = datetime(2026, 11, 24, 12, tzinfo=UTC)
    accepted = accept(cases, "one", Acceptance("first model", "maria", frozenset({CONFIG_DIGEST}), at))
    assert accepted.previous == ""
    assert _run(tmp_path, lambda _: Reply({"p": 0.5})).state is _PASSED

    assert _run(tmp_path, lambda _: Reply({"p": 0.8})).state is _FAILED
    again = accept(cases, "one", Acceptance("retrained", "jo", at=at))
    note = json.loads((cases / "one.approved-by.json").read_text())
    assert again.previous == accepted.sha256 == note.pop("previous_sha256")
    assert note.pop("tool").startswith("mlcd-tui ")
    assert note.pop("to_image")["config"] == note.pop("from_image")["config"] == CONFIG_DIGEST
    assert note == {
        "approved_by": "jo",
        "at": "2026-11-24T12:00:00+00:00",
        "reason": "retrained",
        "sha256": again.sha256,
    }
    assert _run(tmp_path, lambda _: Reply({"p": 0.8})).state is _PASSED


def test_what_was_changed_by_hand_is_not_accepted(tmp_path: Path) -> None:
    cases = _case(tmp_path, approved={"p": 0.5})
    with pytest.raises(Missing):
        accept(cases, "one", Acceptance("retrained", "jo"))
    _run(tmp_path, lambda _: Reply({"p": 0.8}))
    (cases / "one.received.json").write_text('{"p": 0.9}')
    with pytest.raises(Conflict, match="changed since"):
        accept(cases, "one", Acceptance("retrained", "jo"))
    assert json.loads((cases / "one.approved.json").read_text()) == {"p": 0.5}


def test_what_decides_is_part_of_the_plan_and_what_was_received_is_not(tmp_path: Path) -> None:
    cases = _case(tmp_path, approved={"p": 0.5})
    _run(tmp_path, lambda _: Reply({"p": 0.8}))
    found = {path.name for pattern in CHECK.files(_spec()) for path in tmp_path.glob(pattern)}
    assert found == {"one.request.json", "one.approved.json"}
    assert (cases / "one.received.json").exists()


def test_what_waits_is_listed_and_accepted_by_its_name(tmp_path: Path) -> None:
    _case(tmp_path, "one", approved={"p": 0.5})
    _case(tmp_path, "two", approved={"p": 0.8})
    assert waiting(_spec(), tmp_path) == ()
    _run(tmp_path, lambda _: Reply({"p": 0.8}))
    assert waiting(_spec(), tmp_path) == ("one",)
    accept_named(_spec(), tmp_path, "one", Acceptance("retrained", "jo"))
    assert waiting(_spec(), tmp_path) == ()
    assert _run(tmp_path, lambda _: Reply({"p": 0.8})).state is _PASSED


def test_text_of_a_model_that_words_it_a_little_otherwise_each_time_is_compared_by_its_rule(tmp_path: Path) -> None:
    cases = _case(tmp_path)
    (cases / "one.approved.txt").write_text("the customer is likely to leave")
    words = iter(
        ["the customer is likely to leave", "the customer is likely to leave!", "a customer is likely to leave"]
    )
    rule = {"text": {"mode": "similarity", "minimum": 0.8}}
    result = _run(tmp_path, lambda _: Reply(raw=next(words).encode(), content_type="text/plain"), compare=rule)
    assert (result.state, result.sentence) == (_PASSED, "1 of 1 case as approved")
