"""Rollouts in full, as engines would tell of them: a paused canary, a degraded one, a blue/green in preview."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from mlcd_tui.domain.analysis import AnalysisRun, Measurement, Metric
from mlcd_tui.domain.plan import Ability
from mlcd_tui.domain.refs import JSON, RolloutRef
from mlcd_tui.domain.rollout import (
    Condition,
    Container,
    Event,
    Experiment,
    ImageUse,
    Phase,
    Pod,
    Replicas,
    ReplicaSet,
    Revision,
    Role,
    Rollout,
    RolloutDetail,
    ServiceLink,
    Step,
    StepPosition,
    StepState,
    Strategy,
    WaitFor,
    Waiting,
    Weight,
)
from mlcd_tui.domain.text import Clean, clean

NOW = datetime(2026, 11, 24, 14, 14, tzinfo=UTC)
FRAUD = RolloutRef("argo", "payments", "fraud-scorer")
CHURN = RolloutRef("argo", "payments", "churn")
DIGEST_7 = Clean("sha256:ab12" + "0" * 56 + "90fe")
DIGEST_6 = Clean("sha256:77c0" + "1" * 56 + "1d4a")


def ago(**delta: float) -> datetime:
    """A moment before the present of the samples."""
    return NOW - timedelta(**delta)


def pod(name: str, tag: int, *, restarts: int = 0, status: str = "Running", digest: Clean = Clean("")) -> Pod:
    """A pod of one container called `scorer`."""
    ready = status == "Running"
    running = digest or (DIGEST_7 if tag == 7 else DIGEST_6)
    box = Container(Clean("scorer"), clean(f"registry/fraud:{tag}"), running, ready=ready, restarts=restarts)
    return Pod(
        clean(name),
        clean(status),
        healthy=ready if ready or "Back" in status else None,
        ready=int(ready),
        total=1,
        restarts=restarts,
        created=ago(minutes=2),
        node=Clean("node-3"),
        containers=(box,),
    )


def raw_template(tag: int, **env: str) -> JSON:
    """A pod template as the API server has it."""
    return {
        "metadata": {"labels": {"app": "fraud-scorer", "rollouts-pod-template-hash": f"hash{tag}"}},
        "spec": {
            "containers": [
                {
                    "name": "scorer",
                    "image": f"registry/fraud:{tag}",
                    "env": [{"name": key, "value": value} for key, value in env.items()],
                    "ports": [{"containerPort": 8080}],
                }
            ]
        },
    }


def image(tag: int, *roles: Role, pods: int = 1) -> ImageUse:
    """The scorer's image of a tag, with the digest that runs."""
    digest = DIGEST_7 if tag == 7 else DIGEST_6
    return ImageUse(Clean("scorer"), clean(f"registry/fraud:{tag}"), digest, roles, pods=pods)


def measured(*values: float, phase: str = "Successful", limit: float = 0.02) -> tuple[Measurement, ...]:
    """Measurements a minute apart; above `limit` they failed."""
    start = ago(minutes=len(values))
    return tuple(
        Measurement(
            clean("Failed" if value > limit else phase),
            clean(f"[{value}]"),
            started=start + timedelta(minutes=index),
            finished=start + timedelta(minutes=index, seconds=1),
            number=value,
        )
        for index, value in enumerate(values)
    )


def error_rate(*values: float, phase: str = "Running") -> Metric:
    """A Prometheus metric with a limit of 2 %."""
    failed = sum(value > 0.02 for value in values)
    return Metric(
        Clean("error-rate"),
        clean(phase),
        verdict=clean(f"{values[-1]} <= 0.02, {failed} of at most 1 failed" if values else "no measurement yet"),
        provider=Clean("prometheus"),
        query=Clean('sum(rate(errors{app="fraud-scorer"}[1m])) / sum(rate(requests[1m]))'),
        success_condition=Clean("result[0] <= 0.02"),
        interval=Clean("1m"),
        count_limit=Clean("10"),
        failure_limit=1,
        count=len(values),
        successful=len(values) - failed,
        failed=failed,
        threshold=0.02,
        measurements=measured(*values),
    )


def background(*values: float, phase: str = "Running") -> AnalysisRun:
    """A background analysis with a dry-run metric beside the real one."""
    dry = Metric(
        Clean("p95-latency"),
        Clean("Running"),
        verdict=Clean("not enough evidence: 1 of 5 measurements"),
        provider=Clean("prometheus"),
        success_condition=Clean("result[0] < 0.08"),
        dry_run=True,
        threshold=0.08,
        count=2,
        successful=1,
        failed=1,
        measurements=measured(0.041, 0.09, limit=0.08),
    )
    return AnalysisRun(
        Clean("fraud-scorer-hash7-7"),
        clean(phase),
        kind=Clean("Background"),
        revision=7,
        started=ago(minutes=12),
        metrics=(error_rate(*(values or (0.011, 0.013, 0.009, 0.012)), phase=phase), dry),
    )


