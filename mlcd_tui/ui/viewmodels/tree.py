"""The tree of an opened rollout: revisions, their ReplicaSets and pods, analyses and experiments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from mlcd_tui.domain.analysis import AnalysisRun
from mlcd_tui.domain.rollout import Experiment, Pod, ReplicaSet, Revision, Role, RolloutDetail
from mlcd_tui.ui.viewmodels import times
from mlcd_tui.ui.viewmodels.analysis import counts, run_glyph, run_short, run_tone
from mlcd_tui.ui.viewmodels.glyphs import Glyphs
from mlcd_tui.ui.viewmodels.spans import Line, Span, apart, cells, fit, fit_tail, width
from mlcd_tui.ui.viewmodels.tones import Tone, bold

_INDENT = 2
_LEAST_NAME = 6
_MANY_RESTARTS = 3


@dataclass(frozen=True, slots=True)
class Node:
    """One row of the tree."""

    key: str
    """`kind/name`, the same in every update."""
    level: int
    name: Span
    lead: Span | None = None
    """Glyph in front."""
    after: Line = ()
    right: Line = ()
    parent: str = ""
    branch: bool = False
    """It has rows below it."""
    tail: bool = False
    """Where room is scarce the end of the name is kept: it tells pods and ReplicaSets apart."""
    opened: bool = False
    """It is open unless the operator says otherwise."""

    @property
    def kind(self) -> str:
        """revision, group, pod, run or experiment."""
        return self.key.partition("/")[0]

    @property
    def target(self) -> str:
        """Name of the object that the row is about."""
        return self.key.partition("/")[2]


def tree(detail: RolloutDetail, now: datetime, glyphs: Glyphs) -> tuple[Node, ...]:
    """All rows, depth first, newest revision first."""
    return tuple(
        node for revision in detail.revisions for node in _revision(revision, now, glyphs, side_name(revision, detail))
    )


def side_name(revision: Revision, detail: RolloutDetail) -> str:
    """Name of the workload whose revision it is, where revisions of several have the same number; else empty."""
    if sum(other.number == revision.number for other in detail.revisions) < 2 or not revision.replica_sets:
        return ""
    group = revision.replica_sets[0]
    return group.name.removesuffix(f"-{group.pod_hash}")


def visible(nodes: Sequence[Node], toggled: Mapping[str, bool]) -> tuple[Node, ...]:
    """The rows whose parents are all open. `toggled` holds what the operator opened (True) or closed (False)."""
    hidden: set[str] = set()
    shown: list[Node] = []
    for node in nodes:
        if node.parent in hidden:
            hidden.add(node.key)
            continue
        shown.append(node)
        if node.branch and not toggled.get(node.key, node.opened):
            hidden.add(node.key)
    return tuple(shown)


def row(node: Node, room: int, glyphs: Glyphs, *, opened: bool) -> Line:
    """A row as a painted line of `room` columns."""
    mark = (glyphs.opened if opened else glyphs.closed) if node.branch else " "
    lead: Line = (Span(" " * (node.level * _INDENT)), Span(mark + " ", node.name.tone))
    if node.lead is not None:
        lead = (*lead, node.lead, Span(" "))
    right = node.right
    if (over := width(lead) + _LEAST_NAME + 1 + width(right) - room) > 0:
        right = _shorter(right, over)
    used = width(lead) + width(node.after) + (width(right) + 1 if right else 0)
    shorten = fit_tail if node.tail else fit
    name = node.name._replace(text=shorten(node.name.text, max(room - used, _LEAST_NAME)))
    return apart((*lead, name, *node.after), right, room)


def _shorter(line: Line, by: int) -> Line:
    """The line with its first span, which is words, shortened; the numbers behind it stay."""
    if not line:
        return line
    first = line[0].text.rstrip()
    room = max(cells(line[0].text) - by, 0)
    return (line[0]._replace(text=fit(first, max(room - 1, 0)) + " " * min(room, 1)), *line[1:])


def role_tone(roles: Sequence[Role]) -> Tone:
    """Blue is the new version, green the one that serves, dim what is past."""
    if Role.CANARY in roles or Role.PREVIEW in roles or Role.NEW in roles:
        return Tone.NEW
    if Role.STABLE in roles or Role.ACTIVE in roles:
        return Tone.STABLE
    return Tone.DIM


def _revision(revision: Revision, now: datetime, glyphs: Glyphs, side: str) -> Iterator[Node]:
    key = f"revision/{side or revision.number}"
    tone = role_tone(revision.roles)
    roles = ", ".join(revision.roles)
    alive = any(group.desired or group.pods for group in revision.replica_sets)
    branch = bool(revision.replica_sets or revision.experiments or revision.analysis_runs)
    yield Node(
        key,
        0,
        Span(side or f"revision {revision.number}", bold(tone) if revision.roles else tone),
        after=(Span(f" {roles}", tone),) if roles else (),
        right=_age(revision.created, now),
        branch=branch,
        opened=bool(revision.roles) or alive,
    )
    for group in revision.replica_sets:
        yield from _group(group, key, 1, now, glyphs)
    for trial in revision.experiments:
        yield from _experiment(trial, key, now, glyphs)
    for run in revision.analysis_runs:
        yield _run(run, key, 1, glyphs)


def _group(group: ReplicaSet, parent: str, level: int, now: datetime, glyphs: Glyphs) -> Iterator[Node]:
    key = f"group/{group.name}"
    count = f"{group.ready}/{group.desired}"
    complete = group.ready >= group.desired
    tone = Tone.DIM if not group.desired else Tone.STABLE if complete else Tone.WAITS
    right: Line = (Span(count, tone),)
    if group.status == "ReplicaFailure":
        right = (Span(f"{glyphs.failed} {count} cannot make pods", Tone.BROKEN),)
    elif group.scale_down_at is not None and group.desired:
        seconds = max((group.scale_down_at - now).total_seconds(), 0.0)
        # The words give way where there is little room, the time does not.
        right = (Span("ends in ", Tone.WAITS), Span(f"{times.span(seconds)} ", Tone.WAITS), *right)
    name = str(group.template or group.name)
    yield Node(
        key,
        level,
        Span(name, Tone.TEXT if group.desired else Tone.DIM),
        right=right,
        parent=parent,
        branch=bool(group.pods),
        tail=True,
        opened=True,
    )
    for pod in group.pods:
        yield _pod(pod, group, key, level + 1, glyphs)


def _pod(pod: Pod, group: ReplicaSet, parent: str, level: int, glyphs: Glyphs) -> Node:
    short = pod.name.removeprefix(f"{group.name}-")
    lead, tone = {
        True: (Span(glyphs.passed, Tone.STABLE), Tone.DIM),
        False: (Span(glyphs.failed, Tone.BROKEN), Tone.BROKEN),
        None: (Span(glyphs.progressing, Tone.WAITS), Tone.WAITS),
    }[pod.healthy]
    status = "ready" if pod.healthy and pod.status == "Running" else str(pod.status)
    restarts = Tone.FAINT if not pod.restarts else Tone.DIM if pod.restarts < _MANY_RESTARTS else Tone.WAITS
    right: Line = (Span(f"{status} ", tone),)
    if pod.total > 1 and pod.ready < pod.total:
        right = (*right, Span(f"{pod.ready}/{pod.total} ", Tone.WAITS))
    right = (*right, Span(f"{pod.restarts}{glyphs.restarts}", restarts))
    name = short if short == pod.name else glyphs.ellipsis + short
    return Node(f"pod/{pod.name}", level, Span(name, Tone.TEXT), lead, right=right, parent=parent, tail=True)


def _run(run: AnalysisRun, parent: str, level: int, glyphs: Glyphs) -> Node:
    good, bad = counts(run)
    right: Line = (
        Span(f"{good} {glyphs.passed}", Tone.STABLE if good else Tone.FAINT),
        Span(f" {bad} {glyphs.failed}", Tone.BROKEN if bad else Tone.FAINT),
    )
    tone = run_tone(run)
    kind = run_short(run)
    metrics = ", ".join(metric.name for metric in run.metrics) or run.name
    lead = Span(run_glyph(run, glyphs), tone)
    return Node(f"run/{run.name}", level, Span(f"{kind} {metrics}", tone), lead, right=right, parent=parent)


def _experiment(trial: Experiment, parent: str, now: datetime, glyphs: Glyphs) -> Iterator[Node]:
    key = f"experiment/{trial.name}"
    running = trial.phase in {"", "Pending", "Running"}
    bad = trial.phase in {"Failed", "Error"}
    tone = Tone.MOVING if running else Tone.BROKEN if bad else Tone.DIM
    glyph = glyphs.progressing if running else glyphs.failed if bad else glyphs.passed
    yield Node(
        key,
        1,
        Span(f"experiment {trial.name}", tone),
        Span(glyph, tone),
        right=(Span(str(trial.phase or "Pending").lower(), tone),),
        parent=parent,
        branch=bool(trial.replica_sets or trial.analysis_runs),
        opened=running or bad,
    )
    for group in trial.replica_sets:
        yield from _group(group, key, 2, now, glyphs)
    for run in trial.analysis_runs:
        yield _run(run, key, 2, glyphs)


def _age(created: datetime | None, now: datetime) -> Line:
    return (Span(times.ago(created, now), Tone.DIM, f"created {times.full(created)}"),) if created else ()


def widest(nodes: Sequence[Node]) -> int:
    """Columns that the widest row would like to have."""
    return max(
        (
            node.level * _INDENT + 4 + cells(node.name.text) + width(node.after) + 1 + width(node.right)
            for node in nodes
        ),
        default=0,
    )
