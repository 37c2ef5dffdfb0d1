"""`--watch-after` and `--roll-back-if-worse`: what is asked, said, and given back as exit code."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from mlcd_tui.cli.after_switch import After, Judged, command_of, document, exit_code, lines, watched
from mlcd_tui.cli.options import Globals
from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Outcome, Result
from mlcd_tui.domain.post_switch import SwitchWatch, WatchState, offered
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.domain.significance import Block, Rules, judge
from mlcd_tui.domain.text import clean
from mlcd_tui.domain.traffic import Judgement
from tests.cli.conftest import Cli
from tests.ui.fake_session import can

REF = RolloutRef("gateway", "shop", "model")
NOW = datetime(2026, 11, 24, 18, 40, tzinfo=UTC)
BACK = Intent(Verb.SWITCH_BACK, REF)
COMMAND = "mlcd-tui rollouts switch-back shop/model --engine gateway --context 'my lab' --yes"


def outcome(verb: Verb, result: Result = Result.DONE) -> Outcome:
    return Outcome(Intent(verb, REF), result, clean("so"), 0.1, NOW)


class Session:
    """A session whose switch ends as the test says, and which writes down the ways back."""

    def __init__(self, last: SwitchWatch | None, result: Result = Result.DONE) -> None:
        self.last, self.result = last, result
        self.reasons: list[str] = []
        self.traffic = self

    async def follow(self, _ref: RolloutRef, tell: Callable[[SwitchWatch], None]) -> SwitchWatch | None:
        if self.last is not None:
            tell(self.last)
        return self.last

    async def propose(self, intent: Intent) -> Any:
        return intent

    async def confirm(self, intent: Intent, *, reason: str, **_more: Any) -> Outcome:
        self.reasons.append(reason)
        return outcome(intent.verb, self.result)


def worse() -> SwitchWatch:
    verdict = judge([Block(60, 200, 1, 200)] * 4, Rules("error rate"))
    offer = offered(REF, [verdict], can(Verb.SWITCH_BACK), version="2", switched=NOW, now=NOW)
    return SwitchWatch(REF, WatchState.WORSE, NOW, (verdict,), offer)


async def end(session: Session, *, go_back: bool = False) -> Judged:
    wired: Any = SimpleNamespace(session=session, settings=SimpleNamespace(patience=1.0))
    return await watched(wired, outcome(Verb.SWITCH), After(60, go_back), told=lambda _line: None)


async def test_worse_ends_with_5_and_the_command_of_the_way_back_and_goes_nowhere_by_itself() -> None:
    session = Session(worse())
    judged = await end(session)
    assert session.reasons == []
    assert exit_code(judged, 0) == 5
    first, second = lines(judged, Globals(context="my lab"))
    assert first.startswith("worse: 2 of shop/model answers worse since the switch 1 min ago: error rate 30 % of 800")
    assert second == f"Way back: {COMMAND}"
    told = document(judged, Globals(context="my lab"))
    assert (told["judgement"], told["wayBack"], told["rolledBack"]) == ("worse", COMMAND, None)


@pytest.mark.parametrize(("result", "code"), [(Result.DONE, 5), (Result.SENT, 1), (Result.FAILED, 1)])
async def test_asked_to_it_goes_back_with_the_numbers_as_its_reason(result: Result, code: int) -> None:
    session = Session(worse(), result)
    judged = await end(session, go_back=True)
    (reason,) = session.reasons
    assert reason.startswith("--roll-back-if-worse: 2 of shop/model answers worse since the switch")
    assert exit_code(judged, 0) == code
    assert lines(judged, Globals())[1].startswith(f"{result.value}: ")
    rolled = document(judged, Globals())["rolledBack"]
    assert (rolled["verb"], rolled["result"]) == ("switch-back", result.value)


@pytest.mark.parametrize("state", [WatchState.WATCHED, WatchState.BACK])
async def test_what_could_not_be_judged_is_no_success(state: WatchState) -> None:
    nothing = SwitchWatch(REF, state, NOW, problem=clean("no connection comes about"), ended=True)
    for last in (nothing, None):
        session = Session(last)
        judged = await end(session, go_back=True)
        assert (judged.judgement, session.reasons) == (Judgement.NOT_ENOUGH, [])
        assert (exit_code(judged, 0), exit_code(judged, 3)) == (1, 3)


async def test_not_worse_ends_as_the_act_did() -> None:
    fine = judge([Block(0, 500, 0, 500)] * 4, Rules("error rate"))
    judged = await end(Session(SwitchWatch(REF, WatchState.WATCHED, NOW, (fine,), ended=True)), go_back=True)
    assert (exit_code(judged, 0), exit_code(judged, 1)) == (0, 1)
    (line,) = lines(judged, Globals())
    assert line.startswith("not worse: error rate: not worse, 0 % of 2,000 against")


def test_the_way_back_names_the_same_cluster() -> None:
    globals_ = Globals(kubeconfig="a b.yaml", context="prod; rm", demo=True)
    told = command_of(BACK, globals_)
    assert "--kubeconfig 'a b.yaml' --context 'prod; rm' --demo --yes" in told


@pytest.mark.parametrize(
    ("options", "code", "why"),
    [
        (["--roll-back-if-worse"], 2, "--watch-after DURATION"),
        (["--watch-after", "30s"], 2, "60s to 24h"),
        (["--watch-after", "10m"], 2, "no metrics are configured"),
    ],
)
def test_what_cannot_be_watched_is_refused_before_anything_is_sent(
    seen: Cli, options: list[str], code: int, why: str
) -> None:
    result = seen("rollouts", "promote", "payments/fraud-scorer", "--yes", *options)
    assert result.exit_code == code
    assert why in " ".join(result.stderr.split())
    assert "intended" not in (seen.log.read_text("utf-8") if seen.log.exists() else "")


def test_acts_that_bring_no_traffic_have_nothing_to_watch(seen: Cli) -> None:
    assert "--watch-after" in seen("rollouts", "switch", "--help").stdout
    for command in ("abort", "undo", "pause"):
        assert "--watch-after" not in seen("rollouts", command, "--help").stdout


def test_a_result_that_may_have_changed_something_repeats_the_way_back(acted: Cli) -> None:
    document = acted.json("rollouts", "promote", "payments/fraud-scorer", "--yes", "--timeout", "0s", code=1)
    assert document["result"] == "sent"
    assert document["wayBack"].startswith("Abort ")
