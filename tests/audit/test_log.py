"""The audit log: nothing is lost, nothing can be changed unseen, nothing foreign gets out."""

from __future__ import annotations

import csv
import fcntl
import hashlib
import io
import json
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlcd_tui.audit.log import AuditLog
from mlcd_tui.audit.record import AuditRecord, Stage, plan_facts
from mlcd_tui.domain.errors import BadConfig
from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Change, Plan, Request
from mlcd_tui.domain.refs import DEPLOYMENTS, RolloutRef
from mlcd_tui.domain.text import Clean

REF = RolloutRef("deployment", "payments", "fraud-scorer")
OTHER = RolloutRef("argo", "payments", "fraud-scorer")
AT = datetime(2026, 3, 1, 3, 4, 5, tzinfo=UTC)


def record(sentence: str = "Pause it.", **more: Any) -> AuditRecord:
    fields: dict[str, Any] = {"at": AT, "stage": Stage.INTENDED, "verb": "pause", "ref": REF, "user": "alice"}
    return AuditRecord(**{**fields, "sentence": sentence, **more})


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    return AuditLog(tmp_path / "deep" / "audit.jsonl")


def test_newest_first_and_only_of_the_rollout_asked_for(log: AuditLog) -> None:
    intended = log.append(record("one", context="prod"))
    log.append(record("two", ref=OTHER, context="prod"))
    log.append(record("three", stage=Stage.DONE, previous=intended, context="lab"))

    assert [e.sentence for e in log.entries()] == ["three", "two", "one"]
    assert [e.sentence for e in log.entries(REF)] == ["three", "one"]
    assert [e.sentence for e in log.entries(REF, context="prod")] == ["one"]
    assert [e.sentence for e in log.entries(limit=1)] == ["three"]
    newest = log.entries()[0]
    assert (newest.rollout, newest.user, newest.stage, newest.at) == ("payments/fraud-scorer", "alice", "done", AT)
    lines = [json.loads(line) for line in log.path.read_text().splitlines()]
    assert lines[2]["previous"] == intended == lines[0]["id"]
    assert all(line["osUser"] and line["host"] for line in lines)


