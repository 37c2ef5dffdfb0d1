"""Asks for what an intent lacks: images, a weight, how much is copied, a revision."""

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
        case Verb.MIRROR if intent.mirror is None:
            _ask_mirror(app, intent, rollout, then)
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
    _ask_percent(
        app, "Set weight", question, "" if present is None else str(present), lambda n: then(replace(intent, weight=n))
    )


def _ask_mirror(app: App[Any], intent: Intent, rollout: Rollout, then: Then) -> None:
    now = f"{rollout.mirror} % is copied now" if rollout.mirror else "nothing is copied now"
    question = f"Percent of live traffic to copy to the new version of {rollout.ref}; 0 stops copying ({now})."
    _ask_percent(
        app, "Copy traffic", question, "0" if rollout.mirror else "100", lambda n: then(replace(intent, mirror=n))
    )


def _ask_percent(app: App[Any], title: str, question: str, initial: str, take: Callable[[int], None]) -> None:
    def read(answer: str | None) -> None:
        if answer is not None:
            take(int(answer.strip().removesuffix("%").strip()))

    app.push_screen(PromptScreen(title, question, initial=initial, check=weight_complaint), read)


def weight_complaint(text: str) -> str:
    """What is wrong with a typed weight; empty when nothing is."""
    number = text.strip().removesuffix("%").strip()
    if not number.isascii() or not number.isdigit():
        return "Type a whole number from 0 to 100."
    return "" if int(number) <= 100 else "At most 100."