def steps(current: int, captions: tuple[tuple[str, str], ...] = ()) -> tuple[Step, ...]:
    """The steps of a canary, standing at `current`."""
    given = captions or (
        ("setWeight", "set 20 %"),
        ("pause", "pause"),
        ("setWeight", "set 60 %"),
        ("pause", "pause 10 m"),
        ("setWeight", "set 100 %"),
    )

    def state(index: int) -> StepState:
        return StepState.DONE if index < current else StepState.CURRENT if index == current else StepState.TODO

    return tuple(Step(i, clean(kind), clean(caption), state(i)) for i, (kind, caption) in enumerate(given))


ALL_KINDS = (
    ("setCanaryScale", "1 pod"),
    ("setMirrorRoute", "mirror 50 %"),
    ("setHeaderRoute", "header x-canary"),
    ("analysis", "analysis smoke"),
    ("experiment", "experiment 10 m"),
    ("plugin", "plugin gatekeeper"),
    ("setWeight", "set 20 %"),
    ("pause", "pause"),
    ("teleport", "teleport?"),
)


def _waiting_canary() -> Rollout:
    position = StepPosition(1, 5)
    return Rollout(
        FRAUD,
        Strategy.CANARY,
        Phase.PAUSED,
        Clean("CanaryPauseStep"),
        step=position,
        steps=tuple(step.state for step in steps(1)),
        weight=Weight(20, 20),
        replicas=Replicas(5, 5, 1, 5, 5),
        images=(image(7, Role.CANARY), image(6, Role.STABLE, pods=4)),
        waiting=Waiting(WaitFor.PERSON, Clean("your promotion"), since=ago(minutes=12)),
        in_flight=True,
        version=Clean("7"),
        stable_version=Clean("6"),
        revision=7,
        created=ago(days=60),
        abilities=(
            Ability("promote", allowed=True, label=Clean("promote to 60 %")),
            Ability("abort", allowed=True),
            Ability("retry", allowed=False, why_not=Clean("Only an aborted rollout can be retried.")),
        ),
        uid="u1",
        resource_version="100",
        generation=7,
    )


def _seventh(*values: float) -> Revision:
    return Revision(
        7,
        (Role.CANARY,),
        ago(minutes=14),
        (image(7, Role.CANARY),),
        (
            ReplicaSet(
                Clean("fraud-scorer-6f5f"),
                Clean("hash7"),
                Clean("Healthy"),
                (Role.CANARY,),
                1,
                1,
                1,
                ago(minutes=14),
                pods=(pod("fraud-scorer-6f5f-x2k4f", 7),),
            ),
        ),
        (),
        (background(*values),),
        template=raw_template(7, MODEL="v7", THRESHOLD="0.4"),
    )


def _sixth() -> Revision:
    stable_pods = tuple(pod(f"fraud-scorer-5d95-{tail}", 6, restarts=n) for tail, n in (("8fj2q", 0), ("t9w0c", 1)))
    return Revision(
        6,
        (Role.STABLE,),
        ago(days=9),
        (image(6, Role.STABLE, pods=2),),
        (
            ReplicaSet(
                Clean("fraud-scorer-5d95"),
                Clean("hash6"),
                Clean("Healthy"),
                (Role.STABLE,),
                2,
                2,
                2,
                ago(days=9),
                pods=stable_pods,
            ),
        ),
        template=raw_template(6, MODEL="v6", THRESHOLD="0.4"),
    )


def _fifth() -> Revision:
    return Revision(
        5,
        (),
        ago(days=31),
        (image(5),),
        (ReplicaSet(Clean("fraud-scorer-4c11"), Clean("hash5"), Clean("ScaledDown"), (), 0, 0, 0, ago(days=31)),),
        change_cause=Clean("hotfix [/b] of the loader"),
        template=raw_template(5, MODEL="v5"),
    )


