"""The smallest format and the smallest source there can be, as another distribution would bring them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.package import ModelPackage, PackageEntry
from mlcd_tui.domain.package_ports import Files, Reach
from mlcd_tui.domain.text import clean
from mlcd_tui.packages.reading.document import source_of
from tests.packages.memory_files import MemoryFiles


class ToyFormat:
    """`model.toy`: name and version in one line."""

    name = "toy"
    title = "Toy model"
    patterns = ("*.toy",)

    def find(self, files: Files) -> tuple[str, ...]:
        return tuple(entry.path for entry in files.entries() if entry.path.endswith(".toy"))

    def read(self, files: Files, path: str) -> ModelPackage:
        data = files.read(path, 1_000)
        name, _, version = data.decode(errors="replace").partition(" ")
        if not version:
            raise Unreadable(f"{path} tells no version.")
        source = source_of(files, path, data, format=self.name, rank=50)
        return ModelPackage(name=clean(name), version=clean(version), sources=(source,))


class ToySource:
    """`toy:NAME`: a shop that sells version 7 of everything."""

    name = "toy"
    title = "Toy shop"
    examples = ("toy:churn",)

    def accepts(self, address: str) -> bool:
        return address.startswith("toy:")

    @contextmanager
    def open(self, address: str, reach: Reach) -> Iterator[Files]:
        assert reach.wanted("model.toy"), "the program wants what the format reads"
        yield MemoryFiles({"model.toy": f"{address.removeprefix('toy:')} 7".encode()}, address)

    def list(self, address: str, reach: Reach) -> Iterator[PackageEntry]:
        yield PackageEntry(address="toy:churn", name=clean("churn"), version=clean("7"))


FORMAT = ToyFormat()
SOURCE = ToySource()
