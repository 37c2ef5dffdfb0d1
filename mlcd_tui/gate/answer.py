"""What the gate says to Flagger: yes only where the Canary itself carries an approval of this very moment."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from mlcd_tui.domain.errors import Forbidden, Missing, Problem
from mlcd_tui.domain.hook_approval import Hook, approval, checksum, given
from mlcd_tui.domain.refs import JSON
from mlcd_tui.domain.text import clean

_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_CHECKSUM: Final = re.compile(r"[a-z0-9]{1,32}")
TEMPLATED: Final = frozenset({"Deployment", "DaemonSet"})
"""Kinds of targets that have a pod template; a Service has none."""


class Reader(Protocol):
    """Where the gate looks. Both raise `Problem`."""

    async def canary(self, namespace: str, name: str) -> JSON:
        """The Canary as it is now."""
        ...

    async def target(self, kind: str, namespace: str, name: str) -> JSON:
        """The Deployment or DaemonSet that it watches over."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP status (Flagger goes on at 202 and below) and one sentence."""

    status: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Question:
    """What of Flagger's payload matters; the phase in it is not always the Canary's."""

    namespace: str
    name: str
    checksum: str


def parse(body: bytes) -> Question | Answer:
    """The question, or why it is none."""
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return Answer(400, "The body is no JSON.")
    found = payload if isinstance(payload, Mapping) else {}
    namespace, name, told = (found.get(key) for key in ("namespace", "name", "checksum"))
    if not _matches(_NAME, namespace) or not _matches(_NAME, name) or not _matches(_CHECKSUM, told):
        return Answer(400, "Flagger's payload has a name, a namespace and a checksum; this one lacks them.")
    return Question(str(namespace), str(name), str(told))


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


async def answer(hook: Hook, question: Question, reader: Reader) -> Answer:
    """Yes or no, read afresh from the cluster: nothing is kept here, so nothing is lost with a restart."""
    try:
        canary = await reader.canary(question.namespace, question.name)
        written = given(hook, canary)
        if not written:  # the common case, and the cheapest
            return _no(hook, "has no approval")
        present = checksum(canary.get("status"))
        if present != question.checksum:
            return _no(hook, f"is at checksum {present}, and {question.checksum} was asked about")
        template = await _template(reader, canary, question.namespace) if hook is Hook.CONFIRM_ROLLOUT else None
    except Missing:
        return Answer(404, clean(f"There is no Canary {question.namespace}/{question.name}, or not its target."))
    except Forbidden as problem:
        return Answer(503, clean(f"The gate may not look: {problem.sentence}"))
    except Problem as problem:
        return Answer(503, clean(f"The cluster cannot be asked: {problem.sentence}"))
    if written != approval(hook, canary, template):
        return _no(hook, "has an approval of another revision, step or run")
    return Answer(200, clean(f"{hook.value} of {question.namespace}/{question.name} is approved."))


async def _template(reader: Reader, canary: JSON, namespace: str) -> Any:
    spec = canary.get("spec")
    target = spec.get("targetRef") if isinstance(spec, Mapping) else None
    kind, name = (target.get("kind"), target.get("name")) if isinstance(target, Mapping) else (None, None)
    if kind not in TEMPLATED or not _matches(_NAME, name):
        return None
    found = (await reader.target(str(kind), namespace, str(name))).get("spec")
    return found.get("template") if isinstance(found, Mapping) else None


def _no(hook: Hook, why: str) -> Answer:
    return Answer(403, clean(f"{hook.value} {why}."))
