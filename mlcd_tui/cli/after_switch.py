"""`--watch-after`: what an act did to the answers, judged from the metrics, and the way back that is told or gone."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from mlcd_tui.cli.duration import DURATION
from mlcd_tui.cli.options import Globals
from mlcd_tui.cli.wiring import Wired
from mlcd_tui.domain.document import outcome_document
from mlcd_tui.domain.intent import Intent
from mlcd_tui.domain.plan import Outcome, Result
from mlcd_tui.domain.post_switch import SwitchWatch, WatchState, newcomer, together, way_back
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.domain.traffic import Judgement, Significance, TrafficRole
from mlcd_tui.domain.traffic_document import verdict_document

WORSE = 5
"""Exit code: the new version answers worse since the act."""
_SHORTEST, _LONGEST = 60, 86_400


@dataclass(frozen=True, slots=True)
class After:
    """What is asked for the time after an act."""

    seconds: float = 0.0
    """How long the answers are watched; 0: not at all."""
    go_back: bool = False
    """Take the way back where they are worse."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What the watch said in the end."""

    judgement: Judgement
    sentence: Clean
    verdicts: tuple[Significance, ...] = ()
    back: Intent | None = None
    """The way back that is open; None: there is no reason for one, or none is open."""
    gone: Outcome | None = None
    """What became of the way back; None: it was not taken."""


def after_options(function: Any) -> Any:
    """Adds the options of acts that bring traffic to a version."""
    for option in (
        click.option(
            "--roll-back-if-worse", is_flag=True, help="With --watch-after: take the way back, recorded as an act."
        ),
        click.option(
            "--watch-after",
            type=DURATION,
            default=None,
            help="Then judge the answers for so long, from the metrics, such as 10m. "
            "Exit 5: worse, with the command of the way back; 1: not enough data.",
        ),
    ):
        function = option(function)
    return function


def asked(options: dict[str, Any]) -> After:
    """The options' word; they are taken out of `options`."""
    seconds, go_back = options.pop("watch_after", None), options.pop("roll_back_if_worse", False)
    if seconds is None:
        if go_back:
            raise click.UsageError("--roll-back-if-worse goes by what --watch-after DURATION finds: add it.")
        return After()
    if not _SHORTEST <= seconds <= _LONGEST:
        raise click.BadParameter("answers are watched for 60s to 24h", param_hint="--watch-after")
    return After(seconds, go_back)


async def watched(wired: Wired, outcome: Outcome, after: After, *, told: Callable[[str], None]) -> Judged:
    """Watch until it is worse or the time is over; then go back, where that was asked for."""
    ref = outcome.intent.ref
    try:
        judged = await _judged(wired, ref, told)
    except asyncio.CancelledError:
        told("the watch was ended; what was done stays as it is")
        raise
    if judged.judgement is not Judgement.WORSE or judged.back is None or not after.go_back:
        return judged
    told(f"{judged.sentence}; going back")
    gone = await _go_back(wired, judged.back, judged.sentence, told)
    return Judged(judged.judgement, judged.sentence, judged.verdicts, judged.back, gone)


async def _judged(wired: Wired, ref: RolloutRef, told: Callable[[str], None]) -> Judged:
    """What the answers since the act say; of a version with a share only, beside those of what serves."""
    traffic = wired.session.traffic
    said: list[str] = []

    def hear(watch: SwitchWatch) -> None:
        line = watch.problem or _all(watch.verdicts)
        if line and said[-1:] != [line]:
            said.append(line)
            told(line)

    watch = await traffic.follow(ref, hear)
    if watch is None:
        return Judged(Judgement.NOT_ENOUGH, clean("which version served before could not be told: nothing was judged"))
    if watch.offer is not None:
        return Judged(watch.judgement, watch.offer.sentence, watch.verdicts, watch.offer.intent)
    if watch.state is WatchState.BACK:
        return Judged(Judgement.NOT_ENOUGH, clean("what served before serves again: nothing is left to judge"))
    if watch.state is WatchState.WAITING:
        return await _beside(wired, ref, watch)
    if not watch.verdicts:
        told_why = watch.problem or "there are no numbers of both versions"
        return Judged(watch.judgement, clean(f"nothing was judged: {told_why}"))
    return Judged(watch.judgement, _all(watch.verdicts), watch.verdicts)


async def _beside(wired: Wired, ref: RolloutRef, watch: SwitchWatch) -> Judged:
    """What served before still serves: a new version that has a share is judged beside it."""
    detail = await wired.session.detail(ref)
    new = newcomer(detail.targets)
    if new is None or new.role is not TrafficRole.CANDIDATE:
        told_why = watch.problem or "what served before still serves"
        return Judged(Judgement.NOT_ENOUGH, clean(f"nothing was judged: {told_why}"))
    reading = await wired.session.traffic.look(ref)
    verdicts = reading.verdicts
    if reading.problem or not verdicts:
        told_why = reading.problem or "there are no numbers of both versions"
        return Judged(Judgement.NOT_ENOUGH, clean(f"nothing was judged: {told_why}"))
    judgement = together(verdicts)
    back = way_back(ref, detail.rollout.abilities) if judgement is Judgement.WORSE else None
    return Judged(judgement, _all(verdicts), verdicts, back)


def _all(verdicts: tuple[Significance, ...]) -> Clean:
    told = []
    for one in verdicts:
        caution = f" ({one.caution})" if one.caution else ""
        told.append(f"{one.what}: {one.judgement.value}{caution}, {one.sentence}")
    return clean("; ".join(told))


async def _go_back(wired: Wired, intent: Intent, why: str, told: Callable[[str], None]) -> Outcome:
    """The way back through plan, rights and audit, as if somebody had asked for it."""
    proposal = await wired.session.propose(intent)
    reason = f"--roll-back-if-worse: {why}"
    return await wired.session.confirm(proposal, reason=reason, patience=wired.settings.patience, progress=told)


def exit_code(judged: Judged, acted: int) -> int:
    """5: worse, and gone back where that was asked; 1: not judged, or the way back failed; else the act's own."""
    if judged.judgement is Judgement.NOT_WORSE:
        return acted
    failed = judged.gone is not None and judged.gone.result is not Result.DONE
    return WORSE if judged.judgement is Judgement.WORSE and not failed else acted or 1


def command_of(intent: Intent, globals_: Globals) -> str:
    """The way back as one would type it, in the same cluster."""
    ref = intent.ref
    words = ["mlcd-tui", "rollouts", intent.verb.value, str(ref), "--engine", ref.engine]
    for name in ("kubeconfig", "context", "config"):
        if value := getattr(globals_, name):
            words += [f"--{name}", value]
    return shlex.join((*words, *(["--demo"] if globals_.demo else []), "--yes"))


def lines(judged: Judged, globals_: Globals) -> list[str]:
    """The end of the watch as text."""
    found = [f"{judged.judgement.value}: {judged.sentence}"]
    if judged.gone is not None:
        found.append(f"{judged.gone.result.value}: {judged.gone.sentence} ({judged.gone.seconds:.1f} s)")
    elif judged.back is not None:
        found.append(f"Way back: {command_of(judged.back, globals_)}")
    return found


def document(judged: Judged, globals_: Globals) -> dict[str, Any]:
    """The end of the watch as a part of the outcome's document."""
    return {
        "judgement": judged.judgement.value,
        "sentence": judged.sentence,
        "verdicts": [verdict_document(verdict) for verdict in judged.verdicts],
        "wayBack": command_of(judged.back, globals_) if judged.back is not None else None,
        "rolledBack": outcome_document(judged.gone) if judged.gone is not None else None,
    }
