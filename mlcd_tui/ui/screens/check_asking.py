"""Asks for what checks need: an image and a plan, or the reason for an answer that is accepted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.app import App

from mlcd_tui.domain.checks import CheckResult, CheckRun
from mlcd_tui.domain.errors import Problem
from mlcd_tui.ui.screens.base import BaseScreen
from mlcd_tui.ui.screens.form import Asked, FormScreen

USUAL_PLAN = "checks.yaml"
_SHORTEST = 3  # characters of a reason


def _needed(what: str) -> Callable[[str], str]:
    return lambda text: "" if text else f"Name {what}."


def _reasoned(text: str) -> str:
    return "" if len(text) >= _SHORTEST else "Say why it is right, in a few words."


def ask_run(app: App[Any], image: str, plan: str, then: Callable[[str, str], None]) -> None:
    """Ask for image and plan; giving up calls nothing."""
    fields = (
        Asked("Image", image, "name, name@sha256:…, or an image id of the local engine", _needed("an image")),
        Asked("Plan", plan, "path of a checks.yaml", _needed("a plan")),
    )
    question = "The plan's checks run in containers of this image, on the Docker Engine of this machine."
    answered: Callable[[tuple[str, ...] | None], None] = lambda answers: then(*answers) if answers else None  # noqa: E731
    app.push_screen(FormScreen("Run checks", question, fields, at=0 if not image else 1), answered)


def ask_acceptance(screen: BaseScreen, run: CheckRun, plan: str, result: CheckResult, case: str = "") -> None:
    """Ask for the reason, then accept what the check received."""
    what = f"the answer of case {case}" if case else "everything that waits"
    question = (
        f"{what[0].upper()}{what[1:]} in {result.name}, as this image gave it, becomes what is approved. "
        "Evidence of before becomes stale."
    )
    fields = (
        Asked("Reason", "", "stands beside the approved answer, with your name", _reasoned),
        Asked("Plan", plan, "path of the checks.yaml that the run was made by", _needed("the plan")),
    )

    def answered(answers: tuple[str, ...] | None) -> None:
        if answers is not None:
            reason, path = answers
            work = _accept(screen, run, path, result.name, reason, case)
            screen.app.run_worker(work, group="accept", exclusive=False, exit_on_error=False)

    screen.app.push_screen(FormScreen("Accept", question, fields), answered)


async def _accept(screen: BaseScreen, run: CheckRun, plan: str, check: str, reason: str, case: str) -> None:
    try:
        told = await screen.host.session.checks.accept(run, plan, check, reason, case)
    except Problem as problem:
        screen.host.tell(problem)
        return
    first, rest = (told[0] if told else "Nothing waited").rstrip("."), len(told) - 1
    more = f" And {rest} more." if rest > 0 else ""
    screen.notify(f"{first}.{more} Run the checks again.", title="Accepted", markup=False, timeout=10)
