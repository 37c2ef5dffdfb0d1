"""What a client sees between its patch and the controller's answer, and of controllers too old to write a phase.

A label hands the rollout to a controller that is not there, so that such moments stand still; the real plugin then
works out the phase by itself.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.e2e.lab.recording import bluegreen_states, canary_states
from tests.e2e.lab.recording.manifests import canary, template
from tests.e2e.lab.recording.stage import ELSEWHERE, Play, Stage, rollout_state


@rollout_state
def unattended_new(stage: Stage) -> None:
    owner = canary(canary_states.WEIGHT)
    owner["metadata"]["labels"] = ELSEWHERE
    stage.create(owner)


@rollout_state
def unattended_release(stage: Stage) -> None:
    canary_states.canary_healthy(stage)
    stage.settle()
    stage.hand_over()
    stage.release(template("3"))


@rollout_state
def unattended_resume(stage: Stage) -> None:
    canary_states.canary_paused_step(stage)
    stage.settle()
    stage.hand_over()
    stage.patch_status({"pauseConditions": None})


@rollout_state
def unattended_abort(stage: Stage) -> None:
    canary_states.canary_paused_step(stage)
    stage.settle()
    stage.hand_over()
    stage.patch_status({"abort": True})


def _without_phase(play: Play) -> Callable[[Stage], None]:
    def legacy(stage: Stage) -> None:
        play(stage)
        stage.settle()
        stage.hand_over()
        stage.patch_status({"phase": None, "message": None})

    legacy.__name__ = f"legacy_{play.__name__}"
    return legacy


for each in (
    canary_states.canary_healthy,
    canary_states.canary_paused_step,
    canary_states.canary_paused_by_user,
    canary_states.canary_progressing,
    canary_states.canary_old_pods_pending,
    canary_states.canary_aborted,
    canary_states.canary_deadline_exceeded,
    canary_states.invalid_spec,
    canary_states.restarting,
    canary_states.promote_full,
    bluegreen_states.bluegreen_healthy,
    bluegreen_states.bluegreen_preview_waiting,
    bluegreen_states.bluegreen_progressing,
    bluegreen_states.bluegreen_pre_promotion_running,
    bluegreen_states.bluegreen_post_promotion_running,
):
    rollout_state(_without_phase(each))
