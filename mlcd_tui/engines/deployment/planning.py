"""What every plan of this engine is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlcd_tui.domain.intent import Intent
from mlcd_tui.domain.plan import Change, Plan, Refusal, Request
from mlcd_tui.domain.refs import JSON
from mlcd_tui.domain.text import clean
from mlcd_tui.engines._json import dig, text
from mlcd_tui.engines._keepers import gitops
from mlcd_tui.engines._sent import VERSION
from mlcd_tui.engines.deployment.state import State

_STARTS = ("it ", "no ", "not ", "one ", "a ", "each ", "there ", "the ")
"""Beginnings that are not names of objects, which keep their letters as they are."""


def plan(
    intent: Intent,
    request: Request,
    *,
    title: str,
    sentence: str,
    way_back: str,
    changes: Sequence[tuple[str, object, object]],
    seen: Sequence[tuple[str, object]],
    expect: str,
    mark: Mapping[str, str],
    warnings: Sequence[str] = (),
) -> Plan:
    """A plan with every text made clean."""
    return Plan(
        intent=intent,
        title=clean(title),
        sentence=clean(sentence),
        way_back=clean(way_back),
        changes=tuple(Change(clean(label), clean(before), clean(after)) for label, before, after in changes),
        requests=(request,),
        seen=tuple((label, clean(value)) for label, value in seen),
        warnings=tuple(clean(warning) for warning in warnings if warning),
        expect=clean(expect),
        mark={**mark, VERSION: request_version(request)},
    )


def refuse(intent: Intent, sentence: str, advice: str = "") -> Refusal:
    """Why not, as a sentence of its own."""
    told = sentence[:1].upper() + sentence[1:] if sentence.startswith(_STARTS) else sentence
    return Refusal(intent, clean(told if told.endswith(".") else f"{told}."), clean(advice))


def images(state: State) -> str:
    """The images of a template in one line."""
    return ", ".join(f"{name}={image}" for name, image, _ in state.containers) or "none"


def request_version(request: Request) -> str:
    """The resourceVersion that a request is conditional on."""
    if isinstance(request.body, Mapping):
        return text(dig(dict(request.body), "metadata", "resourceVersion"))
    return next((text(o.get("value")) for o in request.body if o.get("path") == "/metadata/resourceVersion"), "")


def conditional(version: str, body: Mapping[str, Any], annotations: Mapping[str, str | None] | None = None) -> JSON:
    """A merge patch that only holds for the version of the object that was seen."""
    metadata: JSON = {"resourceVersion": version}
    if annotations:
        metadata["annotations"] = dict(annotations)
    return {"metadata": metadata, **body}


def keepers(raw: JSON, state: State | None = None) -> list[str]:
    """Warnings of those who may revert a change."""
    found = []
    owner = gitops(raw)
    if owner:
        found.append(f"{owner} keeps this object and may revert the change; make it there as well.")
    if state is not None and state.owner:
        found.append(f"{state.owner} controls this Deployment and may revert the change.")
    return found
