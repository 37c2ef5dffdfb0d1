"""What a plan is written from: one InferenceService with what is around it, its words, its conditional requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlcd_tui.domain.intent import Intent
from mlcd_tui.domain.plan import JSON_PATCH, Change, Plan, Refusal, Request
from mlcd_tui.domain.refs import JSON
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.engines._keepers import gitops
from mlcd_tui.engines._sent import VERSION
from mlcd_tui.engines._words import sentence
from mlcd_tui.engines.kserve import lints
from mlcd_tui.engines.kserve.inference import Inference
from mlcd_tui.engines.kserve.kinds import SERVICES_OF_MODELS
from mlcd_tui.engines.kserve.state import State, Version


@dataclass(frozen=True, slots=True)
class Case:
    """One InferenceService that something is to be done with."""

    intent: Intent
    state: State

    @property
    def inference(self) -> Inference:
        """What it says."""
        return self.state.inference

    @property
    def ref(self) -> Clean:
        """`namespace/name` for the eye."""
        return clean(self.intent.ref, limit=300)

    @property
    def new(self) -> Version:
        """The version on its way; abilities saw to it that there is one."""
        assert self.state.candidate is not None
        return self.state.candidate

    @property
    def has(self) -> str:
        """What share the new version really has, or is asked to have."""
        return f"{self.state.asked if self.state.share is None else self.state.share} %"

    # --- requests -----------------------------------------------------------------------------------------
    # None writes an annotation: KServe hands those on to the pods, so that one more is one more revision.

    def merge(self, predictor: JSON) -> Request:
        """A merge patch of the predictor, on the condition that the object is still as it was seen."""
        metadata = {"resourceVersion": self.inference.version}
        body = {"metadata": metadata, "spec": {"predictor": predictor}}
        return Request(SERVICES_OF_MODELS, self.intent.ref.namespace, self.intent.ref.name, body, strict=True)

    def patch(self, *steps: JSON) -> Request:
        """A JSON patch under the same condition: lists of the spec are replaced as a whole by a merge patch."""
        version = {"op": "replace", "path": "/metadata/resourceVersion", "value": self.inference.version}
        namespace, name = self.intent.ref.namespace, self.intent.ref.name
        return Request(SERVICES_OF_MODELS, namespace, name, (version, *steps), JSON_PATCH, strict=True)

    # --- words --------------------------------------------------------------------------------------------

    def refuse(self, told: str, advice: str = "") -> Refusal:
        """No."""
        return Refusal(self.intent, clean(sentence(told)), clean(sentence(advice)) if advice else Clean(""))

    def plan(
        self,
        title: str,
        told: str,
        *,
        way_back: str,
        request: Request,
        changes: Sequence[Change],
        mark: dict[str, str],
        expect: str,
        warnings: Sequence[str] = (),
    ) -> Plan:
        """A plan; its mark carries what `settled` always needs."""
        state = self.state
        owner = gitops(self.inference.raw)
        kept = [f"{owner} keeps this object and may revert the change; make it there as well"] if owner else []
        always = {
            VERSION: self.inference.version,
            "mode": state.mode or "",
            "stable": state.stable.handle,
            "new": state.candidate.handle if state.candidate else "",
            "name": state.candidate.canary.name if state.candidate and state.candidate.canary else "",
        }
        return Plan(
            intent=self.intent,
            title=clean(title),
            sentence=clean(f"{told}."),
            way_back=clean(f"{way_back}."),
            changes=tuple(changes),
            requests=(request,),
            seen=self._seen(),
            warnings=tuple(clean(sentence(each)) for each in (*warnings, *lints.of(state), *kept) if each),
            expect=clean(expect),
            mark={**always, **mark},
        )

    def _seen(self) -> tuple[tuple[str, Clean], ...]:
        state, own = self.state, self.inference
        facts: list[tuple[str, Any]] = [
            ("inferenceservice", own.uid),
            ("mode", state.mode or "not told"),
            ("serves", f"{state.stable.handle} {state.stable.where}"),
            *((f"candidate {n + 1}", f"{each.handle} {each.where}") for n, each in enumerate(state.candidates)),
            ("asked", f"{state.asked} %"),
            ("ready", "yes" if state.ready else "no"),
        ]
        return tuple((label, clean(value, limit=400)) for label, value in facts)


def change(label: str, before: object, after: object) -> Change:
    """One line of before → after."""
    return Change(clean(label, limit=200), clean(before, limit=400), clean(after, limit=400))
