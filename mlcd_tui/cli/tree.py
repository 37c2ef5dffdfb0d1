"""`rollouts get` as text: where it stands, then the tree of revisions, ReplicaSets, pods, analyses and experiments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from mlcd_tui.cli import output
from mlcd_tui.cli.paint import Paint
from mlcd_tui.domain.analysis import AnalysisRun
from mlcd_tui.domain.rollout import Experiment, ImageUse, Pod, ReplicaSet, Revision, Role, RolloutDetail, StepState
from mlcd_tui.domain.text import clean

_HEAD = ("name", "kind", "status", "ready", "restarts", "age", "info")
_LABEL = 14
_KINDS = {"PrePromotion": "pre-promotion", "PostPromotion": "post-promotion"}
_AHEAD = frozenset({Role.CANARY, Role.PREVIEW, Role.NEW})


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of the tree."""

    name: str
    kind: str
    status: str = ""
    ready: str = ""
    restarts: str = ""
    age: str = ""
    info: str = ""
    below: tuple[_Line, ...] = ()
    branch: str = ""
    """What is drawn in front of the name."""


def lines(detail: RolloutDetail, now: datetime, paint: Paint) -> Iterator[str]:
    """The whole text, line by line."""
    yield from _summary(detail, now, paint)
    yield ""
    rows = list(_drawn(_root(detail, now), paint))
    cells = [
        [row.branch + row.name, row.kind, _status(row, paint), row.ready, row.restarts, row.age, row.info]
        for row in rows
    ]
    yield from output.columns(_HEAD, cells)


def _status(row: _Line, paint: Paint) -> str:
    """A pod that runs is well, an analysis that runs has not said anything yet."""
    busy = row.status == "Running" and row.kind in {"AnalysisRun", "Experiment"}
    return paint.status(row.status, tone="blue") if busy else paint.status(row.status)


def _summary(detail: RolloutDetail, now: datetime, paint: Paint) -> Iterator[str]:
    rollout = detail.rollout
    yield _field("Name", rollout.ref.name)
    yield _field("Namespace", rollout.ref.namespace)
    yield _field("Status", paint.status(rollout.phase.value))
    if rollout.message:
        yield _field("Message", rollout.message)
    if waits := output.waiting(rollout, now):
        yield _field("Waiting for", waits)
    yield _field("Strategy", f"{output.strategy(rollout.strategy)} ({rollout.ref.engine})")
    if rollout.step:
        present = next((step.caption for step in detail.steps if step.state is StepState.CURRENT), "")
        yield _field("  Step", f"{rollout.step.index}/{rollout.step.count}  {present}".rstrip())
    if (share := output.traffic(rollout)) != "-":
        yield _field("  Traffic", f"{share} to the new version")
    for index, image in enumerate(rollout.images):
        yield _field("" if index else "Images", _image(image, paint))
    counts = rollout.replicas
    yield _field(
        "Replicas",
        f"{counts.desired} desired, {counts.current} current, {counts.updated} updated, {counts.ready} ready, "
        f"{counts.available} available",
    )
    for index, service in enumerate(detail.services):
        to = service.points_to or "nothing" if service.found else "missing"
        yield _field("" if index else "Services", f"{service.role}: {service.name} {paint.glyphs.arrow} {to}")


def _field(label: str, value: str) -> str:
    return f"{label + ':' if label else '':<{_LABEL}} {value}"


def _image(image: ImageUse, paint: Paint) -> str:
    tags = [*(role.value for role in image.roles), *(f"Σ:{template}" for template in image.experiments)]
    roles = f" ({', '.join(tags)})" if tags else ""
    tone = "blue" if _AHEAD & set(image.roles) else "green" if image.roles else ""
    digest = image.digest.rpartition("@")[2].removeprefix("sha256:")[:12]
    return paint(str(image.image), tone) + roles + (paint(f"  sha256:{digest}", "dim") if digest else "")


def _root(detail: RolloutDetail, now: datetime) -> _Line:
    rollout = detail.rollout
    counts = rollout.replicas
    return _Line(
        rollout.ref.name,
        clean((detail.raw or {}).get("kind") or rollout.ref.kind or "Rollout", limit=40),
        rollout.phase.value,
        f"{counts.ready}/{counts.desired}",
        age=_age(rollout.created, now),
        below=tuple(_revision(revision, now) for revision in detail.revisions),
    )


def _revision(revision: Revision, now: datetime) -> _Line:
    below = (
        *(_replica_set(group, now) for group in revision.replica_sets),
        *(_experiment(trial, now) for trial in revision.experiments),
        *(_run(run, now) for run in revision.analysis_runs),
    )
    roles = ", ".join(role.value for role in revision.roles)
    return _Line(f"revision {revision.number}", "Revision", info=roles or revision.change_cause, below=below)


def _replica_set(group: ReplicaSet, now: datetime) -> _Line:
    info = [role.value for role in group.roles]
    if group.scale_down_at is not None and group.desired:
        info.append(f"scales down in {output.span((group.scale_down_at - now).total_seconds())}")
    return _Line(
        group.name,
        "ReplicaSet",
        group.status,
        f"{group.ready}/{group.desired}",
        age=_age(group.created, now),
        info=", ".join(info),
        below=tuple(_pod(pod, now) for pod in group.pods),
    )


def _pod(pod: Pod, now: datetime) -> _Line:
    ready = f"{pod.ready}/{pod.total}"
    return _Line(pod.name, "Pod", pod.status, ready, str(pod.restarts), _age(pod.created, now), pod.node)


def _run(run: AnalysisRun, now: datetime) -> _Line:
    good = sum(metric.successful for metric in run.metrics)
    bad = sum(metric.failed + metric.error for metric in run.metrics)
    unsure = sum(metric.inconclusive for metric in run.metrics)
    told = [f"{good} passed"] if good else []
    told += [f"{bad} failed"] if bad else []
    told += [f"{unsure} inconclusive"] if unsure else []
    info = ", ".join([*([_KINDS.get(run.kind, run.kind.lower())] if run.kind else []), *told])
    return _Line(run.name, "AnalysisRun", run.phase or "Pending", age=_age(run.started, now), info=info)


def _experiment(trial: Experiment, now: datetime) -> _Line:
    below = (
        *(replace(_replica_set(group, now), info=group.template) for group in trial.replica_sets),
        *(_run(run, now) for run in trial.analysis_runs),
    )
    return _Line(trial.name, "Experiment", trial.phase or "Pending", age=_age(trial.started, now), below=below)


def _drawn(root: _Line, paint: Paint) -> Iterator[_Line]:
    yield root
    yield from _below(root, "", paint)


def _below(line: _Line, lead: str, paint: Paint) -> Iterator[_Line]:
    fork, end, bar = ("+- ", "`- ", "|  ") if paint.ascii else ("├─ ", "└─ ", "│  ")
    for index, child in enumerate(line.below):
        last = index == len(line.below) - 1
        yield replace(child, branch=lead + (end if last else fork))
        yield from _below(child, lead + ("   " if last else bar), paint)


def _age(since: datetime | None, now: datetime) -> str:
    return clean(output.span((now - since).total_seconds())) if since else ""
