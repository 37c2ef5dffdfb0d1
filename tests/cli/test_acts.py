"""The acts of `rollouts`, through to the cluster and the audit log."""

from __future__ import annotations

import asyncio
import re
import time
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mlcd_tui.cli.acting import _wait
from mlcd_tui.domain.fleet import Freshness, Link
from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Outcome, Result
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.domain.text import clean
from tests.cli.conftest import Cli, Terminal

FRAUD = "payments/fraud-scorer"
CHURN = "payments/churn"


def _step(cli: Cli, name: str = "fraud-scorer", namespace: str = "payments") -> int:
    return int(cli.object(name, namespace)["status"].get("currentStepIndex", -1))


def test_dry_run_prints_the_whole_plan_and_sends_nothing(seen: Cli) -> None:
    before = seen.object("fraud-scorer", "payments")["metadata"]["generation"]
    result = seen("rollouts", "promote", FRAUD, "--dry-run")
    assert result.exit_code == 0
    assert "60 % instead of 20 %" in result.stdout
    assert "Way back:" in result.stdout
    assert "PATCH /apis/argoproj.io/v1alpha1/namespaces/payments/rollouts/fraud-scorer/status" in result.stdout
    document = seen.json("rollouts", "promote", FRAUD, "--dry-run")
    assert document["kind"] == "Plan"
    assert document["requests"][0]["body"]["status"] == {"pauseConditions": None}
    assert document["evidence"]
    assert _step(seen) == 2
    assert seen.object("fraud-scorer", "payments")["metadata"]["generation"] == before
    assert not seen.log.exists()


def test_without_yes_and_without_a_terminal_nothing_is_sent(seen: Cli) -> None:
    result = seen("rollouts", "promote", FRAUD, "--reason", "looked fine")
    assert result.exit_code == 3
    assert "add --yes" in result.stderr
    assert _step(seen) == 2
    assert seen.stages == ["refused"]


def test_promote_goes_one_step_and_is_recorded(acted: Cli) -> None:
    result = acted("rollouts", "promote", FRAUD, "--yes", "--reason", "looked fine", "--timeout", "20s")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-2].startswith("done: ")
    assert result.stdout.splitlines()[-1].startswith("Way back: ")
    assert _step(acted) > 2
    entries = acted.json("audit", "list")["items"]
    assert [entry["stage"] for entry in entries] == ["done", "intended"]
    assert {entry["reason"] for entry in entries} == {"looked fine"}
    assert {entry["rollout"] for entry in entries} == {FRAUD}
    assert acted.cluster.server.token not in acted.log.read_text("utf-8")


def test_outcome_in_json_carries_the_audit_id(acted: Cli) -> None:
    outcome = acted.json("rollouts", "pause", "payments/ltv", "--yes")
    assert (outcome["kind"], outcome["verb"], outcome["result"]) == ("Outcome", "pause", "done")
    assert outcome["auditId"] == acted.json("audit", "list")["items"][0]["id"]
    assert acted.object("ltv", "payments")["spec"]["paused"] is True
    assert acted.json("rollouts", "resume", "payments/ltv", "--yes")["result"] == "done"


ACTS = [
    ("promote", "payments/churn"),
    ("promote", "recs/two-tower"),
    ("promote", FRAUD, "--full"),
    ("skip-step", FRAUD),
    ("abort", FRAUD),
    ("retry", "ads/ctr-wide"),
    ("restart", "payments/ltv"),
    ("undo", FRAUD),
    ("undo", FRAUD, "--to-revision", "1"),
    ("set-image", "payments/ltv", "*=registry.acme.example/ml/ltv:v13"),
    ("resume", "nlp/tokenizer"),
    ("pause", "ads/ctr"),
    ("restart", "ads/ctr"),
]


@pytest.mark.parametrize("act", ACTS, ids=" ".join)
def test_each_act_can_be_planned_and_done(acted: Cli, act: tuple[str, ...]) -> None:
    plan = acted.json("rollouts", *act, "--dry-run")
    assert plan["kind"] == "Plan"
    assert plan["requests"]
    assert plan["wayBack"]
    outcome = acted.json("rollouts", *act, "--yes", "--timeout", "20s", "--reason", "tried out")
    assert outcome["result"] == "done", outcome


def test_set_image_then_undo_comes_back(acted: Cli) -> None:
    def image() -> str:
        spec = acted.object("ltv", "payments")["spec"]["template"]["spec"]
        return str(spec["containers"][0]["image"])

    before = image()
    acted.json("rollouts", "set-image", "payments/ltv", "*=registry.acme.example/ml/ltv:v13", "--yes")
    assert image().endswith(":v13")
    acted.json("rollouts", "undo", "payments/ltv", "--yes")
    assert image() == before


