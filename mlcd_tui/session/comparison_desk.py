"""Runs comparisons: from a wish to requests or pairs, to a report, to evidence of both images."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from mlcd_tui.comparison.store import ComparisonStore, comparison_folder
from mlcd_tui.domain.comparison.limits import Limits
from mlcd_tui.domain.comparison.report import ComparisonReport
from mlcd_tui.domain.errors import BadConfig, Problem
from mlcd_tui.domain.ports import Clock
from mlcd_tui.domain.published import image_digest
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.domain.rollout import RolloutDetail
from mlcd_tui.domain.snapshot import Rules
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.domain.traffic import TrafficRole, TrafficTarget
from mlcd_tui.domain.traffic_ports import ComparisonProgress, ComparisonWish
from mlcd_tui.session.comparison_evidence import ComparisonEvidence
from mlcd_tui.session.comparison_reach import Reach
from mlcd_tui.session.comparison_rules import read_rules
from mlcd_tui.session.comparison_work import Work

Listener = Callable[[ComparisonProgress], None]
Look = Callable[[RolloutRef], Awaitable[RolloutDetail]]
_FASTEST = 10_000.0


@dataclass(slots=True)
class Running:
    """One comparison under way; a `ComparisonRun`."""

    task: asyncio.Task[ComparisonProgress]
    work: Work

    def cancel(self) -> None:
        """Stop sending or reading; what was compared until then is told and kept, marked as incomplete."""
        self.work.cancel()

    async def wait(self) -> ComparisonProgress:
        """Until it has ended."""
        return await asyncio.shield(self.task)


@dataclass(frozen=True, slots=True)
class _Sides:
    """The two versions of a rollout, as they run now."""

    subject: Clean = Clean("")
    production: TrafficTarget | None = None
    shadow: TrafficTarget | None = None
    production_digest: Clean = Clean("")
    shadow_digest: Clean = Clean("")


class ComparisonDesk:
    """Comparisons of this machine.

    Args:
        clock: the present moment.
        look: one look at a rollout in full; None: only addresses and files can be compared.
        reach: a way to a version without an address; None: there is none.
        shown: a rollout as somebody watches it now; None, or gives None: as this desk looked at it last.
        folder: where results are kept; None: in the state folder.
    """

    def __init__(
        self,
        clock: Clock,
        look: Look | None = None,
        reach: Reach | None = None,
        shown: Callable[[RolloutRef], RolloutDetail | None] | None = None,
        folder: Path | None = None,
    ) -> None:
        self._clock = clock
        self._look = look
        self._reach = reach
        self._evidence = ComparisonEvidence(ComparisonStore(folder or comparison_folder()))
        self._shown = shown
        self._seen: dict[RolloutRef, RolloutDetail] = {}
        self._running: set[asyncio.Task[ComparisonProgress]] = set()

    def compare(self, wish: ComparisonWish, listener: Listener) -> Running:
        """Begin a comparison; a loop has to run. The last progress that the listener gets has `ended` set.

        Raises:
            Problem: a bad wish; nothing was begun.
        """
        limits = Limits(wish.max_mismatch, wish.latency_limit_ms)
        self._objections(wish)
        rules = read_rules(wish.rules)
        work = Work(wish, limits, rules[0], asyncio.get_running_loop(), listener)
        task = asyncio.create_task(self._run(wish, work, rules, listener), name="comparison")
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return Running(task, work)

    def comparisons(self, ref: RolloutRef) -> tuple[ComparisonReport, ...]:
        """Kept results of the images that run now, the newest first; then those of the rollout's other images."""
        detail = (self._shown(ref) if self._shown is not None else None) or self._seen.get(ref)
        if detail is None:
            return self._evidence.of((), (), str(ref))
        sides = _sides_of(detail)
        return self._evidence.of(
            _digests(sides.production, sides.production_digest), _digests(sides.shadow, sides.shadow_digest), str(ref)
        )

    def newest(self, detail: RolloutDetail) -> ComparisonReport | None:
        """The newest kept result of exactly the images that run now; None: nobody has compared them. Blocking."""
        sides = _sides_of(detail)
        production = _digests(sides.production, sides.production_digest)
        return next(iter(self._evidence.of(production, _digests(sides.shadow, sides.shadow_digest), "")), None)

    async def stop(self) -> None:
        """End what is under way, without a result."""
        for task in tuple(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    # --- inside -------------------------------------------------------------------------------------------

    def _objections(self, wish: ComparisonWish) -> None:
        if not 0 < wish.rate <= _FASTEST:
            raise BadConfig(f"A rate of {wish.rate:g} requests a second cannot be used: above 0, at most 10,000.")
        if wish.limit < 0 or not 0 < wish.copied <= 1:
            raise BadConfig("A limit is at least 0, and the copied share above 0 and at most 1.")
        if wish.replay and wish.also:
            raise BadConfig("Requests are replayed from one file only.")
        if wish.ref is not None and self._look is None:
            raise BadConfig("There is no cluster here in which a rollout could be looked up.")
        addresses = wish.production and wish.shadow
        if wish.replay and not addresses and (wish.ref is None or self._reach is None):
            raise BadConfig(
                "Where the requests are to be sent is not known.",
                advice="Name a rollout, or give --production URL and --shadow URL.",
            )

    async def _run(
        self, wish: ComparisonWish, work: Work, rules: tuple[Rules, Clean], listener: Listener
    ) -> ComparisonProgress:
        problem: Problem | None = None
        sides = _Sides()
        try:
            sides = await self._sides(wish)
            if not work.stopped:
                async with AsyncExitStack() as ways:
                    await work.run(*[await self._address(wish, sides, name, ways) for name in ("production", "shadow")])
        except Problem as error:
            problem = error
        report = None
        if problem is None or work.done:
            told = work.report(complete=problem is None)
            report = await self._kept(wish, replace(told, rules_digest=rules[1]), sides)
        ended = ComparisonProgress(
            work.done,
            work.total,
            report,
            clean(problem) if problem else Clean(""),
            ended=True,
            exit_code=problem.exit_code if problem else 0,
        )
        listener(ended)
        return ended

    async def _kept(self, wish: ComparisonWish, report: ComparisonReport, sides: _Sides) -> ComparisonReport:
        """The report with what it was measured on, kept where both digests are known."""
        at = self._clock()
        warnings = list(report.warnings)
        if sides.subject and (wish.production or wish.shadow or not wish.replay):
            warnings.append(clean("that these answers are of the rollout's two versions is the word of whoever asked"))
        report = replace(
            report,
            at=at,
            subject=sides.subject,
            production_digest=sides.production_digest,
            shadow_digest=sides.shadow_digest,
            warnings=tuple(warnings),
        )
        if not report.pairs or not sides.subject:
            return report
        try:
            await asyncio.to_thread(self._evidence.keep, report, at)
        except Problem as problem:
            return replace(report, warnings=(*report.warnings, clean(f"not kept as evidence: {problem.sentence}")))
        return report

    async def _sides(self, wish: ComparisonWish) -> _Sides:
        if wish.ref is None or self._look is None:
            return _Sides()
        detail = await self._look(wish.ref)
        self._seen[wish.ref] = detail
        sides = _sides_of(detail)
        if not sides.shadow_digest and sides.shadow is None:
            raise BadConfig(f"{wish.ref} has no new version on its way: there is nothing to compare.")
        return sides

    async def _address(self, wish: ComparisonWish, sides: _Sides, name: str, ways: AsyncExitStack) -> str:
        """Where a version is asked; empty: nobody is asked."""
        given: str = getattr(wish, name)
        if given or not wish.replay:
            return given
        target: TrafficTarget | None = getattr(sides, name)
        if target is None or self._reach is None:
            raise BadConfig(
                f"How the {name} of {sides.subject} is reached is not known: its engine names no Service.",
                advice="Give the addresses: --production URL and --shadow URL.",
            )
        return await ways.enter_async_context(self._reach(target))


def _sides_of(detail: RolloutDetail) -> _Sides:
    """The two versions of a rollout; their images by what its engine says of traffic, else by what its pods run."""
    from mlcd_tui.session.running_images import running_images

    production = next((one for one in detail.targets if one.role is TrafficRole.SERVING), None)
    shadow = next((one for one in detail.targets if one.role is not TrafficRole.SERVING), None)
    coming, serving = running_images(detail)
    return _Sides(
        clean(detail.rollout.ref),
        production,
        shadow,
        clean(next(iter(_digests(production, serving.digest if serving else "")))),
        clean(next(iter(_digests(shadow, coming.digest if coming else "")))),
    )


def _digests(target: TrafficTarget | None, digest: str) -> tuple[str, ...]:
    """Digests that mean a version's image, the model's own first; at least one, which may be empty."""
    known = tuple(filter(None, map(image_digest, target.digests))) if target is not None else ()
    return (*known, digest)
