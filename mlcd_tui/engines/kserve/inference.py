"""What an InferenceService says: its mode, its model, its shares, and what KServe told of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from mlcd_tui.domain.refs import JSON
from mlcd_tui.engines._json import annotations_of, dig, integer, maybe_integer, name_of, rows, table, text, uid_of
from mlcd_tui.engines._steps import STEPS, steps_of
from mlcd_tui.engines._workload import version as image_version
from mlcd_tui.engines.kserve.kinds import MODE, MODES, STOP, Mode, Transition

_TOTAL = 100
_PARTS = ("transformer", "explainer")
_NO_MODELS = frozenset({"containers", "initContainers", "imagePullSecrets", "tolerations", "volumes", "affinity"})


@dataclass(frozen=True, slots=True)
class Canary:
    """One entry of `spec.canary`."""

    index: int
    name: str
    percent: int
    predictor: JSON
    ready: bool | None
    """As `status.canaryStatuses` tells; None: KServe has not told yet."""


@dataclass(frozen=True, slots=True)
class Failure:
    """`status.modelStatus.lastFailureInfo`. Not clean."""

    reason: str
    location: str
    message: str
    revision: str
    code: int

    @property
    def told(self) -> str:
        """For a sentence: `ModelLoadFailed, pod churn-1: no such file (exit code 1)`."""
        where = ", ".join(part for part in (self.reason, self.location or self.revision) if part)
        code = f"exit code {self.code}" if self.code else ""
        what = " ".join(part for part in (self.message[:300], f"({code})" if code and self.message else code) if part)
        return ": ".join(part for part in (where, what) if part)


def model_of(predictor: Mapping[str, object]) -> JSON:
    """The model of a predictor: `model`, or one of the older fields by framework (`sklearn`, `xgboost` …)."""
    if isinstance(found := predictor.get("model"), dict):
        return found
    named = [v for k, v in predictor.items() if isinstance(v, dict) and k not in _NO_MODELS and "storageUri" in v]
    return table(named[0]) if named else {}


def source(predictor: Mapping[str, object]) -> str:
    """Where its model comes from: `storageUri`, or key and path of a storage, or the image of its own container."""
    model = model_of(predictor)
    if found := text(model.get("storageUri")):
        return found
    uris = rows(predictor.get("storageUris"))
    if uris and (found := text(uris[0].get("uri"))):
        return found
    if found := text(dig(model, "storage", "path")):
        return found
    return next((text(c.get("image")) for c in rows(predictor.get("containers"))), "")


def storage_uri(predictor: Mapping[str, object]) -> str:
    """The one field by which KServe's webhook tells a model from another."""
    if found := text(model_of(predictor).get("storageUri")):
        return found
    own = next((c for c in rows(predictor.get("containers")) if c.get("name") == "kserve-container"), {})
    return next((text(e.get("value")) for e in rows(own.get("env")) if e.get("name") == "STORAGE_URI"), "")


def called(where: str) -> str:
    """A model's version by where it comes from: the last part of its path with a digit, else the last part."""
    path = where.partition("://")[2] or where
    if "://" not in where and (tag := image_version(where)):
        return tag
    parts = [part for part in path.split("/")[-8:] if part]
    return next((p for p in reversed(parts) if any(map(str.isdigit, p))), parts[-1] if parts else "")


def number(revision: str) -> int:
    """The number at the end of a revision's name; 0 where there is none."""
    tail = revision.rpartition("-")[2]
    return int(tail) if tail.isascii() and tail.isdigit() and len(tail) < 10 else 0


