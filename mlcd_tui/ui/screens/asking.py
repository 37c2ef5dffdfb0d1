"""Asks for what an intent lacks: images, a weight, a revision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

from textual.app import App

from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.ports import Session
from mlcd_tui.domain.rollout import Rollout
from mlcd_tui.ui.screens.image_prompt import ImagePrompt
from mlcd_tui.ui.screens.prompt import PromptScreen
from mlcd_tui.ui.screens.revision_prompt import RevisionPrompt

Then: TypeAlias = Callable[[Intent], None]


def complete(app: App[Any], session: Session, intent: Intent, rollout: Rollout, then: Then) -> None:
    """Call `then` with the complete intent; ask first where something is missing. Giving up calls nothing."""
    match intent.verb:
        case Verb.SET_IMAGE if not intent.images:
            app.push_screen(
                ImagePrompt(rollout), lambda images: None if not images else then(replace(intent, images=images))
            )
        case Verb.SET_WEIGHT if intent.weight is None:
            _ask_weight(app, intent, rollout, then)
        case Verb.UNDO if intent.revision is None:
            app.push_screen(
                RevisionPrompt(session, rollout),
                lambda number: None if number is None else then(replace(intent, revision=number)),
            )
        case _:
            then(intent)


def _ask_weight(app: App[Any], intent: Intent, rollout: Rollout, then: Then) -> None:
    present = rollout.weight.set if rollout.weight is not None else None
    question = f"Percent of live traffic for the new version of {rollout.ref}, 0 to 100."
    initial = "" if present is None else str(present)

    def take(answer: str | None) -> None:
        if answer is not None:
            then(replace(intent, weight=int(answer.strip().removesuffix("%").strip())))

    app.push_screen(PromptScreen("Set weight", question, initial=initial, check=weight_complaint), take)


def weight_complaint(text: str) -> str:
    """What is wrong with a typed weight; empty when nothing is."""
    number = text.strip().removesuffix("%").strip()
    if not number.isascii() or not number.isdigit():
        return "Type a whole number from 0 to 100."
    return "" if int(number) <= 100 else "At most 100."
