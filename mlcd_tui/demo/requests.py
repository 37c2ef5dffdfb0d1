"""The requests of the simulated cluster's customers, counted as a model server counts them.

Drawn anew for each stretch of five seconds from the names at hand, so that whoever looks twice sees the same past.
"""

from __future__ import annotations

import math
import random
import zlib
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from mlcd_tui.demo.data_plane import KEPT, DataPlane, Key, Portion, Shares

TICK = 5
BOUNDS_MS = (5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 150.0, 250.0, 500.0, 1_000.0)
BUSY = {"fraud-scorer": 42.0, "churn": 18.0, "tokenizer": 36.0, "nsfw": 26.0, "ranker": 55.0}
"""Requests a second of the services that stories are told of; the others follow from their names."""
_LOOKBACK = 300.0


@dataclass(frozen=True, slots=True)
class Manner:
    """How a version answers."""

    failing: float
    median_ms: float
    spread: float = 0.55


_WORSE = {
    "tokenizer:1.3.1": Manner(0.024, 34.0),
    "nsfw:clip-b32.2": Manner(0.003, 71.0),
}
"""Versions that answer worse than those before them."""


def manner_of(version: str) -> Manner:
    """How `app:tag` answers: as the one before it, mostly."""
    if found := _WORSE.get(version):
        return found
    number = zlib.crc32(version.partition(":")[0].encode())
    return Manner(0.002 + number % 5 / 2_000, 18.0 + number % 29)


@dataclass(slots=True)
class Counter:
    """One version's counters at each tick, from when it is first asked about on."""

    pod: str
    manner: Manner
    ticks: list[int] = field(default_factory=list)
    good: list[int] = field(default_factory=list)
    bad: list[int] = field(default_factory=list)
    within: list[tuple[int, ...]] = field(default_factory=list)
    """Requests up to each bound, the last is all."""
    cpu: list[float] = field(default_factory=list)
    busy: bool = False
    """Whether it ever had requests."""

    def at(self, moment: float) -> int | None:
        """The place of the newest tick up to a moment; None: there is none in the last minutes."""
        place = bisect_right(self.ticks, moment / TICK) - 1
        return place if place >= 0 and moment - self.ticks[place] * TICK < _LOOKBACK else None

    def count(self, tick: int, mean: float, seed: str) -> None:
        """One more stretch, with `mean` requests expected."""
        source = random.Random(seed)  # noqa: S311 - a story, not a secret
        asked = _poisson(source, mean)
        failed = _binomial(source, asked, self.manner.failing)
        rows, left, below, before = [], asked, 0, 0.0
        for bound in BOUNDS_MS:
            share = _below(bound, self.manner)
            here = _binomial(source, left, (share - before) / max(1.0 - before, 1e-9))
            left, below, before = left - here, below + here, share
            rows.append(below)
        last = self.within[-1] if self.within else (0,) * (len(BOUNDS_MS) + 1)
        self.ticks.append(tick)
        self.good.append((self.good[-1] if self.good else 0) + asked - failed)
        self.bad.append((self.bad[-1] if self.bad else 0) + failed)
        self.within.append(tuple(old + new for old, new in zip(last, (*rows, asked), strict=True)))
        self.cpu.append(
            (self.cpu[-1] if self.cpu else 0.0) + TICK * (0.15 + mean / TICK * self.manner.median_ms / 2_500)
        )
        self.busy = self.busy or asked > 0


@dataclass(frozen=True, slots=True)
class Version:
    """One version that has, or had, a share within the last hour."""

    key: Key
    name: str
    moments: list[tuple[float, Shares]]

    @property
    def pod(self) -> str:
        """The pod that stands for all of its pods."""
        return f"{self.name}-{_suffix(self.name)}"


class Requests:
    """The counters of all versions, drawn when somebody asks."""

    def __init__(self, plane: DataPlane) -> None:
        self._plane = plane
        self._counters: dict[str, Counter] = {}

    def versions(self, namespace: str) -> Iterator[Version]:
        """Every version in a namespace ('' is all)."""
        for key, moments in self._plane.history(namespace):
            for name in sorted({name for _, shares in moments for name in shares}):
                yield Version(key, name, moments)

    def counter(self, version: Version, now: float) -> Counter:
        """The counters of a version, up to the present."""
        key, name, moments = version.key, version.name, version.moments
        counter = self._counters.get(f"{key}/{name}")
        if counter is None:
            counter = Counter(version.pod, manner_of(self._plane.version(key[1], name)))
            self._counters[f"{key}/{name}"] = counter
        end = int(now // TICK)
        begun = next((at for at, shares in moments if name in shares), now)
        start = counter.ticks[-1] + 1 if counter.ticks else max(int(begun // TICK), end - round(KEPT / TICK))
        rate = BUSY.get(key[2]) or 6.0 + zlib.crc32(key[2].encode()) % 17
        for tick in range(start, end + 1):
            portion = _portion(moments, name, tick * TICK)
            wave = 1.0 + 0.18 * math.sin(tick * TICK / 420.0 + len(key[2]))
            mean = rate * wave * TICK * (portion.live + portion.copies)
            counter.count(tick, mean, f"{key[1]}/{name}/{tick}")
        return counter


def _portion(moments: list[tuple[float, Shares]], name: str, at: float) -> Portion:
    place = bisect_right(moments, at, key=lambda moment: moment[0]) - 1
    return moments[max(place, 0)][1].get(name, Portion(0.0))


def _suffix(name: str) -> str:
    return "".join("bcdfghjklmnpqrstvwxz2456789"[zlib.crc32(f"{name}{place}".encode()) % 27] for place in range(5))


def _below(bound: float, manner: Manner) -> float:
    """The share of requests that take no longer, by a log-normal law."""
    return 0.5 * (1.0 + math.erf(math.log(bound / manner.median_ms) / (manner.spread * math.sqrt(2.0))))


def _poisson(source: random.Random, mean: float) -> int:
    if mean > 30:
        return max(0, round(source.gauss(mean, math.sqrt(mean))))
    limit, count, product = math.exp(-mean), 0, source.random()
    while product > limit:
        count += 1
        product *= source.random()
    return count


def _binomial(source: random.Random, number: int, share: float) -> int:
    """By inversion where few are expected: roughly drawn, small versions would answer unlike large ones."""
    if number <= 0 or share <= 0:
        return 0
    if share > 0.5:
        return number - _binomial(source, number, 1.0 - share)
    mean = number * share
    if mean >= 15:
        return min(number, max(0, round(source.gauss(mean, math.sqrt(mean * (1.0 - share))))))
    odds, chance, left = share / (1.0 - share), (1.0 - share) ** number, source.random()
    for count in range(number):
        if left < chance:
            return count
        left -= chance
        chance *= odds * (number - count) / (count + 1)
    return number
