"""The desks of a session: whoever asks about packages or checks is sent there, and nothing is read before."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from mlcd_tui.domain.ports import Clock
from mlcd_tui.session.options import Options

if TYPE_CHECKING:
    from mlcd_tui.session.acts import Acts
    from mlcd_tui.session.check_desk import Checks
    from mlcd_tui.session.package_desk import Desk, Surroundings


class Desks:
    """The part of the session that has the desks."""

    _options: Options
    _clock: Clock
    _namespace: str

    @cached_property
    def packages(self) -> Desk:
        """Packages: reading, comparing, finding those of a rollout, publishing."""
        from mlcd_tui.config.settings import PackageSettings
        from mlcd_tui.session.package_desk import Desk

        return Desk(self._options.packages or PackageSettings(), self._surroundings)

    @cached_property
    def checks(self) -> Checks:
        """Checks: running them, evidence of images, accepting."""
        from mlcd_tui.session.check_desk import Checks

        return Checks(self._clock, self._surroundings, settings=self._options.checks, packages=self._options.packages)

    async def _surroundings(self) -> Surroundings:
        from mlcd_tui.session.package_desk import Surroundings

        acts = await self._ready()
        return Surroundings(
            acts.connection, acts.recorder, self._clock, acts.readonly, acts.production, self._namespace
        )

    async def _ready(self) -> Acts:
        """What acts in the present context, connected."""
        raise NotImplementedError