@pytest.mark.parametrize(
    "act",
    [
        ("resume", "payments/ltv"),
        ("retry", FRAUD),
        ("abort", "payments/ltv"),
        ("set-weight", FRAUD, "50"),
        ("undo", FRAUD, "--to-revision", "99"),
        ("set-image", FRAUD, "nobody=registry.example/a:1"),
        ("terminate-analysis", FRAUD, "nobody"),
        ("retry-experiment", FRAUD, "nobody"),
        ("skip-step", "ads/ctr"),
        ("switch", "ads/ctr"),
    ],
    ids=" ".join,
)
def test_what_is_not_possible_says_why_and_is_recorded(seen: Cli, act: tuple[str, ...]) -> None:
    result = seen("rollouts", *act, "--yes")
    assert result.exit_code == 3, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("Not possible: ")
    refusal = seen.json("rollouts", *act, "--dry-run", code=3)
    assert refusal["kind"] == "Refusal"
    assert refusal["sentence"] in result.stderr
    assert seen.stages == ["refused"]


def test_readonly_by_flag_and_by_settings(seen: Cli) -> None:
    result = seen("rollouts", "promote", FRAUD, "--yes", "--readonly")
    assert result.exit_code == 3
    assert "read-only mode" in result.stderr
    seen.settings("[contexts.demo]\nreadonly = true\n")
    assert seen("rollouts", "abort", FRAUD, "--yes").exit_code == 3
    assert _step(seen) == 2
    assert seen.stages == ["refused", "refused"]


def test_production_asks_for_the_name_but_not_on_the_way_back(acted: Cli) -> None:
    acted.settings("[contexts.demo]\nproduction = true\n")
    result = acted("rollouts", "promote", FRAUD, "--yes")
    assert result.exit_code == 3
    assert "--confirm-name fraud-scorer" in result.stderr
    assert acted("rollouts", "promote", FRAUD, "--yes", "--confirm-name", "churn").exit_code == 3
    assert _step(acted) == 2
    assert acted.json("rollouts", "promote", FRAUD, "--dry-run")["needsTypedName"] == "fraud-scorer"
    assert acted("rollouts", "promote", FRAUD, "--yes", "--confirm-name", "fraud-scorer").exit_code == 0
    assert acted("rollouts", "abort", FRAUD, "--yes").exit_code == 0


def test_a_breaking_schema_asks_why_but_not_on_the_way_back(acted: Cli, terminal: Terminal) -> None:
    assert acted.json("rollouts", "switch", CHURN, "--dry-run")["needsReason"] is True
    result = acted("rollouts", "switch", CHURN, "--yes")
    assert result.exit_code == 3
    assert "add --reason" in result.stderr
    assert "a reason is required: the schema breaks callers" in result.output
    assert acted.stages == ["refused"]
    terminal()
    asked = acted("rollouts", "switch", CHURN, "--yes", typed="callers were told\n")
    assert asked.exit_code == 0, asked.output
    assert acted.json("audit", "list")["items"][0]["reason"] == "callers were told"
    assert acted("rollouts", "switch-back", CHURN, "--yes").exit_code == 0


def test_each_check_is_told_with_its_digest_and_its_age(seen: Cli) -> None:
    told = seen("rollouts", "switch", CHURN, "--dry-run").stdout.splitlines()
    checks = [line for line in told if " check " in line]
    assert len(checks) == 5
    for line in checks:
        assert re.search(r"on sha256:[0-9a-f]{12}….* · \d+ (s|m|h|d)", line), line
    (live,) = [line for line in told if " restarts: " in line]
    assert " · " not in live, "what is seen now has no age"


def test_at_a_terminal_it_asks(acted: Cli, terminal: Terminal) -> None:
    terminal()
    asked = acted("rollouts", "promote", FRAUD, typed="n\n")
    assert asked.exit_code == 3
    assert "Do it?" in asked.stderr
    assert acted("rollouts", "promote", FRAUD, typed="").exit_code == 3, "the end of the input is a no"
    assert _step(acted) == 2
    assert acted.stages == ["refused", "refused"]
    assert acted("rollouts", "promote", FRAUD, typed="y\n").exit_code == 0
    assert _step(acted) > 2


def test_at_a_terminal_production_asks_for_the_name(acted: Cli, terminal: Terminal) -> None:
    terminal()
    acted.settings("[contexts.demo]\nproduction = true\n")
    wrong = acted("rollouts", "promote", FRAUD, typed="y\nfraud\n")
    assert wrong.exit_code == 3
    assert "type fraud-scorer" in wrong.stderr
    assert _step(acted) == 2
    assert acted("rollouts", "promote", FRAUD, typed="y\nfraud-scorer\n").exit_code == 0


def test_wait_ends_when_it_is_healthy(acted: Cli) -> None:
    result = acted("rollouts", "promote", CHURN, "--yes", "--reason", "told", "--wait", "--timeout", "60s")
    assert result.exit_code == 0, result.output
    assert acted.json("rollouts", "get", "payments/churn")["phase"] == "Healthy"


def test_wait_says_when_time_is_over(acted: Cli) -> None:
    # the new version never comes up: nothing serves its image
    result = acted("rollouts", "restart", "nlp/toxicity", "--yes", "--wait", "--timeout", "1s")
    assert result.exit_code in {1, 3}, result.output


