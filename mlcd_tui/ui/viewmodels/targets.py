"""Which containers' logs can be read, seen from a row of the tree."""

from __future__ import annotations

from dataclasses import dataclass

from mlcd_tui.domain.rollout import Pod, RolloutDetail


@dataclass(frozen=True, slots=True)
class LogTarget:
    """One container of one pod."""

    pod: str
    container: str
    hint: str = ""
    """State in words."""

    @property
    def key(self) -> str:
        """Tells it from all others."""
        return f"{self.pod}/{self.container}"


def log_targets(detail: RolloutDetail, key: str = "") -> tuple[LogTarget, ...]:
    """Containers of the pods at or below the tree's row `key` (`kind/name`); of all pods where it is about none.

    Containers in trouble come first: it is they that one wants to read.
    """
    pods = _pods(detail, key) or detail.pods
    targets = [
        (box.init, bool(pod.healthy), LogTarget(str(pod.name), str(box.name), _hint(pod, restarts=box.restarts)))
        for pod in pods
        for box in pod.containers
    ]
    return tuple(target for _, _, target in sorted(targets, key=lambda entry: entry[:2]))


def _pods(detail: RolloutDetail, key: str) -> tuple[Pod, ...]:
    kind, _, name = key.partition("/")
    if kind == "pod":
        return tuple(pod for pod in detail.pods if pod.name == name)
    found: list[Pod] = []
    for revision in detail.revisions:
        groups = [*revision.replica_sets]
        for trial in revision.experiments:
            groups.extend(trial.replica_sets)
            if kind == "experiment" and trial.name == name:
                found.extend(pod for group in trial.replica_sets for pod in group.pods)
        for group in groups:
            if (kind == "group" and group.name == name) or (kind == "revision" and str(revision.number) == name):
                found.extend(group.pods)
    return tuple(found)


def _hint(pod: Pod, *, restarts: int) -> str:
    words = f"{restarts} restarts" if restarts else ""
    return f"{pod.status}  {words}".rstrip()
