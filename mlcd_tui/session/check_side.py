"""What the desk of checks has for one connection: the search, what it remembers, and the watch that corrects it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from mlcd_tui.config.settings import PackageSettings
from mlcd_tui.domain.errors import Problem
from mlcd_tui.session.check_memory import Memory, Touched
from mlcd_tui.session.check_search import EvidenceSearch

if TYPE_CHECKING:
    from mlcd_tui.checks.evidence.store import EvidenceStore
    from mlcd_tui.cluster.client import Client
    from mlcd_tui.session.check_watch import EvidenceWatch
    from mlcd_tui.session.package_desk import Surroundings


class Side:
    """One cluster as far as evidence goes.

    Args:
        around: the context at hand; None: there is none.
        store: what this machine has.
        clock: the present moment.
        packages: whether registries are asked, and how long is waited for them.
        changed: called whenever the cluster has other evidence than before, with the images that it is of.
        trouble: why there is no context at hand; None: there is one, or none was asked for.
    """

    def __init__(
        self,
        around: Surroundings | None,
        store: EvidenceStore,
        clock: Callable[[], datetime],
        packages: PackageSettings,
        changed: Callable[[frozenset[Touched]], None],
        *,
        trouble: Problem | None = None,
    ) -> None:
        self.connection = around.connection if around is not None else None
        self._namespace = around.namespace if around is not None else ""
        self._changed = changed
        self._memory = Memory()
        self._watch: EvidenceWatch | None = None

        async def client() -> Client:
            if trouble is not None:
                raise trouble
            assert self.connection is not None
            return self.connection.client

        self.search = EvidenceSearch(
            store,
            client if around is not None or trouble is not None else None,
            clock,
            registries=packages.registry,
            timeout=packages.timeout,
            memory=self._memory,
            watched=self.knows,
            may_have=self._may_have,
        )

    def watch(self) -> None:
        """Begin to watch what others publish, where that was not begun."""
        if self.connection is None or self._watch is not None:
            return
        from mlcd_tui.session.check_watch import EvidenceWatch

        self._watch = EvidenceWatch(self.connection.client, self._namespace, self._heard)
        self._watch.start()

    def knows(self, namespace: str) -> bool:
        """Whether all that is published in a namespace is told of at this moment."""
        return self._watch is not None and self._watch.knows(namespace)

    def _may_have(self, namespace: str, digest: str, label: str) -> bool:
        return self._watch is None or self._watch.may_have(namespace, digest=digest, label=label)

    def forget(self) -> None:
        """Something was kept or tied together here, or published from here."""
        self._memory.clear()

    async def stop(self) -> None:
        """End the watch, and what is being looked for."""
        if self._watch is not None:
            await self._watch.stop()
            self._watch = None
        await self._memory.stop()

    def _heard(self, touched: frozenset[Touched]) -> None:
        self._memory.forget(touched)
        self._changed(touched)
