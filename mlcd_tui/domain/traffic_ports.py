"""What the screens and the command line ask about traffic and comparisons."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from mlcd_tui.domain.comparison.report import ComparisonReport
from mlcd_tui.domain.post_switch import RollbackOffer
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.domain.text import Clean
from mlcd_tui.domain.traffic import TrafficReading


@dataclass(frozen=True, slots=True)
class ComparisonWish:
    """What shall be compared, and how."""

    source: str
    """Path of recorded requests (replay) or of recorded pairs."""
    replay: bool = True
    """Send the recorded requests to both versions; False: the file has both answers already."""
    ref: RolloutRef | None = None
    """The rollout whose serving version and candidate are meant; None: two addresses are given."""
    production: str = ""
    """Base address of the serving version; empty: a port-forward to its Service."""
    shadow: str = ""
    rules: str = ""
    """Path of a file with tolerances (the `rules` of a check plan's snapshot); empty: the defaults."""
    rate: float = 20.0
    """Requests a second to each version, at most."""
    limit: int = 0
    """Pairs at most; 0: all."""
    noise: bool = True
    """Ask production twice, to learn how much it differs from itself."""
    latency_limit_ms: float | None = None
    """A median that is slower by more than this is told as slower; None: the default of the rules."""
    max_mismatch: float = 0.005
    """Share of differing pairs beyond the noise that is let pass, 0 to 1."""
    also: tuple[str, ...] = ()
    """More files of recorded pairs, read together with `source`: the two sides' logs, mostly."""
    format: str = ""
    """Name of the reader of the files; empty: by what they look like."""
    production_name: str = ""
    """Recorded pairs: what the logs call the serving version (an InferenceService, a cluster); empty: as they say
    themselves, else the first file is production's."""
    shadow_name: str = ""
    copied: float = 1.0
    """Recorded pairs: share of production's requests that was copied, 0 to 1; the others are not missed."""


@dataclass(frozen=True, slots=True)
class ComparisonProgress:
    """How far a comparison is."""

    done: int
    total: int | None
    """None: not known yet."""
    report: ComparisonReport | None = None
    """So far; at the end the whole."""
    problem: Clean = Clean("")
    """Not empty: it ended, and why."""
    ended: bool = False
    exit_code: int = 0
    """What a command ends with because of the problem; 0: there is none."""


class ComparisonRun(Protocol):
    """One comparison under way."""

    def cancel(self) -> None:
        """Stop sending; what was compared so far is told and kept, marked as incomplete."""
        ...

    async def wait(self) -> ComparisonProgress:
        """Until it has ended."""
        ...


class TrafficDesk(Protocol):
    """Live traffic and shadow comparisons of rollouts."""

    @property
    def configured(self) -> bool:
        """Whether the settings name a source of numbers in the present context."""
        ...

    def watch(
        self, ref: RolloutRef, listener: Callable[[TrafficReading], None], *, window: float = 0.0
    ) -> Callable[[], Awaitable[None]]:
        """Look again and again while somebody looks; `window` in seconds, 0 is that of the settings.

        Returns the async closer. Never raises.
        """
        ...

    async def look(self, ref: RolloutRef, *, window: float = 0.0) -> TrafficReading:
        """One look; problems are told in it."""
        ...

    def compare(self, wish: ComparisonWish, listener: Callable[[ComparisonProgress], None]) -> ComparisonRun:
        """Begin a comparison; its result is kept as evidence of both digests. Raises `Problem` for a bad wish."""
        ...

    def comparisons(self, ref: RolloutRef) -> tuple[ComparisonReport, ...]:
        """Kept results whose two digests are those that run now, the newest first; then those of other digests."""
        ...

    def offers(self, listener: Callable[[RollbackOffer], None]) -> Callable[[], None]:
        """Hear of each version that answers worse after a switch, at once of those known; returns how to stop."""
        ...

    def offer(self, ref: RolloutRef) -> RollbackOffer | None:
        """The offer to go back that stands; None: there is no reason to."""
        ...

    def decline_offer(self, ref: RolloutRef) -> None:
        """The operator keeps the new version: nothing more is said of this switch."""
        ...
