"""Restarting pods that are older than spec.restartAt, as many at a time as may be missing."""

from __future__ import annotations

from mlcd_tui.demo.clock import unix
from mlcd_tui.demo.controllers.argo.parts import size, surge_and_unavailable, wanted
from mlcd_tui.demo.controllers.argo.turn import Turn
from mlcd_tui.demo.controllers.replicaset import ready_since
from mlcd_tui.demo.kinds import PODS


def restart_pods(turn: Turn) -> int:
    """Deletes old pods; how many. When none is left, the restart is done."""
    at = turn.rollout["spec"].get("restartAt")
    if not at or at == turn.old_status.get("restartedAt"):
        return 0
    if (left := unix(at) - turn.now) > 0:
        turn.again(left)
        return 0
    pods = [pod for each in turn.all for pod in turn.store.owned(each, PODS)]
    total = max(wanted(turn.rollout), sum(map(size, turn.all)))
    room = max(surge_and_unavailable(turn.rollout)[1], 1)
    spare = sum(ready_since(pod) is not None and "deletionTimestamp" not in pod["metadata"] for pod in pods)
    spare -= total - room
    restarted = old = 0
    for pod in pods:
        if unix(pod["metadata"]["creationTimestamp"]) >= unix(at):
            continue
        old += 1
        if spare > restarted and "deletionTimestamp" not in pod["metadata"]:
            turn.store.terminate(PODS, turn.key[0], pod["metadata"]["name"])
            restarted += 1
    if old > restarted:
        turn.again(3.0)
    else:
        turn.status["restartedAt"] = at
    return restarted
