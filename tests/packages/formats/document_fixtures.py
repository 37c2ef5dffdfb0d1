"""The fixtures of the formats that are documents, and how their tests read them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mlcd_tui.domain.package import ModelPackage
from mlcd_tui.domain.package_ports import PackageFormat
from tests.packages.memory_files import MemoryFiles, from_folder

FIXTURES = Path(__file__).parents[2] / "fixtures" / "packages"


def fixture(folder: str) -> MemoryFiles:
    """A fixture folder in memory."""
    return from_folder(FIXTURES / folder)


def read(form: PackageFormat, contents: Mapping[str, bytes | str]) -> ModelPackage:
    """The one document that the format finds in these files, read."""
    files = MemoryFiles({path: data.encode() if isinstance(data, str) else data for path, data in contents.items()})
    (path,) = form.find(files)
    return form.read(files, path)


def warnings_of(package: ModelPackage) -> str:
    """What it could not use, as one text."""
    (source,) = package.sources
    return "\n".join(source.warnings)
