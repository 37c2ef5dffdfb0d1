"""Reads packages: finds the source of an address, the formats of its files, and merges what they say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import TypeVar

from mlcd_tui.domain.errors import BadConfig, Missing, NoPackage, Problem, Unreadable
from mlcd_tui.domain.package import ModelPackage, PackageEntry
from mlcd_tui.domain.package_merge import merge
from mlcd_tui.domain.package_ports import Files, PackageFormat, PackageOrigin, Reach, Remarking
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.registry import Registry

T = TypeVar("T")

FORMATS: Registry[PackageFormat] = Registry("mlcd_tui.packages.formats", "FORMAT", "mlcd_tui.package_formats")
SOURCES: Registry[PackageOrigin] = Registry("mlcd_tui.packages.sources", "SOURCE", "mlcd_tui.package_sources")

_MOST_DOCUMENTS = 200
"""Documents read of one package: a folder of thousands of shards is described by its index."""


@dataclass(frozen=True, slots=True)
class Library:
    """All formats over all sources. Blocking: call it in a worker thread."""

    reach: Reach = field(default_factory=Reach)
    formats: Registry[PackageFormat] = field(default_factory=lambda: FORMATS)
    sources: Registry[PackageOrigin] = field(default_factory=lambda: SOURCES)

    def source_of(self, address: str) -> PackageOrigin:
        """The source that an address belongs to. Raises `BadConfig` naming how addresses are written."""
        everything, broken = loadable(self.sources)
        for source in everything:
            if source.accepts(address):
                return source
        examples = ", ".join(example for source in everything for example in source.examples[:1])
        advice = " ".join((f"Write one such as {examples}.", *broken))
        raise BadConfig(f"{clean(address)} is no package address.", advice=advice)

    def read(self, address: str) -> ModelPackage:
        """The package behind an address, merged from all documents found there. Raises `Problem`."""
        formats, broken = loadable(self.formats)
        with self.source_of(address).open(address, self._wanting()) as files:
            return read_files(files, formats, broken)

    def list(self, address: str) -> Iterator[PackageEntry]:
        """What lies at a place, as it comes in. Raises `Problem` while iterating."""
        yield from self.source_of(address).list(address, self._wanting())

    def _wanting(self) -> Reach:
        """The reach that asks for what the formats read."""
        wanted = tuple(pattern for one in loadable(self.formats)[0] for pattern in one.patterns)

        def is_wanted(path: str) -> bool:
            name = path.rpartition("/")[2]
            return any(fnmatchcase(name, pattern) for pattern in wanted)

        return replace(self.reach, wanted=is_wanted)


def loadable(registry: Registry[T]) -> tuple[tuple[T, ...], tuple[Clean, ...]]:
    """The plug-ins that load, and a sentence on each that does not.

    One that another distribution announces and that is broken must not take the others down.
    """
    loaded: list[T] = []
    broken: list[Clean] = []
    for name in registry.names():
        try:
            loaded.append(registry.load(name))
        except Exception as error:  # noqa: BLE001 - foreign code: its import may raise anything
            why = f"{type(error).__name__}: {error}"
            broken.append(clean(f"The plug-in {name} of {registry.group} does not load and is left out ({why})."))
    return tuple(loaded), tuple(broken)


def read_files(files: Files, formats: Sequence[PackageFormat], remarks: Sequence[Clean] = ()) -> ModelPackage:
    """One package of all that the formats find.

    A document that cannot be used, or is listed and not there, is a warning of the package while another one can be.

    Args:
        files: where to look.
        formats: what to look for.
        remarks: what else to warn of.

    Raises:
        NoPackage: there is nothing that any format reads.
        Unreadable: nothing could be read; the first reason.
        Problem: the source failed on the way, so that the package would be half of one.
    """
    parts: list[ModelPackage] = []
    failures: list[Problem] = []
    for one in formats:
        try:
            found = one.find(files)[:_MOST_DOCUMENTS]
        except Missing as failure:  # of a file whose beginning would have told
            failures.append(failure)
            continue
        for path in found:
            try:
                parts.append(one.read(files, path))
            except (Unreadable, Missing) as failure:  # listed, and cannot be used or is not there
                failures.append(failure)
    left_out = (*(files.remarks() if isinstance(files, Remarking) else ()), *remarks)
    if not parts:
        if failures:
            raise next((each for each in failures if isinstance(each, Unreadable)), failures[0])
        looked = ", ".join(one.title for one in formats)
        nothing = f"{clean(files.address)} holds no model package"
        why = f": {left_out[0]}" if left_out else "."  # it may have been in what was left out
        advice = f"Looked for {looked}. A mlcd.yaml beside the files describes any model."
        raise NoPackage(f"{nothing}{why}", advice=advice)
    merged = merge(parts, opened=files.digest)
    if (failures or left_out) and merged.sources:
        first = merged.sources[0]
        warnings = (*first.warnings, *(clean(failure) for failure in failures), *left_out)
        merged = replace(merged, sources=(replace(first, warnings=warnings), *merged.sources[1:]))
    return merged
