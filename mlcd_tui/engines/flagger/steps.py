"""The steps of a run: each weight or check, then the promotion, with where it stands."""

from __future__ import annotations

from dataclasses import dataclass

from mlcd_tui.domain.rollout import Step, StepPosition, StepState
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.engines.flagger.canary import CanaryState, Way
from mlcd_tui.engines.flagger.kinds import Phase
from mlcd_tui.engines.flagger.state import State

_MOST_CHECKS = 60


@dataclass(frozen=True, slots=True)
class _Plain:
    kind: str
    caption: str


def _plain(canary: CanaryState) -> list[_Plain]:
    if not canary.analysis:
        return []
    found: list[_Plain] = []
    if canary.way is Way.WEIGHTS:
        found += [_Plain("mirror", "copy traffic")] if canary.mirrors else []
        found += [_Plain("setWeight", f"set {weight} %") for weight in canary.weights]
    else:
        count, copies = canary.iterations, canary.mirrors and canary.way is Way.SWITCH
        what = "copy, check" if copies else "check"
        found += [_Plain("check", f"{what} {each + 1} of {count}") for each in range(min(count, _MOST_CHECKS))]
        found += [_Plain("switch", "all traffic to it")] if canary.way is Way.SWITCH and not canary.by_hand else []
    return [*found, _Plain("promote", "promote")]


def _index(state: State, count: int) -> int | None:
    """Which step is current; None where Flagger no longer tells."""
    canary = state.canary
    match canary.phase:
        case Phase.INITIALIZED | Phase.SUCCEEDED:
            return count
        case Phase.WAITING:
            return 0
        case Phase.PROMOTING | Phase.FINALISING:
            return count - 1
        case Phase.PROGRESSING | Phase.WAITING_PROMOTION:
            return min(_in_analysis(canary, count), count - 1)
        case _:
            return None


def _in_analysis(canary: CanaryState, count: int) -> int:
    if canary.way is Way.WEIGHTS:
        if canary.phase is Phase.WAITING_PROMOTION:  # the status forgets its weight there
            return count - 1
        reached = sum(weight <= canary.weight for weight in canary.weights)
        # The weight of a step is held until the next one: it is current while its checks run.
        return max(reached - 1, 0) + int(canary.mirrors and reached > 0)
    if canary.iteration > canary.iterations:
        return count - 1
    checks = min(canary.iterations, _MOST_CHECKS)
    if canary.phase is Phase.WAITING_PROMOTION:
        return checks
    return min(max(canary.iteration - 1, 0), checks)


def steps(state: State) -> tuple[Step, ...]:
    """Every step with its state."""
    plain = _plain(state.canary)
    index = _index(state, len(plain))
    return tuple(
        Step(number, Clean(each.kind), clean(each.caption), _state(number, index)) for number, each in enumerate(plain)
    )


def _state(number: int, index: int | None) -> StepState:
    if index is None or number > index:
        return StepState.TODO
    return StepState.CURRENT if number == index else StepState.DONE


def position(state: State) -> StepPosition | None:
    """Where it stands; None where there are no steps or Flagger no longer tells."""
    count = len(_plain(state.canary))
    index = _index(state, count)
    return None if index is None or not count else StepPosition(index, count)
