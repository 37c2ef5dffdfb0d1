"""A package desk by hand: what it finds is what the test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from mlcd_tui.domain.errors import Missing, Problem
from mlcd_tui.domain.package import ModelPackage, PackageEntry
from mlcd_tui.domain.package_ports import Place, Publication, PublishOutcome, RolloutPackages
from mlcd_tui.domain.rollout import RolloutDetail
from mlcd_tui.domain.verdict import PackageDiff


class FakeDesk:
    """domain.package_ports.PackageDesk by hand."""

    def __init__(self) -> None:
        self.packages: dict[str, ModelPackage] = {}
        self.known_places: tuple[Place, ...] = ()
        self.entries: dict[str, Sequence[PackageEntry] | Problem] = {}
        self.held: asyncio.Event | None = None
        """Listings stop in their middle, and looking for packages does not end, until it is set."""
        self.diffs: dict[tuple[str, str], PackageDiff] = {}
        self.found: RolloutPackages | Problem = RolloutPackages()
        self.asked: list[RolloutDetail] = []
        self.listed: list[str] = []

    async def read(self, address: str) -> ModelPackage:
        if address not in self.packages:
            raise Missing(f"There is no package at {address}.")
        return self.packages[address]

    async def list(self, address: str) -> AsyncIterator[PackageEntry]:
        self.listed.append(address)
        there = self.entries.get(address, ())
        if isinstance(there, Problem):
            raise there
        for place, entry in enumerate(there):
            if self.held is not None and place == len(there) // 2:
                await self.held.wait()
            yield entry

    def places(self) -> tuple[Place, ...]:
        return self.known_places

    async def compare(self, serving: str, candidate: str) -> PackageDiff:
        if (serving, candidate) not in self.diffs:
            raise Missing(f"There is no package at {candidate}.")
        return self.diffs[serving, candidate]

    async def around(self, detail: RolloutDetail) -> RolloutPackages:
        self.asked.append(detail)
        if self.held is not None:
            await self.held.wait()
        if isinstance(self.found, Problem):
            raise self.found
        return self.found

    async def propose_publish(self, address: str, image_digest: str, namespace: str) -> Publication:
        raise Missing(f"There is no package at {address} to publish for {image_digest} in {namespace}.")

    async def publish(self, publication: Publication, reason: str = "", typed_name: str = "") -> PublishOutcome:
        raise AssertionError(f"no screen publishes: {publication.name} {reason} {typed_name}")

    async def decline(self, publication: Publication, reason: str = "") -> None:
        raise AssertionError(f"no screen publishes: {publication.name} {reason}")
