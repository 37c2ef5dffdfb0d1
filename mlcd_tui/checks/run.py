"""Runs a plan's checks on an image, side by side; no check's fault ends another."""

from __future__ import annotations

import queue
import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from mlcd_tui.checks.plan import Plan, PlannedCheck
from mlcd_tui.checks.runner.belongings import sweep
from mlcd_tui.checks.runner.bench import DockerBench, Workshop
from mlcd_tui.checks.runner.budget import Budget
from mlcd_tui.checks.runner.context import Context
from mlcd_tui.checks.runner.engine import Engine, connect
from mlcd_tui.domain.check_ports import NotReady, Progress
from mlcd_tui.domain.checks import CheckResult, CheckRun, CheckState
from mlcd_tui.domain.errors import BadConfig, Problem
from mlcd_tui.domain.text import Clean, clean

_MOST_WAITING = 20_000
"""Lines that wait for a slow listener; further ones are counted instead."""
_LONGEST_LINE = 8_192
_PAUSE = 0.03
"""Seconds in which lines gather before they are told: two threads that wake each other at every line of a flood let
whoever draws wait for the interpreter."""
_FAREWELL = 20.0
"""Seconds for the checks to end after all were called off."""


def run_plan(
    plan: Plan,
    image: str = "",
    *,
    only: Sequence[str] = (),
    called_off: Collection[str] = (),
    by: str = "",
    engine: Engine | None = None,
    remote: bool = False,
) -> Iterator[Progress]:
    """Run a plan's checks on an image of a Docker Engine, and tell what happens. Blocks between two tellings.

    First every check comes as waiting, in the plan's order; last comes the whole run. Ending the iteration calls off.

    Args:
        plan: as it was read.
        image: empty: the one that the plan names.
        only: names of the checks to run; empty: all.
        called_off: names that are put into it meanwhile are called off, each alone.
        by: who runs it.
        engine: empty: the one at `DOCKER_HOST` or the default socket.
        remote: whether the engine may be on another machine.

    Raises:
        Problem: no engine, no such image, no such check; nothing was run then.
    """
    chosen = plan.only(tuple(only))
    ref = image or plan.image
    if not ref:
        raise BadConfig("No image to check: the plan names none.", advice="Name one.")
    place = engine or connect(remote=remote)
    try:
        with suppress(Problem):  # what earlier sessions left is no reason to run nothing now
            sweep(place)
        identity = place.identity(ref)
        started = datetime.now(UTC)
        run_id = f"{started:%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"
        with Workshop(place, identity, run_id, context=_context(plan)) as workshop:
            running = _Running(plan, workshop, _budget(plan, place), called_off)
            yield from running.all(chosen)
            engine_said = f"{place.name}, {workshop.builder.name}" if workshop.builder else place.name
        results = tuple(running.results[check.name] for check in chosen)
        finished = datetime.now(UTC)
        run = CheckRun(run_id, identity, plan.digest, results, started, finished, clean(by), clean(engine_said))
        yield Progress("", run=run)
    finally:
        if engine is None:
            place.close()


def _context(plan: Plan) -> Context | None:
    build = plan.build
    if build is None:
        return None
    return Context(Path(plan.folder) / build.context, build.dockerfile, tuple(sorted(build.args.items())))


def _budget(plan: Plan, engine: Engine) -> Budget:
    given = plan.budget
    return Budget(given.cpus or engine.cpus, given.memory or engine.memory, given.checks or len(plan.checks))


@dataclass(slots=True)
class _Running:
    """The threads of one run and what they tell."""

    plan: Plan
    workshop: Workshop
    budget: Budget
    called_off: Collection[str]
    results: dict[str, CheckResult] = field(default_factory=dict)
    _told: queue.SimpleQueue[Progress] = field(default_factory=queue.SimpleQueue)
    _stop: threading.Event = field(default_factory=threading.Event)

    def all(self, checks: Sequence[PlannedCheck]) -> Iterator[Progress]:
        """Everything that happens until the last check has ended."""
        for check in checks:
            yield Progress(check.name, CheckState.WAITING)
        threads = [
            threading.Thread(target=self._one, args=(check,), name=f"check {check.name}", daemon=True)
            for check in checks
        ]
        try:
            for thread in threads:
                thread.start()
            while len(self.results) < len(checks):
                told = self._told.get()
                if told.result is not None:
                    self.results[told.check] = told.result
                yield told
                if told.line and self._told.empty():
                    time.sleep(_PAUSE)
        finally:
            self._stop.set()
            deadline = time.monotonic() + _FAREWELL
            for thread in threads:
                if thread.ident is not None:
                    thread.join(max(deadline - time.monotonic(), 0))

    def _cancelled(self, name: str) -> Callable[[], bool]:
        return lambda: self._stop.is_set() or name in self.called_off

    def _one(self, check: PlannedCheck) -> None:
        begun, started = time.monotonic(), datetime.now(UTC)
        result = _result(check, CheckState.ERROR, "it did not come to an end")
        try:
            result = self._judged(check)
        except NotReady as problem:
            result = _result(check, problem.state, str(problem))
        except Problem as problem:
            result = _result(check, CheckState.ERROR, str(problem))
        except Exception as error:  # noqa: BLE001 - one check's fault never ends the others
            told = " ".join(str(error).split())
            result = _result(check, CheckState.ERROR, f"the check itself failed: {type(error).__name__}: {told}")
        finally:
            if not result.state.ended:
                result = replace(result, state=CheckState.ERROR, sentence=clean("the check came to no verdict"))
            if self._cancelled(check.name)() and not result.state.met and result.state is not CheckState.SKIPPED:
                result = replace(result, state=CheckState.CANCELLED, sentence=clean("called off"))
            result = replace(
                result,
                name=clean(check.name),
                kind=check.kind,
                required=check.required,
                plan_digest=check.digest,
                started=result.started or started,
                seconds=result.seconds or time.monotonic() - begun,
            )
            self._told.put(Progress(check.name, result.state, result=result))

    def _judged(self, check: PlannedCheck) -> CheckResult:
        if check.skip:
            return replace(_result(check, CheckState.SKIPPED, "left out by the plan"), reason=clean(check.skip))
        cancelled = self._cancelled(check.name)
        with self.budget.share(check.spec.limits.limits(), cancelled) as mine:
            if not mine:
                return _result(check, CheckState.CANCELLED, "called off before it began")
            self._told.put(Progress(check.name, CheckState.RUNNING))
            bench = DockerBench(self.workshop, check.name, cancelled)
            return check.check.run(check.spec, bench, self.plan.folder, _Log(check.name, self._told).hear)


@dataclass(slots=True)
class _Log:
    """Lines of one check on their way to a listener who may be slow: memory is bounded, the check not held up."""

    name: str
    told: queue.SimpleQueue[Progress]
    _left_out: int = 0

    def hear(self, line: str) -> None:
        if self.told.qsize() > _MOST_WAITING:
            self._left_out += 1
            return
        if self._left_out:
            self.told.put(Progress(self.name, line=Clean(f"… {self._left_out:,} lines left out …")))
            self._left_out = 0
        self.told.put(Progress(self.name, line=clean(line.replace("\t", "    "), limit=_LONGEST_LINE)))


def _result(check: PlannedCheck, state: CheckState, sentence: str) -> CheckResult:
    return CheckResult(clean(check.name), check.kind, state, clean(sentence, limit=1_000))