def test_act_that_cannot_be_recorded_is_not_done(seen: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("MLCD_STATE_DIR", str(blocked / "below"))
    result = seen("rollouts", "promote", FRAUD, "--yes")
    assert result.exit_code == 3, result.output
    assert _step(seen) == 2


def test_tampered_log_is_found_out(acted: Cli) -> None:
    acted("rollouts", "pause", "payments/ltv", "--yes", "--reason", "first")
    acted("rollouts", "resume", "payments/ltv", "--yes")
    assert acted("audit", "verify").exit_code == 0
    assert acted.json("audit", "verify") | {"head": ""} == {
        "apiVersion": "mlcd.dev/v1",
        "kind": "AuditVerification",
        "ok": True,
        "count": 4,
        "firstBadLine": None,
        "sentence": acted("audit", "verify").stdout.splitlines()[0],
        "torn": [],
        "head": "",
        "unfinished": 0,
    }
    listed = acted("audit", "list").stdout.splitlines()
    assert listed[0].split()[:2] == ["AT", "USER"]
    assert len(listed) == 5
    assert len(acted("audit", "list", "--limit", "1").stdout.splitlines()) == 2
    assert acted("audit", "export", "--format", "csv").stdout.count(",ltv,") == 4
    assert "first" in acted("audit", "export", "--format", "markdown").stdout
    assert '"first"' in acted("audit", "export").stdout
    acted.log.write_text(acted.log.read_text("utf-8").replace("first", "other"), "utf-8")
    broken = acted("audit", "verify")
    assert broken.exit_code == 1
    assert "1" in broken.stdout
    assert acted.json("audit", "verify", code=1)["firstBadLine"] == 1


def test_a_head_kept_elsewhere_finds_out_what_was_cut_off(acted: Cli) -> None:
    acted("rollouts", "pause", "payments/ltv", "--yes")
    head = acted("audit", "verify").stdout.splitlines()[1].removeprefix("Head: ")
    acted("rollouts", "resume", "payments/ltv", "--yes")
    assert acted("audit", "verify", "--head", head.upper()).exit_code == 0
    acted.log.write_text("".join(acted.log.read_text("utf-8").splitlines(keepends=True)[:1]), "utf-8")
    assert acted("audit", "verify").exit_code == 0
    cut = acted("audit", "verify", "--head", head)
    assert cut.exit_code == 1
    assert f"no line has the hash {head}" in cut.stdout
    assert acted("audit", "verify", "--head", "abc").exit_code == 2


def test_an_act_without_an_ending_is_owned_up_to(acted: Cli) -> None:
    acted("rollouts", "pause", "payments/ltv", "--yes")
    assert "no ending" not in acted("audit", "list").stdout
    acted.log.write_text("".join(acted.log.read_text("utf-8").splitlines(keepends=True)[:1]), "utf-8")
    assert "(no ending recorded: outcome unknown)" in acted("audit", "list").stdout
    assert acted.json("audit", "list")["items"][0]["unfinished"] is True
    verified = acted("audit", "verify")
    assert (verified.exit_code, "1 act has no ending recorded" in verified.stdout) == (0, True)


def test_after_tampering_an_act_says_so(acted: Cli) -> None:
    acted("rollouts", "pause", "payments/ltv", "--yes")
    lines = acted.log.read_text("utf-8").splitlines(keepends=True)
    acted.log.write_text("".join(lines[:-1]) + lines[-1].replace("ltv", "xxx"), "utf-8")
    result = acted("rollouts", "resume", "payments/ltv", "--yes")
    assert (result.exit_code, "chain is broken: mlcd-tui audit verify" in result.stdout) == (0, True)


def test_two_sentences_of_a_refusal_do_not_run_together(seen: Cli) -> None:
    shown = seen("rollouts", "undo", FRAUD, "--to-revision", "99", "--yes").stderr
    assert "99. Revisions" in shown or ". " in shown.partition("99")[2][:3], shown


def test_empty_log(seen: Cli) -> None:
    assert seen("audit", "list").exit_code == 0
    assert seen("audit", "verify").exit_code == 0
    assert seen.json("audit", "list")["items"] == []


def test_one_time_limit_holds_for_the_effect_and_the_wait_together(acted: Cli) -> None:
    began = time.monotonic()
    result = acted("rollouts", "restart", "ads/ctr", "--yes", "--timeout", "900ms", "--wait")
    assert time.monotonic() - began < 3
    assert result.exit_code in {0, 1}


async def test_a_wait_ends_when_the_rollout_is_deleted() -> None:
    class Session:
        def open(self, ref: RolloutRef, listener: Any) -> Any:
            async def close() -> None:
                closed.append(ref)

            listener(None, Freshness(Link.LIVE))
            return close

    closed: list[RolloutRef] = []
    ref = RolloutRef("argo", "a", "b")
    outcome = Outcome(Intent(Verb.PROMOTE, ref), Result.DONE, clean("done"), 0.1, datetime.now(UTC))
    wired: Any = SimpleNamespace(session=Session())
    assert await asyncio.wait_for(_wait(wired, outcome, None, None), 2) == 1
    assert closed == [ref]
