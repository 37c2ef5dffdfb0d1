"""One package in full, and two packages compared."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from mlcd_tui.domain.fleet import Fleet
from mlcd_tui.domain.package import ModelPackage
from mlcd_tui.domain.text import clean
from mlcd_tui.domain.verdict import PackageDiff
from mlcd_tui.ui.screens.prompt import PromptScreen
from mlcd_tui.ui.screens.sheet import SheetScreen
from mlcd_tui.ui.viewmodels.package_difference import diff_parts, raw_diff_parts
from mlcd_tui.ui.viewmodels.package_view import package_parts, raw_parts
from mlcd_tui.ui.viewmodels.package_words import Part, labels
from mlcd_tui.ui.viewmodels.spans import Line, Span
from mlcd_tui.ui.viewmodels.tones import Tone

Read: TypeAlias = Callable[[], Awaitable[ModelPackage]]
Compare: TypeAlias = Callable[[], Awaitable[PackageDiff]]


class PackageScreen(SheetScreen):
    """Everything known of one package."""

    def __init__(self, what: str, package: ModelPackage | None = None, *, address: str = "", runs: str = "") -> None:
        """Show a package.

        Args:
            what: its name for the eye while it is read.
            package: where it is read already.
            address: what to read it by, and to compare it by; empty: `package` is all there is.
            runs: the rollout that it was found by.
        """
        super().__init__(what)
        self.package = package
        self.address = address
        self._runs = (runs,) if runs else ()

    @classmethod
    def of(cls, address: str) -> PackageScreen:
        """The package behind an address."""
        return cls(clean(address), address=address)

    async def load(self) -> None:
        """Read it, where it is not there already."""
        if self.package is None or self.address:
            self.package = await self.host.session.packages.read(self.address)

    @property
    def loaded(self) -> bool:
        """Whether it was read."""
        return self.package is not None

    def parts(self, room: int) -> Sequence[Part]:
        """What is known, in parts."""
        host = self.host
        if self.package is None:
            return ()
        return package_parts(
            self.package, host.now(), room, host.glyphs, self._runs or running(self.package, host.fleet)
        )

    def raw_parts(self, room: int) -> Sequence[Part]:
        """Its documents."""
        del room
        return raw_parts(self.package) if self.package is not None else ()

    def copied_text(self) -> str:
        """The digest, which names it for all; the name where it has none."""
        if self.package is None:
            return clean(self.address)
        return clean(self.package.digest or self.package.label)

    def crumbs(self) -> Line:
        """Name and version once they are known."""
        if self.package is not None:
            self._what = self.package.label
        return super().crumbs()

    def action_compare(self) -> None:
        """Ask which package serves now, and compare this one with it."""
        if not self.address:
            self.notify("This package has no address to compare it by; the Package tab compares it (v).", markup=False)
            return

        def compare(serving: str | None) -> None:
            if serving:
                desk = self.host.session.packages
                what = f"{clean(serving)} → {self._what}"
                self.app.push_screen(PackageDiffScreen(what, lambda: desk.compare(serving, self.address)))

        question = f"Address of the package that serves now; {self._what} is the candidate."
        self.app.push_screen(PromptScreen("Compare with", question), compare)


def running(package: ModelPackage, fleet: Fleet) -> tuple[str, ...]:
    """The rollouts of the fleet that run one of the package's images."""
    digests = {image.rpartition("@")[2] for image in package.images} | {package.digest}
    digests.discard("")
    found = []
    for row in fleet.rows:
        roles = {role for use in row.images if use.digest in digests for role in use.roles}
        if any(use.digest in digests for use in row.images):
            found.append(f"{row.ref}" + (f" as {', '.join(sorted(roles))}" if roles else ""))
    return tuple(found)


class PackageDiffScreen(SheetScreen):
    """A candidate against what serves."""

    HELP = "The schema's verdict stands first. The digits go to a part, `y` shows what changed in the documents."

    def __init__(self, what: str, compare: Compare | None = None, *, diff: PackageDiff | None = None) -> None:
        """Show a comparison: `diff` where it is there already, else what `compare` brings."""
        super().__init__(what)
        self._compare = compare
        self.diff = diff

    async def load(self) -> None:
        """Compare, where it was not done already."""
        if self._compare is not None:
            self.diff = await self._compare()

    @property
    def loaded(self) -> bool:
        """Whether it was compared."""
        return self.diff is not None

    def parts(self, room: int) -> Sequence[Part]:
        """What differs, in parts."""
        return diff_parts(self.diff, room, self.host.glyphs) if self.diff is not None else ()

    def raw_parts(self, room: int) -> Sequence[Part]:
        """The documents line by line."""
        return raw_diff_parts(self.diff, room) if self.diff is not None else ()

    def copied_text(self) -> str:
        """The candidate's digest, or its name."""
        return clean(self.diff.candidate.digest or self.diff.candidate.label) if self.diff is not None else ""

    def crumbs(self) -> Line:
        """Both packages."""
        if self.diff is None:
            return super().crumbs()
        old, new = labels(self.diff.serving, self.diff.candidate)
        name = self.diff.candidate.name if self.diff.candidate.name == self.diff.serving.name else ""
        return (
            Span(f"{name} " if name else "", Tone.BRIGHT),
            Span(old, Tone.STABLE),
            Span(f" {self.host.glyphs.arrow} ", Tone.DIM),
            Span(new, Tone.NEW),
            *super().crumbs()[1:],
        )

    def action_compare(self) -> None:
        """The candidate alone, in full."""
        if self.diff is not None:
            self.app.push_screen(PackageScreen(self.diff.candidate.label, self.diff.candidate))