def canary(*values: float) -> RolloutDetail:
    """payments/fraud-scorer: 20 % to v7, waits for a promotion."""
    return RolloutDetail(
        _waiting_canary(),
        steps(1),
        (_seventh(*values), _sixth(), _fifth()),
        (
            Condition(
                Clean("Available"),
                Clean("True"),
                Clean("AvailableReason"),
                Clean("has minimum availability"),
                ago(days=9),
            ),
        ),
        (ServiceLink(Clean("fraud-canary"), Clean("canary"), points_to=Clean("fraud-scorer-6f5f (revision 7)")),),
        ((Clean("Traffic router"), Clean("nginx")), (Clean("Scale-down delay"), Clean("30 s"))),
        (
            Event(
                Clean("Normal"),
                Clean("RolloutPaused"),
                Clean("Rollout is paused"),
                Clean("Rollout/fraud-scorer"),
                1,
                ago(minutes=12),
            ),
            Event(
                Clean("Warning"),
                Clean("BackOff"),
                Clean("back-off [red]restarting"),
                Clean("Pod/fraud-scorer-5d95-t9w0c"),
                3,
                ago(hours=2),
            ),
        ),
        raw={
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Rollout",
            "metadata": {"name": "fraud-scorer", "namespace": "payments", "managedFields": [{"manager": "noise"}]},
            "spec": {"replicas": 5, "template": raw_template(7, MODEL="v7", THRESHOLD="0.4")},
        },
    )


def degraded() -> RolloutDetail:
    """The same canary after a failed analysis, its candidate crash-looping, one pod running another digest."""
    base = canary(0.011, 0.024, 0.031)
    failed = replace(background(0.011, 0.024, 0.031, phase="Failed"), completed=ago(minutes=1))
    broken = pod("fraud-scorer-6f5f-x2k4f", 7, restarts=6, status="CrashLoopBackOff")
    other = pod("fraud-scorer-6f5f-q9p1d", 7, digest=DIGEST_6)
    newest = base.revisions[0]
    group = replace(
        newest.replica_sets[0],
        status=Clean("Progressing"),
        desired=2,
        pods=(broken, other),
        scale_down_at=NOW + timedelta(seconds=28),
    )
    trial = Experiment(
        Clean("fraud-scorer-hash7-7-0"),
        Clean("Failed"),
        Clean("analysis failed"),
        7,
        ago(minutes=13),
        (
            replace(
                base.revisions[1].replica_sets[0],
                name=Clean("fraud-trial-baseline"),
                template=Clean("baseline"),
                roles=(),
            ),
        ),
    )
    rollout = replace(
        base.rollout,
        phase=Phase.DEGRADED,
        message=Clean('RolloutAborted: metric "error-rate" assessed Failed due to failed (2) > failureLimit (1)'),
        aborted=True,
        weight=Weight(0, 0, additional=((Clean("fraud-trial"), 10),)),
        waiting=Waiting(WaitFor.REPAIR, Clean("retry or roll back"), since=ago(minutes=1)),
        images=(
            replace(image(7, Role.CANARY), pods=1),
            replace(image(7, Role.CANARY), digest=DIGEST_6, pods=1),
            image(6, Role.STABLE, pods=4),
        ),
    )
    revision = replace(newest, replica_sets=(group,), analysis_runs=(failed,), experiments=(trial,))
    stops = tuple(replace(step, state=StepState.FAILED if step.index == 1 else step.state) for step in base.steps)
    return replace(base, rollout=rollout, steps=stops, revisions=(revision, *base.revisions[1:]))


def blue_green() -> RolloutDetail:
    """payments/churn: v3 in preview, switches by itself in four minutes."""
    base = canary()
    rollout = Rollout(
        CHURN,
        Strategy.BLUE_GREEN,
        Phase.PAUSED,
        Clean("BlueGreenPause"),
        replicas=Replicas(2, 4, 2, 4, 4),
        images=(image(7, Role.PREVIEW, pods=2), image(6, Role.ACTIVE, Role.STABLE, pods=2)),
        waiting=Waiting(WaitFor.TIMER, Clean("the automatic switch"), ago(minutes=1), NOW + timedelta(minutes=4)),
        in_flight=True,
        version=Clean("7"),
        stable_version=Clean("6"),
        revision=7,
    )
    newest, stable = base.revisions[:2]
    return replace(
        base,
        rollout=rollout,
        steps=(),
        revisions=(replace(newest, roles=(Role.PREVIEW,)), replace(stable, roles=(Role.STABLE, Role.ACTIVE))),
        services=(
            ServiceLink(Clean("churn-active"), Clean("active"), points_to=Clean("fraud-scorer-5d95 (revision 6)")),
            ServiceLink(Clean("churn-preview"), Clean("preview"), points_to=Clean("fraud-scorer-6f5f (revision 7)")),
            ServiceLink(Clean("churn-root"), Clean("root"), found=False),
        ),
    )
