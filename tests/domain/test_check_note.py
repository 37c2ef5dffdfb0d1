"""The fleet's word on checks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mlcd_tui.domain.check_note import CheckNote, CheckWord, check_note
from mlcd_tui.domain.check_ports import ImageChecks
from mlcd_tui.domain.check_standing import Awaited, InForce, standings
from mlcd_tui.domain.checks import CheckResult, CheckRun, CheckState, Evidence, ImageIdentity, SignatureState
from mlcd_tui.domain.text import Clean, clean

NOW = datetime(2026, 1, 2, tzinfo=UTC)
RUNS, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64
FIVE = ("lint", "tests", "typecheck", "endpoint_schema", "snapshot")


def note(
    *states: CheckState,
    digest: str = RUNS,
    required: bool = True,
    plan: InForce | None = None,
    signature: SignatureState = SignatureState.UNSIGNED,
    problem: str = "",
) -> CheckNote:
    results = tuple(
        CheckResult(clean(name), name, state, clean("12 findings"), required)
        for name, state in zip(FIVE, states, strict=False)
    )
    run = CheckRun("r", ImageIdentity(clean("i"), "", digest), "", results, NOW - timedelta(hours=1))
    known = (Evidence(run, signature, found_in=clean("ConfigMap x")),) if results else ()
    stood = standings(known, frozenset({RUNS}), NOW, plan)
    shown = tuple(each.result for each in stood)
    image = ImageChecks(clean("i"), RUNS, None, shown, clean(problem), stood, known)
    return check_note(image)


P, F, W, S = CheckState.PASSED, CheckState.FAILED, CheckState.WARNED, CheckState.SKIPPED


def test_all_that_is_required_is_met() -> None:
    assert note(P, P, W, P, P) == CheckNote(CheckWord.PASSED, 5, 5)


def test_what_failed_is_named_before_what_nobody_ran() -> None:
    plan = InForce(checks=tuple(Awaited(Clean(name), name) for name in (*reversed(FIVE), "image")))
    found = note(F, P, P, P, CheckState.TIMED_OUT, plan=plan)
    assert (found.word, found.met, found.of) == (CheckWord.FAILED, 3, 6)
    assert found.wrong == ("snapshot", "lint", "image")
    assert found.sentence == "snapshot is timed out: 12 findings (and 2 more)"


def test_evidence_of_another_build_is_stale_and_both_digests_are_told() -> None:
    found = note(P, P, P, P, P, digest=OTHER)
    assert (found.word, found.met) == (CheckWord.STALE, 0)
    assert "bbbbbbbb" in found.sentence
    assert "aaaaaaaa" in found.sentence


def test_what_is_missing_is_neither_a_failure_nor_a_pass() -> None:
    plan = InForce(checks=tuple(Awaited(Clean(name), name) for name in FIVE))
    found = note(P, P, P, plan=plan)
    assert (found.word, found.met, found.of, found.wrong) == (
        CheckWord.MISSING,
        3,
        5,
        ("endpoint_schema", "snapshot"),
    )
    assert note(P, S).word is CheckWord.MISSING


def test_an_image_that_nobody_checked() -> None:
    assert note().word is CheckWord.NONE
    plan = InForce(checks=tuple(Awaited(Clean(name), name) for name in FIVE))
    assert note(plan=plan).word is CheckWord.NONE, "a plan alone is no check"
    assert note(problem="the cluster does not answer").word is CheckWord.UNKNOWN
    assert note(F, F, required=False).word is CheckWord.NONE, "as the approval dialog: nothing is to be met"


def test_without_a_digest_or_a_plan_that_can_be_read_nothing_is_told() -> None:
    assert check_note(ImageChecks(clean("i"), problem=clean("no pod yet"))) == CheckNote(
        CheckWord.UNKNOWN, sentence=clean("no pod yet")
    )
    assert check_note(None).word is CheckWord.UNKNOWN
    unread = ImageChecks(clean("i"), RUNS, plan_unread=True, problem=clean("line 3"))
    assert check_note(unread).word is CheckWord.UNKNOWN


@pytest.mark.parametrize("states", [(P, P), (F, P), ()])
def test_what_was_tampered_with_is_a_failure_whatever_else_there_is(states: tuple[CheckState, ...]) -> None:
    found = note(*states or (P,), signature=SignatureState.BROKEN)
    assert found.word is CheckWord.FAILED
    assert found.wrong[0] == "evidence"
    assert "ConfigMap x" in found.sentence


def test_a_problem_beside_a_pass_is_still_told() -> None:
    found = note(P, problem="the registry does not answer")
    assert found.word is CheckWord.PASSED
    assert found.sentence == "the registry does not answer"
    assert replace(found, sentence=Clean("")) == note(P)