class Inference:
    """The facts of one InferenceService, read as KServe reads them."""

    def __init__(self, raw: JSON) -> None:
        self.raw = raw
        self.name = name_of(raw)
        self.namespace = text(dig(raw, "metadata", "namespace"))
        self.uid = uid_of(raw)
        self.version = text(dig(raw, "metadata", "resourceVersion"))
        self.notes = annotations_of(raw)
        self.spec, self.status = table(raw.get("spec")), table(raw.get("status"))
        self.predictor = table(self.spec.get("predictor"))

    # --- how it runs --------------------------------------------------------------------------------------

    @property
    def noted_mode(self) -> str:
        """The mode that the annotation names, in its own words."""
        return text(self.notes.get(MODE))

    @property
    def mode(self) -> Mode | None:
        """The mode: what the status says, else the annotation, else by the fields that only one mode has."""
        found = MODES.get(text(self.status.get("deploymentMode"))) or MODES.get(self.noted_mode)
        if found is None and (self.traffic or self.created):
            return Mode.KNATIVE
        return Mode.STANDARD if found is None and (self.canaries or self.status) else found

    @property
    def disagrees(self) -> bool:
        """The annotation is there and not, to the letter, the mode that KServe runs it in.

        KServe itself fills in a missing one and renames the former names; anything else it refuses.
        """
        told, noted = MODES.get(text(self.status.get("deploymentMode"))), self.noted_mode
        return told is not None and bool(noted) and MODES.get(noted) is not told

    @property
    def stopped(self) -> bool:
        """A person had KServe delete all that runs of it."""
        return text(self.notes.get(STOP)).lower() == "true"

    @cached_property
    def steps(self) -> tuple[int, ...]:
        """Percents that a promotion goes through; the last is 100."""
        return steps_of(self.notes.get(STEPS))

    # --- what is asked ------------------------------------------------------------------------------------

    @property
    def percent(self) -> int | None:
        """`canaryTrafficPercent` of the predictor; None: all traffic goes to what is new as soon as it is ready."""
        found = maybe_integer(self.predictor.get("canaryTrafficPercent"))
        return None if found is None else min(max(found, 0), _TOTAL)

    @cached_property
    def canaries(self) -> tuple[Canary, ...]:
        """The entries of `spec.canary` at their places, with what the status tells of each."""
        told = {text(each.get("name")): each.get("ready") is True for each in rows(self.status.get("canaryStatuses"))}
        entries = self.spec.get("canary")
        found = []
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            if isinstance(entry, dict):
                predictor, percent = table(entry.get("predictor")), integer(entry.get("trafficPercent"))
                name = text(predictor.get("name"))
                found.append(Canary(index, name, min(max(percent, 0), _TOTAL), predictor, told.get(name)))
        return tuple(found)

    @property
    def floor(self) -> int:
        """`minReplicas` of the predictor, by which KServe reckons a canary's pods."""
        found = maybe_integer(self.predictor.get("minReplicas"))
        return 1 if found is None else min(max(found, 0), 10_000)

    def pods_of(self, canary: Canary, percent: int) -> int:
        """How many pods KServe gives a canary at a percent: fixed, never scaled."""
        own = maybe_integer(canary.predictor.get("minReplicas"))
        return min(max(own, 0), 10_000) if own is not None else -(-self.floor * percent // _TOTAL)

    def workload(self, name: str = "") -> str:
        """What Deployment and Service of a predictor of Standard mode are called."""
        return f"{self.name}-{name}-predictor" if name else f"{self.name}-predictor"

    @property
    def stable_name(self) -> str:
        """`spec.predictor.name`."""
        return text(self.predictor.get("name"))

    @property
    def parts(self) -> tuple[str, ...]:
        """Transformer and explainer, those that there are."""
        return tuple(part for part in _PARTS if isinstance(self.spec.get(part), dict))

    # --- what KServe tells --------------------------------------------------------------------------------

    def component(self, part: str = "predictor") -> JSON:
        """`status.components` of one."""
        return table(dig(self.status, "components", part))

    @property
    def created(self) -> str:
        """The newest Knative revision."""
        return text(self.component().get("latestCreatedRevision"))

    @property
    def ready(self) -> str:
        """The newest Knative revision that is ready: what `latest` in the traffic means."""
        return text(self.component().get("latestReadyRevision"))

    @property
    def rolled(self) -> str:
        """The Knative revision that had all traffic last."""
        return text(self.component().get("latestRolledoutRevision"))

    @property
    def previous(self) -> str:
        """The Knative revision that had all traffic before that one."""
        return text(self.component().get("previousRolledoutRevision"))

    @property
    def traffic(self) -> list[JSON]:
        """Knative's word on who gets what."""
        return rows(self.component().get("traffic"))

    def share_of_latest(self) -> int | None:
        """Percent that the newest ready revision gets as `latest`; None: not told."""
        if not self.traffic:
            return None
        return sum(max(integer(t.get("percent")), 0) for t in self.traffic if t.get("latestRevision") is True)

    def share_of(self, revision: str) -> int:
        """Percent that a revision gets by name or as `latest`."""
        return sum(max(integer(t.get("percent")), 0) for t in self.traffic if t.get("revisionName") == revision)

    def condition(self, kind: str) -> JSON:
        """One condition of the status."""
        return next((c for c in rows(self.status.get("conditions")) if c.get("type") == kind), {})

    def holds(self, kind: str) -> bool | None:
        """Whether a condition is true; None: unknown, or not told."""
        return {"True": True, "False": False}.get(text(self.condition(kind).get("status")))

    @property
    def model_status(self) -> JSON:
        """`status.modelStatus`."""
        return table(self.status.get("modelStatus"))

    @property
    def transition(self) -> Transition | None:
        """Whether what runs is what the spec asks for."""
        told = text(self.model_status.get("transitionStatus"))
        return Transition(told) if told in set(Transition) else None

    @property
    def failure(self) -> Failure:
        """The last failure to load a model."""
        told = table(self.model_status.get("lastFailureInfo"))
        return Failure(
            text(told.get("reason")),
            text(told.get("location")),
            text(told.get("message")),
            text(told.get("modelRevisionName")),
            integer(told.get("exitCode")),
        )