def test_file_is_for_its_owner_only_even_when_it_was_open_to_others(log: AuditLog) -> None:
    log.append(record())
    assert stat.S_IMODE(log.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(log.path.parent.stat().st_mode) == 0o700
    log.path.chmod(0o644)
    log.append(record())
    assert stat.S_IMODE(log.path.stat().st_mode) == 0o600


def test_chain_can_be_checked_with_sha256sum_alone(log: AuditLog) -> None:
    for number in range(3):
        log.append(record(f"{number}"))
    lines = log.path.read_bytes().splitlines()
    before = "0" * 64
    for line in lines:
        assert json.loads(line)["prev"] == before
        before = hashlib.sha256(line).hexdigest()
    assert log.verify().head == before


@pytest.mark.parametrize(
    ("harm", "bad"),
    [
        (lambda lines: [lines[0], lines[1].replace(b"alice", b"mallo"), *lines[2:]], 2),
        (lambda lines: [lines[0], *lines[2:]], 2),
        (lambda lines: lines[1:], 1),
        (lambda lines: [lines[1], lines[0], *lines[2:]], 1),
        (lambda lines: [*lines, lines[-1]], 5),
        (lambda lines: [*lines[:2], b"\n", *lines[2:]], 3),
        (lambda lines: [*lines[:3], lines[3][:40] + b"\n"], 4),
    ],
    ids=["changed", "removed", "beheaded", "swapped", "doubled", "blank", "last cut but ended"],
)
def test_any_harm_is_found_at_its_line(log: AuditLog, harm: Any, bad: int) -> None:
    for number in range(4):
        log.append(record(f"{number}"))
    assert log.verify().ok
    log.path.write_bytes(b"".join(harm(log.path.read_bytes().splitlines(keepends=True))))
    found = log.verify()
    assert (found.ok, found.first_bad_line, found.count) == (False, bad, bad - 1)
    assert f"line {bad}" in found.sentence


def test_harm_is_not_forgiven_by_later_entries(log: AuditLog) -> None:
    log.append(record("one"))
    log.path.write_bytes(log.path.read_bytes().replace(b"alice", b"mallo"))
    log.append(record("two"))
    assert log.verify().first_bad_line == 1


@pytest.mark.parametrize("cut", [1, 30, 200])
def test_torn_last_line_is_kept_and_owned_up_to(log: AuditLog, cut: int) -> None:
    log.append(record("one"))
    log.append(record("two"))
    whole = log.path.read_bytes()
    log.path.write_bytes(whole[:-cut])

    assert log.verify().ok
    assert [e.sentence for e in log.entries()] == (["two", "one"] if cut == 1 else ["one"])
    log.append(record("three"))

    after = log.verify()
    assert after.ok, after.sentence
    assert log.path.read_bytes().startswith(whole[:-cut])
    if cut == 1:  # only the line feed was missing: nothing is lost, nothing to say
        assert (after.torn, after.count) == ((), 3)
    else:
        assert after.torn == (2,)
        assert "Line 2 was cut off" in after.sentence
        assert "cut off" in log.entries()[1].sentence


def test_processes_append_side_by_side(log: AuditLog) -> None:
    code = (
        "import sys; from pathlib import Path; from datetime import datetime, UTC\n"
        "from mlcd_tui.audit.log import AuditLog; from mlcd_tui.audit.record import AuditRecord, Stage\n"
        "log = AuditLog(Path(sys.argv[1]))\n"
        "for n in range(20): log.append(AuditRecord(at=datetime.now(UTC), stage=Stage.DONE, sentence=f'{n}'*500))\n"
    )
    children = [subprocess.Popen([sys.executable, "-c", code, str(log.path)]) for _ in range(4)]
    assert [child.wait(30) for child in children] == [0, 0, 0, 0]
    assert (log.verify().ok, log.verify().count) == (True, 80)


def test_what_cannot_be_recorded_raises(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "audit.jsonl", tmp_path, Path("/dev/full")):
        with pytest.raises(BadConfig, match=r"cannot be written: .*; nothing was changed"):
            AuditLog(path).append(record())
    with pytest.raises(BadConfig, match="as JSON"):
        AuditLog(tmp_path / "a.jsonl").append(record(plan={"body": float("nan")}))


def test_a_lock_that_is_never_given_back_is_told(log: AuditLog, monkeypatch: pytest.MonkeyPatch) -> None:
    log.append(record())
    monkeypatch.setattr("mlcd_tui.audit.log._LOCK_PATIENCE", 0.05)
    with log.path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(BadConfig, match="another process has held its lock"):
            log.append(record())
    assert log.verify().count == 1


def test_unreadable_log_is_a_sentence_and_a_missing_one_is_empty(tmp_path: Path) -> None:
    assert AuditLog(tmp_path / "none.jsonl").entries() == ()
    assert AuditLog(tmp_path / "none.jsonl").verify().sentence.endswith("nothing has been recorded yet.")
    with pytest.raises(BadConfig, match="cannot be read"):
        AuditLog(tmp_path).entries()


def test_plan_is_recorded_as_it_is_sent(log: AuditLog) -> None:
    body = {"metadata": {"resourceVersion": "42"}, "spec": {"paused": True}}
    plan = Plan(
        intent=Intent(Verb.PAUSE, REF),
        title=Clean("Pause"),
        sentence=Clean("Stop it."),
        way_back=Clean("Resume."),
        changes=(Change(Clean("paused"), Clean("no"), Clean("yes")),),
        requests=(Request(DEPLOYMENTS, "payments", "fraud-scorer", body),),
        seen=(("revision", Clean("7")),),
    )
    log.append(record(plan=plan_facts(plan)))
    kept = json.loads(log.export("json"))["items"][0]["plan"]
    assert kept["requests"] == [
        {
            "method": "PATCH",
            "path": "/apis/apps/v1/namespaces/payments/deployments/fraud-scorer",
            "contentType": "application/merge-patch+json",
            "body": body,
        }
    ]
    assert kept["seen"] == {"revision": "7"}


HOSTILE = "\x1b]0;owned\x07 \x9b31m [red]|`<b> \u202e \ud800 \n=1+1"


def test_foreign_text_is_harmless_in_every_form(log: AuditLog) -> None:
    log.append(record(HOSTILE, reason="=cmd()", user=HOSTILE, context=HOSTILE))
    assert log.path.read_bytes().isascii()
    assert b"\x1b" not in log.path.read_bytes()
    entry = log.entries()[0]
    for text in (entry.sentence, entry.user, entry.context):
        assert text.isprintable()
    for form in ("json", "markdown", "csv"):
        assert log.export(form).replace("\n", "").isprintable()
    rows = list(csv.DictReader(io.StringIO(log.export("csv"))))
    assert rows[0]["Reason"] == "'=cmd()"
    assert r"\|\`\<b\>" in log.export("markdown")
    assert json.loads(log.export("json"))["items"][0]["sentence"] == HOSTILE
    with pytest.raises(BadConfig, match="json, markdown, csv"):
        log.export("pdf")


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(sizes=st.lists(st.integers(0, 150_000), min_size=1, max_size=6))
def test_tail_is_read_right_whatever_the_lines_are_long(tmp_path: Path, sizes: list[int]) -> None:
    log = AuditLog(tmp_path / f"{os.urandom(8).hex()}.jsonl")
    for size in sizes:
        log.append(record(reason="x" * size))
    assert [len(e.reason) for e in log.entries()] == [min(size, 2_000) for size in reversed(sizes)]
    assert log.verify().count == len(sizes)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.binary(max_size=300))
def test_any_bytes_are_read_and_appended_to_without_raising(tmp_path: Path, data: bytes) -> None:
    log = AuditLog(tmp_path / f"{os.urandom(8).hex()}.jsonl")
    log.path.write_bytes(data)
    log.entries()
    log.verify()
    log.append(record("after"))
    assert log.entries()[0].sentence == "after"
    assert log.path.read_bytes().startswith(data)
