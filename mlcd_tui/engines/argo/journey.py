"""Where a canary goes from a step on, up to where it next stops."""

from __future__ import annotations

from dataclasses import dataclass

from mlcd_tui.engines._json import integer
from mlcd_tui.engines._words import span
from mlcd_tui.engines.argo import lean
from mlcd_tui.engines.argo.state import State, pause_seconds, step_kind


def percent(weight: int, maximum: int) -> str:
    """A weight as a share of a hundred: `60 %`."""
    return f"{weight} %" if maximum == 100 else f"{round(weight * 100 / maximum, 1):g} %"


def share(weight: int, maximum: int) -> str:
    """A weight in words: `60 %`, or `30 % (300 of 1000)` where weights are of another maximum."""
    return percent(weight, maximum) + ("" if maximum == 100 else f" ({weight} of {maximum})")


def place(state: State, index: int) -> str:
    """A step as people count: `2 of 5` for the second, `all 5 done` behind the last."""
    count = len(state.steps)
    return f"{index + 1} of {count}" if index < count else f"all {count} done"


@dataclass(frozen=True, slots=True)
class Journey:
    """Where a canary goes from a step on, up to where it next stops."""

    weight: int
    then: str
    """`wait 10 min`, `wait for you`, `run the analysis of step 4`, `make it the stable version`."""
    stop: int
    """Index of the step where it stops; the number of steps when it runs to the end."""


def journey(state: State, start: int) -> Journey:
    """Follow the steps from `start` to the next one that takes time by itself."""
    weight = state.weight_at(start)
    for index in range(start, len(state.steps)):
        step = state.steps[index]
        match step_kind(step):
            case "setWeight":
                weight = integer(step.setWeight)
            case "pause":
                seconds = pause_seconds(step.pause.duration) if isinstance(step.pause, lean.Pause) else None
                if seconds is None:
                    return Journey(weight, "wait for you", index)
                if seconds > 0:
                    return Journey(weight, f"wait {span(seconds)}", index)
            case "analysis" | "experiment" as kind:
                return Journey(weight, f"run the {kind} of step {index + 1}", index)
            case "plugin":
                return Journey(weight, f"run the plug-in of step {index + 1}", index)
            case _:
                pass
    return Journey(state.max_weight, "make it the stable version", len(state.steps))
