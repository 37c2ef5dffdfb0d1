"""Whether a package may pass: what it lacks, whether its example fits, whether its statements and sources agree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlcd_tui.cli.blocks import Block
from mlcd_tui.cli.package_blocks import lack_block
from mlcd_tui.cli.package_desks import needs_cluster
from mlcd_tui.domain.completeness import lacks
from mlcd_tui.domain.document import API_VERSION, plain
from mlcd_tui.domain.package import Lack, ModelPackage, TrustState

if TYPE_CHECKING:
    from mlcd_tui.config.settings import Settings
    from mlcd_tui.domain.package_ports import PackageDesk
    from mlcd_tui.packages.example import ExampleCheck


@dataclass(frozen=True, slots=True)
class Validation:
    """What was found."""

    package: ModelPackage
    lacks: tuple[Lack, ...]
    example: ExampleCheck | None
    strict: bool

    @property
    def failures(self) -> tuple[str, ...]:
        """Why it may not pass, one sentence each."""
        found: list[str] = [lack.sentence for lack in self.lacks if lack.required or self.strict]
        if self.example is not None and not self.example.ok:
            found += [f"The example {self.example.path} does not fit: {one}." for one in self.example.problems]
        found += [one.reason for one in self.package.statements if one.state is TrustState.FAILED]
        if self.strict:
            found += [f"Its sources contradict each other on {one.field}." for one in self.package.contradictions]
        return tuple(found)

    @property
    def ok(self) -> bool:
        """Whether it passes."""
        return not self.failures

    def document(self) -> dict[str, Any]:
        """As JSON."""
        example = self.example
        return {
            "apiVersion": API_VERSION,
            "kind": "PackageValidation",
            "name": self.package.name,
            "version": self.package.version,
            "digest": self.package.digest,
            "ok": self.ok,
            "failures": list(self.failures),
            "lacks": [plain(lack) for lack in self.lacks],
            "example": example and {"path": example.path, "ok": example.ok, "problems": list(example.problems)},
            "contradictions": [one.field for one in self.package.contradictions],
        }

    def blocks(self) -> Iterator[Block]:
        """For the eye."""
        verdict = "passes" if self.ok else f"does not pass, for {len(self.failures)} reasons"
        if len(self.failures) == 1:
            verdict = "does not pass"
        yield Block(f"{self.package.label} {verdict}", self.failures or ("Everything required is there.",))
        if self.example is not None:
            told = "fits the input schema" if self.example.ok else "does not fit the input schema"
            yield Block("Example", (f"{self.example.path} {told}.",))
        else:
            yield Block("Example", ("None is recorded that could be held against the input schema.",))
        yield lack_block(self.lacks)


async def validated(desk: PackageDesk, settings: Settings, address: str, *, strict: bool) -> Validation:
    """Read a package and judge it. Raises `Problem`."""
    package = await desk.read(address)
    example = None if needs_cluster(address) else await _example(settings, address, package)
    return Validation(package, lacks(package), example, strict)


async def _example(settings: Settings, address: str, package: ModelPackage) -> ExampleCheck | None:
    from mlcd_tui.packages.example import check_example
    from mlcd_tui.packages.library import Library
    from mlcd_tui.session.package_reading import Reading

    return await Reading(settings.packages).run(
        lambda reach: check_example(Library(reach), address, package), f"the example of {address}"
    )
